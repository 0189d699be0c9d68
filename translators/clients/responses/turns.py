"""Parses input items into turns. The items are a validated copy, and are popped empty.

Adjacent items of the assistant (reasoning, messages, calls) are one turn whose parts keep their order, since that is
how a model that thinks between its calls wants them back. Each result of a call is a turn.
"""

import re
from collections import deque
from dataclasses import dataclass, field, replace
from typing import Any

from translators.clients.responses.encrypted_content import EncryptedContent, decode
from translators.clients.responses.parts import content
from translators.clients.responses.shapes.items import CLIENTS, COMPACTED
from translators.clients.responses.tool_search import as_function
from translators.clients.responses.tools import Tools
from translators.clients.responses.validate import item_path
from translators.clients.shared.findings import Findings, naming
from translators.clients.shared.media import Unusable, base64
from translators.clients.shared.parts import cache_of
from translators.conversation import (
    Foreign,
    Image,
    Inline,
    Part,
    Reasoning,
    RedactedReasoning,
    Role,
    Text,
    ToolCall,
    ToolResult,
    Turn,
)

_ASSISTANTS = ("reasoning", "image_generation_call", "function_call", "custom_tool_call")
_RESULTS = ("function_call_output", "custom_tool_call_output")
_FILLED_IN = ("id", "status", "created_by")
"""Fields that a server put into an item, which mean nothing to another one."""
_OURS = re.compile(r"[a-z]+_(.+)_\d+")
"""The id of an item of an answer of ours."""
_OF_PICTURE = ("background", "quality", "size", "revised_prompt", "action")
"""Fields that tell how a picture was made."""


