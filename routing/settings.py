"""The typed values that config.yaml may have. The names are CLIProxyAPI's; any other key is refused.

The keys of the file are the field names with `-` for `_`. `routing.config` reads the file into these; the sections of
providers are in `routing.providers`, one module each.
"""

from collections.abc import Iterator, Mapping
from hashlib import sha256
from typing import TYPE_CHECKING, Annotated, Any, Literal, Self, get_args

from pydantic import AfterValidator, Field, ModelWrapValidatorHandler, PrivateAttr, create_model, model_validator

from routing import providers
from routing.faults import FaultRule
from routing.field_types import (
    Amount,
    Certificates,
    Count,
    Flag,
    Forwarded,
    Headers,
    HeldKey,
    Host,
    Instant,
    Key,
    KeyDigest,
    KeyFile,
    Lifetime,
    Minutes,
    ModelName,
    Name,
    NewFile,
    NewFolder,
    Number,
    Origin,
    Pattern,
    Port,
    Quota,
    Seconds,
    Section,
    Size,
    Storage,
    address,
    headers_but,
)
from routing.payload import Payload
from routing.prices import Price
from routing.providers.entry import Entry
from routing.proxies import DIRECT, Proxies, ProxyURL
from routing.secret import Secret
from routing.strategies import Strategy
from routing.urls import CollectorURL


def _some(patterns: tuple[str, ...]) -> tuple[str, ...]:
    if not patterns:
        raise ValueError("is empty; name models, or leave it out where the key may use all of them")
    return patterns


class ClientKey(Section):
    """A key that clients of the gateway present: as it is, as its digest, or as a file that holds it. `name` is what
    logs say; `routing.config` fills it in."""

    key: Key | None = None
    key_sha256: KeyDigest | None = None
    key_file: HeldKey | None = None
    name: Name = ""
    expires: Instant | None = None
    """Seconds since 1970; None: never."""
    rpm: Quota | None = None
    """Requests a minute."""
    tpm: Quota | None = None
    """Tokens a minute, of requests and answers."""
    max_parallel: Quota | None = None
    """Requests at once."""
    debug: Flag = False
    """Answers to it show more of the gateway's work."""
    faults: Flag = False
    """Its requests may ask for a fault."""
    models: Annotated[tuple[Name, ...], AfterValidator(_some)] = ()
    """The patterns of the names that it may use; absent: every name."""

    _owner: str = PrivateAttr("")

    @model_validator(mode="before")
    @classmethod
    def _bare(cls, value: object) -> object:
        return value if isinstance(value, dict) else {"key": value}

    @model_validator(mode="after")
    def _one(self) -> Self:
        given = [each for each in (self.key, self.key_sha256, self.key_file) if each is not None]
        if len(given) != 1:
            raise ValueError("must have exactly one of key, key-sha256 and key-file")
        return self

    def called(self, name: str) -> "ClientKey":
        """Return the key with a name that it only has by its position: another key may have that tomorrow."""
        made = self.model_copy(update={"name": name})
        made._owner = f"/{self.digest.hex()}"
        return made

    @property
    def owner(self) -> str:
        """Return what the gateway keeps things under for the key, also over reloads: its name, if the file says it.
        Nobody is to see it."""
        return self._owner or self.name

    @property
    def limited(self) -> bool:
        return self.rpm is not None or self.tpm is not None or self.max_parallel is not None

    @property
    def digest(self) -> bytes:
        """Return the key's SHA-256."""
        if self.key_sha256 is not None:
            return bytes.fromhex(self.key_sha256.reveal())
        key = self.key if self.key_file is None else self.key_file.key
        assert key is not None
        return digest(key.reveal())


def digest(key: str) -> bytes:
    """Return the SHA-256 of a key. Any text will do, also what is not ASCII."""
    return sha256(key.encode("utf-8", "surrogatepass")).digest()


class EmbeddedSettings(Section):
    """Settings of the local model."""

    enable: Flag = False
    alias: ModelName = "smollm2"


class Timeouts(Section):
    """Times in seconds; 0 is off."""

    head: Seconds = 10.0
    body: Seconds = 60.0
    connect: Seconds = 10.0
    first_byte: Seconds = 300.0
    idle: Seconds = 120.0
    total: Seconds = 0.0


class Limits(Section):
    """The limits of one request."""

    items: Count = 20_000
    """Messages, and what stands in their lists: parts, calls."""
    tools: Count = 2_000


class Streaming(Section):
    """Settings of streamed answers."""

    keepalive_seconds: Seconds = 15.0
    """Seconds of a provider's silence after which a client is sent a comment; 0 is off."""
    bootstrap_retries: Amount = 0
    """Further rounds for a stream of which the client has nothing yet."""


class RoutingSettings(Section):
    """The choice among the targets of a name."""

    strategy: Strategy = "round-robin"
    session_affinity: Flag = False
    session_affinity_ttl: Lifetime = 3600.0
    """Seconds since a session's last request after which its target is forgotten."""


