"""Pools end to end: keys that rest, waits between rounds, a second target beside a silent one, and what happens to all
of them when a client leaves, time is over, the configuration changes or the gateway ends."""

import json
import re
import signal
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import openai
import pytest
from mitmproxy.http import HTTPFlow
from mitmproxy.io import FlowReader
from openai import OpenAI

from addons.inspector.recorder import recording_of
from tests.e2e import claude
from tests.e2e.gateway_process import CLIENT_KEY, GatewayProcess
from tests.e2e.provider import EVENT_STREAM, WAIT, Call, Provider, Script, chunk, head, sse, stream, whole
from tests.e2e.wire import Wire, content, request

KEYS = ("canary-of-key-one-41", "canary-of-key-two-42")
HELLO = stream(claude.HELLO)
ANSWER = whole(claude.message())
ASK: dict[str, Any] = {"model": "best", "messages": [{"role": "user", "content": "Say hello"}], "max_tokens": 100}
FORMS = pytest.mark.parametrize("streamed", [False, True], ids=["whole", "stream"])


def config(provider: str, **more: Any) -> dict[str, Any]:
    """Two keys at one provider; the first is asked first, as long as it does not rest."""
    entries = [
        {"api-key": key, "base-url": provider, "models": [{"name": f"claude-{number}", "alias": "best"}]}
        for number, key in enumerate(KEYS, 1)
    ]
    return {
        "api-keys": [{"key": CLIENT_KEY, "name": "tester"}],
        "claude-api-key": entries,
        "routing": {"strategy": "fill-first"},
        "log-format": "json",
        "streaming": {"keepalive-seconds": 0},
        "drain-seconds": 0,
        **{name.replace("_", "-"): value for name, value in more.items()},
    }


class Keys:
    """The script of a provider that treats keys differently: those of `scripts`, in turn; then it answers."""

    def __init__(self, one: list[Script], two: list[Script] | None = None) -> None:
        self.scripts = dict(zip(KEYS, (list(one), list(two or [])), strict=True))
        self.asked: list[str] = []
        self.calls: list[Call] = []
        self._arrived = threading.Condition()

    async def __call__(self, call: Call) -> None:
        key = call.headers["x-api-key"]
        with self._arrived:
            self.asked.append({KEYS[0]: "one", KEYS[1]: "two"}[key])
            self.calls.append(call)
            self._arrived.notify_all()
        if self.scripts[key]:
            await self.scripts[key].pop(0)(call)
        else:
            await (HELLO if call.json.get("stream") else ANSWER)(call)

    def call(self, number: int) -> Call:
        """The call of that number, as soon as it has come."""
        with self._arrived:
            assert self._arrived.wait_for(lambda: len(self.calls) > number, WAIT)
        return self.calls[number]


def refusal(status: int, retry_after: str | None = None, message: str = "no") -> Script:
    headers = {} if retry_after is None else {"retry-after": retry_after}
    return whole({"type": "error", "error": {"type": "some_error", "message": message}}, status, headers)


async def silence(call: Call) -> None:
    await call.hold()


def body(*, stream: bool, **fields: Any) -> bytes:
    return json.dumps({**ASK, "stream": stream, **fields}).encode()


Start = Callable[..., GatewayProcess]


@pytest.fixture
def start(tmp_path: Path, provider: Provider) -> Iterator[Start]:
    started: list[GatewayProcess] = []

    def start(**more: Any) -> GatewayProcess:
        started.append(GatewayProcess(tmp_path, config(provider.url, **more)))
        return started[-1].ready()

    yield start
    for each in started:
        each.stop()


def client(gateway: GatewayProcess) -> OpenAI:
    return OpenAI(api_key=CLIENT_KEY, base_url=f"{gateway.url}/v1", max_retries=0, timeout=WAIT)


def post(gateway: GatewayProcess, **fields: Any) -> httpx.Response:
    headers = {"authorization": f"Bearer {CLIENT_KEY}"}
    url = f"{gateway.url}/v1/chat/completions"
    return httpx.post(url, json={**ASK, **fields}, headers=headers, timeout=WAIT, trust_env=False)


# --- keys that rest ---


