"""A conversation as a request to Anthropic's Messages API (https://platform.claude.com/docs/en/api/messages)."""

from dataclasses import dataclass, field
from typing import Any

from translators.conversation import Conversation, Knobs
from translators.dialects import Model, Rendered
from translators.notes import Note
from translators.providers.claude import settings
from translators.providers.claude.abilities import within_abilities
from translators.providers.claude.anthropic_fields import anthropic_fields
from translators.providers.claude.caching import Breakpoints
from translators.providers.claude.output_format import may_enforce, output_format
from translators.providers.claude.parts import Parts
from translators.providers.claude.profiles import Profile, profile_of
from translators.providers.claude.reasoning import Thinking, gives_way, thinking
from translators.providers.claude.tools import Toolbox
from translators.providers.claude.turns import history
from translators.providers.shared.searching import without_search
from translators.providers.shared.settings import filled, note_moderation, unused
from translators.providers.shared.turns import History
from translators.providers.shared.wire_names import CallIds, call_ids

# Ten minutes at the slowest, by the SDK's reckoning (128 000 tokens an hour): longer answers must be streamed.
_LONGEST_WHOLE_ANSWER = 21_333
_CALL_ID = r"[a-zA-Z0-9_-]+"


@dataclass(slots=True)
class _Draft:
    """Notes, betas and instructions that accumulate while a request is written."""

    notes: list[Note] = field(default_factory=list)
    betas: set[str] = field(default_factory=set)
    instructions: list[str] = field(default_factory=list)


def render(conversation: Conversation, model: Model) -> Rendered:
    """Return the request: `{"model": ..., "max_tokens": ..., "system": [...], "messages": [...], "stream": ...}`.
    Raises `BadRequest` for what Anthropic cannot carry and the client relies on."""
    profile = profile_of(model.name, model.overrides)
    draft = _Draft()
    conversation, answer_tool = _within_abilities(conversation, profile, model, draft.notes)
    knobs = Knobs(conversation.options)
    settings.refuse_what_cannot_be_had(knobs)
    note_moderation(knobs, draft.notes)

    breakpoints = Breakpoints(draft.notes)
    automatic = breakpoints.automatic(knobs)
    toolbox = Toolbox(conversation, profile, draft.notes)
    ids = CallIds(call_ids(conversation.turns), _CALL_ID)
    parts = Parts(model.name, toolbox, ids, breakpoints, draft.notes, draft.betas)
    held_to_schema = bool(answer_tool) or may_enforce(conversation.options, profile)
    turns = history(conversation, profile, parts, draft.notes, schema=held_to_schema)

    max_tokens = _max_tokens(knobs, profile, draft.notes)
    thought = _thinking(knobs, profile, max_tokens, turns, draft.notes)
    tools = toolbox.written(knobs, breakpoints)
    choice = toolbox.choice(knobs, thought.on, draft.instructions)
    output = {"effort": thought.effort, "format": output_format(knobs, profile, draft.instructions, draft.notes)}
    system = turns.system + [{"type": "text", "text": text} for text in draft.instructions]
    breakpoints.settle(tools, system, turns.messages, automatic)
    stops, stops_here = settings.stops(knobs, draft.notes)
    body: dict[str, Any] = {
        "model": model.name,
        "max_tokens": max_tokens,
        "system": system,
        "messages": turns.messages,
        "tools": tools,
        "tool_choice": choice,
        "thinking": thought.config,
        "output_config": filled(output),
        "cache_control": automatic,
        **settings.sampling(knobs, profile, thought.on, draft.notes),
        "stop_sequences": stops,
        **_plain_options(knobs, profile, thought.on, draft),
    }
    body = {**filled(body), "stream": _stream(conversation.stream, max_tokens, draft.notes)}
    notes = (*draft.notes, *unused(knobs, "Anthropic has no such field."))
    recall = toolbox.recall(model, answer_tool, stops_here)
    return Rendered("/v1/messages", body, _headers(profile, draft.betas), notes, recall, body["stream"])


def _within_abilities(
    conversation: Conversation, profile: Profile, model: Model, notes: list[Note]
) -> tuple[Conversation, str]:
    if profile.web_search is None:
        conversation = without_search(conversation, notes)
    return within_abilities(conversation, profile, model.memory, f"anthropic:{model.name}", notes)


def _thinking(knobs: Knobs, profile: Profile, max_tokens: int, turns: History, notes: list[Note]) -> Thinking:
    thought = thinking(knobs, profile, max_tokens, notes)
    return Thinking(effort=thought.effort) if gives_way(thought.budget, turns, notes) else thought


def _max_tokens(knobs: Knobs, profile: Profile, notes: list[Note]) -> int:
    limit = settings.limit(knobs, profile, notes)
    if limit is None:
        notes.append(Note("max_tokens", "defaulted", None, profile.max_output, "Anthropic requires a limit."))
        return profile.max_output
    return limit


def _plain_options(knobs: Knobs, profile: Profile, thinks: bool, draft: _Draft) -> dict[str, Any]:
    """Return the fields of options that touch nothing else in the request."""
    return {
        **settings.tier(knobs, profile, draft.notes, draft.betas),
        **settings.user(knobs, draft.notes),
        **anthropic_fields(knobs, thinks, draft.notes, draft.betas),
    }


def _stream(wanted: bool, max_tokens: int, notes: list[Note]) -> bool:
    if not wanted and max_tokens > _LONGEST_WHOLE_ANSWER:
        why = "An answer of this length is refused unless it is streamed; it is put together again."
        notes.append(Note("stream", "synthesised", False, True, why))
        return True
    return wanted


def _headers(profile: Profile, betas: set[str]) -> dict[str, str]:
    headers = {"anthropic-version": profile.version}
    if betas:
        headers["anthropic-beta"] = ",".join(sorted(betas))
    return headers
