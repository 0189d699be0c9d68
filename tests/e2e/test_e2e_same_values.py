"""The page, a flow file and the content views say the same of an exchange, whatever became of it."""

import contextlib
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from mitmproxy.contentviews import Metadata
from mitmproxy.http import HTTPFlow
from mitmproxy.io import FlowReader

from addons.inspector.recorder import recording_of
from addons.inspector.views import VIEWS
from tests.e2e import claude
from tests.e2e.conftest import Client
from tests.e2e.gateway_process import CLIENT_KEY, PROVIDER_KEY, GatewayProcess, config, free_port
from tests.e2e.inspector.inspected import TOKEN, Page
from tests.e2e.provider import EVENT_STREAM, WAIT, Provider, Script, chunk, head, held, raw, sse, stream, whole
from tests.e2e.wire import Wire, asking, request

OF_THE_STORE = {"seq", "conversation", "pinned"}
"""What an exchange only has in a store."""
BEGUN = head(200, EVENT_STREAM) + b"".join(chunk(sse(event)) for event in claude.HELLO[:4])
OVERLOADED = whole(claude.error("overloaded_error"), 529)
PICTURE = {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{'iVBORw0KGgo' + 'A' * 2001}"}}


@dataclass(frozen=True)
class Case:
    scripts: tuple[Script, ...]
    stream: bool
    fields: dict[str, Any]
    end: str
    attempts: int


CASES = {
    "whole": Case((whole(claude.message()),), False, {"seed": 7}, "complete", 1),
    "stream": Case((stream(claude.HELLO),), True, {"seed": 7}, "complete", 1),
    "failover": Case((OVERLOADED, stream(claude.HELLO)), True, {}, "complete", 2),
    "failed": Case((OVERLOADED, OVERLOADED), False, {}, "failed", 2),
    "refused": Case((), False, {"messages": "none"}, "refused", 0),
    "cut": Case((raw(BEGUN),), True, {}, "failed", 1),
    "an error in the stream": Case(
        (stream([*claude.HELLO[:4], claude.error("overloaded_error")]),), True, {}, "failed", 1
    ),
    "media": Case(
        (whole(claude.message()),), False, {"messages": [{"role": "user", "content": [PICTURE]}]}, "complete", 1
    ),
    "a fault": Case((stream(claude.HELLO),), True, {"fault": "cut-after=2"}, "failed", 1),
    "cancelled": Case((), True, {}, "cancelled", 1),
}


def settings(provider: str, page: int) -> dict[str, Any]:
    made = config(provider, inspector={"port": page, "key": TOKEN})
    made["api-keys"] = [{"key": CLIENT_KEY, "name": "tester", "faults": True}]
    [entry] = made["claude-api-key"]
    made["claude-api-key"] = [entry, entry | {"api-key": f"{PROVIDER_KEY}-2"}]
    return made


@dataclass
class Recorded:
    """What the page said, by case, and the flows that were written."""

    told: dict[str, dict[str, Any]]
    flows: dict[str, HTTPFlow]
    file: Path


@pytest.fixture(scope="module")
def recorded(running_provider: Provider, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Recorded]:
    folder, port, told = tmp_path_factory.mktemp("same"), free_port(), {}
    file = folder / "flows"
    running_provider.reset()
    with GatewayProcess(folder, settings(running_provider.url, port), "-w", str(file)) as process:
        client, page = Client(process), Page(port)
        with client.http, page.http:
            for name, case in CASES.items():
                running_provider.scripts = list(case.scripts)
                if name == "cancelled":
                    leave(process, running_provider)
                    client.id = "leaving"
                else:
                    fields = dict(case.fields)
                    fault = fields.pop("fault", None)
                    with contextlib.suppress(httpx.TransportError):
                        client.chat(case.stream, {"x-gateway-fault": fault} if fault else None, **fields)
                page.ended(client.id)
                told[name] = page.exchange(client.id, brief="yes")
    with file.open("rb") as opened:
        flows = [flow for flow in FlowReader(opened).stream() if isinstance(flow, HTTPFlow)]
    by_id = {exchange.id: flow for flow in flows if (exchange := recording_of(flow)) is not None}
    yield Recorded(told, {name: by_id[exchange["id"]] for name, exchange in told.items()}, file)
    running_provider.reset()


def leave(process: GatewayProcess, provider: Provider) -> None:
    """Ask for a stream, and go when it has begun."""
    provider.scripts = [held(BEGUN)]
    with Wire(process.port) as wire:
        wire.send(request(body=asking(True), x_request_id="leaving"))
        wire.until(b"data: ")


def of_the_exchange(told: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in told.items() if name not in OF_THE_STORE}


@pytest.mark.parametrize("name", CASES)
def test_a_flow_file_says_what_the_page_says(recorded: Recorded, name: str) -> None:
    case, told, exchange = CASES[name], recorded.told[name], recording_of(recorded.flows[name])
    assert exchange is not None
    assert (told["end"], len(told["attempts"])) == (case.end, case.attempts)
    assert bool(told["events"]) is case.stream
    kept = json.loads(json.dumps(exchange.detail()))
    assert of_the_exchange(kept) == of_the_exchange(told)


def drawn(view: Any, flow: HTTPFlow) -> str:
    text: str = view.prettify(b"", Metadata(flow=flow))
    return text


def bare(text: str) -> str:
    return "".join(text.split())


@pytest.mark.parametrize("name", CASES)
def test_the_views_say_what_the_page_says(recorded: Recorded, name: str) -> None:
    told, flow = recorded.told[name], recorded.flows[name]
    overview, *phases, pairs, notes = (bare(drawn(view, flow)) for view in VIEWS)
    for value in (told["ended_by"], told["started"], told["id"], told["message"], told["error"]):
        assert bare(value or "") in overview
    for attempt in told["attempts"]:
        assert bare(attempt["reason"] or "") in overview
    for kind, value in told["timings"].items():
        assert value is None or kind == "longest_gap" or f"{value:.1f}ms" in overview
    for note in told["notes"]:
        assert bare(f"{note['path']} {note['fate']}") in notes
        assert bare(note["detail"]) in overview
    for text, shown in zip(phases, told["phases"].values(), strict=True):
        assert shown is None or all(bare(": ".join(header)) in text for header in shown["headers"])
        assert bare((shown or {}).get("body") or "") in text
    for event in told["events"]:
        assert f"{event['at']:.1f}" in pairs


def test_a_flow_file_that_is_read_is_on_the_page(recorded: Recorded, tmp_path: Path) -> None:
    port, web = free_port(), free_port()
    arguments = ("--no-web-open-browser", "--set", f"web_port={web}", "--set", "web_password=open")
    file = ("-r", str(recorded.file), "-n")
    made = settings("http://127.0.0.1:1", port)
    process = GatewayProcess(tmp_path, made, *arguments, *file, tool="mitmweb")
    page, count = Page(port), len(recorded.told)
    try:
        process.line("^The inspector shows exchanges at ")
        with page.http:
            listed = until(lambda: page.get("/api/exchanges")["exchanges"], count)
            assert [each["id"] for each in listed] == [each["id"] for each in reversed(recorded.told.values())]
            for told in recorded.told.values():
                assert of_the_exchange(page.exchange(told["id"], brief="yes")) == of_the_exchange(told)
        login = {"authorization": "Bearer open"}
        with httpx.Client(base_url=f"http://127.0.0.1:{web}", headers=login, timeout=WAIT, trust_env=False) as mitmweb:
            flows = {flow["id"]: flow for flow in mitmweb.get("/flows").json()}
            for flow in recorded.flows.values():
                assert flow.id in flows
                shown = mitmweb.get(f"/flows/{flow.id}/request/content/{VIEWS[0].name}.json").json()
                assert shown["text"] == drawn(VIEWS[0], flow)
    finally:
        process.stop()


def until(ask: Callable[[], list[Any]], count: int) -> list[Any]:
    """What comes once there are so many."""
    for _ in range(2000):
        if len(found := ask()) >= count:
            return found
    raise AssertionError(f"there are {len(found)} of {count}")
