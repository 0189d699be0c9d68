"""The provider's side of an exchange: the calls that it consists of, each with a connection of its own.

mitmproxy brings an answer to the stream that is listed under the answer's stream id: the first call goes under the
client's own id, and for each further one the layer lists the stream once more, under an id that no client's stream can
have.
"""

import time
from collections.abc import Generator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mitmproxy import http
from mitmproxy.connection import Connection, Server
from mitmproxy.net.http.validate import validate_headers
from mitmproxy.proxy import commands, layer
from mitmproxy.proxy.layers.http import DropStream, GetHttpConnection, HttpStream, SendHttp
from mitmproxy.proxy.layers.http._base import HttpEvent
from mitmproxy.proxy.layers.http._events import (
    RequestData,
    RequestEndOfMessage,
    RequestHeaders,
    ResponseData,
    ResponseEndOfMessage,
    ResponseHeaders,
    ResponseProtocolError,
)

from addons.exchange.actions import Action, Send
from addons.exchange.exchange import Exchange
from addons.exchange.provider_request import ProviderRequest
from addons.proxy.http1 import UnreadableAnswer
from addons.proxy.messages import address, header_values, outgoing
from translators.errors import Failure

if TYPE_CHECKING:
    from addons.proxy.layer import GatewayLayer

Commands = layer.CommandGenerator[None]
Actions = Generator[commands.Command, Any, list[Action]]
"""Yields commands to the layer, and returns the exchange's actions, which are still to be performed."""

LATE_END_SECONDS = 1.0
"""Time for which the connection of a complete answer waits for the end of the provider's bytes, to serve again."""


@dataclass
class Pass:
    """`request` as it may leave, with `auth` None; or a `failure`."""

    request: ProviderRequest
    failure: Failure | None = None


@dataclass
class AuthoriseHook(commands.StartHook):
    """Asks the addon for what a request still needs before it may leave: a token, a signature, a running model."""

    name = "gateway_authorise"
    pass_: Pass


class Connect(GetHttpConnection):
    """Asks the layer for a connection for `leg`."""

    leg: "Leg"


class Leg:
    """One call's way to the provider, from the wish for a connection to the end of the answer. `id` is the stream id
    of its answer, and `request` as it leaves. `fresh`: a connection that was used before will not do."""

    def __init__(self, call: int, id: int, request: ProviderRequest, fresh: bool) -> None:
        self.call = call
        self.id = id
        self.request = request
        self.fresh = fresh
        self.authorising: AuthoriseHook | None = None
        self.connecting: Connect | None = None
        self.reused: Server | None = None
        """The connection, if it was used before."""
        self.server: Server | None = None
        """The connection, once it is there."""
        self.answered = False
        """The provider sent something of an answer over `server`."""
        self.released: float | None = None
        """Time until which the end of the provider's bytes is waited for, on the monotonic clock. None: there is more
        to come."""

    @property
    def taken(self) -> Server | None:
        """Return the connection that no other call may use now."""
        return self.server or self.reused


