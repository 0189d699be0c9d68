"""One exchange in mitmproxy: carries an `Exchange`'s actions to mitmproxy's protocol layers, and events back.

mitmproxy's own `HttpStream` cannot retry, speak while a provider is silent, or end a broken stream with an error, so
the gateway has a stream of its own. The flow that user interfaces and other addons see is what the *client* said and
heard; the provider's request is an object of its own that never enters the flow, and takes on its key only as it
leaves. So there is no path by which an untranslated body or a client's key could reach a provider.

Where one request became several calls, each has a connection and a `Leg` of its own. mitmproxy brings an answer to the
stream that is listed under the answer's stream id: the first call goes under the client's own id, and for each further
one the layer lists this stream once more, under an id that no client's stream can have.

What goes wrong in here is answered: `_handle_event` lets nothing out.
"""

import copy
import logging
import time
from collections.abc import Generator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from mitmproxy import flow as mitmflow
from mitmproxy import http
from mitmproxy.connection import Connection, Server
from mitmproxy.net.http.status_codes import RESPONSES
from mitmproxy.net.http.validate import validate_headers
from mitmproxy.proxy import commands, events, layer
from mitmproxy.proxy.context import Context
from mitmproxy.proxy.layers.http import (
    DropStream,
    GetHttpConnection,
    HttpStream,
    SendHttp,
)
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
from mitmproxy.proxy.layers.http._hooks import (
    HttpErrorHook,
    HttpRequestHeadersHook,
    HttpRequestHook,
    HttpResponseHeadersHook,
    HttpResponseHook,
)

from addons.exchange import http_api as front
from addons.exchange.actions import Action, Begin, Data, Drop, Finish, Release, Send, Work
from addons.exchange.exchange import Exchange
from addons.exchange.http_api import Head, Reply
from addons.exchange.provider_request import ProviderRequest
from addons.proxy.http1 import UnreadableAnswer, UnreadableBody, UnreadableHead
from translators.errors import Failure
from translators.masking import Mask

if TYPE_CHECKING:
    from addons.proxy.layer import GatewayLayer

logger = logging.getLogger("gateway")

Commands = layer.CommandGenerator[None]

UNREAD_BODY_BYTES = 1024 * 1024
"""The most that is still read, and thrown away, of a refused request's body, so that its client can hear why."""
CUT = b"?..."
"""Stands in a flow for a request's query."""
KILLED = "it was killed in mitmproxy, by its user or by an addon"
LATE_END_SECONDS = 1.0
"""Time for which the connection of a complete answer waits for the end of the provider's bytes, to serve again."""


@dataclass
class AuthoriseHook(commands.StartHook):
    """Asks the addon for what a request still needs before it may leave: a token, a signature, a running model."""

    name = "gateway_authorise"
    pass_: "Pass"


@dataclass
class Pass:
    """`request` as it may leave, with `auth` None; or a `failure`."""

    request: ProviderRequest
    failure: Failure | None = None


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


class Connect(GetHttpConnection):
    """`fresh`: a connection that was used before will not do. `reused` is such a one, if it is given."""

    fresh = False
    reused: Server | None = None


class Leg:
    """One call's way to the provider, from the wish for a connection to the end of the answer. `id` is the stream id
    of its answer, and `request` as it leaves."""

    def __init__(self, call: int, id: int, request: ProviderRequest, fresh: bool) -> None:
        self.call = call
        self.id = id
        self.request = request
        self.fresh = fresh
        self.waiting: AuthoriseHook | None = None
        self.connecting: Connect | None = None
        self.server: Server | None = None
        self.reused = False
        self.heard = False
        """The provider sent something of an answer over `server`."""
        self.released: float | None = None
        """Until when, on the monotonic clock, the end of the provider's bytes is waited for. None: there is more."""

    @property
    def taken(self) -> Server | None:
        """Return the connection that no other call may use now."""
        return self.server if self.connecting is None else self.connecting.reused


