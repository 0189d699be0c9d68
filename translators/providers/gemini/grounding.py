"""Where an answer's words come from: `groundingMetadata` and `citationMetadata` as annotations.

Gemini counts UTF-8 bytes within one part, a client code points of the whole text
(https://ai.google.dev/gemini-api/docs/google-search).
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from translators.events import Annotation


@dataclass(slots=True)
class Told:
    """A part of the answer as it grows. `start` is where its text begins in the answer's, in code points; a part that
    is no text of the answer has no `pieces`."""

    kind: str
    start: int
    pieces: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Claim:
    """Bytes `start` to `end` of a part, or (`part` is None) of the whole text, and the sources of what they say."""

    part: int | None
    start: int
    end: int
    text: str
    sources: tuple[tuple[str, str], ...]


class Grounding:
    """Collects what comes with any chunk of a stream; told once, when all text is there."""

    def __init__(self) -> None:
        self._sources: list[tuple[str, str]] = []  # title and url; without a url it is no source for a client
        self._supports: list[Mapping[str, Any]] = []
        self._claims: list[_Claim] = []

    def grounded(self, metadata: Mapping[str, Any]) -> None:
        """In a stream `groundingChunks` holds what earlier ones did not, and is counted on."""
        self._sources += map(_source, _list(metadata, "groundingChunks"))
        self._supports += [support for support in _list(metadata, "groundingSupports") if isinstance(support, dict)]

    def cited(self, metadata: Mapping[str, Any]) -> None:
        """Recited sources, under the Gemini API's name or Vertex's."""
        for citation in [*_list(metadata, "citationSources"), *_list(metadata, "citations")]:
            match citation:
                case {"uri": str(url)}:
                    title = citation.get("title")
                    source = (title if isinstance(title, str) else "", url)
                    self._claims.append(_Claim(None, *_range(citation), "", (source,)))

    def annotations(self, parts: Sequence[Told], choice: int) -> tuple[list[Annotation], bool]:
        """In the order in which the provider told them, and whether all of them could be placed."""
        claims = self._claims + [claim for support in self._supports if (claim := self._claim(support)) is not None]
        if not claims:
            return [], True
        places = _placed(claims, parts)
        events = [
            Annotation(*place, title, url, choice)
            for at, claim in enumerate(claims)
            if (place := places.get(at)) is not None
            for title, url in claim.sources
        ]
        return events, len(places) == len(claims)

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


def _placed(claims: Sequence[_Claim], parts: Sequence[Told]) -> dict[int, tuple[int, int]]:
    """Where each claim stands in the whole text. What a claim quotes must stand there: if it does not, its bytes may
    have been counted in the whole text; if they were not either, it has no place."""
    places: dict[int, tuple[int, int]] = {}
    left: dict[int | None, list[int]] = {}
    for at, claim in enumerate(claims):
        left.setdefault(claim.part, []).append(at)
    whole = left.pop(None, [])
    for number, some in left.items():
        told = parts[number] if number is not None and 0 <= number < len(parts) else None
        if told is None or not told.pieces:
            whole += some
            continue
        found = _within("".join(told.pieces), told.start, [(at, claims[at]) for at in some])
        places |= found
        whole += [at for at in some if at not in found]
    text = "".join(piece for told in parts for piece in told.pieces)
    return places | _within(text, 0, [(at, claims[at]) for at in whole])


def _within(text: str, offset: int, claims: Iterable[tuple[int, _Claim]]) -> dict[int, tuple[int, int]]:
    claims = list(claims)
    index = _code_points(text, {edge for _, claim in claims for edge in (claim.start, claim.end)})
    found: dict[int, tuple[int, int]] = {}
    for at, claim in claims:
        start, end = index[claim.start], index[claim.end]
        if start < end and (not claim.text or text[start:end] == claim.text):
            found[at] = (offset + start, offset + end)
    return found


def _code_points(text: str, offsets: Iterable[int]) -> dict[int, int]:
    """Byte offset -> code points before it, in one pass over the text."""
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
    """Zeroes are left out on the wire."""
    start, end = holder.get("startIndex"), holder.get("endIndex")
    return max(start, 0) if isinstance(start, int) else 0, max(end, 0) if isinstance(end, int) else 0


def _list(holder: Mapping[str, Any], name: str) -> list[Any]:
    value = holder.get(name)
    return value if isinstance(value, list) else []
