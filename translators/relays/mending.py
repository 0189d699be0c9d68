"""What no client of chat completions can read, mended in the messages of one choice.

Reasoning is told under both names that clients look for, `reasoning_content` (DeepSeek's) and `reasoning`
(OpenRouter's), with the same text; where a server fills both with different texts, `reasoning_content` wins. A `role`
that comes again is left out, since clients join what comes again; so are a call's `id`, `type` and `name`. Calls are
counted from 0 by their own `index`, and one without arguments has `{}`. Content in parts of text and thinking
(Mistral's) becomes text and reasoning.
"""

from collections.abc import Mapping
from typing import Any

from translators.notes import Note
from translators.providers.openai.calls import Call, Calls, name_of, told
from translators.providers.openai.endings import native_of, reason_of

_BOTH = ("reasoning_content", "reasoning")
_NO_ARGUMENTS = Note("tool_calls.arguments", "synthesised", detail="A call without arguments is told as `{}`.")


class MessageMender:
    """Of one choice: whether its role was told, its calls, what was noted."""

    def __init__(self) -> None:
        self.called = False
        self._role = False
        self._blank: set[int] = set()  # function calls without arguments so far
        self._calls = Calls()
        self._opened = 0
        self._noted = False
        self._notes: list[Note] = []

    def delta(self, choice: dict[str, Any]) -> dict[str, Any]:
        delta = choice.get("delta")
        if type(delta) is not dict:
            if not self._blank:
                return choice
            delta = {}
        mended: dict[str, Any] = delta
        if "role" in delta:
            if self._role:
                mended = {name: value for name, value in delta.items() if name != "role"}
            self._role = True
        if type(delta.get("content")) is list:
            mended = _in_plain_text(mended)
        if "reasoning" in mended or "reasoning_content" in mended:
            mended = _with_both(mended)
        if delta.get("tool_calls"):
            mended = self._with_calls(mended)
        if self._blank and _complete(choice):
            mended = self._with_objects(mended)
        return choice if mended is delta else {**choice, "delta": mended}

    def whole(self, choice: dict[str, Any]) -> dict[str, Any]:
        message = choice.get("message")
        if type(message) is not dict:
            return choice
        mended = _with_both(_in_plain_text(message) if type(message.get("content")) is list else message)
        calls = message.get("tool_calls")
        if isinstance(calls, list) and calls:
            self.called = True
            if not all(type(call) is dict and "type" in call and not _is_blank(call) for call in calls):
                mended = {**mended, "tool_calls": [self._call(call, choice) for call in calls if type(call) is dict]}
        return choice if mended is message else {**choice, "message": mended}

    def notes(self) -> list[Note]:
        notes, self._notes = self._notes, []
        return notes

    def _with_calls(self, delta: dict[str, Any]) -> dict[str, Any]:
        fragments = delta["tool_calls"]
        if not isinstance(fragments, list):
            return delta
        mended = [self._fragment(call, fragment) for call, fragment in self._calls.placed(fragments)]
        same = len(mended) == len(fragments) and all(a is b for a, b in zip(mended, fragments, strict=True))
        return delta if same else {**delta, "tool_calls": mended}

    def _with_objects(self, delta: dict[str, Any]) -> dict[str, Any]:
        """With the end of the choice, the calls that have no arguments get theirs."""
        given = delta.get("tool_calls")
        fragments = [dict(fragment) for fragment in given] if isinstance(given, list) else []
        here = {fragment["index"]: fragment for fragment in fragments}
        for index in sorted(self._blank):
            if index not in here:
                fragments.append(here.setdefault(index, {"index": index}))
            here[index]["function"] = {**here[index].get("function", {}), "arguments": "{}"}
        self._blank.clear()
        self._notes.append(_NO_ARGUMENTS)
        return {**delta, "tool_calls": fragments}

    def _call(self, call: dict[str, Any], choice: dict[str, Any]) -> dict[str, Any]:
        """A call of a whole answer."""
        if _is_blank(call) and _complete(choice):
            self._notes.append(_NO_ARGUMENTS)
            call = {**call, "function": {**call["function"], "arguments": "{}"}}
        return _typed(call)

    def _fragment(self, call: Call, fragment: Mapping[str, Any]) -> Mapping[str, Any]:
        first = call.index == self._opened
        if first:
            self._opened += 1
            self.called = True
            if _is_blank(fragment):
                self._blank.add(call.index)
        elif call.index in self._blank and not _is_blank(fragment):
            self._blank.remove(call.index)
        kept = fragment if first else _without_head(fragment)
        if first and "type" not in kept:
            kept = _typed(kept)
        if kept.get("index") != call.index:
            kept = {"index": call.index, **{name: value for name, value in kept.items() if name != "index"}}
            self._note()
        return kept

    def _note(self) -> None:
        if not self._noted:
            self._noted = True
            self._notes.append(Note("tool_calls.index", "approximated", detail="Calls are counted anew, from 0."))


def _in_plain_text(message: dict[str, Any]) -> dict[str, Any]:
    """Parts of any other kind stay as they are, and those beside them."""
    texts: list[str] = []
    thoughts: list[str] = []
    for part in message["content"]:
        match part:
            case {"type": "text", "text": str(text)}:
                texts.append(text)
            case {"type": "thinking", "thinking": list(pieces)}:
                thoughts += [told(piece, "text") for piece in pieces if type(piece) is dict]
            case _:
                return message
    plain = {**message, "content": "".join(texts)}
    return {**plain, "reasoning_content": "".join(thoughts)} if thoughts else plain


def _complete(choice: dict[str, Any]) -> bool:
    """Whether a choice has its end, and was not cut."""
    native = native_of(choice)
    return native is not None and reason_of(native) in (None, "stop", "tool_calls")


def _is_blank(call: Mapping[str, Any]) -> bool:
    inner = call.get("function")
    if not isinstance(inner, dict):
        return False
    arguments = inner.get("arguments")
    return arguments is None or (isinstance(arguments, str) and not arguments.strip())


def _with_both(message: dict[str, Any]) -> dict[str, Any]:
    text = told(message, "reasoning_content") or told(message, "reasoning")
    if not text or all(message.get(name) == text for name in _BOTH):
        return message
    return {**message, "reasoning_content": text, "reasoning": text}


def _typed(call: Mapping[str, Any]) -> dict[str, Any]:
    return {**call, "type": call.get("type") or ("custom" if "custom" in call else "function")}


def _without_head(fragment: Mapping[str, Any]) -> Mapping[str, Any]:
    """A later fragment without what only the first one may say."""
    if not (fragment.get("id") or fragment.get("type") or name_of(fragment)):
        return fragment
    kept = {name: value for name, value in fragment.items() if name not in ("id", "type")}
    for kind in ("function", "custom"):
        if isinstance(inner := kept.get(kind), dict):
            kept[kind] = {name: value for name, value in inner.items() if name != "name"}
    return kept
