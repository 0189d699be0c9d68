"""`vertex-api-key`: Gemini at Vertex AI in express mode, with a key and without a project."""

from typing import Any, ClassVar

from routing.field_types import Label
from routing.providers.entry import ServedModel
from routing.providers.gemini import GeminiKey
from routing.urls import GoogleURL


class VertexKey(GeminiKey):
    """One key."""

    section: ClassVar = "vertex-api-key"
    called: ClassVar[tuple[str, ...]] = ()
    lists_models: ClassVar[bool] = False

    base_url: GoogleURL = "https://aiplatform.googleapis.com"
    api_version: Label = "v1"

    @property
    def provider(self) -> str:
        return "vertex"

    def base_urls(self, model: str) -> dict[str, str]:
        return {"gemini": f"{self.base_url}/{self.api_version}/publishers/google"}

    def overrides(self, model: ServedModel) -> dict[str, Any]:
        return {"platform": "vertex"} | super().overrides(model)
