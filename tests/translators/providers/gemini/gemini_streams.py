"""Recorded-looking streams, and how to compare their events."""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from translators.dialects import Recall
from translators.events import Event, Noted, UsageReported
from translators.framing.sse import SseReader
from translators.providers import gemini as dialect

STREAMS = Path(__file__).parents[3] / "fixtures" / "gemini"
COMPLETE = sorted(path.stem for path in STREAMS.glob("*.sse") if not path.stem.startswith("failing_"))
MODEL = "gemini-3.8-flash"
ISSUER = f"gemini:{MODEL}"


def recorded(name: str) -> bytes:
    return (STREAMS / f"{name}.sse").read_bytes()


def payloads(name: str) -> list[Any]:
    return [json.loads(event.data) for event in SseReader().feed(recorded(name))]


def chunk(*parts: Any, finish: str | None = None, index: int | None = 0, **more: Any) -> dict[str, Any]:
    """A payload with one candidate."""
    content = [{"text": part} if isinstance(part, str) else part for part in parts]
    candidate: dict[str, Any] = {"content": {"parts": content, "role": "model"}} if content else {}
    if finish:
        candidate["finishReason"] = finish
    if index is not None:
        candidate["index"] = index
    return {"candidates": [candidate | more], "responseId": "r-1", "modelVersion": MODEL}


def events_of(events: Iterable[Any], recall: Recall | None = None) -> list[Event]:
    machine = dialect.answer(recall or Recall(MODEL))
    emitted: list[Event] = [event for payload in events for event in machine.on(payload)]
    emitted += machine.close()
    assert machine.done
    return emitted


def calm(events: Iterable[Event]) -> list[Event]:
    """Without notes and usage."""
    return [event for event in events if not isinstance(event, Noted | UsageReported)]


def noted(events: Iterable[Event]) -> list[tuple[str, str]]:
    return [(event.note.path, event.note.fate) for event in events if isinstance(event, Noted)]


class Remembering:
    def __init__(self) -> None:
        self.stored: dict[str, str] = {}

    def get(self, key: str) -> str | None:
        return self.stored.get(key)

    def put(self, key: str, value: str) -> None:
        self.stored[key] = value
