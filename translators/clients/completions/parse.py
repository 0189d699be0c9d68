"""Parses the body of POST /v1/completions. One refusal names all that is wrong with it."""

from typing import Any

from translators.clients.completions.form import Form
from translators.clients.completions.options import options
from translators.clients.completions.prompts import prompts
from translators.clients.completions.validate import validate
from translators.clients.shared.findings import Findings
from translators.clients.shared.options import streaming
from translators.conversation import Conversation, Text, Turn
from translators.dialects import ParsedRequest


def parse(body: Any) -> ParsedRequest:
    """Return the request in `body`: `{"model": ..., "prompt": TEXT or [TEXT, ...], ...}`. Each prompt is a conversation
    of its own. Raises `BadRequest`."""
    fields = validate(body)
    findings = Findings()
    model = fields.pop("model")
    stream, usage = streaming(fields, findings)
    texts = prompts(fields.pop("prompt", None), findings)
    n = fields.get("n") or 1
    echo = _emulated(fields, n, findings)
    settings = options(fields, findings)
    findings.raise_problems()
    why = "Sent as a message: the model answers it, and does not go on from its last word."
    findings.note("prompt", "approximated", why)
    first, *more = (
        Conversation((Turn("user", (Text(text, at),), at=at),), options=settings, stream=stream) for at, text in texts
    )
    form = Form(usage, tuple(text for _, text in texts) if echo else (), n)
    return ParsedRequest(model, first, tuple(findings.notes), form, tuple(more))


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
