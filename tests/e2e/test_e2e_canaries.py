"""Keys are planted wherever a provider can say them back and a client can misplace them; then everything that comes out
of mitmdump, mitmweb and the console is searched for them."""

import base64
import hashlib
import io
import json
import os
import re
import sqlite3
import time
import zipfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest
from mitmproxy.http import HTTPFlow
from mitmproxy.io import FlowReader

from addons.inspector.recorder import recording_of
from tests.e2e import claude
from tests.e2e.console import console
from tests.e2e.gateway_process import CLIENT_KEY, HEADER_SECRET, PROVIDER_KEY, WAIT, GatewayProcess, free_port
from tests.e2e.provider import LAST_CHUNK, Call, Provider, Script, chunk, head, raw, stream, whole
from tests.e2e.wire import Wire
from tests.scripts.command import in_process

OTHERS_KEY = "canary-of-another-provider-0b7d31"
CANARIES = (CLIENT_KEY, PROVIDER_KEY, HEADER_SECRET, OTHERS_KEY)
SAID = "-".join(CANARIES)
CHAT = ("relayed", "translated", "claude", "gemini", "ollama", "bedrock")
ASKS = {
    "chat/completions": (CHAT, {"messages": [{"role": "user", "content": "x"}], "max_tokens": 9}),
    "responses": (("relayed", "translated", "claude", "codex"), {"input": "x", "max_output_tokens": 99}),
    "completions": (("relayed",), {"prompt": "x"}),
}


def settings(at: str) -> dict[str, Any]:
    def entry(path: str, alias: str, **more: Any) -> dict[str, Any]:
        models = [{"name": more.pop("name", "theirs"), "alias": alias}]
        url = {"base-url": f"{at}{path}", "models": models, "headers": {"x-team": HEADER_SECRET}}
        return {**url, "api-key": PROVIDER_KEY, **more}

    def compatible(name: str, *endpoints: str) -> dict[str, Any]:
        made = entry(f"/{name}/v1", name, endpoints=endpoints)
        del made["api-key"]
        return {"name": name, **made, "api-key-entries": [{"api-key": PROVIDER_KEY}]}

    return {
        "api-keys": [{"key": CLIENT_KEY, "name": "tester"}],
        "claude-api-key": [
            entry("/claude", "claude", name="claude-sonnet-4-5"),
            entry("/claude", "never-asked", name="claude-sonnet-4-5") | {"api-key": OTHERS_KEY},
        ],
        "gemini-api-key": [entry("/gemini", "gemini", name="gemini-2.0-flash")],
        "codex-api-key": [entry("/codex", "codex")],
        "bedrock": [entry("/bedrock", "bedrock", name="anthropic.claude-3-haiku-20240307-v1:0", region="us-west-2")],
        "ollama": [entry("/ollama", "ollama")],
        "openai-compatibility": [
            compatible("relayed", "chat", "completions", "responses"),
            compatible("translated", "chat"),
        ],
        "timeouts": {"head": 1},
    }


# --- what a provider says ---

ERROR = {"message": SAID, "type": SAID, "code": SAID, "param": SAID, "status": SAID, SAID: SAID,
         "metadata": {"raw": json.dumps({"error": {"message": SAID}})}, "details": [{"reason": SAID}]}  # fmt: skip
USAGE = {"input_tokens": 1, "output_tokens": 1, "total_tokens": 2}
NAMED = {"id": SAID, "model": SAID, "system_fingerprint": SAID, "service_tier": SAID, "request_id": SAID, SAID: SAID}
RESPONSE = {**NAMED, "object": "response", "status": "completed", "usage": USAGE, "output": []}
MESSAGE = {**NAMED, "type": "message", "role": "assistant", "content": [{"type": "text", "text": "Hi"}],
           "stop_reason": "end_turn", "usage": USAGE}  # fmt: skip
CANDIDATE = {"content": {"role": "model", "parts": [{"text": "Hi"}]}, "finishReason": "STOP"}
ECHOING = (
    *("request-id", "x-request-id", "retry-after", "retry-after-ms", "x-ratelimit-limit-requests", "set-cookie"),
    *("anthropic-ratelimit-requests-limit", "anthropic-ratelimit-requests-reset", "x-amzn-errortype", f"x-{SAID}"),
)
HEADERS = dict.fromkeys(ECHOING, SAID)


