"""The names of models that clients see: in lists, for one key and for another, and in answers."""

import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.e2e.answers import CHAT, CLAUDE, COMPLETIONS, GEMINI, RESPONSES, Speech
from tests.e2e.gateway_process import CLIENT_KEY, PROVIDER_KEY, GatewayProcess
from tests.e2e.provider import WAIT, Provider

NARROW = "canary-of-a-narrow-key-77b1"


def settings(provider: str) -> dict[str, Any]:
    def models(name: str) -> list[dict[str, Any]]:
        shown = [{"name": name, "alias": f"{name[:3]}-mapped"}]
        return [*shown, {"name": name, "alias": f"{name[:3]}-own", "force-mapping": False}]

    def server(name: str, *endpoints: str) -> dict[str, Any]:
        keys = [{"api-key": PROVIDER_KEY}]
        return {"name": name, "base-url": f"{provider}/v1", "api-key-entries": keys, "endpoints": endpoints}

    more = {"alias": "pool", "display-name": "The pool", "max-context-length": 1000}
    return {
        "api-keys": [
            {"key": CLIENT_KEY, "name": "wide"},
            {"key": NARROW, "name": "narrow", "models": ["po*", "cla-*"]},
        ],
        "claude-api-key": [
            {
                "api-key": PROVIDER_KEY,
                "base-url": provider,
                "models": [*models("claude-haiku-4-5"), {"name": "claude-haiku-4-5", **more}],
            }
        ],
        "gemini-api-key": [
            {
                "api-key": PROVIDER_KEY,
                "base-url": provider,
                "models": [*models("gemini-2.5-flash"), {"name": "gemini-2.5-flash", "alias": "pool"}],
            }
        ],
        "openai-compatibility": [{**server("x", "chat", "completions", "responses"), "models": models("theirs")}],
        "streaming": {"keepalive-seconds": 0},
        "response-store": {"enable": True},
    }


@pytest.fixture(scope="module")
def named(running_provider: Provider, tmp_path_factory: pytest.TempPathFactory) -> Iterator[GatewayProcess]:
    with GatewayProcess(tmp_path_factory.mktemp("names"), settings(running_provider.url)) as process:
        yield process


def ask(gateway: GatewayProcess, method: str, path: str, key: str = CLIENT_KEY, **fields: Any) -> httpx.Response:
    headers = {"authorization": f"Bearer {key}"}
    url, body = f"{gateway.url}/v1/{path}", {"json": fields} if fields else {}
    return httpx.request(method, url, headers=headers, timeout=WAIT, trust_env=False, **body)


PATHS = {
    "chat/completions": {"messages": [{"role": "user", "content": "hi"}], "max_tokens": 9},
    "responses": {"input": "hi", "max_output_tokens": 9},
    "completions": {"prompt": "hi", "max_tokens": 9},
}
OPENAI: dict[str, Speech] = {"chat/completions": CHAT, "responses": RESPONSES, "completions": COMPLETIONS}


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "streamed"])
@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize(
    ("model", "speech", "own"),
    [
        pytest.param("cla", CLAUDE, "claude-sonnet-4-5-20250929", id="translated"),
        pytest.param("gem", GEMINI, "gemini-3-flash-preview", id="translated too"),
        pytest.param("the", None, "theirs", id="passed through"),
    ],
)
def test_the_models_name_in_an_answer(
    named: GatewayProcess, provider: Provider, model: str, speech: Speech | None, own: str, path: str, stream: bool
) -> None:
    """The one that was asked for, or the provider's, and the same in every piece."""
    provider.default = (speech or OPENAI[path]).answer()
    for alias, shown in ((f"{model}-mapped", f"{model}-mapped"), (f"{model}-own", own)):
        answer = ask(named, "POST", path, model=alias, stream=stream, **PATHS[path])
        assert answer.status_code == 200
        assert answer.headers["x-gateway-model"].endswith(provider.calls[-1].json.get("model", ""))
        events = [line.removeprefix("data: ") for line in answer.text.splitlines() if line.startswith("data: {")]
        bodies = [json.loads(event) for event in events] if stream else [answer.json()]
        told = {each.get("response", each)["model"] for each in bodies if "model" in each.get("response", each)}
        assert told == {shown}


def test_an_answer_under_the_providers_name_is_stored(named: GatewayProcess, provider: Provider) -> None:
    provider.default = CLAUDE.answer()
    answer = ask(named, "POST", "responses", model="cla-own", **PATHS["responses"]).json()
    assert ask(named, "GET", f"responses/{answer['id']}").json() == answer


def test_what_a_key_may_use(named: GatewayProcess, provider: Provider) -> None:
    """Its list, each model by its id, and what it can ask for are the same."""
    provider.default = CLAUDE.answer()
    wide, narrow = (
        {model["id"]: model for model in ask(named, "GET", "models", key).json()["data"]}
        for key in (CLIENT_KEY, NARROW)
    )
    assert list(narrow) == ["cla-mapped", "cla-own", "pool"]
    assert wide.keys() > narrow.keys()
    assert wide["pool"] == {
        "id": "pool",
        "object": "model",
        "created": wide["pool"]["created"],
        "owned_by": "anthropic",
        "display_name": "The pool",
        "context_length": 1000,
    }
    for name in (*wide, "nobody"):
        if name == "pool":
            continue  # its next answer may be Gemini's
        by_id = ask(named, "GET", f"models/{name}", NARROW)
        posted = ask(named, "POST", "chat/completions", NARROW, model=name, **PATHS["chat/completions"])
        if name in narrow:
            assert (by_id.status_code, by_id.json(), posted.status_code) == (200, narrow[name], 200)
        else:
            for refused in (by_id, posted):
                error = refused.json()["error"]
                assert (refused.status_code, error["code"]) == (404, "model_not_found")
                assert error["message"].startswith(f'The key "narrow" may not use the model "{name}"')
                assert "theirs" not in json.dumps(error)
