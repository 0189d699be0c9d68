"""What config.yaml can say of a model is what the dialect's table says of its family: the two must agree."""

from dataclasses import asdict, fields, replace
from typing import Any

import pytest

from routing.catalogue import Catalogue
from routing.config import parse
from routing.profiles import ClaudeProfile, GeminiProfile
from routing.providers.openai_format import Quirks
from routing.settings import keys
from tests.routing.configurations import refused
from translators.providers.claude.profiles import Profile, profile_of

SAID = """
max-output: 5000
max-output-enforced: false
thinking: [enabled, between_tools]
thinks-unasked: no
effort-as-budget: true
efforts: []
sampling: true
temperature-with-top-p: true
forced-tools: without_thinking
prefill: true
mid-system: false
structured-output: false
fast: true
tools: false
media: false
web-search: none
version: 2024-01-01
"""
MEANT = Profile(
    max_output=5000,
    max_output_enforced=False,
    thinking=("enabled", "between_tools"),
    thinks_unasked=False,
    effort_as_budget=True,
    efforts=(),
    sampling=True,
    temperature_with_top_p=True,
    forced_tools="without_thinking",
    prefill=True,
    mid_system=False,
    structured_output=False,
    fast=True,
    tools=False,
    media=False,
    web_search=None,
    version="2024-01-01",
)


GEMINI_SAID = """
max-output: 5000
thinking: budget
levels: [minimal, high]
least-budget: 0
most-budget: 100
can-rest: true
candidates: 2
"""


def gemini(profile: str) -> dict[str, Any]:
    text = entry(profile).replace(b"claude-api-key", b"gemini-api-key")
    return dict(Catalogue(parse(text, "c.yaml", {}).settings).candidates("m", "key-1")[0].overrides)


def test_geminis_fields_are_its_dialects() -> None:
    profiles = pytest.importorskip("translators.providers.gemini.profiles")
    ours = {field.name for field in fields(profiles.Profile)} - {"platform", "safety_settings"}
    assert set(GeminiProfile.model_fields) == ours
    result = gemini(GEMINI_SAID)
    assert (result["levels"], result["least_budget"], result["candidates"]) == (("minimal", "high"), 0, 2)
    assert profiles.profile_of("m", result) == replace(profiles.profile_of("m", {}), **result)


def test_quirks_are_the_dialects() -> None:
    quirks = pytest.importorskip("translators.providers.openai.quirks")
    assert set(Quirks.model_fields) == {field.name for field in fields(quirks.Quirks)}


def entry(profile: str) -> bytes:
    lines = "".join(f"\n          {line}" for line in profile.strip().splitlines())
    return f"claude-api-key:\n  - api-key: k\n    models:\n      - name: m\n        family:{lines}".encode()


def overrides(profile: str) -> dict[str, Any]:
    loaded = parse(entry(profile), "c.yaml", {})
    return dict(Catalogue(loaded.settings).candidates("m", "key-1")[0].overrides)


def test_the_same_fields() -> None:
    assert list(ClaudeProfile.model_fields) == [field.name for field in fields(Profile)]
    assert list(keys(ClaudeProfile)) == [field.name.replace("_", "-") for field in fields(Profile)]


def test_all_fields() -> None:
    assert overrides(SAID) == asdict(MEANT)
    assert replace(Profile(), **overrides(SAID)) == MEANT


@pytest.mark.parametrize("line", [pytest.param(line, id=line.split(":")[0]) for line in SAID.strip().splitlines()])
def test_one_field_leaves_the_others(line: str) -> None:
    result = overrides(line)
    (name,) = result
    assert name == line.split(":")[0].replace("-", "_")
    assert profile_of("claude-opus-5-5", result) == replace(profile_of("claude-opus-5-5", {}), **result)


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        pytest.param("max-output: 0", "max-output: must be a whole number, 1 or more", id="no tokens"),
        pytest.param("max_output: 1", "max_output: is not a known key; did you mean `max-output`?", id="snake case"),
        pytest.param("thinking: enabled", "thinking: must be a list", id="no list"),
        pytest.param("thinking: [sometimes]", "thinking[0]: must be 'enabled', 'adaptive', 'disabled' or", id="kind"),
        pytest.param("efforts: [none]", "efforts[0]: must be 'low', 'medium', 'high', 'xhigh' or 'max'", id="effort"),
        pytest.param("forced-tools: true", "forced-tools: must be 'always', 'without_thinking' or 'never'", id="word"),
        pytest.param("version: 2023", "version: must be a version such as 2023-06-01", id="version"),
        pytest.param("web-search: 1", "web-search: must be text; put it in quotes", id="tool"),
        pytest.param("prefill: maybe", "prefill: must be true or false", id="truth"),
    ],
)
def test_mistakes(line: str, problem: str) -> None:
    assert refused(entry(line)).startswith(f"c.yaml:6: claude-api-key[0].models[0].family.{problem}")
