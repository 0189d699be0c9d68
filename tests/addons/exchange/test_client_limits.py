"""What the limits of a client's key let in, what they refuse, and what is counted at which end."""

import json
import math
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from addons.exchange.actions import Begin, Send, Work
from addons.exchange.client_limits import Admission, Unavailable, Window
from addons.exchange.exchange import Exchange
from addons.exchange.http_api import Head
from addons.limiting.in_memory import InMemory
from routing.client_keys import KeyRing
from routing.settings import ClientKey
from tests.addons.exchange.test_exchange import JSON, KEY, SSE, START, STOP, TEXT, WHOLE, Table, error, replied, sse

# --- the window ---


@pytest.mark.parametrize(
    ("window", "used", "remaining", "wait", "reset"),
    [
        pytest.param(Window(0, 0.0, 0, 120.0), 0, 10, 0, 0, id="nothing yet"),
        pytest.param(Window(0, 0.0, 4, 90.0), 4, 6, 0, 90, id="some of it"),
        pytest.param(Window(0, 0.0, 10, 90.0), 10, 0, 30, 90, id="full: the present window must end"),
        pytest.param(Window(0, 0.0, 40, 90.0), 40, 0, 75, 90, id="over full: what is left must become less"),
        pytest.param(Window(10, 30.0, 0, 90.0), 5, 5, 0, 30, id="half of the window before"),
        pytest.param(Window(10, 30.0, 8, 90.0), 13, 0, 18, 90, id="both: the one before becomes less"),
        pytest.param(Window(10, 30.0, 5, 90.0), 10, 0, 0, 90, id="both, just full"),
    ],
)
def test_a_window(window: Window, used: float, remaining: int, wait: float, reset: float) -> None:
    assert (window.used, window.remaining(10), window.wait(10), window.reset()) == (used, remaining, wait, reset)


def later(window: Window, seconds: float) -> Window:
    """The same window after so many seconds in which nothing came."""
    turn = window.current_left - 60
    if seconds < turn:
        return Window(
            window.previous, max(0.0, window.previous_left - seconds), window.current, window.current_left - seconds
        )
    return Window(window.current, max(0.0, window.current_left - seconds), 0, 60.0)


@given(
    previous=st.integers(0, 10**6), current=st.integers(0, 10**6), left=st.floats(0, 60), limit=st.integers(1, 10**6)
)
def test_after_its_wait_a_window_has_room_and_before_it_has_none(
    previous: int, current: int, left: float, limit: int
) -> None:
    window = Window(previous, left, current, left + 60)
    wait = window.wait(limit)
    assert 0 <= wait <= 120
    assert math.floor(later(window, wait + 0.002).used * (1 - 1e-9)) < limit
    if wait > 0.002:
        assert later(window, wait - 0.002).used > limit * (1 - 1e-9) - 1e-3


# --- one exchange ---


class Limited(Table):
    """A gateway whose client has limits; the next exchange on it is `again`."""

    def __init__(self, limits: dict[str, int], counts: Any = None, on_error: str = "open") -> None:
        super().__init__(f"limits-on-error: {on_error}\n")
        key = ClientKey.model_validate({"key": "client-key", "name": "key-1", **limits})
        self.services.keys = KeyRing([key])
        self.services.client_counts = self.counts = counts or InMemory()
        self.again()

    def again(self) -> "Limited":
        self.exchange = Exchange(self.services, Head("POST", "/v1/chat/completions", KEY), (self.heard,))
        self.provider = self.exchange.provider
        return self


def holding(table: Limited) -> None:
    table.ask(stream=True)


def whole(table: Limited) -> None:
    table.ask(stream=False)
    table.provider.head_received(200, JSON | {"anthropic-ratelimit-requests-limit": "99"})
    table.provider.data_received(json.dumps(WHOLE).encode())
    table.provider.eof_received()
    table.exchange.finished()


def streamed(table: Limited) -> None:
    table.ask(stream=True)
    table.provider.head_received(200, SSE)
    table.provider.data_received(sse(START, *TEXT, *STOP))
    table.exchange.finished()


def broken(table: Limited) -> None:
    table.ask(stream=True)
    table.provider.head_received(200, SSE)
    table.provider.data_received(sse(START, TEXT[0], TEXT[1]))
    table.provider.connection_lost("reset", retry=False)
    table.exchange.finished()


