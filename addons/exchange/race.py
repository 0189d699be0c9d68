"""The targets that are asked for one request at the same time: one, or two where the first was silent for too long.

The first with content for the client wins. Until then any of them may be replaced.
"""

from collections.abc import Sequence

from addons.exchange.actions import Action, Drop, Send
from addons.exchange.attempt import Attempt
from addons.exchange.calls import Calls
from addons.exchange.listeners import Listeners
from addons.exchange.observers import Record
from addons.exchange.request import Rendering
from addons.exchange.response import Response
from addons.exchange.services import Services
from routing.outcomes import Outcome
from routing.plan import Plan
from translators.notes import Note

OVERTAKEN = Outcome("overtaken", code="another target answered first")


class Race:
    """The calls at each target that is asked at present, and the client's answer, which comes from one of them."""

    def __init__(self, services: Services, record: Record, listeners: Listeners, response: Response) -> None:
        self._services, self._record, self._listeners, self._response = services, record, listeners, response
        self._now = services.clock.now
        self.requested_at = self._now()
        self.plan: Plan | None = None
        self._next_call = 0
        self.running: list[Calls] = []
        """The calls at the present target, and at a second one."""
        self.attempts: dict[int, Attempt] = {}
        """Attempts under way, by call."""

    def begin(self, rendering: Rendering, requested_at: float, plan: Plan) -> list[Send]:
        """Send a request to its target, perhaps beside another one. `requested_at`: when the client's request was
        whole. `plan` knows whether another target may be asked instead."""
        self.requested_at, self.plan = requested_at, plan
        first, self._next_call = self._next_call, self._next_call + len(rendering.calls)
        calls = Calls(self._services, rendering, self._record, self._listeners, requested_at, self.attempts, first)
        self.running.append(calls)
        self._services.router.turns.begun(rendering.target)
        if len(self.running) == 1:
            self._claim(calls)
        return calls.send_more()

    @property
    def first(self) -> Calls | None:
        """Return the calls at the present target."""
        return self.running[0] if self.running else None

    @property
    def several(self) -> bool:
        return len(self.running) > 1

    @property
    def replaceable(self) -> bool:
        """Return whether another target may answer instead."""
        return not self._response.committed and self.plan is not None and (self.several or self.plan.has_more)

    @property
    def silent_since(self) -> float | None:
        """Return since when the only target has been asked and has sent no event; None: it has, or there are two."""
        if len(self.running) != 1 or not self.attempts or self._response.committed:
            return None
        attempts = self.attempts.values()
        if any(attempt.first_event_at is not None for attempt in attempts):
            return None
        return min(attempt.sent_at for attempt in attempts)

    def won(self, calls: Calls) -> list[Drop]:
        """Take the first content of an answer: what was asked beside it is dropped."""
        calls.content = True
        first = calls.first_event()
        if first is not None:
            self._record.first_event = first[0] - self.requested_at
        if self.plan is not None:
            self.plan.answered(calls.target, self._now(), None if first is None else first[1])
        drops: list[Drop] = []
        for other in [other for other in self.running if other is not calls]:
            drops.append(Drop(tuple(other.under_way)))
            self.remove(other, OVERTAKEN)
        return drops

    def send(self, calls: Calls, out: bytes, notes: Sequence[Note] = ()) -> list[Action]:
        """Send bytes of a stream, after those that waited."""
        actions = self._response.send(calls.held + out, notes)
        calls.held = b""
        calls.show_unsent(sent=self._response.injection is None)
        return actions

    def remove_failed(self, outcome: Outcome) -> None:
        """Forget the calls at the present target, which have failed: another one is asked."""
        calls = self.running[0]
        self.remove(calls, outcome)
        calls.forget_results()
        self._response.limits, self._response.passed = {}, {}

    def remove(self, calls: Calls, outcome: Outcome) -> None:
        """Forget the calls at one target, whatever came of them."""
        calls.forget(outcome)
        calls.show_unsent(sent=False)
        self._response.replaced()
        self._services.router.turns.ended(calls.target)
        was_first = self.running[0] is calls
        self.running.remove(calls)
        if was_first and self.running:
            self._claim(self.running[0])

    def _claim(self, calls: Calls) -> None:
        """Make calls those that the client's answer comes from, as far as is known."""
        calls.claim()
        self.take_headers(calls)
        self._response.target = calls.target

    def take_headers(self, calls: Calls) -> None:
        """Let the client's answer have the provider's headers, if it comes from these calls."""
        if calls is self.running[0]:
            self._response.limits, self._response.passed = calls.limits, calls.passed

    def complete(self, calls: Calls) -> None:
        """End with the last call of an answer."""
        if self.plan is not None:
            self.plan.completed(calls.target)
        self._services.router.turns.ended(calls.target)
        self.running.clear()

    def end_all(self, outcome: Outcome) -> None:
        """Put the results of all calls into the record; none of them comes to its own end."""
        for calls in self.running[1:]:
            calls.forget(outcome)
            self._services.router.turns.ended(calls.target)
        if self.running:
            self.running[0].end_all(outcome)
            self._services.router.turns.ended(self.running[0].target)
        self.running.clear()
