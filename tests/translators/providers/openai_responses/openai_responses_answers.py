"""Recorded-looking streams, and how to compare their events."""

import json
from collections.abc import Iterable
from itertools import groupby
from pathlib import Path
from typing import Any

from translators.dialects import Recall
from translators.events import Event, Noted, ReasoningDelta, RefusalDelta, Started, TextDelta, ToolCallDelta
from translators.framing.sse import SseReader
from translators.providers import openai_responses as dialect

STREAMS = Path(__file__).parents[3] / "fixtures" / "openai-responses"
MODEL = "gpt-5.6"
ISSUER = f"openai-responses:{MODEL}"
NAMES = sorted(path.stem for path in STREAMS.glob("*.sse"))
COMPLETE = [name for name in NAMES if not name.startswith("failing_")]
STARTED = Started("resp_01Fixture", "gpt-5.6-2026-06-01")


def payloads(name: str) -> list[Any]:
    events = SseReader().feed((STREAMS / f"{name}.sse").read_bytes())
    return [json.loads(event.data) for event in events if event.data != b"[DONE]"]


def events_of(events: Iterable[Any], recall: Recall | None = None) -> list[Event]:
    machine = dialect.answer(recall or Recall(MODEL))
    emitted = [event for payload in events for event in machine.on(payload)]
    emitted += machine.close()
    assert machine.done
    return emitted


def whole(body: Any, recall: Recall | None = None) -> list[Event]:
    machine = dialect.answer(recall or Recall(MODEL))
    emitted = machine.whole(body)
    assert machine.done
    return emitted


def folded(events: Iterable[Event]) -> list[Any]:
    """Deltas of one thing in a row are one; notes lie elsewhere."""
    emitted: list[Any] = []
    calm = [event for event in events if not isinstance(event, Noted)]
    for (kind, number), group in groupby(
        calm, lambda event: (type(event), getattr(event, "block", getattr(event, "index", None)))
    ):
        some = list(group)
        if kind in (TextDelta, ReasoningDelta, RefusalDelta):
            emitted.append((kind, number, "".join(event.text for event in some)))
        elif kind is ToolCallDelta:
            emitted.append((kind, number, "".join(event.arguments for event in some)))
        else:
            emitted += some
    return emitted


def noted(events: Iterable[Event]) -> list[str]:
    return [event.note.path for event in events if isinstance(event, Noted)]


def ended(**more: Any) -> dict[str, Any]:
    """The last payload of a stream."""
    response = {"id": "resp_1", "model": "m", "status": "completed", "output": [], **more}
    return {"type": "response.completed", "response": response}


def message(*content: Any, **more: Any) -> dict[str, Any]:
    parts = [{"type": "output_text", "text": part} if isinstance(part, str) else part for part in content]
    return {"type": "message", "id": "msg_1", "role": "assistant", "content": parts, **more}
