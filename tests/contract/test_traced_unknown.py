"""Of a usual answer nothing is unknown: each value of the provider's and each of the client's has a link with a rule,
and one that has no other end says why."""

import copy
import re
from typing import Any

import pytest

from tests.contract.canary_answers import PIECES, STREAMS, TEXT, WHOLE
from tests.contract.canary_oracle import leaves, name
from tests.contract.canary_requests import MODELS, asked
from tests.contract.lossy_answers import LOST, lossy
from translators import convert, provenance
from translators.convert import Answering
from translators.provenance import Link, Links
from translators.registry import PASSTHROUGH
from translators.tracing.places import at

FORM = "The client's format requires it."
MADE = "The gateway makes it."
SAME = "Nothing of it is sent: the client's answer is the same with another value."
WITHOUT = "The client's answer is the same without it."
DECIDES = "It decides what becomes of the answer: with another value there is another, or none."
ASKED = "It is the name that the client asked for."
REPEATED = "The answer repeats the client's request, with the defaults of what that left open."

PAIRS = [pytest.param(client, provider, id=f"{client}-{provider}") for client, provider in convert.PAIRS]
UNKNOWN: dict[tuple[str, str], dict[str, str]] = {}
"""The values of a pair that are unknown, each with its reason; there is none."""


def answering(client: str, provider: str, *, least: bool, stream: bool) -> Answering:
    body = (
        {**convert.PLAIN[client], "model": "m", "stream": stream} if least else asked(client, provider, stream=stream)
    )
    return convert.request(body, client=client, provider=provider, model=MODELS[provider]).answering


def traced(client: str, provider: str, *, least: bool = False, stream: bool = False) -> tuple[Any, Links]:
    parts = answering(client, provider, least=least, stream=stream)
    if not stream:
        had = copy.deepcopy(WHOLE[provider])
        return had, provenance.answer(had, parts)
    events = copy.deepcopy(STREAMS[provider])
    return {"events": events}, provenance.stream(events, parts)


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
@pytest.mark.parametrize("least", [False, True], ids=["a large request", "the least request"])
@pytest.mark.parametrize(("client", "provider"), PAIRS)
def test_nothing_of_a_usual_answer_is_unknown(client: str, provider: str, least: bool, stream: bool) -> None:
    had, found = traced(client, provider, least=least, stream=stream)
    known = [link for link in found.links if link.rule != "unknown"]
    sources, targets = {link.source for link in known}, {link.target for link in known}
    unknown = {path for path, _ in leaves(had) if path not in sources}
    unknown |= {path for path, _ in leaves(found.output) if path not in targets}
    unknown -= {f"events[{n}]" for n, became in enumerate(found.output.get("events", ())) if not became}
    assert not any(re.fullmatch(r"events\[\d+\]", str(target)) for target in targets)
    assert unknown == UNKNOWN.get((client, provider), {}).keys()
    assert [link for link in known if None in (link.source, link.target) and not link.detail] == []
    assert len({(link.source, link.target) for link in found.links}) == len(found.links)


def said_of(value: Any, had: Any, found: Links) -> set[tuple[str, str | None, str]]:
    """Return what the links say of a value that did not become anything: their rules, their notes and reasons."""
    values = dict(leaves(had))
    links = [link for link in found.links if link.target is None and values.get(str(link.source)) == value]
    return {(link.rule, None if link.note is None else found.notes[link.note].path, link.detail) for link in links}


@pytest.mark.parametrize(("client", "provider"), PAIRS)
def test_of_a_loss_a_stream_says_what_the_whole_answer_does(client: str, provider: str) -> None:
    whole, events = lossy(provider)
    once = provenance.answer(whole, answering(client, provider, least=True, stream=False))
    streamed = provenance.stream(events, answering(client, provider, least=True, stream=True))
    for value, note in LOST[provider].items():
        said = said_of(value, whole, once)
        assert said == said_of(value, {"events": events}, streamed), value
        if (client, provider) in PASSTHROUGH:
            assert not said, value
        else:
            assert [(rule, path) for rule, path, _ in said] == [("dropped", note)], value
            assert all(detail for _, _, detail in said)


