"""Numbers beyond every float (`1e999`, or 400 digits) are JSON: a client has an answer or a refusal, in JSON too."""

import json
import re
from typing import Any

import pytest
from pydantic_core import from_json
from routes import ROUTES, Route, read
from test_mutated_answers import content_type_of
from wholes import RECORDINGS, framed, payloads_in

from translators.dialects import Model
from translators.framing import json_text
from translators.passthrough import chat, completions

LOGPROBS = {
    "gemini": "gemini/logprobs.sse",
    "ollama": "ollama/logprobs.ndjson",
    "openai": "openai/two_choices_with_logprobs.sse",
    "openai-completions": "openai-completions/two_prompts_with_logprobs.sse",
    "openai-responses": "openai-responses/logprobs.sse",
}
HUGE = [pytest.param(number, id=name) for name, number in (("1e999", -1e999), ("400 digits", -(10**400)))]


def with_probability(value: Any, number: float) -> Any:
    """A copy in which every logarithm of a probability is the `number`."""
    if isinstance(value, list):
        return [with_probability(each, number) for each in value]
    if not isinstance(value, dict):
        return value
    result = {name: with_probability(inner, number) for name, inner in value.items()}
    return result | {name: number for name in ("logprob", "logProbability") if name in result}


@pytest.mark.parametrize("number", HUGE)
@pytest.mark.parametrize("streamed", [True, False], ids=["streamed", "whole"])
@pytest.mark.parametrize(
    "route", [pytest.param(route, id=str(route)) for route in ROUTES if route.provider in LOGPROBS]
)
def test_probabilities(route: Route, streamed: bool, number: float) -> None:
    payloads = payloads_in(*RECORDINGS[LOGPROBS[route.provider]])
    answers: list[Any] = []
    for answer in (payloads, with_probability(payloads, number)):
        pipe = route.pipe(content_type_of(route), streamed=streamed, choices=2)
        out = b"".join([pipe.feed(framed(route.framing, payload)) for payload in answer]) + pipe.close()
        assert (pipe.failure, pipe.done) == (None, True)
        for text in re.findall(rb"^data: (?!\[DONE\])(.*)$", out, re.MULTILINE) if streamed else [out]:
            from_json(text, allow_inf_nan=False)
        answers.append(read(route.client, out, streamed=streamed))
    assert answers[0] == answers[1]


@pytest.mark.parametrize("passthrough", [chat, completions], ids=["chat", "completions"])
def test_so_many_choices_are_the_providers_to_refuse(passthrough: Any) -> None:
    body = {"model": "m", "messages": [{"role": "user", "content": "x"}], "prompt": "x", "n": 1e999}
    assert passthrough.render(body, Model("m")).rendered.recall.choices == 1


def test_infinity_is_null() -> None:
    assert json.loads(json_text.to_json({"a": [1e999, -1e999, 1.5]})) == {"a": [None, None, 1.5]}
