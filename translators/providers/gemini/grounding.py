"""The sources of an answer's words: `groundingMetadata` and `citationMetadata` as annotations.

Gemini counts UTF-8 bytes within one part, a client code points of the whole text
(https://ai.google.dev/gemini-api/docs/google-search).
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from translators.events import Annotation
from translators.notes import Fate, Note
from translators.values import immutable

_NEAR = 200
"""The distance, in characters, at which a claim's quotation is looked for."""
_PLACELESS = "Citations whose place in the text cannot be told."
_SOURCELESS = "Citations without a source that has a web address."
_UNSUPPORTING = (
    "The provider did not say which words these sources support: of those on the web the whole text is told."
)


@dataclass(slots=True)
class AnswerPart:
    """A part of the answer as it grows. `start` is where its text begins in the answer's, in code points; a part that
    is no text of the answer has no `pieces`."""

    kind: str
    start: int
    pieces: list[str] = field(default_factory=list)


@immutable
class _Claim:
    """Bytes `start` to `end` of a part, or (`part` is None) of the whole text, and the sources of what they say."""

    part: int | None
    start: int
    end: int
    text: str
    sources: tuple[tuple[str, str], ...]


class Grounding:
    """Collects what comes with any chunk of a stream, for annotations when all text is there."""

    def __init__(self) -> None:
        self._sources: list[tuple[str, str]] = []  # title and url; without a url it is no source for a client
        self._supports: list[Mapping[str, Any]] = []
        self._claims: list[_Claim] = []

    def grounded(self, metadata: Mapping[str, Any]) -> None:
        """Take `{"groundingChunks": [...], "groundingSupports": [...]}`. In a stream each `groundingChunks` goes on
        with those before it, and indices count over all."""
        self._sources += map(_source, _list(metadata, "groundingChunks"))
        self._supports += [support for support in _list(metadata, "groundingSupports") if isinstance(support, dict)]

    def cited(self, metadata: Mapping[str, Any]) -> None:
        """Take recited sources, under the Gemini API's name (`citationSources`) or Vertex's (`citations`)."""
        for citation in [*_list(metadata, "citationSources"), *_list(metadata, "citations")]:
            match citation:
                case {"uri": str(url)}:
                    title = citation.get("title")
                    source = (title if isinstance(title, str) else "", url)
                    self._claims.append(_Claim(None, *_range(citation), "", (source,)))

    def annotations(self, parts: Sequence[AnswerPart], choice: int) -> tuple[list[Annotation], list[Note]]:
        """Return annotations in the provider's order, with notes on what is not quite as it was sent."""
        supported = [self._claim(support) for support in self._supports]
        claims = self._claims + [claim for claim in supported if claim is not None]
        notes: list[Note] = []
        places = _placed(claims, parts) if claims else {}
        events = [
            Annotation(*place, title, url, choice)
            for at, claim in enumerate(claims)
            if (place := places.get(at)) is not None
            for title, url in claim.sources
        ]
        if len(places) < len(claims):
            notes.append(Note("candidates.groundingMetadata.groundingSupports", "dropped", detail=_PLACELESS))
        if len(claims) < len(self._claims) + len(self._supports):
            notes.append(Note("candidates.groundingMetadata.groundingSupports", "dropped", detail=_SOURCELESS))
        if self._supports or not self._sources:
            return events, notes
        length = sum(len(piece) for part in parts for piece in part.pieces)
        sources = [source for source in dict.fromkeys(self._sources) if source[1] and length]
        fate: Fate = "approximated" if sources else "dropped"
        notes.append(Note("candidates.groundingMetadata.groundingChunks", fate, detail=_UNSUPPORTING))
        return events + [Annotation(0, length, title, url, choice) for title, url in sources], notes

    def _claim(self, support: Mapping[str, Any]) -> _Claim | None:
        segment = support.get("segment")
        segment = segment if isinstance(segment, dict) else {}
        text, part = segment.get("text"), segment.get("partIndex")
        indices = [index for index in _list(support, "groundingChunkIndices") if isinstance(index, int)]
        known = [self._sources[index] for index in indices if 0 <= index < len(self._sources)]
        sources = tuple(source for source in known if source[1])
        if not sources:
            return None
        text = text if isinstance(text, str) else ""
        return _Claim(part if isinstance(part, int) else 0, *_range(segment), text, sources)