class GatewayStream(HttpStream):
    """One exchange. Only the type of `HttpStream` is kept, for mitmproxy's layer; none of its states."""

    def __init__(self, context: Context, stream_id: int, parent: "GatewayLayer") -> None:
        super().__init__(context, stream_id)
        self._parent = parent
        self._exchange: Exchange | None = None
        self._refused = False
        """The last word is said, and the rest of the client's body is thrown away."""
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
        self.legs: dict[int, Leg] = {}
        """By the stream ids of their answers."""

    def __repr__(self) -> str:
        return f"GatewayStream(id={self.stream_id})"

    def deadline(self) -> float | None:
        """When time must be told to this stream, on the monotonic clock. Not while it waits for a hook, which may be a
        user's who looks at the flow: it would hear of it only afterwards."""
        if self._paused is not None:
            return None
        due = [leg.released for leg in self.legs.values() if leg.released is not None]
        if (at := self._exchange_deadline()) is not None:
            due.append(at)
        return min(due, default=None)

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
                yield from self._provider(event)
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
        for leg in self._late_ends():
            yield from self._drop(leg)
        if self.closed or self._exchange is None:
            return
        if self._timeless:
            yield from self._crash()
        else:
            yield from self._perform(self._exchange.tick())

    def _completed(self, event: events.CommandCompleted) -> Commands:
        """A connection, a hook or some work that was asked for is there; what was given up meanwhile is not."""
        if self.closed:
            return
        command = event.command
        if self._working is not None and self._working is command:
            yield from self._worked(self._working.job)
            return
        for leg in self.legs.values():
            if leg.connecting is command:
                yield from self._connected(leg, *event.reply)
                return
            if leg.waiting is not None and leg.waiting is command:
                yield from self._authorised(leg, leg.waiting.pass_)
                return

    # --- the client's side ---

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
        self.flow = flow = http.HTTPFlow(self.context.client, self.context.server)
        flow.request = request
        flow.live = True
        # Where the client thinks it is, for whoever looks at the flow; nothing is ever sent there.
        request.data.host, request.data.port, *_ = self.context.client.sockname
        request.data.scheme = b"https" if self.context.client.tls else b"http"
        headers = _plain(request.headers)
        for name in headers.keys() & front.SECRET_HEADERS:
            del request.headers[name]
        method = request.data.method.decode("utf-8", "surrogateescape")  # as it was written
        head = Head(method, request.path, headers)
        # Nothing is served by a query, and a key may stand there, or before the host of a whole URL.
        request.data.path, queried, _ = request.data.path.partition(b"?")
        request.data.path += CUT if queried else b""
        request.data.authority = b""
        exchange = self._parent.open_exchange(head, flow)
        self._exchange = exchange
        _mask(request, exchange.mask)
        if isinstance(event, UnreadableHead):
            yield from self._tell(HttpRequestHeadersHook(flow))
            yield from self._unreadable(event.failure)
            return
        reply = exchange.head_received()
        yield from self._tell(HttpRequestHeadersHook(flow))
        if self._left():
            return
        if reply is not None:
            yield from self._refuse(reply)
        elif request.headers.get("expect", "").lower() == "100-continue":
            request.headers.pop("expect")
            proceed = http.Response.make(100)
            proceed.headers.clear()
            yield SendHttp(ResponseHeaders(self.stream_id, proceed), self.context.client)

    def _tell(self, hook: commands.StartHook) -> Commands:
        """Tell other addons and user interfaces of what is worth a flow."""
        assert self._exchange is not None
        if self._exchange.counts:
            yield hook

    def _refuse(self, reply: Reply) -> Commands:
        """Answer before the body came: what is left of it is read and thrown away, within reason."""
        self._refused = True
        yield from self._perform([reply])

    def _unreadable(self, failure: Failure) -> Commands:
        """Tell a client whose request cannot be read, if it still can be told, and disconnect it."""
        assert self._exchange is not None
        if self._refused or self.closed:
            yield from self._parent.shut()
            return
        self._last = True
        self._pieces.clear()
        yield from self._refuse(self._exchange.refuse(failure))

    def _request_data(self, data: bytes) -> Commands:
        if self._refused:
            self._unread += len(data)
            if self._unread > UNREAD_BODY_BYTES:
                yield from self._parent.shut()
            return
        self._size += len(data)
        self._pieces.append(data)
        assert self._exchange is not None
        if self._size > self._exchange.body_limit:
            self._pieces.clear()
            yield from self._refuse(self._exchange.refuse(front.too_large(self._exchange.body_limit)))

    def _request_end(self) -> Commands:
        self._client_done = True
        if self._refused:
            yield from self._leave()
            return
        flow, exchange = self.flow, self._exchange
        assert exchange is not None
        flow.request.data.content = b"".join(self._pieces)
        self._pieces.clear()
        flow.request.timestamp_end = time.time()
        yield HttpRequestHook(flow)
        if self._left():
            return
        if flow.response is not None:
            yield from self._answered_by_another(flow.response)
            return
        yield from self._perform(
            exchange.request_received(flow.request.raw_content or b"", _plain(flow.request.headers))
        )

    def _answered_by_another(self, response: http.Response) -> Commands:
        """An addon beside us has answered in its `request` hook; mitmproxy lets it, so do we."""
        assert self._exchange is not None
        content = response.raw_content or b""
        headers = tuple(_plain(response.headers).items())
        yield from self._perform([self._exchange.answered_elsewhere(Reply(response.status_code, headers, content))])

    def _left(self) -> bool:
        """Return whether the client has left, or a user has killed the flow, while a hook ran. The event that says so
        is next in the queue."""
        left = any(isinstance(event, RequestProtocolError) for event in self._paused_event_queue)
        if not left and self._killed():
            message = mitmflow.Error.KILLED_MESSAGE
            self._paused_event_queue.append(RequestProtocolError(self.stream_id, message, ErrorCode.KILL))
            return True
        return left

    def _killed(self) -> bool:
        return self.flow.error is not None and self.flow.error.msg == mitmflow.Error.KILLED_MESSAGE

    def _client_gone(self, event: RequestProtocolError) -> Commands:
        exchange = self._exchange
        if exchange is None or self.closed:
            yield from self._drop_all()
            yield from self._leave()
            return
        killed = event.code is ErrorCode.KILL
        yield from self._perform(exchange.cancelled(KILLED) if killed else exchange.cancelled())
        self.flow.error = self.flow.error or mitmflow.Error(event.message)
        if self.flow.response is not None:
            self.flow.response.timestamp_end = time.time()
        self.closed = True
        exchange.finished()
        exchange.ended = True
        yield from self._tell(HttpErrorHook(self.flow))
        self.flow.live = False
        if killed:
            yield SendHttp(ResponseProtocolError(self.stream_id, "killed", ErrorCode.KILL), self.context.client)
        yield from self._leave()

    # --- the provider's side ---

    def _send(self, send: Send) -> Commands:
        id = self.stream_id if send.call == 0 else self._parent.list_again(self)
        leg = self.legs[id] = Leg(send.call, id, send.request, send.fresh)
        if send.fresh:
            yield from self._parent.forget_idle()
        if send.request.auth is not None:
            leg.waiting = AuthoriseHook(Pass(send.request))
            yield self._unpaused(leg.waiting)
        else:
            yield from self._connect(leg)

    def _unpaused(self, command: commands.Command) -> commands.Command:
        """`command`, without the pause until it is completed: time and the client's leaving must still be heard.

        mitmproxy's layers mark a command so that somebody has paused for already; its completion comes as an event.
        """
        command.blocking = self
        return command

    def _authorised(self, leg: Leg, given: Pass) -> Commands:
        leg.waiting = None
        assert self._exchange is not None
        if given.failure is not None:
            yield from self._forget(leg)
        elif given.request.auth is not None:
            raise AssertionError("nobody has authorised the request")
        yield from self._perform(self._exchange.provider.authorised(given.request.secrets, given.failure))
        if given.failure is None:
            leg.request = given.request
            yield from self._connect(leg)

    def _connect(self, leg: Leg) -> Commands:
        parts = urlsplit(leg.request.url)
        port = parts.port or (443 if parts.scheme == "https" else 80)
        leg.connecting = connect = Connect((parts.hostname or "", port), parts.scheme == "https", None)
        connect.fresh = leg.fresh
        yield self._unpaused(connect)

    def _connected(self, leg: Leg, connection: Connection | None, error: str | None) -> Commands:
        exchange, connect, request = self._exchange, leg.connecting, leg.request
        assert exchange is not None
        assert connect is not None
        leg.connecting, leg.reused = None, connect.reused is not None
        if not isinstance(connection, Server) or not connection.connected:
            yield from self._forget(leg)
            yield from self._perform(
                exchange.provider.connection_lost(error or "no connection", retry=True, call=leg.call)
            )
            return
        leg.server = self.context.server = self.flow.server_conn = connection
        exchange.provider.connected(leg.call)
        yield SendHttp(RequestHeaders(leg.id, _outgoing(request), end_stream=False), connection)
        yield SendHttp(RequestData(leg.id, request.body), connection)
        yield SendHttp(RequestEndOfMessage(leg.id), connection)

    def _provider(self, event: HttpEvent) -> Commands:
        """Something of a provider's answer to one call."""
        leg, exchange = self.legs.get(event.stream_id), self._exchange
        if leg is None or exchange is None:
            return
        if leg.released is not None:
            if isinstance(event, ResponseEndOfMessage | ResponseProtocolError):
                yield from self._forget(leg)
            return
        if self.closed:
            return
        match event:
            case ResponseHeaders():
                yield from self._response_head(event.response, leg, exchange)
            case ResponseData():
                yield from self._perform(exchange.provider.data_received(event.data, leg.call))
            case ResponseEndOfMessage():
                yield from self._forget(leg)
                yield from self._perform(exchange.provider.eof_received(leg.call))
            case ResponseProtocolError():
                yield from self._forget(leg)
                yield from self._perform(self._broke(event, leg, exchange))

    @staticmethod
    def _broke(event: ResponseProtocolError, leg: Leg, exchange: Exchange) -> list[Action]:
        """The connection broke, or what came over it is no HTTP."""
        unreadable = isinstance(event, UnreadableAnswer)
        cause = event.message if unreadable else "it closed the connection"
        if leg.heard and not unreadable:
            cause += " before its answer was complete"
        return exchange.provider.connection_lost(
            cause, retry=leg.reused and not leg.heard and not unreadable, call=leg.call
        )

    def _response_head(self, response: http.Response, leg: Leg, exchange: Exchange) -> Commands:
        leg.heard = True
        try:
            validate_headers(response)
        except ValueError:
            yield from self._drop(leg)
            yield from self._perform(
                exchange.provider.connection_lost("its answer has malformed headers", retry=False, call=leg.call)
            )
            return
        if response.status_code < 200:
            # mitmproxy takes it for the whole answer: the real one would be read as that of the next request.
            yield from self._drop(leg)
            yield from self._perform(
                exchange.provider.connection_lost("its answer is an interim one", retry=False, call=leg.call)
            )
            return
        yield from self._perform(
            exchange.provider.head_received(response.status_code, _plain(response.headers), leg.call)
        )

    def _late_ends(self) -> list[Leg]:
        now = time.monotonic()
        return [leg for leg in self.legs.values() if leg.released is not None and leg.released <= now]

    def _drop(self, leg: Leg) -> Commands:
        """Nothing more is wanted from the provider in this call."""
        yield from self._forget(leg)
        if leg.connecting is not None:
            yield from self._parent.stop_connecting(leg.connecting)
        if leg.server is not None:
            yield from self._parent.give_up(leg.server)

    def _drop_all(self) -> Commands:
        for leg in list(self.legs.values()):
            yield from self._drop(leg)

    def _forget(self, leg: Leg) -> Commands:
        """The call is over, its connection may serve another one."""
        del self.legs[leg.id]
        if leg.id != self.stream_id:
            yield DropStream(leg.id)
        yield from self._part()

    def _part(self) -> Commands:
        """Leave the layer, once neither the client nor a provider has anything to say any more."""
        if self.closed and self._client_done and not self.legs:
            yield from self._leave()

    def _leave(self) -> Commands:
        """Leave the layer. Let go of bodies that nobody will look at: Python's collector of cycles may take long."""
        yield DropStream(self.stream_id)
        if self._exchange is not None and not self._exchange.flow_wanted:
            for message in (self.flow.request, self.flow.response):
                if message is not None:
                    message.data.content = None

    # --- actions ---

    def _perform(self, actions: list[Action] | list[Reply]) -> Commands:
        for action in actions:
            match action:
                case Data():
                    yield SendHttp(ResponseData(self.stream_id, action.data), self.context.client)
                case Send():
                    yield from self._send(action)
                case Work():
                    self._working = WorkHook(Job(action))
                    yield self._unpaused(self._working)
                case Drop():
                    yield from self._drop_all()
                case Release():
                    self._release(action.call)
                case Begin():
                    yield from self._begin(action)
                    if self._left():
                        return
                case Finish():
                    yield from self._finish(action)
                case Reply():
                    yield from self._reply(action)

    def _release(self, call: int) -> None:
        for leg in self.legs.values():
            if leg.call == call:
                leg.released = time.monotonic() + LATE_END_SECONDS

    def _worked(self, job: Job) -> Commands:
        self._working = None
        assert self._exchange is not None
        if job.error is not None:
            raise job.error
        yield from self._perform(self._exchange.work_done(job.result))

    def _begin(self, begin: Begin) -> Commands:
        response = self._response(begin.status, begin.headers)
        response.data.content = None
        version = self.flow.request.http_version
        if version == "HTTP/1.1":
            response.headers["transfer-encoding"] = "chunked"
        elif version == "HTTP/1.0":
            response.headers["connection"] = "close"
        self.flow.response = response
        yield HttpResponseHeadersHook(self.flow)
        if not self._left():
            yield SendHttp(ResponseHeaders(self.stream_id, response, end_stream=False), self.context.client)

    def _finish(self, finish: Finish) -> Commands:
        if finish.error is not None:
            self.flow.error = mitmflow.Error(finish.error)
        yield from self._end()

    def _reply(self, reply: Reply) -> Commands:
        if self._exchange is not None and self._exchange.undecoded:
            self.flow.request.data.content = b""
        response = self._response(reply.status, reply.headers)
        content = b"" if self.flow.request.method == "HEAD" else reply.body
        response.data.content = content
        if reply.status != 204:
            response.headers["content-length"] = str(len(content))
        self.flow.response = response
        yield from self._tell(HttpResponseHeadersHook(self.flow))
        if not self._left():
            yield from self._end(response)

    def _end(self, whole: http.Response | None = None) -> Commands:
        """The last word, whole or after a stream, and the end of the flow."""
        flow, exchange = self.flow, self._exchange
        assert exchange is not None
        assert flow.response is not None
        self.closed = True
        flow.response.timestamp_end = time.time()
        exchange.finished()
        yield from self._tell(HttpErrorHook(flow) if flow.error is not None else HttpResponseHook(flow))
        flow.live = False
        if whole is not None and self._killed():
            yield SendHttp(ResponseProtocolError(self.stream_id, "killed", ErrorCode.KILL), self.context.client)
            yield from self._drop_all()
            yield from self._leave()
            exchange.ended = True
            return
        if whole is not None:
            response = flow.response
            content = response.raw_content or b""
            yield SendHttp(ResponseHeaders(self.stream_id, response, not content), self.context.client)
            if content:
                yield SendHttp(ResponseData(self.stream_id, content), self.context.client)
        yield from self._part()
        yield SendHttp(ResponseEndOfMessage(self.stream_id), self.context.client)
        exchange.ended = True
        if self._last:
            yield from self._parent.shut()

    def _response(self, status: int, headers: tuple[tuple[str, str], ...]) -> http.Response:
        fields = http.Headers([(name.encode(), value.encode("utf-8", "replace")) for name, value in headers])
        now = time.time()
        response = _copied(_RESPONSE)
        data = response.data
        data.status_code, data.reason, data.headers = status, RESPONSES.get(status, "").encode(), fields
        data.timestamp_start = now
        return response

    def _crash(self) -> Generator[commands.Command, Any, None]:
        """A bug of ours: the client is told if it still can be, and nothing stays open."""
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


