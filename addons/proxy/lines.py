"""Connections to providers, with the layers between a socket and us: of a proxy, of TLS.

A connection is mitmproxy's: its hooks, its TLS, its sockets; `addons.proxy.tunnels` has the way through a proxy.
"""

import asyncio
import sys
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from mitmproxy.connection import Address, Client, Connection, Server
from mitmproxy.proxy import commands, events, layer, server_hooks, tunnel
from mitmproxy.proxy.context import Context
from mitmproxy.proxy.layers import tls

from addons.proxy.http1 import ResponseReader
from addons.proxy.tunnels import Detour, Place
from routing.proxies import Proxy

if TYPE_CHECKING:
    from addons.proxy.providers import Leg

Commands = layer.CommandGenerator[None]


@dataclass
class GivenUp:
    client: Client
    server: Connection


@dataclass
class GivenUpHook(commands.StartHook):
    """Tells the addon of a connection that is closed before its time."""

    name = "gateway_given_up"
    blocking = False
    given: GivenUp


def any_number_of_connections() -> defaultdict[Address, asyncio.Semaphore]:
    """Return mitmproxy's limits of a client's connections, none. Its own, five for each address, counts those that
    nobody uses: who waits there for one more would wait for good. An exchange limits what it asks at once."""
    return defaultdict(lambda: asyncio.Semaphore(sys.maxsize))


@dataclass(eq=False, slots=True)
class Line:
    """One connection. `server` is its socket, `place` what it leads to, `leg` the call that it serves; `layers` are
    those between the socket and us."""

    server: Server
    place: Place
    reader: ResponseReader = field(default_factory=ResponseReader)
    leg: "Leg | None" = None
    layers: layer.Layer | None = None
    detour: Detour | None = None
    open: bool = False

    @property
    def proxy(self) -> Proxy | None:
        return None if self.detour is None else self.detour.proxy

    @property
    def provider(self) -> Server:
        """Return the provider's end, which mitmproxy has no socket of where there is a proxy."""
        return self.server if self.detour is None else self.detour.provider

    def blame(self, error: str) -> tuple[str, bool]:
        """Return why there is no connection, and whether another try may help."""
        return (error, True) if self.detour is None else self.detour.blame(error)


class User(Protocol):
    """One who uses connections, and is told of what becomes of them."""

    def opened(self, line: Line) -> Commands:
        """Take it that a connection is there."""

    def failed(self, line: Line, cause: str, *, retry: bool) -> Commands:
        """Take it that there is no connection. `retry`: another try may help."""

    def received(self, line: Line, data: bytes) -> Commands:
        """Take bytes of the provider's."""

    def lost(self, line: Line) -> Commands:
        """Take it that the provider has closed a connection."""


