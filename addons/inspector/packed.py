"""What was heard of an exchange, as bytes until somebody looks at it.

Python's collector walks over all objects that are kept, again and again. To keep an exchange as objects would cost it
more than all the rest of its recording.
"""

import marshal
from collections.abc import Callable, Iterable
from dataclasses import fields
from operator import attrgetter
from typing import Any

from addons.exchange.observers import Asked, AttemptReport, PhaseMessage, Record
from routing.cooldowns import Rest
from translators.events import Usage
from translators.notes import Note

Message = tuple[bytes, bytes | None]
"""All of a message but its body; its body."""


def message(heard: PhaseMessage) -> Message:
    phase, at, attempt, line, headers, body, call, asked = heard
    target = None if asked is None else _ASKED(asked)
    return marshal.dumps((phase, at, attempt, line, headers, call, target), 2), body


def message_of(packed: Message) -> PhaseMessage:
    head, body = packed
    phase, at, attempt, line, headers, call, target = marshal.loads(head)
    asked = None if target is None else Asked(*target)
    return PhaseMessage(phase, at, attempt, line, headers, body, call, asked)


def record(heard: Record) -> bytes | Record:
    """Return what the recorder wants to know of an exchange that is over, for `record_of`; the record itself where a
    note has what no bytes can be made of."""
    usage = None if heard.usage is None else _USAGE(heard.usage)
    lists = (_values(_REPORT, heard.reports), _values(_REST, heard.rests), _values(_NOTE, heard.notes))
    try:
        return marshal.dumps((_RECORD(heard), usage, *lists), 2)
    except ValueError:
        return heard


def record_of(packed: bytes | Record) -> Record:
    if isinstance(packed, Record):
        return packed
    values, usage, reports, rests, notes = marshal.loads(packed)
    made = Record(**dict(zip(_SAID, values, strict=True)))
    made.usage = None if usage is None else Usage(*usage)
    made.reports = [AttemptReport(**dict(zip(_TOLD, each, strict=True))) for each in reports]
    made.rests = tuple(Rest(*each) for each in rests)
    made.notes = [Note(*each) for each in notes]
    return made


def _values[Of](of: Callable[[Of], Any], values: Iterable[Of]) -> tuple[Any, ...]:
    return tuple(map(of, values))


def _names(kind: type, *but: str) -> tuple[str, ...]:
    return tuple(field.name for field in fields(kind) if field.name not in but)


_SAID = _names(Record, "targets", "calls", "reports", "rests", "usage", "charges", "notes", "trace", "shown_as")
_TOLD = _names(AttemptReport, "usage")
_RECORD, _REPORT = attrgetter(*_SAID), attrgetter(*_TOLD)
_USAGE, _REST = attrgetter(*_names(Usage)), attrgetter(*_names(Rest))
_NOTE, _ASKED = attrgetter(*_names(Note)), attrgetter(*_names(Asked))
