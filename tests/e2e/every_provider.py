"""One gateway with every section of config.yaml, each on a path of its own at one scripted provider, and beside it a
server that stands for those who issue tokens, and for an Ollama that lists its models."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from tests.e2e.answers import OLLAMA
from tests.e2e.gateway_process import CLIENT_KEY, GatewayProcess
from tests.e2e.provider import Call, Provider, whole

OTHER_CLIENT = "canary-of-another-client-77ad02"
GOOGLE_TOKEN = "canary-of-a-google-token-c0ffee"
ENTRA_TOKEN = "canary-of-an-entra-token-f00d42"
IDENTITY_HEADER = "canary-of-an-identity-header-aa10"
ACCESS_KEY, SECRET_KEY, SESSION_TOKEN = "AKIDCONFIGURED", "canary-of-an-aws-secret-4d", "canary-of-an-aws-session-9e"
PROFILE_KEY, PROFILE_SECRET = "AKIDOFAPROFILE", "canary-of-a-profile-secret-3b"
KEYS = {
    name: f"canary-of-{name}-1f6b"
    for name in ("gemini", "express", "bedrock", "first", "second", "codex", "azure", "dated", "ollama")
}
CANARIES = (
    *(CLIENT_KEY, OTHER_CLIENT, GOOGLE_TOKEN, ENTRA_TOKEN, IDENTITY_HEADER, SECRET_KEY, SESSION_TOKEN, PROFILE_SECRET),
    *KEYS.values(),
)
"""None of these may be read anywhere but at the provider that it is for."""

DISCOVERED = ("qwen3:8b", "llama3.2:latest")


class Issuers(Provider):
    """Google's token endpoint, the managed identity of an Azure App Service, and an Ollama with two models."""

    def __init__(self) -> None:
        super().__init__()
        self.reset()

    def reset(self) -> None:
        super().reset()
        self.default = self._answered

    def requests_at(self, path: str) -> list[Call]:
        return [call for call in self.calls if call.path.startswith(path)]

    async def _answered(self, call: Call) -> None:
        bearer = {"token_type": "Bearer", "expires_in": 3600, "expires_on": "4000000000"}
        match call.path.partition("?")[0]:
            case "/token":
                await call.pause(0.3)
                await whole({**bearer, "access_token": GOOGLE_TOKEN})(call)
            case "/identity":
                await whole({**bearer, "access_token": ENTRA_TOKEN, "resource": "r"})(call)
            case "/api/tags":
                await whole({"models": [{"name": name, "model": name} for name in DISCOVERED]})(call)
            case _:
                await OLLAMA.answer()(call)


def settings(at: str, issuers: str) -> dict[str, Any]:
    return {
        "api-keys": [{"key": CLIENT_KEY, "name": "tester"}, {"key": OTHER_CLIENT, "name": "other"}],
        "disable-cooling": True,
        "log-format": "json",
        "streaming": {"keepalive-seconds": 0},
        "response-store": {"enable": True},
        **_google(at),
        **_amazon(at),
        **_openai_formats(at),
        "ollama": [
            {
                "base-url": f"{at}/ollama",
                "api-key": KEYS["ollama"],
                "num-ctx": 8192,
                "keep-alive": "30m",
                "models": _model("qwen3:8b", "ollama"),
            },
            {"name": "found", "base-url": issuers, "prefix": "found"},
        ],
    }


def _model(name: str, alias: str) -> list[dict[str, str]]:
    return [{"name": name, "alias": alias}]


