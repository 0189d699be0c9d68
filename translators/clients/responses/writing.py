"""Writes one answer as the stream events of Responses over SSE, or as one `Response` object."""

from collections.abc import Iterable
from typing import Any

from translators.clients.responses.form import Form
from translators.clients.responses.output import Output
from translators.clients.responses.output_items import Slot, StreamEvent
from translators.clients.responses.response_object import incomplete, response
from translators.dialects import Envelope
from translators.errors import Failure
from translators.events import Event
from translators.framing.json_text import to_json


def _output(form: Form, envelope: Envelope) -> Output:
    return Output(form, envelope.id.rpartition("_")[2])


class Streamed:
    """The writer of a stream. Two deltas of one text differ in the piece and in the number alone, so the rest is
    made once, as bytes. `response` is the finished object, from `close` or `fail` on."""

    def __init__(self, form: Form, envelope: Envelope) -> None:
        self.form, self.envelope = form, envelope
        self.output = _output(form, envelope)
        self.response: dict[str, Any] | None = None
        self.number = 0
        """The sequence number of the next event."""

    def on(self, event: Event) -> bytes:
        events = self.output.on(event)
        if self.number:
            return self._written(events)
        return self._begin() + self._written(events)

    def close(self) -> bytes:
        reason = incomplete(self.output)
        out = b"" if self.number else self._begin()
        out += self._written(self.output.close(cut=reason is not None))
        status = "completed" if reason is None else "incomplete"
        return out + self._end(status)

    def fail(self, failure: Failure) -> bytes:
        """End the stream with an error. Items that are open do not get done: a client that acts on done ones does
        not act on half a call."""
        out = b"" if self.number else self._begin()
        self.output.broken()
        return out + self._end("failed", failure)

    def _begin(self) -> bytes:
        begun = response(self.form, self.envelope, _output(self.form, self.envelope), "in_progress")
        events = [{"type": f"response.{stage}", "response": begun} for stage in ("created", "in_progress")]
        return self._written(events)

    def _end(self, status: str, failure: Failure | None = None) -> bytes:
        self.response = response(self.form, self.envelope, self.output, status, failure)
        return self._written([{"type": f"response.{status}", "response": self.response}])

    def _written(self, events: Iterable[StreamEvent]) -> bytes:
        out = []
        for each in events:
            if type(each) is tuple:
                slot, piece = each
                head = slot.head or _head(slot)
                out.append(b'%b%b,"sequence_number":%d}\n\n' % (head, to_json(piece), self.number))
            elif isinstance(each, dict):
                data = to_json(each)[:-1]
                out.append(
                    b'event: %b\ndata: %b,"sequence_number":%d}\n\n' % (each["type"].encode(), data, self.number)
                )
            self.number += 1
        return b"".join(out)


class Whole:
    """The writer of a whole Response. `response` is the finished object, from `close` on."""

    def __init__(self, form: Form, envelope: Envelope) -> None:
        self.form, self.envelope = form, envelope
        self.output = _output(form, envelope)
        self.response: dict[str, Any] | None = None

    def on(self, event: Event) -> bytes:
        self.output.on(event)
        return b""

    def close(self) -> bytes:
        reason = incomplete(self.output)
        self.output.close(cut=reason is not None)
        status = "completed" if reason is None else "incomplete"
        self.response = response(self.form, self.envelope, self.output, status)
        return to_json(self.response)

    def fail(self, failure: Failure) -> bytes:
        return to_json(failure.body())


def _head(slot: Slot) -> bytes:
    fields = to_json({"type": slot.kind, **slot.where})[:-1]
    slot.head = b'event: %b\ndata: %b,"delta":' % (slot.kind.encode(), fields)
    return slot.head
