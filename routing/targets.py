"""From an entry of the file to where a request goes: which names the entry serves, and how each is reached."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from itertools import cycle
from typing import Any, assert_never
from urllib.parse import quote

from routing.auth import Auth, AwsAuth, EntraAuth, GoogleAuth, StaticKey
from routing.compatible_servers import OPENAI
from routing.entries import (
    AnyEntry,
    Azure,
    Bedrock,
    ClaudeKey,
    CodexKey,
    Compatible,
    Entra,
    GeminiKey,
    GoogleEntry,
    Ollama,
    Vertex,
    VertexKey,
)
from routing.models import (
    BedrockModel,
    ClaudeModel,
    GeminiModel,
    OllamaModel,
    ResponsesModel,
    ServedModel,
    VertexModel,
    is_claude,
)
from routing.secret import Secret

DIALECTS = {"chat": "openai", "completions": "openai-completions", "responses": "openai-responses"}
"""By the endpoint of OpenAI's API."""

_CLAUDE = re.compile(r"claude-[A-Za-z0-9._:@-]{1,93}")
_GEMINI = re.compile(r"gemini-[A-Za-z0-9._@-]{1,93}")
_ANY = re.compile(r"(?!/)[\x21-\x7e]{1,200}(?<!/)")


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


class Offer:
    """What one entry serves. Several keys are taken in turn, by whatever asks next.

    An entry without `models` lists those that are `known` of its provider, by dialect, or `discovered` at it.
    """

    def __init__(
        self, entry: AnyEntry, known: Mapping[str, tuple[str, ...]], discovered: Iterable[str] | None = None
    ) -> None:
        self.entry = entry
        self._auths = cycle(auths(entry))
        if discovered is None:
            discovered = known.get(_listed_by(entry), ())
        models = entry.models or tuple(ServedModel(name=name) for name in discovered if _ANY.fullmatch(name))
        served = [model for model in models if not self._excluded(model.public, model.name)]
        prefixes = ("",) if entry.prefix is None else ("", f"{entry.prefix}/")
        self.listed: Mapping[str, ServedModel] = {
            prefix + model.public: model for prefix in prefixes for model in served
        }

    def serves(self, asked: str) -> ServedModel | None:
        return self.listed.get(asked) or self.unlisted(asked)

    def unlisted(self, asked: str) -> ServedModel | None:
        """An entry without `models` hands on any name that looks like its provider's, so that a new model needs no
        new gateway."""
        if self.entry.models:
            return None
        bare = asked if self.entry.prefix is None else asked.removeprefix(f"{self.entry.prefix}/")
        if _hands_on(self.entry, bare, prefixed=bare != asked) and not self._excluded(bare):
            return ServedModel(name=bare)
        return self.listed.get(f"{asked}:latest") if isinstance(self.entry, Ollama) else None

    def target(self, asked: str, model: ServedModel) -> Target:
        base_urls, query = _reached(self.entry, model.name)
        return Target(
            provider=self.entry.provider,
            model=model.name,
            alias=asked,
            base_urls=base_urls,
            auth=next(self._auths),
            query=query,
            headers=self.entry.headers,
            overrides=_overrides(self.entry, model),
        )

    def _excluded(self, *names: str) -> bool:
        patterns = self.entry.excluded_models
        return any(fnmatchcase(name.lower(), pattern.lower()) for name in names for pattern in patterns)


def _listed_by(entry: AnyEntry) -> str:
    """Whose public models an entry without `models` lists."""
    match entry:
        case ClaudeKey():
            return "anthropic"
        case GeminiKey() | VertexKey() | Vertex():
            return "gemini"
    return ""


def _hands_on(entry: AnyEntry, bare: str, *, prefixed: bool) -> bool:
    """Whether `bare`, which may have been asked for with the entry's prefix, looks like a name of its provider's."""
    match entry:
        case ClaudeKey():
            return bool(_CLAUDE.fullmatch(bare))
        case GeminiKey() | VertexKey():
            return bool(_GEMINI.fullmatch(bare))
        case Vertex():
            return bool(_GEMINI.fullmatch(bare) or _CLAUDE.fullmatch(bare))
        case CodexKey():
            return _is_one_of(bare, OPENAI.own)
        case Compatible():
            own = entry.server.own if entry.server else ()
            return bool(prefixed and _ANY.fullmatch(bare)) or _is_one_of(bare, own)
        case Ollama():
            return bool(prefixed and _ANY.fullmatch(bare))
        case Bedrock() | Azure():
            return False
    assert_never(entry)


def _is_one_of(name: str, patterns: tuple[str, ...]) -> bool:
    return bool(_ANY.fullmatch(name)) and any(fnmatchcase(name, pattern) for pattern in patterns)


