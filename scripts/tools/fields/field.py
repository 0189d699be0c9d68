"""A field of a request, and values that several of them have."""

from typing import Any

from translators.values import immutable

Json = dict[str, Any]

PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
IMAGE = f"data:image/png;base64,{PIXEL}"
PDF = "data:application/pdf;base64,JVBERi0xLjQK"
TEXT = "data:text/plain;base64,aGVsbG8="
WAV = "UklGRg=="
OBJECT: Json = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
CLOSED: Json = {**OBJECT, "additionalProperties": False}
LARK = {"type": "grammar", "grammar": {"syntax": "lark", "definition": 'start: "a"'}}
FLAT_LARK = {"type": "grammar", "syntax": "lark", "definition": 'start: "a"'}


@immutable
class Field:
    """A field of a request. `with_it` is a request with the field, `without` the same without; `path` is where a note
    or a refusal of it must point. `gateway`: it says how the gateway is to answer, so nothing of it needs to reach a
    provider."""

    name: str
    path: str | tuple[str, ...]
    with_it: Json
    without: Json
    gateway: bool = False
