"""Stop sequences that the gateway keeps itself, however the text is cut."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from translators.events import Event, Finished, TextDelta, ToolCallDelta, ToolCallStarted, Usage, UsageReported
from translators.providers.shared.transforms.stop_sequences import EMPTY, StopSequences, enforced_here

STOP = Finished("stop", "completed")


def events_behind(events: list[Event], *stops: str) -> list[Event]:
    transform = StopSequences(stops)
    return [after for event in events for after in transform.on(event)]


def text_of(events: list[Event], choice: int = 0) -> str:
    return "".join(event.text for event in events if isinstance(event, TextDelta) and event.choice == choice)


@pytest.mark.parametrize(
    ("text", "stops", "expected"),
    [
        pytest.param("Thought: a\nObservation: 14", ["\nObservation:"], "Thought: a", id="in the middle"),
        pytest.param("STOP and more", ["STOP"], "", id="at the start"),
        pytest.param("a STO", ["STOP"], "a STO", id="only its beginning"),
        pytest.param("a STSTOP b", ["STOP"], "a ST", id="after a false beginning"),
        pytest.param("a b c", ["c", "b"], "a ", id="the first in the text"),
        pytest.param("abcd", ["bcd", "c"], "ab", id="one inside another"),
        pytest.param("nothing", ["x"], "nothing", id="none"),
    ],
)
def test_the_text_ends_there(text: str, stops: list[str], expected: str) -> None:
    for size in (1, 2, 3, 100):
        pieces: list[Event] = [TextDelta(text[at : at + size]) for at in range(0, len(text), size)]
        events = events_behind([*pieces, STOP], *stops)
        assert text_of(events) == expected, size
        assert events[-1] == STOP, size


@given(st.text("abS"), st.lists(st.text("abS", min_size=1), min_size=1, max_size=3), st.integers(1, 4))
def test_any_text_in_any_pieces(text: str, stops: list[str], size: int) -> None:
    matches = [(at + len(stop), at) for stop in stops if (at := text.find(stop)) >= 0]
    pieces: list[Event] = [TextDelta(text[at : at + size]) for at in range(0, len(text), size)]
    shown = text_of(events_behind([*pieces, STOP], *stops))
    assert shown == (text[: min(matches)[1]] if matches else text)


def test_behind_it_nothing_is_told_but_usage_and_the_end() -> None:
    usage = UsageReported(Usage(3, 9))
    behind = [TextDelta(" more"), ToolCallStarted(0, "c", "f"), ToolCallDelta(0, "{}"), usage]
    assert events_behind([TextDelta("a"), TextDelta("!"), *behind, Finished("tool_calls")], "!") == [
        TextDelta("a"),
        usage,
        Finished("stop"),
    ]


def test_what_is_held_comes_before_a_call() -> None:
    call = ToolCallStarted(0, "c", "f")
    assert events_behind([TextDelta("a ST"), call, Finished("tool_calls")], "STOP") == [
        TextDelta("a "),
        TextDelta("ST"),
        call,
        Finished("tool_calls"),
    ]


def test_each_choice_has_its_own_end() -> None:
    ends: list[Event] = [Finished("stop", choice=0), Finished("length", choice=1)]
    events = events_behind([TextDelta("a!b", 0), TextDelta("c", 1), *ends], "!")
    assert (text_of(events, 0), text_of(events, 1)) == ("a", "c")
    assert events[-1] == Finished("length", choice=1)


def test_the_note() -> None:
    notes = []
    assert enforced_here(["", "a"], "stop", notes) == ("a",)
    assert [(note.path, note.fate) for note in notes] == [("stop", "dropped"), ("stop", "approximated")]
    assert notes[0].detail == EMPTY
