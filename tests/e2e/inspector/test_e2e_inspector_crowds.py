"""Crowds and silent people at the inspector of a real gateway."""

import socket
import time
from collections import Counter
from contextlib import ExitStack

from tests.e2e.inspector.inspected import TOKEN, Page
from tests.e2e.provider import WAIT


def asked(open_: ExitStack, page: Page, path: str) -> socket.socket:
    """Return a connection on which a request was sent."""
    host = page.url.removeprefix("http://")
    name, port = host.split(":")
    connection = open_.enter_context(socket.create_connection((name, int(port)), WAIT))
    connection.sendall(f"GET {path} HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {TOKEN}\r\n\r\n".encode())
    return connection


def test_so_many_listen_and_no_more(page: Page) -> None:
    with ExitStack() as open_:
        streams = [asked(open_, page, "/api/live") for _ in range(40)]
        assert Counter(stream.recv(12) for stream in streams) == {b"HTTP/1.1 200": 32, b"HTTP/1.1 503": 8}
    deadline = time.monotonic() + WAIT
    with ExitStack() as open_:
        while (heard := asked(open_, page, "/api/live").recv(12)) != b"HTTP/1.1 200":  # until they have left
            assert (heard, time.monotonic() < deadline) == (b"HTTP/1.1 503", True)
