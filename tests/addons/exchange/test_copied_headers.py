"""`$NAME` in an entry's `headers` copies the client's header NAME into the provider's request."""

from typing import Any

import pytest

from addons.exchange.provider_request import provider_request
from routing.catalogue import Catalogue
from routing.config import parse
from routing.errors import ConfigError
from routing.providers import ENTRIES
from translators.dialects import Recall, Rendered
from translators.registry import PROVIDERS

RENDERED = Rendered("/path", {}, {"x-dialect": "its own"}, (), Recall())
CLIENT = {"x-session": "s-1", "user-agent": "codex/1", "x-dialect": "theirs", "x-empty": ""}
OTHERS = {
    "openai-compatibility": {"name": "x", "base-url": "http://h"},
    "vertex": {"project": "p", "application-default": "true"},
    "bedrock": {"region": "us-east-1"},
    "azure-openai": {"endpoint": "https://r", "api-key": "k"},
}


def sent(headers: str, environ: dict[str, str] | None = None, section: str = "claude-api-key", **more: str) -> Any:
    """The headers that a request takes from the entry and from the client."""
    fields = "".join(f", {name}: {value}" for name, value in (more or {"api-key": "k"}).items())
    text = f"{section}: [{{models: [{{name: m}}], headers: {headers}{fields}}}]"
    target = Catalogue(parse(text.encode(), "c.yaml", environ or {}).settings).candidates("m", "key-1")[0]
    upstream = PROVIDERS[next(iter(target.base_urls))]
    request = provider_request("agent", (), target, upstream, RENDERED, CLIENT)
    return {**dict(request.headers), **dict(request.secrets)}


@pytest.mark.parametrize("section", ENTRIES)
def test_a_header_is_copied_in_every_section(section: str) -> None:
    got = sent("{X-Session-Id: $X-Session}", section=section, **OTHERS.get(section, {"api-key": "k"}))
    assert got["x-session-id"] == "s-1"


@pytest.mark.parametrize(
    ("value", "got"),
    [
        pytest.param("$X-Session", "s-1", id="copied"),
        pytest.param("$x-sESSION", "s-1", id="in any case"),
        pytest.param("$X-Absent", None, id="left out"),
        pytest.param("$X-Empty", "", id="empty"),
        pytest.param("$$X-Session", "$X-Session", id="a dollar of one's own"),
        pytest.param("${REFERENCE}", "$X-Session", id="a variable is not read again"),
        pytest.param("${UNSET:-$X-Session}", "$X-Session", id="nor a default"),
        pytest.param("a $X-Session", "a $X-Session", id="part of a text"),
        pytest.param("$X_Session", "$X_Session", id="no name of a header"),
        pytest.param("$1", "$1", id="a number"),
        pytest.param("$", "$", id="a dollar alone"),
    ],
)
def test_what_copies(value: str, got: str | None) -> None:
    assert sent(f"{{x-it: '{value}'}}", {"REFERENCE": "$X-Session"}).get("x-it") == got


def test_the_operator_wins() -> None:
    assert sent("{User-Agent: $User-Agent}")["user-agent"] == "codex/1"
    assert sent("{X-Dialect: $X-Dialect}")["x-dialect"] == "theirs"
    assert sent("{}")["x-dialect"] == "its own"


@pytest.mark.parametrize("name", ["Authorization", "Cookie", "x-api-key", "X-Goog-Api-Key", "Proxy-Authorization"])
def test_no_credential_is_copied(name: str) -> None:
    with pytest.raises(ConfigError, match=r"claude-api-key\[0\]\.headers: copies a header that is never passed on"):
        sent(f"{{x-it: ${name}}}")
