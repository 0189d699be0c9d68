"""Injected faults end to end: what OpenAI's SDK makes of each, and what they leave behind, which is nothing."""

import contextlib
import json
import sqlite3
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from openai import APIConnectionError, APIError, APIStatusError, OpenAI

from tests.e2e import claude
from tests.e2e.conftest import Client
from tests.e2e.gateway_process import CLIENT_KEY, PROVIDER_KEY, GatewayProcess, config, free_port
from tests.e2e.provider import Provider, stream, whole

TEXT = "Hello there, all of you"
HELLO = [{"role": "user", "content": "Hello"}]
OTHER_KEY = "canary-of-another-client-77aa"
RULES = [{"models": ["haiku"], "fault": "503", "every": 2}, {"models": ["marked-*"], "fault": "wrong-usage"}]
EVERY_FAULT = (
    *("429; retry-after=3", "500", "503", "529", "connect", "cut-after=2", "disconnect-after=1", "stall=0.1; after=1"),
    *("slow=0.01", "split", "malformed-after=1", "wrong-usage", "empty", "truncated-arguments"),
)
PAGE_KEY = "canary-of-the-page-of-faults-3c"
MODELS = [{"name": "claude-sonnet-4-5", "alias": "sonnet"}, {"name": "claude-haiku-4-5", "alias": "haiku"}]
MODELS.append({"name": "claude-haiku-4-5", "alias": "marked-by-rule"})


@pytest.fixture(scope="module")
def gateway(running_provider: Provider, tmp_path_factory: pytest.TempPathFactory) -> Iterator[GatewayProcess]:
    entries = [
        {"api-key": key, "base-url": f"{running_provider.url}/{at}", "models": MODELS}
        for at, key in enumerate((PROVIDER_KEY, f"{PROVIDER_KEY}-2"))
    ]
    keys = [{"key": CLIENT_KEY, "name": "tester", "faults": True}, {"key": OTHER_KEY, "name": "worker"}]
    made = config(running_provider.url, api_keys=keys, claude_api_key=entries, disable_cooling=False, faults=RULES)
    made |= {"usage-db": "usage.db", "inspector": {"port": free_port(), "key": PAGE_KEY}}
    with GatewayProcess(tmp_path_factory.mktemp("faults"), made) as process:
        yield process


@pytest.fixture
def provider(running_provider: Provider) -> Provider:
    running_provider.reset()
    return running_provider


@pytest.fixture(scope="module")
def sdk(gateway: GatewayProcess) -> Iterator[OpenAI]:
    with OpenAI(api_key=CLIENT_KEY, base_url=f"{gateway.url}/v1", max_retries=0) as made:
        yield made


def ask(sdk: OpenAI, fault: str | None, model: str = "sonnet", **fields: Any) -> Any:
    headers = {} if fault is None else {"x-gateway-fault": fault}
    messages: Any = [{"role": "user", "content": "Hello"}]
    return sdk.chat.completions.create(model=model, messages=messages, extra_headers=headers, **fields)


def pieces(sdk: OpenAI, fault: str) -> list[str]:
    return [chunk.choices[0].delta.content or "" for chunk in ask(sdk, fault, stream=True) if chunk.choices]


def metrics(gateway: GatewayProcess) -> Any:
    headers = {"authorization": f"Bearer {CLIENT_KEY}"}
    return httpx.get(f"{gateway.url}/v1/metrics/providers", headers=headers, trust_env=False).json()


def answers(provider: Provider) -> None:
    """Let it stream, in several pieces of text."""
    provider.default = stream(claude.events(claude.message(claude.text(TEXT))))


@pytest.mark.parametrize(
    ("fault", "status", "retry_after"),
    [("429; retry-after=3", 429, "3"), ("500", 500, None), ("529", 503, None), ("connect", 502, None)],
)
def test_a_failure_in_the_providers_place(
    sdk: OpenAI, gateway: GatewayProcess, provider: Provider, fault: str, status: int, retry_after: str | None
) -> None:
    with pytest.raises(APIStatusError) as raised:
        ask(sdk, fault)
    headers = raised.value.response.headers
    assert (raised.value.status_code, headers.get("retry-after")) == (status, retry_after)
    assert headers["x-gateway-injected"] == fault
    assert len(json.loads(headers["x-gateway-attempts"])) == 2
    assert provider.calls == []
    line = gateway.record(headers["x-request-id"])
    assert (line["injected"], line["attempts"], line["cost"]) == ([fault], 2, 0.0)


def test_a_pool_answers_instead(sdk: OpenAI, provider: Provider) -> None:
    provider.default = whole(claude.message(claude.text(TEXT)))
    answer = sdk.chat.completions.with_raw_response.create(
        model="sonnet",
        messages=[{"role": "user", "content": "Hello"}],
        extra_headers={"x-gateway-fault": "529; attempts=1"},
    )
    assert answer.parse().choices[0].message.content == TEXT
    [attempt] = json.loads(answer.headers["x-gateway-attempts"])
    assert attempt["reason"].startswith("injected: 529")
    assert len(provider.calls) == 1


def test_a_stream_that_breaks_off(sdk: OpenAI, provider: Provider) -> None:
    answers(provider)
    with pytest.raises(APIError, match="injected"):
        pieces(sdk, "cut-after=2")


def test_a_connection_that_ends(sdk: OpenAI, provider: Provider) -> None:
    answers(provider)
    with pytest.raises((APIConnectionError, httpx.RemoteProtocolError)):
        pieces(sdk, "disconnect-after=1")


def test_a_line_that_is_no_json(sdk: OpenAI, provider: Provider) -> None:
    answers(provider)
    with pytest.raises(json.JSONDecodeError):
        pieces(sdk, "malformed-after=1")


