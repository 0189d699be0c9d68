"""Provenance at a real gateway: every client dialect with every provider, whole and streamed. Each value of a request
and of an answer exists once and is looked for in what was sent; the page's links must say the same."""

import json
import re
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from tests.contract.canary_answers import STREAMS, WHOLE, table_of
from tests.contract.canary_oracle import canaries, judge, leaves
from tests.contract.canary_requests import CHANGED, LEAST, asked
from tests.e2e.every_provider import Issuers, environment, settings
from tests.e2e.gateway_process import CLIENT_KEY, GatewayProcess, free_port
from tests.e2e.provider import LAST_CHUNK, WAIT, Call, Provider, chunk, head, sse, whole
from tests.translators.providers.bedrock.bedrock_frames import framed

TOKEN = "canary-of-the-inspector-41c0de"
PATHS = {"chat": "/v1/chat/completions", "responses": "/v1/responses", "completions": "/v1/completions"}
NO_VALUE = re.compile(r"events\[\d+\]")
"""An event of the client's that no event of the provider's became, or the other way round."""
OPENAI = {"chat": "openai", "responses": "openai-responses", "completions": "openai-completions"}
CHATS = {"chat": "openai", "responses": "openai", "completions": "openai"}
MODELS: dict[str, dict[str, str]] = {
    **{
        model: dict.fromkeys(PATHS, dialect)
        for model, dialect in {
            "claude": "anthropic",
            "vertex-claude": "vertex-anthropic",
            "gemini-flash": "gemini",
            "vertex-gemini": "gemini",
            "bedrock-bearer": "bedrock",
            "codex": "openai-responses",
            "ollama": "ollama",
            "chats": "openai",
        }.items()
    },
    "azure": {**OPENAI, "completions": "openai"},
    "relayed": OPENAI,
}
"""The models that clients ask for, and the dialect of the provider for each client."""
CASES = [
    pytest.param(client, model, stream, id=f"{client}-{model}-{'stream' if stream else 'whole'}")
    for client in PATHS
    for model in MODELS
    for stream in (False, True)
]


def configured(at: str, issuers: str, port: int) -> dict[str, Any]:
    made = settings(at, issuers)
    made["gemini-api-key"][0]["models"].append({"name": "gemini-2.5-flash", "alias": "gemini-flash"})
    made["openai-compatibility"].append(
        {"name": "chats", "base-url": f"{at}/chats/v1", "models": [{"name": "theirs", "alias": "chats"}]}
    )
    claude = {
        "api-key": "any",
        "base-url": f"{at}/claude",
        "models": [{"name": "claude-sonnet-4-5", "alias": "claude"}],
    }
    inspector = {"port": port, "key": TOKEN, "bodies": "full"}
    return {**made, "claude-api-key": [claude], "inspector": inspector}


def dialect_at(path: str) -> str:
    """Return the dialect that is spoken at a path."""
    if path.startswith(("/bedrock", "/ollama", "/gemini")):
        return path.split("/")[1]
    if path.startswith("/vertex"):
        return "vertex-anthropic" if "anthropic" in path else "gemini"
    if path.startswith("/claude"):
        return "anthropic"
    ends = {"/chat/completions": "openai", "/responses": "openai-responses", "/completions": "openai-completions"}
    return next(dialect for end, dialect in ends.items() if path.partition("?")[0].endswith(end))


def framed_for(dialect: str, event: Any) -> bytes:
    match dialect:
        case "bedrock":
            return framed(event)
        case "ollama":
            return json.dumps(event).encode() + b"\n"
        case "anthropic" | "vertex-anthropic" | "openai-responses":
            return sse(event)
    return b"data: " + (event.encode() if isinstance(event, str) else json.dumps(event).encode()) + b"\n\n"


TYPES = {"bedrock": "application/vnd.amazon.eventstream", "ollama": "application/x-ndjson"}


async def answered(call: Call) -> None:
    dialect = dialect_at(call.path)
    if "stream" not in call.path.lower() and not call.json.get("stream"):
        await whole(WHOLE[dialect])(call)
        return
    content_type = TYPES.get(dialect, "text/event-stream")
    await call.send(head(200, {"content-type": content_type, "transfer-encoding": "chunked"}))
    for event in STREAMS[dialect]:
        await call.send(chunk(framed_for(dialect, event)))
    await call.send(LAST_CHUNK)


@dataclass(frozen=True)
class Recorded:
    """An exchange as the page has it, with its links."""

    exchange: Any
    links: Any

    def body(self, phase: str) -> Any:
        return json.loads(self.exchange["phases"][phase]["body"])

    def events(self) -> tuple[Any, Any]:
        """Return the provider's events and the client's, by their numbers."""
        pairs = self.exchange["events"]
        assert [pair["n"] for pair in pairs] == list(range(len(pairs)))
        return {"events": [parsed(pair["provider"]) for pair in pairs]}, {
            "events": [
                [parsed(line[5:]) for line in pair["client"].split("\n") if line.startswith("data:")] for pair in pairs
            ]
        }


