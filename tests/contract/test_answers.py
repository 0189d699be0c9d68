"""What is true of every answer, whoever gives it and whoever reads it."""

import json
from typing import Any

import pytest
from samples import ANSWERING, COMPLETE, PAIRS, READINGS, SAME_ANSWERS, STREAMS, translate

from translators.dialects import Recall
from translators.registry import CLIENTS, PROVIDERS

pairs = pytest.mark.parametrize(("name", "client"), [pytest.param(*pair, id=" -> ".join(pair)) for pair in PAIRS])
SSE = [(name, client) for name, client in PAIRS if PROVIDERS[COMPLETE[name][0]].framing == "sse"]


def test_every_dialect_is_tried() -> None:
    assert {provider for provider, _ in COMPLETE.values()} == set(ANSWERING)
    assert set(READINGS) == set(CLIENTS)


@pytest.mark.parametrize(("provider", "other"), SAME_ANSWERS.items())
def test_a_dialect_whose_answers_are_those_of_another(provider: str, other: str) -> None:
    """It has the other's machine, and so needs no recordings of its own."""
    recall = Recall()
    assert type(PROVIDERS[provider].answer(recall)) is type(PROVIDERS[other].answer(recall))
    assert PROVIDERS[provider].framing == PROVIDERS[other].framing


@pairs
def test_any_split_of_the_bytes_gives_the_same(name: str, client: str) -> None:
    provider, data = COMPLETE[name]
    expected, _ = translate(provider, client, data, streamed=True)
    for size in (1, 2, 3, 7, 64):
        assert translate(provider, client, data, streamed=True, size=size)[0] == expected, size


@pytest.mark.parametrize(("name", "client"), [pytest.param(*pair, id=" -> ".join(pair)) for pair in SSE])
def test_any_line_end_gives_the_same(name: str, client: str) -> None:
    provider, data = COMPLETE[name]
    expected, _ = translate(provider, client, data, streamed=True)
    for end in (b"\r\n", b"\r"):
        assert translate(provider, client, data.replace(b"\n", end), streamed=True, size=5)[0] == expected, end


@pairs
def test_whole_equals_streamed(name: str, client: str) -> None:
    provider, data = COMPLETE[name]
    streamed, one = translate(provider, client, data, streamed=True)
    whole, other = translate(provider, client, data, streamed=False)
    assert (one.failure, other.failure) == (None, None)
    assert READINGS[client].fold(streamed) == READINGS[client].comparable(json.loads(whole))
    assert one.notes == other.notes


@pairs
def test_a_stream_ends_once(name: str, client: str) -> None:
    provider, data = COMPLETE[name]
    streamed, pipe = translate(provider, client, data, streamed=True)
    assert pipe.done
    assert READINGS[client].ends(streamed) == [len(streamed)]


@pairs
def test_a_cut_anywhere_is_a_failure(name: str, client: str) -> None:
    """Or it took away nothing but usage and the provider's own end marker, and the answer is the whole answer. Each
    byte for short recordings, a sample of the places for long ones."""
    provider, data = COMPLETE[name]
    reading = READINGS[client]
    answer = reading.answer(translate(provider, client, data, streamed=False)[0])
    for at in range(0, len(data), max(1, len(data) // 400)):
        out, pipe = translate(provider, client, data[:at], streamed=True)
        whole, other = translate(provider, client, data[:at], streamed=False)
        assert pipe.done == other.done == (pipe.failure is None), at
        if pipe.done:
            assert reading.answer(whole) == answer, at
        else:
            assert reading.ends(out) == []
            assert whole == b""


@pytest.mark.parametrize("name", COMPLETE)
def test_tool_calls_are_counted_without_gaps(name: str) -> None:
    provider, data = COMPLETE[name]
    streamed, _ = translate(provider, "chat", data, streamed=True)
    opened: dict[int, list[int]] = {}
    roles: list[int] = []
    for event in streamed.split(b"\n\n"):
        if not event.startswith(b"data: {"):
            continue
        payload: dict[str, Any] = json.loads(event.removeprefix(b"data: "))
        for choice in payload["choices"]:
            if "role" in choice["delta"]:
                roles.append(choice["index"])
            calls = opened.setdefault(choice["index"], [])
            for call in choice["delta"].get("tool_calls", ()):
                if "id" in call:
                    assert call["index"] == len(calls)
                    calls.append(call["index"])
                else:
                    assert call["index"] in calls
                    assert "type" not in call
    assert roles == list(range(len(roles)))
    assert set(opened) <= set(roles)


@pairs
def test_what_comes_after_the_end_is_ignored(name: str, client: str) -> None:
    provider, data = COMPLETE[name]
    expected, _ = translate(provider, client, data, streamed=True)
    assert (
        translate(provider, client, data + b'event: ping\ndata: {"type":"ping"}\n\n: junk', streamed=True)[0]
        == expected
    )


NO_ANSWERS = (
    b"",
    b"\n\n\n",
    b": comment\n\n",
    b"data: not json\n\n",
    b"data: 5\n\n",
    b"data: [DONE]\n\n",
    b"<html>502 Bad Gateway</html>",
    b"data: {\xff\xfe}\n\n",
    b'data: {"type": "error"}\n\n',
    b'data: {"error": "text"}\n\n',
)


@pytest.mark.parametrize("client", CLIENTS)
@pytest.mark.parametrize("provider", ANSWERING)
@pytest.mark.parametrize("streamed", [True, False], ids=["stream", "whole"])
def test_no_answer_is_a_failure(provider: str, client: str, streamed: bool) -> None:
    for junk in NO_ANSWERS:
        out, pipe = translate(provider, client, junk, streamed=streamed)
        assert out == b"", junk
        assert pipe.failure is not None, junk
        assert pipe.failure.status >= 500, junk
        assert set(pipe.failure.body()["error"]) == {"message", "type", "param", "code"}, junk


FAILING = [(name, client) for name in STREAMS.keys() - COMPLETE.keys() for client in CLIENTS]


@pytest.mark.parametrize(("name", "client"), [pytest.param(*pair, id=" -> ".join(pair)) for pair in sorted(FAILING)])
def test_a_providers_error_is_told_as_one(name: str, client: str) -> None:
    """And not as an answer that was cut."""
    provider, data = STREAMS[name]
    for streamed in (True, False):
        out, pipe = translate(provider, client, data, streamed=streamed)
        assert pipe.failure is not None
        assert pipe.failure.code != "incomplete_answer"
        assert not pipe.done
        assert READINGS[client].ends(out) == []
