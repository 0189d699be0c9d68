"""A tool's parameters as a plain object, and its keys as the wire has them."""

import json
from typing import Any

import jsonschema
import pytest

from translators.providers.claude.object_schemas import KeyNames, NoObject, plain_object

A, B = {"type": "string"}, {"type": "integer"}
AB = {"a": A, "b": B}


PLAIN = [
    pytest.param({"type": "object", "properties": AB}, {"properties": AB}, False, id="plain already"),
    pytest.param({"properties": AB}, {"properties": AB}, False, id="without a type"),
    pytest.param(
        {"type": "object", "properties": AB, "anyOf": [{"required": ["a"]}, {"required": ["b"]}]},
        {"properties": AB},
        True,
        id="anyOf of what is required",
    ),
    pytest.param(
        {
            "oneOf": [
                {"type": "object", "properties": {"k": {"const": 1}, "a": A}, "required": ["k", "a"]},
                {"type": "object", "properties": {"k": {"const": 2}, "b": B}, "required": ["k"]},
            ]
        },
        {"properties": {"k": {"anyOf": [{"const": 1}, {"const": 2}]}, "a": A, "b": B}, "required": ["k"]},
        True,
        id="oneOf objects",
    ),
    pytest.param(
        {
            "type": "object",
            "properties": {"a": A},
            "required": ["a"],
            "allOf": [{"properties": {"b": B}, "required": ["b"]}, {"required": ["a"]}],
        },
        {"properties": AB, "required": ["a", "b"]},
        False,
        id="allOf is said exactly",
    ),
    pytest.param(
        {"allOf": [{"properties": {"a": A}}, {"properties": {"a": {"minLength": 1}}}]},
        {"properties": {"a": {"allOf": [A, {"minLength": 1}]}}},
        False,
        id="allOf of one property",
    ),
    pytest.param(
        {
            "allOf": [
                {"properties": {"a": A}, "additionalProperties": False},
                {"properties": {"b": B}},
            ]
        },
        {"properties": AB},
        False,
        id="a closed part does not forbid the other's properties",
    ),
    pytest.param(
        {"$ref": "#/$defs/T", "$defs": {"T": {"type": "object", "properties": {"a": A}}}},
        {"properties": {"a": A}, "$defs": {"T": {"type": "object", "properties": {"a": A}}}},
        False,
        id="a reference",
    ),
    pytest.param(
        {"anyOf": [{"$ref": "#/$defs/T"}, {"type": "null"}], "$defs": {"T": {"properties": {"a": A}}}},
        {"properties": {"a": A}, "$defs": {"T": {"properties": {"a": A}}}},
        True,
        id="an object or null",
    ),
    pytest.param({"$ref": "#/$defs/T", "$defs": {"T": {"$ref": "#"}}}, {}, False, id="a circle"),
    pytest.param({"$ref": "https://a.example/schema"}, {}, True, id="a reference to elsewhere"),
]


@pytest.mark.parametrize(("schema", "expected", "loosened"), PLAIN)
def test_the_root_becomes_a_plain_object(schema: dict[str, Any], expected: dict[str, Any], loosened: bool) -> None:
    plain, less = plain_object(schema)
    assert less is loosened
    assert not plain.keys() & {"anyOf", "oneOf", "allOf", "$ref"}
    assert plain.pop("type") == "object"
    description = plain.pop("description", "")
    assert description.startswith("The arguments must fit this JSON Schema: ") is loosened
    plain.pop("required") if plain.get("required") == [] else None
    assert {key: value for key, value in plain.items() if key != "$defs" or key in expected} == expected


@pytest.mark.parametrize("schema", [{"type": "array"}, {"type": ["object", "null"]}, {"type": "string"}])
def test_what_is_no_object(schema: dict[str, Any]) -> None:
    with pytest.raises(NoObject):
        plain_object(schema)


VALID = [{"a": "x"}, {"b": 1}, {"a": "x", "b": 2}]


@pytest.mark.parametrize("union", ["anyOf", "oneOf", "allOf"])
@pytest.mark.parametrize("arguments", VALID)
def test_what_fitted_still_fits(union: str, arguments: dict[str, Any]) -> None:
    parts = [{"properties": {"a": A}}, {"properties": {"b": B}, "required": []}]
    if union != "allOf":
        parts = [{"properties": {"a": A}, "required": ["a"]}, {"properties": {"b": B}, "required": ["b"]}]
    schema = {"type": "object", union: parts}
    plain, _ = plain_object(schema)
    if not list(jsonschema.Draft202012Validator(schema).iter_errors(arguments)):
        jsonschema.validate(arguments, plain)


