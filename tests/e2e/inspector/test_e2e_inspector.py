"""The inspector of a real gateway: who may look, the API, what is asked again, the MCP server."""

import base64
import contextlib
import json
import os
import signal
import socket
import subprocess
import threading
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import httpx2
import pytest
from mcp import ClientSession
from mcp.client.streamable_http import streamable_http_client

from tests.e2e import claude
from tests.e2e.conftest import Client
from tests.e2e.gateway_process import CLIENT_KEY, ROOT, SECRETS, GatewayProcess, config, free_port
from tests.e2e.inspector.inspected import TOKEN, Page, inspected, settings
from tests.e2e.provider import EVENT_STREAM, LAST_CHUNK, WAIT, Provider, chunk, head, sse, stepped, stream, whole
from tests.scripts.command import in_process

# --- who may look -------------------------------------------------------------------------------


BEARER = {"authorization": f"Bearer {TOKEN}"}


@pytest.mark.parametrize(
    ("path", "headers", "status", "code"),
    [
        pytest.param("/api/exchanges", {}, 401, "unauthorized", id="no token"),
        pytest.param("/", {}, 401, "unauthorized", id="the page itself"),
        pytest.param("/mcp", {}, 401, "unauthorized", id="mcp"),
        pytest.param("/api/openapi.json", {}, 401, "unauthorized", id="the description"),
        pytest.param("/api/status", {"authorization": "Bearer x"}, 401, "unauthorized", id="wrong token"),
        pytest.param("/api/status", {"authorization": f"Bearer {CLIENT_KEY}"}, 401, "unauthorized", id="client's key"),
        pytest.param("/api/status?token=x", BEARER, 401, "unauthorized", id="bad login"),
        pytest.param("/api/status", {"cookie": "gateway-inspector-1=x"}, 401, "unauthorized", id="wrong cookie"),
        pytest.param("/api/status", {"host": "evil.example", **BEARER}, 421, "wrong_host", id="host"),
        pytest.param("/api/status", {"host": "10.0.0.1", **BEARER}, 421, "wrong_host", id="address"),
        pytest.param("/api/status", {"origin": "http://evil.example", **BEARER}, 403, "cross_origin", id="origin"),
        pytest.param("/api/status", {"origin": "null", **BEARER}, 403, "cross_origin", id="no origin"),
        pytest.param("/api/status", {"sec-fetch-site": "cross-site", **BEARER}, 403, "cross_origin", id="another site"),
    ],
)
def test_strangers_see_nothing(page: Page, path: str, headers: dict[str, str], status: int, code: str) -> None:
    answer = httpx.get(page.url + path, headers=headers, trust_env=False)
    assert (answer.status_code, answer.json()["error"]["code"]) == (status, code)
    assert answer.headers["content-security-policy"].startswith("default-src 'self'")
    assert TOKEN not in answer.text


def test_a_browser_comes_in_by_the_address(page: Page) -> None:
    with httpx.Client(base_url=page.url, trust_env=False) as browser:
        answer = browser.get("/", params={"token": TOKEN, "q": "x"})
        cookie = answer.headers["set-cookie"]
        assert (answer.status_code, answer.headers["location"]) == (303, "/?q=x")
        assert TOKEN not in cookie
        assert "HttpOnly" in cookie
        assert "samesite=strict" in cookie.lower()
        shown = browser.get("/")
        assert (shown.status_code, shown.headers["content-type"]) == (200, "text/html; charset=utf-8")
        assert shown.headers["cache-control"] == "no-cache"
        answer = browser.get("/api/status", headers={"origin": page.url})
        assert (answer.status_code, answer.headers["cache-control"]) == (200, "no-store")
        assert browser.get("/../gateway.py").status_code == 404


def test_the_start_says_where_it_is_but_not_the_key(gateway: GatewayProcess, page: Page) -> None:
    line = gateway.line("^The inspector shows exchanges at ")
    assert f"{page.url}/?token=KEY" in line
    assert "kept in memory while it is on." in line
    assert TOKEN not in gateway.output


# --- what was recorded --------------------------------------------------------------------------


