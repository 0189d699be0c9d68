"""A hundred reloads under load: no call fails, each answer is that of a configuration which was valid when its request
came, and nothing of earlier configurations remains."""

import itertools
import json
import random
import signal
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest

from tests.e2e import claude
from tests.e2e.gateway_process import CLIENT_KEY, ROOT, WAIT, GatewayProcess
from tests.e2e.provider import EVENT_STREAM, LAST_CHUNK, Call, Provider, chunk, head, sse, whole
from tests.e2e.wire import content, question

RELOADS = 100
CLIENTS = 4
"""Of each kind: whole and streamed."""
POOL = 32
"""Threads that Python may keep for work beside the loop."""

pytestmark = pytest.mark.skipif(not hasattr(signal, "SIGHUP"), reason="there is no SIGHUP here")


def number(n: int) -> str:
    return f"number-{n:04}-of-the-storm"


def configuration(provider: str, n: int) -> str:
    """The key of its provider, the provider's name of the model, a client's key and the prefix all tell the number."""
    models = [{"name": f"claude-{n}", "alias": "sonnet"}]
    entry = {"api-key": number(n), "base-url": provider, "prefix": f"p{n}", "models": models}
    more = [{"api-key": f"more-{at}-{n}", "base-url": provider, "models": [{"name": f"m{at}"}]} for at in range(n % 5)]
    settings = {
        "api-keys": [{"key": CLIENT_KEY, "name": "tester"}, {"key": f"client-{number(n)}", "name": f"n{n}"}],
        "claude-api-key": [*more, entry] if n % 2 else [entry, *more],
        "ollama": [{"base-url": provider}] if n % 3 == 0 else [],
        "log-format": "json" if n % 2 else "text",
        "streaming": {"keepalive-seconds": n % 2},
        "timeouts": {"idle": 60 + n},
        "drain-seconds": 0,
    }
    return json.dumps(settings, indent=1) + "\n"


INVALID = (
    "api-keys: [",
    "",
    "claude-api-key: [{api-key: canary-of-a-bad-file, base-url: 'http://127.0.0.1:1', modles: []}]\n",
    "api-keys: ['${ABSENT}']\nclaude-api-key: [{api-key: canary-of-a-bad-file, timeout: 1}]\n",
)


async def tells_its_configuration(call: Call) -> None:
    if call.method == "GET":
        await whole({"models": [{"name": "qwen"}]})(call)
        return
    answer = claude.message(claude.text(f"{call.headers['x-api-key']}/{call.json['model']}"))
    if not call.json.get("stream"):
        await whole(answer)(call)
        return
    await call.send(head(200, EVENT_STREAM))
    for event in claude.events(answer):
        await call.send(chunk(sse(event)))
        await call.pause(0.002)
    await call.send(LAST_CHUNK)


class Storm:
    """A gateway and the number of the configuration that it uses: at least `used`, at most `written`."""

    def __init__(self, process: GatewayProcess, provider: Provider) -> None:
        self.process, self.provider = process, provider
        self.used = self.written = 0
        self.over = threading.Event()
        self.answers = 0

    def ask(self, http: httpx.Client, *, stream: bool, model: str = "sonnet", key: str = CLIENT_KEY) -> int:
        """The number of the configuration that has answered."""
        least = self.used
        headers = {"authorization": f"Bearer {key}"}
        answer = http.post("/v1/chat/completions", json=question(stream, model=model), headers=headers)
        assert answer.status_code == 200, answer.text
        if stream:
            assert answer.text.endswith("data: [DONE]\n\n"), answer.text
        said = content(answer.text) if stream else answer.json()["choices"][0]["message"]["content"]
        most = self.written
        valid = {f"{number(n)}/claude-{n}": n for n in range(least, most + 1)}
        assert said in valid, (said, least, most)
        self.answers += 1
        return valid[said]

    def refused(self, http: httpx.Client, status: int, *, model: str = "sonnet", key: str = CLIENT_KEY) -> None:
        headers = {"authorization": f"Bearer {key}"}
        answer = http.post("/v1/chat/completions", json=question(model=model), headers=headers)
        assert answer.status_code == status, answer.text

    def client(self, stream: bool) -> None:
        with self.http() as http:
            last = 0
            while not self.over.is_set():
                now = self.ask(http, stream=stream)
                assert now >= last, "an earlier configuration came back"
                last = now

    def http(self) -> httpx.Client:
        return httpx.Client(base_url=self.process.url, timeout=WAIT, trust_env=False)

    def write(self, text: str, sign: str, *, ask: bool) -> None:
        """Write the file, and wait for the line that says what has become of it."""
        before = len(self.process.lines)
        self.process.config.write_text(text)
        if ask:
            self.process.process.send_signal(signal.SIGHUP)
        self.process.line(sign, before)

    def change(self, *, ask: bool) -> None:
        self.written += 1
        text = configuration(self.provider.url, self.written)
        self.write(text, f"read again: .*n{self.written} added", ask=ask)
        self.used = self.written

    def census(self) -> dict[str, int]:
        before = len(self.process.lines)
        self.process.process.send_signal(signal.SIGUSR1)
        counted: dict[str, int] = json.loads(self.process.line("^census ", before).removeprefix("census "))
        return counted


