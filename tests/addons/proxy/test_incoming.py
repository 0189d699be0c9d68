"""Requests of one client: read in order, kept within bounds, and not waited for without end."""

import pytest

from addons.proxy.http1 import END, RequestHead, Unreadable
from addons.proxy.incoming import UNREAD_BYTES, Incoming
from routing.settings import Timeouts
from tests.addons.proxy.playbook import Clock

HEAD = b"POST /v1 HTTP/1.1\r\nhost: h\r\ncontent-length: 2\r\n\r\n"
TIMEOUTS = Timeouts(head=10, body=60)


@pytest.fixture
def incoming(clock: Clock) -> Incoming:
    return Incoming(lambda: TIMEOUTS)


def test_what_is_kept_is_read_when_it_is_wanted(incoming: Incoming) -> None:
    incoming.feed(HEAD + b"{}")
    assert incoming.keep(HEAD)
    assert incoming.keep(b"[]")
    parts = []
    while (part := incoming.next()) is not None:
        parts.append(part)
    bodies = [part for part in parts if isinstance(part, bytes)]
    assert bodies == [b"{}", b"[]"]
    assert [isinstance(part, RequestHead) for part in parts] == [True, False, False] * 2
    assert parts[2::3] == [END, END]


def test_there_is_no_room_for_all_that_a_client_sends_before_its_turn(incoming: Incoming) -> None:
    assert incoming.keep(b"x" * UNREAD_BYTES)
    assert not incoming.keep(b"x")


@pytest.mark.parametrize(
    ("data", "seconds", "why"),
    [
        pytest.param(HEAD[:9], 10.0, "its head was not complete within 10 s", id="head"),
        pytest.param(HEAD, 60.0, "nothing of its body came for 60 s", id="body"),
        pytest.param(b"", None, None, id="nothing yet"),
        pytest.param(HEAD + b"{}", None, None, id="whole"),
    ],
)
def test_how_long_the_rest_of_a_request_is_waited_for(
    clock: Clock, incoming: Incoming, data: bytes, seconds: float | None, why: str | None
) -> None:
    incoming.feed(data)
    assert incoming.deadline() == (None if seconds is None else clock.now() + seconds)
    if why is None:
        return
    while incoming.next() is not None:
        pass
    incoming.late()
    error = incoming.next()
    assert isinstance(error, Unreadable)
    assert error.what.startswith(why)
    assert (incoming.dead, incoming.deadline()) == (True, None)
