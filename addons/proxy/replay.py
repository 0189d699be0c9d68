"""Asks the question of a recorded flow once more, through the gateway: mitmproxy's *Replay*.

mitmproxy's own replay sends a flow's request to where it says that it went, and overwrites its answer. A gateway's flow
went nowhere: its provider was asked by a request that is not the flow's. So it is given to a `GatewayLayer` like
that of a client, which makes a flow of its own; the recorded one stays as it is.
"""

import asyncio
import time
from collections.abc import Callable
from typing import cast

from mitmproxy import ctx, flow, http
from mitmproxy.addons.proxyserver import Proxyserver
from mitmproxy.connection import Connection, ConnectionState
from mitmproxy.proxy import commands, events
from mitmproxy.proxy.context import Context
from mitmproxy.proxy.layers.http._base import ReceiveHttp
from mitmproxy.proxy.layers.http._events import RequestData, RequestEndOfMessage, RequestHeaders
from mitmproxy.proxy.layers.http._hooks import HttpErrorHook, HttpResponseHook
from mitmproxy.proxy.mode_servers import ProxyConnectionHandler
from mitmproxy.proxy.server import ConnectionHandler, ConnectionIO

from addons.exchange.exchange import Exchange
from addons.exchange.http_api import Head
from addons.proxy.http1 import ClientReader
from addons.proxy.layer import GatewayLayer, any_number_of_connections
from addons.proxy.stream import Commands
from routing.settings import Timeouts


def unfit(recorded: http.HTTPFlow) -> str | None:
    """Return why a flow cannot be replayed, in a sentence, or None."""
    if recorded.live or recorded.intercepted:
        return "A flow can be replayed once it has ended."
    if recorded.request.raw_content is None:
        return "A request whose body was not kept cannot be replayed."
    return None


class Asking(ClientReader):
    """Stands for what a client sends: one request, read already. The answer is in the flow that comes of it."""

    def __init__(self, request: http.Request, context: Context, timeouts: Timeouts) -> None:
        super().__init__(context, timeouts)
        self._request = request

    def _handle_event(self, event: events.Event) -> Commands:
        if isinstance(event, events.Start):
            yield ReceiveHttp(RequestHeaders(1, self._request, end_stream=False))
            yield ReceiveHttp(RequestData(1, self._request.raw_content or b""))
            yield ReceiveHttp(RequestEndOfMessage(1))


class Replay(ConnectionHandler):
    """The life of a question that is asked once more."""

    def __init__(
        self, recorded: http.HTTPFlow, open_exchange: Callable[[Head, http.HTTPFlow], Exchange], timeouts: Timeouts
    ) -> None:
        client = recorded.client_conn.copy()
        client.state = ConnectionState.OPEN
        client.timestamp_start, client.timestamp_end = time.time(), None
        context = Context(client, ctx.options)
        super().__init__(context)
        self.max_conns = any_number_of_connections()
        self.transports[client] = ConnectionIO()
        request = recorded.request.copy()
        request.headers.pop("x-request-id", None)  # it is another request
        request.timestamp_start = request.timestamp_end = time.time()
        self.layer = GatewayLayer(context, open_exchange, timeouts, Asking(request, context.fork(), timeouts))
        self._over = asyncio.Event()

    async def run(self, server: Proxyserver) -> None:
        """Returns when the answer is complete. `server` knows this meanwhile, as it knows the handlers of clients."""
        with server.register_connection(self.client.id, cast(ProxyConnectionHandler, self)):
            await self.server_event(events.Start())
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
        if isinstance(hook, HttpResponseHook | HttpErrorHook):
            self._over.set()
