"""The links of recorded exchanges."""

import json
from dataclasses import replace
from typing import Any

import pytest
from traced_exchange import ASKED, MODEL, SAID, fanned_out, phase, recorded

from addons.inspector import diff
from addons.inspector.provenance import traced
from addons.inspector.recording import EventPair, Exchange, Phase
from translators import convert
from translators.tracing.answers import events_in
from translators.tracing.places import at, read


def ends(links: Any, source: str) -> set[tuple[str | None, str]]:
    return {(link.target, link.rule) for link in links if link.source == source}


@pytest.mark.parametrize(
    ("source", "there"),
    [
        pytest.param("messages[0].content", {("system[0].text", "renamed")}, id="a text"),
        pytest.param("max_tokens", {("max_tokens", "copied")}, id="a limit"),
        pytest.param("seed", {(None, "dropped")}, id="what the provider lacks"),
        pytest.param(
            "messages[1].content[1].image_url.url",
            {
                ("messages[0].content[1].source.data", "computed"),
                ("messages[0].content[1].source.media_type", "computed"),
                ("messages[0].content[1].source.type", "computed"),
            },
            id="an image that was taken out of the recording",
        ),
    ],
)
def test_a_request(source: str, there: set[tuple[str | None, str]]) -> None:
    found = traced(recorded())
    assert found.known
    assert ends(found.request, source) == there


def test_a_link_has_the_number_of_the_exchange_s_note() -> None:
    exchange = recorded()
    (link,) = [link for link in traced(exchange).request if link.source == "seed"]
    assert link.note is not None
    assert exchange.facts.notes[link.note].path == "seed"


def test_what_a_payload_rule_made_is_unknown() -> None:
    found = traced(recorded(max_tokens=9, added=1))
    assert (None, "unknown") in ends(found.request, "max_tokens") or not ends(found.request, "max_tokens")
    assert {link.rule for link in found.request if link.target in ("max_tokens", "added")} == {"unknown"}


def test_what_the_gateway_put_between_is_unknown_and_moves_what_comes_after_it() -> None:
    asked = {**ASKED, "messages": [{"role": role, "content": "yes"} for role in ("user", "assistant", "user")]}
    said = [{"role": role, "content": [{"type": "text", "text": "yes"}]} for role in ("user", "assistant", "user")]
    remembered = {"role": "assistant", "content": [{"type": "thinking", "thinking": "Hm.", "signature": "s"}]}
    found = traced(recorded(asked, messages=[said[0], remembered, *said[1:]]))
    assert ends(found.request, "messages[0].content") == {("messages[0].content[0].text", "renamed")}
    assert ends(found.request, "messages[1].role") == {("messages[2].role", "moved")}
    assert ends(found.request, "messages[2].content") == {("messages[3].content[0].text", "renamed")}
    put = {link.target: (link.source, link.rule) for link in found.request if "messages[1]" in str(link.target)}
    assert put == {
        f"messages[1].{path}": (None, "unknown")
        for path in ("role", "content[0].type", "content[0].thinking", "content[0].signature")
    }


@pytest.mark.parametrize("first", [0, 5], ids=["all events", "the first were left out"])
def test_a_stream(first: int) -> None:
    found = traced(recorded(first=first))
    assert ends(found.answer, f"events[{first + 2}].delta.text") == {
        (f"events[{first + 2}][0].choices[0].delta.content", "renamed")
    }


def test_events_that_were_written_otherwise_then_have_no_links() -> None:
    exchange = recorded()
    pairs = list(exchange.events)
    pairs[2] = EventPair(2, 0.0, "", pairs[2].provider, pairs[2].client * 2, 0, 1)
    exchange.events = tuple(pairs)
    assert ends(traced(exchange).answer, "events[2].delta.text") == set()


def test_a_text_that_was_another_then_has_no_link() -> None:
    exchange = recorded()
    pairs = list(exchange.events)
    pairs[2] = EventPair(2, 0.0, "", pairs[2].provider, pairs[2].client.replace(b"Sunny", b"Rainy"), 0, 1)
    exchange.events = tuple(pairs)
    assert ends(traced(exchange).answer, "events[2].delta.text") == set()


def test_a_whole_answer() -> None:
    exchange = recorded({**ASKED, "stream": False})
    exchange.events, exchange.facts.stream = (), False
    exchange.attempts[0].response = phase(
        {
            "type": "message",
            "content": [{"type": "text", "text": "Sunny"}],
            "stop_reason": "end_turn",
            "usage": {"input_tokens": 12, "output_tokens": 34},
        }
    )
    assert ends(traced(exchange).answer, "content[0].text") == {("choices[0].message.content", "renamed")}


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(None, id="none was kept"),
        pytest.param(b"{", id="no JSON"),
        pytest.param(b'{"model": "m"}', id="refused by the gateway"),
    ],
)
def test_a_request_that_cannot_be_traced_is_not_known(body: bytes | None) -> None:
    exchange = recorded()
    exchange.client_request = Phase(0.0, "POST /", (), body, 0)
    assert traced(exchange).json() == {"request": [], "answer": [], "known": False}


CITED = {"type": "char_location", "cited_text": "Sun.", "document_index": 0, "document_title": "t"}
ANSWERED = {
    **{"id": "msg_1", "type": "message", "role": "assistant", "model": MODEL, "stop_reason": "end_turn"},
    "content": [{"type": "text", "text": "Sunny", "citations": [CITED]}, {"type": "odd", "x": 1}],
    "usage": {"input_tokens": 1, "output_tokens": 2},
}


