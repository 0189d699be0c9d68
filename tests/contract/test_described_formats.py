"""What a client says of the format of its answer reaches the model, or there is a note."""

import json
from typing import Any

import pytest

from tests.contract.test_requests import KINDS
from translators.dialects import Model
from translators.registry import CLIENTS, PROVIDERS

SAID, OWN = "Put the total in a.", "A total."
PLAIN = {"type": "object", "properties": {"a": {"type": "integer"}}, "required": ["a"], "additionalProperties": False}
SCHEMAS: dict[str, dict[str, Any]] = {
    "without words": PLAIN,
    "described itself": {**PLAIN, "description": OWN},
    "described the same": {**PLAIN, "description": SAID},
    "of a definition": {"$defs": {"T": PLAIN}, "$ref": "#/$defs/T"},
}


def body(client: str, schema: dict[str, Any]) -> dict[str, Any]:
    described = {"name": "r", "description": SAID, "schema": schema}
    if client == "responses":
        return {"model": "m", "input": "hi", "text": {"format": {"type": "json_schema", **described}}}
    shape = {"type": "json_schema", "json_schema": described}
    return {"model": "m", "messages": [{"role": "user", "content": "hi"}], "response_format": shape}


@pytest.mark.parametrize(("provider", "model"), KINDS)
@pytest.mark.parametrize("client", ["chat", "responses"])
def test_no_word_is_lost(provider: str, model: str, client: str) -> None:
    for name, schema in SCHEMAS.items():
        rendered = PROVIDERS[provider].render(CLIENTS[client].parse(body(client, schema)).conversation, Model(model))
        sent = json.dumps(rendered.body)
        noted = any(note.fate == "dropped" and "description" in note.detail for note in rendered.notes)
        assert SAID in sent or noted, name
        assert OWN in sent or schema.get("description") != OWN, name


@pytest.mark.parametrize(("provider", "model"), KINDS)
def test_the_same_words_are_said_once(provider: str, model: str) -> None:
    conversation = CLIENTS["chat"].parse(body("chat", SCHEMAS["described the same"])).conversation
    sent = json.dumps(PROVIDERS[provider].render(conversation, Model(model)).body)
    assert f"{SAID}\\n{SAID}" not in sent
