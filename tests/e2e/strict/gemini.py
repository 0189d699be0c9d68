"""Gemini's generateContent (v1beta), as it objects."""

from collections.abc import Iterator
from typing import Any

from tests.e2e.strict.request import (
    Called,
    Objection,
    Prompt,
    Request,
    Result,
    Saying,
    fits,
    is_genuine,
    object_to_unknown,
    repeated,
)

STAND_INS = ("skip_thought_signature_validator", "context_engineering_is_the_way_to_go")
_UNKNOWN = 'Invalid JSON payload received. Unknown name "{{}}"{}: Cannot find field.'
_FIELDS = {
    *("contents", "systemInstruction", "tools", "toolConfig", "generationConfig", "safetySettings", "cachedContent"),
    *("labels", "model", "serviceTier"),
}
_PART = {
    *("text", "thought", "thoughtSignature", "functionCall", "functionResponse", "inlineData", "fileData"),
    *("executableCode", "codeExecutionResult", "videoMetadata", "mediaResolution", "toolCall", "toolResponse"),
}
_DECLARATION = {
    *("name", "description", "parameters", "parametersJsonSchema", "response", "responseJsonSchema", "behavior"),
}
_SCHEMA = {
    *("type", "format", "title", "description", "nullable", "enum", "maxItems", "minItems", "properties", "required"),
    *("minProperties", "maxProperties", "minLength", "maxLength", "pattern", "example", "anyOf", "propertyOrdering"),
    *("default", "items", "minimum", "maximum"),
}


def check(request: Request) -> None:
    body = request.body
    object_to_unknown(body, _FIELDS, _UNKNOWN.format(""))
    if not body.get("contents"):
        raise Objection("* GenerateContentRequest.contents: contents is not specified")
    _check_tools(body.get("tools", []))
    _check_thinking(body.get("generationConfig", {}), request.model)
    for at, content in enumerate(body["contents"]):
        _check_content(content, f"contents[{at}]", request.model)
    _check_turns(body["contents"])
    if request.model.startswith("gemini-3"):
        _check_signed(body["contents"])


def error(objection: Objection) -> Any:
    status = "INVALID_ARGUMENT" if objection.status == 400 else objection.code
    return {"error": {"code": objection.status, "message": objection.message, "status": status}}


def _check_tools(tools: list[dict[str, Any]]) -> None:
    declarations = [each for tool in tools for each in tool.get("functionDeclarations", [])]
    for at, declaration in enumerate(declarations):
        path = f"tools[0].function_declarations[{at}]"
        object_to_unknown(declaration, _DECLARATION, _UNKNOWN.format(f" at '{path}'"))
        if not fits(r"[a-zA-Z_][a-zA-Z0-9_.:-]{0,63}", declaration["name"]):
            raise Objection(
                f"* GenerateContentRequest.{path}.name: Invalid function name. Must start with a letter or an "
                "underscore. Must be alphanumeric (a-z, A-Z, 0-9), underscores (_), dots (.), colons (:), or dashes "
                "(-), with a maximum length of 64."
            )
        _check_schema(declaration.get("parameters", {}), f"{path}.parameters")
    if name := repeated(declaration["name"] for declaration in declarations):
        raise Objection(f"Duplicate function declaration found: {name}")


def _check_schema(schema: Any, path: str) -> None:
    object_to_unknown(schema, _SCHEMA, _UNKNOWN.format(f" at '{path}'"))
    if not isinstance(schema.get("type", ""), str):
        raise Objection(f"Invalid value at '{path}.type': Proto field is not repeating, cannot start list.")
    for name, inner in schema.get("properties", {}).items():
        _check_schema(inner, f"{path}.properties[{name}]")
    for at, inner in enumerate([*schema.get("anyOf", []), *([schema["items"]] if "items" in schema else [])]):
        _check_schema(inner, f"{path}.any_of[{at}]")


def _check_thinking(config: dict[str, Any], model: str) -> None:
    thinking = config.get("thinkingConfig", {})
    if {"thinkingBudget", "thinkingLevel"} <= thinking.keys():
        raise Objection("You can only set only one of thinking budget and thinking level.")
    if "thinkingLevel" in thinking and not model.startswith("gemini-3"):
        raise Objection("Thinking level is not supported for this model.")


