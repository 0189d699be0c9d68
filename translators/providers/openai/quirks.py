"""Differences of a server from OpenAI, whose format it speaks, as data: configuration knows the server."""

from collections.abc import Mapping
from dataclasses import field, fields
from typing import Any

from translators.dialects import Model
from translators.notes import Note
from translators.providers.openai.strictness import in_strict_order, with_short_call_ids
from translators.values import immutable

_NOT_TAKEN = "This provider does not take it."
_LIMITS = ("max_completion_tokens", "max_tokens")


@immutable
class Quirks:
    """`Model.overrides["quirks"]`. None is unknown: a body that passes through keeps what it has, a rendered one gets
    what every server takes."""

    drop: tuple[str, ...] = ()
    """Fields of the request that the server refuses."""
    rename: Mapping[str, str] = field(default_factory=dict)
    """The server's names of fields."""
    max_tokens_field: str | None = None
    """The one of `max_completion_tokens` (which is sent where nothing is known) and `max_tokens` that it knows."""
    developer_role: bool | None = None
    """Whether it knows the role `developer`. Where it does not, or nothing is known, that is `system`."""
    custom_tools: bool = False
    """Whether it knows tools that take free text. Where it does not, functions of one string stand in for them."""
    allowed_tools: bool = True
    """Whether `tool_choice` may name some of the tools. Where it may not, only those are sent."""
    stream_usage: bool = True
    """Whether `stream_options.include_usage` is known."""
    reasoning_field: str | None = ""
    """The field of a message that takes earlier reasoning back, None where there is none. Empty is unknown."""
    short_call_ids: bool = False
    """Whether ids of calls have nine letters and digits, as Mistral's do."""
    strict_roles: bool = False
    """Whether an assistant's message must follow a tool's results before the user's next one, and must not be last."""
    extras: tuple[str, ...] = ()
    """Fields beyond OpenAI's that it takes: some of `top_k`, `thinking`, `reasoning` (with `reasoning_details` in
    messages), and `images` and `annotations` in an assistant's message."""

    @classmethod
    def of(cls, model: Model) -> "Quirks":
        """Return the quirks of a model; names that no field has are another's."""
        overrides = model.overrides.get("quirks") or {}
        known = {each.name for each in fields(cls)}
        quirks = {name: value for name, value in overrides.items() if name in known}
        for name in ("drop", "extras"):
            if name in quirks:
                quirks[name] = tuple(quirks[name])
        return cls(**quirks)

    @property
    def reasoning_known(self) -> bool:
        return self.reasoning_field != ""

    @property
    def rendered_reasoning(self) -> str | None:
        """Return the field of a message that is made here: of `reasoning_content` most servers know."""
        return self.reasoning_field if self.reasoning_known else "reasoning_content"

    def takes(self, name: str) -> bool:
        """Return whether an assistant's earlier message may have the field `name`: one of `images`, `annotations`,
        `reasoning_details`, `thinking_blocks` and a call's `extra_content`. A provider of which nothing is known may
        have written the last four itself."""
        listed = "reasoning" if name == "reasoning_details" else name
        return listed in self.extras or (name != "images" and not self.reasoning_known)

    def applied(self, body: dict[str, Any], at: Mapping[str, str], notes: list[Note]) -> dict[str, Any]:
        """Return `body` without dropped fields, under the names that the server knows. `at` has the client's paths."""
        if not (self.drop or self.rename):
            return body
        written: dict[str, Any] = {}
        for name, value in body.items():
            if name in self.drop:
                shown = value if isinstance(value, int | float) else None
                notes.append(Note(at.get(name, name), "dropped", shown, detail=_NOT_TAKEN))
            else:
                written[self.rename.get(name, name)] = value
        return written

    def passed_through(self, body: dict[str, Any], notes: list[Note]) -> dict[str, Any]:
        """Return the same for a client's own body, its limit and its roles in the form that the server knows, too."""
        body = self.applied(self._limited(body, notes), {}, notes)
        if self.developer_role is False and isinstance(messages := body.get("messages"), list):
            body["messages"] = [_system(message, place, notes) for place, message in enumerate(messages)]
        if isinstance(messages := body.get("messages"), list):
            body["messages"] = self._strictly(messages, notes)
        return body

    def _strictly(self, messages: list[Any], notes: list[Note]) -> list[Any]:
        if self.short_call_ids:
            messages = with_short_call_ids(messages)
        if self.strict_roles:
            messages = in_strict_order(messages, [f"messages[{place}]" for place in range(len(messages))], notes)
        return messages

    def _limited(self, body: dict[str, Any], notes: list[Note]) -> dict[str, Any]:
        wanted = self.max_tokens_field
        present = [name for name in _LIMITS if body.get(name) is not None]
        if wanted is None or not present or present == [wanted]:
            return body
        newest = present[0]
        limited = {name: value for name, value in body.items() if name not in _LIMITS}
        limited[wanted] = body[newest]
        if newest != wanted:
            notes.append(Note(newest, "moved", detail="Sent under the name that this provider knows."))
        if len(present) > 1 and body[present[1]] != body[newest]:
            notes.append(Note(present[1], "dropped", body[present[1]], body[newest], "The newer field beside it wins."))
        return limited


def _system(message: Any, place: int, notes: list[Note]) -> Any:
    if not isinstance(message, dict) or message.get("role") != "developer":
        return message
    notes.append(developer_note(f"messages[{place}]"))
    return {**message, "role": "system"}


def developer_note(at: str) -> Note:
    """Return the note on a developer's message, written at `at`, for a server without that role."""
    return Note(f"{at}.role", "approximated", "developer", "system", "This provider knows no developer's role.")
