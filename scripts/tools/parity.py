"""scripts/parity: the same call whole and as a stream, through a running gateway, and what differs between the two."""

import argparse
import json
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import httpx

from scripts.tools.arguments import command_line
from scripts.tools.files import Unusable, read
from scripts.tools.fold import Fold, Json
from translators.values import immutable

DESCRIPTION = """\
Asks a running gateway once for a whole answer and once for a stream, adds the stream up, and compares field by field.
What must agree: content type, status, message fields, role, finish reason, tool calls (number, type, name), the keys
of usage, and the rules of OpenAI's streams. What a sampled model says may differ and is shown only."""
EPILOG = "Exit status: 0 the same shape; 1 a difference; 2 usage, nobody there, or both calls refused alike."
PROMPT = "Name three colours."
SHOWN = 60

Verdict = Literal["same", "text", "DIFF"]


@immutable
class Line:
    verdict: Verdict
    path: str
    detail: str


@dataclass(slots=True)
class Answer:
    """One answer as it came; `body` is a chat completion, or an error's body where `status` says so."""

    status: int
    content_type: str
    body: Json
    problems: list[str] = field(default_factory=list)


def main(arguments: Sequence[str]) -> int:
    options = _parser().parse_args(arguments)
    try:
        whole, streamed = _answers(options, _body(options))
        _both_refused(whole, streamed)
    except Unusable as error:
        print(f"scripts/parity: {error}", file=sys.stderr)
        return 2
    lines = list(compared(whole, streamed, strict_text=options.strict_text))
    width = max(len(line.path) for line in lines)
    for line in lines:
        print(f"{line.verdict}  {line.path:{width}}  {line.detail}".rstrip())
    count = sum(line.verdict == "DIFF" for line in lines)
    print("The same shape, whole and streamed." if count == 0 else f"Differences between whole and streamed: {count}.")
    return 1 if count else 0


def _parser() -> argparse.ArgumentParser:
    parser = command_line("parity", DESCRIPTION, EPILOG)
    parser.add_argument("--model", required=True, metavar="NAME", help="a model that the gateway lists")
    request = parser.add_mutually_exclusive_group()
    request.add_argument("--prompt", default=PROMPT, metavar="TEXT", help=f"what to ask (default: {PROMPT})")
    request.add_argument("--body", metavar="FILE", help="a chat request to send instead, with the model above")
    parser.add_argument("--url", default="http://127.0.0.1:8317", help="where the gateway is (default: %(default)s)")
    parser.add_argument("--key", default="dev-local-key", help="a key of the gateway's (default: %(default)s)")
    parser.add_argument("--timeout", type=float, default=300, metavar="SECONDS", help="of silence (default: 300)")
    parser.add_argument("--strict-text", action="store_true", help="a difference in what the model says counts too")
    return parser


# --- the two calls ------------------------------------------------------------------------------


def _body(options: argparse.Namespace) -> Json:
    if options.body is None:
        messages = [{"role": "user", "content": options.prompt}]
        return {"model": options.model, "messages": messages, "temperature": 0, "max_completion_tokens": 256}
    try:
        body = json.loads(read(options.body))
    except ValueError as error:
        raise Unusable(f"{options.body} is not JSON.") from error
    if not isinstance(body, dict):
        raise Unusable(f"{options.body} is not a JSON object.")
    return {"temperature": 0, **body, "model": options.model}


