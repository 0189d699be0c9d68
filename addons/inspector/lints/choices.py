"""Rules for the answers of OpenAI's chat completions and completions.

https://platform.openai.com/docs/api-reference/chat/streaming
"""

from collections.abc import Iterator, Mapping
from typing import Any

from addons.inspector.lints import finding
from addons.inspector.lints.finding import Answer, Finding, Rule
from addons.inspector.reading import END_MARK, StreamEvent, objects, within


def _choices(answer: Answer) -> Iterator[tuple[StreamEvent, Any, Mapping[str, Any]]]:
    for event in answer.events:
        for place, choice in objects(event.fields.get("choices")):
            yield event, finding.key(choice.get("index", place)), choice


def _order(answer: Answer) -> Iterator[Finding]:
    """The role comes first, nothing of a choice after its finish reason, and the reason before `[DONE]`."""
    begun, ended = set[Any](), dict[Any, int]()
    for event, number, choice in _choices(answer):
        delta = choice.get("delta") or {}
        if answer.family == "chat" and number not in begun and within(delta, "role") is None:
            yield Finding(f"The first delta of choice {number} has no role.", event.n)
        if number in ended and _says(choice):
            yield Finding(f"Choice {number} goes on after its finish reason in event {ended[number]}.", event.n)
        begun.add(number)
        if choice.get("finish_reason") is not None:
            ended.setdefault(number, event.n)
    for event in answer.events:
        if event.payload == END_MARK and answer.over:
            for number in sorted(begun - ended.keys(), key=str):
                yield Finding(f"[DONE] comes before choice {number} has a finish reason.", event.n)


def _says(choice: Mapping[str, Any]) -> bool:
    said = choice.get("delta") or {"content": choice.get("text")}
    return any(within(said, name) for name in ("content", "tool_calls", "reasoning_content", "refusal"))


def _one_end(answer: Answer) -> Iterator[Finding]:
    """`[DONE]` comes once and last; each choice has one finish reason."""
    marks = [event for event in answer.events if event.payload == END_MARK]
    if not marks and answer.over:
        yield Finding("The stream has no [DONE].", answer.events[-1].n)
    for event in marks[1:]:
        yield Finding("[DONE] comes more than once.", event.n)
    if marks and (after := [event for event in answer.events if event.n > marks[0].n and event not in marks]):
        yield Finding("There is something after [DONE].", after[0].n)
    reasons = dict[Any, str]()
    for event, number, choice in _choices(answer):
        if (reason := choice.get("finish_reason")) is not None:
            if number in reasons:
                yield Finding(f"Choice {number} has a second finish reason.", event.n)
            reasons[number] = reason


def _dense(answer: Answer) -> Iterator[Finding]:
    """Choices and, in each of them, tool calls are numbered from 0 without gaps."""
    choices, calls = dict[Any, int](), dict[Any, dict[Any, int]]()
    for event, number, choice in _choices(answer):
        choices.setdefault(number, event.n)
        for place, call in objects(within(choice, "delta", "tool_calls")):
            calls.setdefault(number, {}).setdefault(finding.key(call.get("index", place)), event.n)
            if "index" not in call:
                yield Finding("A tool call has no index.", event.n)
    if answer.over or len(choices) == 1:
        yield from finding.gaps(sorted(choices, key=str), "The choices", next(iter(choices.values()), None))
    for number, each in calls.items():
        yield from finding.gaps(list(each), f"The tool calls of choice {number}", next(iter(each.values())))


def _calls_begin(answer: Answer) -> Iterator[Finding]:
    """The first delta of a tool call has its id and its name."""
    begun = set[tuple[Any, Any]]()
    for event, number, choice in _choices(answer):
        for place, call in objects(within(choice, "delta", "tool_calls")):
            at = (number, finding.key(call.get("index", place)))
            named = within(call, "function", "name") or within(call, "custom", "name")
            if at not in begun and not (call.get("id") and named):
                yield Finding(f"Tool call {at[1]} begins without its id or its name.", event.n)
            begun.add(at)


def _usage(answer: Answer) -> Iterator[Finding]:
    """Usage is there where it was asked for: in one chunk of a stream, in the body of a whole answer."""
    if answer.whole is not None:
        if not isinstance(answer.whole.get("usage"), Mapping):
            yield Finding("The answer has no usage.", path="usage")
        return
    if not (answer.over and answer.wants_usage):
        return
    if not any(_has_usage(event.fields) for event in answer.events):
        yield Finding("The request asks for usage, and no chunk has it.", answer.events[-1].n)


def _has_usage(payload: Mapping[str, Any]) -> bool:
    beside = (within(payload, "usage"), within(payload, "x_groq", "usage"))
    return any(isinstance(each, Mapping) for each in beside)


def _same(answer: Answer) -> Iterator[Finding]:
    """All chunks have the same id."""
    ids = dict[Any, int]()
    for event in answer.events:
        if "choices" in event.fields and event.fields.get("id"):
            ids.setdefault(finding.key(event.fields["id"]), event.n)
    for n in list(ids.values())[1:]:
        yield Finding("This chunk has another id than the one before.", n)


def _finish(answer: Answer) -> Iterator[Finding]:
    """Each choice of a whole answer has its finish reason, and tool calls end as tool calls."""
    for place, choice in objects((answer.whole or {}).get("choices")):
        if choice.get("finish_reason") is None:
            yield Finding("The choice has no finish reason.", path=f"choices[{place}].finish_reason")
    called = {number for _, number, choice in _choices(answer) if within(choice, "delta", "tool_calls")}
    for event, number, choice in _choices(answer):
        if choice.get("finish_reason") == "tool_calls" and number not in called:
            yield Finding(f"Choice {number} ends with tool_calls and has none.", event.n)


STREAM: Mapping[str, Rule] = {
    finding.ORDER: _order,
    finding.END: _one_end,
    finding.DENSE: _dense,
    "calls begin with id and name": _calls_begin,
    finding.USAGE: _usage,
    finding.SAME: _same,
    finding.FINISH: _finish,
}
WHOLE: Mapping[str, Rule] = {finding.USAGE: _usage, finding.FINISH: _finish}
