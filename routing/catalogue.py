"""The names of models that this gateway serves, and the targets for each.

An entry with `models` serves exactly those, under the alias if there is one, else under the name; an entry without
serves those that its server lists, or else the public models of its provider. Like in CLIProxyAPI a `prefix` adds
`PREFIX/NAME`, and the bare name stays unless `force-model-prefix` says otherwise. `excluded-models` takes away a model
whose name for clients it matches. A name that stands in several places is a pool of all their targets, in the order of
the file; what nobody lists goes to all entries without `models` for which it looks like a name of their provider. The
embedded model is in no pool: an entry with its name takes it away. A client key with `models` gets those names alone
that match. What an entry is to its provider is in `routing.providers`.
"""

import fnmatch
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from itertools import chain
from typing import Any

from routing import model_effort
from routing.auth import EmbeddedAuth
from routing.config import Loaded, Skipped
from routing.settings import Settings
from routing.targets import NOTHING, Offer, Target
from routing.unknown_models import Explanations, ForbiddenModel, UnknownModel
from translators.values import immutable

__all__ = ["CREATED", "EMBEDDED", "Catalogue", "ForbiddenModel", "ListedModel", "Target", "UnknownModel"]

CREATED = 1_735_689_600
"""Seconds since 1970 that every listed model shows: no provider knows it, and it must not change."""

EMBEDDED: Mapping[str, Any] = {"max_output": 1024, "thinking": (), "tools": False, "media": False}
"""The overrides for the local model: it talks for minutes unless it is stopped, does not think, calls no tools and
reads no images."""

Place = tuple[str, int]
"""A section of the file, and the position there of an entry among those that are on."""

_REMEMBERED = 1000
"""The most names that nobody lists whose targets are kept ready."""


@immutable
class ListedModel:
    """A model as it is listed; `created` in seconds since 1970. Of a pool `owned_by` is the first of its providers,
    `display_name` the first that there is, and `context_length`, in tokens, the shortest."""

    id: str
    owned_by: str
    created: int = CREATED
    display_name: str | None = None
    context_length: int | None = None


