"""Every field of the request but input and tools -> options. What only says the default leaves nothing behind."""

from collections.abc import Mapping
from typing import Any

from translators.clients.responses.turns import History
from translators.clients.shared.findings import Findings
from translators.clients.shared.parts import output_format, prompt_cache
from translators.clients.shared.thoughts import Thoughts
from translators.clients.shared.validate import anthropics
from translators.conversation import Option, OutputFormat

_AS_THEY_ARE: Mapping[str, str] = {
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


class Options:
    """The options so far, and the fields that they are popped from."""

    def __init__(self, fields: dict[str, Any], findings: Findings) -> None:
        self.fields, self.findings = fields, findings
        self.read: dict[str, Option] = {}
        self.summary = self.logprobs = False

    def put(self, name: str, value: Any, at: str) -> None:
        self.read[name] = Option(value, at)

    def take(self, name: str) -> Any:
        return self.fields.pop(name, None)


def options(fields: dict[str, Any], history: History, findings: Findings) -> Options:
    """Return the options. Pops all that is left in `fields`, so it comes last."""
    out = Options(fields, findings)
    for name in [name for name in _AS_THEY_ARE if name in fields]:
        value = out.take(name)
        if value is not None and value != _DEFAULTS.get(name):
            out.put(_AS_THEY_ARE[name], value, name)
    _include(out)
    _reasoning(out, history)
    _text(out, out.take("text") or {}, "text")
    if history.text is not None:
        _text(out, *history.text)
    output_format(out.fields, out.read, findings)
    _cache(out)
    _bent(out)
    if (search := history.tools.web_search()) is not None:
        out.read["web_search"] = search
    out.read |= findings.unread(out.fields)
    return out


def _include(out: Options) -> None:
    """Read `include`. Reasoning always comes with what the next request needs of it, so nothing is to be done to
    include that."""
    for index, wanted in enumerate(out.take("include") or ()):
        if wanted == _LOGPROBS:
            out.logprobs = True
            out.put("logprobs", True, f"include[{index}]")
        elif wanted not in _INCLUDED:
            out.findings.note(f"include[{index}]", "dropped", "Nothing of this kind can be in an answer.")
    if "top_logprobs" in out.read and not out.logprobs:
        out.logprobs = True
        out.put("logprobs", True, "top_logprobs")


def _reasoning(out: Options, history: History) -> None:
    reasoning = out.take("reasoning")
    asked = dict(reasoning or {})
    thoughts = Thoughts(out.fields, out.read, out.findings)
    effort = asked.pop("effort", None)
    if history.effort is not None:
        thoughts.effort(*history.effort)
    else:
        thoughts.effort(effort, "reasoning.effort")
    thoughts.budget(asked.pop("max_tokens", None), "reasoning.max_tokens")
    thoughts.switch(asked.pop("enabled", None), "reasoning.enabled")
    newer, older = asked.pop("summary", None), asked.pop("generate_summary", None)
    hidden = asked.pop("exclude", None)
    out.summary = (newer or older) is not None and not hidden
    if reasoning:
        path = "reasoning.exclude" if hidden else "reasoning.summary" if newer or not older else _OLDER
        out.put("reasoning_visible", out.summary, path)
    for name, default in (("context", "auto"), ("mode", "standard")):
        if asked.get(name) == default:
            del asked[name]
    out.findings.unknown("reasoning", asked)
    thoughts.read_vendors()
    thoughts.settle()


_OLDER = "reasoning.generate_summary"


def _text(out: Options, text: dict[str, Any], at: str) -> None:
    shape, verbosity = text.pop("format", None), text.pop("verbosity", None)
    if verbosity not in (None, "medium"):
        out.put("verbosity", verbosity, f"{at}.verbosity")
    if shape is not None:
        path, kind = f"{at}.format", shape.pop("type")
        if kind == "text":
            out.read.pop("response_format", None)
        elif kind == "json_object":
            out.put("response_format", OutputFormat("json"), path)
        else:
            schema, name = shape.pop("schema"), shape.pop("name")
            description, strict = shape.pop("description", None), shape.pop("strict", None)
            out.put("response_format", OutputFormat("schema", schema, name, description, strict), path)
        out.findings.unknown(path, shape)
    out.findings.unknown(at, text)


def _cache(out: Options) -> None:
    path = "prompt_cache_options"
    if (read := prompt_cache(out.take(path) or {}, path, out.findings)) is not None:
        out.put("prompt_cache", read, path)


def _bent(out: Options) -> None:
    note = out.findings.note
    if out.take("truncation") == "auto":
        note("truncation", "dropped", "Input is not shortened here: what is too long is refused.", old="auto")
    if (limit := out.take("max_tool_calls")) is not None:
        note("max_tool_calls", "dropped", "It limits OpenAI's own tools, and there are none here.", old=limit)
    if told := out.take("stream_options"):  # ours are never padded, so there is no obfuscation to switch
        told.pop("include_obfuscation", None)
        out.findings.unknown("stream_options", told)
    for name in ("background", "conversation", "prompt", "context_management"):  # refused unless they say nothing
        if not anthropics(name, out.fields):
            out.take(name)
