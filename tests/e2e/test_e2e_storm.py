"""A storm: hundreds of calls at once, in every client dialect and to every provider dialect, at providers that do their
worst. Every client gets its own complete answer, or an error that it can see; never a part that looks whole, another's
words, or silence.

All is decided by a seed. `GATEWAY_STORM_SEED` takes others (several with commas between them), `GATEWAY_STORM_CALLS`
another number of calls; a failure names the seed and the call.
"""

import asyncio
import json
import os
import re
import time
from collections import Counter
from collections.abc import Callable, Iterator
from itertools import product
from pathlib import Path
from typing import Any

import httpx
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from tests.e2e.gateway_process import CLIENT_KEY, PROVIDER_KEY, SECRETS, GatewayProcess
from tests.e2e.provider import Provider
from tests.e2e.storm.plans import MODELS, PATHS, Plan, plan
from tests.e2e.storm.provider import TOKEN, Stormy
from tests.e2e.storm.verdicts import verdict

SEEDS = [int(seed) for seed in os.environ.get("GATEWAY_STORM_SEED", "1").split(",")]
CALLS = int(os.environ.get("GATEWAY_STORM_CALLS", "300"))
AT_ONCE = 40
ENDS = {"answer": "complete", "error": "failed", "left": "cancelled"}
"""Verdicts, and how the log says that such a call ended. A client may have left before its call was read, or just
when it was over."""
PATIENCE = 20.0
"""Seconds after which a call is one that hangs."""


def service_account(folder: Path, provider: str) -> str:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    pem = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode()
    account = {
        "type": "service_account",
        "client_email": "a@b.iam",
        "private_key": pem,
        "token_uri": f"{provider}/token",
    }
    path = folder / "account.json"
    path.write_text(json.dumps(account), encoding="utf-8")
    return str(path)


def everything(provider: str, folder: Path) -> dict[str, Any]:
    """An entry of every kind, all at one provider, told apart by their paths."""

    def entry(model: str, alias: str, **more: Any) -> dict[str, Any]:
        fields = {"api_key": PROVIDER_KEY, "models": [{"name": model, "alias": alias}], **more}
        return {name.replace("_", "-"): value for name, value in fields.items() if value is not None}

    def compatible(alias: str, **more: Any) -> dict[str, Any]:
        url, keys = f"{provider}/{alias}/v1", [{"api-key": PROVIDER_KEY}]
        return entry("gpt-storm", alias, api_key=None, name=alias, base_url=url, api_key_entries=keys, **more)

    account = service_account(folder, provider)
    in_project = {"project": "storm", "location": "us-east5", "credentials_file": account, "api_key": None}
    return {
        "api-keys": [{"key": CLIENT_KEY, "name": "tester"}],
        "log-format": "json",
        "timeouts": {"connect": 10, "first-byte": 3, "idle": 3},
        "streaming": {"keepalive-seconds": 1},
        "claude-api-key": [entry("claude-haiku-4-5", "claude", base_url=f"{provider}/claude")],
        "gemini-api-key": [entry("gemini-2.5-flash", "gemini", base_url=f"{provider}/gemini")],
        "vertex-api-key": [entry("gemini-2.5-pro", "vertex", base_url=f"{provider}/express")],
        "vertex": [entry("claude-opus-4-5", "vertex-claude", base_url=f"{provider}/vertex", **in_project)],
        "bedrock": [entry("amazon.nova-pro-v1:0", "bedrock", base_url=f"{provider}/bedrock", region="us-east-1")],
        "openai-compatibility": [
            compatible("compatible", endpoints=["chat", "completions", "responses"]),
            compatible("chatty"),
        ],
        "codex-api-key": [entry("gpt-5-codex", "codex", base_url=f"{provider}/codex/v1")],
        "azure-openai": [
            entry("gpt-5", "azure", endpoint=f"{provider}/azure", endpoints=["chat", "responses"]),
            entry("gpt-4", "azure-dated", endpoint=f"{provider}/dated", api_version="2024-10-21"),
        ],
        "ollama": [entry("qwen3", "ollama", base_url=f"{provider}/ollama")],
    }


@pytest.fixture(scope="module")
def stormy() -> Iterator[Provider]:
    """Not the provider of all other tests: this one remembers nothing of them, nor they of it."""
    provider = Provider()
    yield provider
    provider.close()


