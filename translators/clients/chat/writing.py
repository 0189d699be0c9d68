"""Writes one answer as chat.completion.chunk objects over SSE, or as one chat.completion object."""

from typing import Any

from translators.clients.chat.deltas import ChoiceEvent, Delta, Deltas, logprobs_object
from translators.clients.chat.form import Form
from translators.clients.shared.usage import usage_object
from translators.dialects import Envelope
from translators.errors import Failure
from translators.events import (
    Event,
    Logprobs,
    Noted,
    PassedThrough,
    ReasoningDelta,
    Started,
    TextDelta,
    TokenLogprob,
    ToolCallDelta,
    Usage,
    UsageReported,
)
from translators.framing.json_text import to_json


class Choices:
    """The choices of one answer, which begin in the order of their index, and the facts that are sent once for all
    of them."""

    def __init__(self, form: Form) -> None:
        self._form = form
        self.all: list[Deltas] = []
        self.usage: Usage | None = None

    def until(self, index: int) -> list[Deltas]:
        """Begin the choices up to `index` that had not begun, and return them."""
        new = [Deltas(self._form) for _ in range(len(self.all), index + 1)]
        self.all += new
        return new

    def service_tier(self) -> dict[str, str]:
        tiers = (deltas.service_tier() for deltas in self.all)
        return next((tier for tier in tiers if tier), {})


class Streamed:
    """The writer of a stream. Nearly every chunk differs from the one before it in its delta alone, so the rest is made
    once, as bytes."""

    def __init__(self, form: Form, envelope: Envelope) -> None:
        self.form, self.choices = form, Choices(form)
        self.common = {
            "id": envelope.id,
            "object": "chat.completion.chunk",
            "created": envelope.created,
            "model": envelope.model,
        }
        self.begin = b"data: " + to_json(self.common)[:-1] + b',"choices":[{"index":'
        self.heads: list[bytes] = []
        """The bytes ahead of the delta, by choice."""
        self.end = b',"finish_reason":null}]' + (b',"usage":null' if form.usage else b"") + b"}\n\n"
        self.tail = b',"logprobs":null' + self.end

    def on(self, event: Event) -> bytes:
        match event:
            case TextDelta() | ToolCallDelta() | ReasoningDelta():
                return self._chunks(event)
            case UsageReported(usage):
                self.choices.usage = usage
                return b""
            case Noted() | PassedThrough():
                return b""
            case Started():
                return self._open(0)
            case Logprobs(tokens, refusal, choice):
                logprobs = logprobs_object(None, tokens) if refusal else logprobs_object(tokens, None)
                return self._open(choice) + b'%b{},"logprobs":%b%b' % (self.heads[choice], to_json(logprobs), self.end)
            case _:
                return self._chunks(event)

    def close(self) -> bytes:
        """End the stream: `data: {..., "usage": {...}}` is the last chunk but `[DONE]`, since the SDK takes the usage
        of the last chunk that it sees."""
        chunks = [self._open(0)]
        tier = self.choices.service_tier()
        unknown = {"usage": None} if self.form.usage else {}
        for index, deltas in enumerate(self.choices.all):
            chunks += [b"%b%b%b" % (self.heads[index], to_json(delta), self.tail) for delta in deltas.close()]
            choice = {"index": index, "delta": {}, "logprobs": None, **deltas.ending()}
            chunks.append(_event({**self.common, "choices": [choice], **tier, **unknown}))
        if self.form.usage and self.choices.usage is not None:
            chunks.append(_event({**self.common, "choices": [], **tier, "usage": usage_object(self.choices.usage)}))
        chunks.append(b"data: [DONE]\n\n")
        return b"".join(chunks)

    def fail(self, failure: Failure) -> bytes:
        """End the stream with an error. No finish chunk and no `[DONE]` comes after it: the SDK raises `APIError`, and
        what came before is no answer."""
        return _event(failure.body())

    def _chunks(self, event: ChoiceEvent) -> bytes:
        choice = event.choice
        beginning = self._open(choice) if choice >= len(self.heads) else b""
        head, tail = self.heads[choice], self.tail
        chunks = [b"%b%b%b" % (head, to_json(delta), tail) for delta in self.choices.all[choice].on(event)]
        return beginning + b"".join(chunks)

    def _open(self, index: int) -> bytes:
        """Begin the choices up to `index`: the SDK wants them to begin in their order, each with its role."""
        chunks = []
        for deltas in self.choices.until(index):
            self.heads.append(b'%b%d,"delta":' % (self.begin, len(self.heads)))
            chunks += [b"%b%b%b" % (self.heads[-1], to_json(delta), self.tail) for delta in deltas.open()]
        return b"".join(chunks)


