"""The body of POST /v1/responses -> what was asked. All that is wrong with it is told at once."""

from collections.abc import Mapping
from typing import Any

from translators.clients.responses.form import Form
from translators.clients.responses.options import options
from translators.clients.responses.state import NOTHING, continued
from translators.clients.responses.tools import Tools, echoed
from translators.clients.responses.turns import History
from translators.clients.responses.validate import check
from translators.clients.shared.findings import Findings
from translators.clients.shared.thoughts import LEFT_OPEN
from translators.conversation import Conversation, Text, Turn
from translators.dialects import ParsedRequest, Past


def parse(body: Any, past: Past = NOTHING) -> ParsedRequest:
    """Return a checked request. `past` is what was kept of the client's earlier responses."""
    whole = continued(body, past)
    fields = check(whole.body, whole.before)
    findings = Findings()
    model, stream = fields.pop("model"), bool(fields.pop("stream", None))
    wanted = fields.pop("store", None)
    fields.pop("previous_response_id", None)
    kept = past.keeps and wanted is not False
    if wanted and not kept:
        findings.note("store", "dropped", "Responses are not kept here.", old=True, new=False)
    tools = Tools(findings)
    tools.read(fields.pop("tools", None) or (), "tools")
    history = History(findings, tools, whole.before)
    turns = (*_instructions(fields), *history.read(fields.pop("input")))
    if not turns and not whole.body["input"]:
        findings.problem("input", "must not be empty")
    tools.settle()
    chosen = tools.choice(fields.pop("tool_choice", None))
    asked = options(fields, history, findings)
    findings.raise_problems()
    form = Form(
        _echo(body, stored=kept),
        asked.summary,
        asked.logprobs,
        dict(tools.spaced),
        whole.previous,
        whole.own if kept else None,
        tools.tool_search,
    )
    conversation = Conversation(turns, tools.declared, chosen, asked.read, stream)
    return ParsedRequest(model, conversation, tuple(findings.notes), form)


def _instructions(fields: dict[str, Any]) -> tuple[Turn, ...]:
    text = fields.pop("instructions", None)
    return (Turn("system", (Text(text, "instructions"),), at="instructions"),) if text else ()


def _echo(body: Mapping[str, Any], *, stored: bool) -> dict[str, Any]:
    """Return what an answer repeats of its request. What was not honoured is told as what was done instead."""
    reasoning = body.get("reasoning") or {}
    text, effort, choice = body.get("text") or {}, reasoning.get("effort"), body.get("tool_choice") or "auto"
    said = {name: body.get(name) for name in _REPEATED}
    said |= {name: body[name] for name in _IF_SAID if body.get(name) is not None}
    return {
        **said,
        "background": False,
        "max_tool_calls": None,
        "metadata": body.get("metadata") or {},
        "parallel_tool_calls": body.get("parallel_tool_calls") is not False,
        "reasoning": {
            "effort": None if effort in LEFT_OPEN else effort,
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
_IF_SAID = ("prompt_cache_key", "safety_identifier", "user")
"""Fields that by OpenAI's schema are never null."""
