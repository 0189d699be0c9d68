"""Several answers as one: each event to its own choice, one beginning, one usage, one end, and no end without all."""

import pytest

from translators.errors import BadAnswer, Failure
from translators.events import (
    Annotation,
    Event,
    Finished,
    ForeignBlock,
    ImageMade,
    Logprobs,
    ReasoningDelta,
    ReasoningRedacted,
    ReasoningSigned,
    RefusalDelta,
    Started,
    TextDelta,
    TokenLogprob,
    ToolCallDelta,
    ToolCallStarted,
    Usage,
    UsageReported,
)
from translators.joining import CallWriter, Joined, total

FAILURE = Failure(502, "broken", "server_error")


class Client:
    """A writer that remembers the events that it received."""

    def __init__(self) -> None:
        self.received: list[Event] = []
        self.ends: list[str] = []

    def on(self, event: Event) -> bytes:
        self.received.append(event)
        return b"+"

    def close(self) -> bytes:
        self.ends.append("closed")
        return b"."

    def fail(self, failure: Failure) -> bytes:
        self.ends.append(failure.message)
        return b"!"


def joined(*choices: int) -> tuple[Client, Joined, list[CallWriter]]:
    """Calls that request so many choices each."""
    client = Client()
    whole = Joined(client, len(choices))
    return client, whole, [whole.part(sum(choices[:at]), count) for at, count in enumerate(choices)]


@pytest.mark.parametrize(
    ("event", "expected"),
    [
        pytest.param(TextDelta("a"), TextDelta("a", 2), id="text"),
        pytest.param(TextDelta("a", 1), TextDelta("a", 3), id="text of a later choice"),
        pytest.param(ReasoningDelta(1, "a"), ReasoningDelta(1, "a", 2), id="reasoning"),
        pytest.param(ReasoningSigned(0, "s", "i"), ReasoningSigned(0, "s", "i", 2), id="a signature"),
        pytest.param(ReasoningRedacted(0, "d", "i"), ReasoningRedacted(0, "d", "i", 2), id="redacted reasoning"),
        pytest.param(RefusalDelta("no"), RefusalDelta("no", 2), id="a refusal"),
        pytest.param(ToolCallStarted(0, "c", "f"), ToolCallStarted(0, "c", "f", choice=2), id="a call"),
        pytest.param(ToolCallDelta(0, "{}"), ToolCallDelta(0, "{}", 2), id="arguments"),
        pytest.param(Annotation(0, 1, "t", "u"), Annotation(0, 1, "t", "u", 2), id="an annotation"),
        pytest.param(ImageMade("image/png", "AA"), ImageMade("image/png", "AA", 2), id="a picture"),
        pytest.param(
            Logprobs((TokenLogprob("a", -1.0),)), Logprobs((TokenLogprob("a", -1.0),), choice=2), id="logprobs"
        ),
        pytest.param(ForeignBlock("d", {"a": 1}), ForeignBlock("d", {"a": 1}, 2), id="a foreign block"),
        pytest.param(Finished("stop", "end", "default"), Finished("stop", "end", "default", 2), id="the end"),
    ],
)
def test_choices_are_counted_over_all_calls(event: Event, expected: Event) -> None:
    client, _, (first, second) = joined(2, 2)
    assert second.on(event) == b"+"
    assert first.on(event) == b"+"
    assert client.received == [expected, event]


def test_one_beginning_and_one_end() -> None:
    client, whole, (first, second) = joined(1, 1)
    assert second.on(Started("msg_2", "m")) == b"+"
    assert first.on(Started("msg_1", "m")) == b""
    assert (first.on(TextDelta("a")), second.on(TextDelta("b"))) == (b"+", b"+")
    assert second.on(UsageReported(Usage(5, 0))) == b""
    assert second.on(Finished("stop")) == b"+"
    assert second.on(UsageReported(Usage(5, 2))) == b""
    assert second.close() == b""
    assert first.on(UsageReported(Usage(5, 3))) == b""
    assert first.on(Finished("length")) == b"+"
    assert whole.usage == Usage(10, 5)
    assert first.close() == b"+."
    assert client.ends == ["closed"]
    assert client.received == [
        Started("msg_2", "m"),
        TextDelta("a"),
        TextDelta("b", 1),
        Finished("stop", choice=1),
        Finished("length"),
        UsageReported(Usage(10, 5)),
    ]


@pytest.mark.parametrize("closed", [0, 1])
def test_a_failure_is_the_last_word(closed: int) -> None:
    client, _, (first, second, third) = joined(1, 1, 1)
    first.on(Started())
    if closed:
        first.close()
    assert second.fail(FAILURE) == b"!"
    received = list(client.received)
    assert (third.on(TextDelta("late")), third.close(), second.close(), third.fail(FAILURE)) == (b"",) * 4
    assert first.close() == b""
    assert (client.received, client.ends) == (received, ["broken"])


def test_a_choice_that_nobody_asked_for() -> None:
    """It would pass for the choice of the next call."""
    client, _, (first, _) = joined(1, 1)
    with pytest.raises(BadAnswer, match="more choices"):
        first.on(TextDelta("a", 1))
    assert client.received == []


def test_a_call_that_tells_no_usage_leaves_all_of_it_unknown() -> None:
    client, whole, (first, second) = joined(1, 1)
    first.on(UsageReported(Usage(5, 3)))
    assert whole.usage == Usage(5, 3)
    first.close()
    assert second.close() == b"."
    assert whole.usage is None
    assert client.received == []


def test_what_no_answers_can_have_is_unknown() -> None:
    _, whole, (first, second) = joined(1, 1)
    first.on(UsageReported(Usage(5, 3)))
    second.on(UsageReported(Usage(5, 10**400)))
    assert whole.usage is None


@pytest.mark.parametrize(
    ("usages", "together"),
    [
        pytest.param([Usage(5, 3)], Usage(5, 3), id="one"),
        pytest.param([Usage(5, 3, 1, 2, 3), Usage(7, 4, 0, 0, 1)], Usage(12, 7, 1, 2, 4), id="all details known"),
        pytest.param([Usage(5, 3, 1, 2, 3), Usage(5, 3, 1)], Usage(10, 6, 2), id="a detail that one did not tell"),
    ],
)
def test_usage_is_summed(usages: list[Usage], together: Usage) -> None:
    assert total(usages) == together
