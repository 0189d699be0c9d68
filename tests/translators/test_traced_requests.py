"""Where the values of a request and of an answer come from: a table of what each dialect means, written by hand."""

import copy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from translators import convert, provenance
from translators.errors import BadRequest
from translators.tracing.places import MISSING, at, read

PIXEL = "data:image/png;base64," + (
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)
SCHEMA = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
CLOSED = {**SCHEMA, "additionalProperties": False}
MODELS = {
    "anthropic": "claude-sonnet-4-5",
    "vertex-anthropic": "claude-sonnet-4-5",
    "bedrock": "anthropic.claude-sonnet-4-5-20250929-v1:0",
    "gemini": "gemini-2.5-flash",
    "openai": "gpt-4.1",
    "openai-responses": "gpt-5",
    "ollama": "qwen3",
    "openai-completions": "davinci",
}
PROVIDERS = tuple(name for name in MODELS if name != "openai-completions")

CHAT: dict[str, Any] = {
    "model": "m",
    "messages": [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": "Hello there"},
        {
            "role": "assistant",
            "content": "I look.",
            "tool_calls": [
                {"id": "call_1", "type": "function", "function": {"name": "look_up", "arguments": '{"city": "Rome"}'}}
            ],
        },
        {"role": "tool", "tool_call_id": "call_1", "content": "It is sunny."},
        {
            "role": "user",
            "content": [
                {"type": "text", "text": "What is this?"},
                {"type": "image_url", "image_url": {"url": PIXEL, "detail": "high"}},
            ],
        },
    ],
    "tools": [
        {"type": "function", "function": {"name": "look_up", "description": "Looks things up.", "parameters": SCHEMA}},
        {
            "type": "function",
            "function": {"name": "find", "description": "Finds.", "parameters": CLOSED, "strict": True},
        },
    ],
    "tool_choice": {"type": "function", "function": {"name": "look_up"}},
    "response_format": {"type": "json_schema", "json_schema": {"name": "answer", "schema": CLOSED, "strict": True}},
    "max_completion_tokens": 4000,
    "temperature": 0.5,
    "top_p": 0.25,
    "stop": ["END", "FIN"],
    "frequency_penalty": 0.125,
    "presence_penalty": 0.375,
    "seed": 7,
    "logit_bias": {"50": 1},
    "user": "user-1",
    "parallel_tool_calls": False,
    "reasoning_effort": "low",
    "verbosity": "low",
    "metadata": {"who": "me too"},
    "prompt_cache_key": "cache-key-1",
    "stream": True,
}
RESPONSES: dict[str, Any] = {
    "model": "m",
    "instructions": "Be brief.",
    "input": [
        {"role": "user", "content": "Hello there"},
        {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "I look."}]},
        {"type": "function_call", "call_id": "call_1", "name": "look_up", "arguments": '{"city": "Rome"}'},
        {"type": "function_call_output", "call_id": "call_1", "output": "It is sunny."},
        {
            "role": "user",
            "content": [
                {"type": "input_text", "text": "What is this?"},
                {"type": "input_image", "image_url": PIXEL, "detail": "high"},
            ],
        },
    ],
    "tools": [
        {
            "type": "function",
            "name": "look_up",
            "description": "Looks things up.",
            "parameters": SCHEMA,
            "strict": False,
        },
        {"type": "function", "name": "find", "description": "Finds.", "parameters": CLOSED, "strict": True},
    ],
    "tool_choice": {"type": "function", "name": "look_up"},
    "text": {
        "verbosity": "low",
        "format": {"type": "json_schema", "name": "answer", "schema": CLOSED, "strict": True},
    },
    "max_output_tokens": 4000,
    "temperature": 0.5,
    "top_p": 0.25,
    "user": "user-1",
    "parallel_tool_calls": False,
    "reasoning": {"effort": "low"},
    "metadata": {"who": "me too"},
    "prompt_cache_key": "cache-key-1",
    "stream": True,
}
COMPLETIONS: dict[str, Any] = {
    "model": "m",
    "prompt": "Once upon a time",
    "max_tokens": 400,
    "temperature": 0.5,
    "top_p": 0.25,
    "frequency_penalty": 0.125,
    "presence_penalty": 0.375,
    "seed": 7,
    "stop": ["END", "FIN"],
    "logit_bias": {"50": 1},
    "user": "user-1",
    "stream": True,
}
BODIES = {"chat": CHAT, "responses": RESPONSES, "completions": COMPLETIONS}

