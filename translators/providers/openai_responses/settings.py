"""The options that are plain values (https://platform.openai.com/docs/api-reference/responses/create).

Most have a field of the same meaning here. Those that have none bend or, where a client relies on them, are refused.
"""

from typing import Any

from translators.conversation import Knobs, Option, OutputFormat, PromptCache
from translators.notes import Note
from translators.providers.shared.settings import unsupported
from translators.providers.shared.tiers import openai_tier
from translators.providers.shared.transforms import stop_sequences

_AS_THEY_ARE = (
    "temperature",
    "top_p",
    "parallel_tool_calls",
    "metadata",
    "user",
    "safety_identifier",
    "prompt_cache_key",
    "prompt_cache_retention",
    "moderation",
)
_TIERS = ("auto", "default", "flex", "scale", "priority", "fast", "ultrafast")
_LEAST_TOKENS = 16
REASONING = "reasoning.encrypted_content"
LOGPROBS = "message.output_text.logprobs"


def stops(knobs: Knobs, notes: list[Note]) -> tuple[str, ...]:
    """Return the stop sequences, of which the API has none: the gateway ends the text itself."""
    option = knobs.pop("stop")
    return () if option is None else stop_sequences.enforced_here(option.value, option.at, notes)


def refuse_what_cannot_be_had(knobs: Knobs, notes: list[Note]) -> None:
    """Refuse spoken answers, and note other modalities. Raises `BadRequest`."""
    audio, modalities = knobs.pop("audio"), knobs.pop("modalities")
    if audio is not None:
        raise unsupported(audio, "The Responses API answers in text only.")
    if modalities is not None:
        if "audio" in modalities.value:
            raise unsupported(modalities, "The Responses API answers in text only.")
        if set(modalities.value) != {"text"}:
            notes.append(Note(modalities.at, "dropped", detail="The answer is text."))


def plain(knobs: Knobs, notes: list[Note]) -> dict[str, Any]:
    """Return the options that OpenAI has under the same name, the limit, the tier and the prompt's cache."""
    values = {name: knobs.take(name) for name in _AS_THEY_ARE}
    body = {name: value for name, value in values.items() if value is not None}
    if (limit := knobs.pop("max_tokens")) is not None:
        body["max_output_tokens"] = max(limit.value, _LEAST_TOKENS)
        if limit.value < _LEAST_TOKENS:
            why = "The Responses API takes no lower limit."
            notes.append(Note(limit.at, "approximated", limit.value, _LEAST_TOKENS, why))
    if (tier := knobs.pop("service_tier")) is not None:
        body |= _tier(tier, notes)
    if (cache := knobs.pop("prompt_cache")) is not None:
        requested: PromptCache = cache.value
        options = {"mode": requested.mode, "ttl": requested.ttl}
        body["prompt_cache_options"] = {name: value for name, value in options.items() if value is not None}
    return body


def _tier(option: Option, notes: list[Note]) -> dict[str, Any]:
    named = openai_tier(option.value)
    if named not in _TIERS:
        notes.append(Note(option.at, "dropped", option.value, detail="The Responses API has no such tier."))
        return {}
    if named != option.value:
        notes.append(Note(option.at, "approximated", option.value, named, "OpenAI's word for it.", loss=False))
    return {"service_tier": named}


def store(knobs: Knobs) -> bool:
    """Return `store`, false unless the client wants it: the state that the next turn needs travels with the client."""
    return bool(knobs.take("store"))


def include(knobs: Knobs, reasoning: bool) -> dict[str, Any]:
    """Return `{"include": [...], "top_logprobs": ...}`: additions to an answer."""
    wanted = [REASONING] if reasoning else []
    top = knobs.take("top_logprobs")
    if knobs.take("logprobs") or top:
        wanted.append(LOGPROBS)
    body: dict[str, Any] = {"include": wanted} if wanted else {}
    if top:
        body["top_logprobs"] = top
    return body


def text(knobs: Knobs, notes: list[Note]) -> dict[str, Any]:
    """Return `{"format": {...}, "verbosity": ...}`."""
    config: dict[str, Any] = {}
    if (option := knobs.pop("response_format")) is not None:
        config["format"] = _format(option, notes)
    if (verbosity := knobs.take("verbosity")) is not None:
        config["verbosity"] = verbosity
    return config


def _format(option: Option, notes: list[Note]) -> dict[str, Any]:
    requested: OutputFormat = option.value
    if requested.kind == "json":
        return {"type": "json_object"}
    if requested.schema is None:
        notes.append(Note(option.at, "approximated", detail="Without a schema, any JSON object will do."))
        return {"type": "json_object"}
    more = {"description": requested.description, "strict": requested.strict}
    return {
        "type": "json_schema",
        "name": requested.name or "answer",
        "schema": dict(requested.schema),
        **{name: value for name, value in more.items() if value is not None},
    }
