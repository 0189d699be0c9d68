import json
import struct
from binascii import crc32
from itertools import pairwise
from typing import Any

import pytest
from botocore.eventstream import EventStreamBuffer
from hypothesis import given, settings
from hypothesis import strategies as st

from translators.errors import BadAnswer
from translators.framing.eventstream import EventStreamReader

EVENT = {":event-type": "contentBlockDelta", ":content-type": "application/json", ":message-type": "event"}


def header(name: str, value: Any) -> bytes:
    """One of each of the ten types, by the type of `value`."""
    match value:
        case bool():
            wire = b"\0" if value else b"\1"
        case str():
            wire = b"\7" + struct.pack(">H", len(value.encode())) + value.encode()
        case bytes():
            wire = b"\6" + struct.pack(">H", len(value)) + value
        case (int(kind), raw):
            wire = bytes([kind]) + raw
    return bytes([len(name)]) + name.encode() + wire


def message(headers: dict[str, Any], payload: bytes = b"") -> bytes:
    head = b"".join(header(name, value) for name, value in headers.items())
    prelude = struct.pack(">II", len(head) + len(payload) + 16, len(head))
    body = prelude + struct.pack(">I", crc32(prelude)) + head + payload
    return body + struct.pack(">I", crc32(body))


def read(data: bytes, size: int | None = None) -> list[tuple[str, bytes]]:
    reader = EventStreamReader()
    size = size or max(1, len(data))
    messages = [tuple(each) for at in range(0, len(data), size) for each in reader.feed(data[at : at + size])]
    reader.close()
    return messages


def parsed(data: bytes) -> list[Any]:
    return [json.loads(text) for _, text in read(data)]


ODD = {
    "t": True,
    "f": False,
    "byte": (2, b"\1"),
    "short": (3, b"\0\1"),
    "integer": (4, b"\0\0\0\1"),
    "long": (5, b"\0" * 8),
    "blob": b"\xff\xfe",
    "time": (8, b"\0" * 8),
    "uuid": (9, b"\0" * 16),
}
STREAM = b"".join(
    [
        message({**EVENT, ":event-type": "messageStart"}, b'{"role":"assistant"}'),
        message({**ODD, **EVENT}, '{"delta":{"text":"你好"},"contentBlockIndex":0}'.encode()),
        message(EVENT, b'{"delta":{"text":""},"contentBlockIndex":0}'),
        message({**EVENT, ":event-type": "messageStop"}),
    ]
)
TOLD = [
    {"messageStart": {"role": "assistant"}},
    {"contentBlockDelta": {"delta": {"text": "你好"}, "contentBlockIndex": 0}},
    {"contentBlockDelta": {"delta": {"text": ""}, "contentBlockIndex": 0}},
    {"messageStop": {}},
]


def test_events_are_told_with_their_names() -> None:
    assert parsed(STREAM) == TOLD
    assert [name for name, _ in read(STREAM)] == [next(iter(each)) for each in TOLD]


def test_any_split_gives_the_same() -> None:
    expected = read(STREAM)
    for size in range(1, len(STREAM)):
        assert read(STREAM, size) == expected, size


def test_botocore_reads_the_same() -> None:
    buffer = EventStreamBuffer()
    buffer.add_data(STREAM)
    theirs = [(each.headers[":event-type"], each.payload) for each in buffer]
    assert [(name, json.loads(payload or b"{}")) for name, payload in theirs] == [
        (name, next(iter(json.loads(text).values()))) for name, text in read(STREAM)
    ]