def test_a_description_is_kept_before_the_alternatives() -> None:
    plain, _ = plain_object({"type": "object", "description": "Finds.", "anyOf": [{"required": ["a"]}, {}]})
    assert plain["description"].startswith("Finds.\n\n")
    assert '"required": ["a"]' in plain["description"]


def test_a_small_schema_cannot_grow_without_end() -> None:
    width = {f"p{number}": A for number in range(2000)}
    definitions: dict[str, Any] = {"d0": {"properties": width}}
    for number in range(1, 200):
        definitions[f"d{number}"] = {"allOf": [{"$ref": f"#/$defs/d{number - 1}"}] * 2, "title": str(number)}
    plain, loosened = plain_object({"$ref": "#/$defs/d199", "$defs": definitions})
    assert loosened
    assert len(plain.get("properties", {})) <= len(width)


KEYS = {"properties": {"$top": B, "filter[id]": {"$ref": "#/properties/$top"}, "ok": A}, "required": ["$top", "ok"]}


SPELT = {"$top": "A", "b c": "B"}
KEYWORDS = [
    pytest.param(
        {"dependentRequired": {"$top": ["b c", "ok"]}}, {"dependentRequired": {"A": ["B", "ok"]}}, id="required"
    ),
    pytest.param(
        {"dependentSchemas": {"ok": {"required": ["b c"], "properties": {"$top": {"required": ["b c"]}}}}},
        {"dependentSchemas": {"ok": {"required": ["B"], "properties": {"A": {"required": ["b c"]}}}}},
        id="schemas",
    ),
    pytest.param({"dependentSchemas": {"$top": False}}, {"dependentSchemas": {"A": False}}, id="a schema that is none"),
    pytest.param(
        {"dependencies": {"$top": ["b c"], "b c": {"required": ["$top"]}}},
        {"dependencies": {"A": ["B"], "B": {"required": ["A"]}}},
        id="both in the older way",
    ),
    pytest.param({"propertyNames": {"enum": ["$top", "ok"]}}, {"propertyNames": {"enum": ["A", "ok"]}}, id="names"),
    pytest.param({"propertyNames": {"maxLength": 9}}, {"propertyNames": {"maxLength": 9}}, id="names by another rule"),
    pytest.param(
        {"if": {"required": ["$top"]}, "then": {"required": ["b c"]}, "else": {"not": {"required": ["b c"]}}},
        {"if": {"required": ["A"]}, "then": {"required": ["B"]}, "else": {"not": {"required": ["B"]}}},
        id="on a condition",
    ),
    pytest.param(
        {"dependentSchemas": {"ok": {"anyOf": [{"required": ["$top"]}, True]}}},
        {"dependentSchemas": {"ok": {"anyOf": [{"required": ["A"]}, True]}}},
        id="alternatives inside",
    ),
    pytest.param(
        {"dependentSchemas": {"$top": {"$ref": "#/dependentSchemas/b c"}, "b c": {}}},
        {"dependentSchemas": {"A": {"$ref": "#/dependentSchemas/B"}, "B": {}}},
        id="a reference",
    ),
    pytest.param({"default": {"$top": 1}}, {"default": {"$top": 1}}, id="what only a person reads"),
]


@pytest.mark.parametrize(("keywords", "wanted"), KEYWORDS)
def test_keys_are_respelled_wherever_the_root_speaks_of_them(keywords: dict[str, Any], wanted: dict[str, Any]) -> None:
    names = KeyNames({"properties": dict.fromkeys(SPELT, A)}, r"[a-zA-Z0-9_.-]{1,64}", 64)
    wire = {client: spelling for spelling, client in names.restored.items()}
    written = json.dumps(names.schema({"properties": {}, **keywords}))
    for client, short in SPELT.items():
        written = written.replace(wire[client], short)
    assert json.loads(written) == {"properties": {}, **wanted}


def test_keys_are_respelled_at_the_root_and_put_back() -> None:
    names = KeyNames(KEYS, r"[a-zA-Z0-9_.-]{1,64}", 64)
    top, listed = names.arguments({"$top": 1, "filter[id]": 2, "ok": 3, "more": 4}), names.schema(KEYS)
    wire = {client: spelling for spelling, client in names.restored.items()}
    assert wire.keys() == {"$top", "filter[id]"}
    assert top == {wire["$top"]: 1, wire["filter[id]"]: 2, "ok": 3, "more": 4}
    assert listed == {
        "properties": {wire["$top"]: B, wire["filter[id]"]: {"$ref": f"#/properties/{wire['$top']}"}, "ok": A},
        "required": [wire["$top"], "ok"],
    }
    assert KeyNames(KEYS, r"[a-zA-Z0-9_.-]{1,64}", 64).restored == names.restored
