"""A request as a program with an SDK: openai, anthropic, google-genai. Every value in it is a Python literal."""

import pprint
import re
from collections.abc import Mapping, Sequence
from typing import Any

from addons.exchange.redaction import HIDDEN
from addons.inspector import reading
from addons.inspector.exports.exported import Unexportable
from addons.inspector.exports.outgoing import Outgoing, outgoing
from addons.inspector.reading import Detail, Leg
from translators.values import immutable

SDKS: Mapping[str, str] = {
    "chat": "openai",
    "completions": "openai",
    "responses": "openai",
    "anthropic": "anthropic",
    "gemini": "google-genai",
}
"""The SDK that speaks a dialect."""
_SETS_ITSELF = ("accept", "content-type", "user-agent", "x-goog-api-client")
_SHOW = "print(answer.model_dump_json(indent=2))"
_SHOW_EVENTS = "for event in answer:\n    print(event.model_dump_json())"


@immutable
class Method:
    """A method of an SDK. `path` ends its URL; `required` and `known` are the parameters that every version of the SDK
    has, any other field goes into `extra_body`."""

    name: str
    path: str
    required: tuple[str, ...]
    known: tuple[str, ...]


_METHODS: Mapping[str, Method] = {
    "chat": Method(
        "chat.completions.create",
        "/chat/completions",
        ("model", "messages"),
        (
            *("stream", "stream_options", "temperature", "top_p", "n", "stop", "max_tokens", "max_completion_tokens"),
            *("tools", "tool_choice", "parallel_tool_calls", "response_format", "reasoning_effort", "seed", "logprobs"),
            *("top_logprobs", "presence_penalty", "frequency_penalty", "user", "metadata"),
        ),
    ),
    "completions": Method(
        "completions.create",
        "/completions",
        ("model", "prompt"),
        (
            "stream",
            "stream_options",
            "temperature",
            "top_p",
            "n",
            "stop",
            "max_tokens",
            "seed",
            "echo",
            "suffix",
            "user",
        ),
    ),
    "responses": Method(
        "responses.create",
        "/responses",
        ("model", "input"),
        (
            *("instructions", "stream", "temperature", "top_p", "max_output_tokens", "tools", "tool_choice", "text"),
            *("parallel_tool_calls", "previous_response_id", "reasoning", "include", "store", "metadata", "user"),
        ),
    ),
    "anthropic": Method(
        "messages.create",
        "/v1/messages",
        ("model", "max_tokens", "messages"),
        ("system", "stream", "stop_sequences", "thinking", "tools", "tool_choice", "metadata"),
    ),
}
_GEMINI_URL = re.compile(r"(https?://[^?#]+)/(v1[a-z0-9]*)/models/([^:/?#]+):(?:stream)?[gG]enerateContent(?:\?[^#]*)?")


def python(detail: Detail, leg: Leg, sdk: str | None = None) -> str:
    """Return a program that makes a leg's request. Raises `Unexportable`, also where `sdk` speaks another dialect."""
    family = reading.family(detail, leg)
    speaks = SDKS.get(family) if detail.get("provider_dialect") != "vertex-anthropic" or leg == "client" else None
    if speaks is None:
        raise Unexportable("There is no program for this provider's dialect; export it as curl or HTTPie.")
    if sdk not in (None, speaks):
        raise Unexportable(f"This leg speaks the dialect of the SDK {speaks}.")
    request = outgoing(detail, leg)
    body = reading.parsed(request.body)
    if not isinstance(body, Mapping):
        raise Unexportable("The body is not a JSON object; export it as curl or HTTPie.")
    if family == "gemini":
        return _genai(request, body)
    return _created(request, body, _METHODS[family], speaks)


def _created(request: Outgoing, body: Mapping[str, Any], method: Method, sdk: str) -> str:
    if missing := [name for name in method.required if name not in body]:
        raise Unexportable(f"The body has no {missing[0]}, which the SDK asks for; export it as curl or HTTPie.")
    url = request.url.partition("?")[0]
    if not url.endswith(method.path):
        raise Unexportable("The SDK does not know this URL; export it as curl or HTTPie.")
    known = (*method.required, *method.known)
    arguments = {name: value for name, value in body.items() if name in known}
    more = {name: value for name, value in body.items() if name not in known}
    extra = {"extra_headers": _headers(request), "extra_query": _query(request), "extra_body": more}
    stated = {**arguments, **{name: value for name, value in extra.items() if value}}
    if sdk == "anthropic":
        stated["timeout"] = 600  # else the SDK refuses a long answer that is not streamed
    kind = {"openai": "OpenAI", "anthropic": "Anthropic"}[sdk]
    lines = [
        *_remarks(request),
        "import os",
        "",
        f"from {sdk} import {kind}",
        "",
        f"client = {kind}(base_url={url.removesuffix(method.path)!r}, api_key=os.environ[{request.variable!r}])",
        f"answer = client.{method.name}(",
        *(f"    {name}={_literal(value)}," for name, value in stated.items()),
        ")",
        _SHOW_EVENTS if body.get("stream") else _SHOW,
    ]
    return "\n".join(lines) + "\n"


def _genai(request: Outgoing, body: Mapping[str, Any]) -> str:
    match = _GEMINI_URL.fullmatch(request.url)
    if match is None:
        raise Unexportable("The SDK does not know this URL; export it as curl or HTTPie.")
    base, version, model = match.groups()
    streams = ":streamGenerateContent" in request.url
    contents = [each for _, each in reading.objects(body.get("contents"))]
    more = {name: value for name, value in body.items() if name != "contents"}
    options = f"types.HttpOptions(base_url={base!r}, api_version={version!r})"
    call = "generate_content_stream" if streams else "generate_content"
    lines = [
        *_remarks(request),
        "import json",
        "import os",
        "",
        "from google import genai",
        "from google.genai import types",
        "",
        f"client = genai.Client(api_key=os.environ[{request.variable!r}], http_options={options})",
        f"contents = {_literal(contents, 0)}",
        f"more = {_literal(more, 0)}",
        f"answer = client.models.{call}(",
        f"    model={model!r},",
        "    contents=[types.Content.model_validate_json(json.dumps(each)) for each in contents],",
        "    config=types.GenerateContentConfig(http_options=types.HttpOptions(extra_body=more)),",
        ")",
        _SHOW_EVENTS if streams else _SHOW,
    ]
    return "\n".join(lines) + "\n"


def _headers(request: Outgoing) -> dict[str, str]:
    return {
        name: value
        for name, value in request.headers
        if name not in _SETS_ITSELF and not name.startswith("x-stainless-")
    }


def _query(request: Outgoing) -> dict[str, str]:
    """Return the fields of a query, without those that hold a key."""
    fields = (field.partition("=") for field in request.url.partition("?")[2].split("&") if field)
    return {name: value for name, _, value in fields if HIDDEN not in value}


def _remarks(request: Outgoing) -> Sequence[str]:
    return [f"# {remark}" for remark in request.remarks]


def _literal(value: Any, indent: int = 4) -> str:
    """Return a value as Python code, its further lines indented. Whatever is not printable is escaped in it."""
    text = pprint.pformat(value, width=110, sort_dicts=False)
    return text.replace("\n", "\n" + " " * indent)