@pytest.mark.parametrize("fault", ["split", "slow=0.05", "stall=0.2; after=1", "stall=0.2; keep-alive=off"])
def test_the_same_answer_in_another_way(sdk: OpenAI, provider: Provider, fault: str) -> None:
    answers(provider)
    assert "".join(pieces(sdk, fault)) == TEXT


@pytest.mark.parametrize("fault", ["split", "slow=0.05", "stall=0.2"])
def test_the_same_whole_answer_in_another_way(sdk: OpenAI, provider: Provider, fault: str) -> None:
    provider.default = whole(claude.message(claude.text(TEXT)))
    assert ask(sdk, fault).choices[0].message.content == TEXT


def test_an_empty_answer_and_wrong_usage(sdk: OpenAI, provider: Provider) -> None:
    provider.default = whole(claude.message(claude.text(TEXT)))
    assert ask(sdk, "empty").choices[0].message.content == ""
    usage = ask(sdk, "wrong-usage").usage
    assert usage.prompt_tokens + usage.completion_tokens > usage.total_tokens


def test_every_second_request_by_configuration(sdk: OpenAI, provider: Provider) -> None:
    provider.default = whole(claude.message(claude.text(TEXT)))
    for _ in range(2):
        assert ask(sdk, None, "haiku").choices[0].message.content == TEXT
        with pytest.raises(APIStatusError, match="injected"):
            ask(sdk, None, "haiku")
    assert ask(sdk, None).choices[0].message.content == TEXT


def test_never_without_permission(gateway: GatewayProcess, provider: Provider) -> None:
    with (
        OpenAI(api_key=OTHER_KEY, base_url=f"{gateway.url}/v1", max_retries=0) as other,
        pytest.raises(APIStatusError) as raised,
    ):
        ask(other, "500")
    assert (raised.value.status_code, raised.value.code) == (403, "faults_not_allowed")
    assert provider.calls == []


@pytest.mark.parametrize("fault", [*EVERY_FAULT, None])
def test_it_is_marked_wherever_it_is_seen(
    sdk: OpenAI, gateway: GatewayProcess, provider: Provider, fault: str | None
) -> None:
    """In headers, the log, the inspector and usage-db; None: what a rule of the configuration does."""
    answers(provider)
    id = f"marked-{EVERY_FAULT.index(fault) if fault else 'by-rule'}"
    headers = {"authorization": f"Bearer {CLIENT_KEY}", "x-request-id": id}
    headers |= {"x-gateway-fault": fault} if fault else {}
    body = {"model": "sonnet" if fault else "marked-by-rule", "stream": True, "messages": HELLO}
    url = f"{gateway.url}/v1/chat/completions"
    with httpx.stream("POST", url, json=body, headers=headers, trust_env=False, timeout=20) as answer:
        assert answer.headers["x-gateway-injected"] == (fault or "wrong-usage")
        assert "x-gateway-fault" in answer.headers["x-gateway-notes"]
        with contextlib.suppress(httpx.TransportError):
            answer.read()
    injected = [fault or "wrong-usage"]
    assert gateway.record(id)["injected"] == injected
    page = json.loads(gateway.config.read_text())["inspector"]["port"]
    shown = httpx.get(
        f"http://127.0.0.1:{page}/api/exchanges/{id}", headers={"authorization": f"Bearer {PAGE_KEY}"}, trust_env=False
    ).json()
    assert shown["injected"] == injected
    assert "x-gateway-fault" in {note["path"] for note in shown["notes"]}
    assert _in_usage_db(gateway, id) == injected


def _in_usage_db(gateway: GatewayProcess, id: str) -> list[str]:
    """Return what the rows of an exchange say, as soon as they are written."""
    with contextlib.closing(sqlite3.connect(gateway.config.parent / "usage.db")) as database:
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline:
            found = [text for (text,) in database.execute("SELECT injected FROM usage WHERE exchange = ?", (id,))]
            if found:
                return found
            time.sleep(0.02)
    raise AssertionError("there is no row")


def test_nobody_is_the_worse_for_it(sdk: OpenAI, gateway: GatewayProcess, provider: Provider) -> None:
    before = metrics(gateway)
    for fault in ("429; retry-after=600", "500", "connect", "529"):
        with pytest.raises(APIStatusError):
            ask(sdk, fault)
    answers(provider)
    with pytest.raises(APIError):
        pieces(sdk, "cut-after=1")
    rows, rows_before = (list(each["data"]) for each in (metrics(gateway), before))
    assert [row.get("errors") for row in rows] == [row.get("errors") for row in rows_before]
    assert all(row.get("cooldown") is None for row in rows)
    assert "faults: 2 rules spoil answers on purpose" in gateway.output


def test_a_reload_does_not_begin_anew_to_count(provider: Provider, tmp_path: Path) -> None:
    provider.default = whole(claude.message())
    rules = [{"models": ["haiku"], "fault": "503", "every": 3}]
    made = config(provider.url, claude_api_key=[{"api-key": PROVIDER_KEY, "base-url": provider.url, "models": MODELS}])
    statuses = []
    with GatewayProcess(tmp_path, made | {"faults": rules}) as process:
        client = Client(process)
        with client.http:
            for n in range(6):
                if n in (1, 5):
                    lines = len(process.lines)
                    process.config.write_text(
                        json.dumps(made | {"faults": rules, "streaming": {"keepalive-seconds": n}})
                    )
                    process.line("was read again", lines)
                statuses.append(client.chat(model="haiku").status_code)
    assert statuses == [200, 200, 503] * 2
