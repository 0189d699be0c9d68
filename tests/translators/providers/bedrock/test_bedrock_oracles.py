"""The judge itself, who must not let everything pass; and the recordings, which must be what their sources say."""

from typing import Any

import pytest
from bedrock_frames import sources
from bedrock_oracles import check, known_to_the_model

from translators.dialects import Recall, Rendered

GOOD: dict[str, Any] = {"messages": [{"role": "user", "content": [{"text": "Hi"}]}]}


def rendered(body: Any, path: str = "/model/m/converse") -> Rendered:
    return Rendered(path, body, {}, (), Recall())


def test_a_good_body_passes() -> None:
    check(rendered(GOOD))


@pytest.mark.parametrize(
    "change",
    [
        pytest.param({"seed": 1}, id="unknown field"),
        pytest.param({"inferenceConfig": {"maxTokens": "10"}}, id="wrong type"),
        pytest.param({"inferenceConfig": {"temperature": 1.5}}, id="out of range"),
        pytest.param({"messages": [{"role": "tool", "content": []}]}, id="unknown role"),
        pytest.param({"messages": [{"role": "user", "content": [{"text": "a", "image": {}}]}]}, id="two in a union"),
        pytest.param({"toolConfig": {"tools": []}}, id="no tools"),
        pytest.param({"toolConfig": {"tools": [{"toolSpec": {"name": "f"}}]}}, id="tool without schema"),
        pytest.param({"toolConfig": {"tools": [{"systemTool": {"name": "a.b"}}]}}, id="a name's characters"),
        pytest.param({"requestMetadata": {"a": "ü"}}, id="metadata's characters"),
        pytest.param({"serviceTier": {"type": "scale"}}, id="unknown tier"),
    ],
)
def test_a_bad_body_does_not(change: dict[str, Any]) -> None:
    with pytest.raises(AssertionError):
        check(rendered(GOOD | change))


def test_a_path_that_is_not_encoded_does_not() -> None:
    with pytest.raises(AssertionError):
        check(rendered(GOOD, "/model/a:0/converse"))


def test_an_event_that_the_model_does_not_know() -> None:
    with pytest.raises(AssertionError):
        known_to_the_model({"messageStop": {"stopReason": "tired"}})


@pytest.mark.parametrize("path", sources(), ids=lambda path: path.stem)
def test_recordings_are_made_of_their_sources(path: Any) -> None:
    assert path.read_bytes() == sources()[path]
