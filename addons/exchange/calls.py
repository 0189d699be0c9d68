"""The calls that a request became at one target, and their results so far.

As long as the client has received nothing, all of it can be dropped, and made anew for another target.
"""

from collections.abc import Callable, Mapping, Sequence

from addons.exchange.actions import Send
from addons.exchange.attempt import Attempt
from addons.exchange.listeners import Listeners, not_sent
from addons.exchange.observers import Asked, AttemptReport, Record
from addons.exchange.request import Rendering
from addons.exchange.services import Services
from routing.outcomes import Outcome
from routing.targets import Target
from translators.dialects import Envelope, Writer
from translators.errors import Failure
from translators.framing.cutting import MAX_WHOLE
from translators.joining import Joined
from translators.masking import REDACTED
from translators.notes import Note, add_new
from translators.pipe import Pipe, Tap, Tapped

CONCURRENCY = 8
"""The most calls of one request that are under way at once; the others wait until one of these has ended."""


class Calls:
    """`requested_at` is when the client's request was whole. Attempts are counted on over all targets, and so are
    calls: `first` is the number of the first one here. `attempts` are those under way, by call, also at other
    targets."""

    def __init__(
        self,
        services: Services,
        rendering: Rendering,
        record: Record,
        listeners: Listeners,
        requested_at: float,
        attempts: dict[int, Attempt],
        first: int = 0,
    ) -> None:
        self.rendering, self.first = rendering, first
        self._services, self._record, self._listeners, self._requested_at = services, record, listeners, requested_at
        self.first_try = listeners.tries + 1
        """The number of the first attempt."""
        self._attempts = attempts
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
        self.unsent: list[tuple[float, Sequence[Tapped], int, int]] = []
        """The events of these bytes, for the listeners: when they came, of which call and attempt."""
        self._provider_id: str | None = None
        self.limits: Mapping[str, str] = {}
        """The provider's rate limits, as headers for the client."""
        self.passed: Mapping[str, str] = {}
        """The provider's headers that go on to the client."""
        self.content = False
        """There is content for the client."""

    @property
    def target(self) -> Target:
        return self.rendering.target

    @property
    def under_way(self) -> list[int]:
        """Return the calls under way here."""
        return [call for call, attempt in self._attempts.items() if attempt.calls is self]

    def first_event(self) -> tuple[float, float] | None:
        """Return when the first event came of those under way here, and after how many seconds."""
        attempts = (self._attempts[call] for call in self.under_way)
        events = ((each.first_event_at, each.sent_at) for each in attempts if each.first_event_at is not None)
        return min(((at, at - sent) for at, sent in events), default=None)

    def show_unsent(self, *, sent: bool) -> None:
        """Show the listeners the events whose bytes waited, which the client gets now (`sent`), or never does."""
        for at, events, call, attempt in self.unsent:
            self._listeners.pairs(events if sent else not_sent(events), call, attempt, at)
        self.unsent.clear()

    def claim(self) -> None:
        """Make the record that of this target."""
        target, record = self.target, self._record
        record.provider, record.provider_model = target.provider, target.model
        record.notes, record.calls, record.provider_id = [*self.rendering.notes], len(self.rendering.calls), None
        record.targets.append(f"{target.provider}/{target.model}")

    def send_more(self) -> list[Send]:
        """Send the calls that there is room for."""
        sends: list[Send] = []
        room = CONCURRENCY - (len(self.under_way) if self._sent else 0)
        while self._sent < len(self.rendering.calls) and len(sends) < room:
            sends.append(self.send(self.first + self._sent, self.first_try))
            self._sent += 1
        return sends

    def send(self, call: int, number: int) -> Send:
        """Send the attempt of that number at a call."""
        self._record.attempts += 1
        self._attempts[call] = Attempt(
            self, self._services.settings.timeouts, self._services.clock.now(), self._requested_at, number
        )
        request, listeners = self.rendering.calls[call - self.first].request, self._listeners
        listeners.tries = max(listeners.tries, number)
        listeners.keep_secret(request.secrets)
        if listeners.detailed:
            headers = (*request.headers, *((name, REDACTED) for name, _ in request.secrets))
            line = f"POST {request.url}"
            target = self.target
            asked = Asked(target.provider, target.model, target.credential.name, self.rendering.upstream.name)
            listeners.message("provider_request", line, headers, request.body, call - self.first, number, asked)
        return Send(request, number > self.first_try, call)

    def send_again(self, call: int, outcome: Outcome) -> Send:
        """Send a call once more, after its first attempt came to nothing."""
        attempt = self._attempts[call]
        self._report(call, attempt, outcome)
        return self.send(call, attempt.number + 1)

    def open(
        self,
        call: int,
        status: int,
        headers: Mapping[str, str],
        tap: Tap | None,
        before_end: Callable[[Sequence[Note]], bytes],
    ) -> None:
        """Take the head of a provider's answer."""
        attempt, rendering = self._attempts[call], self.rendering
        attempt.status, attempt.headers = status, headers
        request_id = self._listeners.without_secrets(headers.get("request-id") or headers.get("x-request-id") or "")
        self._provider_id = self._provider_id or request_id or None
        if 200 <= status < 300:
            attempt.pipe = Pipe(
                rendering.upstream.answer(rendering.calls[call - self.first].rendered.recall),
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
        limits = rendering.upstream.read_limits(headers, self._services.clock.wall())
        self.limits = self._listeners.clean(limits)

    def error(self, attempt: Attempt, call: int) -> Failure:
        """Return the failure of an answer that is no 2xx, and show the answer to the listeners."""
        self._listeners.provider(attempt, attempt.error_body(), call - self.first)
        return attempt.error(self.rendering.upstream, self._listeners.mask)

    def written(self, failure: Failure) -> bytes:
        """Render a failure in the middle of an answer."""
        return (self._joined or self.writer).fail(failure)

    def end(self, call: int, outcome: Outcome | None = None) -> None:
        """Put the results of a call that is over into the record. `outcome`: it did not come to its own end."""
        attempt = self._attempts.pop(call)
        self._report(call, attempt, outcome)
        record = self._record
        record.provider_id = record.provider_id or self._provider_id
        if (pipe := attempt.pipe) is None:
            return
        self._listeners.provider(attempt, pipe.whole_body, call - self.first)
        if self._joined is None:
            record.notes.extend(pipe.notes)
            record.usage = pipe.usage
        else:
            add_new(record.notes, pipe.notes)
            record.usage = self._joined.usage
        record.served_model = record.served_model or pipe.started.model
        record.provider_id = record.provider_id or self._listeners.without_secrets(pipe.started.id or "") or None
        if call == self.first and pipe.finished is not None:
            record.finish_reason = pipe.finished.reason
        pipe.release()

    def end_all(self, outcome: Outcome) -> None:
        """Put the results of all calls into the record; none of them comes to its own end."""
        for call in self.under_way:
            self.end(call, outcome)

    def forget(self, outcome: Outcome) -> None:
        """Drop the results of all calls; their attempts stay in the record."""
        for call in self.under_way:
            attempt = self._attempts.pop(call)
            self._report(call, attempt, outcome)
            if attempt.pipe is not None:
                self._listeners.provider(attempt, attempt.pipe.whole_body, call - self.first)
                attempt.pipe.release()

    def forget_results(self) -> None:
        """Take what these calls put into the record out of it."""
        record = self._record
        record.usage = record.first_event = record.finish_reason = record.served_model = record.provider_id = None

    def report(self, outcome: Outcome) -> None:
        """Put the reports of all calls, which have failed, into the record."""
        for call in self.under_way:
            self._report(call, self._attempts[call], outcome)

    def _report(self, call: int, attempt: Attempt, outcome: Outcome | None) -> None:
        if attempt.reported:
            return
        attempt.reported = True
        record, target, now = self._record, self.target, self._services.clock.now()
        pipe, first, connected = attempt.pipe, attempt.first_event_at, attempt.connected_at
        record.reports.append(
            AttemptReport(
                at=attempt.sent_at - self._listeners.born,
                provider=target.provider,
                model=target.model,
                credential=target.credential.name,
                status=attempt.status,
                reason=None if outcome is None else self._listeners.without_secrets(outcome.reason),
                duration=now - attempt.sent_at,
                first_event=None if first is None else first - attempt.sent_at,
                usage=None if pipe is None else pipe.usage,
                kind=None if outcome is None else outcome.kind,
                sent=attempt.waiting_for != "connect",
                call=call - self.first,
                attempt=attempt.number,
                connected=None if connected is None else connected - attempt.sent_at,
                injected=outcome is not None and outcome.injected,
            )
        )

    def _part(self, call: int) -> Writer:
        """Return the writer of one call's answer."""
        if self._joined is None:
            return self.writer
        made = self.rendering.calls[call - self.first]
        return self._joined.part(made.choice, made.rendered.choices)
