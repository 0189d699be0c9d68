"""A storm over a pool: two hundred calls at once at providers that refuse, break off, are overloaded, slow or empty.
Each client gets its own complete answer or an error; never a mixture, never two beginnings, never a part that looks
whole.

`GATEWAY_STORM_SEED` takes other seeds (several with commas between them); a failure names the seed and the call.
"""

import asyncio
import json
import os
import re
import time
from collections import Counter
from collections.abc import Callable, Iterator
from random import Random
from typing import Any

import httpx
import pytest

from tests.e2e.answers import Reply
from tests.e2e.gateway_process import CLIENT_KEY, GatewayProcess, free_port
from tests.e2e.pools import KEYS, MEMBERS, Member
from tests.e2e.provider import LAST_CHUNK, WAIT, Call, Provider, chunk, head

SEEDS = [int(seed) for seed in os.environ.get("GATEWAY_STORM_SEED", "1").split(",")]
CALLS = 200
PATIENCE = 60.0
"""Seconds after which a call is one that hangs."""
WORDS = 25
FAULTS = {
    "none": 8,
    "status": 4,
    "cut": 6,
    "reset": 2,
    "clean end": 2,
    "overload": 4,
    "slow": 2,
    "silent": 1,
    "empty": 2,
    "garbage": 1,
}
_NONCE = re.compile(rb"nonce-(\d+)-(\d+)\.")
_STATUSES = (401, 403, 404, 408, 409, 429, 429, 500, 502, 503, 529)


def spoken(nonce: str, place: str) -> str:
    """What a provider answers to a nonce: it says in each word whose answer it is, who speaks, and where."""
    return " ".join(f"{nonce}@{place}:{index:02d}" for index in range(WORDS))


class Weather:
    """The script of all providers: what it does to a call follows from the seed, the nonce and how often it came."""

    def __init__(self, seed: int) -> None:
        self.seed = seed
        self.asked: Counter[str] = Counter()
        self.faults: Counter[str] = Counter()
        self.open = 0
        """Calls under way."""

    async def __call__(self, call: Call) -> None:
        self.open += 1
        try:
            await self._answer(call)
        finally:
            self.open -= 1

    async def _answer(self, call: Call) -> None:
        _, tier, name, *_ = call.path.split("/")
        found = _NONCE.search(call.body)
        assert found is not None
        nonce = found[0].decode()
        rng = Random(f"{self.seed}:{nonce}:{self.asked[nonce]}")
        self.asked[nonce] += 1
        fault = rng.choices(tuple(FAULTS), tuple(FAULTS.values()))[0]
        self.faults[fault] += 1
        member = MEMBERS[name]
        streams = "stream" in call.path.lower() or bool(call.json.get("stream"))
        reply = Reply("" if fault == "empty" else spoken(nonce, f"{tier}/{name}"), id=name)
        if fault == "silent":
            await call.hold()
        elif fault == "status":
            status = rng.choice(_STATUSES)
            body = json.dumps({"error": {"message": f"no {nonce}", "type": "x"}}).encode()
            fields = {"content-type": "application/json", "content-length": str(len(body))}
            await call.send(head(status, fields) + body)
        elif streams:
            await self._stream(call, member, member.pieces(reply), fault, rng)
        else:
            await self._whole(
                call, json.dumps((member.speech if reply.text else member.silent).whole(reply)).encode(), fault, rng
            )

    async def _stream(self, call: Call, member: Member, pieces: list[bytes], fault: str, rng: Random) -> None:
        stop = rng.choice((0, rng.randrange(len(pieces)), rng.randrange(len(pieces))))
        await call.send(head(200, {"content-type": member.speech.content_type, "transfer-encoding": "chunked"}))
        for at, piece in enumerate(pieces):
            if fault in ("cut", "reset", "clean end", "overload", "garbage") and at == stop:
                break
            if fault == "slow" and at == stop:
                await call.pause(1.0)
            await call.send(chunk(piece))
        if fault == "overload":
            await call.send(chunk(member.overload))
        elif fault == "garbage":
            await call.send(chunk(b"data: {]\n\n"))
        if fault == "cut":
            call.cut()
        elif fault == "reset":
            call.reset()
        else:
            await call.send(LAST_CHUNK)

    async def _whole(self, call: Call, body: bytes, fault: str, rng: Random) -> None:
        body = b"{]" if fault in ("garbage", "overload") else body
        await call.send(head(200, {"content-type": "application/json", "content-length": str(len(body))}))
        stop = rng.randrange(len(body))
        await call.send(body[:stop])
        if fault in ("cut", "clean end"):
            call.cut()
        elif fault == "reset":
            call.reset()
        else:
            if fault == "slow":
                await call.pause(1.0)
            await call.send(body[stop:])