@pytest.mark.parametrize("provider", ["gemini", "ollama"])
def test_of_a_long_stream_what_its_end_lost_is_known(provider: str) -> None:
    """Too much is in it to try every value: one of each kind comes first."""
    _, events = lossy(provider)
    where = next(number for number, event in enumerate(events) if PIECES[1] in str(event))
    events[where:where] = [events[where]] * 60
    found = provenance.stream(events, answering("chat", provider, least=True, stream=True))
    for value, note in LOST[provider].items():
        assert [(rule, path) for rule, path, _ in said_of(value, {"events": events}, found)] == [("dropped", note)], (
            value
        )


def test_of_a_long_stream_the_words_of_each_event_are_known() -> None:
    """Too much is in it to try every value."""
    delta = next(event for event in STREAMS["anthropic"] if at(event, ("delta", "type")) == "text_delta")
    where = STREAMS["anthropic"].index(delta)
    events = [*STREAMS["anthropic"][:where], *[delta] * 300, *STREAMS["anthropic"][where:]]
    found = provenance.stream(events, answering("chat", "anthropic", least=False, stream=True))
    there = {link.target: (link.rule, link.detail) for link in found.links if link.source is None}
    chunk = f"events[{where + 250}][0]"
    assert {name: there.get(f"{chunk}.{name}") for name in ("id", "object", "created", "model")} == {
        "id": ("defaulted", MADE),
        "object": ("defaulted", FORM),
        "created": ("defaulted", MADE),
        "model": ("computed", ASKED),
    }
    assert there[f"{chunk}.choices[0].logprobs"] == ("defaulted", FORM)
    assert f"{chunk}.choices[0].index" not in there, "it may be the provider's"


@pytest.mark.parametrize("provider", ["anthropic", "bedrock", "ollama"])
def test_nothing_of_answers_to_several_calls_is_unknown(provider: str) -> None:
    """The models give one answer a call, and the client wants two."""
    body = {**convert.PLAIN["chat"], "model": "m", "n": 2}
    made = convert.request(body, client="chat", provider=provider, model=MODELS[provider])
    had = copy.deepcopy(WHOLE[provider])
    found = provenance.answers([had, had], made.answering)
    assert [link for link in found.links if link.rule == "unknown"] == []
    texts = {path for path, value in leaves({"calls": [had, had]}) if value == TEXT}
    told = [(link.source, link.target) for link in found.links if link.source in texts and link.target]
    assert sorted(told) == [(path, f"choices[{call}].message.content") for call, path in enumerate(sorted(texts))]


# --- what the client gets -----------------------------------------------------------------------

CONSTANTS: dict[str, tuple[Any, ...]] = {
    "object": ("chat.completion", "chat.completion.chunk", "text_completion", "response"),
    "role": ("assistant",),
    "status": ("completed", "in_progress"),
    "index": (0, 1, 2, 3),
}
"""The values that a format requires, beside empty ones, types, and positions."""


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
@pytest.mark.parametrize(("client", "provider"), PAIRS)
def test_what_the_format_requires_is_no_value_of_the_provider_s(client: str, provider: str, stream: bool) -> None:
    _, found = traced(client, provider, stream=stream)
    made = dict(leaves(found.output))
    required = {link.target: made[link.target] for link in found.links if link.target and link.detail == FORM}
    for path, value in required.items():
        last = name(path)
        if last in CONSTANTS:
            assert value in CONSTANTS[last], path
        elif last == "type":
            assert isinstance(value, str)
        else:
            assert value in (None, "", [], {}, 0, "[DONE]") or last.endswith(("_index", "_number")), path


def test_with_another_provider_what_the_format_requires_is_the_same() -> None:
    """The form is one: whichever provider answers, these have the same words."""
    by_provider = {}
    for provider in ("anthropic", "bedrock", "gemini", "ollama"):
        _, found = traced("chat", provider, least=True)
        made = dict(leaves(found.output))
        required = {str(link.target) for link in found.links if link.target and link.detail == FORM}
        shared = ("object", "choices[0].index", "choices[0].message.role", "choices[0].message.refusal")
        assert required.issuperset(shared)
        by_provider[provider] = [made[path] for path in shared]
    assert len({str(each) for each in by_provider.values()}) == 1


