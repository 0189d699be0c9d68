"""Tools, the choice among them, and their forms of 2023 (`functions`, `function_call`)."""

from typing import Annotated, Any, Literal, NotRequired, TypedDict

from pydantic import Field, Tag

from translators.clients.shared.hosted import HOSTED, SEARCHES
from translators.clients.shared.shapes.fields import Marked, Name
from translators.clients.shared.shapes.unions import JsonObject, by, neither, none_of, text_or_object, wire


@wire
class Function(Marked):
    name: Name
    description: NotRequired[str | None]
    parameters: NotRequired[JsonObject | None]
    strict: NotRequired[bool | None]


@wire
class FunctionTool(Marked):
    type: Literal["function"]
    function: Function


@wire
class Grammar(TypedDict):
    definition: str
    syntax: Literal["lark", "regex"]


@wire
class TextFormat(TypedDict):
    type: Literal["text"]


@wire
class GrammarFormat(TypedDict):
    type: Literal["grammar"]
    grammar: Grammar


_FORMATS = {"text": "<text>", "grammar": "<grammar>"}
CustomFormat = Annotated[
    Annotated[TextFormat, Tag("<text>")]
    | Annotated[GrammarFormat, Tag("<grammar>")]
    | Annotated[Any, none_of("type", _FORMATS), Tag("<unknown>")],
    by("type", _FORMATS),
]


@wire
class Custom(TypedDict):
    name: Name
    description: NotRequired[str | None]
    format: NotRequired[CustomFormat | None]


@wire
class CustomTool(TypedDict):
    type: Literal["custom"]
    custom: Custom


@wire
class HostedTool(TypedDict):
    type: str


_DECLARABLE = {"function": "<function>", "custom": "<custom>"}
_TOOLS = {**_DECLARABLE, **dict.fromkeys((*HOSTED, *SEARCHES), "<hosted>")}
Tool = Annotated[
    Annotated[FunctionTool, Tag("<function>")]
    | Annotated[CustomTool, Tag("<custom>")]
    | Annotated[HostedTool, Tag("<hosted>")]
    | Annotated[Any, none_of("type", _DECLARABLE), Tag("<unknown>")],
    by("type", _TOOLS),
]


@wire
class Named(TypedDict):
    name: str


@wire
class FunctionChoice(TypedDict):
    type: Literal["function"]
    function: Named


@wire
class CustomChoice(TypedDict):
    type: Literal["custom"]
    custom: Named


OneTool = Annotated[
    Annotated[FunctionChoice, Tag("<function>")]
    | Annotated[CustomChoice, Tag("<custom>")]
    | Annotated[Any, none_of("type", _DECLARABLE), Tag("<unknown>")],
    by("type", _DECLARABLE),
]


@wire
class AllowedTools(TypedDict):
    mode: Literal["auto", "required"]
    tools: Annotated[list[OneTool], Field(min_length=1)]


@wire
class AllowedChoice(TypedDict):
    type: Literal["allowed_tools"]
    allowed_tools: AllowedTools


_CHOICES = {"function": "<function>", "custom": "<custom>", "allowed_tools": "<allowed>"}
ChosenTools = Annotated[
    Annotated[FunctionChoice, Tag("<function>")]
    | Annotated[CustomChoice, Tag("<custom>")]
    | Annotated[AllowedChoice, Tag("<allowed>")]
    | Annotated[Any, none_of("type", _CHOICES), Tag("<unknown>")],
    by("type", _CHOICES),
]

ToolChoice = Annotated[
    Annotated[Literal["none", "auto", "required", "any"], Tag("<text>")]
    | Annotated[ChosenTools, Tag("<object>")]
    | Annotated[Any, neither("must be a string or an object"), Tag("<neither>")],
    text_or_object,
]
FunctionCallChoice = Annotated[
    Annotated[Literal["none", "auto"], Tag("<text>")]
    | Annotated[Named, Tag("<object>")]
    | Annotated[Any, neither("must be a string or an object"), Tag("<neither>")],
    text_or_object,
]
