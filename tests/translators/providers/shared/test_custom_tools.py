import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from translators.conversation import CustomTool, FunctionTool
from translators.notes import Note
from translators.providers.shared.custom_tools import Unwrapper, as_function, unwrapped, wrapped

SCHEMA = {
    "type": "object",
    "properties": {"input": {"type": "string", "description": "The text for the tool."}},
    "required": ["input"],
    "additionalProperties": False,
}
HOW = "Put the whole text for this tool into `input`, exactly as it should be."


@pytest.mark.parametrize(
    ("tool", "description", "noted"),
    [
        pytest.param(CustomTool("run"), HOW, False, id="bare"),
        pytest.param(CustomTool("run", "Runs."), f"Runs.\n\n{HOW}", False, id="described"),
        pytest.param(
            CustomTool("run", "Runs.", "lark", "start: WORD", at="tools[0]"),
            f"Runs.\n\n{HOW}\n\nThe text must match this lark grammar:\nstart: WORD",
            True,
            id="lark grammar",
        ),
        pytest.param(
            CustomTool("run", None, "regex", "a+", at="tools[0]"),
            f"{HOW}\n\nThe text must match this regular expression:\na+",
            True,
            id="regular expression",
        ),
    ],
)
def test_a_custom_tool_goes_as_a_function(tool: CustomTool, description: str, noted: bool) -> None:
    notes: list[Note] = []
    assert as_function(tool, notes) == FunctionTool("run", description, SCHEMA, at=tool.at)
    why = "The grammar is described to the model, and not enforced."
    assert notes == ([Note("tools[0]", "approximated", detail=why)] if noted else [])


def fed(arguments: str, size: int) -> tuple[str, bool]:
    unwrapper = Unwrapper()
    text = "".join(unwrapper.feed(arguments[at : at + size]) for at in range(0, len(arguments), size))
    return text + unwrapper.close(), unwrapper.fits


FORMS = [
    pytest.param('{"input": "ls -l"}', "ls -l", True, id="plain"),
    pytest.param('\n{ "input" :\t"" } \n', "", True, id="empty, with white space"),
    pytest.param('{"input":"a\\"b\\\\n\\n\\u00e9/\\/"}', 'a"b\\n\né//', True, id="escapes"),
    pytest.param(
        '{"input":"\\\\ud83d \\ud83d\\ude00"}', "\\ud83d 😀", True, id="surrogate pairs, and what looks like one"
    ),
    pytest.param('{"input":"\\ud83d!"}', "�!", True, id="half a surrogate pair"),
    pytest.param('{"input":"a\nb"}', "a\nb", True, id="a bare line end"),
    pytest.param('{"why":1,"input":"x"}', "x", False, id="input comes second"),
    pytest.param('{"input":"x","why":1}', "x", False, id="something comes after it"),
    pytest.param('{"cmd":"x"}', '{"cmd":"x"}', False, id="no input"),
    pytest.param('{"input":["x"]}', '{"input":["x"]}', False, id="input is no text"),
    pytest.param("just text", "just text", False, id="no JSON"),
    pytest.param("z" * 500, "z" * 500, False, id="no JSON, and long"),
    pytest.param('{"input":"x', "x", False, id="cut off"),
    pytest.param('{"input":"a\\qb"}', 'a\\qb"}', False, id="no such escape"),
    pytest.param("", "", False, id="nothing"),
]


@pytest.mark.parametrize(("arguments", "text", "fits"), FORMS)
def test_unwrapping_in_pieces(arguments: str, text: str, fits: bool) -> None:
    for size in (1, 2, 3, 7, 1000):
        assert fed(arguments, size) == (text, fits), size


@given(st.text(), st.booleans(), st.integers(1, 9))
def test_what_was_wrapped_is_unwrapped(text: str, ascii_only: bool, size: int) -> None:
    arguments = json.dumps(wrapped(text), ensure_ascii=ascii_only)
    assert unwrapped(arguments) == (text, True)
    assert fed(arguments, size) == (text, True)


def test_text_comes_as_soon_as_it_is_certain() -> None:
    unwrapper = Unwrapper()
    pieces = ['{"inp', 'ut": "he', "llo\\", "n wor\\u00", 'e9"', "}"]
    assert [unwrapper.feed(piece) for piece in pieces] == ["", "he", "llo", "\n wor", "é", ""]
    assert unwrapper.close() == ""
