"""Passes a request for a Response on as it came. Only the model's name changes, and what the configuration changes; and
reasoning of another provider's model, which came from this gateway, is left out, since nobody else knows it.

References to the provider's own store (`previous_response_id`, `conversation`, `item_reference`, `background`) are for
the provider to resolve.
"""

from typing import Any

from translators.clients.responses.encrypted_content import is_only_known_here, is_shown_only
from translators.dialects import Model, Passed, Recall, Rendered
from translators.errors import BadRequest
from translators.notes import Note
from translators.providers.openai_responses.quirks import quirky
from translators.providers.openai_responses.request import PATH


def render(body: Any, model: Model) -> Passed:
    """Return the provider's request. Raises `BadRequest` for what is no such request; the provider judges the
    rest."""
    if not isinstance(body, dict):
        raise BadRequest("The request body must be a JSON object.", code="invalid_type")
    name, stream = body.get("model"), body.get("stream")
    if name is None:
        raise BadRequest("model is required.", param="model", code="missing_required_parameter")
    if not isinstance(name, str):
        raise BadRequest("model must be a string.", param="model", code="invalid_type")
    if not name:
        raise BadRequest("model must not be empty.", param="model", code="invalid_value")
    if stream is not None and not isinstance(stream, bool):
        raise BadRequest("stream must be true or false.", param="stream", code="invalid_type")
    notes: list[Note] = []
    passed = {**body, "model": model.name}
    if model.overrides.get("streams") and not stream:
        passed["stream"] = True
        notes.append(Note("stream", "synthesised", False, True, "By configuration: this provider only streams."))
    items = passed.get("input")
    if isinstance(items, list):
        passed["input"] = _without_others(items, notes)
    passed = quirky(passed, model.overrides, {}, notes)
    streams = passed.get("stream") is True
    return Passed(Rendered(PATH, passed, {}, tuple(notes), Recall(model.name), streams), bool(stream), None)


def _without_others(items: list[Any], notes: list[Note]) -> list[Any]:
    """Return the items without those that only this gateway knows. Each goes as a whole: its id is as unknown there as
    its `encrypted_content`."""
    why = "It is another model's reasoning, which this provider cannot read."
    for place, item in enumerate(items):
        if is_only_known_here(item):
            loss = False if is_shown_only(item) else None
            notes.append(Note(f"input[{place}]", "dropped", detail=why, loss=loss))
    return [item for item in items if not is_only_known_here(item)]
