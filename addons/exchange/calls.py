"""The calls that a request became at one target, and their results so far.

As long as the client has received nothing, all of it can be dropped, and made anew for another target.
"""

from collections.abc import Callable, Mapping, Sequence

from addons.exchange.actions import Send
from addons.exchange.attempt import Attempt, Wait
from addons.exchange.listeners import Listeners
from addons.exchange.observers import Record
from addons.exchange.request import Rendering
from addons.exchange.services import Services
from translators.dialects import Envelope, Writer
from translators.errors import Failure
from translators.framing.cutting import MAX_WHOLE
from translators.joining import Joined
from translators.masking import REDACTED
from translators.notes import Note, add_new
from translators.pipe import Pipe, Tap

CONCURRENCY = 8
"""The most calls of one request that are under way at once; the others wait until one of these has ended."""


class Calls:
    """`requested_at` is when the client's request was whole. Attempts are counted on over all targets."""

    def __init__(
        self, services: Services, rendering: Rendering, record: Record, listeners: Listeners, requested_at: float
    ) -> None:
        self.rendering = rendering
        self._services, self._record, self._listeners, self._requested_at = services, record, listeners, requested_at
        self.first_try = listeners.tries + 1
        """The number of the first attempt."""
        self.attempts: dict[int, Attempt] = {}
        """The attempts under way, by call."""
        self._sent = 0
        """The number of calls sent."""
        id = f"{rendering.client.id_prefix}{services.new_id()}"
        self.writer: Writer = rendering.write(Envelope(id, int(record.started), rendering.model))
        """Writer of the client's answer."""
        count = len(rendering.calls)
        self._joined = Joined(self.writer, count) if count > 1 else None
        """Puts the answers together, where there are several calls."""
        self.whole = bytearray()
        """The client's answer, where it is not a stream."""
        self.held = b""
        """Bytes that the client has not been sent yet: the beginning of an answer that another may replace."""
        target = rendering.target
        record.provider, record.provider_model = target.provider, target.model
        record.notes, record.calls = [*rendering.notes], count
        record.targets.append(f"{target.provider}/{target.model}")

    def send_more(self) -> list[Send]:
        """Send the calls that there is room for."""
        sends: list[Send] = []
        while self._sent < len(self.rendering.calls) and len(self.attempts) < CONCURRENCY:
            sends.append(self.send(self._sent, self.first_try))
            self._sent += 1
        return sends

    def send(self, call: int, number: int) -> Send:
        """Send the attempt of that number at a call."""
        self._record.attempts += 1
        self.attempts[call] = Attempt(
            self._services.settings.timeouts, self._services.clock.now(), self._requested_at, number
        )
        request, listeners = self.rendering.calls[call].request, self._listeners
        listeners.tries = max(listeners.tries, number)
        listeners.keep_secret(request.secrets)
        if listeners.detailed:
            headers = (*request.headers, *((name, REDACTED) for name, _ in request.secrets))
            listeners.message("provider_request", f"POST {request.url}", headers, request.body, call, number)
        return Send(request, number > self.first_try, call)

    def open(
        self,
        call: int,
        status: int,
        headers: Mapping[str, str],
        tap: Tap | None,
        before_end: Callable[[Sequence[Note]], bytes],
    ) -> Mapping[str, str]:
        """Take the head of a provider's answer, and return its limits in the client's words."""
        attempt, rendering = self.attempts[call], self.rendering
        attempt.status, attempt.headers = status, headers
        request_id = self._listeners.without_secrets(headers.get("request-id") or headers.get("x-request-id") or "")
        self._record.provider_id = self._record.provider_id or request_id or None
        if 200 <= status < 300:
            attempt.pipe = Pipe(
                rendering.upstream.answer(rendering.calls[call].rendered.recall),
                self._part(call),
                framing=rendering.upstream.framing,
                content_type=headers.get("content-type", ""),
                coding=headers.get("content-encoding", ""),
                before_end=before_end if rendering.streams else None,
                tap=tap,
                mask=self._listeners.mask,
                limit=None if rendering.streams else MAX_WHOLE,
                omitted=rendering.client.omitted,
            )
        return self._listeners.clean(rendering.upstream.read_limits(headers, self._services.clock.wall()))

    def error(self, attempt: Attempt, call: int) -> Failure:
        """Return the failure of an answer that is no 2xx, and show the answer to the listeners."""
        self._listeners.provider(attempt, attempt.error_body(), call)
        return attempt.error(self.rendering.upstream, self._listeners.mask)

    def written(self, failure: Failure) -> bytes:
        """Render a failure in the middle of an answer."""
        return (self._joined or self.writer).fail(failure)

    def due(self) -> list[tuple[float, Wait, Attempt]]:
        """Return the deadlines on the monotonic clock, each with what must have come by then, and its attempt."""
        return [(at, what, attempt) for attempt in self.attempts.values() for at, what in attempt.due()]

    def end(self, call: int) -> None:
        """Put the results of a call that is over into the record."""
        attempt = self.attempts.pop(call)
        if (pipe := attempt.pipe) is None:
            return
        self._listeners.provider(attempt, pipe.whole_body, call)
        record = self._record
        if self._joined is None:
            record.notes.extend(pipe.notes)
            record.usage = pipe.usage
        else:
            add_new(record.notes, pipe.notes)
            record.usage = self._joined.usage
        record.served_model = record.served_model or pipe.started.model
        record.provider_id = record.provider_id or self._listeners.without_secrets(pipe.started.id or "") or None
        if call == 0 and pipe.finished is not None:
            record.finish_reason = pipe.finished.reason
        pipe.release()

    def end_all(self) -> None:
        """Put the results of all calls into the record; none of them comes to its own end."""
        for call in list(self.attempts):
            self.end(call)

    def forget(self) -> None:
        """Forget the results of all calls; their attempts stay in the record."""
        for call, attempt in self.attempts.items():
            if attempt.pipe is not None:
                self._listeners.provider(attempt, attempt.pipe.whole_body, call)
                attempt.pipe.release()
        self.attempts.clear()
        record = self._record
        record.usage = record.first_event = record.finish_reason = record.served_model = record.provider_id = None

    def _part(self, call: int) -> Writer:
        """Return the writer of one call's answer."""
        if self._joined is None:
            return self.writer
        made = self.rendering.calls[call]
        return self._joined.part(made.choice, made.rendered.choices)
