"""Parses every field but the prompt into options. A field that only says the default leaves nothing behind."""

from collections.abc import Mapping
from typing import Any

from translators.clients.shared.findings import Findings
from translators.clients.shared.options import Options
from translators.conversation import Option

DEFAULT_MAX_TOKENS = 16
"""OpenAI's, which the clients of this API reckon with."""

_CARRIED = ("temperature", "top_p", "top_k", "seed", "user", "frequency_penalty", "presence_penalty", "n", "logit_bias")
"""The fields that are options as they are."""
_DEFAULTS: Mapping[str, Any] = {"frequency_penalty": 0, "presence_penalty": 0, "n": 1, "logit_bias": {}}
"""The values that OpenAI documents as the behaviour without the field, where no provider's own differs from it."""


def options(fields: dict[str, Any], findings: Findings) -> dict[str, Option]:
    """Return the options. Pops the rest of `fields`, so it comes last."""
    out = Options(fields, findings)
    out.carry({name: name for name in _CARRIED}, _DEFAULTS)
    _limits(out)
    _logprobs(out)
    return out.parsed | findings.unread(fields)


def _limits(out: Options) -> None:
    limit = out.take("max_tokens")
    if limit is None:
        limit = DEFAULT_MAX_TOKENS
        out.findings.note("max_tokens", "defaulted", "OpenAI's own default for completions.", new=limit)
    out.put("max_tokens", limit, "max_tokens")
    out.stop()


def _logprobs(out: Options) -> None:
    """Parse the one number that is a switch and a number elsewhere: 0 wants the chosen tokens only."""
    wanted = out.take("logprobs")
    if wanted is not None:
        out.put("logprobs", True, "logprobs")
    if wanted:
        out.put("top_logprobs", wanted, "logprobs")
