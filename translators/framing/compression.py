"""Decodes the content codings of HTTP piece by piece (RFC 9110 section 8.4).

Clients may compress their requests, and a provider may compress even where only `identity` is accepted. Every decoder
takes bytes in any split, returns text as soon as it can (a flushed event is not held back), and raises at the end
unless the data was whole. Brotli and Zstandard come with mitmproxy.
"""

import sys
import zlib
from collections.abc import Callable
from typing import Protocol

import brotli

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd


class Undecodable(Exception):
    """Data that is not what its `content-encoding` says, or ends early; or a coding that is not known here."""


class Bomb(Undecodable):
    """A little data that stands for very much of it."""


MOST_AT_ONCE = 16 * 1024 * 1024
"""Bytes that one `feed` may give. Fed in pieces of 64 KiB, no text comes near it."""
MOST_CODINGS = 3
"""Codings of one body. Nobody applies more than two, and each multiplies the work that a few bytes can cause."""
MOST_EMPTY = 100
"""Members of one body that hold no text: a few bytes each, and as much work as a member that holds one."""
_STEP = 64 * 1024
"""Bytes that are decoded at a time: what stands behind the end of a member is copied once for each member."""


class Decoder(Protocol):
    """A decoder of one body."""

    def feed(self, data: bytes) -> bytes:
        """Return the text of `data`, as far as it is known. Raises `Undecodable`."""

    def close(self) -> None:
        """End the data. Raises `Undecodable` if the compressed data ends early."""


class _Identity:
    def feed(self, data: bytes) -> bytes:
        return data

    def close(self) -> None:
        return


def _inflated(inner: "zlib._Decompress", data: bytes) -> bytes:
    out = inner.decompress(data, MOST_AT_ONCE)
    if inner.unconsumed_tail:
        raise Bomb("it grows too much")
    return out


class _Member(Protocol):
    """One gzip member (RFC 1952) or one Zstandard frame (RFC 8878)."""

    @property
    def eof(self) -> bool: ...

    @property
    def unused_data(self) -> bytes: ...

    def decompress(self, data: bytes, max_length: int, /) -> bytes: ...


class _Members:
    """Any number of members one after the other, as both formats allow."""

    def __init__(self, new: Callable[[], _Member]) -> None:
        self._new = new
        self._member: _Member | None = None
        self._holds_text = True
        self._empty = 0

    def feed(self, data: bytes) -> bytes:
        out = bytearray()
        try:
            for at in range(0, len(data), _STEP):
                rest = data[at : at + _STEP]
                while rest:
                    rest = self._decompress(rest, out)
        except (zlib.error, zstd.ZstdError) as error:
            raise Undecodable("damaged data") from error
        return bytes(out)

    def _decompress(self, data: bytes, out: bytearray) -> bytes:
        """Add the text of `data` to `out`. Return the bytes behind the end of the member."""
        if self._member is None or self._member.eof:
            self._member = self._begin()
        text = self._member.decompress(data, MOST_AT_ONCE)
        self._holds_text = self._holds_text or bool(text)
        out += text
        if len(out) >= MOST_AT_ONCE:
            raise Bomb("it grows too much")
        return self._member.unused_data if self._member.eof else b""

    def _begin(self) -> _Member:
        self._empty += not self._holds_text
        if self._empty > MOST_EMPTY:
            raise Undecodable(f"more than {MOST_EMPTY} empty members")
        self._holds_text = False
        return self._new()

    def close(self) -> None:
        if self._member is not None and not self._member.eof:
            raise Undecodable("the data ends early")


class _Deflate:
    """The decoder of both meanings of `deflate`: with zlib's header, as the RFC has it, and raw. The first two bytes
    decide."""

    def __init__(self) -> None:
        self._head = b""
        self._inner: zlib._Decompress | None = None

    def feed(self, data: bytes) -> bytes:
        if self._inner is None:
            self._head, data = b"", self._head + data
            if len(data) < 2:
                self._head = data
                return b""
            wrapped = data[0] & 0x0F == 8 and (data[0] << 8 | data[1]) % 31 == 0
            self._inner = zlib.decompressobj(zlib.MAX_WBITS if wrapped else -zlib.MAX_WBITS)
        try:
            return _inflated(self._inner, data)
        except zlib.error as error:
            raise Undecodable("damaged data") from error

    def close(self) -> None:
        if self._head or (self._inner is not None and not self._inner.eof):
            raise Undecodable("the data ends early")


class _Brotli:
    def __init__(self) -> None:
        self._inner = brotli.Decompressor()
        self._fed = False

    def feed(self, data: bytes) -> bytes:
        self._fed = self._fed or bool(data)
        try:
            out = bytes(self._inner.process(data, output_buffer_limit=MOST_AT_ONCE))
            if not self._inner.can_accept_more_data():
                raise Bomb("it grows too much")
            return out
        except brotli.error as error:
            raise Undecodable("damaged data") from error

    def close(self) -> None:
        if self._fed and not self._inner.is_finished():
            raise Undecodable("the data ends early")


class _Chain:
    """The decoder of several codings, of which the last one applied is undone first."""

    def __init__(self, decoders: list[Decoder]) -> None:
        self._decoders = decoders

    def feed(self, data: bytes) -> bytes:
        for decoder in self._decoders:
            data = decoder.feed(data)
        return data

    def close(self) -> None:
        for decoder in self._decoders:
            decoder.close()


def decoder(coding: str) -> Decoder:
    """Return the decoder for a `content-encoding` header's value.

    Raises `Undecodable` for a coding that is not known here, and for more than `MOST_CODINGS`.
    """
    names = [name.strip().lower() for name in coding.split(",") if name.strip()]
    if len(names) > MOST_CODINGS:
        raise Undecodable(f"more than {MOST_CODINGS} content-encodings")
    decoders = [_decoder(name) for name in reversed(names) if name != "identity"]
    if not decoders:
        return _Identity()
    return decoders[0] if len(decoders) == 1 else _Chain(decoders)


def _decoder(name: str) -> Decoder:
    match name:
        case "gzip" | "x-gzip":
            return _Members(lambda: zlib.decompressobj(zlib.MAX_WBITS | 16))
        case "deflate":
            return _Deflate()
        case "br":
            return _Brotli()
        case "zstd":
            return _Members(zstd.ZstdDecompressor)
        case _:
            raise Undecodable("unknown content-encoding")
