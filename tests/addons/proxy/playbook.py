"""A client's connection to the gateway without a process: what mitmproxy would tell its layer goes in, and the commands
that come out are compared, in words and in order.

The layer, the stream, the exchange, the translators and the settings are the real ones. Of mitmproxy's server only this
is played: sockets, which a test opens, feeds and closes; hooks, which are answered at once if a test does not hold
them; and the clock, which stands still until `later`.
"""

import gc
import itertools
import json
import weakref
from collections import deque
from collections.abc import Callable, Mapping
from typing import Any

from mitmproxy import http, options
from mitmproxy.addonmanager import safecall
from mitmproxy.connection import Client, Connection, ConnectionState, Server
from mitmproxy.proxy import commands, events
from mitmproxy.proxy.context import Context
from mitmproxy.proxy.mode_specs import ProxyMode

from addons.exchange.exchange import Exchange
from addons.exchange.http_api import Head
from addons.exchange.observers import Record
from addons.exchange.services import Services
from addons.proxy.layer import GatewayLayer, ShutDown
from addons.proxy.stream import Job
from addons.proxy.watching import HOOKS
from routing import config
from routing.catalogue import Catalogue
from routing.client_keys import KeyRing
from tests.e2e import claude
from tests.e2e.provider import EVENT_STREAM, LAST_CHUNK, chunk, head, sse

CONFIG = """
api-keys: [client-key]
claude-api-key:
  - api-key: provider-key
    base-url: http://provider.example:8080
    models: [{name: claude-sonnet-4-5, alias: sonnet}]
timeouts: {head: 10, body: 60, connect: 10, first-byte: 30, idle: 20}
streaming: {keepalive-seconds: 15}
embedded: {enable: true}
"""
SECRETS = ("client-key", "provider-key", "Say hello")
BODY = {"model": "sonnet", "messages": [{"role": "user", "content": "Say hello"}], "max_tokens": 100}
STREAMED = {**BODY, "stream": True}
HELLO = json.dumps(claude.message(claude.text("Hello there"))).encode()
WHOLE = head(200, {"content-type": "application/json", "content-length": str(len(HELLO))}) + HELLO
"""A provider's answer, as it comes over the wire."""
FIRST = head(200, EVENT_STREAM) + b"".join(chunk(sse(each)) for each in claude.HELLO[:4])
REST = b"".join(chunk(sse(each)) for each in claude.HELLO[4:])
"""A provider's stream: as far as `Hello `, and on to its last event. `LAST_CHUNK` is then its end."""
STREAM = FIRST + REST + LAST_CHUNK


MANY = 1000
"""Timers that fire in a while."""


class Clock:
    """Both of the exchange's and, where `time.monotonic` is replaced by `now`, of the layers. `watched` says whether
    somebody watches, as tests do that run both ways."""

    def __init__(self, watched: bool = True) -> None:
        self.time, self.watched = 1000.0, watched

    def wall(self) -> float:
        return 1_700_000_000.0 + self.time

    def now(self) -> float:
        return self.time


class Broken(RuntimeError):
    """A bug of ours, made on purpose."""


class Words(list[str]):
    """What came of something, to be compared with what is expected where somebody watches."""

    def __init__(self, watched: bool) -> None:
        super().__init__()
        self._watched = watched

    def __eq__(self, expected: object) -> bool:
        return isinstance(expected, list) and list(self) == self._heard(expected)

    def __ne__(self, expected: object) -> bool:
        return not self == expected

    __hash__ = None  # type: ignore[assignment]

    def end_with(self, expected: list[str]) -> bool:
        heard = self._heard(expected)
        return self[-len(heard) :] == heard

    def _heard(self, words: list[str]) -> list[str]:
        return [word for word in words if self._watched or word not in HOOKS]


