"""Reports of an exchange for its watchers: the seam between the gateway and everything that watches it.

An exchange has four phases (`client_request`, `provider_request`, `provider_response`, `client_response`); a stream
adds a `Pair` for each provider event with the client bytes that it became. A watcher is called synchronously on
the path of the answer and must be quick. Secrets are taken out before a watcher sees anything; prompts are not,
so a watcher that keeps messages keeps prompts. An exchange without watchers builds none of these values.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import repeat
from typing import Literal, NamedTuple, Protocol, overload

from routing.cooldowns import Rest
from routing.outcomes import Kind
from routing.prices import Cost, Tokens
from translators.events import Usage
from translators.notes import Note
from translators.values import immutable

Phase = Literal["client_request", "provider_request", "provider_response", "client_response"]

End = Literal["complete", "refused", "failed", "cancelled"]
"""`complete`: the client has its whole answer. `refused`: it got an error before a request was sent. `failed`: the
provider or the gateway failed, and the client got an error. `cancelled`: the client disconnected first."""


@immutable
class AttemptReport:
    """One attempt at one target, once it is over. Times are seconds; `at` counts from the exchange's start.

    `kind` and `reason` are why it failed or was dropped, the reason in a few words of ours (`429 rate_limit_exceeded`,
    `connect: it was refused`); both are None where it answered. `status` is the provider's, 0 where there was none,
    `usage` what the provider reported. `sent`: the request has left. `injected`: its failure was, and is none of the
    provider's.
    """

    at: float
    provider: str
    model: str
    credential: str
    status: int
    reason: str | None
    duration: float
    first_event: float | None = None
    usage: Usage | None = None
    kind: Kind | None = None
    sent: bool = False
    injected: bool = False
    call: int = 0
    attempt: int = 0
    """Its call and its number, as its messages and pairs have them."""
    connected: float | None = None
    """From its start to the connection; None: there was none."""


@immutable
class Asked:
    """The target of a request. `credential` and `dialect` are names."""

    provider: str
    model: str
    credential: str
    dialect: str


@immutable
class Charge:
    """The tokens that one target is to be paid for. `tokens` None: nobody knows how many. `cost` None: nobody knows how
    much; see also `Cost.whole`. `dropped`: it is of an attempt that did not become the answer."""

    provider: str | None
    model: str | None
    credential: str | None
    tokens: Tokens | None
    cost: Cost | None
    dropped: bool = False


class Trace(Protocol):
    """A span that has begun. `headers` tell those who are asked of it (W3C Trace Context)."""

    @property
    def headers(self) -> Mapping[str, str]: ...


@dataclass(slots=True)
class Record:
    """One exchange as a line in a log has it. Times are seconds; counts that are not known are None."""

    id: str
    started: float
    """Seconds since 1970."""
    method: str
    path: str
    """Without its query."""
    key_name: str | None = None
    debug: bool = False
    """Its key is one with `debug`: headers of the answer may say more of the gateway's work."""
    model: str | None = None
    """The name in the client's request."""
    provider: str | None = None
    provider_model: str | None = None
    targets: list[str] = field(default_factory=list)
    """`provider/model` of all targets, in the order of the requests; the last is `provider` and `provider_model`."""
    served_model: str | None = None
    """As the provider named it in its answer."""
    provider_id: str | None = None
    """The provider's own id of the request or the answer."""
    stream: bool = False
    status: int = 0
    end: End = "complete"
    error: str | None = None
    """The `code` or `type` of the client's error."""
    message: str | None = None
    """The error's message: for who looks at the exchange, not for a log."""
    param: str | None = None
    """The field that the error is about."""
    cause: str | None = None
    """The one who ended a broken exchange and why, in a few words of ours: `provider closed the connection`."""
    finish_reason: str | None = None
    calls: int = 1
    """The number of calls to the provider that the request became."""
    attempts: int = 0
    """The number of attempts at all calls together."""
    reports: list[AttemptReport] = field(default_factory=list)
    """The attempts that are over, in the order of their ends."""
    rests: Sequence[Rest] = ()
    """The rests that their failures have led to."""
    usage: Usage | None = None
    charges: tuple[Charge, ...] = ()
    """What was billed for it, as far as that is known; there once the exchange is over."""
    notes: list[Note] = field(default_factory=list)
    first_event: float | None = None
    """From the request's last byte to the provider's first event."""
    duration: float = 0.0
    own: float = 0.0
    """Time spent in the gateway's own code."""
    trace: Trace | None = None
    """Its span, where there are any."""
    injected: list[str] = field(default_factory=list)
    """The faults that are injected into it, as `routing.faults` writes them."""
    shown_as: str | None = None
    """Its id in the inspector, where an exchange of the same id is there already."""

    @property
    def failed_attempts(self) -> list[AttemptReport]:
        """Return the attempts that are over and did not answer."""
        return [report for report in self.reports if report.reason is not None]


