"""The policy for one request: which target is asked first, and which after that one failed.

A plan takes what happened and returns what is to be done next. Times are seconds on one monotonic clock, and arguments.
"""

from routing.cooldowns import Rest
from routing.outcomes import Outcome, Verdict, suspect, too_long, verdict
from routing.router import Pool, Router
from routing.settings import Settings
from routing.targets import Key, Target
from translators.values import immutable

BACKOFF_SECONDS = 0.25
"""The wait before a second round in which no credential rests; each further one waits twice as long."""
_MOST_ROUNDS = 20


@immutable
class Ask:
    """Ask this target."""

    target: Target


@immutable
class Wait:
    """Ask `Plan.resume` again after so many seconds."""

    seconds: float


@immutable
class Stop:
    """Nobody else is to be asked. The client gets the failure of the last attempt."""


@immutable
class Resting:
    """Nobody can be asked: all credentials rest, for so many seconds yet. `reasons` are why, a few of them.
    `refused`: all of them because they were refused, so that waiting is of little use."""

    seconds: float
    reasons: tuple[str, ...]
    refused: bool


Step = Ask | Wait | Stop | Resting


class Plan:
    """Rounds over the `pool` of a `name`. `session` is what `session_of` returns, made apart from those of other
    clients; `streams`: the client wants a stream."""

    def __init__(self, router: Router, settings: Settings, name: str, pool: Pool, session: str | None = None) -> None:
        self._router, self._settings, self.name, self.pool = router, settings, name, pool
        self._session = session if settings.routing.session_affinity else None
        self.streams = False
        self._round = 0
        self._tried: set[Key] = set()
        """Targets of this round."""
        self._out: set[Key] = set()
        """Targets that are not asked again, for this request."""
        self._longer_than: int | None = None
        """The prompt was too long for a context of so many tokens."""
        self._pending: list[tuple[Target, Verdict, str]] = []
        """Failures that count against their credentials only if another target does better."""
        self.rests: list[Rest] = []
        """What failures of this request have led to."""

    # --- what happened, what next ---

    def first(self, now: float) -> Step:
        target = self._choose(now)
        if target is not None:
            return self._ask(target)
        return self._resting(now) if self.pool else Stop()

    def failed(self, target: Target, outcome: Outcome, now: float) -> Step:
        """Take it that an attempt gave the client nothing."""
        decision = verdict(outcome, target.credential.request_scoped_errors)
        if too_long(outcome) and self._settings.context_fallback:
            self._longer_than = max(self._longer_than or 0, target.context_length or 0)
            self._out.add(target.key)
            return self._next(now)
        self._count(target, decision, outcome, now)
        if not decision.elsewhere:
            return Stop()
        if not decision.again:
            self._out.add(target.key)
        return self._next(now)

    def resume(self, now: float) -> Step:
        """Go on after a `Wait`."""
        return self._next(now)

    def hedge(self, now: float) -> Target | None:
        """Return a target to be asked beside the one that has been silent for so long; None: there is no other."""
        target = self._choose(now)
        if target is not None:
            self._ask(target)
        return target

    def preferred(self, target: Target) -> Target | None:
        """Return a target of a higher priority, in whose place `target` is asked; None: there is none."""
        best = max(self.pool, key=lambda each: each.credential.priority)
        return best if best.credential.priority > target.credential.priority else None

    def rest(self, now: float) -> Resting | None:
        """Return how long the next target rests that does; None: none does."""
        step = self._resting(now)
        return step if isinstance(step, Resting) else None

    def note(self, target: Target, outcome: Outcome, now: float) -> None:
        """Take it that an attempt failed beside another one, which goes on."""
        decision = verdict(outcome, target.credential.request_scoped_errors)
        self._out.add(target.key)
        self._count(target, decision, outcome, now)

    def answered(self, target: Target, now: float, first_event: float | None) -> None:
        """Take it that a target has content for the client. `first_event`: the seconds that it took."""
        for failed, decision, reason in self._pending:
            self._rest(failed, decision, reason, now)
        self._pending.clear()
        if self._session is not None:
            self._router.bind(self._session, target, self._settings.routing.session_affinity_ttl, now)
        if first_event is not None and self._settings.routing.strategy == "fastest":
            self._router.turns.measured(target, first_event, now)

    def completed(self, target: Target) -> None:
        """Take it that a target's answer is complete."""
        self._router.completed(target)

    def broke(self, target: Target, outcome: Outcome, now: float) -> None:
        """Take it that a target's answer broke off after the client had content."""
        decision = verdict(outcome, target.credential.request_scoped_errors)
        if not outcome.injected and self._may_rest(target, decision):
            self._rest(target, decision, outcome.reason, now)

    @property
    def has_more(self) -> bool:
        """Return whether a failure now might lead to another attempt."""
        return len(self.pool) - len(self._out | self._tried) > 0 or self._rounds() > self._round

    # --- rounds ---

    def _choose(self, now: float) -> Target | None:
        strategy = self._settings.routing.strategy
        return self._router.choose(strategy, self.name, self.pool, self._admits, self._session, now)

    def _admits(self, target: Target) -> bool:
        """Return whether a target may be asked in this round, if its credential does not rest."""
        place = target.key
        if place in self._tried or place in self._out or self._retries(target) < self._round:
            return False
        most = self._settings.max_retry_credentials
        if most and len(self._tried) >= most:
            return False
        return self._longer_than is None or (target.context_length or 0) > self._longer_than

    def _ask(self, target: Target) -> Ask:
        self._tried.add(target.key)
        return Ask(target)

    def _next(self, now: float) -> Step:
        target = self._choose(now)
        if target is not None:
            return self._ask(target)
        if self._round >= self._rounds():
            return Stop()
        self._round += 1
        self._tried.clear()
        admitted = [target for target in self.pool if self._admits(target)]
        if not admitted:
            return Stop()
        most = self._settings.max_retry_interval
        wait = min(until for until, _ in self._router.until(admitted, now)) - now
        if wait <= 0:
            backoff = min(BACKOFF_SECONDS * 2.0 ** (self._round - 1), max(most, 0))
            return Wait(backoff) if backoff > 0 else self._next(now)
        return Wait(wait) if wait <= most else Stop()

    def _rounds(self) -> int:
        """Return the number of the last round."""
        return max((self._retries(target) for target in self.pool), default=0)

    def _retries(self, target: Target) -> int:
        own = target.credential.request_retry
        retries = self._settings.request_retry if own is None or own < 0 else own
        more = self._settings.streaming.bootstrap_retries if self.streams else 0
        return min(max(retries, 0) + more, _MOST_ROUNDS)

    # --- cooldowns ---

    def _count(self, target: Target, decision: Verdict, outcome: Outcome, now: float) -> None:
        """Let a failure count against a credential, at once or once another target has done better."""
        if outcome.injected or not self._may_rest(target, decision):
            return
        if suspect(outcome) and decision.cooling == "counted":
            self._pending.append((target, decision, outcome.reason))
        else:
            self._rest(target, decision, outcome.reason, now)

    def _may_rest(self, target: Target, decision: Verdict) -> bool:
        """Return whether failures count. Where there is no other target, only the provider's own word does: clients
        would have nobody else to go to."""
        own = target.credential.disable_cooling
        if self._settings.disable_cooling if own is None else own:
            return False
        return len(self.pool) > 1 or decision.seconds is not None

    def _rest(self, target: Target, decision: Verdict, reason: str, now: float) -> None:
        seconds = self._settings.transient_error_cooldown_seconds
        rest = self._router.failed(target, decision, reason, seconds, now)
        if rest is not None:
            self.rests.append(rest)

    def _resting(self, now: float) -> Step:
        rests = [(until, reason) for until, reason in self._router.until(self.pool, now) if until > now]
        if not rests:
            return Stop()
        reasons = tuple(dict.fromkeys(reason for _, reason in rests))
        refused = all(reason[:3] in ("401", "402", "403") for reason in reasons)
        return Resting(min(until for until, _ in rests) - now, reasons, refused)
