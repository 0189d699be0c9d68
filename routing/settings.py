"""What config.yaml may say, as typed values. The vocabulary is CLIProxyAPI's; what is not here is refused.

The keys of the file are the field names with `-` for `_`. `routing.config` reads the file into these.
"""

import ipaddress
import math
import re
from collections.abc import Mapping
from functools import partial
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import BaseModel, BeforeValidator, ConfigDict, model_validator

from routing.secret import Secret

_SIZE = re.compile(r"(\d{1,12}) ?(?:([kmg])(?:i?b)?)?", re.IGNORECASE)
_TOKEN = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")
_HOST_NAME = re.compile(r"[A-Za-z0-9._-]+")
_VISIBLE = re.compile(r"[\x21-\x7e]+")
_HEADER_VALUE = re.compile(r"[\x21-\x7e](?:[\x20-\x7e\t]*[\x21-\x7e])?")
_TRUTH = {"true": True, "yes": True, "on": True, "false": False, "no": False, "off": False}

_FRAMING = {
    *("connection", "content-encoding", "content-length", "content-type", "expect", "host", "keep-alive"),
    *("proxy-authenticate", "proxy-authorization", "proxy-connection", "te", "trailer", "transfer-encoding", "upgrade"),
}
_NEVER_FORWARDED = {
    *_FRAMING,
    *("accept", "accept-encoding", "api-key", "authorization", "cookie", "set-cookie", "x-api-key", "x-goog-api-key"),
}
"""A client's credentials, and what the gateway decides itself for its own request to the provider."""


def _whole(value: object, low: int, high: int | None = None) -> int:
    """A text of digits counts, because a variable gives text."""
    if isinstance(value, str) and re.fullmatch(r"[0-9]{1,18}", value):
        value = int(value)
    if not isinstance(value, int) or isinstance(value, bool) or value < low or (high is not None and value > high):
        raise ValueError(f"must be a whole number, {low} or more" + (f", at most {high}" if high is not None else ""))
    return value


def _seconds(value: object) -> float:
    try:
        seconds = math.nan if isinstance(value, bool) or not isinstance(value, int | float | str) else float(value)
    except (ValueError, OverflowError):
        seconds = math.nan
    if not 0 <= seconds < math.inf:
        raise ValueError("must be a number of seconds, 0 or more (0 switches it off)")
    return seconds


def _size(value: object) -> int:
    if isinstance(value, str) and (found := _SIZE.fullmatch(value)):
        value = int(found[1]) << {"": 0, "k": 10, "m": 20, "g": 30}[(found[2] or "").lower()]
    if not isinstance(value, int) or isinstance(value, bool) or value < 1:
        raise ValueError("must be a number of bytes above 0, or one with a unit of 1024: 512k, 64m, 1GiB")
    return value


def _flag(value: object) -> bool:
    truth = _TRUTH.get(value.lower()) if isinstance(value, str) else value
    if not isinstance(truth, bool):
        raise ValueError("must be true or false")
    return truth


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise ValueError("must be text; put it in quotes")
    if not value or not value.isprintable() or value != value.strip() or len(value) > 200:
        raise ValueError("must be 1 to 200 printable characters without spaces around them")
    return value


def _model_name(value: object) -> str:
    name = _text(value)
    if " " in name or name.startswith("/") or name.endswith("/"):
        raise ValueError("must be a model's name: no spaces, no slash at either end")
    return name


def _prefix(value: object) -> str:
    prefix = _model_name(value.strip("/") if isinstance(value, str) else value)
    if "/" in prefix:
        raise ValueError("must be one word without a slash; models are then asked as PREFIX/NAME")
    return prefix


def _host(value: object) -> str:
    """A name or an address; the empty text listens everywhere."""
    host = value.removeprefix("[").removesuffix("]") if isinstance(value, str) else None
    if host is not None and (not host or _HOST_NAME.fullmatch(host) or _address(host)):
        return host
    raise ValueError("must be an address or a host name alone, as 127.0.0.1; the port has a key of its own")


