"""`scripts/doctor --online` as a person runs it, at providers that are good, wrong, broken, hanging and not there."""

import json
import ssl
from pathlib import Path
from typing import Any

import pytest

from scripts.diagnosis import online
from tests.e2e import proxies
from tests.e2e.certificates import certificate
from tests.e2e.every_provider import CANARIES, DISCOVERED, KEYS, Issuers, environment, settings
from tests.e2e.gateway_process import PROVIDER_KEY, free_port
from tests.e2e.provider import Call, Provider, held, raw, whole
from tests.scripts.command import in_process, run

CLIENT = "canary-of-a-client-4471fe"
LIST = {"data": [{"id": "claude-opus-5-5"}, {"id": "claude-other"}], "has_more": False}


def written(folder: Path, *entries: dict[str, Any], **more: Any) -> Path:
    file = folder / "config.yaml"
    file.write_text(json.dumps({"api-keys": [CLIENT], "port": free_port(), "claude-api-key": list(entries), **more}))
    file.chmod(0o600)
    return file


def entry(url: str, model: str = "claude-opus-5-5") -> dict[str, Any]:
    return {"api-key": PROVIDER_KEY, "base-url": url, "models": [{"name": model, "alias": "opus"}]}


def shown(text: str) -> list[str]:
    assert PROVIDER_KEY not in text
    assert CLIENT not in text
    return text.splitlines()


def test_a_provider_that_is_well(tmp_path: Path, provider: Provider) -> None:
    provider.default = whole(LIST)
    done = run("doctor", "--online", "--config", written(tmp_path, entry(provider.url)))
    assert (done.returncode, done.stderr) == (0, "")
    _, asks, answers, sums = shown(done.stdout)
    assert asks == f"will ask anthropic-1: GET {provider.url}/v1/models (its models, free)"
    assert answers.startswith("anthropic-1 answered after ")
    assert sums == "0 errors, 0 warnings."
    [call] = provider.calls
    assert (call.method, call.path, call.body) == ("GET", "/v1/models?limit=1000", b"")
    assert (call.headers["x-api-key"], call.headers["anthropic-version"]) == (PROVIDER_KEY, "2023-06-01")


BROKEN = {"error": {"message": f"the key {PROVIDER_KEY} is wrong"}}


@pytest.mark.parametrize(
    ("answer", "status", "finding"),
    [
        pytest.param(whole(BROKEN, 401), 1, "error    anthropic-1: its key is not accepted (401)", id="401"),
        pytest.param(whole(BROKEN, 403), 1, "error    anthropic-1: its key is not accepted (403)", id="403"),
        pytest.param(whole(BROKEN, 404), 0, "warning  anthropic-1: has no list of models there (404)", id="404"),
        pytest.param(whole(BROKEN, 429), 0, "warning  anthropic-1: is over its limit or unpaid (429)", id="429"),
        pytest.param(whole(BROKEN, 529), 1, "error    anthropic-1: answers 529", id="overloaded"),
        pytest.param(
            whole({"data": [{"id": "claude-other"}]}),
            0,
            "warning  anthropic-1: does not list claude-opus-5-5",
            id="model",
        ),
        pytest.param(whole(b"<html>"), 0, "warning  anthropic-1: its answer is no list of models", id="a web page"),
        pytest.param(
            raw(b"SSH-2.0-x\r\n"), 1, "error    anthropic-1: the connection broke, or its answer", id="no HTTP"
        ),
        pytest.param(raw(b"", reset=True), 1, "error    anthropic-1: the connection broke", id="reset"),
    ],
)
def test_what_a_provider_can_answer(tmp_path: Path, provider: Provider, answer: Any, status: int, finding: str) -> None:
    provider.scripts = [answer]
    done = in_process("doctor", "--online", "--config", written(tmp_path, entry(provider.url)))
    *_, found, _ = shown(done.stdout)
    assert (done.returncode, done.stderr) == (status, "")
    assert found.startswith(finding)


