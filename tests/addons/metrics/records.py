"""Records and attempts as the gateway makes them, for tests of what counts them."""

from typing import Any

from addons.exchange.observers import AttemptReport, Record
from translators.events import Usage

USAGE = Usage(input=7, output=5, cache_read=3, cache_write=2, reasoning=1)


class Names:
    """`opus` and `haiku` are listed; others are handed on."""

    def listed(self, model: str) -> str | None:
        return {"opus": "opus", "opus(high)": "opus", "haiku": "haiku"}.get(model)

    def knows(self, provider: str, model: str) -> bool:
        return model in ("claude-opus-4-6", "claude-haiku-4-5")


def attempt(**fields: Any) -> AttemptReport:
    """Return one that answered, unless `fields` say otherwise."""
    made = {
        "at": 0.0,
        "provider": "anthropic",
        "model": "claude-opus-4-6",
        "credential": "anthropic-1",
        "status": 200,
        "reason": None,
        "duration": 2.0,
        "first_event": 0.5,
        "usage": USAGE,
    }
    return AttemptReport(**{**made, "sent": True, **fields})


def record(*reports: AttemptReport, **fields: Any) -> Record:
    """Return a streamed answer to a chat that is complete, unless `fields` say otherwise."""
    made = {
        "id": "req_1",
        "started": 1_700_000_000.0,
        "method": "POST",
        "path": "/v1/chat/completions",
        "key_name": "tester",
        "model": "opus",
        "provider": "anthropic",
        "provider_model": "claude-opus-4-6",
        "stream": True,
        "status": 200,
        "attempts": max(1, len(reports)),
        "usage": USAGE,
        "first_event": 0.5,
        "duration": 2.0,
        "own": 0.003,
    }
    return Record(**{**made, "reports": list(reports), **fields})
