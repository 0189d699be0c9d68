"""One line an exchange for whoever runs the gateway: words for people, or one JSON object for machines.

A JSON line has these keys, always all of them, null where nothing is known; lines are ASCII and end in a newline:

    time            start of the exchange, ISO 8601 with its offset      id              the gateway's id of it
    key             name of the client's key, never the key              method, path    what was called, no query
    model           as asked for         provider, provider_model        where it went
    served_model    as the provider named it                             provider_id     the provider's id
    stream          true or false        status                          0: the client left before there was one
    end             complete, refused, failed, cancelled                 error           the code the client was told
    cause           who ended a broken exchange and why                  finish_reason, calls, attempts
    tokens_in, tokens_out, tokens_cache_read, tokens_cache_write, tokens_reasoning
    tries           at most 20 of {"provider", "model", "credential", "status", "reason", "ms"}, in the order of their
                    ends; reason: why one failed, null where it answered
    cost, currency  of all attempts together; null where any of it is unknown
    first_event_ms, duration_ms, own_ms                                  own: spent in the gateway itself
    injected        the faults that were injected into it on purpose
    notes           at most 20 of {"path", "fate"}                       notes_count     all of them

Neither form says what was in a message. What a client chose (model, path, names in note paths) is cut and stripped
of everything that a terminal obeys or that could pass for another field or line.
"""

import asyncio
import json
from collections.abc import Mapping, Sequence
from datetime import datetime, tzinfo
from heapq import nsmallest
from typing import Any, TextIO

from mitmproxy.utils import vt_codes

from addons.exchange.charges import total
from addons.exchange.observers import AttemptReport, Pair, PhaseMessage, Record
from addons.exchange.redaction import one_line
from translators.notes import Note

_LONGEST_WORD = 64
_LONGEST_VALUE = 200
_MOST_NOTES = 20
_MOST_TRIES = 20
_SHOWN_TRIES = 3
MOST_PENDING = 200
"""Lines that wait for the end of a turn."""

_DIM, _RED, _GREEN, _YELLOW, _CYAN, _OFF = "\033[2m", "\033[31m", "\033[32m", "\033[33m", "\033[36m", "\033[0m"

_json = json.JSONEncoder(separators=(",", ":")).encode


def colours(stream: TextIO | None, environment: Mapping[str, str]) -> bool:
    """Return whether `stream` is a terminal whose user has nothing against colours (no-color.org, TERM=dumb)."""
    if stream is None or environment.get("NO_COLOR") or environment.get("TERM") == "dumb":
        return False
    try:
        return bool(vt_codes.ensure_supported(stream))
    except (OSError, ValueError):
        return False


def briefly(notes: Sequence[Note], at_most: int = 2) -> str:
    """Return the weightiest notes in words: `seed dropped, temperature approximated (+3)`."""
    chosen = notes if len(notes) <= at_most else nsmallest(at_most, notes, key=lambda note: -note.weight)
    words = ", ".join(f"{_word(note.path)} {note.fate}" for note in chosen)
    return words if len(notes) <= at_most else f"{words} (+{len(notes) - at_most})"


def as_json(record: Record, zone: tzinfo | None = None) -> str:
    """Return the record as one line of JSON; its keys are those of this file's head."""
    usage, cost = record.usage, total(record.charges)
    return _json(
        {
            "time": datetime.fromtimestamp(record.started, zone).astimezone(zone).isoformat(timespec="milliseconds"),
            "id": _value(record.id),
            "key": _value(record.key_name),
            "method": _value(record.method),
            "path": _value(record.path),
            "model": _value(record.model),
            "provider": _value(record.provider),
            "provider_model": _value(record.provider_model),
            "served_model": _value(record.served_model),
            "provider_id": _value(record.provider_id),
            "stream": record.stream,
            "status": record.status,
            "end": record.end,
            "error": _value(record.error),
            "cause": _value(record.cause),
            "finish_reason": _value(record.finish_reason),
            "calls": record.calls,
            "attempts": record.attempts,
            "tries": [_try(report) for report in record.reports[:_MOST_TRIES]],
            "tokens_in": usage and usage.input,
            "tokens_out": usage and usage.output,
            "tokens_cache_read": usage and usage.cache_read,
            "tokens_cache_write": usage and usage.cache_write,
            "tokens_reasoning": usage and usage.reasoning,
            "cost": None if cost is None else float(cost.amount),
            "currency": None if cost is None else cost.currency,
            "first_event_ms": None if record.first_event is None else round(record.first_event * 1000, 3),
            "duration_ms": round(record.duration * 1000, 3),
            "own_ms": round(record.own * 1000, 3),
            "injected": [_value(fault) for fault in record.injected],
            "notes": [{"path": _value(note.path), "fate": note.fate} for note in record.notes[:_MOST_NOTES]],
            "notes_count": len(record.notes),
        }
    )


