"""What a provider sends is never trusted: every recorded answer in the ways in which real ones differ from documents.

A field that no document has, `null` where a field is optional, keys in another order, events in another place: the
client has the same answer. What was taken away or is of the wrong type may be missing; then it alone, or a note says
what else, or the answer is an error.
"""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from judging import Telling, lost, lost_beside, tellings
from mutating import (
    Mutated,
    alternatives,
    empties_for_what_is_absent,
    nulls_for_what_is_absent,
    numbers_off,
    other_events,
    other_orders,
    taken,
    unknown_fields,
    well_known_words,
)
from routes import Answered, Route, read, routes_of, written
from samples import SAME_ANSWERS
from wholes import RECORDINGS, framed, framing_of, payloads_in, whole_of

from translators.dialects import Recall
from translators.errors import TranslationError
from translators.registry import PROVIDERS


@dataclass
class Recorded:
    """An answer as its provider sent it, and what every client has of it."""

    provider: str
    whole: bool
    payloads: list[Any]

    def __post_init__(self) -> None:
        self.routes = routes_of(self.provider)
        first = tellings(self.routes, self.payloads, whole=self.whole)
        self.choices = len(first[0].answered()[0])
        self.tellings = self.again(self.payloads)
        self.answers = [telling.answered() for telling in self.tellings]

    def again(self, payloads: list[Any]) -> list[Telling]:
        return tellings(self.routes, payloads, whole=self.whole, choices=self.choices)

    def compared(self, mutations: Iterable[Mutated]) -> Iterator[tuple[Mutated, Route, Telling, Answered, Telling]]:
        """Yield the mutations of which a machine emits other events than before."""
        for mutated in mutations:
            tellings = zip(self.routes, self.tellings, self.answers, self.again(mutated.payloads), strict=True)
            for route, before, answered, after in tellings:
                if after.emitted.failure is not None or after.emitted.events != before.emitted.events:
                    yield mutated, route, before, answered, after


def recorded() -> dict[str, Recorded]:
    answers_by_name: dict[str, Recorded] = {}
    for name, (provider, data) in RECORDINGS.items():
        if "/failing_" in name:
            continue
        payloads = payloads_in(provider, data)
        answers_by_name[name] = Recorded(provider, False, payloads)
        if (whole := whole_of(provider, payloads)) is not None:
            answers_by_name[f"{name} whole"] = Recorded(provider, True, [whole])
    return answers_by_name


RECORDED = recorded()
answers = pytest.mark.parametrize("answer", [pytest.param(answer, id=name) for name, answer in RECORDED.items()])
streams = pytest.mark.parametrize(
    "answer", [pytest.param(answer, id=name) for name, answer in RECORDED.items() if not answer.whole]
)


def changed(answer: Recorded, mutations: Iterable[Mutated]) -> list[str]:
    """Return what a client has in another form, though the answer means the same."""
    problems: list[str] = []
    for mutated, route, _, answered, after in answer.compared(mutations):
        if after.emitted.failure is not None:
            problems.append(f"{route}, {mutated.what}: {after.emitted.failure.message}")
        elif difference := lost(answered, again := after.answered()) or lost(again, answered):
            problems.append(f"{route}, {mutated.what}: {difference}")
    return problems


def taken_along(answer: Recorded, mutations: Iterable[Mutated], *, noted: bool) -> list[str]:
    """What a client does not have any more, though it was not taken away, and the answer is no error. `noted`: a note
    of it is enough."""
    problems: list[str] = []
    for mutated, route, before, answered, after in answer.compared(mutations):
        if after.emitted.failure is not None or (noted and new_notes(before, after)):
            continue
        if route.client == "responses" and answer.choices > 1:
            continue  # such a client asks for one
        if (difference := gone(answered, after, mutated)) and (
            not route.passed_through or straight(answer, route, mutated, answered)
        ):
            problems.append(f"{route}, {mutated.what}: {difference}")
    return problems


def gone(answered: Answered, after: Telling, mutated: Mutated) -> str | None:
    try:
        return lost_beside(answered, after.answered(), mutated.taken)
    except TranslationError:
        return None
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        return f"cannot be read: {error!r}"


def straight(answer: Recorded, route: Route, mutated: Mutated, answered: Answered) -> bool:
    """Return whether a client that asks the provider itself has what it had before."""
    pieces = [framed(route.framing, payload) for payload in mutated.payloads]
    data = json.dumps(mutated.payloads[0]).encode() if answer.whole else b"".join(pieces)
    try:
        return lost_beside(answered, read(route.client, data, streamed=not answer.whole), mutated.taken) is None
    except Exception:  # whatever a client fails with  # noqa: BLE001
        return False


