"""scripts/bench: the gateway next to bare mitmdump (and other gateways that are installed), on loopback, in one run."""

import argparse
import asyncio
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path

from scripts.measuring import (
    fairness,
    growth,
    half_open,
    others,
    page,
    parts,
    providers,
    running,
    table,
    translation,
    wrk,
)
from scripts.tools.arguments import command_line

DESCRIPTION = """\
Measures the gateway (OpenAI chat completions to Anthropic's format) next to bare `mitmdump --mode reverse:` and, if
they are installed, LiteLLM and Portkey: nginx answers at once, wrk keeps 16 connections busy, each in its own process.
Programs take turns in every round; ratios are medians of the rounds' ratios, so that a busy machine disturbs both
sides of them. Streams have 200 events, which arrive in large reads or, from a provider of our own, one every 4 ms; bare
mitmdump streams only with stream_large_bodies=1, and is measured so."""
EPILOG = "Exit status: 0; with --check 1 where a target is missed; 2 where something could not be measured at all."
PARTS = {
    "requests": parts.whole_requests,
    "streams": parts.streams,
    "events": parts.events,
    "watched": parts.watched,
    "starts": parts.starts,
    "idle": parts.idle,
    "connections": parts.connections,
    "routing": parts.routing,
    "page": page.page,
}


def main(arguments: Sequence[str]) -> int:
    options = _parser().parse_args(arguments)
    print(running.machine())
    if options.translation or options.growth:
        missed = (growth if options.growth else translation).report(print)
        return 1 if missed and options.check else 0
    if sys.platform != "linux":
        print("scripts/bench: memory and processor time are read from Linux's /proc.", file=sys.stderr)
        return 2
    sockets = running.more_sockets()
    if options.half_open or options.fairness is not None:
        with tempfile.TemporaryDirectory(prefix="gateway-bench-") as name:
            made, word = Path(name), options.fairness
            missed = asyncio.run(
                half_open.report(made, print) if options.half_open else fairness.report(made, word, print)
            )
        return 1 if missed and options.check else 0
    sheet, started = parts.Sheet(), time.monotonic()
    sheet.notes.extend(missing_programs(options.others))
    with tempfile.TemporaryDirectory(prefix="gateway-bench-") as name, ExitStack() as stack:
        folder = Path(name)
        try:
            answering = providers.start(folder, stack)
            bench = parts.Bench(
                folder, answering, sheet, options.rounds, options.seconds, _progress, options.others, sockets
            )
            for part in options.parts or PARTS:
                PARTS[part](bench)
        except (RuntimeError, OSError) as error:
            print(f"scripts/bench: {error}", file=sys.stderr)
            return 2
    missed = table.show(sheet, print)
    spent = time.monotonic() - started
    print(f"{options.rounds} rounds of {options.seconds:g} s; all of it took {spent:.0f} s. Targets missed: {missed}.")
    return 1 if missed and options.check else 0


def missing_programs(with_others: bool) -> Iterator[str]:
    """Yield a line for each program that is not installed, and what is done without it."""
    if providers.NGINX is None:
        yield "nginx is not installed (Debian: nginx-light); our provider in Python answers, and takes processor time"
    if wrk.WRK is None:
        yield "wrk is not installed (Debian: wrk); our load in Python asks, and takes processor time"
    for name, why in others.missing().items() if with_others else ():
        yield f"{name} is left out, for it is not installed ({why})"


def _progress(line: str) -> None:
    print(f"  {line}", file=sys.stderr, flush=True)


def _parser() -> argparse.ArgumentParser:
    parser = command_line("bench", DESCRIPTION, EPILOG)
    parser.add_argument(
        "parts", nargs="*", type=_part, metavar="PART", help=f"what to measure: {', '.join(PARTS)} (default: all)"
    )
    parser.add_argument("--rounds", type=_between(1, 50), default=5, help="how often each is measured (5)")
    parser.add_argument("--seconds", type=_between(1, 60), default=2, help="how long one load lasts (2)")
    parser.add_argument("--check", action="store_true", help="a missed target makes the exit status 1")
    parser.add_argument("--no-others", dest="others", action="store_false", help="leave LiteLLM and Portkey out")
    alone = parser.add_mutually_exclusive_group()
    alone.add_argument("--translation", action="store_true", help="only the translation, without any network")
    alone.add_argument("--growth", action="store_true", help="only how the cost of large inputs grows")
    words = "only how long another client's stream is silent while the largest requests and answers pass (WORD: those)"
    alone.add_argument("--fairness", nargs="?", const="", metavar="WORD", help=words)
    words = "only what a thousand connections cost that never get to their end, and when they are over"
    alone.add_argument("--half-open", action="store_true", help=words)
    return parser


def _part(text: str) -> str:
    if text not in PARTS:
        raise argparse.ArgumentTypeError(f"{text!r} is none of {', '.join(PARTS)}")
    return text


def _between(low: int, high: int) -> Callable[[str], int]:
    def read(text: str) -> int:
        if not low <= (value := int(text)) <= high:
            raise ValueError(text)
        return value

    read.__name__ = f"number from {low} to {high}"
    return read