@pytest.mark.parametrize(
    ("headers", "payload", "expected"),
    [
        pytest.param(
            {":message-type": "exception", ":exception-type": "throttlingException"},
            b'{"message":"Slow down."}',
            {"type": "throttlingException", "message": "Slow down."},
            id="exception",
        ),
        pytest.param(
            {":message-type": "exception", ":exception-type": "modelStreamErrorException"},
            b'{"message":"m","originalStatusCode":503,"type":"x"}',
            {"type": "modelStreamErrorException", "message": "m", "originalStatusCode": 503},
            id="the header names the type",
        ),
        pytest.param(
            {":message-type": "error", ":error-code": "InternalError", ":error-message": "Oh."},
            b"",
            {"type": "InternalError", "message": "Oh."},
            id="error without a payload",
        ),
        pytest.param(
            {":message-type": "exception", ":exception-type": "x"},
            b"plain \xff",
            {"type": "x", "message": "plain �"},
            id="no JSON",
        ),
        pytest.param(
            {":message-type": "exception", ":exception-type": "x"}, b"[1]", {"type": "x", "message": ""}, id="a list"
        ),
        pytest.param({":message-type": "error"}, b"", {"type": "error"}, id="no name"),
    ],
)
def test_exceptions(headers: dict[str, str], payload: bytes, expected: dict[str, Any]) -> None:
    assert parsed(message(headers, payload)) == [{"exception": expected}]


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        pytest.param({}, {"": {"a": 1}}, id="no headers"),
        pytest.param({":event-type": 'a"b'}, {'a"b': {"a": 1}}, id="a quote in its name"),
        pytest.param({":event-type": "x", ":message-type": "new"}, {"x": {"a": 1}}, id="a message of a new type"),
    ],
)
def test_odd_headers_are_read(headers: dict[str, str], expected: dict[str, Any]) -> None:
    assert parsed(message(headers, b'{"a":1}')) == [expected]


def damaged(at: int) -> bytes:
    data = bytearray(message(EVENT, b'{"a":1}'))
    data[at] ^= 1
    return bytes(data)


def prelude(total: int, headers: int) -> bytes:
    start = struct.pack(">II", total, headers)
    return start + struct.pack(">I", crc32(start)) + b"\0" * 64


def test_any_damage_is_found() -> None:
    for at in range(len(message(EVENT, b'{"a":1}'))):
        with pytest.raises(BadAnswer) as caught:
            read(damaged(at))
        assert caught.value.failure.status == 502, at


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(prelude(15, 0), id="too short for a message"),
        pytest.param(prelude(20, 5), id="headers longer than the message"),
        pytest.param(prelude(0xFFFFFFFF, 0), id="four gigabytes"),
        pytest.param(b"data: {}\n\nevent: x\n\n", id="another framing"),
        pytest.param(message({"x": (10, b"")}), id="a header of an unknown type"),
        pytest.param(message({"x": (4, b"\0")}), id="half a number"),
        pytest.param(message({"x": (7, b"\0\5ab")}), id="half a string"),
        pytest.param(message({"x": (7, b"\0")}), id="half a length"),
    ],
)
def test_what_cannot_be_is_a_bad_answer(data: bytes) -> None:
    with pytest.raises(BadAnswer) as caught:
        read(data)
    assert caught.value.failure.code == "bad_provider_answer"


def test_half_a_message_is_an_error() -> None:
    whole = message(EVENT, b'{"a":1}')
    for end in range(1, len(whole)):
        with pytest.raises(BadAnswer) as caught:
            read(whole[:end])
        assert caught.value.failure.code == "incomplete_answer", end


def test_one_event_may_not_be_larger_than_the_limit() -> None:
    whole = message(EVENT, b'"' + b"x" * 200 + b'"')
    assert list(EventStreamReader(len(whole)).feed(whole))
    with pytest.raises(BadAnswer):
        list(EventStreamReader(len(whole) - 1).feed(whole[:12]))


def test_what_came_before_the_damage_is_told() -> None:
    reader = EventStreamReader().feed(message(EVENT, b"1") + b"no message at all")
    assert next(reader).data == b'{"contentBlockDelta":1}'
    with pytest.raises(BadAnswer):
        next(reader)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.text(max_size=20), st.text(max_size=50)), max_size=5), st.data())
def test_random_events_in_random_pieces(events: list[tuple[str, str]], data: st.DataObject) -> None:
    stream = b"".join(message({":event-type": name}, json.dumps(text).encode()) for name, text in events)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=8)))
    reader = EventStreamReader()
    received = [each for start, end in pairwise([0, *cuts, len(stream)]) for each in reader.feed(stream[start:end])]
    reader.close()
    assert [(each.name, json.loads(each.data)) for each in received] == [(name, {name: text}) for name, text in events]
