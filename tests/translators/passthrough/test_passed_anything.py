"""Whatever a provider sends is an answer or `BadAnswer`: recorded streams with anything in any place of them."""

import copy
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from translators.clients import chat as chat_client
from translators.dialects import Answer, Envelope, Recall, Writer
from translators.errors import BadAnswer
from translators.framing import sse
from translators.passthrough import chat, completions
from translators.providers import openai

FIXTURES = Path(__file__).parents[2] / "fixtures"
ENVELOPE = Envelope("a", 1, "m")
RECORDED = [
    [json.loads(event.data) for event in sse.SseReader().feed(path.read_bytes()) if event.data != sse.DONE]
    for path in sorted(FIXTURES.glob("openai*/*.sse"))
]
NAMES = st.sampled_from(("index", "id", "delta", "content", "tool_calls", "function", "name", "message", "text", "x"))
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(NAMES, inner, max_size=2),
    max_leaves=4,
)


def put(holder: Any, path: list[int], value: Any) -> None:
    """`value` somewhere in `holder`: each number chooses among the places at its depth."""
    keys = list(holder) if isinstance(holder, dict) else list(range(len(holder)))
    if not keys:
        return
    key = keys[path[0] % len(keys)]
    if len(path) > 1 and isinstance(holder[key], dict | list):
        put(holder[key], path[1:], value)
    else:
        holder[key] = value


def made() -> list[tuple[Answer, Writer]]:
    recall, form = Recall("m", custom=frozenset({"look"})), chat.Form(True)
    return [
        (openai.answer(recall), chat_client.streamed(chat_client.Form(True), ENVELOPE)),
        (chat.answer(recall), chat.streamed(form, ENVELOPE)),
        (chat.answer(recall), chat.whole(form, ENVELOPE)),
        (completions.answer(recall), completions.streamed(form, ENVELOPE)),
        (completions.answer(recall), completions.whole(form, ENVELOPE)),
    ]


@pytest.mark.parametrize("whole", [False, True], ids=["stream", "whole"])
@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    recorded=st.sampled_from(RECORDED),
    path=st.lists(st.integers(0, 9), min_size=2, max_size=7),
    value=VALUES,
)
def test_anything_anywhere(whole: bool, recorded: list[Any], path: list[int], value: Any) -> None:
    payloads = copy.deepcopy(recorded)
    put(payloads, path, value)
    for machine, writer in made():
        try:
            for payload in payloads[:1] if whole else payloads:
                for event in machine.whole(payload) if whole else machine.on(payload):
                    writer.on(event)
            for event in machine.close():
                writer.on(event)
            writer.close()
        except BadAnswer:
            pass
