"""A schema for the answer, where a model can be forced to call a tool but not be held to a schema.

The model is made to answer through a tool that takes what the schema describes; what it gives the tool is the answer.
"""

from collections.abc import Iterator
from dataclasses import replace

from translators.conversation import Conversation, FunctionTool, OutputFormat, ToolCall, ToolChoice
from translators.events import Event, Finished, Noted, TextDelta, ToolCallDelta, ToolCallStarted
from translators.notes import Note

_NAME = "answer"
_DESCRIPTION = "Gives the answer to the user. Always answer with this tool."
_OR_ANOTHER = "Gives the final answer to the user. Always answer with this tool, unless another one is needed first."
_WHY = "The model gives its answer to a tool that has the schema, which it mostly keeps to."
_SPOKE = Note("content.text", "dropped", detail="What the model said beside its answer to the schema is left out.")
_TWICE = Note("tool_calls", "dropped", detail="The model answered more than once: the first answer is told.")


def with_answer_tool(conversation: Conversation, notes: list[Note]) -> tuple[Conversation, str]:
    """Return `conversation` with a tool instead of its schema, noted, and the name of that tool (`Recall.answer_tool`).

    It comes back as it is, with "", where that cannot be done: without a schema of an object, beside a search, beside
    earlier calls of tools that are not declared, or where the client itself wants a call.
    """
    option = conversation.options.get("response_format")
    if option is None or not _possible(conversation, option.value):
        return conversation, ""
    wanted: OutputFormat = option.value
    free = bool(conversation.tools) and (conversation.tool_choice is None or conversation.tool_choice.mode == "auto")
    tool = FunctionTool(
        _unused(conversation),
        "\n".join(each for each in (_OR_ANOTHER if free else _DESCRIPTION, wanted.description) if each),
        wanted.schema,
        at=option.at,
    )
    allowed = None if conversation.tool_choice is None else conversation.tool_choice.names
    names = (*(allowed or ()), tool.name) if free and allowed is not None else None
    forced = ToolChoice("required", names if free else (tool.name,), single=not free, at=option.at)
    notes.append(Note(option.at, "approximated", detail=_WHY))
    options = {name: each for name, each in conversation.options.items() if name != "response_format"}
    return replace(conversation, tools=(*conversation.tools, tool), tool_choice=forced, options=options), tool.name


def _possible(conversation: Conversation, wanted: OutputFormat) -> bool:
    if wanted.schema is None or wanted.schema.get("type", "object") != "object" or "web_search" in conversation.options:
        return False
    if conversation.tool_choice is not None and conversation.tool_choice.mode == "required":
        return False
    return bool(conversation.tools) or not any(
        isinstance(part, ToolCall) for turn in conversation.turns for part in turn.parts
    )


def _unused(conversation: Conversation) -> str:
    """Return a name that no tool of the request has, nor any that was called."""
    taken = {tool.name for tool in conversation.tools}
    taken |= {part.name for turn in conversation.turns for part in turn.parts if isinstance(part, ToolCall)}
    name, count = _NAME, 1
    while name in taken:
        count += 1
        name = f"{_NAME}_{count}"
    return name


class AnswerTool:
    """Emits the calls of the tool `name` as the answer's text."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._choices: dict[int, _Choice] = {}

    def on(self, event: Event) -> Iterator[Event]:
        if not isinstance(event, TextDelta | ToolCallStarted | ToolCallDelta | Finished):
            yield event
            return
        choice = self._choices.setdefault(event.choice, _Choice(event.choice))
        match event:
            case TextDelta():
                choice.text += event.text
            case ToolCallStarted(name=self._name):
                yield from choice.answered(event.index)
            case ToolCallStarted():
                yield from choice.called(event)
            case ToolCallDelta():
                yield from choice.given(event)
            case Finished():
                yield from choice.finished(event)


class _Choice:
    """One alternative of an answer. Its text waits until it is known whether an answer to the schema follows."""

    def __init__(self, number: int) -> None:
        self._number = number
        self.text = ""
        self._answer: int | None = None
        """The wire's index of the call that is the answer."""
        self._calls: dict[int, int] = {}
        """The client's index of each other call, by the wire's."""

    def answered(self, index: int) -> Iterator[Event]:
        if self._answer is None:
            self._answer = index
            yield from self._without_words()
        else:
            yield Noted(_TWICE)

    def called(self, event: ToolCallStarted) -> Iterator[Event]:
        if self._answer is None:
            yield from self._words()
        self._calls[event.index] = len(self._calls)
        yield replace(event, index=self._calls[event.index])

    def given(self, event: ToolCallDelta) -> Iterator[Event]:
        if event.index == self._answer:
            yield TextDelta(event.arguments, self._number)
        elif event.index in self._calls:
            yield replace(event, index=self._calls[event.index])

    def finished(self, event: Finished) -> Iterator[Event]:
        if self._answer is None:
            yield from self._words()
            yield event
            return
        yield from self._without_words()
        only_answer = event.reason == "tool_calls" and not self._calls
        yield replace(event, reason="stop") if only_answer else event

    def _words(self) -> Iterator[Event]:
        if self.text:
            yield TextDelta(self.text, self._number)
            self.text = ""

    def _without_words(self) -> Iterator[Event]:
        if self.text.strip():
            yield Noted(_SPOKE)
        self.text = ""
