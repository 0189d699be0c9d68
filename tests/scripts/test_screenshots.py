"""`scripts/screenshots`: its pictures are those of the pages, and packing one changes no pixel."""

import random
import struct
import zlib

import pytest

from scripts.tools import screenshots
from tests.scripts.command import ROOT

WIDTH, HEIGHT, PIXEL = 40, 12, 3
LINE = WIDTH * PIXEL


def filtered(pixels: bytes, kind: int) -> bytes:
    """Lines as PNG's specification filters them."""
    made = b""
    for row in range(HEIGHT):
        line = pixels[row * LINE : (row + 1) * LINE]
        above = pixels[(row - 1) * LINE : row * LINE] if row else bytes(LINE)
        left, corner = bytes(PIXEL) + line[:-PIXEL], bytes(PIXEL) + above[:-PIXEL]
        guesses = []
        for a, b, c in zip(left, above, corner, strict=True):
            far = [(abs(b - c), 0, a), (abs(a - c), 1, b), (abs(a + b - 2 * c), 2, c)]
            guesses.append((0, a, b, (a + b) // 2, min(far)[2])[kind])
        made += bytes([kind, *((value - guess) % 256 for value, guess in zip(line, guesses, strict=True))])
    return made


def chunk(name: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))


@pytest.mark.parametrize("kind", range(5), ids=["none", "sub", "up", "average", "paeth"])
def test_packing_changes_no_pixel(kind: int) -> None:
    pixels = random.Random(kind).randbytes(8) * (LINE * HEIGHT // 8)
    head = chunk(b"IHDR", struct.pack(">IIBBBBB", WIDTH, HEIGHT, 8, 2, 0, 0, 0))
    before = (
        b"\x89PNG\r\n\x1a\n" + head + chunk(b"IDAT", zlib.compress(filtered(pixels, kind), 1)) + chunk(b"IEND", b"")
    )
    after = screenshots.smaller(before)
    assert after.startswith(before[: 8 + len(head)])
    assert len(after) <= len(before)
    body = after[8 + len(head) + 8 :]
    assert zlib.decompressobj().decompress(body) in (filtered(pixels, 0), filtered(pixels, kind))
    assert after.endswith(chunk(b"IEND", b""))


def test_its_pictures_are_there() -> None:
    made = {f"inspector-{picture.name}.png" for picture in screenshots.PICTURES}
    assert made == {path.name for path in (ROOT / "docs" / "images").glob("inspector-*.png")}
