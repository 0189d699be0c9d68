"""What the inspector makes of what watchers are told."""

import base64
import json
import re
import threading
from collections import OrderedDict
from typing import Any

import pytest

from addons.exchange.listeners import Listeners
from addons.exchange.observers import Asked, Pair, Pairs
from addons.exchange.redaction import HIDDEN
from addons.inspector import cut_secrets
from addons.inspector.entry import Entry
from addons.inspector.redactor import Redactor
from routing.cooldowns import Rest
from routing.expressions import expression
from tests.addons.inspector.recordings import CHUNK, DELTA, Recorder, message, record, report
from translators.masking import Mask
from translators.notes import Note

WAIT = 20.0
KEY = "sk-ant-api03-" + "Ab1_" * 10
PICTURE = base64.b64encode(b"\x89PNG\r\n\x1a\n" + bytes(range(60))).decode()
LARGE_PICTURE = base64.b64encode(b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 8).decode()


def detail(recorder: Recorder, id: str = "req_1") -> Any:
    found = recorder.store.get(id)
    assert found is not None
    return json.loads(json.dumps(found.detail()))


def test_a_stream_is_recorded_with_all_that_belongs_to_it() -> None:
    recorder = Recorder()
    told = record()
    recorder.begin(told, b'{"model":"claude","stream":true}')
    recorder.stream(told, "hel", "lo")
    told.notes = [Note("seed", "dropped", 7, None, "Anthropic has none.")]
    recorder.end(told, provider="anthropic", provider_model="claude-opus-4-8", own=0.002, first_event=0.19)
    shown = detail(recorder)
    assert shown["started"] == "2023-11-14T22:13:20.000Z"
    assert (shown["client"], shown["dialect"], shown["provider_dialect"]) == ("alice", "chat", "anthropic")
    assert (shown["end"], shown["status"], shown["stream"], shown["event_count"]) == ("complete", 200, True, 2)
    assert shown["notes"] == [
        {"path": "seed", "fate": "dropped", "old": 7, "new": None, "detail": "Anthropic has none.", "weight": 5,
         "lost": True}
    ]  # fmt: skip
    assert shown["tokens"] == {"input": 5, "output": 2, "cache_read": None, "cache_write": None, "reasoning": None}
    timings = {name: None if value is None else round(value, 3) for name, value in shown["timings"].items()}
    assert timings == {
        "own": 2, "connect": 50, "waiting": 150, "first_event": 190, "longest_gap": 10, "duration": 1000,
    }  # fmt: skip
    phases = shown["phases"]
    assert phases["client_request"]["body"] == '{"model":"claude","stream":true}'
    assert phases["provider_request"]["line"] == "POST https://a/v1/messages"
    assert phases["client_response"] == {
        "at": 0.0, "line": "200", "headers": [["content-type", "application/json"]], "body": None, "bytes": 0,
        "cut": False,
    }  # fmt: skip
    assert [(each["n"], each["attempt"], "lo" in each["client"]) for each in shown["events"]] == [
        (0, 1, False), (1, 1, True),
    ]  # fmt: skip
    assert shown["ended_by"] == "the provider: its answer is complete"


def test_what_was_injected_is_marked() -> None:
    recorder = Recorder()
    told = record()
    told.injected = ["malformed-after=1"]
    recorder.begin(told)
    recorder.watcher.pairs(told, [Pair(0.2, "", b"", b'data: {"id\n\n', injected=True)])
    told.reports.append(report(reason="injected: malformed-after=1", kind="stream", injected=True))
    recorder.end(told)
    shown = detail(recorder)
    assert [each["injected"] for each in shown["attempts"]] == [True]
    assert shown["injected"] == ["malformed-after=1"]
    assert [event["injected"] for event in shown["events"]] == [True]