@FORMS
def test_a_key_that_is_used_up_rests_and_all_of_them_are_a_429_at_once(
    start: Start, provider: Provider, streamed: bool
) -> None:
    provider.default = keys = Keys([refusal(429, "30")], [HELLO if streamed else ANSWER, refusal(429, "20")])
    gateway = start()
    first = post(gateway, stream=streamed)
    assert "Hello" in content(first.text) if streamed else first.json()["choices"][0]["message"]["content"]
    [attempt] = json.loads(first.headers["x-gateway-attempts"])
    assert (attempt["target"], attempt["status"]) == ("anthropic/claude-1", 429)
    assert first.headers["x-gateway-model"] == "anthropic/claude-2"
    assert keys.asked == ["one", "two"]
    assert post(gateway, stream=streamed).status_code == 429
    assert keys.asked == ["one", "two", "two"]
    with client(gateway) as sdk, pytest.raises(openai.RateLimitError) as raised:
        sdk.chat.completions.create(**ASK, stream=streamed)
    assert raised.value.code == "model_cooldown"
    assert 1 <= int(raised.value.response.headers["retry-after"]) <= 20
    assert keys.asked == ["one", "two", "two"]
    assert not any(key in gateway.output for key in KEYS)


def test_the_errors_of_ones_own(start: Start, provider: Provider) -> None:
    rules = [
        {"status": 500, "match": "content policy", "action": "stop"},
        {"status": 400, "match-regexr": "quota .* exhausted", "action": "continue-and-cooldown"},
    ]
    entries = [{**entry, "request-scoped-errors": rules} for entry in config(provider.url)["claude-api-key"]]
    refused, used_up = refusal(500, message="against our content policy"), refusal(400, message="quota of 7 exhausted")
    provider.default = keys = Keys([refused, used_up])
    gateway = start(claude_api_key=entries)
    assert post(gateway).status_code == 500
    assert keys.asked == ["one"]
    assert post(gateway).status_code == 200
    assert post(gateway).status_code == 200
    assert keys.asked == ["one", "one", "two", "two"]


# --- waits between rounds ---

WAITING: dict[str, Any] = {"request_retry": 1, "max_retry_interval": 60}
USED_UP = {"one": [refusal(429, "50")], "two": [refusal(429, "40")]}


@FORMS
def test_a_client_may_leave_while_its_request_waits(start: Start, provider: Provider, streamed: bool) -> None:
    provider.default = keys = Keys(**USED_UP)
    gateway = start(**WAITING, streaming={"keepalive-seconds": 0.1})
    with Wire(gateway.port) as wire:
        wire.send(request(body=body(stream=streamed), x_request_id="leaves"))
        keys.call(1)
        if streamed:
            wire.until(b": ping\n\n")
    record = gateway.record("leaves")
    assert (record["end"], record["attempts"]) == ("cancelled", 2)
    assert keys.asked == ["one", "two"]
    assert "Traceback" not in gateway.output


@FORMS
def test_the_gateway_ends_while_a_request_waits(start: Start, provider: Provider, streamed: bool) -> None:
    provider.default = keys = Keys(**USED_UP)
    gateway = start(**WAITING, streaming={"keepalive-seconds": 0.1})
    with Wire(gateway.port) as wire:
        wire.send(request(body=body(stream=streamed), x_request_id="waits"))
        keys.call(1)
        if streamed:
            wire.until(b": ping\n\n")
        gateway.process.send_signal(signal.SIGTERM)
        rest = wire.end()
    assert gateway.wait() == 0
    assert b"gateway_shutting_down" in rest
    assert b"[DONE]" not in rest
    assert gateway.record("waits")["error"] == "gateway_shutting_down"
    assert "Traceback" not in gateway.output


@FORMS
def test_the_time_for_all_of_it_goes_on_while_a_request_waits(start: Start, provider: Provider, streamed: bool) -> None:
    provider.default = keys = Keys(**USED_UP)
    gateway = start(**WAITING, timeouts={"total": 1})
    answer = post(gateway, stream=streamed)
    assert answer.status_code == 429
    assert len(json.loads(answer.headers["x-gateway-attempts"])) == 2
    assert keys.asked == ["one", "two"]


# --- two at once ---

HEDGED: dict[str, Any] = {"hedge_after": 0.2}


@FORMS
def test_the_silent_one_is_dropped(start: Start, provider: Provider, streamed: bool) -> None:
    provider.default = keys = Keys([silence])
    gateway = start(**HEDGED)
    answer = post(gateway, stream=streamed)
    assert answer.headers["x-gateway-model"] == "anthropic/claude-2"
    text = content(answer.text) if streamed else answer.json()["choices"][0]["message"]["content"]
    assert text == "Hello there"
    assert answer.text.count('"role":"assistant"') == 1
    assert keys.call(0).gone.wait(WAIT)
    assert keys.asked == ["one", "two"]
    assert post(gateway, stream=streamed).status_code == 200
    assert len({call.connection for call in keys.calls}) == 3


