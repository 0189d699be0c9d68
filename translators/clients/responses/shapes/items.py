"""The input items that are read; of the others only the kind is looked at, for the answer that names them."""

from typing import Annotated, Any, Literal, NotRequired, TypedDict

from pydantic import Discriminator, Field, Tag

from translators.clients.responses.shapes.content import Content
from translators.clients.responses.shapes.formats import TextConfig
from translators.clients.responses.shapes.tools import Tool
from translators.clients.shared.shapes.fields import Effort, Marked
from translators.clients.shared.shapes.unions import none_of, wire

Id = Annotated[str, Field(min_length=1)]


@wire
class Message(TypedDict):
    type: NotRequired[Literal["message"] | None]
    role: Literal["user", "assistant", "system", "developer"]
    content: Content


@wire
class AgentMessage(TypedDict):
    """A message of one agent of Codex's to another, which reads it as its user's word. The text says from whom it
    is."""

    type: Literal["agent_message"]
    content: Content


@wire
class FunctionCall(Marked):
    type: Literal["function_call"]
    call_id: Id
    name: Id
    arguments: str
    namespace: NotRequired[str | None]


@wire
class CustomCall(Marked):
    type: Literal["custom_tool_call"]
    call_id: Id
    name: Id
    input: str
    namespace: NotRequired[str | None]


@wire
class CallOutput(Marked):
    type: Literal["function_call_output", "custom_tool_call_output"]
    call_id: Id
    output: Content


@wire
class Thought(TypedDict):
    type: Literal["summary_text", "reasoning_text"]
    text: str


@wire
class ReasoningItem(TypedDict):
    type: Literal["reasoning"]
    summary: NotRequired[list[Thought] | None]
    content: NotRequired[list[Thought] | None]
    encrypted_content: NotRequired[str | None]


@wire
class MadeImage(TypedDict):
    """A picture that the model made, in base64: what goes with it describes how."""

    type: Literal["image_generation_call"]
    result: NotRequired[str | None]
    output_format: NotRequired[str | None]


@wire
class AdditionalTools(TypedDict):
    type: Literal["additional_tools"]
    role: NotRequired[str | None]
    tools: list[Tool]


@wire
class UpdatedReasoning(TypedDict):
    effort: NotRequired[Effort | None]


@wire
class ConfigurationUpdate(TypedDict):
    type: Literal["configuration_update"]
    reasoning: NotRequired[UpdatedReasoning | None]
    text: NotRequired[TextConfig | None]


@wire
class Sought(TypedDict):
    """A search for tools that the client does itself."""

    type: Literal["tool_search_call"]
    call_id: Id
    execution: Literal["client"]
    arguments: Any


@wire
class Found(TypedDict):
    type: Literal["tool_search_output"]
    call_id: Id
    execution: Literal["client"]
    tools: list[Tool]


@wire
class Reference(TypedDict):
    type: NotRequired[Literal["item_reference"] | None]
    id: Id


@wire
class Other(TypedDict):
    type: str


TOOL_SEARCH_CALL, TOOL_SEARCH_OUTPUT = "tool_search_call", "tool_search_output"
SERVERS = (
    "web_search_call",
    "file_search_call",
    "code_interpreter_call",
    "mcp_list_tools",
    "mcp_approval_request",
    "mcp_approval_response",
    "mcp_call",
    TOOL_SEARCH_CALL,
    TOOL_SEARCH_OUTPUT,
    "program",
    "program_output",
)
"""The items that tell what OpenAI's own tools did earlier."""
CLIENTS = (
    "computer_call",
    "computer_call_output",
    "local_shell_call",
    "local_shell_call_output",
    "shell_call",
    "shell_call_output",
    "apply_patch_call",
    "apply_patch_call_output",
)
"""Calls of tools that are not offered here, and their results."""
COMPACTED = ("compaction", "compaction_trigger")
_KINDS = {
    "message": "<message>",
    "agent_message": "<agent>",
    "function_call": "<function>",
    "custom_tool_call": "<custom>",
    "function_call_output": "<output>",
    "custom_tool_call_output": "<output>",
    "reasoning": "<reasoning>",
    "image_generation_call": "<picture>",
    "additional_tools": "<tools>",
    "configuration_update": "<update>",
    "item_reference": "<reference>",
    **dict.fromkeys((*SERVERS, *CLIENTS, *COMPACTED), "<other>"),
}


def _kind(value: Any) -> str:
    """Return the tag of an item. A message may come without its type, and so may a reference."""
    if not isinstance(value, dict):
        return "<unknown>"
    kind = value.get("type")
    if kind is None:
        return "<message>" if "role" in value else "<reference>" if set(value) - {"type"} == {"id"} else "<unknown>"
    if kind in (TOOL_SEARCH_CALL, TOOL_SEARCH_OUTPUT) and value.get("execution") == "client":
        return f"<{kind}>"
    return _KINDS.get(kind, "<unknown>") if isinstance(kind, str) else "<unknown>"


Item = Annotated[
    Annotated[Message, Tag("<message>")]
    | Annotated[AgentMessage, Tag("<agent>")]
    | Annotated[FunctionCall, Tag("<function>")]
    | Annotated[CustomCall, Tag("<custom>")]
    | Annotated[CallOutput, Tag("<output>")]
    | Annotated[ReasoningItem, Tag("<reasoning>")]
    | Annotated[MadeImage, Tag("<picture>")]
    | Annotated[AdditionalTools, Tag("<tools>")]
    | Annotated[ConfigurationUpdate, Tag("<update>")]
    | Annotated[Sought, Tag("<tool_search_call>")]
    | Annotated[Found, Tag("<tool_search_output>")]
    | Annotated[Reference, Tag("<reference>")]
    | Annotated[Other, Tag("<other>")]
    | Annotated[Any, none_of("type", _KINDS), Tag("<unknown>")],
    Discriminator(_kind),
]
