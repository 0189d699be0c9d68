"""The counts behind the limits of client keys, in memory and in a real Redis, which dies, stops and comes back."""

import logging
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from socketserver import BaseRequestHandler, ThreadingTCPServer
from typing import Any

import pytest

from addons import limiting
from addons.exchange.client_limits import Counts, Unavailable
from addons.limiting import in_redis
from addons.limiting.in_memory import InMemory
from addons.limiting.in_redis import PREFIX, InRedis
from routing.secret import Secret
from tests import redis_server
from tests.redis_server import RedisServer

LEASE = 0.6
WAIT = 20.0


@pytest.fixture
def gateway(redis: RedisServer) -> Iterator[Callable[..., InRedis]]:
    """Makes the counts of one more gateway that shares the Redis."""
    made: list[InRedis] = []

    def another(lease: float = LEASE) -> InRedis:
        made.append(InRedis(redis.url, ThreadPoolExecutor(4), lease))
        return made[-1]

    yield another
    for each in made:
        each.close()


@pytest.fixture(params=["memory", pytest.param("redis", marks=redis_server.needed)])
def counts(request: pytest.FixtureRequest) -> Counts:
    counts: Counts = InMemory() if request.param == "memory" else request.getfixturevalue("gateway")()
    return counts


def eventually(true: Callable[[], bool]) -> None:
    deadline = time.monotonic() + WAIT
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def answers(counts: InRedis) -> bool:
    try:
        counts.tokens("a")
    except Unavailable:
        return False
    return True


# --- what both do ---


def test_requests(counts: Counts) -> None:
    assert counts.requests("a").used == 0
    assert [counts.take_request("a", 3) for _ in range(5)] == [True, True, True, False, False]
    assert counts.requests("a").remaining(3) == 0
    assert 0 < counts.requests("a").wait(3) <= 60.001
    assert counts.take_request("b", 3), "another key's"
    assert counts.tokens("a").used == 0, "another kind's"


def test_a_limit_may_change_and_its_count_stays(counts: Counts) -> None:
    assert [counts.take_request("a", 2) for _ in range(3)] == [True, True, False]
    assert [counts.take_request("a", 3) for _ in range(2)] == [True, False]
    assert not counts.take_request("a", 1)


def test_tokens_are_counted_beyond_every_limit(counts: Counts) -> None:
    counts.add_tokens("a", 5)
    counts.add_tokens("a", 10_000_000)
    assert counts.tokens("a").current == 10_000_005
    assert counts.tokens("a").wait(10) > 59


def test_requests_at_once(counts: Counts) -> None:
    assert [counts.take_slot("a", slot, 2) for slot in "xyz"] == [True, True, False]
    assert counts.take_slot("b", "x", 1)
    counts.free_slot("a", "x")
    counts.free_slot("a", "nobody's")
    assert [counts.take_slot("a", slot, 2) for slot in "zv"] == [True, False]


def test_what_comes_later_is_done(counts: Counts) -> None:
    done = threading.Event()
    counts.later(done.set)
    assert done.wait(WAIT)


# --- what several gateways share ---

shared = redis_server.needed


@shared
def test_gateways_share_their_counts(gateway: Callable[..., InRedis]) -> None:
    one, other = gateway(), gateway()
    assert [one.take_request("a", 2), other.take_request("a", 2), one.take_request("a", 2)] == [True, True, False]
    one.add_tokens("a", 7)
    assert other.tokens("a").current == 7
    assert one.take_slot("a", "x", 1)
    assert not other.take_slot("a", "y", 1)
    one.free_slot("a", "x")
    assert other.take_slot("a", "y", 1)


@shared
def test_a_request_that_is_under_way_keeps_its_slot(gateway: Callable[..., InRedis]) -> None:
    """Far longer than a lease."""
    one, other = gateway(), gateway()
    one.take_slot("a", "x", 1)
    until = time.monotonic() + 3 * LEASE
    while time.monotonic() < until:
        assert not other.take_slot("a", "y", 1)


@shared
def test_the_slots_of_a_gateway_that_was_killed_become_free(gateway: Callable[..., InRedis]) -> None:
    killed, other = gateway(), gateway()
    killed.take_slot("a", "x", 1)
    killed._stopped.set()  # nobody renews
    eventually(lambda: other.take_slot("a", "y", 1))


@shared
def test_a_gateway_that_ends_frees_its_slots(gateway: Callable[..., InRedis], redis: RedisServer) -> None:
    one = gateway()
    one.take_slot("a", "x", 1)
    one.close()
    assert not redis.client.exists(f"{PREFIX}:slots/a")
    one.later(lambda: pytest.fail("it is closed"))


@shared
def test_nothing_stays_in_redis_for_ever(gateway: Callable[..., InRedis], redis: RedisServer) -> None:
    one = gateway()
    one.take_slot("a", "x", 1)
    one.take_request("a", 1)
    one.add_tokens("a", 1)
    keys = list(redis.client.scan_iter())
    assert len(keys) == 3
    assert all(0 < redis.client.pttl(key) <= 120_000 for key in keys)  # type: ignore[operator]


# --- a Redis that fails ---


@shared
def test_a_redis_that_is_killed_and_comes_back(
    gateway: Callable[..., InRedis], redis: RedisServer, caplog: pytest.LogCaptureFixture
) -> None:
    one, other = gateway(), gateway()
    one.take_slot("a", "x", 1)
    redis.kill()
    for _ in range(100):
        with pytest.raises(Unavailable):
            one.take_request("a", 5)
    one.later(lambda: None)
    redis.start()
    eventually(lambda: answers(one) and answers(other))
    eventually(lambda: redis.client.exists(f"{PREFIX}:slots/a") == 1)  # who held a slot says so again
    assert not other.take_slot("a", "y", 1)
    said = [record.getMessage() for record in caplog.records if record.name == "gateway"]
    assert said.count("limits-storage answers again.") <= 2
    assert sum("does not answer (ConnectionError)" in text for text in said) <= 2
    assert redis.url not in caplog.text


