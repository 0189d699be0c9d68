"""`scripts/bench --translation`: what the translation alone costs, next to parsing and writing the same JSON."""

import json
from collections.abc import Callable

from pydantic_core import from_json, to_json

from scripts.measuring import wire
from scripts.measuring.parts import Stopwatch
from translators.dialects import Envelope, Model, Recall
from translators.pipe import Pipe
from translators.registry import CLIENTS, PROVIDERS

CLIENT, PROVIDER = CLIENTS["chat"], PROVIDERS["anthropic"]
ENVELOPE = Envelope("chatcmpl-bench", 0, wire.MODEL)
FORM = CLIENT.parse(wire.question("each", 0, chat=True)).form
WHOLE_FORM = CLIENT.parse(wire.question("whole", 0, chat=True)).form
CONTENT = {"event-stream": "text/event-stream", "json": "application/json"}


def report(say: Callable[[str], None]) -> None:
    """One line a direction: microseconds translated, microseconds of JSON alone, and their ratio."""
    watch = Stopwatch()
    asked = json.dumps(wire.question("each", 0, chat=True)).encode()
    payloads = [event.partition(b"data: ")[2] for events in wire.STREAM_EVENTS for event in events.split(b"\n\n")]
    payloads = [payload for payload in payloads if payload]
    count = len(payloads)
    bulk = b"".join(wire.STREAM_EVENTS)
    chunks = _client_chunks()
    rows = (
        ("request: parse and render", watch.of(lambda: _request(asked)), watch.of(lambda: _floor([asked], [asked])), 1),
        ("whole answer", watch.of(_whole), watch.of(lambda: _floor([wire.WHOLE_BODY], [wire.WHOLE_BODY])), 1),
        ("event, each by itself", watch.of(_each), watch.of(lambda: _floor(payloads, chunks)), count),
        ("event, in large reads", watch.of(lambda: _stream([bulk])), watch.of(lambda: _floor(payloads, chunks)), count),
    )
    say(f"{'microseconds':28}{'translated':>12}{'JSON alone':>12}{'ratio':>8}")
    for name, ours, floor, parts in rows:
        say(f"{name:28}{ours / parts:12.2f}{floor / parts:12.2f}{ours / floor:8.1f}")


def _request(asked: bytes) -> bytes:
    conversation = CLIENT.parse(from_json(asked)).conversation
    return to_json(PROVIDER.render(conversation, Model(wire.MODEL)).body)


def _floor(read: list[bytes], write: list[bytes]) -> None:
    for data in read:
        from_json(data)
    for value in _parsed(write):
        to_json(value)


_PARSED: dict[int, list[object]] = {}


def _parsed(write: list[bytes]) -> list[object]:
    if id(write) not in _PARSED:
        _PARSED[id(write)] = [from_json(data) for data in write]
    return _PARSED[id(write)]


def _each() -> bytes:
    return _stream(_BY_THEMSELVES)


_BY_THEMSELVES = list(wire.STREAM_EVENTS)


def _stream(pieces: list[bytes]) -> bytes:
    answer, writer = PROVIDER.answer(Recall(wire.MODEL)), CLIENT.streamed(FORM, ENVELOPE)
    pipe = Pipe(answer, writer, content_type=CONTENT["event-stream"])
    out = b"".join([pipe.feed(piece) for piece in pieces]) + pipe.close()
    assert pipe.done
    return out


def _whole() -> bytes:
    answer, writer = PROVIDER.answer(Recall(wire.MODEL)), CLIENT.whole(WHOLE_FORM, ENVELOPE)
    pipe = Pipe(answer, writer, content_type=CONTENT["json"])
    out = pipe.feed(wire.WHOLE_BODY) + pipe.close()
    assert pipe.done
    return out


def _client_chunks() -> list[bytes]:
    """The JSON of what a client gets for the stream."""
    lines = _stream([b"".join(wire.STREAM_EVENTS)]).split(b"\n\n")
    return [line.removeprefix(b"data: ") for line in lines if line.startswith(b"data: {")]
