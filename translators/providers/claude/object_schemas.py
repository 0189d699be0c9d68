"""A tool's parameters as a plain object: without alternatives or a reference at the root, which some providers refuse.

Only the root is rewritten. `allOf` becomes what it says; of `anyOf` and `oneOf` the object has the properties of all
alternatives and requires what all of them require, and its description tells the rest.
"""

import json
from collections.abc import Mapping
from typing import Any

from translators.providers.shared.wire_names import ToolNames

Schema = dict[str, Any]

_ALTERNATIVES = ("anyOf", "oneOf")
_ELSEWHERE = frozenset(("$ref", "allOf", *_ALTERNATIVES))
_DEEPEST = 32
_MOST_PROPERTIES = 20_000
"""The most that are merged, over all references: a small schema may point to one place again and again."""


class NoObject(Exception):
    """The schema's root is of another type than object."""


def plain_object(schema: Mapping[str, Any]) -> tuple[Schema, bool]:
    """Return `schema` as `{"type": "object", "properties": {...}, ...}`, and whether it says less than it did.

    Raises `NoObject`."""
    if schema.get("type") == "object" and _ELSEWHERE.isdisjoint(schema):
        return dict(schema), False
    root = _Root(schema)
    plain = root.plain(schema)
    if plain is None:
        raise NoObject
    alternatives = {key: schema[key] for key in schema if key in _ELSEWHERE}
    if root.loosened and alternatives:
        rule = f"The arguments must fit this JSON Schema: {json.dumps(alternatives, ensure_ascii=False, default=dict)}"
        description = plain.get("description")
        plain["description"] = f"{description}\n\n{rule}" if isinstance(description, str) and description else rule
    return plain, root.loosened


class _Root:
    """Merges what stands at one root; `loosened` once a plain object cannot say all of it."""

    def __init__(self, schema: Mapping[str, Any]) -> None:
        self._schema = schema
        self._resolved: dict[str, Schema | None] = {}
        self._room = _MOST_PROPERTIES
        self.loosened = False

    def plain(self, schema: Any, depth: int = 0) -> Schema | None:
        """Return the object that `schema` describes; None where it describes none. The root's own type is one."""
        if not isinstance(schema, Mapping) or not self._is_object(schema.get("type"), depth):
            return None
        if depth > _DEEPEST or self._room < 0:
            self.loosened = True
            return {}
        parts = [{key: value for key, value in schema.items() if key not in _ELSEWHERE}]
        if isinstance(reference := schema.get("$ref"), str):
            parts += self._known([self._target(reference, depth)])
        parts += self._known([self.plain(each, depth + 1) for each in _schemas(schema, "allOf")])
        for union in _ALTERNATIVES:
            if alternatives := _schemas(schema, union):
                parts += self._known([self._either([self.plain(each, depth + 1) for each in alternatives])])
        self._room -= sum(len(_properties(part)) for part in parts)
        return {**_all(parts), "type": "object"}

    def _is_object(self, kind: Any, depth: int) -> bool:
        if depth and isinstance(kind, list) and "object" in kind:
            self.loosened = self.loosened or len(kind) > 1
            return True
        return kind in (None, "object")

    def _target(self, reference: str, depth: int) -> Schema | None:
        """Return the object behind a reference into the same schema."""
        if reference not in self._resolved:
            self._resolved[reference] = {}  # which is what a reference to itself adds
            target: Any = self._schema if reference.startswith("#") else None
            for step in reference.split("/")[1:]:
                target = target.get(_unescaped(step)) if isinstance(target, Mapping) else None
            self._resolved[reference] = self.plain(target, depth + 1)
        return self._resolved[reference]

    def _known(self, parts: list[Schema | None]) -> list[Schema]:
        known = [part for part in parts if part is not None]
        self.loosened = self.loosened or len(known) < len(parts)
        return known

    def _either(self, alternatives: list[Schema | None]) -> Schema | None:
        objects = self._known(alternatives)
        if len(objects) < 2:
            return objects[0] if objects else None
        self.loosened = True
        required = [set(_required(each)) for each in objects]
        shared = [name for name in _required(objects[0]) if all(name in each for each in required)]
        closed = all(each.get("additionalProperties") is False for each in objects)
        merged: Schema = {"properties": _collected(objects, "properties", "anyOf"), "required": shared}
        return {**merged, "additionalProperties": False} if closed else merged


