"""The passthrough of the Responses API: what passes untouched, what is read of it, and how it ends."""

import copy
import json
from typing import Any

import pytest
from openai import omit
from openai._models import construct_type
from openai.lib.streaming.responses._responses import ResponseStreamState
from openai.types.responses import Response, ResponseStreamEvent
from passed_responses import COMPLETE, ENVELOPE, MODEL, final, passed_through, payloads, recorded, sent
from pydantic import TypeAdapter

from translators.clients.responses.encrypted_content import EncryptedContent, encode
from translators.dialects import Model, Recall
from translators.errors import BadRequest
from translators.events import Finished, Noted, PassedThrough, Usage
from translators.notes import Note
from translators.passthrough import responses as passthrough
from translators.registry import PASSTHROUGH

PAYLOADS: TypeAdapter[Any] = TypeAdapter(ResponseStreamEvent)
BODY: dict[str, Any] = {
    "model": "asked-for",
    "input": [{"type": "item_reference", "id": "rs_1"}, {"role": "user", "content": "Hi"}],
    "previous_response_id": "resp_0",
    "conversation": {"id": "conv_1"},
    "store": True,
    "background": True,
    "stream": True,
    "temperature": 0.1,
    "not_yet_known": {"a": [1]},
}


def named(payload: dict[str, Any]) -> dict[str, Any]:
    if "response" not in payload:
        return payload
    return {**payload, "response": {**payload["response"], "model": MODEL}}


def test_it_is_registered() -> None:
    assert PASSTHROUGH["responses", "openai-responses"] is passthrough


# --- requests ---------------------------------------------------------------------------------------


def test_a_body_passes_but_for_its_model() -> None:
    before = copy.deepcopy(BODY)
    passed = passthrough.render(BODY, Model("gpt-5.6"))
    assert passed.rendered.body == {**BODY, "model": "gpt-5.6"}
    assert before == BODY
    assert (passed.rendered.path, passed.rendered.notes, passed.rendered.headers) == ("/responses", (), {})
    assert passed.stream
    assert passed.rendered.streams


@pytest.mark.parametrize(
    ("overrides", "body", "notes"),
    [
        pytest.param(
            {"quirks": {"drop": ("temperature",), "rename": {}}},
            {"model": "m", "stream": False},
            [Note("temperature", "dropped", detail="By configuration: this provider refuses the field.")],
            id="drop",
        ),
        pytest.param(
            {"quirks": {"rename": {"temperature": "heat"}}},
            {"model": "m", "heat": 1, "stream": False},
            [],
            id="rename",
        ),
        pytest.param(
            {"streams": True},
            {"model": "m", "temperature": 1, "stream": True},
            [Note("stream", "synthesised", False, True, "By configuration: this provider only streams.")],
            id="only streams",
        ),
        pytest.param(
            {"quirks": {"drop": ("other",)}}, {"model": "m", "temperature": 1, "stream": False}, [], id="none"
        ),
    ],
)
def test_configuration_changes_a_body(overrides: Any, body: Any, notes: Any) -> None:
    passed = passthrough.render({"model": "asked-for", "temperature": 1, "stream": False}, Model("m", overrides))
    assert passed.rendered.body == body
    assert list(passed.rendered.notes) == notes
    assert not passed.stream


SAID = {"type": "message", "id": "msg_1", "role": "assistant", "content": [{"type": "output_text", "text": "hi"}]}


@pytest.mark.parametrize(
    ("item", "stays"),
    [
        pytest.param({"encrypted_content": encode(EncryptedContent("thinking", text="Hm."))}, False, id="a thought"),
        pytest.param(
            {"encrypted_content": encode(EncryptedContent("redacted", data="x"))}, False, id="a hidden thought"
        ),
        pytest.param(
            {"encrypted_content": encode(EncryptedContent("call", call_id="a"))}, False, id="a call's signature"
        ),
        pytest.param({"encrypted_content": encode(EncryptedContent("foreign", block={"a": 1}))}, False, id="a block"),
        pytest.param({"encrypted_content": "gw1.changed"}, False, id="what somebody changed"),
        pytest.param({"encrypted_content": "gAAAAA"}, True, id="the provider's own"),
        pytest.param({"encrypted_content": None}, False, id="no content, an id given here"),
        pytest.param({"summary": [{"type": "summary_text", "text": "Hm."}]}, False, id="a summary, an id given here"),
        pytest.param({"id": "rs_0123456789abcdef01234567_1"}, False, id="a longer id given here"),
        pytest.param({"id": "rs_68af4030592c8190b0c4", "encrypted_content": None}, True, id="an id of the provider's"),
        pytest.param({"id": "rs_68af4030592c8190b0c4"}, True, id="an id of the provider's alone"),
        pytest.param({"encrypted_content": "gAAAAA"}, True, id="an id given here, the provider's own seal"),
    ],
)
def test_reasoning_that_was_encoded_here_stays_behind(item: dict[str, Any], stays: bool) -> None:
    reasoning = {"id": "rs_0_0", "type": "reasoning", "summary": [], **item}
    items = [{"role": "user", "content": "x"}, reasoning, SAID, {"role": "user", "content": "y"}]
    rendered = passthrough.render({"model": "m", "input": items}, Model("m")).rendered
    assert rendered.body["input"] == [each for each in items if stays or each is not reasoning]
    assert [(note.path, note.fate) for note in rendered.notes] == ([] if stays else [("input[1]", "dropped")])
    assert len(items) == 4


