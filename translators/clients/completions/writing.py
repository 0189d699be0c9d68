"""Writes one answer as text_completion chunks over SSE, or as one text_completion object."""

from typing import Any

from translators.clients.completions.choices import Choices, Piece
from translators.clients.completions.form import Form
from translators.clients.shared.usage import usage_object
from translators.dialects import Envelope
from translators.errors import Failure
from translators.events import Event
from translators.framing.json_text import to_json

_LOGPROBS = ("tokens", "token_logprobs", "top_logprobs", "text_offset")


def _common(envelope: Envelope) -> dict[str, Any]:
    return {"id": envelope.id, "object": "text_completion", "created": envelope.created, "model": envelope.model}


class Streamed:
    """The writer of a stream. Nearly every chunk differs from the one before it in its text alone, so the rest is made
    once, as bytes."""

    def __init__(self, form: Form, envelope: Envelope) -> None:
        self.form, self.choices = form, Choices(form)
        self.common = _common(envelope)
        self.head = b"data: " + to_json(self.common)[:-1] + b',"choices":[{"index":'
        self.end = b"}]" + (b',"usage":null' if form.usage else b"") + b"}\n\n"
        self.tail = b',"logprobs":null,"finish_reason":null' + self.end

    def on(self, event: Event) -> bytes:
        return b"".join([self._chunk(piece) for piece in self.choices.on(event)])

    def close(self) -> bytes:
        """End the stream. The usage chunk is the last but `[DONE]`."""
        usage = self.choices.usage
        if not self.form.usage or usage is None:
            return b"data: [DONE]\n\n"
        chunk = {**self.common, "choices": [], "usage": usage_object(usage)}
        return b"data: " + to_json(chunk) + b"\n\ndata: [DONE]\n\n"

    def fail(self, failure: Failure) -> bytes:
        """End the stream with an error. No `[DONE]` comes after it: the SDK raises `APIError`, and what came before is
        no answer."""
        return b"data: " + to_json(failure.body()) + b"\n\n"

    def _chunk(self, piece: Piece) -> bytes:
        choice, text, logprobs, ending = piece
        begun = b'%b%d,"text":%b' % (self.head, choice, to_json(text))
        if logprobs is None and ending is None:
            return begun + self.tail
        rest = to_json({"logprobs": logprobs, **(ending or {"finish_reason": None})})
        return b"%b,%b%b" % (begun, rest[1:-1], self.end)


class Whole:
    """The writer of a whole answer: `{"id": ..., "object": "text_completion", "choices": [{"index": ..., "text": ...,
    "finish_reason": ...}], "usage": ...}`."""

    def __init__(self, form: Form, envelope: Envelope) -> None:
        self.envelope, self.choices = envelope, Choices(form)
        self.pieces: dict[int, list[Piece]] = {}

    def on(self, event: Event) -> bytes:
        for piece in self.choices.on(event):
            self.pieces.setdefault(piece.choice, []).append(piece)
        return b""

    def close(self) -> bytes:
        usage = self.choices.usage
        body = {
            **_common(self.envelope),
            "choices": [_choice(index, pieces) for index, pieces in sorted(self.pieces.items())],
            **({} if usage is None else {"usage": usage_object(usage)}),
        }
        return to_json(body)

    def fail(self, failure: Failure) -> bytes:
        return to_json(failure.body())


def _choice(index: int, pieces: list[Piece]) -> dict[str, Any]:
    """Return the sum of a choice's pieces, of which the last one has the reason for its end."""
    parts = [piece.logprobs for piece in pieces if piece.logprobs is not None]
    logprobs = {name: [entry for part in parts for entry in part[name]] for name in _LOGPROBS} if parts else None
    text = "".join([piece.text for piece in pieces])
    return {"index": index, "text": text, "logprobs": logprobs, **(pieces[-1].ending or {"finish_reason": None})}
