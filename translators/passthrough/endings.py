"""Moves the end of each choice to the last place: some servers go on after it (Copilot's Claude, with the calls of the
message), where a client no longer listens."""

from typing import Any

from translators.providers.openai.stop_reasons import native_of

_CONTENT = ("content", "reasoning_content", "reasoning", "refusal", "tool_calls", "function_call", "images", "audio")

Payload = dict[str, Any]


class Endings:
    """The ends of a stream's choices, and the payloads without content after them: all wait until no more can come."""

    def __init__(self) -> None:
        self._held: list[Payload] = []

    def on(self, payload: Payload) -> list[Payload]:
        """Return the payloads that may go on now, of those that waited and `payload`."""
        choices = payload.get("choices") or []
        alone = len({choice["index"] for choice in choices}) == len(choices)  # no client reads two parts of one in one
        if len(choices) > 1 and (self._held or not alone or any(map(native_of, choices))):
            return [each for part in _parts(payload, choices) for each in self._part(part, part["choices"][0])]
        return self._part(payload, choices[0] if choices else {})

    def close(self) -> list[Payload]:
        """Return the payloads that waited."""
        held, self._held = self._held, []
        return held

    def _part(self, payload: Payload, choice: Payload) -> list[Payload]:
        ended = native_of(choice) is not None
        if not (ended or self._held):
            return [payload]
        if not (ended or speaks(choice)):
            self._held.append(payload)
            return []
        earlier = [each for each in self._held if _is_of(each, choice["index"])]
        self._held = [each for each in self._held if not _is_of(each, choice["index"])]
        if ended:
            self._held.append(payload)
        return [*map(_open, earlier), *([] if ended else [payload])]


def speaks(choice: Payload) -> bool:
    """Return whether a choice of a chunk has more of its message or its text. Facts about it may follow its end."""
    delta = choice.get("delta")
    return bool(choice.get("text")) or (isinstance(delta, dict) and any(delta.get(name) for name in _CONTENT))


def only_begins(payload: Payload) -> bool:
    """Return whether a payload, a chunk or all of an answer, has nothing of the answer: a role at most, an end, and
    facts about the request."""
    return all(
        not choice.get("text") and not _contents(choice.get("delta")) and not _contents(choice.get("message"))
        for choice in payload.get("choices") or ()
    )


def _contents(message: Any) -> bool:
    """Return whether a message, or a delta of one, has more than a role, in whatever field."""
    return isinstance(message, dict) and any(value for name, value in message.items() if name != "role")


def _parts(payload: Payload, choices: list[Payload]) -> list[Payload]:
    """Return a chunk for each choice; the last one has the usage."""
    rest = {name: value for name, value in payload.items() if name != "usage"}
    return [*({**rest, "choices": [choice]} for choice in choices[:-1]), {**payload, "choices": choices[-1:]}]


def _is_of(payload: Payload, index: int) -> bool:
    return any(choice["index"] == index for choice in payload.get("choices") or ())


def _open(payload: Payload) -> Payload:
    """Return a chunk without an end."""
    [choice] = payload["choices"]
    going_on = {name: value for name, value in choice.items() if name != "native_finish_reason"}
    return {**payload, "choices": [{**going_on, "finish_reason": None}]}
