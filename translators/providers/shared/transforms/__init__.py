"""Changes to an answer's events between the provider's machine and the client's writer.

A request that could not be carried as it was asked says in its `Recall` what is to be put right in the answer. Each
transform is of no provider and of no client: any dialect may ask for it.
"""

from collections.abc import Iterable, Iterator
from typing import Any, Protocol

from translators.dialects import Answer, Recall
from translators.events import Event
from translators.providers.shared.transforms.answer_tool import AnswerTool
from translators.providers.shared.transforms.argument_keys import ArgumentKeys
from translators.providers.shared.transforms.stop_sequences import StopSequences

__all__ = ["transformed"]


class Transform(Protocol):
    def on(self, event: Event) -> Iterable[Event]:
        """Emit the events that one becomes. One that is held back leaves at the latest before its choice's
        `Finished`."""


def transformed(answer: Answer, recall: Recall) -> Answer:
    """Return `answer` with the transforms that `recall` asks for; mostly that is `answer` itself."""
    transforms: list[Transform] = []
    if recall.keys:
        transforms.append(ArgumentKeys(recall.keys))
    if recall.answer_tool:
        transforms.append(AnswerTool(recall.answer_tool))
    if recall.stops:
        transforms.append(StopSequences(recall.stops))
    return _Transformed(answer, transforms) if transforms else answer


class _Transformed:
    """An `Answer` whose events go through transforms, one after the other."""

    def __init__(self, answer: Answer, transforms: list[Transform]) -> None:
        self._answer, self._transforms = answer, transforms

    @property
    def done(self) -> bool:
        return self._answer.done

    def on(self, payload: Any) -> Iterator[Event]:
        return self._through(self._answer.on(payload))

    def whole(self, body: Any) -> Iterator[Event]:
        return self._through(self._answer.whole(body))

    def close(self) -> Iterator[Event]:
        return self._through(self._answer.close())

    def _through(self, events: Iterable[Event]) -> Iterator[Event]:
        for event in events:
            emitted: list[Event] = [event]
            for transform in self._transforms:
                emitted = [after for before in emitted for after in transform.on(before)]
            yield from emitted
