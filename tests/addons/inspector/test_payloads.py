"""A stream's payloads, shortened for people."""

import pytest

from addons.inspector.payloads import WIDTH, Shortener, wrapped

HEAD = '"id":"c1","object":"chat.completion.chunk","created":1,"model":"m"'


@pytest.mark.parametrize(
    ("payloads", "name", "shown"),
    [
        pytest.param(
            [f'{{{HEAD},"choices":[{{"index":0,"delta":{{"content":"a"}},"finish_reason":null}}]}}'] * 2,
            "",
            [f'{{"choices":[{{"delta":{{"content":"a"}}}}],{HEAD}}}', '{"choices":[{"delta":{"content":"a"}}]}'],
            id="chat: the head once, the delta first and always",
        ),
        pytest.param(
            ['{"choices":[{"index":1,"delta":{},"finish_reason":"stop"}]}'],
            "",
            ['{"choices":[{"delta":{},"index":1,"finish_reason":"stop"}]}'],
            id="chat: another choice, and its end",
        ),
        pytest.param(
            ['{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"a"}}'] * 2,
            "content_block_delta",
            ['{"delta":{"type":"text_delta","text":"a"},"index":0}', '{"delta":{"type":"text_delta","text":"a"}}'],
            id="anthropic: the type is the event's name",
        ),
        pytest.param(
            ['{"type":"t","number":1,"item_id":"i","delta":"a"}', '{"type":"t","number":2,"item_id":"i","delta":"a"}'],
            "t",
            ['{"delta":"a","number":1,"item_id":"i"}', '{"delta":"a","number":2}'],
            id="responses: the same words twice are two deltas",
        ),
        pytest.param(
            ['{"model":"a","done":false}', '{"model":"b","done":false}'], "",
            ['{"model":"a","done":false}', '{"model":"b"}'], id="what changes is shown",
        ),
        pytest.param(
            ['{"a":1}', '{"b":1}', '{"a":1}'], "", ['{"a":1}', '{"b":1}', '{"a":1}'], id="what was away and comes again"
        ),
        pytest.param(["[DONE]", "[1]", "no JSON", "[" * 100_000], "", ["[DONE]", "[1]", "no JSON", "[" * 100_000],
                     id="anything else as it is"),
    ],
)  # fmt: skip
def test_short(payloads: list[str], name: str, shown: list[str]) -> None:
    shortener = Shortener()
    assert [shortener.short(payload, name) for payload in payloads] == shown


@pytest.mark.parametrize("text", ["", "short", "x" * (WIDTH - 3), "x" * 1000, "two\nlines"])
def test_lines_are_no_wider_than_a_window(text: str) -> None:
    lines = list(wrapped(text, "-> ", "   "))
    assert all(len(line) <= WIDTH for line in lines)
    assert lines[0].startswith("-> ")
    assert "".join(line[3:] for line in lines) == text.replace("\n", "")
