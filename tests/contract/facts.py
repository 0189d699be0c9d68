"""What an answer says in a provider's recording, read by its references and none of the gateway's code."""

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from unittest.mock import ANY

FIXTURES = Path(__file__).resolve().parents[1] / "fixtures"
Payload = dict[str, Any]
Usage = tuple[int, int, int, int] | None
"""Tokens in and out, those of the input that were cached, and those of the output that are reasoning."""


@dataclass
class Choice:
    text: str = ""
    refusal: str = ""
    calls: list[tuple[Any, str, Any]] = field(default_factory=list)
    """Ids, names, and arguments as values; as text where they are none, or not JSON."""
    finish: str = ""
    reasoning: str = ""
    citations: list[tuple[str, str, Any]] = field(default_factory=list)
    """Addresses, titles, and the text that each is of."""
    images: list[str] = field(default_factory=list)
    """Base64."""


Facts = tuple[list[Choice], Usage]


_FINISHES = {
    "stop": "stop stop_sequence end_turn eos completed",
    "length": "length max_tokens max_output_tokens model_context_window_exceeded",
    "tool_calls": "tool_calls tool_use function_call",
    "content_filter": "content_filter content_filtered guardrail_intervened refusal safety prohibited_content",
}
FINISHES = {native: reason for reason, words in _FINISHES.items() for native in words.split()}


def recorded(name: str) -> list[Payload]:
    """The payloads of the recording at `tests/fixtures/NAME`. Those of Amazon's binary frames stand beside them."""
    path = FIXTURES / name
    path = path.with_suffix(".jsonl") if path.suffix == ".eventstream" else path
    lines = [line.removeprefix("data:").strip() for line in path.read_text("utf-8").splitlines()]
    return [json.loads(line) for line in lines if line.startswith("{")]


def recorded_facts(provider: str, payloads: Iterable[Payload]) -> Facts:
    choices, usage = READERS[provider](payloads)
    for choice in choices:
        choice.finish = FINISHES.get(choice.finish.lower(), "stop")
        if choice.calls and choice.finish == "stop":
            choice.finish = "tool_calls"
        if choice.finish == "content_filter" and not (choice.text or choice.refusal):
            choice.refusal = ANY  # in words of the gateway's, for there are no others
    return choices, usage


def _of_anthropic(events: Iterable[Payload]) -> Facts:
    choice = Choice()
    counts: dict[str, int] = {}
    blocks = Blocks()
    for event in events:
        usage = event.get("usage") or event.get("message", {}).get("usage") or {}
        counts |= {name: count for name, count in usage.items() if type(count) is int}
        counts["thinking"] = (usage.get("output_tokens_details") or {}).get(
            "thinking_tokens", counts.get("thinking", 0)
        )
        match event:
            case {"index": index, "content_block": {"type": "text", "text": text}}:
                blocks.text(index, text)
            case {"index": index, "delta": {"type": "text_delta", "text": text}}:
                blocks.text(index, text)
            case {"content_block": {"type": "thinking", "thinking": text}} | {"delta": {"thinking": text}}:
                choice.reasoning += text
            case {"index": index, "delta": {"citation": {"url": url, "title": title}}}:
                blocks.cited.append((index, url, title))
            case {"index": index, "content_block": {"type": "tool_use", "id": id, "name": name}}:
                blocks.calls[index] = [id, name, ""]
            case {"index": index, "delta": {"type": "input_json_delta", "partial_json": text}}:
                blocks.input(index, text)
            case {"type": "message_delta", "delta": {"stop_reason": reason} as delta}:
                choice.finish = reason
                choice.refusal = (delta.get("stop_details") or {}).get("explanation", "")
    blocks.put_into(choice)
    names = ("input_tokens", "cache_read_input_tokens", "cache_creation_input_tokens")
    given = sum(counts.get(name, 0) for name in names)
    return [choice], (given, counts["output_tokens"], counts.get("cache_read_input_tokens", 0), counts["thinking"])


@dataclass
class Blocks:
    """The parts of an answer by their index. A citation is of the whole text of its block."""

    texts: dict[int, str] = field(default_factory=dict)
    calls: dict[int, list[str]] = field(default_factory=dict)
    cited: list[tuple[int, str, str | None]] = field(default_factory=list)

    def text(self, index: int, text: str) -> None:
        self.texts[index] = self.texts.get(index, "") + text

    def input(self, index: int, text: str) -> None:
        if index in self.calls:  # a server's tools are not shown
            self.calls[index][2] += text

    def put_into(self, choice: Choice) -> None:
        choice.text = "".join(self.texts.values())
        choice.calls = [(id or ANY, name, value_of(text or "{}")) for id, name, text in self.calls.values()]
        choice.citations = [(url, title or "", self.texts[index]) for index, url, title in self.cited]