def _google(at: str) -> dict[str, Any]:
    return {
        "gemini-api-key": [
            {
                "api-key": KEYS["gemini"],
                "base-url": f"{at}/gemini",
                "models": [
                    {"name": "gemini-3-flash-preview", "alias": "gemini"},
                    {"name": "gemini-2.0-flash", "alias": "gemini-old"},
                ],
            }
        ],
        "vertex-api-key": [
            {"api-key": KEYS["express"], "base-url": f"{at}/express", "models": _model("gemini-2.5-flash", "express")}
        ],
        "vertex": [
            {
                "project": "a-project",
                "location": "europe-west4",
                "credentials-file": "account.json",
                "quota-project": "who-pays",
                "base-url": f"{at}/vertex",
                "models": [
                    {"name": "gemini-2.5-pro", "alias": "vertex-gemini"},
                    {"name": "claude-sonnet-4-5@20250929", "alias": "vertex-claude"},
                ],
            }
        ],
    }


def _amazon(at: str) -> dict[str, Any]:
    claude = "us.anthropic.claude-haiku-4-5-20251001-v1:0"
    aws = {"region": "us-west-2", "base-url": f"{at}/bedrock"}
    return {
        "bedrock": [
            {
                **aws,
                "access-key-id": ACCESS_KEY,
                "secret-access-key": SECRET_KEY,
                "session-token": SESSION_TOKEN,
                "models": _model(claude, "bedrock"),
            },
            {**aws, "api-key": KEYS["bedrock"], "models": _model(claude, "bedrock-bearer")},
            {**aws, "profile": "gateway", "models": _model(claude, "bedrock-profile")},
        ],
    }


def _openai_formats(at: str) -> dict[str, Any]:
    def openai(name: str, **more: Any) -> dict[str, Any]:
        return {"name": name, "base-url": f"{at}/{name}/v1", **more}

    azure = {"endpoint": f"{at}/azure"}
    return {
        "openai-compatibility": [
            openai(
                "relayed",
                **{"api-key-entries": [{"api-key": KEYS["first"]}, {"api-key": KEYS["second"]}]},
                endpoints=["chat", "completions", "responses"],
                models=_model("theirs", "relayed"),
            ),
            openai(
                "quirky",
                models=_model("theirs", "quirky"),
                quirks={
                    "drop": ["logit_bias"],
                    "rename": {"seed": "random_seed"},
                    "max-tokens-field": "max_tokens",
                    "developer-role": False,
                },
            ),
        ],
        "codex-api-key": [
            {"api-key": KEYS["codex"], "base-url": f"{at}/codex/v1", "models": _model("gpt-5-codex", "codex")}
        ],
        "azure-openai": [
            {**azure, "api-key": KEYS["azure"], "endpoints": ["chat", "responses"], "models": _model("mine", "azure")},
            {
                **azure,
                "api-key": KEYS["dated"],
                "api-version": "2024-10-21",
                "models": _model("gpt-4.1-mini", "azure-dated"),
            },
            {**azure, "entra": "default", "models": _model("mine", "azure-entra")},
        ],
    }


def _account(token_uri: str) -> str:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    form = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    account = {"type": "service_account", "client_email": "gateway@a-project.iam.gserviceaccount.com"}
    return json.dumps({**account, "private_key": key.private_bytes(*form).decode(), "token_uri": token_uri})


def environment(folder: Path, issuers: Issuers) -> dict[str, str]:
    """Write the files with credentials that `settings` name, and return the variables that lead to the others."""
    (folder / "account.json").write_text(_account(f"{issuers.url}/token"))
    aws = folder / "aws"
    aws.write_text(f"[gateway]\naws_access_key_id = {PROFILE_KEY}\naws_secret_access_key = {PROFILE_SECRET}\n")
    return {
        "AWS_SHARED_CREDENTIALS_FILE": str(aws),
        "AWS_CONFIG_FILE": str(folder / "none"),
        "AWS_EC2_METADATA_DISABLED": "true",
        "IDENTITY_ENDPOINT": f"{issuers.url}/identity",
        "IDENTITY_HEADER": IDENTITY_HEADER,
    }


@contextmanager
def every_provider(folder: Path, provider: Provider, issuers: Issuers) -> Iterator[GatewayProcess]:
    env = environment(folder, issuers)
    with GatewayProcess(folder, settings(provider.url, issuers.url), env=env) as process:
        yield process
