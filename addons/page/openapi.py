"""The OpenAPI description of the page's API."""

from collections.abc import Mapping
from dataclasses import field
from typing import Any

from addons.inspector.exports import FORMATS, SDKS
from addons.inspector.reading import DIRECTIONS, LEGS
from addons.inspector.search import FILTERS
from addons.page.inspection import API_VERSION, MOST_EVENTS, MOST_LISTED, MOST_MODELS
from translators.convert import DIALECTS
from translators.registry import CLIENTS
from translators.values import immutable

TEXT: Mapping[str, Any] = {"type": "string"}
NUMBER: Mapping[str, Any] = {"type": "number"}
COUNT: Mapping[str, Any] = {"type": "integer", "minimum": 0}
FLAG: Mapping[str, Any] = {"type": "boolean"}
ANYTHING: Mapping[str, Any] = {}


def _maybe(schema: Mapping[str, Any]) -> dict[str, Any]:
    return {"anyOf": [schema, {"type": "null"}]}


def _list(schema: Mapping[str, Any]) -> dict[str, Any]:
    return {"type": "array", "items": schema}


def _object(optional: tuple[str, ...] = (), /, **fields: Mapping[str, Any]) -> dict[str, Any]:
    properties = {name.rstrip("_"): schema for name, schema in fields.items()}
    return {
        "type": "object",
        "properties": properties,
        "required": [name for name in properties if name not in optional],
    }


def _one_of(*words: str) -> dict[str, Any]:
    return {"type": "string", "enum": list(words)}


def _ref(name: str) -> dict[str, Any]:
    return {"$ref": f"#/components/schemas/{name}"}


_COUNTS = _object(
    input=COUNT, output=COUNT, cache_read=_maybe(COUNT), cache_write=_maybe(COUNT), reasoning=_maybe(COUNT)
)
_SUMMARY: dict[str, Mapping[str, Any]] = {
    "id": TEXT,
    "seq": COUNT,
    "started": {"type": "string", "format": "date-time"},
    "client": TEXT,
    "dialect": _one_of(*CLIENTS),
    "path": TEXT,
    "model": _maybe(TEXT),
    "provider": _maybe(TEXT),
    "provider_model": _maybe(TEXT),
    "provider_dialect": _maybe(TEXT),
    "status": COUNT,
    "stream": FLAG,
    "end": _one_of("complete", "refused", "failed", "cancelled", "running"),
    "error": _maybe(TEXT),
    "cause": _maybe(TEXT),
    "finish_reason": _maybe(TEXT),
    "tokens": _maybe(_COUNTS),
    "first_event": _maybe(NUMBER),
    "duration": NUMBER,
    "own": NUMBER,
    "longest_gap": _maybe(NUMBER),
    "notes": _object(count=COUNT, weight=COUNT),
    "attempts": COUNT,
    "events": COUNT,
    "gaps": _list(NUMBER),
    "bytes": COUNT,
    "pinned": FLAG,
    "conversation": _maybe(TEXT),
    "injected": _list(TEXT),
}
_EXCHANGE: dict[str, Mapping[str, Any]] = {
    **_SUMMARY,
    "phases": _object(
        **{
            name: _maybe(_ref("Phase"))
            for name in ("client_request", "provider_request", "provider_response", "client_response")
        }
    ),
    "attempts": _list(_ref("Attempt")),
    "events": _list(_ref("EventPair")),
    "event_count": COUNT,
    "events_left_out": COUNT,
    "notes": _list(_ref("Note")),
    "timings": {"type": "object", "additionalProperties": _maybe(NUMBER)},
    "ended_by": TEXT,
    "method": TEXT,
    "message": _maybe(TEXT),
    "param": _maybe(TEXT),
    "provider_id": _maybe(TEXT),
    "served_model": _maybe(TEXT),
}
_PAIR = _object(provider=_maybe(COUNT), client=_list(COUNT))
_LINKS = _object(request=_list(_ref("Link")), answer=_list(_ref("Link")), known=FLAG)
_SOME_LINKS = _object(request=_list(_ref("Link")), answer=_maybe(_list(_ref("Link"))), known=FLAG)
SCHEMAS: Mapping[str, Any] = {
    "Summary": _object(**_SUMMARY, gone_before=COUNT, found=_maybe(TEXT)),
    "Exchange": _object(("pairs", "provenance"), **_EXCHANGE, pairs=_list(_PAIR), provenance=_SOME_LINKS),
    "Phase": _object(at=NUMBER, line=TEXT, headers=_list(_list(TEXT)), body=_maybe(TEXT), bytes=COUNT, cut=FLAG),
    "Note": _object(path=TEXT, fate=TEXT, old=ANYTHING, new=ANYTHING, detail=TEXT, weight=COUNT, lost=FLAG),
    "EventPair": _object(
        n=COUNT,
        at=NUMBER,
        name=TEXT,
        provider=TEXT,
        client=TEXT,
        call=COUNT,
        attempt=COUNT,
        notes=_list(_ref("Note")),
        injected=FLAG,
    ),
    "Attempt": _object(
        ("call", "connect", "rest"),
        n=COUNT,
        call=COUNT,
        provider=TEXT,
        model=TEXT,
        credential=TEXT,
        dialect=TEXT,
        at=NUMBER,
        duration=_maybe(NUMBER),
        status=COUNT,
        reason=_maybe(TEXT),
        kind=_maybe(TEXT),
        injected=FLAG,
        first_event=_maybe(NUMBER),
        connect=_maybe(NUMBER),
        rest=_maybe(NUMBER),
        request=_ref("Phase"),
        response=_maybe(_ref("Phase")),
    ),
    "Link": _object(from_=_maybe(TEXT), to=_maybe(TEXT), rule=TEXT, note=_maybe(COUNT), detail=_maybe(TEXT)),
    "Error": _object(error=_object(message=TEXT, type=TEXT, param=_maybe(TEXT), code=TEXT)),
}
_ASKED = _object(exchanges=_list(_object(id=TEXT, model=_maybe(TEXT))))
_DIFFERENCE = _object(("path", "event"), phase=TEXT, path=_maybe(TEXT), event=COUNT, then=ANYTHING, now=ANYTHING)
_ANALYSIS = {name: _list({"type": "object"}) for name in ("lints", "tool_calls", "reasoning", "budget", "images")} | {
    "cache": _maybe({"type": "object"})
}


