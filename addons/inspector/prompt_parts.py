"""The parts of a request, whatever its dialect: what is in it, where it stands, in the order in which a model reads it.

That order is the one by which providers cache: tools, instructions, messages.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any, Literal

from addons.inspector.reading import compact, name_in, objects, text_in, within
from translators.values import immutable

Kind = Literal["tool", "system", "text", "call", "result", "image", "reasoning", "other"]


@immutable
class Part:
    """One part. `path` is as in notes (`messages[0].content[1]`); `text` is its text, a call's arguments or the content
    of a result; `message` is the place of its message, None for tools and instructions."""

    path: str
    kind: Kind
    value: Any
    role: str = ""
    message: int | None = None
    text: str = ""
    id: str | None = None
    name: str | None = None
    signature: str | None = None
    issuer: str | None = None


Parts = Iterator[Part]


def prompt_parts(family: str, body: Any) -> list[Part]:
    """Return the parts of a request in a dialect. A body of another shape has none."""
    reader = _READERS.get(family)
    return list(reader(body)) if reader is not None and isinstance(body, Mapping) else []


def _tools(body: Mapping[str, Any], path: str = "tools") -> Parts:
    for at, tool in objects(within(body, *path.split("."))):
        declared = tool.get("functionDeclarations")
        if isinstance(declared, list):
            for place, each in objects(declared):
                where = f"{path}[{at}].functionDeclarations[{place}]"
                yield Part(where, "tool", each, name=name_in(each.get("name")))
            continue
        spec = tool.get("function") or tool.get("toolSpec") or tool
        yield Part(f"{path}[{at}]", "tool", tool, name=name_in(within(spec, "name") or tool.get("type")))


def _system(value: Any, path: str) -> Parts:
    if isinstance(value, str):
        yield Part(path, "system", value, "system", text=value)
    for at, each in objects(value):
        yield Part(f"{path}[{at}]", "system", each, "system", text=text_in(each.get("text")))


def _messages(body: Mapping[str, Any], field: str, reader: Callable[[Mapping[str, Any], str], Parts]) -> Parts:
    for at, message in objects(body.get(field)):
        role = text_in(message.get("role"))
        system = role in ("system", "developer")
        for part in reader(message, f"{field}[{at}]"):
            kind: Kind = "system" if system and part.kind == "text" else part.kind
            yield replace(part, kind=kind, role=part.role or role, message=at)


# --- OpenAI's dialects and Ollama's ---------------------------------------------------------------


def _chat(body: Mapping[str, Any]) -> Parts:
    yield from _tools(body)
    yield from _messages(body, "messages", _chat_message)


def _chat_message(message: Mapping[str, Any], path: str) -> Parts:
    for name in ("reasoning_content", "reasoning", "thinking"):
        if isinstance(message.get(name), str):
            yield Part(f"{path}.{name}", "reasoning", message[name], text=message[name])
    for at, block in objects(message.get("thinking_blocks")):
        yield _thinking(block, f"{path}.thinking_blocks[{at}]")
    if message.get("role") in ("tool", "function"):
        content, tool = message.get("content"), name_in(message.get("name") or message.get("tool_name"))
        id = name_in(message.get("tool_call_id"))
        yield Part(f"{path}.content", "result", content, text=compact(content), id=id, name=tool)
    else:
        yield from _content(message.get("content"), f"{path}.content")
    images = message.get("images")
    for at, image in enumerate(images if isinstance(images, list) else ()):
        yield Part(f"{path}.images[{at}]", "image", image)
    for at, call in objects(message.get("tool_calls")):
        yield _chat_call(call, f"{path}.tool_calls[{at}]")


def _chat_call(call: Mapping[str, Any], path: str) -> Part:
    asked = call.get("function") or call.get("custom") or {}
    arguments = within(asked, "arguments") if "custom" not in call else within(asked, "input")
    google = within(call, "extra_content", "google")
    return Part(
        path,
        "call",
        call,
        text=compact(arguments) if arguments is not None else "",
        id=name_in(call.get("id")),
        name=name_in(within(asked, "name")),
        signature=name_in(within(google, "thought_signature")),
        issuer=name_in(within(google, "issuer")),
    )


def _content(content: Any, path: str) -> Parts:
    if isinstance(content, str):
        yield Part(path, "text", content, text=content)
    for at, block in objects(content):
        yield _content_block(block, f"{path}[{at}]")


def _content_block(block: Mapping[str, Any], path: str) -> Part:
    kind = text_in(block.get("type"))
    if kind in ("text", "input_text", "output_text", "refusal"):
        return Part(path, "text", block, text=text_in(block.get("text") or block.get("refusal")))
    if "image" in kind:
        return Part(path, "image", block)
    return Part(path, "other", block, name=kind or None)


def _completions(body: Mapping[str, Any]) -> Parts:
    prompt = body.get("prompt")
    texts = prompt if isinstance(prompt, list) else [prompt]
    for at, text in enumerate(texts):
        path = f"prompt[{at}]" if isinstance(prompt, list) else "prompt"
        if isinstance(text, str):
            yield Part(path, "text", text, "user", at, text)


def _responses(body: Mapping[str, Any]) -> Parts:
    yield from _tools(body)
    yield from _system(body.get("instructions"), "instructions")
    if isinstance(body.get("input"), str):
        yield Part("input", "text", body["input"], "user", 0, body["input"])
    yield from _messages(body, "input", _item)


def _item(item: Mapping[str, Any], path: str) -> Parts:
    kind = text_in(item.get("type"))
    id = name_in(item.get("call_id"))
    if kind.endswith("_call_output"):
        output = item.get("output")
        yield Part(f"{path}.output", "result", output, "tool", text=compact(output), id=id)
    elif kind in ("function_call", "custom_tool_call"):
        text = text_in(item.get("arguments", item.get("input")))
        yield Part(path, "call", item, "assistant", text=text, id=id, name=name_in(item.get("name")))
    elif kind == "reasoning":
        summary = "\n".join(text_in(each.get("text")) for _, each in objects(item.get("summary")))
        signature = name_in(item.get("encrypted_content"))
        yield Part(path, "reasoning", item, "assistant", text=summary, signature=signature)
    elif kind in ("message", ""):
        yield from _content(item.get("content"), f"{path}.content")
    else:
        yield Part(path, "other", item, "assistant", name=kind, id=id)


# --- Anthropic, Bedrock, Gemini -------------------------------------------------------------------


def _anthropic(body: Mapping[str, Any]) -> Parts:
    yield from _tools(body)
    yield from _system(body.get("system"), "system")
    yield from _messages(body, "messages", _claude_message)


def _claude_message(message: Mapping[str, Any], path: str) -> Parts:
    content = message.get("content")
    if isinstance(content, str):
        yield Part(f"{path}.content", "text", content, text=content)
    for at, block in objects(content):
        yield _claude_block(block, f"{path}.content[{at}]")


def _claude_block(block: Mapping[str, Any], path: str) -> Part:
    kind = text_in(block.get("type"))
    if kind in ("tool_use", "server_tool_use"):
        text, id, name = compact(block.get("input")), name_in(block.get("id")), name_in(block.get("name"))
        return Part(path, "call" if kind == "tool_use" else "other", block, text=text, id=id, name=name)
    if kind == "tool_result":
        id, content = name_in(block.get("tool_use_id")), block.get("content")
        return Part(path, "result", block, text=compact(content), id=id)
    if kind in ("thinking", "redacted_thinking"):
        return _thinking(block, path)
    return _content_block(block, path)


def _thinking(block: Mapping[str, Any], path: str) -> Part:
    signature = name_in(block.get("signature") or block.get("data"))
    text, issuer = text_in(block.get("thinking")), name_in(block.get("issuer"))
    return Part(path, "reasoning", block, text=text, signature=signature, issuer=issuer)


def _bedrock(body: Mapping[str, Any]) -> Parts:
    yield from _tools(body, "toolConfig.tools")
    yield from _system(body.get("system"), "system")
    yield from _messages(body, "messages", _converse_message)


def _converse_message(message: Mapping[str, Any], path: str) -> Parts:
    for at, block in objects(message.get("content")):
        yield _converse_block(block, f"{path}.content[{at}]")


def _converse_block(block: Mapping[str, Any], path: str) -> Part:
    if isinstance(call := block.get("toolUse"), Mapping):
        text, id, name = compact(call.get("input")), name_in(call.get("toolUseId")), name_in(call.get("name"))
        return Part(path, "call", block, text=text, id=id, name=name)
    if isinstance(result := block.get("toolResult"), Mapping):
        return Part(path, "result", block, text=compact(result.get("content")), id=name_in(result.get("toolUseId")))
    if isinstance(thought := block.get("reasoningContent"), Mapping):
        text = text_in(within(thought, "reasoningText", "text"))
        signature = name_in(within(thought, "reasoningText", "signature") or thought.get("redactedContent"))
        return Part(path, "reasoning", block, text=text, signature=signature)
    if "text" in block:
        return Part(path, "text", block, text=text_in(block["text"]))
    kind = next(iter(block), None)
    return Part(path, "image" if kind == "image" else "other", block, name=kind)


def _gemini(body: Mapping[str, Any]) -> Parts:
    yield from _tools(body)
    instruction = "systemInstruction" if "systemInstruction" in body else "system_instruction"
    yield from _system(within(body.get(instruction), "parts"), f"{instruction}.parts")
    yield from _messages(body, "contents", _gemini_message)


def _gemini_message(message: Mapping[str, Any], path: str) -> Parts:
    for at, part in objects(message.get("parts")):
        yield _gemini_part(part, f"{path}.parts[{at}]")


def _gemini_part(part: Mapping[str, Any], path: str) -> Part:
    signature = name_in(part.get("thoughtSignature"))
    if isinstance(call := part.get("functionCall"), Mapping):
        id, name, text = name_in(call.get("id")), name_in(call.get("name")), compact(call.get("args") or {})
        return Part(path, "call", part, text=text, id=id, name=name, signature=signature)
    if isinstance(result := part.get("functionResponse"), Mapping):
        id, name = name_in(result.get("id")), name_in(result.get("name"))
        return Part(path, "result", part, text=compact(result.get("response")), id=id, name=name)
    if "text" in part:
        kind: Kind = "reasoning" if part.get("thought") else "text"
        return Part(path, kind, part, text=text_in(part["text"]), signature=signature)
    media = text_in(within(part.get("inlineData") or part.get("fileData"), "mimeType"))
    return Part(path, "image" if media.startswith("image/") else "other", part, name=media or None)


_READERS: Mapping[str, Callable[[Mapping[str, Any]], Parts]] = {
    "chat": _chat,
    "completions": _completions,
    "responses": _responses,
    "anthropic": _anthropic,
    "bedrock": _bedrock,
    "gemini": _gemini,
    "ollama": _chat,
}
FAMILIES = tuple(_READERS)
"""The dialects whose requests can be read."""
