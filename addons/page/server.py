"""The page's server: uvicorn on a socket of its own, in the gateway's loop. It never ends the gateway."""

import asyncio
import contextlib
import errno
import logging
import os
import socket
from collections.abc import Iterator

import uvicorn
from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol

from addons.page.answers import Refused, error

logger = logging.getLogger("gateway")

MOST_CONNECTIONS = 128
HEAD_SECONDS = 10.0
"""The time for the first request of a connection to come."""
HEAD_BYTES = 32 * 1024


class Connection(H11Protocol):
    """One of at most so many connections, which are closed where no request comes."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        if len(self.connections) > MOST_CONNECTIONS:
            transport.abort()
        else:
            self.loop.call_later(HEAD_SECONDS, self._late)

    def _late(self) -> None:
        if self.scope is None and not self.transport.is_closing():
            self.transport.abort()


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
        self._serving = asyncio.get_running_loop().create_task(self._server.serve([listener]))
        return None

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
    listener = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_STREAM)
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
        try:
            await self._app(scope, receive, send)
        except Refused as refused:
            await refused.response()(scope, receive, send)
        except Exception:
            logger.exception("The inspector failed on a request; the gateway goes on.")
            with contextlib.suppress(Exception):  # where its answer has begun, uvicorn closes the connection
                await error(500, "The inspector failed; the gateway's log has the details.", "internal_error")(
                    scope, receive, send
                )
