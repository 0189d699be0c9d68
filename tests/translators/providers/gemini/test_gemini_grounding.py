"""Citations: bytes of a part become code points of the text (matrix 2.6)."""

from typing import Any

import pytest
from gemini_streams import calm, chunk, events_of, noted, payloads

from translators.events import Annotation, TextDelta

URL = "https://vertexaisearch.cloud.google.com/grounding-api-redirect/"
SOURCES = [{"web": {"uri": "https://a.test", "title": "A"}}, {"web": {"uri": "https://b.test"}}]


def support(text: str, start: int, end: int, *chunks: int, part: int = 0) -> dict[str, Any]:
    return {
        "segment": {"startIndex": start, "endIndex": end, "text": text, "partIndex": part},
        "groundingChunkIndices": list(chunks),
    }


def annotations(*stream: Any) -> list[Annotation]:
    return [event for event in events_of(stream) if isinstance(event, Annotation)]


def test_a_search() -> None:
    events = events_of(payloads("grounded_search"))
    text = "".join(event.text for event in events if isinstance(event, TextDelta))
    annotated = [event for event in calm(events) if isinstance(event, Annotation)]
    assert annotated == [  # from 0, not in ASCII, with every source
        Annotation(0, 25, "example.org", f"{URL}a"),
        Annotation(26, 40, "example.org", f"{URL}a"),
        Annotation(26, 40, "example.net", f"{URL}b"),
    ]
    assert [text[each.start : each.end] for each in annotated[1:]] == ["Größe: 88 km²."] * 2
    assert noted(events) == [("candidates.groundingMetadata.searchEntryPoint", "dropped")]


def test_sources_and_supports_in_several_chunks() -> None:
    stream = (
        chunk("äö", groundingMetadata={"groundingChunks": SOURCES[:1], "groundingSupports": [support("ä", 0, 2, 0)]}),
        chunk("ü", groundingMetadata={"groundingChunks": SOURCES[1:], "groundingSupports": [support("ü", 4, 6, 1, 0)]}),
        chunk(finish="STOP"),
    )
    assert annotations(*stream) == [
        Annotation(0, 1, "A", "https://a.test"),
        Annotation(2, 3, "", "https://b.test"),
        Annotation(2, 3, "A", "https://a.test"),
    ]


def test_a_part_is_counted_by_itself() -> None:
    two = {"groundingChunks": SOURCES, "groundingSupports": [support("zwei", 0, 4, 0, part=1)]}
    assert annotations(chunk("eins", "zwei", finish="STOP", groundingMetadata=two)) == [
        Annotation(4, 8, "A", "https://a.test")
    ]


def test_bytes_of_the_whole_text_are_found_out() -> None:
    """Thoughts count as parts or do not: what a claim quotes tells."""
    metadata = {"groundingChunks": SOURCES, "groundingSupports": [support("Öl", 2, 5, 0)]}
    stream = (
        chunk({"text": "Hm, hm.", "thought": True}),
        chunk("Ä", "Öl"),
        chunk(finish="STOP", groundingMetadata=metadata),
    )
    assert annotations(*stream) == [Annotation(1, 3, "A", "https://a.test")]


NOWHERE = [
    pytest.param(
        support("xyz", 0, 3, 0), [("candidates.groundingMetadata.groundingSupports", "dropped")], id="misquoted"
    ),
    pytest.param(support("", 3, 3, 0), [("candidates.groundingMetadata.groundingSupports", "dropped")], id="nothing"),
    pytest.param(
        support("abc", 0, 3, 7),
        [("candidates.groundingMetadata.groundingSupports", "dropped")],
        id="no such source",
    ),
    pytest.param(
        {"groundingChunkIndices": [0]}, [("candidates.groundingMetadata.groundingSupports", "dropped")], id="no place"
    ),
]


@pytest.mark.parametrize(("claim", "notes"), NOWHERE)
def test_what_has_no_place(claim: Any, notes: list[Any]) -> None:
    metadata = {"groundingChunks": SOURCES, "groundingSupports": [claim]}
    events = events_of([chunk("abc", finish="STOP", groundingMetadata=metadata)])
    assert [event for event in events if isinstance(event, Annotation)] == []
    assert noted(events) == notes


def test_an_edge_inside_a_character_is_its_beginning() -> None:
    metadata = {"groundingChunks": SOURCES, "groundingSupports": [support("", 1, 5, 0), support("", 3, 99, 0)]}
    annotated = annotations(chunk("äöü", finish="STOP", groundingMetadata=metadata))
    assert [(each.start, each.end) for each in annotated] == [(0, 2), (1, 3)]


@pytest.mark.parametrize("name", ["citationSources", "citations"])
def test_recitations(name: str) -> None:
    cited = {name: [{"startIndex": 3, "endIndex": 6, "uri": "https://c.test", "license": "mit"}, {"endIndex": 2}]}
    assert annotations(chunk("ä abc", finish="STOP", citationMetadata=cited)) == [
        Annotation(2, 5, "", "https://c.test")
    ]


