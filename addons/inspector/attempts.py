"""The attempts of an exchange that runs: their messages, how they ended, and how long their credentials rest since."""

from collections.abc import Iterable

from addons.exchange.observers import AttemptReport, PhaseMessage
from addons.inspector.recording import Attempt, Phase, answering
from routing.cooldowns import Rest

MOST_ATTEMPTS = 64


class Attempts:
    """The first of them, as far as they have come. It has no lock of its own."""

    __slots__ = ("_made",)

    def __init__(self, made: Iterable[Attempt] = ()) -> None:
        self._made = list(made)

    @property
    def all(self) -> tuple[Attempt, ...]:
        return tuple(self._made)

    @property
    def answering(self) -> Attempt | None:
        """Return the attempt that answered; else the last one."""
        return answering(self._made)

    def asked(self, message: PhaseMessage, request: Phase) -> None:
        """Begin an attempt."""
        if len(self._made) >= MOST_ATTEMPTS:
            return
        attempt = Attempt(message.attempt, message.call, request.at, request)
        if (asked := message.asked) is not None:
            attempt.provider, attempt.model = asked.provider, asked.model
            attempt.credential, attempt.dialect = asked.credential, asked.dialect
        self._made.append(attempt)

    def answered(self, message: PhaseMessage, response: Phase) -> None:
        attempt = self._find(message.attempt, message.call)
        if attempt is not None:
            attempt.response = response
            attempt.status = int(message.line) if message.line.isdecimal() else 0

    def ended(self, report: AttemptReport, reason: str | None) -> None:
        """Take the report of an attempt that is over, once. `reason` is the report's, redacted."""
        attempt = self._find(report.attempt, report.call)
        if attempt is None or attempt.duration is not None:
            return
        attempt.duration, attempt.status = report.duration * 1000, report.status
        attempt.reason, attempt.kind, attempt.injected = reason, report.kind, report.injected
        attempt.first_event, attempt.connect = ms(report.first_event), ms(report.connected)

    def rests(self, rest: Rest) -> None:
        """Give a rest to the last attempt at its target."""
        asked = (rest.provider, rest.model, rest.credential)
        for attempt in reversed(self._made):
            if (attempt.provider, attempt.model, attempt.credential) == asked:
                attempt.rest = rest.seconds * 1000
                return

    def _find(self, number: int, call: int) -> Attempt | None:
        """Return the last attempt of that number at a call."""
        return next((each for each in reversed(self._made) if (each.n, each.call) == (number, call)), None)


def ms(seconds: float | None) -> float | None:
    return None if seconds is None else seconds * 1000
