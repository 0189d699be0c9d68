"""Groups exchanges into conversations: those of one session of an agent, and those that began alike."""

from collections.abc import Mapping
from hashlib import sha256
from itertools import takewhile
from typing import Any

from addons.exchange.http_api import SECRET_HEADERS
from addons.inspector.prompt_parts import prompt_parts
from addons.inspector.recording import Exchange
from routing.sessions import FIELDS, HEADERS

NOT_A_SESSION = "x-client-request-id"
"""A header that some agents send with their session and SDKs with a new id for each request."""
_LONGEST = 256


def of_exchange(exchange: Exchange, asked: Any) -> str | None:
    """Return the id of an exchange's conversation. `asked` is the client's request, parsed."""
    phase, facts = exchange.client_request, exchange.facts
    if phase is None or phase.body is None:
        return None
    headers = {name.lower(): value for name, value in phase.headers if name.lower() not in SECRET_HEADERS}
    return conversation(facts.client, facts.dialect, headers, asked)


def conversation(client: str, dialect: str, headers: Mapping[str, str], body: Any) -> str | None:
    """Return the id of a request's conversation, which tells nothing; None for a body without messages.

    It is the session that the client names, else a digest of all messages up to the user's first. Instructions and
    tools are not in it: what changes in them is what the cache finder is to find. `client` is the name of the key,
    header names are lower case, `body` is parsed JSON, not validated.
    """
    named = _named(headers, body)
    if named is not None:
        return _digest(client, "session", named)
    parts = [part for part in prompt_parts(dialect, body) if part.message is not None and part.kind != "system"]
    first = next((part.message for part in parts if part.role == "user"), None)
    if first is None:
        return None
    opening = takewhile(lambda part: (part.message or 0) <= first, parts)
    return _digest(client, dialect, *(f"{part.role} {part.kind} {part.text}" for part in opening))


def _named(headers: Mapping[str, str], body: Any) -> str | None:
    """Return the session that a client names in a header, or in a field of the body."""
    fields = body if isinstance(body, Mapping) else {}
    values = [headers.get(name) for name in HEADERS if name != NOT_A_SESSION]
    values += [each.get("id") if isinstance(each := fields.get(name), Mapping) else each for name in FIELDS]
    return next((value for value in values if isinstance(value, str) and 0 < len(value) <= _LONGEST), None)


def _digest(*parts: str) -> str:
    return sha256("\0".join(parts).encode("utf-8", "surrogatepass")).hexdigest()[:16]
