"""The sheet as a table: rows, ratios to bare mitmdump, the targets and whether they were met."""

from collections.abc import Callable
from typing import Literal

from scripts.measuring import page
from scripts.measuring.parts import FAILOVER_ROW, MANY_ROW, OPEN_STREAMS, Sheet
from translators.values import immutable

PROGRAMS = ("bare", "gateway", "litellm", "portkey")


@immutable
class Target:
    """The value that a row of the gateway has to reach: as it is, also as its `most`, as a ratio to bare mitmdump's, or
    as what it is more than bare mitmdump's."""

    of: Literal["ratio", "value", "most", "excess"]
    relation: Literal[">=", "<="]
    bound: float

    def met(self, sheet: Sheet, row: str) -> bool | None:
        """Return None for a row that was not measured."""
        measure = {"ratio": sheet.ratio, "value": sheet.value, "most": sheet.most, "excess": sheet.excess}[self.of]
        measured = measure(row, "gateway")
        if measured is None:
            return None
        return measured >= self.bound if self.relation == ">=" else measured <= self.bound

    def __str__(self) -> str:
        meaning = {"ratio": " of bare", "value": "", "most": " each", "excess": " more than bare"}[self.of]
        return f"{self.relation} {self.bound:g}{meaning}"


TARGETS = {
    "requests/s": Target("ratio", ">=", 3.0),
    "events/s, large reads": Target("ratio", ">=", 1.0),
    "processor us an event, one a read": Target("ratio", "<=", 0.8),
    "first event ms": Target("excess", "<=", 0.5),
    "requests/s, mitmweb": Target("ratio", ">=", 0.5),
    "requests/s, -w": Target("ratio", ">=", 0.5),
    MANY_ROW: Target("value", "<=", 1.05),
    FAILOVER_ROW: Target("value", "<=", 20),
    "first answer after s": Target("value", "<=", 2.0),
    page.REQUESTS_ROW: Target("value", ">=", 0.85),
    page.STREAMS_ROW: Target("value", ">=", 0.8),
    page.EVENTS_ROW: Target("value", "<=", 1.25),
    page.USED_ROW: Target("most", "<=", page.LIMIT / 2**20),
    page.SEARCH_ROW: Target("most", "<=", 100),
    page.LONG_ROW: Target("value", "<=", 1.5),
    page.OPENS_ROW: Target("value", "<=", 1.5),
    f"memory MB, {OPEN_STREAMS:,} open streams": Target("value", "<=", 110),
}


def show(sheet: Sheet, say: Callable[[str], None]) -> int:
    """Print the table. Return the number of targets that were missed."""
    programs = [name for name in PROGRAMS if any(name in row for row in sheet.samples.values())]
    others = [name for name in programs if name != "bare"]
    head = "".join(f"{name:>12}" for name in programs) + "".join(f"{name + '/bare':>14}" for name in others)
    say(f"{'':36}{head}  target")
    missed = 0
    for row in sheet.samples:
        values = [sheet.value(row, name) for name in programs]
        ratios = [sheet.ratio(row, name) for name in others]
        cells = "".join(f"{_number(value):>12}" for value in values)
        cells += "".join(f"{'-' if ratio is None else f'{ratio:.2f}':>14}" for ratio in ratios)
        target, verdict = TARGETS.get(row), ""
        if target is not None:
            met = target.met(sheet, row)
            missed += met is not True
            verdict = f"  {target}  " + {True: "ok", False: "MISSED", None: "NOT MEASURED"}[met]
        say(f"{row:36}{cells}{verdict}")
    _unsure(sheet, say)
    for line in dict.fromkeys(sheet.notes):
        say(f"Note: {line}.")
    for line in sheet.missing:
        say(f"Not measured: {line}.")
    return missed + len(sheet.missing)


def _unsure(sheet: Sheet, say: Callable[[str], None]) -> None:
    """Tell how far the rounds lie apart where a ratio is judged: a verdict inside of the spread is no verdict."""
    for row, target in TARGETS.items():
        spread = sheet.spread(row, "gateway") if target.of == "ratio" else None
        if spread is not None:
            inside = spread[0] <= target.bound <= spread[1]
            doubt = ": the target lies within, so this run decides nothing" if inside else ""
            say(f"Half of the rounds' ratios, {row}: {spread[0]:.2f} to {spread[1]:.2f}{doubt}.")


def _number(value: float | None) -> str:
    if value is None:
        return "-"
    return f"{value:,.0f}" if value >= 100 else f"{value:.1f}" if value >= 10 else f"{value:.2f}"