def left(table: Limited) -> None:
    table.ask(stream=True)
    table.provider.head_received(200, SSE)
    table.provider.data_received(sse(START, TEXT[0], TEXT[1]))
    table.exchange.cancelled()
    table.exchange.finished()


def left_early(table: Limited) -> None:
    table.ask(stream=True)
    table.exchange.cancelled()
    table.exchange.finished()


def crashed(table: Limited) -> None:
    table.ask(stream=False)
    table.exchange.crashed()
    table.exchange.finished()


def lost(table: Limited) -> None:
    """Not even a crash could be told."""
    table.ask(stream=False)
    table.exchange.abandoned()


def refused(table: Limited) -> None:
    table.ask(stream=False, model="unknown")
    table.exchange.finished()


def shut_down(table: Limited) -> None:
    table.ask(stream=False)
    table.exchange.shut_down()
    table.exchange.finished()


ENDS = [
    pytest.param(whole, 7, id="whole"),
    pytest.param(streamed, 7, id="streamed"),
    pytest.param(broken, 5, id="broken"),
    pytest.param(left, 5, id="the client left"),
    pytest.param(left_early, 0, id="the client left early"),
    pytest.param(crashed, 0, id="a bug"),
    pytest.param(lost, 0, id="a bug in a bug"),
    pytest.param(refused, 0, id="refused for its body"),
    pytest.param(shut_down, 0, id="the gateway shut down"),
]


@pytest.mark.parametrize(("end", "tokens"), ENDS)
def test_what_is_counted_at_each_end(end: Callable[[Limited], None], tokens: int) -> None:
    table = Limited({"rpm": 9, "tpm": 1000, "max-parallel": 1})
    end(table)
    assert table.counts.tokens("key-1").current == tokens
    assert table.counts.requests("key-1").current == 1
    assert table.counts.take_slot("key-1", "mine", 1), "the slot is not free"
    table.exchange.finished()
    assert not table.counts.take_slot("key-1", "another", 1), "freed twice"
    assert table.counts.tokens("key-1").current == tokens


def test_a_key_without_limits_counts_nothing() -> None:
    table = Table()
    assert isinstance(table.ask(stream=False)[0], Send)


@pytest.mark.parametrize(
    ("limits", "before", "type", "says", "wait"),
    [
        pytest.param({"rpm": 2}, [whole, whole], "requests", "2 requests a minute", (1, 61), id="requests"),
        pytest.param({"tpm": 7}, [whole], "tokens", "7 tokens a minute", (1, 61), id="tokens, just full"),
        pytest.param({"tpm": 3}, [whole], "tokens", "3 tokens a minute", (30, 120), id="tokens, more than there were"),
        pytest.param({"max-parallel": 1}, [holding], "requests", "1 request at once", (1, 2), id="parallel"),
    ],
)
def test_what_is_refused(
    limits: dict[str, int], before: list[Callable[[Limited], Any]], type: str, says: str, wait: tuple[int, int]
) -> None:
    table = Limited(limits)
    for each in before:
        each(table)
        table.again()
    reply = replied(table.ask(stream=False))
    told, headers = error(reply.body), dict(reply.headers)
    assert (reply.status, told["code"], told["type"]) == (429, "rate_limit_exceeded", type)
    assert says in told["message"]
    seconds, milliseconds = int(headers["retry-after"]), int(headers["retry-after-ms"])
    assert wait[0] <= seconds <= wait[1]
    assert milliseconds <= seconds * 1000 < milliseconds + 1000
    if "max-parallel" not in limits:
        assert headers[f"x-ratelimit-remaining-{type}"] == "0"
    assert table.exchange.record.end == "refused"


def test_what_one_limit_refuses_is_not_counted_for_another() -> None:
    table = Limited({"rpm": 5, "tpm": 7, "max-parallel": 5})
    whole(table)
    replied(table.again().ask(stream=False))
    table.exchange.finished()
    assert table.counts.requests("key-1").current == 1
    assert all(table.counts.take_slot("key-1", str(n), 5) for n in range(5))


