"""The targets of requests: the names that an entry of the file serves, and the way to each model."""

from collections.abc import Iterable, Mapping
from dataclasses import field
from fnmatch import fnmatchcase
from hashlib import sha256
from typing import Any

from routing import model_effort
from routing.auth import Auth, revealed
from routing.environment import HeaderReference
from routing.providers.entry import ANY_NAME, Entry, ScopedError, ServedModel
from routing.secret import Secret
from translators.values import immutable


@immutable
class Credential:
    """The way in of one target, as far as it matters to the choice among several.

    `name` is for logs and metrics (`anthropic-2`); `identity` stays the same as long as section, address and key do,
    also over a reload, and tells nothing of the key.
    """

    name: str
    identity: str
    priority: int = 0
    weight: int = 1
    request_retry: int | None = None
    """None: as for all entries."""
    disable_cooling: bool | None = None
    """None: as for all entries."""
    request_scoped_errors: tuple[ScopedError, ...] = ()


NO_CREDENTIAL = Credential("", "")


@immutable
class Target:
    """The place where a request goes, and everything that it needs there.

    `provider` is the name in logs and in `owned_by`; `model` is the provider's name of the model, `alias` the client's.
    `base_urls` has the names of the dialects that the provider speaks, the preferred one first, each with its
    URL; `query` is added to every URL. There may be no `auth`. `headers` are added, lower-case names to values;
    `copied_headers` too, lower-case names to those of the client's headers that are copied. `overrides` go into the
    dialect's `Model`.
    """

    provider: str
    model: str
    alias: str
    base_urls: Mapping[str, str]
    auth: Auth | None = None
    query: str = ""
    headers: Mapping[str, Secret] = field(default_factory=dict)
    overrides: Mapping[str, Any] = field(default_factory=dict)
    copied_headers: Mapping[str, str] = field(default_factory=dict)
    credential: Credential = field(default=NO_CREDENTIAL, compare=False)


class Rotation:
    """The turns among the targets of each name. They are apart from the catalogue, which may be replaced at any
    time."""

    def __init__(self) -> None:
        self._turns: dict[str, int] = {}

    def turned(self, name: str, targets: tuple[Target, ...]) -> tuple[Target, ...]:
        """Return the `targets` of a name, the one whose turn it is first, and pass the turn on."""
        if len(targets) == 1:
            return targets
        turn = self._turns.get(name, 0) % len(targets)
        self._turns[name] = turn + 1
        return targets[turn:] + targets[:turn]


class Offer:
    """The names that one entry serves, and for each the targets, one for each of the entry's credentials.

    An entry without `models` lists those that are `known` of its provider, by dialect, or `discovered` at it. `first`
    is the number of its first credential among those of its provider.
    """

    def __init__(
        self,
        entry: Entry,
        known: Mapping[str, tuple[str, ...]],
        discovered: Iterable[str] | None = None,
        first: int = 1,
    ) -> None:
        self.entry = entry
        self._credentials = tuple(
            (auth, _credential(entry, at, auth, first + at)) for at, auth in enumerate(entry.credentials())
        )
        names = known.get(entry.lists, ()) if discovered is None else discovered
        models = entry.models or tuple(ServedModel(name=name) for name in names if ANY_NAME.fullmatch(name))
        served = [model for model in models if not self._excluded(model.public, model.name)]
        prefixes = ("",) if entry.prefix is None else ("", f"{entry.prefix}/")
        self.listed: Mapping[str, tuple[Target, ...]] = {
            name: self.targets(name, model)
            for prefix in prefixes
            for model in served
            for name in (prefix + model.public,)
        }

    def serves(self, alias: str) -> tuple[Target, ...]:
        """Return the targets for a name, listed or not; none where the entry does not serve it."""
        return self.listed.get(alias) or self.unlisted(alias)

    def unlisted(self, alias: str) -> tuple[Target, ...]:
        """Return the targets for a name that is not listed: an entry without `models` hands on any name that looks like
        its provider's, so that a new model needs no new gateway; but none with an effort behind it."""
        entry = self.entry
        if entry.models or model_effort.split(alias) is not None:
            return ()
        bare = alias if entry.prefix is None else alias.removeprefix(f"{entry.prefix}/")
        if entry.hands_on(bare, prefixed=bare != alias) and not self._excluded(bare):
            return self.targets(alias, ServedModel(name=bare))
        other = entry.other_name(alias)
        if other is None or other not in self.listed:
            return ()
        return self.targets(alias, ServedModel(name=self.listed[other][0].model))

    def targets(self, alias: str, model: ServedModel) -> tuple[Target, ...]:
        entry = self.entry
        urls, query, overrides = entry.base_urls(model.name), entry.query(), entry.overrides(model)
        headers = {name: value for name, value in entry.headers.items() if isinstance(value, Secret)}
        copied = {name: value.name for name, value in entry.headers.items() if isinstance(value, HeaderReference)}
        return tuple(
            Target(entry.provider, model.name, alias, urls, auth, query, headers, overrides, copied, credential)
            for auth, credential in self._credentials
        )

    def _excluded(self, *names: str) -> bool:
        patterns = self.entry.excluded_models
        return any(fnmatchcase(name.lower(), pattern.lower()) for name in names for pattern in patterns)


def _credential(entry: Entry, at: int, auth: Auth | None, number: int) -> Credential:
    """Return the credential at position `at` of an entry, the one of that `number` among its provider's."""
    parts = (entry.section, sorted(entry.base_urls("").items()), revealed(auth), sorted(entry.headers))
    return Credential(
        f"{entry.provider}-{number}",
        sha256(repr(parts).encode()).hexdigest()[:16],
        entry.priority,
        entry.key_weight(at),
        entry.request_retry,
        entry.disable_cooling,
        entry.request_scoped_errors,
    )
