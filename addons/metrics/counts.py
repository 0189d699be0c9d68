"""Counts of what the gateway did, kept in plain numbers: what an exchange costs here is paid on its way.

Each count has a set of labels. A label is the operator's own word (a provider, a model as it is listed, the name of a
key or a credential) or one of a closed set; a name that only a client knows counts as `other`. There are at most `MOST`
sets of each kind; what comes after them counts as `other` too.
"""

from collections.abc import Callable, Sequence
from typing import Protocol

from addons.exchange import http_api
from addons.exchange.observers import AttemptReport, Pair, PhaseMessage, Record
from addons.exchange.services import Clock
from addons.metrics.attempt_classes import outcome
from addons.metrics.histogram import Histogram
from addons.metrics.recent import Recent
from translators.events import Usage

OTHER = "other"
MOST = 2000
TOKENS = ("input", "output", "cache_read", "cache_write", "reasoning")
"""The kinds of tokens. `input` counts cached ones too, `output` counts reasoning."""
DURATIONS = (0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 20.0, 40.0, 80.0, 160.0, 320.0, 640.0)
FIRST_EVENTS = (0.05, 0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 6.4, 12.8, 25.6, 51.2, 102.4)
OWN = (0.0005, 0.001, 0.002, 0.004, 0.008, 0.016, 0.032, 0.064, 0.128, 0.256, 0.512, 1.024)

Requests = tuple[str, str, str, str, str, str, bool]
"""Route, model, provider, name of the client's key, class of the status, end, whether it is streamed."""
Times = tuple[str, str, bool]
"""Provider, model, whether it is streamed."""
Spent = tuple[str, str, str]
"""Provider, model, name of the client's key."""
Tried = tuple[str, str, str]
"""Provider, the provider's name of the model, name of the credential."""


class Names(Protocol):
    """The operator's own names of models; those of a catalogue."""

    def listed(self, model: str) -> str | None:
        """Return the listed name that a client's `model` is."""

    def knows(self, provider: str, model: str) -> bool:
        """Return whether a `model` of a provider's stands behind a listed name."""


class Bounded[Labels, Value](dict[Labels, Value]):
    """Values by their labels, made when they are needed. Once there are `MOST`, `shortened` says where others go."""

    def __init__(self, new: Callable[[], Value], shortened: Callable[[Labels], Labels]) -> None:
        super().__init__()
        self._new, self._shortened = new, shortened

    def __missing__(self, labels: Labels) -> Value:
        if len(self) >= MOST and (short := self._shortened(labels)) != labels:
            return self[short]
        made = self[labels] = self._new()
        return made


class Tries:
    """The attempts at one provider's model with one credential. `errors` are by class; `last_error` is the class and
    the time of the last one, in seconds since 1970. `names` are those that clients asked it by, of the listed ones."""

    __slots__ = ("durations", "errors", "first_events", "last_error", "names", "ok", "tokens")

    def __init__(self) -> None:
        self.ok = 0
        self.errors: dict[str, int] = {}
        self.durations, self.first_events = Recent(), Recent()
        self.tokens = [0] * len(TOKENS)
        self.last_error: tuple[str, float] | None = None
        self.names: set[str] = set()


class Timed:
    __slots__ = ("duration", "first_event")

    def __init__(self) -> None:
        self.duration, self.first_event = Histogram(DURATIONS), Histogram(FIRST_EVENTS)


class Counts:
    """A watcher of all exchanges. `names` returns those of the present configuration."""

    detailed = False

    def __init__(self, clock: Clock, names: Callable[[], Names]) -> None:
        self._now, self._names = clock.now, names
        self.requests: Bounded[Requests, list[int]] = Bounded(
            lambda: [0], lambda labels: (labels[0], OTHER, OTHER, OTHER, *labels[4:])
        )
        self.timed: Bounded[Times, Timed] = Bounded(Timed, lambda labels: (OTHER, OTHER, labels[2]))
        self.tokens: Bounded[Spent, list[int]] = Bounded(lambda: [0] * len(TOKENS), lambda _: (OTHER,) * 3)
        self.tries: Bounded[Tried, Tries] = Bounded(Tries, lambda _: (OTHER,) * 3)
        self.own = Histogram(OWN)

    def message(self, record: Record, message: PhaseMessage) -> None: ...

    def pairs(self, record: Record, pairs: Sequence[Pair]) -> None: ...

    def ended(self, record: Record) -> None:
        model = "" if record.model is None else self._names().listed(record.model) or OTHER
        provider, key = record.provider or "", record.key_name or ""
        route = http_api.ROUTES.get(record.path, (OTHER,))[0]
        self.requests[route, model, provider, key, _status(record.status), record.end, record.stream][0] += 1
        if record.attempts and not record.injected:
            timed = self.timed[provider, model, record.stream]
            timed.duration.add(record.duration)
            if record.first_event is not None:
                timed.first_event.add(record.first_event)
            self.own.add(record.own)
        if record.usage is not None:
            _add(self.tokens[provider, model, key], record.usage)
        for report in record.reports:
            self._tried(report, model, record.started)

    def tried(self, provider: str, model: str, credential: str) -> Tried:
        """Return the labels of an attempt."""
        return provider, model if self._names().knows(provider, model) else OTHER, credential

    def _tried(self, report: AttemptReport, model: str, started: float) -> None:
        """Count an attempt for who asked for `model`; of one that failed by an injected fault only the tokens, which
        are billed."""
        tries = self.tries[self.tried(report.provider, report.model, report.credential)]
        if report.usage is not None:
            _add(tries.tokens, report.usage)
        if report.injected:
            return
        now = self._now()
        if model != OTHER:
            tries.names.add(model)
        if (kind := outcome(report)) == "ok":
            tries.ok += 1
            tries.durations.add(now, report.duration)
        else:
            tries.errors[kind] = tries.errors.get(kind, 0) + 1
            tries.last_error = kind, started + report.at + report.duration
        if report.first_event is not None:
            tries.first_events.add(now, report.first_event)


def _status(status: int) -> str:
    return f"{status // 100}xx" if 100 <= status < 600 else "none"


def _add(tokens: list[int], usage: Usage) -> None:
    tokens[0] += usage.input
    tokens[1] += usage.output
    tokens[2] += usage.cache_read or 0
    tokens[3] += usage.cache_write or 0
    tokens[4] += usage.reasoning or 0