def _fault(response: http.Response) -> str | None:
    """Return the reason for which nobody can read the answer after this head, or None."""
    try:
        validate_headers(response)
    except ValueError:
        return "its answer has malformed headers"
    # mitmproxy takes an interim answer for the whole: the real one would be read as that of the next request.
    return "its answer is an interim one" if response.status_code < 200 else None


def _mask(request: http.Request, mask: Mask) -> None:
    """Take the keys that are known out of where none belongs; nothing is served by what stands there."""
    data = request.data
    data.method, data.path, data.authority = map(mask.body, (data.method, data.path, data.authority))
    data.headers.fields = tuple((mask.body(name), mask.body(value)) for name, value in data.headers.fields)


def _plain(headers: http.Headers) -> dict[str, str]:
    """Return lower-case names to values; of several with one name the first. What is no UTF-8 is kept as escapes."""
    return {
        name.decode("utf-8", "surrogateescape").lower(): value.decode("utf-8", "surrogateescape")
        for name, value in reversed(headers.fields)
    }


def _outgoing(request: ProviderRequest) -> http.Request:
    """Return the request as it leaves, with its key."""
    parts = urlsplit(request.url)
    path = parts.path + (f"?{parts.query}" if parts.query else "")
    fields = [(b"host", parts.netloc.rpartition("@")[2].encode())]
    # A header that a client sent and configuration lets through may hold any bytes, which mitmproxy shows as escapes.
    together = (*request.headers, *request.secrets)
    fields += [(name.encode(), value.encode("utf-8", "surrogateescape")) for name, value in together]
    fields.append((b"content-length", str(len(request.body)).encode()))
    port = parts.port or (443 if parts.scheme == "https" else 80)
    leaving = _copied(_REQUEST)
    data = leaving.data
    data.host, data.port, data.scheme = parts.hostname or "", port, parts.scheme.encode()
    data.path, data.headers, data.content = path.encode(), http.Headers(fields), request.body
    data.timestamp_start = data.timestamp_end = time.time()
    return leaving


_REQUEST = http.Request("", 0, b"POST", b"http", b"", b"/", b"HTTP/1.1", http.Headers(), b"", None, 0.0, 0.0)
_RESPONSE = http.Response(b"HTTP/1.1", 200, b"", http.Headers(), b"", None, 0.0, None)


def _copied[Message: (http.Request, http.Response)](message: Message) -> Message:
    """A message to be filled in. mitmproxy checks every field of a new one, at the price of translating a request."""
    new = copy.copy(message)
    new.data = copy.copy(message.data)
    return new
