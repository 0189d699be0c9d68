"""The config.yaml that a newcomer starts with."""

import re
from pathlib import Path

import pytest

from routing.auth import StaticKey
from routing.catalogue import Catalogue, UnknownModel
from routing.client_keys import KeyRing
from routing.config import load, parse
from routing.providers import ENTRIES
from routing.secret import Secret
from routing.settings import Settings, keys

SHIPPED = Path(__file__).parents[2] / "config.yaml"
LOCAL = "http://127.0.0.1:5"


@pytest.mark.parametrize("environ", [pytest.param({}, id="unset"), pytest.param({"ANTHROPIC_API_KEY": ""}, id="empty")])
def test_without_a_provider_key(environ: dict[str, str]) -> None:
    loaded = load(SHIPPED, environ)
    served = Catalogue(loaded.settings, loaded.skipped, {"anthropic": ("claude-opus-5-5",)}, LOCAL)
    assert [model.id for model in served.listing("local")] == ["smollm2"]
    assert [off.variables for off in loaded.skipped] == [("ANTHROPIC_API_KEY",)]
    with pytest.raises(UnknownModel) as caught:
        served.candidates("claude-3-5-sonnet", "local")[0]
    assert caught.value.variables == ("ANTHROPIC_API_KEY",)
    assert "ANTHROPIC_API_KEY" in str(caught.value)
    assert "smollm2" in str(caught.value)


def test_with_a_provider_key() -> None:
    loaded = load(SHIPPED, {"ANTHROPIC_API_KEY": "sk-ant"})
    served = Catalogue(loaded.settings, loaded.skipped, {}, LOCAL)
    assert loaded.skipped == ()
    target = served.candidates("claude-3-5-sonnet", "local")[0]
    assert (target.model, target.base_urls) == ("claude-sonnet-4-6", {"anthropic": "https://api.anthropic.com"})
    assert target.auth == StaticKey("x-api-key", Secret("sk-ant"))
    assert {"claude-3-5-sonnet", "claude-sonnet-4-6", "smollm2"} <= {model.id for model in served.listing("local")}


def test_it_says_what_is_the_default() -> None:
    """All but the sections that make it a demonstration is what an empty file would mean, and all keys are there."""
    settings = load(SHIPPED, {}).settings
    shown = {"api_keys", "embedded", "inspector"}
    assert settings.model_dump(exclude=shown) == Settings().model_dump(exclude=shown)
    assert all(f"\n{key}:" in SHIPPED.read_text() for key in keys(Settings))
    key = KeyRing(settings.api_keys).check("dev-local-key")
    assert key is not None
    assert key.name == "local"
    assert settings.embedded.enable


EXAMPLES = re.sub(r"^  # ", "  ", SHIPPED.read_text(), flags=re.MULTILINE)


def test_the_examples_are_off_without_their_variables() -> None:
    """`openai` brings its key's variable along, Ollama wants none."""
    loaded = parse(EXAMPLES.encode(), str(SHIPPED), {})
    assert [section for section, _, _ in loaded.settings.providers] == ["ollama"]
    off = {variable for skipped in loaded.skipped for variable in skipped.variables}
    assert off == {*re.findall(r"(?<!\$)\$\{(\w+)\}", EXAMPLES), "OPENAI_API_KEY", "OPENROUTER_API_KEY"} - {"NAME"}


def test_the_examples_load() -> None:
    environ = dict.fromkeys(re.findall(r"\$\{(\w+)\}", EXAMPLES), "set-to-something")
    environ |= {"OPENAI_API_KEY": "k", "OPENROUTER_API_KEY": "k", "GOOGLE_APPLICATION_CREDENTIALS": str(SHIPPED)}
    environ["AWS_REGION"] = "us-east-1"
    loaded = parse(EXAMPLES.encode(), str(SHIPPED), environ)
    assert loaded.skipped == ()
    assert {section for section, _, _ in loaded.settings.providers} == set(ENTRIES)
    served = Catalogue(loaded.settings, (), {})
    for name in ("openrouter/a/b", "gpt-5", "gemini-3-pro", "express/gemini-3-pro", "vertex/claude-x", "qwen"):
        assert served.candidates(name, "local")[0].alias == name


def test_nobody_is_asked_for_models() -> None:
    """Nothing is on whose server could be, and with a key there are the models that the file names."""
    for environ in ({}, {"ANTHROPIC_API_KEY": "k"}):
        assert Catalogue(load(SHIPPED, environ).settings).discoverable() == {}
