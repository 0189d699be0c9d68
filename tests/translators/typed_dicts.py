"""Judges JSON by an SDK's `TypedDict`s, more strictly than Pydantic does: that checks `Iterable[...]` fields lazily,
that is never, and lets unknown keys pass."""

import functools
import typing
from collections.abc import Iterable, Mapping
from typing import Any, Literal, NotRequired, Required, Union, get_args, get_origin, get_type_hints

import typing_extensions

MARKS = (Required, NotRequired, typing_extensions.Required, typing.Annotated)


def faults(value: Any, kind: Any, path: str) -> Iterable[str]:
    """Say where `value` does not fit `kind`; `path` names the place where it stands."""
    origin, args = get_origin(kind), get_args(kind)
    if kind in (Any, object):
        return
    if origin in MARKS:
        yield from faults(value, args[0], path)
    elif typing_extensions.is_typeddict(kind):
        yield from _faults_of_record(value, kind, path)
    elif origin is Union or str(origin) == "<class 'types.UnionType'>":
        mistakes = [list(faults(value, option, path)) for option in args]
        if all(mistakes):
            yield f"{path} fits none of {len(args)}: {min(mistakes, key=len)}"
    elif origin in (Literal, typing_extensions.Literal):
        if value not in args:
            yield f"{path}: {value!r} is none of {args}"
    elif origin is dict or origin is Mapping:
        if not isinstance(value, dict):
            yield f"{path} is no object"
    elif origin is not None:
        yield from _faults_of_list(value, args[0], path)
    elif not _is_scalar(value, kind):
        yield f"{path} is no {getattr(kind, '__name__', kind)}"


def _faults_of_list(value: Any, kind: Any, path: str) -> Iterable[str]:
    """A list has one of many names there."""
    if not isinstance(value, list):
        yield f"{path} is no list"
        return
    for place, item in enumerate(value):
        yield from faults(item, kind, f"{path}[{place}]")


def _is_scalar(value: Any, kind: Any) -> bool:
    if kind in (type(None), None):
        return value is None
    if kind is float:
        return isinstance(value, int | float)
    return isinstance(value, kind) and not (kind is int and isinstance(value, bool))


@functools.cache
def _hints(kind: type) -> dict[str, Any]:
    return get_type_hints(kind, include_extras=True)


def _faults_of_record(value: Any, kind: Any, path: str) -> Iterable[str]:
    if not isinstance(value, dict):
        yield f"{path} is no object"
        return
    hints = _hints(kind)
    for name, hint in hints.items():  # __required_keys__ is empty where annotations are strings
        if get_origin(hint) in (Required, typing_extensions.Required) and name not in value:
            yield f"{path}.{name} is missing"
    for name, item in value.items():
        if name in hints:
            yield from faults(item, hints[name], f"{path}.{name}")
        elif not getattr(kind, "__pydantic_config__", None):
            yield f"{path}.{name} is not known"