def _answers(options: argparse.Namespace, body: Json) -> tuple[Answer, Answer]:
    """Return the whole answer and the stream. Raises `Unusable` where nobody answers at all."""
    url = options.url.rstrip("/").removesuffix("/v1") + "/v1/chat/completions"
    whole = {name: value for name, value in body.items() if name != "stream_options"} | {"stream": False}
    stream_options = {"include_usage": True, **(body.get("stream_options") or {})}
    streamed = body | {"stream": True, "stream_options": stream_options}
    headers = {"authorization": f"Bearer {options.key}"}
    try:
        # No proxy of the environment stands between us and the gateway that we want to see.
        with httpx.Client(headers=headers, timeout=options.timeout, trust_env=False) as client:
            return _call(client, url, whole), _call(client, url, streamed)
    except (httpx.ConnectError, httpx.ConnectTimeout) as error:
        raise Unusable(f"no gateway answers at {options.url}: start it with scripts/run, or name it: --url.") from error
    except (httpx.HTTPError, httpx.InvalidURL, UnicodeError) as error:
        raise Unusable(f"the call to {options.url} failed: {error or type(error).__name__}.") from error


def _call(client: httpx.Client, url: str, body: Json) -> Answer:
    with client.stream("POST", url, json=body) as response:
        data, broke = bytearray(), None
        try:
            for piece in response.iter_bytes():
                data += piece
        except httpx.TransportError as error:
            broke = f"the answer breaks off: {error or type(error).__name__}"
        content_type = response.headers.get("content-type", "").partition(";")[0].strip()
        answer = _answer(response.status_code, content_type, bytes(data), streamed=body["stream"])
        answer.problems += [broke] if broke else []
        return answer


def _answer(status: int, content_type: str, data: bytes, *, streamed: bool) -> Answer:
    if streamed and status == 200 and content_type != "application/json":
        fold = Fold()
        fold.read(data)
        if fold.error is not None:
            fold.problems = [f"an error in the stream: {fold.error.get('message')}"]
        return Answer(status, content_type, fold.body, fold.problems)
    try:
        body = json.loads(data)
    except ValueError:
        return Answer(status, content_type, {}, ["the body is not JSON"])
    if not isinstance(body, dict):
        return Answer(status, content_type, {}, ["no object"])
    return Answer(status, content_type, body)


def _both_refused(whole: Answer, streamed: Answer) -> None:
    match whole.body, streamed.body:
        case {"error": {"message": message, "type": kind, "code": code}}, {"error": {"type": other, "code": another}}:
            if (whole.status, kind, code) == (streamed.status, other, another):
                raise Unusable(f"there is nothing to compare, both calls are refused with {whole.status}: {message}")


# --- the comparison -----------------------------------------------------------------------------


def compared(whole: Answer, streamed: Answer, *, strict_text: bool) -> Iterator[Line]:
    yield _same("status", whole.status, streamed.status)
    yield _expected("content-type, whole", whole.content_type, "application/json")
    yield _expected("content-type, stream", streamed.content_type, "text/event-stream")
    yield from (Line("DIFF", "whole", problem) for problem in whole.problems)
    yield from (Line("DIFF", "stream", problem) for problem in streamed.problems)
    yield _same("object, whole", whole.body.get("object"), "chat.completion")
    yield _same("model", whole.body.get("model"), streamed.body.get("model"))
    mine, other = _choices(whole.body), _choices(streamed.body)
    yield _same("choices", len(mine), len(other))
    for index, (choice, twin) in enumerate(zip(mine, other, strict=False)):
        yield from _choice(f"choices[{index}]", choice, twin, strict_text)
    yield from _usage(whole.body.get("usage"), streamed.body.get("usage"))
    yield _same("other fields", _extra(whole.body), _extra(streamed.body))


def _choice(path: str, whole: Json, streamed: Json, strict_text: bool) -> Iterator[Line]:
    yield _same(f"{path}.finish_reason", whole.get("finish_reason"), streamed.get("finish_reason"))
    message, twin = whole.get("message") or {}, streamed.get("message") or {}
    yield _same(f"{path}.message", _filled(message), _filled(twin))
    yield _same(f"{path}.message.role", message.get("role"), twin.get("role"))
    for name in _filled(message):
        if isinstance(message[name], str) and isinstance(twin.get(name), str) and name != "role":
            yield _text(f"{path}.message.{name}", message[name], twin[name], strict_text)
    calls, twins = message.get("tool_calls") or [], twin.get("tool_calls") or []
    if calls or twins:
        yield _same(f"{path}.message.tool_calls", len(calls), len(twins))
    for index, (call, other) in enumerate(zip(calls, twins, strict=False)):
        yield from _call_compared(f"{path}.message.tool_calls[{index}]", call, other, strict_text)
    if message.get("function_call") and twin.get("function_call"):
        place = f"{path}.message.function_call"
        yield from _called(place, message["function_call"], twin["function_call"], strict_text)


