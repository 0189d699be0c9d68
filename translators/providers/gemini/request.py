"""A conversation as a request to `generateContent` (https://ai.google.dev/api/generate-content)."""

from typing import Any
from urllib.parse import quote

from translators.conversation import Conversation, Knobs
from translators.dialects import Model, Recall, Rendered
from translators.notes import Note
from translators.providers.gemini import settings
from translators.providers.gemini.output_format import output_format
from translators.providers.gemini.parts import Parts
from translators.providers.gemini.profiles import profile_of, short_name
from translators.providers.gemini.reasoning import thinking
from translators.providers.gemini.signatures import Signatures
from translators.providers.gemini.tools import Toolbox
from translators.providers.gemini.turns import history
from translators.providers.shared.searching import without_filtered_search, without_search
from translators.providers.shared.settings import note_moderation, unused


def render(asked: Conversation, model: Model) -> Rendered:
    """Raises `BadRequest` for what Gemini cannot carry and the client relies on."""
    profile = profile_of(model.name, model.overrides)
    notes: list[Note] = []
    instructions: list[str] = []
    if not profile.search:
        asked = without_search(asked, notes)
    elif asked.tools and not profile.search_with_functions:
        asked = without_search(asked, notes, "This model cannot search the web in a request with tools.")
    asked = without_filtered_search(asked, notes)
    knobs = Knobs(asked.options)
    settings.no_audio(knobs)
    note_moderation(knobs, notes)

    toolbox = Toolbox(asked, profile, notes)
    parts = Parts(profile, toolbox.names, Signatures(model.name, model.memory), notes)
    said = history(asked, profile, parts, notes)
    tools = toolbox.written(knobs)
    choices = settings.choices(asked.options, knobs, profile, asked.stream)
    generation: dict[str, Any] = {
        **settings.limit(knobs, profile, notes),
        **settings.sampling(knobs, profile, notes),
        **settings.stop_sequences(knobs, notes),
        **settings.logprobs(knobs, profile),
        **settings.modalities(knobs, profile),
        **({"candidateCount": choices} if choices > 1 else {}),
        **output_format(knobs, profile, bool(tools), instructions, notes),
    }
    if config := thinking(knobs, profile, generation.get("maxOutputTokens"), notes):
        generation["thinkingConfig"] = config
    contents, system = said.contents, said.system + [{"text": text} for text in instructions]
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
    body = {key: value for key, value in body.items() if value not in (None, [], {})}
    notes += unused(knobs, "Gemini has no such field.")
    recall = Recall(model.name, toolbox.names.restored(), frozenset(toolbox.custom), model.memory, choices)
    return Rendered(_path(model.name, asked.stream), body, {}, tuple(notes), recall, asked.stream, choices)


def _with_instructions(contents: list[dict[str, Any]], instructions: list[str]) -> list[dict[str, Any]]:
    """For a model that knows no system instruction, they are the first words of the user's."""
    first, *more = contents
    return [{**first, "parts": [*({"text": text} for text in instructions), *first["parts"]]}, *more]


def _path(model: str, stream: bool) -> str:
    """A tuned model is a resource of its own beside `models`."""
    collection = "tunedModels" if model.startswith("tunedModels/") else "models"
    method = "streamGenerateContent?alt=sse" if stream else "generateContent"
    return f"/{collection}/{quote(short_name(model), safe='')}:{method}"
