import io
import json

import pytest
from mitmproxy.addons.view import View as FlowList
from mitmproxy.io import FlowReader, FlowWriter
from mitmproxy.test import taddons, tflow, tutils
from mitmproxy.utils.emoji import emoji

from addons.exchange.observers import Pair, PhaseMessage, Record
from addons.inspector.recorder import BROKEN, KEY, NOTED, FlowRecorder, make_room, recording_of, wanted
from translators.events import Usage
from translators.notes import Note

SECRET = "sk-ant-api03-" + "Ab1_" * 10
HEADERS = ("authorization", "proxy-authorization", "x-api-key", "x-goog-api-key", "api-key", "cookie", "set-cookie")


def exchange(**fields):
    return Record("0f3a", 1_700_000_000.0, "POST", "/v1/chat/completions", model="claude", **fields)


def message(phase="client_request", body=b"{}", **fields):
    usual = {"at": 0.0, "attempt": 1, "line": "POST /v1/messages", "headers": (("content-type", "application/json"),)}
    return PhaseMessage(phase, body=body, **usual | fields)


def flow(content=None):
    return tflow.tflow(resp=tutils.tresp(content=content))


def saved(one):
    file = io.BytesIO()
    FlowWriter(file).add(one)
    file.seek(0)
    (loaded,) = FlowReader(file).stream()
    return loaded


def test_an_exchange_survives_a_flow_file():
    one = flow()
    recorder = FlowRecorder(one)
    record = exchange(usage=Usage(12, 34), stream=True)
    recorder.message(record, message())
    recorder.message(record, message("provider_response", None, line="200", at=0.25))
    recorder.pair(record, Pair(0.5, "ping", b"{}", b""))
    recorder.pair(record, Pair(0.75, "", b"", b": ping\n\n", (Note("x", "moved"),)))
    record.notes = [Note("stop", "approximated", ["a", ("b",), {"c": {"d": {"e": {}}}}], 1.5, "Only four.")]
    recorder.ended(record)
    loaded = saved(one)
    assert loaded.metadata == one.metadata
    assert recording_of(loaded) == recording_of(one)
    found = recording_of(loaded)
    assert found["ended"] is True
    assert found["record"]["usage"] == {
        "input": 12, "output": 34, "cache_read": None, "cache_write": None, "reasoning": None,
    }  # fmt: skip
    assert found["messages"][0] == {
        "phase": "client_request", "at": 0.0, "attempt": 1, "line": "POST /v1/messages",
        "headers": [["content-type", "application/json"]], "body": b"{}", "bytes": 2, "cut": 0,
    }  # fmt: skip
    assert found["pairs"] == [
        {"at": 0.5, "name": "ping", "provider": b"{}", "client": b"", "notes": []},
        {
            "at": 0.75, "name": "", "provider": b"", "client": b": ping\n\n",
            "notes": [{"path": "x", "fate": "moved", "old": None, "new": None, "detail": ""}],
        },
    ]  # fmt: skip
    assert found["notes"] == [
        {
            "path": "stop", "fate": "approximated", "old": ["a", ["b"], {"c": {"d": "<dict, 1 entries>"}}], "new": 1.5,
            "detail": "Only four.",
        },
    ]  # fmt: skip
    assert loaded.response.content == b": ping\n\n"


ODD = [
    pytest.param("\ud800", id="half a surrogate pair"),
    pytest.param(10**5000, id="a number too long to write"),
    pytest.param(float("inf"), id="infinity"),
    pytest.param(object(), id="an object"),
    pytest.param({1: {2, 3}}, id="a number as a key, a set"),
    pytest.param(list(range(100)), id="a long list"),
    pytest.param([["x" * 400] * 20] * 20, id="a wide value"),
    pytest.param(b"\xff" * 5000, id="bytes"),
    pytest.param("x" * 100_000, id="a long text"),
]


@pytest.mark.parametrize("value", ODD)
def test_odd_values_of_notes_can_be_saved_and_are_small(value):
    one = flow()
    name = value if isinstance(value, str) else "x"
    record = exchange(notes=[Note(name, "dropped", value, value, name)], key_name=name)
    recorder = FlowRecorder(one)
    recorder.message(record, message(line=name, headers=((name, name),)))
    recorder.pair(record, Pair(0.1, name, b"\xff\x00", b"\x80"))
    recorder.ended(record)
    assert recording_of(saved(one)) == recording_of(one)
    assert len(repr(one.metadata)) < 25_000


def test_no_key_is_kept_anywhere():
    one = flow()
    recorder = FlowRecorder(one)
    record = exchange(notes=[Note(SECRET, "dropped", SECRET, [SECRET], SECRET)], cause=SECRET, error=SECRET)
    recorder.message(
        record,
        message(
            body=json.dumps({"messages": [{"content": f"my key is {SECRET}, Bearer {SECRET}"}]}).encode(),
            headers=(*((name, f"plain-{name}-canary") for name in HEADERS), ("x-other", SECRET)),
            line=f"POST /v1/x?key={SECRET}",
        ),
    )
    recorder.pair(record, Pair(0.1, SECRET, SECRET.encode(), SECRET.encode(), (Note(SECRET, "dropped"),)))
    recorder.ended(record)
    file = io.BytesIO()
    FlowWriter(file).add(one)
    assert SECRET.encode() not in file.getvalue()
    assert b"canary" not in file.getvalue()
    assert SECRET not in one.comment
    assert b"[redacted]" in file.getvalue()


