"""Recorded-looking streams, and how to compare their events."""

import json
from collections.abc import Iterable
from itertools import groupby
from pathlib import Path
from typing import Any

from translators.dialects import Recall
from translators.events import (
    Event,
    Noted,
    ReasoningDelta,
    RefusalDelta,
    Started,
    TextDelta,
    ToolCallDelta,
)
from translators.framing.sse import SseReader
from translators.providers import anthropic as dialect

STREAMS = Path(__file__).parents[3] / "fixtures" / "anthropic"
MODEL = "claude-sonnet-4-5"
ISSUER = f"anthropic:{MODEL}"
COMPLETE = (
    "text",
    "parallel_tools_after_thinking",
    "web_search_with_citations",
    "refusal",
    "redacted_and_cut_call",
    "llama_cpp_without_message_start",
    "odd_but_readable",
)
STARTED = Started("msg_01Fixture", "claude-sonnet-4-5-20250929")


def recorded(name: str) -> bytes:
    return (STREAMS / f"{name}.sse").read_bytes()


def payloads(name: str) -> list[Any]:
    return [json.loads(event.data) for event in SseReader().feed(recorded(name))]


def events_of(events: Iterable[Any], recall: Recall | None = None) -> list[Event]:
    machine = dialect.answer(recall or Recall(MODEL))
    emitted = [event for payload in events for event in machine.on(payload)]
    emitted += machine.close()
    assert machine.done
    return emitted


def read(data: bytes, size: int) -> list[Event]:
    reader, machine, emitted = SseReader(), dialect.answer(Recall(MODEL)), []
    for at in range(0, len(data), size):
        for event in reader.feed(data[at : at + size]):
            emitted += machine.on(json.loads(event.data))
    if not machine.done:
        reader.close()
    return [*emitted, *machine.close()]


def folded(events: Iterable[Event]) -> list[Any]:
    """Deltas of one thing in a row are one; JSON is compared as JSON; notes lie elsewhere."""
    emitted: list[Any] = []
    calm = [event for event in events if not isinstance(event, Noted)]
    for (kind, number), group in groupby(
        calm, lambda event: (type(event), getattr(event, "block", getattr(event, "index", None)))
    ):
        some = list(group)
        if kind in (TextDelta, ReasoningDelta, RefusalDelta):
            emitted.append((kind, number, "".join(event.text for event in some)))
        elif kind is ToolCallDelta:
            joined = "".join(event.arguments for event in some)
            try:
                emitted.append((kind, number, json.loads(joined)))
            except ValueError:
                emitted.append((kind, number, joined))
        else:
            emitted += some
    return emitted


def noted(events: Iterable[Event]) -> list[str]:
    return [event.note.path for event in events if isinstance(event, Noted)]
