"""A file of CLIProxyAPI's starts a real gateway, and does what it says there."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

from routing.providers import ENTRIES
from tests.e2e import claude
from tests.e2e.conftest import Client
from tests.e2e.gateway_process import CLIENT_KEY, PROVIDER_KEY, GatewayProcess, config
from tests.e2e.provider import WAIT, Provider, stream, whole

FORMS = pytest.mark.parametrize("streamed", [False, True], ids=["whole", "stream"])
HEADERS = {
    "anthropic-organization-id": "org-1",
    "cf-ray": "1-FRA",
    "set-cookie": "session=1",
    "strict-transport-security": "max-age=1",
    "x-echo": PROVIDER_KEY,
    "x-gateway-model": "forged",
    "x-long": "a" * 101,
    "x-request-id": "the-provider's",
}


def theirs(provider: str, **more: Any) -> dict[str, Any]:
    return {
        **config(provider, compatibility="cliproxyapi", **more),
        "commercial-mode": True,
        "remote-management": {"secret-key": "", "allow-remote": False},
        "plugins": {"enabled": False, "configs": {"sample": {"enabled": True}}},
    }


def test_it_starts_says_what_has_no_effect_and_asks_a_relay_with_a_bearer(tmp_path: Path, provider: Provider) -> None:
    with GatewayProcess(tmp_path, theirs(provider.url)) as gateway:
        gateway.line(r"^commercial-mode at line \d+ is accepted, without effect: ")
        gateway.line(r"^plugins at line \d+ is accepted, without effect: it is off")
        client = Client(gateway)
        with client.http:
            assert client.chat().status_code == 200
    call = provider.call()
    assert call.headers["authorization"] == f"Bearer {PROVIDER_KEY}"
    assert "x-api-key" not in call.headers
    assert PROVIDER_KEY not in gateway.output


FILE = Path(__file__).parents[1] / "fixtures" / "cliproxyapi" / "config.yaml"


def test_a_file_with_every_key_starts_and_answers(tmp_path: Path, provider: Provider) -> None:
    settings = yaml.safe_load(FILE.read_text())
    for section in ENTRIES.keys() & settings.keys():
        for entry in settings[section]:
            entry["base-url"] = provider.url
    given = {**settings, "compatibility": "cliproxyapi", "log-format": "json"}
    with GatewayProcess(tmp_path, given) as gateway:
        gateway.line(r"^oauth-model-alias at line \d+ is accepted, without effect: ")
        gateway.line("The gateway answers at")
        answer = httpx.post(
            f"{gateway.url}/v1/chat/completions",
            json={"model": "opus(high)", "messages": [{"role": "user", "content": "Hi"}]},
            headers={"authorization": "Bearer client-two-0002", "x-client-session": "mine"},
            timeout=WAIT,
            trust_env=False,
        )
        assert answer.status_code == 200, answer.text
        names = httpx.get(f"{gateway.url}/v1/models", headers={"x-api-key": "client-one-0001"}, trust_env=False).json()
    (call,) = [each for each in provider.calls if each.path == "/v1/messages"]
    assert (call.headers["authorization"], call.headers["x-session"]) == ("Bearer sk-relay", "mine")
    assert (call.json["model"], call.json["output_config"]) == ("claude-opus-5-5", {"effort": "high"})
    listed = {model["id"] for model in names["data"]}
    assert {"opus", "relay/opus", "pooled", "router/kimi-k2", "codex-latest", "grok-latest", "vertex-flash"} <= listed
    assert "sleeper" not in listed


def test_what_is_refused_ends_the_start(tmp_path: Path) -> None:
    process = GatewayProcess(tmp_path, json.dumps({**theirs("http://127.0.0.1:1"), "plugins": {"enabled": True}}))
    assert process.wait() == 1
    assert "plugins: is not supported: shared libraries" in process.output
    process.stop()


@pytest.fixture(scope="module")
def passing(running_provider: Provider, tmp_path_factory: pytest.TempPathFactory) -> Iterator[GatewayProcess]:
    settings = config(running_provider.url, passthrough_headers=True)
    with GatewayProcess(tmp_path_factory.mktemp("passing"), settings) as process:
        yield process


@FORMS
def test_a_providers_headers(passing: GatewayProcess, provider: Provider, streamed: bool) -> None:
    provider.default = stream(claude.HELLO, headers=HEADERS) if streamed else whole(claude.message(), headers=HEADERS)
    client = Client(passing)
    with client.http:
        answer = client.chat(streamed)
    assert answer.status_code == 200
    assert (answer.headers["anthropic-organization-id"], answer.headers["cf-ray"]) == ("org-1", "1-FRA")
    assert answer.headers["x-request-id"] == client.id
    assert answer.headers.get_list("x-gateway-model") == ["anthropic/claude-sonnet-4-5"]
    assert not {"set-cookie", "strict-transport-security", "x-echo", "x-long"} & set(answer.headers)


def test_headers_of_an_error(passing: GatewayProcess, provider: Provider) -> None:
    provider.default = whole(claude.error("invalid_request_error"), 400, headers=HEADERS)
    client = Client(passing)
    with client.http:
        answer = client.chat()
    assert (answer.status_code, answer.headers["cf-ray"]) == (400, "1-FRA")


@pytest.mark.parametrize("debug", [False, True], ids=["quiet", "debug"])
def test_debug_shows_connections_and_no_secrets(tmp_path: Path, provider: Provider, debug: bool) -> None:
    with GatewayProcess(tmp_path, config(provider.url, debug=debug)) as gateway:
        before = gateway.lines.index(gateway.line("The gateway answers at"))
        with httpx.Client(trust_env=False) as http:
            http.get(f"{gateway.url}/v1/models", headers={"authorization": f"Bearer {CLIENT_KEY}"})
        if debug:
            gateway.line("client connect", after=before)
    assert debug or not [line for line in gateway.lines[before:] if "client connect" in line]
    assert CLIENT_KEY not in gateway.output