def settings(at: str, **more: Any) -> dict[str, Any]:
    """One model of which everybody is a target, two of each dialect, and one whom nobody reaches."""
    made: dict[str, Any] = {
        "api-keys": [{"key": CLIENT_KEY, "name": "tester"}],
        "log-format": "json",
        "drain-seconds": 0,
        "request-retry": 1,
        "timeouts": {"first-byte": 3, "idle": 5},
        "streaming": {"keepalive-seconds": 0.5},
        "transient-error-cooldown-seconds": -1,
        "disable-cooling": True,
        "openai-compatibility": [],
    }
    for member in MEMBERS.values():
        entries = made.setdefault(member.section, [])
        entries += [member.entry(at, tier, ["best"], 0) for tier in ("first", "second")]
    nobody = {"name": "gone", "base-url": f"http://127.0.0.1:{free_port()}/v1"}
    made["openai-compatibility"].append(nobody | {"models": [{"name": "m", "alias": "best"}]})
    return made | {name.replace("_", "-"): value for name, value in more.items()}


@pytest.fixture(scope="module")
def stormy() -> Iterator[Provider]:
    provider = Provider()
    yield provider
    provider.close()


@pytest.fixture(scope="module", params=[{}, {"hedge_after": 0.2}], ids=["one after another", "hedged"])
def sheltered(
    request: pytest.FixtureRequest, stormy: Provider, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[GatewayProcess]:
    made = settings(stormy.url, nonstream_keepalive_interval=0.5, **request.param)
    with GatewayProcess(tmp_path_factory.mktemp("weather"), made) as gateway:
        yield gateway


def question(nonce: str, number: int, stream: bool) -> tuple[str, dict[str, Any]]:
    text = f"Say {nonce}" + (" and" * 50_000 if number % 20 == 0 else "")
    if number % 3 == 0:
        return "/v1/responses", {"model": "best", "input": text, "max_output_tokens": 100, "stream": stream}
    messages = [{"role": "user", "content": text}]
    return "/v1/chat/completions", {"model": "best", "messages": messages, "max_tokens": 100, "stream": stream}


def judged(nonce: str, body: str, stream: bool) -> str:
    """Return `answer` or `error`; raise AssertionError for what is neither."""
    if not stream:
        answer = json.loads(body)
        if answer.get("error"):
            assert answer["error"]["message"]
            return "error"
        if "output" in answer:
            assert answer["status"] == "completed"
            texts = [part["text"] for item in answer["output"] for part in item.get("content", ())]
        else:
            [choice] = answer["choices"]
            assert choice["finish_reason"] == "stop"
            texts = [choice["message"]["content"] or ""]
        return _whole(nonce, "".join(texts))
    assert body.endswith("\n\n"), "half an event"
    events = [line.removeprefix("data: ") for line in body.split("\n") if line.startswith("data: ")]
    payloads = [{"type": event} if event == "[DONE]" else json.loads(event) for event in events]
    types = [payload.get("type") for payload in payloads]
    text, begun, failed, done = "", 0, 0, 0
    for payload in payloads:
        assert not done, "more after the end"
        assert not failed, "more after the error"
        delta = (payload.get("choices") or [{}])[0].get("delta", {})
        text += delta.get("content") or ""
        text += payload["delta"] if payload.get("type") == "response.output_text.delta" else ""
        begun += bool(delta.get("role")) + (payload.get("type") == "response.created")
        failed += "choices" not in payload and bool(payload.get("error") or payload.get("type") in _FAILED)
        done += payload.get("type") in ("[DONE]", "response.completed")
    assert begun <= 1, f"{begun} beginnings in {types}"
    assert done + failed == 1, f"{done} ends, {failed} errors"
    if failed:
        assert not text or any(spoken(nonce, place).startswith(text) for place in _PLACES), "no beginning of an answer"
        return "error"
    assert begun == 1
    return _whole(nonce, text)


def _until(true: Callable[[], bool]) -> None:
    deadline = time.monotonic() + WAIT
    while not true():
        assert time.monotonic() < deadline, "a provider is still asked"
        time.sleep(0.02)


_FAILED = ("error", "response.failed")
_PLACES = [f"{tier}/{name}" for tier in ("first", "second") for name in MEMBERS]


def _whole(nonce: str, text: str) -> str:
    if not text:
        return "nothing"
    place = text.partition("@")[2].partition(":")[0]
    assert place in _PLACES
    assert text == spoken(nonce, place), "not its own complete answer"
    return "answer"


async def ask(client: httpx.AsyncClient, seed: int, number: int, stream: bool) -> str:
    nonce, body = f"nonce-{seed}-{number}.", b""
    path, asked = question(nonce, number, stream)
    try:
        async with asyncio.timeout(PATIENCE), client.stream("POST", path, json=asked) as answer:
            async for piece in answer.aiter_raw():
                body += piece
        if answer.status_code != 200:
            assert json.loads(body)["error"]["message"]
            return "error"
        assert not any(key in str(answer.headers) for key in KEYS)
        return judged(nonce, body.decode(), stream and "event-stream" in answer.headers["content-type"])
    except httpx.RemoteProtocolError:
        if not stream and json.loads(body)["error"]["message"]:
            return "error"  # behind blank lines: the connection is cut
        return f"{nonce} is cut: {body[-500:]!r}"
    except (httpx.HTTPError, AssertionError, ValueError, LookupError, TimeoutError) as error:
        return f"{nonce} {type(error).__name__}: {error}\n{body[:1500]!r} ... {body[-1500:]!r}"


@pytest.mark.parametrize("stream", [True, False], ids=["streams", "whole"])
@pytest.mark.parametrize("seed", SEEDS)
async def test_each_gets_its_own(seed: int, stormy: Provider, sheltered: GatewayProcess, stream: bool) -> None:
    print(f"seed {seed}")
    stormy.reset()
    stormy.default = weather = Weather(seed)
    limits = httpx.Limits(max_connections=CALLS)
    headers = {"authorization": f"Bearer {CLIENT_KEY}"}
    async with httpx.AsyncClient(
        base_url=sheltered.url, headers=headers, timeout=PATIENCE, trust_env=False, limits=limits
    ) as client:
        outcomes = await asyncio.gather(*(ask(client, seed, number, stream) for number in range(CALLS)))
    assert not stormy.errors
    wrong = [outcome for outcome in outcomes if outcome not in ("answer", "error", "nothing")]
    assert not wrong, f"seed {seed}: {len(wrong)} of {CALLS}\n" + "\n\n".join(wrong[:5])
    print(Counter(outcomes), weather.faults)
    assert Counter(outcomes)["answer"] > CALLS // 4
    assert max(weather.asked.values()) > 2
    await asyncio.to_thread(_until, lambda: weather.open == 0)
    assert "Traceback" not in sheltered.output
    assert "nonce" not in sheltered.output
    assert not any(key in sheltered.output for key in KEYS)
