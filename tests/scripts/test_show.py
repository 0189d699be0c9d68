"""scripts/show in terminals of every width; tests/e2e/inspector shows what a gateway recorded."""

import io

import pytest
from rich.console import Console

from scripts.tools.show import shown
from tests.addons.inspector.recordings import Recorder, record, report
from translators.notes import Note

WHY = "Anthropic has no seed, and nobody else has one either."


def displayed(width: int, terminal: bool = False) -> str:
    recorder, told = Recorder(), record()
    recorder.begin(
        told, b'{"model": "claude", "messages": [{"role": "user", "content": "[bold]x[/bold] \\u001b]0;t"}]}'
    )
    recorder.stream(told, "blue", "whale")
    told.reports += [report(reason="overloaded_error", status=529), report()]
    recorder.end(told, notes=[Note("messages[12].seed", "dropped", 7, None, WHY)], injected=["cut-after=3"])
    exchange = recorder.store.get("req_1")
    assert exchange is not None
    attempt = exchange.attempts[0].json()
    detail = exchange.detail() | {"attempts": [{**attempt, "reason": "overloaded_error"}, attempt]}
    out = io.StringIO()
    environ = {"TERM": "xterm-256color"}
    console = Console(file=out, width=width, highlight=False, force_terminal=terminal or None, _environ=environ)
    for part in shown(detail, 20):
        console.print(part)
    return out.getvalue()


@pytest.mark.parametrize("width", [32, 80, 200])
def test_nothing_is_left_out_in_a_narrow_terminal(width: int) -> None:
    text = displayed(width)
    assert max(map(len, text.splitlines())) <= width
    assert "…" not in text
    found = "".join(each for each in text if each.isalnum())
    for word in ("injected", "cut", "bold", "whale"):
        assert word in found
    if width == 200:
        assert WHY in text
        assert "overloaded_error" in text


@pytest.mark.parametrize(("terminal", "coloured"), [(False, False), (True, True)])
def test_colours_are_for_terminals(terminal: bool, coloured: bool) -> None:
    text = displayed(80, terminal)
    assert ("\x1b[" in text) is coloured
    assert "\x1b]" not in text
