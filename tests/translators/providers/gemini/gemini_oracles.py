"""The judge of an outgoing body: google-genai reads it with its own types, which forbid what they do not know, and must
write the same body for the same platform."""

import base64
import functools
from typing import Any

import pydantic
from google import genai
from google.genai import models, types

_BESIDE = ("systemInstruction", "tools", "toolConfig", "safetySettings", "labels", "serviceTier")


def check(body: dict[str, Any], *, vertex: bool = False) -> None:
    """Raises where the SDK finds fault, or would have sent something else."""
    assert body.keys() <= {"contents", "generationConfig", *_BESIDE}
    config = {**body.get("generationConfig", {}), **{key: body[key] for key in _BESIDE if key in body}}
    parameters = types._GenerateContentParameters(
        model="gemini-test",
        contents=[types.Content.model_validate(content) for content in body["contents"]],
        config=types.GenerateContentConfig.model_validate(config),
    )
    write = models._GenerateContentParameters_to_vertex if vertex else models._GenerateContentParameters_to_mldev
    written = _plain(write(_client(vertex), parameters))
    written.pop("_url")
    if not written["generationConfig"]:
        del written["generationConfig"]
    written.get("systemInstruction", {}).pop("role", None)  # the SDK says `user`, Google ignores it
    assert written == body


@functools.cache
def _client(vertex: bool) -> Any:
    if vertex:
        return genai.Client(vertexai=True, api_key="none")._api_client
    return genai.Client(api_key="none")._api_client


def _plain(value: Any) -> Any:
    """Models, enumerations and bytes as they are on the wire."""
    if isinstance(value, pydantic.BaseModel):
        return value.model_dump(mode="json", by_alias=True, exclude_none=True)
    if isinstance(value, bytes):
        return base64.urlsafe_b64encode(value).decode()
    if isinstance(value, dict):
        return {key: _plain(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_plain(inner) for inner in value]
    return getattr(value, "value", value)
