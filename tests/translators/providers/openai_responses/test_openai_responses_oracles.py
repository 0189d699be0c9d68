"""The judges themselves: a judge who lets everything pass proves nothing."""

from typing import Any

import pytest
from openai_responses_conversations import BODY, HI
from openai_responses_oracles import check

GOOD: dict[str, Any] = {**BODY, "input": [HI]}


def test_a_good_body_passes() -> None:
    check(GOOD)


@pytest.mark.parametrize(
    "change",
    [
        pytest.param({"temperature": "hot"}, id="wrong type"),
        pytest.param({"input": [{"role": "tool", "content": "x"}]}, id="unknown role"),
        pytest.param({"input": [{"type": "function_call_output", "output": 5}]}, id="a number as result"),
        pytest.param({"input": [{**HI, "content": [{"type": "text", "text": "x"}]}]}, id="a chat's part"),
        pytest.param({"tools": [{"type": "function", "function": {"name": "f"}}]}, id="a chat's tool"),
        pytest.param({"tool_choice": {"type": "function", "function": {"name": "f"}}}, id="a chat's choice"),
        pytest.param({"text": {"format": {"type": "json_schema", "json_schema": {}}}}, id="a chat's schema"),
        pytest.param({"include": ["everything"]}, id="an unknown inclusion"),
    ],
)
@pytest.mark.parametrize("by_spec", [False, True], ids=["by the SDK's types", "by both"])
def test_a_bad_body_does_not(change: dict[str, Any], by_spec: bool) -> None:
    with pytest.raises(AssertionError):
        check(GOOD | change, by_spec=by_spec)


def test_an_unknown_field_does_not_pass() -> None:
    with pytest.raises(AssertionError):
        check({**GOOD, "seed": 1})
