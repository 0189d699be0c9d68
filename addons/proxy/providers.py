"""Connections to providers: those of one client, each of which serves one call after another.

A connection is mitmproxy's: its hooks, its TLS, its sockets; `addons.proxy.tunnels` has the way through a proxy. Two
calls never share one at the same time. What a call still needs before it may leave (a token, a signature, a running
model) is asked of the addon by `AuthoriseHook`.
"""

import asyncio
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from typing import NamedTuple, Protocol
from urllib.parse import urlsplit

from mitmproxy.connection import Address, Client, Connection, Server
from mitmproxy.proxy import commands, events, layer, server_hooks, tunnel
from mitmproxy.proxy.context import Context
from mitmproxy.proxy.layers import tls

from addons.exchange.actions import Action, Send
from addons.exchange.provider_request import ProviderRequest
from addons.exchange.provider_side import UNREADABLE, ProviderSide
from addons.proxy import http1, tunnels
from addons.proxy.http1 import ResponseHead, ResponseReader, Unreadable
from addons.proxy.tunnels import Detour, Place
from routing.proxies import Proxy
from translators.errors import Failure

Commands = layer.CommandGenerator[None]

LATE_END_SECONDS = 1.0
"""Time for which the connection of a complete answer waits for the end of the provider's bytes, to serve again."""


@dataclass
class AuthoriseHook(commands.StartHook):
    """Asks the addon for what a request still needs before it may leave."""

    name = "gateway_authorise"
    pass_: "Pass"


@dataclass
class Pass:
    """`request` as it may leave, with `auth` None; or a `failure`."""

    request: ProviderRequest
    failure: Failure | None = None


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


class Caller(Protocol):
    """One whose calls these are."""

    @property
    def provider(self) -> ProviderSide:
        """Return the part of the exchange that takes a provider's events."""

    def perform(self, actions: list[Action]) -> Commands:
        """Do what the exchange wants."""

    def connected(self, server: Server) -> None:
        """Note the connection of a call."""


@dataclass(eq=False, slots=True)
class Leg:
    """One call's way to its provider and back, from the wish for a connection to the end of the answer."""

    caller: Caller
    call: int
    request: ProviderRequest
    fresh: bool
    """A connection that was used before will not do."""
    authorising: AuthoriseHook | None = None
    line: "Line | None" = None
    reused: bool = False
    heard: bool = False
    """The provider has sent the head of an answer."""
    released: float | None = None
    """Until when, on the monotonic clock, the end of the provider's bytes is waited for. None: there is more."""


@dataclass(eq=False, slots=True)
class Line:
    """One connection. `server` is its socket, `place` what it leads to; `layers` are those between the socket and us:
    of a proxy, of TLS."""

    server: Server
    place: Place
    reader: ResponseReader = field(default_factory=ResponseReader)
    leg: Leg | None = None
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


