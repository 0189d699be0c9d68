"""Records an exchange with its flow, for the views and for flow files: the exchange that the inspector's page has.

`flow.metadata["gateway"]` holds what the API says of an exchange (`Exchange.written`) and a version: plain values, as a
flow file can carry them. Of one that is under way it has the messages so far; views read its recorder.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final
from weakref import WeakKeyDictionary

from mitmproxy.addons.view import View
from mitmproxy.http import HTTPFlow

from addons.exchange.observers import Pair, PhaseMessage, Record
from addons.exchange.redaction import one_line
from addons.inspector.entry import Entry
from addons.inspector.plain import LONGEST_TEXT
from addons.inspector.recording import Exchange
from addons.inspector.redactor import Redactor
from addons.inspector.restoring import exchange_of
from addons.log_line import briefly, end_with_reasons, subject

if TYPE_CHECKING:
    from mitmproxy.master import Master

KEY: Final = "gateway"
VERSION: Final = 2
DEFAULT_LIMIT: Final = 4 * 1024 * 1024

NOTED: Final = ":warning:"
BROKEN: Final = ":x:"

_under_way: WeakKeyDictionary[HTTPFlow, Entry] = WeakKeyDictionary()


def recording_of(flow: HTTPFlow) -> Exchange | None:
    """Return what was recorded with the flow; None if nothing was. Raises ValueError for a record that this version
    cannot read."""
    if (entry := _under_way.get(flow)) is not None:
        return entry.exchange()
    value = flow.metadata.get(KEY)
    if value is None or value == {"version": VERSION}:
        return None
    if not isinstance(value, dict) or value.get("version") != VERSION:
        raise ValueError(f"it is not as version {VERSION} writes it")
    return exchange_of(value)


def key_name_of(flow: HTTPFlow) -> str | None:
    """Return the name of the key that asked, or None. Raises ValueError as `recording_of` does."""
    exchange = recording_of(flow)
    return None if exchange is None else exchange.facts.client or None


def wanted(master: "Master") -> bool:
    """Return whether anybody can look: a user interface keeps flows (mitmweb, mitmproxy), or flows go to a file
    (`-w`)."""
    options = master.options
    return "view" in master.addons.lookup or ("save_stream_file" in options and bool(options.save_stream_file))


def make_room(view: View, most: int) -> None:
    """Take flows out of a user interface until one more fits: the oldest unmarked first, then those that only the
    gateway has marked. What a person has marked stays, and what still runs."""
    if (excess := view.store_count() + 1 - most) <= 0:
        return
    ended = [flow for flow in view.resolve("@all") if not flow.live and not flow.intercepted]
    unmarked = [flow for flow in ended if not flow.marked]
    marked_here = [flow for flow in ended if flow.marked in (NOTED, BROKEN)]
    for flow in [*unmarked, *marked_here][:excess]:
        view.remove([flow])


class FlowRecorder:
    """Watches one exchange into its flow's metadata, in at most about `limit` bytes of memory.

    mitmproxy shows no view at all for a message without content, which a streamed answer is: the recorder gives
    such an answer the bytes that the client got as its content, as far as they were stored.
    """

    detailed = True

    def __init__(self, flow: HTTPFlow, limit: int = DEFAULT_LIMIT, redactor: Redactor | None = None) -> None:
        self._flow, self._limit = flow, limit
        self._redactor = Redactor() if redactor is None else redactor
        self._entry: Entry | None = None
        self._gave_content = False
        self._commented = ""
        flow.metadata[KEY] = {"version": VERSION}

    def message(self, record: Record, message: PhaseMessage) -> None:
        entry = self._of(record)
        entry.message(message)
        entry.take(record)
        entry.clean()
        if message.phase in ("client_request", "client_response"):
            self._write(entry.exchange())
        self._comment(_subject(record))

    def pairs(self, record: Record, pairs: Sequence[Pair]) -> None:
        self._of(record).pairs(pairs)
        if not self._gave_content and (first := next((pair.client for pair in pairs if pair.client), b"")):
            self._give_content(self._redactor.event(first))

    def ended(self, record: Record) -> None:
        entry = self._of(record)
        entry.take(record, over=True)
        exchange = entry.exchange()
        self._write(exchange)
        del _under_way[self._flow]
        if record.stream:
            self._give_content(b"")
        if self._gave_content and self._flow.response is not None:
            self._flow.response.raw_content = exchange.client_stream()
        if self._flow.marked in ("", NOTED, BROKEN):
            self._flow.marked = _marker(record)
        self._comment(_comment(record, exchange.facts.events))

    def _of(self, record: Record) -> Entry:
        if self._entry is None:
            self._entry = _under_way[self._flow] = Entry.of(record, self._limit, self._redactor)
        return self._entry

    def _write(self, exchange: Exchange) -> None:
        self._flow.metadata[KEY] = {"version": VERSION, **exchange.written()}

    def _comment(self, comment: str) -> None:
        """Write the flow's comment, unless a person has written one."""
        if self._flow.comment == self._commented:
            self._flow.comment = self._commented = self._redactor.text(comment)

    def _give_content(self, content: bytes) -> None:
        response = self._flow.response
        if response is not None and response.raw_content is None:
            self._gave_content = True
            response.raw_content = content


def _marker(record: Record) -> str:
    if record.end in ("failed", "refused") or record.error is not None:
        return BROKEN
    return NOTED if any(note.matters for note in record.notes) else ""


def _comment(record: Record, events: int) -> str:
    """Return `claude-opus-4-8 -> anthropic  200  42 events  2 notes: seed dropped, temperature approximated`.

    An end that is no success comes first, since lists cut the end off: `failed: overloaded_error  claude-opus-4-8 ...`
    """
    parts = [_subject(record), str(record.status or "---")]
    if record.end != "complete" or record.error is not None:
        parts.insert(0, end_with_reasons(record.end, record.error))
    if events and record.stream:
        parts.append(_counted(events, "event"))
    if record.injected:
        parts.append(one_line(f"injected: {', '.join(record.injected)}", LONGEST_TEXT))
    if record.failed_attempts:
        parts.append(_counted(record.attempts, "attempt"))
    if record.cause and record.end != "complete":
        parts.append(one_line(record.cause, LONGEST_TEXT))
    if record.notes:
        parts.append(f"{_counted(len(record.notes), 'note')}: {briefly(record.notes, 3)}")
    return "  ".join(parts)


def _subject(record: Record) -> str:
    """Return the model and its provider; the model's other name only where it has one."""
    plain = subject(record)
    return plain.removesuffix(f"/{record.provider_model}") if record.provider_model == record.model else plain


def _counted(count: int, what: str) -> str:
    return f"{count} {what}" if count == 1 else f"{count} {what}s"