def new_notes(before: Telling, after: Telling) -> set[str]:
    return set(map(repr, after.emitted.notes)) - set(map(repr, before.emitted.notes))


def expect_none(problems: list[str]) -> None:
    assert not problems, f"{len(problems)} such as\n" + "\n".join(problems[:8])


@answers
def test_fields_that_no_document_has_say_nothing(answer: Recorded) -> None:
    expect_none(changed(answer, unknown_fields(answer.payloads)))


@answers
def test_others_words_take_nothing_away(answer: Recorded) -> None:
    expect_none(taken_along(answer, well_known_words(answer.payloads), noted=False))


@answers
def test_nulls_say_nothing(answer: Recorded) -> None:
    mutations = nulls_for_what_is_absent(answer.provider, answer.payloads, whole=answer.whole)
    expect_none(changed(answer, mutations))


@answers
def test_empty_objects_take_nothing_away(answer: Recorded) -> None:
    """Unless a note says so, or the answer is an error."""
    mutations = empties_for_what_is_absent(answer.provider, answer.payloads, whole=answer.whole)
    expect_none(taken_along(answer, mutations, noted=True))


@answers
def test_the_order_of_keys_says_nothing(answer: Recorded) -> None:
    expect_none(changed(answer, other_orders(answer.payloads)))


@answers
def test_what_is_said_twice_is_told_once(answer: Recorded) -> None:
    mutations = alternatives(answer.provider, answer.payloads, whole=answer.whole)
    expect_none(changed(answer, mutations))


@streams
def test_events_that_say_nothing_change_nothing(answer: Recorded) -> None:
    expect_none(changed(answer, other_events(answer.provider, answer.payloads)))


@answers
def test_what_is_missing_or_odd_takes_nothing_else_along(answer: Recorded) -> None:
    """Unless a note says so, or the answer is an error."""
    mutations = [*taken(answer.payloads), *numbers_off(answer.payloads)]
    expect_none(taken_along(answer, mutations, noted=True))


@streams
def test_the_bytes_around_events_say_nothing(answer: Recorded) -> None:
    """Comments, fields that mean nothing here, line ends, one read for all, no blank line at the end."""
    for route, answered in zip(answer.routes, answer.answers, strict=True):
        for data in _framings(answer):
            pipe = route.pipe(content_type_of(route), streamed=True)
            out = pipe.feed(data) + pipe.close()
            assert pipe.failure is None
            assert read(route.client, out, streamed=True) == answered


def content_type_of(route: Route) -> str:
    return {"sse": "text/event-stream", "ndjson": "application/x-ndjson"}.get(route.framing, "")


def _framings(answer: Recorded) -> Iterator[bytes]:
    framing = framing_of(answer.provider)
    events = [framed(framing, payload) for payload in answer.payloads]
    yield b"".join(events)
    if framing == "ndjson":
        yield b"".join(events).rstrip(b"\n")
        yield b"\r\n \n".join(events)
    if framing == "sse":
        yield b"\xef\xbb\xbf" + b": comment\n\n".join(events).replace(b"\n", b"\r\n")
        yield b"id: 7\nretry: 10\nnews: x\n".join([b"", *events])
        yield b"".join(events).rstrip(b"\n")


def test_every_dialect_is_tried() -> None:
    tried = {(answer.provider, answer.whole) for answer in RECORDED.values()}
    for provider in PROVIDERS:
        same = SAME_ANSWERS.get(provider, provider)
        assert {(same, True), (same, False)} <= tried
        assert type(PROVIDERS[provider].answer(Recall())) is type(PROVIDERS[same].answer(Recall()))


def test_the_tests_can_fail() -> None:
    """A telling without one of its parts is another one."""
    answer = RECORDED["anthropic/parallel_tools_after_thinking.sse"]
    for route, before, answered in zip(answer.routes, answer.tellings, answer.answers, strict=True):
        kinds = {type(event) for event in before.emitted.events}
        for kind in kinds:
            if kind.__name__ not in ("TextDelta", "ToolCallStarted") or route.client == "completions":
                continue
            events = [event for event in before.emitted.events if type(event) is not kind]
            if kind.__name__ == "ToolCallStarted":
                events = [event for event in events if type(event).__name__ != "ToolCallDelta"]
            out = written(route.writer(streamed=True), events)
            assert lost(answered, read(route.client, out, streamed=True)) is not None
            assert lost_beside(answered, read(route.client, out, streamed=True), ()) is not None