@pytest.mark.parametrize(
    ("body", "param"),
    [
        pytest.param([], None, id="no object"),
        pytest.param({}, "model", id="no model"),
        pytest.param({"model": 5}, "model", id="a model that is no text"),
        pytest.param({"model": ""}, "model", id="a model without a name"),
        pytest.param({"model": "m", "stream": "yes"}, "stream", id="a stream that is no bool"),
    ],
)
def test_what_is_no_request_is_refused(body: Any, param: str | None) -> None:
    with pytest.raises(BadRequest) as caught:
        passthrough.render(body, Model("m"))
    assert (caught.value.failure.status, caught.value.failure.param) == (400, param)


# --- streams ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", [name for name in COMPLETE if name != "items_only_when_done"])
def test_a_stream_passes_payload_by_payload(name: str) -> None:
    for size in (1, 3, 64, 1 << 30):
        out, pipe = passed_through(recorded(name), streamed=True, size=size)
        assert payloads(out) == [named(payload) for payload in sent(name)], size
        assert pipe.done
        assert pipe.failure is None
        assert pipe.finished is not None


@pytest.mark.parametrize("name", COMPLETE)
@pytest.mark.parametrize("content_type", ["", "application/json"])
def test_a_whole_answer_passes(name: str, content_type: str) -> None:
    response = {**final(name), "output": final(name)["output"] or [{"type": "message", "content": []}]}
    out, pipe = passed_through(json.dumps(response).encode(), streamed=False, content_type=content_type)
    assert json.loads(out) == {**response, "model": MODEL}
    assert pipe.done


@pytest.mark.parametrize("name", [name for name in COMPLETE if name != "items_only_when_done"])
def test_a_stream_is_folded_for_a_client_that_wants_none(name: str) -> None:
    out, pipe = passed_through(recorded(name), streamed=False)
    assert json.loads(out) == {**final(name), "model": MODEL}
    assert pipe.failure is None


@pytest.mark.parametrize("streamed", [True, False], ids=["stream", "whole"])
def test_the_last_response_gets_the_items_that_it_lacks(streamed: bool) -> None:
    out, _ = passed_through(recorded("items_only_when_done"), streamed=streamed)
    response = payloads(out)[-1]["response"] if streamed else json.loads(out)
    items = [payload["item"] for payload in sent("items_only_when_done") if "item" in payload]
    assert response == {**final("items_only_when_done"), "model": MODEL, "output": items}


CALL = {"type": "function_call", "id": "fc_1", "call_id": "a", "name": "f", "arguments": "{}", "status": "completed"}
CUSTOM = {"type": "custom_tool_call", "id": "ct_1", "call_id": "a", "name": "w", "input": "x"}


def without(item: dict[str, Any], *names: str) -> dict[str, Any]:
    return {name: value for name, value in item.items() if name not in names}


