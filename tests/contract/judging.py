"""What a client lost of an answer, compared with another telling of the same answer."""

import json
from collections import Counter
from collections.abc import Sequence
from typing import Any

from routes import Answered, ClientChoice, Emitted, Route, emitted_by, read, written


class Telling:
    """An answer as one route's client has it; the machine emits its events once for every client."""

    def __init__(self, route: Route, emitted: Emitted, *, streamed: bool) -> None:
        self.emitted = emitted
        self._route, self._streamed = route, streamed

    def answered(self) -> Answered:
        """Raises `TranslationError` where the writer finds that the provider cannot mean it."""
        data = written(self._route.writer(streamed=self._streamed), self.emitted.events)
        return read(self._route.client, data, streamed=self._streamed)


def tellings(routes: Sequence[Route], payloads: list[Any], *, whole: bool, choices: int | None = None) -> list[Telling]:
    """One telling by route. The machine of the translated routes is one."""
    result: list[Telling] = []
    translated: Emitted | None = None
    for route in routes:
        if route.passed_through or translated is None:
            machine = route.answer(choices)
            emitted = emitted_by(machine, None, payloads[0]) if whole else emitted_by(machine, payloads)
            translated = translated if route.passed_through else emitted
        else:
            emitted = translated
        result.append(Telling(route, emitted, streamed=not whole))
    return result


def lost(before: Answered, after: Answered) -> str | None:
    """Return what of `before` is not in `after`, which may say more; None if nothing."""
    if len(after[0]) < len(before[0]):
        return "a choice"
    for one, other in zip(before[0], after[0], strict=False):
        if (what := _lost(one, other)) is not None:
            return what
    return f"usage {before[1]} -> {after[1]}" if before[1] != after[1] else None


def _lost(one: ClientChoice, other: ClientChoice) -> str | None:
    for name in ("text", "refusal", "reasoning"):
        before, after = getattr(one, name), getattr(other, name)
        if before not in after:
            return f"{name} {before!r} -> {after!r}"
    for name in ("calls", "cited", "images"):
        if (what := _missing(getattr(one, name), getattr(other, name))) is not None:
            return f"{name}: {what!r} -> {getattr(other, name)!r}"
    if other.foreign < one.foreign or other.signed < one.signed:
        return "a block of the provider's"
    return f"finish {one.finish} -> {other.finish}" if one.finish != other.finish else None


def lost_beside(before: Answered, after: Answered, taken: Sequence[str]) -> str | None:
    """What of `before` is not in `after`, though no part of it was `taken` away: the characters of its texts, whatever
    they pass for and wherever they stand; calls by their names and arguments, citations by their addresses,
    pictures."""
    one, other = _together(before[0]), _together(after[0])
    for text in (one.text, one.reasoning, one.refusal):
        received = "".join((other.text, other.reasoning, other.refusal, *taken))
        if gone := Counter("".join(text.split())) - Counter(received):
            return f"{text!r} without {''.join(gone)!r}"
    calls = [call[1:] for call in one.calls], [call[1:] for call in other.calls]
    cited = [[citation[0]] for citation in one.cited], [[citation[0]] for citation in other.cited]
    for name, (some, others) in {"calls": calls, "cited": cited, "images": (one.images, other.images)}.items():
        if (what := _missing(some, others, taken)) is not None:
            return f"{name}: {what!r} -> {others!r}"
    return None


def _together(choices: list[ClientChoice]) -> ClientChoice:
    """All choices as one: what is in another choice than before is not lost."""
    whole = ClientChoice()
    for choice in choices:
        for name in ("text", "refusal", "reasoning", "calls", "cited", "images"):
            setattr(whole, name, getattr(whole, name) + getattr(choice, name))
    return whole


def _missing(before: list[Any], after: list[Any], taken: Sequence[str] = ()) -> Any:
    """The first that is missing; one that something was taken from is like one that differs there."""
    rest, gone = list(after), []
    for each in before:
        if each in rest:
            rest.remove(each)
        else:
            gone.append(each)
    for each in gone:
        same = next((other for other in rest if _alike(each, other, taken)), None)
        if same is not None:
            rest.remove(same)
        elif not _held(each, taken):
            return each
    return None


def _alike(one: Any, other: Any, taken: Sequence[str]) -> bool:
    if one == other:
        return True
    if not isinstance(one, tuple | list) or not isinstance(other, tuple | list):
        return False
    return all(a in (b, None, "") or (taken and _held(a, taken)) for a, b in zip(one, other, strict=False))


def _held(value: Any, taken: Sequence[str]) -> bool:
    """Whether it was taken, all of it or a part."""
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return any(piece in text or text in piece or json.dumps(piece)[1:-1] in text for piece in taken)
