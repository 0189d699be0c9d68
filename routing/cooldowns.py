"""The rest that a credential gets for a model after failures. Times are seconds on one monotonic clock."""

from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass

from routing.outcomes import Verdict
from routing.targets import Key, Target
from translators.values import immutable

THRESHOLD = 3
"""The failures in a row after which a credential rests, where the first one does not do."""
REFUSED_SECONDS = 60.0
"""The first rest after a refusal of the credential itself."""
TRANSIENT_SECONDS = 60.0
"""The first rest after errors that pass, unless configuration says otherwise."""
LONGEST_SECONDS = 1800.0
"""Each rest is twice as long as the one before, up to this. What a provider says itself may be longer."""
MOST = 20_000
"""Credentials and models whose failures are remembered: clients may think up names of models."""


@immutable
class Cooldown:
    """A credential that rests for a model `until` a time."""

    provider: str
    model: str
    credential: str
    until: float
    reason: str


@immutable
class Rest:
    """A rest of so many `seconds` that a failure has led to."""

    provider: str
    model: str
    credential: str
    seconds: float


@dataclass(slots=True)
class _Failures:
    """Failures in a row."""

    count: int = 0
    rests: int = 0
    cooldown: Cooldown | None = None


class Cooldowns:
    """Failures by credential and model. An answer ends what there was."""

    def __init__(self) -> None:
        self._failures: OrderedDict[Key, _Failures] = OrderedDict()

    def __bool__(self) -> bool:
        """Return whether there are failures at all."""
        return bool(self._failures)

    def until(self, target: Target, now: float) -> float | None:
        """Return when a target's rest ends; None: it does not rest."""
        failures = self._failures.get(target.key)
        if failures is None or failures.cooldown is None or failures.cooldown.until <= now:
            return None
        return failures.cooldown.until

    def reason(self, target: Target) -> str:
        """Return why a target rests."""
        failures = self._failures.get(target.key)
        return failures.cooldown.reason if failures is not None and failures.cooldown is not None else ""

    def completed(self, target: Target) -> None:
        """Forget a target's failures."""
        self._failures.pop(target.key, None)

    def failed(
        self, target: Target, verdict: Verdict, reason: str, transient_seconds: float, now: float
    ) -> Rest | None:
        """Count a failure, and return the target's rest from now, if there is one. `transient_seconds`: the first rest
        for errors that pass, below 0 for none."""
        if verdict.cooling == "never":
            return None
        failures = self._failures.setdefault(target.key, _Failures())
        self._failures.move_to_end(target.key)
        while len(self._failures) > MOST:
            self._failures.popitem(last=False)
        failures.count += 1
        seconds = self._seconds(failures, verdict, transient_seconds)
        if seconds is None:
            return None
        failures.rests += 1
        credential = target.credential
        failures.cooldown = Cooldown(target.provider, target.model, credential.name, now + seconds, reason)
        return Rest(target.provider, target.model, credential.name, seconds)

    @staticmethod
    def _seconds(failures: _Failures, verdict: Verdict, transient_seconds: float) -> float | None:
        """Return how long a target rests after one more failure; None: not at all."""
        if verdict.seconds is not None:
            return verdict.seconds
        if verdict.cooling == "now":
            first = REFUSED_SECONDS
        elif failures.count < THRESHOLD or transient_seconds < 0:
            return None
        else:
            first = transient_seconds or TRANSIENT_SECONDS
        return max(first, min(first * 2.0 ** min(failures.rests, 16), LONGEST_SECONDS))

    def active(self, now: float) -> tuple[Cooldown, ...]:
        """Return the rests that go on, the one that ends first in front."""
        cooldowns = (each.cooldown for each in self._failures.values())
        active = [each for each in cooldowns if each is not None and each.until > now]
        return tuple(sorted(active, key=lambda each: each.until))

    def keep(self, identities: Iterable[str]) -> None:
        """Forget the credentials that are not among these."""
        kept = set(identities)
        for each in [each for each in self._failures if each[0] not in kept]:
            del self._failures[each]
