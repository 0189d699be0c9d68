"""An exchange as one value."""

from typing import Any

import pytest
from traced_exchange import SAID, recorded

from addons.inspector.full import MOST_LINKED, full, pairs
from addons.inspector.provenance import traced
from addons.inspector.recording import EventPair
from translators.provenance import Link


@pytest.mark.parametrize(
    ("events", "links", "found"),
    [
        pytest.param([(0, "a", "x"), (1, "b", "")], [], [(0, [0]), (1, [])], id="at once, or nothing"),
        pytest.param([(0, "a", ""), (1, "b", "x")], [("0].t", "1][0].u")], [(0, [1]), (1, [1])], id="held back"),
        pytest.param([(0, "a", ""), (1, "", "x")], [("0].t", "1][0].u")], [(0, [1])], id="told of another"),
        pytest.param([(0, "", "x")], [], [(None, [0])], id="the gateway's own"),
    ],
)
def test_pairs(events: list[tuple[int, str, str]], links: list[tuple[str, str]], found: list[Any]) -> None:
    ends = [Link(f"events[{source}", f"events[{target}", "copied") for source, target in links]
    made = pairs([EventPair(n, 0.0, "", provider, client, 0, 1) for n, provider, client in events], ends)
    assert made == [{"provider": provider, "client": client} for provider, client in found]


@pytest.mark.parametrize(("events", "known"), [(len(SAID), True), (MOST_LINKED + 1, False)])
def test_of_a_long_stream_the_links_are_left_out(events: int, known: bool) -> None:
    exchange = recorded()
    exchange.facts.events = events
    assert (full(exchange, traced(exchange))["provenance"]["answer"] is not None) is known
