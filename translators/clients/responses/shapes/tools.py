"""Tools and the choice among them, in the flat form that Responses have."""

from typing import Annotated, Any, Literal, NotRequired, TypedDict

from pydantic import Field, Tag

from translators.clients.shared.hosted import HOSTED, SEARCHES
from translators.clients.shared.shapes.fields import Marked, Name, Place
from translators.clients.shared.shapes.unions import JsonObject, by, neither, none_of, text_or_object, wire


@wire
class FunctionTool(Marked):
    type: Literal["function"]
    name: Name
    description: NotRequired[str | None]
    parameters: NotRequired[JsonObject | None]
    strict: NotRequired[bool | None]


@wire
class TextFormat(TypedDict):
    type: Literal["text"]


@wire
class GrammarFormat(TypedDict):
    type: Literal["grammar"]
    syntax: Literal["lark", "regex"]
    definition: str


_FORMATS = {"text": "<text>", "grammar": "<grammar>"}


@wire
class CustomTool(TypedDict):
    type: Literal["custom"]
    name: Name
    description: NotRequired[str | None]
    format: NotRequired[
        Annotated[
            Annotated[TextFormat, Tag("<text>")]
            | Annotated[GrammarFormat, Tag("<grammar>")]
            | Annotated[Any, none_of("type", _FORMATS), Tag("<unknown>")],
            by("type", _FORMATS),
        ]
        | None
    ]


_INNER = {"function": "<function>", "custom": "<custom>"}
InnerTool = Annotated[
    Annotated[FunctionTool, Tag("<function>")]
    | Annotated[CustomTool, Tag("<custom>")]
    | Annotated[Any, none_of("type", _INNER), Tag("<unknown>")],
    by("type", _INNER),
]


@wire
class NamespaceTool(TypedDict):
    type: Literal["namespace"]
    name: Name
    description: NotRequired[str | None]
    tools: list[InnerTool]


@wire
class UserLocation(Place):
    type: NotRequired[Literal["approximate"] | None]


@wire
class Filters(TypedDict):
    allowed_domains: NotRequired[list[str] | None]
    blocked_domains: NotRequired[list[str] | None]


@wire
class WebSearchTool(TypedDict):
    type: Literal["web_search", "web_search_2025_08_26", "web_search_preview", "web_search_preview_2025_03_11"]
    search_context_size: NotRequired[Literal["low", "medium", "high"] | None]
    user_location: NotRequired[UserLocation | None]
    filters: NotRequired[Filters | None]


@wire
class ToolSearch(TypedDict):
    type: Literal["tool_search"]
    execution: NotRequired[Literal["server", "client"] | None]
    description: NotRequired[str | None]
    parameters: NotRequired[JsonObject | None]


@wire
class OtherTool(TypedDict):
    """A tool of a kind that only its server, or a client that knows it, can run."""

    type: str


_TOOLS = {
    **_INNER,
    "namespace": "<namespace>",
    "tool_search": "<search>",
    **dict.fromkeys(SEARCHES, "<web>"),
    **dict.fromkeys(HOSTED, "<other>"),
}
Tool = Annotated[
    Annotated[FunctionTool, Tag("<function>")]
    | Annotated[CustomTool, Tag("<custom>")]
    | Annotated[NamespaceTool, Tag("<namespace>")]
    | Annotated[WebSearchTool, Tag("<web>")]
    | Annotated[ToolSearch, Tag("<search>")]
    | Annotated[OtherTool, Tag("<other>")]
    | Annotated[Any, none_of("type", _TOOLS), Tag("<unknown>")],
    by("type", _TOOLS),
]


@wire
class NamedChoice(TypedDict):
    type: Literal["function", "custom"]
    name: str
    namespace: NotRequired[str | None]


_NAMED = {"function": "<named>", "custom": "<named>"}
_CHOSEN = {**_NAMED, **dict.fromkeys((*SEARCHES, *HOSTED), "<other>")}
OneTool = Annotated[
    Annotated[NamedChoice, Tag("<named>")]
    | Annotated[OtherTool, Tag("<other>")]
    | Annotated[Any, none_of("type", _CHOSEN), Tag("<unknown>")],
    by("type", _CHOSEN),
]


@wire
class AllowedChoice(TypedDict):
    type: Literal["allowed_tools"]
    mode: Literal["auto", "required"]
    tools: Annotated[list[OneTool], Field(min_length=1)]


_CHOICES = {**_CHOSEN, "allowed_tools": "<allowed>"}
_ChosenTools = Annotated[
    Annotated[NamedChoice, Tag("<named>")]
    | Annotated[AllowedChoice, Tag("<allowed>")]
    | Annotated[OtherTool, Tag("<other>")]
    | Annotated[Any, none_of("type", _CHOICES), Tag("<unknown>")],
    by("type", _CHOICES),
]
ToolChoice = Annotated[
    Annotated[Literal["none", "auto", "required", "any"], Tag("<text>")]
    | Annotated[_ChosenTools, Tag("<object>")]
    | Annotated[Any, neither("must be a string or an object"), Tag("<neither>")],
    text_or_object,
]