def test_each_attempt_has_its_own_pair_and_reason() -> None:
    recorder = Recorder()
    told = record()
    recorder.begin(told)
    recorder.watcher.message(told, message("provider_response", b'{"error":1}', "529"))
    told.reports.append(report(status=529, reason="529 overloaded", kind="status", first_event=None))
    other = Asked("gemini", "gemini-3-pro", "gemini-1", "gemini")
    recorder.watcher.message(told, message("provider_request", b'{"contents":[]}', "POST /b", attempt=2, asked=other))
    recorder.watcher.message(told, message("provider_response", b'{"candidates":[]}', "200", attempt=2))
    told.reports.append(report(provider="gemini", attempt=2))
    told.rests = [Rest("anthropic", "claude-opus-4-8", "anthropic-1", 60.0)]
    recorder.end(told, attempts=2)
    shown = detail(recorder)
    assert [(each["n"], each["provider"], each["status"], each["reason"]) for each in shown["attempts"]] == [
        (1, "anthropic", 529, "529 overloaded"),
        (2, "gemini", 200, None),
    ]
    assert [each["rest"] for each in shown["attempts"]] == [60_000, None]
    assert [each["response"]["body"] for each in shown["attempts"]] == ['{"error":1}', '{"candidates":[]}']
    assert shown["phases"]["provider_request"]["body"] == '{"contents":[]}'
    assert shown["provider_dialect"] == "gemini"


NONE = [
    pytest.param({"key_name": None}, id="without a key"),
    pytest.param({"error": "expired_api_key"}, id="with an expired key"),
    pytest.param({"method": "GET"}, id="no POST"),
    pytest.param({"path": "/v1/models"}, id="no generating route"),
]


@pytest.mark.parametrize("fields", NONE)
def test_what_is_no_exchange_is_not_recorded(fields: dict[str, Any]) -> None:
    recorder = Recorder()
    told = record(**fields)
    recorder.begin(told)
    recorder.end(told)
    assert recorder.store.summaries().total == 0


def test_a_refused_request_is_an_exchange_without_a_provider() -> None:
    recorder = Recorder()
    told = record(error="model_not_found", end="refused")
    recorder.watcher.message(told, message("client_request"))
    recorder.watcher.message(told, message("client_response", b'{"error":{}}', "404"))
    told.status = 404
    recorder.watcher.ended(told)
    shown = detail(recorder)
    assert (shown["end"], shown["phases"]["provider_request"], shown["attempts"]) == ("refused", None, [])
    assert shown["ended_by"] == "the gateway: it refused the request (model_not_found)"


SECRETS = [
    pytest.param("redacted", f'{{"a":"{KEY}"}}', '{"a":"[redacted]"}', id="a key by its shape"),
    pytest.param("full", f'{{"a":"{KEY}"}}', '{"a":"[redacted]"}', id="a key, with full bodies"),
    pytest.param("redacted", '{"a":"my ssn 123-45-6789"}', '{"a":"my ssn [redacted]"}', id="an expression"),
    pytest.param("full", f'{{"a":"{PICTURE}"}}', f'{{"a":"{PICTURE}"}}', id="a picture, with full bodies"),
    pytest.param(
        "none", '{"role":"user","content":"a secret plan","n":[1,null]}',
        '{"role":"user","content":"[text, 13 characters]","n":[1,null]}', id="no bodies",
    ),
    pytest.param("none", "a secret plan", '"[13 bytes]"', id="no bodies, no JSON"),
    pytest.param("none", '{"a secret plan":1}', '{"[name, 13 characters]":1}', id="no bodies, odd names"),
]  # fmt: skip