class Playbook:
    """Somebody watches if the clock's owner says so, and wherever a test hears or holds one of mitmproxy's own hooks.

    `broken` names the methods of the exchange, or of its provider's side (`provider.connected`), that raise.
    `hooks` are other addons', by hook: each is given the flow. `held` names the hooks that a test completes itself.

    Every method that tells the layer something returns what came of it, in words: `open s1` (a connection; they are
    numbered as they are wanted), `ask s1` (a request's head, with what follows it), `200` (the head of the client's
    answer), `data`, `end` (the last chunk), `close s1`, `close client`, `cut s1` (what mitmproxy closes behind a client
    that has gone), `lost` (bytes for whom is gone) and hooks by their names. Data that follows data is one word, and
    timers, of which there are many, are none: see `timers`."""

    def __init__(
        self,
        clock: Clock,
        extra: str = "",
        *,
        broken: tuple[str, ...] = (),
        hooks: Mapping[str, Callable[[http.HTTPFlow], None]] | None = None,
        held: tuple[str, ...] = (),
    ) -> None:
        settings = config.parse((CONFIG + extra).encode(), "config.yaml", {}).settings
        ids = (f"id{number}" for number in itertools.count())
        self.services = Services(settings, Catalogue(settings), KeyRing(settings.api_keys), clock, lambda: next(ids))
        self.clock, self.broken, self.hooks, self.held = clock, broken, dict(hooks or {}), held
        self.exchanges: list[Exchange] = []
        self._flows: weakref.WeakSet[http.HTTPFlow] = weakref.WeakSet()
        """Those that somebody holds."""
        self.servers: list[Server] = []
        self.sent: dict[Connection, bytes] = {}
        """All bytes that went to the client, and to each provider's connection."""
        self.timers: dict[commands.RequestWakeup, float] = {}
        """When each is due."""
        self._opening: dict[Connection, commands.OpenConnection] = {}
        self._ended: set[Connection] = set()
        """The other side has closed it."""
        self._pending: dict[str, commands.StartHook] = {}
        self.client = Client(
            peername=("127.0.0.1", 50000),
            sockname=("127.0.0.1", 8080),
            timestamp_start=clock.wall(),
            state=ConnectionState.OPEN,
            proxy_mode=ProxyMode.parse("reverse:http://gateway.invalid@8080"),
        )
        self.alive: list[Connection] = [self.client]
        """What mitmproxy has a socket of, or is getting one."""
        context = Context(self.client, options.Options())
        self.layer = GatewayLayer(context, self._open_exchange, lambda: settings.timeouts, lambda: self.watched)
        assert self.tell(events.Start()) == []

    def _open_exchange(self, head: Head, client: Client, flow: http.HTTPFlow | None) -> Exchange:
        if "open_exchange" in self.broken:
            raise Broken("open_exchange")
        exchange = Exchange(self.services, head)
        for path in self.broken:
            side, _, name = path.rpartition(".")
            setattr(exchange.provider if side else exchange, name, self.raising(path))
        self.exchanges.append(exchange)
        if flow is not None:
            self._flows.add(flow)
        return exchange

    @staticmethod
    def raising(name: str) -> Callable[..., Any]:
        """Return what stands for a method with a bug."""

        def method(*_: Any, **__: Any) -> Any:
            raise Broken(name)

        return method

    # --- what happens ---

    def ask(self, body: Mapping[str, Any] = BODY, version: str = "HTTP/1.1", **headers: str) -> Words:
        """The client sends a whole request; of a header's name `_` is `-`."""
        return self.client_sends(request(body, version, **headers))

    def client_sends(self, data: bytes) -> Words:
        return self.tell(events.DataReceived(self.client, data))

    def client_leaves(self) -> Words:
        return self._ends(self.client)

    def opens(self, server: str) -> Words:
        """The provider takes the connection."""
        connection = self._named(server)
        connection.state, connection.timestamp_start = ConnectionState.OPEN, self.clock.wall()
        return self.tell(events.OpenConnectionCompleted(self._opening.pop(connection), None))

    def refuses(self, server: str) -> Words:
        connection = self._named(server)
        connection.error = "Connection refused"
        self.alive.remove(connection)
        return self.tell(events.OpenConnectionCompleted(self._opening.pop(connection), connection.error))

    def answers(self, server: str, data: bytes) -> Words:
        return self.tell(events.DataReceived(self._named(server), data))

    def ends(self, server: str) -> Words:
        """The provider closes the connection."""
        return self._ends(self._named(server))

    def completes(self, hook: str) -> Words:
        """Let a hook that was held go on."""
        command = self._pending.pop(hook)
        self._hook(command)
        return self.tell(events.HookCompleted(command, None))

    def later(self, seconds: float) -> Words:
        """Let time pass, and every timer that is due meanwhile fire."""
        until, words, fired = self.clock.time + seconds, Words(self.watched), 0
        while self.timers and min(self.timers.values()) <= until:
            timer = min(self.timers, key=self.timers.__getitem__)
            self.clock.time = max(self.clock.time, self.timers.pop(timer))
            words += self.tell(events.Wakeup(timer))
            fired += 1
            assert fired < MANY, "timers fire without end"
        self.clock.time = until
        return words

    def shuts_down(self) -> Words:
        """The gateway ends."""
        self.services.life.draining = self.services.life.ended = True
        return self.tell(ShutDown())

    def tell(self, event: events.Event) -> Words:
        """Give the layer an event, and then the completions of hooks that are not held."""
        words = Words(self.watched)
        todo = deque([event])
        while todo:
            for command in self.layer.handle_event(todo.popleft()):
                self._on(command, words, todo)
        if self.client not in self.alive:
            self.timers.clear()
        return words

    # --- what is known afterwards ---

    @property
    def watched(self) -> bool:
        return self.clock.watched or not {*self.hooks, *self.held}.isdisjoint(HOOKS)

    @property
    def record(self) -> Record:
        """Of the last exchange."""
        return self.exchanges[-1].record

    @property
    def heard(self) -> bytes:
        """All that the client was sent."""
        return self.sent.get(self.client, b"")

    @property
    def idle(self) -> bool:
        """Return whether nothing goes on: mitmproxy is to complete nothing but timers, and nobody holds a flow."""
        if self._opening or self._pending:
            return False
        gc.collect()
        return not self._flows

    @property
    def opening(self) -> list[str]:
        """Connections that are wanted."""
        return [self._name(connection) for connection in self._opening]

    @property
    def opened(self) -> list[str]:
        """Connections to providers, which have not ended them."""
        there = [connection for connection in self.alive if connection is not self.client]
        return [self._name(each) for each in there if each not in self._opening and each not in self._ended]

    @property
    def pending(self) -> list[str]:
        """Hooks that are held."""
        return list(self._pending)

    @property
    def flows(self) -> list[http.HTTPFlow]:
        return list(self._flows)

    def asked(self, server: str) -> bytes:
        """All that was sent over this connection."""
        return self.sent.get(self._named(server), b"")

    # --- commands ---

    def _on(self, command: commands.Command, words: list[str], todo: deque[events.Event]) -> None:
        match command:
            case commands.RequestWakeup():
                self.timers[command] = self.clock.time + command.delay
            case commands.OpenConnection():
                assert isinstance(command.connection, Server)
                self.servers.append(command.connection)
                self.alive.append(command.connection)
                self._opening[command.connection] = command
                words.append(f"open {self._name(command.connection)}")
            case commands.CloseConnection():
                self._close("close", command.connection, words, todo)
                if command.connection is self.client:
                    for server in self.alive[:]:
                        self._close("cut", server, words, todo)
            case commands.SendData() if command.connection not in self.alive:
                words.append("lost")
            case commands.SendData():
                self._sent(command, words)
            case commands.StartHook():
                words.append(command.name)
                self._start(command, todo)
            case _:
                raise AssertionError(f"not expected: {command}")

    def _close(self, word: str, connection: Connection, words: list[str], todo: deque[events.Event]) -> None:
        """mitmproxy cancels what reads the connection, or waits for it, which says so to the layer as it ends."""
        connection.state = ConnectionState.CLOSED
        if connection not in self.alive:
            return
        self.alive.remove(connection)
        words.append(f"{word} {self._name(connection)}")
        if (opening := self._opening.pop(connection, None)) is not None:
            connection.error = "connection cancelled"
            todo.append(events.OpenConnectionCompleted(opening, connection.error))
        elif connection not in self._ended:
            todo.append(events.ConnectionClosed(connection))

    def _sent(self, command: commands.SendData, words: list[str]) -> None:
        connection, data = command.connection, command.data
        self.sent[connection] = self.sent.get(connection, b"") + data
        if connection is not self.client:
            _say(words, f"ask {self._name(connection)}")
            return
        if data.startswith(b"HTTP/1."):
            words.append(data.split(b" ", 2)[1].decode())
            data = data.partition(b"\r\n\r\n")[2]
        if data.removesuffix(LAST_CHUNK):
            _say(words, "data")
        if data.endswith(LAST_CHUNK):
            words.append("end")

    def _start(self, command: commands.StartHook, todo: deque[events.Event]) -> None:
        if command.name in self.held:
            self._pending[command.name] = command
            return
        self._hook(command)
        if command.blocking:
            todo.append(events.HookCompleted(command, None))

    def _hook(self, command: commands.StartHook) -> None:
        (data,) = command.args()
        if isinstance(data, Job) and command.name not in self.hooks:
            try:
                data.result = data.work.do()
            except Exception as error:  # noqa: BLE001 - as the addon does
                data.error = error
        elif command.name in self.hooks:
            with safecall():  # as mitmproxy does
                self.hooks[command.name](data)

    def _ends(self, connection: Connection) -> Words:
        connection.state = connection.state & ~ConnectionState.CAN_READ
        self._ended.add(connection)
        return self.tell(events.ConnectionClosed(connection))

    def _name(self, connection: Connection) -> str:
        return "client" if connection is self.client else f"s{self.servers.index(connection) + 1}"  # type: ignore[arg-type]

    def _named(self, server: str) -> Server:
        return self.servers[int(server.removeprefix("s")) - 1]


def _say(words: list[str], word: str) -> None:
    if words[-1:] != [word]:
        words.append(word)


def request(
    body: Mapping[str, Any] = BODY, version: str = "HTTP/1.1", *, key: str = "client-key", **headers: str
) -> bytes:
    """The bytes of a client's request."""
    data = json.dumps(body).encode()
    fields = {"host": "gateway.test", "authorization": f"Bearer {key}", "content-length": str(len(data))}
    fields |= {name.replace("_", "-"): value for name, value in headers.items()}
    lines = [f"POST /v1/chat/completions {version}", *(f"{name}: {value}" for name, value in fields.items())]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + data
