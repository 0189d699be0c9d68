"""Streams of servers that tell no places (llama.cpp), as a client of the passthrough gets them."""

import json
from typing import Any

import pytest
from passed_responses import passed_through, payloads

from translators.notes import Note

BEGUN = {"type": "response.created", "response": {"id": "resp_1", "status": "in_progress"}}
DONE = {"type": "response.completed", "response": {"id": "resp_1", "status": "completed", "output": []}}


def stream(events: list[dict[str, Any]]) -> bytes:
    return b"".join(b"event: %b\ndata: %b\n\n" % (e["type"].encode(), json.dumps(e).encode()) for e in events)


def item(event: str, id: str, kind: str = "message") -> dict[str, Any]:
    return {"type": f"response.output_item.{event}", "item": {"id": id, "type": kind}}


def within(event: str, id: str) -> dict[str, Any]:
    return {"type": f"response.{event}", "item_id": id}


@pytest.mark.parametrize(
    ("between", "places"),
    [
        pytest.param(
            [
                item("added", "rs_1", "reasoning"),
                within("reasoning_text.delta", "rs_1"),
                item("done", "rs_1", "reasoning"),
                item("added", "msg_1"),
                within("content_part.added", "msg_1"),
                within("output_text.delta", "msg_1"),
                within("content_part.done", "msg_1"),
                within("content_part.added", "msg_1"),
                within("output_text.delta", "msg_1"),
                item("done", "msg_1"),
            ],
            [(0, None), (0, 0), (0, None), (1, None), (1, 0), (1, 0), (1, 0), (1, 1), (1, 1), (1, None)],
            id="parts-of-items",
        ),
        pytest.param(
            [
                item("added", "fc_1", "function_call"),
                item("added", "fc_2", "function_call"),
                within("function_call_arguments.delta", "fc_1"),
                within("function_call_arguments.delta", "fc_2"),
            ],
            [(0, None), (1, None), (0, None), (1, None)],
            id="calls-side-by-side",
        ),
        pytest.param([{"type": "response.queued"}], [(None, None)], id="no-item"),
        pytest.param(
            [{**within("output_text.delta", "msg_1"), "output_index": 5, "content_index": 6}],
            [(5, 6)],
            id="what-is-told-stays",
        ),
    ],
)
def test_places_are_counted(between: list[dict[str, Any]], places: list[tuple[int | None, int | None]]) -> None:
    events = [BEGUN, *between, DONE]
    out, pipe = passed_through(stream(events), streamed=True)
    assert pipe.failure is None
    received = payloads(out)
    assert [event["sequence_number"] for event in received] == list(range(len(events)))
    assert [(event.get("output_index"), event.get("content_index")) for event in received[1:-1]] == places
    assert [note for note in pipe.notes if note.path == "sequence_number"] == [
        Note(
            "sequence_number",
            "synthesised",
            detail="The provider leaves out where its events belong: they are counted here.",
        )
    ]


def test_one_event_without_a_number_is_no_stream_without_numbers() -> None:
    odd = {"type": "response.of_tomorrow", "a": 1}
    out, _ = passed_through(
        stream([{**BEGUN, "sequence_number": 0}, odd, {**DONE, "sequence_number": 1}]), streamed=True
    )
    assert [payload.get("sequence_number") for payload in payloads(out)] == [0, None, 1]
