"""`text`: the format of an answer, flat, and how many words it is to have."""

from typing import Annotated, Any, Literal, NotRequired, TypedDict

from pydantic import Tag

from translators.clients.shared.shapes.fields import Name, Verbosity
from translators.clients.shared.shapes.unions import JsonObject, by, none_of, wire


@wire
class PlainFormat(TypedDict):
    type: Literal["text", "json_object"]


@wire
class SchemaFormat(TypedDict):
    type: Literal["json_schema"]
    name: Name
    schema: JsonObject
    description: NotRequired[str | None]
    strict: NotRequired[bool | None]


_FORMATS = {"text": "<plain>", "json_object": "<plain>", "json_schema": "<schema>"}


@wire
class TextConfig(TypedDict):
    format: NotRequired[
        Annotated[
            Annotated[PlainFormat, Tag("<plain>")]
            | Annotated[SchemaFormat, Tag("<schema>")]
            | Annotated[Any, none_of("type", _FORMATS), Tag("<unknown>")],
            by("type", _FORMATS),
        ]
        | None
    ]
    verbosity: NotRequired[Verbosity | None]