def _placed(claims: Sequence[_Claim], parts: Sequence[AnswerPart]) -> dict[int, tuple[int, int]]:
    """Return the place of each claim in the whole text. A claim's quotation must stand there: if it does not, its bytes
    may have been counted in the whole text, or wrongly by a few; if the quotation is not near either, the claim has no
    place."""
    whole = "".join(piece for part in parts for piece in part.pieces)
    texts = {number: "".join(part.pieces) for number, part in enumerate(parts) if part.pieces}
    by_part: dict[int, list[int]] = {}
    for at, claim in enumerate(claims):
        if claim.part in texts:
            by_part.setdefault(claim.part, []).append(at)
    places: dict[int, tuple[int, int]] = {}
    for find in (_exactly, _nearly):
        for number, some in by_part.items():
            rest = [(at, claims[at]) for at in some if at not in places]
            places |= find(texts[number], parts[number].start, rest)
        places |= find(whole, 0, [(at, claim) for at, claim in enumerate(claims) if at not in places])
    return places


def _exactly(text: str, offset: int, claims: Sequence[tuple[int, _Claim]]) -> dict[int, tuple[int, int]]:
    index = _code_points(text, {edge for _, claim in claims for edge in (claim.start, claim.end)})
    places: dict[int, tuple[int, int]] = {}
    for at, claim in claims:
        start, end = index[claim.start], index[claim.end]
        if start < end and (not claim.text or text[start:end] == claim.text):
            places[at] = (offset + start, offset + end)
    return places


def _nearly(text: str, offset: int, claims: Sequence[tuple[int, _Claim]]) -> dict[int, tuple[int, int]]:
    """Return the places of quotations near their offsets, which are often wrong by a few bytes."""
    index = _code_points(text, {claim.start for _, claim in claims})
    places: dict[int, tuple[int, int]] = {}
    for at, claim in claims:
        start, size = index[claim.start], len(claim.text)
        before = text.rfind(claim.text, max(0, start - _NEAR), start + size)
        after = text.find(claim.text, start, start + _NEAR + size)
        starts = [begin for begin in (before, after) if claim.text and begin >= 0]
        if starts:
            begin = min(starts, key=lambda each: abs(each - start))
            places[at] = (offset + begin, offset + begin + size)
    return places


def _code_points(text: str, offsets: Iterable[int]) -> dict[int, int]:
    """Return byte offset -> code points before it, in one pass over the text."""
    if text.isascii():
        return {offset: min(offset, len(text)) for offset in offsets}
    encoded = text.encode("utf-8", "replace")
    index: dict[int, int] = {}
    before = count = 0
    for offset in sorted(offsets):
        edge = min(offset, len(encoded))
        while 0 < edge < len(encoded) and encoded[edge] & 0xC0 == 0x80:
            edge -= 1  # into a character: its beginning
        count += len(encoded[before:edge].decode("utf-8"))
        before = edge
        index[offset] = count
    return index


def _source(chunk: Any) -> tuple[str, str]:
    match chunk:
        case {"web": {"uri": str(url), **more}} | {"retrievedContext": {"uri": str(url), **more}}:
            pass
        case {"maps": {"uri": str(url), **more}} | {"image": {"sourceUri": str(url), **more}}:
            pass
        case _:
            return "", ""
    title = more.get("title") or more.get("domain")
    return title if isinstance(title, str) else "", url


def _range(holder: Mapping[str, Any]) -> tuple[int, int]:
    """Return start and end. The wire omits zeroes."""
    start, end = holder.get("startIndex"), holder.get("endIndex")
    return max(start, 0) if isinstance(start, int) else 0, max(end, 0) if isinstance(end, int) else 0


def _list(holder: Mapping[str, Any], name: str) -> list[Any]:
    value = holder.get(name)
    return value if isinstance(value, list) else []
