"""One provider for all tests, one gateway for all that its settings suit; a test gets both as if they were new."""

import os
import signal
import uuid
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from openai import OpenAI

from tests.e2e import claude
from tests.e2e.every_provider import Issuers, every_provider
from tests.e2e.gateway_process import CLIENT_KEY, GatewayProcess, config
from tests.e2e.provider import WAIT, Provider, whole
from tests.e2e.wire import Wire, question

if signal.getsignal(signal.SIGHUP) is signal.SIG_IGN:
    # Under nohup the gateways that are started here would not get it either. What has a handler is theirs as usual.
    signal.signal(signal.SIGHUP, lambda *_: None)

ORIGIN = "https://app.example.com"
collect_ignore = [] if os.environ.get("GATEWAY_AGENTS") else ["test_e2e_codex.py"]
"""Loops with Codex's own shell always run; each other tool of its takes a turn where the environment requests it."""


class Client:
    """Asks a gateway, each request under an id of its own; `record` is the log line of the last one."""

    def __init__(self, gateway: GatewayProcess) -> None:
        self.gateway = gateway
        self.http = httpx.Client(
            base_url=gateway.url, headers={"authorization": f"Bearer {CLIENT_KEY}"}, timeout=WAIT, trust_env=False
        )
        self.id = ""

    def _named(self, headers: dict[str, str] | None) -> dict[str, str]:
        self.id = f"test-{uuid.uuid4().hex}"
        return {"x-request-id": self.id, **(headers or {})}

    def get(self, path: str) -> httpx.Response:
        return self.http.get(path, headers=self._named(None))

    def chat(self, stream: bool = False, headers: dict[str, str] | None = None, **fields: Any) -> httpx.Response:
        """The whole answer, streamed or not."""
        return self.http.post("/v1/chat/completions", json=question(stream, **fields), headers=self._named(headers))

    def raw(self, body: bytes, **headers: str) -> httpx.Response:
        named = self._named({name.replace("_", "-"): value for name, value in headers.items()})
        return self.http.post("/v1/chat/completions", content=body, headers=named)

    def streaming(self, **fields: Any) -> Any:
        """A context manager: the answer as it comes."""
        return self.http.stream(
            "POST", "/v1/chat/completions", json=question(True, **fields), headers=self._named(None)
        )

    @property
    def record(self) -> dict[str, Any]:
        return self.gateway.record(self.id)


@pytest.fixture
def provider(running_provider: Provider) -> Iterator[Provider]:
    """Says hello unless a test says otherwise."""
    running_provider.reset()
    running_provider.default = whole(claude.message())
    yield running_provider
    assert not running_provider.errors


@pytest.fixture(scope="session")
def gateway(running_provider: Provider, tmp_path_factory: pytest.TempPathFactory) -> Iterator[GatewayProcess]:
    """With small bodies, and no timers that any test could meet."""
    settings = config(running_provider.url, body_size_limit="256k", cors_origins=[ORIGIN], forward_headers=["x-tenant"])
    with GatewayProcess(tmp_path_factory.mktemp("gateway"), settings) as process:
        yield process


@pytest.fixture(scope="session")
def issuers() -> Iterator[Issuers]:
    made = Issuers()
    yield made
    made.close()


@pytest.fixture(scope="session")
def many(
    running_provider: Provider, issuers: Issuers, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[GatewayProcess]:
    """With every section of config.yaml that names a provider."""
    with every_provider(tmp_path_factory.mktemp("many"), running_provider, issuers) as process:
        yield process


@pytest.fixture
def by(many: GatewayProcess) -> Iterator[OpenAI]:
    """OpenAI's own SDK, at the gateway with many providers."""
    with OpenAI(api_key=CLIENT_KEY, base_url=f"{many.url}/v1", max_retries=0) as made:
        yield made


@pytest.fixture
def client(gateway: GatewayProcess) -> Iterator[Client]:
    made = Client(gateway)
    yield made
    made.http.close()


@pytest.fixture
def wire(gateway: GatewayProcess) -> Iterator[Wire]:
    with Wire(gateway.port) as made:
        yield made
