"""The targets of requests: the names that an entry of the file serves, and the way to each model."""

from collections.abc import Mapping
from dataclasses import field
from hashlib import sha256
from typing import Any

from routing import model_effort
from routing.auth import Auth, revealed
from routing.environment import HeaderReference
from routing.providers.entry import ANY_NAME, Entry, ScopedError, ServedModel
from routing.proxies import DIRECT, Proxies
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


Key = tuple[str, str]
"""A credential's identity, and the provider's name of a model."""

NO_CREDENTIAL = Credential("", "")
NOTHING: Mapping[str, tuple[str, ...]] = {}
"""Nothing discovered."""


@immutable
class Target:
    """The place where a request goes, and everything that it needs there.

    `provider` is the name in logs and in `owned_by`; `model` is the provider's name of the model, `alias` the client's.
    `base_urls` has the names of the dialects that the provider speaks, the preferred one first, each with its
    URL; `query` is added to every URL. There may be no `auth`. `headers` are added, lower-case names to values;
    `copied_headers` too, lower-case names to those of the client's headers that are copied. `overrides` go into the
    dialect's `Model`. `proxies` lead to the URLs.
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
    context_length: int | None = None
    """The tokens of the model's context window, where configuration says it."""
    force_mapping: bool = True
    """Answers have `alias` for their model; False: the name that the provider gives."""
    prompt_cache_key: bool = False
    """Requests get a `prompt_cache_key` for their session, unless they have one."""
    thinking_levels: tuple[str, ...] = ()
    """The levels of reasoning that the model takes, where configuration says it."""
    proxies: Proxies = DIRECT
    credential: Credential = field(default=NO_CREDENTIAL, compare=False)
    key: Key = field(init=False, compare=False, repr=False)
    """The same for the same credential and model in every catalogue."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "key", (self.credential.identity, self.model))


class Offer:
    """The names that one entry serves, and for each the targets, one for each of the entry's credentials.

    An entry without `models` lists those that are `known` of its provider, by dialect, or that were `discovered` at it,
    by the identity of its first credential. `first` is the number of this credential among those of its provider.
    `forced` is `force-model-prefix`; `proxies` lead to the server where the entry says nothing.
    """

    def __init__(
        self,
        entry: Entry,
        known: Mapping[str, tuple[str, ...]],
        discovered: Mapping[str, tuple[str, ...]] = NOTHING,
        first: int = 1,
        *,
        forced: bool = False,
        proxies: Proxies = DIRECT,
    ) -> None:
        self.entry, self._proxies = entry, proxies
        self._credentials = tuple(
            (auth, _credential(entry, at, auth, first + at)) for at, auth in enumerate(entry.credentials())
        )
        self.credentials = len(self._credentials)
        """The number of its credentials."""
        self.identities = tuple(credential.identity for _, credential in self._credentials)
        self.identity = self.identities[0]
        found = discovered.get(self.identity) if entry.discovered else None
        self._made_of = (known, found, first, forced, proxies)
        self._forced = forced
        names = known.get(entry.lists, ()) if found is None else found
        models = entry.models or tuple(ServedModel(name=name) for name in names if ANY_NAME.fullmatch(name))
        self.listed: Mapping[str, tuple[ServedModel, ...]] = self._names(models)
        self._targets: dict[str, tuple[Target, ...]] = {}

    def made_of(
        self,
        entry: Entry,
        known: Mapping[str, tuple[str, ...]],
        discovered: Mapping[str, tuple[str, ...]],
        first: int,
        *,
        forced: bool,
        proxies: Proxies,
    ) -> bool:
        """Return whether an offer of these would be no other than this."""
        found = discovered.get(self.identity) if entry.discovered else None
        return self._made_of == (known, found, first, forced, proxies) and self.entry == entry

    def targets(self, alias: str) -> tuple[Target, ...]:
        """Return the targets for a name, listed or not; none where the entry does not serve it."""
        if alias not in self.listed:
            return self._made(alias, self.unlisted(alias))
        if (targets := self._targets.get(alias)) is None:
            targets = self._targets[alias] = self._made(alias, self.listed[alias])
        return targets

    def unlisted(self, alias: str) -> tuple[ServedModel, ...]:
        """Return the model for a name that is not listed: an entry without `models` hands on any name that looks like
        its provider's, so that a new model needs no new gateway; but none with an effort behind it."""
        entry = self.entry
        if entry.models or model_effort.split(alias) is not None:
            return ()
        bare = alias if entry.prefix is None else alias.removeprefix(f"{entry.prefix}/")
        prefixed = bare != alias
        reachable = prefixed or entry.bare(bare, forced=self._forced)
        if reachable and entry.hands_on(bare, prefixed=prefixed) and not entry.excludes(bare):
            return (ServedModel(name=bare),)
        other = entry.other_name(alias)
        return () if other is None else self.listed.get(other, ())

    def sample(self) -> Target:
        """Return a target of the entry for no model in particular: the way to its server."""
        return self._made("", (ServedModel.model_construct(name=""),))[0]

    def _names(self, models: tuple[ServedModel, ...]) -> dict[str, tuple[ServedModel, ...]]:
        """Return the models by the names that clients ask for, in the order of the file, those with a prefix last."""
        prefix = self.entry.prefix
        served = [model for model in models if not self.entry.excludes(model.public)]
        named = [(model.public, model) for model in served if self.entry.bare(model.public, forced=self._forced)]
        named += [] if prefix is None else [(f"{prefix}/{model.public}", model) for model in served]
        names: dict[str, tuple[ServedModel, ...]] = {}
        for name, model in named:
            names[name] = (*names.get(name, ()), model)
        return names

    def _made(self, alias: str, models: tuple[ServedModel, ...]) -> tuple[Target, ...]:
        return tuple(target for model in models for target in self._targets_for(alias, model))

    def _targets_for(self, alias: str, model: ServedModel) -> tuple[Target, ...]:
        entry = self.entry
        urls, query, overrides = entry.base_urls(model.name), entry.query(), entry.overrides(model)
        headers = {name: value for name, value in entry.headers.items() if isinstance(value, Secret)}
        copied = {name: value.name for name, value in entry.headers.items() if isinstance(value, HeaderReference)}
        return tuple(
            Target(
                entry.provider,
                model.name,
                alias,
                urls,
                auth,
                query,
                headers,
                overrides,
                copied_headers=copied,
                context_length=model.max_context_length or None,
                force_mapping=model.force_mapping,
                prompt_cache_key=entry.keys_caches(),
                thinking_levels=model.thinking.levels,
                proxies=self._way(at),
                credential=credential,
            )
            for at, (auth, credential) in enumerate(self._credentials)
        )

    def _way(self, at: int) -> Proxies:
        own = self.entry.key_proxies(at)
        return self._proxies if own is None else own


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