class Whole:
    """The writer of a whole answer: `{"id": ..., "object": "chat.completion", "choices": [{"index": ..., "message":
    ..., "finish_reason": ...}], "usage": ...}`."""

    def __init__(self, form: Form, envelope: Envelope) -> None:
        self.envelope, self.choices = envelope, Choices(form)
        self.deltas: list[list[Delta]] = []
        """The deltas so far, by choice."""
        self.logprobs: dict[int, dict[bool, list[TokenLogprob]]] = {}

    def on(self, event: Event) -> bytes:
        match event:
            case UsageReported(usage):
                self.choices.usage = usage
            case Noted() | PassedThrough():
                pass
            case Started():
                self._open(0)
            case Logprobs(tokens, refusal, choice):
                self._open(choice)
                self.logprobs.setdefault(choice, {}).setdefault(refusal, []).extend(tokens)
            case _:
                self._open(event.choice)
                self.deltas[event.choice].extend(self.choices.all[event.choice].on(event))
        return b""

    def close(self) -> bytes:
        self._open(0)
        usage = {} if self.choices.usage is None else {"usage": usage_object(self.choices.usage)}
        body = {
            "id": self.envelope.id,
            "object": "chat.completion",
            "created": self.envelope.created,
            "model": self.envelope.model,
            "choices": [self._choice(index, deltas) for index, deltas in enumerate(self.choices.all)],
            **usage,
            **self.choices.service_tier(),
        }
        return to_json(body)

    def fail(self, failure: Failure) -> bytes:
        return to_json(failure.body())

    def _open(self, index: int) -> None:
        self.deltas += [list(deltas.open()) for deltas in self.choices.until(index)]

    def _choice(self, index: int, deltas: Deltas) -> Delta:
        tokens = self.logprobs.get(index)
        return {
            "index": index,
            "message": message([*self.deltas[index], *deltas.close()]),
            "logprobs": logprobs_object(tokens.get(False), tokens.get(True)) if tokens else None,
            **deltas.ending(),
        }


def message(deltas: list[Delta]) -> dict[str, Any]:
    """Return the sum of deltas, as every client makes it: text is joined, entries of lists go by their `index`, which a
    whole answer does not show."""
    texts: dict[str, list[str]] = {}
    calls: list[list[Delta]] = []
    legacy: list[Delta] = []
    lists: dict[str, list[Delta]] = {}
    for delta in deltas:
        for name, value in delta.items():
            if name == "tool_calls":
                _place(calls, value[0])
            elif name == "function_call":
                legacy.append(value)
            elif isinstance(value, list):
                entries = [{key: entry[key] for key in entry if key != "index"} for entry in value]
                lists.setdefault(name, []).extend(entries)
            else:
                texts.setdefault(name, []).append(value)
    whole: dict[str, Any] = {"role": "assistant", "content": None, "refusal": None}
    whole |= {name: "".join(pieces) for name, pieces in texts.items()}
    if calls:
        whole["tool_calls"] = [_joined(pieces) for pieces in calls]
    if legacy:
        whole["function_call"] = _filled(legacy, "arguments")
    return whole | lists


def _place(calls: list[list[Delta]], piece: Delta) -> None:
    if piece["index"] == len(calls):
        calls.append([])
    calls[piece["index"]].append(piece)


def _joined(pieces: list[Delta]) -> Delta:
    kind = pieces[0]["type"]
    inner = _filled([piece[kind] for piece in pieces], "input" if kind == "custom" else "arguments")
    extra = {"extra_content": pieces[0]["extra_content"]} if "extra_content" in pieces[0] else {}
    return {"id": pieces[0]["id"], "type": kind, kind: inner, **extra}


def _filled(pieces: list[Delta], field: str) -> Delta:
    return {**pieces[0], field: "".join(piece[field] for piece in pieces)}


def _event(body: dict[str, Any]) -> bytes:
    return b"data: " + to_json(body) + b"\n\n"
