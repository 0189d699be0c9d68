"""scripts/matrix: what becomes of every field of every client dialect at every provider dialect, told by the code."""

import argparse
import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from scripts.tools.fields import FIELDS, Field
from scripts.tools.venv import ROOT
from translators.conversation import Conversation
from translators.dialects import Asked, ClientDialect, Model, ProviderDialect, Rendered
from translators.errors import BadRequest
from translators.notes import Note
from translators.registry import CLIENTS, PROVIDERS, RELAYS

PAGE = Path(ROOT, "docs", "support-matrix.md")
DESCRIPTION = """\
Writes docs/support-matrix.md: a table a client dialect, a column a provider's model, a row a field. Each cell is found
out by translating a request with the field and one without it."""

COLUMNS: tuple[tuple[str, str, str], ...] = (
    ("Claude 4.6", "anthropic", "claude-sonnet-4-6"),
    ("Claude 5.5", "anthropic", "claude-opus-5-5"),
    ("Claude on Vertex", "vertex-anthropic", "claude-sonnet-4-6"),
    ("Gemini 3", "gemini", "gemini-3.1-pro-preview"),
    ("Gemini 2.5", "gemini", "gemini-2.5-flash"),
    ("Bedrock: Claude", "bedrock", "us.anthropic.claude-sonnet-4-6-v1:0"),
    ("Bedrock: Nova", "bedrock", "amazon.nova-pro-v1:0"),
    ("OpenAI chat", "openai", "gpt-5.5"),
    ("OpenAI Responses", "openai-responses", "gpt-5.5"),
    ("Ollama", "ollama", "qwen3"),
)
"""Heading, provider dialect, model."""

INTRO = """\
# What becomes of every field

Written by `scripts/matrix` from the code; a test fails when it is stale. Each cell compares a request that has the
field with one that lacks it:

| word | meaning |
|---|---|
| carried | it reaches the provider, in the provider's words |
| approximated | it reaches the provider in a weaker or nearby form, with a note |
| moved | the same meaning in another place, with a note |
| defaulted, synthesised | the gateway had to add something, with a note |
| dropped | it does not reach the provider, with a note (`on-loss: refuse` makes it a 400) |
| refused | a 400 that names the field |
| several calls | the gateway asks the provider once for each (`fan-out`) |
| gateway | it says how the gateway answers; the provider need not know |

Notes reach the client in the header `x-gateway-notes`, and the views of mitmproxy show them.
"""


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="scripts/matrix", description=DESCRIPTION, allow_abbrev=False)
    parser.add_argument("--check", action="store_true", help="write nothing; exit status 1 if the page is stale")
    options = parser.parse_args(arguments)
    text = page()
    if options.check:
        stale = not PAGE.exists() or PAGE.read_text(encoding="utf-8") != text
        print("docs/support-matrix.md is stale: run scripts/matrix." if stale else "docs/support-matrix.md is fresh.")
        return 1 if stale else 0
    PAGE.write_text(text, encoding="utf-8")
    print("docs/support-matrix.md is written.", file=sys.stderr)
    return 0


def page() -> str:
    return "\n".join([INTRO, *(table for name, client in CLIENTS.items() for table in _tables(name, client))])


def _tables(name: str, client: ClientDialect) -> Iterable[str]:
    yield f"## {name}\n"
    relayed = [provider for asking, provider in RELAYS if asking == name]
    if relayed:
        spoken = ", ".join(f"`{provider}`" for provider in relayed)
        yield f"Where a provider speaks this dialect itself ({spoken}), a request goes on as it came.\n"
    columns = [column for column in COLUMNS if (name, column[1]) not in RELAYS]
    yield "| field | " + " | ".join(heading for heading, _, _ in columns) + " |"
    yield "|---|" + "---|" * len(columns)
    for field in FIELDS[name]:
        cells = [fate(client, PROVIDERS[dialect], model, field) for _, dialect, model in columns]
        yield f"| {field.name} | " + " | ".join(cells) + " |"
    yield ""


class Silent(Exception):
    """A field vanished without a trace."""


def fate(client: ClientDialect, provider: ProviderDialect, model: str, field: Field) -> str:
    """Raises `Silent` for a field of which nothing is told, and `BadRequest` for a request without it."""
    asked, rendered, _ = _translated(client, provider, model, field.without)
    try:
        with_it = _translated(client, provider, model, field.with_it)
    except BadRequest as refused:
        if not (refused.failure.param or "").startswith(field.path):
            raise Silent(f"{field.name} at {provider.name}: refused at {refused.failure.param}") from refused
        return "refused"
    fates = sorted({note.fate for note in with_it[2] if note.path.startswith(field.path)})
    if fates:
        return ", ".join(fates)
    if _sent(with_it[1]) != _sent(rendered):
        return "carried"
    wanted = with_it[0].conversation.options.get("n")
    if wanted is not None and wanted.value != with_it[1].choices:
        return "several calls"
    if field.gateway or with_it[0].form != asked.form:
        return "gateway"
    raise Silent(f"{field.name} at {provider.name}")


def _translated(
    client: ClientDialect, provider: ProviderDialect, model: str, body: Mapping[str, object]
) -> tuple[Asked, Rendered, tuple[Note, ...]]:
    asked = client.parse(body)
    rendered = provider.render(asked.conversation, Model(model))
    wanted = asked.conversation.options.get("n")
    if wanted is not None and rendered.choices != wanted.value:
        rendered = provider.render(_without_n(asked.conversation), Model(model))
    return asked, rendered, (*asked.notes, *rendered.notes)


def _without_n(conversation: Conversation) -> Conversation:
    options = {name: option for name, option in conversation.options.items() if name != "n"}
    return Conversation(conversation.turns, conversation.tools, conversation.tool_choice, options, conversation.stream)


def _sent(rendered: Rendered) -> tuple[object, ...]:
    return rendered.path, rendered.body, dict(rendered.headers)
