"""Work of an exchange that is done where it holds up nobody else, and the events that wait until it is done."""

from collections import deque
from collections.abc import Callable
from typing import Any, Literal

from addons.exchange.actions import Action, Work

Then = Callable[[Any], list[Action]]
"""Goes on with the result of the work."""
Event = Callable[[], list[Action]]


class HeavyWork:
    """At most one piece of work at a time."""

    def __init__(self) -> None:
        self._then: Then | None = None
        self._waiting: deque[tuple[int, Event]] = deque()

    @property
    def busy(self) -> bool:
        return self._then is not None

    def start(
        self, do: Callable[[], object], then: Then, on: Literal["request", "answer", "limits", "metrics"]
    ) -> list[Action]:
        self._then = then
        return [Work(do, on)]

    def postpone(self, call: int, event: Event) -> list[Action]:
        """Let an event of a call wait until the work is done."""
        self._waiting.append((call, event))
        return []

    def done(self) -> Then | None:
        """Take what goes on with the result. None: nobody waits for it any more."""
        then, self._then = self._then, None
        return then

    def next(self) -> tuple[int, Event] | None:
        """Take the oldest event that waited, with its call. None: there is none, or work has been started again."""
        return self._waiting.popleft() if self._waiting and not self.busy else None

    def give_up(self) -> None:
        """Forget the work and all that waits for it."""
        self._then = None
        self._waiting.clear()
