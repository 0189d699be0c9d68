"""Every field of the request but the prompt -> options. What only says the default leaves nothing behind."""

from typing import Any

from translators.clients.shared.findings import Findings
from translators.conversation import Option

DEFAULT_MAX_TOKENS = 16
"""OpenAI's, which the clients of this API reckon with."""

_AS_THEY_ARE = ("temperature", "top_p", "top_k", "seed", "user")
_DEFAULTS: dict[str, Any] = {"frequency_penalty": 0, "presence_penalty": 0, "n": 1, "logit_bias": {}}


def options(fields: dict[str, Any], findings: Findings) -> dict[str, Option]:
    """Return the options. Pops all that is left in `fields`, so it comes last."""
    read: dict[str, Option] = {}
    for name in (*_AS_THEY_ARE, *_DEFAULTS):
        value = fields.pop(name, None)
        if value is not None and value != _DEFAULTS.get(name):
            read[name] = Option(value, name)
    _limits(fields, read, findings)
    _logprobs(fields, read)
    return read | findings.unread(fields)


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
    """Read one number, which is a switch and a number elsewhere: 0 wants the chosen tokens only."""
    wanted = fields.pop("logprobs", None)
    if wanted is not None:
        read["logprobs"] = Option(True, "logprobs")
    if wanted:
        read["top_logprobs"] = Option(wanted, "logprobs")
