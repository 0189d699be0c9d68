"""Limits how many come in: the files that the system lets the gateway open, and the connections of clients.

A connection that is one too many costs nobody else anything, and neither does its line in the log.
"""

import asyncio
import errno
import logging
import sys
import time
from collections.abc import Callable
from typing import Any

from mitmproxy.proxy.server import ConnectionHandler

from addons.exchange.http_api import error_reply
from translators.errors import Failure

logger = logging.getLogger("gateway")

SPARE_FILES = 100
"""Files of the process itself: its sources, its log, the embedded model."""
FILES_EACH = 2
"""A client's connection, and one to a provider for it."""
EXHAUSTED = (errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM)


def file_limit() -> int | None:
    """Raise the number of files that this process may open as far as the system permits. Return it; None: no limit."""
    if sys.platform == "win32":
        return None
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    except (OSError, ValueError):
        hard = soft  # macOS has a hard limit that it does not take
    return None if hard == resource.RLIM_INFINITY else hard


def room(wanted: int, files: int | None) -> int:
    """Return how many connections there is room for, of `wanted` (0: of any number); 0 is no limit."""
    if files is None:
        return wanted
    most = max(1, (files - SPARE_FILES) // FILES_EACH)
    return min(wanted, most) if wanted else most


class Seldom:
    """Says a thing again only after a second."""

    def __init__(self, say: Callable[[str], None], now: Callable[[], float] = time.monotonic) -> None:
        self._say, self._now = say, now
        self._next = 0.0
        self._left_out = 0

    def __call__(self, line: str) -> None:
        if (now := self._now()) < self._next:
            self._left_out += 1
            return
        more = f" ({self._left_out} times more since the last such line)" if self._left_out else ""
        self._next, self._left_out = now + 1.0, 0
        self._say(line + more)


class Door:
    """`most` connections are let in; 0 is no limit."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._say = Seldom(logger.warning)

    def turned_away(self, handler: ConnectionHandler, connections: int) -> bool:
        """Return whether a new client, the last of so many, is one too many. Tell it so, unless it speaks TLS; nothing
        that it sends is read."""
        if not self._most or connections <= self._most:
            return False
        self._say(f"{self._most} connections are open: a client is turned away (max-connections in config.yaml).")
        writer = handler.transports[handler.client].writer
        if isinstance(writer, asyncio.StreamWriter):
            writer.write(FULL)
        return True


class Exhaustion:
    """Takes the place of a loop's exception handler: a socket that cannot be accepted because no more files may be
    open is reported in a line, not a hundred times a second with a traceback."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._before = loop.get_exception_handler()
        self._say = Seldom(logger.warning)
        loop.set_exception_handler(self)

    def __call__(self, loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        error = context.get("exception")
        if isinstance(error, OSError) and error.errno in EXHAUSTED and "socket" in context:
            self._say(f"No client can come in at the moment: {error.strerror}.")
        elif self._before is not None:
            self._before(loop, context)
        else:
            loop.default_exception_handler(context)


def _full() -> bytes:
    message = "The gateway has as many connections as it takes. Try again in 5 seconds."
    reply = error_reply(Failure(503, message, "server_error", None, "too_many_connections", {"retry-after": "5"}))
    headers = (*reply.headers, ("content-length", str(len(reply.body))), ("connection", "close"))
    lines = ["HTTP/1.1 503 Service Unavailable", *(f"{name}: {value}" for name, value in headers)]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + reply.body


FULL = _full()
