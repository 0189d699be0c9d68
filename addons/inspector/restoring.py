"""Exchanges made again from the JSON that was written of them, in a spool or a flow file. Anybody may have written it:
what is not of the shape that `Exchange.written` and `summary_json` write is a `ValueError`.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from pydantic import TypeAdapter

from addons.inspector.recording import Attempt, EventPair, Exchange, Facts, Phase, note_of

_FACTS = TypeAdapter(Facts)
_PHASE = TypeAdapter(Phase | None)
_ATTEMPTS = TypeAdapter(tuple[Attempt, ...])
_EVENTS = TypeAdapter(tuple[EventPair, ...])


def facts_of(summary: Mapping[str, Any], *, seq: int = 0, pinned: bool = False) -> Facts:
    """Return the facts of a `Summary`, which has no notes but their number and weight."""
    try:
        notes = summary["notes"]
        known = {
            **summary,
            "seq": seq or summary["seq"],
            "pinned": pinned,
            "started": _seconds(summary["started"]),
            "notes": (),
            "note_count": (notes["count"], notes["weight"]),
            "timings": {name: summary[name] for name in ("own", "first_event", "longest_gap", "duration")},
        }
        return _FACTS.validate_python(known)
    except (LookupError, TypeError, AttributeError, ValueError) as error:
        raise _wrong(error) from None


def exchange_of(detail: Mapping[str, Any], seq: int = 0, *, pinned: bool = False) -> Exchange:
    """Return the exchange of a detail with all its events."""
    try:
        notes, phases = tuple(map(note_of, detail["notes"])), detail["phases"]
        known = {
            **detail,
            "seq": seq or detail["seq"],
            "pinned": pinned,
            "started": _seconds(detail["started"]),
            "notes": notes,
            "attempts": detail.get("attempt_count", len(detail["attempts"])),
            "events": detail["event_count"],
        }
        events = [{**event, "notes": tuple(map(note_of, event["notes"]))} for event in detail["events"]]
        return Exchange(
            _FACTS.validate_python(known),
            _PHASE.validate_python(phases["client_request"]),
            _PHASE.validate_python(phases["client_response"]),
            _ATTEMPTS.validate_python(detail["attempts"]),
            _EVENTS.validate_python(events),
        )
    except (LookupError, TypeError, AttributeError, ValueError) as error:
        raise _wrong(error) from None


def _seconds(started: str) -> float:
    return datetime.fromisoformat(started).timestamp()


def _wrong(error: Exception) -> ValueError:
    """Return an error that quotes nothing."""
    return ValueError(f"it is no exchange as it is written here ({type(error).__name__})")
