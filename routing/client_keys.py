"""The keys that clients present, compared in a time that does not depend on the guess."""

import hmac
from collections.abc import Iterable

from routing.secret import Secret
from routing.settings import ClientKey, digest


class KeyRing:
    """The keys of clients. Each check compares all of them, as digests of one length."""

    def __init__(self, api_keys: Iterable[ClientKey]) -> None:
        self._named = {key.name: key for key in api_keys}
        self._digests = tuple((key.digest, key) for key in self._named.values())
        self.hashed = any(key.key_sha256 is not None for key in self._named.values())
        """Some are known by their digest alone."""

    def has(self, name: str) -> bool:
        """Return whether there is a key of that name."""
        return name in self._named

    def of(self, name: str) -> ClientKey | None:
        """Return the key of that name, or None."""
        return self._named.get(name)

    def owner(self, name: str) -> str:
        """Return what the gateway keeps things under for the key of that name."""
        key = self.of(name)
        return name if key is None else key.owner

    def check(self, presented: str) -> ClientKey | None:
        """Return the key that `presented` is, or None; also one that has expired. Any text will do, also what is not
        ASCII."""
        guess, found = digest(presented), None
        for known, key in self._digests:
            if hmac.compare_digest(known, guess):
                found = key
        return found


def same(presented: str, key: Secret) -> bool:
    """Return whether `presented` is the `key`, in a time that does not depend on the guess."""
    return hmac.compare_digest(digest(presented), digest(key.reveal()))
