"""mitmweb beside the gateway, by its own HTTP interface: what a person sees and does there."""

import json
import re
import time
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import quote

import httpx
import pytest

from tests.e2e import claude
from tests.e2e.conftest import Client
from tests.e2e.gateway_process import ROOT, GatewayProcess, config, free_port
from tests.e2e.provider import EVENT_STREAM, WAIT, Provider, chunk, head, held, sse, stream, whole
from tests.e2e.wire import Wire, asking, content, request

FORMS = pytest.mark.parametrize("streamed", [False, True], ids=["whole", "stream"])


class Web:
    """mitmweb's interface, as its page uses it."""

    def __init__(self, port: int) -> None:
        self._http = httpx.Client(
            base_url=f"http://127.0.0.1:{port}",
            headers={"authorization": "Bearer open", "x-xsrftoken": "0f0f"},
            cookies={"_mitmproxy_xsrf": "0f0f"},
            timeout=WAIT,
            trust_env=False,
        )

    def flows(self) -> list[dict[str, Any]]:
        listed: list[dict[str, Any]] = self._http.get("/flows").raise_for_status().json()
        return listed

    def until(self, settled: Callable[[list[dict[str, Any]]], bool]) -> list[dict[str, Any]]:
        """The flows, as soon as they are so."""
        deadline = time.monotonic() + WAIT
        while not settled(flows := self.flows()):
            assert time.monotonic() < deadline, [(flow["comment"], flow["is_replay"]) for flow in flows]
        return flows

    def do(self, what: str, flow: dict[str, Any]) -> None:
        self._http.post(f"/flows/{flow['id']}/{what}").raise_for_status()

    def content(self, flow: dict[str, Any], message: str) -> str:
        return self._http.get(f"/flows/{flow['id']}/{message}/content.data").raise_for_status().text

    def view(self, flow: dict[str, Any], name: str) -> str:
        shown = (
            self._http.get(f"/flows/{flow['id']}/response/content/{quote(name, safe='')}.json")
            .raise_for_status()
            .json()
        )
        return str(shown["text"])

    def matching(self, filter: str) -> list[str]:
        """The comments of the flows that a filter shows."""
        self._http.put("/options", json={"view_filter": filter}).raise_for_status()
        try:
            return [flow["comment"] for flow in self.flows()]
        finally:
            self._http.put("/options", json={"view_filter": ""}).raise_for_status()

    def option(self, name: str) -> Any:
        return self._http.get("/options").raise_for_status().json()[name]["value"]

    def clear(self) -> None:
        self._http.post("/clear").raise_for_status()

    def close(self) -> None:
        self._http.close()


@pytest.fixture(scope="module")
def watched(
    running_provider: Provider, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[GatewayProcess, int]]:
    port = free_port()
    arguments = ("--no-web-open-browser", "--set", f"web_port={port}", "--set", "web_password=open")
    folder = tmp_path_factory.mktemp("web")
    with GatewayProcess(folder, config(running_provider.url), *arguments, tool="mitmweb") as process:
        yield process, port


@pytest.fixture
def client(watched: tuple[GatewayProcess, int]) -> Iterator[Client]:
    made = Client(watched[0])
    yield made
    made.http.close()


@pytest.fixture
def web(watched: tuple[GatewayProcess, int]) -> Iterator[Web]:
    """With no flows yet."""
    made = Web(watched[1])
    made.clear()
    yield made
    made.close()


def ended(count: int) -> Callable[[list[dict[str, Any]]], bool]:
    return lambda flows: len(flows) == count and all(re.search(r"  (\d{3}|---)", flow["comment"]) for flow in flows)


def text_of(body: str, streamed: bool) -> str:
    return content(body) if streamed else str(json.loads(body)["choices"][0]["message"]["content"])


@FORMS
def test_a_replay_is_a_new_exchange_of_the_same_key(
    client: Client, provider: Provider, web: Web, streamed: bool
) -> None:
    first, second = claude.message(claude.text("First")), claude.message(claude.text("Second"))
    provider.scripts = [stream(claude.events(each)) if streamed else whole(each) for each in (first, second)]
    client.chat(streamed)
    [flow] = web.until(ended(1))
    web.do("replay", flow)
    before, after = web.until(ended(2))
    assert before["id"] == flow["id"]
    assert (before["is_replay"], after["is_replay"]) == (None, "request")
    assert [text_of(web.content(flow, "response"), streamed) for flow in (before, after)] == ["First", "Second"]
    assert [each.get("error") for each in (before, after)] == [None, None]
    assert web.content(after, "request") == web.content(before, "request")
    one, other = provider.calls
    assert (one.json, one.headers["x-api-key"]) == (other.json, other.headers["x-api-key"])
    again = client.gateway.line(rf'^{{.*"id":"req_.*"stream":{str(streamed).lower()}')
    assert '"key":"tester"' in again
    assert not [line for line in client.gateway.lines if "crashed" in line]


