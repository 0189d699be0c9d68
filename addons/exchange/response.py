"""The response to a client: a stream, a whole answer or an error, and its headers."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from urllib.parse import quote

from addons.exchange import http_api
from addons.exchange.actions import Action, Begin, Data, Finish
from addons.exchange.faults import Injection
from addons.exchange.http_api import Head, Reply
from addons.exchange.listeners import Listeners, not_sent
from addons.exchange.observers import End, Record
from addons.exchange.services import Services
from routing.catalogue import Target
from translators.clients.shared.openai_api import JSON
from translators.dialects import ClientDialect
from translators.errors import Failure
from translators.notes import Note
from translators.pipe import Tapped

BLANK = b"\n"
_NO_EVENT: tuple[Tapped, int, int] = (("", b"", b"", ()), 0, 0)
_MOST_SPLIT = 64 * 1024
"""Bytes of one piece that are sent one by one; the rest goes together."""


class Response:
    """Everything that the client is sent is made here, and shown to the listeners."""

    def __init__(
        self, services: Services, head: Head, client: ClientDialect, record: Record, listeners: Listeners
    ) -> None:
        self._head, self._client, self._record, self._listeners = head, client, record, listeners
        self._now = services.clock.now
        self._born = self.sent_at = self._now()
        self._cors = http_api.cors(services.settings.cors_origins, head.headers)
        self._page = services.page if head.headers.get("x-gateway-debug") == "1" else None
        self.begun = False
        """The head of an answer in pieces is on its way."""
        self.committed = False
        """The client has got some of the answer, and no other target's can take its place."""
        self._blank = False
        """The answer is a whole one, and began with blank lines."""
        self.over = False
        """The last of it is made."""
        self.target: Target | None = None
        """The present target."""
        self.limits: Mapping[str, str] = {}
        """The provider's rate limits, as headers for the client."""
        self.passed: Mapping[str, str] = {}
        """The headers of the provider's answer for the client."""
        self.key_limits: Mapping[str, str] = {}
        """Those of the client's key, which take the place of the provider's."""
        self._noted: set[str] = set()
        """The notes that a stream's client has got."""
        self._fatal: tuple[Tapped, int, int] | None = None
        """The event that broke the answer, with its call and attempt, until the client's error for it is made."""
        self.injection: Injection | None = None
        """The fault that is injected into it."""

    def send(self, out: bytes, notes: Sequence[Note] = ()) -> list[Action]:
        """Send a piece of a stream. The head before the first one has the record's notes, and these."""
        if not out:
            return []
        if self.injection is not None:
            self.committed = True
            return self.injection.stream(out, partial(self._send_event, self.injection, notes))
        first, self.committed = not self.committed, True
        return self._send(out, notes, first=first)

    def _send(self, out: bytes, notes: Sequence[Note], *, first: bool) -> list[Action]:
        self.sent_at = self._now()
        if not self.begun:
            return [self._begin(http_api.STREAM_HEADERS, [*self._record.notes, *notes]), Data(out)]
        if first and (failed := self._record.failed_attempts):
            comment = http_api.attempts_comment(self._model(), failed, debug=self._record.debug)
            comment += self.late_notes([*self._record.notes, *notes])
            self._listeners.pair("", b"", comment)
            out = comment + out
        return [Data(out)]

    def ping(self, ping: bytes) -> list[Action]:
        """Send a sign of life, which is no part of the answer."""
        self.sent_at = self._now()
        if self.injection is not None and self.injection.silent:
            return []
        self._listeners.pair("", b"", ping)
        if self.begun:
            return [Data(ping)]
        return [self._begin(http_api.STREAM_HEADERS, self._record.notes), Data(ping)]

    def blank(self) -> list[Action]:
        """Send a blank line, with which the JSON of a whole answer may begin."""
        self.sent_at = self._now()
        if self.injection is not None and self.injection.silent:
            return []
        self._blank = True
        if self.begun:
            return [Data(BLANK)]
        return [self._begin((JSON,), self._record.notes), Data(BLANK)]

    def _begin(self, headers: tuple[tuple[str, str], ...], notes: Sequence[Note]) -> Begin:
        self.begun = True
        self._record.status = 200
        self._noted = set(map(repr, notes))
        headers = (*headers, *self._headers([*notes]))
        self._listeners.answer(self._head, 200, headers, None)
        return Begin(200, headers)

    def late_notes(self, notes: Sequence[Note]) -> bytes:
        """Return those that the head did not have, as a comment, which is no event; nothing if there are none."""
        late = [note for note in notes if repr(note) not in self._noted] if self.begun else []
        self._noted.update(map(repr, late))
        return http_api.notes_comment(late, debug=self._record.debug) if late else b""

    def finish(self) -> list[Action]:
        """End a stream that is complete."""
        return self._finish() if self.injection is None else self.injection.in_time(self._finish)

    def _finish(self) -> list[Action]:
        self.end("complete")
        return [Finish()]

    def whole(self, body: bytes) -> list[Action]:
        """Answer with a whole body."""
        return self._whole(body) if self.injection is None else self._injected_whole(self.injection, body)

    def _whole(self, body: bytes) -> list[Action]:
        if not self.begun:
            return [self.reply(Reply(200, (JSON,), body), "complete")]
        self.end("complete")
        self._listeners.pair("", b"", body)
        return [Data(body), Finish()]

    def reply(self, reply: Reply, end: End, failure: Failure | None = None, cause: str | None = None) -> Reply:
        """Answer in one piece."""
        headers = {**dict(self._headers(self._record.notes)), **dict(reply.headers)}
        reply = replace(reply, headers=tuple(headers.items()))
        self._record.status = reply.status
        self.end(end, failure, cause)
        self._listeners.answer(self._head, reply.status, reply.headers, reply.body)
        return reply

    def refuse(self, failure: Failure) -> Reply:
        """Refuse the request before anything is sent to a provider."""
        failure = self._listeners.without_secrets_in(failure)
        return self.reply(http_api.error_reply(failure, self._client), "refused", failure)

    def fail(self, failure: Failure, cause: str, written: Callable[[Failure], bytes] | None) -> list[Action]:
        """Report a failure with its status, or in the stream where that has begun. `written` renders it there; without
        it the connection ends, since a stream that ends as any other would look complete."""
        waiting = self.injection.flush() if self.injection is not None else []
        return waiting if self.over else [*waiting, *self._fail(failure, cause, written)]

    def _fail(self, failure: Failure, cause: str, written: Callable[[Failure], bytes] | None) -> list[Action]:
        failure, cause = self._listeners.without_secrets_in(failure), self._listeners.without_secrets(cause)
        if not self.begun:
            reply = http_api.error_reply(failure, self._client)
            if self._fatal is not None and self._fatal[0][1]:
                self._show_last(reply.body)
            return [self.reply(reply, "failed", failure, cause)]
        if self._blank:
            self.end("failed", failure, cause)
            return [Data(http_api.error_reply(failure, self._client).body), Finish(cause, cut=True)]
        out = self.late_notes(self._record.notes) + written(failure) if written is not None else b""
        self._show_last(out)
        self.end("failed", failure, cause)
        return [*([Data(out)] if out else []), Finish(cause, cut=not out)]

    # --- an injected fault ---

    def disconnect(self, cause: str) -> list[Action]:
        """Break off without another word. There is no provider any more."""
        begin = [] if self.begun else [self._begin(http_api.STREAM_HEADERS, self._record.notes)]
        self.end("failed", cause=cause)
        return [*begin, Finish(cause, cut=True)]

    def _send_event(self, injection: Injection, notes: Sequence[Note], event: bytes, changed: bool) -> list[Action]:
        self._listeners.pair("", b"", event, injected=changed)
        actions = self._send(event, notes, first=False)
        return _split(actions) if injection.fault.kind == "split" else actions

    def _injected_whole(self, injection: Injection, body: bytes) -> list[Action]:
        bent, kind = injection.whole(body), injection.fault.kind
        if kind not in ("split", "disconnect"):
            return injection.in_time(partial(self._whole, bent), injection.fault.seconds)
        begin = [] if self.begun else [self._begin((JSON,), self._record.notes)]
        if kind == "disconnect":
            half = bent[: len(bent) // 2]
            self._listeners.pair("", b"", half, injected=True)
            return [*begin, Data(half), *self.disconnect(injection.cause)]
        self.end("complete")
        self._listeners.pair("", b"", bent)
        return [*begin, *_split([Data(bent)]), Finish()]

    # --- its end and its headers ---

    def end(self, end: End, failure: Failure | None = None, cause: str | None = None) -> None:
        record = self._record
        record.end, record.cause = end, cause
        if failure is not None:
            record.error, record.message, record.param = failure.code or failure.type, failure.message, failure.param
        record.duration = self._now() - self._born
        self.over = True

    def show(self, events: Sequence[Tapped], call: int, attempt: int, *, broken: bool = False) -> None:
        """Show a provider's events to the listeners. A last one that has `broken` the answer waits for the
        client's error. With an injected fault the client's bytes are shown when they are sent, as they are then."""
        if self.injection is not None:
            events = not_sent(events)
        if broken:
            *events, last = events
            self._fatal = (last, call, attempt)
        self._listeners.pairs(events, call, attempt)

    def replaced(self) -> None:
        """Show the event that broke an answer, in whose place another one comes."""
        self._show_last(b"")
        self._fatal = None

    def _show_last(self, out: bytes) -> None:
        """Show the last event of a stream that broke, with the client's error for it."""
        (name, provider, client, notes), call, attempt = self._fatal or _NO_EVENT
        if provider or client or out:
            self._listeners.pairs([(name, provider, client + out, notes)], call, attempt)

    def _headers(self, notes: list[Note]) -> list[tuple[str, str]]:
        """Return the headers of every answer."""
        spent = round((self._now() - self._born) * 1000)
        headers = [("x-request-id", self._record.id), ("openai-processing-ms", str(spent)), *self._cors]
        if self._page is not None and self._record.debug:
            id = self._record.shown_as or self._record.id
            headers += [("x-gateway-exchange", id), ("x-gateway-page", f"{self._page}#/x/{quote(id, safe='')}")]
        if self.target is not None:
            headers.append(("x-gateway-model", self._model()))
        if failed := self._record.failed_attempts:
            headers.append(("x-gateway-attempts", http_api.attempts_header(failed, debug=self._record.debug)))
        if self._record.injected:
            headers.append(("x-gateway-injected", ", ".join(self._record.injected)))
        if self.key_limits:
            headers.extend(limit for limit in self.limits.items() if not limit[0].startswith("x-ratelimit-"))
            headers.extend(self.key_limits.items())
        else:
            headers.extend(self.limits.items())
        if notes:
            headers.append(("x-gateway-notes", http_api.notes_header(notes, debug=self._record.debug)))
        ours = {name for name, _ in headers}
        return [*headers, *((name, value) for name, value in self.passed.items() if name not in ours)]

    def _model(self) -> str:
        assert self.target is not None
        return http_api.ascii_json(f"{self.target.provider}/{self.target.model}")


def _split(actions: list[Action]) -> list[Action]:
    """Return the same, with each byte of the answer in a piece of its own, up to so many."""
    made: list[Action] = []
    for action in actions:
        if isinstance(action, Data):
            first, rest = action.data[:_MOST_SPLIT], action.data[_MOST_SPLIT:]
            made += [Data(bytes([each])) for each in first] + ([Data(rest)] if rest else [])
        else:
            made.append(action)
    return made
