"""Every field that the support matrix knows, at every provider: its links are tried out, each by another value at its
origin, which must change what it leads to."""

from collections.abc import Iterator
from typing import Any

import pytest

from scripts.tools.fields import FIELDS
from translators import convert, provenance
from translators.errors import TranslationError
from translators.provenance import Link
from translators.tracing.places import MISSING, Place, at, read, replaced

KINDS = ("role", "type")
"""Fields whose other values make another conversation, or that are added where they lack."""
MODELS = {"anthropic": "claude-sonnet-4-5", "gemini": "gemini-2.5-flash", "openai-responses": "gpt-5"}


def others(value: Any) -> Iterator[Any]:
    if isinstance(value, bool):
        yield not value
    elif isinstance(value, int):
        yield from (value + 1, value - 1)
    elif isinstance(value, float):
        yield value / 2
    elif isinstance(value, str) and value.startswith("data:"):
        data = value.partition(";")[2]
        yield from (f"data:{kind};{data}" for kind in ("image/png", "image/jpeg", "text/plain", "application/pdf"))
        yield value[:-8] + "AAAA" + value[-4:]
    elif isinstance(value, str):
        yield from ("high", value.replace("Rome", "Oslo") if value.startswith("{") else f"{value}zz")
    yield MISSING


def leads(body: Any, source: Place, target: Place, was: Any, way: dict[str, Any]) -> bool | None:
    """Whether another value at the source changes the target; None where there is no other value that is accepted."""
    accepted = False
    for other in others(at(body, source)):
        try:
            now = convert.request(replaced(body, source, other), **way).body
        except TranslationError:
            continue
        if at(now, target) != was:
            return True
        accepted = accepted or other != at(body, source)
    return False if accepted else None


def links_in(body: Any, way: dict[str, Any]) -> tuple[tuple[Link, ...], Any]:
    try:
        found = provenance.request(body, **way)
    except TranslationError:
        return (), None  # which this provider cannot carry
    return found.links, found.output


@pytest.mark.parametrize(("client", "provider"), convert.PAIRS)
def test_each_link_leads_from_cause_to_effect(client: str, provider: str) -> None:
    way = {"client": client, "provider": provider, "model": MODELS.get(provider, "m")}
    tried = 0
    for field in FIELDS[client]:
        links, output = links_in(field.with_it, way)
        for link in links:
            if link.source in (None, "model") or link.target is None:
                continue
            source, target = read(link.source), read(link.target)
            assert at(field.with_it, source) is not MISSING, (field.name, link)
            assert (was := at(output, target)) is not MISSING, (field.name, link)
            if source[-1] in KINDS or target[-1] in KINDS:
                continue
            assert leads(field.with_it, source, target, was, way) in (True, None), (field.name, link)
            tried += 1
    assert tried >= 20


@pytest.mark.parametrize(("client", "provider"), convert.PAIRS)
def test_each_field_has_a_link_or_is_said_to_be_unknown(client: str, provider: str) -> None:
    way = {"client": client, "provider": provider, "model": MODELS.get(provider, "m")}
    for field in FIELDS[client]:
        links, _ = links_in(field.with_it, way)
        told = {link.source for link in links}
        paths = (field.path,) if isinstance(field.path, str) else field.path
        for path in paths if links else ():
            assert any(source is not None and source.startswith(path.partition("[")[0]) for source in told), field.name