def test_what_was_refused_by_its_head_cannot_be_replayed(client: Client, provider: Provider, web: Web) -> None:
    """Its body was not read, and its key is not known."""
    client.chat(headers={"authorization": "Bearer wrong"})
    [flow] = web.until(ended(1))
    web.do("replay", flow)
    client.gateway.line("A request whose body was not kept cannot be replayed")
    [after] = web.flows()
    assert after["response"]["status_code"] == 401
    assert provider.calls == []


def filters() -> list[str]:
    """Those of the page."""
    section = (ROOT / "docs" / "debugging.md").read_text().partition("### Finding flows")[2].partition("\nHealth")[0]
    rows = [line for line in section.splitlines() if line.startswith("| `")]
    return [filter.replace("\\|", "|") for row in rows for filter in re.findall(r"`(~[^`]+)`", row)]


def test_the_filters_of_the_page_find_what_they_say(client: Client, provider: Provider, web: Web) -> None:
    provider.scripts = [whole(claude.message()), whole({"type": "error", "error": {"type": "overloaded_error"}}, 529)]
    client.chat(seed=7, messages=[{"role": "user", "content": "hello"}])
    client.chat(messages=[{"role": "user", "content": "goodbye"}])
    client.get("/v1/models")
    flow, failed, _ = web.until(ended(3))
    web.do("replay", flow)
    *_, again = web.until(ended(4))
    noted, went, broken, listed = flow["comment"], again["comment"], failed["comment"], "GET /v1/models  200"
    assert web.matching("~all") == [noted, broken, listed, went]
    assert {filter: web.matching(filter) for filter in filters()} == {
        '~comment "-> anthropic"': [noted, broken, went],
        '~comment "failed|refused"': [broken],
        '~comment "seed dropped"': [noted, went],
        "~hs x-gateway-notes": [noted, went],
        '~hs "x-gateway-notes.*seed"': [noted, went],
        "~c 503": [broken],
        "~bq hello": [noted, went],
        "~marker warning": [noted, went],
        "~marker :x:": [broken],
        "~marked": [noted, broken, went],
        "~replay": [went],
    }


def test_a_stream_that_failed_is_no_success_in_the_list(client: Client, provider: Provider, web: Web) -> None:
    events = claude.events(claude.message())[:4]
    error = {"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}}
    provider.scripts = [stream([*events, error])]
    client.chat(True)
    [flow] = web.until(ended(1))
    assert flow["response"]["status_code"] == 200
    assert re.match(r"failed: \w+  sonnet -> anthropic", flow["comment"])
    assert "  5 events  " in flow["comment"]
    overview, pairs = web.view(flow, "gateway"), web.view(flow, "gateway: stream pairs")
    assert re.search(r"^stream: 5 events, ", overview, re.MULTILINE)
    assert re.search(r"^  message     .*Overloaded", overview, re.MULTILINE)
    assert re.search(r"^  tokens      11 in; 1 out, when it broke off", overview, re.MULTILINE)
    assert "nothing was bent" not in overview
    assert "(the gateway itself)" not in pairs
    assert re.search(r"\d +error\n(       .*\n)+    -> \{\"error\":", pairs)


def test_a_flow_whose_client_left_has_an_end(client: Client, provider: Provider, web: Web) -> None:
    events = claude.events(claude.message())[:4]
    provider.scripts = [held(head(200, EVENT_STREAM) + b"".join(chunk(sse(event)) for event in events))]
    with Wire(client.gateway.port) as wire:
        wire.send(request(body=asking(True)))
        wire.until(b"data: ")
    [flow] = web.until(ended(1))
    assert flow["comment"].startswith("cancelled  sonnet -> anthropic")
    assert flow["response"]["timestamp_end"] >= flow["response"]["timestamp_start"]


def test_health_checks_make_no_flows(client: Client, web: Web) -> None:
    for _ in range(3):
        assert client.get("/health").status_code == 200
    client.get("/v1/models")
    assert [flow["request"]["path"] for flow in web.until(ended(1))] == ["/v1/models"]


def test_the_list_shows_comments(web: Web) -> None:
    assert web.option("web_columns") == ["icon", "comment", "status", "time"]
