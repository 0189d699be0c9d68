"""JSON as the answer: enforced, described, or refused."""

from typing import Any

import pytest
from anthropic_options import MAPS, PERSON, A, E, extra, fates, render

from translators.conversation import OutputFormat
from translators.errors import BadRequest

JSON_ONLY = "Answer with a single JSON object and nothing else: no explanation, no code fence."


def schema(given: dict[str, Any], strict: bool | None = True, description: str | None = None) -> dict[str, Any]:
    return {"max_tokens": 9, "response_format": OutputFormat("schema", given, "person", description, strict)}


def test_trap_32_a_schema_is_enforced_where_it_can_be() -> None:
    rendered = render(A, schema(PERSON, description="A person."))
    enforced = PERSON | {"description": "A person."}
    assert extra(rendered) == {"output_config": {"format": {"type": "json_schema", "schema": enforced}}}
    assert rendered.notes == ()


def test_effort_and_format_go_together() -> None:
    rendered = render(E, schema(PERSON) | {"reasoning_effort": "max"})
    assert rendered.body["output_config"] == {"effort": "max", "format": {"type": "json_schema", "schema": PERSON}}


@pytest.mark.parametrize(
    ("model", "options", "instruction"),
    [
        pytest.param(A, {"max_tokens": 9, "response_format": OutputFormat("json")}, "", id="json_object"),
        pytest.param(
            "claude-sonnet-4",
            schema(PERSON) | {"reasoning_effort": "high"},
            '{"type": "object", "properties": {"name"',
            id="schema, a model that thinks",
        ),
        pytest.param(A, schema(MAPS, strict=False), '{"type": "object", "properties": {"m"', id="map, not strict"),
        pytest.param(A, schema(MAPS, strict=None), '{"type": "object", "properties": {"m"', id="map, strict unsaid"),
    ],
)
def test_trap_32_what_cannot_be_enforced_is_said(model: str, options: dict[str, Any], instruction: str) -> None:
    rendered = render(model, options)
    text = rendered.body["system"][-1]["text"]
    assert text.startswith(JSON_ONLY)
    assert instruction in text
    assert "output_config" not in rendered.body
    assert ("response_format", "approximated") in fates(rendered)


def test_trap_16_a_map_is_refused_with_advice() -> None:
    with pytest.raises(BadRequest, match=r"\.properties\.m.*array of objects") as caught:
        render(A, schema(MAPS))
    assert caught.value.failure.param == "at.response_format"