def parsed(text: str) -> Any:
    return json.loads(text) if text.strip().startswith("{") else text.strip()


def ask(gateway: GatewayProcess, client: str, model: str, stream: bool) -> str:
    """Send the request, and return its id when all of the answer is there."""
    id = f"test-{uuid.uuid4().hex}"
    body = asked(client, MODELS[model][client], stream=stream) | {"model": model}
    headers = {"authorization": f"Bearer {CLIENT_KEY}", "x-request-id": id}
    got = httpx.post(gateway.url + PATHS[client], json=body, headers=headers, timeout=WAIT, trust_env=False)
    assert got.status_code == 200, got.text
    gateway.record(id)
    return id


@pytest.fixture(scope="module")
def recorded(
    running_provider: Provider, issuers: Issuers, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[dict[tuple[str, str, bool], Recorded]]:
    """Every case, asked in parallel at one gateway."""
    folder, port = tmp_path_factory.mktemp("traced"), free_port()
    running_provider.reset()
    running_provider.default = answered
    made = configured(running_provider.url, issuers.url, port)
    with (
        GatewayProcess(folder, made, env=environment(folder, issuers)) as gateway,
        httpx.Client(
            base_url=f"http://127.0.0.1:{port}",
            headers={"authorization": f"Bearer {TOKEN}"},
            timeout=WAIT,
            trust_env=False,
        ) as page,
        ThreadPoolExecutor(8) as threads,
    ):
        keys = [(client, model, stream) for client in PATHS for model in MODELS for stream in (False, True)]
        ids = list(threads.map(lambda key: ask(gateway, *key), keys))

        def read(id: str) -> Recorded:
            exchange, links = page.get(f"/api/exchanges/{id}"), page.get(f"/api/exchanges/{id}/provenance")
            assert (exchange.status_code, links.status_code) == (200, 200)
            return Recorded(exchange.json(), links.json())

        yield dict(zip(keys, threads.map(read, ids), strict=True))
    assert not running_provider.errors


@pytest.mark.parametrize(("client", "model", "stream"), CASES)
def test_a_request(recorded: dict[tuple[str, str, bool], Recorded], client: str, model: str, stream: bool) -> None:
    it = recorded[client, model, stream]
    assert it.exchange["provider_dialect"] == MODELS[model][client]
    assert it.links["known"]
    sent, got = it.body("client_request"), it.body("provider_request")
    verdict = judge(sent, got, it.links["request"], it.exchange["notes"])
    assert verdict.wrong == []
    assert verdict.judged >= LEAST[client]


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("client", ["chat", "responses"])
def test_words_become_what_the_dialect_means(
    recorded: dict[tuple[str, str, bool], Recorded], client: str, model: str
) -> None:
    it = recorded[client, model, True]
    for path, ends in CHANGED[client, MODELS[model][client]].items():
        said = {link["to"] or link["rule"] for link in it.links["request"] if link["from"] == path}
        assert said == set(ends.split()), path


@pytest.mark.parametrize(("client", "model", "stream"), CASES)
def test_an_answer(recorded: dict[tuple[str, str, bool], Recorded], client: str, model: str, stream: bool) -> None:
    it = recorded[client, model, stream]
    had, made = it.events() if stream else (it.body("provider_response"), it.body("client_response"))
    verdict = judge(had, made, it.links["answer"], table=table_of(client, MODELS[model][client], had))
    assert verdict.wrong == []
    assert verdict.judged == len(canaries(had))
    reasons = {path for path, value in leaves(had) if path.lower().endswith("reason") and value is not None}
    assert reasons <= {link["from"] for link in it.links["answer"] if link["to"]}


@pytest.mark.parametrize(("client", "model", "stream"), CASES)
def test_nothing_of_an_answer_is_unknown(
    recorded: dict[tuple[str, str, bool], Recorded], client: str, model: str, stream: bool
) -> None:
    it = recorded[client, model, stream]
    had, made = it.events() if stream else (it.body("provider_response"), it.body("client_response"))
    known = [link for link in it.links["answer"] if link["rule"] != "unknown"]
    ends = {link["from"] for link in known}, {link["to"] for link in known}
    untold = dict(leaves(had)).keys() - ends[0], dict(leaves(made)).keys() - ends[1]
    assert [sorted(path for path in each if not NO_VALUE.fullmatch(path)) for each in untold] == [[], []]