@pytest.mark.parametrize(
    ("limits", "expected"),
    [
        pytest.param(
            {"rpm": 5, "tpm": 1000},
            {"limit-tokens": "1000", "remaining-tokens": "1000", "limit-requests": "5", "remaining-requests": "4"},
            id="both",
        ),
        pytest.param({"tpm": 1000}, {"limit-tokens": "1000", "remaining-tokens": "1000"}, id="tokens"),
        pytest.param({"max-parallel": 3}, {"limit-requests": "99"}, id="neither: the provider's"),
    ],
)
@pytest.mark.parametrize("stream", [True, False])
def test_the_headers_of_an_answer(limits: dict[str, int], expected: dict[str, str], stream: bool) -> None:
    table = Limited(limits)
    table.ask(stream=stream)
    table.provider.head_received(200, (SSE if stream else JSON) | {"anthropic-ratelimit-requests-limit": "99"})
    if stream:
        begin = table.provider.data_received(sse(START, *TEXT))[0]
        assert isinstance(begin, Begin)
        headers = begin.headers
    else:
        table.provider.data_received(json.dumps(WHOLE).encode())
        headers = replied(table.provider.eof_received()).headers
    found = [(name.removeprefix("x-ratelimit-"), value) for name, value in headers if name.startswith("x-ratelimit-")]
    assert [each for each in found if not each[0].startswith("reset-")] == list(expected.items())
    ours = [
        name.replace("limit-", "reset-") for name in expected if name.startswith("limit-") and expected[name] != "99"
    ]
    assert [name for name, _ in found if name.startswith("reset-")] == ours


# --- counts that are elsewhere ---


class Remote(InMemory):
    """Counts that must be asked in a thread, and may be down."""

    remote = True

    def __init__(self) -> None:
        super().__init__()
        self.down = False
        self.pending: list[Callable[[], None]] = []
        self.meanwhile: Callable[[], None] = lambda: None

    def later(self, do: Callable[[], None]) -> None:
        self.pending.append(do)

    def settle(self) -> None:
        while self.pending:
            self.pending.pop()()

    def take_request(self, name: str, most: int) -> bool:
        if self.down:
            raise Unavailable
        self.meanwhile()
        return super().take_request(name, most)

    def free_slot(self, name: str, slot: str) -> None:
        if self.down:
            raise Unavailable
        super().free_slot(name, slot)


def test_others_are_asked_by_a_thread() -> None:
    table = Limited({"rpm": 1}, Remote())
    [work] = table.ask(stream=False)
    assert isinstance(work, Work)
    assert work.on == "limits"
    assert isinstance(table.worked([work])[0], Send)
    assert replied(table.worked(table.again().ask(stream=False))).status == 429


def test_a_large_request_is_read_by_another_thread_after_that() -> None:
    table = Limited({"rpm": 1}, Remote())
    [work] = table.ask(stream=False, user="x" * 200_000)
    assert isinstance(work, Work)
    [work] = table.exchange.work_done(work.do())
    assert isinstance(work, Work)
    assert work.on == "request"
    [send] = table.exchange.work_done(work.do())
    assert isinstance(send, Send)


@pytest.mark.parametrize("asked", ["before it is asked", "while it is asked", "after it was asked"])
def test_a_client_that_leaves_meanwhile_holds_no_slot(asked: str) -> None:
    table = Limited({"max-parallel": 1, "rpm": 9}, counts := Remote())
    [work] = table.ask(stream=False)
    assert isinstance(work, Work)

    def leave() -> None:
        table.exchange.cancelled()
        table.exchange.finished()

    if asked == "before it is asked":
        leave()
        work.do()
    elif asked == "while it is asked":
        counts.meanwhile = leave
        work.do()
    else:
        verdict = work.do()
        leave()
        assert table.exchange.work_done(verdict) == []
    counts.settle()
    assert counts.take_slot("key-1", "mine", 1)


@pytest.mark.parametrize("on_error", ["open", "closed"])
def test_counts_that_are_down(on_error: str) -> None:
    table = Limited({"rpm": 1, "max-parallel": 1}, counts := Remote(), on_error)
    counts.down = True
    done = table.worked(table.ask(stream=False))
    if on_error == "open":
        assert isinstance(done[0], Send)
        table.exchange.cancelled()
    else:
        reply = replied(done)
        assert (reply.status, error(reply.body)["code"]) == (503, "limits_unavailable")
        assert "limits-on-error" in error(reply.body)["message"]
        assert dict(reply.headers)["retry-after"] == "1"
    table.exchange.finished()
    counts.settle()


def test_an_end_that_comes_twice_counts_once() -> None:
    counts = InMemory()
    admission = Admission(counts, ClientKey.model_validate({"key": "k", "name": "n", "tpm": 10}), "slot", closed=False)
    admission.ask()
    admission.end(3)
    admission.end(3)
    assert counts.tokens("n").current == 3
