"""Parses the body of POST /v1/responses. One refusal names all that is wrong with it."""

from collections.abc import Mapping
from typing import Any

from translators.clients.responses.form import Form
from translators.clients.responses.options import options
from translators.clients.responses.state import NOTHING, continued
from translators.clients.responses.tools import Tools, echoed
from translators.clients.responses.turns import TurnsParser
from translators.clients.responses.validate import validate
from translators.clients.shared.findings import Findings
from translators.clients.shared.thoughts import OPEN_EFFORTS
from translators.conversation import Conversation, Text, Turn
from translators.dialects import ParsedRequest, Past


def parse(body: Any, past: Past = NOTHING) -> ParsedRequest:
    """Return the request in `body`: `{"model": ..., "input": TEXT or [{"type": "message", ...}, ...], ...}`. `past` has
    the client's earlier responses. Raises `BadRequest`."""
    whole = continued(body, past)
    fields = validate(whole.body, whole.before)
    findings = Findings()
    model, stream = fields.pop("model"), bool(fields.pop("stream", None))
    store = fields.pop("store", None)
    fields.pop("previous_response_id", None)
    stored = past.keeps and store is not False
    if store and not stored:
        findings.note("store", "dropped", "Responses are not kept here.", old=True, new=False)
    tools = Tools(findings)
    tools.parse(fields.pop("tools", None) or (), "tools")
    turns = TurnsParser(findings, tools, whole.before)
    history = (*_instructions(fields), *turns.parse(fields.pop("input")))
    if not history and not whole.body["input"]:
        findings.problem("input", "must not be empty")
    tools.settle()
    choice = tools.choice(fields.pop("tool_choice", None))
    settings = options(fields, turns, findings)
    findings.raise_problems()
    form = Form(
        _echo(body, stored=stored),
        settings.summary,
        settings.logprobs,
        dict(tools.spaced),
        whole.previous,
        whole.own if stored else None,
        tools.tool_search,
    )
    conversation = Conversation(history, tools.declared, choice, settings.parsed, stream)
    return ParsedRequest(model, conversation, tuple(findings.notes), form)


def _instructions(fields: dict[str, Any]) -> tuple[Turn, ...]:
    text = fields.pop("instructions", None)
    return (Turn("system", (Text(text, "instructions"),), at="instructions"),) if text else ()


def _echo(body: Mapping[str, Any], *, stored: bool) -> dict[str, Any]:
    """Return the fields of a request that its answer repeats. One that was not honoured says what was done instead."""
    reasoning = body.get("reasoning") or {}
    text, effort, choice = body.get("text") or {}, reasoning.get("effort"), body.get("tool_choice") or "auto"
    nullable = {name: body.get(name) for name in _REPEATED}
    optional = {name: body[name] for name in _IF_SENT if body.get(name) is not None}
    return {
        **nullable,
        **optional,
        "background": False,
        "max_tool_calls": None,
        "metadata": body.get("metadata") or {},
        "parallel_tool_calls": body.get("parallel_tool_calls") is not False,
        "reasoning": {
            "effort": None if effort in OPEN_EFFORTS else effort,
            "summary": reasoning.get("summary") or reasoning.get("generate_summary"),
        },
        "store": stored,
        "text": {"format": text.get("format") or {"type": "text"}, "verbosity": text.get("verbosity") or "medium"},
        "tool_choice": "required" if choice == "any" else choice,
        "tools": [echoed(tool) for tool in body.get("tools") or ()],
        "top_logprobs": body.get("top_logprobs") or 0,
        "truncation": "disabled",
    }


_REPEATED = (
    "instructions",
    "max_output_tokens",
    "previous_response_id",
    "temperature",
    "top_p",
)
_IF_SENT = ("prompt_cache_key", "safety_identifier", "user")
"""Fields that by OpenAI's schema are never null."""