def test_an_exchange(page: Page, client: Client, provider: Provider) -> None:
    assert client.chat(seed=7).status_code == 200
    exchange = page.ended(client.id)
    assert (exchange["client"], exchange["dialect"], exchange["model"]) == ("tester", "chat", "sonnet")
    assert json.loads(exchange["phases"]["provider_request"]["body"])["model"] == "claude-sonnet-4-5"
    assert [note["path"] for note in exchange["notes"] if note["lost"]] == ["seed"]
    listed = page.get("/api/exchanges", q="model:sonnet", limit=1)
    assert [each["id"] for each in listed["exchanges"]] == [client.id]
    assert page.post(f"/api/exchanges/{client.id}/pin", pinned=True) == {"pinned": True}
    assert page.exchange(client.id)["pinned"]
    page.post(f"/api/exchanges/{client.id}/pin", pinned=False)


def pieces(events: list[dict[str, Any]]) -> bytes:
    return b"".join(chunk(sse(event)) for event in events)


def test_a_stream_is_told_while_it_runs(page: Page, client: Client, provider: Provider) -> None:
    go = threading.Event()
    events = claude.HELLO
    provider.scripts = [stepped(head(200, EVENT_STREAM) + pieces(events[:3]), go, pieces(events[3:]) + LAST_CHUNK)]
    with client.streaming() as answer:
        got = answer.iter_bytes()
        next(got)
        with page.http.stream("GET", "/api/live", params={"follow": client.id}) as live:
            lines = live.iter_lines()
            assert next(lines).startswith("retry:")
            assert page.exchange(client.id)["end"] == "running"
            go.set()
            assert b"[DONE]" in b"".join(got)
            told = []
            name = ""
            for line in lines:
                if line.startswith("event:"):
                    name = line.removeprefix("event: ")
                elif line.startswith("data:"):
                    told.append((name, json.loads(line[5:])))
                    followed = [event for name, value in told if name == "events" for event in value["events"]]
                    ends = [value["end"] for name, value in told if name == "exchange"]
                    if "complete" in ends and followed and followed[-1]["name"] == "message_stop":
                        break
    assert all(value["id"] == client.id for name, value in told if name == "events")
    exchange = page.exchange(client.id)
    later = page.get(f"/api/exchanges/{client.id}/events", **{"from": 2, "limit": 2})["events"]
    assert [event["n"] for event in later] == [event["n"] for event in exchange["events"][2:4]]
    bodies = {name: exchange["phases"][name]["body"] for name in ("provider_response", "client_response")}
    assert bodies["client_response"] == "".join(event["client"] for event in exchange["events"])
    assert [
        json.loads(line[5:]) for line in bodies["provider_response"].splitlines() if line.startswith("data:")
    ] == events
    assert [pair["provider"] for pair in exchange["pairs"]] == list(range(len(events)))
    assert {n for pair in exchange["pairs"] for n in pair["client"]} == {
        e["n"] for e in exchange["events"] if e["client"]
    }
    assert exchange["provenance"] == page.get(f"/api/exchanges/{client.id}/provenance")
    brief = page.get(f"/api/exchanges/{client.id}", brief="yes")
    assert not brief.keys() & {"pairs", "provenance"}
    assert brief["phases"]["client_response"]["body"] is None


