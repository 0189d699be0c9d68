"""The field above the list: words and chips."""

from typing import Any

import pytest

from addons.inspector import search
from addons.inspector.recording import Facts, Timings, Tokens
from tests.addons.inspector.recordings import Recorder, message, record
from translators.notes import Note

FACTS = Facts(
    id="req_7f", seq=1, started=0.0, client="alice", dialect="chat", path="/v1/chat/completions",
    model="claude-opus", provider="anthropic", provider_model="claude-opus-4-8", provider_dialect="anthropic",
    status=429, stream=True, end="failed", error="rate_limit_exceeded", cause="the provider answered 429",
    tokens=Tokens(900, 200), notes=(Note("seed", "dropped"), Note("messages[0].name", "moved")),
    timings=Timings(own=1.5, first_event=300.0, longest_gap=80.0, duration=2500.0), bytes=3_000_000, attempts=2,
    conversation="c0ffee", injected=("stall",),
)  # fmt: skip
TEXT = search.heading(FACTS) + "\nWhat is the Capital of Iceland?\nReykjavík".lower()


@pytest.mark.parametrize(
    ("query", "found"),
    [
        pytest.param("", True, id="nothing asks for everything"),
        pytest.param("CAPITAL", True, id="a word of the prompt, in any case"),
        pytest.param("reykjavík", True, id="a word of the answer"),
        pytest.param("capital spain", False, id="all words"),
        pytest.param('"capital of"', True, id="words that follow each other"),
        pytest.param('"of capital"', False, id="words in another order"),
        pytest.param("-iceland", False, id="not a word"),
        pytest.param("-norway", True, id="not a word that is not there"),
        pytest.param("req_7f", True, id="an id"),
        pytest.param("429", True, id="a status as a word"),
        pytest.param("model:opus-4", True, id="the provider's name of the model"),
        pytest.param("model:gpt", False, id="another model"),
        pytest.param("-model:gpt", True, id="not another model"),
        pytest.param("provider:anthropic client:alice", True, id="two chips"),
        pytest.param("provider:anthropic client:bob", False, id="two chips, one wrong"),
        pytest.param("status:429", True, id="a status"),
        pytest.param("status:4xx", True, id="a class of status"),
        pytest.param("status:5xx", False, id="another class"),
        pytest.param("note:seed", True, id="a note's path"),
        pytest.param("note:dropped", True, id="a note's fate"),
        pytest.param("note:iceland", False, id="a note, not a text"),
        pytest.param("end:failed stream:true", True, id="end and stream"),
        pytest.param("stream:no", False, id="no stream"),
        pytest.param("tokens>1000", True, id="more tokens"),
        pytest.param("tokens>1100", False, id="not so many"),
        pytest.param("tokens>=1.1k", True, id="so many, in thousands"),
        pytest.param("duration>2s", True, id="longer"),
        pytest.param("duration<2500ms", False, id="not shorter"),
        pytest.param("own<2", True, id="milliseconds"),
        pytest.param("bytes>2MB bytes<3mb", True, id="bytes"),
        pytest.param("events>0", False, id="no events"),
        pytest.param("attempts=2", True, id="a number"),
        pytest.param("conversation:c0ffee injected:stall", True, id="a conversation, and a fault"),
        pytest.param("tokens>many", False, id="no number: a word"),
        pytest.param("colour:blue", False, id="no such chip: a word"),
        pytest.param('"', True, id="half a quotation"),
        pytest.param("-", True, id="a dash alone is a word"),
    ],
)
def test_what_is_found(query: str, found: bool) -> None:
    assert search.parse(query).matches(FACTS, TEXT) is found


@pytest.mark.parametrize("query", ["(" * 5000, '"' * 5000, "a:" * 3000, "-" * 5000, "\ud800", "x " * 5000])
def test_nothing_that_is_typed_is_an_error(query: str) -> None:
    asked = search.parse(query)
    asked.matches(FACTS, TEXT)
    assert len(asked.words) + len(asked.chips) <= 20


@pytest.mark.parametrize(
    ("body", "word"),
    [
        pytest.param(b'{"messages":[{"role":"user","content":"na\\u00efve plan"}]}', "naïve", id="escaped letters"),
        pytest.param(b'{"input":[{"content":[{"text":"deep"}]}]}', "deep", id="deep"),
        pytest.param(b"no json", "json", id="no JSON"),
        pytest.param(b'{"a":"' + b"x " * 20_000 + b'the end"}', '"the end"', id="the end of a long one"),
    ],
)
def test_texts_of_bodies_are_found(body: bytes, word: str) -> None:
    recorder = Recorder()
    recorder.one("req_1", body=body)
    recorder.one("req_2")
    assert [each["id"] for each in recorder.store.summaries(word).exchanges] == ["req_1"]


def test_a_streamed_answer_is_found_by_words_that_no_event_has() -> None:
    recorder = Recorder()
    recorder.one("req_1", "Rey", "kja", "v\\u00edk is ", "it")
    assert recorder.store.summaries("reykjavík").total == 1


LONG = f"{search.heading(FACTS)}\n{'before ' * 20}what is the\ncapital of iceland? {'after ' * 40}"


@pytest.mark.parametrize(
    ("query", "text", "excerpt"),
    [
        pytest.param("iceland", TEXT, "what is the capital of iceland? reykjavík", id="a short body whole"),
        pytest.param("iceland", LONG, "before what is the capital of iceland? after after", id="around the word"),
        pytest.param("model:opus", TEXT, None, id="a chip"),
        pytest.param("alice", TEXT, None, id="a name"),
        pytest.param("-norway", TEXT, None, id="what is not wanted"),
        pytest.param("alice iceland", TEXT, "what is the capital of iceland? reykjavík", id="a name and a word"),
        pytest.param("spain", TEXT, None, id="nothing"),
        pytest.param("iceland", "", None, id="no text"),
    ],
)
def test_a_search_shows_where_a_body_has_the_word(query: str, text: str, excerpt: str | None) -> None:
    shown = search.parse(query).excerpt(text.lower())
    assert shown is None if excerpt is None else shown is not None and excerpt in shown and len(shown) < 120


def test_the_list_shows_what_was_found() -> None:
    recorder = Recorder()
    recorder.one("req_1", body=b'{"messages": [{"role": "user", "content": "Where is Reykjavik?"}]}')
    assert [each["found"] for each in recorder.store.summaries("reykjavik").exchanges] == ["where is reykjavik?"]
    assert [each["found"] for each in recorder.store.summaries("req_1").exchanges] == [None]


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        pytest.param({"prompt_cache_key": "a"}, {"prompt_cache_key": "a"}, True, id="one key"),
        pytest.param({"prompt_cache_key": "a"}, {"prompt_cache_key": "b"}, False, id="two keys"),
    ],
)
def test_requests_of_one_session_are_one_conversation(one: Any, other: Any, same: bool) -> None:
    recorder = Recorder()
    for id, body in (("req_1", one), ("req_2", other)):
        told = record(id)
        recorder.watcher.message(told, message("client_request", str(body).replace("'", '"').encode()))
        recorder.end(told)
    first, second = recorder.store.summaries().exchanges
    assert first["conversation"]
    assert (first["conversation"] == second["conversation"]) is same
