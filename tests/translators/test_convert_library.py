"""The translators as a library: every pair of a client dialect and a provider dialect, there and back."""

import json
from pathlib import Path

import pytest

from translators import convert
from translators.errors import BadRequest

FIXTURES = Path(__file__).parents[1] / "fixtures"
RECORDED = {"vertex-anthropic": "anthropic"}
"""The folder of a dialect's recordings, where it has another name."""
MODELS = {"anthropic": "claude-sonnet-4-6", "vertex-anthropic": "claude-sonnet-4-6", "gemini": "gemini-2.5-flash"}
PAIRS = [pytest.param(*pair, id="-".join(pair)) for pair in convert.PAIRS]


def recording(provider: str) -> bytes:
    folder = FIXTURES / RECORDED.get(provider, provider)
    (path,) = [path for path in folder.glob("text.*") if path.suffix != ".jsonl"]
    return path.read_bytes()


@pytest.mark.parametrize(("client", "provider"), PAIRS)
def test_a_request_and_its_answer(client: str, provider: str) -> None:
    body = {"model": "alias", **convert.PLAIN[client]}
    converted = convert.request(body, client=client, provider=provider, model=MODELS.get(provider, "m"))
    assert converted.path.startswith("/")
    assert json.loads(json.dumps(converted.body)) == converted.body
    whole = convert.answer(recording(provider), request=converted)
    assert (whole.failure, whole.stream) == (None, False)
    assert json.loads(whole.body)["model"] == "alias"
    streamed = convert.answer(recording(provider), request=converted, stream=True)
    assert (streamed.failure, streamed.usage) == (None, whole.usage)
    assert b'"alias"' in streamed.body
    assert convert.answer(recording(provider), request=converted, stream=True, split=1) == streamed


@pytest.mark.parametrize(("client", "provider"), PAIRS)
def test_an_answer_alone(client: str, provider: str) -> None:
    answered = convert.answer(recording(provider), client=client, provider=provider)
    assert (answered.failure, answered.stream) == (None, False)
    assert json.loads(answered.body)["id"]


def test_a_text_is_parsed_as_the_gateway_parses_it() -> None:
    text = '{"model": "m", "messages": [{"role": "user", "content": "a\\ud83d"}]}'
    converted = convert.request(text, provider="openai-responses")
    assert [note.path for note in converted.notes if note.fate == "approximated"] == ["body"]
    with pytest.raises(BadRequest, match="not JSON"):
        convert.request("{", provider="anthropic")


def test_a_pair_that_does_not_go_together() -> None:
    with pytest.raises(convert.NoWay, match="only completions goes there"):
        convert.request({"model": "m", **convert.PLAIN["chat"]}, provider="openai-completions")
    with pytest.raises(convert.NoWay, match="there is no such dialect"):
        convert.answer(b"{}", provider="none")
    with pytest.raises(TypeError, match="needs the request"):
        convert.answer(b"{}")
