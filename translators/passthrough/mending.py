"""Mends messages of chat completions that no client could read, choice by choice.

Reasoning has both names that clients look for, `reasoning_content` (DeepSeek's) and `reasoning`
(OpenRouter's), with the same text; where a server fills both with different texts, `reasoning_content` wins. A `role`
that comes again is left out, since clients join what comes again; so are a call's `id`, `type` and `name`. A call is
sent once its name and its id are known; one that never gets a name is left out. Calls are counted from 0 by their own
`index`; one without an id gets one, one without arguments has `{}`, and arguments are text. Content in parts of text
and thinking (Mistral's) becomes text and reasoning.
"""

from collections.abc import Mapping
from typing import Any

from translators.notes import Note
from translators.providers.openai.answer_calls import (
    CallIdentity,
    CallRegistry,
    arguments_of,
    name_of,
    says_nothing,
)
from translators.providers.openai.answer_deltas import as_delta, says
from translators.providers.openai.stop_reasons import native_of, reason_of
from translators.providers.shared.answers import text_or_empty

_BOTH = ("reasoning_content", "reasoning")
_NO_ARGUMENTS = Note("tool_calls.arguments", "synthesised", detail="A call without arguments is told as `{}`.")
_NO_NAME = Note("tool_calls.function.name", "dropped", detail="A call without a name cannot be told.")

Payload = dict[str, Any]