def _all(parts: list[Schema]) -> Schema:
    """Return the object that fits all of `parts`. Titles and descriptions are those of the first
    one that has them."""
    merged = {key: value for part in reversed(parts) for key, value in part.items()}
    if len(parts) == 1:
        return merged
    for holder in ("properties", "$defs", "definitions"):
        if holder in merged:
            merged[holder] = _collected(parts, holder, "allOf")
    required = dict.fromkeys(name for part in parts for name in _required(part))
    if required:
        merged["required"] = list(required)
    else:
        merged.pop("required", None)
    if any(_properties(part) for part in parts if "additionalProperties" not in part):
        merged.pop("additionalProperties", None)  # it would forbid these
    return merged


def _collected(parts: list[Schema], holder: str, union: str) -> Schema:
    """Return the schemas under `holder` by name; those that differ as one `union`."""
    by_name: dict[str, dict[str, Any]] = {}
    for part in parts:
        for name, schema in _properties(part, holder).items():
            by_name.setdefault(name, {}).setdefault(json.dumps(schema, sort_keys=True, default=dict), schema)
    collected: Schema = {}
    for name, distinct in by_name.items():
        schemas = [*distinct.values()]
        collected[name] = schemas[0] if len(schemas) == 1 else {union: schemas}
    return collected


def _properties(schema: Mapping[str, Any], holder: str = "properties") -> Mapping[str, Any]:
    value = schema.get(holder)
    return value if isinstance(value, Mapping) else {}


def _required(schema: Mapping[str, Any]) -> list[str]:
    value = schema.get("required")
    return [name for name in value if isinstance(name, str)] if isinstance(value, list) else []


def _schemas(schema: Mapping[str, Any], union: str) -> list[Any]:
    value = schema.get(union)
    return value if isinstance(value, list) else []


def _unescaped(step: str) -> str:
    """Return a step of a JSON pointer as the key that it stands for."""
    return step.replace("~1", "/").replace("~0", "~")


# --- keys -------------------------------------------------------------------------------------------


_BY_KEY = ("#/properties/", "#/dependentSchemas/", "#/dependencies/")
"""Beginnings of references whose next step is one of the root's keys."""


class KeyNames:
    """The keys of one tool's arguments and the wire's for them, where the provider takes only some characters."""

    def __init__(self, schema: Mapping[str, Any], pattern: str, longest: int) -> None:
        names = ToolNames(_properties(schema), pattern, longest)
        self.restored = names.restored()
        self._wire = {key: wire for wire, key in self.restored.items()}

    def schema(self, schema: Schema) -> Schema:
        """Return `schema` with the wire's keys wherever it speaks of its root's properties, and references into it that
        still point there."""
        if not self._wire:
            return schema
        return {key: self._pointed(value) for key, value in self._respelled(schema).items()}

    def arguments(self, given: Mapping[str, Any]) -> Schema:
        """Return an object under the wire's keys."""
        return {self._wire.get(key, key): value for key, value in given.items()}

    def _respelled(self, schema: Mapping[str, Any]) -> Schema:
        """Return a schema of all the arguments together: the root, or one that the root applies to the same object."""
        return {keyword: self._of_keyword(keyword, value) for keyword, value in schema.items()}

    def _of_keyword(self, keyword: str, value: Any) -> Any:
        match keyword, value:
            case "properties", Mapping():
                return self.arguments(value)
            case "required", [*keys]:
                return self._spelt(keys)
            case "dependentRequired" | "dependentSchemas" | "dependencies", Mapping():
                return {key: self._of_dependency(each) for key, each in self.arguments(value).items()}
            case "propertyNames", {"enum": [*keys], **rest}:
                return {**rest, "enum": self._spelt(keys)}
            case "if" | "then" | "else" | "not", Mapping():
                return self._respelled(value)
            case "allOf" | "anyOf" | "oneOf", [*schemas]:
                return [self._respelled(each) if isinstance(each, Mapping) else each for each in schemas]
        return value

    def _of_dependency(self, value: Any) -> Any:
        if isinstance(value, list):
            return self._spelt(value)
        return self._respelled(value) if isinstance(value, Mapping) else value

    def _spelt(self, keys: list[Any]) -> list[Any]:
        return [self._wire.get(key, key) if isinstance(key, str) else key for key in keys]

    def _pointed(self, node: Any) -> Any:
        if isinstance(node, Mapping):
            return {key: self._moved(value) if key == "$ref" else self._pointed(value) for key, value in node.items()}
        return [self._pointed(each) for each in node] if isinstance(node, list) else node

    def _moved(self, reference: Any) -> Any:
        if not isinstance(reference, str) or not reference.startswith(_BY_KEY):
            return self._pointed(reference)
        _, holder, first, *rest = reference.split("/")
        return "/".join(("#", holder, self._wire.get(_unescaped(first), first), *rest))
