"""Where the entrance fails, mitmproxy goes on without the gateway: then nothing leaves, for its upstream is nowhere."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from mitmproxy.addonmanager import safecall
from mitmproxy.addons.next_layer import NextLayer
from mitmproxy.addons.proxyserver import Proxyserver
from mitmproxy.connection import Client, ConnectionState
from mitmproxy.proxy import commands, events
from mitmproxy.proxy.context import Context
from mitmproxy.proxy.layers import modes
from mitmproxy.proxy.mode_specs import ProxyMode
from mitmproxy.test import taddons

from addons.proxy import entrance
from addons.proxy.entrance import NOWHERE, Entrance
from addons.proxy.layer import GatewayLayer
from routing.settings import Timeouts
from tests.addons.proxy.playbook import Playbook, request

Hooks = dict[str, Callable[[Any], None]]


class Conversation:
    """A client that mitmproxy's reverse mode has taken, with the entrance beside mitmproxy's own `next_layer`."""

    def __init__(self, client: Client, context: taddons.context, hooks: Hooks) -> None:
        self.layer = modes.ReverseProxy(Context(client, context.options))
        self.client, self.hooks = client, hooks
        self.opened: list[Any] = []
        self.sent = b""
        self.tell(events.Start())

    def tell(self, event: events.Event) -> None:
        todo = [event]
        while todo:
            for command in self.layer.handle_event(todo.pop(0)):
                todo += self._on(command)

    def _on(self, command: commands.Command) -> Iterator[events.Event]:
        match command:
            case commands.OpenConnection():
                self.opened.append(command.connection.address)
                yield events.OpenConnectionCompleted(command, "there is no such host")
            case commands.SendData():
                assert command.connection is self.client
                self.sent += command.data
            case commands.StartHook():
                self._hook(command)
                if command.blocking:
                    yield events.HookCompleted(command, None)

    def _hook(self, command: commands.StartHook) -> None:
        (data,) = command.args()
        if command.name in self.hooks:
            with safecall():  # as mitmproxy does
                self.hooks[command.name](data)
        if command.name == "next_layer":
            NextLayer().next_layer(data)


@pytest.fixture
def context() -> Iterator[taddons.context]:
    with taddons.context(Proxyserver(), NextLayer()) as made:
        made.options.connection_strategy = "lazy"
        yield made


@pytest.fixture
def client() -> Client:
    return Client(
        peername=("127.0.0.1", 50000),
        sockname=("127.0.0.1", 8080),
        timestamp_start=1.0,
        state=ConnectionState.OPEN,
        proxy_mode=ProxyMode.parse(f"reverse:http://{NOWHERE}@8080"),
    )


def unused(*_: Any) -> Any:
    raise AssertionError("nobody is to open an exchange here")


def test_a_clients_connection_is_taken_over(context: taddons.context, client: Client) -> None:
    taken: list[Any] = []
    door = Entrance(unused, Timeouts, lambda _: True, lambda: True)

    def next_layer(data: Any) -> None:
        door.next_layer(data)
        taken.append(data.layer)

    play = Conversation(client, context, {"next_layer": next_layer})
    play.tell(events.DataReceived(client, request()[:10]))
    assert [type(each) for each in taken] == [GatewayLayer]
    assert play.opened == []


@pytest.mark.parametrize("broken", ["handler_of", "GatewayLayer"])
def test_a_bug_where_it_is_taken_over(
    context: taddons.context, client: Client, monkeypatch: pytest.MonkeyPatch, broken: str
) -> None:
    monkeypatch.setattr(entrance, broken, Playbook.raising(broken))
    door = Entrance(unused, Timeouts, lambda _: True, lambda: True)
    play = Conversation(client, context, {"next_layer": door.next_layer})
    play.tell(events.DataReceived(client, request()))
    assert {host for host, _ in play.opened} == {NOWHERE}
    assert play.sent.startswith(b"HTTP/1.1 502 ")
    assert not [secret for secret in (b"client-key", b"Say hello") if secret in play.sent]


def test_before_the_gateway_is_there_nothing_is_connected(client: Client) -> None:
    class Data:
        server = type("Server", (), {"error": None})()

    Data.client = client  # type: ignore[attr-defined]
    Entrance(unused, Timeouts, lambda _: False, lambda: True).server_connect(Data())  # type: ignore[arg-type]
    assert Data.server.error == "This is the gateway's address, and no proxy."