# --- by hand ------------------------------------------------------------------------------------

SAID: dict[str, Any] = {
    "id": "msg_1",
    "type": "message",
    "role": "assistant",
    "model": "claude",
    "content": [{"type": "text", "text": "Sunny."}],
    "stop_reason": "end_turn",
    "stop_sequence": None,
    "usage": {"input_tokens": 12, "output_tokens": 34, "service_tier": "standard"},
}
BY_HAND: dict[str, dict[str, dict[str, tuple[str, str]]]] = {
    "chat": {
        "from": {
            "id": ("dropped", SAME),
            "type": ("dropped", SAME),
            "role": ("dropped", SAME),
            "model": ("dropped", SAME),
            "content[0].type": ("computed", DECIDES),
            "stop_sequence": ("dropped", WITHOUT),
        },
        "to": {
            "id": ("defaulted", MADE),
            "object": ("defaulted", FORM),
            "created": ("defaulted", MADE),
            "model": ("computed", ASKED),
            "choices[0].index": ("defaulted", FORM),
            "choices[0].message.role": ("defaulted", FORM),
            "choices[0].message.refusal": ("defaulted", FORM),
            "choices[0].logprobs": ("defaulted", FORM),
        },
    },
    "completions": {
        "from": {"role": ("dropped", SAME), "content[0].type": ("computed", DECIDES)},
        "to": {
            "id": ("defaulted", MADE),
            "object": ("defaulted", FORM),
            "created": ("defaulted", MADE),
            "model": ("computed", ASKED),
            "choices[0].index": ("defaulted", FORM),
            "choices[0].logprobs": ("defaulted", FORM),
        },
    },
    "responses": {
        "from": {"role": ("dropped", SAME), "content[0].type": ("computed", DECIDES)},
        "to": {
            "id": ("defaulted", MADE),
            "object": ("defaulted", FORM),
            "created_at": ("defaulted", MADE),
            "model": ("computed", ASKED),
            "error": ("defaulted", FORM),
            "temperature": ("computed", REPEATED),
            "tools": ("computed", REPEATED),
            "output[0].id": ("defaulted", MADE),
            "output[0].type": ("defaulted", FORM),
            "output[0].role": ("defaulted", FORM),
            "output[0].content[0].annotations": ("defaulted", FORM),
        },
    },
}


def ends(links: tuple[Link, ...], side: str) -> dict[str, tuple[str, str]]:
    """Return the rules and reasons of the links that have only an end of one side."""
    if side == "from":
        return {link.source: (link.rule, link.detail) for link in links if link.source and not link.target}
    return {link.target: (link.rule, link.detail) for link in links if link.target and not link.source}


@pytest.mark.parametrize("side", ["from", "to"])
@pytest.mark.parametrize("client", BY_HAND)
def test_the_reasons_of_a_simple_answer(client: str, side: str) -> None:
    found = provenance.answer(SAID, answering(client, "anthropic", least=True, stream=False))
    there = ends(found.links, side)
    wanted = BY_HAND[client][side]
    assert {path: there.get(path) for path in wanted} == wanted
    assert not [path for path, (rule, _) in there.items() if rule == "unknown"]


LEAST_REQUESTS = [
    pytest.param(*each.values, stream, id=f"{each.id}-{stream}") for each in PAIRS for stream in (None, False, True)
]


@pytest.mark.parametrize(("client", "provider", "stream"), LEAST_REQUESTS)
def test_nothing_of_the_least_request_is_unknown(client: str, provider: str, stream: bool | None) -> None:
    body = {"model": "m", **convert.PLAIN[client], **({} if stream is None else {"stream": stream})}
    found = provenance.request(body, client=client, provider=provider, model=MODELS[provider])
    assert [link for link in found.links if link.rule == "unknown"] == []
    made = [link.rule for link in found.links if link.target == "stream"]
    if "stream" in found.output:
        always = any(note.path == "stream" for note in found.notes)
        assert made == ["defaulted" if stream is None else "computed" if always else "copied"]
