"""`POST /v1/completions` by OpenAI's own SDK, onto models that know conversations only."""

import json
import threading
from collections.abc import Iterator
from typing import Any

import openai
import pytest
from openai import OpenAI

from tests.e2e import claude
from tests.e2e.answers import Reply, data, gemini
from tests.e2e.gateway_process import CLIENT_KEY, GatewayProcess
from tests.e2e.provider import Call, Provider, stream, whole
from tests.e2e.provider_cases import CASES, FORMS


@pytest.fixture
def sdk(gateway: GatewayProcess) -> Iterator[OpenAI]:
    with OpenAI(api_key=CLIENT_KEY, base_url=f"{gateway.url}/v1", max_retries=0) as client:
        yield client


def parrot(provider: Provider, together: int = 1) -> None:
    """Says the prompt again, in capitals, as soon as `together` calls are here."""
    arrived = threading.Event()

    async def script(call: Call) -> None:
        if len(provider.calls) >= together:
            arrived.set()
        await call.until(arrived)
        [part] = call.json["messages"][0]["content"]
        message = claude.message(claude.text(part["text"].upper()))
        await (stream(claude.events(message)) if call.json["stream"] else whole(message))(call)

    provider.default = script


def texts(answer: Any) -> dict[int, str]:
    """What each choice says, by its index."""
    result: dict[int, str] = {}
    for each in answer if not hasattr(answer, "choices") else [answer]:
        for choice in each.choices:
            result[choice.index] = result.get(choice.index, "") + choice.text
    return dict(sorted(result.items()))


@FORMS
def test_one_prompt(sdk: OpenAI, provider: Provider, streamed: bool) -> None:
    parrot(provider)
    more: Any = {"stream_options": {"include_usage": True}} if streamed else {}
    raw = sdk.completions.with_raw_response.create(
        model="sonnet", prompt="say hello", max_tokens=50, stop=["END"], stream=streamed, **more
    )
    received: Any = raw.parse()
    chunks = list(received) if streamed else [received]
    assert texts(iter(chunks)) == {0: "SAY HELLO"}
    assert {chunk.object for chunk in chunks} == {"text_completion"}
    assert chunks[0].id.startswith("cmpl-")
    assert (chunks[-1].usage.prompt_tokens, chunks[-1].usage.completion_tokens) == (11, 7)
    reasons = [choice.finish_reason for chunk in chunks for choice in chunk.choices if choice.finish_reason]
    assert reasons == ["stop"]
    assert provider.calls[0].json == {
        "model": "claude-sonnet-4-5",
        "max_tokens": 50,
        "messages": [{"role": "user", "content": [{"type": "text", "text": "say hello"}]}],
        "stop_sequences": ["END"],
        "stream": streamed,
    }
    assert [note["path"] for note in json.loads(raw.headers["x-gateway-notes"])] == ["prompt"]


@FORMS
def test_prompts_are_asked_at_the_same_time(sdk: OpenAI, provider: Provider, streamed: bool) -> None:
    parrot(provider, together=3)
    received: Any = sdk.completions.create(
        model="sonnet", prompt=["one", "two", "three"], max_tokens=9, stream=streamed
    )
    assert texts(received) == {0: "ONE", 1: "TWO", 2: "THREE"}
    if not streamed:
        usage = received.usage
        assert (usage.prompt_tokens, usage.completion_tokens, usage.total_tokens) == (33, 21, 54)


@FORMS
def test_every_prompt_has_n_choices(sdk: OpenAI, provider: Provider, streamed: bool) -> None:
    parrot(provider, together=4)
    received = sdk.completions.create(
        model="sonnet", prompt=["one", "two"], n=2, best_of=2, max_tokens=9, stream=streamed
    )
    assert texts(received) == {0: "ONE", 1: "ONE", 2: "TWO", 3: "TWO"}


@FORMS
def test_an_echo(sdk: OpenAI, provider: Provider, streamed: bool) -> None:
    parrot(provider, together=2)
    received = sdk.completions.create(model="sonnet", prompt=["one ", "two "], echo=True, max_tokens=9, stream=streamed)
    assert texts(received) == {0: "one ONE ", 1: "two TWO "}


@FORMS
def test_log_probabilities(by: OpenAI, provider: Provider, streamed: bool) -> None:
    yes, mark, no = (
        {"token": token, "tokenId": id, "logProbability": value}
        for id, (token, value) in enumerate([("Yes", -0.25), ("!", -1.0), ("No", -1.5)], start=1)
    )
    tops = [{"candidates": [yes, no]}, {"candidates": [mark]}]
    answer = gemini({"text": "Yes!"}, logprobsResult={"chosenCandidates": [yes, mark], "topCandidates": tops})
    provider.default = stream([data(answer)]) if streamed else whole(answer)
    received: Any = by.completions.create(
        model="gemini-old", prompt="Is it?", logprobs=2, max_tokens=9, stream=streamed
    )
    choices = [choice for each in (received if streamed else [received]) for choice in each.choices if choice.logprobs]
    assert [token for choice in choices for token in choice.logprobs.tokens] == ["Yes", "!"]
    assert [value for choice in choices for value in choice.logprobs.token_logprobs] == [-0.25, -1.0]
    assert [offset for choice in choices for offset in choice.logprobs.text_offset] == [0, 3]
    assert choices[0].logprobs.top_logprobs[0] == {"Yes": -0.25, "No": -1.5}
    assert provider.calls[0].json["generationConfig"]["logprobs"] == 2


@pytest.mark.parametrize(
    ("options", "param"),
    [
        pytest.param({"prompt": [1, 2, 3]}, "prompt", id="tokens"),
        pytest.param({"prompt": [[1, 2], [3]]}, "prompt[0]", id="lists-of-tokens"),
        pytest.param({"suffix": "the end"}, "suffix", id="suffix"),
        pytest.param({"best_of": 3}, "best_of", id="best-of"),
        pytest.param({"echo": True, "logprobs": 1}, "echo", id="echo-with-logprobs"),
        pytest.param({"logprobs": 1}, "logprobs", id="logprobs"),
        pytest.param({"prompt": []}, "prompt", id="no-prompts"),
        pytest.param({"prompt": "x", "messages": []}, "messages", id="another-endpoint's"),
    ],
)
def test_what_cannot_be_honoured_is_refused(
    sdk: OpenAI, provider: Provider, options: dict[str, Any], param: str
) -> None:
    given = {"model": "sonnet", "prompt": "Hi", "max_tokens": 9, **options}
    with pytest.raises(openai.BadRequestError) as caught:
        sdk.post("/completions", body=given, cast_to=object)
    assert caught.value.param == param
    assert provider.calls == []


def test_one_prompts_failure_is_the_failure_of_all(sdk: OpenAI, provider: Provider) -> None:
    parrot(provider)
    provider.scripts = [whole(claude.error("rate_limit_error", "too fast"), 429)]
    with pytest.raises(openai.RateLimitError, match="too fast"):
        sdk.completions.create(model="sonnet", prompt=["one", "two"], max_tokens=9)


@FORMS
@pytest.mark.parametrize("model", ["bedrock", "quirky", "codex", "azure", "ollama"])
def test_a_provider_without_the_endpoint(by: OpenAI, provider: Provider, model: str, streamed: bool) -> None:
    case = CASES[model]
    provider.default = case.speech.answer(Reply("Fine."))
    received: Any = by.completions.create(model=model, prompt="How?", max_tokens=9, stream=streamed)
    assert texts(received) == {0: "Fine."}
    [call] = provider.calls
    assert call.path == (case.streaming if streamed else case.path)
    assert b"How?" in call.body
