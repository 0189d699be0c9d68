"""The judges themselves: a judge who lets everything pass proves nothing."""

from typing import Any

import pytest
from anthropic_oracles import check

GOOD: dict[str, Any] = {
    "model": "claude-opus-4-6",
    "max_tokens": 10,
    "messages": [{"role": "user", "content": [{"type": "text", "text": "Hi"}]}],
}


def test_a_good_body_passes() -> None:
    check(GOOD)


@pytest.mark.parametrize(
    "change",
    [
        pytest.param({"seed": 1}, id="unknown field"),
        pytest.param({"max_tokens": "10"}, id="wrong type"),
        pytest.param({"messages": [{"role": "tool", "content": "x"}]}, id="unknown role"),
        pytest.param({"messages": [{"role": "user", "content": [{"type": "text"}]}]}, id="text without text"),
        pytest.param({"messages": [{"role": "user", "content": [{"type": "audio"}]}]}, id="unknown block"),
        pytest.param({"tools": [{"name": "f"}]}, id="tool without schema"),
        pytest.param({"tool_choice": {"type": "required"}}, id="unknown tool choice"),
        pytest.param({"thinking": {"type": "enabled"}}, id="no budget"),
        pytest.param({"metadata": {"user_id": "u", "other": "x"}}, id="extra metadata"),
        pytest.param({"output_config": {"effort": "minimal"}}, id="unknown effort"),
    ],
)
@pytest.mark.parametrize("by_spec", [False, True], ids=["by the SDK's types", "by both"])
def test_a_bad_body_does_not(change: dict[str, Any], by_spec: bool) -> None:
    with pytest.raises(AssertionError):
        check(GOOD | change, by_spec=by_spec)
