"""Sends a request through the gateway without a client: mitmproxy's *Replay* of a recorded flow, and what the inspector
asks again.

mitmproxy's own replay sends a flow's request to where it says that it went, and overwrites its answer. A gateway's flow
went nowhere: its provider got a request that is not the flow's. So it is given to a `GatewayLayer` like
that of a client, which makes a flow of its own; the recorded one stays as it is.
"""

import asyncio
import dataclasses
import logging
import time
from collections.abc import Callable, Sequence
from typing import cast

from mitmproxy import ctx, flow, http
from mitmproxy.addons.clientplayback import ClientPlayback
from mitmproxy.addons.proxyserver import Proxyserver
from mitmproxy.connection import Client, Connection, ConnectionState
from mitmproxy.proxy import commands, events, mode_specs
from mitmproxy.proxy.context import Context
from mitmproxy.proxy.mode_servers import ProxyConnectionHandler
from mitmproxy.proxy.server import ConnectionHandler, ConnectionIO

from addons.exchange.exchange import Exchange
from addons.exchange.http_api import Head
from addons.exchange.services import Services
from addons.inspector import recorder
from addons.proxy import http1
from addons.proxy.client_flow import OpenExchange
from addons.proxy.entrance import NOWHERE
from addons.proxy.layer import GatewayLayer
from addons.proxy.lines import any_number_of_connections
from routing.settings import Timeouts

logger = logging.getLogger("gateway")


MOST_AT_ONCE = 16
BEGIN_SECONDS = 10.0


class Nobody:
    """The writer of a client that is not there: mitmproxy throws away what is written to one that is closing."""

    def is_closing(self) -> bool:
        return True

    async def drain(self) -> None:
        pass

    def close(self) -> None:
        pass


class Replay(ConnectionHandler):
    """The connection of a `request` that nobody waits for, as if from `client`."""

    def __init__(self, client: Client, request: bytes, open_exchange: OpenExchange, timeouts: Timeouts) -> None:
        context = Context(client, ctx.options)
        super().__init__(context)
        self.max_conns = any_number_of_connections()
        self.transports[client] = ConnectionIO(writer=cast(asyncio.StreamWriter, Nobody()))
        self._request = request
        self.layer = GatewayLayer(context, open_exchange, lambda: timeouts, lambda: True)
        self._over = asyncio.Event()

    async def run(self, server: Proxyserver) -> None:
        """Run until the answer is complete. `server` knows this meanwhile, as it knows the handlers of clients."""
        with server.register_connection(self.client.id, cast(ProxyConnectionHandler, self)):
            await self.server_event(events.Start())
            await self.server_event(events.DataReceived(self.client, self._request))
            await self._over.wait()
            self.client.state = ConnectionState.CLOSED
            for timer in self.wakeup_timer:
                timer.cancel()
            handlers = [io.handler for io in self.transports.values() if io.handler is not None]
            for writer in [io.writer for io in self.transports.values() if io.writer is not None]:
                writer.close()
            for handler in handlers:
                handler.cancel("the replay is over")
            await asyncio.gather(*handlers, return_exceptions=True)

    def close_connection(self, connection: Connection, half_close: bool = False) -> None:
        if connection is self.client:
            self._over.set()
        else:
            super().close_connection(connection, half_close)

    async def handle_hook(self, hook: commands.StartHook) -> None:
        (data,) = hook.args()
        await ctx.master.addons.handle_lifecycle(hook)
        if isinstance(data, flow.Flow):
            await data.wait_for_resume()
        if hook.name in ("response", "error"):
            self._over.set()