def test_what_a_whole_answer_lost_has_the_note_that_says_so() -> None:
    asked = {**ASKED, "stream": False}
    exchange = recorded(asked)
    made = convert.request(asked, client="chat", provider="anthropic", model=MODEL)
    answered = convert.answer(json.dumps(ANSWERED).encode(), request=made)
    exchange.facts.notes = (*made.notes, *answered.notes)
    attempt = replace(exchange.attempts[0], response=phase(ANSWERED))
    whole = Exchange(exchange.facts, exchange.client_request, phase(json.loads(answered.body)), (attempt,))
    lost = {link.source: link for link in traced(whole).answer if link.note is not None}
    assert {path: exchange.facts.notes[link.note or 0].path for path, link in lost.items()} == {
        "content[0].citations[0].type": "citations.char_location",
        "content[0].citations[0].cited_text": "citations.char_location",
        "content[0].citations[0].document_index": "citations.char_location",
        "content[0].citations[0].document_title": "citations.char_location",
        "content[1].type": "content.odd",
        "content[1].x": "content.odd",
    }
    assert {link.rule for link in lost.values()} == {"dropped"}
    assert lost["content[1].x"].detail == "A block of this type is not known."
    rules = {link.source: link.rule for link in traced(whole).answer if link.target is None}
    assert (rules["id"], rules["content[0].type"]) == ("dropped", "computed")


ODD = {"type": "odd", "x": 1}
LOSSY = [
    *SAID[:3],
    {"type": "content_block_delta", "index": 0, "delta": {"type": "citations_delta", "citation": CITED}},
    SAID[3],
    {"type": "content_block_start", "index": 1, "content_block": ODD},
    {"type": "content_block_stop", "index": 1},
    *SAID[4:],
]


@pytest.mark.parametrize("first", [0, 5], ids=["all events", "the first were left out"])
def test_what_a_stream_lost_has_the_note_of_the_whole_answer(first: int) -> None:
    exchange = recorded(first=first, said=LOSSY)
    lost = {link.source: link for link in traced(exchange).answer if link.note is not None}
    assert {path: exchange.facts.notes[link.note or 0].path for path, link in lost.items()} == {
        f"events[{first + 3}].delta.citation.type": "citations.char_location",
        f"events[{first + 3}].delta.citation.cited_text": "citations.char_location",
        f"events[{first + 3}].delta.citation.document_index": "citations.char_location",
        f"events[{first + 3}].delta.citation.document_title": "citations.char_location",
        f"events[{first + 5}].content_block.type": "content.odd",
        f"events[{first + 5}].content_block.x": "content.odd",
    }
    rows = {row.get("left"): row for row in diff.of_exchange(exchange, "answer", traced(exchange))}
    for path, link in lost.items():
        assert (rows[path]["rule"], rows[path]["note"]) == ("dropped", link.note)
        assert rows[path]["detail"] == exchange.facts.notes[link.note or 0].detail


def test_a_loss_whose_note_was_not_recorded_has_none() -> None:
    exchange = recorded(said=LOSSY)
    exchange.facts.notes = ()
    (link,) = [link for link in traced(exchange).answer if link.source == "events[5].content_block.x"]
    assert (link.rule, link.note) == ("dropped", None)


def test_each_of_several_streams_has_its_links() -> None:
    exchange = fanned_out(stream=True)
    links = traced(exchange).answer
    found = [link for link in links if str(link.source).endswith("delta.text") and link.rule == "renamed"]
    said = [pair for pair in exchange.events if b"Sunny" in pair.provider]
    assert [pair.call for pair in said] == [1, 0]
    for link, pair in zip(sorted(found, key=lambda link: link.source or ""), said, strict=True):
        _, n, chunk, *place = read(link.target or "")
        assert (link.source, n) == (f"events[{pair.n}].delta.text", pair.n)
        got = events_in(pair.client)[int(chunk)]
        assert (at(got, tuple(place)), got["choices"][0]["index"]) == ("Sunny", pair.call)
    told = {str(link.source).partition(".")[0] for link in links}
    assert told >= {f"events[{pair.n}]" for pair in exchange.events}


@pytest.mark.parametrize(("first", "paths"), [(0, ("", "calls[1].")), (1, ("calls[0].", ""))], ids=["first", "second"])
def test_each_of_several_answers_has_its_links(first: int, paths: tuple[str, str]) -> None:
    """The paths of the one that is shown are those of its body."""
    exchange = fanned_out(stream=False)
    exchange.attempts = (*exchange.attempts[first:], *exchange.attempts[:first])
    links = traced(exchange).answer
    for call, path in enumerate(paths):
        assert ends(links, f"{path}content[0].text") == {(f"choices[{call}].message.content", "renamed")}
    assert [link for link in links if link.rule == "unknown"] == []


def test_of_answers_to_other_calls_than_today_s_the_first_has_links() -> None:
    exchange = fanned_out(stream=False)
    exchange.attempts = exchange.attempts[:1]
    sources = {str(link.source) for link in traced(exchange).answer if link.source}
    assert "content[0].text" in sources
    assert not [source for source in sources if source.startswith("calls[")]
