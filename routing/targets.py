"""The targets of requests: the names that an entry of the file serves, and the way to each model."""

from collections.abc import Iterable, Mapping
from dataclasses import field
from fnmatch import fnmatchcase
from typing import Any

from routing.auth import Auth
from routing.providers.entry import ANY_NAME, Entry, ServedModel
from routing.secret import Secret
from translators.values import immutable


@immutable
class Target:
    """The place where a request goes, and everything that it needs there.

    `provider` is the name in logs and in `owned_by`; `model` is the provider's name of the model, `alias` the client's.
    `base_urls` has the names of the dialects that the provider speaks, the preferred one first, each with its
    URL; `query` is added to every URL. There may be no `auth`. `headers` are added, lower-case names to values.
    `overrides` go into the dialect's `Model`.
    """

    provider: str
    model: str
    alias: str
    base_urls: Mapping[str, str]
    auth: Auth | None = None
    query: str = ""
    headers: Mapping[str, Secret] = field(default_factory=dict)
    overrides: Mapping[str, Any] = field(default_factory=dict)


class Rotation:
    """The turns among the credentials of each entry. They are apart from the catalogue, which may be replaced at any
    time."""

    def __init__(self) -> None:
        self._turns: dict[tuple[str, int], int] = {}

    def turned(self, place: tuple[str, int], targets: tuple[Target, ...]) -> tuple[Target, ...]:
        """Return `targets`, one for each credential of the entry at `place` (its section, its position there), the one
        whose turn it is first, and pass the turn on."""
        if len(targets) == 1:
            return targets
        turn = self._turns.get(place, 0) % len(targets)
        self._turns[place] = turn + 1
        return targets[turn:] + targets[:turn]


class Offer:
    """The names that one entry serves, and for each the targets, one for each of the entry's credentials.

    An entry without `models` lists those that are `known` of its provider, by dialect, or `discovered` at it.
    """

    def __init__(
        self, entry: Entry, known: Mapping[str, tuple[str, ...]], discovered: Iterable[str] | None = None
    ) -> None:
        self.entry = entry
        self._credentials = entry.credentials()
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
        its provider's, so that a new model needs no new gateway."""
        entry = self.entry
        if entry.models:
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
        return tuple(
            Target(entry.provider, model.name, alias, urls, auth, query, entry.headers, overrides)
            for auth in self._credentials
        )

    def _excluded(self, *names: str) -> bool:
        patterns = self.entry.excluded_models
        return any(fnmatchcase(name.lower(), pattern.lower()) for name in names for pattern in patterns)
