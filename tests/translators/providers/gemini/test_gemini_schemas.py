"""The allowed subset of JSON Schema: nothing else is sent, and nothing is lost in silence."""

import copy
from typing import Any

import pytest

from translators.providers.gemini.schemas import Subset

TEXT = {"type": "string"}

SCHEMAS = [
    pytest.param({"type": "string", "format": "date"}, {"type": "string", "format": "date"}, 0, id="plain"),
    pytest.param({"$schema": "x", "$comment": "y", "type": "string"}, TEXT, 0, id="what constrains nothing"),
    pytest.param(
        {"type": "object", "properties": {"pattern": TEXT, "default": TEXT}, "required": ["pattern"]},
        {"type": "object", "properties": {"pattern": TEXT, "default": TEXT}, "required": ["pattern"]},
        0,
        id="properties that are called like keywords",
    ),
    pytest.param(
        {"type": "integer", "exclusiveMinimum": 1, "description": "Many."},
        {"type": "integer", "description": "Many.\n\n{exclusiveMinimum: 1}"},
        1,
        id="an unknown keyword goes into words",
    ),
    pytest.param(
        {"type": "array", "items": {"type": "string", "pattern": "x"}, "uniqueItems": True},
        {
            "type": "array",
            "items": {"type": "string", "description": "{pattern: x}"},
            "description": "{uniqueItems: True}",
        },
        2,
        id="everywhere",
    ),
    pytest.param(
        {"type": "object", "additionalProperties": {"type": "string", "minLength": 1}},
        {"type": "object", "additionalProperties": {"type": "string", "description": "{minLength: 1}"}},
        1,
        id="a map stays a map",
    ),
    pytest.param({"const": "a"}, {"enum": ["a"]}, 0, id="one literal"),
    pytest.param({"type": "string", "enum": ["a", 1]}, {"type": "string", "enum": ["a", 1]}, 0, id="literals"),
    pytest.param(
        {"type": ["string", "null"], "enum": ["a", None], "title": "T"},
        {"title": "T", "anyOf": [{"type": "string", "enum": ["a"]}, {"type": "null"}]},
        0,
        id="a null among them",
    ),
    pytest.param({"const": None, "description": "D"}, {"type": "null", "description": "D"}, 0, id="only a null"),
    pytest.param({"enum": [True]}, {"description": "{enum: [True]}"}, 1, id="literals that cannot be said"),
    pytest.param({"type": ["string", "null"]}, {"type": ["string", "null"]}, 0, id="two types"),
    pytest.param(
        {"oneOf": [TEXT, {"const": 1}], "anyOf": [TEXT]}, {"oneOf": [TEXT, {"enum": [1]}], "anyOf": [TEXT]}, 0, id="or"
    ),
    pytest.param({"not": TEXT}, {"description": "{not: {'type': 'string'}}"}, 1, id="not"),
    pytest.param({"items": True, "type": "array"}, {"type": "array"}, 0, id="any items"),
    pytest.param({"properties": {"a": True, "b": False}}, {"properties": {"a": {}, "b": {}}}, 1, id="any"),
    pytest.param(
        {"$ref": "#/definitions/A", "definitions": {"A": TEXT}},
        {"$defs": {"A": TEXT}, "$ref": "#/$defs/A"},
        0,
        id="the old place of definitions",
    ),
    pytest.param(
        {"$ref": "#/$defs/A", "description": "An A."},
        {"description": "An A.", "anyOf": [{"$ref": "#/$defs/A"}]},
        0,
        id="a reference stands alone",
    ),
    pytest.param(
        {"$ref": "#/$defs/A", "anyOf": [TEXT]},
        {"description": "{anyOf: [{'type': 'string'}]}", "anyOf": [{"$ref": "#/$defs/A"}]},
        1,
        id="a reference and alternatives",
    ),
    pytest.param(
        {"allOf": [{"$ref": "#/$defs/A"}], "description": "An A.", "default": 1},
        {"description": "An A.\n\n{default: 1}", "anyOf": [{"$ref": "#/$defs/A"}]},
        1,
        id="as pydantic writes a default",
    ),
    pytest.param(
        {"allOf": [{"properties": {"a": TEXT}}], "properties": {"b": TEXT}},
        {"properties": {"b": TEXT}, "description": "{allOf: [{'properties': {'a': {'type': 'string'}}}]}"},
        1,
        id="all of one, and more of the same kind",
    ),
    pytest.param({"allOf": [TEXT], "title": "T"}, {"type": "string", "title": "T"}, 0, id="all of one"),
    pytest.param(
        {"allOf": [TEXT, {"format": "date"}]},
        {"description": "{allOf: [{'type': 'string'}, {'format': 'date'}]}"},
        1,
        id="all of two",
    ),
    pytest.param({"properties": 5, "description": 7}, {"description": "{properties: 5, description: 7}"}, 1, id="odd"),
]


@pytest.mark.parametrize(("schema", "expected", "moved"), SCHEMAS)
def test_schemas(schema: dict[str, Any], expected: dict[str, Any], moved: int) -> None:
    before = copy.deepcopy(schema)
    subset = Subset()
    assert subset.of(schema) == expected
    assert subset.moved == moved
    assert schema == before
