"""scripts/parity against a server that answers exactly what a test names, first whole and then streamed."""

import copy
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.gateway_process import free_port
from tests.e2e.provider import Provider, Script, stream, whole
from tests.scripts.command import in_process

Json = dict[str, Any]
HEAD = {"id": "chatcmpl-1", "created": 5, "model": "m"}
USAGE = {"prompt_tokens": 3, "completion_tokens": 2, "total_tokens": 5, "prompt_tokens_details": {"cached_tokens": 0}}
CALLS = [
    {"id": f"call_{at}", "type": "function", "function": {"name": name, "arguments": '{"a": 1}'}}
    for at, name in enumerate(("one", "two"))
]


def completion(finish_reason: str = "stop", **message: Any) -> Json:
    complete = {"role": "assistant", "content": None, "refusal": None} | message
    choice = {"index": 0, "message": complete, "logprobs": None, "finish_reason": finish_reason}
    return {**HEAD, "object": "chat.completion", "choices": [choice], "usage": USAGE}


def chunk(delta: Json, finish_reason: str | None = None) -> Json:
    choice = {"index": 0, "delta": delta, "finish_reason": finish_reason}
    return {**HEAD, "object": "chat.completion.chunk", "choices": [choice]}


def called(index: int, **call: Any) -> Json:
    return chunk({"tool_calls": [{"index": index, **call}]})


USAGE_CHUNK = {**HEAD, "object": "chat.completion.chunk", "choices": [], "usage": USAGE}
TEXT = completion(content="Hello")
TEXT_CHUNKS = [
    chunk({"role": "assistant"}),
    chunk({"content": "Hel"}),
    chunk({"content": "lo"}),
    chunk({}, "stop"),
    USAGE_CHUNK,
]
TOOLS = completion("tool_calls", tool_calls=CALLS)
TOOL_CHUNKS = [
    chunk({"role": "assistant"}),
    called(0, id="call_0", type="function", function={"name": "one", "arguments": ""}),
    called(0, function={"arguments": '{"a": 1}'}),
    called(1, id="call_1", type="function", function={"name": "two", "arguments": ""}),
    called(1, function={"arguments": '{"a": 1}'}),
    chunk({}, "tool_calls"),
    USAGE_CHUNK,
]


def sent(chunks: list[Json], end: str = "data: [DONE]\n\n") -> bytes:
    return ("".join(f"data: {json.dumps(one)}\n\n" for one in chunks) + end).encode()


@pytest.fixture(scope="module")
def server() -> Iterator[Provider]:
    provider = Provider()
    yield provider
    provider.close()


@pytest.fixture
def compare(server: Provider) -> Callable[..., tuple[int, str, str]]:
    def ask(*scripts: Script, options: tuple[str, ...] = ()) -> tuple[int, str, str]:
        server.reset()
        server.scripts = list(scripts)
        answer = in_process("parity", "--model", "m", "--url", server.url, *options)
        assert not server.errors
        return answer.returncode, answer.stdout, answer.stderr

    return ask


Ask = Callable[..., tuple[int, str, str]]


@pytest.mark.parametrize(
    ("body", "chunks"),
    [
        pytest.param(TEXT, TEXT_CHUNKS, id="text"),
        pytest.param(TOOLS, TOOL_CHUNKS, id="tool calls"),
        pytest.param(
            completion(content="Hello", thinking_blocks=[{"type": "thinking", "thinking": "x"}]),
            [
                *TEXT_CHUNKS[:3],
                chunk({"thinking_blocks": [{"index": 0, "type": "thinking", "thinking": "x"}]}),
                *TEXT_CHUNKS[3:],
            ],
            id="a list with an index",
        ),
    ],
)
def test_the_same_shape(compare: Ask, server: Provider, body: Json, chunks: list[Json]) -> None:
    status, printed, complained = compare(whole(body), stream([b": ping\n\n", sent(chunks)]))
    assert (status, complained) == (0, ""), printed
    assert "DIFF" not in printed
    assert "text" not in [line[:4] for line in printed.splitlines()]
    assert printed.endswith("The same shape, whole and streamed.\n")
    first, second = (call.json for call in server.calls)
    common = {"model": "m", "messages": [{"role": "user", "content": "Name three colours."}], "temperature": 0}
    common["max_completion_tokens"] = 256
    assert first == common | {"stream": False}
    assert second == common | {"stream": True, "stream_options": {"include_usage": True}}
    assert server.calls[0].headers["authorization"] == "Bearer dev-local-key"


