"""The largest that one client, or a provider, may send: `python -m scripts.measuring.largest GATEWAY PROVIDER WORD`.

Asks the gateway at the port GATEWAY for everything in `kinds` whose name has WORD, one after the other, and is the
provider at the port PROVIDER that answers. Prints a JSON line before (`{"kind": ...}`) and after (`status`, `bytes`)
each. A process of its own: what it does for a while must not be taken for the gateway's doing.
"""

import base64
import contextlib
import gzip
import http.client
import json
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import field
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from scripts.measuring import wire
from scripts.measuring.dialects import SAMPLES, frame, written
from translators.values import immutable

BODY = 60 * 1024 * 1024
"""Bytes, a little below body-size-limit."""
WHOLE = 30 * 1024 * 1024
"""Bytes, a little below `cutting.MAX_WHOLE`."""
VALUES = 1_900_000
"""The values of one JSON text, a little below `json_text.MOST_VALUES`."""
ITEMS, TOOLS, LEVELS, CHOICES = 19_900, 2_000, 190, 128
ANSWERED = 9_900
"""Items of an answer, a little below `pipe.MOST_ITEMS`."""
GIVEN = {"a": [0] * (VALUES // ANSWERED - 20)}
"""Arguments of each of its calls."""
ANSWER_SECONDS = 120

MODELS = {
    "anthropic": "claude-haiku-4-5",
    "gemini": "gemini-2.5-flash",
    "bedrock": "amazon.nova-pro-v1:0",
    "openai": "relayed-chat",
    "openai-responses": "relayed-responses",
    "ollama": "qwen3",
}
"""The models that a client asks for to get to a provider's dialect."""
MANY_MODELS = 5000
CONFIG = """\
api-keys: [{{key: {key}, name: bench}}, {{key: victim-key, name: victim}}]
drain-seconds: 0
forward-headers: [x-answer]
response-store: {{enable: true}}
claude-api-key:
  - {{api-key: k, base-url: "http://127.0.0.1:{victim}", models: [{{name: claude-haiku-4-5, alias: victim}}]}}
  - {{api-key: k, base-url: "http://127.0.0.1:{provider}/anthropic"}}
gemini-api-key: [{{api-key: k, base-url: "http://127.0.0.1:{provider}/gemini"}}]
bedrock:
  - {{region: us-east-1, api-key: k, base-url: "http://127.0.0.1:{provider}/bedrock",
     models: [{{name: "amazon.nova-pro-v1:0"}}]}}
codex-api-key:
  - {{api-key: k, base-url: "http://127.0.0.1:{provider}/openai-responses", models: [{{name: relayed-responses}}]}}
openai-compatibility:
  - {{name: a, api-key-entries: [{{api-key: k}}], base-url: "http://127.0.0.1:{provider}/openai", models: {models}}}
ollama: [{{base-url: "http://127.0.0.1:{provider}/ollama", models: [{{name: qwen3}}]}}]
"""


def config(victim: int, provider: int) -> str:
    names = [{"name": "relayed-chat"}, *({"name": f"model-{number}"} for number in range(MANY_MODELS))]
    return CONFIG.format(key=wire.KEY, victim=victim, provider=provider, models=json.dumps(names))


@immutable
class Kind:
    """One request; `answer` names what its provider answers with."""

    name: str
    body: Callable[[], bytes]
    path: str = "/v1/chat/completions"
    answer: str = "whole"
    headers: Mapping[str, str] = field(default_factory=dict)


# --- requests -----------------------------------------------------------------------------------


def _chat(model: str, **fields: Any) -> bytes:
    return written({"model": model, "messages": [{"role": "user", "content": "x"}], **fields})


def _said(content: Any) -> dict[str, Any]:
    return {"messages": [{"role": "user", "content": content}]}


def _schema(values: int) -> dict[str, Any]:
    """One of so many values, three for each property."""
    return {"type": "object", "properties": {f"p{n}": {"type": "string", "minLength": 1} for n in range(values // 3)}}


def _deep(levels: int) -> Any:
    schema: Any = {"type": "string"}
    for _ in range(levels // 2):
        schema = {"type": "object", "properties": {"a": schema}}
    return schema


def _tools(schema: Any, **more: Any) -> dict[str, Any]:
    functions = ({"name": f"f{n}", "parameters": schema, **more} for n in range(TOOLS))
    return {"tools": [{"type": "function", "function": function} for function in functions]}


def _calls() -> dict[str, Any]:
    turns: list[Any] = [{"role": "user", "content": "x"}]
    for n in range(ITEMS // 3):
        call = {"id": f"c{n}", "type": "function", "function": {"name": "f", "arguments": '{"a":1}'}}
        turns += [
            {"role": "assistant", "content": None, "tool_calls": [call]},
            {"role": "tool", "tool_call_id": f"c{n}", "content": "1"},
        ]
    return {"messages": turns}


def _arguments() -> dict[str, Any]:
    """A call whose arguments have as many values as a body may have."""
    text = json.dumps([[] for _ in range(VALUES // 2)])
    call = {"id": "c", "type": "function", "function": {"name": "f", "arguments": '{"a":' + text + "}"}}
    answer = {"role": "tool", "tool_call_id": "c", "content": "1"}
    return {"messages": [{"role": "user", "content": "x"}, {"role": "assistant", "tool_calls": [call]}, answer]}


def _images(count: int) -> dict[str, Any]:
    data = base64.b64encode(b"\x89PNG\r\n\x1a\n" + bytes(BODY * 3 // 4 // count)).decode()
    return _said([{"type": "image_url", "image_url": {"url": f"data:image/png;base64,{data}"}}] * count)


def _turns(text: str) -> dict[str, Any]:
    roles = ("user", "assistant")
    return {"messages": [{"role": roles[n % 2], "content": text} for n in range(ITEMS + 1)]}


REQUESTS: Mapping[str, Callable[[], dict[str, Any]]] = {
    "one long text": lambda: _said("word " * (BODY // 5)),
    "a long text of escapes": lambda: _said('"\n' * (BODY // 4)),
    "a long text that is not ASCII": lambda: _said("é👋" * (BODY // 18)),
    "many short messages": lambda: _turns("x"),
    "many long messages": lambda: _turns("word " * (BODY // ITEMS // 5)),
    "many calls": _calls,
    "arguments of many values": _arguments,
    "many tools": lambda: _tools(_schema(VALUES // TOOLS - 20)),
    "many strict tools": lambda: _tools(_schema(VALUES // TOOLS - 20), strict=True),
    "many deep tools": lambda: _tools(_deep(LEVELS)),
    "one large schema": lambda: {
        "response_format": {
            "type": "json_schema",
            "json_schema": {"name": "n", "strict": True, "schema": _schema(VALUES)},
        }
    },
    "a large enum": lambda: {
        "tools": [
            {
                "type": "function",
                "function": {
                    "name": "f",
                    "parameters": {
                        "type": "object",
                        "properties": {"a": {"enum": [f"e{n}" for n in range(VALUES - 50)]}},
                    },
                },
            }
        ]
    },
    "many images": lambda: _images(100),
    "one large image": lambda: _images(1),
    "many values in an unknown field": lambda: {"unknown": [[] for _ in range(VALUES // 2)]},
    "many unknown fields": lambda: {f"u{n}": 1 for n in range(VALUES)},
    "many unknown fields of messages": lambda: {
        "messages": [{"role": "user", "content": "x", **{f"u{n}": 1 for n in range(VALUES // 1000)}}] * 900
    },
    "many stops": lambda: {"stop": ["x"] * VALUES},
    "much metadata": lambda: {"metadata": {f"m{n}": "x" for n in range(VALUES)}},
    "many biases": lambda: {"logit_bias": {str(n): 1 for n in range(VALUES)}},
    "many choices": lambda: {"n": CHOICES, **_said("word " * 20_000)},
}
"""The fields of a chat client's request, by name."""


def _broken() -> bytes:
    return _chat(MODELS["anthropic"], unknown=[[] for _ in range(VALUES // 2)])[:-1]


def _halves() -> bytes:
    body = _chat(
        MODELS["anthropic"], unknown=[[] for _ in range(VALUES // 2)], user="HALF", **_said("word " * (BODY // 6))
    )
    return body.replace(b"HALF", b"\\ud800")


def _responses(model: str, items: int) -> bytes:
    text = {"type": "input_text", "text": "word " * 500}
    return written({"model": model, "input": [{"role": "user", "content": [text]} for _ in range(items)]})


def _deflated(body: bytes) -> bytes:
    return gzip.compress(body, 1)


def kinds() -> Iterator[Kind]:
    yield Kind("nothing besides", lambda: _chat(MODELS["anthropic"]))
    for name, fields in REQUESTS.items():
        for dialect, model in MODELS.items():
            yield Kind(f"{name} -> {dialect}", partial(lambda fields, model: _chat(model, **fields()), fields, model))
    for dialect, model in MODELS.items():
        yield Kind(f"many items -> {dialect}", partial(_responses, model, ITEMS // 2), "/v1/responses")
        yield Kind(
            f"previous_response_id -> {dialect}",
            partial(lambda model: written({"model": model, "input": "x", "previous_response_id": "PREVIOUS"}), model),
            "/v1/responses",
        )
    yield Kind(
        "many prompts",
        lambda: written({"model": MODELS["anthropic"], "prompt": ["word " * 90_000] * CHOICES}),
        "/v1/completions",
    )
    yield Kind("not JSON at its end", _broken)
    yield Kind("half a character among many values", _halves)
    gzipped = {"content-encoding": "gzip"}
    for name in ("one long text", "many values in an unknown field"):
        yield Kind(
            f"{name}, gzip",
            partial(lambda n: _deflated(_chat(MODELS["anthropic"], **REQUESTS[n]())), name),
            headers=gzipped,
        )
    yield Kind("more than is allowed, gzip", lambda: _deflated(b" " * (5 * BODY)), headers=gzipped)
    yield Kind(
        "more than is allowed", lambda: b" " * (BODY + 8 * 1024 * 1024), headers={"transfer-encoding": "chunked"}
    )
    yield Kind("a model that nobody has", lambda: _chat("model-" + "1234 " * (BODY // 5)))
    yield Kind("a model that is nearly one of many", lambda: _chat("model-12345"))
    yield Kind("a list of many models", lambda: b"", "/v1/models")
    for answer in ANSWERS:
        for client, path in (("chat", "/v1/chat/completions"), ("responses", "/v1/responses")):
            for streamed in (False, True):
                name, _, dialect = answer.rpartition(" of ")
                messages = {"messages": [{"role": "user", "content": "x"}]} if client == "chat" else {"input": "x"}
                body = written({"model": MODELS[dialect], "stream": streamed, **messages})
                form = "stream" if streamed else "whole"
                yield Kind(f"{dialect} -> {client}, {form}: {name}", partial(bytes, body), path, answer)


# --- answers ------------------------------------------------------------------------------------

JSON = "application/json"


def _whole_text(dialect: str) -> bytes:
    sample = SAMPLES[dialect]
    longest = max(
        (wire.MARK.decode() * 50, "Your parcel is on its way. " * 10), key=lambda text: text in sample.whole.decode()
    )
    return sample.whole.replace(longest.encode(), b"word " * (WHOLE // 5))


def _with_values(body: bytes) -> bytes:
    return (
        body.rstrip().removesuffix(b"}") + b',"unknown":' + json.dumps([[] for _ in range(VALUES // 2)]).encode() + b"}"
    )


def _large_event(dialect: str) -> bytes:
    sample = SAMPLES[dialect]
    if dialect == "bedrock":
        text = frame("contentBlockDelta", {"contentBlockIndex": 0, "delta": {"text": "word " * 3_000_000}})
    else:
        text = sample.delta.replace(wire.MARK, b"word " * 3_000_000)
    return sample.opening + text + sample.closing


def _event_of_values(dialect: str) -> bytes:
    sample = SAMPLES[dialect]
    values = json.dumps([[] for _ in range(VALUES // 2)], separators=(",", ":")).encode()
    delta = sample.delta.rstrip()
    return sample.opening + delta.removesuffix(b"}") + b',"unknown":' + values + b"}\n\n" + sample.closing


def _many_events(dialect: str) -> bytes:
    sample = SAMPLES[dialect]
    return sample.stream(min(300_000, WHOLE // len(sample.delta)))


def _blocks() -> bytes:
    call = {"type": "tool_use", "name": "f", "input": GIVEN}
    body = json.loads(wire.WHOLE_BODY)
    return written({**body, "content": [{**call, "id": f"c{n}"} for n in range(ANSWERED)], "stop_reason": "tool_use"})


def _chat_calls() -> bytes:
    function = {"name": "f", "arguments": json.dumps(GIVEN)}
    calls = [{"id": f"c{n}", "type": "function", "function": function} for n in range(ANSWERED)]
    message = {"role": "assistant", "content": None, "tool_calls": calls}
    body = json.loads(SAMPLES["openai"].whole)
    return written({**body, "choices": [{"index": 0, "message": message, "finish_reason": "tool_calls"}]})


def _response_items() -> bytes:
    body = json.loads(SAMPLES["openai-responses"].whole)
    item = body["output"][0]
    return written({**body, "output": [{**item, "id": f"m{n}"} for n in range(ANSWERED // 2)]})


def _parts() -> bytes:
    body = json.loads(SAMPLES["gemini"].whole)
    parts = [{"functionCall": {"name": "f", "args": GIVEN}} for _ in range(ANSWERED)]
    body["candidates"][0]["content"]["parts"] = parts
    return written(body)


def _error() -> bytes:
    return written({"error": {"message": "word " * (BODY // 5), "type": "x"}})


def _answers() -> Iterator[tuple[str, tuple[int, str, Callable[[], bytes]]]]:
    for dialect, sample in SAMPLES.items():
        yield f"a long text of {dialect}", (200, JSON, partial(_whole_text, dialect))
        yield f"many values of {dialect}", (200, JSON, partial(_with_values, sample.whole))
        yield f"a large event of {dialect}", (200, sample.content_type, partial(_large_event, dialect))
        if dialect != "bedrock":
            yield (
                f"an event of many values of {dialect}",
                (200, sample.content_type, partial(_event_of_values, dialect)),
            )
        yield f"many events of {dialect}", (200, sample.content_type, partial(_many_events, dialect))
    yield "many calls of anthropic", (200, JSON, _blocks)
    yield "many calls of openai", (200, JSON, _chat_calls)
    yield "many calls of gemini", (200, JSON, _parts)
    yield "many items of openai-responses", (200, JSON, _response_items)
    yield "a long error of anthropic", (400, JSON, _error)
    yield "a long error of openai", (400, JSON, _error)


ANSWERS = dict(_answers())


class Provider(BaseHTTPRequestHandler):
    """Answers as the header `x-answer` says, in the dialect that its path begins with."""

    protocol_version = "HTTP/1.1"
    prepared: tuple[int, str, bytes] | None = None
    """The answer that was ordered by name, made before the gateway got its request."""

    def do_POST(self) -> None:
        remaining = int(self.headers["content-length"])
        while remaining > 0:
            remaining -= len(self.rfile.read(min(remaining, 1 << 20)))
        dialect = self.path.split("/")[1]
        status, content_type, body = Provider.prepared or (200, JSON, SAMPLES[dialect].whole)
        self.send_response(status)
        self.send_header("content-type", content_type)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


# --- asking -------------------------------------------------------------------------------------


def ask(port: int, kind: Kind, body: bytes) -> tuple[int, bytes]:
    """The status and what the answer begins with."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=ANSWER_SECONDS)
    headers = {"authorization": f"Bearer {wire.KEY}", "content-type": "application/json", **kind.headers}
    chunked = "transfer-encoding" in headers
    pieces = (body[at : at + (1 << 20)] for at in range(0, len(body), 1 << 20))
    try:
        method = "GET" if kind.path == "/v1/models" else "POST"
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):  # it was refused, and the answer is there
            connection.request(method, kind.path, pieces if chunked else body, headers, encode_chunked=chunked)
        answer = connection.getresponse()
        begins = answer.read(2000)
        while answer.read(1 << 20):
            pass
        return answer.status, begins
    except (OSError, http.client.HTTPException) as error:
        return 0, repr(error).encode()
    finally:
        connection.close()


def _previous(port: int) -> str:
    """A response that is as large as may be kept."""
    body = written({"model": MODELS["anthropic"], "input": "word " * (BODY // 5)})
    kind = Kind("", bytes, "/v1/responses")
    begins = ask(port, kind, body)[1]
    return begins.partition(b'"id":"')[2].partition(b'"')[0].decode()


def main() -> None:
    port, provider, word = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
    server = ThreadingHTTPServer(("127.0.0.1", provider), Provider)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    for kind in kinds():
        if word not in kind.name:
            continue
        body = kind.body()
        if kind.answer in ANSWERS:
            status, content_type, make = ANSWERS[kind.answer]
            Provider.prepared = (status, content_type, make())
        else:
            Provider.prepared = None
        if b"PREVIOUS" in body[-200:]:
            body = body.replace(b"PREVIOUS", _previous(port).encode())
        print(json.dumps({"kind": kind.name}), flush=True)
        status, _ = ask(port, kind, body)
        size = len(Provider.prepared[2] if Provider.prepared else body)
        print(json.dumps({"status": status, "bytes": size}), flush=True)


if __name__ == "__main__":
    main()
