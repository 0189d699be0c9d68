"""Finds why a provider's prompt cache was missed: compares two consecutive requests of a conversation, as the provider
got them.

Providers cache by prefix, in the order tools, instructions, messages; marks for the cache (`cache_control`,
`cachePoint`) move with each turn and are not part of what is cached.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from addons.inspector import reading
from addons.inspector.prompt_parts import Part, prompt_parts
from addons.inspector.reading import Detail, compact, within
from translators.values import immutable

SHOWN = 60
"""Characters around a difference."""
MARKS = ("cache_control", "cachePoint")
SETTINGS = ("model", "tool_choice", "toolConfig.toolChoice", "thinking", "reasoning", "generationConfig.thinkingConfig")
"""Fields outside the prompt whose change can invalidate a cache, too."""


@immutable
class Block:
    """A part as it counts for the cache. `start` is where it begins in the prompt, in bytes."""

    path: str
    what: str
    text: bytes
    start: int


def compare(before: Detail, now: Detail) -> dict[str, Any] | None:
    """Return what became of the cached prefix between two requests of a conversation; None where one of the prompts is
    not known.

    `{"before": id, "same_provider": true, "difference": {"byte": 5120, "bytes_before": 9000, "bytes_now": 9100, "path":
    "system[0]", "was_path": "system[0]", "what": "system", "change": "changed", "old": "...", "new": "...",
    "at_character": 17} | null, "settings": ["tool_choice"], "tokens": {"read", "written", "known", "lost"},
    "explanation": "..."}`. `difference` None: the earlier prompt is whole at the beginning of this one. `known` are the
    tokens that were in the cache after the earlier request, as far as the provider told, `lost` those that were not
    read again; both may be None.
    """
    blocks = tuple(_blocks(detail) for detail in (before, now))
    if not all(blocks):
        return None
    difference = _difference(*blocks)
    tokens = _tokens(before, now)
    same = (before.get("provider"), before.get("provider_model")) == (now.get("provider"), now.get("provider_model"))
    settings = _changed_settings(before, now)
    return {
        "before": before.get("id"),
        "same_provider": same,
        "difference": difference,
        "settings": settings,
        "tokens": tokens,
        "explanation": _explanation(difference, settings, tokens, same),
    }


def _blocks(detail: Detail) -> list[Block]:
    blocks, start = list[Block](), 0
    for part in prompt_parts(reading.family(detail, "provider"), reading.body(detail, "provider")):
        if text := _cached_text(part):
            blocks.append(Block(part.path, part.kind, text, start))
            start += len(text)
    return blocks


def _cached_text(part: Part) -> bytes:
    """Return the bytes of a part without marks; a mark alone has none."""
    value = part.value
    if isinstance(value, Mapping):
        value = _unmarked(value)
        if not value or value.keys() == {"type"}:
            return b""
    return f"{part.role}\0{compact(value)}".encode("utf-8", "replace")


def _unmarked(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {name: _unmarked(inner) for name, inner in value.items() if name not in MARKS}
    return [_unmarked(inner) for inner in value] if isinstance(value, list) else value


def _difference(before: Sequence[Block], now: Sequence[Block]) -> dict[str, Any] | None:
    """Return the first difference, None where `now` begins with all of `before`."""
    at = next((at for at, (old, new) in enumerate(zip(before, now, strict=False)) if old.text != new.text), None)
    if at is None:
        if len(now) >= len(before):
            return None
        at = len(now)
    old, new = before[at], now[at] if at < len(now) else None
    place = _first_difference(old.text, new.text if new else b"")
    return {
        "byte": old.start + place,
        "bytes_before": before[-1].start + len(before[-1].text),
        "bytes_now": now[-1].start + len(now[-1].text),
        "path": new.path if new else None,
        "was_path": old.path,
        "what": new.what if new else old.what,
        "change": _change(before, now, at),
        "at_character": len(old.text[:place].decode("utf-8", "ignore")),
        "old": _around(old.text, place),
        "new": _around(new.text, place) if new else "",
    }


def _change(before: Sequence[Block], now: Sequence[Block], at: int) -> str:
    """Return whether a part was `changed`, `inserted` or `removed`; told by what follows it."""
    if at >= len(now):
        return "removed"
    rest_before, rest_now = before[at:], now[at:]
    if any(block.text == rest_before[0].text for block in rest_now[1:]):
        return "inserted"
    if any(block.text == rest_now[0].text for block in rest_before[1:]):
        return "removed"
    return "changed"


def _first_difference(old: bytes, new: bytes) -> int:
    """Return the first place where two texts differ, by halves: comparing slices is quick, bytes are not."""
    low, high = 0, min(len(old), len(new))
    while low < high:
        middle = (low + high + 1) // 2
        if old[:middle] == new[:middle]:
            low = middle
        else:
            high = middle - 1
    return low


def _around(text: bytes, place: int) -> str:
    """Return the text around a place, without the role before it."""
    start = max(text.find(b"\0") + 1, place - SHOWN)
    return text[start : place + SHOWN].decode("utf-8", "ignore")


def _changed_settings(before: Detail, now: Detail) -> list[str]:
    bodies = reading.body(before, "provider"), reading.body(now, "provider")
    return [name for name in SETTINGS if len({compact(within(body, *name.split("."))) for body in bodies}) > 1]


def _tokens(before: Detail, now: Detail) -> dict[str, int | None]:
    """Return the tokens that were read and written, those known to be cached before, and those of them not read."""
    earlier, later = before.get("tokens") or {}, now.get("tokens") or {}
    read, written = later.get("cache_read"), later.get("cache_write")
    known = _known(before, earlier)
    lost = None if known is None or not later else max(0, known - (read or 0))
    return {"read": read, "written": written, "known": known, "lost": lost}


def _known(before: Detail, tokens: Mapping[str, Any]) -> int | None:
    """Return the tokens in the cache after a request: those it read and wrote. Of a provider that caches unasked and
    reports no writes only what was read is known for certain."""
    read, written = tokens.get("cache_read"), tokens.get("cache_write")
    if read is None and written is None:
        return None
    return int(read or 0) + int(written or 0)


def _explanation(
    difference: Mapping[str, Any] | None, settings: Sequence[str], tokens: Mapping[str, int | None], same: bool
) -> str:
    """Return what happened, in a sentence or two."""
    return " ".join(_sentences(difference, settings, tokens, same))


def _sentences(
    difference: Mapping[str, Any] | None, settings: Sequence[str], tokens: Mapping[str, int | None], same: bool
) -> Iterator[str]:
    if not same:
        yield "Another provider or model was asked, and a cache is never shared between them."
    if difference is not None:
        where = difference["path"] or difference["was_path"]
        yield f"The prompt differs from byte {difference['byte']} on, in {where}, which was {difference['change']}."
    else:
        yield "The earlier prompt stands whole at the beginning of this one."
    if settings:
        yield f"Changed beside the prompt: {', '.join(settings)}."
    lost = tokens["lost"]
    if lost:
        yield f"{lost} of {tokens['known']} cached tokens were not read again."
        if same and difference is None and not settings:
            yield "The cache has expired, or another machine or account of the provider answered."
    elif lost == 0 and tokens["known"]:
        yield "All cached tokens were read again."
