"""The rows of usage-db: one for the answer of an exchange, one more for each attempt that was dropped and is billed.

No row has a prompt or a key. What clients and providers chose is cut and printable.
"""

from addons.exchange.observers import Charge, Record
from addons.exchange.redaction import one_line

LONGEST = 200
"""Characters of a text."""

COLUMNS = (
    *("exchange", "dropped", "time", "key", "path", "model", "provider", "provider_model", "credential", "stream"),
    *("status", "end", "error", "input", "output", "cache_read", "cache_write", "reasoning", "cost", "currency"),
    *("unknown", "duration", "first_event", "attempts", "injected"),
)
"""Those of the table, but for its `id`; `addons/usage/database.py` says what each is."""

Row = tuple[str | int | float | None, ...]


def rows(record: Record) -> list[Row]:
    """Return the rows of an exchange that is over; their values are those of `COLUMNS`. There are none where nobody
    used anything: without a valid key, and for what the gateway answered by itself (the list of models)."""
    answered_here = record.attempts == 0 and record.end == "complete"
    if record.key_name is None or answered_here:
        return []
    return [_row(record, charge) for charge in record.charges]


def _row(record: Record, charge: Charge) -> Row:
    tokens, cost = charge.tokens, charge.cost
    counts: Row = (None,) * 5
    if tokens is not None:
        counts = (tokens.input, tokens.output, tokens.cache_read, tokens.cache_write, tokens.reasoning)
    return (
        _text(record.id),
        charge.dropped,
        record.started,
        _text(record.key_name),
        _text(record.path),
        _text(record.model),
        _text(charge.provider),
        _text(charge.model),
        _text(charge.credential),
        record.stream,
        record.status,
        record.end,
        _text(record.error),
        *counts,
        None if cost is None else format(cost.amount, "f"),
        None if cost is None else cost.currency,
        cost is None or not cost.whole,
        record.duration,
        record.first_event,
        record.attempts,
        _text(", ".join(record.injected) or None),
    )


def _text(value: str | None) -> str | None:
    return None if value is None else one_line(value, LONGEST)
