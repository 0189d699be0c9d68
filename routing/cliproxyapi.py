"""The keys of CLIProxyAPI's config.yaml, as data, and what `compatibility: cliproxyapi` makes of a file with them.

Every key is honoured (a field of `routing.settings`), always so (what it asks for cannot be switched off here),
accepted without effect, or refused where ignoring it would be unsafe or untrue. `docs/from-cliproxyapi.md` is written
from this table.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import field
from typing import Any, Literal
from urllib.parse import urlsplit

from routing.errors import Path
from translators.values import immutable

NAME = "cliproxyapi"

Fate = Literal["honoured", "always", "inert", "refused"]


@immutable
class Key:
    """A key by its place in the file, without positions in lists. `text` is how it differs where it is honoured, why it
    does nothing where it is inert, why it cannot be and what to do instead where it is refused. A refused key that is
    off, as `acts` finds, is inert. `least` is the number that stands for all below it, which mean the same there."""

    path: tuple[str, ...]
    fate: Fate
    text: str = ""
    acts: Callable[[object], bool] = bool
    when: str = "on"
    least: int | None = None

    @property
    def dotted(self) -> str:
        return ".".join(self.path)

    @property
    def reason(self) -> str:
        """Return why it has no effect, where it has none."""
        return "it is off" if self.fate == "refused" else self.text


def _on(name: str) -> Callable[[object], bool]:
    """Return whether a mapping switches on what `name` in it says."""
    return lambda value: isinstance(value, dict) and bool(value.get(name))


def _disguised(value: object) -> bool:
    return bool(value) if not isinstance(value, dict) else value.get("mode") != "never"


def _named(fate: Fate, *rows: str | tuple[str, str], within: str = "") -> Iterator[Key]:
    for row in rows:
        name, text = (row, "") if isinstance(row, str) else row
        yield Key(tuple(f"{within}.{name}".lstrip(".").split(".")), fate, text)


_NO_ACCOUNTS = "it belongs to logins by account, and only keys are used here"
_NO_DISGUISE = "requests are never disguised as another program's here"
_NO_API = "there is no management API"
_OWN_LOG = "the log goes to standard output, a line an exchange; prompts are never in it"

_HEAD: tuple[Key, ...] = (
    *_named(
        "honoured",
        ("host", "without it only this machine is let in; an empty text listens everywhere, and then wants a key"),
        "port",
        (
            "api-keys",
            "an empty list opens nothing: every call of `/v1` is a 401. CLIProxyAPI asks nobody for a key then",
        ),
        ("debug", "mitmproxy's log and the gateway's at level debug; neither keys nor prompts are in it"),
        ("proxy-url", "the environment's `HTTPS_PROXY` and `NO_PROXY` hold without it"),
        "force-model-prefix",
        (
            "passthrough-headers",
            "without what belongs to a connection, cookies, credentials and what the gateway says itself",
        ),
    ),
    Key(("request-retry",), "honoured", least=0),
    Key(("max-retry-credentials",), "honoured", least=0),
    Key(("max-retry-interval",), "honoured", least=0),
    *_named(
        "honoured",
        "disable-cooling",
        "transient-error-cooldown-seconds",
        ("routing.strategy", "`least-busy` and `fastest` besides"),
        "routing.session-affinity",
        "routing.session-affinity-ttl",
    ),
    Key(
        ("streaming", "keepalive-seconds"),
        "honoured",
        "**15 without it**, where CLIProxyAPI sends none; 0 is off",
        least=0,
    ),
    Key(("streaming", "bootstrap-retries"), "honoured", least=0),
    Key(("nonstream-keepalive-interval",), "honoured", least=0),
    *_named("always", ("codex.stream-bootstrap-buffering", "of every provider, where another one could be asked")),
    *_named(
        "honoured",
        (
            "default",
            "`models` (`name`, `protocol`, `from-protocol`, `headers`, `match`, `not-match`, `exist`, "
            "`not-exist`) and `params`, as in the four others; each rule that is applied is a note",
        ),
        ("default-raw", "what is no JSON stops the start, in `override-raw` as well"),
        *("override", "override-raw", "filter"),
        within="payload",
    ),
    Key(
        ("tls",),
        "refused",
        "put a proxy with the certificate before the gateway, or leave `tls` out and start with "
        "`scripts/run --certs FILE.pem` (certificate and key in one file): the port takes TLS as well",
        _on("enable"),
        "`enable` is on",
    ),
    Key(
        ("plugins",),
        "refused",
        "shared libraries of others are not loaded; write an addon for mitmproxy (`scripts/run -s FILE.py`)",
        _on("enabled"),
        "`enabled` is on",
    ),
    Key(("codex", "identity-confuse"), "refused", f"{_NO_DISGUISE}; leave it out"),
    Key(
        ("interactions-api-key",),
        "refused",
        "Gemini is asked through generateContent; move the entries to gemini-api-key",
        when="it has entries",
    ),
    *_named(
        "inert",
        ("auth-dir", _NO_ACCOUNTS),
        ("auth-auto-refresh-workers", _NO_ACCOUNTS),
        ("oauth-model-alias", _NO_ACCOUNTS),
        ("oauth-excluded-models", _NO_ACCOUNTS),
        ("oauth-request-scoped-errors", _NO_ACCOUNTS),
        ("quota-exceeded", _NO_ACCOUNTS),
        ("antigravity", _NO_ACCOUNTS),
        ("antigravity-signature-cache-enabled", _NO_ACCOUNTS),
        ("antigravity-signature-bypass-strict", _NO_ACCOUNTS),
        ("claude-header-defaults", _NO_DISGUISE),
        ("codex-header-defaults", _NO_DISGUISE),
        ("disable-claude-cloak-mode", _NO_DISGUISE),
        ("claude-code", _NO_DISGUISE),
        ("codex.disable-codex-cloaking", _NO_DISGUISE),
        ("codex.optimize-multi-agent-v2", "Codex's requests are translated as all others are"),
        ("codex.live-media-relay", "audio and video sessions are not served"),
        ("xai", "xAI gets the tools that the client names"),
        ("disable-image-generation", "a tool that makes images is never added to a request"),
        ("gpt-image-2-base-model", "`/v1/images` is not served"),
        ("video-result-auth-cache-ttl", "`/v1/videos` is not served"),
        ("credential-concurrency", "there is no cluster of gateways to agree with"),
        ("credential-in-flight", "there is no cluster of gateways to agree with"),
        ("ws-auth", "`/v1/ws` is not served"),
        ("pprof", "Go's profiler is not here"),
        ("commercial-mode", "there is no such middleware to leave out"),
        ("logging-to-file", _OWN_LOG),
        ("logs-max-total-size-mb", _OWN_LOG),
        ("error-logs-max-files", _OWN_LOG),
        ("request-log", f"{_OWN_LOG}; mitmproxy's views show whole exchanges"),
        ("remote-management", f"{_NO_API}, and the file is never written"),
        ("usage-statistics-enabled", _NO_API),
        ("redis-usage-queue-retention-seconds", _NO_API),
        ("ampcode", "Amp's own paths are not served"),
        ("kiro", _NO_ACCOUNTS),
        ("incognito-browser", _NO_ACCOUNTS),
        ("responses-compact-enabled", "`/v1/responses/compact` is not served"),
        ("save-cooldown-status", "cooldowns are kept in memory, over reloads of the file"),
    ),
)

_MODELS: tuple[Key, ...] = (
    *_named(
        "honoured",
        "name",
        ("alias", "the same alias in several places is a pool; an empty text is none"),
        "display-name",
        "max-context-length",
        ("force-mapping", "on without it, as for every model here"),
        (
            "thinking.levels",
            "another level becomes the nearest; without it the gateway's own table says what a model takes",
        ),
    ),
    *_named(
        "inert",
        ("is-compat", "thinking without a signature is kept or left out as the provider's format wants it"),
        *(
            (f"thinking.{name}", "budgets of tokens have the limits that the gateway knows, or `family` says")
            for name in ("min", "max")
        ),
        *(
            (f"thinking.{name}", "`none` and `auto` among the levels say it")
            for name in ("zero-allowed", "dynamic-allowed")
        ),
    ),
)

_CREDENTIAL: tuple[Key, ...] = (
    *_named(
        "honoured",
        "prefix",
        "priority",
        ("weight", "0 and less: never chosen by `weighted-round-robin`"),
        ("proxy-url", "also `direct` or `none`"),
        (
            "headers",
            "a value `$NAME` is the client's header of that name, if it has one; credentials cannot be copied",
        ),
        "request-retry",
        "disable-cooling",
        *(f"request-scoped-errors.{name}" for name in ("status", "match", "match-regexr", "action")),
    ),
    *(Key(("models", *key.path), key.fate, key.text) for key in _MODELS),
)

_KEY = "api-key"
_URL = "base-url"
_SECTIONS: Mapping[str, tuple[Key, ...]] = {
    "claude-api-key": (
        *_named(
            "honoured",
            _KEY,
            (
                _URL,
                "elsewhere than at api.anthropic.com the key goes as `Authorization: Bearer`, as there; "
                "`auth: x-api-key` in the entry says otherwise",
            ),
            "excluded-models",
        ),
        Key(("cloak",), "refused", f"{_NO_DISGUISE}; leave it out", _disguised, "`mode` is not `never`"),
        Key(("fingerprint-profile",), "refused", f"{_NO_DISGUISE}; leave it out", when="not empty"),
        Key(("experimental-cch-signing",), "refused", f"{_NO_DISGUISE}; leave it out"),
        Key(
            ("rebuild-mid-system-message",),
            "refused",
            "write `family: {mid-system: false}` at the models of the entry",
        ),
    ),
    "gemini-api-key": (
        *_named("honoured", (_KEY, "must not be empty, also where there is a base-url"), _URL, "excluded-models"),
    ),
    "vertex-api-key": (*_named("honoured", _KEY, _URL, "excluded-models"),),
    "codex-api-key": (
        *_named(
            "honoured",
            _KEY,
            (_URL, "must be there, as there: the key would else go to api.openai.com"),
            "excluded-models",
        ),
        *_named(
            "inert",
            ("websockets", "providers are asked over HTTP"),
            ("alpha-search", "`/v1/alpha/search` is not served"),
        ),
    ),
    "xai-api-key": (
        *_named("honoured", _KEY, (_URL, "`https://api.x.ai/v1` without it"), "excluded-models"),
        *_named(
            "inert",
            ("websockets", "providers are asked over HTTP"),
            ("alpha-search", "`/v1/alpha/search` is not served"),
        ),
    ),
    "openai-compatibility": (
        *_named(
            "honoured",
            "name",
            "disabled",
            _URL,
            ("api-key-entries.api-key", "no entries, or nothing but an empty text: no key is sent"),
            "api-key-entries.weight",
            "api-key-entries.proxy-url",
            ("support-prompt-cache-key", "for requests that have a session, as `routing.session-affinity` finds it"),
        ),
        *_named(
            "inert",
            *(
                (f"models.{name}", "what a model takes is left to the provider")
                for name in ("image", "input-modalities", "output-modalities")
            ),
        ),
    ),
}

KEYS: tuple[Key, ...] = (
    *_HEAD,
    *(
        Key((section, *key.path), key.fate, key.text, key.acts, key.when, key.least)
        for section, own in _SECTIONS.items()
        for key in (*own, *_CREDENTIAL)
    ),
)

BY_PATH: Mapping[tuple[str, ...], Key] = {key.path: key for key in KEYS}

_CONTAINERS = {key.path[:1] for key in KEYS if key.fate != "honoured" and len(key.path) == 2} - {
    (section,) for section in _SECTIONS
}
"""The mappings that nothing is left of: `codex`."""

_TEXTS = frozenset(key.path for key in KEYS if key.fate == "honoured" and key.path != ("host",))
"""The places at which an empty text is as if the key were absent."""


def unknown(path: Path) -> str | None:
    """Return what is wrong with a key of CLIProxyAPI's in a file that is not in its mode, and what to do; None for any
    other key."""
    key = BY_PATH.get(_names(path))
    if key is None or key.fate == "honoured":
        return None
    if key.fate == "refused":
        accepted = "" if key.when == "it has entries" else f" (while it is off, `compatibility: {NAME}` accepts it)"
        return f"is a key of CLIProxyAPI's that is not supported: {key.text}{accepted}"
    does = key.text if key.fate == "inert" else f"it is always so, {key.text}"
    return f"is a key of CLIProxyAPI's without effect here ({does}); remove it, or write `compatibility: {NAME}`"


def _names(path: Path) -> tuple[str, ...]:
    return tuple(part for part in path if isinstance(part, str))


@immutable
class Adapted:
    """A file as the gateway reads it. `refused` are the mistakes in it; `inert` are the places of what is accepted
    without effect, by key."""

    tree: object
    refused: tuple[tuple[Path, str], ...] = ()
    inert: Mapping[Key, tuple[Path, ...]] = field(default_factory=dict)


def adapt(tree: object) -> Adapted:
    """Return a file of CLIProxyAPI's without the keys that have no effect. Positions in lists stay."""
    walk = _Walk()
    return Adapted(walk.value(tree, ()), tuple(walk.refused), {key: tuple(at) for key, at in walk.inert.items()})