def answer(path: str) -> tuple[Any, list[Any]]:
    """A whole answer, and a stream."""
    if path.startswith("/claude"):
        begun = {"type": "message_start", "message": {**MESSAGE, "content": []}}
        ended = {"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": USAGE}
        return MESSAGE, [begun, ended, {"type": "message_stop"}]
    if path.startswith("/gemini"):
        body = {"candidates": [CANDIDATE], "responseId": SAID, "modelVersion": SAID, SAID: SAID}
        return body, [body]
    if path.startswith("/ollama"):
        body = {**NAMED, "message": {"role": "assistant", "content": "Hi"}, "done": True, "done_reason": SAID}
        return body, [body]
    if path.startswith("/bedrock"):
        return {"output": {"message": MESSAGE}, "stopReason": SAID, "usage": {}, **NAMED}, []
    if path.endswith("/responses"):
        return RESPONSE, [{"type": "response.created", "response": RESPONSE, "sequence_number": 0},
                          {"type": "response.completed", "response": RESPONSE, "sequence_number": 1}]  # fmt: skip
    content = {"text": "Hi"} if path.endswith("v1/completions") else {"message": {"role": "assistant", "content": "Hi"}}
    delta = content if "text" in content else {"delta": {"content": "Hi", SAID: SAID}}
    choice = {"index": 0, "finish_reason": SAID, "native_finish_reason": SAID}
    return {**NAMED, "choices": [{**choice, **content}]}, [{**NAMED, "choices": [{**choice, **delta}]}]


def failing(path: str) -> list[Any]:
    """A stream that begins, and breaks with an error."""
    _, begun = answer(path)
    if path.endswith("/responses"):
        return [begun[0], {"type": "response.failed", "response": {**RESPONSE, "status": "failed", "error": ERROR}}]
    if path.startswith("/ollama"):
        return [{**begun[0], "done": False}, {"error": SAID}]
    if path.startswith("/gemini"):
        return [{"candidates": [{"content": CANDIDATE["content"]}]}, {"error": ERROR}]
    if path.startswith("/claude"):
        return [begun[0], {"type": "error", "error": ERROR}]
    if path.startswith("/bedrock"):
        return []
    return [{**NAMED, "choices": [{"index": 0, "delta": {"content": "Hi"}, "text": "Hi"}]}, {"error": ERROR}]


def streamed(of: Callable[[str], list[Any]]) -> Script:
    async def script(call: Call) -> None:
        ndjson = call.path.startswith("/ollama")
        events = [json.dumps(each).encode() for each in of(call.path)]
        data = b"".join(
            b"%b\n" % each if ndjson else b"event: %b\ndata: %b\n\n" % (SAID.encode(), each) for each in events
        )
        kind = "application/x-ndjson" if ndjson else "text/event-stream"
        await call.send(head(200, {"content-type": kind, "transfer-encoding": "chunked", **HEADERS}))
        await call.send(chunk(data) + LAST_CHUNK)

    return script


async def answered(call: Call) -> None:
    await whole(answer(call.path)[0], headers=HEADERS)(call)


BYTES = SAID.encode()
OK = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n"
SCRIPTS: dict[str, Script] = {
    "an answer": answered,
    "a stream": streamed(lambda path: answer(path)[1]),
    "an error in a stream": streamed(failing),
    **{f"an error of {status}": whole({"error": ERROR}, status, HEADERS) for status in (400, 401, 404, 429, 500, 529)},
    "an error in a 200": whole({"error": ERROR, "type": "error"}, headers=HEADERS),
    "a text": whole({"error": SAID, "code": SAID, "message": SAID, "__type": SAID}, 400, HEADERS),
    "a detail": whole({"detail": [{"msg": SAID, "loc": [SAID]}]}, 422, HEADERS),
    "a page": whole(b"<html>%b</html>" % BYTES, 502, {**HEADERS, "content-type": "text/html"}),
    "a page in a 200": whole(b"<html>%b</html>" % BYTES, 200, {**HEADERS, "content-type": "text/html"}),
    "plain text": whole(BYTES, 500, {"content-type": "text/plain"}),
    "no JSON": whole(b'{"id": "%b", ' % BYTES),
    "a long message": whole({"error": {"message": "a" * 970 + SAID}}, 400),
    "escapes": whole(json.dumps({"error": {"message": SAID}}).replace("canary", "\\u0063anary").encode(), 400),
    "a reason": raw(b"HTTP/1.1 500 %b\r\ncontent-length: 0\r\n\r\n" % BYTES),
    "early hints": raw(b"HTTP/1.1 103 %b\r\nlink: <%b>\r\n\r\n" % (BYTES, BYTES) + OK + b"content-length: 2\r\n\r\n{}"),
    "another protocol": raw(b"%b\r\n\r\n" % BYTES),
    "a header without a colon": raw(OK + BYTES + b"\r\ncontent-length: 2\r\n\r\n{}"),
    "a folded header": raw(OK + b"x-a: b\r\n " + BYTES + b"\r\ncontent-length: 2\r\n\r\n{}"),
    "a bad length": raw(OK + b"content-length: %b\r\n\r\n{}" % BYTES),
    "a bad chunk": raw(OK + b"transfer-encoding: chunked\r\n\r\n%b\r\n" % BYTES),
    "a trailer": raw(OK + b"transfer-encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\nx-a: %b\r\n\r\n" % BYTES),
    "an unknown coding": whole({}, headers={"content-encoding": SAID}),
    "an unknown type": whole(BYTES, headers={"content-type": SAID}),
    "more than its length": raw(OK + b"content-length: 2\r\n\r\n{}" + BYTES),
    "half of it": raw(OK + b"content-length: 9999\r\n\r\n" + BYTES),
}