IN_CHAT = {
    "model": "model",
    "the system's role": "messages[0].role",
    "the system's text": "messages[0].content",
    "a user's role": "messages[1].role",
    "a user's text": "messages[1].content",
    "the assistant's role": "messages[2].role",
    "the assistant's text": "messages[2].content",
    "a call's id": "messages[2].tool_calls[0].id",
    "a call's type": "messages[2].tool_calls[0].type",
    "a call's name": "messages[2].tool_calls[0].function.name",
    "a call's arguments": "messages[2].tool_calls[0].function.arguments",
    "a result's kind": "messages[3].role",
    "a result's call": "messages[3].tool_call_id",
    "a result's text": "messages[3].content",
    "the role of a message of parts": "messages[4].role",
    "a text's type": "messages[4].content[0].type",
    "a text": "messages[4].content[0].text",
    "an image's type": "messages[4].content[1].type",
    "an image": "messages[4].content[1].image_url.url",
    "an image's detail": "messages[4].content[1].image_url.detail",
    "a tool's name": "tools[0].function.name",
    "a tool's description": "tools[0].function.description",
    "a tool's schema": "tools[0].function.parameters.type",
    "a property in it": "tools[0].function.parameters.properties.city.type",
    "what it requires": "tools[0].function.parameters.required[0]",
    "another tool's name": "tools[1].function.name",
    "another tool's description": "tools[1].function.description",
    "a strict tool": "tools[1].function.strict",
    "the tool to be called": "tool_choice.function.name",
    "the schema of the answer": "response_format.json_schema.schema.type",
    "what that requires": "response_format.json_schema.schema.required[0]",
    "a limit": "max_completion_tokens",
    "temperature": "temperature",
    "top_p": "top_p",
    "a stop sequence": "stop[0]",
    "another stop sequence": "stop[1]",
    "frequency_penalty": "frequency_penalty",
    "presence_penalty": "presence_penalty",
    "seed": "seed",
    "logit_bias": "logit_bias.50",
    "user": "user",
    "one call at a time": "parallel_tool_calls",
    "verbosity": "verbosity",
    "metadata": "metadata.who",
    "prompt_cache_key": "prompt_cache_key",
    "stream": "stream",
}
IN_RESPONSES = {
    "model": "model",
    "the system's text": "instructions",
    "a user's role": "input[0].role",
    "a user's text": "input[0].content",
    "the assistant's role": "input[1].role",
    "the assistant's text": "input[1].content[0].text",
    "a call's id": "input[2].call_id",
    "a call's type": "input[2].type",
    "a call's name": "input[2].name",
    "a call's arguments": "input[2].arguments",
    "a result's kind": "input[3].type",
    "a result's call": "input[3].call_id",
    "a result's text": "input[3].output",
    "the role of a message of parts": "input[4].role",
    "a text's type": "input[4].content[0].type",
    "a text": "input[4].content[0].text",
    "an image's type": "input[4].content[1].type",
    "an image": "input[4].content[1].image_url",
    "an image's detail": "input[4].content[1].detail",
    "a tool's name": "tools[0].name",
    "a tool's description": "tools[0].description",
    "a tool's schema": "tools[0].parameters.type",
    "a property in it": "tools[0].parameters.properties.city.type",
    "what it requires": "tools[0].parameters.required[0]",
    "another tool's name": "tools[1].name",
    "another tool's description": "tools[1].description",
    "a strict tool": "tools[1].strict",
    "the tool to be called": "tool_choice.name",
    "the schema of the answer": "text.format.schema.type",
    "what that requires": "text.format.schema.required[0]",
    "a limit": "max_output_tokens",
    "temperature": "temperature",
    "top_p": "top_p",
    "user": "user",
    "one call at a time": "parallel_tool_calls",
    "effort": "reasoning.effort",
    "verbosity": "text.verbosity",
    "metadata": "metadata.who",
    "prompt_cache_key": "prompt_cache_key",
    "stream": "stream",
}
IN_COMPLETIONS = {
    "model": "model",
    "the only text": "prompt",
    "a limit": "max_tokens",
    "temperature": "temperature",
    "top_p": "top_p",
    "a stop sequence": "stop[0]",
    "another stop sequence": "stop[1]",
    "frequency_penalty": "frequency_penalty",
    "presence_penalty": "presence_penalty",
    "seed": "seed",
    "logit_bias": "logit_bias.50",
    "user": "user",
    "stream": "stream",
}
WRITTEN = {"chat": IN_CHAT, "responses": IN_RESPONSES, "completions": IN_COMPLETIONS}

