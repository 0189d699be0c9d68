"""The log of a bug: the kinds of its exceptions and the lines of their tracebacks, not their words; and not for each
exchange that goes on without what the bug has struck, a watcher or the inspector.

The words of an exception may quote what the code had in hand, a prompt or a key: `KeyError` its key, pydantic the value
that it was given. Whoever logs an exception need not think of it: every record of the log passes here.
"""

import logging
import os
import traceback
from pathlib import Path
from typing import Any, NamedTuple

_ROOT = Path(__file__).resolve().parents[2]
_OURS = tuple(f"{_ROOT / name}{os.sep}" for name in ("addons", "routing", "translators"))
_DEEPEST = 8
"""The causes of an exception that are shown."""
_MOST = 8
"""The members of a group that are shown."""
_MOST_LOOKED_AT = 100
_UNTOLD = "(what it says may quote a prompt, and is not logged)"

_AGAIN_SECONDS = 3600.0
_MOST_BUGS = 1000

_plain = logging.getLogRecordFactory()
_logger = logging.getLogger("gateway")


class _Bug(NamedTuple):
    """A bug, as the text that tells of it and the place where it was raised."""

    text: str
    kind: str
    file: str
    line: int


class _Repeated(logging.Filter):
    """Shows the traceback of a bug that comes again and again once an hour, where who logs it says that it is `counted`
    (`extra={"counted": True}`). In between a line says how often it came, when that is 10, 100, 1000... times."""

    def __init__(self) -> None:
        super().__init__()
        self.counts: dict[_Bug, tuple[float, int]] = {}
        """Since when, and how often."""

    def filter(self, record: logging.LogRecord) -> bool:
        if (bug := _bug(record)) is None:
            return True
        since, count = self.counts.get(bug, (record.created, 0))
        if record.created - since >= _AGAIN_SECONDS:
            since, count = record.created, 0
        if len(self.counts) >= _MOST_BUGS:
            self.counts.clear()
        self.counts[bug] = since, count + 1
        if count == 0:
            return True
        where = f"{bug.kind} in {Path(bug.file).name}, line {bug.line}; the log has its traceback"
        record.msg, record.args = f"{record.getMessage()} {count + 1} times by now ({where}).", ()
        record.exc_info = None
        return str(count + 1).strip("0") == "1"


_repeated = _Repeated()


def begin() -> None:
    """Have no record of the log quote an exception that came through the gateway's code, and no watcher's fill it."""
    logging.setLogRecordFactory(_record)
    _repeated.counts.clear()
    _logger.addFilter(_repeated)


def end() -> None:
    logging.setLogRecordFactory(_plain)
    _logger.removeFilter(_repeated)


def _bug(record: logging.LogRecord) -> _Bug | None:
    """Return the bug that a record tells of, if it is to be counted."""
    if not getattr(record, "counted", False) or record.exc_info is None or record.exc_info[1] is None:
        return None
    raised = [*traceback.walk_tb(record.exc_info[2])][-1:]
    file, line = next(((frame.f_code.co_filename, line) for frame, line in raised), ("", 0))
    return _Bug(str(record.msg), type(record.exc_info[1]).__name__, file, line)


def _record(*args: Any, **more: Any) -> logging.LogRecord:
    record = _plain(*args, **more)
    told = record.exc_info
    if told is None or told[1] is None or not _is_ours(told[1]):
        return record
    error, shown = told[1], wordless(told[1])
    record.exc_info = (type(shown), shown, told[2])
    if isinstance(record.msg, str) and (said := str(error)):
        record.msg = record.msg.replace(said, type(error).__name__)  # as mitmproxy does: "Addon error: ..."
    return record


def wordless(error: BaseException, depth: int = 0) -> BaseException:
    """Return an exception that shows the same kind and traceback, and says nothing but what cannot be a prompt."""
    kind, words = type(error), _words(error)
    if isinstance(error, BaseExceptionGroup) and depth < _DEEPEST:
        shown: BaseException = BaseExceptionGroup(
            words, [wordless(each, depth + 4) for each in error.exceptions[:_MOST]]
        )
    else:
        names = {"__module__": kind.__module__, "__qualname__": kind.__qualname__}
        shown = type(kind.__name__, (Exception,), names)(words)
    shown.__traceback__ = error.__traceback__
    before = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    if before is not None and depth < _DEEPEST:
        shown.__context__ = wordless(before, depth + 1)
        if error.__cause__ is not None:
            shown.__cause__ = shown.__context__
    return shown


def _words(error: BaseException) -> str:
    match error:
        case OSError(errno=int(number)):
            return os.strerror(number)
        case ImportError(name=str(name)):
            return f"of the module {name}"
    return _UNTOLD


def _is_ours(error: BaseException | None) -> bool:
    """Return whether an exception, or one before it or in it, came through the gateway's code."""
    waiting, seen = [error], 0
    while waiting and seen < _MOST_LOOKED_AT:
        one, seen = waiting.pop(), seen + 1
        if one is None:
            continue
        if any(frame.f_code.co_filename.startswith(_OURS) for frame, _ in traceback.walk_tb(one.__traceback__)):
            return True
        waiting += [one.__cause__, one.__context__, *getattr(one, "exceptions", ())]
    return bool(waiting)
