"""Finds out which value of an input each value of its rendering comes from, by rendering it again: never by comparing
what looks alike.

Three ways, the surest first: *copies* are found by the identity of objects, *texts* by marks in them, and what *steers*
(a number, a switch, a word of an API) by another value in its place, one at a time, and a look at what changes.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from copy import deepcopy
from typing import Any

from pydantic_core import from_json

from translators.errors import TranslationError
from translators.tracing import marks
from translators.tracing.changes import Unlike, changed
from translators.tracing.copies import Unshared
from translators.tracing.places import MISSING, Place, at, json_of, leaves, replaced, same

Render = Callable[[Any], Any]
"""Returns the rendering of an input. Raises `TranslationError` where there is none. Changes nothing in the input."""

MOST_LEAVES = 12_000
"""The values of an input that is traced at all. While one is traced, others wait for the interpreter now and then."""
_WORK = 36_000
"""The values that are rendered again to find what steers, over all renderings."""
_MOST_RENDERINGS = 64
_MOST_RENAMINGS = 24
_MARKED = 60_000
"""The same to find texts."""
_MOST_MARKINGS = 40
_WIDEST = 24
"""The most places that one value may steer: where more changes, the whole became another."""
_NOT_ALONE = {"stream": "stream_options", "logprobs": "top_logprobs"}
"""The fields without which others are refused, each with one of these."""
_ORDER = frozenset(("index", "type", "sequence_number", "output_index", "content_index"))
"""The names of fields that say where in an answer an event belongs."""
_WORDS = {
    "finish_reason": ("length", "stop", "content_filter"),
    "stop_reason": ("max_tokens", "end_turn", "refusal"),
    "stopReason": ("max_tokens", "end_turn", "content_filtered"),
    "finishReason": ("MAX_TOKENS", "STOP", "SAFETY"),
    "done_reason": ("length", "stop"),
    "effort": ("high", "medium", "low"),
    "reasoning_effort": ("high", "medium", "low"),
    "verbosity": ("high", "low"),
    "detail": ("low", "high", "auto"),
    "service_tier": ("flex", "priority", "default"),
    "mode": ("required", "auto"),
    "tool_choice": ("required", "none", "auto"),
    "status": ("incomplete", "completed"),
    "ttl": ("1h", "5m"),
    "summary": ("detailed", "concise"),
    "syntax": ("regex", "lark"),
    "prompt_cache_retention": ("24h", "in_memory"),
}
"""Words to try in the place of others, by the name of the field."""
_MEDIA = {"image/png": "image/jpeg", "application/pdf": "text/plain", "audio/wav": "audio/mp3"}
"""Other types to try for data URLs; an image for those that are not here."""
_ELSEWHERE = "https://example.com/"


class Trace:
    """The links of one input with its rendering, as pairs of places. `history` are the names of top fields that hold
    what was said: the entries there are too many to be tried one at a time, and are tried last."""

    def __init__(self, value: Any, render: Render, *, history: Collection[str] = (), rigid: bool = False) -> None:
        """Render it once. `rigid`: another value that changes more than values tells nothing, since events would be
        others. Raises `TranslationError`."""
        self._render, self._history, self._rigid = render, history, rigid
        self._unshared = Unshared(value)
        self.value = self._unshared.value
        self.output = render(self.value)
        self.leaves = list(leaves(self.value))
        self._bearers: dict[str, list[Place]] = {}
        """The places of each name."""
        for place, text in self.leaves:
            if isinstance(text, str) and marks.name(place) in marks.NAMES:
                self._bearers.setdefault(text, []).append(place)
        self._objects: set[tuple[Place, Place]] = set()
        """The places of objects in JSON texts, and those of the objects that they became."""
        self._shared: dict[Place, list[Place]] = {}
        """The targets that have a name in a text, with its bearers."""
        self._names: dict[Place, Place] = {}
        """The targets of names that wait, with a source that has the same name."""
        self.links: dict[tuple[Place, Place], bool] = {}
        """Whether equal values of a link are one and the same, or equal by chance."""
        self._sources: set[Place] = set()
        self._targets: set[Place] = set()
        self._renamings = min(_MOST_RENAMINGS, _WORK // (len(self.leaves) + 1))
        self._markings = max(2, min(_MOST_MARKINGS, _MARKED // (len(self.leaves) + 1)))

    def copies(self) -> None:
        """Link what went through untouched. A name that stands in several places waits for `names`: a table of names
        has it from any of them."""
        for source, target in self._unshared.found(self.output):
            value = at(self.value, source)
            if not same(value, at(self.output, target)):
                continue
            if isinstance(value, str) and len(self._bearers.get(value, ())) > 1 and marks.name(source) in marks.NAMES:
                self._names[target] = source
            else:
                self.link(source, target)

    def names(self) -> None:
        """Link each name that waits with the one that stands where what is around it comes from."""
        origins: dict[Place, list[Place]] = {}
        for source, target in self.links:
            for cut in range(1, len(target)) if marks.name(source) not in marks.NAMES else ():
                origins.setdefault(target[:cut], []).append(source)
        for target, found in self._names.items():
            bearers = self._bearers[at(self.value, found)]
            around = _nearest(bearers, target, origins)
            if around is not None:
                self.link(around, target)
            elif not _in_list(target):
                self._named_apart(bearers, target)
            else:
                self._renamed(bearers, target)
        for target, bearers in self._shared.items():
            if target not in self._names and target not in self._targets:
                self._renamed(bearers, target)

    def _named_apart(self, bearers: Sequence[Place], target: Place) -> None:
        """Link a name that stands apart from all entries with the one without whose field it is not there."""
        for source in (each for each in bearers if not _in_list(each)):
            try:
                places = changed(self.output, self._render(replaced(self.value, source[:1], MISSING)))
            except (TranslationError, Unlike):
                continue
            if target in places:
                self.link(source, target)

    def _renamed(self, bearers: Sequence[Place], target: Place) -> None:
        """Link a name, or a text with it, with the only bearer whose other name turns up there."""
        found = []
        for source in bearers if self._renamings >= len(bearers) else ():
            self._renamings -= 1
            other = marks.marked(at(self.value, source), marks.mark(0))
            with suppress(TranslationError):
                text = at(self._render(replaced(self.value, source, other)), target)
                if isinstance(text, str) and marks.numbers(text):
                    found.append(source)
        if len(found) == 1:
            self.link(found[0], target)

    def texts(self) -> None:
        """Link what has a text in it, whole or in part."""
        if len(self.leaves) > min(MOST_LEAVES, marks.MOST_MARKS) or marks.MARK_BYTES.search(json_of(self.value)):
            return
        groups: dict[str, list[Place]] = {}
        for place, text in self.leaves:
            if marks.markable(place, text) and not self._settled(place, text):
                groups.setdefault(marks.name(place), []).append(place)
        if not self._mark([place for group in groups.values() for place in group]):
            for group in groups.values():
                self._halve(group)
        for source, target in self._objects:
            self._link_object(source, target)

    def steering(self, known: Collection[Place] = ()) -> None:
        """Link what has an effect that nothing else explains. The places in `known` need no explanation."""
        left = min(_MOST_RENDERINGS, _WORK // (len(self.leaves) + 1))
        for place, value in self._first_and_last() if self._rigid else sorted(self.leaves, key=self._rank):
            data_url = isinstance(value, str) and value.startswith("data:")
            if (place in self._sources and not data_url) or place in known:
                continue
            for other in others(place, value):
                if self._rigid and other is MISSING:
                    break
                if left <= 0:
                    return
                left -= 1
                if self._try(place, other) and not data_url:
                    break
        for place in () if self._rigid else self._settings()[: max(0, left)]:
            self._try(place, MISSING)

    def _settings(self) -> list[Place]:
        """Return the places of objects and lists that are no history, inner ones first."""
        fields = self.value.items() if isinstance(self.value, dict) else ()
        outer = {(name,): value for name, value in fields if name not in self._history}
        inner = {
            (*place, name): each
            for place, value in outer.items()
            if isinstance(value, dict)
            for name, each in value.items()
        }
        return [place for place, value in (*inner.items(), *outer.items()) if isinstance(value, dict | list)]

    def unlinked(self) -> tuple[list[Place], list[Place]]:
        """Return the places of the input and those of the rendering that have no link."""
        sources = [place for place, _ in self.leaves if place not in self._sources]
        return sources, [place for place, _ in leaves(self.output) if place not in self._targets]

    def settle(self, target: Place) -> None:
        """Say that a target has its origin elsewhere."""
        self._targets.add(target)

    def settle_source(self, source: Place) -> None:
        """Say that it is known of a source what became of it."""
        self._sources.add(source)

    @property
    def most_tried(self) -> int:
        """Return how many values may be tried one by one, for the size of all."""
        return min(_MOST_RENDERINGS, _WORK // (len(self.leaves) + 1)) // 2

    def set_by(self, names: Iterable[str], value: Any) -> list[Place]:
        """Return what changes in the rendering when the first of the fields that steers anything has this value."""
        for name in names:
            try:
                if places := changed(self.output, self._render({**self.value, name: value})):
                    return places
            except (TranslationError, Unlike):
                continue
        return []

    def rendered(self, value: Any) -> Any:
        """Return the rendering of another value. Raises `TranslationError`."""
        return self._render(value)

    def linked(self, target: Place) -> bool:
        return target in self._targets

    def link(self, source: Place, target: Place, *, handed_on: bool = True) -> None:
        """Add a link. `handed_on`: the target has the source's value, if theirs are equal."""
        self.links.setdefault((source, target), handed_on)
        self._sources.add(source)
        self._targets.add(target)

    def _first_and_last(self) -> list[tuple[Place, Any]]:
        """Return the numbers and words that stand in one kind of event, of many the first and the last two."""
        kinds: dict[tuple[str | int, ...], list[tuple[Place, Any]]] = {}
        for place, value in self.leaves:
            if marks.name(place) not in _ORDER:
                kinds.setdefault(tuple(step for step in place if isinstance(step, str)), []).append((place, value))
        return [leaf for each in kinds.values() for leaf in (*each[:1], *each[1:][-2:])]

    def _rank(self, leaf: tuple[Place, Any]) -> tuple[bool, bool]:
        first = leaf[0][0] if leaf[0] else ""
        return first in self._history, first == "tools"

    def _settled(self, place: Place, text: str) -> bool:
        """Return whether it needs no mark: a name that is linked or waits, or what lies in an object or a list that
        went through untouched."""
        if marks.name(place) in marks.NAMES:
            waits = any(source in self._bearers.get(text, ()) for source in self._names.values())
            return place in self._sources or waits
        return any(place[:cut] in self._sources for cut in range(1, len(place)))

    # --- marks ----------------------------------------------------------------------------------------

    def _halve(self, group: Sequence[Place]) -> None:
        """Mark the places, or each half of them, down to those that cannot be marked."""
        if self._mark(group):
            return
        if len(group) == 1:
            self._mark(group, fields=False)
            return
        middle = len(group) // 2
        self._halve(group[:middle])
        self._halve(group[middle:])

    def _mark(self, places: Sequence[Place], *, fields: bool = True) -> bool:
        """Link what the marks in these places say. Return False where they change more than the texts."""
        if not places or self._markings <= 0:
            return not places
        self._markings -= 1
        members: list[list[Place]] = []
        value = self._marked(places, members, fields=fields)
        try:
            output = self._render(value)
        except TranslationError:
            return False
        if marks.unmarked_json(json_of(output)) != marks.unmarked_json(json_of(self.output)):
            return False
        for target, text in leaves(output):
            if (field := marks.number_of(target)) is not None:
                self._objects.update((source, marks.unmarked(target[:-1])) for source in members[field])
                continue
            for number in marks.numbers(text) if isinstance(text, str) else ():
                if (source := _member(members[number], target)) is not None:
                    self.link(source, marks.unmarked(target))
                else:
                    self._shared[marks.unmarked(target)] = members[number]
        return True

    def _link_object(self, source: Place, target: Place) -> None:
        """Link a JSON text with each value of the object that it became."""
        for inner, value in leaves(from_json(at(self.value, source))):
            if same(at(self.output, (*target, *inner)), value):
                self.link(source, (*target, *inner), handed_on=False)

    def _marked(self, places: Iterable[Place], members: list[list[Place]], *, fields: bool) -> Any:
        """Return the input with marks; `members` becomes the places of each mark. Equal names have one mark."""
        value, names = deepcopy(self.value), dict[str, int]()
        for place in places:
            text = at(self.value, place)
            name = marks.name(place) in marks.NAMES
            number = names.get(text, len(members)) if name else len(members)
            if (more := marks.marked(text, marks.mark(number), marks.name(place), fields=fields)) is None:
                continue
            if number == len(members):
                members.append([])
            if name:
                names[text] = number
            members[number].append(place)
            at(value, place[:-1])[place[-1]] = more
        return value

    # --- other values ---------------------------------------------------------------------------------

    def _try(self, place: Place, other: Any) -> bool:
        """Link a place with all that another value there changes. Return whether there is any."""
        value, output = self.value, self.output
        try:
            beside = _NOT_ALONE.get(marks.name(place), "")
            if beside in value:
                value = replaced(value, (beside,), MISSING)
                output = self._render(value)
            made = self._render(replaced(value, place, other))
            places = changed(output, made)
            if self._rigid and not _alike(output, made):
                return False
        except (TranslationError, Unlike):
            return False
        places = [each for each in places if same(at(output, each), at(self.output, each))]
        if any(source[: len(place)] != place for each in places for source in self._handed_on(each)):
            return False  # what is others' went with it: the whole became another
        whole = isinstance(at(self.value, place), dict | list)
        places = [each for each in places if each not in self._targets or not (whole or self._handed_on(each))]
        if not 0 < len(places) <= _WIDEST:
            return False
        for each in places:
            alike = marks.name(place) == marks.name(each) or (other is not MISSING and same(at(made, each), other))
            self.link(place, each, handed_on=alike)
        return True

    def _handed_on(self, target: Place) -> list[Place]:
        """Return the origins of a target whose value it has."""
        origins = [source for (source, each), handed_on in self.links.items() if each == target and handed_on]
        return [source for source in origins if same(at(self.value, source), at(self.output, target))]


