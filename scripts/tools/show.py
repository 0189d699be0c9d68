"""scripts/show: a recorded exchange in the terminal, from the inspector of a running gateway."""

import argparse
import json
import sys
from collections.abc import Iterator, Sequence
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.console import Console, Group
from rich.panel import Panel
from rich.syntax import Syntax
from rich.table import Table
from rich.text import Text

from scripts.tools.arguments import command_line
from scripts.tools.files import Unusable
from scripts.tools.page_client import PageClient, add_options

USAGE = "scripts/show [--events N] [--json] [--page URL] [--config FILE] [ID]"
DESCRIPTION = """\
Shows an exchange that the gateway's inspector recorded: what the client sent, what became of it, what the provider
answered, what the client got, and what was lost. ID is what x-request-id says; without one the newest is shown."""
EPILOG = "Exit status: 0; 2 where there is nothing to show."
PHASES = {
    "client_request": "client -> gateway",
    "provider_request": "gateway -> provider",
    "provider_response": "provider -> gateway",
    "client_response": "gateway -> client",
}
LONGEST_BODY = 20_000
"""The most characters of a body that are shown."""


def main(arguments: Sequence[str]) -> int:
    options = _parser().parse_args(arguments)
    try:
        with PageClient.of(options) as page:
            exchange = page.exchange(options.id, brief=not options.json)
    except Unusable as error:
        print(f"scripts/show: {error}", file=sys.stderr)
        return 2
    if options.json:
        print(json.dumps(exchange, ensure_ascii=False, indent=2))
        return 0
    console = Console(highlight=False)
    for part in shown(exchange, options.events):
        console.print(part)
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = command_line("show", DESCRIPTION, EPILOG, USAGE)
    parser.add_argument("id", nargs="?", default="last", metavar="ID", help="the exchange; `last` is the newest")
    parser.add_argument(
        "--events", type=int, default=20, metavar="N", help="the events of a stream that are shown (20)"
    )
    parser.add_argument("--json", action="store_true", help="all of it, as the API has it")
    add_options(parser)
    return parser


def shown(exchange: dict[str, Any], events: int) -> Iterator[Any]:
    """Yield what the terminal shows of an exchange."""
    yield _title(exchange)
    for name, title in PHASES.items():
        if (phase := exchange["phases"][name]) is not None:
            yield Panel(_message(phase), title=title, title_align="left")
    if exchange["notes"]:
        yield _notes(exchange["notes"])
    if len(exchange["attempts"]) > 1:
        yield _attempts(exchange["attempts"])
    if exchange["events"] and events > 0:
        yield _events(exchange["events"][:events], len(exchange["events"]) + exchange["events_left_out"])


def _title(exchange: dict[str, Any]) -> Text:
    provider = "/".join(each for each in (exchange["provider"], exchange["provider_model"]) if each) or "nobody"
    line = f"{exchange['id']}  {exchange['model']} -> {provider}  {exchange['status']} {exchange['end']}"
    text = Text(safe(f"{line}  {exchange['timings']['duration']:.0f} ms  {exchange['ended_by']}"), style="bold")
    if exchange["injected"]:
        text.append(safe(f"  injected: {', '.join(exchange['injected'])}"), style="yellow")
    return text


def _message(phase: dict[str, Any]) -> Group:
    headers = Text("\n".join(safe(f"{name}: {value}") for name, value in phase["headers"]), style="dim")
    parts: list[Any] = [Text(safe(phase["line"])), headers]
    if phase["body"]:
        parts.append(_body(phase["body"]))
    if phase["cut"]:
        parts.append(Text(f"... cut; it had {phase['bytes']} bytes", style="italic"))
    return Group(*parts)


def _body(text: str) -> Any:
    try:
        pretty = json.dumps(json.loads(text), ensure_ascii=False, indent=2)
    except ValueError:
        return Text(safe(text[:LONGEST_BODY]))
    return Syntax(safe(pretty[:LONGEST_BODY]), "json", background_color="default", word_wrap=True)


def _notes(notes: list[dict[str, Any]]) -> Table:
    table = _table("Notes", "field", "became", "then", "now", "why")
    for note in notes:
        style = "bold red" if note["lost"] else ""
        values = (_brief(note["old"]), _brief(note["new"]))
        table.add_row(*(Text(safe(each), style) for each in (note["path"], note["fate"], *values, note["detail"])))
    return table


def _attempts(attempts: list[dict[str, Any]]) -> Table:
    table = _table("Attempts", "attempt", "target", "status", "ms", "reason")
    for each in attempts:
        took = "" if each["duration"] is None else f"{each['duration']:.0f}"
        target = f"{each['provider']}/{each['model']}"
        reason = each["reason"] or "answered"
        if each.get("rest") is not None:
            reason += f", rests for {each['rest'] / 1000:.0f} s"
        row = (str(each["n"]), target, str(each["status"]), took, reason)
        table.add_row(*(Text(safe(cell)) for cell in row))
    return table


def _events(events: list[dict[str, Any]], count: int) -> Table:
    title = f"Events 0 to {len(events) - 1} of {count}"
    table = _table(title, "n", "ms", "provider", "client")
    for each in events:
        cells = (str(each["n"]), f"{each['at']:.0f}", each["provider"][:300], each["client"].strip()[:300])
        table.add_row(*(Text(safe(cell)) for cell in cells))
    return table


def _table(title: str, *columns: str) -> Table:
    """Return a table of which nothing is left out where the terminal is narrow."""
    table = Table(title=title, title_justify="left", box=SIMPLE_HEAD, padding=(0, 1, 0, 0), pad_edge=False)
    for name in columns:
        table.add_column(name, overflow="fold")
    return table


def _brief(value: Any) -> str:
    return "" if value is None else json.dumps(value, ensure_ascii=False)[:80]


def safe(text: str) -> str:
    """Return a text without what a terminal obeys: a provider may send anything."""
    return "".join(each if each.isprintable() or each == "\n" else f"\\x{ord(each):02x}" for each in text)
