"""Archives, pages and fixtures of exchanges: valid, readable by others, without keys, deaf to what stands in them."""

import base64
import hashlib
import io
import json
import re
import zipfile
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft6Validator
from referencing import Registry
from referencing.jsonschema import DRAFT6

from addons.inspector.exports import FORMATS, Format, Unexportable, export, export_all, html_page
from addons.inspector.exports.fixture import files
from addons.inspector.reading import LEGS, Leg
from addons.inspector.recording import Exchange
from scripts.tools.recording import Recording
from tests.addons.inspector.recorded import ASKED, FIXTURES, HIDDEN, STREAMS, exchange
from tests.addons.inspector.test_lints import JSON, streamed
from translators import convert

HOSTILE = "</pre></script><script>alert(1)</script><img src=x onerror=alert(2)> \" ' & \x00 \u2028 \u202e"
CHAT = ASKED["chat"] | {"messages": [{"role": "user", "content": HOSTILE}], "seed": 1}
SCHEMAS = {path.name: json.loads(path.read_bytes()) for path in (FIXTURES / "har-1.2").glob("*.json")}


def recorded(provider: str, **more: Any) -> Exchange:
    return exchange(provider, (FIXTURES / provider / STREAMS[provider]).read_bytes(), request=CHAT, **more)


# --- HAR ------------------------------------------------------------------------------------------


def valid(archive: Any) -> list[str]:
    resources = [(name, DRAFT6.create_resource(schema)) for name, schema in SCHEMAS.items()]
    registry: Registry[Any] = Registry().with_resources(resources)
    return [error.message for error in Draft6Validator(SCHEMAS["har.json"], registry=registry).iter_errors(archive)]


def test_the_schema_finds_what_is_wrong() -> None:
    assert valid({"log": {"version": "1.2"}})


@pytest.mark.parametrize("provider", STREAMS)
def test_an_archive_is_valid_and_has_both_legs(provider: str) -> None:
    it = recorded(provider, headers=(("authorization", HIDDEN),))
    exported = export(it.detail(), "har")
    archive = json.loads(exported.content)
    assert valid(archive) == []
    client, attempt = archive["log"]["entries"]
    assert (client["_leg"], attempt["_leg"], attempt["_provider"]) == ("client", "provider", provider)
    assert client["response"]["content"]["text"].encode() == b"".join(pair.client for pair in it.events)
    assert "$GATEWAY_KEY" in json.dumps(client["request"]["headers"])
    assert "$PROVIDER_KEY" in json.dumps(attempt["request"]["headers"])
    assert json.loads(attempt["request"]["postData"]["text"]) == json.loads(it.attempts[0].request.body or b"")
    said = attempt["response"]["content"]["text"]
    assert all(pair.provider.decode().strip() in said for pair in it.events if pair.provider)
    assert exported.file_name == "req_1.har"


def test_an_attempt_without_an_answer_and_a_selection() -> None:
    first, second = recorded("anthropic"), recorded("openai", id="req_2")
    tried = first.attempts[0]
    failed = replace(tried, n=1, status=0, reason="connect: it was refused", kind="connect", response=None)
    first.attempts = (failed, replace(tried, n=2))
    archive = json.loads(export_all([first.detail(), second.detail()], "har").content)
    assert valid(archive) == []
    entries = archive["log"]["entries"]
    assert [(entry["_exchange"], entry["response"]["status"]) for entry in entries] == [
        ("req_1", 200),
        ("req_1", 0),
        ("req_1", 200),
        ("req_2", 200),
        ("req_2", 200),
    ]
    assert entries[1]["_reason"] == "connect: it was refused"


def test_only_some_formats_hold_a_selection() -> None:
    with pytest.raises(Unexportable, match="har and html"):
        export_all([recorded("openai").detail()], "curl")
    with pytest.raises(Unexportable, match="selected"):
        export_all([], "html")


# --- HTML -----------------------------------------------------------------------------------------