class Legs:
    """The legs of an exchange by the stream ids of their answers. `stream` is the exchange's in mitmproxy."""

    def __init__(self, stream: HttpStream, parent: "GatewayLayer") -> None:
        self._stream, self._parent = stream, parent
        self._legs: dict[int, Leg] = {}

    def __len__(self) -> int:
        return len(self._legs)

    def taken(self) -> set[Server]:
        """Return the connections that are in use."""
        return {leg.taken for leg in self._legs.values() if leg.taken is not None}

    def deadline(self) -> float | None:
        """Return when `drop_late` has something to do, on the monotonic clock."""
        return min((leg.released for leg in self._legs.values() if leg.released is not None), default=None)

    # --- to the provider ---

    def send(self, send: Send) -> Commands:
        """Begin a call."""
        id = self._stream.stream_id if send.call == 0 else self._parent.list_again(self._stream)
        leg = self._legs[id] = Leg(send.call, id, send.request, send.fresh)
        if send.fresh:
            yield from self._parent.forget_idle()
        if send.request.auth is not None:
            leg.authorising = AuthoriseHook(Pass(send.request))
            yield unpaused(leg.authorising, self._stream)
        else:
            yield from self._connect(leg)

    def completed(self, command: commands.Command, reply: Any, exchange: Exchange) -> Actions:
        """Go on with the call that waited for `command`; without one, the call was given up meanwhile."""
        for leg in self._legs.values():
            if leg.connecting is command:
                connection, error = reply
                return (yield from self._connected(leg, connection, error, exchange))
            if leg.authorising is not None and leg.authorising is command:
                return (yield from self._authorised(leg, leg.authorising.pass_, exchange))
        return []

    def _authorised(self, leg: Leg, given: Pass, exchange: Exchange) -> Actions:
        leg.authorising = None
        actions = exchange.provider.authorised(given.request.secrets, given.failure)
        if given.failure is not None:
            yield from self._forget(leg)
            return actions
        if given.request.auth is not None:
            raise AssertionError("nobody has authorised the request")
        leg.request = given.request
        yield from self._connect(leg)
        return actions

    def _connect(self, leg: Leg) -> Commands:
        place, encrypted = address(leg.request.url)
        leg.connecting = connect = Connect(place, encrypted, None)
        connect.leg = leg
        yield unpaused(connect, self._stream)

    def _connected(self, leg: Leg, connection: Connection | None, error: str | None, exchange: Exchange) -> Actions:
        leg.connecting = None
        if not isinstance(connection, Server) or not connection.connected:
            yield from self._forget(leg)
            return exchange.provider.connection_lost(error or "no connection", retry=True, call=leg.call)
        leg.server = self._stream.context.server = self._stream.flow.server_conn = connection
        exchange.provider.connected(leg.call)
        yield SendHttp(RequestHeaders(leg.id, outgoing(leg.request), end_stream=False), connection)
        yield SendHttp(RequestData(leg.id, leg.request.body), connection)
        yield SendHttp(RequestEndOfMessage(leg.id), connection)
        return []

    # --- from the provider ---

    def receive(self, event: HttpEvent, exchange: Exchange | None) -> Actions:
        """Take something of the answer to a call. `exchange` is None when its client has its last word."""
        leg = self._legs.get(event.stream_id)
        if leg is None:
            return []
        if leg.released is not None:
            if isinstance(event, ResponseEndOfMessage | ResponseProtocolError):
                yield from self._forget(leg)
            return []
        if exchange is None:
            return []
        match event:
            case ResponseHeaders():
                return (yield from self._head(event.response, leg, exchange))
            case ResponseData():
                return exchange.provider.data_received(event.data, leg.call)
            case ResponseEndOfMessage():
                yield from self._forget(leg)
                return exchange.provider.eof_received(leg.call)
            case ResponseProtocolError():
                yield from self._forget(leg)
                return self._broke(event, leg, exchange)
        return []

    def _head(self, response: http.Response, leg: Leg, exchange: Exchange) -> Actions:
        leg.answered = True
        if (fault := _fault(response)) is not None:
            yield from self._drop(leg)
            return exchange.provider.connection_lost(fault, retry=False, call=leg.call)
        return exchange.provider.head_received(response.status_code, header_values(response.headers), leg.call)

    @staticmethod
    def _broke(event: ResponseProtocolError, leg: Leg, exchange: Exchange) -> list[Action]:
        """The connection broke, or what came over it is no HTTP."""
        unreadable = isinstance(event, UnreadableAnswer)
        cause = event.message if unreadable else "it closed the connection"
        if leg.answered and not unreadable:
            cause += " before its answer was complete"
        retry = leg.reused is not None and not leg.answered and not unreadable
        return exchange.provider.connection_lost(cause, retry=retry, call=leg.call)

    # --- the end ---

    def release(self, call: int) -> None:
        """Wait a moment for the provider's end of a complete answer."""
        for leg in self._legs.values():
            if leg.call == call:
                leg.released = time.monotonic() + LATE_END_SECONDS

    def drop_late(self) -> Commands:
        """Close the connections whose provider did not end a complete answer in time."""
        now = time.monotonic()
        for leg in [leg for leg in self._legs.values() if leg.released is not None and leg.released <= now]:
            yield from self._drop(leg)

    def drop_all(self) -> Commands:
        """Close the connections of all calls: nothing more is wanted from the provider."""
        for leg in list(self._legs.values()):
            yield from self._drop(leg)

    def _drop(self, leg: Leg) -> Commands:
        yield from self._forget(leg)
        if leg.connecting is not None:
            yield from self._parent.stop_connecting(leg.connecting)
        if leg.server is not None:
            yield from self._parent.give_up(leg.server)

    def _forget(self, leg: Leg) -> Commands:
        """End a call; its connection may serve another one."""
        del self._legs[leg.id]
        if leg.id != self._stream.stream_id:
            yield DropStream(leg.id)


def _fault(response: http.Response) -> str | None:
    """Return the reason for which nobody can read the answer after this head, or None."""
    try:
        validate_headers(response)
    except ValueError:
        return "its answer has malformed headers"
    # mitmproxy takes an interim answer for the whole: the real one would be read as that of the next request.
    return "its answer is an interim one" if response.status_code < 200 else None


def unpaused(command: commands.Command, waiting: layer.Layer) -> commands.Command:
    """Return `command`, for whose completion `waiting` does not pause: timers and the client's leaving still arrive.

    mitmproxy's layers mark a command so that somebody has paused for already; its completion comes as an event.
    """
    command.blocking = waiting
    return command
