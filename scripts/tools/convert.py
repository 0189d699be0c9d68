"""scripts/convert: one conversion, request or answer, with nothing around it: no gateway, no configuration, no network.

What goes on is on standard output, what is said about it on standard error. Ids and times are fixed, so that two
runs give the same bytes.
"""

import argparse
import json
import sys
from collections.abc import Sequence
from itertools import groupby
from typing import Any

from pydantic_core import from_json, to_json

from scripts.tools.arguments import command_line
from scripts.tools.files import Unusable, read
from scripts.tools.recording import Recording
from translators import convert
from translators.convert import DIALECTS, Converted, NoWay
from translators.errors import Failure, TranslationError
from translators.notes import Note
from translators.registry import CLIENTS

USAGE = """\
scripts/convert --to DIALECT [--from chat] [--model NAME] [--compact] FILE
       scripts/convert --to DIALECT [--from chat] --answer ANSWER [--stream | --whole] [--split N] [FILE]"""
DESCRIPTION = """\
Without --answer: prints the provider request for the client request in FILE (- is standard input). A request that
becomes several calls is printed as all of them, those that are alike once.
With --answer: prints the client's answer for the provider's answer in ANSWER, a whole JSON answer, a stream in any
framing or a recording made by scripts/record. With the client request in FILE as well, tools get their names back and
the answer has the form that the request asked for; a recording knows its request by itself. Nobody is called."""
EPILOG = """\
The body is on standard output; path, headers and notes (path, fate, old -> new, detail) are on standard error.
Exit status: 0; 1 the request is refused or the answer is broken (OpenAI's error on standard error); 2 usage."""


def main(arguments: Sequence[str]) -> int:
    options = _parser().parse_args(arguments)
    try:
        return _answer(options) if options.answer is not None else _request(options)
    except (NoWay, Unusable) as error:
        print(f"scripts/convert: {error}", file=sys.stderr)
        return 2
    except TranslationError as error:
        _tell(error.failure)
        return 1


def _parser() -> argparse.ArgumentParser:
    parser = command_line("convert", DESCRIPTION, EPILOG, USAGE)
    parser.add_argument("file", nargs="?", metavar="FILE", help="the client request; - is standard input")
    parser.add_argument("--from", dest="client", default="chat", choices=tuple(CLIENTS), help="the client's dialect")
    parser.add_argument("--to", dest="provider", required=True, choices=DIALECTS, help="the provider's dialect")
    parser.add_argument("--model", metavar="NAME", help="the provider's model; else the name that the client asks for")
    parser.add_argument("--answer", metavar="ANSWER", help="convert this answer instead; - is standard input")
    form = parser.add_mutually_exclusive_group()
    form.add_argument("--stream", dest="stream", action="store_true", default=None, help="show the answer as a stream")
    form.add_argument("--whole", dest="stream", action="store_false", help="show the answer in one piece")
    parser.add_argument("--split", type=_count, metavar="N", help="hand the answer over in pieces of N bytes")
    parser.add_argument("--compact", action="store_true", help="JSON on one line")
    return parser


def _count(text: str) -> int:
    if not text.isdecimal() or int(text) == 0:
        raise argparse.ArgumentTypeError("must be a number above 0")
    return int(text)


# --- a request ----------------------------------------------------------------------------------


def _request(options: argparse.Namespace) -> int:
    if options.file is None:
        raise Unusable("it needs the FILE with the request (- is standard input); --help says more.")
    if options.stream is not None or options.split is not None:
        raise Unusable("--stream, --whole and --split are about an answer, and need --answer ANSWER.")
    conversion = _converted(options, read(options.file), options.model)
    if (count := len(conversion.calls)) > 1:
        print(f"{count} calls, each for a part of the choices", file=sys.stderr)
    for _, alike in groupby(conversion.calls, key=lambda call: (call.path, call.body)):
        rendered, *more = alike
        print(f"POST {rendered.path}{f' ({len(more) + 1} times)' if more else ''}", file=sys.stderr)
        for name, value in rendered.headers.items():
            print(f"{name}: {value}", file=sys.stderr)
        _print(to_json(rendered.body), options.compact)
    _tell_notes(conversion.notes)
    return 0


# --- an answer ----------------------------------------------------------------------------------


def _answer(options: argparse.Namespace) -> int:
    if options.answer == options.file == "-":
        raise Unusable("the request and the answer cannot both come from standard input.")
    recording = Recording.load(options.answer)
    if recording.dialect not in (None, options.provider):
        raise Unusable(
            f"{options.answer} was recorded in the dialect {recording.dialect}; say --to {recording.dialect}."
        )
    request = _recorded_request(options, recording)
    answered = convert.answer(
        recording.data,
        client=options.client,
        provider=options.provider,
        request=request,
        model=options.model or recording.model,
        stream=options.stream,
        status=recording.status,
        headers=recording.headers,
        split=options.split,
    )
    _tell_notes(answered.notes)
    if answered.stream or answered.failure is not None:
        sys.stdout.buffer.write(answered.body)
        sys.stdout.buffer.flush()
    else:
        _print(answered.body, options.compact)
    if answered.failure is None:
        return 0
    _tell(answered.failure)
    return 1


def _recorded_request(options: argparse.Namespace, recording: Recording) -> Converted | None:
    """Return the request that was answered, if it is known."""
    wire = recording.client_request if options.file is None else read(options.file)
    if wire is None:
        return None
    conversion = _converted(options, wire, options.model or recording.model)
    if (count := len(conversion.calls)) > 1:
        print(f"The request becomes {count} calls; this is the answer to one of them.", file=sys.stderr)
    return conversion


def _converted(options: argparse.Namespace, body: Any, model: str | None) -> Converted:
    return convert.request(body, client=options.client, provider=options.provider, model=model)


# --- what is printed ----------------------------------------------------------------------------


def _print(body: bytes, compact: bool) -> None:
    if not compact:
        body = json.dumps(from_json(body), ensure_ascii=False, indent=2).encode()
    sys.stdout.buffer.write(body + b"\n")
    sys.stdout.buffer.flush()


def _tell(failure: Failure) -> None:
    print(json.dumps(failure.body(), ensure_ascii=False, indent=2), file=sys.stderr)


def _tell_notes(notes: Sequence[Note]) -> None:
    for note in notes:
        values = "" if note.old is None and note.new is None else f", {_value(note.old)} -> {_value(note.new)}"
        detail = f", {note.detail}" if note.detail else ""
        print(f"{note.path}, {note.fate}{values}{detail}", file=sys.stderr)


def _value(value: Any) -> str:
    return "nothing" if value is None else json.dumps(value, ensure_ascii=False, default=str)
