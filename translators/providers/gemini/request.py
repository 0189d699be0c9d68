"""A conversation as a request to `generateContent` (https://ai.google.dev/api/generate-content)."""

from typing import Any
from urllib.parse import quote

from translators.conversation import Conversation, Knobs
from translators.dialects import Model, Recall, Rendered
from translators.notes import Note
from translators.providers.gemini import settings
from translators.providers.gemini.output_format import output_format
from translators.providers.gemini.parts import Parts
from translators.providers.gemini.profiles import Profile, profile_of, short_name
from translators.providers.gemini.reasoning import thinking
from translators.providers.gemini.signatures import Signatures
from translators.providers.gemini.tools import Toolbox
from translators.providers.gemini.turns import history
from translators.providers.shared.searching import without_filtered_search, without_search
from translators.providers.shared.settings import filled, note_moderation, unused


def render(conversation: Conversation, model: Model) -> Rendered:
    """Return the request: `{"contents": [...], "systemInstruction": {...}, "tools": [...], "generationConfig": {...}}`.

    Raises `BadRequest` for what Gemini cannot carry and the client relies on."""
    profile = profile_of(model.name, model.overrides)
    notes: list[Note] = []
    instructions: list[str] = []
    conversation = _within_abilities(conversation, profile, notes)
    knobs = Knobs(conversation.options)
    settings.no_audio(knobs)
    note_moderation(knobs, notes)

    toolbox = Toolbox(conversation, profile, notes)
    parts = Parts(profile, toolbox.names, Signatures(model.name, model.memory), notes)
    turns = history(conversation, profile, parts, notes)
    tools = toolbox.written(knobs)
    choices = settings.choices(conversation.options, knobs, profile, conversation.stream)
    generation: dict[str, Any] = {
        **_plain_options(knobs, profile, choices, notes),
        **output_format(knobs, profile, bool(tools), instructions, notes),
    }
    if config := thinking(knobs, profile, generation.get("maxOutputTokens"), notes):
        generation["thinkingConfig"] = config
    contents, system = turns.contents, turns.system + [{"text": text} for text in instructions]
    if system and not profile.system:
        contents, system = _with_instructions(contents, instructions), []
    body: dict[str, Any] = {
        "contents": contents,
        "systemInstruction": {"parts": system} if system else None,
        "tools": tools,
        "toolConfig": toolbox.config(knobs),
        "safetySettings": [dict(setting) for setting in profile.safety_settings],
        "generationConfig": generation,
        **settings.labels(knobs, profile, notes),
        **settings.tier(knobs, notes),
    }
    notes += unused(knobs, "Gemini has no such field.")
    recall = Recall(model.name, toolbox.names.restored(), frozenset(toolbox.custom), model.memory, choices)
    stream = conversation.stream
    return Rendered(_path(model.name, stream), filled(body), {}, tuple(notes), recall, stream, choices)


def _within_abilities(conversation: Conversation, profile: Profile, notes: list[Note]) -> Conversation:
    if not profile.search:
        conversation = without_search(conversation, notes)
    elif conversation.tools and not profile.search_with_functions:
        conversation = without_search(conversation, notes, "This model cannot search the web in a request with tools.")
    return without_filtered_search(conversation, notes)


def _plain_options(knobs: Knobs, profile: Profile, choices: int, notes: list[Note]) -> dict[str, Any]:
    """Return the fields of `generationConfig` that touch nothing else in the request."""
    return {
        **settings.limit(knobs, profile, notes),
        **settings.sampling(knobs, profile, notes),
        **settings.stop_sequences(knobs, notes),
        **settings.logprobs(knobs, profile),
        **settings.modalities(knobs, profile),
        **({"candidateCount": choices} if choices > 1 else {}),
    }


def _with_instructions(contents: list[dict[str, Any]], instructions: list[str]) -> list[dict[str, Any]]:
    """Return `contents` with instructions as the user's first words, for a model that knows no system instruction."""
    first, *more = contents
    return [{**first, "parts": [*({"text": text} for text in instructions), *first["parts"]]}, *more]


def _path(model: str, stream: bool) -> str:
    """Return the path. A tuned model is a resource of its own beside `models`."""
    collection = "tunedModels" if model.startswith("tunedModels/") else "models"
    method = "streamGenerateContent?alt=sse" if stream else "generateContent"
    return f"/{collection}/{quote(short_name(model), safe='')}:{method}"
