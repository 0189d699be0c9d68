"""A fault that is injected into one exchange: what it does to the answer on its way to the client, and when.

A fault that stands for the provider's own (`status`, `connect`, `cut`) is done by `ProviderSide`, and the exchange goes
on as after a real one. The others change the client's bytes, after everybody else has seen the true ones.
"""

from collections import deque
from collections.abc import Callable, Mapping
from typing import Any

from pydantic_core import to_json

from addons.exchange.actions import Action
from addons.exchange.request import ClientRequest
from routing.faults import HEADER, Fault, Faults, parse
from routing.settings import ClientKey
from translators.errors import Failure
from translators.framing import json_text
from translators.notes import Note

_MOST_WAITING = 10_000
"""Events that wait for their time; with more of them none does."""
_NAMES: Mapping[int, tuple[str, str]] = {
    429: ("rate_limit_error", "rate_limit_exceeded"),
    500: ("api_error", "server_error"),
    503: ("api_error", "unavailable"),
    529: ("overloaded_error", "overloaded"),
}
"""Types and codes of errors."""
_KEPT_EVENTS = frozenset(
    f"response.{name}" for name in ("created", "queued", "in_progress", "completed", "incomplete", "failed")
)
"""Events of an answer of /v1/responses without content."""


def asked_for(headers: Mapping[str, str], key: ClientKey | None) -> Fault | Failure | None:
    """Return the fault that a request's header asks for, or the failure that refuses it; None: it asks for none."""
    text = headers.get(HEADER)
    if text is None:
        return None
    if key is None or not key.faults:
        message = f"This key may not ask for faults. Leave {HEADER} out, or set faults: true at the key in config.yaml."
        return Failure(403, message, "invalid_request_error", None, "faults_not_allowed")
    try:
        return parse(text)
    except ValueError as error:
        return Failure(400, f"The header {HEADER} {error}.", "invalid_request_error", None, "invalid_fault")


def chosen(faults: Faults, request: ClientRequest) -> Fault | None:
    """Return the fault that configuration has for a request, by the name that it gives its model or by the model's own
    without an effort."""
    names = dict.fromkeys(name for name in (request.model, *(each.alias for each in request.candidates[:1])) if name)
    return faults.choose([*names])