def _reached(entry: AnyEntry, model: str) -> tuple[dict[str, str], str]:
    """Base URLs by dialect, and the query of them all."""
    query = ""
    match entry:
        case ClaudeKey():
            urls = {"anthropic": entry.base_url}
        case VertexKey():
            urls = {"gemini": f"{entry.base_url}/{entry.api_version}/publishers/google"}
        case GeminiKey():
            urls = {"gemini": f"{entry.base_url}/{entry.api_version}"}
        case Vertex():
            urls = _vertex(entry, model)
        case Bedrock():
            urls = {"bedrock": entry.base_url or f"https://bedrock-runtime.{entry.region}.{_aws(entry.region)}"}
        case Compatible():
            urls = _compatible(entry)
        case CodexKey():
            urls = {"openai-responses": entry.base_url}
        case Azure():
            urls = {DIALECTS[each]: _azure(entry, model, each) for each in sorted(entry.endpoints, key=_chat_first)}
            query = f"api-version={entry.api_version}" if entry.api_version else ""
        case Ollama():
            urls = {"ollama": entry.base_url}
        case _:
            assert_never(entry)
    return urls, query


def _vertex(entry: Vertex, model: str) -> dict[str, str]:
    match entry.location:
        case "global":
            host = "aiplatform.googleapis.com"
        case "us" | "eu":
            host = f"aiplatform.{entry.location}.rep.googleapis.com"
        case _:
            host = f"{entry.location}-aiplatform.googleapis.com"
    root = entry.base_url or f"https://{host}"
    place = f"projects/{entry.project}/locations/{entry.location}/publishers"
    if is_claude(model):
        return {"vertex-anthropic": f"{root}/v1/{place}/anthropic"}
    return {"gemini": f"{root}/{entry.api_version}/{place}/google"}


def _aws(region: str) -> str:
    return "amazonaws.com.cn" if region.startswith("cn-") else "amazonaws.com"


def _compatible(entry: Compatible) -> dict[str, str]:
    server = entry.server
    base_url = entry.base_url or (server.base_url if server else "")
    endpoints = entry.endpoints or (server.endpoints if server else ("chat",))
    return {DIALECTS[each]: base_url for each in sorted(endpoints, key=_chat_first)}


def _chat_first(endpoint: str) -> bool:
    """What is translated goes to chat where it is spoken."""
    return endpoint != "chat"


def _azure(entry: Azure, model: str, endpoint: str) -> str:
    if entry.api_version is None:
        return f"{entry.endpoint}/openai/v1"
    return f"{entry.endpoint}/openai" + (f"/deployments/{quote(model, safe='')}" if endpoint == "chat" else "")


def auths(entry: AnyEntry) -> tuple[Auth | None, ...]:
    """What the entry is allowed in with, at least one."""
    match entry:
        case ClaudeKey():
            return (StaticKey("x-api-key", entry.api_key),)
        case GeminiKey() | VertexKey():
            return (StaticKey("x-goog-api-key", entry.api_key),)
        case Vertex():
            return (GoogleAuth(entry.credentials_file, entry.quota_project),)
        case Bedrock(api_key=None):
            keys = (entry.access_key_id, entry.secret_access_key, entry.session_token)
            return (AwsAuth(entry.region, "bedrock", *keys, entry.profile),)
        case Azure(api_key=Secret() as key):
            return (StaticKey("api-key", key),)
        case Azure(entra=entra):
            return (_entra(entra or Entra()),)
        case Compatible():
            return tuple(_bearer(each.api_key) for each in entry.api_key_entries) or (None,)
        case Bedrock() | CodexKey() | Ollama():
            return (_bearer(entry.api_key),)
    assert_never(entry)


def _entra(named: Entra) -> EntraAuth:
    return EntraAuth(tenant_id=named.tenant_id, client_id=named.client_id, client_secret=named.client_secret)


def _bearer(key: Secret | None) -> StaticKey | None:
    return None if key is None else StaticKey("authorization", key, "Bearer ")


def _overrides(entry: AnyEntry, model: ServedModel) -> dict[str, Any]:
    made: dict[str, Any] = {}
    match entry:
        case Compatible():
            quirks = {**(entry.server.quirks if entry.server else {}), **entry.quirks.said()}
            made = {"quirks": quirks} if quirks else {}
        case CodexKey():
            made = {"quirks": quirks} if (quirks := entry.quirks.said()) else {}
        case Azure():
            made = {"quirks": {**OPENAI.quirks, **entry.quirks.said()}}
        case Ollama():
            made = {name: value for name in ("num_ctx", "keep_alive") if (value := getattr(entry, name)) is not None}
            made |= {"options": dict(entry.options)} if entry.options else {}
            made |= {"truncate": True} if entry.truncate else {}
        case GoogleEntry() if not (isinstance(entry, Vertex) and is_claude(model.name)):
            made = {} if type(entry) is GeminiKey else {"platform": "vertex"}
            if entry.safety_settings:
                made["safety_settings"] = tuple(each.model_dump() for each in entry.safety_settings)
    match model:
        case VertexModel() if is_claude(model.name):
            made |= model.claude_family.said()
        case OllamaModel():
            made |= {} if model.think is None else {"think": model.think}
        case BedrockModel():
            made |= model.family.said()
            made |= {"base_model": model.base_model} if model.base_model else {}
        case ClaudeModel() | GeminiModel() | ResponsesModel():
            made |= model.family.said()
    return made
