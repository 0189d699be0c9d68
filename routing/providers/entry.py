"""The parts that the entries of all providers have in common: credentials, URLs and the models that they serve."""

import re
from abc import ABC, abstractmethod
from functools import partial
from typing import Annotated, Any, ClassVar, Literal

from pydantic import BeforeValidator, Field, model_validator

from routing.auth import Auth, StaticKey
from routing.field_types import (
    Amount,
    Flag,
    Headers,
    ModelName,
    Name,
    Number,
    Pattern,
    Prefix,
    Section,
    Weight,
    absent,
    headers_but,
    whole,
)
from routing.globs import matches, matches_in_any_case
from routing.proxies import Proxies, ProxyURL
from routing.secret import Secret

ANY_NAME = re.compile(r"(?!/)[\x21-\x7e]{1,200}(?<!/)")
"""The form of every name of a model."""


class Thinking(Section):
    """The reasoning efforts that a model takes. Without `levels` the gateway's own table has them."""

    levels: tuple[Literal["none", "auto", "minimal", "low", "medium", "high", "xhigh", "max"], ...] = ()
    """Another level becomes the nearest of these; `auto` leaves it to the model."""


class ServedModel(Section):
    """A model of an entry. `name` is the provider's, `alias` what clients ask for; without one it is the name."""

    name: ModelName
    alias: Annotated[ModelName | None, BeforeValidator(absent)] = None
    display_name: Annotated[Name | None, BeforeValidator(absent)] = None
    """The name for people, in lists of models."""
    max_context_length: Amount = 0
    """The tokens of its context window; 0: not known."""
    force_mapping: Flag = True
    """Answers have the name that the client asked for; False: the one that the provider gives."""
    thinking: Thinking = Thinking()

    @property
    def public(self) -> str:
        return self.alias or self.name

    def overrides(self) -> dict[str, Any]:
        """Return the facts about this model in the file, for the dialect's `Model`."""
        return {}


def _several(value: object) -> object:
    """Return a list of one for a text alone."""
    return [value] if isinstance(value, str) else value


class ScopedError(Section):
    """Errors of a provider that are about the request, not about the credential: those of a `status` whose body has a
    text of `match`, or matches a regular expression of `match-regexr`. `action`: `stop` tells the client at once,
    `continue` goes on with the next credential; with `-and-cooldown` the credential rests as well."""

    status: Annotated[int, BeforeValidator(partial(whole, low=100, high=599))]
    match: Annotated[tuple[Name, ...], BeforeValidator(_several)] = ()
    match_regexr: Annotated[tuple[Pattern, ...], BeforeValidator(_several)] = ()
    action: Literal["stop", "stop-and-cooldown", "continue", "continue-and-cooldown"] = "stop"

    @model_validator(mode="after")
    def _recognisable(self) -> "ScopedError":
        if not self.match and not self.match_regexr:
            raise ValueError("matches every error of its status; add match or match-regexr")
        return self


class Entry(Section, ABC):
    """One entry of a provider's section. With `prefix` clients may ask for PREFIX/NAME as well."""

    section: ClassVar[str]
    """The key of config.yaml under which such entries are listed."""
    called: ClassVar[tuple[str, ...]] = ()
    """The names that people write instead of that key."""
    lists: ClassVar[str] = ""
    """The provider dialect whose public models an entry without `models` serves."""
    lists_models: ClassVar[bool] = False
    """Its servers list their models, in the form of the first dialect of `base_urls`."""

    disabled: Flag = False
    """Keeps the entry in the file, and out of use."""
    prefix: Prefix | None = None
    models: tuple[ServedModel, ...] = ()
    excluded_models: tuple[Name, ...] = ()
    headers: Annotated[Headers, headers_but("authorization")] = Field(default_factory=dict)
    proxy_url: ProxyURL = None
    """Absent: as for all entries."""
    priority: Number = 0
    """The higher one goes first."""
    weight: Weight = 1
    request_retry: Number | None = None
    """Below 0, or absent: as for all entries."""
    disable_cooling: Flag | None = None
    """Absent: as for all entries."""
    request_scoped_errors: tuple[ScopedError, ...] = ()

    @model_validator(mode="before")
    @classmethod
    def _without_address(cls, value: object) -> object:
        """Return the entry without an empty `base-url`, which counts as absent."""
        if isinstance(value, dict) and value.get("base-url") == "":
            return {key: each for key, each in value.items() if key != "base-url"}
        return value

    @property
    @abstractmethod
    def provider(self) -> str:
        """Return the name in logs and in `owned_by`."""

    @property
    def discovered(self) -> bool:
        """Return whether the server is asked for its models."""
        return self.lists_models and not self.models

    @property
    def takes_others(self) -> bool:
        """Return whether there are names for which `hands_on` is true."""
        return False

    @abstractmethod
    def base_urls(self, model: str) -> dict[str, str]:
        """Return the base URLs of requests for `model` by provider dialect, the preferred one first."""

    def query(self) -> str:
        """Return the query of every URL."""
        return ""

    @abstractmethod
    def credentials(self) -> tuple[Auth | None, ...]:
        """Return the credentials for requests, at least one; None for a provider that wants none."""

    def key_weight(self, at: int) -> int:
        """Return the weight of the credential at that position."""
        return self.weight

    def excludes(self, name: str) -> bool:
        """Return whether `excluded-models` takes away what clients call so, without the prefix."""
        return matches_in_any_case(name, self.excluded_models)

    def bare(self, name: str, *, forced: bool) -> bool:
        """Return whether `name` may be asked for without the entry's prefix. `forced` is `force-model-prefix`."""
        return self.prefix is None or not forced or self.prefix == name

    def key_proxies(self, at: int) -> Proxies | None:
        """Return the way for the credential at that position; None: as for all entries."""
        return self.proxy_url

    def keys_caches(self) -> bool:
        """Return whether requests get a `prompt_cache_key` for their session."""
        return False

    def hands_on(self, name: str, *, prefixed: bool) -> bool:
        """Return whether an entry without `models` serves `name`, which it does not list. `prefixed`: the client
        wrote the entry's prefix, which `name` no longer has."""
        return False

    def other_name(self, name: str) -> str | None:
        """Return another name that the server may list for `name`."""
        return None

    def overrides(self, model: ServedModel) -> dict[str, Any]:
        """Return the facts about the provider and `model` in the file, for the dialect's `Model`."""
        return model.overrides()


def bearer(key: Secret | None) -> StaticKey | None:
    return None if key is None else StaticKey("authorization", key, "Bearer ")


def looks_like(name: str, patterns: tuple[str, ...]) -> bool:
    """Return whether `name` is that of a model and matches one of `patterns`, which may hold `*`."""
    return bool(ANY_NAME.fullmatch(name)) and matches(name, patterns)


def require_models(entry: Entry) -> None:
    """Raise ValueError for an entry without `models`."""
    if not entry.models:
        raise ValueError("has no models; name them, as this provider's cannot be guessed")
