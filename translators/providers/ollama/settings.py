"""The options that are plain values, as Ollama's `options`
(https://docs.ollama.com/modelfile#valid-parameters-and-values) and `format`. What a client relies on and cannot have is
refused; what only bends is noted."""

from collections.abc import Mapping
from typing import Any

from translators.conversation import Knobs, OutputFormat
from translators.notes import Note
from translators.providers.shared.settings import refuse_speech
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


def refuse_what_cannot_be_had(knobs: Knobs) -> None:
    """Refuse spoken answers, and take the option of how reasoning is shown: it is the client dialect's part, and no
    field here. Raises `BadRequest`."""
    knobs.take("reasoning_visible")
    refuse_speech(knobs)


def options(knobs: Knobs, overrides: Mapping[str, Any], notes: list[Note]) -> dict[str, Any]:
    """Return `options` (`{"num_predict": ..., "temperature": ...}`): the configuration's, and the client's over
    them."""
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
    """Return `format`: any JSON (`"json"`), or a schema, which is always enforced."""
    option = knobs.pop("response_format")
    if option is None:
        return None
    requested: OutputFormat = option.value
    if requested.description:
        notes.append(Note(option.at, "dropped", detail="The description of a format is not told to the model."))
    if requested.kind == "json" or requested.schema is None:
        return "json"
    return dict(requested.schema)