Change = Callable[[list[Json]], list[Json]]


def replaced(at: int, *chunks: Json) -> Change:
    return lambda old: [*old[:at], *chunks, *old[at + 1 :]]


def inserted(at: int, *chunks: Json) -> Change:
    return lambda old: [*old[:at], *chunks, *old[at:]]


@pytest.mark.parametrize(
    ("body", "chunks", "change", "difference"),
    [
        pytest.param(TEXT, TEXT_CHUNKS, replaced(3, chunk({}, "length")), '"stop" / stream "length"', id="finish"),
        pytest.param(TEXT, TEXT_CHUNKS, replaced(4), "total_tokens / stream none", id="no usage"),
        pytest.param(
            TEXT,
            TEXT_CHUNKS,
            replaced(4, USAGE_CHUNK | {"usage": {"prompt_tokens": 3}}),
            "/ stream prompt_tokens",
            id="fewer usage keys",
        ),
        pytest.param(TEXT, TEXT_CHUNKS, inserted(1, TEXT_CHUNKS[0]), "chunk 2: role is repeated", id="role twice"),
        pytest.param(TEXT, TEXT_CHUNKS, replaced(0), "chunk 1: the first delta has no role", id="no role"),
        pytest.param(TEXT, TEXT_CHUNKS, replaced(3), "choice 0 has no finish reason", id="no finish reason"),
        pytest.param(
            TEXT, TEXT_CHUNKS, inserted(4, TEXT_CHUNKS[1]), "chunk 5: a choice goes on after", id="text after the end"
        ),
        pytest.param(
            TEXT, TEXT_CHUNKS, inserted(2, USAGE_CHUNK), "chunk 3: tells usage before the finish", id="usage too early"
        ),
        pytest.param(
            TEXT, TEXT_CHUNKS, inserted(5, TEXT_CHUNKS[3]), "chunk 6: comes after usage", id="a chunk after usage"
        ),
        pytest.param(
            TEXT, TEXT_CHUNKS, replaced(1, TEXT_CHUNKS[1] | {"id": "x"}), "chunk 2: id changes", id="another id"
        ),
        pytest.param(
            TEXT, TEXT_CHUNKS, replaced(1, {**HEAD, "choices": []}), "object is None", id="a chunk without object"
        ),
        pytest.param(TEXT, TEXT_CHUNKS, replaced(3, chunk({}, "end_turn")), "'end_turn' is none of", id="native"),
        pytest.param(
            TEXT,
            TEXT_CHUNKS,
            inserted(3, chunk({"annotations": [{"a": 1}]}), chunk({"annotations": [{"a": 2}]})),
            "annotations comes in two chunks without an index",
            id="a list in two chunks",
        ),
        pytest.param(
            TEXT,
            TEXT_CHUNKS,
            inserted(3, chunk({"reasoning_content": "x"})),
            "whole content, role / stream content, reasoning_content, role",
            id="another message field",
        ),
        pytest.param(
            TEXT,
            TEXT_CHUNKS,
            inserted(3, {"error": {"message": "gone", "type": "x"}}),
            "an error in the stream: gone",
            id="an error in the stream",
        ),
        pytest.param(TOOLS, TOOL_CHUNKS, lambda old: old[:3] + old[5:], "tool_calls", id="fewer calls"),
        pytest.param(
            TOOLS,
            TOOL_CHUNKS,
            replaced(3, called(2, id="call_1", type="function", function={"name": "two", "arguments": ""})),
            "chunk 4: tool call index 2 where 1 is the next",
            id="an index left out",
        ),
        pytest.param(
            TOOLS,
            TOOL_CHUNKS,
            replaced(4, called(1, id="call_1", function={"arguments": '{"a": 1}'})),
            "chunk 5: tool call 1 repeats its id",
            id="an id twice",
        ),
        pytest.param(
            TOOLS,
            TOOL_CHUNKS,
            replaced(3, called(1, id="call_1", type="function", function={"name": "six", "arguments": ""})),
            'whole "two" / stream "six"',
            id="another name",
        ),
        pytest.param(
            TOOLS,
            TOOL_CHUNKS,
            replaced(4, called(1, function={"arguments": '{"a'})),
            "arguments are JSON",
            id="half JSON",
        ),
    ],
)
def test_another_shape(compare: Ask, body: Json, chunks: list[Json], change: Change, difference: str) -> None:
    status, printed, complained = compare(whole(body), stream([sent(change(copy.deepcopy(chunks)))]))
    assert (status, complained) == (1, "")
    assert any(line.startswith("DIFF") and difference in line for line in printed.splitlines()), printed
    assert printed.splitlines()[-1].startswith("Differences between whole and streamed: ")


