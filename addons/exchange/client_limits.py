"""The limits of a client's key: requests and tokens a minute, and requests at once. This is the policy; `Counts` has
the numbers.

A minute slides: what was counted in the minute before the present one still counts, less and less.
"""

import math
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import field
from functools import partial
from threading import Lock
from typing import Literal, Protocol

from routing.settings import ClientKey
from translators.errors import Failure
from translators.values import immutable

WINDOW = 60
"""Seconds of a window."""
BUSY_SECONDS = 1.0
"""Time after which a client with too many requests at once may try again: nobody knows when one of them ends."""
DOWN = Failure(
    503,
    "The limits of this API key cannot be checked now (limits-on-error in config.yaml). Try again in 1 second.",
    "server_error",
    None,
    "limits_unavailable",
    {"retry-after": "1"},
)


class Unavailable(Exception):
    """The counts cannot be had."""


@immutable
class Window:
    """Counts of the present window and of the one before, and for how many seconds each still counts."""

    previous: int
    previous_left: float
    current: int
    current_left: float

    @property
    def used(self) -> float:
        return self.previous * self.previous_left / WINDOW + self.current

    def remaining(self, limit: int) -> int:
        return max(0, limit - math.floor(self.used))

    def wait(self, limit: int) -> float:
        """Return the seconds until less than `limit` counts, if nothing comes meanwhile."""
        if self.used < limit:
            return 0.0
        if self.current < limit:
            return self.previous_left - (limit - self.current) * WINDOW / self.previous
        return max(self.current_left - WINDOW, 0.0) + WINDOW * (1 - limit / self.current)

    def reset(self) -> float:
        """Return the seconds until nothing counts, if nothing comes meanwhile."""
        return self.current_left if self.current else self.previous_left if self.previous else 0.0


class Counts(Protocol):
    """The counts of all keys, by the names of the keys. All but `later` may raise `Unavailable`.

    `remote`: they may take time, and must not be asked where that holds up others."""

    remote: bool

    def take_slot(self, name: str, slot: str, most: int) -> bool:
        """Count a request that begins, unless `most` are under way."""

    def free_slot(self, name: str, slot: str) -> None:
        """Count it as over."""

    def take_request(self, name: str, most: int) -> bool:
        """Count a request, unless the window has `most`."""

    def requests(self, name: str) -> Window: ...

    def add_tokens(self, name: str, tokens: int) -> None: ...

    def tokens(self, name: str) -> Window: ...

    def later(self, do: Callable[[], None]) -> None:
        """Do this soon, where it holds up nobody."""


@immutable
class Verdict:
    """Decision on a request: it may go on, or is refused. `headers` are for its answer, whichever it is."""

    refused: Failure | None = None
    headers: Mapping[str, str] = field(default_factory=dict)


class Admission:
    """One request on its way through the limits of its key. `ask` comes first, perhaps in another thread; `end` comes
    always, perhaps before `ask` is done. `slot` is an id of its own; `closed` refuses it when there are no counts."""

    def __init__(self, counts: Counts, key: ClientKey, slot: str, *, closed: bool) -> None:
        self._counts, self._key, self._slot, self._closed = counts, key, slot, closed
        self._lock = Lock()
        self._holds = self._ended = False

    def ask(self) -> Verdict:
        """Count the request, or refuse it, in which case nothing is counted."""
        try:
            return self._ask()
        except Unavailable:
            return Verdict(DOWN) if self._closed else Verdict()

    def end(self, tokens: int) -> None:
        """Count the request as over, and the tokens of its answer."""
        with self._lock:
            if self._ended:
                return
            self._ended, holds = True, self._holds
        tokens = tokens if self._key.tpm else 0
        if holds or tokens:
            self._counts.later(partial(self._settle, holds, tokens))

    def _ask(self) -> Verdict:
        key, counts, name = self._key, self._counts, self._key.name
        headers: dict[str, str] = {}
        if key.tpm:
            window = counts.tokens(name)
            headers |= _headers("tokens", key.tpm, window)
            if wait := window.wait(key.tpm):
                return Verdict(_refusal(_many(key.tpm, "token", "a minute"), "tokens", wait), headers)
        if key.max_parallel and not self._take_slot(key.max_parallel):
            return Verdict(_refusal(_many(key.max_parallel, "request", "at once"), "requests", BUSY_SECONDS), headers)
        if key.rpm:
            taken, window = counts.take_request(name, key.rpm), counts.requests(name)
            headers |= _headers("requests", key.rpm, window)
            if not taken:
                return Verdict(
                    _refusal(_many(key.rpm, "request", "a minute"), "requests", window.wait(key.rpm)), headers
                )
        return Verdict(None, headers)

    def _take_slot(self, most: int) -> bool:
        if not self._counts.take_slot(self._key.name, self._slot, most):
            return False
        with self._lock:
            self._holds = not self._ended
        if not self._holds:
            self._counts.free_slot(self._key.name, self._slot)
        return True

    def _settle(self, holds: bool, tokens: int) -> None:
        if holds:
            with suppress(Unavailable):
                self._counts.free_slot(self._key.name, self._slot)
        if tokens:
            with suppress(Unavailable):
                self._counts.add_tokens(self._key.name, tokens)


def _many(count: int, what: str, per: str) -> str:
    return f"{count} {what}{'' if count == 1 else 's'} {per}"


def _headers(kind: Literal["requests", "tokens"], limit: int, window: Window) -> dict[str, str]:
    return {
        f"x-ratelimit-limit-{kind}": str(limit),
        f"x-ratelimit-remaining-{kind}": str(window.remaining(limit)),
        f"x-ratelimit-reset-{kind}": _duration(window.reset()),
    }


def _duration(seconds: float) -> str:
    """Return a time as OpenAI writes it: `20ms`, `1s`, `1m30s`."""
    if seconds < 1:
        return f"{math.ceil(seconds * 1000)}ms" if seconds else "0s"
    minutes, rest = divmod(math.ceil(seconds), 60)
    return f"{minutes}m{rest}s" if minutes else f"{rest}s"


def _refusal(limit: str, kind: Literal["requests", "tokens"], wait: float) -> Failure:
    """Return OpenAI's 429, whose `type` is `requests` or `tokens`."""
    milliseconds = math.ceil(wait * 1000) + 1
    seconds = math.ceil(milliseconds / 1000)
    message = f"Rate limit reached for this API key: {limit}. Try again in {seconds} s."
    times = {"retry-after": str(seconds), "retry-after-ms": str(milliseconds)}
    return Failure(429, message, kind, None, "rate_limit_exceeded", times)
