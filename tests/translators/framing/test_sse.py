import itertools
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from translators.errors import BadAnswer
from translators.framing.sse import SseReader


def read(data: bytes, size: int | None = None) -> list[tuple[str, bytes]]:
    reader = SseReader()
    size = size or max(1, len(data))
    events = [tuple(event) for at in range(0, len(data), size) for event in reader.feed(data[at : at + size])]
    reader.close()
    return events


STREAMS = [
    pytest.param(b"", [], id="nothing at all"),
    pytest.param(b"\n\n\n", [], id="blank lines only"),
    pytest.param(b'data: {"a":1}\n\n', [("", b'{"a":1}')], id="data alone"),
    pytest.param(b"event: ping\ndata: {}\n\n", [("ping", b"{}")], id="named"),
    pytest.param(b"data: {}\nevent: ping\n\n", [("ping", b"{}")], id="name after the data"),
    pytest.param(b"event:ping\ndata:{}\n\n", [("ping", b"{}")], id="no space after the colon"),
    pytest.param(b"data:  x\n\n", [("", b" x")], id="only one space belongs to the colon"),
    pytest.param(b"data: a\ndata: b\ndata:\n\n", [("", b"a\nb\n")], id="several lines of data"),
    pytest.param(b"data\n\n", [("", b"")], id="a field without a colon"),
    pytest.param(b"event: lonely\n\ndata: x\n\n", [("", b"x")], id="a name without data names nothing"),
    pytest.param(b": comment\n\n: more\ndata: x\n\n", [("", b"x")], id="comments"),
    pytest.param(b"id: 7\nretry: 10\ndata: x\n\n", [("", b"x")], id="id and retry"),
    pytest.param(b"id: 7\n\n", [], id="an id is no event"),
    pytest.param(b"database: x\n\n", [], id="a longer field name is another field"),
    pytest.param(b"\xef\xbb\xbfdata: x\n\n", [("", b"x")], id="byte order mark"),
    pytest.param(b"data: \xef\xbb\xbfx\n\n", [("", b"\xef\xbb\xbfx")], id="a mark inside is content"),
    pytest.param("data: 你好 🎈\n\n".encode(), [("", "你好 🎈".encode())], id="characters of several bytes"),
    pytest.param(b"event: \xff\ndata: x\n\n", [("�", b"x")], id="a name that is no UTF-8"),
    pytest.param(b"data: a\r\n\r\ndata: b\r\n\r\n", [("", b"a"), ("", b"b")], id="CRLF"),
    pytest.param(b"data: a\r\rdata: b\r\r", [("", b"a"), ("", b"b")], id="CR"),
    pytest.param(
        b"data: a\r\n\ndata: b\n\r\ndata: c\r\r\n", [("", b"a"), ("", b"b"), ("", b"c")], id="line ends mixed"
    ),
    pytest.param(b"data: a\n\n: ping\n", [("", b"a")], id="a comment may be cut off"),
]


@pytest.mark.parametrize(("data", "events"), STREAMS)
def test_events_of_a_stream(data: bytes, events: list[tuple[str, bytes]]) -> None:
    for size in (1, 2, 3, 7, None):
        assert read(data, size) == events, size


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(b"data: x", id="within data"),
        pytest.param(b"data: x\n", id="without the blank line"),
        pytest.param(b"data: x\r", id="without the blank line, CR"),
        pytest.param(b"data: x\n\nevent: y", id="within a name"),
        pytest.param(b"da", id="within a field name"),
    ],
)
def test_half_an_event_at_the_end_is_an_error(data: bytes) -> None:
    with pytest.raises(BadAnswer) as caught:
        read(data)
    assert (caught.value.failure.status, caught.value.failure.code) == (502, "incomplete_answer")


@pytest.mark.parametrize(
    ("last", "event"),
    [
        pytest.param(b"data: [DONE]", ("", b"[DONE]"), id="the end"),
        pytest.param(b"data:[DONE] ", ("", b"[DONE] "), id="the end and a space"),
        pytest.param(b'data: {"a": 1}', ("", b'{"a": 1}'), id="JSON"),
        pytest.param(b'event: x\ndata: {"a":\ndata: 1}', ("x", b'{"a":\n1}'), id="JSON in two lines"),
        pytest.param(b'id: 7\ndata: {"a": 1}\nretry: 5', ("", b'{"a": 1}'), id="JSON among other fields"),
    ],
)
def test_a_last_event_without_its_blank_line(last: bytes, event: tuple[str, bytes]) -> None:
    for end, size in itertools.product((b"", b"\n", b"\r\n", b"\r"), (1, 2, 1000)):
        data = b"data: x\n\n" + last + end
        reader = SseReader()
        events = [each for at in range(0, len(data), size) for each in reader.feed(data[at : at + size])]
        assert [*events, *reader.close()] == [("", b"x"), event], (end, size)
        assert list(reader.close()) == [], (end, size)


@pytest.mark.parametrize(
    ("data", "size"),
    [
        pytest.param(b"data: " + b"x" * 100 + b"\n\n", 1000, id="whole in one read"),
        pytest.param(b"data: a\n\ndata: " + b"x" * 100 + b"\n\n", 1000, id="after a small one"),
        pytest.param(b"data: " + b"x" * 100, 7, id="never ending"),
    ],
)
def test_an_event_may_not_grow_without_bound(data: bytes, size: int) -> None:
    reader = SseReader(largest=64)
    pieces = (data[at : at + size] for at in range(0, len(data), size))
    with pytest.raises(BadAnswer, match="64 bytes"):
        list(map(reader.feed, pieces))


def test_many_small_events_are_no_large_one() -> None:
    assert len(SseReader(largest=64).feed(b"data: x\n\n" * 100)) == 100


LINE = st.text(alphabet=st.characters(exclude_characters="\r\n", exclude_categories=["Cs"]), max_size=12)
EVENT = st.tuples(st.sampled_from(["", "ping", "é"]), st.lists(LINE, min_size=1, max_size=3), st.booleans())
END = st.sampled_from([b"\n", b"\r\n", b"\r"])


@given(st.lists(EVENT, max_size=5), st.data())
def test_any_split_and_any_line_ends_give_the_same_events(events: list, data: st.DataObject) -> None:
    lines: list[bytes] = []
    for name, texts, chatty in events:
        lines += [b": comment", b"id: 1"] if chatty else []
        lines += [f"event: {name}".encode()] if name else []
        lines += [f"data: {text}".encode() for text in texts] + [b""]
    end = data.draw(END)
    stream = b"".join(line + end for line in lines)
    cuts = sorted(data.draw(st.sets(st.integers(0, len(stream)), max_size=8)))
    reader = SseReader()
    received = [event for a, b in pairwise([0, *cuts, len(stream)]) for event in reader.feed(stream[a:b])]
    reader.close()
    assert received == [(name, "\n".join(texts).encode()) for name, texts, _ in events]


@settings(max_examples=200)
@given(st.binary(max_size=60), st.lists(st.integers(0, 60), max_size=6))
def test_any_bytes_read_the_same_in_any_pieces(data: bytes, cuts: list[int]) -> None:
    whole, split = SseReader(), SseReader()
    expected = whole.feed(data)
    assert [event for a, b in pairwise([0, *sorted(cuts), 60]) for event in split.feed(data[a:b])] == expected