_STRATEGIES = {
    **dict.fromkeys(("rr", "roundrobin"), "round-robin"),
    **dict.fromkeys(("wrr", "weightedroundrobin"), "weighted-round-robin"),
    **dict.fromkeys(("ff", "fillfirst"), "fill-first"),
}


def _as_here(value: object, key: Key) -> object:
    """Return a value as this gateway writes it: without spaces around it, in full, and 0 for what is below it."""
    match value:
        case int() if key.least is not None:
            return max(value, key.least)
        case str() if key.path == ("routing", "strategy"):
            strategy = value.strip().lower()
            return _STRATEGIES.get(strategy, strategy)
        case str():
            return value.strip()
    return value


class _Walk:
    def __init__(self) -> None:
        self.refused: list[tuple[Path, str]] = []
        self.inert: dict[Key, list[Path]] = {}

    def value(self, value: object, path: Path) -> object:
        match value:
            case dict():
                kept = {
                    name: self.value(each, (*path, name))
                    for name, each in value.items()
                    if self.keeps(name, each, path)
                }
                return {name: each for name, each in kept.items() if each or (*_names(path), name) not in _CONTAINERS}
            case list():
                return [self.value(each, (*path, at)) for at, each in enumerate(value)]
        if isinstance(value, str):
            value = value.replace("$$", "$$$$")  # a dollar stands for nothing else there
        key = BY_PATH.get(_names(path))
        return value if key is None else _as_here(value, key)

    def keeps(self, name: str, value: object, within: Path) -> bool:
        """Return whether the key means something here; note what becomes of it otherwise."""
        path = (*within, name)
        key = BY_PATH.get(_names(path))
        if key is None or key.fate == "honoured":
            return bool(not isinstance(value, str) or value.strip()) or _names(path) not in _TEXTS
        if key.fate == "refused" and key.acts(value):
            self.refused.append((path, f"is not supported: {key.text}"))
        elif key.fate != "always":
            self.inert.setdefault(key, []).append(path)
        return False


