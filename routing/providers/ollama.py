"""`ollama`: a server of Ollama. Without `models` the server lists them."""

from typing import Annotated, Any, ClassVar

from pydantic import BeforeValidator, Field, model_validator

from routing.auth import Auth
from routing.field_types import Count, Flag, KeepAlive, Key, Name, Scalars
from routing.providers.entry import ANY_NAME, Entry, ServedModel, bearer
from routing.urls import OllamaURL

_LEVELS = ("low", "medium", "high", "max")


def _thinking(value: object) -> object:
    """Return a truth or a list of levels. In YAML a bare `off` in a list is a truth."""
    levels = value if isinstance(value, list) else []
    if isinstance(value, bool):
        return value
    if not levels or not all(each is False or each in _LEVELS for each in levels):
        raise ValueError(f"must be true, false, or a list of some of off, {', '.join(_LEVELS)}")
    return tuple(levels)


class OllamaModel(ServedModel):
    """A model of Ollama. `think` is the thinking that it takes: true for on and off, false for none, or its levels."""

    think: Annotated[bool | tuple[bool | str, ...] | None, BeforeValidator(_thinking)] = None

    def overrides(self) -> dict[str, Any]:
        return {} if self.think is None else {"think": self.think}


class Ollama(Entry):
    """One server."""

    section: ClassVar = "ollama"
    called: ClassVar = ("ollama",)
    lists_models: ClassVar = True

    name: Name = "ollama"
    base_url: OllamaURL = "http://127.0.0.1:11434"
    api_key: Key | None = None
    models: tuple[OllamaModel, ...] = ()
    num_ctx: Count | None = None
    keep_alive: KeepAlive | None = None
    options: Scalars = Field(default_factory=dict)
    """Sent with every request, where the request itself does not say otherwise."""
    truncate: Flag = False
    """Lets Ollama cut a prompt that is longer than the context window."""

    @model_validator(mode="after")
    def _once(self) -> "Ollama":
        if self.num_ctx is not None and "num_ctx" in self.options:
            raise ValueError("has num-ctx twice, the other in options; keep one of them")
        return self

    @property
    def provider(self) -> str:
        return self.name

    @property
    def takes_others(self) -> bool:
        return self.prefix is not None

    def base_urls(self, model: str) -> dict[str, str]:
        return {"ollama": self.base_url}

    def credentials(self) -> tuple[Auth | None, ...]:
        return (bearer(self.api_key),)

    def hands_on(self, name: str, *, prefixed: bool) -> bool:
        return bool(prefixed and ANY_NAME.fullmatch(name))

    def other_name(self, name: str) -> str:
        return f"{name}:latest"

    def overrides(self, model: ServedModel) -> dict[str, Any]:
        made = {name: value for name in ("num_ctx", "keep_alive") if (value := getattr(self, name)) is not None}
        made |= {"options": dict(self.options)} if self.options else {}
        made |= {"truncate": True} if self.truncate else {}
        return made | model.overrides()
