"""The meaning of a provider's failure for the choice of what is asked next, and for the rest of its credential.

What is the client's own mistake goes to the client at once. Anything else may be answered by another target.
"""

import re
from collections.abc import Iterable, Mapping
from email.utils import parsedate_to_datetime
from typing import Literal

from routing.providers.entry import ScopedError
from translators.values import immutable

Kind = Literal[
    "connect",
    "timeout",
    "cut",
    "unreadable",
    "status",
    "stream",
    "empty",
    "refused",
    "credentials",
    "overtaken",
    "ended",
]
"""`connect`: no connection. `timeout`: nothing came in time. `cut`: the connection broke. `unreadable`: the answer is
none. `status`: an answer that is no 2xx. `stream`: an error in an answer that is one. `empty`: a complete answer
without content. `refused`: the request cannot be rendered for this target. `credentials`: they could not be had.
`overtaken`: another target had content first. `ended`: its client left, or the gateway ended it."""

Cooling = Literal["never", "now", "counted"]
"""When a credential rests for a model after a failure: `now` at once, `counted` after several in a row."""

_MOST_SECONDS = 24 * 3600.0
"""No provider's word makes a credential rest longer."""
_SEARCHED = 8192
"""Characters of an error that the operator's expressions are searched in."""
_WORD = re.compile(r"[A-Za-z][A-Za-z0-9_.-]{0,63}")
_UNIT = re.compile(r"([0-9]{1,9}(?:\.[0-9]{1,9})?)(ms|[smhd])")
_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}


@immutable
class Outcome:
    """An attempt that gave the client nothing. `status` is the provider's, or that of the error inside a stream; `text`
    its body or its message; `code` the client's word for the failure; `retry_after` seconds. `injected`: the failure is
    none of the provider's, and does not count against it."""

    kind: Kind
    status: int = 0
    code: str = ""
    text: str = ""
    retry_after: float | None = None
    injected: bool = False

    @property
    def reason(self) -> str:
        """Return a few words for logs and headers: `429 rate_limit_exceeded`, `connect`."""
        return f"injected: {self._reason()}" if self.injected else self._reason()

    def _reason(self) -> str:
        match self.kind:
            case "status" | "stream":
                # The code may be the provider's, and be a sentence on the request; others read why a key rests.
                code = f" {self.code}" if _WORD.fullmatch(self.code) else ""
                return f"{self.status}{code}" if self.kind == "status" else f"{self.status}{code} in the stream"
            case "overtaken" | "ended":
                return self.code
        kind = "cannot carry the request" if self.kind == "refused" else self.kind
        return f"{kind}: {self.code}" if self.code else kind


@immutable
class Verdict:
    """`elsewhere`: another target may be asked now. `again`: this one may be asked in a further round. `seconds` is how
    long the provider wants to be left alone, where it says so."""

    elsewhere: bool
    again: bool
    cooling: Cooling
    seconds: float | None = None


STOP = Verdict(False, False, "never")
_ELSEWHERE = Verdict(True, False, "never")
_AGAIN = Verdict(True, True, "counted")
_ONCE_MORE = Verdict(True, True, "never")

_STATUSES: Mapping[int, Verdict] = {
    401: Verdict(True, False, "now"),
    402: Verdict(True, False, "now"),
    403: Verdict(True, True, "now"),
    404: Verdict(True, False, "counted"),
    408: _AGAIN,
    409: _ONCE_MORE,
    425: _ONCE_MORE,
    429: _AGAIN,
}
"""By the provider's status. Others below 500 are the client's own mistake; from 500 on all are `_AGAIN`."""

_OF_OTHERS = frozenset(("invalid_encrypted_content",))
"""Codes of what only the account reads that wrote it: the one that did may be in the pool."""

_TRANSIENT = frozenset((500, 501, 502, 505))
"""Errors that a single request may cause wherever it goes."""


