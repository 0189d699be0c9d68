"""Parses every field but input and tools into options. A field that only says the default leaves nothing behind."""

from collections.abc import Mapping
from typing import Any

from translators.clients.responses.turns import TurnsParser
from translators.clients.shared.findings import Findings
from translators.clients.shared.options import Options
from translators.clients.shared.parts import output_format, prompt_cache
from translators.clients.shared.thoughts import Thoughts
from translators.clients.shared.validate import anthropics
from translators.conversation import OutputFormat

_CARRIED: Mapping[str, str] = {
    "max_output_tokens": "max_tokens",
    "temperature": "temperature",
    "top_p": "top_p",
    "user": "user",
    "safety_identifier": "safety_identifier",
    "prompt_cache_key": "prompt_cache_key",
    "prompt_cache_retention": "prompt_cache_retention",
    "moderation": "moderation",
    "metadata": "metadata",
    "parallel_tool_calls": "parallel_tool_calls",
    "service_tier": "service_tier",
    "top_logprobs": "top_logprobs",
}
"""A field, and the option that it is."""
_DEFAULTS: Mapping[str, Any] = {
    "metadata": {},
    "parallel_tool_calls": True,
    "service_tier": "auto",
    "top_logprobs": 0,
}
"""The values that OpenAI documents as the behaviour without the field, where no provider's own differs from it."""

_LOGPROBS = "message.output_text.logprobs"
_INCLUDED = ("reasoning.encrypted_content", _LOGPROBS)


class ResponseOptions(Options):
    """The options, and what the form of the answer takes from them: whether the client wants to read the reasoning, and
    the log probabilities."""

    summary = False
    logprobs = False


def options(fields: dict[str, Any], turns: TurnsParser, findings: Findings) -> ResponseOptions:
    """Return the options. Pops the rest of `fields`, so it comes last."""
    out = ResponseOptions(fields, findings)
    out.carry(_CARRIED, _DEFAULTS)
    _include(out)
    _reasoning(out, turns)
    _text(out, out.take("text") or {}, "text")
    if turns.text is not None:
        _text(out, *turns.text)
    output_format(out.fields, out.parsed, findings)
    _cache(out)
    _bent(out)
    search = turns.tools.web_search()
    if search is not None:
        out.parsed["web_search"] = search
    out.parsed |= findings.unread(out.fields)
    return out


def _include(out: ResponseOptions) -> None:
    """Read `include`. Reasoning always comes with what the next request needs of it, so nothing is to be done to
    include that."""
    for index, wanted in enumerate(out.take("include") or ()):
        if wanted == _LOGPROBS:
            out.logprobs = True
            out.put("logprobs", True, f"include[{index}]")
        elif wanted not in _INCLUDED:
            out.findings.note(f"include[{index}]", "dropped", "Nothing of this kind can be in an answer.")
    if "top_logprobs" in out.parsed and not out.logprobs:
        out.logprobs = True
        out.put("logprobs", True, "top_logprobs")


def _reasoning(out: ResponseOptions, turns: TurnsParser) -> None:
    reasoning = out.take("reasoning")
    rest = dict(reasoning or {})
    thoughts = Thoughts(out.fields, out.parsed, out.findings)
    effort = rest.pop("effort", None)
    if turns.effort is not None:
        thoughts.effort(*turns.effort)
    else:
        thoughts.effort(effort, "reasoning.effort")
    thoughts.budget(rest.pop("max_tokens", None), "reasoning.max_tokens")
    thoughts.switch(rest.pop("enabled", None), "reasoning.enabled")
    newer, older = rest.pop("summary", None), rest.pop("generate_summary", None)
    hidden = rest.pop("exclude", None)
    out.summary = (newer or older) is not None and not hidden
    if reasoning:
        field = "generate_summary" if older and not newer else "summary"
        out.put("reasoning_visible", out.summary, f"reasoning.{'exclude' if hidden else field}")
    for name, default in (("context", "auto"), ("mode", "standard")):
        if rest.get(name) == default:
            del rest[name]
    out.findings.unknown("reasoning", rest)
    thoughts.parse_vendors()
    thoughts.settle()


def _text(out: ResponseOptions, text: dict[str, Any], at: str) -> None:
    shape, verbosity = text.pop("format", None), text.pop("verbosity", None)
    if verbosity not in (None, "medium"):
        out.put("verbosity", verbosity, f"{at}.verbosity")
    if shape is not None:
        path, kind = f"{at}.format", shape.pop("type")
        if kind == "text":
            out.parsed.pop("response_format", None)
        elif kind == "json_object":
            out.put("response_format", OutputFormat("json"), path)
        else:
            schema, name = shape.pop("schema"), shape.pop("name")
            description, strict = shape.pop("description", None), shape.pop("strict", None)
            out.put("response_format", OutputFormat("schema", schema, name, description, strict), path)
        out.findings.unknown(path, shape)
    out.findings.unknown(at, text)


def _cache(out: ResponseOptions) -> None:
    path = "prompt_cache_options"
    cache = prompt_cache(out.take(path) or {}, path, out.findings)
    if cache is not None:
        out.put("prompt_cache", cache, path)


def _bent(out: ResponseOptions) -> None:
    note = out.findings.note
    if out.take("truncation") == "auto":
        note("truncation", "dropped", "Input is not shortened here: what is too long is refused.", old="auto")
    limit = out.take("max_tool_calls")
    if limit is not None:
        note("max_tool_calls", "dropped", "It limits OpenAI's own tools, and there are none here.", old=limit)
    streaming = out.take("stream_options") or {}
    streaming.pop("include_obfuscation", None)  # the gateway's events are never padded: there is nothing to switch
    out.findings.unknown("stream_options", streaming)
    for name in ("background", "conversation", "prompt", "context_management"):  # refused unless they say nothing
        if not anthropics(name, out.fields):
            out.take(name)