class MessageMender:
    """The mender of one choice: it knows whether the role was sent, the calls, and what was noted."""

    def __init__(self, number: int, answer: str) -> None:
        self.called = False
        self.legacy = False
        self._begun = False
        self._role = False
        self._answer = answer
        self._calls = CallRegistry(number)
        self._sent: dict[int, int] = {}  # by a call's place among all, its place among those that were sent
        self._held: dict[int, tuple[CallIdentity, list[Mapping[str, Any]]]] = {}  # what waits for a call's name and id
        self._blank: set[int] = set()  # function calls that were sent, without arguments so far
        self._noted = False
        self._notes: list[Note] = []

    def delta(self, choice: Payload) -> Payload:
        """Return a choice of a chunk, mended."""
        choice = as_delta(choice, begun=self._begun)
        ended = native_of(choice) is not None
        delta = choice.get("delta")
        if type(delta) is not dict:
            if not (ended and (self._blank or self._held)):
                return choice
            delta = {}
        self._begun = self._begun or says(delta)
        mended: Payload = delta
        if "role" in delta:
            if self._role:
                mended = {name: value for name, value in delta.items() if name != "role"}
            self._role = True
        mended = self._readable(mended)
        if type(delta.get("tool_calls")) is list and delta["tool_calls"]:
            mended = self._with_calls(mended)
        if ended and (self._held or self._blank):
            mended = self._with_rest(mended, cut=not _complete(choice))
        return choice if mended is delta else {**choice, "delta": mended}

    def whole(self, choice: Payload) -> Payload:
        """Return a choice of a whole answer, mended."""
        if type(choice.get("message")) is not dict:
            choice = as_delta(choice, begun=False)
            if type(delta := choice.get("delta")) is not dict:
                return choice
            choice = {**{name: value for name, value in choice.items() if name != "delta"}, "message": delta}
        message: Payload = choice["message"]
        mended = self._readable(message)
        if type(message.get("tool_calls")) is list and message["tool_calls"]:
            mended = self._with_whole_calls(mended, cut=native_of(choice) is not None and not _complete(choice))
        return choice if mended is message else {**choice, "message": mended}

    def last(self) -> Payload:
        return {"delta": self._with_rest({}, cut=False) if self._held or self._blank else {}}

    def notes(self) -> list[Note]:
        notes, self._notes = self._notes, []
        return notes

    def _readable(self, message: Payload) -> Payload:
        mended = _readable(message)
        self.legacy = self.legacy or bool(mended.get("function_call"))
        return mended

    # --- calls in a stream ------------------------------------------------------------------------------

    def _with_calls(self, delta: Payload) -> Payload:
        fragments: list[Any] = delta["tool_calls"]
        ready = [self._fragment(call, fragment) for call, fragment in self._calls.placed(fragments)]
        mended = [fragment for fragment in ready if fragment is not None]
        if len(mended) == len(fragments) and all(a is b for a, b in zip(mended, fragments, strict=True)):
            return delta
        return _with_list(delta, mended)

    def _fragment(self, call: CallIdentity, fragment: Mapping[str, Any]) -> Mapping[str, Any] | None:
        """Return a fragment as it is sent, or None where it has to wait."""
        place = self._sent.get(call.index)
        if place is None:
            held = self._held.setdefault(call.index, (call, []))[1]
            held.append(fragment)
            return self._opener(call) if call.known(begun=any(map(_arguments, held))) else None
        if place in self._blank and not _is_blank(fragment):
            self._blank.remove(place)
        return self._placed(_without_head(_in_text(fragment)), place)

    def _opener(self, call: CallIdentity) -> Mapping[str, Any]:
        """Return the first fragment of a call that is sent, with all that was held back."""
        _, held = self._held.pop(call.index)
        opener = _in_text(held[0] if len(held) == 1 else _joined(held, call))
        place, id, note = self._calls.open(call, self._answer)
        self.called = True
        self._sent[call.index] = place
        if note is not None:
            self._notes.append(note)
        if _is_blank(opener):
            self._blank.add(place)
        if opener.get("id") != id:
            opener = {**opener, "id": id}
        return self._placed(_typed(opener), place)

    def _placed(self, fragment: Mapping[str, Any], place: int) -> Mapping[str, Any]:
        if fragment.get("index") == place:
            return fragment
        if not self._noted:
            self._noted = True
            self._notes.append(Note("tool_calls.index", "approximated", detail="Calls are counted anew, from 0."))
        return {"index": place, **{name: value for name, value in fragment.items() if name != "index"}}

    def _with_rest(self, delta: Payload, *, cut: bool) -> Payload:
        """Return a delta with the end of the choice: calls that were held back, and `{}` for those that have no
        arguments."""
        given = delta.get("tool_calls")
        fragments = [dict(fragment) for fragment in given] if isinstance(given, list) else []
        for call, held in list(self._held.values()):
            if call.name:
                fragments.append(dict(self._opener(call)))
            elif not says_nothing(_joined(held, call)):
                self._notes.append(_NO_NAME)
        self._held.clear()
        here = {fragment["index"]: fragment for fragment in fragments}
        for place in () if cut else sorted(self._blank):
            if place not in here:
                fragments.append(here.setdefault(place, {"index": place}))
            here[place]["function"] = {**here[place].get("function", {}), "arguments": "{}"}
        if self._blank and not cut:
            self._blank.clear()
            self._notes.append(_NO_ARGUMENTS)
        return _with_list(delta, fragments)

    # --- calls of a whole answer ------------------------------------------------------------------------

    def _with_whole_calls(self, message: Payload, *, cut: bool) -> Payload:
        calls: list[Any] = message["tool_calls"]
        real = [call for call in calls if type(call) is dict and not says_nothing(call)]
        mended = [self._call(call, cut=cut) for call in real if name_of(call)]
        self._notes += [_NO_NAME] * (len(real) - len(mended))
        self.called = bool(mended)
        if len(mended) == len(calls) and all(a is b for a, b in zip(mended, calls, strict=True)):
            return message
        return _with_list(message, mended)

    def _call(self, given: Payload, *, cut: bool) -> Mapping[str, Any]:
        call = CallIdentity(0)
        call.id = text_or_empty(given, "id")
        _, id, note = self._calls.open(call, self._answer)
        mended = _typed(_in_text(given))
        if note is not None:
            self._notes.append(note)
            mended = {**mended, "id": id}
        if _is_blank(mended) and not cut:
            self._notes.append(_NO_ARGUMENTS)
            mended = {**mended, "function": {**mended["function"], "arguments": "{}"}}
        return mended


