"""The subset of JSON Schema, beside what Anthropic's own SDK makes of the same schemas."""

import copy
from typing import Any

import pytest
from anthropic.lib._parse._transform import transform_schema

from translators.providers.claude.schemas import OutsideSubset, Subset

STRING = {"type": "string"}


def closed(**properties: Any) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "additionalProperties": False}


AS_THE_SDK = [
    pytest.param(STRING, id="string"),
    pytest.param({"type": "integer", "minimum": 1, "maximum": 10, "description": "A number"}, id="bounds"),
    pytest.param({"type": "string", "format": "date-time", "title": "T"}, id="format that is known"),
    pytest.param({"type": "string", "format": "isbn"}, id="format that is not"),
    pytest.param({"type": "string", "enum": ["a", "b"], "default": "a"}, id="enum and default"),
    pytest.param({"const": 3}, id="const"),
    pytest.param({"type": "array", "items": STRING, "minItems": 1}, id="at least one item"),
    pytest.param({"type": "array", "items": STRING, "minItems": 2}, id="at least two items"),
    pytest.param(closed(a=STRING, b={"type": "number", "multipleOf": 2}), id="object"),
    pytest.param({**closed(a=STRING), "required": ["a"]}, id="required"),
    pytest.param({"anyOf": [STRING, {"type": "null"}]}, id="anyOf"),
    pytest.param({"oneOf": [STRING, {"type": "null"}], "description": "x"}, id="oneOf"),
    pytest.param({"allOf": [closed(a=STRING)]}, id="allOf"),
    pytest.param({"$ref": "#/$defs/N", "$defs": {"N": closed(next={"$ref": "#/$defs/N"})}}, id="recursion"),
    pytest.param(closed(default=STRING, enum=STRING, minimum=STRING), id="properties named like keywords"),
]


@pytest.mark.parametrize("schema", AS_THE_SDK)
def test_the_same_as_the_sdk(schema: dict[str, Any]) -> None:
    before = copy.deepcopy(schema)
    assert Subset().of(schema) == transform_schema(copy.deepcopy(schema))
    assert schema == before


@pytest.mark.parametrize(
    ("schema", "expected", "moved"),
    [
        pytest.param(
            {"type": ["string", "null"], "minLength": 2},
            {"anyOf": [{"type": "string", "description": "{minLength: 2}"}, {"type": "null"}]},
            1,
            id="several types",
        ),
        pytest.param({"type": ["string"]}, STRING, 0, id="one type in a list"),
        pytest.param({"properties": {"a": STRING}}, closed(a=STRING), 0, id="an object without saying so"),
        pytest.param({"items": STRING}, {"type": "array", "items": STRING}, 0, id="an array without saying so"),
        pytest.param(
            {**closed(a=STRING), "additionalProperties": True}, closed(a=STRING), 1, id="open, with properties"
        ),
        pytest.param(closed(), closed(), 0, id="empty on purpose"),
        pytest.param(
            {"$ref": "#/definitions/N", "definitions": {"N": STRING}},
            {"$ref": "#/$defs/N", "$defs": {"N": STRING}},
            0,
            id="definitions under their old name",
        ),
        pytest.param(
            {"$ref": "#/$defs/N", "description": "d", "$defs": {"N": STRING}},
            {"$defs": {"N": STRING}, "anyOf": [{"$ref": "#/$defs/N"}], "description": "d"},
            0,
            id="a description beside a reference",
        ),
        pytest.param({"type": "string", "format": None, "enum": None}, STRING, 0, id="null keywords"),
        pytest.param(
            {"type": "object", "anyOf": [closed(a=STRING)]}, {"anyOf": [closed(a=STRING)]}, 0, id="type beside anyOf"
        ),
    ],
)
def test_what_the_sdk_cannot_or_says_wrongly(schema: dict[str, Any], expected: dict[str, Any], moved: int) -> None:
    subset = Subset()
    assert subset.of(schema) == expected
    assert len(subset.moved) == moved


@pytest.mark.parametrize(
    ("schema", "path"),
    [
        pytest.param(closed(m={"type": "object", "additionalProperties": STRING}), ".properties.m", id="map"),
        pytest.param({"type": "object"}, "", id="any object"),
        pytest.param({"type": "object", "additionalProperties": True, "properties": {}}, "", id="open and empty"),
        pytest.param({"type": "object", "patternProperties": {"x": STRING}}, "", id="patterns"),
        pytest.param({"type": "array", "items": {}}, ".items", id="anything"),
        pytest.param({"type": "array", "items": True}, ".items", id="true"),
        pytest.param({"type": "date"}, "", id="no such type"),
        pytest.param({"anyOf": [STRING, {"type": "object"}]}, ".anyOf[1]", id="in an alternative"),
        pytest.param({"$ref": "#/$defs/N", "$defs": {"N": {}}}, ".$defs.N", id="in a definition"),
        pytest.param({"$ref": "#/$defs/N", "anyOf": [STRING], "$defs": {"N": STRING}}, "", id="$ref beside anyOf"),
        pytest.param({"type": "object", "properties": []}, "", id="properties that are none"),
        pytest.param({"type": "string", "description": 5}, "", id="description that is none"),
    ],
)
def test_outside_the_subset(schema: dict[str, Any], path: str) -> None:
    with pytest.raises(OutsideSubset) as caught:
        Subset().of(schema)
    assert caught.value.path == path
