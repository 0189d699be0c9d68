"""How the gateway is let in: signatures checked as AWS checks them, tokens fetched once for all, keys taken in turn."""

import asyncio
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import openai
import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from openai import AsyncOpenAI, OpenAI

from tests.e2e.answers import GEMINI
from tests.e2e.every_provider import (
    ACCESS_KEY,
    CANARIES,
    ENTRA_TOKEN,
    GOOGLE_TOKEN,
    IDENTITY_HEADER,
    KEYS,
    PROFILE_KEY,
    PROFILE_SECRET,
    SECRET_KEY,
    SESSION_TOKEN,
    Issuers,
    every_provider,
)
from tests.e2e.gateway_process import CLIENT_KEY, GatewayProcess
from tests.e2e.provider import Call, Provider, held, whole
from tests.e2e.provider_cases import CASES, FORMS, asks
from tests.e2e.wire import Wire, asking, request


def signature(call: Call, credentials: Credentials) -> str:
    """What botocore makes of the request as it arrived, signing what the request says is signed."""
    signed = call.headers["authorization"].partition("SignedHeaders=")[2].partition(",")[0].split(";")
    fields = {name: call.headers[name] for name in signed}
    request = AWSRequest(call.method, f"http://{call.headers['host']}{call.path}", fields, call.body)
    request.context["timestamp"] = call.headers["x-amz-date"]
    signer = SigV4Auth(credentials, "bedrock", "us-west-2")
    return str(signer.signature(signer.string_to_sign(request, signer.canonical_request(request)), request))


@FORMS
@pytest.mark.parametrize(
    ("model", "credentials"),
    [
        pytest.param("bedrock", Credentials(ACCESS_KEY, SECRET_KEY, SESSION_TOKEN), id="keys-in-the-file"),
        pytest.param("bedrock-profile", Credentials(PROFILE_KEY, PROFILE_SECRET), id="a-profile"),
    ],
)
@pytest.mark.parametrize("content", ["Hi", "caf\N{LATIN SMALL LETTER E WITH ACUTE} \N{CRAB}"], ids=["ascii", "unicode"])
def test_a_signature(
    by: OpenAI, provider: Provider, model: str, credentials: Credentials, content: str, streamed: bool
) -> None:
    case = CASES[model]
    provider.default = case.speech.answer()
    asks(by, case, streamed, {"role": "user", "content": content})
    [call] = provider.calls
    authorization = call.headers["authorization"]
    assert authorization.endswith(f"Signature={signature(call, credentials)}")
    assert {"content-type", "host", "x-amz-date"} <= set(
        authorization.partition("SignedHeaders=")[2].split(",")[0].split(";")
    )
    assert call.headers.get("x-amz-security-token") == credentials.token
    assert ("x-amz-security-token" in authorization) == (credentials.token is not None)


def test_several_keys_are_taken_in_turn(by: OpenAI, provider: Provider) -> None:
    provider.default = CASES["relayed"].speech.answer()
    for _ in range(4):
        asks(by, CASES["relayed"], False)
    one, two, three, four = (call.headers["authorization"].removeprefix("Bearer ") for call in provider.calls)
    assert {one, two} == {KEYS["first"], KEYS["second"]}
    assert (three, four) == (one, two)


def test_a_local_server_wants_no_key(by: OpenAI, provider: Provider) -> None:
    provider.default = CASES["quirky"].speech.answer()
    asks(by, CASES["quirky"], False)
    [call] = provider.calls
    assert not {"authorization", "api-key", "x-api-key"} & call.headers.keys()


def test_the_identity_of_a_machine(by: OpenAI, provider: Provider, issuers: Issuers) -> None:
    """As an Azure App Service has it."""
    provider.default = CASES["azure-entra"].speech.answer()
    for _ in range(2):
        asks(by, CASES["azure-entra"], False)
    [fetch] = issuers.requests_at("/identity")
    assert parse_qs(urlsplit(fetch.path).query)["resource"] == ["https://cognitiveservices.azure.com"]
    assert fetch.headers["x-identity-header"] == IDENTITY_HEADER
    assert [call.headers["authorization"] for call in provider.calls] == [f"Bearer {ENTRA_TOKEN}"] * 2


@pytest.fixture(scope="module")
def own() -> Iterator[Issuers]:
    made = Issuers()
    yield made
    made.close()


