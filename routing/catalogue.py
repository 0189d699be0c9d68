"""Which model names this gateway answers to, and where each is asked.

An entry with `models` serves exactly those, under the alias if there is one, else under the name; an entry without
serves the public models of its provider. Like in CLIProxyAPI a `prefix` adds `PREFIX/NAME`, and the bare name stays.
`excluded-models` takes away a model whose name or alias it matches. The first entry that lists a name wins, in the
order of the file, the embedded model last; what nobody lists goes to the first entry without `models`, if it looks
like a name of that provider.
"""

import difflib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any

from routing.auth import Auth, EmbeddedAuth, StaticKey
from routing.config import Skipped, shortened
from routing.secret import Secret
from routing.settings import ClaudeKey, ServedModel, Settings

CREATED = 1_735_689_600
"""Seconds since 1970 that every listed model shows: providers are not asked for it, and it must not change."""

EMBEDDED: Mapping[str, Any] = {"max_output": 1024, "thinking": ()}
"""What is true of the local model: it talks for minutes unless it is stopped, and does not think."""

_CLAUDE = re.compile(r"claude-[A-Za-z0-9._:@-]{1,93}")
_SHOWN = 100
_LISTED = 10


@dataclass(frozen=True, slots=True)
class Target:
    """Where a request goes, and what it needs there.

    `provider` is what logs and `owned_by` say; `model` is the provider's name and `alias` what the client asked for.
    `base_urls` has the names of the dialects that the provider speaks, the preferred one first, and where each is
    spoken; `query` is added to every URL. There may be no `auth`. `headers` are added, lower-case names to values.
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


@dataclass(frozen=True, slots=True)
class ListedModel:
    """`created` in seconds since 1970."""

    id: str
    owned_by: str
    created: int = CREATED


class UnknownModel(Exception):
    """Nobody serves `model`, which is here as it may be shown. `str()` is for the client: what is close, which
    variables would switch it on, what works now."""

    def __init__(
        self, model: str, close: tuple[str, ...], variables: tuple[str, ...], working: tuple[str, ...]
    ) -> None:
        self.model, self.close, self.variables, self.working = model, close, variables, working
        said = [f'The model "{model}" is not served by this gateway.']
        if variables:
            said = [f'The model "{model}" is switched off: set {" and ".join(variables)} and restart the gateway.']
        elif close:
            said.append("Did you mean " + " or ".join(f'"{name}"' for name in close) + "?")
        said.append(f"Models that work now: {shortened(working, _LISTED)}." if working else "No model works now.")
        super().__init__(" ".join(said))


class Catalogue:
    """What the settings serve. `known_models` are the provider's public models, for entries that name none.
    `embedded_url` is where the local model answers, once it does; nothing else makes it appear."""

    def __init__(
        self,
        settings: Settings,
        skipped: tuple[Skipped, ...] = (),
        known_models: tuple[str, ...] = (),
        embedded_url: str | None = None,
    ) -> None:
        self._given = (settings, skipped, known_models)
        self._targets: dict[str, Target] = {}
        for entry in settings.claude_api_key:
            self._targets |= {n: t for n, t in _targets(entry, known_models).items() if n not in self._targets}
        if embedded_url is not None and settings.embedded.enable:
            alias = settings.embedded.alias
            target = Target("embedded", alias, alias, {"anthropic": embedded_url}, EmbeddedAuth(), overrides=EMBEDDED)
            self._targets.setdefault(alias, target)
        self._listed = {name: ListedModel(name, target.provider) for name, target in self._targets.items()}

    def with_embedded(self, base_url: str | None) -> "Catalogue":
        """The same, with the local model at `base_url`, or without it."""
        return Catalogue(*self._given, embedded_url=base_url)

    def resolve(self, model: str, key_name: str) -> Target:
        """Where `model` is asked for the client called `key_name`; every key may use every model. Raises
        `UnknownModel`."""
        if (target := self._targets.get(model)) is not None:
            return target
        settings = self._given[0]
        for entry in settings.claude_api_key:
            if (target := _unlisted(entry, model)) is not None:
                return target
        raise self._unknown(model)

    def listing(self, key_name: str) -> tuple[ListedModel, ...]:
        """What `key_name` may ask for, as far as it can be listed: an entry without `models` serves names besides."""
        return tuple(self._listed.values())

    def get(self, model: str, key_name: str) -> ListedModel:
        """Whatever `resolve` serves, listed or not. Raises `UnknownModel`."""
        return self._listed.get(model) or ListedModel(model, self.resolve(model, key_name).provider)

    def _unknown(self, model: str) -> UnknownModel:
        shown = "".join(each if each.isprintable() else "?" for each in model[:_SHOWN])
        shown += "..." if len(model) > _SHOWN else ""
        working = tuple(self._listed)
        by_lower = {name.lower(): name for name in reversed(working)}
        close = difflib.get_close_matches(shown.lower(), by_lower, 3, 0.6)
        return UnknownModel(shown, tuple(by_lower[name] for name in close), self._switches(model), working)

    def _switches(self, model: str) -> tuple[str, ...]:
        """The variables that would make an entry serve `model` that is off."""
        _, skipped, known_models = self._given
        for off in skipped:
            if off.entry and (model in _targets(off.entry, known_models) or _unlisted(off.entry, model)):
                return off.variables
        return ()


def _targets(entry: ClaudeKey, known_models: tuple[str, ...]) -> dict[str, Target]:
    """Every name that `entry` lists, with and without its prefix, in the order of the listing."""
    models = entry.models or tuple(ServedModel(name=name) for name in known_models)
    served = [model for model in models if not _excluded(entry, model.public, model.name)]
    prefixes = ("",) if entry.prefix is None else ("", f"{entry.prefix}/")
    names = [(prefix + model.public, model) for prefix in prefixes for model in served]
    return {name: _target(entry, model.name, name, model.family.overrides()) for name, model in names}


def _unlisted(entry: ClaudeKey, asked: str) -> Target | None:
    """An entry without `models` hands on any name that looks like its provider's, so that a new model needs no
    new gateway."""
    bare = asked if entry.prefix is None else asked.removeprefix(f"{entry.prefix}/")
    if entry.models or not _CLAUDE.fullmatch(bare) or _excluded(entry, bare):
        return None
    return _target(entry, bare, asked, {})


def _excluded(entry: ClaudeKey, *names: str) -> bool:
    return any(fnmatchcase(name.lower(), pattern.lower()) for name in names for pattern in entry.excluded_models)


def _target(entry: ClaudeKey, model: str, asked: str, overrides: Mapping[str, Any]) -> Target:
    return Target(
        provider="anthropic",
        model=model,
        alias=asked,
        base_urls={"anthropic": entry.base_url},
        auth=StaticKey("x-api-key", entry.api_key),
        headers=entry.headers,
        overrides=overrides,
    )
