import json
import re

import pytest
from mitmproxy import contentviews
from mitmproxy.contentviews import Metadata, raw
from mitmproxy.http import Message as HttpMessage
from mitmproxy.test import taddons, tflow, tutils

from addons.exchange.observers import Asked, AttemptReport, Pair, PhaseMessage, Record
from addons.inspector.payloads import WIDTH
from addons.inspector.recorder import KEY, FlowRecorder
from addons.inspector.views import NOTHING_RECORDED, VIEWS, register, unregister
from translators.events import Usage
from translators.notes import Note

NAMES = [view.name for view in VIEWS]
BY_NAME = {view.name: view for view in VIEWS}

ASKED = b'{"model":"claude","messages":[{"role":"user","content":"Gr\xc3\xbc\xc3\x9fe"}],"seed":7}'
TYPE = (("content-type", "application/json"),)


def recorded(*, streamed=True, ended=True, limit=1_000_000, events=1):
    flow = tflow.tflow(resp=tutils.tresp(content=None if streamed else b'{"whole": true}'))
    recorder = FlowRecorder(flow, limit)
    record = Record(
        "0f3a", 1_700_000_000.0, "POST", "/v1/chat/completions", key_name="dev", model="claude", provider="anthropic",
        provider_model="claude-sonnet-4-5", served_model="claude-sonnet-4-5-20250929", provider_id="msg_01",
        stream=streamed, status=200, finish_reason="stop", attempts=2, usage=Usage(12, 34, cache_read=4),
        first_event=0.4, duration=1.5, own=0.0021,
        notes=[
            Note("seed", "dropped", 7, None, "Messages has no seed."),
            Note("temperature", "approximated", 1.5, 1.0),
        ],
    )  # fmt: skip
    recorder.message(record, PhaseMessage("client_request", 0.0, 1, "POST /v1/chat/completions", TYPE, ASKED))
    recorder.message(record, PhaseMessage("provider_request", 0.001, 1, "POST /v1/messages", TYPE, b'{"try":1}'))
    recorder.message(record, PhaseMessage("provider_response", 0.1, 1, "529", TYPE, b"not JSON"))
    recorder.message(record, PhaseMessage("provider_request", 0.2, 2, "POST /v1/messages", TYPE, b'{"try":2}'))
    recorder.message(record, PhaseMessage("provider_response", 0.4, 2, "200", TYPE, None if streamed else b'{"a":1}'))
    recorder.message(record, PhaseMessage("client_response", 0.4, 2, "200", TYPE, None if streamed else b'{"b":1}'))
    if streamed:
        started = b'{"type":"message_start"}'
        recorder.pairs(record, [Pair(0.4, "message_start", started, b'data: {"role"}\n\n', attempt=2)])
        for at in range(events):
            said, told = b'{"n":%d}' % at, b'data: {"n":%d}\n\n' % at
            recorder.pairs(record, [Pair(0.41 + at / 1000, "delta", said, told, attempt=2)])
        note = Note("ping", "dropped")
        recorder.pairs(record, [Pair(1.4, "ping", b'{"type": "ping"}', b"", (note,), attempt=2)])
        recorder.pairs(record, [Pair(1.5, "", b"", b": ping\n\n")])
    if ended:
        recorder.ended(record)
    return flow


def drawn(name, flow):
    return BY_NAME[name].prettify(b"", Metadata(flow=flow))


OVERVIEW = """\
POST /v1/chat/completions  200  stream  complete
  ended by    the provider: its answer is complete
  model       claude -> anthropic/claude-sonnet-4-5 (answered as
              claude-sonnet-4-5-20250929)
  started     2023-11-14T22:13:20.000Z
  key         dev
  exchange    0f3a, provider id msg_01
  tokens      12 in, 4 read from cache; 34 out
  time        first event 400.0 ms, total 1500.0 ms, gateway 2.1 ms
  finish      stop
  attempts    2

notes (2)
  seed dropped: 7 -> nothing
      Messages has no seed.
  temperature approximated: 1.5 -> 1.0

phases
      0.0 ms  client request     POST /v1/chat/completions  76 bytes
      1.0 ms  provider request   POST /v1/messages  9 bytes
    100.0 ms  provider response  529  8 bytes
    200.0 ms  provider request   POST /v1/messages  9 bytes  attempt 2
    400.0 ms  provider response  200  streamed, see the pairs  attempt 2
    400.0 ms  client response    200  streamed, see the pairs

stream: 4 events, 1 of them the gateway's own, 1 became nothing, longest gap
    990.0 ms, 4 events/s

More in the views
  gateway: client request
  gateway: provider request
  gateway: provider response
  gateway: client response
  gateway: stream pairs
  gateway: notes"""

