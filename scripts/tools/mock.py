"""scripts/mock: a provider for tests of applications, that answers with recordings in any dialect, over HTTP."""

import argparse
import asyncio
import contextlib
import json
import re
import signal
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote

from scripts.tools.arguments import command_line
from scripts.tools.files import Unusable
from scripts.tools.mock_fixtures import Fixture, Fixtures
from translators.values import immutable

USAGE = "scripts/mock DIR [--port PORT] [--host HOST] [--speed FACTOR]"
DESCRIPTION = """\
Answers requests as a provider does, from the recordings in DIR (and the folders in it), so that tests of an application
need no provider: what scripts/record wrote, NAME.sse, NAME.ndjson, NAME.eventstream or NAME.json, with NAME.meta.json
beside it. Of a recording without that file the name of its folder is the dialect: anthropic, gemini, bedrock, openai,
openai-responses, openai-completions, ollama, vertex-anthropic.

A request gets a recording of its path's dialect, a stream where it asks for one: that named by its header
x-mock-fixture (the path below DIR, without suffix), or else those of the model in the request, and without any of that
model all, one after another. What the request says beyond that is not looked at, nor is its key. Where there is no
recording of that form, it gets the other one, which the gateway reads as well; at OpenAI's paths whatever there is,
also of other dialects, is turned into what OpenAI's clients read. Answers come in the pieces and times in which they
were recorded."""
EPILOG = """\
  scripts/mock tests/fixtures/anthropic/recorded            as Anthropic: base-url http://127.0.0.1:8400
  scripts/mock tests/fixtures --speed 0                     all at once
  curl http://127.0.0.1:8400/                               what there is
It answers at the usual paths, with or without /v1 or /v1beta before them, and at any path of Vertex AI's and Bedrock's.
Exit status: 0 after Ctrl-C or SIGTERM; 2 where there is nothing to answer with, or the port is taken."""

HEADER = "x-mock-fixture"
MOST_BODY = 64 << 20
MOST_HEAD = 64 << 10
REASONS = {200: "OK", 400: "Bad Request", 404: "Not Found", 413: "Content Too Large"}
_FIRST_LINE = re.compile(r"([A-Z]{1,16}) (/[\x21-\x7e]*) HTTP/1\.[01]")
_PATHS: Sequence[tuple[re.Pattern[str], str, bool | None]] = (
    (re.compile(r"/messages"), "anthropic", None),
    (re.compile(r"/models/(?P<model>[^/:]+):streamRawPredict"), "vertex-anthropic", True),
    (re.compile(r"/models/(?P<model>[^/:]+):rawPredict"), "vertex-anthropic", False),
    (re.compile(r"/models/(?P<model>[^/:]+):streamGenerateContent"), "gemini", True),
    (re.compile(r"/models/(?P<model>[^/:]+):generateContent"), "gemini", False),
    (re.compile(r"/model/(?P<model>[^/]+)/converse-stream"), "bedrock", True),
    (re.compile(r"/model/(?P<model>[^/]+)/converse"), "bedrock", False),
    (re.compile(r"/chat/completions"), "openai", None),
    (re.compile(r"/completions"), "openai-completions", None),
    (re.compile(r"/responses"), "openai-responses", None),
    (re.compile(r"/api/chat"), "ollama", None),
)
"""The ends of paths, their dialects, and whether they are of streams; None: the body's `stream` says it, which Ollama
takes as true where it is not there."""


class Refused(Exception):
    """A request that gets no recording: its status, and why in a sentence."""

    def __init__(self, status: int, why: str) -> None:
        super().__init__(why)
        self.status = status


@immutable
class Request:
    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes


@immutable
class Wanted:
    """The kind of answer that a request asks for."""

    dialect: str
    stream: bool
    model: str | None


def wanted(path: str, body: bytes) -> Wanted:
    """Return what a request asks for. Raises `Refused`."""
    path = path.partition("?")[0]
    for pattern, dialect, stream in _PATHS:
        found = re.search(rf"{pattern.pattern}$", path)
        if found is None:
            continue
        wire = _json(body)
        in_body = wire.get("stream", dialect == "ollama") is True
        named = found.groupdict().get("model")
        model = unquote(named) if named else wire.get("model")
        return Wanted(dialect, in_body if stream is None else stream, model if isinstance(model, str) else None)
    raise Refused(404, "no provider has this path; see scripts/mock --help")


def _json(body: bytes) -> dict[str, Any]:
    try:
        wire = json.loads(body)
    except ValueError:
        wire = None
    if not isinstance(wire, dict):
        raise Refused(400, "the body is no JSON object")
    return wire


