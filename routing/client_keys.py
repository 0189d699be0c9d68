"""The keys that clients present, compared in a time that does not depend on the guess."""

import hmac
from collections.abc import Iterable
from hashlib import sha256

from routing.settings import ClientKey


class KeyRing:
    """The keys of clients. Each check compares all of them, as digests of one length."""

    def __init__(self, api_keys: Iterable[ClientKey]) -> None:
        self._named = tuple((_digest(each.key.reveal()), each.name) for each in api_keys)

    def has(self, name: str) -> bool:
        """Return whether there is a key of that name."""
        return any(its_name == name for _, its_name in self._named)

    def check(self, presented: str) -> str | None:
        """Return the name of the key that `presented` is, or None. Any text will do, also what is not ASCII."""
        digest, name = _digest(presented), None
        for known, its_name in self._named:
            if hmac.compare_digest(known, digest):
                name = its_name
        return name


def _digest(text: str) -> bytes:
    return sha256(text.encode("utf-8", "surrogatepass")).digest()
