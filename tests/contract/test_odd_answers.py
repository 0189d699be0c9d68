"""Answers in OpenAI's format that are not as its documents say: whoever asks gets the same of them, whether they are
passed through or translated, whole or streamed."""

import json
from typing import Any, NamedTuple

import pytest
from samples import CONTENT_TYPES, ENVELOPE, READINGS, chat_fold, comparable, completions_fold

from translators.dialects import Recall
from translators.errors import Failure
from translators.passthrough import chat as chat_passthrough
from translators.passthrough import completions as completions_passthrough
from translators.pipe import Pipe
from translators.providers import openai
from translators.registry import CLIENTS

Body = dict[str, Any]
FORM = chat_passthrough.Form(True)


class View(NamedTuple):
    """`calls` are id, name and arguments of each."""

    text: str
    calls: list[tuple[str, str, str]]
    reason: str | None


def chunk(delta: Any = None, finish: Any = None, **more: Any) -> Body:
    deltas = {} if delta is None else {"delta": delta}
    choice = {"index": 0, **deltas, "finish_reason": finish, **more}
    return {"id": "c-1", "object": "chat.completion.chunk", "created": 1, "model": "m", "choices": [choice]}


def calls(*fragments: Body) -> Body:
    return {"tool_calls": list(fragments)}


def call(index: int | None, id: str | None, name: str | None, arguments: Any, **more: Any) -> Body:
    head: Body = {} if index is None else {"index": index}
    named = {} if name is None else {"name": name}
    identity = {} if id is None else {"id": id, "type": "function"}
    return {**head, **identity, "function": {**named, "arguments": arguments}, **more}


def sse(payloads: list[Body], *, done: bool = True) -> bytes:
    data = b"".join(b"data: %b\n\n" % json.dumps(payload).encode() for payload in payloads)
    return data + (b"data: [DONE]\n\n" if done else b"")


def piped(machine: Any, writer: Any, data: bytes, content_type: str, choices: int) -> tuple[bytes, Pipe]:
    pipe = Pipe(machine.answer(Recall("m", choices=choices)), writer, content_type=content_type)
    return pipe.feed(data) + pipe.close(), pipe


def view_of_chat(answer: Body) -> View:
    [choice] = comparable(answer)["choices"] if "created" in answer else answer["choices"]
    message = choice["message"]
    made = message.get("tool_calls") or ()
    calls = [(each["id"], each["function"]["name"], each["function"]["arguments"]) for each in made]
    return View(message.get("content") or "", calls, choice["finish_reason"])


def view_of_response(response: Body) -> View:
    texts = [part["text"] for item in response["output"] if item["type"] == "message" for part in item["content"]]
    made = [item for item in response["output"] if item["type"] == "function_call"]
    assert response["status"] == "completed"
    calls = [(item["call_id"], item["name"], item["arguments"]) for item in made]
    return View("".join(texts), calls, "tool_calls" if calls else "stop")


def everybody(data: bytes, content_type: str, choices: int = 1) -> dict[str, tuple[Any, list[str], Failure | None]]:
    """Return by client and route what it reads, what was noted, and how it failed."""
    results: dict[str, tuple[Any, list[str], Failure | None]] = {}
    for streamed in (True, False):
        form = "streamed" if streamed else "whole"
        for client in ("chat", "responses"):
            dialect = CLIENTS[client]
            writer = (dialect.streamed if streamed else dialect.whole)(READINGS[client].form, ENVELOPE)
            out, pipe = piped(openai, writer, data, content_type, choices)
            folded = None
            if not pipe.failure:
                folded = READINGS[client].fold(out) if streamed else json.loads(out)
                folded = view_of_chat(folded) if client == "chat" else view_of_response(folded)
            results[f"{client} {form}"] = (folded, sorted({note.path for note in pipe.notes}), pipe.failure)
        writer = (chat_passthrough.streamed if streamed else chat_passthrough.whole)(FORM, ENVELOPE)
        out, pipe = piped(chat_passthrough, writer, data, content_type, choices)
        view = None if pipe.failure else view_of_chat(chat_fold(out) if streamed else json.loads(out))
        results[f"passed through {form}"] = (view, sorted({note.path for note in pipe.notes}), pipe.failure)
    return results