def test_the_command_of_the_page(page: Page, client: Client, provider: Provider) -> None:
    client.chat()
    blocks = (ROOT / "docs" / "inspector.md").read_text().split("```bash\n")[1:]
    [command] = [code for code in (block.partition("```")[0] for block in blocks) if "?limit=5" in code]
    command = command.replace("http://127.0.0.1:8318", page.url)
    done = subprocess.run(["bash", "-c", command], env={**os.environ, "TOKEN": TOKEN}, capture_output=True, check=True)
    assert client.id in {each["id"] for each in json.loads(done.stdout)["exchanges"]}


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "code"),
    [
        pytest.param("GET", "/api/exchanges/none", None, 404, "no_such_exchange", id="no exchange"),
        pytest.param("GET", "/api/nothing", None, 404, "not_found", id="no endpoint"),
        pytest.param("PUT", "/api/status", None, 405, "wrong_method", id="method"),
        pytest.param("GET", "/api/exchanges?limit=x", None, 400, "invalid_query", id="limit"),
        pytest.param("GET", "/api/exchanges?q=" + "x" * 501, None, 400, "invalid_query", id="long query"),
        pytest.param("POST", "/api/exchanges/none/pin", b"{", 400, "invalid_json", id="no JSON"),
        pytest.param("POST", "/api/exchanges/none/pin", b"[]", 400, "invalid_body", id="no object"),
        pytest.param("POST", "/api/exchanges/none/pin", b"x" * 70_000, 413, "request_too_large", id="too large"),
        pytest.param("POST", "/api/exchanges/none/pin", b'{"pinned":true}', 404, "no_such_exchange", id="pin none"),
        pytest.param("POST", "/api/exchanges/none/replay", b"", 404, "no_such_exchange", id="replay none"),
        pytest.param("POST", "/api/exchanges/none/compare", b'{"models":[]}', 400, "invalid_body", id="no models"),
        pytest.param("POST", "/api/convert", b'{"to":"nobody","body":{}}', 400, "invalid_dialect", id="dialect"),
        pytest.param("GET", "/api/exchanges/none/export?as=pdf", None, 400, "invalid_query", id="form"),
    ],
)
def test_mistakes_are_told(page: Page, method: str, path: str, body: bytes | None, status: int, code: str) -> None:
    answer = page.http.request(method, path, content=body)
    assert (answer.status_code, answer.json()["error"]["code"]) == (status, code)


def claude_request() -> dict[str, Any]:
    return {"model": "claude-x", "messages": [{"role": "user", "content": "Hi"}], "seed": 7}


# --- what is made of it, what is asked again ------------------------------------------------------


def test_a_conversion(page: Page) -> None:
    answer = json.dumps(claude.message())
    made = page.post("/api/convert", **{"from": "chat", "to": "anthropic", "body": claude_request(), "answer": answer})
    assert made["path"] == "/v1/messages"
    assert made["body"]["messages"][0]["content"] == [{"type": "text", "text": "Hi"}]
    assert [note["path"] for note in made["notes"] if note["lost"]] == ["seed"]
    assert json.loads(made["answer"]["body"])["object"] == "chat.completion"


def test_where_each_value_came_from(page: Page, client: Client, provider: Provider) -> None:
    client.chat(seed=7)
    page.ended(client.id)
    traced = page.get(f"/api/exchanges/{client.id}/provenance")
    assert traced["known"]
    rules = {(link["from"], link["to"]): link["rule"] for link in traced["request"]}
    assert rules[("seed", None)] == "dropped"
    assert rules[("max_tokens", "max_tokens")] == "copied"
    request, answer = (page.get(f"/api/exchanges/{client.id}/provenance", leg=leg) for leg in ("request", "answer"))
    assert (request["request"], request["answer"]) == (traced["request"], [])
    assert (answer["request"], answer["answer"]) == ([], traced["answer"])
    assert traced["answer"]
    rows = page.get(f"/api/exchanges/{client.id}/diff", leg="request")["rows"]
    assert ("seed", None) in {(row["left"], row["right"]) for row in rows}
    assert page.get(f"/api/exchanges/{client.id}/diff", leg="answer")["rows"]
    made = page.post("/api/convert", to="anthropic", body=claude_request())
    assert ("seed", None) in {(link["from"], link["to"]) for link in made["provenance"]}


@pytest.mark.parametrize(
    ("query", "content_type", "has"),
    [
        pytest.param("as=curl", "text/plain", b"/v1/chat/completions", id="curl"),
        pytest.param("as=curl&leg=provider", "text/plain", b"/v1/messages", id="curl of the provider's"),
        pytest.param("as=httpie", "text/plain", b"/v1/chat/completions", id="httpie"),
        pytest.param("as=python&sdk=openai", "text/x-python", b"OpenAI(", id="python"),
        pytest.param("as=har", "application/json", b'"log"', id="har"),
        pytest.param("as=html", "text/html", b"<!doctype html>", id="html"),
        pytest.param("as=fixture", "application/zip", b".meta.json", id="fixture"),
    ],
)
def test_an_export(page: Page, client: Client, provider: Provider, query: str, content_type: str, has: bytes) -> None:
    client.chat()
    page.ended(client.id)
    made = page.http.get(f"/api/exchanges/{client.id}/export?{query}")
    assert (made.status_code, made.headers["content-type"].partition(";")[0]) == (200, content_type)
    assert has.lower() in made.content.lower()
    assert made.headers["content-disposition"].startswith("attachment; filename=")
    assert made.headers["content-security-policy"].startswith("sandbox")
    assert not [secret for secret in (*SECRETS, TOKEN) if secret.encode() in made.content]