@immutable
class Operation:
    """`query` are its parameters, `body` is the schema of what it is sent. `answer` None: it is no JSON."""

    path: str
    method: str
    summary: str
    answer: Mapping[str, Any] | None
    query: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    body: Mapping[str, Any] | None = None


_ONE = "/api/exchanges/{id}"
OPERATIONS = (
    Operation(
        "/api/exchanges",
        "GET",
        "List exchanges, newest first; q takes words and filters such as model:claude status:5xx -note:seed, each of "
        "which can stand by itself, too.",
        _object(exchanges=_list(_ref("Summary")), total=COUNT, gone=COUNT, more=FLAG),
        {"q": TEXT, "limit": {"type": "integer", "minimum": 1, "maximum": MOST_LISTED}, "before": TEXT}
        | dict.fromkeys(FILTERS, TEXT),
    ),
    Operation("/api/exchanges", "DELETE", "Forget all exchanges that are not pinned.", _object()),
    Operation(
        _ONE,
        "GET",
        "An exchange: its four phases, attempts, events, pairs, notes, provenance; `brief` leaves out pairs, "
        "provenance and the bodies that its events make up.",
        _ref("Exchange"),
        {"brief": _one_of("yes", "no")},
    ),
    Operation(
        f"{_ONE}/events",
        "GET",
        "Events of a long stream.",
        _object(events=_list(_ref("EventPair"))),
        {"from": COUNT, "limit": {"type": "integer", "minimum": 1, "maximum": MOST_EVENTS}},
    ),
    Operation(
        f"{_ONE}/provenance",
        "GET",
        "Which field of one side became which of the other, and by which rule; `leg` asks for one leg alone.",
        _LINKS,
        {"leg": _one_of(*DIRECTIONS)},
    ),
    Operation(
        f"{_ONE}/diff",
        "GET",
        "The two sides of a leg, row by row.",
        _object(rows=_list({"type": "object"})),
        {"leg": _one_of(*DIRECTIONS)},
    ),
    Operation(f"{_ONE}/analysis", "GET", "Lints, tool calls, reasoning, budget, cache.", _object(**_ANALYSIS)),
    Operation(
        f"{_ONE}/export",
        "GET",
        "The exchange as code or as a file.",
        None,
        {"as": _one_of(*FORMATS), "leg": _one_of(*LEGS), "sdk": _one_of(*SDKS)},
    ),
    Operation(
        "/api/export",
        "GET",
        "Several exchanges in one file.",
        None,
        {"as": _one_of("har", "html"), "id": _list(TEXT)},
    ),
    Operation(
        f"{_ONE}/replay",
        "POST",
        "Put the recorded bytes through today's code; calls nobody.",
        _object(differences=_list(_DIFFERENCE), skipped=_list(TEXT), now=_ref("Exchange")),
    ),
    Operation(
        f"{_ONE}/resend",
        "POST",
        "Ask again, as the key that first asked; body takes the place of the recorded one.",
        _ASKED,
        body=_object(("body",), body=ANYTHING),
    ),
    Operation(
        f"{_ONE}/compare",
        "POST",
        "Ask other models the same.",
        _ASKED,
        body=_object(models={**_list(TEXT), "minItems": 1, "maxItems": MOST_MODELS}),
    ),
    Operation(
        f"{_ONE}/pin", "POST", "Keep an exchange, or no longer.", _object(pinned=FLAG), body=_object(pinned=FLAG)
    ),
    Operation(
        "/api/live",
        "GET",
        "Server-sent events: exchange, events (of the first 16 that are followed), gone, resync.",
        None,
        {"follow": _list(TEXT)},
    ),
    Operation(
        "/api/convert",
        "POST",
        "Convert a request, and an answer to it; calls nobody.",
        _object(
            ("answer", "provenance"),
            path=TEXT,
            headers={"type": "object"},
            body={"type": "object"},
            notes=_list(_ref("Note")),
            calls=COUNT,
            provenance=ANYTHING,
            answer={"type": "object"},
        ),
        body=_object(
            ("from", "model", "answer"),
            from_=_one_of(*CLIENTS),
            to=_one_of(*DIALECTS),
            model=TEXT,
            body=ANYTHING,
            answer=ANYTHING,
        ),
    ),
    Operation("/api/models", "GET", "The names that can be compared.", _object(models=_list(TEXT))),
    Operation(
        "/api/status",
        "GET",
        "The version, where the gateway answers, and what is kept.",
        _object(
            version=TEXT,
            api=TEXT,
            gateway=_maybe(TEXT),
            memory=_object(used=COUNT, limit=COUNT),
            spool=ANYTHING,
            bodies=TEXT,
            exchanges=COUNT,
        ),
    ),
    Operation("/api/openapi.json", "GET", "This description.", {"type": "object"}),
)