LATE = call(0, "a", "f", "{}")
MADE = View("", [("a", "f", "{}")], "tool_calls")
UNNAMED = [("call_c1_0_0", "f", "{}"), ("call_c1_0_1", "g", "{}")]
UNNAMED_NOTES = ["tool_calls[0].id", "tool_calls[1].id"]
HI = View("Hi", [], "stop")
ALL = {"role": "assistant", "content": "Hi"}
COPILOT = [{"delta": {"content": "Hi"}, "finish_reason": "tool_calls"},
           {"index": 1, "delta": calls(LATE), "finish_reason": "tool_calls"}]  # fmt: skip
USAGE = {**chunk(), "choices": [], "usage": {"prompt_tokens": 1, "completion_tokens": 2, "total_tokens": 3}}

STREAMS = [
    pytest.param(
        [chunk({"content": "H"}, message={"content": "H"}), chunk({"content": "i"}, message={"content": "Hi"}),
         chunk({"content": ""}, "stop", message=ALL)], HI, [], id="all so far beside each delta"),
    pytest.param([chunk({"role": "assistant", "content": ""}, message={"role": "assistant", "content": ""}),
                  chunk({}, "stop", message=ALL)], HI, [], id="all at the end beside an empty delta"),
    pytest.param([chunk({"content": "Hi"}, "stop", text="Hi")], HI, [], id="text beside the delta"),
    pytest.param([chunk(None, "stop", text="Hi")], HI, [], id="text in place of the delta"),
    pytest.param([chunk(None, "stop", message=ALL)], HI, [], id="a message in place of the delta"),
    pytest.param([chunk(None, None, message=ALL), chunk({}, "stop")], HI, [], id="a message, and its end"),
    pytest.param([chunk(None, "tool_calls", message={**ALL, "tool_calls": [call(None, "a", "f", "{}")]})],
                 View("Hi", MADE.calls, "tool_calls"), [], id="a message with a call"),
    pytest.param([chunk({"content": "Hi"})], HI, ["finish_reason"], id="no reason"),
    pytest.param([chunk({"content": "Hi"}, "")], HI, ["finish_reason"], id="an empty reason"),
    pytest.param([chunk({"content": "Hi"}), USAGE], HI, ["finish_reason"], id="no reason, and usage last"),
    pytest.param([chunk(calls(LATE))], MADE, ["finish_reason"], id="no reason after a call"),
    pytest.param([chunk(calls(call(0, "a", "f", "")))], MADE, ["finish_reason"],
                 id="no reason after a call without arguments"),
    pytest.param([chunk({**ALL, "function_call": {"name": "", "arguments": ""}}, "stop")], HI, [],
                 id="a call of 2023 that is none"),
    pytest.param([chunk({**ALL, "function_call": None, "tool_calls": None, "refusal": None}, "stop")], HI, [],
                 id="null everywhere"),
    pytest.param([chunk({**ALL, "tool_calls": [{}]}, "stop")], HI, [], id="an empty call"),
    pytest.param([chunk({**ALL, **calls({"index": 0, "id": "", "type": "", "function": {"name": "", "arguments": ""}})},
                        "stop")], HI, [], id="a call of empty texts"),
    pytest.param([chunk({**ALL, **calls({"index": 0, "id": None, "function": None}, LATE)}, "tool_calls")],
                 View("Hi", MADE.calls, "tool_calls"), [], id="an empty call beside one"),
    pytest.param([chunk(calls(call(0, "a", None, ""))), chunk(calls(call(0, None, "f", "{}"))),
                  chunk({}, "tool_calls")], MADE, [], id="a late name"),
    pytest.param([chunk(calls(call(0, "a", "", "{"))), chunk(calls(call(0, None, "f", "}"))), chunk({}, "tool_calls")],
                 MADE, [], id="a name after the arguments began"),
    pytest.param([chunk(calls({"index": 0, "function": {"name": "f", "arguments": ""}})),
                  chunk(calls(call(0, "a", None, "{}"))), chunk({}, "tool_calls")], MADE, [], id="a late id"),
    pytest.param([chunk(calls({"index": 0, "function": {"name": "f"}})), chunk(calls({"index": 0, "id": "a"})),
                  chunk({}, "tool_calls")], View("", MADE.calls, "tool_calls"), ["tool_calls.arguments"],
                 id="a late id, and no arguments"),
    pytest.param([chunk(calls(call(0, "", "f", "{}"), call(1, "", "g", "{}")), "tool_calls")],
                 View("", UNNAMED, "tool_calls"), UNNAMED_NOTES, id="no ids"),
    pytest.param([chunk(calls(call(0, None, "f", "{")), None), chunk(calls(call(0, None, None, "}"))),
                  chunk(calls(call(1, None, "g", "{}"))), chunk({}, "tool_calls")],
                 View("", UNNAMED, "tool_calls"), UNNAMED_NOTES, id="no ids, piece by piece"),
    pytest.param([chunk(calls(call(0, "a", "f", "{}"), call(1, "a", "g", "{}")), "tool_calls")],
                 View("", [("a", "f", "{}"), ("call_c1_0_1", "g", "{}")], "tool_calls"), ["tool_calls[1].id"],
                 id="one id for two"),
    pytest.param([chunk(calls(call(0, "a", "f", {"x": 1})), "tool_calls")],
                 View("", [("a", "f", '{"x": 1}')], "tool_calls"), [], id="arguments that are JSON already"),
    pytest.param([{**chunk(), "choices": COPILOT}], View("Hi", MADE.calls, "tool_calls"), ["choices"],
                 id="text and call as two choices"),
    pytest.param([{**chunk(), "choices": [COPILOT[0]]}, {**chunk(), "choices": [COPILOT[1]]}],
                 View("Hi", MADE.calls, "tool_calls"), ["choices"], id="one after the other"),
]  # fmt: skip
BESIDES = {"tool_calls.index", "tool_calls.arguments"}
"""What only a route that hands fragments on has to mend."""