class Providers:
    """The provider connections of one client. `given_up` becomes known to the addon by `GivenUpHook`."""

    def __init__(self, context: Context, unpaused: Callable[[commands.Command], commands.Command]) -> None:
        self._context, self._unpaused = context, unpaused
        self._lines: dict[Server, Line] = {}
        self._legs: list[Leg] = []
        self._wanted: list[Leg] = []
        """Calls that want a connection, once the present event is handled: with it one may become free."""
        self._commands: dict[commands.Command, Line] = {}
        """Commands whose completion is waited for: to open a connection, or of the layers before it."""

    def deadline(self) -> float | None:
        """Return when `late` is due, on the monotonic clock."""
        if not self._legs:
            return None
        return min((leg.released for leg in self._legs if leg.released is not None), default=None)

    def late(self) -> Commands:
        """Close the connections on which the end of a complete answer has not come."""
        now = time.monotonic()
        for leg in [leg for leg in self._legs if leg.released is not None and leg.released <= now]:
            yield from self._drop(leg)

    def connect(self) -> Commands:
        """Get the connections that are wanted."""
        while self._wanted:
            leg = self._wanted.pop(0)
            if leg in self._legs:
                yield from self._connect(leg)

    # --- what the exchange wants ---

    def send(self, caller: Caller, send: Send) -> Commands:
        leg = Leg(caller, send.call, send.request, send.fresh)
        self._legs.append(leg)
        if send.fresh:
            yield from self._close_idle()
        if send.request.auth is None:
            self._wanted.append(leg)
        else:
            leg.authorising = AuthoriseHook(Pass(send.request))
            yield self._unpaused(leg.authorising)

    def release(self, caller: Caller, call: int) -> None:
        for leg in self._of(caller):
            if leg.call == call:
                leg.released = time.monotonic() + LATE_END_SECONDS

    def drop(self, caller: Caller, calls: tuple[int, ...] | None = None) -> Commands:
        """Close the connections of these calls, or of all: nothing more is wanted from the provider."""
        for leg in [leg for leg in self._of(caller) if calls is None or leg.call in calls]:
            yield from self._drop(leg)

    # --- events ---

    def completed(self, event: events.CommandCompleted) -> Commands:
        """Take it that a connection, a layer of it or an authorisation is there; what was given up meanwhile is not."""
        if (line := self._commands.pop(event.command, None)) is not None:
            if line.layers is not None:
                yield from self._through(line, event)
            elif line.detour is not None:
                yield from self._announced(line, line.detour)
            else:
                yield from self._opened(line, event.reply)
            return
        for leg in self._legs:
            if leg.authorising is not None and leg.authorising is event.command:
                yield from self._authorised(leg, leg.authorising.pass_)
                return

    def data(self, event: events.DataReceived) -> Commands:
        assert isinstance(event.connection, Server)
        line = self._lines.get(event.connection)
        if line is None:
            return  # it was given up
        if line.layers is not None:
            yield from self._through(line, event)
        else:
            yield from self._received(line, event.data)

    def closed(self, event: events.ConnectionClosed) -> Commands:
        assert isinstance(event.connection, Server)
        line = self._lines.get(event.connection)
        if line is None:
            return
        if line.layers is not None:
            yield from self._through(line, event)
        if event.connection in self._lines:
            yield from self._lost(line)

    # --- connections ---

    def _connect(self, leg: Leg) -> Commands:
        place, proxy = _address(leg.request.url).place, leg.request.proxy
        line = None if leg.fresh else self._idle_line(place, proxy)
        if line is not None:
            line.leg, leg.line, leg.reused = leg, line, True
            yield from self._ask(line, leg)
            return
        detour = None if proxy is None else Detour(self._context.fork(), proxy, place)
        server = Server(address=place[1:]) if detour is None else detour.transport
        line = self._lines[server] = Line(server, place, leg=leg, detour=detour)
        leg.line = line
        if detour is not None:
            yield from self._announce(line, detour)
        elif place[0] == "https":
            yield from self._through(line, events.Start())
        else:
            command = commands.OpenConnection(server)
            self._commands[command] = line
            yield self._unpaused(command)

    def _announce(self, line: Line, detour: Detour) -> Commands:
        """Tell addons of the provider before mitmproxy tells them of the proxy: they may not want it to be reached."""
        hook = server_hooks.ServerConnectHook(
            server_hooks.ServerConnectionHookData(detour.provider, self._context.client)
        )
        self._commands[hook] = line
        yield self._unpaused(hook)

    def _announced(self, line: Line, detour: Detour) -> Commands:
        if detour.provider.error is None:
            yield from self._through(line, events.Start())
        else:
            yield from self._failed(line, f"Connection killed: {detour.provider.error}", retry=False)

    def _opened(self, line: Line, error: str | None) -> Commands:
        line.open = error is None
        if error is not None:
            cause, retry = (error, True) if line.detour is None else line.detour.blame(error)
            yield from self._failed(line, cause or "no connection", retry=retry)
        elif line.leg is not None:
            yield from self._ask(line, line.leg)

    def _failed(self, line: Line, cause: str, *, retry: bool) -> Commands:
        """There is no connection."""
        leg = line.leg
        self._forget(line)
        if leg is not None:
            self._legs.remove(leg)
            yield from leg.caller.perform(leg.caller.provider.connection_lost(cause, retry=retry, call=leg.call))

    def _ask(self, line: Line, leg: Leg) -> Commands:
        leg.caller.connected(line.provider)
        leg.caller.provider.connected(leg.call)
        yield from self._write(line, _written(leg.request, line.detour))

    def _idle_line(self, place: Place, proxy: Proxy | None) -> Line | None:
        """Return a connection that may serve once more."""
        return next((line for line in self._lines.values() if self._is_idle(line, place, proxy)), None)

    @staticmethod
    def _is_idle(line: Line, place: Place, proxy: Proxy | None) -> bool:
        return line.open and line.leg is None and line.place == place and line.proxy == proxy

    def _close_idle(self) -> Commands:
        for line in [line for line in self._lines.values() if line.open and line.leg is None]:
            yield from self._give_up(line)

    def _give_up(self, line: Line) -> Commands:
        """Close a connection before its time, there or not there yet."""
        yield from self._close(line)
        yield GivenUpHook(GivenUp(self._context.client, line.server))

    def _close(self, line: Line) -> Commands:
        """Close a connection, and hear no more of it."""
        self._forget(line)
        yield commands.CloseConnection(line.server)

    def _forget(self, line: Line) -> None:
        self._lines.pop(line.server, None)
        for command in [command for command, each in self._commands.items() if each is line]:
            del self._commands[command]

    # --- calls ---

    def _of(self, caller: Caller) -> Iterator[Leg]:
        return (leg for leg in self._legs if leg.caller is caller)

    def _authorised(self, leg: Leg, given: Pass) -> Commands:
        leg.authorising = None
        if given.failure is not None:
            self._legs.remove(leg)
        elif given.request.auth is not None:
            raise AssertionError("nobody has authorised the request")
        caller = leg.caller
        yield from caller.perform(caller.provider.authorised(given.request.secrets, given.failure, leg.call))
        if leg in self._legs:
            leg.request = given.request
            self._wanted.append(leg)

    def _drop(self, leg: Leg) -> Commands:
        self._legs.remove(leg)
        if leg.line is not None:
            yield from self._give_up(leg.line)

    def _received(self, line: Line, data: bytes) -> Commands:
        """Read a piece of an answer, and do at once what follows from each part of it."""
        leg = line.leg
        if leg is None:
            yield from self._close(line)  # nobody has asked
            return
        parts = line.reader.feed(data)
        if http1.END in parts[:-1]:
            line.reader.reusable = False  # there are bytes behind it
        for part in parts:
            if line.leg is not leg or leg not in self._legs:
                return
            yield from self._on(line, leg, part)

    def _on(self, line: Line, leg: Leg, part: http1.Event) -> Commands:
        caller, side = leg.caller, leg.caller.provider
        if isinstance(part, http1.End):
            yield from self._complete(line, leg)
        elif isinstance(part, Unreadable):
            self._legs.remove(leg)
            yield from self._close(line)
            if leg.released is None:
                cause = f"{UNREADABLE}: {part.what}"
                yield from caller.perform(side.connection_lost(cause, retry=False, call=leg.call))
        elif leg.released is not None:
            pass
        elif isinstance(part, bytes):
            yield from caller.perform(side.data_received(part, leg.call))
        elif isinstance(part, ResponseHead):
            leg.heard = True
            if part.status == tunnels.WANTS_CREDENTIALS and line.detour is not None and line.detour.forwards:
                self._legs.remove(leg)
                yield from self._close(line)
                yield from caller.perform(side.connection_lost(line.detour.refused(), retry=False, call=leg.call))
                return
            yield from caller.perform(side.head_received(part.status, http1.plain(part.fields), leg.call))

    def _complete(self, line: Line, leg: Leg) -> Commands:
        """The provider's answer is complete; its connection may serve again."""
        self._legs.remove(leg)
        line.leg = None
        if not line.reader.reusable or line.reader.dead or not line.reader.idle:
            yield from self._close(line)  # not idle: the beginning of another answer came along, which nobody asked for
        if leg.released is None:
            yield from leg.caller.perform(leg.caller.provider.eof_received(leg.call))

    def _lost(self, line: Line) -> Commands:
        """The provider has closed the connection."""
        leg = line.leg
        if leg is not None and line.reader.eof():
            line.reader.reusable = False
            yield from self._complete(line, leg)
            return
        yield from self._close(line)
        if leg is None or leg not in self._legs:
            return
        self._legs.remove(leg)
        if leg.released is None:
            who = "it" if line.detour is None else "it, or the proxy,"
            cause = f"{who} closed the connection" + (" before its answer was complete" if leg.heard else "")
            if line.detour is not None and not line.open:
                cause, _ = line.detour.blame("it closed the connection")
            retry = leg.reused and not leg.heard and line.reader.idle
            yield from leg.caller.perform(leg.caller.provider.connection_lost(cause, retry=retry, call=leg.call))

    # --- TLS and proxies ---

    def _write(self, line: Line, data: bytes) -> Commands:
        if line.layers is None:
            yield commands.SendData(line.server, data)
        else:
            yield from self._through(line, _Outgoing(data))

    def _through(self, line: Line, event: events.Event) -> Commands:
        """Give an event to the layers of a connection, and do what comes of it on either side."""
        if line.layers is None:
            line.layers = _layers(self._context, line)
        for command in line.layers.handle_event(event):
            match command:
                case _Opened():
                    yield from self._opened(line, command.error)
                case _Incoming():
                    yield from self._received(line, command.data)
                case _Closed():
                    yield from self._lost(line)
                case _:
                    if command.blocking or isinstance(command, commands.RequestWakeup):
                        self._commands[command] = line
                    yield command


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


def _written(request: ProviderRequest, detour: Detour | None) -> bytes:
    """Write a request as it leaves, with its key."""
    address = _address(request.url)
    fields = [(b"host", address.host)]
    # A header that a client sent and configuration lets through may hold any bytes, which were read as escapes.
    together = (*request.headers, *request.secrets)
    fields += [(name.encode(), value.encode("utf-8", "surrogateescape")) for name, value in together]
    target = address.target
    if detour is not None and detour.forwards:
        target = f"http://{address.host.decode()}{target}"
        fields += tunnels.authorization(detour.proxy)
    return http1.request("POST", target, fields, request.body)


class _Address(NamedTuple):
    place: Place
    target: str
    host: bytes


@lru_cache(maxsize=1024)
def _address(url: str) -> _Address:
    parts = urlsplit(url)
    place = (parts.scheme, parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80))
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return _Address(place, target, parts.netloc.rpartition("@")[2].encode())
