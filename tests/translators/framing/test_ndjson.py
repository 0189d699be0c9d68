import pytest
from hypothesis import given
from hypothesis import strategies as st

from translators.errors import BadAnswer
from translators.framing.ndjson import NdjsonReader


def read(data: bytes, size: int | None = None, **limit: int) -> list[bytes]:
    reader = NdjsonReader(**limit)
    size = size or max(1, len(data))
    lines = [line for at in range(0, len(data), size) for line in reader.feed(data[at : at + size])]
    lines += reader.close()
    assert all(name == "" for name, _ in lines)
    return [line for _, line in lines]


STREAMS = [
    pytest.param(b"", [], id="nothing at all"),
    pytest.param(b"\n\r\n \n", [], id="blank lines only"),
    pytest.param(b'{"a":1}\n', [b'{"a":1}'], id="one line"),
    pytest.param(b'{"a":1}\n{"b":2}\n', [b'{"a":1}', b'{"b":2}'], id="two lines"),
    pytest.param(b'{"a":1}\r\n\r\n{"b":2}\r\n', [b'{"a":1}', b'{"b":2}'], id="CRLF and a blank line"),
    pytest.param(b'{"a":1}\n{"b":2}', [b'{"a":1}', b'{"b":2}'], id="the last line without its end"),
    pytest.param(b'{"a":1}\n{"b":2}\r', [b'{"a":1}', b'{"b":2}'], id="half of the last line's end"),
    pytest.param(b'\xef\xbb\xbf{"a":1}\n', [b'{"a":1}'], id="byte order mark"),
    pytest.param(b'\xef\xbb\xbf{"a":1}', [b'{"a":1}'], id="byte order mark and no line end"),
    pytest.param('{"a":"你好 🎈\u2028"}\n'.encode(), ['{"a":"你好 🎈\u2028"}'.encode()], id="other line separators"),
    pytest.param(b"no JSON\n", [b"no JSON"], id="what a line says is not read"),
]


@pytest.mark.parametrize(("data", "lines"), STREAMS)
def test_lines_of_a_stream(data: bytes, lines: list[bytes]) -> None:
    for size in (1, 2, 3, 7, None):
        assert read(data, size) == lines, size


@given(st.lists(st.sampled_from([b'{"a":1}\n', b"\r\n", b'{"b":"\xc3\xa9"}\r\n', b"{}"])), st.integers(1, 9))
def test_any_split_gives_the_same(pieces: list[bytes], size: int) -> None:
    data = b"".join(pieces) + b"\n"
    assert read(data, size) == read(data)


@pytest.mark.parametrize("data", [b'{"a":', b'{"a":1}\n{"b', b"{}\n\xff", b'{"a":1'])
def test_half_a_line_is_an_error(data: bytes) -> None:
    with pytest.raises(BadAnswer) as caught:
        read(data)
    assert (caught.value.failure.status, caught.value.failure.code) == (502, "incomplete_answer")


@pytest.mark.parametrize("end", [b"", b"\n"], ids=["endless", "ended"])
def test_a_line_that_is_too_large(end: bytes) -> None:
    for size in (1, 5, 100):
        with pytest.raises(BadAnswer, match="more than 20 bytes"):
            read(b'{"a":1}\n' + b"x" * 21 + end, size, largest=20)


def test_many_small_lines_may_be_larger_together() -> None:
    assert len(NdjsonReader(largest=20).feed(b'{"a":1}\n' * 100)) == 100
