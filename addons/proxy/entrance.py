"""Takes clients' connections over from mitmproxy, and closes what mitmproxy would leave open.

mitmproxy calls the hooks of `Entrance`, which is an addon beside the gateway's own.
"""

from collections.abc import Callable

from mitmproxy import ctx
from mitmproxy.addons.proxyserver import Proxyserver
from mitmproxy.connection import Client
from mitmproxy.net.tls import starts_like_tls_record
from mitmproxy.proxy import layer, layers, mode_specs, server_hooks
from mitmproxy.proxy.context import Context
from mitmproxy.proxy.layers import modes
from mitmproxy.proxy.server import ConnectionHandler

from addons.proxy.client_flow import OpenExchange
from addons.proxy.door import Door
from addons.proxy.layer import GatewayLayer
from addons.proxy.lines import GivenUp, any_number_of_connections
from routing.settings import Timeouts

NOWHERE = "gateway.invalid"
"""The host of mitmproxy's reverse mode for the gateway: a name that cannot exist (RFC 6761), so that nothing which
slips past the gateway arrives anywhere. A listener with this host is the gateway's; others are mitmproxy's own."""


def is_ours(mode: mode_specs.ProxyMode) -> bool:
    return isinstance(mode, mode_specs.ReverseMode) and mode.address[0] == NOWHERE


def ours_among(modes: list[str]) -> tuple[list[mode_specs.ProxyMode], list[mode_specs.ProxyMode]]:
    """Return mitmproxy's modes of these names: those of the gateway, and the others."""
    parsed = [mode_specs.ProxyMode.parse(mode) for mode in modes]
    return [mode for mode in parsed if is_ours(mode)], [mode for mode in parsed if not is_ours(mode)]


def handler_of(client: Client) -> ConnectionHandler | None:
    """Return what mitmproxy keeps of a client's sockets and those opened for it."""
    server = ctx.master.addons.get("proxyserver")
    return server.connections.get(client.id) if isinstance(server, Proxyserver) else None


def connections() -> int:
    """Return the number of clients' connections, mitmproxy's own listeners included."""
    server = ctx.master.addons.get("proxyserver")
    return len(server.connections) if isinstance(server, Proxyserver) else 0


class Entrance:
    """An addon. `open_exchange` makes an exchange of a request's head and its flow. `is_open` says whether mitmproxy
    may connect to anything for a client, which it may not in the moment before the gateway has taken over: it is an
    open proxy then. `watched` says whether anybody wants flows. `door` counts the connections."""

    def __init__(
        self,
        open_exchange: OpenExchange,
        timeouts: Callable[[], Timeouts],
        is_open: Callable[[Client], bool],
        watched: Callable[[], bool],
    ) -> None:
        self._open_exchange, self._timeouts, self._is_open, self._watched = open_exchange, timeouts, is_open, watched
        self.door = Door(0)

    def client_connected(self, client: Client) -> None:
        server, handler = ctx.master.addons.get("proxyserver"), handler_of(client)
        if handler is None or not is_ours(client.proxy_mode) or not isinstance(server, Proxyserver):
            return
        if self.door.turned_away(handler, len(server.connections)):
            client.error = "There are too many connections."

    def next_layer(self, nextlayer: layer.NextLayer) -> None:
        context = nextlayer.context
        if not is_ours(context.client.proxy_mode):
            return
        if (handler := handler_of(context.client)) is not None:
            handler.max_conns = any_number_of_connections()
        top = context.layers[-1]
        if isinstance(top, modes.ReverseProxy) and starts_like_tls_record(nextlayer.data_client()):
            # mitmproxy shares a provider's connection among an HTTP/2 client's streams: one would end with another.
            context.client.alpn = b"http/1.1"
            nextlayer.layer = layers.ClientTLSLayer(context)
            nextlayer.layer.child_layer = self._layer(context)
        elif isinstance(top, modes.ReverseProxy):
            nextlayer.layer = self._layer(context)

    def _layer(self, context: Context) -> GatewayLayer:
        return GatewayLayer(context, self._open_exchange, self._timeouts, self._watched)

    def server_connect(self, data: server_hooks.ServerConnectionHookData) -> None:
        if not self._is_open(data.client):
            data.server.error = "This is the gateway's address, and no proxy."

    def gateway_given_up(self, given: GivenUp) -> None:
        """Close the socket of a connection that mitmproxy closes by cancelling its task: a task that waits for its turn
        to pass an event on ends without having closed it."""
        handler, server = handler_of(given.client), given.server
        transport = handler.transports.get(server) if handler is not None else None
        if handler is None or transport is None:
            return
        if transport.writer is not None:
            transport.writer.close()
        if transport.handler is not None:
            transport.handler.add_done_callback(lambda _: handler.transports.pop(server, None))

    def client_disconnected(self, client: Client) -> None:
        """Do the same for the remaining connections when a client has gone."""
        if not is_ours(client.proxy_mode) or (handler := handler_of(client)) is None:
            return
        for transport in handler.transports.values():
            if transport.writer is not None:
                transport.writer.close()
