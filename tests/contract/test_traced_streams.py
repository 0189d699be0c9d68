"""Streams of every provider are traced to every client: each text has its origin, and no link leads to nowhere."""

from typing import Any

import pytest
from samples import COMPLETE
from wholes import RECORDINGS, payloads_in

from translators import convert, provenance
from translators.tracing.places import MISSING, at, read

TEXTS = {
    "anthropic": ("delta", "text"),
    "bedrock": ("contentBlockDelta", "delta", "text"),
    "gemini": ("candidates", 0, "content", "parts", 0, "text"),
    "ollama": ("message", "content"),
    "openai": ("choices", 0, "delta", "content"),
    "openai-responses": ("delta",),
}
"""Where an event has a text of the answer."""
WRITTEN = {"chat": ("choices", 0, "delta", "content"), "completions": ("choices", 0, "text"), "responses": ("delta",)}
PLAIN = {
    name: (provider, payloads_in(provider, data))
    for name, (provider, data) in RECORDINGS.items()
    if name in COMPLETE and name.rpartition("/")[2].startswith("text.")
}
EVERY = [
    pytest.param(name, client, id=f"{name}-{client}")
    for name, (provider, _) in RECORDINGS.items()
    if name in COMPLETE or provider == "openai-completions"
    for client in convert.CLIENTS
    if (client, provider) in convert.PAIRS
]


def traced(provider: str, client: str, payloads: list[Any]) -> provenance.Links:
    texts = [each.decode() if isinstance(each, bytes) else each for each in payloads]
    return provenance.stream(texts, convert.without_request(client, provider, "m"))


def test_there_is_a_plain_stream_of_each_dialect() -> None:
    assert {provider for provider, _ in PLAIN.values()} == set(TEXTS)


@pytest.mark.parametrize("client", convert.CLIENTS)
@pytest.mark.parametrize("name", PLAIN)
def test_each_text_became_a_text_of_the_client_s(name: str, client: str) -> None:
    provider, payloads = PLAIN[name]
    links = traced(provider, client, payloads)
    said = [n for n, event in enumerate(payloads) if isinstance(at(event, TEXTS[provider]), str)]
    said = [n for n in said if at(payloads[n], TEXTS[provider])]
    said = [n for n in said if provider != "openai-responses" or payloads[n]["type"].endswith("output_text.delta")]
    assert said
    for n in said:
        source = ("events", n, *TEXTS[provider])
        targets = [read(link.target or "") for link in links.links if read(link.source or "") == source]
        assert [place[3:] for place in targets if place[:2] == ("events", n)] == [WRITTEN[client]]


@pytest.mark.parametrize(("name", "client"), EVERY)
def test_links_of_a_stream_hold(name: str, client: str) -> None:
    provider, data = RECORDINGS[name]
    payloads = payloads_in(provider, data)
    links = traced(provider, client, payloads)
    for link in links.links:
        source, target = (
            at({"events": payloads}, read(link.source or "")),
            at(links.output, read(link.target or "")),
        )
        assert source is not MISSING
        assert target is not MISSING
        if link.rule in ("copied", "moved", "renamed"):
            assert source == target


@pytest.mark.parametrize("name", PLAIN)
def test_a_stream_that_breaks_off_is_traced_as_far_as_it_came(name: str) -> None:
    provider, payloads = PLAIN[name]
    first = next(n for n, event in enumerate(payloads) if at(event, TEXTS[provider]) not in (MISSING, ""))
    links = traced(provider, "chat", payloads[: first + 1]).links
    whole = traced(provider, "chat", payloads).links
    assert [link for link in links if (link.source or "").startswith(f"events[{first}]")]
    assert {link for link in links if link.rule == "renamed"} <= set(whole)


def test_of_a_very_long_stream_the_beginning_is_traced() -> None:
    provider, payloads = PLAIN[next(name for name in PLAIN if name.startswith("anthropic/"))]
    first = next(n for n, event in enumerate(payloads) if at(event, TEXTS[provider]) is not MISSING)
    links = traced(provider, "chat", [*payloads[:first], *payloads[first : first + 1] * 5_000, *payloads[first:]]).links
    numbers = {int(read(link.source or "")[1]) for link in links if (link.source or "").endswith("text")}
    assert {first, first + 1000} <= numbers
    assert max(numbers) < 4_000