class Replays:
    """mitmproxy's command `replay.client`. `open_exchange` makes an exchange of a request's head and its flow;
    `services` returns None as long as the gateway is not up."""

    def __init__(self, services: Callable[[], Services | None], open_exchange: OpenExchange) -> None:
        self._services, self._open_exchange = services, open_exchange
        self._running: set[asyncio.Task[None]] = set()

    def start(self, flows: Sequence[flow.Flow]) -> None:
        """Ask the questions of recorded flows again: the gateway's through the gateway, as the key that first asked."""
        others = [each for each in flows if not (isinstance(each, http.HTTPFlow) and recorder.KEY in each.metadata)]
        for each in flows:
            if isinstance(each, http.HTTPFlow) and each not in others:
                self._start(each)
        playback = ctx.master.addons.get("clientplayback")
        if others and isinstance(playback, ClientPlayback):
            playback.start_replay(others)

    def _start(self, recorded: http.HTTPFlow) -> None:
        services, server = self._services(), ctx.master.addons.get("proxyserver")
        if services is None or not isinstance(server, Proxyserver):
            return
        try:
            key_name = _key_name(recorded, services)
        except ValueError as error:
            logger.warning(str(error))
            return

        def open_exchange(head: Head, client: Client, flow: http.HTTPFlow | None) -> Exchange:
            assert flow is not None
            flow.is_replay = "request"
            return self._open_exchange(dataclasses.replace(head, key_name=key_name), client, flow)

        client = recorded.client_conn.copy()
        client.state = ConnectionState.OPEN
        client.timestamp_start, client.timestamp_end = time.time(), None
        again = Replay(client, _written(recorded.request), open_exchange, services.settings.timeouts)
        self._run(again, server)

    async def ask(self, key_name: str, path: str, headers: Sequence[tuple[str, str]], body: bytes) -> str:
        """Send a request as the key of that name, whose limits hold. Return the id of its exchange, which has begun
        then. Raises `ValueError`, a sentence."""
        services, server = self._services(), ctx.master.addons.get("proxyserver")
        if services is None or not isinstance(server, Proxyserver):
            raise ValueError("The gateway is not up.")
        _usable(key_name, services)
        if len(self._running) >= MOST_AT_ONCE:
            raise ValueError(f"{MOST_AT_ONCE} requests are being asked again already; wait for one of them.")
        begun: asyncio.Future[str] = asyncio.get_running_loop().create_future()

        def open_exchange(head: Head, client: Client, flow: http.HTTPFlow | None) -> Exchange:
            assert flow is not None
            flow.is_replay = "request"
            exchange = self._open_exchange(dataclasses.replace(head, key_name=key_name), client, flow)
            if not begun.done():
                begun.set_result(exchange.record.id)
            return exchange

        fields = [(name.encode("latin-1"), value.encode("utf-8")) for name, value in headers]
        request = http1.request("POST", path, [(b"host", NOWHERE.encode()), *fields], body)
        self._run(Replay(_nobody(), request, open_exchange, services.settings.timeouts), server)
        try:
            return await asyncio.wait_for(begun, BEGIN_SECONDS)
        except TimeoutError:
            raise ValueError("The gateway is too busy to ask again; try it once more.") from None

    def _run(self, again: Replay, server: Proxyserver) -> None:
        task = asyncio.get_running_loop().create_task(again.run(server))
        self._running.add(task)
        task.add_done_callback(self._running.discard)


def _usable(key_name: str, services: Services) -> None:
    """Raise `ValueError`, a sentence, where nobody may ask as this key any more."""
    key = services.keys.of(key_name)
    if key is None:
        raise ValueError(f"There is no key {key_name!r} in api-keys any more.")
    if key.expires is not None and key.expires <= services.clock.wall():
        raise ValueError(f"The key {key_name!r} has expired.")
    if services.life.draining:
        raise ValueError("The gateway is shutting down.")


def _nobody() -> Client:
    """Return a client on this machine."""
    here = ("127.0.0.1", 0)
    mode = mode_specs.ProxyMode.parse(f"reverse:http://{NOWHERE}@0")
    made = Client(peername=here, sockname=here, timestamp_start=time.time(), proxy_mode=mode)
    made.state = ConnectionState.OPEN
    return made


def _written(request: http.Request) -> bytes:
    """Return the request as a client sends it. It is another one: it gets an id of its own."""
    dropped = (b"content-length", b"transfer-encoding", b"expect", b"connection", b"x-request-id")
    fields = [field for field in request.headers.fields if field[0].lower() not in dropped]
    return http1.request(request.method, request.path, fields, request.raw_content or b"")


def _key_name(recorded: http.HTTPFlow, services: Services) -> str | None:
    """Return the name of the key that first asked. Raise `ValueError`, a sentence, if a flow cannot be replayed."""
    try:
        key_name = recorder.key_name_of(recorded)
    except ValueError as error:
        raise ValueError(f"This flow cannot be replayed: {error}.") from None
    if recorded.live or recorded.intercepted:
        raise ValueError("A flow can be replayed once it has ended.")
    if recorded.request.raw_content is None:
        raise ValueError("A request whose body was not kept cannot be replayed.")
    if key_name is not None and not services.keys.has(key_name):
        raise ValueError(f"This flow cannot be replayed: there is no key {key_name!r} in api-keys any more.")
    return key_name