def test_an_export_of_a_selection(page: Page, client: Client, provider: Provider) -> None:
    ids = []
    for _ in range(2):
        client.chat()
        page.ended(client.id)
        ids.append(client.id)
    made = page.http.get("/api/export", params={"as": "har", "id": ids})
    assert all(id in made.text for id in ids)
    assert page.http.get("/api/export", params={"as": "curl", "id": ids}).status_code == 409
    assert page.http.get("/api/export", params={"as": "har"}).status_code == 400


@pytest.mark.parametrize("streams", [pytest.param(False, id="whole"), pytest.param(True, id="stream")])
def test_a_replay_of_what_has_not_changed(page: Page, client: Client, provider: Provider, streams: bool) -> None:
    provider.scripts = [stream(claude.HELLO) if streams else whole(claude.message())]
    client.chat(streams)
    page.ended(client.id)
    calls = len(provider.calls)
    replayed = page.post(f"/api/exchanges/{client.id}/replay")
    assert (replayed["differences"], replayed["skipped"]) == ([], [])
    assert len(provider.calls) == calls


def test_asking_again_and_another_model(page: Page, client: Client, provider: Provider) -> None:
    client.chat()
    id = client.id
    page.ended(id)
    [again] = page.post(f"/api/exchanges/{id}/resend")["exchanges"]
    other, missing = page.post(f"/api/exchanges/{id}/compare", models=["team/small/haiku", "nobody"])["exchanges"]
    [edited] = page.post(f"/api/exchanges/{id}/resend", body={"model": "sonnet", "messages": []})["exchanges"]
    ended = {name: page.ended(each["id"]) for name, each in (("again", again), ("other", other))}
    assert {each["client"] for each in ended.values()} == {"tester"}
    assert (
        ended["again"]["phases"]["provider_request"]["body"] == page.exchange(id)["phases"]["provider_request"]["body"]
    )
    assert (other["model"], ended["other"]["provider_model"]) == ("team/small/haiku", "claude-haiku-4-5")
    assert page.ended(missing["id"])["error"] == "model_not_found"
    assert page.ended(edited["id"])["end"] == "refused"
    sent = provider.calls[-1]
    assert not [value for name, value in sent.headers.items() if CLIENT_KEY in value]


def test_a_replay_tells_what_the_configuration_changed(
    running_provider: Provider, provider: Provider, tmp_path: Path
) -> None:
    with inspected(tmp_path, settings(running_provider.url)) as served:
        client, page, config = served.client, served.page, served.gateway.config
        client.chat()
        page.ended(client.id)
        rule = {"models": [{"name": "*"}], "params": {"max_tokens": 77}}
        config.write_text(json.dumps({**json.loads(config.read_text()), "payload": {"override": [rule]}}))
        served.gateway.line("was read again")
        replayed = page.post(f"/api/exchanges/{client.id}/replay")
        changed = {(each["phase"], each["path"]): (each["then"], each["now"]) for each in replayed["differences"]}
        assert changed == {("provider_request", "max_tokens"): (100, 77)}
        assert json.loads(replayed["now"]["phases"]["provider_request"]["body"])["max_tokens"] == 77
        assert len(provider.calls) == 1


def test_only_what_the_client_sent_is_sent_again(page: Page, client: Client, provider: Provider) -> None:
    picture = "data:image/png;base64," + base64.b64encode(b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 8).decode()
    content = [{"type": "image_url", "image_url": {"url": picture}}]
    client.chat(messages=[{"role": "user", "content": content}])
    page.ended(client.id)
    refused = page.http.post(f"/api/exchanges/{client.id}/resend")
    assert (refused.status_code, refused.json()["error"]["code"]) == (409, "redacted")