PAIRS = """\
stream: 4 events, 1 of them the gateway's own, 1 became nothing, longest gap
    990.0 ms, 4 events/s
Each event of the provider, and below it what became of it.
What stays the same from one to the next is shown once.

    #      t ms    gap ms   bytes -> bytes  event
    1     400.0      +0.0      24 -> 16     message_start
       {}
    -> {"role"}
    2     410.0     +10.0       7 -> 15     delta
       {"n":0}
    -> {"n":0}
    3    1400.0    +990.0      16 -> 0      ping
       {}
    -> nothing
    !  ping dropped
    4    1500.0    +100.0       0 -> 8      (the gateway itself)
    -> : ping"""

PROVIDER_RESPONSE = """\
# 100.0 ms after the start
# 529
# content-type: application/json

not JSON

# 400.0 ms after the start (attempt 2)
# 200
# content-type: application/json

event: message_start
data: {"type":"message_start"}

event: delta
data: {"n":0}

event: ping
data: {"type": "ping"}

"""

CLIENT_REQUEST = """\
# 0.0 ms after the start
# POST /v1/chat/completions
# content-type: application/json

{
  "model": "claude",
  "messages": [
    {
      "role": "user",
      "content": "Grüße"
    }
  ],
  "seed": 7
}
"""


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        pytest.param("gateway", OVERVIEW, id="overview"),
        pytest.param("gateway: stream pairs", PAIRS, id="pairs"),
        pytest.param("gateway: provider response", PROVIDER_RESPONSE, id="provider's events, after a failed attempt"),
        pytest.param("gateway: client request", CLIENT_REQUEST, id="client's request"),
    ],
)
def test_a_streamed_exchange(name, expected):
    assert drawn(name, recorded()) == expected


def test_what_the_client_heard():
    text = drawn("gateway: client response", recorded())
    assert text.endswith('data: {"role"}\n\ndata: {"n":0}\n\n: ping\n\n\n')


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        pytest.param("gateway: provider response", '{\n  "a": 1\n}\n', id="provider"),
        pytest.param("gateway: client response", '{\n  "b": 1\n}\n', id="client"),
        pytest.param("gateway: stream pairs", "No stream: this exchange has no event pairs.", id="no pairs"),
    ],
)
def test_a_whole_answer(name, expected):
    assert drawn(name, recorded(streamed=False)).endswith(expected)


def test_what_was_not_kept_is_said():
    flow = recorded(limit=20_000, events=5000)
    missing = flow.metadata[KEY]["events_left_out"]
    assert missing > 4000
    for name in ("gateway", "gateway: stream pairs", "gateway: provider response"):
        assert f"... {missing} events were not kept ..." in drawn(name, flow)
    assert f"left out {missing} events here" in drawn("gateway: client response", flow)
    flow.metadata[KEY]["phases"]["client_request"]["cut"] = True
    assert "# cut: of 76 bytes only the beginning was kept" in drawn("gateway: client request", flow)


def test_an_exchange_that_goes_on():
    flow = recorded(ended=False)
    assert "not ended yet" in drawn("gateway", flow)
    FlowRecorder(flow := tflow.tflow()).message(
        Record("0f3a", 1_700_000_000.0, "POST", "/v1/chat/completions"),
        PhaseMessage("client_request", 0.0, 1, "POST /v1/chat/completions", TYPE, ASKED),
    )
    assert drawn("gateway: provider request", flow) == "There is no provider request in this exchange yet."
    assert "no notes: nothing was bent" in drawn("gateway", flow)


BROKEN = [
    pytest.param("text", id="text"),
    pytest.param({"version": 9}, id="another version"),
    pytest.param({"messages": [1]}, id="other messages"),
    pytest.param([[[]]], id="lists"),
]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("shape", BROKEN)
def test_another_shape_gives_a_sentence(name, shape):
    flow = recorded()
    flow.metadata[KEY] = shape
    assert "written by another version" in drawn(name, flow)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("odd", [float("nan"), float("inf"), -1e300])
def test_odd_numbers_give_text(name, odd):
    flow = recorded()
    found = flow.metadata[KEY]
    found["timings"] |= {"duration": odd, "own": odd, "first_event": odd}
    for kept in (*found["phases"].values(), *found["events"]):
        kept["at"] = odd
    assert drawn(name, flow)
    found["started"] = odd
    assert "written by another version" in drawn(name, flow)


