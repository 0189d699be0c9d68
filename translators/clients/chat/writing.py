"""One answer as chat.completion.chunk objects over SSE, or as one chat.completion object."""

from typing import Any

from pydantic_core import to_json

from translators.clients.chat.deltas import Delta, Deltas, usage_object
from translators.clients.chat.form import Form
from translators.dialects import Envelope
from translators.errors import Failure
from translators.events import Event


class Streamed:
    """Nearly every chunk differs from the one before it in its delta alone, so the rest is kept as bytes."""

    def __init__(self, form: Form, envelope: Envelope) -> None:
        self.form, self.deltas = form, Deltas(form)
        self.common = {
            "id": envelope.id,
            "object": "chat.completion.chunk",
            "created": envelope.created,
            "model": envelope.model,
        }
        self.head = b"data: " + to_json(self.common)[:-1] + b',"choices":[{"index":0,"delta":'
        self.tail = b',"logprobs":null,"finish_reason":null}]' + (b',"usage":null' if form.usage else b"") + b"}\n\n"

    def on(self, event: Event) -> bytes:
        return b"".join([self._chunk(delta) for delta in self.deltas.on(event)])

    def close(self) -> bytes:
        """The usage chunk is the last but `[DONE]`: the SDK takes the usage of the last chunk that it sees."""
        told = [self._chunk(delta) for delta in self.deltas.close()]
        choice = {"index": 0, "delta": {}, "logprobs": None, "finish_reason": self.deltas.finish_reason()}
        tier = self.deltas.service_tier()
        unknown = {"usage": None} if self.form.usage else {}
        told.append(_event({**self.common, "choices": [choice], **tier, **unknown}))
        if self.form.usage and self.deltas.usage is not None:
            told.append(_event({**self.common, "choices": [], **tier, "usage": usage_object(self.deltas.usage)}))
        told.append(b"data: [DONE]\n\n")
        return b"".join(told)

    def fail(self, failure: Failure) -> bytes:
        """No finish chunk and no `[DONE]` comes after it: the SDK raises `APIError`, and what it had is no answer."""
        return _event(failure.body())

    def _chunk(self, delta: Delta) -> bytes:
        return b"%b%b%b" % (self.head, to_json(delta), self.tail)


class Whole:
    def __init__(self, form: Form, envelope: Envelope) -> None:
        self.envelope, self.deltas = envelope, Deltas(form)
        self.told: list[Delta] = []

    def on(self, event: Event) -> bytes:
        self.told.extend(self.deltas.on(event))
        return b""

    def close(self) -> bytes:
        self.told.extend(self.deltas.close())
        choice = {
            "index": 0,
            "message": message(self.told),
            "logprobs": None,
            "finish_reason": self.deltas.finish_reason(),
        }
        usage = {} if self.deltas.usage is None else {"usage": usage_object(self.deltas.usage)}
        body = {
            "id": self.envelope.id,
            "object": "chat.completion",
            "created": self.envelope.created,
            "model": self.envelope.model,
            "choices": [choice],
            **usage,
            **self.deltas.service_tier(),
        }
        return to_json(body)

    def fail(self, failure: Failure) -> bytes:
        return to_json(failure.body())


def message(deltas: list[Delta]) -> dict[str, Any]:
    """The sum of deltas, as every client makes it: text is joined, entries of lists go by their `index`, which a
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
                lists[name] = [{key: entry[key] for key in entry if key != "index"} for entry in value]
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
    return {"id": pieces[0]["id"], "type": kind, kind: inner}


def _filled(pieces: list[Delta], field: str) -> Delta:
    return {**pieces[0], field: "".join(piece[field] for piece in pieces)}


def _event(body: dict[str, Any]) -> bytes:
    return b"data: " + to_json(body) + b"\n\n"