def _check_content(content: dict[str, Any], path: str, model: str) -> None:
    if content.get("role") not in ("user", "model"):
        raise Objection("Please use a valid role: user, model.")
    if not content.get("parts"):
        raise Objection(f"* GenerateContentRequest.{path}.parts: contents.parts must not be empty.")
    for at, part in enumerate(content["parts"]):
        object_to_unknown(part, _PART, _UNKNOWN.format(f" at '{path}.parts[{at}]'"))
        if not part.keys() - {"thought", "thoughtSignature"}:
            raise Objection(
                f"* GenerateContentRequest.{path}.parts[{at}].data: required oneof field 'data' must have one "
                "initialized field"
            )
        signature = part.get("thoughtSignature")
        if signature is not None and signature not in STAND_INS and not is_genuine(signature, model, signed(part)):
            raise Objection("Corrupted thought signature.")


def signed(part: dict[str, Any]) -> Any:
    """What a signature stands for."""
    call = part.get("functionCall")
    return "" if call is None else [call["name"], call.get("args", {})]


def _check_turns(contents: list[dict[str, Any]]) -> None:
    if contents[-1]["role"] == "model":
        raise Objection("Please ensure that single turn requests end with a user role or the role field is empty.")
    calls: list[dict[str, Any]] = []
    before = None
    for content in contents:
        asking, results = _kind(content, "functionCall"), _kind(content, "functionResponse")
        if asking and before not in ("user", "results"):
            raise Objection(
                "Please ensure that function call turn comes immediately after a user turn or after a function "
                "response turn."
            )
        if results and not calls:
            raise Objection("Please ensure that function response turn comes immediately after a function call turn.")
        if len(results) != len(calls):
            raise Objection(
                "Please ensure that the number of function response parts is equal to the number of function call "
                "parts of the function call turn."
            )
        if any(not isinstance(result.get("response"), dict) for result in results):
            raise Objection(
                "Invalid value at 'function_response.response' (type.googleapis.com/google.protobuf.Struct)"
            )
        if [(call.get("id"), call["name"]) for call in calls] != [(it.get("id"), it["name"]) for it in results]:
            raise Objection("The function response parts do not match the function call parts of the previous turn.")
        calls = asking
        before = "results" if results else content["role"]


def _kind(content: dict[str, Any], kind: str) -> list[dict[str, Any]]:
    return [part[kind] for part in content["parts"] if kind in part]


def _check_signed(contents: list[dict[str, Any]]) -> None:
    """The first call of each step since the user last spoke."""
    prompts = [at for at, content in enumerate(contents) if content["role"] == "user" and _says(content)]
    for content in contents[max(prompts, default=0) :]:
        calls = [(place, part) for place, part in enumerate(content["parts"]) if "functionCall" in part]
        if calls and "thoughtSignature" not in calls[0][1]:
            place, part = calls[0]
            raise Objection(
                "Function call is missing a thought_signature in functionCall parts. This is required for tools to "
                "work correctly, and missing thought_signature may lead to degraded model performance. Additional "
                f"data, function call `default_api:{part['functionCall']['name']}` , position {place}. Please refer to "
                "https://ai.google.dev/gemini-api/docs/thought-signatures for more details."
            )


def _says(content: dict[str, Any]) -> bool:
    return any("functionResponse" not in part for part in content["parts"])


def sayings(request: Request) -> Iterator[Saying]:
    """A model that gives no ids is answered in the order of its calls."""
    waiting: list[str] = []
    for turn, content in enumerate(request.body["contents"]):
        for place, part in enumerate(content["parts"]):
            match part:
                case {"functionCall": {"name": name, **call}}:
                    waiting.append(call.get("id") or f"{turn}.{place}")
                    yield Called(waiting[-1], name, call.get("args", {}))
                case {"functionResponse": {"response": response}}:
                    yield Result(waiting.pop(0), str(response))
                case {"text": text} if content["role"] == "user":
                    yield Prompt(text)


def tools(request: Request) -> list[dict[str, Any]]:
    declared = [each for tool in request.body.get("tools", []) for each in tool.get("functionDeclarations", [])]
    return [
        {"name": each["name"], "schema": each.get("parametersJsonSchema") or each.get("parameters")}
        for each in declared
    ]