def _alike(old: Any, new: Any) -> bool:
    """Return whether two renderings have values in the same places, or the new one more below those that are null."""
    was, now = dict(leaves(old)), [place for place, _ in leaves(new)]
    filled = {place for place, value in was.items() if value is None}
    added = [place for place in now if place not in was]
    if any(not any(place[:cut] in filled for cut in range(len(place))) for place in added):
        return False
    return was.keys() - filled <= set(now)


def _member(places: Sequence[Place], target: Place) -> Place | None:
    """Return which of the places with one mark a target has it from: of several, the only one of its event."""
    if len(places) == 1:
        return places[0]
    beside = [place for place in places if place[:2] == target[:2] and place[:1] == ("events",)]
    return beside[0] if len(beside) == 1 else None


def _nearest(bearers: Sequence[Place], target: Place, origins: Mapping[Place, Sequence[Place]]) -> Place | None:
    """Return which of the bearers of a name is in the entry that all that is said beside the target comes from."""
    beside = next((found for cut in range(len(target) - 1, 0, -1) if (found := origins.get(target[:cut]))), ())
    inside = [
        place
        for place in bearers
        if beside and (entry := _entry(place)) and all(origin[: len(entry)] == entry for origin in beside)
    ]
    return inside[0] if len(inside) == 1 else None


def _entry(place: Place) -> Place:
    """Return the innermost entry of a list that a place lies in, or nothing."""
    return next((place[:cut] for cut in range(len(place) - 1, 0, -1) if isinstance(place[cut - 1], int)), ())


def _in_list(place: Place) -> bool:
    return bool(_entry(place))


def others(place: Place, value: Any) -> Iterator[Any]:
    """Yield values to try in the place of another, at most four; `MISSING` for none."""
    if isinstance(value, bool):
        yield not value
    elif isinstance(value, int):
        yield from (value + 1, value - 1)
    elif isinstance(value, float):
        yield value / 2
    elif isinstance(value, str) and value.startswith("data:"):
        head, _, data = value.partition(";")
        yield f"data:{_MEDIA.get(head.removeprefix('data:'), 'image/png')};{data}"
        yield _ELSEWHERE
        return
    elif isinstance(value, str):
        yield from [word for word in _WORDS.get(marks.name(place), ()) if word != value][:2]
    if place and isinstance(place[-1], str):
        yield MISSING