# --- what a client writes ---

KEY = CLIENT_KEY.encode()
GET = b"GET /v1/models HTTP/1.1\r\nhost: a\r\n"
HEADS = {
    "a space before the colon": GET + b"Authorization : Bearer %b\r\n\r\n" % KEY,
    "folded": GET + b"Authorization:\r\n Bearer %b\r\n\r\n" % KEY,
    "folded later": GET + b"x-a: b\r\n\tBearer %b\r\n\r\n" % KEY,
    "two of them": GET + b"Authorization: Bearer %b\r\nAuthorization: Bearer %b\r\n\r\n" % (KEY, KEY),
    "no colon": GET + b"Authorization Bearer %b\r\n\r\n" % KEY,
    "an empty name": GET + b": Bearer %b\r\n\r\n" % KEY,
    "another scheme": GET + b"Authorization: Basic %b\r\n\r\n" % KEY,
    "other headers": GET + b"x-api-key: %b\r\ncookie: a=%b\r\nproxy-authorization: Bearer %b\r\n\r\n" % (KEY, KEY, KEY),
    "the query": b"GET /v1/models?api_key=%b&key=%b HTTP/1.1\r\nhost: a\r\n\r\n" % (KEY, KEY),
    "the query of nothing": b"GET /nothing?api_key=%b HTTP/1.1\r\nhost: a\r\n\r\n" % KEY,
    "a path": b"GET /v1/%b HTTP/1.1\r\nhost: a\r\n\r\n" % KEY,
    "a model's name": GET.replace(b"models", b"models/%b" % KEY) + b"Authorization: Bearer %b\r\n\r\n" % KEY,
    "a wrong method": b"PUT /v1/models/%b HTTP/1.1\r\nhost: a\r\nAuthorization: Bearer %b\r\n\r\n" % (KEY, KEY),
    "the id of a request": GET + b"x-request-id: %b\r\nAuthorization: Bearer %b\r\n\r\n" % (KEY, KEY),
    "an upper-case method": b"%b /v1/models HTTP/1.1\r\nhost: a\r\n\r\n" % KEY.upper(),
    "before a host": b"GET http://a:%b@b.example/v1/models HTTP/1.1\r\nhost: a\r\n\r\n" % KEY,
    "the request line": b"%b\r\n\r\n" % KEY,
    "a method": b"%b /v1/models HTTP/1.1\r\nhost: a\r\n\r\n" % KEY,
    "a version": b"GET /v1/models HTTP/%b\r\nhost: a\r\n\r\n" % KEY,
    "a request line of four": b"GET /v1/models %b HTTP/1.1\r\nhost: a\r\n\r\n" % KEY,
    "a length": b"POST /v1/chat/completions HTTP/1.1\r\nhost: a\r\ncontent-length: %b\r\n\r\n" % KEY,
    "a coding": b"POST /v1/chat/completions HTTP/1.1\r\nhost: a\r\ntransfer-encoding: %b\r\n\r\n" % KEY,
    "a chunk": GET.replace(b"GET", b"POST") + b"transfer-encoding: chunked\r\n\r\n%b\r\n" % KEY,
    "half a head": GET + b"Authorization: Bearer %b\r\n" % KEY,
    "half a name": GET + b"Bearer %b" % KEY,
    "a long head": GET + b"Authorization: Bearer %b" % KEY * 4000,
    "a TLS hello": b"\x16\x03\x01\x00\xff\x01\x00\x00\xfb\x03\x03" + KEY * 20,
    "a broken TLS hello": b"\x16\x03\x01\x00\x05" + b"Authorization: Bearer %b\r\n\r\n" % KEY,
    "HTTP/2": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\nAuthorization: Bearer %b" % KEY,
}


