"""Writes an answer that is passed through: as it came, but for the name of the model and for usage that the client did
not request."""

from collections.abc import Mapping
from typing import Any

from translators.clients.shared.usage import usage_object
from translators.dialects import Envelope
from translators.errors import Failure
from translators.events import Event, PassedThrough, Usage, UsageReported
from translators.framing.json_text import to_json
from translators.passthrough.folding import folded, is_whole_chat, unfolded
from translators.passthrough.request import Form

_DONE = b"data: [DONE]\n\n"


class Streamed:
    """The writer of chunks over SSE. Usage that the provider sent in a place of its own goes where the client looks for
    it."""

    def __init__(self, form: Form, envelope: Envelope, kind: str) -> None:
        self._shown, self._model = form.usage, envelope.model
        self._common = {"id": envelope.id, "object": kind, "created": envelope.created, "choices": []}
        self._usage_sent = False
        self._last: Mapping[str, Any] = {}
        self._usage: Usage | None = None

    def on(self, event: Event) -> bytes:
        if type(event) is PassedThrough:
            if is_whole_chat(event.payload):
                return b"".join([self._chunk(chunk) for chunk in unfolded(event.payload)])
            return self._chunk(event.payload)
        if type(event) is UsageReported:
            self._usage = event.usage
        return b""

    def close(self) -> bytes:
        if self._shown and not self._usage_sent and self._usage is not None:
            return self._chunk({**self._last, "choices": [], "usage": usage_object(self._usage)}) + _DONE
        return _DONE

    def fail(self, failure: Failure) -> bytes:
        """End the stream with an error. No `[DONE]` comes after it: what came before is no answer."""
        return b"data: %b\n\n" % to_json(failure.body())

    def _chunk(self, payload: Mapping[str, Any]) -> bytes:
        self._last = payload
        if "usage" in payload:
            usage = payload["usage"]
            if self._shown:
                self._usage_sent = self._usage_sent or bool(usage)
            elif usage and not payload.get("choices"):
                return b""
            else:
                payload = {name: value for name, value in payload.items() if name != "usage"}
        if not payload.get("choices"):  # filter results and heartbeats, perhaps without what a chunk must have
            given = {name: value for name, value in payload.items() if value or name not in self._common}
            payload = {**self._common, **given}
        return b"data: %b\n\n" % to_json({**payload, "model": self._model})


class Whole:
    """The writer of one JSON object of the `kind`."""

    def __init__(self, envelope: Envelope, kind: str) -> None:
        self._model, self._kind = envelope.model, kind
        self._payloads: list[Mapping[str, Any]] = []
        self._usage: Usage | None = None

    def on(self, event: Event) -> bytes:
        if type(event) is PassedThrough:
            self._payloads.append(event.payload)
        elif type(event) is UsageReported:
            self._usage = event.usage
        return b""

    def close(self) -> bytes:
        came_whole = len(self._payloads) == 1 and (self._kind == "text_completion" or is_whole_chat(self._payloads[0]))
        body = self._payloads[0] if came_whole else folded(self._payloads, self._kind)
        if not body.get("usage") and self._usage is not None:
            body = {**body, "usage": usage_object(self._usage)}
        return to_json({**body, "model": self._model})

    def fail(self, failure: Failure) -> bytes:
        return to_json(failure.body())
