"""Rules of Mistral's servers for a history, beyond OpenAI's: nine characters an id of a call, and an order of roles.

https://github.com/mistralai/mistral-common, protocol/instruct/validator.py: after a tool's result comes the assistant's
message, which says something or calls, and the last one is the user's or a tool's, or the assistant's with `prefix`.
"""

from collections.abc import Iterator, Sequence
from typing import Any

from translators.notes import Note
from translators.providers.shared.histories import CONTINUE, continued, nothing_sent
from translators.providers.shared.wire_names import SHORT_CALL_ID, CallIds

Message = dict[str, Any]
_READ = "(The results are read.)"
_WHY = "This provider wants a word of the assistant's between a tool's results and the user's."


def in_strict_order(messages: Sequence[Message], paths: Sequence[str], notes: list[Note]) -> list[Message]:
    """Return `messages` with the assistant's and the user's that are missing, without the assistant's that say nothing;
    `paths` are the places where the client wrote each."""
    ordered: list[Message] = []
    at = ""
    for message, path in zip(messages, paths, strict=True):
        if says_nothing(message):
            notes.append(nothing_sent(path))
            continue
        at = path
        if ordered and ordered[-1].get("role") == "tool" and message.get("role") not in ("assistant", "tool"):
            notes.append(Note(path, "synthesised", detail=_WHY))
            ordered.append({"role": "assistant", "content": _READ})
        ordered.append(message)
    last = ordered[-1] if ordered else {}
    if last.get("role") == "assistant" and not last.get("prefix") and not last.get("tool_calls"):
        notes.append(continued(at))
        ordered.append({"role": "user", "content": CONTINUE})
    return ordered


def says_nothing(message: Message) -> bool:
    """Return whether `message` is the assistant's and has nothing in it."""
    content = message.get("content")
    silent = isinstance(content, list) and all(part == {"type": "text", "text": ""} for part in content)
    around = ("role", "name", "prefix", *(("content",) if silent else ()))
    return message.get("role") == "assistant" and not any(message[name] for name in message if name not in around)


def with_short_call_ids(messages: Sequence[Any]) -> list[Any]:
    """Return a client's own messages with the ids of calls respelled where they have to be. Odd ones stay as they
    are."""
    ids = CallIds([call["id"] for message in messages for call in _calls(message)], SHORT_CALL_ID)
    wire: dict[str, str] = {}
    written: list[Any] = []
    for message in messages:
        wire |= {call["id"]: ids.of_call(call["id"]) for call in _calls(message)}
        respelled = _with_id(message, "tool_call_id", wire)
        if any(_calls(message)):
            respelled = {**respelled, "tool_calls": [_with_id(call, "id", wire) for call in message["tool_calls"]]}
        written.append(respelled)
    return written


def _calls(message: Any) -> Iterator[Message]:
    calls = message.get("tool_calls") if isinstance(message, dict) else None
    for call in calls if isinstance(calls, list) else ():
        if isinstance(call, dict) and isinstance(call.get("id"), str):
            yield call


def _with_id(holder: Any, name: str, wire: dict[str, str]) -> Any:
    id = holder.get(name) if isinstance(holder, dict) else None
    return {**holder, name: wire[id]} if isinstance(id, str) and id in wire else holder