@FORMS
def test_the_first_one_wins_after_all(start: Start, provider: Provider, streamed: bool) -> None:
    go = threading.Event()

    async def late(call: Call) -> None:
        await call.until(go)
        await (HELLO if streamed else ANSWER)(call)

    async def silent(call: Call) -> None:
        go.set()
        await call.hold()

    provider.default = keys = Keys([late], [silent])
    answer = post(start(**HEDGED), stream=streamed)
    assert answer.headers["x-gateway-model"] == "anthropic/claude-1"
    assert keys.call(1).gone.wait(WAIT)


@pytest.mark.parametrize("order", [(0, 1), (1, 0)], ids=["the first first", "the second first"])
def test_each_of_two_may_fail(start: Start, provider: Provider, order: tuple[int, int]) -> None:
    both, last = threading.Event(), threading.Event()

    def fails(at: int) -> Script:
        async def script(call: Call) -> None:
            if at == 1:
                both.set()
            await call.until(both if order[0] == at else last)
            await refusal(503)(call)
            last.set()

        return script

    provider.default = Keys([fails(0)], [fails(1)])
    answer = post(start(**HEDGED), stream=True)
    assert answer.status_code == 503
    attempts = json.loads(answer.headers["x-gateway-attempts"])
    assert [attempt["target"] for attempt in attempts] == [f"anthropic/claude-{at + 1}" for at in order]


@FORMS
def test_a_client_that_leaves_leaves_both(start: Start, provider: Provider, streamed: bool) -> None:
    provider.default = keys = Keys([silence], [silence])
    gateway = start(**HEDGED)
    with Wire(gateway.port) as wire:
        wire.send(request(body=body(stream=streamed), x_request_id="leaves"))
        keys.call(1)
    assert all(call.gone.wait(WAIT) for call in keys.calls)
    assert gateway.record("leaves")["end"] == "cancelled"


def test_the_gateway_ends_while_two_are_asked(start: Start, provider: Provider) -> None:
    provider.default = keys = Keys([silence], [silence])
    gateway = start(**HEDGED)
    with Wire(gateway.port) as wire:
        wire.send(request(body=body(stream=True)))
        keys.call(1)
        gateway.process.send_signal(signal.SIGTERM)
        assert b"gateway_shutting_down" in wire.end()
    assert gateway.wait() == 0
    assert all(call.gone.wait(WAIT) for call in keys.calls)
    assert "Traceback" not in gateway.output


# --- whole answers that keep the client waiting ---

BLANKS: dict[str, Any] = {"nonstream_keepalive_interval": 0.1}


def after_a_blank(wire_has_it: threading.Event, script: Script) -> Script:
    async def waits(call: Call) -> None:
        await call.until(wire_has_it)
        await script(call)

    return waits


@pytest.mark.parametrize("one", [ANSWER, refusal(503)], ids=["of the first", "of another"])
def test_blank_lines_before_an_answer(start: Start, provider: Provider, one: Script) -> None:
    blank = threading.Event()
    provider.default = Keys([after_a_blank(blank, one)])
    with Wire(start(**BLANKS).port) as wire:
        wire.send(request(body=body(stream=False)))
        begin = wire.until(b"\r\n\r\n1\r\n\n\r\n")
        assert begin.startswith(b"HTTP/1.1 200")
        blank.set()
        rest = wire.until(b"0\r\n\r\n")
    text = re.sub(rb"\r?\n?[0-9a-f]+\r\n", b"", rest)
    assert json.loads(text)["choices"][0]["message"]["content"] == "Hello there"


def test_the_sdk_reads_an_answer_behind_blank_lines(start: Start, provider: Provider) -> None:
    async def slow(call: Call) -> None:
        await call.pause(0.5)
        await ANSWER(call)

    provider.default = Keys([slow])
    with client(start(**BLANKS)) as sdk:
        assert sdk.chat.completions.create(**ASK).choices[0].message.content == "Hello there"


def test_a_failure_behind_blank_lines_is_one_for_the_sdk(start: Start, provider: Provider) -> None:
    async def slow(call: Call) -> None:
        await call.pause(0.5)
        await refusal(503)(call)

    provider.default = Keys([slow], [slow])
    with client(start(**BLANKS)) as sdk, pytest.raises(openai.APIError):
        sdk.chat.completions.create(**ASK)


def test_a_client_of_http_1_0_gets_a_status_it_can_trust(start: Start, provider: Provider) -> None:
    async def slow(call: Call) -> None:
        await call.pause(0.5)
        await refusal(503)(call)

    provider.default = Keys([slow], [slow])
    with Wire(start(**BLANKS).port) as wire:
        wire.send(request(body=body(stream=False), version="HTTP/1.0"))
        assert wire.end().startswith(b"HTTP/1.1 503")


