"""The page's server on a real socket, in a loop that begins tasks at once, as mitmproxy's does."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
import uvicorn
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response, StreamingResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from addons.page import server
from addons.page.server import PageServer
from tests.e2e.gateway_process import free_port

WAIT = 20.0
GET = b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"
Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]


@asynccontextmanager
async def serving(app: ASGIApp) -> AsyncIterator[Callable[[], Awaitable[Streams]]]:
    """Serve an application, and yield what connects to it."""
    asyncio.get_running_loop().set_task_factory(asyncio.eager_task_factory)
    port = free_port()
    page = PageServer("127.0.0.1", port)
    assert page.start(app) is None
    opened: list[asyncio.StreamWriter] = []

    async def connect() -> Streams:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        opened.append(writer)
        return reader, writer

    try:
        async with asyncio.timeout(WAIT):
            yield connect
    finally:
        page.stop()
        for writer in opened:
            writer.close()


def application(answer: Callable[[Request], Response]) -> ASGIApp:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await answer(Request(scope, receive))(scope, receive, send)

    return app


async def hello(scope: Scope, receive: Receive, send: Send) -> None:
    await PlainTextResponse("hello")(scope, receive, send)


async def ended(reader: asyncio.StreamReader) -> bytes:
    """Return all that comes until the connection is closed."""
    data = b""
    with contextlib.suppress(ConnectionError):
        while piece := await reader.read(65536):
            data += piece
    return data


@pytest.mark.parametrize(
    "request_",
    [
        pytest.param(b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n", id="chunked"),
        pytest.param(b"GET / HTTP/1.1\r\n\r\n", id="no host"),
        pytest.param(b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", id="two hosts"),
        pytest.param(b"GET / HTTP/1.1\r\nHost: a\r\nx: " + b"y" * 70_000, id="endless header"),
        pytest.param(b"\x16\x03\x01\x02\x00\x01\x00\r\n\r\n", id="TLS"),
        pytest.param(b"GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n", id="two lengths"),
    ],
)
async def test_what_it_does_not_read_is_refused_and_closed(request_: bytes) -> None:
    async with serving(hello) as connect:
        reader, writer = await connect()
        writer.write(request_)
        got = await ended(reader)
        assert got.startswith(b"HTTP/1.1 400 ")
        assert b'"code":"bad_request"' in got


async def test_an_answer_does_not_wait_for_the_acknowledgement_of_its_head(monkeypatch: pytest.MonkeyPatch) -> None:
    made, delays = server.Connection.connection_made, []

    def connection_made(connection: server.Connection, transport: asyncio.Transport) -> None:
        opened = transport.get_extra_info("socket")
        delays.append(not opened.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY))
        made(connection, transport)

    monkeypatch.setattr(server.Connection, "connection_made", connection_made)
    async with serving(hello) as connect:
        reader, writer = await connect()
        writer.write(GET)
        assert (await reader.readline()).startswith(b"HTTP/1.1 200 ")
    assert delays == [False]


async def test_requests_that_come_together_are_answered_one_a_turn() -> None:
    turns: list[int] = []
    turn = 0
    loop = asyncio.get_running_loop()

    def next_turn() -> None:
        nonlocal turn
        turn += 1
        if len(turns) < 21:
            loop.call_soon(next_turn)

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        turns.append(turn)
        await hello(scope, receive, send)

    next_turn()
    async with serving(app) as connect:
        reader, writer = await connect()
        writer.write(GET * 20 + GET.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n"))
        assert (await ended(reader)).count(b"200 OK") == 21
    assert len(set(turns)) == 21


@pytest.mark.parametrize("before", [pytest.param(b"", id="the first"), pytest.param(GET, id="the second")])
async def test_a_request_that_never_ends_is_not_waited_for(before: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "HEAD_SECONDS", 0.2)
    async with serving(hello) as connect:
        reader, writer = await connect()
        writer.write(before)
        if before:
            assert await reader.readuntil(b"hello")
        writer.write(b"GET / HT")
        assert await ended(reader) == b""


async def test_a_body_that_nobody_wants_is_not_read_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "LINGER_SECONDS", 0.2)
    async with serving(hello) as connect:
        reader, writer = await connect()
        writer.write(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000000\r\n\r\nabc")
        assert (await ended(reader)).endswith(b"hello")


async def test_a_body_that_comes_later_leaves_the_connection_open(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "LINGER_SECONDS", 0.05)
    async with serving(hello) as connect:
        reader, writer = await connect()
        writer.write(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 6\r\n\r\nabc")
        await reader.readuntil(b"hello")
        writer.write(b"def")
        await asyncio.sleep(0.1)  # twice as long as it would linger
        writer.write(GET)
        assert await reader.readuntil(b"hello")


async def test_an_answer_that_nobody_reads_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "UNREAD_SECONDS", 0.2)
    over = asyncio.Event()

    async def endless() -> AsyncIterator[bytes]:
        try:
            while True:
                yield b"x" * 65536
                await asyncio.sleep(0)
        finally:
            over.set()

    async with serving(application(lambda _: StreamingResponse(endless()))) as connect:
        _, writer = await connect()
        writer.write(GET)
        await over.wait()


async def test_a_large_answer_may_be_read_slowly(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is not cut where no other request comes, and nothing is done to a connection that is over."""
    monkeypatch.setattr(server, "HEAD_SECONDS", 0.05)
    failed: list[dict[str, Any]] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: failed.append(context))
    async with serving(application(lambda _: PlainTextResponse("x" * 20_000_000))) as connect:
        reader, writer = await connect()
        writer.write(GET.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n"))
        await reader.readuntil(b"\r\n\r\n")
        await asyncio.sleep(0.2)  # four times as long as it waits for a request
        assert len(await ended(reader)) == 20_000_000
        await asyncio.sleep(0.2)
    assert failed == []


async def test_connections_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "MOST_CONNECTIONS", 2)
    async with serving(hello) as connect:
        first = [await connect() for _ in range(2)]
        reader, writer = await connect()
        assert await ended(reader) == b""
        for reader, writer in first:
            writer.write(GET)
            assert await reader.readuntil(b"hello")


@pytest.mark.parametrize("error", [RuntimeError("a bug"), SystemExit(1)], ids=["a bug", "an end of the process"])
async def test_a_server_that_ends_ends_alone(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, error: BaseException
) -> None:
    async def broken(self: object) -> None:
        raise error

    monkeypatch.setattr(uvicorn.Server, "main_loop", broken)
    async with serving(hello) as connect:
        with pytest.raises(ConnectionError):
            await connect()
    assert [record.levelname for record in caplog.records] == ["WARNING"]
    assert "The inspector's page has ended" in caplog.text


@pytest.mark.parametrize("error", [RuntimeError("a bug"), SystemExit(1)], ids=["a bug", "an end of the process"])
async def test_an_application_that_fails_answers(caplog: pytest.LogCaptureFixture, error: BaseException) -> None:
    async def broken(scope: Scope, receive: Receive, send: Send) -> None:
        raise error

    async with serving(broken) as connect:
        reader, writer = await connect()
        writer.write(GET.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n"))
        assert b'"code":"internal_error"' in await ended(reader)
    assert "The inspector failed on a request" in caplog.text
