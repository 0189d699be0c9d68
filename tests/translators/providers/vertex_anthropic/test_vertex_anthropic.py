"""Requests to Claude on Vertex are those of `anthropic.AnthropicVertex`."""

import json
from typing import Any

import httpx2
import pytest
from anthropic import AnthropicVertex

from translators.conversation import Conversation, Document, Image, Inline, Link, Option, Text, ToolResult, Turn, Upload
from translators.dialects import Model
from translators.errors import BadRequest
from translators.providers import vertex_anthropic


def conversation(*parts: Any, stream: bool = False, **options: Any) -> Conversation:
    turns = (Turn("user", parts or (Text("Hi", "messages[0].content"),), at="messages[0]"),)
    return Conversation(
        turns, options={k: Option(v, k) for k, v in {"max_tokens": 9, **options}.items()}, stream=stream
    )


def by_the_sdk(model: str, body: dict[str, Any]) -> httpx2.Request:
    """What the SDK sends for the same Messages request."""
    sent: list[httpx2.Request] = []

    def answer(request: httpx2.Request) -> httpx2.Response:
        sent.append(request)
        return httpx2.Response(500, json={})

    http = httpx2.Client(transport=httpx2.MockTransport(answer))
    client = AnthropicVertex(project_id="p", region="global", access_token="t", http_client=http, max_retries=0)
    fields = {key: value for key, value in body.items() if key not in ("stream",)}
    with pytest.raises(Exception, match="500"):
        client.messages.create(model=model, stream=body["stream"], **fields)
    return sent[0]


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
@pytest.mark.parametrize("model", ["claude-opus-5-5", "claude-sonnet-4-5@20250929", "claude;x"])
def test_the_sdk_would_send_the_same(model: str, stream: bool) -> None:
    rendered = vertex_anthropic.render(conversation(stream=stream), Model(model))
    sent = by_the_sdk(model, {k: v for k, v in rendered.body.items() if k != "anthropic_version"})
    assert sent.url.raw_path.decode().endswith(f"/publishers/anthropic{rendered.path}")
    theirs = json.loads(sent.content)
    assert set(theirs) == set(rendered.body)
    assert {**theirs, "anthropic_version": ""} == {**rendered.body, "anthropic_version": ""}
    assert "anthropic-version" not in rendered.headers


@pytest.mark.parametrize(
    ("overrides", "version"),
    [
        pytest.param({}, "vertex-2023-10-16", id="the first"),
        pytest.param({"version": "2026-10-21"}, "2026-10-21", id="as configured"),
    ],
)
def test_the_version_is_in_the_body(overrides: dict[str, Any], version: str) -> None:
    rendered = vertex_anthropic.render(conversation(), Model("claude-opus-5-5", overrides))
    assert rendered.body["anthropic_version"] == version


@pytest.mark.parametrize(
    "part",
    [
        pytest.param(Image(Link("https://i"), at="messages[0].content[0]"), id="an image's link"),
        pytest.param(Document(Upload("file-1"), at="messages[0].content[0]"), id="an uploaded file"),
        pytest.param(
            ToolResult("c", (Image(Link("https://i"), at="messages[0].content[0]"),), at="messages[0]"),
            id="in a result",
        ),
    ],
)
def test_nothing_is_fetched(part: Any) -> None:
    with pytest.raises(BadRequest) as caught:
        vertex_anthropic.render(conversation(part), Model("claude-opus-5-5"))
    assert (caught.value.failure.param, caught.value.failure.code) == (
        "messages[0].content[0]",
        "unsupported_parameter",
    )


def test_inline_media_travel() -> None:
    rendered = vertex_anthropic.render(conversation(Image(Inline("image/png", "AAAA"))), Model("claude-opus-5-5"))
    assert rendered.body["messages"][0]["content"][0]["source"]["data"] == "AAAA"
