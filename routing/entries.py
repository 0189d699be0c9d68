"""The providers of config.yaml: one section each, a list whose entries are a credential and what it serves."""

from abc import abstractmethod
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, model_validator

from routing.compatible_servers import CROWD, Server, known
from routing.field_types import (
    Count,
    File,
    Flag,
    Headers,
    KeepAlive,
    Key,
    Label,
    Name,
    Prefix,
    Region,
    Renames,
    Scalars,
    Section,
    headers_but,
    or_none,
    shaped,
)
from routing.models import BedrockModel, ClaudeModel, GeminiModel, OllamaModel, ResponsesModel, ServedModel, VertexModel
from routing.urls import AnthropicURL, AzureURL, BedrockURL, GoogleURL, OllamaURL, OpenAIURL

Endpoint = Literal["chat", "completions", "responses"]
Threshold = Literal["BLOCK_LOW_AND_ABOVE", "BLOCK_MEDIUM_AND_ABOVE", "BLOCK_ONLY_HIGH", "BLOCK_NONE", "OFF"]


class Entry(Section):
    """What all providers have. With `prefix` clients may ask for PREFIX/NAME as well."""

    prefix: Prefix | None = None
    models: tuple[ServedModel, ...] = ()
    excluded_models: tuple[Name, ...] = ()
    headers: Annotated[Headers, headers_but("authorization")] = Field(default_factory=dict)

    @property
    @abstractmethod
    def provider(self) -> str:
        """What logs and `owned_by` say."""


class ClaudeKey(Entry):
    """One credential at Anthropic, or at somebody who speaks its Messages format."""

    api_key: Key
    base_url: AnthropicURL = "https://api.anthropic.com"
    models: tuple[ClaudeModel, ...] = ()
    headers: Annotated[Headers, headers_but("x-api-key")] = Field(default_factory=dict)

    @property
    def provider(self) -> str:
        return "anthropic"


class SafetySetting(Section):
    category: Annotated[str, shaped("HARM_CATEGORY_[A-Z_]+", "must be a category such as HARM_CATEGORY_HARASSMENT")]
    threshold: Annotated[Threshold, BeforeValidator(lambda value: "OFF" if value is False else value)]
    """A bare OFF is a truth in YAML."""


class GoogleEntry(Entry):
    safety_settings: tuple[SafetySetting, ...] = ()
    """Sent with every request to a Gemini model. Without any, Google's own hold."""


class GeminiKey(GoogleEntry):
    """One key of Google's developer API."""

    api_key: Key
    base_url: GoogleURL = "https://generativelanguage.googleapis.com"
    api_version: Label = "v1beta"
    models: tuple[GeminiModel, ...] = ()
    headers: Annotated[Headers, headers_but("x-goog-api-key")] = Field(default_factory=dict)

    @property
    def provider(self) -> str:
        return "gemini"


class VertexKey(GeminiKey):
    """One key of Vertex AI in express mode: Gemini models without a project."""

    base_url: GoogleURL = "https://aiplatform.googleapis.com"
    api_version: Label = "v1"

    @property
    def provider(self) -> str:
        return "vertex"


class Vertex(GoogleEntry):
    """A project at Vertex AI: Gemini models, and Claude for names that begin with `claude-`."""

    project: Label
    location: Region = "global"
    credentials_file: File | None = None
    application_default: Flag = False
    quota_project: Label | None = None
    base_url: GoogleURL | None = None
    api_version: Label = "v1"
    """For Gemini models; Claude is always asked at v1."""
    models: tuple[VertexModel, ...] = ()
    headers: Annotated[Headers, headers_but("authorization", "x-goog-user-project")] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _one_credential(self) -> "Vertex":
        if (self.credentials_file is None) != self.application_default:
            raise ValueError("needs either credentials-file or `application-default: true`")
        return self

    @property
    def provider(self) -> str:
        return "vertex"


class Bedrock(Entry):
    """An account at AWS in one region. With neither key the credentials come from where AWS tools look for them."""

    region: Region
    access_key_id: Key | None = None
    secret_access_key: Key | None = None
    session_token: Key | None = None
    profile: Name | None = None
    api_key: Key | None = None
    base_url: BedrockURL | None = None
    models: tuple[BedrockModel, ...] = ()
    headers: Annotated[
        Headers, headers_but("authorization", "x-amz-date", "x-amz-security-token", "x-amz-content-sha256")
    ] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _one_credential(self) -> "Bedrock":
        _wants_models(self)
        if sum(each is not None for each in (self.api_key, self.access_key_id, self.profile)) > 1:
            raise ValueError("has more than one credential; keep one of api-key, access-key-id and profile")
        if (self.access_key_id is None) != (self.secret_access_key is None):
            raise ValueError("has half a credential; access-key-id and secret-access-key go together")
        if self.session_token is not None and self.access_key_id is None:
            raise ValueError("has a session-token without the access-key-id that it belongs to")
        return self

    @property
    def provider(self) -> str:
        return "bedrock"


class KeyEntry(Section):
    api_key: Key


