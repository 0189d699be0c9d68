"""Passes a client's body on to a provider of the same dialect; little of it is looked at."""

import math
from collections.abc import Mapping
from typing import Any

from translators.dialects import Model, Passed, Recall, Rendered
from translators.errors import BadRequest
from translators.notes import Note
from translators.passthrough.history import sendable
from translators.providers.openai.quirks import Quirks
from translators.values import immutable


@immutable
class Form:
    """The form of an answer. `usage`: the client wants the usage at the end of its stream."""

    usage: bool = False


def passed(body: Any, model: Model, path: str, *, choices: int = 1) -> Passed:
    """Return `body` under the provider's name of the model, and as its quirks want it. A stream always requests its
    usage, which the gateway logs."""
    quirks, notes = Quirks.of(model), list[Note]()
    stream, options = body.get("stream") is True, body.get("stream_options") or {}
    sent = {**body, "model": model.name}
    if stream and quirks.stream_usage:
        sent["stream_options"] = {**options, "include_usage": True}
    elif "stream_options" in sent:
        if options:
            notes.append(Note("stream_options", "dropped", detail="This provider does not take it."))
        del sent["stream_options"]
    if isinstance(messages := sent.get("messages"), list):
        sent["messages"] = sendable(messages, quirks, model, notes)
    sent = quirks.passed_through(sent, notes)
    n = body.get("n")
    if "n" in sent and type(n) in (int, float) and 1 <= n < math.inf:
        choices *= int(n)
    recall = Recall(model.name, memory=model.memory, choices=choices)
    rendered = Rendered(path, sent, {}, tuple(notes), recall, stream, choices)
    return Passed(rendered, stream, Form(options.get("include_usage") is True))


def validate(body: Any, problems: Mapping[str, str]) -> None:
    """Raise `BadRequest` for an impossible body. `problems` are those of the endpoint's own fields, by name."""
    if not isinstance(body, dict):
        raise BadRequest("The request's body must be a JSON object.", code="invalid_json")
    wrong = dict(problems)
    model, stream, options = body.get("model"), body.get("stream"), body.get("stream_options")
    if not isinstance(model, str) or not model:
        wrong["model"] = "must be the name of a model"
    if stream is not None and not isinstance(stream, bool):
        wrong["stream"] = "must be true or false"
    if options is not None and not isinstance(options, dict):
        wrong["stream_options"] = "must be an object"
    elif options and stream is not True:
        wrong["stream_options"] = "can only be sent when stream is true"
    if wrong:
        sentences = "; ".join(f"{name} {problem}" for name, problem in wrong.items())
        raise BadRequest(f"The request cannot be read: {sentences}.", param=next(iter(wrong)))