def drive(port: int, provider: Provider) -> list[bytes]:
    """Do all of it to the gateway at `port`; return what its clients received."""
    received: list[bytes] = []
    key = {"authorization": f"Bearer {CLIENT_KEY}"}
    with httpx.Client(base_url=f"http://127.0.0.1:{port}/v1/", headers=key, timeout=WAIT, trust_env=False) as client:
        for script in SCRIPTS.values():
            provider.default = script
            for path, (models, fields) in ASKS.items():
                for model in models:
                    for stream in (False, True):
                        answer = client.post(path, json={"model": model, "stream": stream, **fields})
                        received += [repr(answer.headers.raw).encode(), answer.reason_phrase.encode(), answer.content]
    for sent in HEADS.values():
        with Wire(port) as wire:
            wire.send(sent)
            wire.socket.shutdown(1)
            received.append(wire.end())
    return received


VIEWS = (
    "auto",
    "gateway",
    *(f"gateway: {phase} {what}" for phase in ("client", "provider") for what in ("request", "response")),
    *("gateway: stream pairs", "gateway: notes"),
)


@dataclass
class Seen:
    """What came out, by where it was seen."""

    places: dict[str, bytes] = field(default_factory=dict)

    def __setitem__(self, place: str, what: str | bytes) -> None:
        self.places[place] = what.encode() if isinstance(what, str) else what

    def matches(self, *canaries: str) -> dict[str, list[bytes]]:
        """Return the places of canaries, and what stands around them."""
        wanted = "|".join(map(re.escape, canaries or CANARIES)).encode()
        canary = re.compile(b".{0,80}(?:%b).{0,20}" % wanted, re.DOTALL)
        matches = {place: canary.findall(seen) for place, seen in self.places.items()}
        return {place: around for place, around in matches.items() if around}


@pytest.fixture(scope="module")
def echoing(running_provider: Provider) -> Iterator[Provider]:
    running_provider.reset()
    yield running_provider
    running_provider.reset()


def test_mitmdump(echoing: Provider, tmp_path: Path) -> None:
    seen, file = Seen(), tmp_path / "flows"
    with GatewayProcess(tmp_path, settings(echoing.url), "-w", str(file)) as process:
        seen["clients"] = b"\n".join(drive(process.port, echoing))
    seen["output"], seen["flow file"] = process.output, file.read_bytes()
    assert len(seen.places["flow file"]) > 100_000
    assert seen.matches() == {}


def test_mitmweb(echoing: Provider, tmp_path: Path) -> None:
    seen, port = Seen(), free_port()
    arguments = ("--no-web-open-browser", "--set", f"web_port={port}", "--set", "web_password=open")
    with GatewayProcess(tmp_path, settings(echoing.url), *arguments, tool="mitmweb") as process:
        seen["clients"] = b"\n".join(drive(process.port, echoing))
        login = {"authorization": "Bearer open"}
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", headers=login, timeout=WAIT, trust_env=False) as web:
            for path in ("events", "flows", "flows/dump", "state"):
                seen[path] = web.get(f"/{path}").raise_for_status().content
            for flow in json.loads(seen.places["flows"])[::7]:
                for part in ("request", "response"):
                    for view in VIEWS:
                        shown = web.get(f"/flows/{flow['id']}/{part}/content/{view}.json")
                        seen[f"{part} in {view} of {flow['comment']}"] = shown.content
    seen["output"] = process.output
    assert seen.matches() == {}


def test_the_console(echoing: Provider, tmp_path: Path) -> None:
    """Its list of flows, and its event log."""
    seen = Seen()
    with console(tmp_path, settings(echoing.url)) as (port, terminal, shown):
        seen["clients"] = b"\n".join(drive(port, echoing))
        os.write(terminal, b"E")
        deadline = time.monotonic() + WAIT
        while b"Events" not in b"".join(shown) and time.monotonic() < deadline:
            time.sleep(0.05)
    seen["terminal"] = b"".join(shown)
    assert b"Events" in seen.places["terminal"]
    assert seen.matches() == {}