@pytest.fixture
def storm(tmp_path: Path, provider: Provider) -> Iterator[Storm]:
    provider.default = tells_its_configuration
    census = str(ROOT / "tests/e2e/census.py")
    with GatewayProcess(tmp_path, configuration(provider.url, 0), "-s", census) as process:
        yield Storm(process, provider)


def settled(storm: Storm, before: dict[str, int]) -> None:
    """Count until there is as much of everything as before: the last clients have just left."""
    most = {**before, "threads": before["threads"] + POOL}
    for _ in range(200):
        counted = storm.census()
        if all(counted[name] <= most[name] for name in most):
            return
    raise AssertionError(f"{counted} after {before}")


def test_a_hundred_reloads_under_load(storm: Storm) -> None:
    choice = random.Random(7)
    with storm.http() as http:
        storm.ask(http, stream=True)
        storm.change(ask=True)
        storm.ask(http, stream=False)
    before = storm.census()
    bad = itertools.cycle(INVALID)
    with ThreadPoolExecutor(2 * CLIENTS) as pool, storm.http() as http:
        clients = [pool.submit(storm.client, stream) for stream in (False, True) for _ in range(CLIENTS)]
        try:
            for at in range(RELOADS):
                if at % 5 == 4:
                    storm.write(next(bad), "stays as it is", ask=True)
                    assert storm.ask(http, stream=False) == storm.used
                    continue
                storm.change(ask=at % 10 != 0)
                now = storm.used
                assert storm.ask(http, stream=choice.random() < 0.5, model=f"p{now}/sonnet") == now
                assert storm.ask(http, stream=False, key=f"client-{number(now)}") == now
                storm.refused(http, 401, key=f"client-{number(now - 1)}")
                storm.refused(http, 400, model=f"p{now - 1}/sonnet")
        finally:
            storm.over.set()
        for client in clients:
            client.result()
    assert storm.answers > 2 * RELOADS
    assert "Traceback" not in storm.process.output
    assert not any(word in storm.process.output for word in (CLIENT_KEY, "of-the-storm", "canary"))
    settled(storm, before)


def test_signals_without_end(storm: Storm) -> None:
    """More than can be heard; the last word is what counts."""
    with ThreadPoolExecutor(2) as pool:
        clients = [pool.submit(storm.client, stream) for stream in (False, True)]
        for _ in range(10):
            storm.written += 1
            storm.process.config.write_text(configuration(storm.provider.url, storm.written))
            for _ in range(50):
                storm.process.process.send_signal(signal.SIGHUP)
        storm.process.line(f"read again: .*n{storm.written} added")
        storm.used = storm.written
        storm.over.set()
        for client in clients:
            client.result()
    with storm.http() as http:
        assert storm.ask(http, stream=False) == storm.written
    assert "Traceback" not in storm.process.output
