"""`POST /v1/responses` by OpenAI's own SDK, onto providers that know no Responses: streams, loops, the store."""

import json
import time
from collections.abc import Iterator
from typing import Any

import openai
import pytest
from openai import OpenAI
from pydantic import BaseModel

from tests.e2e import claude
from tests.e2e.answers import BEDROCK, GEMINI, RESPONSES, Reply, Speech, data, gemini
from tests.e2e.every_provider import OTHER_CLIENT
from tests.e2e.gateway_process import CLIENT_KEY, GatewayProcess, config
from tests.e2e.provider import Call, Provider, Script, stream, whole
from tests.e2e.provider_cases import CALLING, CASES, FORMS
from tests.translators.providers.bedrock.bedrock_frames import framed

SCHEMA: Any = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
WEATHER: Any = {"type": "function", "name": "weather", "description": "Looks.", "parameters": SCHEMA, "strict": False}
SPEECHES = {"gemini-old": GEMINI, "bedrock": BEDROCK}
MODELS = pytest.mark.parametrize("model", SPEECHES)


def asks(sdk: OpenAI, streamed: bool, **fields: Any) -> Any:
    if not streamed:
        return sdk.responses.create(**fields)
    with sdk.responses.stream(**fields) as events:
        return events.get_final_response()


def turns(call: Call) -> list[tuple[str, Any]]:
    """Roles and contents of a request to Gemini or to Bedrock, in either's own words."""
    body = call.json
    if "contents" in body:
        return [(turn["role"], turn["parts"]) for turn in body["contents"]]
    return [("model" if turn["role"] == "assistant" else "user", turn["content"]) for turn in body["messages"]]


@FORMS
@MODELS
def test_a_response_goes_on_from_another(by: OpenAI, provider: Provider, model: str, streamed: bool) -> None:
    provider.default = SPEECHES[model].answer()
    first = asks(by, streamed, model=model, input="Hi", instructions="Be brief.")
    assert (first.output_text, first.status, first.store, first.model) == ("Hello there", "completed", True, model)
    assert (first.usage.input_tokens, first.usage.output_tokens, first.usage.total_tokens) == (11, 7, 18)
    second = asks(by, streamed, model=model, input="And now?", previous_response_id=first.id)
    assert second.previous_response_id == first.id
    third = by.responses.create(model=model, input="And then?", previous_response_id=second.id)
    assert third.output_text == "Hello there"
    words = ["Hi", "Hello there", "And now?", "Hello there", "And then?"]
    assert turns(provider.calls[2]) == [
        ("model" if place % 2 else "user", [{"text": text}]) for place, text in enumerate(words)
    ]
    # Instructions are told anew with every request.
    assert "Be brief." in provider.calls[0].body.decode()
    assert "Be brief." not in provider.calls[1].body.decode()


def test_a_conversation_moves_to_a_provider_of_responses(by: OpenAI, provider: Provider) -> None:
    """A provider that does not know the response that it is to go on from."""
    provider.scripts = [GEMINI.answer(), RESPONSES.answer()]
    first = by.responses.create(model="gemini-old", input="Hi")
    second = by.responses.create(model="codex", input="And now?", previous_response_id=first.id)
    assert second.output_text == "Hello there"
    sent = provider.calls[1].json
    assert "previous_response_id" not in sent
    assert [item["role"] for item in sent["input"]] == ["user", "assistant", "user"]


@FORMS
@MODELS
def test_a_tool_loop_sends_only_the_result(by: OpenAI, provider: Provider, model: str, streamed: bool) -> None:
    speech = SPEECHES[model]
    provider.scripts = [speech.answer(CALLING), speech.answer()]
    first = asks(by, streamed, model=model, input="What is the weather in Rome?", tools=[WEATHER])
    message, call = first.output
    assert (message.type, call.type, call.call_id, call.name) == ("message", "function_call", "call_1", "weather")
    assert json.loads(call.arguments) == {"city": "Rome"}
    result: Any = {"type": "function_call_output", "call_id": call.call_id, "output": "sunny"}
    done = asks(by, streamed, model=model, input=[result], previous_response_id=first.id, tools=[WEATHER])
    assert done.output_text == "Hello there"
    history = turns(provider.calls[1])
    assert [role for role, _ in history] == ["user", "model", "user"]
    assert "sunny" in json.dumps(history[2][1])
    assert "Rome" in json.dumps(history[1][1])


PATCH = Reply("", (("call_1", "apply_patch", {"input": "*** Begin Patch"}),))


