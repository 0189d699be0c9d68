"""Several answers as one: a request that became several calls to a provider is answered as if it had been one call.

Each call's events go to a writer of its own, `Joined.part`; they leave by the client's writer as they come, with
`choice` counted over all calls, and the client's writer gets one beginning, one usage and one end.
"""

from dataclasses import replace

from translators.dialects import Writer
from translators.errors import BadAnswer, Failure
from translators.events import Event, Noted, PassedThrough, Started, Usage, UsageReported


class Joined:
    """The answers of `calls` calls on their way to `writer`. Once one of them has failed, nothing more is written:
    an answer that is short of a part never ends as if it were complete."""

    def __init__(self, writer: Writer, calls: int) -> None:
        self._writer = writer
        self._calls = self._open = calls
        self._started = False
        self._failed = False
        self._usages: dict[int, Usage] = {}
        """The usage that each call reported last, by its first choice."""

    def part(self, choice: int, choices: int) -> "CallWriter":
        """Return the writer of a call for `choices` choices, the first of which is `choice` to the client."""
        return CallWriter(self, choice, choices)

    @property
    def usage(self) -> Usage | None:
        """Return the usage of all calls together, so far; of a whole answer only if every call has reported its own."""
        if not self._usages or (self._open == 0 and len(self._usages) < self._calls):
            return None
        summed = total(list(self._usages.values()))
        return summed if summed.possible else None

    def on(self, event: Event) -> bytes:
        if self._failed:
            return b""
        if type(event) is Started:
            if self._started:
                return b""
            self._started = True
        return self._writer.on(event)

    def spent(self, choice: int, usage: Usage) -> None:
        """Store the usage so far of the call whose first choice is `choice`."""
        self._usages[choice] = usage

    def close(self) -> bytes:
        """End one call's answer, which is complete; the last one ends the client's."""
        self._open -= 1
        if self._open or self._failed:
            return b""
        usage = self.usage
        out = b"" if usage is None else self._writer.on(UsageReported(usage))
        return out + self._writer.close()

    def fail(self, failure: Failure) -> bytes:
        if self._failed:
            return b""
        self._failed = True
        return self._writer.fail(failure)


class CallWriter:
    """The `Writer` of one call among several."""

    def __init__(self, joined: Joined, choice: int, choices: int) -> None:
        self._joined = joined
        self._first = choice
        self._choices = choices

    def on(self, event: Event) -> bytes:
        """Write an event under the client's number of its choice. Raises `BadAnswer` for a choice that was not
        requested: it would pass for one of another call's."""
        match event:
            case UsageReported(usage):
                self._joined.spent(self._first, usage)
                return b""
            case Started() | Noted() | PassedThrough():
                if isinstance(event, Started) and event.usage is not None:
                    self._joined.spent(self._first, event.usage)
                return self._joined.on(event)
        if event.choice >= self._choices:
            raise BadAnswer.unreadable("The provider answered with more choices than it was asked for.")
        return self._joined.on(replace(event, choice=event.choice + self._first) if self._first else event)

    def close(self) -> bytes:
        return self._joined.close()

    def fail(self, failure: Failure) -> bytes:
        return self._joined.fail(failure)


def total(usages: list[Usage]) -> Usage:
    """Return the sum of several answers' usage. A detail that one of them lacks is unknown of them all."""
    return Usage(
        sum(usage.input for usage in usages),
        sum(usage.output for usage in usages),
        _detail([usage.cache_read for usage in usages]),
        _detail([usage.cache_write for usage in usages]),
        _detail([usage.reasoning for usage in usages]),
    )


def _detail(counts: list[int | None]) -> int | None:
    known = [count for count in counts if count is not None]
    return sum(known) if len(known) == len(counts) else None
