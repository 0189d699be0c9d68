"""Every pair of dialects: each value of a request and of an answer exists once, is looked for, and is where the links
say that it is."""

import copy
from typing import Any

import pytest

from addons.inspector.provenance import link_json
from tests.contract.canary_answers import STREAMS, WHOLE, table_of
from tests.contract.canary_oracle import canaries, judge
from tests.contract.canary_requests import LEAST, MODELS, asked
from translators import convert, provenance
from translators.convert import Answering

PAIRS = [pytest.param(client, provider, id=f"{client}-{provider}") for client, provider in convert.PAIRS]


def request_links(client: str, provider: str, body: dict[str, Any]) -> provenance.Links:
    return provenance.request(body, client=client, provider=provider, model=MODELS[provider])


def answering(client: str, provider: str, *, stream: bool) -> Answering:
    body = asked(client, provider, stream=stream)
    return convert.request(body, client=client, provider=provider, model=MODELS[provider]).answering


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
@pytest.mark.parametrize(("client", "provider"), PAIRS)
def test_each_value_of_a_request_is_where_its_links_say(client: str, provider: str, stream: bool) -> None:
    body = asked(client, provider, stream=stream)
    found = request_links(client, provider, body)
    notes = [{"path": note.path, "fate": note.fate, "detail": note.detail} for note in found.notes]
    verdict = judge(body, found.output, [link_json(link) for link in found.links], notes)
    assert verdict.wrong == []
    assert verdict.judged >= LEAST[client]


# --- answers ------------------------------------------------------------------------------------


@pytest.mark.parametrize(("client", "provider"), PAIRS)
def test_each_value_of_a_whole_answer_is_where_its_links_say(client: str, provider: str) -> None:
    had = WHOLE[provider]
    found = provenance.answer(copy.deepcopy(had), answering(client, provider, stream=False))
    links = [link_json(link) for link in found.links]
    verdict = judge(had, found.output, links, table=table_of(client, provider, had))
    assert verdict.wrong == []
    assert verdict.judged == len(canaries(had))


@pytest.mark.parametrize(("client", "provider"), PAIRS)
def test_each_value_of_a_stream_is_where_its_links_say(client: str, provider: str) -> None:
    had = {"events": STREAMS[provider]}
    found = provenance.stream(copy.deepcopy(STREAMS[provider]), answering(client, provider, stream=True))
    links = [link_json(link) for link in found.links]
    verdict = judge(had, found.output, links, table=table_of(client, provider, had))
    assert verdict.wrong == []
    assert verdict.judged == len(canaries(had))


def with_one_text(value: Any) -> Any:
    """Return a history in which everybody says the same."""
    if isinstance(value, dict):
        return {
            key: "yes" if key in ("content", "text", "output") and isinstance(inner, str) else with_one_text(inner)
            for key, inner in value.items()
        }
    return [with_one_text(inner) for inner in value] if isinstance(value, list) else value


@pytest.mark.parametrize(("client", "provider"), PAIRS)
def test_equal_texts_have_the_links_of_different_ones(client: str, provider: str) -> None:
    body = asked(client, provider, stream=True)
    name = {"chat": "messages", "responses": "input", "completions": "stop"}[client]
    same = {**body, name: with_one_text(body[name]), **({"instructions": "yes"} if client == "responses" else {})}
    ends, others = (
        {(link.source, link.target) for link in request_links(client, provider, each).links} for each in (body, same)
    )
    assert others == ends
