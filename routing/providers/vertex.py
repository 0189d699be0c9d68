"""`vertex`: a project at Vertex AI, with Gemini models, and Claude under names that begin with `claude-`."""

from typing import Annotated, Any, ClassVar

from pydantic import Field, model_validator

from routing.auth import Auth, GoogleAuth
from routing.field_types import File, Flag, Headers, Label, Region, headers_but
from routing.profiles import ClaudeProfile
from routing.providers.claude import CLAUDE_NAME
from routing.providers.entry import ServedModel
from routing.providers.gemini import GEMINI_NAME, GeminiModel, GoogleEntry
from routing.urls import GoogleURL


def is_claude(model: str) -> bool:
    return model.startswith("claude-")


class VertexModel(GeminiModel):
    """A model of Vertex AI. `family` is for Gemini, `claude-family` for a model whose name begins with `claude-`."""

    claude_family: ClaudeProfile = ClaudeProfile()

    @model_validator(mode="after")
    def _one_family(self) -> "VertexModel":
        wrong = self.family if is_claude(self.name) else self.claude_family
        if wrong.model_fields_set:
            raise ValueError(
                "has another maker's family; claude-family is for models named claude-..., family for the others"
            )
        return self

    def overrides(self) -> dict[str, Any]:
        return (self.claude_family if is_claude(self.name) else self.family).explicit()


class Vertex(GoogleEntry):
    """One project, in one location."""

    section: ClassVar = "vertex"
    called: ClassVar = ("vertex", "vertexai")

    project: Label
    location: Region = "global"
    credentials_file: File | None = None
    application_default: Flag = False
    quota_project: Label | None = None
    base_url: GoogleURL | None = None
    api_version: Label = "v1"
    """The version of the API for Gemini models; for Claude it is always v1."""
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

    @property
    def takes_others(self) -> bool:
        return True

    def base_urls(self, model: str) -> dict[str, str]:
        root = self.base_url or f"https://{self._host()}"
        place = f"projects/{self.project}/locations/{self.location}/publishers"
        if is_claude(model):
            return {"vertex-anthropic": f"{root}/v1/{place}/anthropic"}
        return {"gemini": f"{root}/{self.api_version}/{place}/google"}

    def _host(self) -> str:
        match self.location:
            case "global":
                return "aiplatform.googleapis.com"
            case "us" | "eu":
                return f"aiplatform.{self.location}.rep.googleapis.com"
        return f"{self.location}-aiplatform.googleapis.com"

    def credentials(self) -> tuple[Auth, ...]:
        return (GoogleAuth(self.credentials_file, self.quota_project),)

    def hands_on(self, name: str, *, prefixed: bool) -> bool:
        return bool(GEMINI_NAME.fullmatch(name) or CLAUDE_NAME.fullmatch(name))

    def overrides(self, model: ServedModel) -> dict[str, Any]:
        if is_claude(model.name):
            return model.overrides()
        return {"platform": "vertex"} | self.gemini_overrides() | model.overrides()