@pytest.mark.parametrize(("bodies", "body", "shown"), SECRETS)
def test_what_is_hidden_in_bodies(bodies: Any, body: str, shown: str) -> None:
    recorder = Recorder(redactor=Redactor(bodies, [expression(r"\d{3}-\d{2}-\d{4}")]))
    told = record()
    recorder.begin(told, body.encode())
    client = b"event: x\ndata: " + body.encode() + b"\n\n"
    recorder.watcher.pairs(told, [Pair(0.1, "x", body.encode(), client, attempt=1)])
    recorder.end(told)
    found = detail(recorder)
    assert found["phases"]["client_request"]["body"] == shown
    assert found["phases"]["provider_request"]["body"] == shown
    assert found["events"][0]["provider"] == shown
    assert found["events"][0]["client"] == f"event: x\ndata: {shown}\n\n"
    for secret in (KEY, "123-45", "a secret"):
        assert secret not in json.dumps(found)
        assert recorder.store.summaries(f'"{secret}"').total == 0


ASKING = b'{"choices":[{"index":0,"delta":{"tool_calls":[{"index":%d,"function":{"arguments":"%%s"}}]}}]}'
CHOICE = b'{"choices":[{"delta":{"content":"%%s"},"index":%d}]}'
SUMMING = b'{"type":"response.%b","output_index":0,"delta":"%%s"}'
PIECES = {
    "anthropic text": DELTA,
    "anthropic arguments": b'{"type": "content_block_delta", "index": 1, "delta": {"partial_json": "%s"}}',
    "anthropic reasoning": b'{"type":"content_block_delta","index":0,"delta":{"thinking":"%s"}}',
    "bedrock text": b'{"contentBlockDelta":{"contentBlockIndex":0,"delta":{"text":"%s"}}}',
    "bedrock arguments": b'{"contentBlockDelta":{"contentBlockIndex":0,"delta":{"toolUse":{"input":"%s"}}}}',
    "gemini text": b'{"candidates":[{"content":{"parts":[{"text":"%s"}]}}]}',
    "ollama text": b'{"message":{"role":"assistant","content":"%s"},"done":false}',
    "openai text": CHOICE % 0,
    "openai arguments": ASKING % 0,
    "openai reasoning": b'{"choices":[{"delta":{"reasoning":"%s","reasoning_details":[{"text":"%s"}]}}]}',
    "completions": b'{"choices":[{"index":0,"text":"%s"}]}',
    "responses text": SUMMING % b"output_text.delta",
    "responses arguments": SUMMING % b"function_call_arguments.delta",
    "responses reasoning": SUMMING % b"reasoning_summary_text.delta",
}
"""Events of each dialect, with a piece of each kind of text."""
CUT = (b"before", b" sk-ant-", b"api03-", b"Zq1_Zq2_", b"Zq3_Zq4", b" after")


def cut_stream(recorder: Recorder, pairs: list[Pair]) -> tuple[list[bytes], list[bytes]]:
    """The provider's payloads and the client's bytes, as they are read after the end."""
    told = record(stream=True)
    recorder.begin(told)
    recorder.watcher.pairs(told, pairs)
    recorder.end(told)
    found = recorder.store.get("req_1")
    assert found is not None
    return [event.provider for event in found.events], [event.client for event in found.events]


@pytest.mark.parametrize("form", PIECES.values(), ids=PIECES)
def test_a_key_that_a_stream_cuts_in_pieces_is_hidden_in_all_of_them(form: bytes) -> None:
    pieces = [form.replace(b"%s", piece) for piece in CUT]
    pairs = [Pair(0.1, "x", piece, b"event: x\ndata: " + piece + b"\n\n", attempt=1) for piece in pieces]
    providers, clients = cut_stream(Recorder(), pairs)
    assert [*map(json.loads, providers)] == [
        json.loads(form.replace(b"%s", text)) for text in (b"before", b" [redacted]", *[b"[redacted]"] * 3, b" after")
    ]
    assert [json.loads(event.removeprefix(b"event: x\ndata: ")) for event in clients] == [*map(json.loads, providers)]
    assert (providers[0], providers[-1]) == (pieces[0], pieces[-1])


MASKED = Redactor()
MASKED.mask = Mask(["a-key-of-this-gateway"])


