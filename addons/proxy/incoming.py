"""The requests of a client, read in order, each when its turn has come."""

import time
from collections import deque
from collections.abc import Callable

from addons.proxy import http1
from addons.proxy.http1 import RequestReader, Unreadable
from routing.settings import Timeouts

UNREAD_BYTES = 1024 * 1024
"""The most that is kept of what a client sends before its turn."""


class Incoming:
    """Takes a client's bytes, at once with `feed` or for later with `keep`, and gives the parts of requests."""

    def __init__(self, timeouts: Callable[[], Timeouts]) -> None:
        self._timeouts = timeouts
        self._reader = RequestReader()
        self._since = time.monotonic()
        """When the present head began, or the last piece of the present body came."""
        self._parts: deque[http1.Event] = deque()
        self._unread = bytearray()

    @property
    def dead(self) -> bool:
        """Return whether nothing more can be read."""
        return self._reader.dead

    def keep(self, data: bytes) -> bool:
        """Keep what comes after a request that is being answered. Return whether there is room for it."""
        self._unread += data
        return len(self._unread) <= UNREAD_BYTES

    def feed(self, data: bytes) -> None:
        if self._reader.in_body or self._reader.idle:
            self._since = time.monotonic()
        self._parts.extend(self._reader.feed(data))

    def next(self) -> http1.Event | None:
        """Return the next part of a request; None: it has not come."""
        while not self._parts and self._unread:
            data = bytes(self._unread[: http1.LINE_BYTES])  # as much as comes at once elsewhere
            del self._unread[: http1.LINE_BYTES]
            self.feed(data)
        return self._parts.popleft() if self._parts else None

    def clear(self) -> None:
        """Drop the parts whose turn has not come."""
        self._parts.clear()

    def deadline(self) -> float | None:
        """Return when what is being read must have gone on, on the monotonic clock."""
        if self._reader.dead or self._reader.idle:
            return None
        timeouts = self._timeouts()
        patience = timeouts.body if self._reader.in_body else timeouts.head
        return self._since + patience if patience else None

    def late(self) -> None:
        """Take it that the deadline has passed: the next part is an error, and the last."""
        self._reader.dead, timeouts = True, self._timeouts()
        if self._reader.in_body:
            what = f"nothing of its body came for {timeouts.body:g} s (timeouts: body in config.yaml)"
        else:
            what = f"its head was not complete within {timeouts.head:g} s (timeouts: head in config.yaml)"
        self._parts.append(Unreadable(what, "Send it again, faster.", 408, "request_timeout"))
