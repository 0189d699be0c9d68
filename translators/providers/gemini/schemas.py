"""The subset of JSON Schema that Gemini reads (`responseJsonSchema`, `parametersJsonSchema` in
https://ai.google.dev/api/generate-content), as a list of what is allowed: one unknown keyword fails a whole request.

What is outside of it moves into `description`, where the model may still heed it.
"""

from collections.abc import Mapping
from typing import Any

from translators.providers.shared.schemas import describe

_AS_THEY_ARE = frozenset(
    (
        "$id",
        "$anchor",
        "type",
        "format",
        "title",
        "minItems",
        "maxItems",
        "minimum",
        "maximum",
        "required",
        "propertyOrdering",
    )
)
_OLD_PLACE, _PLACE = "#/definitions/", "#/$defs/"


class Subset:
    """Rewrites one schema; `moved` counts the places where something went into a description or was left out."""

    def __init__(self) -> None:
        self.moved = 0

    def of(self, schema: Any) -> dict[str, Any]:
        """Return a new schema within the subset."""
        if not isinstance(schema, dict):
            self.moved += schema is not True  # `false`, and what is no schema at all
            return {}
        if isinstance(reference := schema.get("$ref"), str):
            return self._reference(schema, reference)
        new: dict[str, Any] = {}
        rest: dict[str, Any] = {}
        for key, value in schema.items():
            if key in _AS_THEY_ARE:
                new[key] = value
            elif not self._structure(key, value, new):
                rest[key] = value
        if rest:
            self._literals(rest, new)
            self._only_one_of_all(rest, new)
            if rest:
                self._move(rest, new)
        return self._or_null(new) if "enum" in new else new

    def _structure(self, key: str, value: Any, new: dict[str, Any]) -> bool:
        """Return whether `key` is a keyword that holds schemas, in a form that can be sent, and send it then."""
        match key:
            case "description" if isinstance(value, str):
                new[key] = value
            case "properties" if isinstance(value, dict):
                new[key] = {name: self.of(inner) for name, inner in value.items()}
            case "items" | "additionalProperties" if isinstance(value, dict):
                new[key] = self.of(value)
            case "additionalProperties" if isinstance(value, bool):
                new[key] = value
            case "prefixItems" | "anyOf" | "oneOf" if isinstance(value, list):
                new[key] = [self.of(inner) for inner in value]
            case "$defs" | "definitions" if isinstance(value, dict):
                new["$defs"] = new.get("$defs", {}) | {name: self.of(inner) for name, inner in value.items()}
            case "items" if value is True:
                pass
            case "$schema" | "$comment":
                pass
            case _:
                return False
        return True

    def _reference(self, schema: Mapping[str, Any], reference: str) -> dict[str, Any]:
        """Return a reference. Only keywords that begin with `$` may stand beside it: all others go around it."""
        rest = {key: value for key, value in schema.items() if key not in ("$ref", "$schema")}
        definitions = {key: rest.pop(key) for key in ("$defs", "definitions") if key in rest}
        outer = self.of(definitions) if definitions else {}
        target = {"$ref": reference.replace(_OLD_PLACE, _PLACE, 1)}
        if not rest:
            return {**outer, **target}
        if rest.keys() & {"anyOf", "oneOf", "allOf"}:
            self._move(rest, outer)
        else:
            outer |= self.of(rest)
        return {**outer, "anyOf": [target]}

    def _literals(self, rest: dict[str, Any], new: dict[str, Any]) -> None:
        """Take `enum` of strings and numbers; `const` as an `enum` of one. A null among them stays for `_or_null`."""
        if "enum" not in rest and "const" in rest and (rest["const"] is None or _literal(rest["const"])):
            new["enum"] = [rest.pop("const")]
        elif isinstance(literals := rest.get("enum"), list) and all(map(_literal_or_null, literals)):
            new["enum"] = list(literals)
            del rest["enum"]

    def _only_one_of_all(self, rest: dict[str, Any], new: dict[str, Any]) -> None:
        """Take `allOf` of one schema as that schema, as generators write a reference with a default beside it; unless
        both have a keyword in common."""
        match rest.get("allOf"):
            case [dict() as only] if "$ref" in only and "anyOf" not in new:
                del rest["allOf"]
                new["anyOf"] = [self.of(only)]
            case [dict() as only] if not only.keys() & new.keys() - {"title", "description"}:
                del rest["allOf"]
                new |= {**self.of(only), **new}

    def _or_null(self, new: dict[str, Any]) -> dict[str, Any]:
        """Return the schema with a null among its literals as an alternative of its own."""
        literals = new["enum"]
        if None not in literals:
            return new
        rest = [literal for literal in literals if literal is not None]
        outside: dict[str, Any] = {key: new.pop(key) for key in ("description", "title", "$defs") if key in new}
        if not rest:
            return {**outside, "type": "null"}
        kind = new.get("type")
        if isinstance(kind, list):
            kinds = [each for each in kind if each != "null"]
            new["type"] = kinds[0] if len(kinds) == 1 else kinds
        return {**outside, "anyOf": [{**new, "enum": rest}, {"type": "null"}]}

    def _move(self, rest: Mapping[str, Any], new: dict[str, Any]) -> None:
        self.moved += 1
        describe(rest, new)


def _literal(value: Any) -> bool:
    return isinstance(value, str | int | float) and not isinstance(value, bool)


def _literal_or_null(value: Any) -> bool:
    return value is None or _literal(value)
