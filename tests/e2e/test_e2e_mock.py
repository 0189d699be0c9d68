"""The gateway in front of `scripts/mock`, in every dialect of a provider: OpenAI's SDK gets what was recorded."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from openai import APIError, OpenAI

from tests.e2e.gateway_process import CLIENT_KEY, GatewayProcess
from tests.e2e.pools import MEMBERS
from tests.scripts.mock_process import Mock
from translators import convert

FIXTURES = Path(__file__).resolve().parents[1] / "fixtures"
DIALECTS = {
    "claude": "anthropic",
    "gemini": "gemini",
    "bedrock": "bedrock",
    "chat": "openai",
    "responses": "openai-responses",
    "ollama": "ollama",
}
HELLO: Any = [{"role": "user", "content": "Hello"}]


@pytest.fixture(scope="module")
def sdk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OpenAI]:
    with Mock(FIXTURES, "--speed", "0") as mock:
        settings: dict[str, Any] = {
            "api-keys": [{"key": CLIENT_KEY, "name": "tester", "faults": True}],
            "forward-headers": ["x-mock-fixture"],
            "log-format": "json",
            "drain-seconds": 0,
        }
        for name, member in MEMBERS.items():
            settings.setdefault(member.section, []).append(member.entry(mock.url, "first", [name], 0))
        completions = {"name": "c", "base-url": f"{mock.url}/v1", "endpoints": ["completions"]}
        settings["openai-compatibility"].append(completions | {"models": [{"name": "c"}]})
        with (
            GatewayProcess(tmp_path_factory.mktemp("mocked"), settings) as gateway,
            OpenAI(api_key=CLIENT_KEY, base_url=f"{gateway.url}/v1", max_retries=0) as made,
        ):
            yield made


def recorded(dialect: str) -> str:
    """Return the text of a dialect's recording."""
    [path] = [path for path in (FIXTURES / dialect).glob("text.*") if path.suffix != ".jsonl"]
    answered = convert.answer(path.read_bytes(), client="chat", provider=dialect)
    found = json.loads(answered.body)
    text: str = found["choices"][0]["message"]["content"]
    return text


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
@pytest.mark.parametrize("name", list(DIALECTS))
def test_what_was_recorded(sdk: OpenAI, name: str, stream: bool) -> None:
    dialect = DIALECTS[name]
    headers = {"x-mock-fixture": f"{dialect}/text"}
    if stream:
        chunks = sdk.chat.completions.create(model=name, messages=HELLO, stream=True, extra_headers=headers)
        text = "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)
    else:
        answer = sdk.chat.completions.create(model=name, messages=HELLO, extra_headers=headers)
        text = answer.choices[0].message.content or ""
    assert text == recorded(dialect)
    assert text


def test_completions(sdk: OpenAI) -> None:
    headers = {"x-mock-fixture": "openai-completions/text"}
    pieces = sdk.completions.create(model="c", prompt="Hello", stream=True, extra_headers=headers)
    assert "".join(piece.choices[0].text for piece in pieces if piece.choices)


@pytest.mark.parametrize("name", list(DIALECTS))
def test_a_fault_in_front_of_a_recording(sdk: OpenAI, name: str) -> None:
    headers = {"x-mock-fixture": f"{DIALECTS[name]}/text"}
    options: Any = {"model": name, "messages": HELLO, "stream": True}
    whole = list(sdk.chat.completions.create(**options, extra_headers=headers))
    chunks = sdk.chat.completions.create(**options, extra_headers=headers | {"x-gateway-fault": "cut-after=2"})
    got = [next(chunks), next(chunks)]
    with pytest.raises(APIError, match="injected"):
        next(chunks)
    assert [each.choices for each in got] == [each.choices for each in whole[:2]]


@pytest.mark.parametrize(
    ("name", "fixture"),
    [
        ("chat", "openai/parallel_tools"),
        ("claude", "anthropic/parallel_tools_after_thinking"),
        ("gemini", "gemini/parallel_tools_after_thinking"),
    ],
)
def test_calls_whose_arguments_end_in_the_middle(sdk: OpenAI, name: str, fixture: str) -> None:
    def arguments(**fault: str) -> dict[int, str]:
        made: dict[int, str] = {}
        headers = {"x-mock-fixture": fixture, **{key.replace("_", "-"): value for key, value in fault.items()}}
        for chunk in sdk.chat.completions.create(model=name, messages=HELLO, stream=True, extra_headers=headers):
            for call in (chunk.choices[0].delta.tool_calls or ()) if chunk.choices else ():
                made[call.index] = made.get(call.index, "") + ((call.function and call.function.arguments) or "")
        return made

    true, bent = arguments(), arguments(x_gateway_fault="truncated-arguments")
    assert true.keys() == bent.keys()
    assert len(true) > 1
    for index, text in true.items():
        assert json.loads(text) is not None
        assert text.startswith(bent[index])
        with pytest.raises(json.JSONDecodeError):
            json.loads(bent[index])


def test_an_empty_answer_of_a_passed_through_stream(sdk: OpenAI) -> None:
    headers = {"x-mock-fixture": "openai-responses/text", "x-gateway-fault": "empty"}
    events = list(sdk.responses.create(model="responses", input="Hello", stream=True, extra_headers=headers))
    assert {event.type for event in events} == {"response.created", "response.in_progress", "response.completed"}
    assert [event.sequence_number for event in events] == [0, 1, 2]