@FORMS
@pytest.mark.parametrize("model", ["gemini", "vertex-claude", "bedrock", "quirky", "ollama"])
def test_a_tool_of_free_text(by: OpenAI, provider: Provider, model: str, streamed: bool) -> None:
    """As Codex has it. To these providers it is a function of one text, to the client it is what it was."""
    speech = CASES[model].speech
    provider.scripts = [speech.answer(PATCH), speech.answer()]
    tool = {"type": "custom", "name": "apply_patch", "description": "Patches files."}
    options: Any = {"model": model, "tools": [tool], "store": False}
    question: Any = {"role": "user", "content": "Mend it."}
    made = asks(by, streamed, input=[question], **options)
    [call] = made.output
    assert (call.type, call.name, call.input) == ("custom_tool_call", "apply_patch", "*** Begin Patch")
    result = {"type": "custom_tool_call_output", "call_id": call.call_id, "output": "patched"}
    done = asks(by, streamed, input=[question, call.model_dump(exclude_none=True), result], **options)
    assert done.output_text == "Hello there"
    arrived = provider.calls[1].body.decode()
    assert "*** Begin Patch" in arrived
    assert "patched" in arrived
    assert "custom" not in arrived


def test_a_kept_response_is_had_again_and_deleted(by: OpenAI, provider: Provider) -> None:
    provider.default = GEMINI.answer()
    made = by.responses.create(model="gemini", input="Hi", metadata={"a": "b"})
    assert by.responses.retrieve(made.id).model_dump() == made.model_dump()
    by.responses.delete(made.id)
    for again in (by.responses.retrieve, by.responses.delete):
        with pytest.raises(openai.NotFoundError) as caught:
            again(made.id)
        assert made.id in caught.value.message
    with pytest.raises(openai.BadRequestError) as refused:
        by.responses.create(model="gemini", input="Go on.", previous_response_id=made.id)
    assert (refused.value.code, refused.value.param) == ("previous_response_not_found", "previous_response_id")
    assert len(provider.calls) == 1


def test_another_clients_response_is_not_there(by: OpenAI, provider: Provider) -> None:
    provider.default = GEMINI.answer()
    made = by.responses.create(model="gemini", input="Hi")
    other = by.with_options(api_key=OTHER_CLIENT)
    for again in (other.responses.retrieve, other.responses.delete):
        with pytest.raises(openai.NotFoundError):
            again(made.id)
    with pytest.raises(openai.BadRequestError):
        other.responses.create(model="gemini", input="Go on.", previous_response_id=made.id)
    assert by.responses.retrieve(made.id).id == made.id


def test_what_is_not_to_be_kept_is_not(by: OpenAI, provider: Provider) -> None:
    provider.default = GEMINI.answer()
    made = by.responses.create(model="gemini", input="Hi", store=False)
    assert made.store is False
    with pytest.raises(openai.NotFoundError):
        by.responses.retrieve(made.id)


@pytest.mark.parametrize(
    ("model", "speech"), [pytest.param("gemini", GEMINI, id="gemini"), pytest.param("bedrock", BEDROCK, id="bedrock")]
)
def test_the_events_of_a_stream(by: OpenAI, provider: Provider, model: str, speech: Speech) -> None:
    provider.default = speech.answer(CALLING)
    events = list(by.responses.create(model=model, input="Hi", tools=[WEATHER], stream=True))
    assert [event.sequence_number for event in events] == list(range(len(events)))
    kinds = [event.type.removeprefix("response.") for event in events if not event.type.endswith(".delta")]
    assert kinds == [
        *("created", "in_progress"),
        *("output_item.added", "content_part.added"),
        *("output_text.done", "content_part.done", "output_item.done"),
        *("output_item.added", "function_call_arguments.done", "output_item.done"),
        "completed",
    ]
    assert "".join(event.delta for event in events if event.type == "response.output_text.delta") == "I look."


class City(BaseModel):
    name: str
    people: int


@FORMS
def test_parse(by: OpenAI, provider: Provider, streamed: bool) -> None:
    provider.default = GEMINI.answer(Reply('{"name": "Rome", "people": 2800000}'))
    if streamed:
        with by.responses.stream(model="gemini", input="Which?", text_format=City) as events:
            parsed: Any = events.get_final_response()
    else:
        parsed = by.responses.parse(model="gemini", input="Which?", text_format=City)
    assert parsed.output_parsed == City(name="Rome", people=2_800_000)
    wanted = provider.calls[0].json["generationConfig"]
    assert wanted["responseMimeType"] == "application/json"
    assert set(wanted["responseJsonSchema"]["properties"]) == {"name", "people"}


