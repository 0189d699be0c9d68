"""Stored responses, and requests that go on from them (https://platform.openai.com/docs/guides/conversation-state).

Pure: stored responses come from a `Past`; `remembered` returns what to store.
"""

from collections.abc import Mapping
from typing import Any

from translators.clients.responses.encrypted_content import is_only_known_here
from translators.clients.responses.form import Form
from translators.dialects import Item, Past, Remembered
from translators.errors import BadRequest, Failure
from translators.notes import Note
from translators.values import immutable


class Nothing:
    """The past of a gateway that stores no responses."""

    keeps = False

    def history(self, id: str) -> tuple[Item, ...] | None:
        return None

    def item(self, id: str) -> Item | None:
        return None


NOTHING = Nothing()


@immutable
class Continued:
    """A body whose `input` has the whole history: `before` items of it are from earlier responses, and `own`, as they
    are to be stored, are the client's."""

    body: Any
    before: int = 0
    previous: str | None = None
    own: tuple[Item, ...] = ()


def continued(body: Any, past: Past) -> Continued:
    """Return the request with the items of earlier ones. `body` is not changed. A body that is no request is returned
    as it is, to be refused by `validate`."""
    if not isinstance(body, dict):
        return Continued(body)
    own = _own(body.get("input"), past)
    previous = body.get("previous_response_id")
    if own is None or not isinstance(previous, str) or not previous:
        whole = body if own is None or isinstance(body["input"], str) else {**body, "input": list(own)}
        return Continued(whole, own=own or ())
    history = past.history(previous)
    if history is None:
        raise _unknown(past)
    return Continued({**body, "input": [*history, *own]}, len(history), previous, own)


def referred(body: Any, past: Past) -> tuple[Any, list[Note]]:
    """Return `body` with the items that are stored here in the place of references to them, for a provider that cannot
    know them, and notes. References to anything else stay. Stored reasoning is left out: it is another provider's."""
    if not isinstance(body, dict) or (own := _own(body.get("input"), past)) is None:
        return body, []
    if not isinstance(body["input"], str):
        body = {**body, "input": list(own)}
    previous = body.get("previous_response_id")
    history = past.history(previous) if isinstance(previous, str) and previous else None
    if history is None:
        return body, []
    why = "That response is kept here and not by the provider: its items are sent."
    notes = [Note("previous_response_id", "moved", detail=why)]
    items = [item for item in history if not is_only_known_here(item)]
    if len(items) < len(history):
        notes.append(Note("previous_response_id", "dropped", detail="The reasoning before it is another model's."))
    rest = {name: value for name, value in body.items() if name != "previous_response_id"}
    return {**rest, "input": [*items, *own]}, notes


def remembered(form: Form, response: Mapping[str, Any]) -> Remembered | None:
    """Return the answer to store; None where the client did not want it, the gateway stores nothing, or it failed."""
    if form.input is None or response["status"] == "failed":
        return None
    return Remembered(response["id"], response, form.input, form.previous)


def missing(id: str) -> Failure:
    """Return the answer to GET and DELETE /v1/responses/{id} where there is none."""
    return Failure(
        404, f"Response with id '{id[:80]}' not found.", "invalid_request_error", "response_id", "response_not_found"
    )


def deleted(id: str) -> dict[str, Any]:
    """Return the answer to DELETE /v1/responses/{id}: `{"id", "object": "response", "deleted": true}`."""
    return {"id": id, "object": "response", "deleted": True}


def _own(given: Any, past: Past) -> tuple[Item, ...] | None:
    if isinstance(given, str):
        return ({"type": "message", "role": "user", "content": given},)
    if not isinstance(given, list):
        return None
    seen: set[str] = set()
    return tuple(_resolved(item, place, past, seen) for place, item in enumerate(given))


def _resolved(item: Any, place: int, past: Past, seen: set[str]) -> Any:
    """Return a reference's item, or any other item as it is. A reference to an item that is not stored stays,
    and is refused later. An item can be referred to once, so that a request cannot grow beyond what is stored. Raises
    `BadRequest`."""
    match item:
        case {"type": "item_reference", "id": str(id)}:
            pass
        case {"id": str(id), **rest} if not any(value is not None for value in rest.values()):
            pass
        case _:
            return item
    if id in seen:
        at = f"input[{place}].id"
        raise BadRequest(f"{at} refers to an item that is referred to before.", param=at, code="invalid_value")
    seen.add(id)
    return past.item(id) or item


def _unknown(past: Past) -> BadRequest:
    if past.keeps:
        message = "previous_response_id is no response that is kept here (any more), or goes on from one that is not."
        return BadRequest(message, param="previous_response_id", code="previous_response_not_found")
    message = "previous_response_id names a response, and none is kept here; send the earlier items in input."
    return BadRequest(message, param="previous_response_id", code="unsupported_parameter")
