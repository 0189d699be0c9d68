"""What a client gets is what the recording says, as the openai SDK reads it: not only the same by every route."""

import copy
import json
from collections.abc import Iterator
from dataclasses import fields
from typing import Any

import pytest
from client_facts import client_facts
from facts import Choice, Facts, recorded, recorded_facts
from routes import Route, payloads_of, routes_of
from samples import CONTENT_TYPES
from wholes import RECORDINGS

CASES = [
    pytest.param(name, route, streamed, id=f"{name} {'=' if route.passed_through else '-'}> {route.client}, {form}")
    for name, (provider, _) in RECORDINGS.items()
    if "/failing_" not in name
    for route in routes_of(provider)
    if not (route.passed_through and "/odd_" in name)  # it stays odd
    for streamed, form in ((True, "stream"), (False, "whole"))
]


UNTYPED = ("openai-responses/custom_tool.sse",)
"""The SDK's type of a chunk knows no custom tools."""


def answer(name: str, route: Route, *, streamed: bool) -> bytes:
    """The client's bytes."""
    pipe = route.pipe(CONTENT_TYPES[route.framing], streamed=streamed)
    out = pipe.feed(RECORDINGS[name][1]) + pipe.close()
    assert pipe.failure is None
    return out


def tellable(facts: Facts, client: str) -> Facts:
    """What a client has a place for: one choice in a response; in completions no calls, and of a refusal only that
    there was one."""
    choices, usage = facts
    if client == "responses":
        return choices[:1], usage
    if client == "chat":
        return facts
    ends = [("content_filter" if each.refusal else each.finish).replace("tool_calls", "stop") for each in choices]
    return [Choice(each.text, finish=end) for each, end in zip(choices, ends, strict=True)], usage


@pytest.mark.parametrize(("name", "route", "streamed"), CASES)
def test_a_client_has_what_the_recording_says(name: str, route: Route, streamed: bool) -> None:
    expected = tellable(recorded_facts(RECORDINGS[name][0], recorded(name)), route.client)
    ours = not (route.passed_through or (route.client == "chat" and name in UNTYPED))
    for facts in client_facts(route.client, answer(name, route, streamed=streamed), streamed=streamed, ours=ours):
        assert facts == expected


@pytest.mark.parametrize("fact", [field.name for field in fields(Choice)])
def test_every_fact_is_in_a_recording(fact: str) -> None:
    """So that each is compared at all."""
    complete = {name: provider for name, (provider, _) in RECORDINGS.items() if "/failing_" not in name}
    everything = [recorded_facts(provider, recorded(name)) for name, provider in complete.items()]
    assert any(getattr(choice, fact) for choices, _ in everything for choice in choices)


# --- the oracle can fail -------------------------------------------------------------------------------

RICH = {
    "text": "anthropic/text.sse",
    "reasoning and calls": "anthropic/parallel_tools_after_thinking.sse",
    "citations": "anthropic/web_search_with_citations.sse",
    "a refusal": "openai/refusal.sse",
    "a picture": "gemini/picture.sse",
}
NOT_FACTS = {
    "id", "created", "created_at", "completed_at", "model", "object", "sequence_number", "logprobs", "obfuscation",
    "native_finish_reason", "provider_content", "thinking_blocks", "encrypted_content", "extra_content", "phase",
    "service_tier", "total_tokens", "top_logprobs", "system_fingerprint", "cache_write_tokens", "prompt_tokens_details",
}  # fmt: skip
"""What a client's answer has besides, of which others of the contract's tests are."""
Place = tuple[Any, ...]


def places(value: Any, at: Place = ()) -> Iterator[Place]:
    """Where words and numbers stand that are facts."""
    if isinstance(value, dict):
        for name, inner in value.items():
            if name not in NOT_FACTS:
                yield from places(inner, (*at, name))
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from places(inner, (*at, index))
    elif isinstance(value, str | int) and not isinstance(value, bool) and value != "":
        yield at


def misspelt(payloads: list[Any], at: Place) -> bytes:
    """The stream with one word misspelt, or one number off by one."""
    wrong = copy.deepcopy(payloads)
    inner: Any = wrong
    for step in at[:-1]:
        inner = inner[step]
    value = inner[at[-1]]
    inner[at[-1]] = value + 1 if isinstance(value, int) else f"{value[:-1]}~"
    return b"".join(b"data: %b\n\n" % json.dumps(each, separators=(",", ":")).encode() for each in wrong)


@pytest.mark.parametrize("client", ["chat", "responses"])
@pytest.mark.parametrize("name", RICH.values(), ids=RICH)
def test_whatever_is_misspelt_is_noticed(name: str, client: str) -> None:
    provider = RECORDINGS[name][0]
    data = answer(name, Route(client, provider), streamed=True)
    expected = client_facts(client, data, streamed=True)
    payloads = list(payloads_of(data))
    unnoticed = [at for at in places(payloads) if not noticed(client, misspelt(payloads, at), expected)]
    assert not unnoticed, "\n".join(".".join(map(str, at)) for at in unnoticed)


def noticed(client: str, data: bytes, expected: list[Facts]) -> bool:
    try:
        return client_facts(client, data, streamed=True) != expected
    except (AssertionError, AttributeError, IndexError, KeyError, RuntimeError, TypeError, ValueError):
        return True
