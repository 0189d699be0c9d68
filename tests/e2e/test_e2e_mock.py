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


def test_a_fault_in_front_of_a_recording(sdk: OpenAI) -> None:
    headers = {"x-mock-fixture": "anthropic/recorded/stream", "x-gateway-fault": "cut-after=4"}
    with pytest.raises(APIError, match="injected"):
        list(sdk.chat.completions.create(model="claude", messages=HELLO, stream=True, extra_headers=headers))