class Page(HTMLParser):
    """The tags of a page, and its text."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.text = ""
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in ("meta", "br"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


@pytest.mark.parametrize("provider", STREAMS)
def test_a_page_holds_everything_and_runs_nothing(provider: str) -> None:
    it = recorded(provider, headers=(("x-<b>", "<i>"),))
    page = Page(export(it.detail(), "html").text)
    assert page.open == []
    assert {tag for tag, _ in page.tags} <= {
        *(
            "html",
            "head",
            "meta",
            "title",
            "style",
            "body",
            "article",
            "h1",
            "h2",
            "h3",
            "p",
            "div",
            "section",
            "header",
        ),
        *("pre", "details", "summary", "table", "thead", "tbody", "tr", "th", "td", "span"),
    }
    assert {name for _, attributes in page.tags for name in attributes} <= {
        *("lang", "charset", "http-equiv", "content", "name", "class", "id"),
    }
    assert "<script>alert(1)</script><img src=x onerror=alert(2)>" in page.text
    assert "x-<b>: <i>" in page.text
    assert "\x00" not in page.text
    for name in ("[redacted]", "m-1", "events", "seed"):
        assert name in page.text


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        pytest.param("user\u202egpj.exe", "user\\u202egpj.exe", id="a direction"),
        pytest.param("a\u200bb\U000e0041", "a\\u200bb\\u{e0041}", id="zero width, and a tag"),
        pytest.param("a\r\nb\rc\x1b", "a\r\nb\\u000dc\\u001b", id="controls"),
        pytest.param(
            "\U0001f469\u200d\U0001f4bb x\u200dy", "\U0001f469\u200d\U0001f4bb x\\u200dy", id="what joins an emoji"
        ),
    ],
)
def test_what_nobody_sees_is_shown(text: str, shown: str) -> None:
    """Wherever a long text is looked through in pieces."""
    for before in ("", *("x" * (html_page._PIECE - n) for n in range(5))):
        assert html_page._text(before + text) == before + shown


def test_the_page_loads_nothing_and_knows_its_style_alone() -> None:
    page = export(recorded("anthropic").detail(), "html").text
    style = re.search(r"<style>(.*?)</style>", page, re.DOTALL)
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', page)
    assert style is not None
    assert policy is not None
    digest = base64.b64encode(hashlib.sha256(style[1].encode()).digest()).decode()
    assert policy[1].startswith(f"default-src 'none'; style-src 'sha256-{digest}'")
    assert "url(" not in style[1]
    assert "style=" not in page.replace(style[0], "")


def test_a_selection_is_one_page() -> None:
    exported = export_all([recorded("openai").detail(), recorded("gemini", id="req_2").detail()], "html")
    assert exported.file_name == "exchanges.html"
    assert exported.text.count("<article>") == 2


def test_a_page_of_many_events_is_bounded() -> None:
    detail = recorded("openai").detail()
    detail["events"] = [{**detail["events"][0], "n": n} for n in range(html_page.MOST_EVENTS + 5)]
    page = export(detail, "html").text
    assert page.count("<tr id=") == html_page.MOST_EVENTS
    assert "5 more events are not shown." in page


def test_numbers_of_a_page_are_those_that_people_read() -> None:
    detail = recorded("gemini").detail()
    detail["attempts"][0]["at"] = 1.4248359948396683
    page = Page(export(detail, "html").text).text
    assert "1.4" in page
    assert not re.search(r"1\.42| 0 bytes", page)


def test_an_exchange_that_was_refused_has_a_page() -> None:
    it = recorded("openai")
    it.attempts, it.events, it.facts.end = (), (), "refused"
    assert "There was none." in export(it.detail(), "html").text


# --- fixtures -------------------------------------------------------------------------------------


@pytest.mark.parametrize("provider", STREAMS)
def test_a_fixture_is_what_a_recording_is(provider: str, tmp_path: Path) -> None:
    original = (FIXTURES / provider / STREAMS[provider]).read_bytes()
    exported = export(recorded(provider).detail(), "fixture")
    assert (exported.content_type, exported.file_name) == ("application/zip", "req_1.zip")
    with zipfile.ZipFile(io.BytesIO(exported.content)) as packed:
        packed.extractall(tmp_path)
    suffix = Path(STREAMS[provider]).suffix
    assert {path.name for path in tmp_path.iterdir()} == {f"req_1{suffix}", "req_1.meta.json"}
    recording = Recording.load(str(tmp_path / f"req_1{suffix}"))
    assert (recording.dialect, recording.model, recording.status) == (provider, "m-1", 200)
    assert recording.client_request == CHAT
    for stream in (True, False):
        answers = [
            convert.answer(data, provider=provider, stream=stream, headers=headers).body
            for data, headers in ((original, {}), (recording.data, recording.headers))
        ]
        assert answers[0] == answers[1]
    meta = json.loads((tmp_path / "req_1.meta.json").read_bytes())
    assert sum(size for _, size in meta["pieces"]) == len(recording.data)
    assert [came for came, _ in meta["pieces"]] == sorted(came for came, _ in meta["pieces"])
    assert set(meta) == set(json.loads((FIXTURES / "anthropic/recorded/stream.meta.json").read_bytes()))


def test_a_whole_answer_is_a_fixture() -> None:
    data = (FIXTURES / "anthropic/recorded/whole.json").read_bytes()
    it = exchange("anthropic", data, request=ASKED["chat"] | {"stream": False, "stream_options": None})
    assert files(it.detail())["req_1.json"] == data


def test_an_error_in_a_stream_is_a_fixture() -> None:
    data = (FIXTURES / "bedrock/failing_throttled_midway.eventstream").read_bytes()
    named = files(exchange("bedrock", data).detail())
    content = named["failing_req_1.eventstream"]
    again, before = (convert.answer(each, provider="bedrock", stream=True) for each in (content, data))
    assert again.failure is not None
    assert before.failure is not None
    assert again.failure.body() == before.failure.body()


def test_an_answer_that_was_not_kept_is_none() -> None:
    it = recorded("anthropic")
    for change, why in (({"events_left_out": 3}, "whole"), ({"events": []}, "inspector.bodies")):
        with pytest.raises(Unexportable, match=why):
            export({**it.detail(), **change}, "fixture")


# --- names ----------------------------------------------------------------------------------------


def test_a_file_name_is_harmless() -> None:
    it = recorded("openai", id='../../etc/passwd"\r\nx: y')
    for form in ("curl", "httpie", "python", "har", "html", "fixture"):
        assert re.fullmatch(r"[\w.-]+", export(it.detail(), form).file_name)  # type: ignore[arg-type]
        assert not export(it.detail(), form).file_name.startswith(".")  # type: ignore[arg-type]


def test_formats_and_legs_that_are_none() -> None:
    for form, leg in (("pdf", "client"), ("curl", "third")):
        with pytest.raises(Unexportable, match="There is no such"):
            export(recorded("openai").detail(), form, leg)  # type: ignore[arg-type]


def phase(body: Any, line: str) -> dict[str, Any]:
    headers = [["content-type", "x"], ["authorization", HIDDEN]]
    text = None if body is None else json.dumps(body)
    return {"at": 1.0, "line": line, "headers": headers, "body": text, "bytes": 3, "cut": False}


@settings(max_examples=150, deadline=None)
@given(
    bodies=st.tuples(JSON, JSON),
    events=st.lists(JSON, max_size=3),
    provider=st.sampled_from([*STREAMS, "openai-completions", "vertex-anthropic", "none"]),
    form=st.sampled_from(FORMATS),
    leg=st.sampled_from(LEGS),
)
def test_whatever_was_recorded_is_exported_or_refused(
    bodies: Any, events: list[Any], provider: str, form: Format, leg: Leg
) -> None:
    request, answer = phase(bodies[0], "POST https://x/v1/messages"), phase(None if events else bodies[1], "200")
    phases = {"client_request": phase(bodies[0], "POST /v1/chat/completions"), "client_response": None}
    phases |= {"provider_request": request, "provider_response": answer}
    detail = {**streamed(provider, [("", each) for each in events], end="failed"), "dialect": "chat", "phases": phases}
    detail["attempts"] = [{"n": 1, "call": 0, "at": 1.0, "duration": None, "request": request, "response": answer}]
    try:
        exported = export(detail, form, leg)
    except Unexportable:
        return
    assert exported.content
    if form == "python":
        compile(exported.content, "exported.py", "exec")


def test_a_fault_is_marked() -> None:
    detail = {**recorded("anthropic").detail(), "injected": ["cut-after=2"], "duration": 12.3456789}
    assert json.loads(export(detail, "har").content)["log"]["entries"][0]["_injected"] == ["cut-after=2"]
    page = export(detail, "html").text
    assert "cut-after=2" in page
    assert ">12.3<" in page
    assert "12.3456" not in page