PATH = "the path of the request"
DROPPED = "dropped"
UNSENT = "computed"
"""The word for what only the gateway's own answer depends on."""
Where = str | tuple[str, ...]
ANTHROPIC: dict[str, Where] = {
    "model": "model",
    "the system's role": "system",
    "the system's text": "system[0].text",
    "the only text": "messages[0].content[0].text",
    "a user's role": "messages[0].role",
    "a user's text": "messages[0].content[0].text",
    "the assistant's role": "messages[1].role",
    "the assistant's text": "messages[1].content[0].text",
    "a call's id": "messages[1].content[1].id",
    "a call's type": "messages[1].content[1].type",
    "a call's name": "messages[1].content[1].name",
    "a call's arguments": "messages[1].content[1].input.city",
    "a result's kind": ("messages[2].content[0].type", "messages[2].role"),
    "a result's call": "messages[2].content[0].tool_use_id",
    "a result's text": "messages[2].content[0].content[0].text",
    "the role of a message of parts": "messages[2].role",
    "a text's type": "messages[2].content[1].type",
    "a text": "messages[2].content[1].text",
    "an image's type": "messages[2].content[2].type",
    "an image": (
        "messages[2].content[2].source.data",
        "messages[2].content[2].source.media_type",
        "messages[2].content[2].source.type",
    ),
    "an image's detail": DROPPED,
    "effort": UNSENT,
    "a tool's name": "tools[0].name",
    "a tool's description": "tools[0].description",
    "a tool's schema": "tools[0].input_schema.type",
    "a property in it": "tools[0].input_schema.properties.city.type",
    "what it requires": "tools[0].input_schema.required[0]",
    "another tool's name": "tools[1].name",
    "another tool's description": "tools[1].description",
    "a strict tool": "tools[1].strict",
    "the tool to be called": "tool_choice.name",
    "the schema of the answer": "output_config.format.schema.type",
    "what that requires": "output_config.format.schema.required[0]",
    "a limit": "max_tokens",
    "temperature": "temperature",
    "top_p": DROPPED,
    "a stop sequence": "stop_sequences[0]",
    "another stop sequence": "stop_sequences[1]",
    "frequency_penalty": DROPPED,
    "presence_penalty": DROPPED,
    "seed": DROPPED,
    "logit_bias": DROPPED,
    "user": "metadata.user_id",
    "one call at a time": "tool_choice.disable_parallel_tool_use",
    "verbosity": DROPPED,
    "metadata": DROPPED,
    "prompt_cache_key": DROPPED,
    "stream": "stream",
}
BEDROCK: dict[str, Where] = ANTHROPIC | {
    "model": PATH,
    "a call's id": "messages[1].content[1].toolUse.toolUseId",
    "a call's name": "messages[1].content[1].toolUse.name",
    "a call's arguments": "messages[1].content[1].toolUse.input.city",
    "a call's type": "messages[1].content[1]",
    "a result's kind": "messages[2].role",
    "a result's call": "messages[2].content[0].toolResult.toolUseId",
    "a result's text": "messages[2].content[0].toolResult.content[0].text",
    "a text's type": "messages[2].content[1]",
    "an image's type": "messages[2].content[2]",
    "an image": ("messages[2].content[2].image.source.bytes", "messages[2].content[2].image.format"),
    "a tool's name": "toolConfig.tools[0].toolSpec.name",
    "a tool's description": "toolConfig.tools[0].toolSpec.description",
    "a tool's schema": "toolConfig.tools[0].toolSpec.inputSchema.json.type",
    "a property in it": "toolConfig.tools[0].toolSpec.inputSchema.json.properties.city.type",
    "what it requires": "toolConfig.tools[0].toolSpec.inputSchema.json.required[0]",
    "another tool's name": "toolConfig.tools[1].toolSpec.name",
    "another tool's description": "toolConfig.tools[1].toolSpec.description",
    "a strict tool": "toolConfig.tools[1].toolSpec.strict",
    "the tool to be called": "toolConfig.toolChoice.tool.name",
    "the schema of the answer": (),
    "what that requires": "outputConfig.textFormat.structure.jsonSchema.schema",
    "a limit": "inferenceConfig.maxTokens",
    "temperature": "inferenceConfig.temperature",
    "a stop sequence": "inferenceConfig.stopSequences[0]",
    "another stop sequence": "inferenceConfig.stopSequences[1]",
    "user": DROPPED,
    "one call at a time": "additionalModelRequestFields.tool_choice.disable_parallel_tool_use",
    "metadata": "requestMetadata.who",
    "stream": PATH,
}
_DECLARED = "tools[0].functionDeclarations"
GEMINI: dict[str, Where] = {
    "model": PATH,
    "the system's role": "systemInstruction",
    "the system's text": "systemInstruction.parts[0].text",
    "the only text": "contents[0].parts[0].text",
    "a user's role": "contents[0].role",
    "a user's text": "contents[0].parts[0].text",
    "the assistant's role": "contents[1].role",
    "the assistant's text": "contents[1].parts[0].text",
    "a call's id": "contents[1].parts[1].functionCall.id",
    "a call's type": "contents[1].parts[1]",
    "a call's name": ("contents[1].parts[1].functionCall.name", "contents[2].parts[0].functionResponse.name"),
    "a call's arguments": "contents[1].parts[1].functionCall.args.city",
    "a result's kind": "contents[2].role",
    "a result's call": "contents[2].parts[0].functionResponse.id",
    "a result's text": "contents[2].parts[0].functionResponse.response.output",
    "the role of a message of parts": "contents[2].role",
    "a text's type": "contents[2].parts[1]",
    "a text": "contents[2].parts[1].text",
    "an image's type": "contents[2].parts[2]",
    "an image": ("contents[2].parts[2].inlineData.data", "contents[2].parts[2].inlineData.mimeType"),
    "an image's detail": DROPPED,
    "a tool's name": f"{_DECLARED}[0].name",
    "a tool's description": f"{_DECLARED}[0].description",
    "a tool's schema": f"{_DECLARED}[0].parametersJsonSchema.type",
    "a property in it": f"{_DECLARED}[0].parametersJsonSchema.properties.city.type",
    "what it requires": f"{_DECLARED}[0].parametersJsonSchema.required[0]",
    "another tool's name": f"{_DECLARED}[1].name",
    "another tool's description": f"{_DECLARED}[1].description",
    "a strict tool": DROPPED,
    "the tool to be called": "toolConfig.functionCallingConfig.allowedFunctionNames[0]",
    "the schema of the answer": "systemInstruction.parts[1].text",
    "what that requires": "systemInstruction.parts[1].text",
    "a limit": "generationConfig.maxOutputTokens",
    "temperature": "generationConfig.temperature",
    "top_p": "generationConfig.topP",
    "a stop sequence": "generationConfig.stopSequences[0]",
    "another stop sequence": "generationConfig.stopSequences[1]",
    "frequency_penalty": "generationConfig.frequencyPenalty",
    "presence_penalty": "generationConfig.presencePenalty",
    "seed": "generationConfig.seed",
    "logit_bias": DROPPED,
    "user": DROPPED,
    "one call at a time": DROPPED,
    "effort": "generationConfig.thinkingConfig.thinkingBudget",
    "verbosity": DROPPED,
    "metadata": DROPPED,
    "prompt_cache_key": DROPPED,
    "stream": PATH,
}
OPENAI: dict[str, Where] = IN_CHAT | {
    "the only text": "messages[0].content",
    "effort": "reasoning_effort",
    "metadata": "metadata.who",
    "stream": ("stream", "stream_options.include_usage"),
    "a call's type": "messages[2].tool_calls[0].type",
}
OLLAMA: dict[str, Where] = IN_CHAT | {
    "the only text": "messages[0].content",
    "a call's type": "messages[2].tool_calls[0]",
    "a call's name": ("messages[2].tool_calls[0].function.name", "messages[3].tool_name"),
    "a call's arguments": "messages[2].tool_calls[0].function.arguments.city",
    "a text's type": "messages[4].content",
    "a text": "messages[4].content",
    "an image's type": "messages[4].images[0]",
    "an image": "messages[4].images[0]",
    "an image's detail": DROPPED,
    "effort": UNSENT,
    "a strict tool": DROPPED,
    "the schema of the answer": "format.type",
    "what that requires": "format.required[0]",
    "a limit": "options.num_predict",
    "temperature": "options.temperature",
    "top_p": "options.top_p",
    "a stop sequence": "options.stop[0]",
    "another stop sequence": "options.stop[1]",
    "frequency_penalty": "options.frequency_penalty",
    "presence_penalty": "options.presence_penalty",
    "seed": "options.seed",
    "logit_bias": DROPPED,
    "user": DROPPED,
    "one call at a time": DROPPED,
    "verbosity": DROPPED,
    "metadata": DROPPED,
    "prompt_cache_key": DROPPED,
}
OPENAI_RESPONSES: dict[str, Where] = {
    "model": "model",
    "the system's role": "input[0].role",
    "the system's text": "input[0].content[0].text",
    "the only text": "input[0].content[0].text",
    "a user's role": "input[1].role",
    "a user's text": "input[1].content[0].text",
    "the assistant's role": "input[2].role",
    "the assistant's text": "input[2].content[0].text",
    "a call's id": "input[3].call_id",
    "a call's type": "input[3].type",
    "a call's name": "input[3].name",
    "a call's arguments": "input[3].arguments",
    "a result's kind": "input[4].type",
    "a result's call": "input[4].call_id",
    "a result's text": "input[4].output",
    "the role of a message of parts": "input[5].role",
    "a text's type": "input[5].content[0].type",
    "a text": "input[5].content[0].text",
    "an image's type": "input[5].content[1].type",
    "an image": "input[5].content[1].image_url",
    "an image's detail": "input[5].content[1].detail",
    **{name: IN_RESPONSES[name] for name in IN_RESPONSES if IN_RESPONSES[name].startswith(("tool", "text"))},
    "a limit": "max_output_tokens",
    "temperature": "temperature",
    "top_p": "top_p",
    "a stop sequence": UNSENT,
    "another stop sequence": UNSENT,
    "frequency_penalty": DROPPED,
    "presence_penalty": DROPPED,
    "seed": DROPPED,
    "logit_bias": DROPPED,
    "user": "user",
    "one call at a time": "parallel_tool_calls",
    "metadata": "metadata.who",
    "prompt_cache_key": "prompt_cache_key",
    "stream": "stream",
}
MEANT: dict[str, dict[str, Where]] = {
    "anthropic": ANTHROPIC,
    "vertex-anthropic": ANTHROPIC
    | {
        "model": PATH,
        "stream": ("stream", PATH),
        "an image": ("messages[2].content[2].source.data", "messages[2].content[2].source.media_type"),
    },
    "bedrock": BEDROCK,
    "gemini": GEMINI,
    "ollama": OLLAMA,
    "openai": OPENAI,
    "openai-responses": OPENAI_RESPONSES,
    "openai-completions": IN_COMPLETIONS | {"stream": ("stream", "stream_options.include_usage")},
}
"""Where a provider has what the names mean: a path, several, none that anybody could tell, or that it is dropped."""


