"""Rules for the answers of Anthropic and of Bedrock, which both consist of numbered blocks.

https://platform.claude.com/docs/en/build-with-claude/streaming
https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_ConverseStream.html
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from addons.inspector.lints import finding
from addons.inspector.lints.finding import Answer, Finding, Rule
from addons.inspector.reading import StreamEvent, objects, within
from translators.values import immutable

_DELTAS: Mapping[str, tuple[str, ...]] = {
    "text": ("text_delta", "citations_delta"),
    "thinking": ("thinking_delta", "signature_delta"),
    "tool_use": ("input_json_delta",),
    "server_tool_use": ("input_json_delta",),
}
"""The deltas of Anthropic's blocks, by the type of the block."""


@immutable
class Step:
    """An event in words that both dialects share: `begin`, `start`, `delta`, `stop`, `reason`, `end`."""

    event: StreamEvent
    kind: str
    at: Any = None
    says: str = ""


_ANTHROPIC: Mapping[str, str] = {
    "message_start": "begin",
    "content_block_start": "start",
    "content_block_delta": "delta",
    "content_block_stop": "stop",
    "message_delta": "reason",
    "message_stop": "end",
}
_BEDROCK: Mapping[str, str] = {
    "messageStart": "begin",
    "contentBlockStart": "start",
    "contentBlockDelta": "delta",
    "contentBlockStop": "stop",
    "messageStop": "end",
}


def _steps(answer: Answer) -> list[Step]:
    read = _anthropic_step if answer.family == "anthropic" else _bedrock_step
    return [step for event in answer.events if (step := read(event)) is not None]


def _anthropic_step(event: StreamEvent) -> Step | None:
    fields = event.fields
    kind = _ANTHROPIC.get(str(fields.get("type")))
    says = within(fields, "content_block", "type") or within(fields, "delta", "type")
    return None if kind is None else Step(event, kind, finding.key(fields.get("index")), str(says or ""))


def _bedrock_step(event: StreamEvent) -> Step | None:
    for name, inner in event.fields.items():
        if name in _BEDROCK:
            return Step(event, _BEDROCK[name], finding.key(within(inner, "contentBlockIndex")), _member(inner))
    return None


def _member(inner: Any) -> str:
    union = within(inner, "delta") or within(inner, "start") or {}
    return next(iter(union), "") if isinstance(union, Mapping) else ""


def _order(answer: Answer) -> Iterator[Finding]:
    """The message begins first; a block starts, grows, stops, and only then the next one starts."""
    steps, current, seen = _steps(answer), None, set[Any]()
    if not steps or steps[0].kind != "begin":
        yield Finding("The first event does not begin the message.", answer.events[0].n)
    for step in steps:
        if step.kind == "begin" and step is not steps[0]:
            yield Finding("The message begins a second time.", step.event.n)
        elif step.kind == "start" or (step.kind == "delta" and _starts(answer, step, current, seen)):
            if current is not None:
                yield Finding(f"Block {step.at} starts before block {current} has stopped.", step.event.n)
            current = step.at
            seen.add(current)
        elif step.kind in ("delta", "stop") and step.at != current:
            yield Finding(f"A {step.kind} is about block {step.at}, which is not open.", step.event.n)
        elif step.kind in ("reason", "end") and current is not None and answer.over:
            yield Finding(f"The message ends before block {current} has stopped.", step.event.n)
        if step.kind == "stop":
            current = None


def _starts(answer: Answer, step: Step, current: Any, seen: set[Any]) -> bool:
    """Return whether a delta starts its block: Bedrock only has a start for tool uses and images."""
    return answer.family == "bedrock" and step.at != current and step.at not in seen and step.says != "toolUse"


def _one_end(answer: Answer) -> Iterator[Finding]:
    """The message has one stop reason and ends once; behind its end there is nothing but pings and Bedrock's one
    `metadata`."""
    steps = _steps(answer)
    ends = [step.event for step in steps if step.kind == "end"]
    if not ends and answer.over:
        yield Finding("The message does not end.", answer.events[-1].n)
    for event in ends[1:]:
        yield Finding("The message ends more than once.", event.n)
    if ends and (after := [event for event in _unexpected(answer.events) if event.n > ends[0].n and event not in ends]):
        yield Finding("There is something after the message's end.", after[0].n)
    reasons = [step.event for step in steps if step.kind == "reason" and _reason(step.event) is not None]
    for event in reasons[1:]:
        yield Finding("The message has a second stop reason.", event.n)


def _unexpected(events: Sequence[StreamEvent]) -> Iterator[StreamEvent]:
    """Yield the events that may not come behind an end."""
    counted = False
    for event in events:
        counts = "metadata" in event.fields
        if event.fields.get("type") != "ping" and (counted or not counts):
            yield event
        counted = counted or counts