GOOD = sent(TEXT_CHUNKS)


@pytest.mark.parametrize(
    ("second", "difference"),
    [
        pytest.param(stream([sent(TEXT_CHUNKS, "")]), "without [DONE]", id="no DONE"),
        pytest.param(stream([GOOD + b"data: [DONE]\n\n"]), "comes after [DONE]", id="DONE twice"),
        pytest.param(stream([GOOD[:-2]]), "in the middle of an event", id="half an event"),
        pytest.param(stream([GOOD[:200]], end=b""), "the answer breaks off", id="cut"),
        pytest.param(stream([GOOD], headers={"content-type": "text/plain"}), "text/plain", id="content type"),
        pytest.param(whole(TEXT), "application/json instead of text/event-stream", id="not streamed"),
        pytest.param(stream([b"data: {\n\n"]), "chunk 1: ", id="no JSON"),
        pytest.param(whole({"error": {"message": "x", "type": "y", "code": None}}, 429), "200 / stream 429", id="429"),
    ],
)
def test_no_proper_stream(compare: Ask, second: Script, difference: str) -> None:
    status, printed, complained = compare(whole(TEXT), second)
    assert (status, complained) == (1, "")
    assert any(line.startswith("DIFF") and difference in line for line in printed.splitlines()), printed


@pytest.mark.parametrize(("options", "status"), [((), 0), (("--strict-text",), 1)], ids=["sampled", "strict"])
def test_another_text(compare: Ask, options: tuple[str, ...], status: int) -> None:
    other = [TEXT_CHUNKS[0], chunk({"content": "Bye"}), *TEXT_CHUNKS[3:]]
    got, printed, _ = compare(whole(TEXT), stream([sent(other)]), options=options)
    assert got == status
    assert 'whole "Hello" / stream "Bye"' in printed


def test_a_body_of_ones_own(compare: Ask, server: Provider, tmp_path: Path) -> None:
    body = tmp_path / "body.json"
    body.write_text(json.dumps({"model": "x", "messages": [], "temperature": 1, "stream": True, "stream_options": {}}))
    assert compare(whole(TEXT), stream([GOOD]), options=("--body", str(body), "--key", "k"))[0] == 0
    first, second = (call.json for call in server.calls)
    assert first == {"model": "m", "messages": [], "temperature": 1, "stream": False}
    assert second == first | {"stream": True, "stream_options": {"include_usage": True}}
    assert server.calls[0].headers["authorization"] == "Bearer k"


def test_both_refused(compare: Ask) -> None:
    error = whole({"error": {"message": "no such key", "type": "invalid_request_error", "code": "k"}}, 401)
    status, printed, complained = compare(error, error)
    assert (status, printed) == (2, "")
    assert complained == ("scripts/parity: there is nothing to compare, both calls are refused with 401: no such key\n")


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        pytest.param(["--url", f"http://127.0.0.1:{free_port()}"], "start it with scripts/run", id="nobody there"),
        pytest.param(["--url", "nonsense"], "the call to nonsense failed: ", id="no URL"),
        pytest.param(["--body", "/nowhere"], "/nowhere cannot be read", id="no body"),
        pytest.param(["--body", "/dev/null"], "/dev/null is not JSON", id="no JSON"),
        pytest.param(["--what"], "unrecognized arguments: --what", id="unknown option"),
    ],
)
def test_usage(arguments: list[str], sentence: str) -> None:
    answer = in_process("parity", "--model", "m", *arguments)
    assert (answer.returncode, answer.stdout) == (2, "")
    assert sentence in answer.stderr
    assert "Traceback" not in answer.stderr
