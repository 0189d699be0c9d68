"""The values of rules: the answers that they judge, and their findings."""

import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from addons.inspector.reading import StreamEvent
from translators.values import immutable


@immutable
class Finding:
    """A breach of a rule: `detail` is one sentence, `event` the number of the event or `path` the place in a
    body that it is about."""

    detail: str
    event: int | None = None
    path: str | None = None


@immutable
class Answer:
    """One answer to be judged: the events of a stream, or a `whole` body. `family` is its dialect. `over`: it ended as
    it should, so that an end can be expected. `wants_usage`: its request asked for usage, or need not ask."""

    family: str
    events: tuple[StreamEvent, ...] = ()
    whole: Mapping[str, Any] | None = None
    over: bool = True
    wants_usage: bool = True

    @property
    def payloads(self) -> list[tuple[int | None, Mapping[str, Any]]]:
        """Return the fields of each event with its number, or those of the whole answer."""
        whole = [] if self.whole is None else [(None, self.whole)]
        return [*whole, *((event.n, event.fields) for event in self.events)]


Rule = Callable[[Answer], Iterator[Finding]]

END = "one end"
DENSE = "dense indices"
ORDER = "order of events"
USAGE = "usage is there"
ARGUMENTS = "arguments are JSON"
BLOCKS = "no empty blocks"
READABLE = "events are readable"
SAME = "one answer"
NAMES = "names agree with types"
FINISH = "a reason for each end"
SUMS = "deltas add up"


def is_json_object(text: str) -> bool:
    """Return whether the arguments of a call can be read. A call without arguments may have none."""
    if not text.strip():
        return True
    try:
        return isinstance(json.loads(text), dict)
    except (ValueError, RecursionError):
        return False


def key(value: Any) -> Any:
    """Return a number or a text that came over the wire, so that it can be a key, whatever it is."""
    return value if value is None or isinstance(value, int | str) else repr(value)


def gaps(numbers: list[Any], what: str, event: int | None = None) -> Iterator[Finding]:
    """Find what keeps numbers from being 0, 1, 2... in the order in which they first came."""
    if numbers != (expected := list(range(len(numbers)))):
        yield Finding(f"{what} are numbered {_shown(numbers)} instead of {_shown(expected)}.", event)


def _shown(numbers: list[Any]) -> str:
    shown = ", ".join(str(number)[:20] for number in numbers[:12])
    return shown + (", ..." if len(numbers) > 12 else "")
