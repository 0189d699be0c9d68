"""One exchange in mitmproxy: carries an `Exchange`'s actions to mitmproxy's protocol layers, and events back.

mitmproxy's own `HttpStream` cannot retry, speak while a provider is silent, or end a broken stream with an error, so
the gateway has a stream of its own. The provider's side of it is `Legs`, what others see of it is `ClientFlow`; between
them there is no path by which an untranslated body or a client's key could reach a provider.

What goes wrong in here is answered: `_handle_event` lets nothing out.
"""

import logging
import time
from collections.abc import Generator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mitmproxy import flow as mitmflow
from mitmproxy import http
from mitmproxy.proxy import commands, events
from mitmproxy.proxy.context import Context
from mitmproxy.proxy.layers.http import DropStream, HttpStream, SendHttp
from mitmproxy.proxy.layers.http._base import HttpEvent
from mitmproxy.proxy.layers.http._events import (
    ErrorCode,
    RequestData,
    RequestEndOfMessage,
    RequestHeaders,
    RequestProtocolError,
    ResponseData,
    ResponseEndOfMessage,
    ResponseHeaders,
    ResponseProtocolError,
)

from addons.exchange.actions import Action, Begin, Data, Drop, Finish, Release, Send, Work
from addons.exchange.exchange import Exchange
from addons.exchange.http_api import Reply, too_large
from addons.proxy.client_flow import ClientFlow
from addons.proxy.http1 import UnreadableBody, UnreadableHead
from addons.proxy.legs import Commands, Legs, unpaused
from addons.proxy.messages import header_values
from translators.errors import Failure

if TYPE_CHECKING:
    from addons.proxy.layer import GatewayLayer

logger = logging.getLogger("gateway")

UNREAD_BODY_BYTES = 1024 * 1024
"""The most that is still read, and thrown away, of a refused request's body, so that its client can read why."""
KILLED = "it was killed in mitmproxy, by its user or by an addon"


@dataclass
class WorkHook(commands.StartHook):
    """Asks the addon to do a job in a thread."""

    name = "gateway_work"
    job: "Job"


@dataclass
class Job:
    """`result` of the work, once it is done; or `error`, what it raised."""

    work: Work
    result: object = None
    error: BaseException | None = None


class Crashed(events.Event):
    """The connection layer has failed."""


class ShutDown(events.Event):
    """The gateway ends."""


