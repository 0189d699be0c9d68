"""What a response has from earlier ones, and what of it is stored."""

import copy
from typing import Any

import pytest
from responses_oracles import ENVELOPE, whole, write
from test_responses_answers import TEXT, TURN

from addons.exchange.response_store import ResponseStore
from translators.clients import responses
from translators.clients.responses.state import deleted, missing, referred, remembered
from translators.conversation import Reasoning, Text, ToolCall, ToolResult
from translators.dialects import Envelope
from translators.errors import BadRequest, Failure

NOW = 5.0


def exchange(past: ResponseStore, id: str, events: Any, **fields: Any) -> Any:
    """As the gateway does it: the request parsed with the past, the answer stored."""
    body = {"model": "m", **fields}
    before = copy.deepcopy(body)
    request = responses.parse(body, past.of("ann", NOW))
    assert body == before
    writer = responses.whole(request.form, Envelope(id, ENVELOPE.created, "m"))
    write(writer, events)
    entry = remembered(request.form, writer.response)  # type: ignore[attr-defined]
    if entry is not None:
        past.put("ann", entry, NOW)
    return request, writer.response  # type: ignore[attr-defined]


def refused(store: ResponseStore, **fields: Any) -> tuple[str | None, str | None]:
    with pytest.raises(BadRequest) as caught:
        responses.parse({"model": "m", **fields}, store.of("ann", NOW))
    assert caught.value.failure.status == 400
    return caught.value.failure.param, caught.value.failure.code


def test_a_response_goes_on_where_the_last_one_ended() -> None:
    store = ResponseStore()
    _, first = exchange(store, "resp_1", TURN, input="Look.", instructions="Be brief.")
    assert (first["store"], first["previous_response_id"]) == (True, None)
    outputs = [
        {"type": "function_call_output", "call_id": "call_a", "output": "seen"},
        {"type": "custom_tool_call_output", "call_id": "call_b", "output": "1"},
    ]
    request, second = exchange(store, "resp_2", TEXT, input=outputs, previous_response_id="resp_1")
    user, model, *results = request.conversation.turns
    assert user.parts == (Text("Look.", "previous_response_id[0].content"),)
    assert [type(part) for part in model.parts] == [Reasoning, Text, ToolCall, ToolCall]
    assert [turn.parts[0].at for turn in results] == ["input[0]", "input[1]"]
    assert all(isinstance(turn.parts[0], ToolResult) for turn in results)
    assert second["previous_response_id"] == "resp_1"
    third, _ = exchange(store, "resp_3", TEXT, input="And now?", previous_response_id="resp_2")
    assert [turn.role for turn in third.conversation.turns] == [
        "user",
        "assistant",
        "tool",
        "tool",
        "assistant",
        "user",
    ]
    assert third.notes == ()


def test_a_provider_of_responses_gets_what_is_kept_here() -> None:
    """A conversation goes on at a provider that keeps its own, and does not know this one."""
    store = ResponseStore()
    _, first = exchange(store, "resp_1", TURN, input="Look.")
    [message] = [item for item in first["output"] if item["type"] == "message"]
    calls = [item for item in first["output"] if item["type"].endswith("_call")]
    request = {"model": "m", "input": "Go on.", "previous_response_id": "resp_1"}
    before = copy.deepcopy(request)
    body, notes = referred(request, store.of("ann", NOW))
    user = [{"type": "message", "role": "user", "content": text} for text in ("Look.", "Go on.")]
    assert body == {"model": "m", "input": [user[0], message, *calls, user[1]]}
    assert [(note.path, note.fate) for note in notes] == [
        ("previous_response_id", fate) for fate in ("moved", "dropped")
    ]
    assert request == before


@pytest.mark.parametrize(
    "body",
    [
        pytest.param({"input": "x", "previous_response_id": "resp_theirs"}, id="a response of the provider's"),
        pytest.param({"input": "x"}, id="no response"),
        pytest.param({"input": [{"type": "item_reference", "id": "rs_theirs"}]}, id="an item of the provider's"),
        pytest.param({"input": 5, "previous_response_id": []}, id="no request"),
        pytest.param([], id="no object"),
    ],
)
def test_references_to_what_a_provider_keeps_stay(body: Any) -> None:
    assert referred(body, ResponseStore().of("ann", NOW)) == (body, [])


