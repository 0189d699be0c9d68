"""Rules for Gemini's answers (https://ai.google.dev/api/generate-content)."""

from collections.abc import Iterator, Mapping
from typing import Any

from addons.inspector.lints import finding
from addons.inspector.lints.finding import Answer, Finding, Rule
from addons.inspector.reading import objects, within

Found = tuple[int | None, Any, Mapping[str, Any]]


def _candidates(answer: Answer) -> Iterator[Found]:
    for n, payload in answer.payloads:
        for place, candidate in objects(payload.get("candidates")):
            yield n, finding.key(candidate.get("index", place)), candidate


def _blocked(answer: Answer) -> bool:
    return any(within(payload, "promptFeedback", "blockReason") for _, payload in answer.payloads)


def _one_end(answer: Answer) -> Iterator[Finding]:
    """Each candidate has one finish reason; a blocked prompt has no candidates."""
    numbers, ended = dict[Any, int | None](), set[Any]()
    for n, number, candidate in _candidates(answer):
        numbers[number] = n
        if candidate.get("finishReason"):
            if number in ended:
                yield Finding(f"Candidate {number} has a second finish reason.", n)
            ended.add(number)
    if not answer.over or _blocked(answer):
        return
    if not numbers:
        yield Finding("The answer has no candidates.", answer.events[-1].n if answer.events else None)
    for number in sorted(numbers.keys() - ended, key=str):
        yield Finding(f"Candidate {number} has no finish reason.", numbers[number])


def _order(answer: Answer) -> Iterator[Finding]:
    """A candidate says nothing after its finish reason."""
    ended = set[Any]()
    for n, number, candidate in _candidates(answer):
        if number in ended and within(candidate, "content", "parts"):
            yield Finding(f"Candidate {number} goes on after its finish reason.", n)
        if candidate.get("finishReason"):
            ended.add(number)


def _dense(answer: Answer) -> Iterator[Finding]:
    """Candidates are numbered from 0 without gaps."""
    numbers = dict.fromkeys(number for _, number, _ in _candidates(answer))
    yield from finding.gaps(sorted(numbers, key=str), "The candidates")


def _usage(answer: Answer) -> Iterator[Finding]:
    """Usage is there."""
    if answer.over and not any(isinstance(each.get("usageMetadata"), Mapping) for _, each in answer.payloads):
        yield Finding("There is no usageMetadata.", answer.events[-1].n if answer.events else None)


def _same(answer: Answer) -> Iterator[Finding]:
    """All payloads have the same responseId."""
    ids = dict[Any, int | None]()
    for n, payload in answer.payloads:
        if payload.get("responseId"):
            ids.setdefault(finding.key(payload["responseId"]), n)
    for n in list(ids.values())[1:]:
        yield Finding("This payload has another responseId than the one before.", n)


def _calls(answer: Answer) -> Iterator[Finding]:
    """A function call has a name, and its arguments are an object."""
    for n, _, candidate in _candidates(answer):
        for _, part in objects(within(candidate, "content", "parts")):
            call = part.get("functionCall")
            if call is not None and not (within(call, "name") and isinstance(within(call, "args") or {}, Mapping)):
                yield Finding("A function call has no name, or its args are no object.", n)


STREAM: Mapping[str, Rule] = {
    finding.END: _one_end,
    finding.ORDER: _order,
    finding.DENSE: _dense,
    finding.USAGE: _usage,
    finding.SAME: _same,
    "calls have a name": _calls,
}
WHOLE: Mapping[str, Rule] = STREAM