class GatewayStream(HttpStream):
    """One exchange. Only the type of `HttpStream` is kept, for mitmproxy's layer; none of its states."""

    _client_flow: ClientFlow
    """There from the request's head on, with the exchange."""

    def __init__(self, context: Context, stream_id: int, parent: "GatewayLayer") -> None:
        super().__init__(context, stream_id)
        self._parent = parent
        self._exchange: Exchange | None = None
        self._refused = False
        """The answer is complete, and the rest of the client's body is thrown away."""
        self._client_done = False
        self.closed = False
        """The flow is at its end; whatever comes now is ignored."""
        self._timeless = False
        """Its exchange cannot tell time any more, by a bug of ours."""
        self._last = False
        """The client's connection is closed after this."""
        self._unread = 0
        self._size = 0
        self._pieces: list[bytes] = []
        self._working: WorkHook | None = None
        self.legs = Legs(self, parent)

    def __repr__(self) -> str:
        return f"GatewayStream(id={self.stream_id})"

    def deadline(self) -> float | None:
        """Return when this stream must get a `Wakeup`, on the monotonic clock. None while it waits for a hook, which
        may be a user's who looks at the flow: it would get the event only afterwards."""
        if self._paused is not None:
            return None
        deadlines = (self.legs.deadline(), self._exchange_deadline())
        return min((at for at in deadlines if at is not None), default=None)

    def _exchange_deadline(self) -> float | None:
        if self._exchange is None or self.closed:
            return None
        if self._timeless:
            return time.monotonic()
        try:
            return self._exchange.deadline()
        except Exception:
            logger.exception("An exchange cannot tell its deadline; it is ended.")
            self._timeless = True
            return time.monotonic()

    # --- events ---

    def _handle_event(self, event: events.Event) -> Commands:
        try:
            yield from self._on(event)
        except Exception:
            logger.exception("An exchange failed inside the gateway; the client is told.")
            yield from self._crash()

    def _on(self, event: events.Event) -> Commands:
        """Handle an event as its source wants: the client, a provider, the clock, a completed command, or ourselves."""
        match event:
            case RequestHeaders() | RequestData() | RequestEndOfMessage() | RequestProtocolError() | UnreadableBody():
                yield from self._client(event)
            case HttpEvent():
                actions = yield from self.legs.receive(event, None if self.closed else self._exchange)
                yield from self._leave_if_over()
                yield from self._perform(actions)
            case events.Wakeup():
                yield from self._time_passed()
            case events.CommandCompleted():
                yield from self._completed(event)
            case ShutDown() if self._exchange is not None and not self.closed:
                self._last = self._refused = True
                yield from self._perform(self._exchange.shut_down())
            case Crashed():
                self._last = True
                yield from self._crash()

    def _time_passed(self) -> Commands:
        yield from self.legs.drop_late()
        yield from self._leave_if_over()
        if self.closed or self._exchange is None:
            return
        if self._timeless:
            yield from self._crash()
        else:
            yield from self._perform(self._exchange.tick())

    def _completed(self, event: events.CommandCompleted) -> Commands:
        """Go on after a connection, a hook or some work; after one that was given up meanwhile, do nothing."""
        exchange = self._exchange
        if self.closed or exchange is None:
            return
        if self._working is None or self._working is not event.command:
            yield from self._perform((yield from self.legs.completed(event.command, event.reply, exchange)))
            return
        job, self._working = self._working.job, None
        if job.error is not None:
            raise job.error
        yield from self._perform(exchange.work_done(job.result))

    # --- from the client ---

    def _client(
        self, event: RequestHeaders | RequestData | RequestEndOfMessage | RequestProtocolError | UnreadableBody
    ) -> Commands:
        match event:
            case RequestHeaders():
                yield from self._request_head(event)
            case RequestData():
                yield from self._request_data(event.data)
            case RequestEndOfMessage():
                yield from self._request_end()
            case RequestProtocolError():
                yield from self._client_gone(event)
            case UnreadableBody():
                yield from self._unreadable(event.failure)

    def _request_head(self, event: RequestHeaders) -> Commands:
        request = event.request
        self._client_flow = client_flow = ClientFlow(self.context, request, self._parent.open_exchange)
        self.flow, self._exchange = client_flow.flow, client_flow.exchange
        if isinstance(event, UnreadableHead):
            yield from client_flow.opened()
            yield from self._unreadable(event.failure)
            return
        reply = self._exchange.head_received()
        yield from client_flow.opened()
        if self._client_left():
            return
        if reply is not None:
            yield from self._refuse(reply)
        elif request.headers.get("expect", "").lower() == "100-continue":
            request.headers.pop("expect")
            proceed = http.Response.make(100)
            proceed.headers.clear()
            yield SendHttp(ResponseHeaders(self.stream_id, proceed), self.context.client)

    def _refuse(self, reply: Reply) -> Commands:
        """Answer before the body came: the rest of it is read and thrown away, within reason."""
        self._refused = True
        yield from self._perform([reply])

    def _unreadable(self, failure: Failure) -> Commands:
        """Answer a client whose request cannot be read, if there is no answer yet, and disconnect it."""
        if self._refused or self.closed:
            yield from self._parent.shut()
            return
        self._last = True
        self._pieces.clear()
        yield from self._refuse(self._client_flow.exchange.refuse(failure))

    def _request_data(self, data: bytes) -> Commands:
        if self._refused:
            self._unread += len(data)
            if self._unread > UNREAD_BODY_BYTES:
                yield from self._parent.shut()
            return
        self._size += len(data)
        self._pieces.append(data)
        exchange = self._client_flow.exchange
        if self._size > exchange.body_limit:
            self._pieces.clear()
            yield from self._refuse(exchange.refuse(too_large(exchange.body_limit)))

    def _request_end(self) -> Commands:
        self._client_done = True
        if self._refused:
            yield from self._leave()
            return
        flow, exchange = self.flow, self._client_flow.exchange
        body = b"".join(self._pieces)
        self._pieces.clear()
        yield from self._client_flow.requested(body)
        if self._client_left():
            return
        if flow.response is None:
            yield from self._perform(
                exchange.request_received(flow.request.raw_content or b"", header_values(flow.request.headers))
            )
            return
        # An addon beside us has answered in its `request` hook; mitmproxy lets it, so do we.
        response = flow.response
        fields = tuple(header_values(response.headers).items())
        reply = Reply(response.status_code, fields, response.raw_content or b"")
        yield from self._perform([exchange.answered_elsewhere(reply)])

    def _client_left(self) -> bool:
        """Return whether the client has left, or a user has killed the flow, while a hook ran. The event that says so
        is next in the queue."""
        if any(isinstance(event, RequestProtocolError) for event in self._paused_event_queue):
            return True
        if not self._client_flow.killed:
            return False
        message = mitmflow.Error.KILLED_MESSAGE
        self._paused_event_queue.append(RequestProtocolError(self.stream_id, message, ErrorCode.KILL))
        return True

    def _client_gone(self, event: RequestProtocolError) -> Commands:
        exchange = self._exchange
        if exchange is None or self.closed:
            yield from self.legs.drop_all()
            yield from self._leave()
            return
        killed = event.code is ErrorCode.KILL
        yield from self._perform(exchange.cancelled(KILLED) if killed else exchange.cancelled())
        self.closed = exchange.ended = True
        yield from self._client_flow.ended(event.message if self.flow.error is None else None)
        if killed:
            yield SendHttp(ResponseProtocolError(self.stream_id, "killed", ErrorCode.KILL), self.context.client)
        yield from self._leave()

    # --- the exchange's actions ---

    def _perform(self, actions: Sequence[Action]) -> Commands:
        for action in actions:
            match action:
                case Data():
                    yield SendHttp(ResponseData(self.stream_id, action.data), self.context.client)
                case Send():
                    yield from self.legs.send(action)
                case Work():
                    self._working = WorkHook(Job(action))
                    yield unpaused(self._working, self)
                case Drop():
                    yield from self.legs.drop_all()
                    yield from self._leave_if_over()
                case Release():
                    self.legs.release(action.call)
                case Begin():
                    yield from self._begin(action)
                    if self._client_left():
                        return
                case Finish():
                    yield from self._end(error=action.error)
                case Reply():
                    yield from self._reply(action)

    def _begin(self, begin: Begin) -> Commands:
        yield from self._client_flow.begun(begin)
        response = self.flow.response
        assert response is not None
        if not self._client_left():
            yield SendHttp(ResponseHeaders(self.stream_id, response, end_stream=False), self.context.client)

    def _reply(self, reply: Reply) -> Commands:
        yield from self._client_flow.replied(reply)
        if not self._client_left():
            yield from self._end(whole=True)

    def _end(self, *, whole: bool = False, error: str | None = None) -> Commands:
        """Send a whole answer or the end of a stream, and end the flow."""
        exchange = self._client_flow.exchange
        self.closed = True
        yield from self._client_flow.ended(error)
        if whole and self._client_flow.killed:
            yield SendHttp(ResponseProtocolError(self.stream_id, "killed", ErrorCode.KILL), self.context.client)
            yield from self.legs.drop_all()
            yield from self._leave()
            exchange.ended = True
            return
        if whole:
            response = self.flow.response
            assert response is not None
            content = response.raw_content or b""
            yield SendHttp(ResponseHeaders(self.stream_id, response, not content), self.context.client)
            if content:
                yield SendHttp(ResponseData(self.stream_id, content), self.context.client)
        yield from self._leave_if_over()
        yield SendHttp(ResponseEndOfMessage(self.stream_id), self.context.client)
        exchange.ended = True
        if self._last:
            yield from self._parent.shut()

    # --- the end ---

    def _leave_if_over(self) -> Commands:
        """Leave the layer, once neither the client nor a provider has anything to say any more."""
        if self.closed and self._client_done and not self.legs:
            yield from self._leave()

    def _leave(self) -> Commands:
        """Leave the layer."""
        yield DropStream(self.stream_id)
        if self._exchange is not None:
            self._client_flow.release_bodies()

    def _crash(self) -> Generator[commands.Command, Any, None]:
        """Tell the client of a bug of ours if its answer is not complete; leave nothing open."""
        self._refused = True
        try:
            if self.closed or self._exchange is None:
                yield from self._parent.shut()
                return
            yield from self._perform(self._exchange.crashed())
        except Exception:
            logger.exception("The gateway could not even report its failure; the client is disconnected.")
            self.closed = True
            yield from self._parent.shut()
