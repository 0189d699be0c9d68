"""Which family a name belongs to, and what configuration may say otherwise."""

import pytest

from translators.providers.gemini import known_models, profile_of

NAMES = [
    pytest.param("gemini-3.8-flash", "level", ("low", "medium", "high"), id="plain"),
    pytest.param("models/gemini-3-flash-preview-11-2025", "level", ("minimal", "low", "medium", "high"), id="dated"),
    pytest.param("google/gemini-3.1-pro-preview-customtools", "level", ("low", "medium", "high"), id="a variant"),
    pytest.param("gemini-2.5-flash-lite-preview-06-17", "budget", (), id="lite before flash"),
    pytest.param("gemini-2.0-flash-001", "none", (), id="2.0"),
    pytest.param("gemini-2.5-flash@default", "budget", (), id="Vertex's version"),
    pytest.param("gemini-2.5-ultra", "budget", (), id="an unknown one of a known generation"),
    pytest.param("gemini-5", "level", ("low", "medium", "high"), id="of tomorrow"),
    pytest.param("gemma-3-27b-it", "none", (), id="gemma"),
    pytest.param("my-own-model", "none", (), id="any other"),
]


@pytest.mark.parametrize(("name", "thinking", "levels"), NAMES)
def test_families(name: str, thinking: str, levels: tuple[str, ...]) -> None:
    profile = profile_of(name, {})
    assert (profile.thinking, profile.levels) == (thinking, levels)


def test_configuration_wins() -> None:
    profile = profile_of("gemini-2.5-flash", {"platform": "vertex", "call_ids": True, "candidates": 2})
    assert (profile.platform, profile.call_ids, profile.candidates) == ("vertex", True, 2)
    assert profile_of("gemini-3.8-flash", {}).safety_settings == ()


def test_known_models_have_families() -> None:
    plain = profile_of("my-own-model", {})
    assert len(set(known_models())) == len(known_models())
    assert all(profile_of(name, {}) != plain for name in known_models())