@pytest.mark.parametrize(("payloads", "expected", "notes"), STREAMS)
def test_a_stream(payloads: list[Body], expected: View, notes: list[str]) -> None:
    for client, (view, noted, failure) in everybody(sse(payloads), "text/event-stream").items():
        assert (client, view, failure) == (client, expected, None)
        assert (client, {*noted} - BESIDES) == (client, {*notes} - BESIDES)


WHOLES = [
    pytest.param([{"index": 0, "message": {**ALL, "function_call": {"name": "", "arguments": ""}, "tool_calls": None},
                   "finish_reason": ""}], HI, ["finish_reason"], id="a call of 2023 that is none, and no reason"),
    pytest.param([{"message": {**ALL, "tool_calls": [{"id": "", "function": {"name": "", "arguments": ""}}]},
                   "finish_reason": "stop"}], HI, [], id="a call of empty texts"),
    pytest.param([{"message": calls(call(None, "", "f", "{}"), call(None, None, "g", None)),
                   "finish_reason": "tool_calls"}], View("", UNNAMED, "tool_calls"), UNNAMED_NOTES, id="no ids"),
    pytest.param([{"message": calls(call(None, "a", "f", {"x": 1})), "finish_reason": "tool_calls"}],
                 View("", [("a", "f", '{"x": 1}')], "tool_calls"), [], id="arguments that are JSON already"),
    pytest.param([{"message": {"content": "Hi"}, "finish_reason": "tool_calls"},
                  {"message": calls(call(None, "a", "f", "{}")), "finish_reason": "tool_calls"}],
                 View("Hi", MADE.calls, "tool_calls"), ["choices"], id="text and call as two choices"),
    pytest.param([{"message": calls(call(None, id, "f", "{}")), "finish_reason": "tool_calls"} for id in "ab"],
                 View("", [("a", "f", "{}"), ("b", "f", "{}")], "tool_calls"), ["choices"], id="each call as a choice"),
    pytest.param([{"delta": ALL, "finish_reason": "stop"}], HI, [], id="a delta in place of the message"),
    pytest.param([{"text": "Hi", "finish_reason": "stop"}], HI, [], id="text in place of the message"),
    pytest.param([{"message": calls(call(None, "a", "f", "{}")), "finish_reason": None}], MADE, ["finish_reason"],
                 id="no reason after a call"),
]  # fmt: skip


