"""The strict providers object to what the real ones object to, in their words, and to nothing in a sane history."""

import copy
from typing import Any

import pytest

from tests.e2e.strict.formats import FORMATS, parse_request
from tests.e2e.strict.request import Objection, sign

OPUS, SONNET, PRO = "claude-opus-4-8", "claude-sonnet-4-5", "gemini-3.1-pro-preview"
SIGNED = sign(OPUS, "Hm.", "1")


# --- sane histories: a prompt, a call with its thought, its result -----------------------------------------


def claude(model: str = OPUS, **more: Any) -> Any:
    thought = {"type": "thinking", "thinking": "Hm.", "signature": sign(model, "Hm.", "1")}
    call = {"type": "tool_use", "id": "t1", "name": "look", "input": {}}
    messages = [
        {"role": "user", "content": "x"},
        {"role": "assistant", "content": [thought, {"type": "text", "text": "I look."}, call]},
        {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "t1", "content": "seen"}]},
    ]
    tool = {"name": "look", "input_schema": {"type": "object", "properties": {"place": {"type": "string"}}}}
    return {"model": model, "max_tokens": 4096, "messages": messages, "tools": [tool], **more}


def gemini(**more: Any) -> Any:
    call = {"name": "look", "args": {}, "id": "g1"}
    contents = [
        {"role": "user", "parts": [{"text": "x"}]},
        {"role": "model", "parts": [{"functionCall": call, "thoughtSignature": sign(PRO, ["look", {}], "1")}]},
        {"role": "user", "parts": [{"functionResponse": {"name": "look", "id": "g1", "response": {"output": "seen"}}}]},
    ]
    declared = {"name": "look", "parameters": {"type": "OBJECT", "properties": {"place": {"type": "STRING"}}}}
    return {"contents": contents, "tools": [{"functionDeclarations": [declared]}], **more}


def chat(**more: Any) -> Any:
    call = {"id": "c1", "type": "function", "function": {"name": "look", "arguments": "{}"}}
    messages = [
        {"role": "user", "content": "x"},
        {"role": "assistant", "content": None, "tool_calls": [call]},
        {"role": "tool", "tool_call_id": "c1", "content": "seen"},
    ]
    tool = {"type": "function", "function": {"name": "look", "parameters": {"type": "object", "properties": {}}}}
    return {"model": "gpt-5.5", "messages": messages, "tools": [tool], **more}


def responses(**more: Any) -> Any:
    sealed = sign("openai", "reasoning", "1")
    items = [
        {"role": "user", "content": "x"},
        {"type": "reasoning", "id": "rs_1", "summary": [], "encrypted_content": sealed},
        {"type": "function_call", "id": "fc_1", "call_id": "c1", "name": "look", "arguments": "{}"},
        {"type": "function_call_output", "call_id": "c1", "output": "seen"},
    ]
    tool = {"type": "function", "name": "look", "parameters": {"type": "object", "properties": {}}, "strict": False}
    return {"model": "gpt-5.5", "store": False, "input": items, "tools": [tool], **more}


def bedrock(**more: Any) -> Any:
    model = "claude-sonnet-4-6"
    thought = {"reasoningContent": {"reasoningText": {"text": "Hm.", "signature": sign(model, "Hm.", "1")}}}
    call = {"toolUse": {"toolUseId": "t1", "name": "look", "input": {}}}
    messages = [
        {"role": "user", "content": [{"text": "x"}]},
        {"role": "assistant", "content": [thought, call]},
        {"role": "user", "content": [{"toolResult": {"toolUseId": "t1", "content": [{"text": "seen"}]}}]},
    ]
    tool = {"toolSpec": {"name": "look", "inputSchema": {"json": {"type": "object", "properties": {}}}}}
    return {"messages": messages, "toolConfig": {"tools": [tool]}, **more}


def ollama(**more: Any) -> Any:
    messages = [
        {"role": "user", "content": "x"},
        {"role": "assistant", "content": "", "tool_calls": [{"function": {"name": "look", "arguments": {}}}]},
        {"role": "tool", "content": "seen"},
    ]
    return {"model": "qwen3", "messages": messages, **more}


PATHS = {
    claude: "/v1/messages",
    gemini: f"/v1beta/models/{PRO}:generateContent",
    chat: "/v1/chat/completions",
    responses: "/v1/responses",
    bedrock: "/bedrock/model/us.anthropic.claude-sonnet-4-6/converse",
    ollama: "/ollama/api/chat",
}
GIVEN = {"fc_1": "rs_1", "t1": claude()["messages"][1]["content"][::2]}