# --- the inspector ---

TOKEN = "canary-of-the-inspector-77ab3e"
STRANGER = "canary-of-a-stranger-5d20c1"
SHAPED = "sk-ant-api03-" + "Qb7_" * 10
STAFF = "staff-4711-canary"
PIXELS = base64.b64encode(b"\x89PNG" + hashlib.shake_128(b"a picture").digest(3000)).decode()
PROMPT, ANSWER = "canary-of-a-prompt-0d9a4c", "canary-of-an-answer-b8f210"
PIECES = ('"Qb7"', r"Qb7\"")
"""What streams have of it: texts of three characters, also as JSON in JSON."""
NEVER = (*CANARIES, TOKEN, STRANGER, SHAPED, *PIECES, STAFF, PIXELS[400:440])
"""What nobody may see anywhere, but for the prompt and the answer."""
CREDENTIALS = (
    *("x-goog-api-key", "api-key", "cookie", "proxy-authorization", "x-vendor-api-key", "x-vendor-token", "x-password"),
    *("x-amz-security-token", "ocp-apim-subscription-key", "x-functions-key", "x-client-secret", "x-vendor-auth"),
)
KEYS = f"{CLIENT_KEY} {PROVIDER_KEY} {OTHERS_KEY} {TOKEN}"
ASKED = f"{PROMPT} {SHAPED} {STAFF} {KEYS}"
ESCAPED = json.dumps(claude.error("api_error", KEYS)).replace("canary", "\\u0063anary").encode()
TOLD = claude.message(
    claude.thinking(f"{ANSWER} {SHAPED}"),
    claude.text(f"{ANSWER} {STAFF} {KEYS}"),
    claude.tool_use("toolu_1", "look", where=f"{ANSWER} {SHAPED}", staff=STAFF),
)
QUESTION = {
    "model": "claude",
    "max_tokens": 2000,
    "seed": 7,
    "user": ASKED,
    "messages": [
        {"role": "system", "content": ASKED},
        {
            "role": "user",
            "content": [
                {"type": "text", "text": ASKED},
                {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{PIXELS}"}},
            ],
        },
    ],
    "tools": [{"type": "function", "function": {"name": "look", "description": ASKED, "parameters": {}}}],
}
KINDS: dict[str, Script] = {
    "an answer": whole(TOLD, headers=HEADERS),
    "a stream": stream(claude.events(TOLD), headers=HEADERS),
    "an error that quotes": whole(claude.error("api_error", f"no {ASKED}"), 500, HEADERS),
    "an error in a stream": stream([*claude.events(TOLD)[:6], claude.error("api_error", f"no {ASKED}")]),
    "escapes": whole(ESCAPED, 400, HEADERS),
    "cut": raw(b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\ndata: {"),
}


def plant(port: int, provider: Provider) -> list[bytes]:
    """Do all of it to a gateway with an inspector; return the heads that its clients got."""
    key = {"authorization": f"Bearer {CLIENT_KEY}", "x-gateway-debug": "1", **dict.fromkeys(CREDENTIALS, STRANGER)}
    heads = []
    with httpx.Client(base_url=f"http://127.0.0.1:{port}/v1/", headers=key, timeout=WAIT, trust_env=False) as client:
        for script in KINDS.values():
            for streamed in (False, True):
                provider.default = script
                answer = client.post(f"chat/completions?api_key={STRANGER}", json={**QUESTION, "stream": streamed})
                heads.append(repr(answer.headers.raw).encode())
        refused = client.post("chat/completions", json={**QUESTION, "messages": [{"role": PROMPT, SHAPED: STAFF}]})
        heads.append(repr(refused.headers.raw).encode())
        for script in (script for name, script in SCRIPTS.items() if name != "escapes"):  # of a header of ours, too
            for model in ("claude", "relayed", "gemini"):
                provider.default = script
                client.post("chat/completions", json={"model": model, **ASKS["chat/completions"][1]})
    return heads


EXPORTS = (
    *(f"as={form}&leg={leg}" for form in ("curl", "httpie", "python") for leg in ("client", "provider")),
    *("as=har", "as=html", "as=fixture"),
)
PARTS = ("", "/events", "/provenance", "/diff?leg=request", "/diff?leg=answer", "/analysis")


def look(page: httpx.Client, seen: Seen) -> None:
    """Look at everything that the page and its API tell."""
    for path in ("exchanges?limit=1000", "status", "models", "openapi.json"):
        seen[path] = page.get(f"/api/{path}").content
    listed = page.get("/api/exchanges?limit=1000").json()["exchanges"]
    assert len(listed) > 90
    for exchange in (*listed[:60:6], *listed[-11:]):
        at = f"/api/exchanges/{exchange['id']}"
        for part in PARTS:
            seen[f"{at}{part}"] = page.get(at + part).content
        seen[f"{at} replayed"] = page.post(f"{at}/replay").content
        for query in EXPORTS:
            made = page.get(f"{at}/export?{query}")
            seen[f"{at} {query}"] = unzipped(made.content) if query == "as=fixture" else made.content
    for text in (PROMPT, SHAPED, STAFF, STRANGER):
        seen[f"a search for {text}"] = page.get("/api/exchanges", params={"q": text}).content


def unzipped(content: bytes) -> bytes:
    if not zipfile.is_zipfile(io.BytesIO(content)):
        return content
    with zipfile.ZipFile(io.BytesIO(content)) as file:
        return b"".join(name.encode() + file.read(name) for name in file.namelist())


def rows_of(folder: Path) -> bytes:
    """What the spool has, as bytes on the disk and unpacked."""
    on_disk = [path.read_bytes() for path in folder.iterdir()]
    with sqlite3.connect(folder / "exchanges.db") as connection:
        rows = connection.execute("SELECT id, summary, text, detail FROM exchange").fetchall()
    connection.close()
    assert len(rows) > 90
    return b"".join([*on_disk, *(f"{row[:3]}".encode() + zlib.decompress(row[3]) for row in rows)])


@pytest.mark.parametrize("bodies", ["redacted", "none"])
def test_the_inspector(echoing: Provider, tmp_path: Path, bodies: str) -> None:
    """Keys, credentials, what `redact` names and pictures are nowhere; prompts are where they belong, and with `none`
    not even there."""
    inside, outside, port = Seen(), Seen(), free_port()
    made = settings(echoing.url)
    made["api-keys"] = [{"key": CLIENT_KEY, "name": "tester", "debug": True}]
    made["inspector"] = {
        "port": port,
        "key": TOKEN,
        "spool": "spool",
        "bodies": bodies,
        "redact": [r"staff-\d+-canary"],
    }
    made |= {"usage-db": "usage.db", "metrics": {"enable": True, "key": "open"}}
    with GatewayProcess(tmp_path, made, "-w", str(tmp_path / "flows")) as process:
        login = {"authorization": f"Bearer {TOKEN}"}
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", headers=login, timeout=WAIT, trust_env=False) as page:
            with page.stream("GET", "/api/live") as live:
                outside["heads"] = b"\n".join(plant(process.port, echoing))
                inside["live"] = told_live(live, 90)
            look(page, inside)
            inside["shown"] = shown_in_a_terminal(page)
        outside["metrics"] = httpx.get(f"{process.url}/metrics", headers={"authorization": "Bearer open"}).content
    outside["output"] = process.output
    outside["usage-db"] = b"".join(path.read_bytes() for path in tmp_path.glob("usage.db*"))
    inside["spool"] = rows_of(tmp_path / "spool")
    with (tmp_path / "flows").open("rb") as file:
        kept = [flow for flow in FlowReader(file).stream() if isinstance(flow, HTTPFlow)]
    inside["flows"] = "".join(f"{recording_of(flow)} {flow.comment}" for flow in kept)
    assert inside.matches(*NEVER) == {}
    assert outside.matches(*NEVER, PROMPT, ANSWER) == {}
    found = inside.matches(PROMPT, ANSWER)
    if bodies == "none":
        assert found == {}
    else:
        assert {"spool", "flows", "shown"} <= found.keys()


def told_live(live: httpx.Response, count: int) -> bytes:
    """What the live list says until so many exchanges are over."""
    told, over = [], set()
    for line in live.iter_lines():
        told.append(line)
        if line.startswith("data:") and isinstance(data := json.loads(line[5:]), dict) and "end" in data:
            over |= {data["id"]} if data["end"] != "running" else set()
        if len(over) >= count:
            break
    return "\n".join(told).encode()


def shown_in_a_terminal(page: httpx.Client) -> str:
    first = page.get("/api/exchanges?limit=1000").json()["exchanges"][-1]["id"]
    shown = in_process("show", first, "--page", f"{page.base_url}?token={TOKEN}", COLUMNS="200")
    assert shown.returncode == 0, shown.stderr
    return shown.stdout