@pytest.mark.parametrize(
    ("headers", "told"),
    [pytest.param({"x-gateway-debug": "1"}, True, id="wanted"), pytest.param({}, False, id="not wanted")],
)
def test_an_answer_says_where_it_is_shown(
    page: Page, client: Client, provider: Provider, headers: dict[str, str], told: bool
) -> None:
    answer = client.chat(headers=headers)
    shown = (answer.headers.get("x-gateway-exchange"), answer.headers.get("x-gateway-page"))
    assert shown == ((client.id, f"{page.url}/#/x/{client.id}") if told else (None, None))


# --- the MCP server -----------------------------------------------------------------------------


async def test_an_agent_looks_at_its_own_traffic(page: Page, client: Client, provider: Provider) -> None:
    client.chat(seed=7)
    page.ended(client.id)
    async with agent(page) as mcp:
        tools = {tool.name for tool in (await mcp.list_tools()).tools}
        assert tools == {"list_exchanges", "get_exchange", "diff", "losses", "replay", "convert"}
        listed = json.loads(await called(mcp, "list_exchanges", limit=1))
        assert [each["id"] for each in listed["exchanges"]] == [client.id]
        assert json.loads(await called(mcp, "get_exchange", id=client.id))["model"] == "sonnet"
        notes = json.loads(await called(mcp, "losses", id=client.id))["notes"]
        assert [note["path"] for note in notes if note["lost"]] == ["seed"]
        assert json.loads(await called(mcp, "replay", id=client.id))["differences"] == []
        made = json.loads(await called(mcp, "convert", body=claude_request(), to="anthropic"))
        assert made["path"] == "/v1/messages"
        asked = {"from": "responses", "to": "gemini", "body": {"model": "m", "input": "Hello"}}
        assert json.loads(await called(mcp, "convert", **asked))["path"] == "/models/m:generateContent"
        rows = json.loads(await called(mcp, "diff", id=client.id, leg="answer"))["rows"]
        assert rows != json.loads(await called(mcp, "diff", id=client.id))["rows"]


@pytest.mark.parametrize(
    ("tool", "arguments", "told"),
    [
        pytest.param("losses", {"id": "none"}, "no such exchange", id="no exchange"),
        pytest.param("get_exchange", {}, "id", id="no id"),
        pytest.param("list_exchanges", {"query": "x" * 501}, "longer than 500", id="query"),
        pytest.param("diff", {"id": "none", "leg": "side"}, "'request' or 'answer'", id="leg"),
        pytest.param("convert", {"body": {}, "to": "x"}, "anthropic, bedrock", id="dialect"),
        pytest.param("convert", {"body": {}, "to": "gemini", "from": "x"}, "'chat', 'responses'", id="client"),
        pytest.param("list_exchanges", {"model": "sonnet"}, "not permitted", id="no such argument"),
        pytest.param("nothing", {}, "Unknown tool", id="tool"),
    ],
)
async def test_an_agents_mistake_is_explained(page: Page, tool: str, arguments: dict[str, Any], told: str) -> None:
    async with agent(page) as mcp:
        assert told in await called(mcp, tool, wrong=True, **arguments)


async def test_an_agent_reads_no_more_than_it_can(page: Page, client: Client, provider: Provider) -> None:
    client.chat(messages=[{"role": "user", "content": "so much " * 20_000}])
    page.ended(client.id)
    async with agent(page) as mcp:
        [about] = [tool for tool in (await mcp.list_tools()).tools if tool.name == "get_exchange"]
        assert about.annotations is not None
        assert about.annotations.read_only_hint
        for longest in (None, 100):
            more = {} if longest is None else {"longest": longest}
            told = json.loads(await called(mcp, "get_exchange", id=client.id, **more))
            body = told["phases"]["client_request"]["body"]
            assert body.endswith(" more characters")
            assert len(body) < (longest or 20_000) + 40


