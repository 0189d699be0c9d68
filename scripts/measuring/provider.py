"""A provider in Python, as cheap as it can be: `python -m scripts.measuring.provider [CERTIFICATE]` prints its port.

It reads just enough of a request to find its end and its last message (see `wire`). nginx answers with far less
processor time; this one stays for what nginx cannot do (events in time, streams that stay open or break off), and for
machines without nginx. `CERTIFICATE` is a file with its key: the provider then speaks TLS.
"""

import asyncio
import re
import ssl
import sys

from scripts.measuring import wire

_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
_ASKED = re.compile(rb"bench (\w+) (\d+)")
_FIRST = wire.STREAM_HEAD + wire.OPENING + wire.DELTA
_AT_ONCE = {
    "whole": wire.WHOLE,
    "bulk": wire.BULK,
    "chunks": wire.CHUNKS,
    "long": wire.LONG,
    "error": wire.ERROR,
    "silent": b"",
}


class Connection(asyncio.Protocol):
    def __init__(self) -> None:
        self._unread = b""
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def connection_lost(self, exc: Exception | None) -> None:
        self._transport = None

    def data_received(self, data: bytes) -> None:
        data = self._unread + data
        while (end := data.find(b"\r\n\r\n") + 4) > 3:
            length = _LENGTH.search(data, 0, end)
            size = end + (int(length[1]) if length else 0)
            if len(data) < size:
                break
            self._answer(data[end:size])
            data = data[size:]
        self._unread = data

    def _answer(self, body: bytes) -> None:
        requested = _ASKED.search(body)
        kind = requested[1].decode() if requested else "whole"
        transport, loop = self._transport, asyncio.get_running_loop()
        assert transport is not None
        if kind in _AT_ONCE:
            transport.write(_AT_ONCE[kind])
            return
        transport.write(_FIRST)
        match kind:
            case "first":
                loop.call_later(wire.PACE, self._write, wire.DELTA * (wire.EVENTS - 1) + wire.CLOSING)
            case "paced":
                start = loop.time()
                loop.call_at(start + wire.PACE, self._next, start, 1)
            case "cut":
                transport.close()

    def _next(self, start: float, number: int) -> None:
        """Write the event of that number, or the end after the last."""
        if number == wire.EVENTS:
            self._write(wire.CLOSING)
            return
        self._write(wire.DELTA)
        asyncio.get_running_loop().call_at(start + (number + 1) * wire.PACE, self._next, start, number + 1)

    def _write(self, data: bytes) -> None:
        if self._transport is not None:
            self._transport.write(data)


async def main() -> None:
    context = None
    if sys.argv[1:]:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(sys.argv[1])
    loop = asyncio.get_running_loop()
    server = await loop.create_server(Connection, "127.0.0.1", 0, backlog=2048, ssl=context)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main())