class ResponseStoreSettings(Section):
    """Settings for keeping answers of `/v1/responses`, in memory, for `previous_response_id` and to be fetched
    again."""

    enable: Flag = False
    max_bytes: Size = 64 << 20
    max_age_seconds: Seconds = 3600.0


class MetricsSettings(Section):
    """Settings of `GET /metrics`."""

    enable: Flag = False
    key: Key | None = None

    @model_validator(mode="after")
    def _locked(self) -> "MetricsSettings":
        if self.enable and self.key is None:
            raise ValueError("needs a key of its own, which Prometheus presents; add `key: ${METRICS_KEY}`")
        return self


def _of_nobody(headers: Headers) -> Headers:
    if not all(isinstance(value, Secret) for value in headers.values()):
        raise ValueError("copies a client's header, and nothing here is sent for one client; write $$ for a dollar")
    return headers


class OtelSettings(Section):
    """Settings of what goes to an OpenTelemetry collector; what is not said here, OpenTelemetry's own variables say."""

    enable: Flag = False
    endpoint: CollectorURL | None = None
    headers: Annotated[Headers, headers_but(), AfterValidator(_of_nobody)] = Field(default_factory=dict)
    service_name: Name | None = None
    traces: Flag = True
    metrics: Flag = True


class InspectorSettings(Section):
    """Settings of the page that shows exchanges, and of what it keeps of them."""

    enable: Flag = True
    host: Host = "127.0.0.1"
    port: Port = 8318
    key: Key | None = None
    """The token of the page's address; None: another one at each start."""
    memory: Size = 64 << 20
    exchange_memory: Size = 16 << 20
    spool: NewFolder | None = None
    """The folder in which exchanges outlive the process."""
    spool_bytes: Size = 1 << 30
    spool_days: Amount = 30
    """0: for ever."""
    bodies: Literal["redacted", "full", "none"] = "redacted"
    redact: tuple[Pattern, ...] = ()
    """What they match is taken out of everything that is kept."""

    @model_validator(mode="after")
    def _locked(self) -> "InspectorSettings":
        if self.key is None and not is_loopback(self.host):
            raise ValueError("has a host that others can reach, and needs a key then; add `key: ${INSPECTOR_KEY}`")
        return self

    @model_validator(mode="after")
    def _spooled(self) -> "InspectorSettings":
        if self.spool is None and not self.model_fields_set.isdisjoint(("spool_bytes", "spool_days")):
            raise ValueError("has bounds of a spool, and no `spool`; add its folder, or take the bounds out")
        return self

    @property
    def url(self) -> str:
        """Return the page's address on this machine, without a slash at its end."""
        host = self.host if self.host not in ("", "0.0.0.0", "::") else "127.0.0.1"
        return f"http://{f'[{host}]' if ':' in host else host}:{self.port}"


if TYPE_CHECKING:
    Providers = Section
else:
    Providers = create_model(
        "Providers",
        __base__=Section,
        **{section.replace("-", "_"): (tuple[entry, ...], ()) for section, entry in providers.ENTRIES.items()},
    )