class Injection:
    """The one fault of one exchange. `now` counts seconds from anywhere."""

    def __init__(self, fault: Fault, now: Callable[[], float]) -> None:
        self.fault = fault
        self.cause = f"injected: {fault.text}"
        self._now = now
        self._left = fault.attempts
        """The attempts that it still strikes; None: all."""
        self._events = 0
        """The events that the client has been sent, or will be."""
        self._bend = _BENDS[fault.kind]() if fault.kind in _BENDS else None
        self._ready = 0.0
        """When what waits last may go."""
        self._waiting: deque[tuple[float, Callable[[], list[Action]]]] = deque()
        self.struck = False
        """The client's stream is to break off here."""

    @property
    def note(self) -> Note:
        """Return the note that tells the client."""
        return Note(HEADER, "synthesised", detail=f"A fault was injected on purpose: {self.fault.text}.", loss=False)

    # --- in the provider's place ---

    def replaces_provider(self) -> bool:
        """Return whether the next attempt gets the fault in place of a provider's answer."""
        return self.fault.kind in ("status", "connect") and self._takes_attempt()

    def cuts(self, *, streams: bool) -> bool:
        """Return whether the provider's answer breaks off before there is anything of it."""
        if self.fault.kind != "cut" or self._left == 0:
            return False
        return self.fault.after == 0 or not streams

    def cut(self) -> None:
        """Take it that an answer breaks off."""
        self.struck = False
        self._takes_attempt()

    def _takes_attempt(self) -> bool:
        if self._left is None:
            return True
        self._left -= 1
        return self._left >= 0

    def refusal(self) -> tuple[int, dict[str, str], bytes]:
        """Return the status, headers and body of a provider's answer that is no 2xx, as all dialects read it:
        `{"type": "error", "error": {"type", "code", "message"}, "message"}`."""
        fault = self.fault
        type_, code = _NAMES[fault.status]
        message = f"This fault was injected on purpose ({fault.text}); no provider was asked."
        headers = {"content-type": "application/json", "x-gateway-injected": fault.text}
        if fault.retry_after is not None:
            headers["retry-after"] = f"{fault.retry_after:g}"
        body = {"type": "error", "error": {"type": type_, "code": code, "message": message}, "message": message}
        return fault.status, headers, to_json(body)

    # --- what the client gets ---

    def stream(self, out: bytes, send: Callable[[bytes, bool], list[Action]]) -> list[Action]:
        """Return the actions for a piece of a stream: `send` makes those for an event, and is told whether the fault
        has changed it."""
        actions: list[Action] = []
        for event in _events(out):
            if self.struck:
                break
            if event.startswith(b":"):
                actions += self.in_time(lambda event=event: send(event, False))  # type: ignore[misc]
                continue
            if self._breaks_here():
                self.struck = True
                break
            bent = self._bent(event)
            delay = self._delay()
            self._events += 1
            if bent:
                actions += self.in_time(lambda bent=bent, event=event: send(bent, bent != event), delay)  # type: ignore[misc]
        return actions

    def _breaks_here(self) -> bool:
        kind = self.fault.kind
        return kind in ("cut", "disconnect") and self._left != 0 and self._events == self.fault.after

    def _bent(self, event: bytes) -> bytes:
        if self.fault.kind == "malformed":
            return _halved(event) if self._events == self.fault.after else event
        return event if self._bend is None else _in_event(event, self._bend)

    def _delay(self) -> float:
        fault = self.fault
        if fault.kind == "stall":
            return fault.seconds if self._events == fault.after else 0.0
        return fault.seconds if fault.kind == "slow" and self._events else 0.0

    def whole(self, body: bytes) -> bytes:
        """Return the client's whole answer with the fault."""
        if self.fault.kind == "malformed":
            return body[: len(body) // 2]
        return body if self._bend is None else _in_json(body, self._bend) or body

    # --- time ---

    def in_time(self, do: Callable[[], list[Action]], seconds: float = 0.0) -> list[Action]:
        """Return what `do` returns once everything before it has gone and so many seconds have passed; nothing yet
        where that is later."""
        now = self._now()
        self._ready = max(now, self._ready) + seconds
        if not self._waiting and self._ready <= now:
            return do()
        self._waiting.append((self._ready, do))
        return self.flush() if len(self._waiting) > _MOST_WAITING else []

    def due(self) -> float | None:
        """Return when `release` has something, on the monotonic clock."""
        return self._waiting[0][0] if self._waiting else None

    def release(self) -> list[Action]:
        """Return what may go by now."""
        actions: list[Action] = []
        while self._waiting and self._waiting[0][0] <= self._now():
            actions += self._waiting.popleft()[1]()
        return actions

    def flush(self) -> list[Action]:
        """Return all that waits."""
        actions: list[Action] = []
        while self._waiting:
            actions += self._waiting.popleft()[1]()
        return actions

    def give_up(self) -> None:
        """Drop all that waits: nobody waits for it any more."""
        self._waiting.clear()

    @property
    def silent(self) -> bool:
        """Return whether the client gets no sign of life at present."""
        return not self.fault.keep_alive and bool(self._waiting)


def _events(out: bytes) -> list[bytes]:
    """Return the server-sent events and comments of a piece of a client's stream; each piece has whole ones."""
    return [event + b"\n\n" for event in out.split(b"\n\n") if event]


def _in_event(event: bytes, bend: Callable[[Any], Any]) -> bytes:
    """Return an event with other JSON, or nothing, where `bend` makes None of it."""
    lines = event.split(b"\n")
    for at, line in enumerate(lines):
        if line.startswith(b"data: {"):
            bent = _in_json(line[6:], bend)
            if bent is None:
                return b""
            lines[at] = b"data: " + bent
    return b"\n".join(lines)


def _in_json(text: bytes, bend: Callable[[Any], Any]) -> bytes | None:
    """Return an object with what `bend` makes of it; as it is where nobody can read it."""
    try:
        value = json_text.parsed(text)[0]
    except ValueError:
        return text
    if not isinstance(value, dict) or (bent := bend(value)) == value:
        return text
    return None if bent is None else to_json(bent)


def _halved(event: bytes) -> bytes:
    """Return an event whose JSON ends in the middle."""
    text = event.rstrip(b"\n")
    start = text.find(b"data: ") + len(b"data: ")
    return text[: start + max(1, (len(text) - start) // 2)] + b"\n\n"


class _WrongUsage:
    """Counts ten times the tokens, and one more; the total stays, and is not their sum."""

    def __call__(self, value: dict[str, Any]) -> dict[str, Any]:
        made = {**value}
        if isinstance(usage := value.get("usage"), dict):
            made["usage"] = _wrong(usage)
        if isinstance(response := value.get("response"), dict):
            made["response"] = self(response)
        return made


def _wrong(usage: dict[str, Any]) -> dict[str, Any]:
    made: dict[str, Any] = {}
    for name, value in usage.items():
        if isinstance(value, dict):
            made[name] = _wrong(value)
        elif isinstance(value, int) and not isinstance(value, bool) and name != "total_tokens":
            made[name] = value * 10 + 1
        else:
            made[name] = value
    return made


class _Truncated:
    """Ends the arguments of each tool call in their middle: of a stream the first half of the first piece is left."""

    def __init__(self) -> None:
        self._kept: dict[object, int] = {}

    def __call__(self, value: Any, place: tuple[object, ...] = ()) -> Any:
        if isinstance(value, list):
            return [self(each, (*place, _index(each, at))) for at, each in enumerate(value)]
        if not isinstance(value, dict):
            return value
        made = {name: self(each, (*place, name)) for name, each in value.items()}
        if value.get("type") == "response.function_call_arguments.delta":
            made["delta"] = self._piece(value.get("item_id"), str(value.get("delta") or ""))
        elif isinstance(text := value.get("arguments"), str):
            key = value.get("item_id") or value.get("id")
            whole = text[: self._kept.get(key, _half(text))]
            made["arguments"] = self._piece(place, text) if "delta" in place else whole
        return made

    def _piece(self, key: object, text: str) -> str:
        if key in self._kept or not text:
            return ""
        self._kept[key] = _half(text)
        return text[: _half(text)]


def _index(value: Any, at: int) -> object:
    return value.get("index", at) if isinstance(value, dict) else at


def _half(text: str) -> int:
    return (len(text) + 1) // 2


class _Empty:
    """Takes everything that was said out of an answer, but not its end."""

    def __init__(self) -> None:
        self._number = 0

    def __call__(self, value: dict[str, Any]) -> dict[str, Any] | None:
        if isinstance(choices := value.get("choices"), list):
            return {**value, "choices": [_nothing_said(each) for each in choices if isinstance(each, dict)]}
        if value.get("object") == "response":
            return {**value, "output": []}
        kind = value.get("type")
        if not isinstance(value.get("response"), dict):
            return value if kind == "error" else None
        if kind not in _KEPT_EVENTS:
            return None
        self._number += 1
        return {**value, "response": {**value["response"], "output": []}, "sequence_number": self._number - 1}


def _nothing_said(choice: dict[str, Any]) -> dict[str, Any]:
    made = {**choice}
    if isinstance(delta := choice.get("delta"), dict):
        made["delta"] = {name: value for name, value in delta.items() if name == "role"}
    if "message" in choice:
        made["message"] = {"role": "assistant", "content": ""}
    if "text" in choice:
        made["text"] = ""
    if choice.get("finish_reason"):
        made["finish_reason"] = "stop"
    return made


_BENDS: Mapping[str, Callable[[], Callable[[Any], Any]]] = {
    "wrong-usage": _WrongUsage,
    "truncated-arguments": _Truncated,
    "empty": _Empty,
}
