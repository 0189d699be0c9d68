"""botocore's own model of the service, as a judge of what is sent and of what the recordings pretend was received."""

import base64
import copy
import json
import re
from collections.abc import Mapping
from functools import cache
from typing import Any
from urllib.parse import unquote

import botocore.session
from botocore.model import ServiceModel, Shape
from botocore.parsers import create_parser
from botocore.serialize import create_serializer
from botocore.validate import ParamValidator

from translators.dialects import Rendered


@cache
def service() -> ServiceModel:
    return botocore.session.get_session().get_service_model("bedrock-runtime")


def _decoded(value: Any, shape: Shape) -> Any:
    """Our JSON as botocore takes it: blobs are bytes there. Fails on whatever the model does not know."""
    match shape.type_name:
        case "blob":
            return base64.b64decode(value, validate=True)
        case "structure" if not getattr(shape, "is_document_type", False):
            unknown = value.keys() - shape.members.keys()
            assert not unknown, f"{shape.name} has no {unknown}"
            return {name: _decoded(each, shape.members[name]) for name, each in value.items()}
        case "list":
            return [_decoded(each, shape.member) for each in value]
    return value


def _patterned(value: Any, shape: Shape, path: str = "") -> None:
    """What `ParamValidator` leaves out: patterns, enums, and the most that a text or a list may have."""

    rules = shape.metadata
    if shape.type_name == "structure" and not getattr(shape, "is_document_type", False):
        if getattr(shape, "is_tagged_union", False):
            assert len(value) == 1, f"{path} is a union of {value.keys()}"
        for name, each in value.items():
            _patterned(each, shape.members[name], f"{path}.{name}")
    elif shape.type_name == "list":
        assert len(value) <= rules.get("max", 1 << 30), path
        for at, each in enumerate(value):
            _patterned(each, shape.member, f"{path}[{at}]")
    elif shape.type_name == "map":
        assert len(value) <= rules.get("max", 1 << 30), path
        for key, each in value.items():
            _patterned(key, shape.key, path)
            _patterned(each, shape.value, f"{path}.{key}")
    elif shape.type_name == "string":
        assert len(value) <= rules.get("max", 1 << 30), path
        assert "pattern" not in rules or re.fullmatch(rules["pattern"], value), path
        assert not rules.get("enum") or value in rules["enum"], path
    elif shape.type_name in ("float", "integer"):
        assert value <= rules.get("max", 1 << 62), path


def check(rendered: Rendered) -> None:
    """The model accepts the request, and would send the same path and body."""
    _, _, model_id, last = rendered.path.split("/")
    operation = service().operation_model("ConverseStream" if last == "converse-stream" else "Converse")
    assert rendered.streams == (last == "converse-stream")
    shape = operation.input_shape
    request = _decoded({**copy.deepcopy(rendered.body), "modelId": unquote(model_id)}, shape)
    report = ParamValidator().validate(request, shape)
    assert not report.has_errors(), report.generate_report()
    _patterned(request, shape)
    sent = create_serializer("rest-json").serialize_to_request(request, operation)
    assert sent["url_path"] == rendered.path
    assert json.loads(sent["body"]) == rendered.body


def parsed_whole(body: Mapping[str, Any]) -> Any:
    """A whole answer as botocore reads it."""
    operation = service().operation_model("Converse")
    answer = {"body": json.dumps(body).encode(), "headers": {}, "status_code": 200}
    return create_parser("rest-json").parse(answer, operation.output_shape)


def known_to_the_model(event: dict[str, Any]) -> None:
    """Fails for an event, or a field of it, that the model does not know; padding aside."""
    ((name, payload),) = event.items()
    shape = service().operation_model("ConverseStream").output_shape.members["stream"].members[name]
    given = {key: value for key, value in payload.items() if key != "p"}
    validated = _decoded(given, shape)
    report = ParamValidator().validate(validated, shape)
    assert not report.has_errors(), report.generate_report()
    _patterned(validated, shape)
