"""Endpoints and quirks of servers that speak OpenAI's format, which their entries have in common."""

from collections.abc import Callable, Iterable
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field

from routing.field_types import Flag, Name, Renames, Section, or_none

Endpoint = Literal["chat", "completions", "responses"]

DIALECTS = {"chat": "openai", "completions": "openai-completions", "responses": "openai-responses"}
"""The provider dialects by the endpoint of OpenAI's API."""


class FieldQuirks(Section):
    """Fields that a server refuses, and fields that have another name there."""

    drop: tuple[Name, ...] = ()
    rename: Renames = Field(default_factory=dict)


class Quirks(FieldQuirks):
    """The differences of a server from OpenAI. All are optional; `translators.providers.openai.quirks.Quirks` explains
    them."""

    max_tokens_field: Literal["max_tokens", "max_completion_tokens"] | None = None
    developer_role: Flag | None = None
    custom_tools: Flag | None = None
    allowed_tools: Flag | None = None
    stream_usage: Flag | None = None
    reasoning_field: Annotated[Name | None, BeforeValidator(or_none)] = None
    short_call_ids: Flag | None = None
    strict_roles: Flag | None = None
    extras: tuple[Literal["top_k", "thinking", "reasoning", "images", "annotations"], ...] = ()


def by_dialect(endpoints: Iterable[str], url: Callable[[str], str]) -> dict[str, str]:
    """Return the `url` of each endpoint by its dialect. Chat comes first: translated requests go there where a
    server has it."""
    return {DIALECTS[each]: url(each) for each in sorted(endpoints, key=lambda each: each != "chat")}


def refuse_repeated(endpoints: tuple[str, ...] | None) -> None:
    """Raise ValueError for endpoints that are empty, or name one twice."""
    if endpoints is not None and (not endpoints or len(set(endpoints)) < len(endpoints)):
        raise ValueError("has endpoints that are empty, or name one twice")