@shared
def test_a_kept_connection_that_died_is_made_again(gateway: Callable[..., InRedis], redis: RedisServer) -> None:
    one = gateway()
    one.take_request("a", 5)
    redis.kill()
    redis.start()
    assert one.take_request("a", 5)


@shared
def test_a_redis_that_says_nothing_holds_up_one_request_at_a_time(
    gateway: Callable[..., InRedis], redis: RedisServer, caplog: pytest.LogCaptureFixture
) -> None:
    one = gateway()
    one.take_request("a", 5)
    redis.stop()
    try:
        with pytest.raises(Unavailable):
            one.take_request("a", 5)
        asked = one._health._next_try
        with pytest.raises(Unavailable):
            one.take_request("a", 5)
        assert one._health._next_try == asked, "it was asked again"
        assert "does not answer (TimeoutError)" in caplog.text
    finally:
        redis.go_on()
    eventually(lambda: answers(one))


@shared
@pytest.mark.parametrize("what", ["taken", "freed"])
def test_a_slot_is_free_soon_though_redis_did_not_say_so(
    gateway: Callable[..., InRedis], redis: RedisServer, what: str
) -> None:
    """Long before its lease ends."""
    one, other = gateway(3600.0), gateway(3600.0)
    if what == "freed":
        one.take_slot("a", "x", 1)
    redis.stop()
    with pytest.raises(Unavailable):
        one.free_slot("a", "x") if what == "freed" else one.take_slot("a", "x", 1)
    redis.go_on()

    def free() -> bool:
        one.renew()
        return answers(other) and other.take_slot("a", "y", 1)

    eventually(free)
    one._lost["old"] = ("a", 0.0)
    one.renew()
    assert "old" not in one._lost


@shared
def test_a_slot_that_is_freed_while_it_is_renewed_stays_free(gateway: Callable[..., InRedis]) -> None:
    one, other = gateway(3600.0), gateway(3600.0)
    one.take_slot("a", "x", 1)
    renew = one._renew_slots

    def freed_before(*args: Any) -> Any:
        one.free_slot("a", "x")
        return renew(*args)

    one._renew_slots = freed_before  # type: ignore[assignment]
    one.renew()
    assert other.take_slot("a", "y", 1)


@shared
def test_a_redis_that_is_down_is_asked_by_one_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(in_redis, "PAUSE", 0.0)
    health = in_redis._Health()
    assert health.before() <= health.before()
    health.failed(ConnectionError(), time.monotonic())
    health.before()
    with pytest.raises(Unavailable):
        health.before()
    health.answered()
    health.before()
    health.before()


@shared
def test_a_failure_that_was_asked_before_the_last_answer_says_nothing() -> None:
    health = in_redis._Health()
    began = health.before()
    health.answered()
    health.failed(TimeoutError(), began - 1)
    health.before()


@shared
def test_a_redis_that_was_never_there(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    one = InRedis("redis://:a-password@127.0.0.1:1/0", ThreadPoolExecutor(1), LEASE)
    with pytest.raises(Unavailable):
        one.take_slot("a", "x", 1)
    one.close()
    assert "limits-storage does not answer" in caplog.text
    assert "a-password" not in caplog.text


@shared
def test_one_warning_a_minute(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    monkeypatch.setattr(in_redis, "PAUSE", 0.0)
    one = InRedis("redis://127.0.0.1:1/0", ThreadPoolExecutor(1), LEASE)
    for _ in range(50):
        with pytest.raises(Unavailable):
            one.tokens("a")
    one.close()
    assert caplog.text.count("does not answer") == 1


# --- which of them ---


def test_memory_needs_nothing() -> None:
    with ThreadPoolExecutor(1) as threads:
        assert isinstance(limiting.counts_in(None, threads), InMemory)
    assert limiting.missing(None) is None


@shared
def test_a_url_is_a_redis(redis: RedisServer) -> None:
    counts = limiting.counts_in(Secret(redis.url), ThreadPoolExecutor(1))
    assert isinstance(counts, InRedis)
    counts.close()


def test_a_library_that_is_missing_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    assert (limiting.missing(Secret("redis://h")) or "").endswith("-m pip install 'limits[redis]'")


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(b"+OK\r\n", id="another word"),
        pytest.param(b"$5\r\nhello\r\n", id="a text"),
        pytest.param(b"$2\r\n\xff\xfe\r\n", id="no UTF-8"),
        pytest.param(b":abc\r\n", id="no number"),
        pytest.param(b"*1\r\n" * 3000, id="too deep"),
        pytest.param(b"HTTP/1.1 400 Bad Request\r\n\r\n", id="another protocol"),
    ],
)
def test_what_is_no_redis_counts_nothing(answer: bytes) -> None:
    class Garbage(BaseRequestHandler):
        def handle(self) -> None:
            while self.request.recv(65536):
                self.request.sendall(answer)

    with ThreadingTCPServer(("127.0.0.1", 0), Garbage) as server:
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, daemon=True).start()
        url, threads = f"redis://127.0.0.1:{server.server_address[1]}/0", ThreadPoolExecutor(1)
        for ask in (
            lambda counts: counts.take_slot("a", "x", 1),
            lambda counts: counts.requests("a"),
            lambda counts: counts.tokens("a"),
        ):
            counts = InRedis(url, threads, 3600.0)
            with pytest.raises(Unavailable):
                ask(counts)
            counts._stopped.set()
        server.shutdown()
