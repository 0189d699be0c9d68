"""The content views of an exchange with a provider of every dialect, from what is recorded of it."""

import json
from pathlib import Path

import pytest
from mitmproxy.contentviews import Metadata
from mitmproxy.test import tflow, tutils

from addons.exchange.observers import Pair, PhaseMessage, Record
from addons.inspector.payloads import WIDTH
from addons.inspector.recorder import FlowRecorder
from addons.inspector.views import VIEWS
from translators import convert
from translators.registry import CLIENTS, PROVIDERS

FIXTURES = Path(__file__).parents[2] / "fixtures"
BY_NAME = {view.name: view for view in VIEWS}
ASKED = {
    "chat": {"messages": [{"role": "user", "content": "Hi"}], "stream": True},
    "completions": {"prompt": "Hi", "stream": True},
    "responses": {"input": "Hi", "stream": True},
}
MODELS = {"anthropic": "claude-sonnet-4-6", "vertex-anthropic": "claude-sonnet-4-6", "gemini": "gemini-2.5-flash"}
WAYS = [*((client, name) for client in CLIENTS for name in PROVIDERS), ("completions", "openai-completions")]
BASE = "https://u:hidden@host.example/v1"


def exchange(client, dialect):
    """A flow as the gateway leaves it, what the provider said in it and what the client heard."""
    conversion = convert.request(
        {"model": MODELS.get(dialect, "m"), **ASKED[client]}, client=client, provider=dialect, model=None
    )
    answering, (rendered,) = conversion.answering, conversion.calls
    flow = tflow.tflow(resp=tutils.tresp(content=None))
    recorder = FlowRecorder(flow)
    record = Record("0f3a", 1_700_000_000.0, "POST", f"/v1/{client}", model="m", stream=True, status=200)
    line = f"POST {BASE}{rendered.path}{'&' if '?' in rendered.path else '?'}key=hidden"
    secrets = (("x-amz-security-token", "hidden"), ("x-goog-api-key", "hidden"), ("authorization", "AWS4 hidden"))
    sent = json.dumps(rendered.body).encode()
    recorder.message(record, PhaseMessage("client_request", 0.0, 1, "POST", (), json.dumps(ASKED[client]).encode()))
    recorder.message(record, PhaseMessage("provider_request", 0.1, 1, line, secrets, sent))
    recorder.message(record, PhaseMessage("provider_response", 0.2, 1, "200", (), None))
    recorder.message(record, PhaseMessage("client_response", 0.2, 1, "200", (), None))
    said = []

    def tap(events, broken):
        said.extend(payload for _, payload, _, _ in events)
        recorder.pairs(record, [Pair(0.3, *event, attempt=1) for event in events])

    folder = FIXTURES / ("anthropic" if dialect == "vertex-anthropic" else dialect)
    (path,) = [path for path in folder.glob("text.*") if path.suffix != ".jsonl"]
    pipe = answering.pipe(stream=True, tap=tap)
    heard = pipe.feed(path.read_bytes()) + pipe.close()
    assert pipe.done
    recorder.ended(record)
    return flow, sent, said, heard


def drawn(name, flow):
    return BY_NAME[name].prettify(b"", Metadata(flow=flow))


@pytest.mark.parametrize(("client", "dialect"), WAYS)
def test_what_a_person_sees(client, dialect):
    flow, sent, said, heard = exchange(client, dialect)
    asked = drawn("gateway: provider request", flow)
    head, _, body = asked.partition("\n\n")
    assert json.loads(body) == json.loads(sent)
    assert "host.example/v1" in head
    answer = drawn("gateway: provider response", flow)
    events = [line.removeprefix("data: ") for line in answer.splitlines() if line.startswith("data: ")]
    assert [json.loads(event) for event in events if event != "[DONE]"] == [
        json.loads(payload) for payload in said if payload.strip() not in (b"", b"[DONE]")
    ]
    assert heard.decode() in drawn("gateway: client response", flow)
    pairs = drawn("gateway: stream pairs", flow)
    rows = [line for line in pairs.splitlines() if " -> " in line and line.lstrip()[:1].isdigit()]
    assert [int(row.split()[0]) for row in rows] == list(range(1, len(flow.metadata["gateway"]["events"]) + 1))
    assert all(len(line) <= WIDTH for line in pairs.splitlines()[4:] if line not in rows)
    for view in BY_NAME:
        shown = drawn(view, flow)
        assert "hidden" not in shown.replace("u:hidden@", "")
        assert all(sign.isprintable() or sign == "\n" for sign in shown)


def test_the_end_of_a_stream_without_a_marker_is_seen():
    flow, *_ = exchange("chat", "gemini")
    assert drawn("gateway: stream pairs", flow).endswith("-> [DONE]")
    assert "(the gateway itself)" in drawn("gateway: stream pairs", flow)
    assert flow.response.content.endswith(b"data: [DONE]\n\n")
