"""What only some providers have: relayed bodies, quirks, Azure's filters, Ollama's models, choices, signatures ..."""

import json
from pathlib import Path
from typing import Any

import openai
import pytest
from openai import OpenAI

from tests.e2e import claude
from tests.e2e.answers import CHAT, COMPLETIONS, GEMINI, RESPONSES, Reply, chat_chunk, data, gemini, response
from tests.e2e.every_provider import DISCOVERED, OTHER_CLIENT, Issuers
from tests.e2e.gateway_process import GatewayProcess
from tests.e2e.provider import Call, Provider, Script, stream, whole
from tests.e2e.provider_cases import ASKED, CASES, FORMS, SYSTEM, asks

FIXTURES = Path(__file__).resolve().parents[1] / "fixtures"
ASK: Any = {"messages": [ASKED], "max_tokens": 100}


def recorded(name: str) -> Script:
    return stream([(FIXTURES / name).read_bytes()])


def notes(answer: Any) -> list[tuple[str, str]]:
    return [(each["path"], each["fate"]) for each in json.loads(answer.headers["x-gateway-notes"])]


# --- relays ---


def test_unknown_fields_pass_both_ways(by: OpenAI, provider: Provider) -> None:
    answer = {**CHAT.whole(Reply()), "system_fingerprint": "fp", "shiny": {"new": [1, None]}}
    answer["choices"][0]["message"]["mood"] = "calm"
    provider.default = whole(answer, headers={"x-ratelimit-remaining-requests": "41"})
    extra = {"shiny": {"deep": [1.0, None]}, "messages": [{**ASKED, "weather": "fine"}]}
    raw = by.chat.completions.with_raw_response.create(model="relayed", messages=[ASKED], extra_body=extra)
    assert provider.calls[0].json == {"model": "theirs", **extra}
    assert raw.headers["x-ratelimit-remaining-requests"] == "41"
    assert "x-gateway-notes" not in raw.headers
    assert raw.http_response.json() == {**answer, "model": "relayed"}


def test_unknown_fields_pass_in_a_stream(by: OpenAI, provider: Provider) -> None:
    chunks = [chat_chunk({"role": "assistant", "content": "Hi", "mood": "calm"}, shiny=1), chat_chunk({}, "stop")]
    provider.default = stream([*(data({**chunk, "brand": "new"}) for chunk in chunks), data(b"[DONE]")])
    received = [chunk.model_dump() for chunk in by.chat.completions.create(model="relayed", stream=True, **ASK)]
    assert [chunk["brand"] for chunk in received] == ["new", "new"]
    assert received[0]["choices"][0]["delta"]["mood"] == "calm"
    assert {chunk["model"] for chunk in received} == {"relayed"}
    assert provider.calls[0].json["stream_options"] == {"include_usage": True}


def test_quirks(by: OpenAI, provider: Provider) -> None:
    provider.default = CHAT.answer()
    raw = by.chat.completions.with_raw_response.create(
        model="quirky",
        messages=[{"role": "developer", "content": "Be brief."}, {"role": "user", "content": "Hi"}],
        max_completion_tokens=50,
        seed=7,
        logit_bias={"1": 2},
    )
    assert provider.calls[0].json == {
        "model": "theirs",
        "messages": [SYSTEM, {"role": "user", "content": "Hi"}],
        "max_tokens": 50,
        "random_seed": 7,
    }
    assert sorted(notes(raw)) == [
        ("logit_bias", "dropped"),
        ("max_completion_tokens", "moved"),
        ("messages[0].role", "approximated"),
    ]


@FORMS
def test_completions_are_relayed(by: OpenAI, provider: Provider, streamed: bool) -> None:
    provider.default = COMPLETIONS.answer()
    request: Any = {"prompt": [1, 2, 3], "suffix": "!", "best_of": 2, "logprobs": 3, "echo": True}
    answer: Any = by.completions.create(model="relayed", **request, stream=streamed)
    texts = [choice.text for each in (answer if streamed else [answer]) for choice in each.choices]
    assert "".join(texts) == "Hello there"
    [call] = provider.calls
    more = {"stream": True, "stream_options": {"include_usage": True}} if streamed else {"stream": False}
    assert (call.path, call.json) == ("/relayed/v1/completions", {"model": "theirs", **request, **more})


@FORMS
@pytest.mark.parametrize(
    ("model", "path", "name"),
    [
        pytest.param("codex", "/codex/v1/responses", "gpt-5-codex", id="codex"),
        pytest.param("relayed", "/relayed/v1/responses", "theirs", id="compatible"),
        pytest.param("azure", "/azure/openai/v1/responses", "mine", id="azure"),
    ],
)
def test_responses_are_relayed(
    by: OpenAI, provider: Provider, model: str, path: str, name: str, streamed: bool
) -> None:
    """Whose state is the provider's."""
    provider.default = RESPONSES.answer()
    request: Any = {
        "input": [{"type": "item_reference", "id": "msg_theirs"}, {"role": "user", "content": "Hi"}],
        "previous_response_id": "resp_theirs",
        "store": True,
        "metadata": {"a": "b"},
    }
    if streamed:
        with by.responses.stream(model=model, **request) as events:
            answer: Any = events.get_final_response()
    else:
        answer = by.responses.create(model=model, **request)
    assert (answer.id, answer.model, answer.output_text, answer.store) == ("resp_up", model, "Hello there", True)
    [call] = provider.calls
    assert (call.path, call.json) == (path, {"model": name, **request, **({"stream": True} if streamed else {})})


