"""What the inspector of a real gateway finds out about an exchange, and the commands that it exports, run."""

import io
import json
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest

from tests.e2e import claude
from tests.e2e.conftest import Client
from tests.e2e.gateway_process import CLIENT_KEY, PROVIDER_KEY, SECRETS
from tests.e2e.inspector.inspected import TOKEN, Page
from tests.e2e.provider import Provider, stream

BIN = Path(sys.executable).parent
PROMPT = "it's $(touch hacked) `touch hacked` </script><script>alert(1)</script> 世界"
CALL = {"id": "toolu_1", "type": "function", "function": {"name": "look", "arguments": '{"at": "Köln"}'}}
HISTORY: list[dict[str, Any]] = [
    {"role": "system", "content": "Be brief. It is 12:00."},
    {"role": "user", "content": PROMPT},
    {"role": "assistant", "tool_calls": [CALL]},
    {"role": "tool", "tool_call_id": "toolu_1", "content": "rain"},
]


def asked(client: Client, provider: Provider, page: Page, messages: list[dict[str, Any]] = HISTORY) -> str:
    """Ask, and return the id of the exchange once it is over."""
    provider.scripts = [stream(claude.events(claude.message(claude.text("Hello there"))))] * 2
    answer = client.chat(stream=True, messages=messages, stream_options={"include_usage": True})
    assert answer.status_code == 200, answer.text
    assert page.ended(client.id)["end"] == "complete"
    return client.id


def test_a_good_exchange_keeps_all_rules(client: Client, provider: Provider, page: Page) -> None:
    found = page.get(f"/api/exchanges/{asked(client, provider, page)}/analysis")
    assert [line for line in found["lints"] if not line["ok"]] == []
    assert {line["leg"] for line in found["lints"]} == {"client", "provider"}
    assert {"one end", "order of events", "usage is there"} <= {line["rule"] for line in found["lints"]}
    calls = [(call["leg"], call["name"], call["result"]["text"]) for call in found["tool_calls"]]
    assert calls[0] == ("client", "look", "rain")
    assert calls[1][:2] == ("provider", "look")
    assert sum(line["tokens"] for line in found["budget"]) == 11


def test_a_clock_in_the_instructions_is_found(client: Client, provider: Provider, page: Page) -> None:
    first = asked(client, provider, page)
    later = [{"role": "system", "content": "Be brief. It is 12:01."}, *HISTORY[1:]]
    found = page.get(f"/api/exchanges/{asked(client, provider, page, later)}/analysis")["cache"]
    assert found["before"] == first
    assert (found["difference"]["what"], found["difference"]["change"]) == ("system", "changed")
    assert "12:01" in found["difference"]["new"]


@pytest.mark.parametrize("form", ["curl", "httpie"])
@pytest.mark.parametrize("leg", ["client", "provider"])
def test_a_command_asks_the_same_again(
    client: Client, provider: Provider, page: Page, tmp_path: Path, form: str, leg: str
) -> None:
    id = asked(client, provider, page)
    exported = page.http.get(f"/api/exchanges/{id}/export", params={"as": form, "leg": leg})
    assert exported.status_code == 200, exported.text
    assert not [secret for secret in (*SECRETS, TOKEN) if secret in exported.text]
    variables = {"PATH": f"{BIN}:/usr/bin:/bin", "GATEWAY_KEY": CLIENT_KEY, "PROVIDER_KEY": PROVIDER_KEY}
    again = subprocess.run(
        ["bash", "-c", exported.text], check=True, cwd=tmp_path, env=variables, capture_output=True, timeout=60
    )
    assert b"Hel" in again.stdout
    assert provider.call(1).body == provider.call(0).body
    assert provider.call(1).headers["x-api-key"] == PROVIDER_KEY
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("form", ["python", "har", "html", "fixture"])
def test_no_file_has_a_key(client: Client, provider: Provider, page: Page, form: str) -> None:
    id = asked(client, provider, page)
    exported = page.http.get(f"/api/exchanges/{id}/export", params={"as": form})
    assert exported.status_code == 200, exported.text
    content = exported.content
    if form == "fixture":
        with zipfile.ZipFile(io.BytesIO(content)) as packed:
            content = b"\n".join(packed.read(name) for name in packed.namelist())
    assert not [secret for secret in (*SECRETS, TOKEN) if secret.encode() in content]
    assert "attachment" in exported.headers["content-disposition"]
    if form == "har":
        legs = [entry["_leg"] for entry in json.loads(content)["log"]["entries"]]
        assert legs == ["client", "provider"]
