"""Parses the body of POST /v1/chat/completions. One refusal names all that is wrong with it."""

from typing import Any

from translators.clients.chat.form import Form
from translators.clients.chat.options import options
from translators.clients.chat.tools import tool_choice, tools
from translators.clients.chat.turns import turns
from translators.clients.chat.validate import validate
from translators.clients.shared.findings import Findings, step
from translators.clients.shared.options import streaming
from translators.conversation import Conversation
from translators.dialects import ParsedRequest


def parse(body: Any) -> ParsedRequest:
    """Return the request in `body`: `{"model": ..., "messages": [{"role": ..., "content": ...}], ...}`. Raises
    `BadRequest`."""
    request = validate(body)
    fields = request.fields
    findings = Findings()
    for name in request.doubled:
        findings.note(step("extra_body", name), "dropped", "The same field outside extra_body wins.")
    legacy = bool(fields.get("functions"))
    model = fields.pop("model")
    stream, usage = streaming(fields, findings, request.at)
    history = turns(fields.pop("messages"), findings)
    declared = tools(request, findings)
    choice = tool_choice(request, declared, findings)
    settings = options(request, findings, legacy=legacy)
    findings.raise_problems()
    conversation = Conversation(history, declared, choice, settings, stream)
    form = Form(usage, legacy, "reasoning_visible" not in settings)
    return ParsedRequest(model, conversation, tuple(findings.notes), form)
