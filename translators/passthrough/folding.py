"""Folds chunks into a whole answer, and back: for a client that wants the other form than its provider sent."""

from collections.abc import Iterable, Mapping
from typing import Any

_FIXED = frozenset(("index", "type", "role", "id", "name", "format", "signature", "object"))
"""Texts of a delta that come whole, perhaps more than once; any other grows piece by piece."""
_OF_STREAMS = ("obfuscation", "p")

Payload = Mapping[str, Any]


class _Pieces(list[str]):
    """A text as it grows."""


class _Entries(list[Any]):
    """A list as it grows. Entries with an `index` are continued by it, others only follow."""

    def __init__(self) -> None:
        super().__init__()
        self._places: dict[int, int] = {}

    def add(self, entry: Any) -> None:
        index = entry.get("index") if isinstance(entry, dict) else None
        if type(index) is not int:
            self.append(_grown("", None, entry) if isinstance(entry, dict) else entry)
        elif (place := self._places.get(index)) is None:
            self._places[index] = len(self)
            self.append(_grown("", None, entry))
        else:
            self[place] = _grown("", self[place], entry)


def folded(payloads: Iterable[Payload], kind: str) -> dict[str, Any]:
    """Return the whole answer, an object of the `kind` (`chat.completion`), that the stream `payloads` would have
    been."""
    body: dict[str, Any] = {}
    choices: dict[int, dict[str, Any]] = {}
    for payload in payloads:
        for name, value in payload.items():
            if name != "choices" and name not in _OF_STREAMS and (value not in (None, "") or name not in body):
                body[name] = value
        for choice in payload.get("choices") or ():
            _add(choices.setdefault(choice["index"], {}), choice)
    usage = {} if body.get("usage") is None else {"usage": body["usage"]}
    body = {name: value for name, value in body.items() if name != "usage"}
    wholes = [_choice(choice, kind) for _, choice in sorted(choices.items())]
    return {**body, "object": kind, "choices": wholes, **usage}


def _add(whole: dict[str, Any], choice: Payload) -> None:
    for name, value in choice.items():
        if name in ("delta", "text", "logprobs"):
            whole[name] = _grown(name, whole.get(name), value)
        elif value is not None or name not in whole:
            whole[name] = value


def _grown(key: str, before: Any, more: Any) -> Any:
    """Return `before` with `more` of it. Only values that were made here are changed."""
    match more:
        case None:
            return before
        case str() if key not in _FIXED:
            pieces = before if isinstance(before, _Pieces) else _Pieces()
            pieces.append(more)
            return pieces
        case dict():
            grown: dict[str, Any] = before if isinstance(before, dict) else {}
            for name, value in more.items():
                grown[name] = _grown(name, grown.get(name), value)
            return grown
        case list():
            entries = before if isinstance(before, _Entries) else _Entries()
            for entry in more:
                entries.add(entry)
            return entries
        case _:
            return more


def _settled(value: Any) -> Any:
    match value:
        case _Pieces():
            return "".join(value)
        case dict():
            return {name: _settled(each) for name, each in value.items()}
        case list():
            return [_settled(entry) for entry in value]
        case _:
            return value


def _choice(choice: dict[str, Any], kind: str) -> dict[str, Any]:
    """Return a choice as it is whole. A chat's message has all that its type requires; a call in it shows no
    `index`."""
    whole: dict[str, Any] = _settled({"finish_reason": None, "logprobs": None, **choice})
    if kind == "text_completion":
        return {"text": "", **whole}
    delta = whole.pop("delta", None)
    message = {"role": "assistant", "content": None, "refusal": None, **(delta if isinstance(delta, dict) else {})}
    if isinstance(calls := message.get("tool_calls"), list):
        message["tool_calls"] = [
            {name: call[name] for name in call if name != "index"} if isinstance(call, dict) else call for call in calls
        ]
    return {"index": whole.pop("index"), "message": message, **whole}


def unfolded(body: Payload) -> list[dict[str, Any]]:
    """Return the stream that a whole chat would have been (`chat.completion.chunk`): each choice in one delta, and its
    end; the usage last."""
    usage = body.get("usage")
    common = {name: value for name, value in body.items() if name not in ("choices", "usage")}
    common["object"] = "chat.completion.chunk"
    choices: list[dict[str, Any]] = body["choices"]
    chunks = [{**common, "choices": [_opening(choice)]} for choice in choices]
    chunks += [
        {**common, "choices": [{"index": choice["index"], "delta": {}, "finish_reason": choice.get("finish_reason")}]}
        for choice in choices
    ]
    return [*chunks, {**common, "choices": [], "usage": usage}] if usage else chunks


def _opening(choice: Payload) -> dict[str, Any]:
    message = choice["message"] if isinstance(choice.get("message"), dict) else {}
    delta = {name: value for name, value in message.items() if value is not None}
    for name, entries in delta.items():
        if isinstance(entries, list) and all(isinstance(entry, dict) for entry in entries):
            delta[name] = _numbered(entries)
    rest = {name: value for name, value in choice.items() if name != "message"}
    return {**rest, "delta": delta, "finish_reason": None}


def _numbered(entries: list[Payload]) -> list[Payload]:
    """Return the entries, each with a number of its own, so that no client takes two for pieces of one: the `index`
    they have, or else their places."""
    own = [entry.get("index") for entry in entries]
    if all(type(index) is int for index in own) and len({*own}) == len(own):
        return entries
    return [{**entry, "index": place} for place, entry in enumerate(entries)]


def is_whole_chat(payload: Payload) -> bool:
    """Return whether a payload is a whole chat, and no chunk of a stream: it has messages instead of deltas."""
    choices = payload.get("choices")
    return isinstance(choices, list) and bool(choices) and "message" in choices[0]