def test_a_provider_says_that_it_knows_no_such_response(by: OpenAI, provider: Provider) -> None:
    error = {"message": "Previous response with id 'resp_x' not found.", "type": "invalid_request_error"}
    refusal = {"error": {**error, "param": "previous_response_id", "code": "previous_response_not_found"}}
    provider.default = whole(refusal, 400)
    with pytest.raises(openai.BadRequestError) as caught:
        by.responses.create(model="codex", input="Hi", previous_response_id="resp_x")
    assert (caught.value.code, caught.value.param) == ("previous_response_not_found", "previous_response_id")


def test_a_failed_response_reaches_a_chat_client_as_an_error(by: OpenAI, provider: Provider) -> None:
    failed = response(Reply(), "failed", error={"code": "server_error", "message": "It broke."})
    provider.default = whole(failed)
    with pytest.raises(openai.InternalServerError, match="It broke"):
        asks(by, CASES["codex"], False)


# --- Azure ---


def test_azures_filter_results_are_no_choices(by: OpenAI, provider: Provider) -> None:
    provider.default = recorded("openai/azure_filter_results.sse")
    chunks = list(by.chat.completions.create(model="azure", stream=True, **ASK))
    texts = [choice.delta.content or "" for chunk in chunks for choice in chunk.choices]
    assert "".join(texts) == "Hello."
    assert chunks[-1].choices[0].finish_reason == "stop"
    assert all(chunk.id and chunk.object == "chat.completion.chunk" for chunk in chunks)


def test_azures_filter_in_a_stream(by: OpenAI, provider: Provider) -> None:
    provider.default = recorded("openai/azure_filtered.sse")
    chunks = list(by.chat.completions.create(model="azure-dated", stream=True, **ASK))
    assert chunks[-1].choices[0].finish_reason == "content_filter"


@FORMS
def test_azures_filter_of_a_prompt(by: OpenAI, provider: Provider, streamed: bool) -> None:
    inner = {"code": "ResponsibleAIPolicyViolation", "content_filter_result": {"violence": {"filtered": True}}}
    message = "The response was filtered due to the prompt triggering Azure OpenAI's content management policy."
    refusal = {"message": message, "type": None, "param": "prompt", "code": "content_filter", "status": 400}
    provider.default = whole({"error": {**refusal, "innererror": inner}}, 400)
    with pytest.raises(openai.BadRequestError, match="content management policy") as caught:
        asks(by, CASES["azure"], streamed)
    assert caught.value.code == "content_filter"


# --- Ollama ---


def test_ollamas_models_are_found(by: OpenAI, many: GatewayProcess, issuers: Issuers) -> None:
    issuers.call()
    listed = {model.id: model.owned_by for model in by.models.list()}
    for name in DISCOVERED:
        assert (listed[name], listed[f"found/{name}"]) == ("found", "found")
    listing, *_ = issuers.requests_at("/api/tags")  # which are asked again from time to time
    assert (listing.method, listing.headers.get("authorization")) == ("GET", None)
    before = len(issuers.requests_at("/api/chat"))
    for name in ("found/qwen3:8b", "llama3.2:latest", "llama3.2"):
        assert by.chat.completions.create(model=name, **ASK).choices[0].message.content == "Hello there"
    models = [call.json["model"] for call in issuers.requests_at("/api/chat")[before:]]
    assert models == ["qwen3:8b", "llama3.2:latest", "llama3.2:latest"]


def test_ollamas_thoughts_and_calls(by: OpenAI, provider: Provider) -> None:
    lines = (FIXTURES / "ollama/thinking_and_parallel_tools.ndjson").read_bytes()
    provider.default = stream([lines], headers={"content-type": "application/x-ndjson"})
    answer = asks(by, CASES["ollama"], True)
    message = answer.choices[0].message
    assert (message.content, message.reasoning_content) == ("I look.", "Two cities, two calls.")
    assert [call.function.name for call in message.tool_calls] == ["weather", "weather", "now"]
    assert len({call.id for call in message.tool_calls}) == 3


# --- several choices ---


