"""Rules for the answers of OpenAI's Responses API.

https://platform.openai.com/docs/api-reference/responses-streaming
"""

from collections.abc import Iterator, Mapping
from typing import Any

from addons.inspector.lints import finding
from addons.inspector.lints.finding import Answer, Finding, Rule
from addons.inspector.reading import StreamEvent, objects, text_in, within

ENDS = ("response.completed", "response.incomplete", "response.failed")
_TEXTS: Mapping[str, str] = {
    "response.output_text": "text",
    "response.refusal": "refusal",
    "response.function_call_arguments": "arguments",
    "response.custom_tool_call_input": "input",
    "response.reasoning_summary_text": "text",
    "response.reasoning_text": "text",
}
"""The events that come as deltas, and the field of their `done` that has all of it."""


def _kind(event: StreamEvent) -> str:
    return text_in(event.fields.get("type"))


def _order(answer: Answer) -> Iterator[Finding]:
    """`response.created` comes first; an item is added, then grows, then is done."""
    if _kind(answer.events[0]) not in ("response.created", "error"):
        yield Finding("The first event is not response.created.", answer.events[0].n)
    open_items, done = set[Any](), set[Any]()
    for event in answer.events:
        kind, at = _kind(event), finding.key(event.fields.get("output_index"))
        if kind == "response.output_item.added":
            if at in open_items or at in done:
                yield Finding(f"Item {at} is added a second time.", event.n)
            open_items.add(at)
        elif kind == "response.output_item.done":
            if at not in open_items:
                yield Finding(f"Item {at} is done and was not added, or was done before.", event.n)
            open_items.discard(at)
            done.add(at)
        elif at is not None and at not in open_items:
            yield Finding(f"{kind} is about item {at}, which is not open.", event.n)
        elif kind in ENDS[:1] and open_items:
            yield Finding(f"The response is completed before item {min(open_items, key=str)} is done.", event.n)


def _one_end(answer: Answer) -> Iterator[Finding]:
    """One of `response.completed`, `incomplete` and `failed` comes once and last."""
    ends = [event for event in answer.events if _kind(event) in ENDS]
    if not ends and answer.over:
        yield Finding("The stream has no response.completed, incomplete or failed.", answer.events[-1].n)
    for event in ends[1:]:
        yield Finding("The response ends more than once.", event.n)
    if ends and answer.events[-1] is not ends[-1]:
        yield Finding("There is something after the response's end.", answer.events[-1].n)


def _numbers(answer: Answer) -> Iterator[Finding]:
    """`sequence_number` counts the events from 0."""
    for expected, event in enumerate(answer.events):
        number = event.fields.get("sequence_number")
        if number != expected:
            yield Finding(f"sequence_number is {str(number)[:20]} instead of {expected}.", event.n)
            return


def _dense(answer: Answer) -> Iterator[Finding]:
    """Items and, in each of them, parts are numbered from 0 without gaps."""
    items, parts = dict[Any, int](), dict[tuple[Any, str], dict[Any, int]]()
    for event in answer.events:
        at = finding.key(event.fields.get("output_index"))
        if at is not None:
            items.setdefault(at, event.n)
        for name in ("content_index", "summary_index"):
            if (part := finding.key(event.fields.get(name))) is not None:
                parts.setdefault((at, name), {}).setdefault(part, event.n)
    yield from finding.gaps(list(items), "The items", next(iter(items.values()), None))
    for (at, _), each in parts.items():
        yield from finding.gaps(list(each), f"The parts of item {at}", next(iter(each.values())))


def _names(answer: Answer) -> Iterator[Finding]:
    """The name of an event is its type."""
    for event in answer.events:
        if event.name and event.name != _kind(event):
            yield Finding("The event's name is not its type.", event.n)


def _sums(answer: Answer) -> Iterator[Finding]:
    """The deltas of a text are what its `done` says, and the items that were done are those of the response."""
    grown = dict[Any, str]()
    for event in answer.events:
        base, _, step = _kind(event).rpartition(".")
        if base not in _TEXTS:
            continue
        fields = event.fields
        at = (base, *(repr(fields.get(name)) for name in ("output_index", "content_index", "summary_index")))
        if step == "delta":
            grown[at] = grown.get(at, "") + str(fields.get("delta", ""))
        elif step == "done" and at in grown and grown[at] != fields.get(_TEXTS[base]):
            yield Finding(f"The deltas before are not what {_kind(event)} says.", event.n)
    done = [each for each in answer.events if _kind(each) == "response.output_item.done"]
    for event in answer.events:
        output = within(event.fields, "response", "output")
        if _kind(event) == "response.completed" and isinstance(output, list) and len(output) != len(done):
            yield Finding(f"The response has {len(output)} items, and {len(done)} were done.", event.n)


def _usage(answer: Answer) -> Iterator[Finding]:
    """The finished response has its usage."""
    if answer.whole is not None:
        if answer.whole.get("status") == "completed" and not isinstance(answer.whole.get("usage"), Mapping):
            yield Finding("The response has no usage.", path="usage")
        return
    for event in answer.events:
        finished = _kind(event) in ENDS[:2]
        if finished and not isinstance(within(event.fields, "response", "usage"), Mapping):
            yield Finding("The finished response has no usage.", event.n)


def _blocks(answer: Answer) -> Iterator[Finding]:
    """A message that is done has content."""
    for event in answer.events:
        item = event.fields.get("item")
        message = _kind(event) == "response.output_item.done" and within(item, "type") == "message"
        if message and not within(item, "content"):
            yield Finding("The message has no content.", event.n)
    for place, item in objects((answer.whole or {}).get("output")):
        if item.get("type") == "message" and not item.get("content"):
            yield Finding("The message has no content.", path=f"output[{place}].content")


STREAM: Mapping[str, Rule] = {
    finding.ORDER: _order,
    finding.END: _one_end,
    "events are numbered": _numbers,
    finding.DENSE: _dense,
    finding.NAMES: _names,
    finding.SUMS: _sums,
    finding.USAGE: _usage,
    finding.BLOCKS: _blocks,
}
WHOLE: Mapping[str, Rule] = {finding.USAGE: _usage, finding.BLOCKS: _blocks}