@pytest.mark.parametrize("body", [b"[" * 100_000, b'"\\ud800"', b"\xff\x00\xfe", b"", b"1" * 5000])
def test_odd_bodies_give_text(body):
    flow = recorded()
    flow.metadata[KEY]["phases"]["client_request"]["body"] = body.decode("utf-8", "replace")
    assert drawn("gateway: client request", flow).encode()


def test_nobody_forges_a_line():
    flow = recorded()
    flow.metadata[KEY]["model"] = "a\n  error  b"
    flow.metadata[KEY]["notes"][0]["path"] = flow.metadata[KEY]["events"][0]["name"] = "x\ny"
    assert "\n  error" not in drawn("gateway", flow)
    assert "x\\ny" in drawn("gateway: notes", flow)
    assert "x\\ny" in drawn("gateway: stream pairs", flow)


OTHERS = [
    pytest.param(tflow.tflow(resp=True), id="another flow"),
    pytest.param(tflow.ttcpflow(), id="TCP"),
    pytest.param(None, id="no flow"),
]


@pytest.mark.parametrize("view", VIEWS, ids=NAMES)
@pytest.mark.parametrize("flow", OTHERS)
def test_other_flows_are_left_alone(view, flow):
    metadata = Metadata(flow=flow)
    assert view.prettify(b"x", metadata) == NOTHING_RECORDED
    assert view.render_priority(b"x", metadata) < 0


@pytest.fixture
def registered():
    register()
    yield
    unregister()


@pytest.fixture
def context(registered):
    with taddons.context() as context:
        context.options.add_option("protobuf_definitions", str | None, None, "")
        yield context


def shown(flow, message: HttpMessage, name="auto"):
    return contentviews.prettify_message(message, flow, view_name=name)


@pytest.mark.parametrize("streamed", [True, False], ids=["stream", "whole"])
def test_unasked_the_answer_shows_the_overview_and_the_request_itself(context, streamed):
    flow = recorded(streamed=streamed)
    flow.request.headers["content-type"] = "application/json"
    flow.request.content = ASKED
    assert shown(flow, flow.response).view_name == "gateway"
    assert shown(flow, flow.request).view_name == "JSON"
    assert shown(flow, flow.response, "raw").view_name == raw.name


def test_without_an_answer_the_request_shows_the_overview(context):
    flow = recorded()
    flow.response = None
    assert shown(flow, flow.request).view_name == "gateway"


@pytest.mark.parametrize("name", NAMES)
def test_both_sides_show_the_same(context, name):
    flow = recorded()
    there, here = shown(flow, flow.request, name), shown(flow, flow.response, name)
    assert there == here
    assert there.view_name == name
    assert there.syntax_highlight == ("yaml" if name.endswith(("request", "response")) else "none")


def test_a_reload_leaves_no_view_behind(caplog):
    before = list(contentviews.registry)
    with caplog.at_level("INFO"):
        for _ in range(2):
            register()
            register()
            assert len(contentviews.registry) == len(before) + len(VIEWS)
            unregister()
            unregister()
    assert list(contentviews.registry) == before
    assert caplog.text == ""


def test_unregistering_leaves_a_view_of_another(registered):
    class Other(type(VIEWS[0])):
        pass

    other = Other("gateway", lambda found: iter(()))
    contentviews.registry.register(other)
    unregister()
    assert contentviews.registry["gateway"] is other
    contentviews.registry.register(VIEWS[0])


def test_provider_and_client_bodies_are_json_again():
    text = drawn("gateway: provider request", recorded())
    bodies = [part for part in text.split("\n\n") if part.startswith("{")]
    assert [json.loads(body) for body in bodies] == [{"try": 1}, {"try": 2}]