def _address(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None


def _key(value: object) -> Secret:
    if not isinstance(value, str):
        raise ValueError("must be text; put the key in quotes")
    if not value:
        raise ValueError("is empty; give a key, or ${NAME} of a variable that holds one")
    if not _VISIBLE.fullmatch(value):
        raise ValueError("must be visible ASCII without spaces or line breaks, since it travels in an HTTP header")
    return Secret(value)


def _base_url(value: object) -> str:
    """Without a version: a trailing slash, `/v1` or `/v1/messages` is taken off. A path before that is kept."""
    wrong = "must be an URL such as https://api.anthropic.com, with nothing but a path after the host"
    try:
        parts = urlsplit(value if isinstance(value, str) else "")
        host, port = parts.hostname or "", parts.port
    except ValueError:
        host, port = "", None
    if not isinstance(value, str) or not host or port == 0 or not _VISIBLE.fullmatch(value) or "\\" in value:
        raise ValueError(wrong)
    if parts.scheme not in ("http", "https") or "?" in value or "#" in value:
        raise ValueError(wrong)
    if "@" in parts.netloc:
        raise ValueError("must not hold a name or password; credentials go into api-key or headers")
    if not (_HOST_NAME.fullmatch(host) or _address(host)):
        raise ValueError(wrong)
    path = re.sub(r"(/v1(/messages)?)?/*$", "", parts.path.rstrip("/"))
    return f"{parts.scheme}://{parts.netloc}{path}"


def _origin(value: object) -> str:
    if value == "*":
        return "*"
    if isinstance(value, str) and re.fullmatch(r"[a-z][a-z0-9+.-]*://[A-Za-z0-9.\[\]:_-]+", value):
        return value.lower()
    raise ValueError('must be an origin such as https://app.example.com, without a path, or "*"')


def _header_name(value: object) -> str:
    if not isinstance(value, str) or not _TOKEN.fullmatch(value):
        raise ValueError("must be the name of an HTTP header")
    return value.lower()


def _forwarded(value: object) -> str:
    name = _header_name(value)
    if name in _NEVER_FORWARDED:
        raise ValueError("names a header that is never passed on: a credential, or one that the gateway sets itself")
    return name


def _headers(value: object) -> dict[str, Secret]:
    if not isinstance(value, dict):
        raise ValueError("must be a mapping of header names to texts")
    made: dict[str, Secret] = {}
    for name, text in value.items():
        if _header_name(name) in _FRAMING | {"x-api-key"}:
            raise ValueError("holds a header that the gateway sets itself; x-api-key comes from api-key")
        if not isinstance(text, str) or not _HEADER_VALUE.fullmatch(text):
            raise ValueError("each value must be text of ASCII characters in one line; put it in quotes")
        if made.setdefault(name.lower(), secret := Secret(text)) is not secret:
            raise ValueError("the same header stands twice, in another case; keep one of them")
    return made


def _tool_type(value: object) -> str | None:
    """`none` is a model without the tool, since a null would be as if the key were absent."""
    return None if value == "none" else _model_name(value)


def _date(value: object) -> str:
    if not isinstance(value, str) or not re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", value):
        raise ValueError("must be a version such as 2023-06-01")
    return value


Name = Annotated[str, BeforeValidator(_text)]
ModelName = Annotated[str, BeforeValidator(_model_name)]
Flag = Annotated[bool, BeforeValidator(_flag)]
Seconds = Annotated[float, BeforeValidator(_seconds)]
Key = Annotated[Secret, BeforeValidator(_key)]
Thinking = Literal["enabled", "adaptive", "disabled", "between_tools"]
Effort = Literal["low", "medium", "high", "xhigh", "max"]
Count = Annotated[int, BeforeValidator(partial(_whole, low=1))]


class Section(BaseModel):
    """A mapping in the file."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        alias_generator=lambda name: name.replace("_", "-"),
        arbitrary_types_allowed=True,
        hide_input_in_errors=True,
    )


class FamilyOverrides(Section):
    """What is true of one model, where it differs from what the gateway knows of its family. All are optional; the
    fields are those of `translators.providers.anthropic.families.Family`, which explains them."""

    max_output: Count | None = None
    max_output_enforced: Flag | None = None
    thinking: tuple[Thinking, ...] | None = None
    thinks_unasked: Flag | None = None
    effort_as_budget: Flag | None = None
    efforts: tuple[Effort, ...] | None = None
    sampling: Flag | None = None
    temperature_with_top_p: Flag | None = None
    forced_tools: Literal["always", "without_thinking", "never"] | None = None
    prefill: Flag | None = None
    mid_system: Flag | None = None
    structured_output: Flag | None = None
    fast: Flag | None = None
    web_search: Annotated[str | None, BeforeValidator(_tool_type)] = None
    version: Annotated[str, BeforeValidator(_date)] | None = None

    def overrides(self) -> dict[str, Any]:
        """What the file says, by field name."""
        return {name: getattr(self, name) for name in self.model_fields_set}


class ServedModel(Section):
    """`name` is the provider's, `alias` what clients ask for; without one it is the name."""

    name: ModelName
    alias: ModelName | None = None
    family: FamilyOverrides = FamilyOverrides()

    @property
    def public(self) -> str:
        return self.alias or self.name


class ClaudeKey(Section):
    """One credential at Anthropic, or at somebody who speaks its Messages format."""

    api_key: Key
    base_url: Annotated[str, BeforeValidator(_base_url)] = "https://api.anthropic.com"
    prefix: Annotated[str, BeforeValidator(_prefix)] | None = None
    models: tuple[ServedModel, ...] = ()
    excluded_models: tuple[Name, ...] = ()
    headers: Annotated[Mapping[str, Secret], BeforeValidator(_headers)] = {}
    """Lower-case names to `Secret`s."""


class ClientKey(Section):
    """A key that clients of the gateway present. `name` is what logs say; `routing.config` fills it in."""

    key: Key
    name: Name = ""

    @model_validator(mode="before")
    @classmethod
    def _bare(cls, value: object) -> object:
        return value if isinstance(value, dict) else {"key": value}


class Embedded(Section):
    enable: Flag = False
    alias: ModelName = "smollm2"


class Timeouts(Section):
    """Seconds; 0 is off."""

    connect: Seconds = 10.0
    first_byte: Seconds = 300.0
    idle: Seconds = 120.0
    total: Seconds = 0.0


class Streaming(Section):
    keepalive_seconds: Seconds = 15.0
    """Seconds of a provider's silence after which a client is sent a comment; 0 is off."""


class Settings(Section):
    host: Annotated[str, BeforeValidator(_host)] = "127.0.0.1"
    port: Annotated[int, BeforeValidator(partial(_whole, low=1, high=65535))] = 8317
    api_keys: tuple[ClientKey, ...] = ()
    claude_api_key: tuple[ClaudeKey, ...] = ()
    embedded: Embedded = Embedded()
    body_size_limit: Annotated[int, BeforeValidator(_size)] = 64 << 20
    """Bytes."""
    timeouts: Timeouts = Timeouts()
    streaming: Streaming = Streaming()
    on_loss: Literal["note", "refuse"] = "note"
    fan_out: Flag = True
    """Whether one request may become several calls: for `n` where a model gives one choice, for several prompts."""
    log_format: Literal["text", "json"] = "text"
    drain_seconds: Seconds = 20.0
    cors_origins: tuple[Annotated[str, BeforeValidator(_origin)], ...] = ()
    forward_headers: tuple[Annotated[str, BeforeValidator(_forwarded)], ...] = ()
    """Lower-case names of client headers that go on to providers."""

    @property
    def loopback(self) -> bool:
        """Nobody but this machine can reach `host`."""
        address = _address(self.host)
        return self.host == "localhost" if address is None else address.is_loopback


PLACES: Mapping[tuple[str, ...], type[Section]] = {
    (): Settings,
    ("api-keys",): ClientKey,
    ("claude-api-key",): ClaudeKey,
    ("claude-api-key", "models"): ServedModel,
    ("claude-api-key", "models", "family"): FamilyOverrides,
    ("embedded",): Embedded,
    ("timeouts",): Timeouts,
    ("streaming",): Streaming,
}
"""Which section stands where in the file, list positions left out."""


def keys(section: type[Section]) -> tuple[str, ...]:
    """The keys that a section of the file may have."""
    return tuple(field.alias or name for name, field in section.model_fields.items())
