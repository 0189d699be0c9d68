"""The body of POST /v1/completions -> what was asked. All that is wrong with it is told at once."""

from typing import Any

from translators.clients.completions.form import Form
from translators.clients.completions.options import options
from translators.clients.completions.prompts import prompts
from translators.clients.completions.validate import check
from translators.clients.shared.findings import Findings
from translators.conversation import Conversation, Text, Turn
from translators.dialects import ParsedRequest


def parse(body: Any) -> ParsedRequest:
    fields = check(body)
    findings = Findings()
    model = fields.pop("model")
    stream, usage = _streaming(fields, findings)
    asked = prompts(fields.pop("prompt", None), findings)
    n = fields.get("n") or 1
    echo = _emulated(fields, n, findings)
    asked_for = options(fields, findings)
    findings.raise_problems()
    why = "Sent as a message: the model answers it, and does not go on from its last word."
    findings.note("prompt", "approximated", why)
    first, *more = (
        Conversation((Turn("user", (Text(text, at),), at=at),), options=asked_for, stream=stream) for at, text in asked
    )
    form = Form(usage, tuple(text for _, text in asked) if echo else (), n)
    return ParsedRequest(model, first, tuple(findings.notes), form, tuple(more))


def _streaming(fields: dict[str, Any], findings: Findings) -> tuple[bool, bool]:
    """Return whether to stream, and whether the stream ends with usage. Chunks are never padded, so there is no
    obfuscation to switch."""
    stream = bool(fields.pop("stream", None))
    told = fields.pop("stream_options", None)
    if told is None:
        return stream, False
    if not stream:
        findings.problem("stream_options", "can only be sent when stream is true")
    told.pop("include_obfuscation", None)
    usage = bool(told.pop("include_usage", None))
    findings.unknown("stream_options", told)
    return stream, usage


def _emulated(fields: dict[str, Any], n: int, findings: Findings) -> bool:
    """Return whether to echo. Refuses what a model that knows conversations only cannot be made to do."""
    echo, suffix, best_of = fields.pop("echo", None), fields.pop("suffix", None), fields.pop("best_of", None)
    if suffix:
        findings.problem("suffix", "is not possible: this model cannot fill in a text", "unsupported_parameter")
    if best_of is not None and best_of < n:
        findings.problem("best_of", "must be at least n")
    elif best_of is not None and best_of > n:
        why = "can only be as many as n: nobody here tells which of them is best"
        findings.problem("best_of", why, "unsupported_parameter")
    if echo and fields.get("logprobs") is not None:
        why = "is not possible with logprobs: this model tells none of the prompt"
        findings.problem("echo", why, "unsupported_parameter")
    return bool(echo)