class Catalogue:
    """The models that the settings serve. `known_models` are the public models of a dialect's provider, for entries
    that name none. `discovered` are the models that an entry's server lists, by the identity of its first credential.
    `embedded_url` is where the local model answers, once it does; nothing else makes it appear. Of `earlier`, a
    catalogue before this one, all is used again that has not changed."""

    def __init__(
        self,
        settings: Settings,
        skipped: tuple[Skipped, ...] = (),
        known_models: Mapping[str, tuple[str, ...]] | None = None,
        embedded_url: str | None = None,
        discovered: Mapping[str, tuple[str, ...]] = NOTHING,
        earlier: "Catalogue | None" = None,
    ) -> None:
        self._settings, self._skipped, self._known = settings, skipped, known_models or {}
        self._embedded_url, self.discovered = embedded_url, discovered
        self._scopes = {key.name: _scope(key.models) for key in settings.api_keys if key.models}
        self._offers: dict[Place, Offer] = self._offered({} if earlier is None else earlier._offers)
        self._listing: dict[str, list[Offer]] = {}
        """The offers that list a name."""
        for offer in self._offers.values():
            for name in offer.listed:
                self._listing.setdefault(name, []).append(offer)
        self._embedded = self._local_model()
        self._pools: dict[str, tuple[Target, ...]] = {}
        self._handed_on: dict[str, tuple[Target, ...]] = {}
        self._listed: dict[str, ListedModel] = {}
        self._explained = Explanations(settings, skipped, self._known)

    def with_embedded(self, base_url: str | None) -> "Catalogue":
        """Return the same catalogue with the local model at `base_url`, or without it."""
        return self._changed(self._settings, self._skipped, base_url, self.discovered)

    def with_discovered(self, names: Mapping[str, tuple[str, ...]]) -> "Catalogue":
        """Return the same catalogue with these models of servers, by the keys of `discoverable`."""
        return self._changed(self._settings, self._skipped, self._embedded_url, {**self.discovered, **names})

    def reloaded(self, loaded: Loaded) -> "Catalogue":
        """Return the catalogue of other settings. What was discovered is kept as far as entries have not changed."""
        return self._changed(loaded.settings, loaded.skipped, self._embedded_url, self.discovered)

    def discoverable(self) -> dict[str, Target]:
        """Return a target of each entry whose server lists its models, without a model, by the identity of its
        credential."""
        return {offer.identity: offer.sample() for offer in self._offers.values() if offer.entry.discovered}

    def candidates(self, model: str, key_name: str) -> Sequence[Target]:
        """Return the targets for `model` of the client called `key_name`, at least one, in the order of the file.
        Raises `UnknownModel`."""
        return self._served(model, key_name)

    def listing(self, key_name: str) -> tuple[ListedModel, ...]:
        """Return the models that `key_name` may use and that can be listed: an entry without `models` serves other
        names, too."""
        return tuple(self._shown(name) for name in self._admitted(key_name))

    def get(self, model: str, key_name: str) -> ListedModel:
        """Return a model that `key_name` may use, listed or not. Raises `UnknownModel`."""
        served = self._served(model, key_name)
        return self._shown(model) if model in self._names else ListedModel(model, served[0].provider)

    def listed(self, model: str) -> str | None:
        """Return the name that is listed for some key and that a client's `model` is, with or without an effort."""
        if model in self._names:
            return model
        parts = model_effort.split(model)
        return parts[0] if parts is not None and parts[0] in self._names else None

    def knows(self, provider: str, model: str) -> bool:
        """Return whether a `model` of a provider's stands behind a listed name."""
        return (provider, model) in self._behind

    @cached_property
    def _behind(self) -> frozenset[tuple[str, str]]:
        """Return the models behind the listed names, by provider."""
        listed = ((offer.entry.provider, models) for offer in self._offers.values() for models in offer.listed.values())
        local = () if self._embedded is None else ((self._embedded.provider, self._embedded.model),)
        return frozenset((*((provider, model.name) for provider, models in listed for model in models), *local))

    def identities(self) -> set[str]:
        """Return the identities of all credentials."""
        known = {identity for offer in self._offers.values() for identity in offer.identities}
        return known if self._embedded is None else {*known, self._embedded.credential.identity}

    def targets(self) -> Iterator[Target]:
        """Yield the targets of all listed names; then one of each entry that lists none and hands on any, without a
        model."""
        for name, offers in self._listing.items():
            for offer in offers:
                yield from offer.targets(name)
        if self._embedded is not None:
            yield self._embedded
        for offer in self._offers.values():
            if offer.entry.takes_others and not (offer.listed or offer.entry.models):
                yield offer.sample()

    def _changed(
        self,
        settings: Settings,
        skipped: tuple[Skipped, ...],
        embedded_url: str | None,
        discovered: Mapping[str, tuple[str, ...]],
    ) -> "Catalogue":
        return Catalogue(settings, skipped, self._known, embedded_url, discovered, self)

    def _offered(self, earlier: Mapping[Place, Offer]) -> dict[Place, Offer]:
        """Return the offers of all entries, the `earlier` ones where nothing has changed."""
        offers: dict[Place, Offer] = {}
        credentials = Counter[str]()
        forced, proxies = self._settings.force_model_prefix, self._settings.proxies
        for section, at, entry in self._settings.providers:
            first = credentials[entry.provider] + 1
            offer = earlier.get((section, at))
            if offer is None or not offer.made_of(
                entry, self._known, self.discovered, first, forced=forced, proxies=proxies
            ):
                offer = Offer(entry, self._known, self.discovered, first, forced=forced, proxies=proxies)
            offers[section, at] = offer
            credentials[entry.provider] += offer.credentials
        return offers

    def _local_model(self) -> Target | None:
        wanted = self._settings.embedded
        if self._embedded_url is None or not wanted.enable or wanted.alias in self._listing:
            return None
        urls = {"anthropic": self._embedded_url}
        return Target("embedded", wanted.alias, wanted.alias, urls, EmbeddedAuth(), overrides=EMBEDDED)

    @cached_property
    def _names(self) -> Mapping[str, None]:
        """Return the names that are listed, in their order; the local model is the last."""
        return dict.fromkeys((*self._listing, *(() if self._embedded is None else (self._embedded.alias,))))

    def _admitted(self, key_name: str) -> tuple[str, ...]:
        """Return the names that are listed for `key_name`."""
        scope = self._scopes.get(key_name)
        return tuple(name for name in self._names if scope is None or scope.match(name))

    def _shown(self, name: str) -> ListedModel:
        """Return a name of `_names` as it is listed."""
        if (listed := self._listed.get(name)) is None:
            listed = self._listed[name] = self._described(name)
        return listed

    def _described(self, name: str) -> ListedModel:
        offers = self._listing.get(name, ())
        models = [model for offer in offers for model in offer.listed[name]]
        lengths = [model.max_context_length for model in models if model.max_context_length]
        display = next((model.display_name for model in models if model.display_name), None)
        owner = offers[0].entry.provider if offers else "embedded"
        return ListedModel(name, owner, CREATED, display, min(lengths, default=None))

    def _served(self, model: str, key_name: str) -> tuple[Target, ...]:
        """Return the pool of a name. One that nobody lists is served by all entries that hand it on."""
        scope = self._scopes.get(key_name)
        if scope is not None and not scope.match(model):
            raise ForbiddenModel(key_name, model, self._admitted(key_name))
        if (pool := self._pools.get(model) or self._handed_on.get(model)) is not None:
            return pool
        if self._embedded is not None and model == self._embedded.alias:
            return (self._embedded,)
        known = self._listing.get(model)
        if pool := tuple(chain.from_iterable(offer.targets(model) for offer in known or self._offers.values())):
            self._keep(model, pool, listed=known is not None)
            return pool
        raise self._explained.unknown(model, self._admitted(key_name), embedded=self._embedded is not None)

    def _keep(self, model: str, pool: tuple[Target, ...], *, listed: bool) -> None:
        """Keep a pool ready. The names that nobody lists are the clients' own, and as many as they like."""
        if not listed and len(self._handed_on) >= _REMEMBERED:
            self._handed_on.clear()
        (self._pools if listed else self._handed_on)[model] = pool


def _scope(patterns: tuple[str, ...]) -> re.Pattern[str]:
    """Return the pattern of the names that a key with these patterns may use, in their exact case."""
    return re.compile("|".join(fnmatch.translate(pattern) for pattern in patterns))
