"""What `usage-db` and the log line have of exchanges, whatever becomes of the file."""

import contextlib
import json
import resource
import sqlite3
import stat
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.e2e import claude
from tests.e2e.conftest import Client
from tests.e2e.gateway_process import PROVIDER_KEY, WAIT, GatewayProcess, config
from tests.e2e.provider import Provider, held, stream, whole

PROMPT = "canary-of-a-prompt-77"
PRICES = [{"provider": "anthropic", "model": "claude-sonnet*", "input": 3, "output": 15, "cache-read": 0.3}]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path


@contextlib.contextmanager
def gateway(folder: Path, provider: Provider, **more: Any) -> Iterator[Client]:
    settings = config(provider.url, usage_db="usage.db", prices=PRICES, **more)
    with GatewayProcess(folder, settings) as process:
        client = Client(process)
        yield client
        client.http.close()


def ask(client: Client, streams: bool = False) -> httpx.Response:
    return client.chat(streams, messages=[{"role": "user", "content": PROMPT}])


def rows(path: Path, *columns: str) -> list[tuple[Any, ...]]:
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute(f"SELECT {', '.join(columns)} FROM usage ORDER BY id").fetchall()


def test_a_row_for_each_exchange_and_its_cost_in_the_log(folder: Path, provider: Provider) -> None:
    cached = claude.message()
    cached["usage"] |= {"cache_read_input_tokens": 100}
    with gateway(folder, provider) as client:
        assert ask(client).status_code == 200
        assert (client.record["cost"], client.record["currency"]) == (0.000138, "USD")
        provider.scripts = [stream(claude.events(cached)), whole(claude.error("overloaded_error"), 529)]
        assert ask(client, streams=True).text.endswith("data: [DONE]\n\n")
        assert client.record["cost"] == 0.000168
        assert ask(client).status_code >= 500
        assert client.chat(model="nobody").status_code == 400
        assert (client.record["cost"], client.record["currency"]) == (0, None)
        assert client.get("/v1/models").status_code == 200
        assert httpx.post(f"{client.gateway.url}/v1/chat/completions", json={}, trust_env=False).status_code == 401
        assert client.chat(model="team/small/haiku").status_code == 200
        assert (client.record["cost"], client.record["currency"]) == (None, None)
    path = folder / "usage.db"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    made = rows(path, "key", "provider_model", "stream", "end", "input", "output", "cache_read", "cost", "unknown")
    assert made[:2] == [
        ("tester", "claude-sonnet-4-5", 0, "complete", 11, 7, None, "0.000138", 0),
        ("tester", "claude-sonnet-4-5", 1, "complete", 11, 7, 100, "0.000168", 0),
    ]
    assert made[2:] == [
        ("tester", "claude-sonnet-4-5", 0, "failed", 0, 0, None, "0", 0),
        ("tester", None, 0, "refused", 0, 0, None, "0", 0),
        ("tester", "claude-haiku-4-5", 0, "complete", 11, 7, None, None, 1),
    ]
    written = b"".join(file.read_bytes() for file in folder.glob("usage.db*"))
    assert not any(secret.encode() in written for secret in (PROMPT, PROVIDER_KEY, "canary-of-the-client"))


def test_a_client_that_leaves_has_a_cost_that_is_not_known(folder: Path, provider: Provider) -> None:
    [start, *_] = claude.events(claude.message())
    provider.scripts = [stream([start, *claude.events(claude.message())[1:4]], end=b"")]
    with gateway(folder, provider) as client:
        ask(client, streams=True)
        assert (client.record["end"], client.record["cost"]) == ("failed", None)
    assert rows(folder / "usage.db", "end", "input", "cost", "unknown") == [("failed", 11, "0.000048", 1)]


@pytest.fixture
def second() -> Iterator[Provider]:
    made = Provider()
    made.default = whole(claude.message(usage=(100, 10)))
    yield made
    made.close()


def pool(first: Provider, second: Provider) -> dict[str, Any]:
    """Two entries for one name, the first one first."""
    [entry] = config(first.url)["claude-api-key"]
    other = {**entry, "api-key": "canary-of-the-second-51aa", "base-url": second.url, "priority": -1}
    return {"claude_api_key": [entry, other]}


def test_who_refused_costs_nothing(folder: Path, provider: Provider, second: Provider) -> None:
    provider.default = whole(claude.error("overloaded_error"), 529)
    with gateway(folder, provider, **pool(provider, second)) as client:
        assert ask(client).status_code == 200
        assert client.record["cost"] == 0.00045
    assert rows(folder / "usage.db", "dropped", "credential", "cost", "attempts") == [(0, "anthropic-2", "0.00045", 2)]


def test_a_slower_provider_is_billed_as_well(folder: Path, provider: Provider, second: Provider) -> None:
    """It had said nothing yet: what it bills nobody knows."""
    provider.default = held()
    second.default = stream(claude.events(claude.message(usage=(100, 10))))
    with gateway(folder, provider, hedge_after=0.2, **pool(provider, second)) as client:
        assert ask(client, streams=True).text.endswith("data: [DONE]\n\n")
        assert client.record["cost"] is None
    assert rows(folder / "usage.db", "dropped", "credential", "input", "output", "cost", "unknown") == [
        (0, "anthropic-2", 100, 10, "0.00045", 0),
        (1, "anthropic-1", None, None, None, 1),
    ]


def test_exchanges_go_on_while_the_disk_is_full(folder: Path, provider: Provider) -> None:
    with gateway(folder, provider) as client:
        process = client.gateway.process.pid
        before = resource.prlimit(process, resource.RLIMIT_FSIZE)
        resource.prlimit(process, resource.RLIMIT_FSIZE, (0, before[1]))
        assert ask(client).status_code == 200
        client.gateway.line("usage-db: .* cannot be written: ")
        assert ask(client).status_code == 200
        resource.prlimit(process, resource.RLIMIT_FSIZE, before)
        client.gateway.line("usage-db: .* is written again")
        assert ask(client).status_code == 200
    assert len(rows(folder / "usage.db", "id")) == 3


def test_prices_change_without_a_restart_and_the_file_stays(folder: Path, provider: Provider) -> None:
    with gateway(folder, provider) as client:
        assert ask(client).status_code == 200
        settings = json.loads(client.gateway.config.read_text())
        settings["prices"][0]["output"] = 150
        client.gateway.config.write_text(json.dumps(settings | {"usage-db": "another.db"}))
        client.gateway.line("usage-db takes effect after a restart")
        assert ask(client).status_code == 200
        assert client.record["cost"] == 0.001083
    assert rows(folder / "usage.db", "cost") == [("0.000138",), ("0.001083",)]
    assert not (folder / "another.db").exists()


def test_two_gateways_share_a_file(folder: Path, provider: Provider) -> None:
    with gateway(folder, provider) as one, gateway(folder, provider) as other:
        for client in (one, other, one, other):
            assert ask(client).status_code == 200
    assert len(rows(folder / "usage.db", "id")) == 4


def test_a_file_of_something_else_stops_the_start(folder: Path, provider: Provider) -> None:
    (folder / "usage.db").write_text("my diary " * 200)
    process = GatewayProcess(folder, config(provider.url, usage_db="usage.db"))
    assert process.process.wait(WAIT) == 1
    process.line("usage.db is no SQLite database; name another file in usage-db")
    process.stop()
    assert (folder / "usage.db").read_text().startswith("my diary")