@FORMS
def test_two_choices_of_one_call(by: OpenAI, provider: Provider, streamed: bool) -> None:
    """Vertex gives several candidates where no stream is requested."""
    one = gemini({"text": "Heads"})
    two = {**one["candidates"][0], "index": 1, "content": {"role": "model", "parts": [{"text": "Tails"}]}}
    both = whole({**one, "candidates": [*one["candidates"], two]})

    async def script(call: Call) -> None:
        await (GEMINI.answer(Reply("Heads")) if "stream" in call.path else both)(call)

    provider.default = script
    answer: Any = by.chat.completions.create(model="express", n=2, stream=streamed, **ASK)
    texts: dict[int, str] = {}
    for each in answer if streamed else [answer]:
        for choice in each.choices:
            piece = (choice.delta if streamed else choice.message).content or ""
            texts[choice.index] = texts.get(choice.index, "") + piece
    assert texts == ({0: "Heads", 1: "Heads"} if streamed else {0: "Heads", 1: "Tails"})
    assert len(provider.calls) == (2 if streamed else 1)
    counts = [call.json["generationConfig"].get("candidateCount") for call in provider.calls]
    assert counts == ([None, None] if streamed else [2])


@FORMS
def test_two_choices_of_two_calls(by: OpenAI, provider: Provider, streamed: bool) -> None:
    words = iter(("Heads", "Tails"))

    async def script(call: Call) -> None:
        message = claude.message(claude.text(next(words)), usage=(11, 7))
        await (stream(claude.events(message)) if call.json["stream"] else whole(message))(call)

    provider.default = script
    answer = asks(by, CASES["vertex-claude"], streamed, n=2)
    assert sorted(choice.message.content for choice in answer.choices) == ["Heads", "Tails"]
    assert [choice.index for choice in answer.choices] == [0, 1]
    assert (answer.usage.prompt_tokens, answer.usage.completion_tokens) == (22, 14)
    assert [call.json.get("n") for call in provider.calls] == [None, None]


@FORMS
def test_log_probabilities(by: OpenAI, provider: Provider, streamed: bool) -> None:
    chosen = {"token": "Yes", "tokenId": 1, "logProbability": -0.25}
    other = {"token": "No", "tokenId": 2, "logProbability": -1.5}
    result = {"chosenCandidates": [chosen], "topCandidates": [{"candidates": [chosen, other]}]}
    message = gemini({"text": "Yes"}, logprobsResult=result, avgLogprobs=-0.25)
    provider.default = stream([data(message)]) if streamed else whole(message)
    answer = asks(by, CASES["gemini-old"], streamed, logprobs=True, top_logprobs=2)
    [token] = answer.choices[0].logprobs.content
    assert (token.token, token.logprob) == ("Yes", -0.25)
    assert [(each.token, each.logprob) for each in token.top_logprobs] == [("Yes", -0.25), ("No", -1.5)]
    wanted = provider.calls[0].json["generationConfig"]
    assert (wanted["responseLogprobs"], wanted["logprobs"]) == (True, 2)


# --- thought signatures ---

SIGNATURE = "c2lnbmF0dXJlIG9mIGEgdGhvdWdodA=="
CALLS = gemini(
    {"text": "Two cities.", "thought": True},
    {
        "functionCall": {"id": "call_1", "name": "weather", "args": {"city": "Rome"}},
        "thoughtSignature": SIGNATURE,
    },
    {"functionCall": {"id": "call_2", "name": "weather", "args": {"city": "Oslo"}}},
)
TOOL: Any = {
    "type": "function",
    "function": {"name": "weather", "parameters": {"type": "object", "properties": {"city": {"type": "string"}}}},
}


@FORMS
@pytest.mark.parametrize(
    ("keeps", "another", "wanted"),
    [
        pytest.param(True, False, SIGNATURE, id="kept-by-the-client"),
        pytest.param(False, False, SIGNATURE, id="remembered-for-the-client"),
        pytest.param(False, True, "skip_thought_signature_validator", id="not-for-another-client"),
    ],
)
def test_a_thought_signature_comes_back(
    by: OpenAI, provider: Provider, keeps: bool, another: bool, wanted: str, streamed: bool
) -> None:
    case = CASES["gemini"]
    provider.scripts = [stream([data(CALLS)]) if streamed else whole(CALLS), GEMINI.answer()]
    [choice] = asks(by, case, streamed, tools=[TOOL]).choices
    texts = {"role": "assistant", **choice.message.model_dump(exclude_none=True, include={"content", "tool_calls"})}
    for call in texts["tool_calls"]:
        assert call["extra_content" if call["id"] == "call_1" else "id"]
        call.pop("index", None)
        if not keeps:
            call.pop("extra_content", None)
    results = [{"role": "tool", "tool_call_id": id, "content": "sunny"} for id in ("call_2", "call_1")]
    sdk = by.with_options(api_key=OTHER_CLIENT) if another else by
    history: Any = [SYSTEM, ASKED, texts, *results]
    raw = sdk.chat.completions.with_raw_response.create(model="gemini", messages=history, tools=[TOOL])
    assert raw.parse().choices[0].message.content == "Hello there"
    contents = provider.calls[1].json["contents"]
    assert [part.get("thoughtSignature") for part in contents[1]["parts"] if "functionCall" in part] == [wanted, None]
    assert [part["functionResponse"]["id"] for part in contents[2]["parts"]] == ["call_1", "call_2"]
    assert ("synthesised" in raw.headers.get("x-gateway-notes", "")) == (wanted != SIGNATURE)