@dataclass(slots=True)
class TurnsParser:
    """The turns so far. `before` is the number of items that the client did not send itself."""

    findings: Findings
    tools: Tools
    before: int = 0
    turns: list[Turn] = field(default_factory=list)
    effort: tuple[str, str] | None = None
    """The effort that the last `configuration_update` names, and where it does."""
    text: tuple[dict[str, Any], str] | None = None
    _parts: list[Part] = field(default_factory=list)
    """The parts of the assistant's turn that is being put together, from `_at` on."""
    _at: str = ""
    _open: dict[str, str] = field(default_factory=dict)
    """Calls that wait for their result, and where they were made."""
    _answered: dict[str, int] = field(default_factory=dict)
    """The turns with results, by call id."""
    _answers: dict[str, deque[tuple[int, dict[str, Any]]]] = field(default_factory=dict)
    """The results that wait for their place, by call id: the place where the client wrote each, and the item."""
    _moved: set[int] = field(default_factory=set)
    """The places of results that were sent before their place."""
    _thoughts: list[tuple[int, str, str]] = field(default_factory=list)
    """The reasoning that nothing followed yet: its place in `_parts`, its response, where it was written."""
    _signed: dict[str, tuple[str, str | None, str]] = field(default_factory=dict)
    """The signatures that wait for their call, by call id: the signature, who signed, and where the client wrote it."""

    def parse(self, items: str | list[dict[str, Any]]) -> tuple[Turn, ...]:
        """Return the turns in `input`: a text, or items such as `{"type": "message", "role": ..., "content": ...}`,
        `{"type": "function_call", "call_id": ..., "name": ..., "arguments": ...}` and `{"type": "reasoning", ...}`."""
        if isinstance(items, str):
            return (Turn("user", (Text(items, "input"),), at="input"),)
        items = [as_function(item, item_path(index, self.before), self.tools) for index, item in enumerate(items)]
        for index, item in enumerate(items):
            if item.get("type") in _RESULTS:
                self._answers.setdefault(item["call_id"], deque()).append((index, item))
        for index, item in enumerate(items):
            if index not in self._moved:
                self._item(index, item)
        self._settle()
        for _, _, at in self._signed.values():
            self.findings.note(at, "dropped", "It signs a call that does not come after it.")
        return tuple(self.turns)

    def _item(self, index: int, item: dict[str, Any]) -> None:
        at = item_path(index, self.before)
        kind = item.pop("type", None) or ("message" if "role" in item else "item_reference")
        if kind in _RESULTS:
            self._result(index, item, at)
        elif kind in _ASSISTANTS or (kind == "message" and item["role"] == "assistant"):
            self._assistants(kind, item, at)
        elif kind in ("message", "agent_message"):
            self._settle()
            role: Role = item.pop("role", "user")
            self.turns.append(Turn(role, tuple(content(item.pop("content"), f"{at}.content", self.findings)), at=at))
            self._note_rest(item, at)
        else:
            self._other(kind, item, at)

    def _assistants(self, kind: str, item: dict[str, Any], at: str) -> None:
        if self._open and not self._parts:
            self._settle()
        if not self._parts:
            self._at = at
        if kind != "reasoning":
            self._led_to(_response_of(item.get("id")))
            self._thoughts.clear()
        match kind:
            case "reasoning":
                self._parts += self._reasoning(item, at)
            case "image_generation_call":
                self._parts += self._picture(item, at)
            case "message":
                item.pop("role")
                self._parts += content(item.pop("content"), f"{at}.content", self.findings)
            case _:
                self._parts.append(self._call(kind, item, at))
        self._note_rest(item, at)

    def _picture(self, item: dict[str, Any], at: str) -> list[Part]:
        data, format = item.pop("result", None), item.pop("output_format", None) or "png"
        for name in _OF_PICTURE:
            item.pop(name, None)
        if not data:
            self.findings.note(at, "dropped", "There is no picture in it.")
            return []
        try:
            return [Image(Inline(f"image/{format}", base64(data)), at=at)]
        except Unusable as reason:
            self.findings.problem(f"{at}.result", str(reason))
            return []

    def _call(self, kind: str, item: dict[str, Any], at: str) -> ToolCall:
        id, custom = item.pop("call_id"), kind == "custom_tool_call"
        if id in self._open:
            self.findings.problem(
                f"{at}.call_id", f"{naming(id)} is the id of an earlier call without a result; give each its own"
            )
        self._open[id] = at
        name = self.tools.name_of(item.pop("namespace", None), item.pop("name"))
        signature, issuer, _ = self._signed.pop(id, (None, None, ""))
        arguments = item.pop("input" if custom else "arguments")
        cache = cache_of(item, at, self.findings)
        return ToolCall(id, name, arguments, "custom" if custom else "function", at, signature, issuer, cache)

    def _result(self, index: int, item: dict[str, Any], at: str) -> None:
        id = item["call_id"]
        if id in self._open:
            self._turn()
            self._answer(id, at)
            return
        if id in self._answered:
            self._more(id, at)
            return
        self._answers[id].popleft()
        self.findings.problem(
            f"{at}.call_id", f"{naming(id)} is the id of no tool call before it; send the item with that call first"
        )

    def _answer(self, id: str, at: str) -> None:
        del self._open[id]
        self._answered[id] = len(self.turns)
        self.turns.append(Turn("tool", (self._output(id, at),), at=at))

    def _more(self, id: str, at: str) -> None:
        """Take one more result of a call that has its result: a tool may tell of its progress by a result of its own.
        Other providers take one for each call."""
        turn = self.turns[self._answered[id]]
        result = next(part for part in turn.parts if isinstance(part, ToolResult))
        more = self._output(id, at)
        whole = replace(result, parts=(*result.parts, *more.parts), cache=more.cache or result.cache)
        self.turns[self._answered[id]] = replace(turn, parts=(whole,))
        self.findings.note(at, "moved", "A call has one result: this goes on with its earlier one.")

    def _output(self, id: str, at: str) -> ToolResult:
        """Return the first result of the call that was not come to yet."""
        _, item = self._answers[id].popleft()
        for name in ("type", "call_id", "name", "namespace"):
            item.pop(name, None)
        parts = content(item.pop("output"), f"{at}.output", self.findings)
        cache = cache_of(item, at, self.findings)
        self._note_rest(item, at)
        return ToolResult(id, tuple(parts), at=at, cache=cache)

    def _turn(self) -> None:
        """End the assistant's turn."""
        self._thoughts.clear()
        if self._parts:
            self.turns.append(Turn("assistant", tuple(self._parts), at=self._at))
            self._parts = []

    def _led_to(self, response: str) -> None:
        """Drop reasoning of another response before an item of `response`: it was cut before it led to anything."""
        if not response:
            return
        for place, other, at in reversed(self._thoughts):
            if other and other != response:
                del self._parts[place]
                self.findings.unsent(at, "Its response was cut before it led to anything.")
        self._thoughts = [thought for thought in self._thoughts if thought[1] in ("", response)]

    def _settle(self) -> None:
        """Give the assistant's calls their results, before another role's turn begins. OpenAI takes a result
        anywhere; other providers want it right after its call."""
        self._turn()
        for id, at in list(self._open.items()):
            results = self._answers.get(id)
            if not results:
                sentence = f"{naming(id)} has no result; send an item of type function_call_output (or custom) for it"
                self.findings.problem(at, sentence)
                del self._open[id]
                continue
            index, _ = results[0]
            path = item_path(index, self.before)
            self.findings.note(path, "moved", "The result of a call is sent right after it.")
            self._moved.add(index)
            self._answer(id, path)

    def _reasoning(self, item: dict[str, Any], at: str) -> list[Part]:
        encrypted, summary, texts = (item.pop(name, None) for name in ("encrypted_content", "summary", "content"))
        decoded = None if encrypted is None else decode(encrypted)
        if decoded is not None:
            self._led_to(decoded.response)
            if decoded.kind in ("thinking", "redacted"):
                self._thoughts.append((len(self._parts), decoded.response, at))
            return self._part_of(decoded, at)
        if encrypted is not None:
            detail = "It was sealed by another server, which alone can read it."
            self.findings.note(f"{at}.encrypted_content", "dropped", detail)
        text = "\n\n".join(thought["text"] for thought in texts or summary or ())
        return [Reasoning(text, at=at)] if text else []

    def _part_of(self, content: EncryptedContent, at: str) -> list[Part]:
        match content.kind:
            case "thinking":
                return [Reasoning(content.text, content.signature or None, content.issuer, at)]
            case "redacted":
                return [RedactedReasoning(content.data, content.issuer, at)]
            case "foreign":
                return [Foreign(content.issuer or "", content.block or {}, at)]
            case _:
                self._signed[content.call_id] = (content.signature, content.issuer, at)
                return []

    def _other(self, kind: str, item: dict[str, Any], at: str) -> None:
        match kind:
            case "additional_tools":
                self.tools.parse(item.pop("tools"), f"{at}.tools")
            case "configuration_update":
                if effort := (item.pop("reasoning", None) or {}).get("effort"):
                    self.effort = (effort, f"{at}.reasoning.effort")
                if text := item.pop("text", None):
                    self.text = (text, f"{at}.text")
            case "item_reference":
                sentence = "names an item that is not kept here; send the item itself, as clients do with store: false"
                self.findings.problem(f"{at}.id", sentence, "item_not_found")
            case _ if kind in CLIENTS:
                sentence = f"cannot be {kind}: there is no such tool here; declare a function instead"
                self.findings.problem(f"{at}.type", sentence, "unsupported_parameter")
            case _ if kind in COMPACTED:
                sentence = f"cannot be {kind}: what OpenAI compacted can only be read there"
                self.findings.problem(f"{at}.type", sentence, "unsupported_parameter")
            case _:
                self.findings.note(at, "dropped", "What a server's own tool did earlier is not sent to a provider.")
                return
        if kind in ("additional_tools", "configuration_update"):
            item.pop("role", None)
            self._note_rest(item, at)

    def _note_rest(self, item: dict[str, Any], at: str) -> None:
        if not item:
            return
        for name in _FILLED_IN:
            item.pop(name, None)
        if item.get("caller") == {"type": "direct"}:
            del item["caller"]
        if item.get("async") is False:
            del item["async"]
        if item:
            self.findings.unknown(at, item)


def _response_of(item_id: Any) -> str:
    """Return the part that the ids of all items of one response of ours have in common; "" for any other id."""
    match = _OURS.fullmatch(item_id) if isinstance(item_id, str) else None
    return match[1] if match else ""