@pytest.mark.parametrize(
    ("redactor", "pieces"),
    [
        pytest.param(Redactor("full"), ["sk-ant-api03-", "Zq1_Zq2_Zq3"], id="full bodies"),
        pytest.param(Redactor(patterns=[expression(r"\d{3}-\d{2}-\d{4}")]), ["123-", "45-6789"], id="an expression"),
        pytest.param(MASKED, ["a-key-of-", "this-gateway"], id="of the configuration"),
        pytest.param(Redactor(), ["Authorization: Bearer", " Zq1_Zq2_Zq3_"], id="a word stays"),
    ],
)
def test_what_is_cut_in_pieces_is_hidden_as_what_is_whole(redactor: Redactor, pieces: list[str]) -> None:
    pairs = [Pair(0.1, "", DELTA % each.encode(), CHUNK % each.encode(), attempt=1) for each in pieces]
    whole = redactor.made("".join(pieces))
    for side in cut_stream(Recorder(redactor=redactor), pairs):
        text = "".join(re.findall(r'(?:text|content)":"([^"]*)"', b"".join(side).decode()))
        assert text.replace(HIDDEN * 2, HIDDEN) == whole
        assert HIDDEN in whole


def test_texts_that_come_by_turns_are_told_apart() -> None:
    halves = b"sk-ant-api03-", b"Zq1_Zq2_Zq3"
    turns = [(form % at, half) for half in halves for form in (CHOICE, ASKING) for at in (0, 1)]
    pairs = [Pair(0.1, "", form % half, b"data: " + form % half + b"\n\n", attempt=1) for form, half in turns]
    pairs += [Pair(0.1, "", DELTA % half, b"", call=call, attempt=1) for half in halves for call in (0, 1)]
    for side in cut_stream(Recorder(), pairs):
        assert b"".join(side).count(b"[redacted]") in (len(turns), len(pairs))
        assert not [each for each in side if b"sk-" in each or b"Zq" in each]


def test_no_text_goes_on_where_events_were_left_out() -> None:
    pairs = [Pair(0.1, "", DELTA % piece, b"") for piece in (b"sk-ant-api03-", b"Zq1_Zq2_Zq3")]
    assert cut_secrets.mended([(0, pairs[0]), (5, pairs[1])], Redactor()) == pairs
    mended = cut_secrets.mended([(4, pairs[0]), (5, pairs[1])], Redactor())
    assert not [each for each in mended if each in pairs]


@pytest.mark.parametrize("picture", [PICTURE, LARGE_PICTURE, f"data:image/png;base64,{PICTURE}"])
def test_a_medium_stands_as_type_size_and_hash(picture: str) -> None:
    recorder = Recorder()
    told = record()
    body = json.dumps({"data": picture}).encode()
    recorder.begin(told, body)
    recorder.watcher.pairs(told, [Pair(0.1, "", body, body, attempt=1)])
    recorder.end(told)
    found = detail(recorder)
    for text in (found["phases"]["client_request"]["body"], found["events"][0]["provider"]):
        assert json.loads(text)["data"].startswith("[base64 image/png, ")


def test_secret_headers_are_hidden() -> None:
    recorder = Recorder()
    told = record()
    headers = (("x-custom-api-key", "anything"), ("accept", "*/*"))
    recorder.watcher.message(told, message("client_request", headers=headers))
    assert detail(recorder)["phases"]["client_request"]["headers"] == [
        ["x-custom-api-key", "[redacted]"],
        ["accept", "*/*"],
    ]


def test_a_running_exchange_can_be_read_at_any_time() -> None:
    recorder = Recorder()
    told = record()
    recorder.begin(told)
    recorder.stream(told, KEY)
    assert detail(recorder)["end"] == "running"
    recorder.watcher.pairs(told, [Pair(0.5, "", b'{"b":"' + KEY.encode() + b'"}', b"", attempt=1)])
    shown = detail(recorder)
    assert [each["n"] for each in shown["events"]] == [0, 1]
    assert KEY not in json.dumps(shown)