@pytest.mark.parametrize("form", ["whole", "stream", "stream without output"])
@pytest.mark.parametrize(
    ("item", "expected", "notes"),
    [
        pytest.param(CALL, CALL, [], id="as it came"),
        pytest.param({**CALL, "arguments": {"a": 1}}, {**CALL, "arguments": '{"a": 1}'}, ["output.arguments"],
                     id="arguments as an object"),
        pytest.param({**CALL, "arguments": {}}, CALL, ["output.arguments"], id="arguments as an empty object"),
        pytest.param({**CALL, "arguments": None}, CALL, ["output.arguments"], id="no arguments"),
        pytest.param(without(CALL, "arguments"), CALL, ["output.arguments"], id="arguments left out"),
        pytest.param({**CALL, "arguments": ""}, {**CALL, "arguments": ""}, [], id="an empty text stays"),
        pytest.param({**CALL, "arguments": None, "status": "incomplete"},
                     {**CALL, "arguments": "", "status": "incomplete"}, [], id="a cut call stays cut"),
        pytest.param({**CALL, "call_id": ""}, {**CALL, "call_id": "fc_1"}, ["output.call_id"], id="an empty id"),
        pytest.param(without(CALL, "call_id"), {**CALL, "call_id": "fc_1"}, ["output.call_id"], id="an id left out"),
        pytest.param(without(CALL, "call_id", "id"), {**without(CALL, "id"), "call_id": "call_resp7_0"},
                     ["output.call_id"], id="no id of any kind"),
        pytest.param({**CUSTOM, "call_id": None}, {**CUSTOM, "call_id": "ct_1"}, ["output.call_id"],
                     id="a custom call without an id"),
    ],
)  # fmt: skip
def test_a_call_is_one_that_a_client_can_read(item: Any, expected: Any, notes: list[str], form: str) -> None:
    machine, response = passthrough.answer(Recall()), {"id": "resp_7", "status": "completed"}
    done = {"type": "response.output_item.done", "sequence_number": 1, "output_index": 0, "item": item}
    output = [] if form == "stream without output" else [item]
    last = {"type": "response.completed", "sequence_number": 2, "response": {**response, "output": output}}
    begun = {"type": "response.created", "sequence_number": 0, "response": response}
    if form == "whole":
        events = [*machine.whole({**response, "output": [item]})]
    else:
        events = [event for payload in (begun, done, last) for event in machine.on(payload)]
    sent_on = [event.payload for event in events if isinstance(event, PassedThrough)]
    assert [payload["item"] for payload in sent_on if "item" in payload] == ([] if form == "whole" else [expected])
    assert sent_on[-1].get("response", sent_on[-1])["output"] == [expected]
    noted = [event.note.path for event in events if isinstance(event, Noted) and event.note.path != "output"]
    assert sorted({*noted}) == notes


@pytest.mark.parametrize(
    ("begun", "expected", "complete"),
    [
        pytest.param("", "", "", id="a text"),
        pytest.param(None, "", "", id="nothing"),
        pytest.param({}, "", "{}", id="an empty object"),
        pytest.param({"a": 1}, '{"a": 1}', '{"a": 1}', id="an object"),
    ],
)
def test_arguments_are_text_from_the_beginning(begun: Any, expected: str, complete: str) -> None:
    machine = passthrough.answer(Recall())
    added = {"type": "response.output_item.added", "sequence_number": 1, "item": {**CALL, "arguments": begun}}
    done = {"type": "response.function_call_arguments.done", "sequence_number": 2, "arguments": begun}
    payloads = [{"type": "response.created", "sequence_number": 0, "response": {"id": "r"}}, added, done]
    events = [event for payload in payloads for event in machine.on(payload)]
    _, item, arguments = [event.payload for event in events if isinstance(event, PassedThrough)]
    assert (item["item"]["arguments"], arguments["arguments"]) == (expected, complete)


@pytest.mark.parametrize("name", sorted({*COMPLETE} - {"odd_but_readable", "items_only_when_done"}))
def test_a_whole_answer_is_unfolded_for_a_client_that_wants_a_stream(name: str) -> None:
    response = final(name)
    out, pipe = passed_through(json.dumps(response).encode(), streamed=True)
    events = payloads(out)
    assert pipe.failure is None
    assert [event["sequence_number"] for event in events] == list(range(len(events)))
    assert events[-1]["response"] == {**response, "model": MODEL}
    state: ResponseStreamState[None] = ResponseStreamState(text_format=omit, input_tools=[])
    for event in events:
        PAYLOADS.validate_python(event)
        state.handle_event(construct_type(type_=ResponseStreamEvent, value=event))
    kinds = [event["type"] for event in sent(name) if not event["type"].endswith(".delta")]
    quiet = ("_call.", "partial_image")
    expected = [kind for kind in kinds if not any(word in kind for word in quiet)]
    assert [event["type"] for event in events if not event["type"].endswith(".delta")] == (
        expected
        if name != "cut_inside_a_call"
        else [*expected[:-2], "response.function_call_arguments.done", *expected[-2:]]
    )


@pytest.mark.parametrize("status", ["queued", "in_progress"])
def test_a_response_in_the_background_is_complete(status: str) -> None:
    response = {**final("text"), "status": status, "output": [], "usage": None, "background": True}
    out, pipe = passed_through(json.dumps(response).encode(), streamed=False)
    assert json.loads(out) == {**response, "model": MODEL}
    assert pipe.finished == Finished("stop", status, "default")
    out, pipe = passed_through(json.dumps(response).encode(), streamed=True)
    assert [event["type"] for event in payloads(out)] == ["response.created", f"response.{status}"]


