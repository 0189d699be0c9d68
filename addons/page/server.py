"""The page's server: uvicorn on a socket of its own, in the gateway's loop. It never ends the gateway."""

import asyncio
import contextlib
import errno
import logging
import os
import socket
from collections.abc import Iterator
from typing import Any

import h11
import uvicorn
from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol

from addons.page.answers import Refused, error

logger = logging.getLogger("gateway")

MOST_CONNECTIONS = 128
HEAD_SECONDS = 10.0
"""The time for a request's first lines to come, all of them."""
HEAD_BYTES = 32 * 1024
UNREAD_SECONDS = 60.0
"""The time that an answer waits for somebody who does not read."""
LINGER_SECONDS = 2.0
"""The time in which the rest of a request may still come that is answered already."""
UNREADABLE = "The page cannot read this request. It speaks HTTP/1.1; a body has a Content-Length, and is not chunked."


class _Parser(h11.Connection):
    """Reads no chunks: many small ones would keep the loop busy, also those of somebody without the token."""

    def next_event(self) -> h11.Event | type[h11.NEED_DATA] | type[h11.PAUSED]:
        event = super().next_event()
        if isinstance(event, h11.Request) and any(name == b"transfer-encoding" for name, _ in event.headers):
            raise h11.RemoteProtocolError("chunked")
        return event


class Connection(H11Protocol):
    """One of at most so many connections, which are closed where no request comes, or nobody reads the answer."""

    def __init__(self, *args: Any, **more: Any) -> None:
        super().__init__(*args, **more)
        self.conn = _Parser(h11.SERVER, HEAD_BYTES)
        self._awaiting: asyncio.TimerHandle | None = None
        self._unread: asyncio.TimerHandle | None = None
        self._lingering: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        if len(self.connections) > MOST_CONNECTIONS:
            transport.abort()
        else:
            self._await_request()

    def connection_lost(self, exc: Exception | None) -> None:
        # A transport that wrote its last bytes after it was closed cannot be aborted any more.
        for timer in (self._awaiting, self._unread, self._lingering):
            if timer is not None:
                timer.cancel()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if self._idle and self._awaiting is None:
            self._await_request()

    @property
    def _idle(self) -> bool:
        return self.cycle is None or self.cycle.response_complete

    def _await_request(self) -> None:
        unsent = self.transport.get_write_buffer_size()
        self._awaiting = self.loop.call_later(HEAD_SECONDS, self._late, self.scope, unsent)

    def _late(self, before: object, unsent: int) -> None:
        self._awaiting = None
        # A large answer that is still being read has its own time.
        is_read = self.flow.write_paused or self.transport.get_write_buffer_size() != unsent
        if self.scope is before and not is_read:
            self.transport.abort()
        elif self._idle:
            self._await_request()

    def on_response_complete(self) -> None:
        if self.conn.their_state is h11.SEND_BODY:
            self._lingering = self.loop.call_later(LINGER_SECONDS, self._not_whole, self.scope)
        super().on_response_complete()

    def _not_whole(self, answered: object) -> None:
        if self.scope is answered and self.conn.their_state is h11.SEND_BODY:
            self.transport.abort()

    def pause_writing(self) -> None:
        super().pause_writing()
        self._unread = self.loop.call_later(UNREAD_SECONDS, self.transport.abort)

    def resume_writing(self) -> None:
        super().resume_writing()
        if self._unread is not None:
            self._unread.cancel()

    def send_400_response(self, msg: str) -> None:
        refused = error(400, UNREADABLE, "bad_request")
        head = h11.Response(status_code=400, headers=[*refused.raw_headers, (b"connection", b"close")])
        for event in (head, h11.Data(data=bytes(refused.body)), h11.EndOfMessage()):
            self.transport.write(self.conn.send(event) or b"")
        self.transport.close()


class _Server(uvicorn.Server):
    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave signals to the gateway."""
        yield


class PageServer:
    """A server at `host` and `port`, from `start` to `stop`. `ending` is set by `stop`: what streams ends then."""

    def __init__(self, host: str, port: int) -> None:
        self._host, self._port = host, port
        self.ending = asyncio.Event()
        self._server: _Server | None = None
        self._serving: asyncio.Task[None] | None = None

    def start(self, app: ASGIApp) -> str | None:
        """Begin to serve `app`. Return why that cannot be, in a sentence, or None."""
        # What uvicorn says is about hostile or broken requests; the page itself logs what is the gateway's fault.
        logging.getLogger("uvicorn.error").setLevel(logging.CRITICAL + 1)
        try:
            listener = _listener(self._host, self._port)
        except OSError as failed:
            return _reason(failed, self._host, self._port)
        config = uvicorn.Config(
            _Guarded(app),
            http=Connection,
            ws="none",
            lifespan="off",
            loop="none",
            log_config=None,
            access_log=False,
            server_header=False,
            proxy_headers=False,
            h11_max_incomplete_event_size=HEAD_BYTES,
        )
        self._server = _Server(config)
        self._serving = asyncio.get_running_loop().create_task(self._serve(self._server, listener))
        return None

    async def _serve(self, server: _Server, listener: socket.socket) -> None:
        try:
            await server.serve([listener])
        except (Exception, SystemExit):  # uvicorn ends the process where it cannot go on
            # An error that is logged during the start would end mitmproxy.
            logger.warning("The inspector's page has ended; the gateway goes on without.", exc_info=True)
            self.stop()
            listener.close()

    def stop(self) -> None:
        """Stop listening, and close all connections: nobody is waited for."""
        self.ending.set()
        if self._server is None:
            return
        self._server.should_exit = self._server.force_exit = True
        for listening in getattr(self._server, "servers", ()):
            listening.close()
        for connection in list(self._server.server_state.connections):
            connection.transport.close()


def _listener(host: str, port: int) -> socket.socket:
    # With the protocol's number asyncio knows the connections for TCP, and sends at once; an answer's body would wait
    # for the acknowledgement of its head otherwise, 40 ms.
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        if os.name == "posix":
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        listener.listen(MOST_CONNECTIONS)
    except (OSError, OverflowError):
        listener.close()
        raise
    listener.setblocking(False)
    return listener


def _reason(failed: OSError, host: str, port: int) -> str:
    match failed.errno:
        case errno.EADDRINUSE:
            why = f"port {port} on {host} is taken; stop the program that listens there, or set inspector.port"
        case errno.EACCES:
            why = f"port {port} on {host} needs rights that you do not have; set inspector.port to one above 1023"
        case errno.EADDRNOTAVAIL:
            why = f"this machine has no address {host}; correct inspector.host"
        case _:
            why = f"nothing can listen on {host}, port {port}; correct inspector.host and inspector.port"
    return f"There is no inspector: {why} in config.yaml. The gateway works without it."


class _Guarded:
    """An application whose failures are answers: nothing of it reaches the gateway."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        # The gateway's loop begins a task at once: many requests on one connection would all be answered in one turn.
        await asyncio.sleep(0)
        try:
            await self._app(scope, receive, send)
        except Refused as refused:
            await refused.response()(scope, receive, send)
        except (Exception, SystemExit):
            logger.exception("The inspector failed on a request; the gateway goes on.", extra={"counted": True})
            with contextlib.suppress(Exception):  # where its answer has begun, uvicorn closes the connection
                await error(500, "The inspector failed; the gateway's log has the details.", "internal_error")(
                    scope, receive, send
                )