@pytest.mark.parametrize(("choices", "expected", "notes"), WHOLES)
def test_a_whole_answer(choices: list[Body], expected: View, notes: list[str]) -> None:
    body = {"id": "c-1", "object": "chat.completion", "created": 1, "model": "m", "choices": choices}
    for client, (view, noted, failure) in everybody(json.dumps(body).encode(), "application/json").items():
        assert (client, view, failure) == (client, expected, None)
        assert (client, {*noted} - BESIDES) == (client, {*notes} - BESIDES)


SECOND = {"index": 1, "delta": {"content": "Ho"}, "finish_reason": "stop"}
FAILING = [
    pytest.param([chunk({"content": "Hi"})], False, 502, "incomplete_answer", id="a connection that ends early"),
    pytest.param([chunk(calls(call(0, "a", "f", "{")))], False, 502, "incomplete_answer", id="in a call"),
    pytest.param([{**chunk(), "choices": [COPILOT[0]]},
                  {**chunk(), "choices": [{**COPILOT[1], "finish_reason": None}]}],
                 False, 502, "incomplete_answer", id="in the second part of a message"),
    pytest.param([{**chunk(), "choices": [{**SECOND, "index": 128}]}], True, 502, "bad_provider_answer",
                 id="more choices than anybody can ask for"),
    pytest.param([chunk({}, "error", error={"code": 504, "message": "Timed out."})], True, 504, "timeout",
                 id="an error in a choice"),
    pytest.param([chunk({"content": "Hi"}), chunk({}, None, error={"message": "Timed out.", "code": "429"})], True, 429,
                 "rate_limit_exceeded", id="an error in a choice that says no more"),
]  # fmt: skip


@pytest.mark.parametrize(("payloads", "done", "status", "code"), FAILING)
def test_what_is_no_answer(payloads: list[Body], done: bool, status: int, code: str) -> None:
    for client, (_, _, failure) in everybody(sse(payloads, done=done), "text/event-stream").items():
        assert failure is not None, client
        assert (client, failure.status, failure.code) == (client, status, code)
        assert "Timed out." in failure.message or not any("error" in each["choices"][0] for each in payloads)


ROLE = {"role": "assistant", "content": ""}
UNASKED = {
    "in turn": [(0, ROLE, None), (0, {"content": "Hi"}, "stop"), (1, ROLE, None), (1, {"content": "Ho"}, "stop")],
    "at a time": [(0, ROLE, None), (1, ROLE, None), (1, {"content": "H"}, None), (0, {"content": "Hi"}, None),
                  (1, {"content": "o"}, None), (1, {}, "stop"), (0, {}, "stop")],
    "with a call of its own": [(0, {"content": "Hi"}, None), (1, {"content": "Ho"}, None), (1, calls(LATE), None),
                               (0, {}, "stop"), (1, {}, "tool_calls")],
    "its thoughts first": [(0, {"reasoning_content": "h"}, None), (1, {"reasoning_content": "m"}, None),
                           (0, {"content": "Hi"}, "stop"), (1, {"content": "Ho"}, "stop")],
}  # fmt: skip
"""Deltas of two choices and their ends by name; one was requested."""


