"""scripts/record: what a provider really answers, kept as a fixture: its bytes after content decoding, and beside them
what is known of them. A key is never on the command line and never in a file."""

import argparse
import asyncio
import json
import os
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx

from addons.embedded.child import Embedded, Unavailable, available
from addons.inspector.exports.fixture import is_kept, meta_text
from scripts.tools.arguments import command_line
from scripts.tools.files import Unusable, read, request_in
from scripts.tools.recording import META, SUFFIXES, WHOLE, meta_path
from translators import convert
from translators.convert import DIALECTS, NoWay, frame
from translators.errors import BadRequest
from translators.registry import CLIENTS
from translators.values import immutable

USAGE = """\
scripts/record --to DIALECT --url URL --key-env VARIABLE [--model NAME] -o OUT FILE
       scripts/record --to anthropic --embedded -o OUT FILE"""
DESCRIPTION = """\
Sends the request in FILE (- is standard input) to a provider and writes its answer as it came: OUT.sse, OUT.ndjson or
OUT.eventstream for a stream, OUT.json for a whole answer, and OUT.meta.json with the request, status, harmless headers
and the time and size of each piece. FILE is a client request, converted as scripts/convert does it, or with --raw the
provider's own."""
EPILOG = """\
URL is what the gateway has as base URL, and holds the version where the dialect's paths do not:
  anthropic           https://api.anthropic.com
  gemini              https://generativelanguage.googleapis.com/v1beta
                      or https://HOST/v1/projects/PROJECT/locations/LOCATION/publishers/google
  vertex-anthropic    https://HOST/v1/projects/PROJECT/locations/LOCATION/publishers/anthropic
  bedrock             https://bedrock-runtime.REGION.amazonaws.com
  openai...           https://api.openai.com/v1
  ollama              http://127.0.0.1:11434
The key goes where the dialect has it: x-api-key (anthropic), x-goog-api-key (gemini), else Authorization: Bearer;
--key-header names another header: api-key for Azure, authorization for Gemini on Vertex AI with an access token.
Nothing is signed: Bedrock is asked with an API key of its own, not with AWS access keys.
Exit status: 0; 1 the request is refused, the provider answered an error or broke off (what came is written);
2 usage, or nobody there."""

KEY_HEADERS = {"anthropic": "x-api-key", "gemini": "x-goog-api-key"}
BEARER = "authorization"
"""The header of every other dialect's key."""
ALIAS = "smollm2"
_ACCESS_KEYS = ("AKIA", "ASIA")
_UNSIGNED = (
    "nothing is signed here, so AWS access keys are of no use: make an API key for Bedrock and name its variable: "
    "--key-env AWS_BEARER_TOKEN_BEDROCK."
)


@immutable
class Question:
    """A request that is sent. `model` is the provider's name of it, `client_request` the one that it was made of, if it
    was."""

    path: str
    headers: Mapping[str, str]
    body: dict[str, Any]
    model: str
    client_request: Any


@immutable
class Place:
    """The URL to which it is sent, and the key for it with its header."""

    url: str
    key: str | None
    header: str


@immutable
class Answer:
    """An answer as it came. `pieces`: milliseconds since the request, and how many bytes came. `broke` says how the
    answer broke off."""

    status: int
    headers: Mapping[str, str]
    data: bytes
    pieces: list[tuple[int, int]]
    broke: str | None

    @property
    def suffix(self) -> str:
        return SUFFIXES.get(self.headers.get("content-type", "").partition(";")[0].strip().lower(), WHOLE)


def main(arguments: Sequence[str]) -> int:
    options = _parser().parse_args(arguments)
    try:
        question = _question(options)
        target = _target(options)
        with _place(options) as place:
            for _ in range(options.repeat):
                answer = _ask(place, question, options)
    except (NoWay, Unusable, Unavailable) as error:
        print(f"scripts/record: {error}", file=sys.stderr)
        return 2
    except BadRequest as error:
        print(json.dumps(error.failure.body(), ensure_ascii=False, indent=2), file=sys.stderr)
        return 1
    return _write(target, options.provider, question, answer)


def _parser() -> argparse.ArgumentParser:
    parser = command_line("record", DESCRIPTION, EPILOG, USAGE)
    parser.add_argument("file", metavar="FILE", help="the request; - is standard input")
    parser.add_argument("-o", dest="out", required=True, metavar="OUT", help="where to write, with or without suffix")
    parser.add_argument("--from", dest="client", default="chat", choices=tuple(CLIENTS), help="the client's dialect")
    parser.add_argument("--to", dest="provider", required=True, choices=DIALECTS, help="the provider's dialect")
    place = parser.add_mutually_exclusive_group(required=True)
    place.add_argument("--url", help="the provider's base URL: see below")
    place.add_argument("--embedded", action="store_true", help="start the embedded model and ask that")
    parser.add_argument("--key-env", metavar="VARIABLE", help="the environment variable that holds the key")
    parser.add_argument("--key-header", metavar="NAME", help="the header for it, if not the dialect's usual one")
    parser.add_argument("--model", metavar="NAME", help="the provider's model; else the name in the request")
    form = parser.add_mutually_exclusive_group()
    form.add_argument("--stream", dest="stream", action="store_true", default=None, help="ask for a stream")
    form.add_argument("--whole", dest="stream", action="store_false", help="ask for a whole answer")
    parser.add_argument("--raw", action="store_true", help="FILE is the provider's own request, sent as it is")
    parser.add_argument("--repeat", type=int, default=1, metavar="N", help="ask N times, write the last answer")
    parser.add_argument("--timeout", type=float, default=300, metavar="SECONDS", help="of silence (default: 300)")
    parser.add_argument("--force", action="store_true", help="write over a recording that is there")
    return parser


# --- before the call ----------------------------------------------------------------------------