def test_of_a_long_stream_the_beginning_and_the_end_are_kept() -> None:
    recorder = Recorder(limit=100_000)
    recorder.one("req_1", *(f"word{n}" for n in range(2000)))
    found = recorder.store.get("req_1")
    assert found is not None
    numbers = [event.n for event in found.events]
    assert (numbers[0], numbers[-1], found.facts.events) == (0, 1999, 2000)
    assert found.events_left_out == 2000 - len(numbers)
    assert numbers == sorted(numbers)
    assert recorder.store.used < 120_000


def test_of_a_large_body_the_end_is_cut() -> None:
    recorder = Recorder(limit=100_000)
    told = record()
    recorder.begin(told, b'"' + b"a b" * 100_000 + b'"')
    recorder.end(told)
    request = detail(recorder)["phases"]["client_request"]
    assert (request["bytes"], request["cut"]) == (300_002, True)
    assert recorder.store.used < 100_000


def test_two_requests_of_one_id_are_two_exchanges() -> None:
    recorder = Recorder()
    recorder.one("mine", "first")
    recorder.one("mine", "second")
    assert [each["id"] for each in recorder.store.summaries().exchanges] == ["mine~2", "mine"]


def test_events_keep_their_numbers_after_one_that_found_no_room() -> None:
    recorder = Recorder(limit=100_000)
    recorder.one("req_1", "first", "x" * 100_000, "third", "fourth")
    found = recorder.store.get("req_1")
    assert found is not None
    assert [event.n for event in found.events] == [0, 2, 3]
    assert all(word in event.client for event, word in zip(found.events, (b"first", b"third", b"fourth"), strict=True))


def test_an_exchange_goes_on_where_its_recording_fails(caplog: pytest.LogCaptureFixture) -> None:
    recorder = Recorder()
    told = record()

    def broken(*_: Any) -> None:
        raise RuntimeError("a bug")

    recorder.store.begin = broken  # type: ignore[method-assign]
    listeners = Listeners((recorder.watcher,), told, lambda: 0.0, Mask())
    listeners.message("client_request", "POST /", (), b"{}")
    listeners.pair("", b"{}", b"{}")
    listeners.pair("", b"{}", b"{}")
    listeners.ended(counts=True)
    assert caplog.text.count("A watcher of an exchange failed") == 1


def test_what_could_not_be_redacted_is_never_shown() -> None:
    class Broken(Redactor):
        def pairs(self, raw: list[Pair]) -> list[Pair]:
            raise RuntimeError("a bug")

        def body(self, value: bytes) -> bytes:
            raise RuntimeError("a bug")

    recorder = Recorder(redactor=Broken())
    told = record()
    recorder.begin(told)
    for _ in range(2):
        with pytest.raises(RuntimeError):
            recorder.store.get("req_1")
    recorder.stream(told, "word")
    recorder.end(told)
    for _ in range(2):
        with pytest.raises(RuntimeError):
            recorder.store.get("req_1")


class Slow(Redactor):
    """Takes its time over bodies, until `go`."""

    def __init__(self) -> None:
        super().__init__()
        self.began, self.go = threading.Event(), threading.Event()

    def body(self, value: bytes) -> bytes:
        self.began.set()
        assert self.go.wait(WAIT)
        return super().body(value)


def test_nobody_waits_for_a_body_that_is_being_redacted() -> None:
    slow = Slow()
    recorder = Recorder(redactor=slow)
    told = record()
    recorder.watcher.message(told, message("client_request", b'"' + b"a b" * 100_000 + b'"'))
    try:
        assert slow.began.wait(WAIT)
        heard = threading.Thread(target=recorder.stream, args=(told, "one", "two"))
        heard.start()
        heard.join(WAIT)
        assert not heard.is_alive()
    finally:
        slow.go.set()
    recorder.end(told)
    assert [event["n"] for event in detail(recorder)["events"]] == [0, 1]


