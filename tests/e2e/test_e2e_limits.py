"""Limits of client keys: in one gateway, and in several that share a real Redis, which dies and comes back."""

import json
import threading
import time
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx
import openai
import pytest
from openai import OpenAI

from addons.limiting.in_redis import LEASE, PREFIX
from tests import redis_server
from tests.e2e import claude
from tests.e2e.gateway_process import CLIENT_KEY, GatewayProcess, config
from tests.e2e.provider import EVENT_STREAM, Provider, chunk, head, held, sse
from tests.e2e.wire import question
from tests.redis_server import RedisServer

BEGUN = held(head(200, EVENT_STREAM) + b"".join(chunk(sse(event)) for event in claude.HELLO[:4]))
WAIT = 20.0
HTTP = httpx.Client(timeout=WAIT, trust_env=False)
KEYS = [
    {"key": CLIENT_KEY, "name": "unlimited"},
    {"key": "key-with-rpm", "name": "rpm", "rpm": 3},
    {"key": "key-with-tpm", "name": "tpm", "tpm": 10},
    {"key": "key-with-slots", "name": "slots", "max-parallel": 1},
    {"key": "key-with-all", "name": "all", "rpm": 100_000, "tpm": 100_000_000, "max-parallel": 100},
]


@pytest.fixture(scope="module", autouse=True)
def _connections() -> Iterator[None]:
    with HTTP:
        yield


@pytest.fixture
def started(tmp_path: Path, running_provider: Provider) -> Iterator[Callable[..., GatewayProcess]]:
    """Starts one more gateway."""
    processes: list[GatewayProcess] = []

    def start(**more: Any) -> GatewayProcess:
        processes.append(GatewayProcess(tmp_path, config(running_provider.url, api_keys=KEYS, **more)))
        return processes[-1].ready()

    yield start
    for process in processes:
        process.stop()


@pytest.fixture(scope="module")
def alone(running_provider: Provider, tmp_path_factory: pytest.TempPathFactory) -> Iterator[GatewayProcess]:
    """A gateway that counts in memory."""
    settings = config(running_provider.url, api_keys=KEYS)
    with GatewayProcess(tmp_path_factory.mktemp("alone"), settings) as process:
        yield process


def ask(gateway: GatewayProcess, key: str) -> httpx.Response:
    headers = {"authorization": f"Bearer {key}"}
    return HTTP.post(f"{gateway.url}/v1/chat/completions", json=question(False), headers=headers)


def streaming(gateway: GatewayProcess, key: str) -> Any:
    """A context manager: a stream that has begun."""
    headers = {"authorization": f"Bearer {key}"}
    return HTTP.stream("POST", f"{gateway.url}/v1/chat/completions", json=question(True), headers=headers)


def eventually(true: Callable[[], bool]) -> None:
    deadline = time.monotonic() + WAIT
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_the_sdk_is_told_of_limits(alone: GatewayProcess, provider: Provider) -> None:
    with OpenAI(api_key="key-with-rpm", base_url=f"{alone.url}/v1", max_retries=0) as client:
        messages: Any = [{"role": "user", "content": "hi"}]
        remaining = []
        for _ in range(3):
            raw = client.chat.completions.with_raw_response.create(model="sonnet", messages=messages)
            remaining.append(raw.headers["x-ratelimit-remaining-requests"])
        client.models.list()
        with pytest.raises(openai.RateLimitError) as caught:
            client.chat.completions.create(model="sonnet", messages=messages)
        client.models.list()
    assert remaining == ["2", "1", "0"]
    assert caught.value.code == "rate_limit_exceeded"
    assert caught.value.type == "requests"
    headers = caught.value.response.headers
    assert 0 < int(headers["retry-after-ms"]) <= int(headers["retry-after"]) * 1000
    assert headers["x-ratelimit-limit-requests"] == "3"
    assert len(provider.calls) == 3


def test_the_sdk_waits_as_long_as_it_is_told(alone: GatewayProcess, provider: Provider) -> None:
    answer, before = provider.default, len(alone.lines)
    provider.default = BEGUN
    with OpenAI(api_key="key-with-slots", base_url=f"{alone.url}/v1", max_retries=9) as client:
        made: list[Any] = []
        messages: Any = [{"role": "user", "content": "hi"}]
        asking = threading.Thread(
            target=lambda: made.append(client.chat.completions.create(model="sonnet", messages=messages))
        )
        with streaming(alone, "key-with-slots") as stream:
            assert stream.status_code == 200
            asking.start()
            refused = alone.line('"key":"slots".*"error":"rate_limit_exceeded"', before)
            provider.default = answer
        asking.join(WAIT)
    assert made[0].choices[0].message.content
    answered = alone.line('"key":"slots".*"status":200,"end":"complete"', before)
    first, last = (datetime.fromisoformat(json.loads(line)["time"]) for line in (refused, answered))
    assert (last - first).total_seconds() >= 1.0


def test_the_tokens_of_an_answer_are_counted_after_it(alone: GatewayProcess, provider: Provider) -> None:
    first = ask(alone, "key-with-tpm")
    assert (first.status_code, first.headers["x-ratelimit-remaining-tokens"]) == (200, "10")
    second = ask(alone, "key-with-tpm")
    assert (second.status_code, second.json()["error"]["type"]) == (429, "tokens")
    assert second.headers["x-ratelimit-remaining-tokens"] == "0"
    assert ask(alone, CLIENT_KEY).status_code == 200


def test_a_slot_is_free_when_its_client_has_left(alone: GatewayProcess, provider: Provider) -> None:
    answer = provider.default
    provider.default = BEGUN
    for _ in range(3):
        with streaming(alone, "key-with-slots") as stream:
            assert stream.status_code == 200
            assert ask(alone, "key-with-slots").status_code == 429
            call = provider.call(len(provider.calls) - 1)
        assert call.gone.wait(WAIT)
    provider.default = answer
    assert ask(alone, "key-with-slots").status_code == 200


