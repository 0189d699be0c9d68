import io
import json

import pytest
from mitmproxy.addons.view import View as FlowList
from mitmproxy.io import FlowReader, FlowWriter
from mitmproxy.test import taddons, tflow, tutils
from mitmproxy.utils.emoji import emoji

from addons.exchange.observers import Pair, PhaseMessage, Record
from addons.inspector.recorder import BROKEN, KEY, NOTED, FlowRecorder, make_room, recording_of, wanted
from addons.inspector.recording import PHASES, EventPair, Phase, Tokens
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
    recorder.pairs(record, [Pair(0.5, "ping", b"{}", b"")])
    recorder.pairs(record, [Pair(0.75, "", b"", b": ping\n\n", (Note("x", "moved"),))])
    record.notes = [Note("stop", "approximated", ["a", ("b",), {"c": {"d": {"e": {}}}}], 1.5, "Only four.")]
    recorder.ended(record)
    loaded = saved(one)
    assert loaded.metadata == one.metadata
    assert recording_of(loaded) == recording_of(one)
    found = recording_of(loaded)
    assert found.facts.end == "complete"
    assert found.facts.tokens == Tokens(12, 34)
    assert found.client_request == Phase(0.0, "POST /v1/messages", (("content-type", "application/json"),), b"{}", 2)
    assert found.events == (
        EventPair(0, 500.0, "ping", b"{}", b""),
        EventPair(1, 750.0, "", b"", b": ping\n\n", notes=(Note("x", "moved"),)),
    )
    old = ["a", ["b"], {"c": {"d": "<dict, 1 entries>"}}]
    assert found.facts.notes == (Note("stop", "approximated", old, 1.5, "Only four."),)
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
    recorder.pairs(record, [Pair(0.1, name, b"\xff\x00", b"\x80")])
    recorder.ended(record)
    assert repr(recording_of(saved(one))) == repr(recording_of(one))
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
    recorder.pairs(record, [Pair(0.1, SECRET, SECRET.encode(), SECRET.encode(), (Note(SECRET, "dropped"),))])
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
        recorder.pairs(record, [Pair(0.1, "", b"{}", b"data: {}\n\n")])
    recorder.pairs(record, [Pair(0.1, "", b"", b": ping\n\n")])
    record.status = 200
    recorder.ended(record)
    assert one.comment == "claude -> anthropic  200  4 events"


@pytest.mark.parametrize("size", [10, 1000, 30_000], ids=lambda size: f"events of {size} bytes")
def test_a_long_stream_keeps_its_beginning_and_its_end(size):
    one, limit, events = flow(), 200_000, 3000
    recorder, record = FlowRecorder(one, limit), exchange(stream=True)
    pairs = [Pair(at / 100, "delta", b"%06d" % at + b"p" * size, b"%06d" % at) for at in range(events)]
    for pair in pairs:
        recorder.pairs(record, [pair])
    recorder.ended(record)
    found = recording_of(one)
    first, last = found.beginning_and_end()
    assert [event.at for event in first] == [pair.at * 1000 for pair in pairs[: len(first)]]
    assert [event.at for event in last] == [pair.at * 1000 for pair in pairs[len(pairs) - len(last) :]]
    assert len(first) + found.events_left_out + len(last) == found.facts.events == events
    assert found.facts.bytes == events * (size + 12)
    assert sum(len(event.provider) + len(event.client) for event in first + last) <= limit
    assert b"left out %d events here" % found.events_left_out in one.response.content


def test_bodies_are_cut_and_leave_room_for_others():
    one = flow()
    recorder = FlowRecorder(one, 6000)
    record = exchange()
    for phase in ("client_request", "provider_request", "provider_response", "client_response"):
        recorder.message(record, message(phase, body=b"x" * 5000, line="200"))
    recorder.ended(record)
    found = recording_of(one)
    phases = [found.phase(name) for name in PHASES]
    assert [(phase.bytes, phase.cut) for phase in phases] == [(5000, True)] * 4
    assert all(phase.body for phase in phases[:3])
    assert sum(len(phase.body) for phase in phases) <= 4500


def test_attempts_and_notes_are_bounded():
    one = flow()
    recorder = FlowRecorder(one)
    record = exchange(notes=[Note("x", "dropped")] * 1000)
    for attempt in range(100):
        recorder.message(record, message("provider_request", attempt=attempt))
    found = recording_of(one)
    assert (len(found.attempts), len(found.facts.notes)) == (64, 500)


def test_what_is_under_way_is_there_already():
    one, record = flow(), exchange(stream=True)
    recorder = FlowRecorder(one)
    assert recording_of(one) is None
    recorder.message(record, message())
    recorder.pairs(record, [Pair(0.1, "", b"{}", b"data: {}\n\n")])
    assert (recording_of(one).facts.end, len(recording_of(one).events)) == ("running", 1)
    assert recording_of(saved(one)).client_request == recording_of(one).client_request


def test_a_streamed_answer_has_content_to_show_from_its_first_event_on():
    one = flow()
    recorder, record = FlowRecorder(one), exchange(stream=True)
    recorder.pairs(record, [Pair(0.1, "ping", b"{}", b"")])
    assert one.response.raw_content is None
    recorder.pairs(record, [Pair(0.2, "delta", b"{}", b"data: 1\n\n")])
    assert one.response.raw_content == b"data: 1\n\n"
    recorder.pairs(record, [Pair(0.3, "stop", b"{}", b"data: [DONE]\n\n")])
    recorder.ended(record)
    assert one.response.raw_content == b"data: 1\n\ndata: [DONE]\n\n"


def test_a_streamed_answer_whose_head_came_late_has_content_too():
    one = tflow.tflow()
    recorder, record = FlowRecorder(one), exchange(stream=True)
    recorder.pairs(record, [Pair(0.2, "delta", b"{}", b"data: 1\n\n")])
    one.response = tutils.tresp(content=None)
    recorder.ended(record)
    assert one.response.raw_content == b"data: 1\n\n"


def test_an_answer_with_content_keeps_it():
    one = flow(b"the whole answer")
    recorder, record = FlowRecorder(one), exchange()
    recorder.pairs(record, [Pair(0.2, "delta", b"{}", b"data: 1\n\n")])
    recorder.ended(record)
    assert one.response.raw_content == b"the whole answer"


def test_an_exchange_without_an_answer():
    one = tflow.tflow()
    recorder, record = FlowRecorder(one), exchange(end="cancelled")
    recorder.pairs(record, [Pair(0.2, "delta", b"{}", b"data: 1\n\n")])
    recorder.ended(record)
    assert one.response is None


@pytest.mark.parametrize(
    "shape",
    [
        pytest.param("text", id="text"),
        pytest.param([], id="a list"),
        pytest.param({}, id="nothing in it"),
        pytest.param({"version": 1, "messages": []}, id="another version"),
        pytest.param({"version": 2, "notes": 3}, id="another shape"),
    ],
)
def test_another_shape_is_a_value_error(shape):
    one = flow()
    one.metadata[KEY] = shape
    with pytest.raises(ValueError, match="it is n"):
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
    recorder.pairs(record, [Pair(0.5, "", b"", b'data: {"id\n\n', injected=True)])
    recorder.ended(record)
    found = recording_of(saved(one))
    assert found.facts.injected == ("malformed-after=0",)
    assert [event.injected for event in found.events] == [True]
    assert "injected: malformed-after=0" in one.comment