class Lines:
    """The connections of one client. `given_up` becomes known to the addon by `GivenUpHook`."""

    def __init__(self, context: Context, unpaused: Callable[[commands.Command], commands.Command], user: User) -> None:
        self._context, self._unpaused, self._user = context, unpaused, user
        self.by_server: dict[Connection, Line] = {}
        self.by_command: dict[commands.Command, Line] = {}
        """By the commands whose completion is waited for: to open a connection, or of the layers before it."""

    # --- the beginning ---

    def open(self, leg: "Leg", place: Place, proxy: Proxy | None) -> Commands:
        """Get a new connection for a call."""
        detour = None if proxy is None else Detour(self._context.fork(), proxy, place)
        server = Server(address=place[1:]) if detour is None else detour.transport
        line = self.by_server[server] = Line(server, place, leg=leg, detour=detour)
        leg.line = line
        if detour is not None:
            yield from self._announce(line, detour)
        elif place[0] == "https":
            yield from self.through(line, events.Start())
        else:
            command = commands.OpenConnection(server)
            self.by_command[command] = line
            yield self._unpaused(command)

    def _announce(self, line: Line, detour: Detour) -> Commands:
        """Tell addons of the provider before mitmproxy tells them of the proxy: they may not want it to be reached."""
        hook = server_hooks.ServerConnectHook(
            server_hooks.ServerConnectionHookData(detour.provider, self._context.client)
        )
        self.by_command[hook] = line
        yield self._unpaused(hook)

    def completed(self, line: Line, event: events.CommandCompleted) -> Commands:
        """Take it that a connection, or a layer of it, is there. Its command is not waited for any more."""
        if line.layers is not None:
            yield from self.through(line, event)
        elif line.detour is None:
            yield from self._opened(line, event.reply)
        elif line.detour.provider.error is None:
            yield from self.through(line, events.Start())
        else:
            yield from self._failed(line, f"Connection killed: {line.detour.provider.error}", retry=False)

    def _opened(self, line: Line, error: str | None) -> Commands:
        line.open = error is None
        if error is None:
            yield from self._user.opened(line)
        else:
            cause, retry = line.blame(error)
            yield from self._failed(line, cause or "no connection", retry=retry)

    def _failed(self, line: Line, cause: str, *, retry: bool) -> Commands:
        self._forget(line)
        yield from self._user.failed(line, cause, retry=retry)

    # --- bytes ---

    def write(self, line: Line, data: bytes) -> Commands:
        if line.layers is None:
            yield commands.SendData(line.server, data)
        else:
            yield from self.through(line, _Outgoing(data))

    def through(self, line: Line, event: events.Event) -> Commands:
        """Give an event to the layers of a connection, and do what comes of it on either side."""
        if line.layers is None:
            line.layers = _layers(self._context, line)
        for command in line.layers.handle_event(event):
            match command:
                case _Opened():
                    yield from self._opened(line, command.error)
                case _Incoming():
                    yield from self._user.received(line, command.data)
                case _Closed():
                    yield from self._user.lost(line)
                case _:
                    if command.blocking or isinstance(command, commands.RequestWakeup):
                        self.by_command[command] = line
                    yield command

    # --- the end ---

    def idle(self, place: Place, proxy: Proxy | None) -> Line | None:
        """Return a connection that may serve once more."""
        return next((line for line in self.by_server.values() if _is_idle(line, place, proxy)), None)

    def close_idle(self) -> Commands:
        for line in [line for line in self.by_server.values() if line.open and line.leg is None]:
            yield from self.give_up(line)

    def give_up(self, line: Line) -> Commands:
        """Close a connection before its time, there or not there yet."""
        yield from self.close(line)
        yield GivenUpHook(GivenUp(self._context.client, line.server))

    def close(self, line: Line) -> Commands:
        """Close a connection, and hear no more of it."""
        self._forget(line)
        yield commands.CloseConnection(line.server)

    def _forget(self, line: Line) -> None:
        self.by_server.pop(line.server, None)
        for command in [command for command, each in self.by_command.items() if each is line]:
            del self.by_command[command]


def _is_idle(line: Line, place: Place, proxy: Proxy | None) -> bool:
    return line.open and line.leg is None and line.place == place and line.proxy == proxy


# --- layers ---


class _Outgoing(events.Event):
    """Bytes for the provider."""

    def __init__(self, data: bytes) -> None:
        self.data = data


class _Opened(commands.Command):
    def __init__(self, error: str | None) -> None:
        self.error = error


class _Incoming(commands.Command):
    def __init__(self, data: bytes) -> None:
        self.data = data


class _Closed(commands.Command):
    pass


class _Plaintext(layer.Layer):
    """The inner end of a connection that has layers."""

    def _handle_event(self, event: events.Event) -> Commands:
        match event:
            case events.Start():
                error = yield commands.OpenConnection(self.context.server)
                yield _Opened(error)
            case _Outgoing():
                yield commands.SendData(self.context.server, event.data)
            case events.DataReceived():
                yield _Incoming(event.data)
            case events.ConnectionClosed():
                yield _Closed()


def _layers(context: Context, line: Line) -> layer.Layer:
    inner = context.fork()
    inner.server = line.provider
    stack = tunnel.LayerStack()
    if line.detour is not None:
        if line.detour.proxy.scheme == "https":
            stack /= _tls(inner, line.server, line.detour.proxy.host)
        stack /= line.detour.tunnel
    if line.place[0] == "https":
        stack /= _tls(inner, line.provider, line.place[1])
    stack /= _Plaintext(inner)
    return stack[0]


def _tls(context: Context, server: Server, host: str) -> layer.Layer:
    server.sni, server.alpn_offers = host, (b"http/1.1",)
    return tls.ServerTLSLayer(context, server)
