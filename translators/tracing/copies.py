"""Finds values of a body in what was made of it, by the identity of objects: what went through untouched is the same
object still."""

from collections.abc import Iterator
from typing import Any

from translators.tracing.places import Place, leaves

_CACHED = range(-1024, 1 << 16)
"""Whole numbers that an interpreter may keep as one object each."""


class Unshared:
    """A copy of a JSON value in which no two places share an object: `value` is the copy."""

    def __init__(self, value: Any) -> None:
        self._places: dict[int, Place] = {}
        self._alive: list[Any] = []
        self.value = self._copy(value, ())

    def found(self, made: Any) -> Iterator[tuple[Place, Place]]:
        """Yield where a value of the copy is in `made`, as `(place in the copy, place in made)`."""
        yield from self._found(made, ())

    def _copy(self, value: Any, place: Place) -> Any:
        copy = value
        if isinstance(value, dict):
            copy = {name: self._copy(inner, (*place, name)) for name, inner in value.items()}
        elif isinstance(value, list):
            copy = [self._copy(inner, (*place, index)) for index, inner in enumerate(value)]
        elif isinstance(value, str) and len(value) > 1:
            copy = (value + " ")[:-1]
        elif isinstance(value, float) or (type(value) is int and value not in _CACHED):
            copy = type(value)(repr(value))
        if copy is not value:
            self._places[id(copy)] = place
            self._alive.append(copy)
        return copy

    def _found(self, made: Any, place: Place) -> Iterator[tuple[Place, Place]]:
        origin = self._places.get(id(made))
        if origin is not None:
            yield origin, place
            if isinstance(made, dict | list):
                for inner, _ in leaves(made):
                    if inner:
                        yield (*origin, *inner), (*place, *inner)
        elif isinstance(made, dict):
            for name, inside in made.items():
                yield from self._found(inside, (*place, name))
        elif isinstance(made, list | tuple):
            for index, inside in enumerate(made):
                yield from self._found(inside, (*place, index))