def _of_bedrock(events: Iterable[Payload]) -> Facts:
    choice, usage, blocks = Choice(), None, Blocks()
    for event in events:
        match event:
            case {"contentBlockStart": {"start": {"toolUse": {"type": "server_tool_use"}}}}:
                pass
            case {"contentBlockStart": {"contentBlockIndex": index, "start": {"toolUse": {**call}}}}:
                blocks.calls[index] = [call["toolUseId"], call["name"], ""]
            case {"contentBlockDelta": {"contentBlockIndex": index, "delta": {"text": text}}}:
                blocks.text(index, text)
            case {"contentBlockDelta": {"contentBlockIndex": index, "delta": {"toolUse": {"input": text}}}}:
                blocks.input(index, text)
            case {"contentBlockDelta": {"delta": {"reasoningContent": {"text": text}}}}:
                choice.reasoning += text
            case {"contentBlockDelta": {"contentBlockIndex": index, "delta": {"citation": {**cited}}}}:
                if (web := cited["location"].get("web")) is not None:
                    blocks.cited.append((index, web["url"], cited.get("title")))
            case {"contentBlockDelta": {"delta": {"image": {"source": {"bytes": data}}}}}:
                choice.images.append(data)
            case {"messageStop": {"stopReason": reason}}:
                choice.finish = reason
            case {"metadata": {"usage": counts}}:
                names = ("inputTokens", "cacheReadInputTokens", "cacheWriteInputTokens")
                given = sum(counts.get(name, 0) for name in names)
                usage = given, counts["outputTokens"], counts.get("cacheReadInputTokens", 0), 0
    blocks.put_into(choice)
    choice.images = ["".join(choice.images)] if choice.images else []
    return [choice], usage


def _of_gemini(answers: Iterable[Payload]) -> Facts:
    choice = Choice()
    counts: Payload = {}
    for answer in answers:
        counts = answer.get("usageMetadata") or counts
        choice.finish = answer.get("promptFeedback", {}).get("blockReason", choice.finish)
        for candidate in answer.get("candidates", ()):
            choice.finish = candidate.get("finishReason", choice.finish)
            choice.refusal += candidate.get("finishMessage", "")
            for part in candidate.get("content", {}).get("parts", ()):
                _of_part(part, choice)
            grounding = candidate.get("groundingMetadata", {})
            for support in grounding.get("groundingSupports", ()):
                sources = [grounding["groundingChunks"][index]["web"] for index in support["groundingChunkIndices"]]
                choice.citations += [(web["uri"], web["title"], support["segment"]["text"]) for web in sources]
    thoughts = counts.get("thoughtsTokenCount", 0)
    given = counts["promptTokenCount"] + counts.get("toolUsePromptTokenCount", 0)
    cached = counts.get("cachedContentTokenCount", 0)
    return [choice], (given, counts.get("candidatesTokenCount", 0) + thoughts, cached, thoughts)


def _of_part(part: Payload, choice: Choice) -> None:
    match part:
        case {"functionCall": {"name": name, **call}}:
            choice.calls.append((call.get("id", ANY), name, call.get("args", {})))
        case {"inlineData": {"mimeType": str(kind), "data": data}} if kind.startswith("image/"):
            choice.images.append(data)
        case {"thought": True, "text": text}:
            choice.reasoning += text
        case {"text": text}:
            choice.text += text


def _of_ollama(lines: Iterable[Payload]) -> Facts:
    choice, usage = Choice(), None
    for line in lines:
        message = line["message"]
        choice.text += message.get("content") or ""
        choice.reasoning += message.get("thinking") or ""
        for call in message.get("tool_calls", ()):
            if name := call["function"]["name"]:
                choice.calls.append((call.get("id") or ANY, name, value_of(call["function"]["arguments"]) or {}))
        choice.finish = line.get("done_reason", choice.finish)
        if line["done"]:
            usage = line.get("prompt_eval_count", 0), line.get("eval_count", 0), 0, 0
    return [choice], usage