def test_the_calls_of_one_request_are_told_apart():
    flow = tflow.tflow(resp=tutils.tresp(content=None))
    recorder = FlowRecorder(flow)
    record = Record(
        "0f3a", 1_700_000_000.0, "POST", "/v1/chat/completions", stream=True, status=200, calls=2, attempts=3
    )
    recorder.message(record, PhaseMessage("provider_request", 0.001, 1, "POST /v1/messages", TYPE, b"{}", 0))
    recorder.message(record, PhaseMessage("provider_request", 0.002, 2, "POST /v1/messages", TYPE, b"{}", 1))
    recorder.message(record, PhaseMessage("provider_response", 0.1, 2, "200", TYPE, None, 1))
    recorder.pairs(record, [Pair(0.4, "delta", b'{"n":0}', b"data: 0\n\n", call=0, attempt=1)])
    recorder.pairs(record, [Pair(0.5, "delta", b'{"n":1}', b"data: 1\n\n", call=1, attempt=2)])
    recorder.pairs(record, [Pair(0.6, "", b"", b": ping\n\n")])
    recorder.ended(record)
    overview = drawn("gateway", flow)
    assert "  calls       2\n  attempts    3\n" in overview
    assert "provider request   POST /v1/messages  2 bytes  call 1\n" in overview
    assert "provider request POST /v1/messages 2 bytes call 2 attempt 2 " in " ".join(overview.split())
    pairs = drawn("gateway: stream pairs", flow)
    assert re.findall(r"\(call \d\)|\(the gateway itself\)$", pairs, re.MULTILINE) == [
        "(call 1)",
        "(call 2)",
        "(the gateway itself)",
    ]
    answer = drawn("gateway: provider response", flow)
    assert "after the start (call 2, attempt 2)" in answer
    assert ('{"n":1}' in answer, '{"n":0}' in answer) == (True, False)


LONG = "word " * 60


def broken(**changes):
    flow = tflow.tflow()
    record = Record("0f3a", 1_700_000_000.0, "POST", "/v1/chat/completions", model="claude", status=400, **changes)
    FlowRecorder(flow).ended(record)
    return flow


@pytest.mark.parametrize("end", ["refused", "failed"])
def test_an_error_is_shown_with_its_message_and_field(end):
    text = drawn("gateway", broken(end=end, error="bad_field", message="Send a number.\nOr none.", param="n"))
    assert "  error       bad_field\n  message     Send a number.\\nOr none.\n  param       n\n" in text
    assert "nothing was bent" not in text
    assert "no notes" in text


def test_a_usage_that_is_not_the_last_is_said_to_be_so():
    assert "7 in; 1 out, when it broke off\n" in drawn("gateway", broken(end="cancelled", usage=Usage(7, 1)))


def test_no_line_of_the_overview_is_wider_than_the_window():
    flow = recorded()
    found = flow.metadata[KEY]
    found |= {"path": "/" + "p" * 100, "model": "m" * 200, "message": LONG, "provider_id": "i" * 90}
    found["notes"][0] |= {"path": "a.b" * 60, "detail": LONG, "old": LONG}
    found["attempts"][0]["request"]["line"] = "POST https://provider.example/" + "p" * 100
    for name in ("gateway", "gateway: notes"):
        text = drawn(name, flow)
        assert max(map(len, text.splitlines())) <= WIDTH
        assert text.count("word") >= 120


def test_comment_and_overview_count_the_same_events():
    flow = recorded(limit=20_000, events=5000)
    assert flow.comment.split("  ")[2] == "5003 events"
    assert "stream: 5003 events, 1 of them the gateway's own" in drawn("gateway", flow)


def test_attempts_that_failed_are_in_the_overview_and_the_list() -> None:
    first, second = ("anthropic", "claude-x", "anthropic-1"), ("gemini", "gemini-x", "gemini-1")
    failed = AttemptReport(0.0, *first, 429, "429 rate_limit_exceeded", 0.012, attempt=1)
    answered = AttemptReport(0.02, *second, 200, None, 1.5, attempt=2)
    record = Record(
        "0f3a", 1_700_000_000.0, "POST", "/v1/chat/completions", status=200, attempts=2, reports=[failed, answered]
    )
    flow = tflow.tflow(resp=tutils.tresp(content=None))
    recorder = FlowRecorder(flow)
    for attempt, asked in enumerate((first, second), 1):
        told = Asked(*asked, "x")
        recorder.message(record, PhaseMessage("provider_request", 0.1, attempt, "POST", TYPE, b"{}", asked=told))
    recorder.ended(record)
    overview = " ".join(drawn("gateway", flow).split())
    assert "attempt anthropic/claude-x (anthropic-1) 429 rate_limit_exceeded after 12.0 ms" in overview
    assert "attempt gemini/gemini-x (gemini-1) answered after 1500.0 ms" in overview
    assert "2 attempts" in flow.comment


def test_the_overview_names_an_injected_fault():
    flow = recorded()
    flow.metadata[KEY]["injected"] = ["cut-after=3"]
    assert re.search(r"^  injected +cut-after=3$", drawn(VIEWS[0].name, flow), re.MULTILINE)
