"""Messages as contents: system apart, two roles in turn, results paired and wrapped."""

import json
from typing import Any

import pytest
from gemini_requests import (
    FLASH,
    GEMMA,
    HI,
    NEW,
    TOOL,
    TOOL_ON_WIRE,
    VERTEX,
    answered,
    call,
    called,
    fates,
    model_turn,
    render,
    result,
    turn,
    user,
)

from translators.conversation import (
    Cache,
    CustomTool,
    Foreign,
    Image,
    Inline,
    RedactedReasoning,
    Refusal,
    Text,
    ToolChoice,
    ToolResult,
    Turn,
)
from translators.errors import BadRequest
from translators.providers.gemini.signatures import SKIP

SIGNED = {"thoughtSignature": SKIP}
CODE = {"executableCode": {"language": "PYTHON", "code": "print(1)"}}

CONTENTS = [
    pytest.param([HI], [user("Hi")], id="one message"),
    pytest.param([HI, turn("user", "there")], [user("Hi", "there")], id="two of one role are one content"),
    pytest.param(
        [HI, turn("assistant", "Yes?"), turn("user", "Go")],
        [user("Hi"), model_turn("Yes?"), user("Go")],
        id="the assistant is the model",
    ),
    pytest.param(
        [HI, turn("assistant", "I look.", call()), result("c1", '{"error": "none", "output": 1}')],
        [user("Hi"), model_turn("I look.", called(**SIGNED)), user(answered(output='{"error": "none", "output": 1}'))],
        id="a result is wrapped, never spread; text beside calls stays",
    ),
    pytest.param(
        [HI, turn("assistant", call("a"), call("b"), call("c")), result("c", "3"), result("a", "1"), result("b", "2")],
        [
            user("Hi"),
            model_turn(called("a", **SIGNED), called("b"), called("c")),
            user(answered("a", "1"), answered("b", "2"), answered("c", "3")),
        ],
        id="parallel results in one content, in the order of the calls; one signature a step",
    ),
    pytest.param(
        [HI, turn("assistant", call("a"), call("b")), result("a", "1"), result("b", "1")],
        [user("Hi"), model_turn(called("a", **SIGNED), called("b")), user(answered("a", "1"), answered("b", "1"))],
        id="twice the same call is two calls",
    ),
    pytest.param(
        [HI, turn("assistant", call()), result("c1", failed=True), turn("user", "Well?")],
        [user("Hi"), model_turn(called(**SIGNED)), user(answered(key="error"), "Well?")],
        id="a failed result, and more of the user's after it",
    ),
    pytest.param(
        [HI, turn("assistant", call("a", "f"), call("a", "g")), result("a", "1"), result("a", "2")],
        [
            user("Hi"),
            model_turn(called("a", **SIGNED), called("a", "g")),
            user(answered("a", "1"), answered("a", "2", "g")),
        ],
        id="one id for two calls: by their order",
    ),
    pytest.param(
        [HI, turn("assistant", call(arguments="")), result("c1", "x", "y")],
        [user("Hi"), model_turn(called(args={}, **SIGNED)), user(answered(output="x\ny"))],
        id="no arguments; texts of a result are lines",
    ),
    pytest.param(
        [HI, turn("assistant", Refusal("I will not.")), turn("user", "Why?")],
        [user("Hi"), model_turn("I will not."), user("Why?")],
        id="a refusal is text",
    ),
    pytest.param(
        [HI, turn("assistant", ""), turn("user", "Go")],
        [user("Hi", "Go")],
        id="an empty message is none",
    ),
    pytest.param(
        [HI, turn("assistant", Foreign("gemini", CODE), "1"), turn("user", "Go")],
        [user("Hi"), model_turn(CODE, "1"), user("Go")],
        id="its own tools' parts go back unread",
    ),
]


@pytest.mark.parametrize(("turns", "contents"), CONTENTS)
def test_contents(turns: list[Turn], contents: list[Any]) -> None:
    assert render(*turns).body == {"contents": contents}


