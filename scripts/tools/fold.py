"""A chat.completion.chunk stream -> the chat.completion that it adds up to, and every rule that it breaks.

Knows nothing of the gateway's own code, which it is there to check. The rules are those that the accumulator of
OpenAI's SDK lives by (openai 3.54, lib/streaming/chat/_completions.py, _deltas.py).
"""

import json
from collections.abc import Iterator
from typing import Any

FINISH_REASONS = ("stop", "length", "tool_calls", "content_filter", "function_call")
CONSTANT = ("id", "object", "created", "model")

Json = dict[str, Any]


def payloads(data: bytes) -> Iterator[str]:
    """Return the `data` of each server-sent event. Raises ValueError for what is no event stream in UTF-8."""
    text = data.decode("utf-8").replace("\r\n", "\n").replace("\r", "\n")
    *blocks, rest = text.split("\n\n")
    for block in blocks:
        lines = [line.removeprefix("data:").removeprefix(" ") for line in block.split("\n") if line.startswith("data:")]
        if lines:
            yield "\n".join(lines)
    if any(line and not line.startswith(":") for line in rest.split("\n")):
        raise ValueError("the stream ends in the middle of an event")


class Fold:
    """A stream that is put together: `read` the bytes; then `body` is the sum, `problems` the broken rules, `error` an
    error in the stream."""

    def __init__(self) -> None:
        self.problems: list[str] = []
        self.error: Json | None = None
        self.head: Json = {}
        self.choices: dict[int, Choice] = {}
        self.usage: Json | None = None
        self.done = False
        self._number = 0

    def read(self, data: bytes) -> None:
        try:
            for payload in payloads(data):
                self._number += 1
                self._payload(payload)
        except ValueError as error:
            self._problem(f"{error}")
        if not self.done:
            self.problems.append("the stream ends without [DONE]")
        if not self.choices:
            self.problems.append("the stream has no choice")
        for choice in self.choices.values():
            choice.end()

    @property
    def body(self) -> Json:
        choices = [choice.body() for _, choice in sorted(self.choices.items())]
        return {**self.head, "choices": choices} | ({} if self.usage is None else {"usage": self.usage})

    def _problem(self, text: str) -> None:
        self.problems.append(f"chunk {self._number}: {text}")

    def _payload(self, payload: str) -> None:
        if self.done:
            self._problem("comes after [DONE]")
        if payload == "[DONE]":
            self.done = True
            return
        chunk = json.loads(payload)
        match chunk:
            case {"error": error} if error:
                self.error = error if isinstance(error, dict) else {"message": error}
            case {"choices": list(choices)}:
                self._chunk(chunk, choices)
            case _:
                self._problem("is no chunk: it has no list of choices")

    def _chunk(self, chunk: Json, choices: list[Any]) -> None:
        if chunk.get("object") != "chat.completion.chunk":
            self._problem(f"object is {chunk.get('object')!r}")
        for name in CONSTANT:
            if name not in chunk:
                self._problem(f"{name} is missing")
            elif name in self.head and self.head[name] != chunk[name]:
                self._problem(f"{name} changes")
        self.head |= {name: value for name, value in chunk.items() if name not in ("choices", "usage")}
        if self.usage is not None:
            self._problem("comes after usage, and the SDK takes the usage of the last chunk")
        if (usage := chunk.get("usage")) is not None:
            self._usage(usage, choices)
        elif not choices:
            self._problem("has neither a choice nor usage")
        for choice in choices:
            self._choice(choice)

    def _usage(self, usage: Json, choices: list[Any]) -> None:
        self.usage = usage
        if choices:
            self._problem("tells usage beside a choice")
        if any(choice.finish_reason is None for choice in self.choices.values()):
            self._problem("tells usage before the finish reason")

    def _choice(self, choice: Json) -> None:
        index = choice.get("index")
        if not isinstance(index, int) or not 0 <= index <= len(self.choices):
            self._problem(f"choice index {index!r} where {len(self.choices)} is the next")
            return
        known = self.choices.setdefault(index, Choice(index, self._problem))
        known.add(choice)


class Choice:
    def __init__(self, index: int, problem: Any) -> None:
        self.index = index
        self.finish_reason: str | None = None
        self.message: Json = {}
        self.calls: list[Json] = []
        self._problem = problem

    def add(self, choice: Json) -> None:
        delta = choice.get("delta")
        if not isinstance(delta, dict):
            self._problem("delta is no object")
            return
        fields = {name: value for name, value in delta.items() if value is not None}
        if self.finish_reason is not None:
            self._problem("a choice goes on after its finish reason")
        if not self.message and not self.calls and "role" not in fields:
            self._problem("the first delta has no role")
        for name, value in fields.items():
            self._field(name, value)
        reason = choice.get("finish_reason")
        if reason is not None:
            self.finish_reason = reason
            if any(fields.values()):
                self._problem("the finish reason comes beside a delta")
            if reason not in FINISH_REASONS:
                self._problem(f"finish_reason {reason!r} is none of OpenAI's")

    def end(self) -> None:
        if self.finish_reason is None:
            self._problem(f"choice {self.index} has no finish reason")

    def body(self) -> Json:
        calls = {"tool_calls": self.calls} if self.calls else {}
        return {"index": self.index, "message": self.message | calls, "finish_reason": self.finish_reason}

    def _field(self, name: str, value: Any) -> None:
        known = self.message.get(name)
        if name == "tool_calls":
            for piece in value:
                self._call(piece)
        elif name == "role" and known is not None:
            self._problem("role is repeated")
        elif known is None:
            self.message[name] = value
            if isinstance(value, list):
                self.message[name] = [_without_index(entry) for entry in value]
        elif isinstance(known, str) and isinstance(value, str):
            self.message[name] = known + value
        elif name == "function_call" and isinstance(value, dict):
            self._grow(known, value, "function_call")
        elif isinstance(known, list) and isinstance(value, list):
            if any(not isinstance(entry, dict) or "index" not in entry for entry in value):
                self._problem(f"{name} comes in two chunks without an index")
            known.extend(_without_index(entry) for entry in value)
        else:
            self._problem(f"{name} comes twice and cannot be joined")

    def _call(self, piece: Json) -> None:
        index = piece.get("index")
        if index == len(self.calls):
            if not piece.get("id") or not piece.get("type"):
                self._problem(f"tool call {index} begins without id or type")
            self.calls.append({name: value for name, value in piece.items() if name != "index"})
            return
        if not isinstance(index, int) or not 0 <= index < len(self.calls):
            self._problem(f"tool call index {index!r} where {len(self.calls)} is the next")
            return
        for name in ("id", "type"):
            if piece.get(name) is not None:
                self._problem(f"tool call {index} repeats its {name}")
        known = self.calls[index]
        for name in ("function", "custom"):
            if isinstance(piece.get(name), dict):
                self._grow(known.setdefault(name, {}), piece[name], f"tool call {index}")

    def _grow(self, known: Json, piece: Json, what: str) -> None:
        for name, value in piece.items():
            if value is None:
                continue
            if name == "name" and "name" in known:
                self._problem(f"{what} repeats its name")
            elif isinstance(known.get(name, ""), str) and isinstance(value, str):
                known[name] = known.get(name, "") + value
            else:
                self._problem(f"{what} has a {name} that is no text")


def _without_index(entry: Any) -> Any:
    return {name: value for name, value in entry.items() if name != "index"} if isinstance(entry, dict) else entry
