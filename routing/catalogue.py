"""The names of models that this gateway serves, and the targets for each.

An entry with `models` serves exactly those, under the alias if there is one, else under the name; an entry without
serves the public models of its provider, or those that its server lists. Like in CLIProxyAPI a `prefix` adds
`PREFIX/NAME`, and the bare name stays. `excluded-models` takes away a model whose name or alias it matches. The first
entry that lists a name wins, in the order of the file and whatever its section, the embedded model last; what nobody
lists goes to the first entry without `models`, if it looks like a name of that provider. What an entry is to its
provider is in `routing.providers`.
"""

import difflib
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from routing.auth import EmbeddedAuth
from routing.config import Skipped, shortened
from routing.providers.entry import ServedModel
from routing.settings import Settings
from routing.targets import Offer, Rotation, Target
from translators.values import immutable

__all__ = ["CREATED", "EMBEDDED", "Catalogue", "ListedModel", "Target", "UnknownModel"]

CREATED = 1_735_689_600
"""Seconds since 1970 that every listed model shows: no provider knows it, and it must not change."""

EMBEDDED: Mapping[str, Any] = {"max_output": 1024, "thinking": (), "tools": False, "media": False}
"""The overrides for the local model: it talks for minutes unless it is stopped, does not think, calls no tools and
reads no images."""

Place = tuple[str, int]
"""A section of the file, and the position there of an entry among those that are on."""

_SHOWN = 100
_LISTED = 10


@immutable
class ListedModel:
    """A model as it is listed; `created` in seconds since 1970."""

    id: str
    owned_by: str
    created: int = CREATED


class UnknownModel(Exception):
    """The error for a `model` that no entry serves; the name is cut. `str()` is for the client: names that are close,
    variables that would switch it on, models that work now."""

    def __init__(
        self,
        model: str,
        close: tuple[str, ...],
        variables: tuple[str, ...],
        working: tuple[str, ...],
        off: str | None = None,
    ) -> None:
        self.model, self.close, self.variables, self.working = model, close, variables, working
        sentences = [f'The model "{model}" is not served by this gateway.']
        if off is not None:
            sentences = [f'The model "{model}" is switched off: {off}.']
        elif variables:
            sentences = [f'The model "{model}" is switched off: set {" and ".join(variables)} and restart the gateway.']
        elif close:
            sentences.append("Did you mean " + " or ".join(f'"{name}"' for name in close) + "?")
        sentences.append(f"Models that work now: {shortened(working, _LISTED)}." if working else "No model works now.")
        super().__init__(" ".join(sentences))


class Catalogue:
    """The models that the settings serve. `known_models` are the public models of a dialect's provider, for entries
    that name none. `discovered` are the models that an entry's server lists, by its section and its position there.
    `embedded_url` is where the local model answers, once it does; nothing else makes it appear. `rotation` is that of
    an earlier catalogue, whose turns go on."""

    def __init__(
        self,
        settings: Settings,
        skipped: tuple[Skipped, ...] = (),
        known_models: Mapping[str, tuple[str, ...]] | None = None,
        embedded_url: str | None = None,
        discovered: Mapping[Place, tuple[str, ...]] | None = None,
        rotation: Rotation | None = None,
    ) -> None:
        self._settings, self._skipped, self._known = settings, skipped, known_models or {}
        self._embedded_url, self._discovered = embedded_url, discovered or {}
        self.rotation = rotation or Rotation()
        self._offers: dict[Place, Offer] = {}
        credentials: Counter[str] = Counter()
        for section, at, entry in settings.providers:
            first = credentials[entry.provider] + 1
            self._offers[section, at] = Offer(entry, self._known, self._discovered.get((section, at)), first)
            credentials[entry.provider] += len(entry.credentials())
        self._pools: dict[str, tuple[Target, ...]] = {}
        for offer in self._offers.values():
            for name, targets in offer.listed.items():
                self._pools[name] = self._pools.get(name, ()) + targets
        self._embedded = None
        alias = settings.embedded.alias
        if embedded_url is not None and settings.embedded.enable and alias not in self._pools:
            urls = {"anthropic": embedded_url}
            self._embedded = Target("embedded", alias, alias, urls, EmbeddedAuth(), overrides=EMBEDDED)
        self._listed = {name: ListedModel(name, pool[0].provider) for name, pool in self._pools.items()}
        if self._embedded is not None:
            self._listed[alias] = ListedModel(alias, self._embedded.provider)

    def with_embedded(self, base_url: str | None) -> "Catalogue":
        """Return the same catalogue with the local model at `base_url`, or without it."""
        return Catalogue(self._settings, self._skipped, self._known, base_url, self._discovered, self.rotation)

    def with_discovered(self, place: Place, names: Iterable[str]) -> "Catalogue":
        """Return the same catalogue with `names` for the models of the entry at `place`."""
        discovered = {**self._discovered, place: tuple(names)}
        return Catalogue(self._settings, self._skipped, self._known, self._embedded_url, discovered, self.rotation)

    def discoverable(self) -> dict[Place, Target]:
        """Return the entries whose servers list their models, and the target of each; the `model` of these targets is
        empty."""
        nameless = ServedModel.model_construct(name="")
        return {
            place: offer.targets("", nameless)[0] for place, offer in self._offers.items() if offer.entry.discovered
        }

    def candidates(self, model: str, key_name: str) -> Sequence[Target]:
        """Return the targets for `model` of the client called `key_name`, the first choice first, at least one;
        every key may use every model. They are the pool of that name, whose turn passes on with every call of this.
        Raises `UnknownModel`."""
        if self._embedded is not None and model == self._embedded.alias:
            return (self._embedded,)
        return self.rotation.turned(model, self._served(model))

    def listing(self, key_name: str) -> tuple[ListedModel, ...]:
        """Return the models that `key_name` may use and that can be listed: an entry without `models` serves other
        names, too."""
        return tuple(self._listed.values())

    def get(self, model: str, key_name: str) -> ListedModel:
        """Return a model that is served, listed or not. Raises `UnknownModel`."""
        return self._listed.get(model) or ListedModel(model, self._served(model)[0].provider)

    def _served(self, model: str) -> tuple[Target, ...]:
        """Return the pool of a name. One that nobody lists is served by all entries that hand it on."""
        if (pool := self._pools.get(model)) is not None:
            return pool
        if pool := tuple(target for offer in self._offers.values() for target in offer.unlisted(model)):
            return pool
        raise self._unknown(model)

    def _unknown(self, model: str) -> UnknownModel:
        shown = "".join(each if each.isprintable() else "?" for each in model[:_SHOWN])
        shown += "..." if len(model) > _SHOWN else ""
        working = tuple(self._listed)
        by_lower = {name.lower(): name for name in reversed(working)}
        close = difflib.get_close_matches(shown.lower(), by_lower, 3, 0.6)
        similar = tuple(by_lower[name] for name in close)
        return UnknownModel(shown, similar, self._switches(model), working, self._embedded_off(model))

    def _embedded_off(self, model: str) -> str | None:
        """Return why the local model does not answer to its name."""
        wanted = self._settings.embedded
        if self._embedded is not None or model != wanted.alias:
            return None
        if not wanted.enable:
            return "embedded.enable is false in config.yaml"
        return "the packages of the embedded model are not installed; the gateway's start says how to get them"

    def _switches(self, model: str) -> tuple[str, ...]:
        """Return the variables that would make an entry serve `model` that is off."""
        for off in self._skipped:
            if off.entry and Offer(off.entry, self._known).serves(model):
                return off.variables
        return ()