def test_the_whole_of_a_loop_with_everything() -> None:
    rendered = render(
        turn("system", "Be brief.", at="messages[0]"),
        turn("developer", "Be kind.", at="messages[1]"),
        HI,
        turn("assistant", call()),
        result(),
        options={"max_tokens": 100, "temperature": 0.2, "stop": ("END",), "reasoning_effort": "low", "user": "u"},
        model="gemini-3-flash-preview",
        tools=(TOOL,),
        tool_choice=ToolChoice("required", ("f",), single=True),
        overrides={"safety_settings": ({"category": "HARM_CATEGORY_HARASSMENT", "threshold": "BLOCK_ONLY_HIGH"},)},
    )
    assert rendered.body == {
        "contents": [user("Hi"), model_turn(called(**SIGNED)), user(answered())],
        "systemInstruction": {"parts": [{"text": "Be brief."}, {"text": "Be kind."}]},
        "tools": [{"functionDeclarations": [TOOL_ON_WIRE]}],
        "toolConfig": {"functionCallingConfig": {"mode": "ANY", "allowedFunctionNames": ["f"]}},
        "safetySettings": [{"category": "HARM_CATEGORY_HARASSMENT", "threshold": "BLOCK_ONLY_HIGH"}],
        "generationConfig": {
            "maxOutputTokens": 100,
            "temperature": 0.2,
            "stopSequences": ["END"],
            "thinkingConfig": {"thinkingLevel": "LOW", "includeThoughts": True},
        },
    }
    assert rendered.path == "/models/gemini-3-flash-preview:streamGenerateContent?alt=sse"
    assert rendered.streams
    assert fates(rendered) == [("calls[c1]", "synthesised"), ("user", "dropped")]
    assert json.loads(json.dumps(rendered.body)) == rendered.body


NOTED = [
    pytest.param([HI, turn("assistant", call()), result()], [("calls[c1]", "synthesised")], id="no signature"),
    pytest.param([turn("user", "Hi", name="Ann", at="m[0]")], [("m[0].name", "dropped")], id="a participant's name"),
    pytest.param([HI, turn("assistant", "", at="m[1]"), HI], [("m[1]", "dropped")], id="nothing to send"),
    pytest.param([turn("assistant", "A", at="m[0]"), HI], [("m[0]", "synthesised")], id="the assistant begins"),
    pytest.param([turn("system", "S", at="m[0]")], [("m[0]", "moved")], id="only a system message"),
    pytest.param([HI, turn("system", "S", at="m[1]")], [("m[1]", "approximated")], id="a late system message"),
    pytest.param([turn("user", Text("Hi", "p", Cache("5m")))], [("p", "dropped")], id="a cache breakpoint"),
    pytest.param(
        [HI, turn("assistant", Foreign("anthropic", {"type": "x"}, "p"), "A"), HI],
        [("p", "dropped")],
        id="another provider's block",
    ),
    pytest.param(
        [HI, turn("assistant", RedactedReasoning("x", at="p"), "A"), HI], [("p", "dropped")], id="redacted reasoning"
    ),
    pytest.param(
        [HI, turn("assistant", call(arguments='{"a": tru')), result()],
        [("calls[c1]", "approximated"), ("calls[c1]", "synthesised")],
        id="broken arguments",
    ),
]


@pytest.mark.parametrize(("turns", "notes"), NOTED)
def test_what_is_bent_is_noted(turns: list[Turn], notes: list[Any]) -> None:
    assert fates(render(*turns)) == notes


def test_late_instructions_stay_in_their_place() -> None:
    body = render(HI, turn("assistant", "A"), turn("system", "Be brief."), turn("user", "Go")).body
    marked = "<system_message>\nBe brief.\n</system_message>"
    assert body == {"contents": [user("Hi"), model_turn("A"), user(marked, "Go")]}


def test_results_come_first() -> None:
    turns = (HI, turn("assistant", call()), turn("user", "By the way"), result())
    rendered = render(*turns)
    assert rendered.body["contents"][2] == user(answered(), "By the way")
    assert ("results[c1]", "moved") in fates(rendered)


