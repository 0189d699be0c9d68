"""A conversation as a request to Bedrock's Converse API
(https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_Converse.html)."""

from functools import lru_cache
from typing import Any
from urllib.parse import quote

from translators.conversation import Conversation, Knobs
from translators.dialects import Model, Rendered
from translators.notes import Note
from translators.providers.bedrock import settings
from translators.providers.bedrock.caching import CachePoints
from translators.providers.bedrock.output_format import output_format
from translators.providers.bedrock.parts import Parts
from translators.providers.bedrock.profiles import Profile, profile_of
from translators.providers.bedrock.reasoning import Thinking, thinking
from translators.providers.bedrock.tools import Toolbox
from translators.providers.bedrock.turns import history
from translators.providers.claude import settings as claude_settings
from translators.providers.claude.abilities import within_abilities
from translators.providers.claude.output_format import may_enforce
from translators.providers.claude.reasoning import gives_way
from translators.providers.shared.searching import without_filtered_search, without_search
from translators.providers.shared.settings import filled, note_moderation, unused
from translators.providers.shared.turns import History
from translators.providers.shared.wire_names import CallIds, call_ids


def render(conversation: Conversation, model: Model) -> Rendered:
    """Return the request: `{"system": [...], "messages": [...], "inferenceConfig": {...}, "toolConfig": {...}}`. Raises
    `BadRequest` for what Converse cannot carry and the client relies on."""
    profile = profile_of(model.name, model.overrides)
    facts = profile.facts
    notes: list[Note] = []
    instructions: list[str] = []
    conversation, answer_tool = _within_abilities(conversation, profile, model, notes)
    knobs = Knobs(conversation.options)
    claude_settings.refuse_what_cannot_be_had(knobs)
    note_moderation(knobs, notes)

    points = CachePoints(profile, notes)
    points.take(knobs)
    toolbox = Toolbox(conversation, profile, notes)
    parts = Parts(model.name, profile, toolbox, CallIds(call_ids(conversation.turns), profile.call_id), points, notes)
    held_to_schema = bool(answer_tool) or may_enforce(conversation.options, facts)
    turns = history(conversation, profile, parts, notes, schema=held_to_schema)

    max_tokens = claude_settings.limit(knobs, facts, notes)
    thought = _thinking(knobs, profile, max_tokens, turns, notes)
    stops, stops_here = claude_settings.stops(knobs, notes)
    inference, more = settings.inference(knobs, profile, thought, max_tokens, notes)
    tools = toolbox.written(knobs, points, instructions)
    choice = toolbox.choice(thought.on, tools, instructions)
    one = toolbox.one_at_a_time(knobs, tools, choice)
    output = {"effort": thought.effort, "textFormat": output_format(knobs, profile, instructions, notes)}
    system = turns.system + [{"text": text} for text in instructions]
    points.settle(tools, system, [message["content"] for message in turns.messages])
    body: dict[str, Any] = {
        "system": system,
        "messages": turns.messages,
        "inferenceConfig": filled({**inference, "stopSequences": stops}),
        "toolConfig": filled({"tools": tools, "toolChoice": choice}),
        "outputConfig": filled(output),
        "additionalModelRequestFields": {**thought.fields, **more, **one},
        **settings.tier(knobs, notes),
        **settings.metadata(knobs, notes),
    }
    streams = _streams(conversation.stream, profile, bool(tools), notes)
    notes += unused(knobs, "Converse has no such field.")
    recall = toolbox.recall(model, answer_tool, stops_here)
    return Rendered(_path(model.name, streams), filled(body), {}, tuple(notes), recall, streams)


def _within_abilities(
    conversation: Conversation, profile: Profile, model: Model, notes: list[Note]
) -> tuple[Conversation, str]:
    reduced = without_filtered_search if profile.nova else without_search
    return within_abilities(
        reduced(conversation, notes),
        profile.facts,
        model.memory,
        f"bedrock:{model.name}",
        notes,
        through_a_tool=profile.claude or profile.nova,
    )


def _thinking(knobs: Knobs, profile: Profile, max_tokens: int | None, turns: History, notes: list[Note]) -> Thinking:
    thought = thinking(knobs, profile, max_tokens, notes)
    return Thinking(effort=thought.effort) if gives_way(thought.budget, turns, notes) else thought


def _path(model: str, streams: bool) -> str:
    operation = "converse-stream" if streams else "converse"
    return f"/model/{_quoted(model)}/{operation}"


@lru_cache(maxsize=1024)
def _quoted(model: str) -> str:
    """Return the name for a path: an ARN has slashes and colons."""
    return quote(model, safe="-._~")


def _streams(wanted: bool, profile: Profile, tools: bool, notes: list[Note]) -> bool:
    if wanted and tools and not profile.streamed_tools:
        why = "This model has tools in whole answers only: the stream comes all at once."
        notes.append(Note("stream", "approximated", True, False, why))
        return False
    return wanted