def body_for(client: str, provider: str) -> dict[str, Any]:
    body = copy.deepcopy(BODIES[client])
    if provider == "ollama":
        body.pop("tool_choice", None)  # which it refuses
    return body


def links_of(client: str, provider: str, body: dict[str, Any]) -> provenance.Links:
    return provenance.request(body, client=client, provider=provider, model=MODELS[provider])


SPEAKER = {
    "anthropic": "messages[1].role",
    "vertex-anthropic": "messages[1].role",
    "bedrock": "messages[1].role",
    "gemini": "contents[1].role",
    "openai": "messages[2].role",
    "ollama": "messages[2].role",
}
"""Who makes a call, where the client's call is an item that has no role."""


TOLD_BACK = {("gemini", "a strict tool")}
"""What a response has of its request, although its provider got nothing of it."""


def expected(client: str, provider: str, name: str) -> set[str]:
    if (client, provider) == ("responses", "openai-responses"):
        return {IN_RESPONSES[name]}
    if (client, provider) == ("chat", "openai") and name != "stream":
        return {IN_CHAT[name]}
    where = MEANT[provider][name]
    if client == "responses" and (provider, name) in TOLD_BACK:
        return {UNSENT}
    if client == "responses" and name == "a call's type" and provider in ("bedrock", "gemini", "ollama"):
        return {SPEAKER[provider]}
    also = {SPEAKER[provider]} if client == "responses" and name == "a call's type" and provider in SPEAKER else set()
    return ({where} if isinstance(where, str) else set(where)) | also


