"""Parses every field but messages and tools into options. A field that only says the default leaves nothing behind."""

from collections.abc import Mapping
from typing import Any

from translators.clients.chat.validate import ValidRequest
from translators.clients.shared.findings import Findings
from translators.clients.shared.options import Options
from translators.clients.shared.parts import output_format, prompt_cache
from translators.clients.shared.thoughts import Thoughts
from translators.conversation import Option, OutputFormat, WebSearch

_CARRIED = (
    "audio",
    "frequency_penalty",
    "logit_bias",
    "logprobs",
    "metadata",
    "moderation",
    "n",
    "parallel_tool_calls",
    "prediction",
    "presence_penalty",
    "prompt_cache_key",
    "prompt_cache_retention",
    "safety_identifier",
    "seed",
    "service_tier",
    "store",
    "temperature",
    "top_logprobs",
    "top_p",
    "user",
    "verbosity",
    "top_k",
)
"""The fields that are options as they are."""
_DEFAULTS: Mapping[str, Any] = {
    "frequency_penalty": 0,
    "presence_penalty": 0,
    "n": 1,
    "logprobs": False,
    "top_logprobs": 0,
    "store": False,
    "parallel_tool_calls": True,
    "service_tier": "auto",
    "verbosity": "medium",
    "logit_bias": {},
    "metadata": {},
}
"""The values that OpenAI documents as the behaviour without the field, where no provider's own differs from it."""


def options(request: ValidRequest, findings: Findings, *, legacy: bool) -> dict[str, Option]:
    """Return the options. Pops the rest of `request.fields`, so it comes last. `legacy` allows one call an
    answer only."""
    out = Options(request.fields, findings, request.at)
    if out.fields.get("top_logprobs") and not out.fields.get("logprobs"):
        findings.problem(request.at("top_logprobs"), "needs logprobs to be true")
    out.carry({name: name for name in _CARRIED}, _DEFAULTS)
    _limits(out)
    if out.fields:
        _reasoning(out)
        _formats(out)
    if legacy:
        out.put("parallel_tool_calls", False, request.at("functions"))
    return out.parsed | findings.unread(out.fields, request.moved)


def _limits(out: Options) -> None:
    at = out.at
    newer, older = out.take("max_completion_tokens"), out.take("max_tokens")
    if newer is not None:
        out.put("max_tokens", newer, at("max_completion_tokens"))
        if older is not None and older != newer:
            detail = "max_completion_tokens beside it is the newer field, and wins."
            out.findings.note(at("max_tokens"), "dropped", detail, old=older, new=newer)
    elif older is not None:
        out.put("max_tokens", older, at("max_tokens"))
    out.stop()
    modalities = tuple(dict.fromkeys(out.take("modalities") or ()))
    if modalities not in ((), ("text",)):
        out.put("modalities", modalities, at("modalities"))


def _reasoning(out: Options) -> None:
    at = out.at
    thoughts = Thoughts(out.fields, out.parsed, out.findings, at)
    thoughts.effort(out.take("reasoning_effort"), at("reasoning_effort"))
    reasoning, path = out.take("reasoning") or {}, at("reasoning")
    thoughts.effort(reasoning.pop("effort", None), f"{path}.effort")
    thoughts.budget(reasoning.pop("max_tokens", None), f"{path}.max_tokens")
    thoughts.switch(reasoning.pop("enabled", None), f"{path}.enabled")
    if reasoning.pop("exclude", None):
        out.put("reasoning_visible", False, f"{path}.exclude")
    out.findings.unknown(path, reasoning)
    thoughts.parse_vendors()
    thoughts.settle()


def _formats(out: Options) -> None:
    at, findings = out.at, out.findings
    wanted = out.take("response_format")
    if wanted is not None:
        _response_format(wanted, at("response_format"), out)
    output_format(out.fields, out.parsed, findings, at)
    search = out.take("web_search_options")
    if search is not None:
        path = at("web_search_options")
        location = search.pop("user_location", None)
        size = search.pop("search_context_size", None)
        out.put("web_search", WebSearch(size, _location(location, f"{path}.user_location", findings)), path)
        findings.unknown(path, search)
    path = at("prompt_cache_options")
    cache = prompt_cache(out.take("prompt_cache_options") or {}, path, findings)
    if cache is not None:
        out.put("prompt_cache", cache, path)


def _response_format(wanted: dict[str, Any], at: str, out: Options) -> None:
    kind = wanted.pop("type")
    if kind == "json_object":
        out.put("response_format", OutputFormat("json"), at)
    elif kind == "json_schema":
        described = wanted.pop("json_schema")
        schema, name = described.pop("schema", None), described.pop("name")
        description, strict = described.pop("description", None), described.pop("strict", None)
        out.put("response_format", OutputFormat("schema", schema, name, description, strict), at)
        out.findings.unknown(f"{at}.json_schema", described)
    out.findings.unknown(at, wanted)


def _location(location: dict[str, Any] | None, at: str, findings: Findings) -> dict[str, str] | None:
    if location is None:
        return None
    place = location.pop("approximate")
    fields = {name: place.pop(name, None) for name in ("city", "country", "region", "timezone")}
    findings.unknown(f"{at}.approximate", place)
    location.pop("type")
    findings.unknown(at, location)
    return {name: value for name, value in fields.items() if value is not None}