def test_other_kinds_of_sources() -> None:
    sources = [{"maps": {"uri": "https://m.test", "title": "M"}}, {"image": {"sourceUri": "https://i.test"}}, {"x": 1}]
    metadata = {"groundingChunks": sources, "groundingSupports": [support("a", 0, 1, 0, 1, 2)]}
    assert [each.url for each in annotations(chunk("a", finish="STOP", groundingMetadata=metadata))] == [
        "https://m.test",
        "https://i.test",
    ]


WHOLE_TEXT = [
    pytest.param({}, 3, [("candidates.groundingMetadata.groundingChunks", "approximated")], id="no supports"),
    pytest.param(
        {"groundingSupports": None, "webSearchQueries": ["q"]},
        3,
        [("candidates.groundingMetadata.groundingChunks", "approximated")],
        id="supports as null",
    ),
    pytest.param(
        {"groundingSupports": []}, 0, [("candidates.groundingMetadata.groundingChunks", "dropped")], id="no text"
    ),
]


@pytest.mark.parametrize(("more", "length", "notes"), WHOLE_TEXT)
def test_sources_that_support_no_words_are_told_of_the_whole_text(
    more: dict[str, Any], length: int, notes: list[Any]
) -> None:
    metadata = {"groundingChunks": [*SOURCES, SOURCES[0]], **more}
    events = events_of([chunk("äbc"[:length], finish="STOP", groundingMetadata=metadata)])
    annotated = [event for event in calm(events) if isinstance(event, Annotation)]
    whole = [Annotation(0, 3, "A", "https://a.test"), Annotation(0, 3, "", "https://b.test")]
    assert annotated == (whole if length else [])
    assert noted(events) == notes


TEXT = "é one two. Three. Three."
NEAR = [
    pytest.param(support("Three.", 13, 19, 0), (11, 17), id="one byte too far"),
    pytest.param(support("Three.", 9, 15, 0), (11, 17), id="three bytes short"),
    pytest.param(support("Three.", 20, 30, 0), (18, 24), id="the nearest of two"),
    pytest.param(support("Three.", 900, 906, 0), (18, 24), id="beyond the text"),
    pytest.param(support("Three.", 13, 19, 0, part=4), (11, 17), id="a part that is none"),
]


@pytest.mark.parametrize(("claim", "place"), NEAR)
def test_offsets_may_be_wrong_by_a_few(claim: Any, place: tuple[int, int]) -> None:
    metadata = {"groundingChunks": SOURCES, "groundingSupports": [claim]}
    events = events_of([chunk(TEXT, finish="STOP", groundingMetadata=metadata)])
    annotated = [event for event in calm(events) if isinstance(event, Annotation)]
    assert annotated == [Annotation(*place, "A", "https://a.test")]
    assert noted(events) == []


def test_what_is_quoted_far_away_is_not_meant() -> None:
    metadata = {"groundingChunks": SOURCES, "groundingSupports": [support("end", 0, 3, 0)]}
    assert annotations(chunk("x" * 1000 + "end", finish="STOP", groundingMetadata=metadata)) == []


CALL = {"functionCall": {"id": "c", "name": "f", "args": {}}}
PICTURE = {"inlineData": {"mimeType": "image/png", "data": "iVBORw0KGgo="}}
SIGNED = {"text": "", "thoughtSignature": "c2ln"}


@pytest.mark.parametrize(
    "stream",
    [
        pytest.param([["abc"], [SIGNED]], id="a signature of its own"),
        pytest.param([[{"text": "abc", "thoughtSignature": "c2ln"}], [""]], id="a signed text"),
        pytest.param([["abc", SIGNED]], id="whole"),
        pytest.param([["abc", CALL]], id="a call"),
        pytest.param([["abc"], [CALL], []], id="a call of its own"),
        pytest.param([["abc"], [PICTURE]], id="a picture"),
    ],
)
def test_citations_come_before_what_follows_the_text(stream: list[Any]) -> None:
    """A client's message ends where anything else begins."""
    metadata = {"groundingChunks": SOURCES, "groundingSupports": [support("abc", 0, 3, 0)]}
    *first, last = stream
    events = calm(
        events_of([*(chunk(*each) for each in first), chunk(*last, finish="STOP", groundingMetadata=metadata)])
    )
    kinds = [type(event).__name__ for event in events]
    assert kinds[:3] == ["Started", "TextDelta", "Annotation"]
    assert {*kinds[3:-1]} in ({"ReasoningSigned"}, {"ToolCallStarted", "ToolCallDelta"}, {"ImageMade"})


def test_what_was_held_back_comes_before_the_text_that_goes_on() -> None:
    events = calm(events_of([chunk("a", SIGNED), chunk("b", finish="STOP")]))
    kinds = [type(event).__name__ for event in events]
    assert kinds == ["Started", "TextDelta", "ReasoningSigned", "TextDelta", "Finished"]
