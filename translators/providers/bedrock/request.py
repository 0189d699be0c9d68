"""A conversation as a request to Bedrock's Converse API (https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_Converse.html)."""

from dataclasses import replace
from functools import lru_cache
from typing import Any
from urllib.parse import quote

from translators.conversation import Conversation, Knobs
from translators.dialects import Model, Recall, Rendered
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
from translators.providers.claude.output_format import answers_through_a_tool, may_enforce
from translators.providers.claude.signatures import recalled
from translators.providers.shared.abilities import refuse_media, without_tools
from translators.providers.shared.searching import without_filtered_search, without_search
from translators.providers.shared.settings import note_moderation, unused
from translators.providers.shared.transforms.answer_tool import with_answer_tool
from translators.providers.shared.turns import History
from translators.providers.shared.wire_names import CallIds, call_ids


def render(asked: Conversation, model: Model) -> Rendered:
    """Raises `BadRequest` for what Converse cannot carry and the client relies on."""
    profile = profile_of(model.name, model.overrides)
    notes: list[Note] = []
    instructions: list[str] = []
    asked, answer_tool = _as_the_profile_takes_it(asked, profile, model, notes)
    held_to_schema = bool(answer_tool) or may_enforce(asked.options, profile.facts)
    knobs = Knobs(asked.options)
    claude_settings.refuse_what_cannot_be_had(knobs)
    note_moderation(knobs, notes)

    points = CachePoints(profile, notes)
    points.read(knobs)
    toolbox = Toolbox(asked, profile, notes)
    parts = Parts(model.name, profile, toolbox, CallIds(call_ids(asked.turns), profile.call_id), points, notes)
    said = history(asked, profile, parts, notes, schema=held_to_schema)

    max_tokens = settings.limit(knobs, profile, notes)
    thought = _without_conflicts(thinking(knobs, profile, max_tokens, notes), said, notes)
    stops, stops_here = claude_settings.stops(knobs, notes)
    inference, more = settings.inference(knobs, profile, thought, max_tokens, notes)
    tools = toolbox.written(knobs, points, instructions)
    choice = toolbox.choice(thought.on, tools, instructions)
    one = toolbox.one_at_a_time(knobs, tools, choice)
    enforced = output_format(knobs, profile, instructions, notes)
    system = said.system + [{"text": text} for text in instructions]
    points.settle(tools, system, [message["content"] for message in said.messages])

    config = {"effort": thought.effort, "textFormat": enforced}
    body: dict[str, Any] = {
        "system": system,
        "messages": said.messages,
        "inferenceConfig": _filled({**inference, "stopSequences": stops}),
        "toolConfig": _filled({"tools": tools, "toolChoice": choice}),
        "outputConfig": _filled(config),
        "additionalModelRequestFields": {**thought.fields, **more, **one},
        **settings.tier(knobs, notes),
        **settings.metadata(knobs, notes),
    }
    streams = _streams(asked.stream, profile, bool(tools), notes)
    operation = "converse-stream" if streams else "converse"
    return Rendered(
        path=f"/model/{_quoted(model.name)}/{operation}",
        body=_filled(body),
        headers={"accept": "application/vnd.amazon.eventstream"} if streams else {},
        notes=(*notes, *unused(knobs, "Converse has no such field.")),
        recall=Recall(
            model.name,
            toolbox.names.restored(),
            frozenset(toolbox.custom),
            model.memory,
            keys=toolbox.inputs.restored(),
            answer_tool=answer_tool,
            stops=stops_here,
        ),
        streams=streams,
    )


def _as_the_profile_takes_it(
    asked: Conversation, profile: Profile, model: Model, notes: list[Note]
) -> tuple[Conversation, str]:
    """Return the conversation without what the profile lacks, with what is remembered of earlier thoughts; and the name
    of the tool through which it is held to a schema, or nothing. Raises `BadRequest`."""
    asked = without_filtered_search(asked, notes) if profile.nova else without_search(asked, notes)
    if not profile.facts.tools:
        asked = without_tools(asked, notes)
    if not profile.facts.media:
        refuse_media(asked)
    answer_tool = ""
    if (profile.claude or profile.nova) and answers_through_a_tool(asked.options, profile.facts):
        asked, answer_tool = with_answer_tool(asked, notes)
    return replace(asked, turns=recalled(asked.turns, model.memory, f"bedrock:{model.name}")), answer_tool


@lru_cache(maxsize=1024)
def _quoted(model: str) -> str:
    """An ARN has slashes and colons."""
    return quote(model, safe="-._~")


def _filled(fields: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in fields.items() if value not in (None, [], {})}


def _streams(asked: bool, profile: Profile, tools: bool, notes: list[Note]) -> bool:
    if asked and tools and not profile.streamed_tools:
        why = "This model has tools in whole answers only: the stream comes all at once."
        notes.append(Note("stream", "approximated", True, False, why))
        return False
    return asked


def _without_conflicts(thought: Thinking, said: History, notes: list[Note]) -> Thinking:
    """Thinking by budget is refused where the history leaves no place for it: it gives way."""
    why = said.refuses_thinking
    if why is None or thought.budget is None:
        return thought
    notes.append(Note("thinking", "dropped", thought.budget, detail=why))
    return Thinking(effort=thought.effort)
