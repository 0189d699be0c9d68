"""Parses `tools` and `tool_choice`, and `functions` and `function_call`, which are the same thing as it was in 2023."""

from typing import Any

from translators.clients.chat.validate import ValidRequest
from translators.clients.shared.declared import Declared
from translators.clients.shared.findings import Findings
from translators.clients.shared.hosted import HOSTED, SEARCHES, settle_hosted
from translators.clients.shared.parts import cache_of
from translators.conversation import CustomTool, FunctionTool, Tool, ToolChoice


def tools(request: ValidRequest, findings: Findings) -> tuple[Tool, ...]:
    """Return the tools that a request declares: `{"type": "function", "function": {"name": ..., "parameters": ...}}`,
    `{"type": "custom", "custom": {"name": ..., "format": ...}}`; in `functions` the inner object alone."""
    fields, declared = request.fields, Declared(findings)
    hosted: list[tuple[str, str]] = []
    modern, at = fields.pop("tools", None) or (), request.at("tools")
    for index, tool in enumerate(modern):
        kind = tool["type"]
        if kind in HOSTED or kind in SEARCHES:
            hosted.append((kind, f"{at}[{index}]"))
            continue
        declared.add(_tool(tool, f"{at}[{index}]", findings), f"{at}[{index}].{kind}.name")
    legacy, at = fields.pop("functions", None) or (), request.at("functions")
    if modern and legacy:
        findings.problem(at, "cannot stand beside tools, which replace it")
    for index, function in enumerate(legacy):
        declared.add(_function(function, f"{at}[{index}]", None, findings), f"{at}[{index}].name")
    settle_hosted(hosted, bool(declared.tools), findings)
    return declared.tools


def tool_choice(request: ValidRequest, declared: tuple[Tool, ...], findings: Findings) -> ToolChoice | None:
    """Return the choice: a word, or `{"type": "function", "function": {"name": ...}}`, or `{"type": "allowed_tools",
    "allowed_tools": {"mode": ..., "tools": [...]}}`. None is what every provider does by itself: a free choice among
    all tools."""
    fields = request.fields
    names = frozenset(tool.name for tool in declared)
    modern, legacy = fields.pop("tool_choice", None), fields.pop("function_call", None)
    if modern is not None and legacy is not None:
        findings.problem(request.at("function_call"), "cannot stand beside tool_choice, which replaces it")
    at = request.at("function_call" if modern is None else "tool_choice")
    match legacy if modern is None else modern:
        case None | "auto":
            return None
        case "none":
            return ToolChoice("none", at=at) if names else None
        case "required" | "any":  # the latter is Mistral's
            if not names:
                findings.problem(at, "needs at least one entry in tools")
            return ToolChoice("required", at=at)
        case {"type": "allowed_tools"} as wanted:
            return _allowed(wanted, at, names, findings)
        case {"type": kind} as wanted:
            return _one(wanted[kind], wanted, f"{at}.{kind}", at, names, findings)
        case wanted:
            return _one(wanted, {}, at, at, names, findings)


def _one(
    named: dict[str, Any], rest: dict[str, Any], path: str, at: str, names: frozenset[str], findings: Findings
) -> ToolChoice:
    name = _declared(named, path, names, findings)
    findings.unknown(at, {key: value for key, value in rest.items() if key not in ("type", "function", "custom")})
    return ToolChoice("required", (name,), single=True, at=at)


def _allowed(wanted: dict[str, Any], at: str, names: frozenset[str], findings: Findings) -> ToolChoice:
    allowed = wanted.pop("allowed_tools")
    path = f"{at}.allowed_tools"
    chosen = []
    for index, tool in enumerate(allowed.pop("tools")):
        kind = tool.pop("type")
        chosen.append(_declared(tool.pop(kind), f"{path}.tools[{index}].{kind}", names, findings))
        findings.unknown(f"{path}.tools[{index}]", tool)
    mode = allowed.pop("mode")
    findings.unknown(path, allowed)
    wanted.pop("type")
    findings.unknown(at, wanted)
    return ToolChoice(mode, tuple(dict.fromkeys(chosen)), at=at)


def _declared(named: dict[str, Any], at: str, names: frozenset[str], findings: Findings) -> str:
    name: str = named.pop("name")
    if name not in names:
        findings.problem(f"{at}.name", "is the name of no tool in this request; declare it in tools")
    findings.unknown(at, named)
    return name


def _tool(tool: dict[str, Any], at: str, findings: Findings) -> Tool:
    kind = tool.pop("type")
    inner = tool.pop(kind)
    if kind == "function":
        declared: Tool = _function(inner, f"{at}.function", at, findings, tool)
    else:
        declared = _custom(inner, at, findings)
    if tool:
        findings.unknown(at, tool)
    return declared


def _function(
    function: dict[str, Any], path: str, at: str | None, findings: Findings, around: dict[str, Any] | None = None
) -> FunctionTool:
    """Return a function as a tool. `around` is the object that holds it, where a breakpoint usually stands; `at` its
    path."""
    name, description = function.pop("name"), function.pop("description", None)
    parameters, strict = function.pop("parameters", None), function.pop("strict", None)
    cache = cache_of(function, path, findings) if function else None
    if around:
        cache = cache_of(around, at or path, findings) or cache
    if function:
        findings.unknown(path, function)
    return FunctionTool(name, description, parameters, strict, at or path, cache)


def _custom(custom: dict[str, Any], at: str, findings: Findings) -> CustomTool:
    name, description = custom.pop("name"), custom.pop("description", None)
    shape = custom.pop("format", None) or {"type": "text"}
    path = f"{at}.custom"
    syntax = text = None
    if shape.pop("type") == "grammar":
        grammar = shape.pop("grammar")
        syntax, text = grammar.pop("syntax"), grammar.pop("definition")
        findings.unknown(f"{path}.format.grammar", grammar)
    findings.unknown(f"{path}.format", shape)
    findings.unknown(path, custom)
    return CustomTool(name, description, syntax, text, at)
