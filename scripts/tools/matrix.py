"""scripts/matrix: the pages that are written from the code. Here is the one that says what becomes of every field of
every client dialect at every provider dialect, as converted."""

import argparse
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import field
from pathlib import Path
from typing import Any

from routing.compatible_servers import SERVERS
from scripts.tools import cliproxyapi_page
from scripts.tools.fields import FIELDS, Field
from scripts.tools.venv import ROOT
from translators import convert
from translators.dialects import Model
from translators.errors import BadRequest
from translators.notes import Note
from translators.registry import CLIENTS, PASSTHROUGH
from translators.values import immutable

PAGE = Path(ROOT, "docs", "support-matrix.md")
DESCRIPTION = """\
Writes docs/support-matrix.md: a table a client dialect, a column a provider's model, a row a field. Each cell is found
out by translating a request with the field and one without it. Writes docs/from-cliproxyapi.md as well, what the
gateway makes of every key of CLIProxyAPI's config.yaml."""


@immutable
class Column:
    """One model of one provider dialect, as configuration makes it known to the dialect."""

    heading: str
    dialect: str
    model: str
    overrides: Mapping[str, Any] = field(default_factory=dict)

    def known(self) -> Model:
        return Model(self.model, self.overrides)


COLUMNS = (
    Column("Claude 4.6", "anthropic", "claude-sonnet-4-6"),
    Column("Claude 5.5", "anthropic", "claude-opus-5-5"),
    Column("Claude on Vertex", "vertex-anthropic", "claude-sonnet-4-6"),
    Column("Claude on Bedrock", "bedrock", "us.anthropic.claude-sonnet-4-6"),
    Column("Nova on Bedrock", "bedrock", "amazon.nova-pro-v1:0"),
    Column("Gemini 3", "gemini", "gemini-3.1-pro-preview"),
    Column("Gemini 2.5", "gemini", "gemini-2.5-flash"),
    Column("Gemini 2.5 on Vertex", "gemini", "gemini-2.5-flash", {"platform": "vertex"}),
    Column("OpenAI chat", "openai", "gpt-5.5", {"quirks": SERVERS["openai"].quirks}),
    Column("OpenAI Responses", "openai-responses", "gpt-5.5"),
    Column("Ollama", "ollama", "qwen3"),
)

INTRO = """\
# What becomes of every field

Written by `scripts/matrix` from the code; a test fails when it is stale. Each cell compares what becomes of a request
that has the field with what becomes of the same request without it.

| cell | meaning |
|---|---|
| ✓ | it reaches the provider, in the provider's words |
| in part | it reaches the provider without something of it, which a note names |
| near | it reaches the provider in a weaker or nearby form; a note says so (*approximated*) |
| moved | the same meaning in another place, with a note |
| added | the gateway adds what this provider wants with it; a note says so (*defaulted*, *synthesised*) |
| dropped | it does not reach the provider; a note says so, and with `on-loss: refuse` it is a 400 |
| **400** | refused: the error names the field |
| calls | the gateway asks the provider once for each (`fan-out`), as for any list of prompts |
| gateway | it says how the gateway answers; no provider need know |

Notes reach the client in the header `x-gateway-notes`; mitmproxy's views show them with their reasons. `response-store`
is off here, as it is unless configuration says otherwise: with it `previous_response_id` and `item_reference` reach
every provider as the items that they stand for. The columns are:

"""
FATES = {"approximated": "near", "defaulted": "added", "synthesised": "added"}


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="scripts/matrix", description=DESCRIPTION, allow_abbrev=False)
    parser.add_argument("--check", action="store_true", help="write nothing; exit status 1 if a page is stale")
    options = parser.parse_args(arguments)
    pages = ((PAGE, page()), (cliproxyapi_page.PAGE, cliproxyapi_page.page()))
    stale = [path for path, text in pages if not path.exists() or path.read_text(encoding="utf-8") != text]
    if options.check:
        print("\n".join(f"docs/{path.name} is stale: run scripts/matrix." for path in stale) or "All pages are fresh.")
        return 1 if stale else 0
    for path, text in pages:
        path.write_text(text, encoding="utf-8")
        print(f"docs/{path.name} is written.", file=sys.stderr)
    return 0


def page() -> str:
    columns = ["| column | provider dialect | model |", "|---|---|---|"]
    columns += [f"| {column.heading} | `{column.dialect}` | {column.model} |" for column in COLUMNS]
    tables = [line for name in CLIENTS for line in _table(name)]
    return INTRO + "\n".join([*columns, "", *tables])


def _table(name: str) -> Iterable[str]:
    yield f"## {name}\n"
    passed_through = [f"`{provider}`" for client, provider in PASSTHROUGH if client == name]
    if passed_through:
        yield f"A provider that speaks this dialect itself ({', '.join(passed_through)}) gets the request as it came.\n"
    columns = [column for column in COLUMNS if (name, column.dialect) not in PASSTHROUGH]
    yield f"| field | {' | '.join(column.heading for column in columns)} |"
    yield "|---|" + "---|" * len(columns)
    for row in FIELDS[name]:
        cells = [fate(name, column.dialect, column.known(), row) for column in columns]
        yield f"| {row.name} | {' | '.join(cells)} |"
    yield ""


class Silent(Exception):
    """A field vanished without a trace, or was refused by the name of another."""


def fate(client: str, provider: str, model: Model, row: Field) -> str:
    """Return the text of a cell. Raises `Silent`, and `BadRequest` for a request without the field."""
    without = _translated(client, provider, model, row.without)
    try:
        with_it = _translated(client, provider, model, row.with_it)
    except BadRequest as refused:
        if not (refused.failure.param or "").startswith(row.path):
            raise Silent(f"{row.name} at {provider}: refused at {refused.failure.param}") from refused
        return "**400**"
    changed = with_it.sent != without.sent
    fates = {note.fate for note in with_it.notes if note.path.startswith(row.path)}
    words = [FATES.get(fate, "in part" if fate == "dropped" and changed else fate) for fate in sorted(fates)]
    if with_it.calls != without.calls:
        words.insert(0, "calls")
    if words:
        return ", ".join(dict.fromkeys(words))
    if changed:
        return "✓"
    if row.gateway or with_it.form != without.form:
        return "gateway"
    raise Silent(f"{row.name} at {provider}")


@immutable
class Translated:
    """A translated request. `sent` is what the provider gets, once for each of `calls`."""

    sent: tuple[object, ...]
    calls: int
    notes: tuple[Note, ...]
    form: object


def _translated(client: str, provider: str, model: Model, body: Any) -> Translated:
    converted = convert.request(body, client=client, provider=provider, model=model.name, overrides=model.overrides)
    sent = (converted.path, converted.body, dict(converted.headers))
    return Translated(sent, len(converted.calls), converted.notes, converted.answering.form)