@pytest.fixture(scope="module")
def fresh(
    running_provider: Provider, own: Issuers, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[GatewayProcess]:
    """One that has no token yet."""
    with every_provider(tmp_path_factory.mktemp("fresh"), running_provider, own) as process:
        yield process


async def test_a_token_is_fetched_once_for_all(fresh: GatewayProcess, provider: Provider, own: Issuers) -> None:
    own.call()  # for the models of Ollama, at the start
    provider.default = GEMINI.answer()
    own.scripts = [whole({"error": "invalid_grant", "error_description": "Invalid JWT Signature."}, 400)]
    options: Any = {"messages": [{"role": "user", "content": "Hi"}], "max_tokens": 100}
    async with AsyncOpenAI(api_key=CLIENT_KEY, base_url=f"{fresh.url}/v1", max_retries=0) as sdk:
        with pytest.raises(openai.InternalServerError) as caught:
            await sdk.chat.completions.create(model="vertex-gemini", **options)
        assert (caught.value.status_code, caught.value.code) == (502, "upstream_authentication_error")
        assert "invalid_grant" not in caught.value.message
        assert provider.calls == []

        waiting = [sdk.chat.completions.create(model="vertex-gemini", **options) for _ in range(20)]
        others = [sdk.chat.completions.create(model="gemini", **options) for _ in range(5)]
        answers = await asyncio.gather(*waiting, *others)
    assert {answer.choices[0].message.content for answer in answers} == {"Hello there"}
    assert len(own.requests_at("/token")) == 2
    [grant] = parse_qs(own.requests_at("/token")[1].body.decode())["grant_type"]
    assert grant == "urn:ietf:params:oauth:grant-type:jwt-bearer"
    # Nobody who needs no token has waited for it.
    assert [call.path.startswith("/gemini/") for call in provider.calls] == [True] * 5 + [False] * 20
    with_token = [call.headers for call in provider.calls if call.path.startswith("/vertex/")]
    assert {headers["authorization"] for headers in with_token} == {f"Bearer {GOOGLE_TOKEN}"}
    assert {headers["x-goog-user-project"] for headers in with_token} == {"who-pays"}
    assert "invalid_grant" in fresh.output
    assert [canary for canary in CANARIES if canary in fresh.output] == []


def test_an_issuer_that_hangs_holds_up_nobody(provider: Provider, tmp_path: Path) -> None:
    """Neither those who need no token of his, nor the end."""
    provider.default = GEMINI.answer()
    options: Any = {"messages": [{"role": "user", "content": "Hi"}], "max_tokens": 100}
    hanging = Issuers()
    with every_provider(tmp_path, provider, hanging) as gateway:
        hanging.call()  # for the models of Ollama, at the start
        hanging.scripts = [held()]
        with Wire(gateway.port) as wire:
            wire.send(request(body=asking(model="vertex-gemini"), x_request_id="leaves"))
            assert hanging.call(1).path == "/token"
            with OpenAI(api_key=CLIENT_KEY, base_url=f"{gateway.url}/v1", max_retries=0) as sdk:
                assert (
                    sdk.chat.completions.create(model="gemini", **options).choices[0].message.content == "Hello there"
                )
        assert gateway.record("leaves")["end"] == "cancelled"
        assert gateway.stop() == 0
    hanging.close()


HIDING = """
import importlib.util, sys
real = importlib.util.find_spec
importlib.util.find_spec = lambda name, *more: None if name == "{module}" else real(name, *more)
"""


@pytest.mark.parametrize(
    ("module", "section", "entry", "packages"),
    [
        pytest.param(
            "botocore", "bedrock", {"region": "us-east-1", "models": [{"name": "m"}]}, "botocore", id="bedrock"
        ),
        pytest.param(
            "google.auth", "vertex", {"project": "p", "application-default": True}, "google-auth requests", id="vertex"
        ),
        pytest.param(
            "azure.identity",
            "azure-openai",
            {"endpoint": "http://127.0.0.1:1", "entra": "default", "models": [{"name": "m"}]},
            "azure-identity",
            id="azure",
        ),
    ],
)
def test_a_library_that_is_missing_stops_the_start(
    tmp_path: Path, module: str, section: str, entry: dict[str, Any], packages: str
) -> None:
    (tmp_path / "sitecustomize.py").write_text(HIDING.format(module=module))
    settings = {"api-keys": [CLIENT_KEY], section: [entry]}
    process = GatewayProcess(tmp_path, settings, env={"PYTHONPATH": str(tmp_path)})
    try:
        assert process.wait() == 1
    finally:
        process.stop()
    wanted = f"{section} in the configuration needs a library: "
    [line] = [line for line in process.lines if wanted in line]
    assert line.endswith(f"-m pip install {packages}")
    assert Path(sys.executable).name in line
    assert "Traceback" not in process.output