def test_what_comes_while_it_is_redacted_is_not_shown_unredacted() -> None:
    recorder = Recorder()
    told = record()
    recorder.begin(told)
    entry = recorder.watcher._running[id(told)][1]
    clean = entry._clean_phases

    def meanwhile() -> None:
        clean()
        word = f"{KEY} 1".encode()
        recorder.watcher.pairs(told, [Pair(0.2, "content_block_delta", DELTA % word, CHUNK % word)])
        entry._clean_phases = clean  # type: ignore[method-assign]

    entry._clean_phases = meanwhile  # type: ignore[method-assign]
    shown = recorder.store.get("req_1")
    assert shown is not None
    assert KEY not in json.dumps(shown.detail())
    later = recorder.store.get("req_1")
    assert later is not None
    assert "[redacted] 1" in json.dumps(later.detail())


def test_one_for_which_there_is_no_room_does_not_grow_on() -> None:
    recorder = Recorder(memory=200_000, limit=150_000)
    told, other = record("first"), record("second")
    recorder.begin(told)
    recorder.stream(told, *["word " * 1000] * 20)
    recorder.begin(other)
    recorder.stream(other, *["word " * 1000] * 20)
    assert recorder.store.get("first") is None
    entry = recorder.watcher._running[id(told)][1]
    assert entry.size < 5000
    recorder.stream(told, *["word " * 1000] * 20)
    recorder.end(told)
    assert entry.size < 5000
    assert recorder.store.get("first") is None
    assert recorder.store.gone == 1
    assert not recorder.watcher._running.keys() - {id(other)}


def test_bodies_that_nobody_can_redact_in_time_are_not_kept(caplog: pytest.LogCaptureFixture) -> None:
    slow = Slow()
    recorder = Recorder(redactor=slow)
    records = [record(f"req_{n}") for n in range(4)]
    body = b'"' + b"a b" * 10_000_000 + b'"'
    for told in records:
        recorder.watcher.message(told, message("client_request", body))
    slow.go.set()
    for told in records:
        recorder.end(told)
    kept = [detail(recorder, told.id)["phases"]["client_request"] for told in records]
    assert [(each["bytes"], each["cut"], bool(each["body"])) for each in kept] == [
        *[(len(body), True, True)] * 2,
        *[(len(body), True, False)] * 2,
    ]
    recorder.background.close()
    assert "2 parts of exchanges are not kept" in caplog.text


def test_many_of_one_id_are_told_apart_quickly() -> None:
    recorder = Recorder()
    looks = 0

    class Looked(OrderedDict[str, Entry]):
        def __contains__(self, key: object) -> bool:
            nonlocal looks
            looks += 1
            return super().__contains__(key)

    recorder.store._entries = Looked()
    for _ in range(200):
        recorder.one("mine")
    assert len({each["id"] for each in recorder.store.summaries(limit=1000).exchanges}) == 200
    assert looks < 200 * 12


@pytest.mark.parametrize("count", [1, 3, 16, 17, 50])
def test_events_that_come_by_themselves_are_there_at_once(count: int) -> None:
    recorder = Recorder()
    told = record()
    recorder.begin(told, b"{}")
    for n in range(count):
        read = Pairs(n / 10, ("delta",), (DELTA % b"%d" % n,), (CHUNK % b"%d" % n,), ((),), n % 2, 1)
        recorder.watcher.pairs(told, read)
        (listed,) = recorder.store.summaries().exchanges
        if n in (0, count - 1):
            shown = recorder.store.events(listed["id"], 0, 100)
            assert shown is not None
            assert [(event.n, event.at, event.call) for event in shown] == [(i, i * 100, i % 2) for i in range(n + 1)]
            assert shown[-1].client == CHUNK % b"%d" % n
            assert listed["events"] == n + 1
    recorder.end(told)
    assert [event["n"] for event in detail(recorder)["events"]] == list(range(count))
