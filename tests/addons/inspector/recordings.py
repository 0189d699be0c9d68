"""Exchanges as watchers hear of them, for the tests of the inspector."""

from typing import Any

from addons.exchange.observers import Asked, AttemptReport, Pair, Phase, PhaseMessage, Record
from addons.inspector.background import Background
from addons.inspector.capture import Capture
from addons.inspector.redactor import Redactor
from addons.inspector.store import Store
from translators.events import Usage

DELTA = b'{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"%s"}}'
CHUNK = b'data: {"id":"chatcmpl-1","choices":[{"index":0,"delta":{"content":"%s"}}]}\n\n'
ASKED = Asked("anthropic", "claude-opus-4-8", "anthropic-1", "anthropic")


def record(id: str = "req_1", **fields: Any) -> Record:
    usual = {"key_name": "alice", "model": "claude", "started": 1_700_000_000.0, "method": "POST"}
    return Record(id, path=fields.pop("path", "/v1/chat/completions"), **usual | fields)


def message(phase: Phase, body: bytes | None = b"{}", line: str = "200", **fields: Any) -> PhaseMessage:
    usual: dict[str, Any] = {"at": 0.0, "attempt": 1, "headers": (("content-type", "application/json"),)}
    return PhaseMessage(phase, line=line, body=body, **usual | fields)


def report(**fields: Any) -> AttemptReport:
    usual: dict[str, Any] = {"at": 0.001, "provider": "anthropic", "model": "claude-opus-4-8", "status": 200}
    usual |= {"credential": "anthropic-1", "reason": None, "duration": 1.0, "first_event": 0.2, "attempt": 1}
    return AttemptReport(**usual | {"connected": 0.05} | fields)


class Recorder:
    """A store, and the watcher that feeds it."""

    def __init__(self, memory: int = 1 << 24, limit: int = 1 << 20, redactor: Redactor | None = None, **more: Any):
        self.store = Store(memory, **more)
        self.background = Background("test")
        self.watcher = Capture(self.store, redactor or Redactor(), limit, self.background)

    def begin(self, told: Record, body: bytes = b'{"model":"claude"}') -> None:
        self.watcher.message(told, message("client_request", body, f"POST {told.path}"))
        self.watcher.message(told, message("provider_request", body, "POST https://a/v1/messages", asked=ASKED))

    def stream(self, told: Record, *words: str, attempt: int = 1) -> None:
        told.stream = True
        self.watcher.message(told, message("provider_response", None, attempt=attempt))
        self.watcher.message(told, message("client_response", None))
        for at, word in enumerate(words):
            provider, client = DELTA % word.encode(), CHUNK % word.encode()
            self.watcher.pairs(told, [Pair(0.2 + at / 100, "content_block_delta", provider, client, attempt=attempt)])

    def end(self, told: Record, **fields: Any) -> None:
        for name, value in ({"status": 200, "duration": 1.0, "usage": Usage(5, 2)} | fields).items():
            setattr(told, name, value)
        if not told.reports:
            told.reports.append(report())
        self.watcher.ended(told)
        self.background.idle()

    def one(self, id: str = "req_1", *words: str, body: bytes = b'{"model":"claude"}', **fields: Any) -> None:
        """Record a streamed exchange from its beginning to its end."""
        told = record(id)
        self.begin(told, body)
        self.stream(told, *words)
        self.end(told, **fields)