def verdict(outcome: Outcome, scoped: Iterable[ScopedError] = ()) -> Verdict:
    """Return what a failure means. `scoped` are the rules of the entry, of which the first that matches decides."""
    usual = _usual(outcome)
    for rule in scoped:
        if _matches(rule, outcome):
            elsewhere = rule.action.startswith("continue")
            cooling: Cooling = "now" if rule.action.endswith("cooldown") else "never"
            return Verdict(elsewhere, elsewhere and usual.again, cooling, usual.seconds)
    return usual


def suspect(outcome: Outcome) -> bool:
    """Return whether a failure may be the request's own fault, so that it counts only if another target does better."""
    return outcome.kind in ("cut", "unreadable") or (
        outcome.kind in ("stream", "status") and outcome.status in _TRANSIENT
    )


def too_long(outcome: Outcome) -> bool:
    """Return whether the prompt does not fit into the model."""
    return outcome.code == "context_length_exceeded"


def _usual(outcome: Outcome) -> Verdict:
    match outcome.kind:
        case "connect" | "timeout" | "cut" | "unreadable" | "credentials":
            return _AGAIN
        case "empty":
            return _ONCE_MORE
        case "refused":
            return _ELSEWHERE
    if too_long(outcome):
        return STOP
    if outcome.code in _OF_OTHERS:
        return _ELSEWHERE
    if outcome.code == "upstream_authentication_error" and outcome.status not in _STATUSES:
        return _STATUSES[401]
    by_status = _STATUSES.get(outcome.status, STOP) if outcome.status < 500 else _AGAIN
    if outcome.retry_after is None or not by_status.again:
        return by_status
    return Verdict(True, True, "now", min(outcome.retry_after, _MOST_SECONDS))


def _matches(rule: ScopedError, outcome: Outcome) -> bool:
    if rule.status != outcome.status:
        return False
    text = outcome.text[:_SEARCHED]
    if any(part in text for part in rule.match):
        return True
    return any(pattern.found_in(text) for pattern in rule.match_regexr)


def wait(headers: Mapping[str, str], limits: Mapping[str, str], wall: float) -> float | None:
    """Return the seconds after which a provider wants to be asked again: `headers` are those of the failure
    (`retry-after`, `retry-after-ms`), `limits` OpenAI's `x-ratelimit-*` for the provider's own, whose reset counts
    where nothing remains. `wall` is the time, in seconds since 1970, for a date in `retry-after`. None: it does not
    say."""
    if (milliseconds := _number(headers.get("retry-after-ms"))) is not None:
        return milliseconds / 1000
    retry_after = headers.get("retry-after")
    if (seconds := _number(retry_after)) is not None:
        return seconds
    if retry_after is not None and (date := _date(retry_after)) is not None:
        return max(0.0, date - wall)
    resets = [
        reset
        for what in ("requests", "tokens")
        if _number(limits.get(f"x-ratelimit-remaining-{what}")) == 0
        and (reset := _duration(limits.get(f"x-ratelimit-reset-{what}", ""))) is not None
    ]
    return max(resets, default=None)


def _number(text: str | None) -> float | None:
    """Return a number that is not negative; None for anything else, and what is no number at all."""
    if text is None or not re.fullmatch(r"[0-9]{1,12}(?:\.[0-9]{1,12})?", text.strip()):
        return None
    return float(text)


def _date(text: str) -> float | None:
    """Return the seconds since 1970 of `Sun, 29 Nov 2026 08:00:00 GMT`."""
    try:
        return parsedate_to_datetime(text[:64]).timestamp()
    except (ValueError, OverflowError):
        return None


def _duration(text: str) -> float | None:
    """Return the seconds of `6m0s`, `1.5s`, `20ms` or `3`."""
    if (number := _number(text)) is not None:
        return number
    parts = _UNIT.findall(text)
    if not parts or "".join(number + unit for number, unit in parts) != text:
        return None
    return sum(float(number) * _UNITS[unit] for number, unit in parts)
