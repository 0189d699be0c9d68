"""Rules for Ollama's answers (https://github.com/ollama/ollama/blob/main/docs/api.md#generate-a-chat-completion)."""

from collections.abc import Iterator, Mapping

from addons.inspector.lints import finding
from addons.inspector.lints.finding import Answer, Finding, Rule
from addons.inspector.reading import objects, within


def _one_end(answer: Answer) -> Iterator[Finding]:
    """`"done": true` comes once and last."""
    lines = answer.payloads
    ends = [n for n, line in lines if line.get("done") is True]
    if not ends and answer.over:
        yield Finding("No line is done.", lines[-1][0])
    for n in ends[1:]:
        yield Finding("A second line is done.", n)
    if ends and lines[-1][0] not in ends:
        yield Finding("There is something after the line that is done.", lines[-1][0])


def _finish(answer: Answer) -> Iterator[Finding]:
    """The line that is done has its reason."""
    for n, line in answer.payloads:
        if line.get("done") is True and not line.get("done_reason"):
            yield Finding("The line that is done has no done_reason.", n)


def _usage(answer: Answer) -> Iterator[Finding]:
    """The line that is done has its counts."""
    for n, line in answer.payloads:
        if line.get("done") is True and not isinstance(line.get("eval_count"), int):
            yield Finding("The line that is done has no eval_count.", n)


def _calls(answer: Answer) -> Iterator[Finding]:
    """A call has a name, and its arguments are an object."""
    for n, line in answer.payloads:
        for _, call in objects(within(line, "message", "tool_calls")):
            asked = call.get("function")
            if not within(asked, "name") or not isinstance(within(asked, "arguments") or {}, Mapping):
                yield Finding("A call has no name, or its arguments are no object.", n)


STREAM: Mapping[str, Rule] = {
    finding.END: _one_end,
    finding.FINISH: _finish,
    finding.USAGE: _usage,
    "calls have a name": _calls,
}
WHOLE: Mapping[str, Rule] = STREAM
