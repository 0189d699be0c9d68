"""What an answer becomes: the rendering that its values are traced through."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any, Final, Literal

from pydantic_core import from_json

from translators.convert import Answering
from translators.errors import BadAnswer
from translators.framing.json_text import to_json
from translators.joining import Joined
from translators.pipe import Pipe, Tap, Tapped
from translators.tracing.losses import Made
from translators.values import immutable

EVENTS: Final = "events"
CALLS: Final = "calls"
_TYPES: Final = {"json": "application/json", "sse": "text/event-stream"}


@immutable
class Rendered:
    """What an answer becomes, the message of its failure, and the notes on it."""

    output: Any
    failure: str = ""
    notes: tuple[Made, ...] = ()


def whole(payload: Any, answering: Answering) -> Rendered:
    """Return the client's answer. Raises `BadAnswer`."""
    return several({CALLS: [payload]}, replace(answering, calls=()))


def several(value: Any, answering: Answering) -> Rendered:
    """Return the client's answer of those to several calls, `{"calls": [...]}`. Raises `BadAnswer`."""
    out, notes = b"", list[Made]()
    for number, (payload, pipe) in enumerate(zip(value[CALLS], _pipes(answering, "json"), strict=True)):
        out += pipe.feed(to_json(payload)) + pipe.close()
        if pipe.failure is not None:
            raise BadAnswer(pipe.failure)
        notes += [Made(note, number) for note in pipe.notes]
    output = {EVENTS: [events_in(out)]} if answering.stream else from_json(out)
    return Rendered(output, "", tuple(notes))


def streamed(value: Any, answering: Answering, calls: Sequence[int] = ()) -> Rendered:
    """Return `{"events": [[client's event, ...], ...]}`, or the whole answer of a client that asked for none. Raises
    `BadAnswer` where there is nothing but a failure."""
    pairs: list[bytes] = []
    notes: list[Made] = []

    def tap(events: Sequence[Tapped], broken: bool) -> None:
        for _, _, out, noted in events:
            notes.extend(Made(note, len(pairs)) for note in noted)
            pairs.append(out)

    pipes = list(_pipes(answering, "sse", tap))
    out = b""
    for number, each in enumerate(value[EVENTS]):
        data = each.encode() if isinstance(each, str) else to_json(each)
        out += pipes[calls[number] if calls else 0].feed(b"data: " + data + b"\n\n")
        if len(pairs) == number:
            pairs.append(b"")  # its answer was complete
    failure = None
    for pipe in pipes:
        out += b"" if failure else pipe.close()
        failure = failure or pipe.failure
    if failure is not None and not (answering.stream and any(pairs)):
        raise BadAnswer(failure)
    output = {EVENTS: [events_in(each) for each in pairs]} if answering.stream else from_json(out)
    return Rendered(output, "" if failure is None else failure.message, tuple(notes))


def _pipes(answering: Answering, form: Literal["json", "sse"], tap: Tap | None = None) -> Iterator[Pipe]:
    """Yield the way of the answer to each call."""
    upstream, calls = answering.upstream, answering.calls
    writing = answering.writers.streamed if answering.stream else answering.writers.whole
    writer = writing(answering.form, answering.envelope)
    framing = "sse" if form == "sse" else upstream.framing
    way: dict[str, Any] = {"framing": framing, "content_type": _TYPES[form], "tap": tap, "omitted": answering.omitted}
    if not calls:
        yield Pipe(upstream.answer(answering.recall), writer, **way)
    joined, first = Joined(writer, len(calls)), 0
    for call in calls:
        yield Pipe(upstream.answer(call.recall), joined.part(first, call.choices), **way)
        first += call.choices


def events_in(data: bytes) -> list[Any]:
    """Return the data of server-sent events: JSON, or text where it is none."""
    texts = [line[5:].strip() for line in data.split(b"\n") if line.startswith(b"data:")]
    return [from_json(text) if text.startswith(b"{") else text.decode() for text in texts]