@pytest.mark.parametrize(
    ("record", "marked", "comment"),
    [
        pytest.param(exchange(status=200), "", "claude  200", id="nothing to say"),
        pytest.param(
            exchange(status=200, provider="anthropic", provider_model="claude"), "", "claude -> anthropic  200",
            id="the model has one name",
        ),
        pytest.param(
            exchange(status=200, provider="anthropic", provider_model="claude-opus-4-8"), "",
            "claude -> anthropic/claude-opus-4-8  200", id="the model has two names",
        ),
        pytest.param(
            exchange(status=200, notes=[Note("seed", "dropped")]), NOTED, "claude  200  1 note: seed dropped",
            id="one note",
        ),
        pytest.param(
            exchange(status=200, notes=[Note(name, "dropped") for name in "abcde"]), NOTED,
            "claude  200  5 notes: a dropped, b dropped, c dropped (+2)", id="many notes",
        ),
        pytest.param(
            exchange(status=200, notes=[Note("stream", "synthesised"), Note("max_tokens", "defaulted"),
                                        Note("messages[0].content[1].image_url.detail", "dropped", "high")]),
            "", "claude  200  3 notes: stream synthesised, max_tokens defaulted, "
            "messages[0].content[1].image_url.detail dropped", id="notes that mean little",
        ),
        pytest.param(
            exchange(status=502, end="failed", error="bad_answer", cause="provider closed\nthe connection",
                     notes=[Note("seed", "dropped")]),
            BROKEN, "failed: bad_answer  claude  502  provider closed\\nthe connection  1 note: seed dropped",
            id="failed",
        ),
        pytest.param(exchange(status=401, end="refused", error="invalid_api_key"), BROKEN,
                     "refused: invalid_api_key  claude  401", id="refused"),
        pytest.param(exchange(end="cancelled"), "", "cancelled  claude  ---", id="cancelled"),
    ],
)  # fmt: skip
def test_marks_and_comments(record, marked, comment):
    one = flow()
    FlowRecorder(one).ended(record)
    assert (one.marked, one.comment) == (marked, comment)


def test_markers_exist():
    assert {NOTED, BROKEN} <= emoji.keys()


def test_a_persons_mark_and_comment_stay():
    one = flow()
    one.marked, one.comment = ":star:", "look at this"
    FlowRecorder(one).ended(exchange(end="failed"))
    assert (one.marked, one.comment) == (":star:", "look at this")


def test_a_comment_says_early_where_it_goes_and_then_how_it_went():
    one, record = flow(), exchange(provider="anthropic", provider_model="claude", stream=True)
    recorder = FlowRecorder(one)
    recorder.message(record, message("provider_request"))
    assert one.comment == "claude -> anthropic"
    for _ in range(3):
        recorder.pair(record, Pair(0.1, "", b"{}", b"data: {}\n\n"))
    recorder.pair(record, Pair(0.1, "", b"", b": ping\n\n"))
    record.status = 200
    recorder.ended(record)
    assert one.comment == "claude -> anthropic  200  3 events"


@pytest.mark.parametrize("size", [10, 1000, 30_000], ids=lambda size: f"events of {size} bytes")
def test_a_long_stream_keeps_its_beginning_and_its_end(size):
    one, limit, events = flow(), 200_000, 3000
    recorder, record = FlowRecorder(one, limit), exchange(stream=True)
    pairs = [Pair(at / 100, "delta", b"%06d" % at + b"p" * size, b"%06d" % at) for at in range(events)]
    for pair in pairs:
        recorder.pair(record, pair)
    recorder.ended(record)
    found = recording_of(one)
    first, last, left_out = found["pairs"], found["last_pairs"], found["left_out"]
    assert [pair["at"] for pair in first] == [pair.at for pair in pairs[: len(first)]]
    assert [pair["at"] for pair in last] == [pair.at for pair in pairs[len(pairs) - len(last) :]]
    assert len(first) + left_out["pairs"] + len(last) == events
    assert left_out["pair_bytes"] == left_out["pairs"] * (size + 12)
    assert sum(len(pair["provider"]) + 2 * len(pair["client"]) + 350 for pair in first + last) <= limit // 2
    assert b"left out %d events here" % left_out["pairs"] in one.response.content


def test_bodies_are_cut_with_a_count_and_leave_room_for_others():
    one = flow()
    recorder = FlowRecorder(one, 6000)
    for _ in range(5):
        recorder.message(exchange(), message(body=b"x" * 5000))
    messages = recording_of(one)["messages"]
    assert [(len(each["body"]), each["bytes"], each["cut"]) for each in messages[:3]] == [(1000, 5000, 4000)] * 3
    assert sum(len(each["body"]) for each in messages) <= 4000