def test_a_stream_that_breaks_has_failed(by: OpenAI, provider: Provider) -> None:
    broken = {"error": {"code": 503, "message": "It is overloaded.", "status": "UNAVAILABLE"}}
    provider.default = stream([*GEMINI.stream(Reply())[:2], data(broken)])
    events = list(by.responses.create(model="gemini", input="Hi", stream=True))
    last: Any = events[-1]
    assert (last.type, last.response.status, last.response.error.message) == (
        "response.failed",
        "failed",
        "It is overloaded.",
    )
    assert [event.sequence_number for event in events] == list(range(len(events)))
    with pytest.raises(openai.NotFoundError):
        by.responses.retrieve(last.response.id)


# --- reasoning, without anything kept ---

THOUGHT, SIGNATURE = "It is about Rome.", "c2lnbmF0dXJlIG9mIGEgdGhvdWdodA=="
CALL = {"call_1": {"city": "Rome"}}


def _thinking_claude(streamed: bool) -> Script:
    answer = claude.message(
        claude.thinking(THOUGHT, SIGNATURE),
        claude.tool_use("call_1", "weather", city="Rome"),
        stop_reason="tool_use",
    )
    return stream(claude.events(answer)) if streamed else whole(answer)


def _thinking_gemini(streamed: bool) -> Script:
    call = {"functionCall": {"id": "call_1", "name": "weather", "args": {"city": "Rome"}}}
    answer = gemini({"text": THOUGHT, "thought": True}, {**call, "thoughtSignature": SIGNATURE})
    return stream([data(answer)]) if streamed else whole(answer)


def _thinking_bedrock(streamed: bool) -> Script:
    call = {"toolUseId": "call_1", "name": "weather"}
    usage = {"inputTokens": 11, "outputTokens": 7, "totalTokens": 18}
    if not streamed:
        thought = {"reasoningContent": {"reasoningText": {"text": THOUGHT, "signature": SIGNATURE}}}
        content = [thought, {"toolUse": {**call, "input": {"city": "Rome"}}}]
        message = {"role": "assistant", "content": content}
        return whole({"output": {"message": message}, "stopReason": "tool_use", "usage": usage})
    deltas = [{"reasoningContent": {"text": THOUGHT}}, {"reasoningContent": {"signature": SIGNATURE}}]
    events: list[dict[str, Any]] = [
        {"messageStart": {"role": "assistant"}},
        *({"contentBlockDelta": {"contentBlockIndex": 0, "delta": delta}} for delta in deltas),
        {"contentBlockStop": {"contentBlockIndex": 0}},
        {"contentBlockStart": {"contentBlockIndex": 1, "start": {"toolUse": call}}},
        {"contentBlockDelta": {"contentBlockIndex": 1, "delta": {"toolUse": {"input": '{"city": "Rome"}'}}}},
        {"contentBlockStop": {"contentBlockIndex": 1}},
        {"messageStop": {"stopReason": "tool_use"}},
        {"metadata": {"usage": usage, "metrics": {"latencyMs": 1}}},
    ]
    return stream(map(framed, events), headers={"content-type": "application/vnd.amazon.eventstream"})


@FORMS
@pytest.mark.parametrize(
    ("model", "thinking", "brought"),
    [
        pytest.param(
            "vertex-claude",
            _thinking_claude,
            {"type": "thinking", "thinking": THOUGHT, "signature": SIGNATURE},
            id="claude",
        ),
        pytest.param(
            "gemini",
            _thinking_gemini,
            {
                "functionCall": {"id": "call_1", "name": "weather", "args": {"city": "Rome"}},
                "thoughtSignature": SIGNATURE,
            },
            id="gemini",
        ),
        pytest.param(
            "bedrock",
            _thinking_bedrock,
            {"reasoningContent": {"reasoningText": {"text": THOUGHT, "signature": SIGNATURE}}},
            id="bedrock",
        ),
    ],
)
def test_a_stateless_loop_keeps_its_signatures(
    by: OpenAI, provider: Provider, model: str, thinking: Any, brought: dict[str, Any], streamed: bool
) -> None:
    """Another client goes on, so that nothing is remembered for it: all is in the items."""
    speech = {"vertex-claude": None, "gemini": GEMINI, "bedrock": BEDROCK}[model]
    last = speech.answer() if speech else whole(claude.message())
    provider.scripts = [thinking(streamed), last]
    options: Any = {
        "model": model,
        "tools": [WEATHER],
        "store": False,
        "include": ["reasoning.encrypted_content"],
        "reasoning": {"effort": "low", "summary": "auto"},
        "max_output_tokens": 5000,
    }
    question: Any = {"role": "user", "content": "What is the weather in Rome?"}
    first = asks(by, streamed, input=[question], **options)
    assert first.output[0].type == "reasoning"
    assert first.output[0].summary[0].text == THOUGHT
    history = [question, *(item.model_dump(exclude_none=True) for item in first.output)]
    result = {"type": "function_call_output", "call_id": "call_1", "output": "sunny"}
    other = by.with_options(api_key=OTHER_CLIENT)
    assert other.responses.create(input=[*history, result], **options).output_text == "Hello there"
    body = provider.calls[1].json
    parts = body["contents"][1]["parts"] if "contents" in body else body["messages"][1]["content"]
    assert brought in parts