@pytest.mark.parametrize("choices", UNASKED.values(), ids=[*UNASKED])
def test_an_alternative_that_nobody_asked_for(choices: list[tuple[int, Body, str | None]]) -> None:
    payloads = [
        {**chunk(), "choices": [{"index": at, "delta": delta, "finish_reason": end}]} for at, delta, end in choices
    ]
    for client in ("chat", "responses"):
        writer = CLIENTS[client].whole(READINGS[client].form, ENVELOPE)
        out, pipe = piped(openai, writer, sse(payloads), CONTENT_TYPES["sse"], 1)
        assert (client, pipe.failure, [note.path for note in pipe.notes]) == (client, None, ["choices"])
        view = (view_of_chat if client == "chat" else view_of_response)(json.loads(out))
        assert (client, view) == (client, HI)
    out, pipe = piped(
        chat_passthrough, chat_passthrough.streamed(FORM, ENVELOPE), sse(payloads), CONTENT_TYPES["sse"], 1
    )
    assert (pipe.failure, pipe.notes) == (None, [])
    folded = {choice["index"]: choice for choice in chat_fold(out)["choices"]}
    assert {at: choice["message"]["content"] for at, choice in folded.items()} == {0: "Hi", 1: "Ho"}


@pytest.mark.parametrize("streamed", [True, False], ids=["streamed", "whole"])
@pytest.mark.parametrize(
    ("numbers", "finished"),
    [
        pytest.param([0, 1], [0], id="one tells its end"),
        pytest.param([0], [0], id="one is told at all"),
        pytest.param([0, 1], [], id="none tells its end"),
    ],
)
def test_two_choices_that_were_asked_for(numbers: list[int], finished: list[int], streamed: bool) -> None:
    payloads = [{**chunk(), "choices": [{"index": number, "delta": {"content": "Hi"}}]} for number in numbers]
    payloads += [
        {**chunk(), "choices": [{"index": number, "delta": {}, "finish_reason": "stop"}]} for number in finished
    ]
    writers = {
        openai: (CLIENTS["chat"].streamed if streamed else CLIENTS["chat"].whole)(READINGS["chat"].form, ENVELOPE),
        chat_passthrough: (chat_passthrough.streamed if streamed else chat_passthrough.whole)(FORM, ENVELOPE),
    }
    for machine, writer in writers.items():
        out, pipe = piped(machine, writer, sse(payloads), CONTENT_TYPES["sse"], 2)
        assert pipe.failure is None
        choices = (chat_fold(out) if streamed else json.loads(out))["choices"]
        assert [(each["index"], each["finish_reason"]) for each in choices] == [(number, "stop") for number in numbers]


@pytest.mark.parametrize("streamed", [True, False], ids=["streamed", "whole"])
@pytest.mark.parametrize(
    ("payloads", "notes"),
    [
        pytest.param([chunk(None, None, text="Hi")], ["finish_reason"], id="no reason"),
        pytest.param([chunk(ALL, "stop")], [], id="a chat's delta"),
        pytest.param([chunk(None, "stop", message=ALL)], [], id="a chat's message"),
        pytest.param([chunk(None, None, text="Hi"), chunk(None, "stop")], [], id="no text with the end"),
    ],
)
def test_a_completion(payloads: list[Body], notes: list[str], streamed: bool) -> None:
    payloads = [{**each, "choices": [{"logprobs": None, **choice} for choice in each["choices"]]} for each in payloads]
    writer = (completions_passthrough.streamed if streamed else completions_passthrough.whole)(FORM, ENVELOPE)
    out, pipe = piped(completions_passthrough, writer, sse(payloads), CONTENT_TYPES["sse"], 1)
    assert pipe.failure is None
    [choice] = (completions_fold(out) if streamed else json.loads(out))["choices"]
    assert (choice["text"], choice["finish_reason"]) == ("Hi", "stop")
    assert [note.path for note in pipe.notes] == notes


def test_a_completion_that_nobody_asked_for_goes_on() -> None:
    choices = [{"index": number, "text": text, "finish_reason": "stop"} for number, text in enumerate(("Hi", "Ho"))]
    writer = completions_passthrough.whole(FORM, ENVELOPE)
    data = json.dumps({"id": "c-1", "choices": choices}).encode()
    out, pipe = piped(completions_passthrough, writer, data, "application/json", 1)
    assert (pipe.failure, [choice["text"] for choice in json.loads(out)["choices"]]) == (None, ["Hi", "Ho"])


