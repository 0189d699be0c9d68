"""The first and the last events of a stream, as they came or as they were changed."""

import pytest

from addons.exchange.observers import Pair, Pairs
from addons.inspector import kept_events
from addons.inspector.kept_events import KeptEvents
from translators.notes import Note


def pair(n: int, **more: object) -> Pair:
    return Pair(0.5, f"event-{n}", b"provider %d" % n, b"client %d" % n, call=1, attempt=2)._replace(**more)


NOTED = (Note("seed", "dropped", 7),)
READS = [
    pytest.param([[pair(0)], [pair(1)]], id="by themselves"),
    pytest.param([[pair(0), pair(1), pair(2)], [pair(3), pair(4)]], id="together"),
    pytest.param([[pair(0), pair(1, notes=NOTED)], [pair(2, injected=True)]], id="noted and injected"),
    pytest.param([[pair(n)] for n in range(40)], id="so many that the last ones are kept apart"),
]


def kept(reads: list[list[Pair]], room: int = 10_000) -> KeptEvents:
    events = KeptEvents(room=100_000)
    for read in reads:
        room -= events.add(read, room)
    return events


@pytest.mark.parametrize("reads", READS)
@pytest.mark.parametrize("first", [0, 1, 3])
def test_events(reads: list[list[Pair]], first: int) -> None:
    numbered = list(enumerate(pair for read in reads for pair in read))
    events = kept(reads, room=2000)
    assert kept_events.unpacked(events.since(first), first) == numbered[first:]
    assert kept_events.unpacked(events.since(first), first, most=1) == numbered[first : first + 1]


def test_events_that_were_told_a_read_at_a_time() -> None:
    alike = [pair(0), pair(1, notes=NOTED), pair(2)]
    columns = zip(*[(one.name, one.provider, one.client, one.notes) for one in alike], strict=True)
    names, providers, clients, notes = columns
    events = kept([Pairs(0.5, names, providers, clients, notes, 1, 2)])  # type: ignore[list-item]
    assert [event for _, event in kept_events.unpacked(events.since(0))] == alike


@pytest.mark.parametrize("reads", READS)
def test_what_is_changed_takes_the_place_of_what_was(reads: list[list[Pair]]) -> None:
    def change(numbered: list[tuple[int, Pair]]) -> list[Pair]:
        return [each._replace(provider=b"hidden") if n else each for n, each in numbered]

    events = kept(reads, room=2000)
    news = kept_events.changed(events.since(0), change)
    more = events.put(news)
    now = [event for _, event in kept_events.unpacked(events.since(0))]
    assert now == change(list(enumerate(event for read in reads for event in read)))
    assert more < 0
    assert events.put(news) == 0


def test_the_middle_of_a_long_stream_is_left_out() -> None:
    events = KeptEvents(room=2000)
    size = sum(events.add([pair(n)], room=2000 if n < 5 else 0) for n in range(100))
    numbers = [n for n, _ in kept_events.unpacked(events.since(0))]
    assert numbers[:5] == [0, 1, 2, 3, 4]
    assert numbers[5:] == list(range(numbers[5], 100))
    assert size <= 2000 + 5 * 300
    assert events.count == 100
