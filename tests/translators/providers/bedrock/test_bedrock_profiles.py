"""Which model is which, by the many names that Bedrock has for one."""

from typing import Any

import pytest
from bedrock_turns import HI, OLD, paths, render, turn

from translators.providers.bedrock import known_models, profile_of
from translators.providers.claude.profiles import profile_of as claude

ARN = "arn:aws:bedrock:us-east-1:123456789012:{}"


@pytest.mark.parametrize(
    ("name", "short"),
    [
        pytest.param("anthropic.claude-sonnet-4-5-20250929-v1:0", "claude-sonnet-4-5", id="plain"),
        pytest.param("us.anthropic.claude-sonnet-4-5-20250929-v1:0", "claude-sonnet-4-5", id="of a region"),
        pytest.param("global.anthropic.claude-opus-4-6-v1", "claude-opus-4-6", id="global"),
        pytest.param("eu.anthropic.claude-opus-5-5", "claude-opus-5-5", id="without a date"),
        pytest.param(
            ARN.format("inference-profile/us.anthropic.claude-haiku-4-5-20251001-v1:0"), "claude-haiku-4-5", id="ARN"
        ),
        pytest.param(
            "arn:aws:bedrock:us-east-1::foundation-model/anthropic.claude-3-haiku-20240307-v1:0",
            "claude-3-haiku",
            id="old",
        ),
    ],
)
def test_claudes(name: str, short: str) -> None:
    profile = profile_of(name, {})
    assert profile.claude
    assert profile.effort == "claude"
    assert profile.facts == claude(short, {})


@pytest.mark.parametrize(
    ("name", "effort", "structured", "ttls"),
    [
        pytest.param("us.amazon.nova-2-lite-v1:0", "nova", False, ("5m",), id="Nova 2"),
        pytest.param("amazon.nova-pro-v1:0", None, False, ("5m",), id="Nova"),
        pytest.param("openai.gpt-oss-20b-1:0", "reasoning_effort", True, (), id="gpt-oss"),
        pytest.param("openai.gpt-5.2", "reasoning", True, (), id="gpt"),
        pytest.param("qwen.qwen3-32b-v1:0", None, True, (), id="Qwen"),
        pytest.param("us.deepseek.v3-v1:0", None, True, (), id="DeepSeek"),
        pytest.param("us.deepseek.r1-v1:0", None, False, (), id="DeepSeek R1"),
        pytest.param("mistral.mistral-large-3-675b-instruct", None, True, (), id="Mistral"),
        pytest.param("mistral.mistral-large-2402-v1:0", None, False, (), id="an older Mistral"),
        pytest.param("us.meta.llama3-3-70b-instruct-v1:0", None, False, (), id="Llama"),
        pytest.param(ARN.format("application-inference-profile/abc123"), None, False, (), id="nobody knows"),
        pytest.param("us.anthropic.claude-3-7-sonnet-20250219-v1:0", "claude", False, ("5m",), id="Claude 3.7"),
        pytest.param("anthropic.claude-sonnet-4-20250514-v1:0", "claude", False, ("5m",), id="Claude 4"),
        pytest.param("anthropic.claude-opus-4-1-20250805-v1:0", "claude", False, ("5m",), id="Claude 4.1"),
        pytest.param("anthropic.claude-3-haiku-20240307-v1:0", "claude", False, (), id="Claude 3"),
        pytest.param(OLD, "claude", True, ("5m", "1h"), id="Claude 4.5"),
    ],
)
def test_what_is_known(name: str, effort: Any, structured: bool, ttls: tuple[str, ...]) -> None:
    profile = profile_of(name, {})
    assert (profile.effort, profile.facts.structured_output, profile.cache_ttls) == (effort, structured, ttls)


@pytest.mark.parametrize(
    ("name", "forced", "streamed"),
    [
        pytest.param(OLD, "without_thinking", True, id="Claude"),
        pytest.param("amazon.nova-pro-v1:0", "always", True, id="Nova"),
        pytest.param("meta.llama4-scout-17b-instruct-v1:0", "never", False, id="Llama"),
        pytest.param("mistral.mistral-large-2402-v1:0", "always", False, id="an older Mistral"),
        pytest.param("cohere.command-r-v1:0", "never", True, id="Command"),
    ],
)
def test_tools_of_each(name: str, forced: str, streamed: bool) -> None:
    profile = profile_of(name, {})
    assert (profile.facts.forced_tools, profile.streamed_tools) == (forced, streamed)


def test_configuration_says_otherwise() -> None:
    arn = ARN.format("application-inference-profile/abc123")
    overrides = {"base_model": OLD, "max_output": 1000, "cache_ttls": ("5m",)}
    profile = profile_of(arn, overrides)
    assert profile.claude
    assert profile.facts.max_output == 1000
    assert profile.cache_ttls == ("5m",)
    rendered = render(HI, model=arn, overrides=overrides, options={"max_tokens": 5000})
    assert rendered.body["inferenceConfig"] == {"maxTokens": 1000}


def test_a_model_that_takes_system_turns() -> None:
    rendered = render(HI, turn("system", "Now"), model=OLD, overrides={"mid_system": True})
    assert [message["role"] for message in rendered.body["messages"]] == ["user", "system"]
    assert paths(rendered) == []


def test_no_model_is_known_beforehand() -> None:
    assert known_models() == ()