FIELDS: Body = {
    "content": "Hi",
    "refusal": "No",
    "reasoning_content": "hm",
    "reasoning": "hm",
    "reasoning_details": [{"type": "reasoning.text", "text": "hm", "index": 0}],
    "thinking_blocks": [{"type": "thinking", "thinking": "hm"}],
    "tool_calls": [LATE],
    "function_call": {"name": "f", "arguments": "{}"},
    "annotations": [{"type": "url_citation", "url_citation": {"url": "https://a.example/", "title": "A"}}],
    "images": [{"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}}],
}
ODD = [1, "t", [1], ["t"], [[]], {"a": 1}, [{"type": "t", "text": [1], "index": 0}], [{"text": {}}, {"thinking": 1}]]
TAKEN = {
    "content": ["t", ["t"]],
    **{name: ["t"] for name in ("refusal", "reasoning_content", "reasoning")},
    "function_call": [{"a": 1}],
    "tool_calls": ODD[6:],
}
"""What is one of the forms of a field, by its name; a call without any content is none."""


def translated(body: Body, stream: bool, client: str, streamed: bool) -> Pipe:
    made = (CLIENTS[client].streamed if streamed else CLIENTS[client].whole)(READINGS[client].form, ENVELOPE)
    data = sse([body, chunk({}, "stop"), body]) if stream else json.dumps(body).encode()
    return piped(openai, made, data, "text/event-stream" if stream else "application/json", 1)[1]


@pytest.mark.parametrize("streamed", [True, False], ids=["streamed", "whole"])
@pytest.mark.parametrize("client", CLIENTS)
@pytest.mark.parametrize("place", ["delta", "message"])
@pytest.mark.parametrize("name", FIELDS)
def test_a_field_of_another_form_is_noted(name: str, place: str, client: str, streamed: bool) -> None:
    for value in [value for value in ODD if value not in TAKEN.get(name, [])]:
        choice = {"index": 0, place: {"role": "assistant", "content": "Hi", name: value}, "finish_reason": "stop"}
        pipe = translated({**chunk(), "choices": [choice]}, place == "delta", client, streamed)
        assert pipe.failure or any(name.partition("_")[0] in note.path for note in pipe.notes), value


@pytest.mark.parametrize("streamed", [True, False], ids=["streamed", "whole"])
@pytest.mark.parametrize("client", CLIENTS)
@pytest.mark.parametrize("name", ["delta", "message", "logprobs", "usage"])
def test_a_part_of_a_choice_of_another_form_is_noted(name: str, client: str, streamed: bool) -> None:
    for value in (1, "t", [1], [None], True):
        body = {**chunk(**{name: value}), "usage": value if name == "usage" else None}
        pipe = translated(body, True, client, streamed)
        assert pipe.failure or any(name in note.path for note in pipe.notes), value


SOURCES: Body = {
    "citations": ["https://a.example/", "https://b.example/"],
    "search_results": [{"title": "A", "url": "https://a.example/", "date": None}, {"url": "https://b.example/"}],
}


@pytest.mark.parametrize("streamed", [True, False], ids=["streamed", "whole"])
@pytest.mark.parametrize("names", [["citations"], ["search_results"], ["citations", "search_results"]])
def test_sources_beside_an_answer_are_cited(names: list[str], streamed: bool) -> None:
    """Perplexity's, of which nobody says which words they are of."""
    beside = {name: SOURCES[name] for name in names}
    title = "A" if "search_results" in names else ""
    expected = [(title, "https://a.example/", 0, 2), ("", "https://b.example/", 0, 2)]
    for client in ("chat", "responses"):
        made = (CLIENTS[client].streamed if streamed else CLIENTS[client].whole)(READINGS[client].form, ENVELOPE)
        payloads = [{**chunk({"content": "H"}), **beside}, {**chunk({"content": "i"}, "stop"), **beside}]
        out, pipe = piped(openai, made, sse(payloads), "text/event-stream", 1)
        assert pipe.notes == []
        answer = READINGS[client].fold(out) if streamed else json.loads(out)
        if client == "chat":
            citations = [each["url_citation"] for each in answer["choices"][0]["message"]["annotations"]]
        else:
            citations = answer["output"][0]["content"][0]["annotations"]
        assert [(each["title"], each["url"], each["start_index"], each["end_index"]) for each in citations] == expected
