"""Content codings: any split of the bytes gives the same text, and a cut is noticed."""

import gzip
import zlib
from collections.abc import Callable

import brotli
import pytest
from hypothesis import given
from hypothesis import strategies as st

from translators.framing.compression import MOST_CODINGS, MOST_EMPTY, Undecodable, decoder, zstd

TEXT = b"event: message_start\ndata: {}\n\n" * 40

CODINGS: dict[str, Callable[[bytes], bytes]] = {
    "identity": lambda text: text,
    "gzip": gzip.compress,
    "x-gzip": gzip.compress,
    "deflate": zlib.compress,
    "br": brotli.compress,
    "zstd": zstd.compress,
    "gzip, br": lambda text: brotli.compress(gzip.compress(text)),
    " GZIP ,identity": gzip.compress,
}


def raw_deflate(text: bytes) -> bytes:
    packer = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return packer.compress(text) + packer.flush()


PACKED = [pytest.param(coding, pack(TEXT), id=coding) for coding, pack in CODINGS.items()] + [
    pytest.param("", TEXT, id="none"),
    pytest.param("deflate", raw_deflate(TEXT), id="raw deflate"),
    pytest.param("gzip", gzip.compress(TEXT[:100]) + gzip.compress(TEXT[100:]), id="two gzip members"),
    pytest.param(
        "zstd",
        zstd.compress(TEXT[:100]) + zstd.compress(TEXT[100:]),
        id="two zstd frames",
    ),
]


@pytest.mark.parametrize(("coding", "packed"), PACKED)
def test_any_split_gives_the_same(coding: str, packed: bytes) -> None:
    for size in (1, 2, 3, 7, 100_000):
        reader = decoder(coding)
        out = b"".join([reader.feed(packed[at : at + size]) for at in range(0, len(packed), size)])
        reader.close()
        assert out == TEXT, size


@pytest.mark.parametrize("coding", ["gzip", "deflate", "br", "zstd"])
def test_a_cut_is_noticed(coding: str) -> None:
    packed = CODINGS[coding](TEXT)
    reader = decoder(coding)
    with pytest.raises(Undecodable):  # noqa: PT012 - a damaged end may show while feeding or at the close
        reader.feed(packed[:-3])
        reader.close()


@pytest.mark.parametrize("coding", ["gzip", "deflate", "br", "zstd"])
def test_a_flushed_event_is_not_held_back(coding: str) -> None:
    packers = {
        "gzip": zlib.compressobj(wbits=zlib.MAX_WBITS | 16),
        "deflate": zlib.compressobj(),
        "br": brotli.Compressor(),
        "zstd": zstd.ZstdCompressor(),
    }
    packer = packers[coding]
    if coding == "br":
        first = packer.process(b"first") + packer.flush()
    elif coding == "zstd":
        first = packer.compress(b"first") + packer.flush(zstd.ZstdCompressor.FLUSH_BLOCK)
    else:
        first = packer.compress(b"first") + packer.flush(zlib.Z_SYNC_FLUSH)
    assert decoder(coding).feed(first) == b"first"


def test_an_unknown_coding_is_refused() -> None:
    with pytest.raises(Undecodable):
        decoder("rot13")


@pytest.mark.parametrize(
    ("coding", "body"),
    [
        pytest.param("gzip", gzip.compress(b"") * (MOST_EMPTY + 2), id="empty gzip members"),
        pytest.param("zstd", zstd.compress(b"") * (MOST_EMPTY + 2), id="empty zstd frames"),
        pytest.param("zstd", bytes.fromhex("502a4d1800000000") * (MOST_EMPTY + 2), id="skippable zstd frames"),
        pytest.param("gzip", gzip.compress(bytes(100_000_000), 1), id="gzip bomb"),
        pytest.param("zstd", zstd.compress(bytes(100_000_000)), id="zstd bomb"),
        pytest.param("deflate", zlib.compress(bytes(100_000_000), 1), id="deflate bomb"),
        pytest.param("br", brotli.compress(bytes(100_000_000), quality=1), id="brotli bomb"),
    ],
)
def test_little_data_cannot_cause_much_work(coding: str, body: bytes) -> None:
    with pytest.raises(Undecodable):
        decoder(coding).feed(body)


def test_many_codings_are_refused() -> None:
    decoder(", ".join(["zstd"] * MOST_CODINGS))
    with pytest.raises(Undecodable):
        decoder(", ".join(["zstd"] * (MOST_CODINGS + 1)))


def test_many_members_with_text_are_one_text() -> None:
    assert decoder("gzip").feed(gzip.compress(b"a") * 5_000) == b"a" * 5_000


@given(coding=st.sampled_from(["gzip", "deflate", "br", "zstd"]), junk=st.binary(min_size=1, max_size=200))
def test_junk_raises_nothing_else(coding: str, junk: bytes) -> None:
    reader = decoder(coding)
    try:
        reader.feed(junk)
        reader.close()
    except Undecodable:
        return
