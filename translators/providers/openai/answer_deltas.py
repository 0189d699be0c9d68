"""Choices in the one form that the answer's machine reads: a delta.

Some servers send the whole message where a delta belongs, or both (Perplexity's `message` is all of it so far), or a
completion's `text` beside the delta (Together), or text and calls of one message as two choices (Copilot's Claude).
"""

from typing import Any

from translators.dialects import Numbers, Recall
from translators.notes import Note

_SHIFT = 1000
"""Between the indices of calls that come in different choices and are of one message."""

_ONCE = ("content", "reasoning_content", "reasoning")
"""Fields that one message has in one of its parts only."""

Payload = dict[str, Any]


def as_delta(choice: Payload, *, begun: bool) -> Payload:
    """Return the choice with its content in `delta` (`{"index": 0, "delta": {"content": ...}}`), and no `message`. A
    message beside a delta is all content so far: fields that it has more are new, unless the choice has `begun`."""
    if "message" not in choice and ("delta" in choice or "text" not in choice):
        return choice
    delta, message, text = choice.get("delta"), choice.get("message"), choice.get("text")
    rest = {name: value for name, value in choice.items() if name != "message"}
    if isinstance(delta, dict) and (begun or not says(message)):
        return rest
    if isinstance(message, dict):
        filled = {name: value for name, value in delta.items() if value} if isinstance(delta, dict) else {}
        more = {name: value for name, value in message.items() if value or name not in filled}
        return {**rest, "delta": _indexed({**filled, **more})}
    if isinstance(text, str) and not isinstance(delta, dict):
        return {**{name: value for name, value in rest.items() if name != "text"}, "delta": {"content": text}}
    return rest


def says(message: Any) -> bool:
    """Return whether a message or a delta has anything beside its role."""
    return isinstance(message, dict) and any(value for name, value in message.items() if name != "role")


def _indexed(message: Payload) -> Payload:
    """Return a whole message with its calls numbered by their place."""
    calls = message.get("tool_calls")
    if not isinstance(calls, list):
        return message
    placed = [{**call, "index": place} if isinstance(call, dict) else call for place, call in enumerate(calls)]
    return {**message, "tool_calls": placed}


class Joining:
    """Choices that belong together. Where one was requested, others that add calls to its text, or text to its calls,
    are parts of it; a second text is an alternative that nobody requested."""

    def __init__(self, recall: Recall) -> None:
        self._recall = recall
        self._numbers = Numbers(recall)
        self._begun = False
        self._speakers: dict[str, int] = {}
        self._alternatives: set[int] = set()
        self._noted = False

    def number(self, choice: Payload, place: int) -> int:
        """Return the number of a choice: its index, or its place among those of its payload. Raises `BadAnswer` for
        a number that nobody can have asked for."""
        return self._numbers.of(choice.get("index"), place)

    def place(self, number: int, choice: Payload) -> int:
        """Return the number of the choice that `choice`, which is `number`, is part of: its own for an alternative."""
        if self._recall.choices != 1 or number in self._alternatives:
            return number
        message = _message(choice)
        second = [kind for kind in _ONCE if message.get(kind) and self._speakers.setdefault(kind, number) != number]
        if number == 0:
            self._begun = self._begun or says(message)
            return 0
        if second or (not self._begun and any(message.get(kind) for kind in _ONCE)):
            self._alternatives.add(number)
            return number
        return 0

    def note(self) -> list[Note]:
        """Return a note on choices that are joined, the first time."""
        if self._noted:
            return []
        self._noted = True
        why = "One message came in several choices: they are joined, since one was asked for."
        return [Note("choices", "approximated", detail=why)]


def _message(choice: Payload) -> Payload:
    message = choice.get("delta") or choice.get("message")
    return message if isinstance(message, dict) else {"content": choice.get("text")}


def shifted(choice: Payload, number: int) -> Payload:
    """Return choice `number` as a part of the first one: its calls are further ones."""
    delta = choice.get("delta")
    if not isinstance(delta, dict) or not isinstance(calls := delta.get("tool_calls"), list):
        return {**choice, "index": 0}
    moved = [_shifted(call, number * _SHIFT) for call in calls]
    return {**choice, "index": 0, "delta": {**delta, "tool_calls": moved}}


def _shifted(call: Any, by: int) -> Any:
    index = call.get("index") if isinstance(call, dict) else None
    return {**call, "index": index + by} if type(index) is int else call


def joined(choices: list[Payload], joining: Joining) -> list[Payload]:
    """Return the choices of a whole answer, those that are parts of one joined. Raises `BadAnswer`."""
    whole: dict[int, Payload] = {}
    for place, choice in enumerate(choices):
        target = joining.place(joining.number(choice, place), choice)
        whole[target] = _with_part(whole[target], choice) if target in whole else choice
    return [*whole.values()] if len(whole) < len(choices) else choices


def _with_part(choice: Payload, part: Payload) -> Payload:
    """Return the choice with the fields of `part` that it lacks; of two lists, both."""
    message, more = (dict(each) if isinstance(each := one.get("message"), dict) else {} for one in (choice, part))
    for name, value in more.items():
        before = message.get(name)
        if isinstance(before, list) and isinstance(value, list):
            message[name] = before + value
        elif not before:
            message[name] = value
    return {**choice, "message": message, "finish_reason": part.get("finish_reason") or choice.get("finish_reason")}
