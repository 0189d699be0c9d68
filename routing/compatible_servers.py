"""The servers that speak OpenAI's format, as data: where each is, which variable holds its key, and what it takes
differently. An entry of `openai-compatibility` with one of these names needs to say no more than that name.

From their public API references. `translators.providers.openai` says what the quirks mean.
"""

import re
from collections.abc import Mapping
from dataclasses import field
from typing import Any

from translators.values import immutable


@immutable
class Server:
    """A server that speaks OpenAI's format. `variable` holds its key; a server without one is local. `own` are patterns
    of its models' names, where those are distinct."""

    base_url: str
    variable: str | None = None
    quirks: Mapping[str, Any] = field(default_factory=dict)
    endpoints: tuple[str, ...] = ("chat",)
    own: tuple[str, ...] = ()


def _quirks(limit: str, reasoning: str | None = "reasoning_content", **more: Any) -> dict[str, Any]:
    """Return the quirks of a server. Only OpenAI itself has the developer's role, free-text tools and a choice among
    tools."""
    return {
        "max_tokens_field": limit,
        "developer_role": False,
        "allowed_tools": False,
        "reasoning_field": reasoning,
        **more,
    }


_NEW, _OLD = "max_completion_tokens", "max_tokens"
_THEMSELVES: Mapping[str, Any] = {
    "max_tokens_field": _NEW,
    "developer_role": True,
    "custom_tools": True,
    "allowed_tools": True,
    "reasoning_field": None,
    "extras": ("annotations",),
}
_GROQ = _quirks(_NEW, "reasoning", drop=("logit_bias", "logprobs", "top_logprobs"))
_MISTRAL = _quirks(
    _OLD, None, rename={"seed": "random_seed"}, stream_usage=False, short_call_ids=True, strict_roles=True
)
_CEREBRAS = _quirks(_NEW, "reasoning", drop=("frequency_penalty", "presence_penalty", "logit_bias"))
_ROUTER = _quirks(_OLD, "reasoning", extras=("top_k", "reasoning", "images", "annotations"))
_THINKS = _quirks(_OLD, extras=("thinking",))
_TOP_K = _quirks(_OLD, extras=("top_k",))
_GPT = ("gpt-*", "chatgpt-*", "codex-*", "o[1-9]*")
_TEXT = ("chat", "completions")
_BOTH = ("chat", "responses")

# fmt: off
SERVERS: Mapping[str, Server] = {
    "openai": Server("https://api.openai.com/v1", "OPENAI_API_KEY", _THEMSELVES, _BOTH, _GPT),
    "openrouter": Server("https://openrouter.ai/api/v1", "OPENROUTER_API_KEY", _ROUTER),
    "groq": Server("https://api.groq.com/openai/v1", "GROQ_API_KEY", _GROQ),
    "deepseek": Server("https://api.deepseek.com/v1", "DEEPSEEK_API_KEY", _THINKS, own=("deepseek-*",)),
    "mistral": Server("https://api.mistral.ai/v1", "MISTRAL_API_KEY", _MISTRAL, own=("*tral-*",)),
    "together": Server("https://api.together.xyz/v1", "TOGETHER_API_KEY", _TOP_K, _TEXT),
    "fireworks": Server("https://api.fireworks.ai/inference/v1", "FIREWORKS_API_KEY", _TOP_K, _TEXT),
    "xai": Server("https://api.x.ai/v1", "XAI_API_KEY", _quirks(_NEW, drop=("logit_bias",)), _BOTH, ("grok-*",)),
    "cerebras": Server("https://api.cerebras.ai/v1", "CEREBRAS_API_KEY", _CEREBRAS, _TEXT),
    "moonshot": Server("https://api.moonshot.ai/v1", "MOONSHOT_API_KEY", _THINKS, own=("kimi-*", "moonshot-*")),
    "novita": Server("https://api.novita.ai/openai/v1", "NOVITA_API_KEY", _TOP_K, _TEXT),
    "siliconflow": Server("https://api.siliconflow.cn/v1", "SILICONFLOW_API_KEY", _TOP_K),
    "vllm": Server("http://127.0.0.1:8000/v1", None, _quirks(_NEW, extras=("top_k",)), _TEXT),
    "llama.cpp": Server("http://127.0.0.1:8080/v1", None, _TOP_K, _TEXT),
    "lm-studio": Server("http://127.0.0.1:1234/v1", None, _TOP_K, _TEXT),
}
# fmt: on

OPENAI = SERVERS["openai"]
NAMES = {re.sub("[^a-z0-9]", "", name): server for name, server in SERVERS.items()}
"""The servers by their names without anything but letters and digits."""


def known(name: object) -> Server | None:
    """Return the server that is called `name`, in any case and with any punctuation: `LM Studio` is `lm-studio`."""
    return NAMES.get(re.sub("[^a-z0-9]", "", name.lower())) if isinstance(name, str) else None


def with_keys(tree: Any) -> Any:
    """Return `tree`, as the file has it, with `${VARIABLE}` for the keys of entries that say neither key nor address: a
    server's key never goes to an address of somebody else's."""
    match tree:
        case {"openai-compatibility": list(entries)}:
            return {**tree, "openai-compatibility": [_with_key(entry) for entry in entries]}
    return tree


def _with_key(entry: object) -> object:
    if not isinstance(entry, dict) or entry.get("base-url") or "api-key-entries" in entry:
        return entry
    server = known(entry.get("name"))
    if server is None or server.variable is None:
        return entry
    return {**entry, "api-key-entries": [{"api-key": f"${{{server.variable}}}"}]}
