"""Says in words what differs between two configurations: names of entries, models and keys, never a value."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from pathlib import Path

from addons.launch import summary
from routing.config import Loaded, shortened
from routing.field_types import Section
from routing.providers import ENTRIES
from routing.settings import ClientKey, Settings

UNTIL_RESTART = (
    "host",
    "port",
    "embedded",
    "debug",
    "limits_storage",
    "otel",
    "inspector",
    "usage_db",
    "usage_db_max_days",
    "upstream_ca",
)
"""The fields that a running gateway cannot change: where it listens, its child process, its log, where it counts,
its database, its collector, its page, whom mitmproxy trusts."""
Models = tuple[Iterable[str], Iterable[str]]
"""The names that clients see, before and after."""
_MOST = 10
"""Names of one kind that are named."""


def in_effect(running: Settings, wanted: Settings) -> Settings:
    """Return the `wanted` settings as far as they take effect without a restart."""
    return wanted.model_copy(update={name: getattr(running, name) for name in UNTIL_RESTART})


def until_restart(running: Settings, wanted: Settings, files: Collection[str]) -> str | None:
    """Return a sentence about what takes effect after a restart, or None. `files` have changed."""
    names = [name for name in UNTIL_RESTART if getattr(running, name) != getattr(wanted, name)]
    if running.upstream_ca in files and "upstream_ca" not in names:
        names.append("upstream_ca")
    if not names:
        return None
    shown = " and ".join(name.replace("_", "-") for name in names)
    return f"{shown} {'take' if len(names) > 1 else 'takes'} effect after a restart."


def between(old: Settings, new: Settings, models: Models) -> str:
    """Return what has changed, in one line: `api-keys: bob removed; ollama: 1 entry added; models: qwen added`."""
    before, after = map(dict.fromkeys, models)
    parts = [*_differing(old, new), *_part("models", _without(after, before), _without(before, after))]
    return "; ".join(parts) or "nothing has changed"


def report(loaded: Loaded, before: Loaded, wanted: Settings, files: Collection[str], models: Models) -> Iterator[str]:
    """Yield the lines after a reload: what has changed, what waits for a restart, and those remarks of a start that
    were not true `before`."""
    running, known = before.settings, set(summary.remarks(before))
    what = called(files) if files else "The configuration"
    yield f"{what} {'were' if ' and ' in what else 'was'} read again: {between(running, loaded.settings, models)}."
    if (waiting := until_restart(running, wanted, files)) is not None:
        yield waiting
    yield from (remark for remark in summary.remarks(loaded) if remark not in known)


def called(files: Iterable[str]) -> str:
    """Return the names of files in words: `.env and config.yaml`."""
    *others, last = sorted({Path(file).name for file in files})
    return f"{', '.join(others)} and {last}" if others else last


def _differing(old: Section, new: Section, within: str = "") -> Iterator[str]:
    plain = []
    for field, info in type(new).model_fields.items():
        name, was, now = within + (info.alias or field), getattr(old, field), getattr(new, field)
        if was == now:
            continue
        if isinstance(now, Section) and isinstance(was, Section):
            yield from _differing(was, now, f"{name}.")
        elif name == "api-keys":
            yield from _keys(was, now)
        elif name in ENTRIES:
            yield f"{name}: {_entries(was, now)}"
        else:
            plain.append(name)
    if plain:
        yield f"{', '.join(plain)} changed"


def _keys(was: Sequence[ClientKey], now: Sequence[ClientKey]) -> Iterator[str]:
    before, after = {key.name: key for key in was}, {key.name: key for key in now}
    changed = [name for name, key in after.items() if name in before and before[name] != key]
    parts = _part("api-keys", _without(after, before), _without(before, after), changed)
    yield from parts or ["api-keys: another order"]


def _entries(was: Sequence[Section], now: Sequence[Section]) -> str:
    """Return `1 entry added, 2 entries changed`. An entry that went and one that came are one that changed."""
    added, removed = len(_without(now, was)), len(_without(was, now))
    changed = min(added, removed)
    counts = {"added": added - changed, "removed": removed - changed, "changed": changed}
    parts = [f"{count} {'entry' if count == 1 else 'entries'} {what}" for what, count in counts.items() if count]
    return ", ".join(parts) or "another order"


def _without[Value](these: Iterable[Value], those: Collection[Value]) -> list[Value]:
    return [each for each in these if each not in those]


def _part(what: str, added: Sequence[str], removed: Sequence[str], changed: Sequence[str] = ()) -> list[str]:
    parts = [
        f"{shortened(tuple(names), _MOST)} {verb}"
        for names, verb in ((added, "added"), (removed, "removed"), (changed, "changed"))
        if names
    ]
    return [f"{what}: {', '.join(parts)}"] if parts else []
