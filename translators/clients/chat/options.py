"""Every field of the request but messages and tools -> options. What only says the default leaves nothing behind."""

from collections.abc import Mapping
from typing import Any

from translators.clients.chat.validate import Checked
from translators.clients.shared.findings import Findings
from translators.clients.shared.parts import output_format, prompt_cache
from translators.clients.shared.thoughts import Thoughts
from translators.conversation import Option, OutputFormat, WebSearch

_AS_THEY_ARE = frozenset(
    (
        "temperature",
        "top_p",
        "top_k",
        "seed",
        "user",
        "safety_identifier",
        "prompt_cache_key",
        "prompt_cache_retention",
        "prediction",
        "moderation",
        "audio",
    )
)
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


class Options:
    """The options so far, and the fields that they are popped from."""

    def __init__(self, checked: Checked, findings: Findings) -> None:
        self.checked, self.fields, self.findings = checked, checked.fields, findings
        self.read: dict[str, Option] = {}

    def put(self, name: str, value: Any, at: str) -> None:
        self.read[name] = Option(value, at)

    def take(self, name: str) -> Any:
        return self.fields.pop(name, None)


def options(checked: Checked, findings: Findings, *, legacy: bool) -> dict[str, Option]:
    """Return the options. Pops all that is left in `checked.fields`, so it comes last. `legacy` allows one call an
    answer only."""
    out = Options(checked, findings)
    _simple(out)
    _limits(out)
    if out.fields:
        _reasoning(out)
        _formats(out)
    if legacy:
        out.put("parallel_tool_calls", False, checked.at("functions"))
    return out.read | findings.unread(out.fields, checked.moved)


def _simple(out: Options) -> None:
    fields = out.fields
    if fields.get("top_logprobs") and not fields.get("logprobs"):
        out.findings.problem(out.checked.at("top_logprobs"), "needs logprobs to be true")
    for name in list(fields):
        if name in _AS_THEY_ARE or name in _DEFAULTS:
            value = fields.pop(name)
            if value is not None and value != _DEFAULTS.get(name):
                out.put(name, value, out.checked.at(name))


def _limits(out: Options) -> None:
    at = out.checked.at
    newer, older = out.take("max_completion_tokens"), out.take("max_tokens")
    if newer is not None:
        out.put("max_tokens", newer, at("max_completion_tokens"))
        if older is not None and older != newer:
            detail = "max_completion_tokens beside it is the newer field, and wins."
            out.findings.note(at("max_tokens"), "dropped", detail, old=older, new=newer)
    elif older is not None:
        out.put("max_tokens", older, at("max_tokens"))
    stop = out.take("stop")
    if stop:
        out.put("stop", (stop,) if isinstance(stop, str) else tuple(stop), at("stop"))
    if (told := out.take("modalities")) and (modalities := tuple(dict.fromkeys(told))) != ("text",):
        out.put("modalities", modalities, at("modalities"))


def _reasoning(out: Options) -> None:
    at = out.checked.at
    thoughts = Thoughts(out.fields, out.read, out.findings, at)
    thoughts.effort(out.take("reasoning_effort"), at("reasoning_effort"))
    reasoning, path = out.take("reasoning") or {}, at("reasoning")
    thoughts.effort(reasoning.pop("effort", None), f"{path}.effort")
    thoughts.budget(reasoning.pop("max_tokens", None), f"{path}.max_tokens")
    thoughts.switch(reasoning.pop("enabled", None), f"{path}.enabled")
    if reasoning.pop("exclude", None):
        out.put("reasoning_visible", False, f"{path}.exclude")
    out.findings.unknown(path, reasoning)
    thoughts.read_vendors()
    thoughts.settle()


def _formats(out: Options) -> None:
    at, findings = out.checked.at, out.findings
    if (wanted := out.take("response_format")) is not None:
        _response_format(wanted, at("response_format"), out)
    output_format(out.fields, out.read, findings, at)
    if (search := out.take("web_search_options")) is not None:
        path = at("web_search_options")
        location = search.pop("user_location", None)
        size = search.pop("search_context_size", None)
        out.put("web_search", WebSearch(size, _location(location, f"{path}.user_location", findings)), path)
        findings.unknown(path, search)
    if cache := out.take("prompt_cache_options"):
        path = at("prompt_cache_options")
        if (read := prompt_cache(cache, path, findings)) is not None:
            out.put("prompt_cache", read, path)


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
    said = {name: place.pop(name, None) for name in ("city", "country", "region", "timezone")}
    read = {name: value for name, value in said.items() if value is not None}
    findings.unknown(f"{at}.approximate", place)
    location.pop("type")
    findings.unknown(at, location)
    return read
