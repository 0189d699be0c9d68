"""The models of an entry: what clients call them, and what is true of each."""

from typing import Annotated

from pydantic import BeforeValidator, model_validator

from routing.field_types import ModelName, Section
from routing.profiles import ClaudeFamily, GeminiFamily, ResponsesFamily

_LEVELS = ("low", "medium", "high", "max")


def is_claude(model: str) -> bool:
    return model.startswith("claude-")


class ServedModel(Section):
    """`name` is the provider's, `alias` what clients ask for; without one it is the name."""

    name: ModelName
    alias: ModelName | None = None

    @property
    def public(self) -> str:
        return self.alias or self.name


class ClaudeModel(ServedModel):
    family: ClaudeFamily = ClaudeFamily()


class GeminiModel(ServedModel):
    family: GeminiFamily = GeminiFamily()


class VertexModel(GeminiModel):
    """`family` is for Gemini, `claude-family` for a model whose name begins with `claude-`."""

    claude_family: ClaudeFamily = ClaudeFamily()

    @model_validator(mode="after")
    def _one_family(self) -> "VertexModel":
        wrong = self.family if is_claude(self.name) else self.claude_family
        if wrong.model_fields_set:
            raise ValueError(
                "has another maker's family; claude-family is for models named claude-..., family for the others"
            )
        return self


class BedrockModel(ServedModel):
    """`base-model` is the model behind a name that tells nothing, such as the ARN of an inference profile."""

    base_model: ModelName | None = None
    family: ClaudeFamily = ClaudeFamily()


def _thinking(value: object) -> object:
    """A bare `off` in a list is a truth in YAML."""
    levels = value if isinstance(value, list) else []
    if isinstance(value, bool):
        return value
    if not levels or not all(each is False or each in _LEVELS for each in levels):
        raise ValueError(f"must be true, false, or a list of some of off, {', '.join(_LEVELS)}")
    return tuple(levels)


class OllamaModel(ServedModel):
    """`think` is what the model takes: true for on and off, false for nothing, or its levels."""

    think: Annotated[bool | tuple[bool | str, ...] | None, BeforeValidator(_thinking)] = None


class ResponsesModel(ServedModel):
    family: ResponsesFamily = ResponsesFamily()
