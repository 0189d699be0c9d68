"""The calls of one client's exchanges at providers, and the connections that serve one call after another.

`addons.proxy.lines` has the connections. Two calls never share one at the same time. What a call still needs before it
may leave (a token, a signature, a running model) is asked of the addon by `AuthoriseHook`.
"""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple, Protocol
from urllib.parse import urlsplit

from mitmproxy.connection import Server
from mitmproxy.proxy import commands, events, layer
from mitmproxy.proxy.context import Context

from addons.exchange.actions import Action, Send
from addons.exchange.provider_request import ProviderRequest
from addons.exchange.provider_side import UNREADABLE, ProviderSide
from addons.proxy import http1, tunnels
from addons.proxy.http1 import ResponseHead, Unreadable
from addons.proxy.lines import Line, Lines
from addons.proxy.tunnels import Detour, Place
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
    line: Line | None = None
    reused: bool = False
    heard: bool = False
    """The provider has sent the head of an answer."""
    released: float | None = None
    """Until when, on the monotonic clock, the end of the provider's bytes is waited for. None: there is more."""


class Providers:
    """The calls of one client, in order."""

    def __init__(self, context: Context, unpaused: Callable[[commands.Command], commands.Command]) -> None:
        self._unpaused = unpaused
        self._lines = Lines(context, unpaused, self)
        self._legs: list[Leg] = []
        self._wanted: list[Leg] = []
        """Calls that want a connection, once the present event is handled: with it one may become free."""

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
            yield from self._lines.close_idle()
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
        if (line := self._lines.by_command.pop(event.command, None)) is not None:
            yield from self._lines.completed(line, event)
            return
        for leg in self._legs:
            if leg.authorising is not None and leg.authorising is event.command:
                yield from self._authorised(leg, leg.authorising.pass_)
                return

    def data(self, event: events.DataReceived) -> Commands:
        line = self._lines.by_server.get(event.connection)
        if line is None:
            return  # it was given up
        if line.layers is not None:
            yield from self._lines.through(line, event)
        else:
            yield from self.received(line, event.data)

    def closed(self, event: events.ConnectionClosed) -> Commands:
        line = self._lines.by_server.get(event.connection)
        if line is None:
            return
        if line.layers is not None:
            yield from self._lines.through(line, event)
        if event.connection in self._lines.by_server:
            yield from self.lost(line)

    # --- connections ---

    def _connect(self, leg: Leg) -> Commands:
        place, proxy = _address(leg.request.url).place, leg.request.proxy
        line = None if leg.fresh else self._lines.idle(place, proxy)
        if line is None:
            yield from self._lines.open(leg, place, proxy)
            return
        line.leg, leg.line, leg.reused = leg, line, True
        yield from self._send(line, leg)

    def opened(self, line: Line) -> Commands:
        if line.leg is not None:
            yield from self._send(line, line.leg)

    def failed(self, line: Line, cause: str, *, retry: bool) -> Commands:
        leg = line.leg
        if leg is not None:
            self._legs.remove(leg)
            yield from leg.caller.perform(leg.caller.provider.connection_lost(cause, retry=retry, call=leg.call))

    def _send(self, line: Line, leg: Leg) -> Commands:
        leg.caller.connected(line.provider)
        leg.caller.provider.connected(leg.call)
        yield from self._lines.write(line, _written(leg.request, line.detour))

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
            yield from self._lines.give_up(leg.line)

    def received(self, line: Line, data: bytes) -> Commands:
        """Read a piece of an answer, and do at once what follows from each part of it."""
        leg = line.leg
        if leg is None:
            yield from self._lines.close(line)  # nobody has asked
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
            yield from self._broken(line, leg, f"{UNREADABLE}: {part.what}")
        elif leg.released is not None:
            pass
        elif isinstance(part, bytes):
            yield from caller.perform(side.data_received(part, leg.call))
        elif isinstance(part, ResponseHead):
            leg.heard = True
            if part.status == tunnels.WANTS_CREDENTIALS and line.detour is not None and line.detour.forwards:
                yield from self._broken(line, leg, line.detour.refused())
                return
            yield from caller.perform(side.head_received(part.status, http1.plain(part.fields), leg.call))

    def _broken(self, line: Line, leg: Leg, cause: str) -> Commands:
        """Close a connection whose answer is of no use."""
        self._legs.remove(leg)
        yield from self._lines.close(line)
        if leg.released is None:
            yield from leg.caller.perform(leg.caller.provider.connection_lost(cause, retry=False, call=leg.call))

    def _complete(self, line: Line, leg: Leg) -> Commands:
        """Take the end of a provider's answer; its connection may serve again."""
        self._legs.remove(leg)
        line.leg = None
        if not line.reader.reusable or line.reader.dead or not line.reader.idle:
            # Not idle: the beginning of another answer came along, which nobody asked for.
            yield from self._lines.close(line)
        if leg.released is None:
            yield from leg.caller.perform(leg.caller.provider.eof_received(leg.call))

    def lost(self, line: Line) -> Commands:
        """Take it that the provider has closed the connection."""
        leg = line.leg
        if leg is not None and line.reader.eof():
            line.reader.reusable = False
            yield from self._complete(line, leg)
            return
        yield from self._lines.close(line)
        if leg is None or leg not in self._legs:
            return
        self._legs.remove(leg)
        if leg.released is None:
            who = "it" if line.detour is None else "it, or the proxy,"
            cause = f"{who} closed the connection" + (" before its answer was complete" if leg.heard else "")
            if line.detour is not None and not line.open:
                cause, _ = line.blame("it closed the connection")
            retry = leg.reused and not leg.heard and line.reader.idle
            yield from leg.caller.perform(leg.caller.provider.connection_lost(cause, retry=retry, call=leg.call))


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
