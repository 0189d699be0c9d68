"""Writes the provider's answer for its client: event by event as `event:` and `data:`, or as one response object.

Only the model's name changes back to the client's, and a failure's text, which is not the provider's to the letter
where that held a secret.
"""

from collections.abc import Mapping
from typing import Any

from translators.dialects import Envelope
from translators.errors import Failure
from translators.events import Event, PassedThrough
from translators.framing.json_text import to_json
from translators.passthrough.responses.unfolding import unfolded
from translators.providers.openai_responses.stop_reasons import TERMINAL

_CODES = frozenset(("rate_limit_exceeded", "insufficient_quota", "context_length_exceeded", "invalid_prompt"))
"""Codes of failures that mean something to clients; all others become `server_error`."""

Payload = dict[str, Any]


def _named(response: Mapping[str, Any], model: str) -> Payload:
    return {**response, "model": model} if "model" in response else dict(response)


class Streamed:
    """The writer of a stream. `_response` is the newest state of the response, for a failure that has none of its
    own."""

    def __init__(self, envelope: Envelope) -> None:
        self._model = envelope.model
        self._number = -1  # the last sequence number
        self._response: Payload | None = None
        self._failed: Payload | None = None

    def on(self, event: Event) -> bytes:
        if not isinstance(event, PassedThrough):
            return b""
        payload = event.payload
        kind = payload.get("type")
        if not isinstance(kind, str):
            return self._unfolded(payload)
        number = payload.get("sequence_number")
        if type(number) is int:
            self._number = number
        response = payload.get("response")
        if isinstance(response, dict):
            self._response = _named(response, self._model)
            payload = {**payload, "response": self._response}
        if kind == "error" or kind == "response.failed" or (kind in TERMINAL and _has_failed(payload)):
            self._failed = dict(payload)
            return b""
        return _event(kind, payload)

    def close(self) -> bytes:
        return b""

    def fail(self, failure: Failure) -> bytes:
        """Return the provider's own event, where it sent one; else `response.failed`, or `error` where there was none
        yet."""
        if self._failed is not None:
            payload = _with_message(self._failed, failure.message)
            return _event(payload["type"], payload)
        number = self._number + 1
        code = failure.code if failure.code in _CODES else "server_error"
        if self._response is None:
            error = {"code": code, "message": failure.message, "param": failure.param}
            return _event("error", {"type": "error", "sequence_number": number, **error})
        response = {**self._response, "status": "failed", "error": {"code": code, "message": failure.message}}
        failed = {"type": "response.failed", "sequence_number": number, "response": response}
        return _event("response.failed", failed)

    def _unfolded(self, response: Mapping[str, Any]) -> bytes:
        events = unfolded(_named(response, self._model))
        return b"".join([_event(event["type"], event) for event in events])


class Whole:
    """The writer of a whole response. Of a stream it is the response in the last event."""

    def __init__(self, envelope: Envelope) -> None:
        self._model = envelope.model
        self._response: Payload = {}

    def on(self, event: Event) -> bytes:
        if isinstance(event, PassedThrough):
            self._store(event.payload)
        return b""

    def close(self) -> bytes:
        return to_json(self._response)

    def fail(self, failure: Failure) -> bytes:
        return to_json(failure.body())

    def _store(self, payload: Mapping[str, Any]) -> None:
        kind = payload.get("type")
        if not isinstance(kind, str):
            self._response = _named(payload, self._model)
        elif kind in TERMINAL and isinstance(response := payload.get("response"), dict):
            self._response = _named(response, self._model)


def _has_failed(payload: Mapping[str, Any]) -> bool:
    response = payload.get("response")
    return isinstance(response, Mapping) and response.get("status") == "failed"


def _with_message(payload: Payload, message: str) -> Payload:
    """Return a failure's event with another text, wherever it has its text."""
    match payload:
        case {"response": {"error": {"message": _, **error}, **response}}:
            return {**payload, "response": {**response, "error": {**error, "message": message}}}
        case {"error": {"message": _, **error}}:
            return {**payload, "error": {**error, "message": message}}
        case {"message": _}:
            return {**payload, "message": message}
        case _:
            return payload


def _event(kind: str, payload: Mapping[str, Any]) -> bytes:
    data = to_json(payload)
    if not kind.isprintable():  # a line end would begin a field of its own
        return b"data: %b\n\n" % data
    return b"event: %b\ndata: %b\n\n" % (kind.encode(), data)