def objection(made: Any, body: Any) -> str | None:
    spoken, question = parse_request(PATHS[made], body, GIVEN if made in (claude, responses) else {})
    try:
        spoken.check(question)
    except Objection as raised:
        return str(raised)
    return None


@pytest.mark.parametrize("made", PATHS, ids=lambda made: made.__name__)
def test_a_sane_history(made: Any) -> None:
    assert objection(made, made()) is None


@pytest.mark.parametrize(
    "made",
    [
        pytest.param(claude(thinking={"type": "adaptive"}), id="thinking"),
        pytest.param({**claude(), "messages": claude()["messages"][:1]}, id="a first question"),
        pytest.param(claude(SONNET, thinking={"type": "enabled", "budget_tokens": 1024}), id="thinking by budget"),
    ],
)
def test_a_sane_question_to_claude(made: Any) -> None:
    spoken, question = parse_request(PATHS[claude], made, {})
    spoken.check(question)


# --- what is wrong ----------------------------------------------------------------------------------------


def put(body: Any, path: str, value: Any) -> Any:
    """`body` with `value` at a path like `messages.1.content`; None takes it out."""
    *way, last = [int(step) if step.isdigit() else step for step in path.split(".")]
    inner = body = copy.deepcopy(body)
    for step in way:
        inner = inner[step]
    if value is None:
        del inner[last]
    else:
        inner[last] = value
    return body