# --- what is bounded, and what is switched off ---


@pytest.fixture(scope="module")
def small(running_provider: Provider, tmp_path_factory: pytest.TempPathFactory) -> Iterator[OpenAI]:
    store = {"enable": True, "max-bytes": "8k", "max-age-seconds": 1}
    settings = config(running_provider.url, response_store=store)
    with (
        GatewayProcess(tmp_path_factory.mktemp("small"), settings) as process,
        OpenAI(api_key=CLIENT_KEY, base_url=f"{process.url}/v1", max_retries=0) as sdk,
    ):
        yield sdk


def is_stored(sdk: OpenAI, id: str) -> bool:
    try:
        return sdk.responses.retrieve(id).id == id
    except openai.NotFoundError:
        return False


def test_the_store_has_a_size(small: OpenAI, provider: Provider) -> None:
    made = [small.responses.create(model="sonnet", input="x" * 2000).id for _ in range(5)]
    there = [is_stored(small, id) for id in made]
    assert not there[0]
    assert there[-1]
    assert there == sorted(there)
    assert not is_stored(small, small.responses.create(model="sonnet", input="x" * 9000).id)


def test_the_store_has_an_age(small: OpenAI, provider: Provider) -> None:
    id = small.responses.create(model="sonnet", input="Hi").id
    assert is_stored(small, id)
    time.sleep(1.2)
    assert not is_stored(small, id)
    with pytest.raises(openai.BadRequestError) as caught:
        small.responses.create(model="sonnet", input="Go on.", previous_response_id=id)
    assert caught.value.code == "previous_response_not_found"


@pytest.fixture
def off(gateway: GatewayProcess) -> Iterator[OpenAI]:
    with OpenAI(api_key=CLIENT_KEY, base_url=f"{gateway.url}/v1", max_retries=0) as sdk:
        yield sdk


@pytest.mark.parametrize(
    ("options", "param"),
    [
        pytest.param({"previous_response_id": "resp_1"}, "previous_response_id", id="previous"),
        pytest.param({"background": True}, "background", id="background"),
        pytest.param({"conversation": "conv_1"}, "conversation", id="conversation"),
        pytest.param({"prompt": {"id": "pmpt_1"}}, "prompt", id="template"),
    ],
)
def test_state_is_refused_by_name(off: OpenAI, provider: Provider, options: dict[str, Any], param: str) -> None:
    with pytest.raises(openai.BadRequestError) as caught:
        off.responses.create(**{"model": "sonnet", "input": "Hi", **options})
    assert (caught.value.code, caught.value.param) == ("unsupported_parameter", param)
    assert provider.calls == []


def test_a_reference_to_what_is_not_kept(off: OpenAI, provider: Provider) -> None:
    with pytest.raises(openai.BadRequestError) as caught:
        off.responses.create(model="sonnet", input=[{"type": "item_reference", "id": "msg_1"}])
    assert (caught.value.code, caught.value.param) == ("item_not_found", "input[0].id")


@pytest.mark.parametrize("options", [{"background": True}, {"conversation": "conv_1"}], ids=str)
def test_a_store_makes_no_other_state(by: OpenAI, provider: Provider, options: dict[str, Any]) -> None:
    with pytest.raises(openai.BadRequestError) as caught:
        by.responses.create(model="gemini", input="Hi", **options)
    assert (caught.value.code, caught.value.param) == ("unsupported_parameter", *options)


def test_a_store_that_is_off_says_so(off: OpenAI, provider: Provider) -> None:
    raw = off.responses.with_raw_response.create(model="sonnet", input="Hi", store=True)
    made = raw.parse()
    assert made.store is False
    assert {"path": "store", "fate": "dropped"}.items() <= json.loads(raw.headers["x-gateway-notes"])[0].items()
    for again in (off.responses.retrieve, off.responses.delete):
        with pytest.raises(openai.NotFoundError, match="response-store"):
            again(made.id)