class FieldQuirks(Section):
    """Fields that a server refuses, and those that it calls otherwise."""

    drop: tuple[Name, ...] = ()
    rename: Renames = Field(default_factory=dict)


class Quirks(FieldQuirks):
    """What a server takes differently from OpenAI. All are optional; `translators.providers.openai.quirks.Quirks`
    explains them."""

    max_tokens_field: Literal["max_tokens", "max_completion_tokens"] | None = None
    developer_role: Flag | None = None
    custom_tools: Flag | None = None
    allowed_tools: Flag | None = None
    stream_usage: Flag | None = None
    reasoning_field: Annotated[Name | None, BeforeValidator(or_none)] = None
    short_call_ids: Flag | None = None
    strict_roles: Flag | None = None
    extras: tuple[Literal["top_k", "thinking", "reasoning", "images", "annotations"], ...] = ()


class Compatible(Entry):
    """A server that speaks OpenAI's format. One that `routing.compatible_servers` knows has its
    address and its quirks."""

    name: Name
    base_url: OpenAIURL | None = None
    api_key_entries: tuple[KeyEntry, ...] = ()
    """Taken in turn."""
    endpoints: tuple[Endpoint, ...] | None = None
    quirks: Quirks = Quirks()

    @model_validator(mode="after")
    def _reachable(self) -> "Compatible":
        if self.base_url is None and self.server is None:
            raise ValueError(f"has no base-url; add it (known by name alone are {', '.join(CROWD)})")
        if not self.prefix and not (self.server and self.server.own):
            _wants_models(self, ", or a prefix to hand on every PREFIX/NAME")
        _once(self.endpoints)
        return self

    @property
    def server(self) -> Server | None:
        return known(self.name)

    @property
    def provider(self) -> str:
        return self.name


class CodexKey(Entry):
    """One key at a server that speaks OpenAI's Responses format."""

    api_key: Key
    base_url: OpenAIURL = "https://api.openai.com/v1"
    models: tuple[ResponsesModel, ...] = ()
    quirks: FieldQuirks = FieldQuirks()

    @property
    def provider(self) -> str:
        return "openai"


class Entra(Section):
    """An application of Microsoft Entra ID; `default` is the default credential of the machine."""

    tenant_id: Label | None = None
    client_id: Label | None = None
    client_secret: Key | None = None

    @model_validator(mode="before")
    @classmethod
    def _default(cls, value: object) -> object:
        if value == {}:
            raise ValueError("is empty; write tenant-id, client-id and client-secret, or `entra: default`")
        return {} if value == "default" else value

    @model_validator(mode="after")
    def _whole(self) -> "Entra":
        if len(self.model_fields_set) not in (0, 3):
            raise ValueError("needs tenant-id, client-id and client-secret, all three, or `entra: default`")
        return self


class Azure(Entry):
    """A resource of Azure OpenAI. The names of its models are those of its deployments."""

    name: Name = "azure"
    endpoint: AzureURL
    api_key: Key | None = None
    entra: Entra | None = None
    api_version: Annotated[str, shaped(r"[0-9]{4}-[0-9]{2}-[0-9]{2}(-preview)?", "must be as 2024-10-21")] | None = None
    """Without one the path is `/openai/v1`, which needs none."""
    endpoints: tuple[Literal["chat", "responses"], ...] = ("chat",)
    quirks: Quirks = Quirks()
    headers: Annotated[Headers, headers_but("api-key", "authorization")] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _complete(self) -> "Azure":
        _wants_models(self)
        _once(self.endpoints)
        if (self.api_key is None) == (self.entra is None):
            raise ValueError("needs either api-key or entra")
        return self

    @property
    def provider(self) -> str:
        return self.name


class Ollama(Entry):
    """A server of Ollama. Without models it is asked for them."""

    name: Name = "ollama"
    base_url: OllamaURL = "http://127.0.0.1:11434"
    api_key: Key | None = None
    models: tuple[OllamaModel, ...] = ()
    num_ctx: Count | None = None
    keep_alive: KeepAlive | None = None
    options: Scalars = Field(default_factory=dict)
    """Sent with every request, where the request itself does not say otherwise."""
    truncate: Flag = False
    """Whether Ollama may cut a prompt that is longer than the context window."""

    @model_validator(mode="after")
    def _once(self) -> "Ollama":
        if self.num_ctx is not None and "num_ctx" in self.options:
            raise ValueError("has num-ctx twice, the other in options; keep one of them")
        return self

    @property
    def provider(self) -> str:
        return self.name


AnyEntry = ClaudeKey | GeminiKey | VertexKey | Vertex | Bedrock | Compatible | CodexKey | Azure | Ollama


def _wants_models(entry: Entry, otherwise: str = "") -> None:
    if not entry.models:
        raise ValueError(f"has no models; name them, as this provider's cannot be guessed{otherwise}")


def _once(endpoints: tuple[str, ...] | None) -> None:
    if endpoints is not None and (not endpoints or len(set(endpoints)) < len(endpoints)):
        raise ValueError("has endpoints that are empty, or name one twice")
