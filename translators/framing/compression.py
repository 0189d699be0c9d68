"""Content codings of HTTP, undone piece by piece (RFC 9110 section 8.4).

Clients may compress what they ask, and a provider that was asked for `identity` may compress all the same. Every
decoder is fed bytes in any split, gives what it can as soon as it can (a flushed event is not held back), and says at
the end whether the data was whole. Brotli and Zstandard come with mitmproxy.
"""

import zlib
from typing import Protocol

import brotli
import zstandard


class Undecodable(Exception):
    """The data is not what its `content-encoding` says, ends early, or names a coding that is not known here."""


class Bomb(Undecodable):
    """A little data that stands for very much of it."""


MOST_AT_ONCE = 16 * 1024 * 1024
"""Bytes that one `feed` may give. Fed in pieces of 64 KiB, no text comes near it."""
_STEP = 256
"""Bytes of Zstandard that are decoded at a time, which can be limited in no other way."""


class Decoder(Protocol):
    def feed(self, data: bytes) -> bytes: ...

    def close(self) -> None:
        """Raises `Undecodable` if the compressed data ends early."""


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


class _Gzip:
    """Any number of members one after the other, as RFC 1952 allows."""

    def __init__(self) -> None:
        self._inner = zlib.decompressobj(zlib.MAX_WBITS | 16)
        self._fed = False

    def feed(self, data: bytes) -> bytes:
        self._fed = self._fed or bool(data)
        try:
            out = _inflated(self._inner, data)
            while self._inner.eof and self._inner.unused_data:
                rest, self._inner = self._inner.unused_data, zlib.decompressobj(zlib.MAX_WBITS | 16)
                out += _inflated(self._inner, rest)
                if len(out) > MOST_AT_ONCE:
                    raise Bomb("it grows too much")
        except zlib.error as error:
            raise Undecodable("damaged data") from error
        return out

    def close(self) -> None:
        if self._fed and not self._inner.eof:
            raise Undecodable("the data ends early")


class _Deflate:
    """Both readings of the word: inside zlib's header as the RFC has it, and raw; the first two bytes tell."""

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


class _Zstd:
    def __init__(self) -> None:
        self._inner = zstandard.ZstdDecompressor().decompressobj()
        self._fed = False

    def feed(self, data: bytes) -> bytes:
        out = b""
        try:
            while data:
                self._fed = True
                if self._inner.eof:
                    self._inner = zstandard.ZstdDecompressor().decompressobj()
                piece, data = data[:_STEP], data[_STEP:]
                out += self._inner.decompress(piece)
                if len(out) > MOST_AT_ONCE:
                    raise Bomb("it grows too much")
                data = self._inner.unused_data + data
        except zstandard.ZstdError as error:
            raise Undecodable("damaged data") from error
        return out

    def close(self) -> None:
        if self._fed and not self._inner.eof:
            raise Undecodable("the data ends early")


class _Chain:
    """Several codings, the last one applied undone first."""

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
    """For a `content-encoding` header's value. Raises `Undecodable` for a coding that is not known here."""
    names = [name.strip().lower() for name in coding.split(",") if name.strip()]
    decoders = [_decoder(name) for name in reversed(names) if name != "identity"]
    if not decoders:
        return _Identity()
    return decoders[0] if len(decoders) == 1 else _Chain(decoders)


def _decoder(name: str) -> Decoder:
    match name:
        case "gzip" | "x-gzip":
            return _Gzip()
        case "deflate":
            return _Deflate()
        case "br":
            return _Brotli()
        case "zstd":
            return _Zstd()
        case _:
            raise Undecodable("unknown content-encoding")
