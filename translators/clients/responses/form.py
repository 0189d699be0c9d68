"""The form of an answer, as its request wants it, and the parts of the request that are stored with the answer."""

from collections.abc import Mapping
from dataclasses import field
from typing import Any

from translators.values import immutable


@immutable
class Form:
    """The form of a Response. `echo` are the fields of the request that its answer repeats. `summary`: the client wants
    to read the reasoning. `spaced` has, by the name that a model knows, the namespace of a tool and its name there.
    `previous` and `input` are stored with the answer; `input` is None where nothing is to be stored.
    `tool_search` is the name that a model knows of the client's own search for tools."""

    echo: Mapping[str, Any] = field(default_factory=dict)
    summary: bool = False
    logprobs: bool = False
    spaced: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    previous: str | None = None
    input: tuple[Mapping[str, Any], ...] | None = None
    tool_search: str | None = None