def completed(tree: Any) -> Any:
    """Return a file, its variables filled in, that says what goes without saying there: how the key of an entry of
    Claude's is sent elsewhere than to Anthropic, and that an empty key is none."""
    if not isinstance(tree, dict):
        return tree
    made = {"claude-api-key": _as_bearer, "openai-compatibility": _without_empty_keys}
    changed = {
        section: [change(entry) for entry in tree[section]]
        for section, change in made.items()
        if isinstance(tree.get(section), list)
    }
    return tree | changed


def _as_bearer(entry: object) -> object:
    match entry:
        case {"base-url": str(url), **rest} if "auth" not in rest and _host(url) != "api.anthropic.com":
            return {**rest, "base-url": url, "auth": "bearer"}
    return entry


def _without_empty_keys(entry: object) -> object:
    match entry:
        case {"api-key-entries": list(keys), **rest} if all(key == {} for key in keys):
            return rest
    return entry


def _host(url: str) -> str | None:
    try:
        return urlsplit(url).hostname
    except ValueError:
        return None


def without_address(tree: object) -> Iterator[Path]:
    """Yield the entries of `codex-api-key` that say no `base-url`."""
    entries = tree.get("codex-api-key") if isinstance(tree, dict) else None
    for at, entry in enumerate(entries if isinstance(entries, list) else []):
        if isinstance(entry, dict) and "base-url" not in entry:
            yield ("codex-api-key", at)
