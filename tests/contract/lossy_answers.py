"""An answer of each provider dialect, whole and as its stream, with what clients of other dialects have no place for.
Each such value exists once."""

import copy
from collections.abc import Callable
from typing import Any

from tests.contract.canary_answers import STREAMS, WHOLE

Json = dict[str, Any]

LOST: dict[str, dict[Any, str | None]] = {
    "anthropic": {
        "cited-sloe": "citations.char_location",
        "titled-yew": "citations.char_location",
        "beam-rowan": "content.hologram",
        "geo-plum": None,
        7121: None,
    },
    "bedrock": {
        "titled-yew": "citations.documentPage",
        "beam-rowan": "content.hologram",
        9192: None,
        "trace-plum": None,
    },
    "gemini": {
        "chips-sloe": "candidates.groundingMetadata.searchEntryPoint",
        "beam-rowan": "parts.shinyNewPart",
        "new-yew": "response.brandNew",
        "HARM-plum": None,
    },
    "ollama": {"mood-sloe": "mood", "beam-rowan": "message.hologram", 987654321: None, 7121: None},
    "openai": {"new-yew": "brand_new", "beam-rowan": "choices.hologram", "titled-yew": "delta.annotations"},
    "openai-responses": {
        "titled-yew": "annotations.file_citation",
        "beam-rowan": "content.output_hologram",
        "mod-sloe": "moderation",
        "user-plum": None,
    },
    "openai-completions": {"new-yew": None},
}
LOST["vertex-anthropic"] = LOST["anthropic"]
"""The paths of the notes that each value has; None: there is none, since nobody misses it."""


def lossy(provider: str) -> tuple[Json, list[Any]]:
    """Return the whole answer and the events of its stream."""
    whole, events = copy.deepcopy(WHOLE[provider]), copy.deepcopy(STREAMS[provider])
    _ADDING["anthropic" if provider == "vertex-anthropic" else provider](whole, events)
    return whole, events


def _anthropic(whole: Json, events: list[Any]) -> None:
    cited = {"type": "char_location", "cited_text": "cited-sloe", "document_title": "titled-yew"}
    hologram = {"type": "hologram", "data": "beam-rowan"}
    usage = {"inference_geo": "geo-plum", "cache_creation": {"ephemeral_1h_input_tokens": 7121}}
    whole["content"][1]["citations"] = [cited]
    whole["content"].append(hologram)
    whole["usage"] |= usage
    text_ends = events.index({"type": "content_block_stop", "index": 1})
    delta = {"type": "citations_delta", "citation": cited}
    events.insert(text_ends, {"type": "content_block_delta", "index": 1, "delta": delta})
    events[-2:-2] = [
        {"type": "content_block_start", "index": 4, "content_block": hologram},
        {"type": "content_block_stop", "index": 4},
    ]
    events[0]["message"]["usage"] |= usage


def _bedrock(whole: Json, events: list[Any]) -> None:
    cited = {"title": "titled-yew", "location": {"documentPage": {"documentIndex": 0}}}
    content = whole["output"]["message"]["content"]
    content[1] = {"citationsContent": {"content": [content[1]], "citations": [cited]}}
    content.append({"hologram": {"data": "beam-rowan"}})
    whole["trace"] = {"promptRouter": {"invokedModelId": "trace-plum"}}
    text_ends = events.index({"contentBlockStop": {"contentBlockIndex": 1}})
    events.insert(text_ends, {"contentBlockDelta": {"contentBlockIndex": 1, "delta": {"citation": cited}}})
    start = {"contentBlockIndex": 4, "start": {"hologram": {"data": "beam-rowan"}}}
    events[-2:-2] = [{"contentBlockStart": start}, {"contentBlockStop": {"contentBlockIndex": 4}}]
    events[-1]["metadata"]["trace"] = whole["trace"]


def _gemini(whole: Json, events: list[Any]) -> None:
    part = {"shinyNewPart": {"data": "beam-rowan"}}
    more = {
        "safetyRatings": [{"category": "HARM-plum", "probability": "LOW"}],
        "groundingMetadata": {"searchEntryPoint": {"renderedContent": "chips-sloe"}},
    }
    whole["candidates"][0] |= more
    whole["candidates"][0]["content"]["parts"].append(part)
    whole["brandNew"] = "new-yew"
    events[-1]["candidates"][0] |= more
    events[-1]["candidates"][0]["content"]["parts"].append(part)
    events[-1]["brandNew"] = "new-yew"


def _ollama(whole: Json, events: list[Any]) -> None:
    for each in (whole, events[-1]):
        each |= {"load_duration": 7121, "mood": "mood-sloe"}
        each["message"]["hologram"] = "beam-rowan"


def _openai(whole: Json, events: list[Any]) -> None:
    cited = [{"type": "file", "file": "titled-yew"}]
    whole["brand_new"] = events[-3]["brand_new"] = "new-yew"
    whole["choices"][0]["hologram"] = events[-3]["choices"][0]["hologram"] = "beam-rowan"
    whole["choices"][0]["message"]["annotations"] = events[-3]["choices"][0]["delta"]["annotations"] = cited


def _completions(whole: Json, events: list[Any]) -> None:
    whole["brand_new"] = events[0]["brand_new"] = "new-yew"


def _responses(whole: Json, events: list[Any]) -> None:
    cited = {"type": "file_citation", "filename": "titled-yew"}
    hologram = {"type": "output_hologram", "data": "beam-rowan"}
    for response in (whole, events[-1]["response"]):
        response |= {"moderation": {"model": "mod-sloe"}}
    for response in (whole, events[0]["response"]):
        response["safety_identifier"] = "user-plum"
    done = next(
        event for event in events if event["type"] == "response.output_item.done" and event["output_index"] == 1
    )
    for message in (whole["output"][1], events[-1]["response"]["output"][1], done["item"]):
        message["content"] = [{**message["content"][0], "annotations": [cited]}, hologram]
    place = {"item_id": "msg_fig", "output_index": 1, "content_index": 0}
    text_ends = next(at for at, event in enumerate(events) if event["type"] == "response.output_text.done")
    added = {"type": "response.output_text.annotation.added", **place, "annotation_index": 0, "annotation": cited}
    events.insert(text_ends, added)


_ADDING: dict[str, Callable[[Json, list[Any]], None]] = {
    "anthropic": _anthropic,
    "bedrock": _bedrock,
    "gemini": _gemini,
    "ollama": _ollama,
    "openai": _openai,
    "openai-completions": _completions,
    "openai-responses": _responses,
}
