"""What is packed comes out as it was."""

from dataclasses import replace

import pytest

from addons.exchange.observers import Asked, AttemptReport, PhaseMessage, Record
from addons.inspector import packed
from routing.cooldowns import Rest
from translators.events import Usage
from translators.notes import Note

HEADERS = (("content-type", "application/json"), ("x-odd", "\udcff \u00fc"))
ASKED = Asked("anthropic", "claude", "a-1", "claude")
MESSAGES = [
    pytest.param(PhaseMessage("client_request", 0.0, 0, "POST /v1/messages", HEADERS, b"{}"), id="client's request"),
    pytest.param(
        PhaseMessage("provider_request", 0.25, 3, "POST /x", (), b"{}", 2, ASKED),
        id="provider's request",
    ),
    pytest.param(PhaseMessage("provider_response", 1e9, 1, "200", HEADERS, None), id="stream"),
]
RECORD = Record(
    "req_1",
    1.5,
    "POST",
    "/v1/chat/completions",
    "alice",
    model="sonnet",
    provider="anthropic",
    stream=True,
    status=502,
    end="failed",
    error="server_error",
    message="\udcff",
    injected=["cut"],
    attempts=2,
)
REPORT = AttemptReport(0.5, "anthropic", "claude", "a-1", 529, "529 overloaded_error", 0.25, kind="status", sent=True)
ODD = Note("stop", "approximated", {"a": [1, None, float("inf"), "\udcff"]}, [], "It is cut.", loss=True)


@pytest.mark.parametrize("message", MESSAGES)
def test_message(message: PhaseMessage) -> None:
    assert packed.message_of(packed.message(message)) == message


@pytest.mark.parametrize(
    "record",
    [
        pytest.param(RECORD, id="nothing more"),
        pytest.param(replace(RECORD, usage=Usage(1, 2, reasoning=3)), id="usage"),
        pytest.param(replace(RECORD, reports=[REPORT, REPORT], rests=(Rest("a", "b", "c", 1.5),)), id="attempts"),
        pytest.param(replace(RECORD, notes=[Note("seed", "dropped", 7), ODD]), id="notes"),
    ],
)
def test_record(record: Record) -> None:
    kept = packed.record(record)
    assert isinstance(kept, bytes)
    assert packed.record_of(kept) == record


def test_a_note_of_which_no_bytes_can_be_made() -> None:
    record = replace(RECORD, notes=[Note("x", "dropped", object())])
    assert packed.record_of(packed.record(record)) is record