def test_too_many_attempts_and_notes_are_counted():
    one = flow()
    recorder = FlowRecorder(one)
    record = exchange(notes=[Note("x", "dropped")] * 1000)
    for attempt in range(100):
        recorder.message(record, message(attempt=attempt))
    found = recording_of(one)
    assert (len(found["messages"]), len(found["notes"])) == (64, 200)
    assert found["left_out"] == {"messages": 36, "notes": 800, "pairs": 0, "pair_bytes": 0}


def test_a_streamed_answer_has_content_to_show_from_its_first_event_on():
    one = flow()
    recorder, record = FlowRecorder(one), exchange(stream=True)
    recorder.pair(record, Pair(0.1, "ping", b"{}", b""))
    assert one.response.raw_content is None
    recorder.pair(record, Pair(0.2, "delta", b"{}", b"data: 1\n\n"))
    assert one.response.raw_content == b"data: 1\n\n"
    recorder.pair(record, Pair(0.3, "stop", b"{}", b"data: [DONE]\n\n"))
    recorder.ended(record)
    assert one.response.raw_content == b"data: 1\n\ndata: [DONE]\n\n"


def test_a_streamed_answer_whose_head_came_late_has_content_too():
    one = tflow.tflow()
    recorder, record = FlowRecorder(one), exchange(stream=True)
    recorder.pair(record, Pair(0.2, "delta", b"{}", b"data: 1\n\n"))
    one.response = tutils.tresp(content=None)
    recorder.ended(record)
    assert one.response.raw_content == b"data: 1\n\n"


def test_an_answer_with_content_keeps_it():
    one = flow(b"the whole answer")
    recorder, record = FlowRecorder(one), exchange()
    recorder.pair(record, Pair(0.2, "delta", b"{}", b"data: 1\n\n"))
    recorder.ended(record)
    assert one.response.raw_content == b"the whole answer"


def test_an_exchange_without_an_answer():
    one = tflow.tflow()
    recorder, record = FlowRecorder(one), exchange(end="cancelled")
    recorder.pair(record, Pair(0.2, "delta", b"{}", b"data: 1\n\n"))
    recorder.ended(record)
    assert one.response is None


@pytest.mark.parametrize(
    "shape",
    [
        pytest.param("text", id="text"),
        pytest.param([], id="a list"),
        pytest.param({}, id="nothing in it"),
        pytest.param({"version": 2, "messages": 3}, id="another version"),
    ],
)
def test_another_shape_is_a_value_error(shape):
    one = flow()
    one.metadata[KEY] = shape
    with pytest.raises(ValueError, match="fields are not as version 1 writes them"):
        recording_of(one)


def test_nothing_kept():
    assert recording_of(flow()) is None


@pytest.mark.parametrize("file", ["", "flows.mitm"])
def test_wanted_for_a_flow_file(file):
    with taddons.context() as context:
        context.options.add_option("save_stream_file", str, "", "")
        context.options.save_stream_file = file
        assert wanted(context.master) is bool(file)


class View:
    name = "view"


@pytest.mark.parametrize("addons", [[], [View()]], ids=["nobody", "an interface"])
def test_wanted_for_an_interface(addons):
    with taddons.context(*addons) as context:
        assert wanted(context.master) is bool(addons)


@pytest.mark.parametrize(
    ("marks", "most", "left"),
    [
        pytest.param(["", "", ""], 4, "abc", id="there is room"),
        pytest.param(["", "", ""], 3, "bc", id="the oldest goes"),
        pytest.param([":star:", "", ""], 3, "ac", id="the oldest without a mark"),
        pytest.param([NOTED, "", BROKEN], 2, "c", id="then those that only the gateway has marked"),
        pytest.param([":star:", ":star:", NOTED], 1, "ab", id="a person's marks stay"),
        pytest.param(["live", "", ""], 2, "a", id="what runs stays"),
    ],
)
def test_room_for_one_more(marks, most, left):
    view = FlowList()
    for name, mark in zip("abc", marks, strict=True):
        one = flow()
        one.comment, one.live, one.marked = name, mark == "live", "" if mark == "live" else mark
        view.add([one])
    make_room(view, most)
    assert "".join(one.comment for one in view.resolve("@all")) == left


def test_an_injected_fault_is_seen():
    one = flow()
    recorder = FlowRecorder(one)
    record = exchange(stream=True, injected=["malformed-after=0"])
    recorder.pair(record, Pair(0.5, "", b"", b'data: {"id\n\n', injected=True))
    recorder.ended(record)
    found = recording_of(saved(one))
    assert found["record"]["injected"] == ["malformed-after=0"]
    assert [pair["name"] for pair in found["pairs"]] == ["injected"]
    assert "injected: malformed-after=0" in one.comment
