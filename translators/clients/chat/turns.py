"""Parses messages into turns, one for one. What comes in is a validated copy, and is popped empty."""

from typing import Any, Literal

from translators.clients.chat.pairing import Pairing
from translators.clients.chat.parts import cached, content
from translators.clients.shared.findings import Findings
from translators.clients.shared.parts import cache_of
from translators.conversation import (
    Foreign,
    Part,
    Reasoning,
    RedactedReasoning,
    Refusal,
    ToolCall,
    ToolResult,
    Turn,
)


def turns(messages: list[dict[str, Any]], findings: Findings) -> tuple[Turn, ...]:
    """Return the turns in `messages`: `[{"role": ..., "content": TEXT or [{"type": "text", ...}, ...], "tool_calls":
    [...]}, ...]`."""
    pairing = Pairing(findings)
    parsed = []
    for index, message in enumerate(messages):
        at = f"messages[{index}]"
        role = message.pop("role")
        if role not in ("tool", "function") and pairing.open:
            pairing.close()
        match role:
            case "assistant":
                turn = _assistant(message, at, pairing, findings)
            case "tool":
                turn = _result(message, at, pairing, findings)
            case "function":
                turn = _function_result(message, at, pairing, findings)
            case _:
                parts = content(message.pop("content"), at, findings)
                if message:
                    cached(parts, cache_of(message, at, findings), at, findings)
                turn = Turn(role, tuple(parts), message.pop("name", None), at)
        if message:
            findings.unknown(at, message)
        parsed.append(turn)
    pairing.close()
    return tuple(parsed)


def _result(message: dict[str, Any], at: str, pairing: Pairing, findings: Findings) -> Turn:
    id = message.pop("tool_call_id")
    pairing.answered(id, at)
    parts = content(message.pop("content"), at, findings)
    cache = cache_of(message, at, findings) if message else None
    result = ToolResult(id, tuple(parts), at=at, cache=cache)
    name = message.pop("name", None)  # the function's own, as some clients send it, adds nothing
    return Turn("tool", (result,), None if name == pairing.names.get(id) else name, at)


def _function_result(message: dict[str, Any], at: str, pairing: Pairing, findings: Findings) -> Turn:
    """Return a turn with the result. The `name` is the function's, not a participant's; it adds nothing where it is the
    name of the call."""
    call = pairing.answered_function(at)
    if message.pop("name") != (call.name if call else None):
        findings.note(f"{at}.name", "dropped", "The result is given to the last function_call, whose name is another.")
    parts = content(message.pop("content"), at, findings)
    cache = cache_of(message, at, findings)
    return Turn("tool", (ToolResult(call.id if call else "", tuple(parts), at=at, cache=cache),), None, at)


def _assistant(message: dict[str, Any], at: str, pairing: Pairing, findings: Findings) -> Turn:
    """Return a turn with reasoning first and calls last, as every provider wants them; a provider's own blocks in
    between."""
    # `content: ""` beside tool calls is the null of clients that have none.
    parts = content(message.pop("content", None) or None, at, findings)
    if not message:
        return Turn("assistant", tuple(parts), None, at)
    calls: list[Part] = [
        _call(call, f"{at}.tool_calls[{index}]", pairing, findings)
        for index, call in enumerate(message.pop("tool_calls", None) or ())
    ]
    if not message:
        return Turn("assistant", (*parts, *calls), None, at)
    if refusal := message.pop("refusal", None):
        parts.append(Refusal(refusal, f"{at}.refusal"))
    cache = cache_of(message, at, findings)
    if (legacy := message.pop("function_call", None)) is not None:
        if calls:
            findings.problem(f"{at}.function_call", "cannot stand beside tool_calls")
        calls.append(_function_call(legacy, f"{at}.function_call", pairing, findings))
    for image in message.get("images") or ():
        image.pop("index", None)
    parts += content(message.pop("images", None), at, findings, "images")
    cached(calls or parts, cache, at, findings)
    _unsendable(message, at, findings)
    before = _in_order(_reasoning(message, at, findings), _foreign(message, at, findings))
    return Turn("assistant", (*before, *parts, *calls), message.pop("name", None), at)