def as_words(record: Record, zone: tzinfo | None = None, coloured: bool = False) -> str:
    """Return the record as one line for people. Its time is when the exchange ended, so that a log's lines are in
    order."""
    ended = datetime.fromtimestamp(record.started + record.duration, zone)
    status = f"{record.status or '---'} {'stream' if record.stream else 'whole'}"
    faint, bad, noted = (_DIM, _RED, _YELLOW) if coloured else ("", "", "")
    parts = [
        _painted(f"{ended:%H:%M:%S}", faint),
        _word(record.key_name) if record.key_name is not None else "-",
        _painted(subject(record), _CYAN if coloured else ""),
        _painted(status, _status_colour(record) if coloured else ""),
    ]
    if record.usage is not None:
        parts.append(f"{record.usage.input} in {record.usage.output} out")
    if record.first_event is not None:
        parts.append(f"first {_seconds(record.first_event)}")
    parts.append(f"total {_seconds(record.duration)}")
    parts.append(_painted(f"own {record.own * 1000:.1f}ms", faint))
    if record.calls > 1:
        parts.append(f"calls {record.calls}")
    if record.attempts > record.calls:
        parts.append(_attempts(record))
    if record.end != "complete" or record.error is not None:
        parts.append(_painted(ending(record), bad))
    if record.injected:
        parts.append(_painted(f"injected: {', '.join(map(_shown, record.injected))}", bad))
    if record.notes:
        parts.append(_painted(f"notes: {briefly(record.notes)}", noted))
    return "  ".join(parts)


def _try(report: AttemptReport) -> dict[str, Any]:
    return {
        "provider": _value(report.provider),
        "model": _value(report.model),
        "credential": _value(report.credential),
        "status": report.status,
        "reason": _value(report.reason),
        "ms": round(report.duration * 1000, 3),
    }


def _attempts(record: Record) -> str:
    """Return `attempts 3 (anthropic/claude-x: 503, gemini/gemini-x: connect: it was refused)`."""
    failed = record.failed_attempts
    words = [f"{_word(f'{each.provider}/{each.model}')}: {_shown(each.reason or '')}" for each in failed[:_SHOWN_TRIES]]
    if len(failed) > _SHOWN_TRIES:
        words.append(f"+{len(failed) - _SHOWN_TRIES}")
    return f"attempts {record.attempts}" + (f" ({', '.join(words)})" if words else "")


class Terminal:
    """Writes a line for each exchange that ended, and never lets a broken output disturb an exchange.

    The lines of one turn of the event loop are written together, when it is over, in the order of the ends; without
    a loop, and after `done`, each is written at once.

    `zone` is the time zone of the times (None: the machine's). Once the stream's reader has gone for good (broken
    pipe, closed file) nothing more is written. Nothing is logged about it either: mitmproxy's own log handler ends
    the process when it cannot write, and most often it writes to the same place.
    """

    detailed = False

    def __init__(
        self, stream: TextIO | None, *, as_json: bool = False, coloured: bool = False, zone: tzinfo | None = None
    ) -> None:
        self._stream = stream
        self.as_json = as_json
        self._coloured = coloured
        self._zone = zone
        self._pending: list[str] = []
        self._loop: asyncio.AbstractEventLoop | None = None
        """The loop that will call `_flush`."""
        self._over = False

    def message(self, record: Record, message: PhaseMessage) -> None: ...

    def pairs(self, record: Record, pairs: Sequence[Pair]) -> None: ...

    def ended(self, record: Record) -> None:
        if self._stream is None:
            return
        line = as_json(record, self._zone) if self.as_json else as_words(record, self._zone, self._coloured)
        self._pending.append(line + "\n")
        loop = None if self._over else _running_loop()
        if loop is None or len(self._pending) >= MOST_PENDING:
            self._flush()
        elif self._loop is not loop:
            self._loop = loop
            loop.call_soon(self._flush)

    def done(self) -> None:
        """Write what is pending; nobody may be there any more to do so later."""
        self._over = True
        self._flush()

    def _flush(self) -> None:
        lines, self._pending, self._loop = "".join(self._pending), [], None
        if self._stream is None or not lines:
            return
        try:
            _write(self._stream, lines)
        except (ConnectionError, ValueError):
            self._stream = None
        except OSError:
            # A full disk or a reader that is slow for a moment: these lines are lost, the next may not be.
            return


def _write(stream: TextIO, lines: str) -> None:
    try:
        stream.write(lines)
    except UnicodeEncodeError:
        encoding = stream.encoding or "ascii"
        stream.write(lines.encode(encoding, "backslashreplace").decode(encoding))
    stream.flush()


def _running_loop() -> asyncio.AbstractEventLoop | None:
    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        return None


def subject(record: Record) -> str:
    if record.model is None:
        return f"{_word(record.method)} {_word(record.path)}"
    if record.provider is None:
        return _word(record.model)
    went_to = _word(record.provider)
    if record.provider_model is not None:
        went_to += f"/{_word(record.provider_model)}"
    return f"{_word(record.model)} -> {went_to}"


def ending(record: Record) -> str:
    return end_with_reasons(record.end, record.error, record.cause)


def end_with_reasons(end: str, *why: str | None) -> str:
    """Return an end with its reasons: `failed: provider_idle_timeout, timeout: idle`."""
    reasons = ", ".join(_shown(part) for part in why if part)
    return f"{end}: {reasons}" if reasons else end


def _status_colour(record: Record) -> str:
    if record.end == "failed" or record.status >= 500:
        return _RED
    return _GREEN if record.end == "complete" and 200 <= record.status < 400 else _YELLOW


def _seconds(value: float) -> str:
    return f"{value:.2f}s" if value < 100 else f"{value:.0f}s"


def _painted(words: str, colour: str) -> str:
    return f"{colour}{words}{_OFF}" if colour else words


def _value(value: str | None) -> Any:
    return None if value is None else one_line(value, _LONGEST_VALUE)


def _shown(value: str) -> str:
    return one_line(value, _LONGEST_VALUE)


def _word(value: str) -> str:
    """Return one word of the line: a value with spaces, or an empty one, is quoted so that it cannot pass for more
    words."""
    word = one_line(value, _LONGEST_WORD)
    return word if word and " " not in word and '"' not in word else json.dumps(word, ensure_ascii=False)