def found(links: provenance.Links, source: str) -> set[str]:
    """What is said of a source, in the words of the table."""
    here = {said(link) for link in links.links if link.source == source} - {"unknown"}
    around = [source[:cut] for cut, sign in enumerate(source) if sign in ".["]
    dropped = any(link.source in around and link.rule == "dropped" for link in links.links)
    return here or ({DROPPED} if dropped else set())


def said(link: provenance.Link) -> str:
    return PATH if "path" in link.detail else link.target or link.rule


CASES = [
    pytest.param(client, provider, name, id=f"{client}-{provider}-{name}")
    for client, provider in convert.PAIRS
    for name in WRITTEN[client]
    if (provider, name) != ("ollama", "the tool to be called")
]


@pytest.fixture(scope="module")
def traced() -> dict[tuple[str, str], provenance.Links]:
    return {
        (client, provider): links_of(client, provider, body_for(client, provider)) for client, provider in convert.PAIRS
    }


@pytest.mark.parametrize(("client", "provider", "name"), CASES)
def test_a_field_goes_where_its_dialect_means_it_to(
    traced: dict[tuple[str, str], provenance.Links], client: str, provider: str, name: str
) -> None:
    links = traced[client, provider]
    assert found(links, WRITTEN[client][name]) == expected(client, provider, name)


