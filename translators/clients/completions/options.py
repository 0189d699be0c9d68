"""Every field of the request but the prompt -> options. What only says the default leaves nothing behind."""

from typing import Any

from translators.clients.findings import Findings, step
from translators.conversation import Option

DEFAULT_MAX_TOKENS = 16
"""OpenAI's, which the clients of this API reckon with."""

_AS_THEY_ARE = ("temperature", "top_p", "top_k", "seed", "user")
_DEFAULTS: dict[str, Any] = {"frequency_penalty": 0, "presence_penalty": 0, "n": 1, "logit_bias": {}}

_OURS = frozenset(
    (
        "parallel_tool_calls",
        "store",
        "reasoning_budget",
        "reasoning_effort",
        "reasoning_visible",
        "verbosity",
        "service_tier",
        "safety_identifier",
        "prompt_cache_key",
        "prompt_cache_retention",
        "prompt_cache",
        "web_search",
        "metadata",
        "prediction",
        "moderation",
        "thinking",
    )
)
"""Names of options that are no fields of a completion: what a client sends under them is not what a provider expects.
Those whose loss would matter are refused before."""


def options(fields: dict[str, Any], findings: Findings) -> dict[str, Option]:
    """Pops all that is left in `fields`, so it comes last."""
    read: dict[str, Option] = {}
    for name in (*_AS_THEY_ARE, *_DEFAULTS):
        value = fields.pop(name, None)
        if value is not None and value != _DEFAULTS.get(name):
            read[name] = Option(value, name)
    _limits(fields, read, findings)
    _logprobs(fields, read)
    for name, value in fields.items():
        at = step("", name)
        if value is not None and name in _OURS:
            findings.note(at, "dropped", "Completions have no such field.")
        elif value is not None:
            read[name] = Option(value, at)
    return read


def _limits(fields: dict[str, Any], read: dict[str, Option], findings: Findings) -> None:
    limit = fields.pop("max_tokens", None)
    if limit is None:
        limit = DEFAULT_MAX_TOKENS
        findings.note("max_tokens", "defaulted", "OpenAI's own default for completions.", new=limit)
    read["max_tokens"] = Option(limit, "max_tokens")
    stop = fields.pop("stop", None)
    if stop:
        read["stop"] = Option((stop,) if isinstance(stop, str) else tuple(stop), "stop")


def _logprobs(fields: dict[str, Any], read: dict[str, Option]) -> None:
    """One number here, a switch and a number elsewhere: 0 wants the chosen tokens only."""
    wanted = fields.pop("logprobs", None)
    if wanted is not None:
        read["logprobs"] = Option(True, "logprobs")
    if wanted:
        read["top_logprobs"] = Option(wanted, "logprobs")
