"""Tells one form from another: by a function and not by trial, so that a problem has one path.

Tags are written `<so>`: they are no field's name, and so never show up in the path of a problem.
"""

from collections.abc import Mapping
from typing import Any, LiteralString

from pydantic import ConfigDict, Discriminator, with_config
from pydantic.functional_validators import PlainValidator
from pydantic_core import PydanticCustomError

wire = with_config(ConfigDict(strict=True, extra="allow"))

JsonObject = dict[str, Any]
Kinds = Mapping[str, str]
"""The values of `type` (or `role`) that a client writes, and the tags that they get."""


def by(key: str, kinds: Kinds, *, absent: str = "<unknown>") -> Discriminator:
    """Return a discriminator by the value of `key`; `absent` is for an object without one."""

    def choose(value: Any) -> str:
        if not isinstance(value, dict):
            return "<unknown>"
        kind = value.get(key)
        if kind is None:
            return absent
        return kinds.get(kind, "<unknown>") if isinstance(kind, str) else "<unknown>"

    return Discriminator(choose)


def none_of(key: str, kinds: Kinds) -> PlainValidator:
    """Return the validator of `<unknown>`, which never accepts. `key` in the error's context is the field to blame."""
    wanted = "must be one of " + ", ".join(kinds)

    def refuse(value: Any) -> Any:
        if not isinstance(value, dict):
            raise PydanticCustomError("dict_type", "must be an object")
        if value.get(key) is None:
            raise PydanticCustomError("missing", "is required", {"key": key})
        raise PydanticCustomError("unknown_kind", _literally(wanted), {"key": key})

    return PlainValidator(refuse)


def neither(wanted: str) -> PlainValidator:
    """Return the choice for a value that has none of the forms that a field can have."""

    def refuse(_: Any) -> Any:
        raise PydanticCustomError("wrong_form", _literally(wanted))

    return PlainValidator(refuse)


def _literally(sentence: str) -> LiteralString:
    """Return a sentence as it is. pydantic reads braces in a message; ours come from this folder and have none."""
    return sentence


def _text_or_list(value: Any) -> str:
    return "<text>" if isinstance(value, str) else "<list>" if isinstance(value, list) else "<neither>"


def _text_or_object(value: Any) -> str:
    return "<text>" if isinstance(value, str) else "<object>" if isinstance(value, dict) else "<neither>"


def _switch_or_object(value: Any) -> str:
    return "<switch>" if isinstance(value, bool) else "<object>" if isinstance(value, dict) else "<neither>"


def _list_or_object(value: Any) -> str:
    return "<list>" if isinstance(value, list) else "<object>" if isinstance(value, dict) else "<neither>"


text_or_list = Discriminator(_text_or_list)
text_or_object = Discriminator(_text_or_object)
list_or_object = Discriminator(_list_or_object)
switch_or_object = Discriminator(_switch_or_object)