def test_a_kept_item_goes_in_the_place_of_its_reference() -> None:
    store = ResponseStore()
    _, first = exchange(store, "resp_1", TEXT, input="x")
    body, notes = referred({"input": [{"type": "item_reference", "id": "msg_1_0"}]}, store.of("ann", NOW))
    assert (body, notes) == ({"input": first["output"]}, [])


def test_instructions_are_not_carried_over() -> None:
    store = ResponseStore()
    exchange(store, "resp_1", TEXT, input="x", instructions="Old.")
    request, _ = exchange(store, "resp_2", TEXT, input="y", instructions="New.", previous_response_id="resp_1")
    assert [turn.role for turn in request.conversation.turns] == ["system", "user", "assistant", "user"]


def test_a_reference_is_the_item_itself() -> None:
    store = ResponseStore()
    exchange(store, "resp_1", TEXT, input="x")
    for reference in ({"type": "item_reference", "id": "msg_1_0"}, {"id": "msg_1_0"}):
        request, _ = exchange(store, "resp_2", TEXT, input=[{"role": "user", "content": "x"}, reference])
        assert request.conversation.turns[1].parts == (Text("Hello", "input[1].content[0]"),)


def test_a_reference_stands_once() -> None:
    """So that a small request cannot become one of gigabytes."""
    store = ResponseStore()
    exchange(store, "resp_1", TEXT, input="x")
    reference = {"type": "item_reference", "id": "msg_1_0"}
    assert refused(store, input=[reference, {"id": "msg_1_0"}]) == ("input[1].id", "invalid_value")


def test_what_was_not_kept_cannot_be_gone_on_with() -> None:
    store = ResponseStore()
    _, first = exchange(store, "resp_1", TEXT, input="x", store=False)
    assert first["store"] is False
    unknown = ("previous_response_id", "previous_response_not_found")
    assert refused(store, input="y", previous_response_id="resp_1") == unknown
    assert refused(store, input=[{"type": "item_reference", "id": "msg_1_0"}]) == ("input[0].id", "item_not_found")


def test_another_client_has_another_past() -> None:
    store = ResponseStore()
    exchange(store, "resp_1", TEXT, input="x")
    with pytest.raises(BadRequest):
        responses.parse({"model": "m", "input": "y", "previous_response_id": "resp_1"}, store.of("bob", NOW))


def test_nothing_is_kept_without_a_store() -> None:
    request = responses.parse({"model": "m", "input": "x"})
    assert remembered(request.form, whole(TEXT, request.form)) is None
    with pytest.raises(BadRequest) as caught:
        responses.parse({"model": "m", "input": "x", "previous_response_id": "resp_1"})
    assert caught.value.failure.code == "unsupported_parameter"


def test_a_problem_is_told_by_the_clients_own_path() -> None:
    store = ResponseStore()
    exchange(store, "resp_1", TEXT, input="x")
    bad = {"role": "user", "content": [{"type": "input_text"}]}
    param, _ = refused(store, input=[{"role": "user", "content": "y"}, bad], previous_response_id="resp_1")
    assert param == "input[1].content[0].text"


def test_a_streamed_response_is_kept_alike() -> None:
    store = ResponseStore()
    request = responses.parse({"model": "m", "input": "x"}, store.of("ann", NOW))
    writer = responses.streamed(request.form, ENVELOPE)
    write(writer, TEXT)
    stored = remembered(request.form, writer.response)  # type: ignore[attr-defined]
    assert stored is not None
    assert stored.response == whole(TEXT, request.form)


def test_a_response_that_failed_is_not_kept() -> None:
    request = responses.parse({"model": "m", "input": "x"}, ResponseStore().of("ann", NOW))
    writer = responses.streamed(request.form, ENVELOPE)
    writer.fail(Failure(502, "Broke.", "server_error"))
    failed = writer.response  # type: ignore[attr-defined]
    assert (failed["status"], failed["store"]) == ("failed", False)
    assert remembered(request.form, failed) is None


def test_the_answers_about_a_response() -> None:
    assert deleted("resp_1") == {"id": "resp_1", "object": "response", "deleted": True}
    assert missing("resp_1").status == 404
    assert len(missing("x" * 1000).message) < 200
