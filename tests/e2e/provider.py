"""A scripted provider on loopback: it answers with exactly the bytes, pieces, pauses and cuts that a test names."""

import asyncio
import json
import socket
import ssl
import struct
import threading
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

WAIT = 20.0
"""Seconds after which a test that waits for an event has failed."""


@dataclass
class Call:
    """One request that reached the provider, and the hands to answer it."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes
    connection: int
    writer: asyncio.StreamWriter
    gone: threading.Event = field(default_factory=threading.Event)
    """The gateway closed the connection while this call was open."""

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    async def send(self, data: bytes) -> None:
        self.writer.write(data)
        await self.writer.drain()

    async def until(self, event: threading.Event) -> None:
        """Wait for the test, or for the gateway to go away."""
        for _ in range(int(WAIT / 0.002)):
            if event.is_set() or self.gone.is_set():
                return
            await asyncio.sleep(0.002)
        raise TimeoutError("the test never let the provider go on")

    async def pause(self, seconds: float) -> None:
        """A pause, unless the gateway goes away."""
        for _ in range(int(seconds / 0.002)):
            if self.gone.is_set():
                return
            await asyncio.sleep(0.002)

    async def hold(self) -> None:
        """Say nothing more for as long as the gateway listens."""
        await self.until(self.gone)

    def cut(self) -> None:
        """Close without another word."""
        self.writer.close()

    def reset(self) -> None:
        """The same with a RST, as a process that was killed or a broken network does it."""
        self.writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.writer.transport.abort()


Script = Callable[[Call], Awaitable[None]]


def head(status: int, headers: dict[str, str]) -> bytes:
    lines = [f"HTTP/1.1 {status} X", *(f"{name}: {value}" for name, value in headers.items())]
    return "\r\n".join(lines).encode() + b"\r\n\r\n"


def chunk(data: bytes) -> bytes:
    return b"%x\r\n%s\r\n" % (len(data), data)


LAST_CHUNK = b"0\r\n\r\n"
EVENT_STREAM = {"content-type": "text/event-stream", "transfer-encoding": "chunked"}


def whole(body: Any, status: int = 200, headers: dict[str, str] | None = None) -> Script:
    """An answer in one piece."""
    data = body if isinstance(body, bytes) else json.dumps(body).encode()

    async def script(call: Call) -> None:
        fields = {"content-type": "application/json", "content-length": str(len(data)), **(headers or {})}
        await call.send(head(status, fields) + data)

    return script


def sse(event: dict[str, Any]) -> bytes:
    return f"event: {event['type']}\ndata: {json.dumps(event)}\n\n".encode()


def stream(
    events: Iterable[dict[str, Any] | bytes], *, end: bytes = LAST_CHUNK, headers: dict[str, str] | None = None
) -> Script:
    """An event stream, one chunk an event; `end=b""` cuts it."""
    pieces = [event if isinstance(event, bytes) else sse(event) for event in events]

    async def script(call: Call) -> None:
        await call.send(head(200, {**EVENT_STREAM, **(headers or {})}))
        for piece in pieces:
            await call.send(chunk(piece))
        if end:
            await call.send(end)
        else:
            call.cut()

    return script


def raw(data: bytes, *, reset: bool = False) -> Script:
    """Exactly these bytes, then the end of the connection."""

    async def script(call: Call) -> None:
        await call.send(data)
        if reset:
            call.reset()
        else:
            call.cut()

    return script


def held(data: bytes = b"") -> Script:
    """Exactly these bytes, then silence."""

    async def script(call: Call) -> None:
        await call.send(data)
        await call.hold()

    return script


def stepped(first: bytes, go: threading.Event, rest: bytes) -> Script:
    """`first`, and `rest` only when the test says so."""

    async def script(call: Call) -> None:
        await call.send(first)
        await call.until(go)
        await call.send(rest)

    return script


class Provider:
    """Runs in a thread of its own. `scripts` are used up one a request; then `default` answers. `tls` is for https."""

    def __init__(self, port: int = 0, tls: ssl.SSLContext | None = None) -> None:
        self._wanted_port = port
        self._tls = tls
        self.calls: list[Call] = []
        self.scripts: list[Script] = []
        self.default: Script | None = None
        self.errors: list[BaseException] = []
        self._arrived = threading.Condition()
        self._connections = 0
        self._tasks: set[asyncio.Task[Any]] = set()
        self._loop = asyncio.new_event_loop()
        started = threading.Event()
        self._thread = threading.Thread(target=self._run, args=(started,), daemon=True)
        self._thread.start()
        assert started.wait(WAIT)

    @property
    def url(self) -> str:
        return f"{'http' if self._tls is None else 'https'}://127.0.0.1:{self.port}"

    def reset(self) -> None:
        """As new, for the next test."""
        self.calls, self.scripts, self.default, self.errors = [], [], None, []

    def call(self, number: int = 0) -> Call:
        """The call with that number, as soon as it has arrived."""
        with self._arrived:
            assert self._arrived.wait_for(lambda: len(self.calls) > number, WAIT), "the request never arrived"
        return self.calls[number]

    def close(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(WAIT)

    def _run(self, started: threading.Event) -> None:
        asyncio.set_event_loop(self._loop)
        server = self._loop.run_until_complete(
            asyncio.start_server(self._serve, "127.0.0.1", self._wanted_port, limit=2**26, ssl=self._tls)
        )
        self.port: int = server.sockets[0].getsockname()[1]
        started.set()
        self._loop.run_forever()
        server.close()
        for task in asyncio.all_tasks(self._loop):
            task.cancel()
        self._loop.run_until_complete(asyncio.gather(*asyncio.all_tasks(self._loop), return_exceptions=True))
        self._loop.run_until_complete(self._loop.shutdown_default_executor())
        self._loop.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._connections += 1
        number = self._connections
        try:
            while (call := await self._read(reader, writer, number)) is not None:
                watcher = self._loop.create_task(self._watch(reader, call))
                try:
                    script = self.scripts.pop(0) if self.scripts else self.default
                    with self._arrived:
                        self.calls.append(call)
                        self._arrived.notify_all()
                    assert script is not None, "no script for this request"
                    await script(call)
                finally:
                    watcher.cancel()
                if writer.is_closing():
                    return
        except (ConnectionError, asyncio.IncompleteReadError):
            return
        except Exception as error:  # noqa: BLE001 - shown by the test that looks at `errors`
            self.errors.append(error)
        finally:
            writer.close()

    async def _watch(self, reader: asyncio.StreamReader, call: Call) -> None:
        while not reader.at_eof() and reader.exception() is None:
            await asyncio.sleep(0.002)
        call.gone.set()

    async def _read(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, number: int) -> Call | None:
        try:
            raw = await reader.readuntil(b"\r\n\r\n")
        except asyncio.IncompleteReadError:
            return None
        first, *lines = raw.decode("latin-1").rstrip("\r\n").split("\r\n")
        method, path, _ = first.split(" ")
        headers = {name.lower(): value for name, value in (line.split(": ", 1) for line in lines)}
        body = await reader.readexactly(int(headers.get("content-length", "0")))
        return Call(method, path, headers, body, number, writer)