async def test_an_agent_without_the_token(page: Page) -> None:
    async with httpx2.AsyncClient(headers={"authorization": "Bearer x"}, trust_env=False) as http:
        with pytest.raises(ExceptionGroup):
            async with (
                streamable_http_client(f"{page.url}/mcp", http_client=http) as (reading, writing, *_),
                ClientSession(reading, writing) as session,
            ):
                await session.initialize()


@contextlib.asynccontextmanager
async def agent(page: Page) -> AsyncIterator[ClientSession]:
    headers = {"authorization": f"Bearer {TOKEN}"}
    async with (
        httpx2.AsyncClient(headers=headers, trust_env=False) as http,
        streamable_http_client(f"{page.url}/mcp", http_client=http) as (reading, writing, *_),
        ClientSession(reading, writing) as session,
    ):
        await session.initialize()
        yield session


async def called(mcp: ClientSession, tool: str, wrong: bool = False, **arguments: Any) -> str:
    result = await mcp.call_tool(tool, arguments)
    assert result.is_error is wrong, result
    [content] = result.content
    assert content.type == "text"
    assert not [secret for secret in (*SECRETS, TOKEN) if secret in content.text]
    return content.text


# --- commands -----------------------------------------------------------------------------------


def test_an_exchange_in_the_terminal(page: Page, client: Client, provider: Provider) -> None:
    hostile = claude.message(claude.text("\x1b]0;taken over\x07"))
    provider.scripts = [stream(claude.events(hostile))]
    client.chat(True, seed=7)
    page.ended(client.id)
    shown = in_process("show", client.id, "--page", f"{page.url}/?token={TOKEN}", COLUMNS="120")
    assert (shown.returncode, shown.stderr) == (0, "")
    assert "sonnet -> anthropic/claude-sonnet-4-5  200 complete" in shown.stdout
    assert "seed" in shown.stdout
    assert "\x1b]" not in shown.stdout
    assert not [secret for secret in (*SECRETS, TOKEN) if secret in shown.stdout]
    replayed = in_process("replay", client.id, GATEWAY_INSPECTOR=f"{page.url}/?token={TOKEN}")
    assert (replayed.returncode, replayed.stdout, replayed.stderr) == (0, "Nothing differs.\n", "")


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        pytest.param(("--page", "http://127.0.0.1:1/?token=x"), "There is no inspector at", id="nobody"),
        pytest.param(("--page", "http://127.0.0.1:1/"), "must be the address that the gateway printed", id="no token"),
        pytest.param((), "The inspector has another token at each start", id="shipped"),
    ],
)
def test_a_command_without_a_page(arguments: tuple[str, ...], why: str) -> None:
    done = in_process("show", *arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert why in done.stderr


def test_the_commands_of_mitmproxy(running_provider: Provider, provider: Provider, tmp_path: Path) -> None:
    spy = tmp_path / "spy.py"
    spy.write_text(SPY.replace("FOLDER", str(tmp_path)))
    arguments = ("-s", str(spy), "-w", str(tmp_path / "x.flow"))
    with inspected(tmp_path, settings(running_provider.url), *arguments) as served:
        client = served.client
        client.chat(seed=7)
        shown = json.loads(served.gateway.line("^commands: ").removeprefix("commands: "))
    assert "/v1/messages" in shown["curl"]
    assert "seed -> -  dropped" in shown["diff"]
    assert "content[0].text -> choices[0].message.content  renamed" in shown["answer"]
    assert shown["replay"] == "Nothing differs."
    assert shown["wrong"] == "The leg is client or provider."
    assert {path.suffix for path in (tmp_path / "made/here").glob("test-*")} == {".json"}
    assert client.id in (tmp_path / "x.html").read_text()


SPY = """
import asyncio, json
from mitmproxy import ctx, exceptions

def tried(name, *arguments):
    try:
        return ctx.master.commands.call(name, *arguments)
    except exceptions.CommandError as error:
        return str(error)

async def try_all(flow):
    while flow.metadata["gateway"].get("end", "running") == "running":
        await asyncio.sleep(0.01)
    print("commands: " + json.dumps({
        "curl": tried("gateway.curl", flow, "provider"),
        "diff": tried("gateway.diff", flow),
        "answer": tried("gateway.diff", flow, "answer"),
        "replay": tried("gateway.replay", flow),
        "wrong": tried("gateway.curl", flow, "x"),
        "fixture": tried("gateway.fixture", flow, "FOLDER/made/here"),
        "html": tried("gateway.html", [flow], "FOLDER/x.html"),
    }), flush=True)

class Spy:
    def response(self, flow):
        self.task = asyncio.get_running_loop().create_task(try_all(flow))

addons = [Spy()]
"""


# --- start, end, another configuration ------------------------------------------------------------


def test_too_many_connections_end_at_the_page(page: Page, client: Client, provider: Provider) -> None:
    """The connections that are too many are closed; the gateway is not concerned."""
    port = int(page.url.rpartition(":")[2])
    with contextlib.ExitStack() as stack:
        made = [stack.enter_context(socket.create_connection(("127.0.0.1", port), WAIT)) for _ in range(140)]
        made[-1].settimeout(WAIT)
        with contextlib.suppress(ConnectionResetError):
            assert made[-1].recv(1) == b""
        assert client.chat().status_code == 200
    assert page.get("/api/status")["exchanges"]


def test_the_end_waits_for_nobody(running_provider: Provider, tmp_path: Path) -> None:
    with (
        inspected(tmp_path, settings(running_provider.url)) as served,
        served.page.http.stream("GET", "/api/live") as live,
    ):
        lines, process = live.iter_lines(), served.gateway
        next(lines)
        process.process.send_signal(signal.SIGTERM)
        assert process.wait() == 0
        with contextlib.suppress(httpx.TransportError):
            list(lines)
        assert "Traceback" not in process.output


def test_a_taken_port(running_provider: Provider, tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with GatewayProcess(tmp_path, settings(running_provider.url, port=taken.getsockname()[1])) as process:
            assert "The gateway works without it." in process.line("^There is no inspector: port .* is taken")
            headers = {"authorization": f"Bearer {CLIENT_KEY}"}
            assert httpx.get(f"{process.url}/v1/models", headers=headers, trust_env=False).status_code == 200


def test_another_port_waits_for_a_restart(running_provider: Provider, tmp_path: Path) -> None:
    made = settings(running_provider.url)
    with GatewayProcess(tmp_path, made) as process:
        made["inspector"]["port"] = free_port()
        process.config.write_text(
            json.dumps({**json.loads(process.config.read_text()), "inspector": made["inspector"]})
        )
        assert process.line("inspector takes effect after a restart")


def test_a_token_of_the_start(running_provider: Provider, tmp_path: Path) -> None:
    made = settings(running_provider.url, key=None)
    with GatewayProcess(tmp_path, made) as process:
        token = process.line("^The inspector").partition("?token=")[2].partition(";")[0]
        page = Page(made["inspector"]["port"], token)
        with page.http:
            assert page.get("/api/status")["exchanges"] == 0


@pytest.mark.parametrize(
    "section", [pytest.param({}, id="absent"), pytest.param({"inspector": {"enable": False}}, id="off")]
)
def test_what_is_off_is_not_imported(provider: Provider, tmp_path: Path, section: dict[str, Any]) -> None:
    spy = tmp_path / "spy.py"
    spy.write_text(LOADED)
    with GatewayProcess(tmp_path, config(provider.url, **section), "-s", str(spy)) as process:
        client = Client(process)
        with client.http:
            assert client.chat().status_code == 200
        assert json.loads(process.line("^loaded: ").removeprefix("loaded: ")) == []


LOADED = """
import json, sys

LIBRARIES = {"uvicorn", "starlette", "mcp", "re2"}
OURS = ("addons.page", "addons.inspector.store", "addons.inspector.spool", "addons.inspector.capture",
        "addons.inspector.exports", "addons.inspector.inspector")

class Spy:
    def response(self, flow):
        print("loaded:", json.dumps([
            name for name in sys.modules if name.partition(".")[0] in LIBRARIES or name.startswith(OURS)
        ]), flush=True)

addons = [Spy()]
"""
