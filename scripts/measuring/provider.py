"""A provider that answers at once, as cheaply as Python can: `python -m scripts.measuring.provider` prints its port.

It reads just enough of a request to find its end and its last message (see `wire`). A connection whose first byte is a
digit is not HTTP: it carries acknowledgements, one stream's number a line, and each lets that stream send one event.
"""

import asyncio
import re

from scripts.measuring import wire

_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
_ASKED = re.compile(rb"bench (\w+) (\d+)")


class Connection(asyncio.Protocol):
    def __init__(self, waiting: dict[int, "Connection"]) -> None:
        self._waiting = waiting
        self._unread = b""
        self._transport: asyncio.Transport | None = None
        self._number = -1
        self._left = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def connection_lost(self, exc: Exception | None) -> None:
        self._waiting.pop(self._number, None)

    def data_received(self, data: bytes) -> None:
        data = self._unread + data
        if data[:1].isdigit():
            *numbers, self._unread = data.split(b"\n")
            for number in numbers:
                if stream := self._waiting.get(int(number)):
                    stream.go_on()
            return
        while (end := data.find(b"\r\n\r\n") + 4) > 3:
            length = _LENGTH.search(data, 0, end)
            size = end + (int(length[1]) if length else 0)
            if len(data) < size:
                break
            self._answer(data[end:size])
            data = data[size:]
        self._unread = data

    def _answer(self, body: bytes) -> None:
        wanted = _ASKED.search(body)
        kind, number = (wanted[1].decode(), int(wanted[2])) if wanted else ("whole", 0)
        transport = self._transport
        assert transport is not None
        match kind:
            case "whole":
                transport.write(wire.WHOLE)
            case "bulk":
                transport.write(wire.BULK)
            case "chunks":
                transport.write(wire.CHUNKS)
            case "error":
                transport.write(wire.ERROR)
            case "each":
                self._number, self._left = number, wire.EVENTS - 1
                self._waiting[number] = self
                transport.write(wire.STREAM_HEAD + wire.OPENING + wire.DELTA)
            case "hold":
                transport.write(wire.STREAM_HEAD + wire.OPENING + wire.DELTA)
            case "cut":
                transport.write(wire.STREAM_HEAD + wire.OPENING + wire.DELTA)
                transport.close()

    def go_on(self) -> None:
        """The last event has arrived at the client."""
        assert self._transport is not None
        if self._left > 0:
            self._left -= 1
            self._transport.write(wire.DELTA)
        else:
            self._waiting.pop(self._number, None)
            self._transport.write(wire.CLOSING)


async def main() -> None:
    waiting: dict[int, Connection] = {}
    server = await asyncio.get_running_loop().create_server(lambda: Connection(waiting), "127.0.0.1", 0, backlog=2048)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main())