def test_a_model_without_system_instruction() -> None:
    marked = "<system_message>\nBe brief.\n</system_message>"
    rendered = render(turn("system", "Be brief.", at="m[0]"), HI, model=GEMMA)
    assert rendered.body == {"contents": [user(marked, "Hi")]}
    assert fates(rendered) == [("m[0]", "approximated")]


def test_a_late_answer_is_continued_where_that_is_known() -> None:
    assert render(HI, turn("assistant", "One, "), model=FLASH).body == {"contents": [user("Hi"), model_turn("One, ")]}


def test_vertex_has_no_ids_of_calls() -> None:
    body = render(HI, turn("assistant", call()), result(), overrides=VERTEX).body
    assert body["contents"][1:] == [
        model_turn({"functionCall": {"name": "f", "args": {"a": 1}}, **SIGNED}),
        user({"functionResponse": {"name": "f", "response": {"output": "ok"}}}),
    ]


def test_a_custom_tools_call_is_wrapped() -> None:
    turns = (HI, turn("assistant", call(arguments="print(1)", kind="custom")), result())
    rendered = render(*turns, tools=(CustomTool("f"),))
    assert rendered.body["contents"][1]["parts"][0]["functionCall"]["args"] == {"input": "print(1)"}
    assert rendered.recall.custom == {"f"}


PICTURE = Image(Inline("image/png", "AAAA"), at="pic")


def test_pictures_in_results() -> None:
    inline = {"inlineData": {"mimeType": "image/png", "data": "AAAA"}}
    turns = (HI, turn("assistant", call("a"), call("b")), result("a", "seen", PICTURE), result("b", "ok"))
    assert render(*turns).body["contents"][2] == user(answered("a", "seen", parts=[inline]), answered("b"))
    older = render(*turns, model=FLASH)
    assert older.body["contents"][2] == user(answered("a", "seen"), answered("b"), inline)
    assert fates(older) == [("results[a]", "moved")]


REFUSED = [
    pytest.param([], "messages", id="nothing"),
    pytest.param([turn("user", "", at="m[0]")], "messages", id="only empty text"),
    pytest.param([HI, turn("assistant", call()), turn("user", "x")], "calls[c1]", id="a call without its result"),
    pytest.param([HI, result()], "results[c1]", id="a result without its call"),
    pytest.param([HI, turn("assistant", call()), result(), result()], "results[c1]", id="two results"),
    pytest.param(
        [HI, turn("assistant", call()), result(), turn("assistant", "A"), result()], "results[c1]", id="a late result"
    ),
    pytest.param([HI, turn("assistant", Foreign("gemini", {"text": "x"}, "p")), HI], "p.block", id="a smuggled part"),
]


@pytest.mark.parametrize(("turns", "param"), REFUSED)
def test_refused(turns: list[Turn], param: str) -> None:
    with pytest.raises(BadRequest) as caught:
        render(*(turns or (Turn("user", ()),)))
    assert caught.value.failure.status == 400
    assert caught.value.failure.param == param


def test_an_unheard_part_of_a_result_is_noted() -> None:
    nested = ToolResult("c1", (Text("ok"), call("x")), at="r")
    rendered = render(HI, turn("assistant", call()), Turn("tool", (nested,)), model=FLASH)
    assert fates(rendered) == [("calls[x]", "dropped")]


@pytest.mark.parametrize(
    ("model", "stream", "path"),
    [
        pytest.param("gemini-3.8-flash", False, "/models/gemini-3.8-flash:generateContent", id="whole"),
        pytest.param(
            "models/gemini-x", True, "/models/gemini-x:streamGenerateContent?alt=sse", id="with its collection"
        ),
        pytest.param("tunedModels/my-own", False, "/tunedModels/my-own:generateContent", id="tuned"),
        pytest.param("gemini 3?x@1", False, "/models/gemini%203%3Fx%401:generateContent", id="odd characters"),
    ],
)
def test_path(model: str, stream: bool, path: str) -> None:
    rendered = render(HI, model=model, stream=stream)
    assert (rendered.path, rendered.streams, rendered.headers) == (path, stream, {})
    assert rendered.recall.model == model
    assert NEW not in json.dumps(rendered.body)
