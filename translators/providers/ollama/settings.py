"""The options that are plain values, as Ollama's `options` (https://docs.ollama.com/modelfile#valid-parameters-and-values)
and `format`. What a client relies on and cannot have is refused; what only bends is noted."""

from collections.abc import Mapping
from typing import Any

from translators.conversation import Knobs, Option, OutputFormat
from translators.errors import BadRequest
from translators.notes import Note
from translators.providers.shared.transforms import stop_sequences

_NAMES = {
    "max_tokens": "num_predict",
    "temperature": "temperature",
    "top_p": "top_p",
    "top_k": "top_k",
    "seed": "seed",
    "presence_penalty": "presence_penalty",
    "frequency_penalty": "frequency_penalty",
}
_NEUTRAL: dict[str, Any] = {"n": 1, "store": False, "logit_bias": {}}


def refuse_what_cannot_be_had(knobs: Knobs) -> None:
    """Raises `BadRequest`. How reasoning is shown is the client dialect's part, and no field here."""
    knobs.take("reasoning_visible")
    modalities, audio = knobs.pop("modalities"), knobs.pop("audio")
    if modalities is not None and "audio" not in modalities.value:
        modalities = None
    for option in (modalities, audio):
        if option is not None:
            raise _unsupported(option, "This model answers in text only.")


def _unsupported(option: Option, why: str) -> BadRequest:
    return BadRequest(why, param=option.at, code="unsupported_parameter")


def options(knobs: Knobs, overrides: Mapping[str, Any], notes: list[Note]) -> dict[str, Any]:
    """What configuration sets, and over it what the client asks for."""
    written: dict[str, Any] = dict(overrides.get("options") or {})
    window = overrides.get("num_ctx")
    if window is not None:
        written["num_ctx"] = window
    limit = knobs.pop("max_tokens")
    if limit is not None:
        written["num_predict"] = limit.value
        window = written.get("num_ctx")
        if isinstance(window, int) and limit.value >= window:
            why = "The context window holds the prompt and the answer: the answer ends where it is full."
            notes.append(Note(limit.at, "approximated", limit.value, window, why))
    for ours, theirs in _NAMES.items():
        value = knobs.take(ours)
        if value is not None:
            written[theirs] = value
    stop = knobs.pop("stop")
    if stop is not None:
        stops = [text for text in stop.value if text]
        if len(stops) < len(stop.value):
            notes.append(Note(stop.at, "dropped", detail=stop_sequences.EMPTY))
        if stops:
            written["stop"] = stops
    return written


def output_format(knobs: Knobs, notes: list[Note]) -> Any:
    """`format`: any JSON, or a schema, which is always enforced."""
    option = knobs.pop("response_format")
    if option is None:
        return None
    asked: OutputFormat = option.value
    if asked.description:
        notes.append(Note(option.at, "dropped", detail="The description of a format is not told to the model."))
    if asked.kind == "json" or asked.schema is None:
        return "json"
    return dict(asked.schema)


def left(knobs: Knobs) -> list[Note]:
    """Notes for what has no place in the request; what says no more than its absence is no loss, and no note. A
    moderation policy that must block is refused."""
    moderation = knobs.pop("moderation")
    notes = [] if moderation is None else [_moderated(moderation)]
    asked = {name: option for name in _NEUTRAL if (option := knobs.pop(name)) is not None}
    meant = Knobs({name: option for name, option in asked.items() if option.value != _NEUTRAL[name]})
    return notes + [note for some in (meant, knobs) for note in some.left("Ollama has no such field.")]


def _moderated(option: Option) -> Note:
    policy = option.value.get("policy") if isinstance(option.value, dict) else None
    for side in policy.values() if isinstance(policy, dict) else ():
        if isinstance(side, dict) and side.get("mode") == "block":
            raise _unsupported(option, "This model has no moderation that blocks.")
    return Note(option.at, "dropped", detail="This model has no moderation scores.")
