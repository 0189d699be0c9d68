"""Which exchanges belong to one conversation: those of one session of an agent, and those that go on where another one
ended."""

from collections import OrderedDict
from collections.abc import Mapping
from hashlib import sha256
from typing import Any

from addons.inspector.prompt_parts import prompt_parts
from routing.sessions import FIELDS, HEADERS

MOST = 10_000
"""Prefixes that are remembered."""
_LONGEST = 256


class Conversations:
    """Names conversations. A request belongs to the one whose messages it begins with; sessions that a client names go
    before that."""

    def __init__(self, most: int = MOST) -> None:
        self._most = most
        self._known: OrderedDict[str, str] = OrderedDict()

    def of(self, client: str, dialect: str, headers: Mapping[str, str], body: Any) -> str | None:
        """Return the id of a request's conversation; None for a body without messages. `client` is the name of its key,
        header names are lower case, `body` is parsed JSON, not validated."""
        named = _named(headers, body)
        if named is not None:
            return _digest(client, "session", named)
        prefixes = _prefixes(client, dialect, body)
        if not prefixes:
            return None
        known = next((self._known[each] for each in reversed(prefixes) if each in self._known), None)
        id = known or prefixes[-1]
        self._remember(prefixes[-1], id)
        return id

    def _remember(self, prefix: str, id: str) -> None:
        self._known[prefix] = id
        self._known.move_to_end(prefix)
        while len(self._known) > self._most:
            self._known.popitem(last=False)


def _named(headers: Mapping[str, str], body: Any) -> str | None:
    """Return the session that a client names in a header, or in a field of the body."""
    fields = body if isinstance(body, Mapping) else {}
    values = [headers.get(name) for name in HEADERS if name != "x-client-request-id"]
    values += [each.get("id") if isinstance(each := fields.get(name), Mapping) else each for name in FIELDS]
    return next((value for value in values if isinstance(value, str) and 0 < len(value) <= _LONGEST), None)


def _prefixes(client: str, dialect: str, body: Any) -> list[str]:
    """Return a digest of the messages up to each of them. Instructions and tools may change within a conversation; the
    first message of the user may not."""
    digests, so_far = list[str](), _digest(client, dialect)
    messages: dict[int, list[str]] = {}
    for part in prompt_parts(dialect, body):
        if part.message is not None and part.kind not in ("system", "reasoning"):
            messages.setdefault(part.message, []).append(f"{part.role} {part.kind} {part.id} {part.text}")
    for texts in messages.values():
        so_far = _digest(so_far, *texts)
        digests.append(so_far)
    return digests


def _digest(*parts: str) -> str:
    return sha256("\0".join(parts).encode("utf-8", "surrogatepass")).hexdigest()[:16]