class Settings(Providers):
    """All of config.yaml. Each section of `routing.providers` is a field: a tuple of its entries that are on."""

    host: Host = "127.0.0.1"
    port: Port = 8317
    api_keys: tuple[ClientKey, ...] = ()
    compatibility: Literal["cliproxyapi"] | None = None
    """Whose file it is: `routing.cliproxyapi` reads its keys as they mean there."""
    debug: Flag = False
    """Shows all that is logged."""
    passthrough_headers: Flag = False
    """Gives the client the headers of the provider's answer."""
    embedded: EmbeddedSettings = EmbeddedSettings()
    models_refresh: Minutes = 5
    """The minutes after which servers are asked again for their models; 0: at the start only."""
    force_model_prefix: Flag = False
    """Models of an entry with a prefix are served as PREFIX/NAME only."""
    body_size_limit: Size = 64 << 20
    limits: Limits = Limits()
    limits_storage: Storage = None
    """Where the counts of limited client keys are."""
    limits_on_error: Literal["open", "closed"] = "open"
    """Whether limited client keys are let in when that does not answer."""
    timeouts: Timeouts = Timeouts()
    streaming: Streaming = Streaming()
    nonstream_keepalive_interval: Seconds = 0.0
    """Seconds after which a client that waits for a whole answer is sent a blank line; 0 is off."""
    routing: RoutingSettings = RoutingSettings()
    request_retry: Number = 0
    """The rounds over a pool after the first one."""
    max_retry_credentials: Number = 0
    """The most targets of one round; 0 or less: all."""
    max_retry_interval: Number = 0
    """The seconds that a request waits at most between two rounds; 0 or less: it does not wait."""
    disable_cooling: Flag = False
    transient_error_cooldown_seconds: Number = 0
    """0: as long as usual. Below 0: such errors make no credential rest."""
    failover_loss: Literal["note", "refuse"] = "note"
    """Whether another target may be asked that loses what the first one would have carried."""
    context_fallback: Flag = False
    """Lets a target with a longer context answer where the prompt is too long for another."""
    hedge_after: Seconds = 0.0
    """Seconds of a target's silence after which a second one is asked as well; 0 is off."""
    response_store: ResponseStoreSettings = ResponseStoreSettings()
    payload: Payload = Payload()
    """Rules for the bodies that go to providers."""
    faults: tuple[FaultRule, ...] = ()
    """Faults that are injected, for tests of applications."""
    on_loss: Literal["note", "refuse"] = "note"
    fan_out: Flag = True
    """Lets one request become several calls: for `n` where a model gives one choice, for several prompts."""
    log_format: Literal["text", "json"] = "text"
    max_connections: Amount = 2000
    """The connections that clients may have; 0: as many as files may be open."""
    drain_seconds: Seconds = 20.0
    keep_flows: Amount = 1000
    """The flows that a user interface keeps; 0: all."""
    metrics: MetricsSettings = MetricsSettings()
    otel: OtelSettings = OtelSettings()
    inspector: InspectorSettings | None = None
    """None: there is none. See also `inspected`."""
    cors_origins: tuple[Origin, ...] = ()
    forward_headers: tuple[Forwarded, ...] = ()
    prices: tuple[Price, ...] = ()
    usage_db: NewFile | None = None
    usage_db_max_days: Amount = 365
    """0: for ever."""
    proxy_url: ProxyURL = None
    """The proxy on the way to providers; absent: the environment's."""
    upstream_ca: Certificates | None = None
    """Authorities that are trusted at providers and proxies, besides the public ones."""

    _order: tuple[str, ...] = PrivateAttr(())
    """The keys of the file, as they stand in it."""
    _environment: Proxies = PrivateAttr(DIRECT)

    @model_validator(mode="wrap")
    @classmethod
    def _ordered(cls, value: object, handler: ModelWrapValidatorHandler["Settings"]) -> "Settings":
        made = handler(value)
        if isinstance(value, dict):
            made._order = tuple(key for key in value if key in providers.ENTRIES)
        return made

    @property
    def providers(self) -> tuple[tuple[str, int, Entry], ...]:
        """Return the entries of all providers in the order of the file, but those that are disabled: the section, the
        position among those whose variables are set, the entry."""
        fields = {name.replace("_", "-"): name for name in type(self).model_fields}
        return tuple(
            (section, at, entry)
            for section in self._order
            for at, entry in enumerate(getattr(self, fields[section]))
            if not entry.disabled
        )

    def with_environment(self, proxies: Proxies) -> "Settings":
        """Return the settings for an environment that names `proxies`."""
        made = self.model_copy()
        made._environment = proxies
        return made

    @property
    def proxies(self) -> Proxies:
        """Return the way to providers whose entries have none of their own."""
        return self._environment if self.proxy_url is None else self.proxy_url

    def secrets(self) -> Iterator[str]:
        """Return the keys of clients and of providers, as texts; not the headers that are added to requests."""
        return (key.reveal() for key in (*_keys(self), *_keys(self._environment)))

    @property
    def inspected(self) -> InspectorSettings | None:
        """Return the settings of the inspector if it is on."""
        return self.inspector if self.inspector is not None and self.inspector.enable else None

    @property
    def loopback(self) -> bool:
        """Return whether nobody but this machine can reach `host`."""
        return is_loopback(self.host)


def is_loopback(host: str) -> bool:
    """Return whether nobody but this machine can reach `host`."""
    ip = address(host)
    return host == "localhost" if ip is None else ip.is_loopback


def _keys(value: Any) -> Iterator[Secret]:
    match value:
        case Secret():
            yield value
        case KeyFile():
            yield value.key
        case Proxies():
            yield from value.passwords()
        case Section():
            for name in type(value).model_fields:
                if name != "headers":
                    yield from _keys(getattr(value, name))
        case tuple():
            for each in value:
                yield from _keys(each)


def keys(section: type[Section]) -> tuple[str, ...]:
    """Return the keys that a section of the file may have."""
    return tuple(field.alias or name for name, field in section.model_fields.items())


def _places(section: type[Section], place: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], type[Section]]]:
    yield place, section
    for name, field in section.model_fields.items():
        for inner in _sections(field.annotation):
            yield from _places(inner, (*place, field.alias or name))


def _sections(kind: Any) -> Iterator[type[Section]]:
    if isinstance(kind, type) and issubclass(kind, Section):
        yield kind
    for part in get_args(kind):
        yield from _sections(part)


PLACES: Mapping[tuple[str, ...], type[Section]] = dict(_places(Settings))
"""The sections by their places in the file, without list positions."""
