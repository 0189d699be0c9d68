"""`azure-openai`: a resource of Azure OpenAI. The names of its models are those of its deployments."""

from typing import Annotated, Any, ClassVar, Literal
from urllib.parse import quote

from pydantic import Field, model_validator

from routing.auth import Auth, EntraAuth, StaticKey
from routing.compatible_servers import OPENAI
from routing.field_types import Headers, Key, Label, Name, Section, headers_but, shaped
from routing.providers.entry import Entry, ServedModel, require_models
from routing.providers.openai_format import Quirks, by_dialect, refuse_repeated
from routing.urls import AzureURL


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
    """One resource."""

    section: ClassVar = "azure-openai"
    called: ClassVar = ("azure",)

    name: Name = "azure"
    endpoint: AzureURL
    api_key: Key | None = None
    entra: Entra | None = None
    api_version: Annotated[str, shaped(r"[0-9]{4}-[0-9]{2}-[0-9]{2}(-preview)?", "must be as 2024-10-21")] | None = None
    """The version of the API. Without one the path is `/openai/v1`, which needs none."""
    endpoints: tuple[Literal["chat", "responses"], ...] = ("chat",)
    quirks: Quirks = Quirks()
    headers: Annotated[Headers, headers_but("api-key", "authorization")] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _complete(self) -> "Azure":
        require_models(self)
        refuse_repeated(self.endpoints)
        if (self.api_key is None) == (self.entra is None):
            raise ValueError("needs either api-key or entra")
        return self

    @property
    def provider(self) -> str:
        return self.name

    def base_urls(self, model: str) -> dict[str, str]:
        return by_dialect(self.endpoints, lambda endpoint: self._base_url(endpoint, model))

    def _base_url(self, endpoint: str, model: str) -> str:
        if self.api_version is None:
            return f"{self.endpoint}/openai/v1"
        return f"{self.endpoint}/openai" + (f"/deployments/{quote(model, safe='')}" if endpoint == "chat" else "")

    def query(self) -> str:
        return f"api-version={self.api_version}" if self.api_version else ""

    def credentials(self) -> tuple[Auth, ...]:
        if self.api_key is not None:
            return (StaticKey("api-key", self.api_key),)
        entra = self.entra or Entra()
        return (EntraAuth(tenant_id=entra.tenant_id, client_id=entra.client_id, client_secret=entra.client_secret),)

    def overrides(self, model: ServedModel) -> dict[str, Any]:
        return {"quirks": {**OPENAI.quirks, **self.quirks.explicit()}} | model.overrides()