def _finish(answer: Answer) -> Iterator[Finding]:
    """A stop reason comes with the end, and no tool use ends as a tool use."""
    body, events = answer.whole, answer.events
    if body is not None:
        if not (body.get("stop_reason") or body.get("stopReason")):
            yield Finding(
                "The answer has no stop reason.", path="stop_reason" if answer.family == "anthropic" else "stopReason"
            )
        return
    reasons = [(event.n, reason) for event in events if (reason := _reason(event)) is not None]
    if not reasons and answer.over:
        yield Finding("No event has a stop reason.", events[-1].n)
    used = any(step.says in ("tool_use", "toolUse") for step in _steps(answer))
    for n, reason in reasons:
        if reason == "tool_use" and not used:
            yield Finding("The stop reason is tool_use, and there is none.", n)


def _reason(event: StreamEvent) -> Any:
    reason = within(event.fields, "delta", "stop_reason")
    return reason if reason is not None else within(event.fields, "messageStop", "stopReason")


def _dense(answer: Answer) -> Iterator[Finding]:
    """Blocks are numbered from 0 without gaps."""
    first = dict[Any, int]()
    for step in _steps(answer):
        if step.at is not None:
            first.setdefault(step.at, step.event.n)
    yield from finding.gaps(list(first), "The blocks", next(iter(first.values()), None))


def _kinds(answer: Answer) -> Iterator[Finding]:
    """A block only has deltas of its own kind."""
    kinds = dict[Any, str]()
    for step in _steps(answer):
        if step.kind == "start":
            kinds[step.at] = step.says
        elif step.kind == "delta" and answer.family == "anthropic":
            own = _DELTAS.get(kinds.get(step.at, ""))
            if own is not None and step.says not in own:
                yield Finding(f"Block {step.at} is {kinds[step.at]} and gets {step.says[:40]}.", step.event.n)
        elif step.kind == "delta" and kinds.get(step.at) == "toolUse" and step.says != "toolUse":
            yield Finding(f"Block {step.at} is a tool use and gets {step.says[:40]}.", step.event.n)


def _usage(answer: Answer) -> Iterator[Finding]:
    """Usage is there: Anthropic's at the beginning and at the end, Bedrock's after the end."""
    if answer.whole is not None:
        if not isinstance(answer.whole.get("usage"), Mapping):
            yield Finding("The answer has no usage.", path="usage")
        return
    if not answer.over:
        return
    places = ("message", "usage"), ("usage",), ("metadata", "usage")
    reported = [any(isinstance(within(event.fields, *place), Mapping) for place in places) for event in answer.events]
    if not any(reported):
        yield Finding("No event has usage.", answer.events[-1].n)


def _names(answer: Answer) -> Iterator[Finding]:
    """The name of an event is its type."""
    for event in answer.events:
        kind = event.fields.get("type") if answer.family == "anthropic" else next(iter(event.fields), "")
        if event.name and kind is not None and event.name != kind and kind != "exception":
            yield Finding("The event's name is not its type.", event.n)


def _blocks(answer: Answer) -> Iterator[Finding]:
    """A tool use has its id and its name."""
    for event in answer.events:
        used = within(event.fields, "contentBlockStart", "start", "toolUse")
        block = within(event.fields, "content_block")
        if used is not None and not (within(used, "toolUseId") and within(used, "name")):
            yield Finding("A tool use has no id or no name.", event.n)
        if within(block, "type") == "tool_use" and not (within(block, "id") and within(block, "name")):
            yield Finding("A tool use has no id or no name.", event.n)
    for place, block in objects((answer.whole or {}).get("content")):
        if block.get("type") == "tool_use" and not (block.get("id") and block.get("name")):
            yield Finding("A tool use has no id or no name.", path=f"content[{place}]")


def _empty(answer: Answer) -> Iterator[Finding]:
    """A block of text has text when it stops."""
    silent = dict[Any, bool]()
    for step in _steps(answer):
        if step.kind == "stop" and silent.pop(step.at, False):
            yield Finding(f"Block {step.at} stops without text.", step.event.n)
        elif step.says in ("text", "text_delta", "citations_delta"):
            silent[step.at] = silent.get(step.at, True) and not _text(step.event)
    for place, block in objects((answer.whole or {}).get("content")):
        if block.get("type") == "text" and not block.get("text"):
            yield Finding("The block has no text.", path=f"content[{place}]")


def _text(event: StreamEvent) -> Any:
    parts = ("content_block",), ("delta",), ("contentBlockDelta", "delta")
    return next((text for part in parts if (text := within(event.fields, *part, "text"))), None)


STREAM: Mapping[str, Rule] = {
    finding.ORDER: _order,
    finding.END: _one_end,
    finding.FINISH: _finish,
    finding.DENSE: _dense,
    "deltas of the block's kind": _kinds,
    finding.USAGE: _usage,
    finding.NAMES: _names,
    "calls begin with id and name": _blocks,
    finding.BLOCKS: _empty,
}
WHOLE: Mapping[str, Rule] = {
    finding.FINISH: _finish,
    finding.USAGE: _usage,
    "calls begin with id and name": _blocks,
    finding.BLOCKS: _empty,
}
