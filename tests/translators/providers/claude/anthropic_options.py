"""The smallest request with some options, for the tests of options."""

from typing import Any

from anthropic_oracles import check

from translators.conversation import Conversation, Option, Text, Turn
from translators.dialects import Model, Rendered
from translators.providers import anthropic as dialect

A, OPUS_4_5, B, C, OPUS_5, D, E = (
    "claude-sonnet-4-5",
    "claude-opus-4-5",
    "claude-sonnet-4-6",
    "claude-opus-4-7",
    "claude-opus-5",
    "claude-fable-5",
    "claude-opus-5-5",
)
OLD, LOCAL, TOMORROW = "claude-3-haiku-20240307", "smollm2", "claude-opus-9"
HI = Turn("user", (Text("Hi"),))


def render(
    model: str, options: dict[str, Any], stream: bool = True, turns: tuple[Turn, ...] = (HI,), **more: Any
) -> Rendered:
    given = {name: Option(value, f"at.{name}") for name, value in options.items()}
    rendered = dialect.render(Conversation(turns, options=given, stream=stream, **more), Model(model))
    check(rendered.body)
    return rendered


def extra(rendered: Rendered) -> dict[str, Any]:
    """What the options added to the smallest body."""
    plain = ("model", "max_tokens", "messages", "stream", "tools")
    return {key: value for key, value in rendered.body.items() if key not in plain}


def fates(rendered: Rendered) -> list[tuple[str, str]]:
    return [(note.path.removeprefix("at."), note.fate) for note in rendered.notes]


PERSON = {
    "type": "object",
    "properties": {"name": {"type": "string"}},
    "required": ["name"],
    "additionalProperties": False,
}
MAPS = {"type": "object", "properties": {"m": {"type": "object", "additionalProperties": {"type": "string"}}}}
