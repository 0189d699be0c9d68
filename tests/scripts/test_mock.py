"""scripts/mock: which recording a request gets, and in which form."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from openai import OpenAI

from scripts.tools.files import Unusable
from scripts.tools.mock import Refused, Wanted, wanted
from scripts.tools.mock_fixtures import Fixtures
from tests.e2e.wire import Wire
from tests.scripts.command import ROOT, in_process
from tests.scripts.mock_process import Mock

FIXTURES = ROOT / "tests" / "fixtures"
RECORDED = FIXTURES / "anthropic" / "recorded"
HELLO: Any = [{"role": "user", "content": "Hello"}]


@pytest.fixture(scope="module")
def mock() -> Iterator[Mock]:
    with Mock(FIXTURES, "--speed", "0") as running:
        yield running


def post(mock: Mock, path: str, body: Any, **headers: str) -> httpx.Response:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return httpx.post(mock.url + path, json=body, headers=named, trust_env=False)


STREAM = b'{"model": "m", "stream": true}'


@pytest.mark.parametrize(
    ("path", "body", "what"),
    [
        pytest.param("/v1/messages", STREAM, Wanted("anthropic", True, "m"), id="anthropic"),
        pytest.param("/v1/messages?beta=true", b'{"model": "m"}', Wanted("anthropic", False, "m"), id="a query"),
        pytest.param(
            "/v1/projects/p/locations/l/publishers/anthropic/models/claude-x@1:streamRawPredict",
            b"{}",
            Wanted("vertex-anthropic", True, "claude-x@1"),
            id="vertex",
        ),
        pytest.param("/v1beta/models/g:generateContent", b"{}", Wanted("gemini", False, "g"), id="gemini"),
        pytest.param(
            "/models/g:streamGenerateContent?alt=sse", b"{}", Wanted("gemini", True, "g"), id="gemini's stream"
        ),
        pytest.param("/model/a.b%3A0/converse", b"{}", Wanted("bedrock", False, "a.b:0"), id="bedrock"),
        pytest.param("/model/a/converse-stream", b"{}", Wanted("bedrock", True, "a"), id="bedrock's stream"),
        pytest.param("/v1/chat/completions", STREAM, Wanted("openai", True, "m"), id="chat"),
        pytest.param("/completions", STREAM, Wanted("openai-completions", True, "m"), id="completions"),
        pytest.param("/v1/responses", b'{"model": 7}', Wanted("openai-responses", False, None), id="responses"),
        pytest.param("/api/chat", b'{"model": "m"}', Wanted("ollama", True, "m"), id="ollama streams"),
        pytest.param("/api/chat", b'{"stream": false}', Wanted("ollama", False, None), id="ollama, whole"),
    ],
)
def test_what_a_request_wants(path: str, body: bytes, what: Wanted) -> None:
    assert wanted(path, body) == what


@pytest.mark.parametrize(("path", "body", "status"), [("/v1/nothing", b"{}", 404), ("/v1/messages", b"[", 400)])
def test_what_nobody_answers(path: str, body: bytes, status: int) -> None:
    with pytest.raises(Refused) as refused:
        wanted(path, body)
    assert refused.value.status == status


def test_turns_models_and_names() -> None:
    fixtures = Fixtures.load(FIXTURES / "anthropic")
    names = [fixtures.choose("anthropic", True, "smollm2", None).name for _ in range(5)]
    every = ["recorded/cached-prompt", "recorded/empty", "recorded/max-tokens", "recorded/stream"]
    assert names == [*every, every[0]]
    others = {fixtures.choose("anthropic", True, "claude", None).name for _ in range(30)}
    assert {"text", "refusal", *every} <= others
    assert fixtures.choose("anthropic", True, "smollm2", "text").name == "text"
    assert fixtures.choose("vertex-anthropic", True, None, "text").name == "text"
    with pytest.raises(LookupError, match="there is no recording named no\\?thing for anthropic"):
        fixtures.choose("anthropic", True, None, "no\nthing")
    with pytest.raises(LookupError, match="there is no recording of gemini"):
        fixtures.choose("gemini", True, None, None)


@pytest.mark.parametrize("stream", [True, False])
@pytest.mark.parametrize("dialect", ["openai-completions", "openai", "anthropic", "openai-responses"])
def test_a_broken_stream_has_no_turn(dialect: str, stream: bool) -> None:
    fixtures = Fixtures.load(FIXTURES / dialect)
    names = {fixtures.choose(dialect, stream, None, None).name for _ in range(60)}
    assert "text" in names or "whole" in "".join(names)
    assert not {name for name in names if name.startswith("failing_")}
    broken = next(each["name"] for each in fixtures.names() if each["name"].startswith("failing_"))
    if stream:
        assert fixtures.choose(dialect, stream, None, broken).name == broken


def test_where_all_are_broken_it_says_why(tmp_path: Path) -> None:
    for n in range(2):
        (tmp_path / "openai-completions").mkdir(exist_ok=True)
        source = FIXTURES / "openai-completions" / "failing_midway.sse"
        (tmp_path / "openai-completions" / f"{n}.sse").write_bytes(source.read_bytes())
    fixtures = Fixtures.load(tmp_path)
    with pytest.raises(LookupError, match="openai-completions/0 holds no whole answer: EngineCore died"):
        fixtures.choose("openai-completions", False, None, None)
    assert fixtures.choose("openai-completions", True, None, None).name == "openai-completions/0"


def test_a_whole_answer_comes_before_a_stream() -> None:
    fixtures = Fixtures.load(RECORDED)
    assert {fixtures.choose("anthropic", False, None, None).name for _ in range(3)} == {"whole"}
    assert fixtures.choose("anthropic", False, None, "stream").stream


def test_the_bytes_are_those_that_were_recorded(mock: Mock) -> None:
    answer = post(mock, "/v1/messages", {"model": "smollm2"}, x_mock_fixture="anthropic/recorded/whole")
    assert answer.content == (RECORDED / "whole.json").read_bytes()
    assert answer.headers["x-mock-fixture"] == "anthropic/recorded/whole"
    streamed = post(mock, "/model/m/converse-stream", {}, x_mock_fixture="bedrock/text")
    assert streamed.headers["content-type"] == "application/vnd.amazon.eventstream"
    assert streamed.content == (FIXTURES / "bedrock" / "text.eventstream").read_bytes()


def test_errors_are_answers(mock: Mock) -> None:
    with httpx.Client(base_url=mock.url, trust_env=False) as client:
        assert client.post("/v1/nothing", json={}).status_code == 404
        refused = client.post("/v1/messages", json={}, headers={"x-mock-fixture": "nothing"})
        assert (refused.status_code, refused.json()["error"]["code"]) == (404, "no_fixture")
        assert "recorded/stream" in client.get("/").text
        assert {"id": "smollm2"}.items() <= client.get("/v1/models").json()["data"][0].items()
    with Wire(mock.port) as wire:
        wire.send(b"nonsense\r\n\r\n")
        assert wire.end().startswith(b"HTTP/1.1 400 ")


@pytest.mark.parametrize("name", ["anthropic/recorded/stream", "gemini/text", "ollama/text", "openai/text"])
def test_openais_sdk_reads_any_dialect(mock: Mock, name: str) -> None:
    with OpenAI(api_key="any", base_url=f"{mock.url}/v1", default_headers={"x-mock-fixture": name}) as sdk:
        whole = sdk.chat.completions.create(model="m", messages=HELLO)
        chunks = list(sdk.chat.completions.create(model="m", messages=HELLO, stream=True))
        response = sdk.responses.create(model="m", input="Hello")
    text = whole.choices[0].message.content
    assert text
    pieces = [chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices]
    assert "".join(pieces) == text == response.output_text
    assert chunks[-1].usage is not None or chunks[-1].choices[0].finish_reason == "stop"


def test_a_stream_has_its_recorded_pieces_and_times(tmp_path: Path) -> None:
    data = (RECORDED / "stream.sse").read_bytes()
    meta = json.loads((RECORDED / "stream.meta.json").read_text())
    meta["pieces"] = [[0, 100], [400, len(data) - 100]]
    (tmp_path / "slow.sse").write_bytes(data)
    (tmp_path / "slow.meta.json").write_text(json.dumps(meta))
    [fixture] = [Fixtures.load(tmp_path).choose("anthropic", True, None, None)]
    assert [(at, len(piece)) for at, piece in fixture.pieces] == [(0, 100), (400, len(data) - 100)]
    with (
        Mock(tmp_path) as mock,
        httpx.stream("POST", f"{mock.url}/v1/messages", json={"stream": True}, trust_env=False) as answer,
    ):
        pieces = list(answer.iter_raw())
        assert answer.elapsed.total_seconds() >= 0.4
    assert [len(piece) for piece in pieces] == [100, len(data) - 100]


def test_an_answer_that_broke_off_breaks_off(tmp_path: Path) -> None:
    meta = json.loads((RECORDED / "stream.meta.json").read_text())
    (tmp_path / "cut.sse").write_bytes((RECORDED / "stream.sse").read_bytes()[:600])
    (tmp_path / "cut.meta.json").write_text(json.dumps({**meta, "broke": "reset"}))
    with Mock(tmp_path, "--speed", "0") as mock, pytest.raises(httpx.RemoteProtocolError):
        post(mock, "/v1/messages", {"stream": True})


@pytest.mark.parametrize(
    ("files", "words"),
    [
        pytest.param({}, "has no recordings", id="nothing"),
        pytest.param({"a.zip": ""}, "which must be unpacked", id="packed"),
        pytest.param({"a.sse": "data: {}", "notes.json": "{}"}, "has no recordings", id="of no dialect"),
        pytest.param({"a.sse": "", "a.meta.json": "["}, "is not what scripts/record writes", id="a broken meta"),
        pytest.param({"a.sse": "", "a.meta.json": "{}"}, "is not what scripts/record writes", id="an empty meta"),
    ],
)
def test_folders_that_are_none(files: dict[str, str], words: str, tmp_path: Path) -> None:
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    with pytest.raises(Unusable, match=words):
        Fixtures.load(tmp_path)
    done = in_process("mock", tmp_path, "--port", "0")
    assert done.returncode == 2
    assert words in done.stderr


def test_a_port_that_is_taken(mock: Mock) -> None:
    done = in_process("mock", RECORDED, "--port", str(mock.port))
    assert done.returncode == 2
    assert "choose another --port" in done.stderr
