"""Recorded-looking streams of chat completions, and short ones made on the spot."""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from translators.dialects import Recall
from translators.events import Event, Noted, TextDelta, ToolCallDelta, ToolCallStarted
from translators.framing import sse
from translators.providers import openai as dialect

STREAMS = Path(__file__).parents[3] / "fixtures" / "openai"


def payloads(name: str) -> list[Any]:
    events = sse.SseReader().feed((STREAMS / f"{name}.sse").read_bytes())
    return [sse.DONE if event.data == sse.DONE else json.loads(event.data) for event in events]


def events_of(stream: Iterable[Any], recall: Recall | None = None) -> list[Event]:
    machine = dialect.answer(recall or Recall("m"))
    entries = [event for payload in stream for event in machine.on(payload)]
    entries += machine.close()
    assert machine.done
    return entries


def calm(events: Iterable[Event]) -> list[Event]:
    return [event for event in events if not isinstance(event, Noted)]


def noted(events: Iterable[Event]) -> list[str]:
    return [event.note.path for event in events if isinstance(event, Noted)]


def chunk(delta: Any = None, finish: str | None = None, **more: Any) -> dict[str, Any]:
    choice = {"index": 0, "delta": delta or {}, "finish_reason": finish, **more}
    return {"id": "x-1", "object": "chat.completion.chunk", "created": 1, "model": "m", "choices": [choice]}


def stream(*deltas: Any, finish: str = "stop") -> list[Any]:
    return [*(chunk(delta) for delta in deltas), chunk({}, finish), sse.DONE]


def calls(events: Iterable[Event]) -> list[tuple[str, str, str]]:
    """Id, name and arguments of each call, in order."""
    entries: list[list[str]] = []
    for event in events:
        if isinstance(event, ToolCallStarted):
            assert event.index == len(entries)
            entries.append([event.id, event.name, ""])
        elif isinstance(event, ToolCallDelta):
            entries[event.index][2] += event.arguments
    return [(id, name, arguments) for id, name, arguments in entries]


def text(events: Iterable[Event]) -> str:
    return "".join(event.text for event in events if isinstance(event, TextDelta))
