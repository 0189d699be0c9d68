"""A client's body on its way to a provider of the same dialect: looked at as little as can be, and not changed."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from translators.dialects import Model, Passed, Recall, Rendered
from translators.errors import BadRequest
from translators.notes import Note
from translators.passthrough.history import sendable
from translators.providers.openai.quirks import Quirks


@dataclass(frozen=True, slots=True)
class Form:
    """The form of an answer. `usage`: the client asked that its stream tells the usage."""

    usage: bool = False


def passed(body: Any, model: Model, path: str, *, choices: int = 1) -> Passed:
    """Return `body` under the provider's name of the model, and as its quirks want it. A streaming provider is always
    asked for its usage, which the gateway logs."""
    quirks, notes = Quirks.of(model), list[Note]()
    stream, asked = body.get("stream") is True, body.get("stream_options") or {}
    sent = {**body, "model": model.name}
    if stream and quirks.stream_usage:
        sent["stream_options"] = {**asked, "include_usage": True}
    elif "stream_options" in sent:
        if asked:
            notes.append(Note("stream_options", "dropped", detail="This provider does not take it."))
        del sent["stream_options"]
    if isinstance(messages := sent.get("messages"), list):
        sent["messages"] = sendable(messages, quirks, model, notes)
    sent = quirks.passed_through(sent, notes)
    wanted = body.get("n")
    choices *= int(wanted) if type(wanted) in (int, float) and 1 <= wanted < math.inf and "n" in sent else 1
    recall = Recall(model.name, memory=model.memory, choices=choices)
    rendered = Rendered(path, sent, {}, tuple(notes), recall, stream, choices)
    return Passed(rendered, stream, Form(asked.get("include_usage") is True))


def check(body: Any, problems: Mapping[str, str]) -> None:
    """Raise `BadRequest` for an impossible body. `problems` are those that the endpoint found by itself, by the field's
    name."""
    if not isinstance(body, dict):
        raise BadRequest("The request's body must be a JSON object.", code="invalid_json")
    found = dict(problems)
    model, stream, options = body.get("model"), body.get("stream"), body.get("stream_options")
    if not isinstance(model, str) or not model:
        found["model"] = "must be the name of a model"
    if stream is not None and not isinstance(stream, bool):
        found["stream"] = "must be true or false"
    if options is not None and not isinstance(options, dict):
        found["stream_options"] = "must be an object"
    elif options and stream is not True:
        found["stream_options"] = "can only be sent when stream is true"
    if found:
        told = "; ".join(f"{name} {problem}" for name, problem in found.items())
        raise BadRequest(f"The request cannot be read: {told}.", param=next(iter(found)))