class TextMender:
    """The mender of a choice of completions: its text stands in `text`, also where the server writes a chat's
    message."""

    called = False
    legacy = False

    def __init__(self, number: int, answer: str) -> None:
        self._begun = False

    def delta(self, choice: Payload) -> Payload:
        text = choice.get("text")
        if type(text) is str and "message" not in choice and "delta" not in choice:
            return choice
        choice = as_delta(choice, begun=self._begun)
        delta = choice.get("delta")
        self._begun = self._begun or says(delta)
        content = delta.get("content") if isinstance(delta, dict) else None
        rest = {name: value for name, value in choice.items() if name != "delta"}
        words = next((each for each in (text, content) if isinstance(each, str) and each), "")
        return {**rest, "text": words}

    whole = delta

    def last(self) -> Payload:
        return {"text": "", "logprobs": None}

    def notes(self) -> list[Note]:
        return []


# --- a message -----------------------------------------------------------------------------------------


def _readable(message: Payload) -> Payload:
    if type(message.get("content")) is list:
        message = _in_plain_text(message)
    if "reasoning" in message or "reasoning_content" in message:
        message = _with_both(message)
    if isinstance(legacy := message.get("function_call"), dict) and says_nothing({"function": legacy}):
        message = {name: value for name, value in message.items() if name != "function_call"}
    return message


def _in_plain_text(message: Payload) -> Payload:
    """Return a message with its text and reasoning as strings. Parts of any other kind stay as they are, and those
    beside them."""
    texts: list[str] = []
    thoughts: list[str] = []
    for part in message["content"]:
        match part:
            case {"type": "text", "text": str(text)}:
                texts.append(text)
            case {"type": "thinking", "thinking": list(pieces)}:
                thoughts += [text_or_empty(piece, "text") for piece in pieces if type(piece) is dict]
            case _:
                return message
    plain = {**message, "content": "".join(texts)}
    return {**plain, "reasoning_content": "".join(thoughts)} if thoughts else plain


def _with_both(message: Payload) -> Payload:
    text = text_or_empty(message, "reasoning_content") or text_or_empty(message, "reasoning")
    if not text or all(message.get(name) == text for name in _BOTH):
        return message
    return {**message, "reasoning_content": text, "reasoning": text}


def _with_list(message: Payload, calls: list[Any]) -> Payload:
    rest = {name: value for name, value in message.items() if name != "tool_calls"}
    return {**rest, "tool_calls": calls} if calls else rest


def _complete(choice: Payload) -> bool:
    """Return whether a choice has its end, and was not cut."""
    native = native_of(choice)
    return native is not None and reason_of(native) in (None, "stop", "tool_calls")


# --- one call or a fragment of it ----------------------------------------------------------------------


def _arguments(call: Mapping[str, Any]) -> str:
    inner = call.get("function") or call.get("custom")
    return arguments_of(inner) if isinstance(inner, dict) else ""


def _is_blank(call: Mapping[str, Any]) -> bool:
    return isinstance(call.get("function"), dict) and not _arguments(call).strip()


def _in_text(call: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return a call with its arguments as text; some servers give the JSON itself, or null."""
    inner = call.get("function")
    if not isinstance(inner, dict) or isinstance(inner.get("arguments", ""), str):
        return call
    return {**call, "function": {**call["function"], "arguments": _arguments(call)}}


def _typed(call: Mapping[str, Any]) -> Mapping[str, Any]:
    if text_or_empty(call, "type"):
        return call
    return {**call, "type": "custom" if "custom" in call else "function"}


def _joined(fragments: list[Mapping[str, Any]], call: CallIdentity) -> Payload:
    """Return the fragments that were held back as one."""
    whole: Payload = {}
    for fragment in fragments:
        whole |= {name: value for name, value in fragment.items() if value is not None or name not in whole}
    kind, grows = ("custom", "input") if "custom" in whole else ("function", "arguments")
    inner = {"name": call.name, grows: "".join(map(_arguments, fragments))}
    return {**whole, "id": call.id, kind: inner}


def _without_head(fragment: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return a later fragment without the fields that only the first one may have."""
    if not (fragment.get("id") or fragment.get("type") or name_of(fragment)):
        return fragment
    rest = {name: value for name, value in fragment.items() if name not in ("id", "type")}
    for kind in ("function", "custom"):
        inner = rest.get(kind)
        if isinstance(inner, dict):
            rest[kind] = {name: value for name, value in inner.items() if name != "name"}
    return rest