def test_the_table_has_forty_fields_of_each_dialect_that_has_so_many() -> None:
    assert len(IN_CHAT) >= 40
    assert len(IN_RESPONSES) >= 40


def assert_holds(body: Any, links: provenance.Links) -> None:
    """No link leads to nowhere, and what is said to be the same is the same."""
    for link in links.links:
        source = MISSING if link.source is None else at(body, read(link.source))
        target = MISSING if link.target is None else at(links.output, read(link.target))
        assert link.source is None or source is not MISSING, link
        assert link.target is None or target is not MISSING, link
        if link.rule in ("copied", "moved", "renamed"):
            assert source == target, link
            assert type(source) is type(target), link


@pytest.mark.parametrize(("client", "provider"), convert.PAIRS)
@pytest.mark.parametrize("stream", [True, False], ids=["stream", "whole"])
def test_links_hold(client: str, provider: str, stream: bool) -> None:
    body = {**body_for(client, provider), "stream": stream}
    assert_holds(body, links_of(client, provider, body))


WORDS = st.text(alphabet=st.characters(codec="utf-8", exclude_categories=("Cs", "Cc")), max_size=12)
SAID = st.lists(st.tuples(st.sampled_from(["system", "user", "assistant"]), WORDS), min_size=1, max_size=6)
OPTIONS = st.fixed_dictionaries(
    {},
    optional={
        "temperature": st.sampled_from([0, 0.5, 1.0]),
        "top_p": st.sampled_from([0.25, 1]),
        "max_tokens": st.integers(1, 9000),
        "stop": st.lists(st.sampled_from(["a", "END", "b c"]), min_size=1, max_size=3, unique=True),
        "seed": st.integers(0, 3),
        "stream": st.booleans(),
        "reasoning_effort": st.sampled_from(["low", "high"]),
        "user": st.sampled_from(["u", "user-1"]),
    },
)


@given(said=SAID, options=OPTIONS, provider=st.sampled_from(PROVIDERS))
def test_links_of_any_request_hold(said: list[tuple[str, str]], options: dict[str, Any], provider: str) -> None:
    body = {"model": "m", "messages": [{"role": role, "content": text} for role, text in said], **options}
    try:
        links = links_of("chat", provider, body)
    except BadRequest:
        return
    assert_holds(body, links)
    assert body == {"model": "m", "messages": [{"role": role, "content": text} for role, text in said], **options}


def test_equal_texts_are_told_apart() -> None:
    turns = [{"role": role, "content": "yes"} for role in ("user", "assistant", "user")]
    links = links_of("chat", "anthropic", {"model": "m", "messages": turns, "max_tokens": 500})
    assert [found(links, f"messages[{n}].content") for n in range(3)] == [
        {f"messages[{n}].content[0].text"} for n in range(3)
    ]