class PhaseMessage(NamedTuple):
    """One phase: `line` is `POST /v1/messages` or `200`, `headers` are redacted, `body` is decoded text or JSON.

    `body` of a streamed answer is None: its content is in the pairs. `at` counts from the exchange's start, `call`
    the calls to the provider from 0 and `attempt` the tries of each from 1. `asked` is there with a provider's request.
    """

    phase: Phase
    at: float
    attempt: int
    line: str
    headers: tuple[tuple[str, str], ...]
    body: bytes | None
    call: int = 0
    asked: Asked | None = None


class Pair(NamedTuple):
    """A provider event and the client bytes that it became, which may be none. `provider` is the payload without
    its framing, `name` the event's name where the framing has one; both are empty where the gateway itself spoke
    (a keep-alive, an error). `call` is the one that was answered so, counted from 0, and `attempt` the try of it, as
    messages have them; `attempt` is 0 where it is nobody's.
    `injected`: the client's bytes are not what the provider's events became, by an injected fault. An exchange with a
    fault has the client's bytes in pairs of their own, without a provider's event, when they were sent."""

    at: float
    name: str
    provider: bytes
    client: bytes
    notes: tuple[Note, ...] = ()
    call: int = 0
    attempt: int = 0
    injected: bool = False


SMALL = 1024
"""Bytes of an event of a few words, at most."""


class Pairs(Sequence[Pair]):
    """The events of one read. What differs is kept column by column: a `Pair` is made for who looks at one, which costs
    most streams nothing."""

    __slots__ = ("at", "clients", "names", "notes", "providers", "shared")

    def __init__(
        self,
        at: float,
        names: tuple[str, ...],
        providers: tuple[bytes, ...],
        clients: tuple[bytes, ...],
        notes: tuple[tuple[Note, ...], ...],
        call: int = 0,
        attempt: int = 0,
        injected: bool = False,
    ) -> None:
        self.at, self.names, self.providers, self.clients, self.notes = at, names, providers, clients, notes
        self.shared = call, attempt, injected

    @property
    def is_small(self) -> bool:
        """Return whether it is an event by itself, of a few words."""
        return len(self.names) == 1 and len(self.providers[0]) + len(self.clients[0]) < SMALL

    def __len__(self) -> int:
        return len(self.names)

    def __iter__(self) -> Iterator[Pair]:
        columns = repeat(self.at), self.names, self.providers, self.clients, self.notes, *map(repeat, self.shared)
        return map(Pair._make, zip(*columns, strict=False))

    @overload
    def __getitem__(self, index: int) -> Pair: ...
    @overload
    def __getitem__(self, index: slice) -> list[Pair]: ...
    def __getitem__(self, index: int | slice) -> Pair | list[Pair]:
        if isinstance(index, slice):
            return [*self][index]
        i = index
        return Pair(self.at, self.names[i], self.providers[i], self.clients[i], self.notes[i], *self.shared)


class Watcher(Protocol):
    """Listens to one exchange, or to all of them. `detailed` asks for messages and pairs besides the end."""

    detailed: bool

    def message(self, record: Record, message: PhaseMessage) -> None: ...

    def pairs(self, record: Record, pairs: Sequence[Pair]) -> None:
        """Take the pairs of one read: they have the same time, call and attempt."""

    def ended(self, record: Record) -> None: ...
