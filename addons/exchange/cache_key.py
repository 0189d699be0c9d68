"""Adds a `prompt_cache_key` where configuration wants one, so that the requests of a session find the same cache."""

from collections.abc import Sequence
from dataclasses import replace
from hashlib import sha256

from translators.fan_out import RenderedCall
from translators.notes import Note

FIELD = "prompt_cache_key"
MADE = Note(FIELD, "synthesised", detail="Made from the client's session (support-prompt-cache-key in config.yaml).")


def keyed(calls: Sequence[RenderedCall], model: str, session: str) -> tuple[Sequence[RenderedCall], list[Note]]:
    """Return the calls, those without a key with one that is the same for all requests of a session to a model, and a
    note. It tells nothing of the session."""
    if all(call.rendered.body.get(FIELD) for call in calls):
        return calls, []
    key = sha256(f"{model}\0{session}".encode("utf-8", "surrogatepass")).hexdigest()[:32]
    made = [call if call.rendered.body.get(FIELD) else _with(call, key) for call in calls]
    return made, [MADE]


def _with(call: RenderedCall, key: str) -> RenderedCall:
    return replace(call, rendered=replace(call.rendered, body={**call.rendered.body, FIELD: key}))
