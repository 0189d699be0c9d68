"""Exchanges made again from the JSON that was written of them."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from addons.inspector.recording import Attempt, EventPair, Exchange, Facts, Phase, Timings, Tokens, note_of

_ATTEMPT = (
    "n",
    "call",
    "at",
    "provider",
    "model",
    "credential",
    "dialect",
    "duration",
    "status",
    "reason",
    "kind",
    "injected",
)
_FACTS = (
    *("id", "client", "dialect", "path", "model", "provider", "provider_model", "provider_dialect", "status", "stream"),
    *("end", "error", "cause", "finish_reason", "attempts", "bytes", "conversation"),
)


def facts_of(summary: Mapping[str, Any], *, seq: int = 0, pinned: bool = False) -> Facts:
    """Return the facts of a `Summary`, which has no notes but their number and weight."""
    tokens = summary["tokens"]
    return Facts(
        seq=seq or summary["seq"],
        started=datetime.fromisoformat(summary["started"]).timestamp(),
        tokens=None if tokens is None else Tokens(**tokens),
        timings=Timings(
            summary["own"], None, None, summary["first_event"], summary["longest_gap"], summary["duration"]
        ),
        gaps=tuple(summary["gaps"]),
        injected=tuple(summary["injected"]),
        events=summary.get("event_count", summary["events"]),
        pinned=pinned,
        note_count=(summary["notes"]["count"], summary["notes"]["weight"]),
        **{name: summary[name] for name in _FACTS},
    )


def exchange_of(detail: Mapping[str, Any], seq: int, *, pinned: bool) -> Exchange:
    """Return the exchange of a detail with all its events."""
    notes = tuple(map(note_of, detail["notes"]))
    counted = {**detail, "notes": {"count": len(notes), "weight": 0}}
    facts = facts_of(counted, seq=seq, pinned=pinned)
    facts.notes, facts.note_count = notes, None
    facts.timings = Timings(**detail["timings"])
    facts.message, facts.provider_id = detail["message"], detail["provider_id"]
    facts.served_model = detail["served_model"]
    phases = detail["phases"]
    return Exchange(
        facts,
        _phase(phases["client_request"]),
        _phase(phases["client_response"]),
        tuple(map(_attempt, detail["attempts"])),
        tuple(map(_event, detail["events"])),
    )


def _phase(value: Mapping[str, Any] | None) -> Phase | None:
    return None if value is None else _message(value)


def _message(value: Mapping[str, Any]) -> Phase:
    headers = tuple((name, each) for name, each in value["headers"])
    body = None if value["body"] is None else value["body"].encode("utf-8", "replace")
    return Phase(value["at"], value["line"], headers, body, value["bytes"], value["cut"])


def _attempt(value: Mapping[str, Any]) -> Attempt:
    request, response = _message(value["request"]), _phase(value["response"])
    more = {"first_event": value["first_event"], "connect": value["connect"], "response": response}
    return Attempt(request=request, **more, **{name: value[name] for name in _ATTEMPT})


def _event(value: Mapping[str, Any]) -> EventPair:
    return EventPair(
        value["n"],
        value["at"],
        value["name"],
        value["provider"].encode("utf-8", "replace"),
        value["client"].encode("utf-8", "replace"),
        value["call"],
        value["attempt"],
        tuple(map(note_of, value["notes"])),
        value["injected"],
    )
