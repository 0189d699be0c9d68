"""The body of POST /v1/chat/completions -> what was asked. All that is wrong with it is told at once."""

from typing import Any

from translators.clients.chat.form import Form
from translators.clients.chat.options import options
from translators.clients.chat.tools import choice, tools
from translators.clients.chat.turns import turns
from translators.clients.chat.validate import Checked, check
from translators.clients.shared.findings import Findings, step
from translators.conversation import Conversation
from translators.dialects import ParsedRequest


def parse(body: Any) -> ParsedRequest:
    checked = check(body)
    fields = checked.fields
    findings = Findings()
    _tell_extra_body(checked, findings)
    legacy = bool(fields.get("functions"))
    model = fields.pop("model")
    stream, usage = _streaming(checked, findings)
    said = turns(fields.pop("messages"), findings)
    declared = tools(checked, findings)
    chosen = choice(checked, declared, findings)
    asked_for = options(checked, findings, legacy=legacy)
    findings.raise_problems()
    conversation = Conversation(said, declared, chosen, asked_for, stream)
    form = Form(usage, legacy, "reasoning_visible" not in asked_for)
    return ParsedRequest(model, conversation, tuple(findings.notes), form)


def _streaming(checked: Checked, findings: Findings) -> tuple[bool, bool]:
    """Return whether to stream, and whether the stream ends with usage. `include_obfuscation` pads chunks against those
    who listen to their sizes; ours are never padded, so there is nothing to switch."""
    fields, path = checked.fields, checked.at("stream_options")
    stream = bool(fields.pop("stream", None))
    told = fields.pop("stream_options", None)
    if told is None:
        return stream, False
    if not stream:
        findings.problem(path, "can only be sent when stream is true")
    told.pop("include_obfuscation", None)
    usage = bool(told.pop("include_usage", None))
    findings.unknown(path, told)
    return stream, usage


def _tell_extra_body(checked: Checked, findings: Findings) -> None:
    for name in checked.doubled:
        findings.note(step("extra_body", name), "dropped", "The same field outside extra_body wins.")
