"""The subset of JSON Schema that Anthropic enforces, as its SDK's `lib/_parse/_transform.py` writes it.

What is outside of it moves into `description`, where the model may still heed it. Maps cannot be said at all: they
would close to empty objects without a word, so they are refused.
"""

from collections.abc import Mapping
from typing import Any

_FORMATS = frozenset(
    {"date-time", "time", "date", "duration", "email", "hostname", "uri", "ipv4", "ipv6", "uuid"},
)
_TYPES = frozenset({"object", "array", "string", "integer", "number", "boolean", "null"})
_SHAPES = {
    **dict.fromkeys(("properties", "$defs", "definitions"), Mapping),
    **dict.fromkeys(("format", "$ref", "description", "title"), str),
    "required": list,
}
"""What the keywords must be whose values are read here."""


class OutsideSubset(Exception):
    """Something that the subset cannot say; `path` is inside the schema, the text says what to do instead."""

    def __init__(self, path: str, message: str) -> None:
        super().__init__(message)
        self.path = path
        self.message = message


class Subset:
    """Rewrites one schema; `moved` has the paths of what went into descriptions or was narrowed."""

    def __init__(self) -> None:
        self.moved: list[str] = []

    def of(self, schema: Any, path: str = "") -> dict[str, Any]:
        """A new schema within the subset. Raises `OutsideSubset`."""
        if not isinstance(schema, Mapping):
            raise OutsideSubset(path, "A schema here must be an object with a type.")
        left = {key: value for key, value in schema.items() if value is not None or key in ("const", "default")}
        for key, shape in _SHAPES.items():
            if key in left and not isinstance(left[key], shape):
                raise OutsideSubset(path, f"The keyword {key} has a value of a wrong type.")
        new: dict[str, Any] = {}
        definitions = {**(left.pop("definitions", None) or {}), **(left.pop("$defs", None) or {})}
        if definitions:
            new["$defs"] = {name: self.of(inner, f"{path}.$defs.{name}") for name, inner in definitions.items()}
        if (ref := left.pop("$ref", None)) is not None:
            where = {"$ref": str(ref).replace("#/definitions/", "#/$defs/", 1)}
            if not left:
                return {**new, **where}
            if left.keys() & {"anyOf", "oneOf", "allOf"}:
                raise OutsideSubset(path, "A $ref beside alternatives cannot be enforced: put it into them.")
            left |= {"anyOf": [where]}  # a reference stands alone: what was said beside it goes around it
        kind = self._kind(left, new, path)
        for name in ("description", "title"):
            if (text := left.pop(name, None)) is not None:
                new[name] = text
        if kind == "object":
            self._object(left, new, path)
        elif kind == "array":
            self._array(left, new, path)
        elif kind == "string" and left.get("format") in _FORMATS:
            new["format"] = left.pop("format")
        if left:
            self.moved.append(path)
            rest = "{" + ", ".join(f"{key}: {value}" for key, value in left.items()) + "}"
            new["description"] = f"{new['description']}\n\n{rest}" if "description" in new else rest
        return new

    def _kind(self, left: dict[str, Any], new: dict[str, Any], path: str) -> str | None:
        """Take what says which values are meant: literals, alternatives, or a type."""
        kind = left.pop("type", None)
        if isinstance(kind, list) and len(kind) == 1:
            kind = kind[0]
        if isinstance(left.get("enum"), list) and left["enum"] and all(map(_primitive, left["enum"])):
            new["enum"] = list(left.pop("enum"))
        if "const" in left and _primitive(left["const"]):
            new["const"] = left.pop("const")
        literal = "enum" in new or "const" in new
        for said, kept in (("anyOf", "anyOf"), ("oneOf", "anyOf"), ("allOf", "allOf")):
            if isinstance(left.get(said), list):
                new[kept] = [self.of(inner, f"{path}.{said}[{at}]") for at, inner in enumerate(left.pop(said))]
                return None if literal else self._beside(kind, left)
        if literal:
            return None
        if isinstance(kind, list):
            self._union(kind, left, new, path)
            return None
        if kind is None:
            kind = "object" if "properties" in left else "array" if "items" in left else None
        if not isinstance(kind, str) or kind not in _TYPES:
            raise OutsideSubset(path, "Say which type this has: a schema without one cannot be enforced.")
        new["type"] = kind
        return kind

    def _beside(self, kind: Any, left: dict[str, Any]) -> str | None:
        """A type beside alternatives: its properties, if it has any, are kept with it."""
        return "object" if kind == "object" and "properties" in left else None

    def _union(self, kinds: list[Any], left: dict[str, Any], new: dict[str, Any], path: str) -> None:
        """`type: [string, null]` as alternatives, each with the keywords that it was written with."""
        shared = {key: left.pop(key) for key in list(left) if key not in ("description", "title")}
        new["anyOf"] = [self.of({"type": kind} if kind == "null" else {"type": kind, **shared}, path) for kind in kinds]

    def _object(self, left: dict[str, Any], new: dict[str, Any], path: str) -> None:
        listed = isinstance(left.get("properties"), Mapping)
        properties = left.pop("properties", None) or {}
        extra = left.pop("additionalProperties", None)
        open_ended = extra is True or extra == {}
        maps = "patternProperties" in left or not (open_ended or extra in (None, False))
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
        if (required := left.pop("required", None)) is not None:
            new["required"] = list(required)

    def _array(self, left: dict[str, Any], new: dict[str, Any], path: str) -> None:
        if (items := left.pop("items", None)) is not None:
            new["items"] = self.of(items, f"{path}.items")
        if left.get("minItems") in (0, 1):
            new["minItems"] = left.pop("minItems")


def _primitive(value: Any) -> bool:
    return value is None or isinstance(value, str | int | float)