def _question(options: argparse.Namespace) -> Question:
    """Return the request to send. Raises `BadRequest`."""
    if options.repeat < 1:
        raise Unusable("--repeat must be at least 1.")
    wire, model = request_in(read(options.file)), options.model or (ALIAS if options.embedded else None)
    if not isinstance(wire, dict):
        raise Unusable(f"{options.file} is not a JSON object.")
    if options.raw:
        return _raw(wire, model, options)
    if options.stream is not None:
        wire["stream"] = options.stream
        if not options.stream:
            wire.pop("stream_options", None)
    conversion = convert.request(wire, client=options.client, provider=options.provider, model=model)
    rendered, *more = conversion.calls
    if more:
        raise Unusable(f"the request becomes {len(more) + 1} calls; ask for one choice of one prompt.")
    return Question(rendered.path, rendered.headers, rendered.body, rendered.recall.model or wire["model"], wire)


def _raw(wire: dict[str, Any], model: str | None, options: argparse.Namespace) -> Question:
    """Return a question with a body as it is. The path and the headers are the dialect's own; in some dialects they,
    and not the body, tell the model and whether a stream is wanted."""
    streamed = options.stream
    if streamed is None:
        streamed = bool(wire.get("stream", True))
    rendered = frame(options.provider, model or str(wire.get("model") or "unknown"), stream=streamed)
    if "model" in rendered.body:
        wire |= {} if model is None else {"model": model}
    elif model is None:
        raise Unusable("the model stands in the path of this dialect: it needs --model NAME.")
    if "stream" in rendered.body and options.stream is not None:
        wire["stream"] = options.stream
    return Question(rendered.path, rendered.headers, wire, model or str(wire.get("model") or "unknown"), None)


def _target(options: argparse.Namespace) -> Path:
    """Return the path to write to, without suffix."""
    out = Path(options.out)
    suffixes = (*SUFFIXES.values(), WHOLE)
    target = out.with_suffix("") if out.suffix in suffixes else out
    there = [target.with_name(target.name + suffix) for suffix in (*suffixes, META)]
    taken = [path for path in there if path.exists()]
    if taken and not options.force:
        raise Unusable(f"{taken[0]} is there already; --force writes over it.")
    if not target.parent.is_dir():
        raise Unusable(f"the folder {target.parent} is not there.")
    return target


@contextmanager
def _place(options: argparse.Namespace) -> Iterator[Place]:
    header = options.key_header or KEY_HEADERS.get(options.provider, BEARER)
    if not options.embedded:
        key = _key(options.key_env)
        if options.provider == "bedrock" and (key is None or key.startswith(_ACCESS_KEYS)):
            raise Unusable(_UNSIGNED)
        yield Place(options.url.rstrip("/"), key, header.lower())
        return
    if options.provider != "anthropic":
        raise Unusable("the embedded model is asked with --to anthropic.")
    if options.key_env is not None:
        raise Unusable("the embedded model needs no key; leave --key-env out.")
    if (missing := available()) is not None:
        raise Unusable(missing)
    embedded = Embedded(ALIAS)
    embedded.start()
    try:
        yield Place(asyncio.run(embedded.ready()), embedded.key, header)
    finally:
        embedded.stop()


def _key(variable: str | None) -> str | None:
    if variable is None:
        return None
    key = os.environ.get(variable)
    if not key:
        raise Unusable(f"the environment variable {variable} is not set; put the provider's key into it.")
    return key


# --- the call -----------------------------------------------------------------------------------


def _ask(place: Place, question: Question, options: argparse.Namespace) -> Answer:
    headers = {**question.headers, "accept-encoding": "identity"}
    if place.key is not None:
        headers[place.header] = f"Bearer {place.key}" if place.header == BEARER else place.key
    started, pieces, data, broke = time.monotonic(), [], bytearray(), None
    try:
        with (
            httpx.Client(timeout=options.timeout, trust_env=not options.embedded) as client,
            client.stream("POST", place.url + question.path, headers=headers, json=question.body) as response,
        ):
            try:
                for piece in response.iter_bytes():
                    pieces.append((round((time.monotonic() - started) * 1000), len(piece)))
                    data += piece
            except (httpx.TransportError, httpx.DecodingError) as error:
                broke = str(error) or type(error).__name__
            stored = {name: value for name, value in response.headers.items() if is_kept(name)}
            return Answer(response.status_code, stored, _without(place.key, bytes(data)), pieces, broke)
    except (httpx.HTTPError, httpx.InvalidURL, UnicodeError) as error:
        where = "the embedded model" if options.embedded else options.url
        raise Unusable(f"{where} cannot be asked: {error or type(error).__name__}.") from error


def _without(key: str | None, data: bytes) -> bytes:
    """Return the answer without the key: providers quote a key that they do not like."""
    return data.replace(key.encode(), b"[key]") if key else data


# --- after the call -----------------------------------------------------------------------------


def _write(target: Path, dialect: str, question: Question, answer: Answer) -> int:
    path = target.with_name(target.name + answer.suffix)
    meta = {
        "dialect": dialect,
        "model": question.model,
        "recorded": datetime.now(UTC).date().isoformat(),
        "status": answer.status,
        "headers": dict(answer.headers),
        "broke": answer.broke,
        "asked": question.client_request,
        "sent": question.body,
        "pieces": answer.pieces,
    }
    path.write_bytes(answer.data)
    meta_path(path).write_text(meta_text(meta), encoding="utf-8")
    print(f"{path}: {answer.status}, {len(answer.data)} bytes in {len(answer.pieces)} pieces")
    if answer.broke:
        print(f"scripts/record: the answer broke off: {answer.broke}", file=sys.stderr)
    return 0 if 200 <= answer.status < 300 and not answer.broke else 1
