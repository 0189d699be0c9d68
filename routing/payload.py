"""The section `payload`: rules of the operator's for the bodies that go to providers, in CLIProxyAPI's words."""

import fnmatch
import re
from collections.abc import Iterator, Mapping
from typing import Annotated, Any

from pydantic import BeforeValidator, model_validator
from pydantic_core import from_json, to_json

from routing import json_paths
from routing.errors import Path
from routing.field_types import CREDENTIALS, Section, header_name
from routing.json_paths import JsonPath

PROTOCOLS: Mapping[str, tuple[str, ...]] = {
    "openai": ("openai", "openai-completions"),
    "claude": ("anthropic", "vertex-anthropic"),
    "gemini": ("gemini",),
    **dict.fromkeys(("codex", "responses", "response", "openai-response", "openai-responses"), ("openai-responses",)),
    "bedrock": ("bedrock",),
    "ollama": ("ollama",),
    "vertex-claude": ("vertex-anthropic",),
    **dict.fromkeys(("antigravity", "interactions"), ()),
}
"""The dialects of providers that a `protocol` means; none for those that the gateway does not speak."""
FROM_PROTOCOLS: Mapping[str, tuple[str, ...]] = {
    "openai": ("chat", "completions"),
    **dict.fromkeys(("responses", "response", "openai-response", "openai-responses"), ("responses",)),
    "completions": ("completions",),
    **dict.fromkeys(("codex", "claude", "gemini", "antigravity", "interactions"), ()),
}
"""The dialects of clients that a `from-protocol` means; none for those that the gateway does not speak."""
KINDS = ("default", "default-raw", "override", "override-raw", "filter")
"""The lists of rules, in the order in which they are applied."""
_LONGEST = 200


def keeps_null(path: Path) -> bool:
    """Return whether a null at `path` of the file is a value, not the absence of one."""
    return path[:1] == ("payload",) and any(part in ("params", "match", "not-match") for part in path[2:-1])


def _path(value: object) -> JsonPath:
    if not isinstance(value, str):
        raise ValueError("must be a path such as reasoning.effort")
    return json_paths.parse(value)


def _json(value: object) -> Any:
    """Return a value that JSON has, apart from the file's own."""
    try:
        return from_json(to_json(value), allow_inf_nan=False)
    except ValueError:
        raise ValueError("must be a value that JSON has: no infinite number, and not too deep") from None


def _raw(value: object) -> Any:
    """Return the value of JSON text. Anything but a text is a value already."""
    if value is None:
        raise ValueError('is nothing; write "null" for a null')
    if not isinstance(value, str):
        return _json(value)
    try:
        return from_json(value, allow_inf_nan=False)
    except ValueError:
        raise ValueError("must be JSON text; put a text in quotes of its own: '\"text\"'") from None


def _pattern(value: object) -> re.Pattern[str]:
    if not isinstance(value, str) or not value.strip() or len(value) > _LONGEST:
        raise ValueError(f"must be 1 to {_LONGEST} characters; * stands for any")
    return re.compile(fnmatch.translate(re.sub(r"([\[?])", r"[\1]", value.strip())))


def _protocol(value: object, known: Mapping[str, tuple[str, ...]]) -> str:
    word = value.lower() if isinstance(value, str) else ""
    if word not in known:
        raise ValueError(f"must be one of {', '.join(known)}")
    return word


def _header(value: object) -> str:
    name = header_name(value)
    if name in CREDENTIALS:
        raise ValueError("names a credential, which no rule is shown")
    return name


JsonPathField = Annotated[JsonPath, BeforeValidator(_path)]
Value = Annotated[Any, BeforeValidator(_json)]
Raw = Annotated[Any, BeforeValidator(_raw)]
NamePattern = Annotated[re.Pattern[str], BeforeValidator(_pattern)]
Protocol = Annotated[str, BeforeValidator(lambda value: _protocol(value, PROTOCOLS))]
FromProtocol = Annotated[str, BeforeValidator(lambda value: _protocol(value, FROM_PROTOCOLS))]
HeaderName = Annotated[str, BeforeValidator(_header)]
Values = tuple[Mapping[JsonPathField, Value], ...]


class Models(Section):
    """Requests that a rule is for: all that is set must be so. `name` is the provider's of the model, or the client's;
    `*` stands for anything."""

    name: NamePattern
    protocol: Protocol | None = None
    from_protocol: FromProtocol | None = None
    headers: Mapping[HeaderName, NamePattern] = {}
    match: Values = ()
    not_match: Values = ()
    exist: tuple[JsonPathField, ...] = ()
    not_exist: tuple[JsonPathField, ...] = ()

    @property
    def idle(self) -> bool:
        """Return whether no request is ever meant."""
        to, by = PROTOCOLS.get(self.protocol or "claude"), FROM_PROTOCOLS.get(self.from_protocol or "openai")
        return not to or not by


class Rule(Section):
    """A rule, for requests that one of `models` means."""

    models: tuple[Models, ...]

    @model_validator(mode="after")
    def _means(self) -> "Rule":
        if not self.models:
            raise ValueError('has no models; write `models: [{name: "*"}]` for all')
        return self


class Setting(Rule):
    """A rule that sets `params`: values by their paths."""

    params: Mapping[JsonPathField, Value]


class RawSetting(Rule):
    """The same with texts that are JSON."""

    params: Mapping[JsonPathField, Raw]


class Filter(Rule):
    """A rule that takes what is at the paths of `params` away."""

    params: tuple[JsonPathField, ...]


class Payload(Section):
    """The rules, by what they do."""

    default: tuple[Setting, ...] = ()
    default_raw: tuple[RawSetting, ...] = ()
    override: tuple[Setting, ...] = ()
    override_raw: tuple[RawSetting, ...] = ()
    filter: tuple[Filter, ...] = ()

    def rules(self) -> Iterator[tuple[str, int, Rule]]:
        """Yield the rules in their order: the list that each stands in, its position there, itself."""
        for kind in KINDS:
            for at, rule in enumerate(getattr(self, kind.replace("-", "_"))):
                yield kind, at, rule

    @property
    def empty(self) -> bool:
        return not (self.default or self.default_raw or self.override or self.override_raw or self.filter)

    def idle(self) -> Iterator[tuple[Path, str]]:
        """Yield the places in the file of what no request can ever meet, each with a sentence."""
        for kind, at, rule in self.rules():
            for number, models in enumerate(rule.models):
                if models.idle:
                    yield (
                        ("payload", kind, at, "models", number),
                        "is never met: this gateway does not speak that protocol on that side",
                    )