TEXT, CALL = {"type": "text", "text": "I look."}, {"type": "tool_use", "id": "t1", "name": "look", "input": {}}
CLAUDE_SAYS = [
    ("messages.2", None, "`tool_use` ids were found without `tool_result` blocks immediately after: t1"),
    ("messages.2.content", [TEXT, {"type": "tool_result", "tool_use_id": "t1"}], "`tool_use` ids were found without"),
    ("messages.2.content.0.tool_use_id", "t9", "`tool_use` ids were found without"),
    ("messages.1.content", [TEXT], "unexpected `tool_use_id` found in `tool_result` blocks: t1"),
    ("messages.1.content.0.thinking", "Hm!", "messages.1.content.0: Invalid `signature` in `thinking` block"),
    ("messages.1.content.0.signature", sign(SONNET, "Hm.", "1"), "Invalid `signature` in `thinking` block"),
    ("messages.1.content.0.signature", None, "Invalid `signature` in `thinking` block"),
    ("messages.1.content.1.text", "", "messages: text content blocks must be non-empty"),
    ("messages.1.content.1.text", " \n", "messages: text content blocks must contain non-whitespace text"),
    ("messages.0.content", "", "messages.0: all messages must have non-empty content"),
    ("messages.0.role", "tool", 'messages: Unexpected role "tool"'),
    ("messages.0", None, 'messages: first message must use the "user" role'),
    ("messages", [], "messages: at least one message is required"),
    ("messages.2", {"role": "assistant", "content": "I"}, "`tool_use` ids were found without"),
    (
        "messages",
        [{"role": "user", "content": "x"}, {"role": "assistant", "content": "I"}],
        "assistant message prefill",
    ),
    ("messages.1.content.1.name", "y", "messages.1.content.1.text.name: Extra inputs are not permitted"),
    ("messages.1.content.2.id", "t:1", "tool_use.id: String should match pattern '^[a-zA-Z0-9_-]+$'"),
    ("messages.1.content.2.input", "{}", "tool_use.input: Input should be a valid dictionary"),
    ("max_tokens", None, "max_tokens: Field required"),
    ("seed", 1, "seed: Extra inputs are not permitted"),
    ("temperature", 0.5, "`temperature` is deprecated for this model."),
    ("thinking", {"type": "enabled", "budget_tokens": 2000}, "thinking: 'enabled' is not supported by this model"),
    ("tools.0.name", "a b", "tools.0.custom.name: String should match pattern '^[a-zA-Z0-9_-]{1,128}$'"),
    ("tools.0.input_schema.type", None, "tools.0.custom.input_schema.type: Field required"),
    ("tools.0.input_schema.anyOf", [{}], "does not support oneOf, allOf, or anyOf at the top level"),
    ("tools.0.input_schema.properties.$top", {}, "Property keys should match pattern '^[a-zA-Z0-9_.-]{1,64}$'"),
    ("tools", [claude()["tools"][0]] * 2, "tools: Tool names must be unique."),
]
BUDGET = {"type": "enabled", "budget_tokens": 1024}
BUDGETED_SAYS = [
    ("temperature", 0.5, "`temperature` may only be set to 1 when thinking is enabled."),
    ("top_p", 0.5, "`top_p` must be greater than or equal to 0.95 or unset when thinking is enabled."),
    ("top_k", 5, "`top_k` must be unset when thinking is enabled."),
    ("max_tokens", 1024, "`max_tokens` must be greater than `thinking.budget_tokens`."),
    ("thinking.budget_tokens", 5, "budget_tokens: Input should be greater than or equal to 1024"),
    ("tool_choice", {"type": "any"}, "Thinking may not be enabled when tool_choice forces tool use."),
    ("output_config", {"effort": "low"}, "This model does not support the effort parameter."),
    ("messages.1.content.0", None, "Expected `thinking` or `redacted_thinking`, but found `text`."),
]
CALLED = gemini()["contents"][1]["parts"][0]
GEMINI_SAYS = [
    (
        "contents.1.parts.0.thoughtSignature",
        None,
        "Function call is missing a thought_signature in functionCall parts.",
    ),
    ("contents.1.parts.0.thoughtSignature", sign("gemini-3-flash-preview", ["look", {}], "1"), "Corrupted thought sig"),
    ("contents.1.parts.0.functionCall.args", {"place": "y"}, "Corrupted thought signature."),
    ("contents.1.parts", [CALLED, {"functionCall": {"name": "look"}}], "number of function response parts is equal"),
    ("contents.2.parts.0.functionResponse.name", "see", "function response parts do not match"),
    ("contents.2.parts.0.functionResponse.response", "seen", "Invalid value at 'function_response.response'"),
    ("contents.1", {"role": "model", "parts": [{"text": "I"}]}, "function response turn comes immediately after"),
    ("contents.0", None, "function call turn comes immediately after a user turn"),
    ("contents.2", None, "single turn requests end with a user role"),
    ("contents.0.role", "system", "Please use a valid role: user, model."),
    ("contents.0.parts", [], "contents.parts must not be empty."),
    ("contents.0.parts.0", {}, "required oneof field 'data' must have one initialized field"),
    ("contents", [], "contents is not specified"),
    ("seed", 1, 'Unknown name "seed": Cannot find field.'),
    ("tools.0.functionDeclarations.0.strict", True, "Unknown name \"strict\" at 'tools[0].function_declarations[0]'"),
    ("tools.0.functionDeclarations.0.parameters.additionalProperties", False, 'Unknown name "additionalProperties"'),
    ("tools.0.functionDeclarations.0.parameters.properties.place.const", 1, 'Unknown name "const"'),
    ("tools.0.functionDeclarations.0.parameters.type", ["OBJECT"], "Proto field is not repeating"),
    ("tools.0.functionDeclarations.0.name", "a b", "Invalid function name."),
    ("tools.0.functionDeclarations", [{"name": "f"}, {"name": "f"}], "Duplicate function declaration found: f"),
    (
        "generationConfig",
        {"thinkingConfig": {"thinkingBudget": 1, "thinkingLevel": "LOW"}},
        "only set only one of thinking budget and thinking level",
    ),
]
CHAT_SAYS = [
    ("messages.2", None, "must be followed by tool messages responding to each 'tool_call_id'"),
    ("messages.1", None, "messages with role 'tool' must be a response to a preceeding message with 'tool_calls'."),
    ("messages.2.tool_call_id", "c9", "messages with role 'tool' must be a response"),
    ("messages.1.thinking_blocks", [], "Unknown parameter: 'messages[1].thinking_blocks'."),
    ("messages.1.reasoning_content", "Hm.", "Unknown parameter: 'messages[1].reasoning_content'."),
    ("messages.1.tool_calls.0.extra_content", {}, "Unknown parameter: 'messages[1].tool_calls[0].extra_content'."),
    ("messages.1.tool_calls.0.id", "c" * 41, "string too long. Expected a string with maximum length 40"),
    ("messages.1.tool_calls.0.function.arguments", {}, "expected a string, but got an object instead."),
    ("messages.1.tool_calls", [], "empty array."),
    ("messages.0.content", 7, "Invalid value for 'content': expected a string"),
    ("messages.0.role", "model", "Invalid value: 'model'. Supported values are:"),
    ("messages", [], "Invalid 'messages': empty array."),
    ("top_k", 1, "Unknown parameter: 'top_k'."),
    ("temperature", 0.5, "Unsupported parameter: 'temperature' is not supported with this model."),
    ("max_tokens", 5, "Use 'max_completion_tokens' instead."),
    ("tools.0.function.name", "a b", "Invalid 'tools[0].function.name': string does not match pattern."),
]
RESPONSES_SAYS = [
    ("input.3", None, "No tool output found for function call c1."),
    (
        "input.2",
        {"type": "message", "role": "assistant", "content": "I"},
        "No tool call found for function call output",
    ),
    ("input.1.encrypted_content", "gw1.abcd", "The encrypted content gw1....abcd could not be verified."),
    ("input.1.encrypted_content", None, "Item with id 'rs_1' not found."),
    (
        "input.1",
        None,
        "Item 'fc_1' of type 'function_call' was provided without its required 'reasoning' item: 'rs_1'.",
    ),
    ("input.2", {"role": "user", "content": "y"}, "No tool call found"),
    ("input", [*responses()["input"][:2], {"role": "user", "content": "y"}], "without its required following item."),
    ("input.2.id", "call_1", "Expected an ID that begins with 'fc'."),
    ("input.2.issuer", "x", "Unknown parameter: 'input[2].issuer'."),
    (
        "input.0",
        {"role": "assistant", "content": [{"type": "input_text", "text": "x"}]},
        "Invalid value: 'input_text'.",
    ),
    ("messages", [], "Unknown parameter: 'messages'."),
    ("stop", ["x"], "Unknown parameter: 'stop'."),
    ("tools.0.name", "a b", "Invalid 'tools[0].name': string does not match pattern."),
]
BEDROCK_SAYS = [
    ("messages.2", None, "Expected toolResult blocks at messages.2.content for the following Ids: t1"),
    ("messages.1.content.1", None, "exceeds the number of toolUse blocks of previous turn."),
    (
        "messages.1.content.0.reasoningContent.reasoningText.signature",
        SIGNED,
        "Invalid `signature` in `thinking` block",
    ),
    ("messages.0", None, "A conversation must start with a user message."),
    ("messages.0.content.0.text", " ", "The text field in the ContentBlock object at messages.0.content.0 is blank."),
    ("messages.1.role", "user", "A conversation must alternate between user and assistant roles."),
    ("toolConfig", None, "The toolConfig field must be defined"),
    ("messages.1.content.1.toolUse.strict", True, 'Unknown parameter in messages[1].content[1].toolUse: "strict"'),
    ("toolConfig.tools.0.toolSpec.inputSchema.json.anyOf", [], "does not support oneOf, allOf, or anyOf"),
]
OLLAMA_SAYS = [
    ("messages.0.role", "developer", "invalid role: developer"),
    ("messages.0.content", [], "cannot unmarshal array into Go struct field"),
    ("messages.1.tool_calls.0.function.arguments", "{}", "cannot unmarshal string into Go struct field"),
]
WRONG = [
    *((claude, {}, *case) for case in CLAUDE_SAYS),
    *((claude, {"model": SONNET, "thinking": BUDGET}, *case) for case in BUDGETED_SAYS),
    *((gemini, {}, *case) for case in GEMINI_SAYS),
    *((chat, {}, *case) for case in CHAT_SAYS),
    *((responses, {}, *case) for case in RESPONSES_SAYS),
    *((bedrock, {}, *case) for case in BEDROCK_SAYS),
    *((ollama, {}, *case) for case in OLLAMA_SAYS),
]


@pytest.mark.parametrize(
    ("made", "more", "path", "value", "words"),
    [pytest.param(*case, id=f"{case[0].__name__} {case[2]} - {case[4][:40]}") for case in WRONG],
)
def test_an_objection(made: Any, more: Any, path: str, value: Any, words: str) -> None:
    assert words in (objection(made, put(made(**more), path, value)) or "no objection")


def test_thoughts_of_the_latest_message_come_back_as_they_were() -> None:
    """Left out altogether, or all of them, where they were."""
    body = claude()
    body["messages"][1]["content"].insert(0, body["messages"][1]["content"][0])
    assert "cannot be modified" in (objection(claude, body) or "")
    body["messages"][1]["content"].insert(1, TEXT)
    assert objection(claude, body) is None  # of an answer that was cut
    del body["messages"][1]["content"][:3]
    assert objection(claude, body) is None


def test_every_format_says_that_it_is_overloaded() -> None:
    for spoken in FORMATS.values():
        assert spoken.overloaded.status in (429, 503, 529)
        assert spoken.overloaded.message.encode() in spoken.broken(spoken.error(spoken.overloaded))