def test_what_was_counted_survives_another_configuration(
    started: Callable[..., GatewayProcess], provider: Provider
) -> None:
    gateway = started()
    assert [ask(gateway, "key-with-rpm").headers["x-ratelimit-remaining-requests"] for _ in range(2)] == ["2", "1"]
    keys = [{"key": "another-key", "name": "rpm", "rpm": 4}]
    gateway.config.write_text(json.dumps(config(provider.url, api_keys=keys)), encoding="utf-8")
    gateway.line("read again")
    assert [ask(gateway, "another-key").status_code for _ in range(3)] == [200, 200, 429]


@redis_server.needed
def test_two_gateways_share_limits(
    started: Callable[..., GatewayProcess], provider: Provider, redis: RedisServer
) -> None:
    one, other = started(limits_storage=redis.url), started(limits_storage=redis.url)
    answers = [ask(gateway, "key-with-rpm") for gateway in (one, other, one, other, one)]
    assert [answer.status_code for answer in answers] == [200, 200, 200, 429, 429]
    assert [answer.headers["x-ratelimit-remaining-requests"] for answer in answers] == ["2", "1", "0", "0", "0"]
    assert ask(one, "key-with-tpm").status_code == 200
    eventually(lambda: ask(other, "key-with-tpm").status_code == 429)


@redis_server.needed
@pytest.mark.parametrize("end", ["the client leaves", "the gateway ends", "the gateway is killed"])
def test_slots_are_shared_and_become_free(
    started: Callable[..., GatewayProcess], provider: Provider, redis: RedisServer, end: str
) -> None:
    one, other = started(limits_storage=redis.url), started(limits_storage=redis.url)
    answer = provider.default
    provider.default = BEGUN
    slots = f"{PREFIX}:slots/slots"
    with streaming(one, "key-with-slots") as stream:
        assert stream.status_code == 200
        assert ask(other, "key-with-slots").status_code == 429
        [(slot, until)] = redis.client.zrange(slots, 0, -1, withscores=True)  # type: ignore[misc]
        assert until / 1000 <= redis.client.time()[0] + 1 + LEASE  # type: ignore[index]
        if end == "the gateway ends":
            one.stop()
        elif end == "the gateway is killed":
            one.process.kill()
            one.process.wait(WAIT)
            assert ask(other, "key-with-slots").status_code == 429
            redis.client.zadd(slots, {slot: redis.client.time()[0] * 1000 - 1})  # type: ignore[index, operator]
    provider.default = answer
    eventually(lambda: ask(other, "key-with-slots").status_code == 200)


class Load:
    """Clients that ask without a pause, each with one key. `answers` has their statuses and codes."""

    def __init__(self, gateway: GatewayProcess, key: str, clients: int = 4) -> None:
        self.answers: list[tuple[int, str | None]] = []
        self.errors: list[Exception] = []
        self._gateway, self._key, self._over = gateway, key, threading.Event()
        self._threads = [threading.Thread(target=self._run, daemon=True) for _ in range(clients)]

    def __enter__(self) -> "Load":
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        for thread in self._threads:
            thread.join(WAIT)

    def more(self, number: int = 20) -> None:
        """Wait for so many more answers."""
        wanted = len(self.answers) + number
        eventually(lambda: len(self.answers) >= wanted or bool(self.errors))

    def _run(self) -> None:
        try:
            while not self._over.is_set():
                reply = ask(self._gateway, self._key)
                code = None if reply.status_code == 200 else reply.json()["error"]["code"]
                self.answers.append((reply.status_code, code))
        except Exception as error:  # noqa: BLE001 - looked at by the test
            self.errors.append(error)


@redis_server.needed
@pytest.mark.parametrize("fault", ["killed", "silent"])
@pytest.mark.parametrize("on_error", ["open", "closed"])
def test_redis_fails_and_comes_back_under_load(
    started: Callable[..., GatewayProcess], provider: Provider, redis: RedisServer, on_error: str, fault: str
) -> None:
    gateway = started(limits_storage=redis.url, limits_on_error=on_error)
    with Load(gateway, "key-with-all") as load, Load(gateway, CLIENT_KEY, 1) as unlimited:
        load.more()
        redis.kill() if fault == "killed" else redis.stop()
        gateway.line("limits-storage does not answer")
        load.more()
        unlimited.more()
        redis.start() if fault == "killed" else redis.go_on()
        gateway.line("limits-storage answers again")
        load.more(50)
    assert not load.errors + unlimited.errors
    assert set(unlimited.answers) == {(200, None)}
    refused = {(503, "limits_unavailable")} if on_error == "closed" else set()
    assert set(load.answers) == {(200, None)} | refused
    eventually(lambda: "x-ratelimit-limit-requests" in ask(gateway, "key-with-all").headers)
    assert sum("does not answer" in line for line in gateway.lines) == 1
    eventually(lambda: redis.client.zcard(f"{PREFIX}:slots/all") == 0)


@redis_server.needed
@pytest.mark.parametrize(("on_error", "status"), [("open", 200), ("closed", 503)])
def test_a_gateway_starts_without_its_redis(
    started: Callable[..., GatewayProcess], provider: Provider, on_error: str, status: int
) -> None:
    url = "redis://:canary-password@127.0.0.1:1/0"
    gateway = started(limits_storage=url, limits_on_error=on_error)
    assert ask(gateway, "key-with-rpm").status_code == status
    assert ask(gateway, CLIENT_KEY).status_code == 200
    gateway.line("limits-storage does not answer")
    gateway.stop()
    assert "canary-password" not in gateway.output
