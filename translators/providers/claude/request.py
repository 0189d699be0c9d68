"""A conversation as a request to Anthropic's Messages API (https://platform.claude.com/docs/en/api/messages)."""

from dataclasses import dataclass, field, replace
from typing import Any

from translators.conversation import Conversation, Knobs
from translators.dialects import Model, Recall, Rendered
from translators.notes import Note
from translators.providers.claude import settings
from translators.providers.claude.anthropic_fields import native
from translators.providers.claude.caching import Breakpoints
from translators.providers.claude.output_format import answers_through_a_tool, may_enforce, output_format
from translators.providers.claude.parts import Parts
from translators.providers.claude.profiles import Profile, profile_of
from translators.providers.claude.reasoning import Thinking, thinking
from translators.providers.claude.signatures import recalled
from translators.providers.claude.tools import Toolbox
from translators.providers.claude.turns import history
from translators.providers.shared.abilities import refuse_media, without_tools
from translators.providers.shared.searching import without_search
from translators.providers.shared.settings import note_moderation, unused
from translators.providers.shared.transforms.answer_tool import with_answer_tool
from translators.providers.shared.turns import History
from translators.providers.shared.wire_names import CallIds, call_ids

# Ten minutes at the slowest, by the SDK's reckoning (128 000 tokens an hour): longer answers must be streamed.
_LONGEST_WHOLE_ANSWER = 21_333
_CALL_ID = r"[a-zA-Z0-9_-]+"


@dataclass(slots=True)
class _Draft:
    """What accumulates while a request is written."""

    notes: list[Note] = field(default_factory=list)
    betas: set[str] = field(default_factory=set)
    instructions: list[str] = field(default_factory=list)


def render(asked: Conversation, model: Model) -> Rendered:
    """Raises `BadRequest` for what Anthropic cannot carry and the client relies on."""
    profile = profile_of(model.name, model.overrides)
    draft = _Draft()
    if profile.web_search is None:
        asked = without_search(asked, draft.notes)
    if not profile.tools:
        asked = without_tools(asked, draft.notes)
    if not profile.media:
        refuse_media(asked)
    held_to_schema, answer_tool = may_enforce(asked.options, profile), ""
    if answers_through_a_tool(asked.options, profile):
        asked, answer_tool = with_answer_tool(asked, draft.notes)
    asked = replace(asked, turns=recalled(asked.turns, model.memory, f"anthropic:{model.name}"))
    knobs = Knobs(asked.options)
    settings.refuse_what_cannot_be_had(knobs)
    note_moderation(knobs, draft.notes)

    breakpoints = Breakpoints(draft.notes)
    automatic = breakpoints.automatic(knobs)
    toolbox = Toolbox(asked, profile, draft.notes)
    parts = Parts(model.name, toolbox, CallIds(call_ids(asked.turns), _CALL_ID), breakpoints, draft.notes, draft.betas)
    said = history(asked, profile, parts, draft.notes, schema=held_to_schema or bool(answer_tool))

    max_tokens = _max_tokens(knobs, profile, draft.notes)
    thought = _without_conflicts(thinking(knobs, profile, max_tokens, draft.notes), said, draft.notes)
    tools = toolbox.written(knobs, breakpoints)
    choice = toolbox.choice(knobs, thought.on, draft.instructions)
    enforced = output_format(knobs, profile, draft.instructions, draft.notes)
    system = said.system + [{"type": "text", "text": text} for text in draft.instructions]
    breakpoints.settle(tools, system, said.messages, automatic)

    stops, stops_here = settings.stops(knobs, draft.notes)
    config = {"effort": thought.effort, "format": enforced}
    body: dict[str, Any] = {
        "model": model.name,
        "max_tokens": max_tokens,
        "system": system,
        "messages": said.messages,
        "tools": tools,
        "tool_choice": choice,
        "thinking": thought.config,
        "output_config": {key: value for key, value in config.items() if value is not None},
        "cache_control": automatic,
        **settings.sampling(knobs, profile, thought.on, draft.notes),
        "stop_sequences": stops,
        **settings.tier(knobs, profile, draft.notes, draft.betas),
        **settings.user(knobs, draft.notes),
        **native(knobs, thought.on, draft.notes, draft.betas),
    }
    body = {key: value for key, value in body.items() if value not in (None, [], {})}
    body["stream"] = _stream(asked.stream, max_tokens, draft.notes)
    notes = draft.notes + unused(knobs, "Anthropic has no such field.")
    names, custom = toolbox.names.restored(), frozenset(toolbox.custom)
    keys = toolbox.inputs.restored()
    recall = Recall(model.name, names, custom, model.memory, keys=keys, answer_tool=answer_tool, stops=stops_here)
    return Rendered("/v1/messages", body, _headers(profile, draft.betas), tuple(notes), recall, body["stream"])


def _max_tokens(knobs: Knobs, profile: Profile, notes: list[Note]) -> int:
    option = knobs.pop("max_tokens")
    if option is None:
        notes.append(Note("max_tokens", "defaulted", None, profile.max_output, "Anthropic requires a limit."))
        return profile.max_output
    asked: int = option.value
    if asked > profile.max_output and profile.max_output_enforced:
        notes.append(Note(option.at, "approximated", asked, profile.max_output, "The model's own limit is less."))
        return profile.max_output
    return asked


def _without_conflicts(thinking: Thinking, said: History, notes: list[Note]) -> Thinking:
    """Thinking by budget is refused where the history leaves no place for it: it gives way."""
    why = said.refuses_thinking
    if why is None or thinking.config is None or thinking.config["type"] != "enabled":
        return thinking
    notes.append(Note("thinking", "dropped", thinking.config["budget_tokens"], detail=why))
    return Thinking(None, thinking.effort, False)


def _stream(asked: bool, max_tokens: int, notes: list[Note]) -> bool:
    if not asked and max_tokens > _LONGEST_WHOLE_ANSWER:
        why = "An answer of this length is refused unless it is streamed; it is put together again."
        notes.append(Note("stream", "synthesised", False, True, why))
        return True
    return asked


def _headers(profile: Profile, betas: set[str]) -> dict[str, str]:
    headers = {"anthropic-version": profile.version}
    if betas:
        headers["anthropic-beta"] = ",".join(sorted(betas))
    return headers
