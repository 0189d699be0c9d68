"""One attempt at one provider: its answer so far, and its deadline."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Literal

from routing.settings import Timeouts
from translators.dialects import Upstream
from translators.errors import Failure
from translators.framing import compression
from translators.masking import Mask
from translators.pipe import Pipe

if TYPE_CHECKING:
    from addons.exchange.calls import Calls

Wait = Literal["connect", "first-byte", "idle", "total"]

ERROR_BODY_BYTES = 256 * 1024
"""The most that is read of a provider's error body."""


class Attempt:
    """`calls` are those that it belongs to; `number` counts the tries of one call from 1. `since` is when the present
    wait began, and `requested_at` when the client's request was whole, both on the monotonic clock. `pipe` is the
    answer's way to the client; there is none for an answer that is no 2xx."""

    def __init__(self, calls: "Calls", timeouts: Timeouts, now: float, requested_at: float, number: int = 1) -> None:
        self.calls, self.number = calls, number
        self.since = self.sent_at = now
        self.first_event_at: float | None = None
        self.connected_at: float | None = None
        self.reported = False
        """The record has its report."""
        self.waiting_for: Wait = "connect"
        self.status = 0
        self.headers: Mapping[str, str] = {}
        self.pipe: Pipe | None = None
        self.shown = False
        """The listeners know of the provider's answer."""
        self.injected = False
        """Its failure is an injected fault."""
        self._error_body = bytearray()
        self._limits: dict[Wait, float] = {
            "connect": timeouts.connect,
            "first-byte": timeouts.first_byte,
            "idle": timeouts.idle,
            "total": timeouts.total,
        }
        self._requested_at = requested_at

    def wait_for(self, what: Wait, now: float) -> None:
        self.waiting_for, self.since = what, now

    def due(self) -> list[tuple[float, Wait]]:
        """Return the deadlines on the monotonic clock, each with what must have come by then."""
        return [
            (start + seconds, what)
            for what, start, seconds in (
                (self.waiting_for, self.since, self._limits[self.waiting_for]),
                ("total", self._requested_at, self._limits["total"]),
            )
            if seconds
        ]

    def late(self, what: Wait, provider: str) -> Failure:
        """Return the 504 for a deadline that has passed."""
        texts = {
            "connect": "no connection within {} s",
            "first-byte": "no first event within {} s",
            "idle": "no event for {} s",
            "total": "no complete answer within {} s",
        }
        text = texts[what].format(f"{self._limits[what]:g}")
        code = f"provider_{what.replace('-', '_')}_timeout"
        return Failure(504, f"{provider}: {text} (timeouts: {what} in config.yaml).", "server_error", None, code)

    def add_to_error(self, data: bytes) -> None:
        self._error_body += data[: max(0, ERROR_BODY_BYTES - len(self._error_body))]

    def error_body(self) -> bytes:
        """Return the error's body so far, without its content coding; nothing where that cannot be decoded."""
        try:
            decoder = compression.decoder(self.headers.get("content-encoding", ""))
            return decoder.feed(bytes(self._error_body))[:ERROR_BODY_BYTES]
        except compression.Undecodable:
            return b""

    def error(self, upstream: Upstream, mask: Mask) -> Failure:
        """Return the failure for the client. Its texts are masked before they are cut, so that no half key is left."""
        return upstream.read_error(self.status, self.headers, mask.body(self.error_body()))
