"""`bedrock`: an account at AWS in one region."""

from typing import Annotated, Any, ClassVar

from pydantic import Field, model_validator

from routing.auth import Auth, AwsAuth
from routing.field_types import Headers, Key, ModelName, Name, Region, headers_but
from routing.profiles import ClaudeProfile
from routing.providers.entry import Entry, ServedModel, bearer, require_models
from routing.urls import BedrockURL


class BedrockModel(ServedModel):
    """A model of Bedrock. `base-model` is the model behind a name that tells nothing, such as the ARN of an inference
    profile."""

    base_model: ModelName | None = None
    family: ClaudeProfile = ClaudeProfile()

    def overrides(self) -> dict[str, Any]:
        return self.family.explicit() | ({"base_model": self.base_model} if self.base_model else {})


class Bedrock(Entry):
    """An entry of `bedrock`. With neither key the credentials come from where AWS tools look for them."""

    section: ClassVar = "bedrock"
    called: ClassVar = ("bedrock", "aws", "amazon")

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
        require_models(self)
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

    def base_urls(self, model: str) -> dict[str, str]:
        domain = "amazonaws.com.cn" if self.region.startswith("cn-") else "amazonaws.com"
        return {"bedrock": self.base_url or f"https://bedrock-runtime.{self.region}.{domain}"}

    def credentials(self) -> tuple[Auth | None, ...]:
        if self.api_key is not None:
            return (bearer(self.api_key),)
        keys = (self.access_key_id, self.secret_access_key, self.session_token)
        return (AwsAuth(self.region, "bedrock", *keys, self.profile),)
