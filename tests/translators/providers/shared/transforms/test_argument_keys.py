"""Keys of a call's arguments, put back however the JSON is cut."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from translators.events import Event, Finished, TextDelta, ToolCallDelta, ToolCallStarted
from translators.providers.shared.transforms.argument_keys import ArgumentKeys, KeyReader

NAMES = {"_top": "$top", "user_name": 'user "name" é'}


def read(text: str, size: int) -> str:
    reader = KeyReader(NAMES)
    return "".join([reader.feed(text[at : at + size]) for at in range(0, len(text), size)]) + reader.close()


JSON = [
    pytest.param('{"_top": 1}', '{"$top": 1}', id="a key"),
    pytest.param('{"user_name":"_top"}', '{"user \\"name\\" é":"_top"}', id="a value stays"),
    pytest.param('{"a":{"_top":1},"_top":2}', '{"a":{"_top":1},"$top":2}', id="keys inside stay"),
    pytest.param('{"a":["_top",{"b":"}"}],"_top":[]}', '{"a":["_top",{"b":"}"}],"$top":[]}', id="after brackets"),
    pytest.param('{"a":"\\",\\"_top\\":","_top":"\\\\"}', '{"a":"\\",\\"_top\\":","$top":"\\\\"}', id="escapes"),
    pytest.param('{"\\u005ftop":1}', '{"$top":1}', id="a key in escapes"),
    pytest.param('["_top","_top"]', '["_top","_top"]', id="a list"),
    pytest.param("{}", "{}", id="nothing"),
    pytest.param('{"_top": 1, "_to', '{"$top": 1, "_to', id="cut in a key"),
    pytest.param('{"a": "x\\', '{"a": "x\\', id="cut in an escape"),
]


@pytest.mark.parametrize(("wire", "expected"), JSON)
def test_keys_are_put_back(wire: str, expected: str) -> None:
    for size in (1, 2, 3, 100):
        assert read(wire, size) == expected, size


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=10,
)


@given(st.dictionaries(st.text() | st.sampled_from(list(NAMES)), VALUES), st.integers(1, 9), st.booleans())
def test_any_object_is_put_back(wire: dict[str, Any], size: int, ascii: bool) -> None:
    text = json.dumps(wire, ensure_ascii=ascii)
    assert json.loads(read(text, size)) == {NAMES.get(key, key): value for key, value in wire.items()}


def test_only_calls_of_the_tool_are_read() -> None:
    events: list[Event] = [
        ToolCallStarted(0, "a", "other"),
        ToolCallDelta(0, '{"_top":1}'),
        ToolCallStarted(1, "b", "f"),
        ToolCallDelta(1, '{"_top'),
        TextDelta("x"),
        Finished("length"),
    ]
    keys = ArgumentKeys({"f": NAMES})
    emitted = [after for event in events for after in keys.on(event)]
    assert emitted[:3] == events[:3]
    assert emitted[3:] == [ToolCallDelta(1, "{"), TextDelta("x"), ToolCallDelta(1, '"_top'), Finished("length")]
