"""A format that nobody speaks, as a module of `translators/providers` would have it: lines of text in, and lines of
JSON out, `{"say": "hello"}` each and `{"end": "enough"}` last."""

from collections.abc import Iterator, Mapping
from typing import Any

from translators.conversation import Conversation, Knobs, Text
from translators.dialects import Framing, Model, Recall, Rendered
from translators.errors import BadAnswer, Failure
from translators.events import Event, Finished, Started, TextDelta, Usage, UsageReported
from translators.providers.shared.failures import by_status

name: str = "toy"
framing: Framing = "ndjson"


def render(conversation: Conversation, model: Model) -> Rendered:
    knobs = Knobs(conversation.options)
    texts = [part.text for turn in conversation.turns for part in turn.parts if isinstance(part, Text)]
    body = {"toy": model.name, "lines": texts, "most": knobs.take("max_tokens"), "piecemeal": conversation.stream}
    return Rendered("/play", body, {"toy-version": "1"}, tuple(knobs.unused()), Recall(model.name), conversation.stream)


class Playing:
    def __init__(self) -> None:
        self.done = self._started = False

    def whole(self, body: Any) -> Iterator[Event]:
        yield from self.on(body)
        yield from self.close()

    def on(self, payload: Any) -> Iterator[Event]:
        if not self._started:
            self._started = True
            yield Started()
        if "say" in payload:
            yield TextDelta(payload["say"])
        if "end" in payload:
            yield UsageReported(Usage(payload["heard"], payload["said"]))
            yield Finished("length" if payload["end"] == "tired" else "stop", payload["end"])
            self.done = True

    def close(self) -> Iterator[Event]:
        if not self.done:
            raise BadAnswer.unreadable("The toy fell silent.", code="incomplete_answer")
        return iter(())


def answer(recall: Recall) -> Playing:
    return Playing()


def read_error(status: int, headers: Mapping[str, str], body: bytes) -> Failure:
    return by_status(status, body.decode("utf-8", "replace"), {})


def read_limits(headers: Mapping[str, str], now: float) -> dict[str, str]:
    return {}