# --- what the gateway reads -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "finished", "usage"),
    [
        pytest.param("text", Finished("stop", "completed", "default"), Usage(12, 8, 0, 0, 0), id="text"),
        pytest.param(
            "reasoning_and_parallel_calls",
            Finished("tool_calls", "completed", "priority"),
            Usage(120, 80, 64, 0, 40),
            id="calls",
        ),
        pytest.param(
            "cut_inside_a_call", Finished("length", "max_output_tokens", "default"), Usage(30, 64, 0, 0, 16), id="cut"
        ),
        pytest.param(
            "filtered", Finished("content_filter", "content_filter", "default"), Usage(9, 5, 0, 0, 0), id="filtered"
        ),
        pytest.param(
            "items_only_when_done",
            Finished("tool_calls", "completed", "default"),
            Usage(3, 4, 0, 0, 0),
            id="items only",
        ),
        pytest.param(
            "odd_but_readable", Finished("tool_calls", "completed", "default"), Usage(7, 9), id="less usage than usual"
        ),
    ],
)
def test_the_end_and_the_usage_are_read(name: str, finished: Finished, usage: Usage) -> None:
    _, pipe = passed_through(recorded(name), streamed=True)
    assert (pipe.finished, pipe.usage) == (finished, usage)
    assert pipe.started.model == "gpt-5.6-2026-06-01"
    whole = {**final(name), "output": final(name)["output"] or [{"type": "function_call"}]}
    _, pipe = passed_through(json.dumps(whole).encode(), streamed=False)
    assert (pipe.finished, pipe.usage) == (finished, usage)


# --- failures ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "status", "code"),
    [
        pytest.param("failing_midway", 500, "server_error", id="a failed response"),
        pytest.param("failing_rate_limit", 429, "rate_limit_exceeded", id="an error event"),
    ],
)
def test_a_providers_failure_passes_once_and_is_known(name: str, status: int, code: str) -> None:
    out, pipe = passed_through(recorded(name), streamed=True)
    assert payloads(out) == [named(payload) for payload in sent(name)]
    assert pipe.failure is not None
    assert (pipe.failure.status, pipe.failure.code) == (status, code)
    assert not pipe.done


@pytest.mark.parametrize("name", COMPLETE)
def test_a_cut_anywhere_is_told_as_a_failure(name: str) -> None:
    data = recorded(name)
    whole, _ = passed_through(data, streamed=True)
    for at in range(0, len(data), max(1, len(data) // 200)):
        out, pipe = passed_through(data[:at], streamed=True, content_type="text/event-stream")
        if pipe.done:
            assert out == whole
            continue
        assert pipe.failure is not None
        assert pipe.failure.code == "incomplete_answer"
        last = payloads(out)[-1]
        assert last["type"] in ("response.failed", "error")
        numbers = [event["sequence_number"] for event in payloads(out)]
        assert numbers == sorted(set(numbers))
        PAYLOADS.validate_python(last)
        if last["type"] == "response.failed":
            assert last["response"]["model"] == MODEL
            Response.model_validate(last["response"])
        assert passed_through(data[:at], streamed=False)[0] == b""


def test_a_secret_in_a_providers_failure_is_not_passed_on() -> None:
    data = recorded("failing_midway").replace(b"The model ran into", b"sk-proj-abcdefgh123 ran into")
    out, pipe = passed_through(data, streamed=True)
    assert pipe.failure is not None
    assert b"sk-proj" not in out
    assert payloads(out)[-1]["response"]["error"]["message"] == "*** ran into a problem."


@pytest.mark.parametrize("streamed", [True, False])
@pytest.mark.parametrize(
    ("data", "status"),
    [
        pytest.param(b'{"error": {"message": "No.", "code": "rate_limit_exceeded"}}', 429, id="an error for an answer"),
        pytest.param(b'{"object": "response", "status": "failed", "output": [], "error": null}', 500, id="failed"),
        pytest.param(b'{"object": "response"}', 502, id="no output"),
        pytest.param(b"data: {}\n\n", 502, id="nothing in it"),
        pytest.param(b'data: {"error": {"message": "No."}}\n\n', 500, id="an error without a type"),
        pytest.param(b'data: {"type": "response.failed", "response": {}}\n\n', 500, id="failed at once"),
        pytest.param(b"data: 5\n\n", 502, id="a number"),
        pytest.param(b"data: [DONE]\n\n", 502, id="another dialect's end"),
    ],
)
def test_no_answer_is_a_failure(data: bytes, status: int, streamed: bool) -> None:
    out, pipe = passed_through(data, streamed=streamed)
    assert pipe.failure is not None
    assert pipe.failure.status == status
    assert len(payloads(out)) == (1 if streamed else 0)


def test_what_comes_before_the_beginning_passes() -> None:
    ping = b'event: keepalive\ndata: {"type":"keepalive","sequence_number":0}\n\n'
    out, pipe = passed_through(ping + recorded("text"), streamed=True)
    assert payloads(out)[0] == {"type": "keepalive", "sequence_number": 0}
    assert pipe.started.id == "resp_01Fixture"


def test_a_type_with_a_line_end_is_no_event_name() -> None:
    pipe = passthrough.streamed(None, ENVELOPE)
    assert pipe.on(PassedThrough({"type": "a\nb"})) == b'data: {"type":"a\\nb"}\n\n'