def test_what_the_client_left_open_is_said_to_be_a_default() -> None:
    links = links_of("chat", "anthropic", {"model": "m", "messages": [{"role": "user", "content": "Hi"}]})
    (link,) = [link for link in links.links if link.target == "max_tokens"]
    assert (link.source, link.rule) == (None, "defaulted")
    assert link.note is not None
    assert links.notes[link.note].path == "max_tokens"


@pytest.mark.parametrize(
    ("sent", "source", "rule"),
    [
        pytest.param({}, None, "defaulted", id="left open"),
        pytest.param({"stream": False}, "stream", "computed", id="said otherwise"),
    ],
)
def test_a_switch_that_the_gateway_sets_has_the_note_that_says_why(
    sent: dict[str, Any], source: str | None, rule: str
) -> None:
    body = {"model": "m", "messages": [{"role": "user", "content": "Hi"}], **sent}
    found = provenance.request(body, client="chat", provider="anthropic", model="claude-sonnet-4-5")
    (link,) = [link for link in found.links if "stream" in (link.source, link.target)]
    assert (link.source, link.target, link.rule) == (source, "stream", rule)
    assert found.notes[link.note or 0].path == "stream"
    assert link.detail == found.notes[link.note or 0].detail


def test_joined_texts_are_both_origins_of_what_they_became() -> None:
    parts = [{"type": "text", "text": "One."}, {"type": "text", "text": "Two."}]
    links = links_of("chat", "ollama", {"model": "m", "messages": [{"role": "user", "content": parts}]})
    here = [link for link in links.links if link.target == "messages[0].content"]
    assert {(link.source, link.rule) for link in here} == {
        ("messages[0].content[0].text", "computed"),
        ("messages[0].content[1].text", "computed"),
        ("messages[0].content[0].type", "computed"),
        ("messages[0].content[1].type", "computed"),
    }


def test_a_body_with_what_looks_like_a_mark_is_not_marked() -> None:
    body = {"model": "m", "messages": [{"role": "user", "content": "Qj0000jQ"}], "max_tokens": 500}
    links = links_of("chat", "anthropic", body)
    assert found(links, "messages[0].content") == {"messages[0].content[0].text"}


LONG = "Long. " * 20_000
LARGE = [
    pytest.param({"role": "user", "content": LONG}, "messages[0].content", {"messages[0].content[0].text"}, id="text"),
    pytest.param(
        {"role": "user", "content": [{"type": "image_url", "image_url": {"url": PIXEL[:-8] + "AAAA" * 20_000}}]},
        "messages[0].content[0].image_url.url",
        {f"messages[0].content[0].source.{name}" for name in ("data", "media_type", "type")},
        id="image",
    ),
]


@pytest.mark.parametrize(("message", "source", "targets"), LARGE)
def test_what_is_long_is_traced_and_told_whole(message: dict[str, Any], source: str, targets: set[str]) -> None:
    body = {"model": "m", "messages": [message], "max_tokens": 500}
    links = links_of("chat", "anthropic", body)
    assert found(links, source) == targets
    assert links.output == convert.request(body, client="chat", provider="anthropic", model=MODELS["anthropic"]).body
    assert_holds(body, links)


def test_a_long_text_that_is_sent_otherwise_is_no_copy() -> None:
    """Where only what is beyond the part that is traced differs."""
    said = [{"type": "text", "text": LONG}, {"type": "text", "text": f"{LONG}."}]
    body = {"model": "m", "messages": [{"role": "user", "content": said}]}
    links = links_of("chat", "ollama", body)
    assert {link.rule for link in links.links if link.target == "messages[0].content"} == {"computed"}
    assert_holds(body, links)


def test_a_request_of_very_many_values_is_not_traced() -> None:
    body = {"model": "m", "messages": [{"role": "user", "content": "x"}] * 6_001, "max_tokens": 500}
    assert links_of("chat", "anthropic", body).links == ()


@pytest.mark.parametrize("provider", PROVIDERS)
def test_half_a_pair_is_traced_as_any_text(provider: str) -> None:
    """JSON can hold it as an escape, UTF-8 cannot."""
    body = {"model": "m", "messages": [{"role": "user", "content": [{"type": "text", "text": "a \ud83d"}]}]}
    found = provenance.request(body, client="chat", provider=provider, model="m")
    assert "messages[0].content[0].text" in {link.source for link in found.links}
