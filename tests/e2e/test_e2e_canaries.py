"""Keys are planted wherever a provider can say them back and a client can misplace them; then everything that comes out
of mitmdump, mitmweb and the console is searched for them."""

import json
import os
import re
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.e2e.console import console
from tests.e2e.gateway_process import CLIENT_KEY, HEADER_SECRET, PROVIDER_KEY, WAIT, GatewayProcess, free_port
from tests.e2e.provider import LAST_CHUNK, Call, Provider, Script, chunk, head, raw, whole
from tests.e2e.wire import Wire

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

    def matches(self) -> dict[str, list[bytes]]:
        """Return the places of canaries, and what stands around them."""
        canary = re.compile(b".{0,80}(?:%b).{0,20}" % "|".join(CANARIES).encode(), re.DOTALL)
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
