"""Sessions of clients: which requests belong together, and the target that each session is bound to.

The places are those where CLIProxyAPI looks, in its order: headers of agents, ids in the body, and else a hash of the
first messages, which stay the same while a conversation grows.
"""

import re
from collections import OrderedDict
from collections.abc import Mapping
from hashlib import sha256
from typing import Any

from routing.targets import Key

HEADERS = (
    "x-claude-code-session-id",
    "session-id",
    "session_id",
    "x-session-id",
    "x-session-affinity",
    "x-client-request-id",
)
FIELDS = ("session_id", "sessionId", "prompt_cache_key", "conversation", "conversation_id")
"""Fields of a body that name a session; `conversation` may be an object with an `id`."""
_LONGEST = 256
_SHOWN = 100
"""Characters of a message that tell conversations apart."""
_LOOKED_AT = 20
"""Messages in which the first ones of system and user are looked for."""
MOST = 50_000

_CLAUDE_USER = re.compile(r"_session_([a-f0-9-]{1,64})$")


def session_of(headers: Mapping[str, str], body: Any) -> str | None:
    """Return the session of a request, as text that tells nothing; None where it has none. Header names are lower
    case, `body` is parsed JSON, not validated."""
    for name in HEADERS:
        if id := _id(headers.get(name)):
            return _digest("header", name, id)
    if not isinstance(body, Mapping):
        return None
    for name in FIELDS:
        value = body.get(name)
        if id := _id(value.get("id") if isinstance(value, Mapping) else value):
            return _digest("field", name, id)
    metadata = body.get("metadata")
    if isinstance(metadata, Mapping) and (user := _id(metadata.get("user_id"))):
        match = _CLAUDE_USER.search(user)
        return _digest("user", match[1] if match else user)
    return _of_messages(body)


def _id(value: Any) -> str | None:
    if not isinstance(value, str) or len(value) > _LONGEST or not value.isprintable():
        return None
    return value.strip() or None


def _of_messages(body: Mapping[str, Any]) -> str | None:
    """Return a hash of the beginning of a conversation: instructions and the first message of the user."""
    instructions = body.get("instructions") or body.get("system")
    entries = body.get("messages", body.get("input", body.get("prompt")))
    if isinstance(entries, str):
        entries = [{"role": "user", "content": entries}]
    if not isinstance(entries, list):
        return None
    first: dict[str, str] = {}
    for entry in entries[:_LOOKED_AT]:
        if isinstance(entry, Mapping):
            role = "system" if entry.get("role") == "developer" else entry.get("role")
            if role in ("system", "user") and (text := _text(entry.get("content"))):
                first.setdefault(role, text)
    if "user" not in first:
        return None
    return _digest("messages", _text(instructions), first.get("system", ""), first["user"])


def _text(content: Any) -> str:
    """Return the beginning of a message's text, or of what stands in its place."""
    if isinstance(content, str):
        return content[:_SHOWN]
    if not isinstance(content, list):
        return ""
    texts = (part.get("text") for part in content[:_LOOKED_AT] if isinstance(part, Mapping))
    return "\n".join(text[:_SHOWN] for text in texts if isinstance(text, str))[:_SHOWN]


def _digest(*parts: str) -> str:
    return sha256("\0".join(parts).encode("utf-8", "surrogatepass")).hexdigest()[:32]


class Bindings:
    """The targets that sessions are bound to. Those that were not used for `ttl` seconds are forgotten."""

    def __init__(self) -> None:
        self._bound: OrderedDict[str, tuple[Key, float]] = OrderedDict()

    def get(self, session: str, now: float) -> Key | None:
        bound = self._bound.get(session)
        if bound is None or bound[1] <= now:
            return None
        return bound[0]

    def bind(self, session: str, target: Key, ttl: float, now: float) -> None:
        self._bound[session] = (target, now + ttl)
        self._bound.move_to_end(session)
        while len(self._bound) > MOST:
            self._bound.popitem(last=False)
        while self._bound and (oldest := next(iter(self._bound.items())))[1][1] <= now:
            del self._bound[oldest[0]]