def _unsendable(message: dict[str, Any], at: str, findings: Findings) -> None:
    if message.pop("audio", None) is not None:
        sentence = "names spoken audio, which is kept nowhere here; send its transcript"
        findings.problem(f"{at}.audio", sentence, "unsupported_parameter")
    if message.pop("annotations", None):
        findings.unsent(f"{at}.annotations", "Citations of an earlier answer are not sent back to a provider.")


def _reasoning(message: dict[str, Any], at: str, findings: Findings) -> list[Part]:
    plain = None
    for name in ("reasoning_content", "reasoning"):
        text = message.pop(name, None)
        if text and plain is None:
            plain = Reasoning(text, at=f"{at}.{name}")
        elif text and plain is not None and text != plain.text:
            findings.note(f"{at}.{name}", "dropped", "reasoning_content beside it says something else.")
    blocks: list[Part] = []
    for index, block in enumerate(message.pop("thinking_blocks", None) or ()):
        blocks.append(_thinking(block, f"{at}.thinking_blocks[{index}]", findings))
    if plain is None or not blocks:
        return blocks if plain is None else [plain]
    if plain.text != "".join(block.text for block in blocks if isinstance(block, Reasoning)):
        findings.unsent(plain.at, "thinking_blocks beside it are sent instead.")
    return blocks


def _thinking(block: dict[str, Any], at: str, findings: Findings) -> Part:
    kind, issuer = block.pop("type"), block.pop("issuer", None)
    block.pop("index", None)
    if kind == "thinking":
        part: Part = Reasoning(block.pop("thinking"), block.pop("signature", None) or None, issuer, at)
    else:
        part = RedactedReasoning(block.pop("data"), issuer, at)
    findings.unknown(at, block)
    return part


def _in_order(thoughts: list[Part], blocks: list[tuple[int | None, Part]]) -> list[Part]:
    """Return thoughts and blocks in order. A block says after how many of the thoughts it came; it was after all of
    them where it does not."""
    after: dict[int, list[Part]] = {}
    for count, block in blocks:
        after.setdefault(len(thoughts) if count is None else min(count, len(thoughts)), []).append(block)
    ordered = after.get(0, [])
    for place, thought in enumerate(thoughts, 1):
        ordered += [thought, *after.get(place, ())]
    return ordered


def _foreign(message: dict[str, Any], at: str, findings: Findings) -> list[tuple[int | None, Part]]:
    blocks: list[tuple[int | None, Part]] = []
    for index, block in enumerate(message.pop("provider_content", None) or ()):
        block.pop("index", None)
        path = f"{at}.provider_content[{index}]"
        blocks.append((block.pop("after", None), Foreign(block.pop("dialect"), block.pop("block"), path)))
        findings.unknown(path, block)
    return blocks


def _call(call: dict[str, Any], at: str, pairing: Pairing, findings: Findings) -> ToolCall:
    id = call.pop("id")
    kind: Literal["function", "custom"] = call.pop("type", None) or "function"
    inner = call.pop(kind)
    name, arguments = inner.pop("name"), inner.pop("input" if kind == "custom" else "arguments")
    pairing.called(id, name, at)
    if inner:
        findings.unknown(f"{at}.{kind}", inner)
    signature = issuer = cache = None
    if call:
        call.pop("index", None)
        cache = cache_of(call, at, findings)
        signature, issuer = _signature(call.pop("extra_content", None) or {}, f"{at}.extra_content", findings)
        findings.unknown(at, call)
    return ToolCall(id, name, arguments, kind, at, signature, issuer, cache)


def _signature(extra: dict[str, Any], at: str, findings: Findings) -> tuple[str | None, str | None]:
    """Return the signature in `{"google": {"thought_signature": ...}}`, and its issuer. Without one it can only be a
    Gemini."""
    google = extra.pop("google", None) or {}
    signature, issuer = google.pop("thought_signature", None), google.pop("issuer", None)
    findings.unknown(f"{at}.google", google)
    findings.unknown(at, extra)
    return signature or None, issuer


def _function_call(call: dict[str, Any], at: str, pairing: Pairing, findings: Findings) -> ToolCall:
    name = call.pop("name")
    parsed = ToolCall(pairing.called_function(name, at), name, call.pop("arguments"), at=at)
    findings.unknown(at, call)
    return parsed
