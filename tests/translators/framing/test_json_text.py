"""JSON of many values is read in another way, and is the same."""

import json
from typing import Any

import pytest

from translators.framing import json_text

FILLING = b"[" + b"0," * json_text.PATIENT + b"0]"


def both(text: bytes) -> list[bytes]:
    """`text`, and with so many values beside it that Python reads it."""
    return [b'{"a":' + text + b',"more":[]}', b'{"a":' + text + b',"more":' + FILLING + b"}"]


@pytest.mark.parametrize(
    ("text", "value", "repaired"),
    [
        (b'"a\\n\\"\\\\"', 'a\n"\\', False),
        (b'"\\ud83d\\udc4b"', "👋", False),
        (b'"\\\\ud83d"', "\\ud83d", False),
        (b'"\\ud83d!"', "\ufffd!", True),
        (b'"\\udc4b\\ud83d\\udc4b"', "\ufffd👋", True),
        (b'"\xed\xa0\xbd!"', "\ufffd!", True),
        (b'{"b":1,"b":2}', {"b": 2}, False),
        (b"1e5", 1e5, False),
        (b"123456789012345678901234567890", 123456789012345678901234567890, False),
        (b"[" * 198 + b"]" * 198, json.loads(b"[" * 198 + b"]" * 198), False),
    ],
    ids=["escapes", "pair", "backslash", "half", "half and pair", "raw half", "twice", "float", "integer", "levels"],
)
def test_what_is_read(text: bytes, value: Any, repaired: bool) -> None:
    assert [(body["a"], changed) for body, changed in map(json_text.parsed, both(text))] == [(value, repaired)] * 2


@pytest.mark.parametrize(
    "text",
    [b"NaN", b"-Infinity", b"[" * 201 + b"]" * 201, b'"\x00"', b'"\xff"', b"01", b"[1,]", b"", b"'a'"],
    ids=["nan", "infinity", "levels", "control", "utf-8", "zero", "comma", "nothing", "quotes"],
)
def test_what_is_no_json(text: bytes) -> None:
    for whole in both(text):
        with pytest.raises(ValueError):
            json_text.parsed(whole)


def test_there_is_a_limit_to_the_fields_of_one_object() -> None:
    fields = {str(number): 0 for number in range(json_text.MOST_FIELDS + 1)}
    with pytest.raises(json_text.TooManyValues, match="more than 200000 fields"):
        json_text.parsed(json.dumps(fields).encode())
