from dataclasses import fields
from typing import Any, get_args

import pytest
from anthropic.types.model_param import ModelParam

from translators.providers.anthropic import Profile, known_models, profile_of
from translators.providers.claude.profiles import short_name


@pytest.mark.parametrize(
    ("name", "short"),
    [
        pytest.param("claude-opus-4-6", "claude-opus-4-6", id="as it is"),
        pytest.param("claude-haiku-4-5-20251001", "claude-haiku-4-5", id="dated"),
        pytest.param("claude-opus-4@20250514", "claude-opus-4", id="dated as on Vertex"),
        pytest.param("anthropic.claude-opus-4-20250514-v1:0", "claude-opus-4", id="as on Bedrock"),
        pytest.param("us.anthropic.claude-sonnet-4-5-20250929-v1:0", "claude-sonnet-4-5", id="with a region"),
        pytest.param("global.anthropic.claude-opus-4-6-v1", "claude-opus-4-6", id="everywhere"),
        pytest.param("anthropic/claude-opus-4.6", "claude-opus-4-6", id="as at a router"),
        pytest.param("claude-3-5-sonnet-latest", "claude-3-5-sonnet", id="latest"),
        pytest.param("my-claude-opus-4-6", "my-claude-opus-4-6", id="somebody else's"),
        pytest.param("llama3.2:1b", "llama3.2:1b", id="no Claude"),
    ],
)
def test_short_names(name: str, short: str) -> None:
    assert short_name(name) == short


@pytest.mark.parametrize(
    ("name", "facts"),
    [
        pytest.param("claude-3-haiku-20240307", {"max_output": 4096, "thinking": (), "prefill": True}, id="claude 3"),
        pytest.param("claude-3-5-haiku-latest", {"max_output": 8192, "thinking": ()}, id="claude 3.5"),
        pytest.param("claude-3-7-sonnet-20250219", {"thinking": ("enabled", "disabled")}, id="claude 3.7"),
        pytest.param("claude-opus-4-1", {"max_output": 32000, "structured_output": False}, id="claude 4"),
        pytest.param("claude-haiku-4-5", {"structured_output": True, "prefill": True, "sampling": True}, id="class A"),
        pytest.param("claude-opus-4-6", {"prefill": False, "sampling": True, "fast": True}, id="class B"),
        pytest.param("claude-opus-4-7", {"sampling": False, "mid_system": False, "thinks_unasked": False}, id="4.7"),
        pytest.param("claude-opus-5", {"thinks_unasked": True, "mid_system": True}, id="class C"),
        pytest.param("claude-fable-5", {"thinking": ("adaptive",), "forced_tools": "never"}, id="class D"),
        pytest.param("claude-opus-5-5", {"thinking": ("adaptive",), "forced_tools": "never"}, id="class E"),
        pytest.param("claude-opus-9", {"thinking": ("adaptive",), "mid_system": False}, id="a Claude of tomorrow"),
        pytest.param("smollm2", {"max_output": 4096, "max_output_enforced": False, "sampling": True}, id="local"),
    ],
)
def test_facts(name: str, facts: dict[str, Any]) -> None:
    profile = profile_of(name, {})
    assert {key: getattr(profile, key) for key in facts} == facts


def test_config_overrules_every_fact() -> None:
    other: dict[str, Any] = {
        field.name: {
            bool: lambda value: not value,
            tuple: lambda value: (*value, "x"),
            int: lambda value: value + 1,
        }.get(type(getattr(Profile(), field.name)), lambda value: f"{value}!")(getattr(Profile(), field.name))
        for field in fields(Profile)
        if field.name != "version"
    }
    assert profile_of("claude-opus-5-5", other) == Profile(**other)


def test_version_2026_10_21_takes_no_sampling() -> None:
    assert not profile_of("claude-opus-4-6", {"version": "2026-10-21", "sampling": True}).sampling


def test_the_catalogue_is_the_sdks() -> None:
    literal = next(option for option in get_args(ModelParam) if get_args(option))
    assert known_models() == get_args(literal)


@pytest.mark.parametrize("name", known_models())
def test_every_known_model_is_in_the_table(name: str) -> None:
    assert profile_of(name, {}).max_output_enforced
    assert profile_of(name, {}) is not profile_of("claude-opus-9", {})


def test_public_defaults_are_plain_2023_06_01() -> None:
    assert {profile_of(name, {}).version for name in (*known_models(), "claude-opus-9", "x")} == {"2023-06-01"}
