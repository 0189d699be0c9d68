"""The examples of docs/payload-rules.md change bodies as the page says."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from addons.exchange.request import ClientRequest
from routing.catalogue import Catalogue
from routing.config import parse
from tests.docs.test_docs import blocks
from translators.dialects import FORGETFUL
from translators.registry import CLIENTS

PAGE = Path(__file__).resolve().parents[2] / "docs" / "payload-rules.md"
FIRST, SECOND = (yaml.safe_load(text) for text in blocks(PAGE, "yaml"))
ENTRIES: dict[str, Any] = {
    "gemini-api-key": [{"api-key": "k"}],
    "claude-api-key": [{"api-key": "k", "models": [{"name": "claude-opus-4-6"}]}],
    "codex-api-key": [{"api-key": "k", "models": [{"name": "gpt-5.6", "alias": "opus"}]}],
    "openai-compatibility": [{"name": "x", "base-url": "http://h/v1", "models": [{"name": "my-qwen"}]}],
}
HEADERS = {"x-client-tier": "tenant-7"}
SEARCH = {"tools": [{"type": "web_search"}], "metadata": {"client": "codex"}}


def sent(example: Any, client: str, model: str, headers: dict[str, str], fields: Any) -> Any:
    settings = parse(json.dumps({**ENTRIES, **example}).encode(), "c.yaml", {}).settings
    content = {"input": "hi"} if client == "responses" else {"messages": [{"role": "user", "content": "hi"}]}
    request = ClientRequest(CLIENTS[client], CLIENTS[client].parse, settings, FORGETFUL, headers)
    body = json.dumps({"model": model, **content, **fields}).encode()
    request.read(body, lambda name: Catalogue(settings).candidates(name, "key-1"))
    return json.loads(request.render(request.candidates[0]).calls[0].request.body)


@pytest.mark.parametrize(
    ("model", "fields", "path", "value"),
    [
        pytest.param("gemini-2.5-pro", {}, "generationConfig.thinkingConfig.thinkingBudget", 32768, id="default"),
        pytest.param(
            "gemini-2.5-pro",
            {"thinking_budget": 500},
            "generationConfig.thinkingConfig.thinkingBudget",
            500,
            id="default gives way",
        ),
        pytest.param("opus", {"reasoning_effort": "low"}, "reasoning.effort", "high", id="override"),
        pytest.param("opus", {}, "service_tier", "priority", id="override, too"),
        pytest.param("my-qwen", {}, "chat_template_kwargs.enable_thinking", False, id="raw"),
        pytest.param("claude-opus-4-6", {"top_k": 4}, "top_k", None, id="filter"),
        pytest.param("claude-opus-4-6", {"user": "me"}, "metadata.user_id", None, id="filter, too"),
    ],
)
def test_the_first_example(model: str, fields: dict[str, Any], path: str, value: Any) -> None:
    body = sent(FIRST, "chat", model, {}, fields)
    for name in path.split("."):
        body = body.get(name) if body is not None else None
    assert body == value


@pytest.mark.parametrize(
    ("client", "headers", "fields", "met"),
    [
        pytest.param("responses", HEADERS, SEARCH, True, id="met"),
        pytest.param("chat", HEADERS, SEARCH, False, id="from-protocol"),
        pytest.param("responses", {}, SEARCH, False, id="headers"),
        pytest.param("responses", HEADERS, {**SEARCH, "metadata": {}}, False, id="match"),
        pytest.param(
            "responses", HEADERS, {**SEARCH, "metadata": {"client": "codex", "mode": "dev"}}, False, id="not-match"
        ),
        pytest.param("responses", HEADERS, {**SEARCH, "tools": []}, False, id="exist"),
        pytest.param(
            "responses", HEADERS, {**SEARCH, "metadata": {"client": "codex", "plain": "yes"}}, False, id="not-exist"
        ),
    ],
)
def test_the_second_example(client: str, headers: dict[str, str], fields: dict[str, Any], met: bool) -> None:
    if client == "chat":
        fields = {"metadata": fields["metadata"], "web_search_options": {}}
    assert (sent(SECOND, client, "opus", headers, fields).get("service_tier") == "priority") is met
