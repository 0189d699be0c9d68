"""One exchange in mitmproxy: carries an `Exchange`'s actions to the client's and the providers' connections, and events
back.

The providers' side of it is `Providers`, what user interfaces and other addons see of it is `ClientFlow`; between them
there is no path by which an untranslated body or a client's key could reach a provider.
"""

import logging
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mitmproxy.connection import Server
from mitmproxy.proxy import commands, layer

from addons.exchange.actions import Action, Begin, Data, Drop, Finish, Release, Send, Work
from addons.exchange.exchange import Exchange
from addons.exchange.http_api import Reply, too_large
from addons.exchange.provider_side import ProviderSide
from addons.proxy import http1
from addons.proxy.client_flow import Answer, ClientFlow, Unwatched
from addons.proxy.http1 import Fields, RequestHead
from translators.errors import Failure

if TYPE_CHECKING:
    from addons.proxy.layer import GatewayLayer

logger = logging.getLogger("gateway")

Commands = layer.CommandGenerator[None]

UNREAD_BODY_BYTES = 1024 * 1024
"""The most that is still read, and thrown away, of a refused request's body, so that its client can hear why."""
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


class Stream:
    """One exchange on a client's connection. `parent` writes to the client, and has the connections to providers."""

    def __init__(self, parent: "GatewayLayer", head: RequestHead, flow: ClientFlow | Unwatched) -> None:
        self._parent, self._head, self._flow = parent, head, flow
        self.exchange: Exchange = flow.exchange
        self._refused = False
        """The last word is said, and the rest of the client's body is thrown away."""
        self.client_done = False
        """The client's request is whole."""
        self.closed = False
        """The last word to the client is on its way; whatever comes now is ignored."""
        self.last = not head.keep_alive
        """The client's connection is closed after this."""
        self._timeless = False
        """Its exchange cannot tell time any more, by a bug of ours."""
        self._turns = 0
        """The number of actions so far that were more than to send on."""
        self._unread = 0
        self._size = 0
        self._pieces: list[bytes] = []
        self._working: WorkHook | None = None

    @property
    def provider(self) -> ProviderSide:
        return self.exchange.provider

    def deadline(self) -> float | None:
        """Return when `tick` is due, on the monotonic clock."""
        if self.closed:
            return None
        if self._timeless:
            return time.monotonic()
        try:
            return self.exchange.deadline()
        except Exception:
            logger.exception("An exchange cannot tell its deadline; it is ended.")
            self._timeless = True
            return time.monotonic()

    def pace(self) -> tuple[object, ...] | None:
        """Return what stays the same as long as an answer goes on as before, when its deadlines only move away. None:
        it does not."""
        attempts = self.exchange.provider.attempts
        if self.closed or self._flow.killed or len(attempts) != 1 or self.exchange.record.injected:
            return None
        (attempt,) = attempts.values()
        return attempt, attempt.waiting_for, self._turns

    def tick(self) -> Commands:
        if self.closed:
            return
        if self._timeless:
            yield from self.crash()
        else:
            yield from self.perform(self.exchange.tick())

    def connected(self, server: Server) -> None:
        self._flow.connected(server)

    # --- the client's request ---

    def begin(self) -> Commands:
        """Take the request's head."""
        reply = self.exchange.head_received()
        yield from self._flow.opened()
        if self._gone():
            return
        if reply is not None:
            yield from self._refuse(reply)
        elif self._head.headers.get("expect", "").lower() == "100-continue":
            self._parent.write(http1.CONTINUE)

    def begin_unreadable(self, failure: Failure) -> Commands:
        """Take a head that is none."""
        yield from self._flow.opened()
        yield from self.unreadable(failure)

    def body(self, data: bytes) -> Commands:
        if self._refused:
            self._unread += len(data)
            if self._unread > UNREAD_BODY_BYTES:
                yield from self._parent.shut()
            return
        self._size += len(data)
        self._pieces.append(data)
        if self._size > self.exchange.body_limit:
            self._pieces.clear()
            yield from self._refuse(self.exchange.refuse(too_large(self.exchange.body_limit)))

    def end(self) -> Commands:
        """Take the end of the request."""
        self.client_done = True
        if self._refused:
            if self.closed and self.last:
                yield from self._parent.shut()
            return
        body = b"".join(self._pieces)
        self._pieces.clear()
        request = yield from self._flow.requested(body)
        if self._gone():
            return
        if request.answer is not None:
            yield from self.perform([self.exchange.answered_elsewhere(request.answer)])
        else:
            yield from self.perform(self.exchange.request_received(request.body, request.headers))

    def unreadable(self, failure: Failure) -> Commands:
        """Tell a client whose request cannot be read, if it still can be told, and disconnect it."""
        if self._refused or self.closed:
            yield from self._parent.shut()
            return
        self.last = True
        self._pieces.clear()
        yield from self._refuse(self.exchange.refuse(failure))
        yield from self._parent.shut()

    def _refuse(self, reply: Reply) -> Commands:
        """Answer before the body came: the rest of it is read and thrown away, within reason."""
        self._refused = True
        yield from self.perform([reply])

    def _gone(self) -> bool:
        """Return whether the client has left, or a user has killed the flow, while a hook ran; that comes next."""
        return self._parent.client_gone or self._flow.killed

    # --- the end ---

    def leave(self) -> Commands:
        """Take it that the client has gone, or that a user has killed the flow."""
        if self.closed:
            return
        killed = self._flow.killed
        yield from self.perform(self.exchange.cancelled(KILLED) if killed else self.exchange.cancelled())
        self.closed = self.exchange.ended = True
        self.exchange.finished()
        yield from self._flow.ended(None if killed else "Client disconnected.")

    @property
    def killed(self) -> bool:
        """Return whether a user has killed the flow, which is not over yet."""
        return self._flow.killed and not self.closed

    def shut_down(self) -> Commands:
        """Take it that the gateway ends."""
        if not self.closed:
            self.last = self._refused = True
            yield from self.perform(self.exchange.shut_down())
            yield from self._parent.shut()

    def crash(self) -> Commands:
        """Tell the client of a bug of ours; leave nothing open."""
        self._refused = True
        if self.exchange.over:  # its last words are lost
            yield from self._parent.shut()
        else:
            yield from self.perform(self.exchange.crashed())

    # --- the exchange's actions ---

    def completed(self, command: commands.Command) -> Commands:
        """Go on after work, if this is it."""
        if self.closed or self._working is None or self._working is not command:
            return
        job, self._working = self._working.job, None
        if job.error is not None:
            raise job.error
        yield from self.perform(self.exchange.work_done(job.result))

    def perform(self, actions: Sequence[Action]) -> Commands:
        for action in actions:
            if self._flow.killed and not isinstance(action, Drop):
                return
            if isinstance(action, Data):
                self._parent.write(http1.chunk(action.data) if self._head.version == "1.1" else action.data)
                continue
            self._turns += 1
            match action:
                case Begin():
                    yield from self._begin(action)
                    if self._gone():
                        return
                case Finish():
                    yield from self._finish(action)
                case Reply():
                    yield from self._reply(action)
                case _:
                    yield from self._ask(action)

    def _ask(self, action: Send | Work | Drop | Release | Data) -> Commands:
        """Do what others than the client are to do."""
        match action:
            case Send():
                yield from self._parent.providers.send(self, action)
            case Work():
                self._working = WorkHook(Job(action))
                yield self._parent.unpaused(self._working)
            case Drop():
                yield from self._parent.providers.drop(self, action.calls)
            case Release():
                self._parent.providers.release(self, action.call)

    def _begin(self, begin: Begin) -> Commands:
        framing = [(b"transfer-encoding", b"chunked")] if self._head.version == "1.1" else []
        self.last = self.last or not framing
        shown = Answer(begin.status, _with_close(_fields(begin.headers) + framing, last=self.last))
        answer = yield from self._flow.begun(shown)
        if not self._gone():  # where the body ends, and that there is one, is not for another addon to say
            fields = shown.fields
            if answer != shown:
                fields = _with_close([*http1.unframed(answer.fields), *framing], last=self.last)
            status = begin.status if answer.status < 200 or answer.status in (204, 304) else answer.status
            self._parent.write(http1.response_head(status, fields))

    def _finish(self, finish: Finish) -> Commands:
        yield from self._end(finish.error)
        if finish.cut:
            self.exchange.ended = True
            yield from self._parent.shut()
            return
        if self._head.version == "1.1":
            self._parent.write(http1.LAST_CHUNK)
        yield from self._over()

    def _reply(self, reply: Reply) -> Commands:
        body, framing = _body(self._head.method, reply.status, reply.body)
        self.last = self.last or ("connection", "close") in reply.headers
        shown = Answer(reply.status, _with_close(_fields(reply.headers) + framing, last=self.last), body)
        yield from self._flow.replied(shown)
        if self._gone():
            return
        yield from self._end(None)
        if self._flow.killed:
            self.exchange.ended = True
            yield from self._parent.providers.drop(self)
            yield from self._parent.shut()
            return
        answer, fields = self._flow.answer(shown), shown.fields
        if answer != shown:
            body, framing = _body(self._head.method, answer.status, answer.body)
            fields = _with_close([*http1.unframed(answer.fields), *framing], last=self.last)
        self._parent.write(http1.response_head(answer.status, fields) + body)
        yield from self._over()

    def _end(self, error: str | None) -> Commands:
        """Show the end of the exchange to others, before its last word leaves."""
        self.closed = True
        self.exchange.finished()
        yield from self._flow.ended(error)

    def _over(self) -> Commands:
        self.exchange.ended = True
        if self.last and self.client_done:
            yield from self._parent.shut()


def _fields(headers: tuple[tuple[str, str], ...]) -> list[tuple[bytes, bytes]]:
    return [(name.encode(), value.encode("utf-8", "replace")) for name, value in headers]


def _body(method: str, status: int, body: bytes) -> tuple[bytes, list[tuple[bytes, bytes]]]:
    """Return the body that an answer may have, and the header that says where it ends."""
    if status == 204:
        return b"", []
    body = b"" if method == "HEAD" or status == 304 else body
    return body, [(b"content-length", b"%d" % len(body))]


def _with_close(fields: list[tuple[bytes, bytes]], *, last: bool) -> Fields:
    if last and not any(name == b"connection" for name, _ in fields):
        fields.append((b"connection", b"close"))
    return tuple(fields)
