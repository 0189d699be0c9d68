"""Content codings: any split of the bytes gives the same text, and a cut is noticed."""

import gzip
import zlib
from collections.abc import Callable

import brotli
import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from translators.framing.compression import Undecodable, decoder

TEXT = b"event: message_start\ndata: {}\n\n" * 40

CODINGS: dict[str, Callable[[bytes], bytes]] = {
    "identity": lambda text: text,
    "gzip": gzip.compress,
    "x-gzip": gzip.compress,
    "deflate": zlib.compress,
    "br": brotli.compress,
    "zstd": zstandard.ZstdCompressor().compress,
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
        zstandard.ZstdCompressor().compress(TEXT[:100]) + zstandard.ZstdCompressor().compress(TEXT[100:]),
        id="two zstd frames",
    ),
]


@pytest.mark.parametrize("size", [1, 2, 3, 7, 100_000])
@pytest.mark.parametrize(("coding", "packed"), PACKED)
def test_any_split_gives_the_same(coding: str, packed: bytes, size: int) -> None:
    reader = decoder(coding)
    out = b"".join(reader.feed(packed[at : at + size]) for at in range(0, len(packed), size))
    reader.close()
    assert out == TEXT


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
        "zstd": zstandard.ZstdCompressor().compressobj(),
    }
    packer = packers[coding]
    if coding == "br":
        first = packer.process(b"first") + packer.flush()
    elif coding == "zstd":
        first = packer.compress(b"first") + packer.flush(zstandard.COMPRESSOBJ_FLUSH_BLOCK)
    else:
        first = packer.compress(b"first") + packer.flush(zlib.Z_SYNC_FLUSH)
    assert decoder(coding).feed(first) == b"first"


def test_an_unknown_coding_is_refused() -> None:
    with pytest.raises(Undecodable):
        decoder("rot13")


@given(coding=st.sampled_from(["gzip", "deflate", "br", "zstd"]), junk=st.binary(min_size=1, max_size=200))
def test_junk_raises_nothing_else(coding: str, junk: bytes) -> None:
    reader = decoder(coding)
    try:
        reader.feed(junk)
        reader.close()
    except Undecodable:
        return