def _of_chat(chunks: Iterable[Payload]) -> Facts:
    choices: dict[int, Choice] = {}
    calls: dict[tuple[int, Any], list[Any]] = {}
    cited: list[tuple[int, Payload]] = []
    usage: Usage = None
    for chunk in chunks:
        usage = usage_of(chunk.get("usage") or chunk.get("x_groq", {}).get("usage")) or usage
        for piece in chunk.get("choices", ()):
            usage = usage_of(piece.get("usage")) or usage
            choice = choices.setdefault(piece["index"], Choice())
            delta = piece["delta"]
            choice.text += delta.get("content") if isinstance(delta.get("content"), str) else ""
            choice.reasoning += delta.get("reasoning_content") or delta.get("reasoning") or _thinking(delta)
            choice.refusal += delta.get("refusal") or ""
            choice.images += [image_data(image) for image in delta.get("images") or ()]
            cited += [(piece["index"], each["url_citation"]) for each in delta.get("annotations") or ()]
            choice.finish = piece.get("finish_reason") or choice.finish
            legacy = [{"function": delta["function_call"]}] if "function_call" in delta else []
            for call in delta.get("tool_calls") or legacy:
                known = calls.setdefault((piece["index"], call.get("index", call.get("id"))), [ANY, "", ""])
                known[0] = call.get("id", ANY) if known[0] is ANY else known[0]
                known[1] = call["function"].get("name") or known[1]
                known[2] += call["function"].get("arguments") or ""
    for (index, _), (id, name, arguments) in calls.items():
        choices[index].calls.append((id, name, value_of(arguments or "{}")))
    for index, citation in cited:
        choices[index].citations.append(citation_of(citation, choices[index].text))
    return [choices[index] for index in sorted(choices)], usage


def _thinking(delta: Payload) -> str:
    """Mistral's parts of content."""
    parts = delta["content"] if isinstance(delta.get("content"), list) else []
    return "".join(inner["text"] for part in parts if part["type"] == "thinking" for inner in part["thinking"])


def citation_of(citation: Any, text: str) -> tuple[str, str, str]:
    return citation["url"], citation["title"], text[citation["start_index"] : citation["end_index"]]


def _of_completions(chunks: Iterable[Payload]) -> Facts:
    choices: dict[int, Choice] = {}
    usage: Usage = None
    for chunk in chunks:
        usage = usage_of(chunk.get("usage")) or usage
        for piece in chunk["choices"]:
            choice = choices.setdefault(piece["index"], Choice())
            choice.text += piece["text"]
            choice.finish = piece.get("finish_reason") or choice.finish
    return [choices[index] for index in sorted(choices)], usage


def _of_responses(events: Iterable[Payload]) -> Facts:
    [last] = [event["response"] for event in events if event["type"] in ("response.completed", "response.incomplete")]
    items = last["output"] or [event["item"] for event in events if event["type"] == "response.output_item.done"]
    choice = Choice()
    for item in items:
        match item:
            case {"type": "message", "content": parts}:
                for part in parts:
                    choice.text += part.get("text", "")
                    choice.refusal += part.get("refusal", "")
                    cited = [each for each in part.get("annotations") or () if each["type"] == "url_citation"]
                    choice.citations += [citation_of(each, part["text"]) for each in cited]
            case {"type": "reasoning"}:
                parts = item.get("summary") or item.get("content") or ()
                choice.reasoning += "\n\n".join(part["text"] for part in parts)
            case {"type": "function_call", "call_id": id, "name": name, "arguments": arguments}:
                choice.calls.append((id, name, value_of(arguments or "{}")))
            case {"type": "custom_tool_call", "call_id": id, "name": name, "input": text}:
                choice.calls.append((id, name, text))
            case {"type": "image_generation_call", "result": str(data)}:
                choice.images.append(data)
    choice.finish = (last["incomplete_details"] or {}).get("reason", last["status"])
    return [choice], usage_of(last["usage"])


def usage_of(counts: Payload | None) -> Usage:
    if counts is None:
        return None
    given, made = ("prompt", "completion") if "prompt_tokens" in counts else ("input", "output")
    details = counts.get(f"{given}_tokens_details") or counts  # Moonshot's stand beside the others
    cached = details.get("cached_tokens") or 0
    reasoning = (counts.get(f"{made}_tokens_details") or {}).get("reasoning_tokens") or 0
    return counts[f"{given}_tokens"], counts[f"{made}_tokens"], cached, reasoning


def value_of(text: Any) -> Any:
    try:
        return json.loads(text) if isinstance(text, str) else text
    except ValueError:
        return text


def image_data(image: Payload) -> str:
    assert image["type"] == "image_url"
    head, _, data = image["image_url"]["url"].partition("base64,")
    assert head.startswith("data:image/")
    return str(data)


READERS = {
    "anthropic": _of_anthropic,
    "bedrock": _of_bedrock,
    "gemini": _of_gemini,
    "ollama": _of_ollama,
    "openai": _of_chat,
    "openai-completions": _of_completions,
    "openai-responses": _of_responses,
}