class Mock:
    """`speed` is how much faster than they were recorded answers come; 0: at once."""

    def __init__(self, fixtures: Fixtures, speed: float) -> None:
        self._fixtures, self._speed = fixtures, speed

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer the requests of one connection, in order."""
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError, asyncio.LimitOverrunError, ValueError):
            try:
                while (request := await _read(reader)) is not None and await self._answer(request, writer):
                    pass
            except Refused as refused:
                await _refuse(writer, refused, last=True)
        writer.close()

    async def _answer(self, request: Request, writer: asyncio.StreamWriter) -> bool:
        """Answer, and return whether the connection serves on."""
        try:
            if request.method == "GET":
                await _whole(writer, 200, self._listing(request.path))
                return True
            asked = wanted(request.path, request.body)
            fixture = self._fixtures.choose(asked.dialect, asked.stream, asked.model, request.headers.get(HEADER))
        except (Refused, LookupError) as error:
            await _refuse(writer, error if isinstance(error, Refused) else Refused(404, str(error.args[0])))
            return True
        await self._play(fixture, writer)
        return not fixture.broke

    def _listing(self, path: str) -> dict[str, Any]:
        """Return the models, as OpenAI lists them, or else the fixtures."""
        if not path.partition("?")[0].endswith("/models"):
            return {"fixtures": self._fixtures.names()}
        models = [{"id": name, "object": "model", "created": 0, "owned_by": "mock"} for name in self._fixtures.models()]
        return {"object": "list", "data": models}

    async def _play(self, fixture: Fixture, writer: asyncio.StreamWriter) -> None:
        """Send a recording, in its pieces; one that broke off ends the connection."""
        headers = {**fixture.headers, HEADER: quote(fixture.name), "transfer-encoding": "chunked"}
        writer.write(_head(fixture.status, headers))
        begun, loop = asyncio.get_running_loop().time(), asyncio.get_running_loop()
        for milliseconds, data in fixture.pieces:
            if self._speed:
                await writer.drain()
                await asyncio.sleep(begun + milliseconds / 1000 / self._speed - loop.time())
            writer.write(b"%x\r\n%s\r\n" % (len(data), data))
        if not fixture.broke:
            writer.write(b"0\r\n\r\n")
        await writer.drain()


async def _read(reader: asyncio.StreamReader) -> Request | None:
    """Return the next request; None: the client has closed. Raises `Refused` for what is no request."""
    try:
        head = await reader.readuntil(b"\r\n\r\n")
    except asyncio.IncompleteReadError:
        return None
    except asyncio.LimitOverrunError:
        raise Refused(400, "the head is too long") from None
    first, *lines = head.decode("latin-1").rstrip("\r\n").split("\r\n")
    found = _FIRST_LINE.fullmatch(first)
    if found is None:
        raise Refused(400, "this is no HTTP/1.1 request")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    return Request(found[1], found[2], headers, await _body(reader, headers))


async def _body(reader: asyncio.StreamReader, headers: Mapping[str, str]) -> bytes:
    if headers.get("transfer-encoding", "").lower() != "chunked":
        length = headers.get("content-length", "0")
        return await reader.readexactly(_size(length, 10, 0))
    body = bytearray()
    while size := _size((await reader.readline()).decode("latin-1").partition(";")[0].strip(), 16, len(body)):
        body += (await reader.readexactly(size + 2))[:-2]
    await reader.readuntil(b"\r\n")
    return bytes(body)


def _size(text: str, base: int, before: int) -> int:
    """Return the length of a body or of a part of it. Raises `Refused`."""
    if not re.fullmatch(r"[0-9A-Fa-f]{1,16}", text) or (base == 10 and not text.isdecimal()):
        raise Refused(400, "the length of the body is no number")
    if (size := int(text, base)) + before > MOST_BODY:
        raise Refused(413, f"the body is larger than {MOST_BODY} bytes")
    return size


def _head(status: int, headers: Mapping[str, str]) -> bytes:
    lines = [f"HTTP/1.1 {status} {REASONS.get(status, 'Recorded')}"]
    return "\r\n".join([*lines, *(f"{name}: {value}" for name, value in headers.items()), "", ""]).encode("latin-1")


async def _whole(writer: asyncio.StreamWriter, status: int, body: Any, *, last: bool = False) -> None:
    data = json.dumps(body, indent=1).encode() + b"\n"
    headers = {"content-type": "application/json", "content-length": str(len(data))}
    writer.write(_head(status, headers | ({"connection": "close"} if last else {})) + data)
    await writer.drain()


async def _refuse(writer: asyncio.StreamWriter, refused: Refused, *, last: bool = False) -> None:
    message = f"scripts/mock: {refused}."
    body = {"error": {"type": "not_found_error", "code": "no_fixture", "message": message}, "message": message}
    await _whole(writer, refused.status, body, last=last)


def main(arguments: Sequence[str]) -> int:
    options = _parser().parse_args(arguments)
    try:
        fixtures = Fixtures.load(Path(options.folder))
        asyncio.run(_run(Mock(fixtures, options.speed), len(fixtures.names()), options.host, options.port))
    except Unusable as error:
        print(f"scripts/mock: {error}", file=sys.stderr)
        return 2
    return 0


async def _run(mock: Mock, count: int, host: str, port: int) -> None:
    """Answer until SIGTERM or Ctrl-C. Raises `Unusable`."""
    try:
        server = await asyncio.start_server(mock.serve, host, port, limit=MOST_HEAD)
    except (OSError, OverflowError) as error:
        reason = getattr(error, "strerror", None) or error
        raise Unusable(f"nothing can listen on {host}, port {port}: {reason}; choose another --port.") from error
    stop = asyncio.Event()
    for each in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(each, stop.set)
    port = server.sockets[0].getsockname()[1]
    print(f"http://{f'[{host}]' if ':' in host else host}:{port} answers with {count} fixtures", flush=True)
    await stop.wait()
    server.close()


def _parser() -> argparse.ArgumentParser:
    parser = command_line("mock", DESCRIPTION, EPILOG, USAGE)
    parser.add_argument("folder", metavar="DIR", help="the folder of the recordings")
    parser.add_argument("--port", type=_port, default=8400, help="default: 8400; 0: one that is free, which is printed")
    parser.add_argument("--host", default="127.0.0.1", help="default: 127.0.0.1, this machine alone")
    parser.add_argument("--speed", type=_speed, default=1.0, metavar="FACTOR", help="2: twice as fast; 0: at once")
    return parser


def _port(text: str) -> int:
    if not (text.isascii() and text.isdecimal() and int(text) <= 65535):
        raise argparse.ArgumentTypeError("must be 0 to 65535")
    return int(text)


def _speed(text: str) -> float:
    if not re.fullmatch(r"[0-9]{1,4}(\.[0-9]{1,4})?", text):
        raise argparse.ArgumentTypeError("must be a number, 0 or more")
    return float(text)