def _call_compared(path: str, whole: Json, streamed: Json, strict_text: bool) -> Iterator[Line]:
    yield _same(path, sorted(whole), sorted(streamed))
    yield _same(f"{path}.type", whole.get("type"), streamed.get("type"))
    for kind in ("function", "custom"):
        if kind in whole and kind in streamed:
            yield from _called(f"{path}.{kind}", whole[kind], streamed[kind], strict_text)


def _called(path: str, whole: Json, streamed: Json, strict_text: bool) -> Iterator[Line]:
    yield _same(f"{path}.name", whole.get("name"), streamed.get("name"))
    if "arguments" in whole or "arguments" in streamed:
        arguments, other = whole.get("arguments", ""), streamed.get("arguments", "")
        yield _same(f"{path}.arguments are JSON", _is_json(arguments), _is_json(other))
        yield _text(f"{path}.arguments", arguments, other, strict_text)
    if "input" in whole and "input" in streamed:
        yield _text(f"{path}.input", whole["input"], streamed["input"], strict_text)


def _usage(whole: Any, streamed: Any) -> Iterator[Line]:
    keys, other = sorted(_paths(whole)), sorted(_paths(streamed))
    yield _same("usage", keys, other)
    counts, others = _counts(whole), _counts(streamed)
    if keys == other and counts != others:
        yield Line("text", "usage", f"counts differ: {counts} / {others}")


def _same(path: str, whole: Any, streamed: Any) -> Line:
    if whole == streamed:
        return Line("same", path, _shown(whole))
    return Line("DIFF", path, f"whole {_shown(whole)} / stream {_shown(streamed)}")


def _expected(path: str, got: str, wanted: str) -> Line:
    return Line("same", path, got) if got == wanted else Line("DIFF", path, f"{got or 'none'} instead of {wanted}")


def _text(path: str, whole: str, streamed: str, strict: bool) -> Line:
    if whole == streamed:
        return Line("same", path, _shown(whole))
    return Line("DIFF" if strict else "text", path, f"whole {_shown(whole)} / stream {_shown(streamed)}")


def _shown(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(map(str, value)) or "none"
    text = "none" if value is None else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= SHOWN else text[:SHOWN] + "..."


def _choices(body: Json) -> list[Json]:
    choices = body.get("choices")
    return [choice for choice in choices if isinstance(choice, dict)] if isinstance(choices, list) else []


def _filled(message: Json) -> list[str]:
    """Return the names of the filled fields: a whole message has null where a stream has nothing."""
    return sorted(name for name, value in message.items() if value not in (None, "", []))


def _extra(body: Json) -> list[str]:
    usual = ("id", "object", "created", "model", "choices", "usage")
    return sorted(name for name, value in body.items() if name not in usual and value is not None)


def _paths(usage: Any, above: str = "") -> Iterator[str]:
    if isinstance(usage, dict):
        for name, value in usage.items():
            if isinstance(value, dict):
                yield from _paths(value, f"{above}{name}.")
            elif value is not None:
                yield f"{above}{name}"


def _counts(usage: Any) -> str:
    names = ("prompt_tokens", "completion_tokens")
    return " + ".join(str(usage.get(name)) for name in names) if isinstance(usage, dict) else "none"


def _is_json(text: str) -> bool:
    try:
        return isinstance(json.loads(text), dict)
    except ValueError:
        return False
