"""The subset of JSON Schema that Anthropic enforces, as its SDK's `lib/_parse/_transform.py` writes it.

What is outside of it moves into `description`, where the model may still heed it. Maps have no form at all: they
would close to empty objects without a word, so they are refused.
"""

from collections.abc import Mapping
from typing import Any

from translators.providers.shared.schemas import describe

_FORMATS = frozenset(
    {"date-time", "time", "date", "duration", "email", "hostname", "uri", "ipv4", "ipv6", "uuid"},
)
_TYPES = frozenset({"object", "array", "string", "integer", "number", "boolean", "null"})
_SHAPES = {
    **dict.fromkeys(("properties", "$defs", "definitions"), Mapping),
    **dict.fromkeys(("format", "$ref", "description", "title"), str),
    "required": list,
}
"""The types that values of some keywords must have."""
_ALTERNATIVES = {"anyOf": "anyOf", "oneOf": "anyOf", "allOf": "allOf"}
"""The keywords of alternatives, and those under which they are enforced."""


class OutsideSubset(Exception):
    """The error of a schema that the subset cannot say; `path` is inside the schema, the text says what to do
    instead."""

    def __init__(self, path: str, message: str) -> None:
        super().__init__(message)
        self.path = path
        self.message = message


class Subset:
    """Rewrites one schema; `moved` has the paths of what went into descriptions or was narrowed."""

    def __init__(self) -> None:
        self.moved: list[str] = []

    def of(self, schema: Any, path: str = "") -> dict[str, Any]:
        """Return a new schema within the subset. Raises `OutsideSubset`."""
        rest = _keywords(schema, path)
        new = self._definitions(rest, path)
        reference = rest.pop("$ref", None)
        if reference is not None:
            target = {"$ref": str(reference).replace("#/definitions/", "#/$defs/", 1)}
            if not rest:
                return {**new, **target}
            if rest.keys() & _ALTERNATIVES.keys():
                raise OutsideSubset(path, "A $ref beside alternatives cannot be enforced: put it into them.")
            rest["anyOf"] = [target]  # a reference stands alone: the keywords beside it go around it
        kind = self._kind(rest, new, path)
        for name in ("description", "title"):
            if name in rest:
                new[name] = rest.pop(name)
        if kind == "object":
            self._object(rest, new, path)
        elif kind == "array":
            self._array(rest, new, path)
        elif kind == "string" and rest.get("format") in _FORMATS:
            new["format"] = rest.pop("format")
        if rest:
            self.moved.append(path)
            describe(rest, new)
        return new

    def _definitions(self, rest: dict[str, Any], path: str) -> dict[str, Any]:
        definitions = {**rest.pop("definitions", {}), **rest.pop("$defs", {})}
        if not definitions:
            return {}
        return {"$defs": {name: self.of(inner, f"{path}.$defs.{name}") for name, inner in definitions.items()}}

    def _kind(self, rest: dict[str, Any], new: dict[str, Any], path: str) -> str | None:
        """Take the keywords that say which values are meant: literals, alternatives, or a type; return that type."""
        kind = rest.pop("type", None)
        if isinstance(kind, list) and len(kind) == 1:
            kind = kind[0]
        if isinstance(rest.get("enum"), list) and rest["enum"] and all(map(_primitive, rest["enum"])):
            new["enum"] = list(rest.pop("enum"))
        if "const" in rest and _primitive(rest["const"]):
            new["const"] = rest.pop("const")
        literal = "enum" in new or "const" in new
        for keyword, enforced in _ALTERNATIVES.items():
            if isinstance(rest.get(keyword), list):
                alternatives = rest.pop(keyword)
                new[enforced] = [self.of(each, f"{path}.{keyword}[{at}]") for at, each in enumerate(alternatives)]
                return None if literal else self._beside(kind, rest)
        if literal:
            return None
        if isinstance(kind, list):
            self._union(kind, rest, new, path)
            return None
        if kind is None:
            kind = "object" if "properties" in rest else "array" if "items" in rest else None
        if not isinstance(kind, str) or kind not in _TYPES:
            raise OutsideSubset(path, "Say which type this has: a schema without one cannot be enforced.")
        new["type"] = kind
        return kind

    def _beside(self, kind: Any, rest: dict[str, Any]) -> str | None:
        """Return the type beside alternatives, if its properties stay with it."""
        return "object" if kind == "object" and "properties" in rest else None

    def _union(self, types: list[Any], rest: dict[str, Any], new: dict[str, Any], path: str) -> None:
        """Write `type: [string, null]` as alternatives, each with the keywords beside it."""
        shared = {key: rest.pop(key) for key in list(rest) if key not in ("description", "title")}
        new["anyOf"] = []
        for name in types:
            keywords = {} if name == "null" else shared
            new["anyOf"].append(self.of({"type": name, **keywords}, path))

    def _object(self, rest: dict[str, Any], new: dict[str, Any], path: str) -> None:
        listed = isinstance(rest.get("properties"), Mapping)
        properties = rest.pop("properties", None) or {}
        extra = rest.pop("additionalProperties", None)
        open_ended = extra is True or extra == {}
        maps = "patternProperties" in rest or not (open_ended or extra in (None, False))
        if maps or (open_ended and not properties) or not (listed or extra is False):
            raise OutsideSubset(
                path,
                "An object whose keys are not known beforehand cannot be enforced by this model: use an array of "
                "objects with a key and a value, list the properties, or set strict to false.",
            )
        if open_ended:
            self.moved.append(path)
        new["properties"] = {name: self.of(inner, f"{path}.properties.{name}") for name, inner in properties.items()}
        new["additionalProperties"] = False
        if (required := rest.pop("required", None)) is not None:
            new["required"] = list(required)

    def _array(self, rest: dict[str, Any], new: dict[str, Any], path: str) -> None:
        if (items := rest.pop("items", None)) is not None:
            new["items"] = self.of(items, f"{path}.items")
        if rest.get("minItems") in (0, 1):
            new["minItems"] = rest.pop("minItems")


def _keywords(schema: Any, path: str) -> dict[str, Any]:
    """Return a copy of a schema, without those keywords that are null. Raises `OutsideSubset` for one that is none."""
    if not isinstance(schema, Mapping):
        raise OutsideSubset(path, "A schema here must be an object with a type.")
    keywords = {key: value for key, value in schema.items() if value is not None or key in ("const", "default")}
    for key, shape in _SHAPES.items():
        if key in keywords and not isinstance(keywords[key], shape):
            raise OutsideSubset(path, f"The keyword {key} has a value of a wrong type.")
    return keywords


def _primitive(value: Any) -> bool:
    return value is None or isinstance(value, str | int | float)