def document(version: str) -> dict[str, Any]:
    """Return the whole description, OpenAPI 3.1."""
    paths: dict[str, dict[str, Any]] = {}
    for operation in OPERATIONS:
        paths.setdefault(operation.path, {})[operation.method.lower()] = _described(operation)
    return {
        "openapi": "3.1.0",
        "info": {"title": "The gateway's inspector", "version": API_VERSION, "x-gateway-version": version},
        "paths": paths,
        "security": [{"token": []}],
        "components": {
            "schemas": SCHEMAS,
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        },
    }


def _described(operation: Operation) -> dict[str, Any]:
    name = operation.path.removeprefix("/api/").replace("/", "-").replace("-{id}", "").replace(".json", "")
    parameters: list[dict[str, Any]] = [
        {"name": name, "in": "query", "schema": schema} for name, schema in operation.query.items()
    ]
    if "{id}" in operation.path:
        parameters.insert(0, {"name": "id", "in": "path", "required": True, "schema": TEXT})
    good: dict[str, Any] = {"description": operation.summary}
    if operation.answer is not None:
        good["content"] = {"application/json": {"schema": operation.answer}}
    wrong = {"description": "What is wrong.", "content": {"application/json": {"schema": _ref("Error")}}}
    made: dict[str, Any] = {
        "operationId": f"{operation.method.lower()}-{name}" + ("-one" if operation.path == _ONE else ""),
        "summary": operation.summary,
        "parameters": parameters,
        "responses": {"200": good, "default": wrong},
    }
    if operation.body is not None:
        made["requestBody"] = {"content": {"application/json": {"schema": operation.body}}}
    return made