# --- what is large, or many ---


@FORMS
@pytest.mark.parametrize("fault", ["503", "cut"])
def test_a_large_request_goes_to_another_target(start: Start, provider: Provider, streamed: bool, fault: str) -> None:
    async def cut(call: Call) -> None:
        await call.send(head(200, EVENT_STREAM) + chunk(sse(claude.HELLO[0])))
        call.cut()

    provider.default = keys = Keys([refusal(503) if fault == "503" else cut])
    answer = post(start(), stream=streamed, messages=[{"role": "user", "content": "word " * 60_000}])
    text = content(answer.text) if streamed else answer.json()["choices"][0]["message"]["content"]
    assert text == "Hello there"
    assert keys.calls[0].json["messages"] == keys.calls[1].json["messages"]
    assert keys.asked == ["one", "two"]


@FORMS
def test_three_answers_at_once_come_from_one_target(start: Start, provider: Provider, streamed: bool) -> None:
    """One of three calls fails, so that all of them are made to another target, and the others are dropped."""
    both = threading.Event()

    async def second(call: Call) -> None:
        both.set()
        await call.hold()

    async def third(call: Call) -> None:
        await call.until(both)
        await refusal(503)(call)

    provider.default = keys = Keys([silence, second, third])
    gateway = start()
    answer = post(gateway, stream=streamed, n=3)
    assert keys.asked == ["one"] * 3 + ["two"] * 3
    assert all(call.gone.wait(WAIT) for call in keys.calls[:2])
    if streamed:
        for index in range(3):
            [role] = re.findall(rf'"index":{index},"delta":{{"role":"assistant"', answer.text)
            assert role
        assert content(answer.text).count("Hel") == 3
        assert answer.text.rstrip().endswith("data: [DONE]")
    else:
        choices = answer.json()["choices"]
        assert [choice["index"] for choice in choices] == [0, 1, 2]
        assert {choice["message"]["content"] for choice in choices} == {"Hello there"}


# --- what others see of it ---


async def begins_and_dies(call: Call) -> None:
    await call.send(head(200, EVENT_STREAM) + chunk(sse(claude.HELLO[0])))
    call.cut()


async def is_overloaded(call: Call) -> None:
    await stream([claude.HELLO[0], claude.error("overloaded_error")])(call)


@pytest.mark.parametrize(
    ("fault", "more", "reason"),
    [
        pytest.param(begins_and_dies, {}, "cut: it closed the connection before its answer was complete", id="cut"),
        pytest.param(is_overloaded, {}, "503 server_overloaded in the stream", id="overloaded"),
        pytest.param(silence, HEDGED, "another target answered first", id="overtaken"),
    ],
)
def test_a_flow_shows_who_was_asked_and_what_the_client_got(
    tmp_path: Path, provider: Provider, fault: Script, more: dict[str, Any], reason: str
) -> None:
    provider.default = Keys([fault])
    flows = tmp_path / "flows"
    with GatewayProcess(tmp_path, config(provider.url, **more), "-w", str(flows)) as gateway:
        answer = post(gateway, stream=True)
        gateway.process.send_signal(signal.SIGTERM)
        assert gateway.wait() == 0
    assert content(answer.text) == "Hello there"
    with flows.open("rb") as file:
        [flow] = (each for each in FlowReader(file).stream() if isinstance(each, HTTPFlow))
    assert flow.response is not None
    assert flow.response.content == answer.content
    recording = recording_of(flow)
    assert recording is not None
    tries = [(f"{each.provider}/{each.model}", each.reason) for each in recording.attempts]
    assert tries == [("anthropic/claude-1", reason), ("anthropic/claude-2", None)]
    assert recording.client_request is not None
    assert not any(key.encode() in flows.read_bytes() for key in KEYS)


# --- a reload meanwhile ---


def test_a_request_that_waits_goes_on_after_a_reload(start: Start, provider: Provider) -> None:
    provider.default = keys = Keys([refusal(429, "2")], [refusal(429, "60")])
    gateway = start(request_retry=1, max_retry_interval=10, streaming={"keepalive-seconds": 0.1})
    with Wire(gateway.port) as wire:
        wire.send(request(body=body(stream=True)))
        wire.until(b": ping\n\n")
        changed = config(provider.url, streaming={"keepalive-seconds": 0.1})
        changed["claude-api-key"] = changed["claude-api-key"][1:]
        gateway.config.write_text(json.dumps(changed), encoding="utf-8")
        gateway.process.send_signal(signal.SIGHUP)
        gateway.line("reload|config")
        assert b"Hel" in wire.until(b"[DONE]")
    assert keys.asked == ["one", "two", "one"]
