"""Base URLs as operators write them."""

from typing import Any

import pytest
from pydantic import TypeAdapter

from routing import urls


@pytest.mark.parametrize(
    ("kind", "given", "expected"),
    [
        pytest.param(urls.GoogleURL, "https://a.b/v1beta", "https://a.b", id="google, version"),
        pytest.param(urls.GoogleURL, "https://a.b/p/v1beta1/", "https://a.b/p", id="google, under a path"),
        pytest.param(urls.GoogleURL, "https://a.b/v2x", "https://a.b/v2x", id="google, another path"),
        pytest.param(urls.OpenAIURL, "https://a.b/v1", "https://a.b/v1", id="openai keeps its version"),
        pytest.param(urls.OpenAIURL, "https://a.b/v1/chat/completions/", "https://a.b/v1", id="openai, chat"),
        pytest.param(urls.OpenAIURL, "https://a.b/completions", "https://a.b", id="openai, completions"),
        pytest.param(urls.OpenAIURL, "https://a.b/v1/responses", "https://a.b/v1", id="openai, responses"),
        pytest.param(urls.OpenAIURL, "https://a.b/v1/chat", "https://a.b/v1/chat", id="openai, half an endpoint"),
        pytest.param(urls.AzureURL, "https://a.b/openai/", "https://a.b", id="azure"),
        pytest.param(urls.AzureURL, "https://a.b/openai/v1", "https://a.b", id="azure, v1"),
        pytest.param(urls.AzureURL, "https://a.b/openai/deployments/d/", "https://a.b", id="azure, deployment"),
        pytest.param(urls.OllamaURL, "http://a:1/api", "http://a:1", id="ollama"),
        pytest.param(urls.OllamaURL, "http://a:1/api/chat", "http://a:1", id="ollama, endpoint"),
        pytest.param(urls.OllamaURL, "http://a:1/v1/", "http://a:1", id="ollama, its other interface"),
        pytest.param(urls.BedrockURL, "https://a.b//", "https://a.b", id="bedrock"),
        pytest.param(urls.BedrockURL, "https://a.b/v1", "https://a.b/v1", id="bedrock keeps a path"),
    ],
)
def test_what_is_kept(kind: Any, given: str, expected: str) -> None:
    assert TypeAdapter(kind).validate_python(given) == expected