def test_nobody_there_and_one_that_hangs(tmp_path: Path, provider: Provider, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(online, "PATIENCE_SECONDS", 0.3)
    provider.scripts = [held()]
    file = written(tmp_path, entry(f"http://127.0.0.1:{free_port()}"), entry(provider.url))
    done = in_process("doctor", "--online", "--config", file)
    lines = shown(done.stdout)
    assert done.returncode == 1
    assert "error    anthropic-1: no connection: it was refused, or its name is not known" in done.stdout
    assert "error    anthropic-2: nothing came within 0.3 s" in done.stdout
    assert [" ".join(line.split()[:3]) for line in lines if line.startswith("anthropic")] == [
        "anthropic-1 failed after",
        "anthropic-2 failed after",
    ]


@pytest.mark.parametrize("trusted", [False, True])
def test_a_certificate_that_nobody_trusts_unless_it_is_named(tmp_path: Path, trusted: bool) -> None:
    own = certificate(tmp_path)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(own)
    secure = Provider(tls=context)
    secure.default = whole(LIST)
    more = {"upstream-ca": str(own)} if trusted else {}
    try:
        done = in_process("doctor", "--online", "--config", written(tmp_path, entry(secure.url), **more))
    finally:
        secure.close()
    assert done.returncode == (0 if trusted else 1)
    assert ("error    anthropic-1: TLS fails" in done.stdout) == (not trusted)
    shown(done.stdout)


def test_through_a_proxy(tmp_path: Path, provider: Provider) -> None:
    provider.default = whole(LIST)
    with proxies.mitmproxy(tmp_path / "mitmproxy", "--set", f"proxyauth={proxies.NAME}:{proxies.PASSWORD}") as proxy:
        way = f"http://{proxies.IN_URL}127.0.0.1:{proxy.port}"
        done = in_process(
            "doctor", "--online", "--config", written(tmp_path, entry(provider.url), **{"proxy-url": way})
        )
        assert done.returncode == 0, done.stdout
        assert f"{provider.url}/v1/models through the proxy at 127.0.0.1 (its models, free)" in done.stdout
        way = f"http://somebody:else@127.0.0.1:{proxy.port}"
        wrong = in_process(
            "doctor", "--online", "--config", written(tmp_path, entry(provider.url), **{"proxy-url": way})
        )
    assert wrong.returncode == 1
    assert "error    anthropic-1: its proxy does not take the name and password" in wrong.stdout
    assert not any(secret in done.stdout + wrong.stdout for secret in (proxies.PASSWORD, "somebody", "else@"))


TOKENS = ("/vertex/", "/express/", "/bedrock/", "/azure/")
"""Providers without a list of models: they are asked for one token."""


async def everybody(call: Call) -> None:
    if call.method == "POST":
        assert call.path.startswith(TOKENS)
        await whole({})(call)
    else:
        assert not call.path.startswith(TOKENS)
        names = ("gemini-3-flash-preview", "gemini-2.0-flash", "theirs", "gpt-5-codex", *DISCOVERED)
        listed = [{"id": name, "name": name} for name in names]
        await whole({"data": listed, "models": listed})(call)


def test_every_provider_with_each_credential(tmp_path: Path, provider: Provider, issuers: Issuers) -> None:
    issuers.reset()
    provider.default = everybody
    file = tmp_path / "config.yaml"
    file.write_text(json.dumps(settings(provider.url, issuers.url) | {"port": free_port()}))
    file.chmod(0o600)
    done = in_process("doctor", "--online", "--config", file, **environment(tmp_path, issuers))
    lines = done.stdout.splitlines()
    answered = {line.partition(" ")[0] for line in lines if " answered after " in line}
    asked = [line.split()[2].rstrip(":") for line in lines if line.startswith("will ask ")]
    assert len(asked) == len(set(asked)) == 15
    assert answered == set(asked), done.stdout
    assert not any(secret in done.stdout + done.stderr for secret in CANARIES)
    sent = " ".join(value for call in provider.calls for value in call.headers.values())
    assert [name for name, key in KEYS.items() if key not in sent] == []
    assert all(b"max" in call.body for call in provider.calls if call.method == "POST")