@pytest.fixture(scope="module")
def sheltered(stormy: Provider, tmp_path_factory: pytest.TempPathFactory) -> Iterator[GatewayProcess]:
    folder = tmp_path_factory.mktemp("storm")
    with GatewayProcess(folder, everything(stormy.url, folder)) as gateway:
        yield gateway


async def ask(client: httpx.AsyncClient, plan: Plan) -> str:
    """The verdict on one call, or what is wrong with its answer."""
    body = b""
    leaves = plan.fault == "leaves"
    try:
        async with (
            asyncio.timeout(plan.patience if leaves else PATIENCE),
            client.stream(
                "POST", PATHS[plan.client], json=plan.question(), headers={"x-request-id": f"storm-{plan.name}"}
            ) as answer,
        ):
            async for piece in answer.aiter_raw():
                body += piece
        outcome = verdict(plan, answer.status_code, answer.headers.get("content-type", ""), body)
        assert plan.demand in (outcome, "either", "anything"), (
            f"an {outcome} where the provider's bytes make an {plan.demand}"
        )
    except TimeoutError:
        if leaves:
            return "left"
        return f"{plan}\nhangs after {body[-2000:]!r}"
    except (httpx.HTTPError, AssertionError, ValueError, LookupError) as error:
        shown = body if len(body) < 6000 else body[:3000] + b" ... " + body[-3000:]
        return f"{plan}\n{type(error).__name__}: {error} ({error.__cause__!r})\n{shown!r}"
    return outcome


async def weather(gateway: GatewayProcess, plans: list[Plan]) -> list[str]:
    limits = httpx.Limits(max_connections=AT_ONCE, max_keepalive_connections=AT_ONCE)
    headers = {"authorization": f"Bearer {CLIENT_KEY}"}
    async with httpx.AsyncClient(
        base_url=gateway.url, headers=headers, timeout=PATIENCE, trust_env=False, limits=limits
    ) as client:
        room = asyncio.Semaphore(AT_ONCE)

        async def one(plan: Plan) -> str:
            async with room:
                return await ask(client, plan)

        return await asyncio.gather(*(one(plan) for plan in plans))


@pytest.mark.parametrize("seed", SEEDS)
async def test_a_storm(seed: int, stormy: Provider, sheltered: GatewayProcess) -> None:
    plans = [plan(seed, number) for number in range(CALLS)]
    stormy.reset()
    stormy.default = storm = Stormy({plan.number: plan for plan in plans})
    outcomes = await weather(sheltered, plans)
    assert not stormy.errors
    wrong = [each for each in outcomes if each not in ENDS]
    assert not wrong, f"seed {seed}: {len(wrong)} calls of {len(plans)}\n" + "\n\n".join(wrong[:5])
    for outcome, each in zip(outcomes, plans, strict=True):
        if outcome != "left":
            assert sheltered.record(f"storm-{each.name}")["end"] == ENDS[outcome], each
    _check_log(sheltered, plans)
    await asyncio.to_thread(_until, lambda: storm.open == 0)


def _check_log(gateway: GatewayProcess, plans: list[Plan]) -> None:
    """One line a call, and no content and no secret in the log."""
    records = Counter(json.loads(line)["id"] for line in gateway.lines if line.startswith("{"))
    counts = {plan.name: records[f"storm-{plan.name}"] for plan in plans}
    assert not [plan for plan in plans if counts[plan.name] != 1 and (counts[plan.name] or plan.fault != "leaves")]
    assert "Traceback" not in gateway.output
    assert not any(secret in gateway.output for secret in (*SECRETS, TOKEN))
    spilled = re.findall(r".*(?<!storm-)s\d+n\d{4}p.*", gateway.output)
    assert not spilled


def _until(true: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 10
    while not true():
        assert time.monotonic() < deadline, "answers of the provider's are still under way"
        time.sleep(0.02)


@pytest.mark.parametrize("model", MODELS)
async def test_and_the_sun_afterwards(model: str, stormy: Provider, sheltered: GatewayProcess) -> None:
    plans = [
        Plan(0, number, client, model, streamed, "none", 1, 1, 0, False, frozenset())
        for number, (client, streamed) in enumerate(product(PATHS, (False, True)))
    ]
    stormy.reset()
    stormy.default = Stormy({plan.number: plan for plan in plans})
    assert await weather(sheltered, plans) == ["answer"] * len(plans)
