"""Conformance of both legs of an exchange: rules of each dialect for its requests, its streams and whole answers."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from addons.inspector import answer_blocks, reading
from addons.inspector.lints import candidates, choices, content_blocks, finding, items, lines, requests
from addons.inspector.lints.finding import Answer, Finding, Rule
from addons.inspector.reading import END_MARK, LEGS, Detail, Leg, StreamEvent, within

MOST_FINDINGS = 20
"""Findings of one rule; a broken stream breaks some rules with every event."""
_CUT = ("length", "max_tokens", "MAX_TOKENS", "model_context_window_exceeded", "content_filter", "incomplete")
"""Reasons of ends after which the arguments of a call may be cut."""
_USAGE_ON_DEMAND = ("chat", "completions")
"""The dialects whose streams have usage only where the request asks for it."""


def _readable(answer: Answer) -> Iterator[Finding]:
    """Every event is a JSON object, or the end mark."""
    for event in answer.events:
        marks = answer.family in ("chat", "completions") and event.payload == END_MARK
        if not marks and not isinstance(event.payload, Mapping):
            yield Finding("The event is not a JSON object.", event.n)


def _arguments(answer: Answer) -> Iterator[Finding]:
    """The arguments of every call are a JSON object, unless the answer was cut."""
    if not answer.over or any(_is_cut(payload) for _, payload in answer.payloads):
        return
    for block in answer_blocks.blocks(answer.family, answer.payloads):
        if block.kind == "call" and not block.custom and not finding.is_json_object(block.text):
            yield Finding(
                "The arguments of the call are not a JSON object.", block.grown[-1][0] if answer.events else None
            )


def _is_cut(payload: Mapping[str, Any]) -> bool:
    ends = [payload.get("stop_reason"), payload.get("stopReason"), payload.get("done_reason"), payload.get("status")]
    ends += [within(payload, "delta", "stop_reason"), within(payload, "messageStop", "stopReason")]
    ends += [within(payload, "response", "status")]
    for name, reason in (("choices", "finish_reason"), ("candidates", "finishReason")):
        ends += [each.get(reason) for _, each in reading.objects(payload.get(name))]
    return any(end in _CUT for end in ends if isinstance(end, str))


_COMMON: Mapping[str, Rule] = {finding.READABLE: _readable, finding.ARGUMENTS: _arguments}
STREAMS: Mapping[str, Mapping[str, Rule]] = {
    "chat": {**_COMMON, **choices.STREAM},
    "completions": {**_COMMON, **choices.STREAM},
    "responses": {**_COMMON, **items.STREAM},
    "anthropic": {**_COMMON, **content_blocks.STREAM},
    "bedrock": {**_COMMON, **content_blocks.STREAM},
    "gemini": {**_COMMON, **candidates.STREAM},
    "ollama": {**_COMMON, **lines.STREAM},
}
WHOLES: Mapping[str, Mapping[str, Rule]] = {
    "chat": {finding.ARGUMENTS: _arguments, **choices.WHOLE},
    "completions": choices.WHOLE,
    "responses": {finding.ARGUMENTS: _arguments, **items.WHOLE},
    "anthropic": {finding.ARGUMENTS: _arguments, **content_blocks.WHOLE},
    "bedrock": {finding.ARGUMENTS: _arguments, **content_blocks.WHOLE},
    "gemini": {finding.ARGUMENTS: _arguments, **candidates.WHOLE},
    "ollama": {finding.ARGUMENTS: _arguments, **lines.WHOLE},
}


def lint(detail: Detail) -> list[dict[str, Any]]:
    """Return what was judged: `[{"leg": "client", "rule": "one end", "ok": false, "detail": "[DONE] comes more than
    once.", "event": 12, "path": null}]`.

    A rule that holds is there once, with `ok`; a broken one once for each finding. Rules that cannot be judged are not
    there: of a body that was not kept, and of the end of an answer that was refused, failed or was cancelled.
    """
    return [judged for leg in LEGS for judged in _leg(detail, leg)]


def _leg(detail: Detail, leg: Leg) -> Iterator[dict[str, Any]]:
    family = reading.family(detail, leg)
    for rule, found in requests.judged(family, reading.body(detail, leg)):
        yield from _lines(leg, rule, found)
    if detail.get("events_left_out"):
        left_out = f"{detail['events_left_out']} events of this stream were not kept, so that it is not judged."
        yield from _lines(leg, "every event was kept", [Finding(left_out)])
        return
    for answer in _answers(detail, leg, family):
        table = WHOLES if answer.whole is not None else STREAMS
        for rule, check in table.get(family, {}).items():
            yield from _lines(leg, rule, check(answer))


def _answers(detail: Detail, leg: Leg, family: str) -> Iterator[Answer]:
    over = detail.get("end") == "complete"
    whole = reading.body(detail, leg, "response")
    if isinstance(whole, Mapping):
        if over and "error" not in whole:
            yield Answer(family, whole=whole)
        return
    streams = [reading.stream(detail, "client")] if leg == "client" else _of_calls(detail)
    for events in streams:
        if events:
            wants = _wants_usage(family, reading.body(detail, leg))
            yield Answer(family, tuple(events), None, over and not _has_error(events), wants)


def _of_calls(detail: Detail) -> list[list[StreamEvent]]:
    return [reading.of_call(detail, call) for call in reading.calls(detail)]


def _wants_usage(family: str, request: Any) -> bool:
    asked = within(request, "stream_options", "include_usage") is True
    return asked or family not in _USAGE_ON_DEMAND


def _has_error(events: Sequence[StreamEvent]) -> bool:
    """Return whether the stream reports an error: it then has no other end."""
    return any(
        event.fields.get("error")
        or event.fields.get("type") in ("error", "response.failed")
        or "exception" in event.fields
        for event in events
    )


def _lines(leg: Leg, rule: str, found: Iterable[Finding]) -> Iterator[dict[str, Any]]:
    broken = list(found)
    for each in broken[:MOST_FINDINGS]:
        yield {"leg": leg, "rule": rule, "ok": False, "detail": each.detail, "event": each.event, "path": each.path}
    if not broken:
        yield {"leg": leg, "rule": rule, "ok": True, "detail": "", "event": None, "path": None}
