"""Whole bodies, compared with what they must be and judged by botocore's model of the service."""

import base64
from typing import Any

import pytest
from bedrock_turns import (
    HI,
    LLAMA,
    NOVA,
    OLD,
    POINT,
    TOOL,
    answered,
    assistant,
    call,
    paths,
    render,
    result,
    spec,
    turn,
    use,
    user,
)

from translators.conversation import (
    Audio,
    Cache,
    Document,
    Foreign,
    Image,
    Inline,
    Link,
    Option,
    PromptCache,
    Reasoning,
    RedactedReasoning,
    Refusal,
    Text,
    ToolResult,
    Turn,
    Upload,
    WebSearch,
)
from translators.dialects import Recall, Rendered
from translators.errors import BadRequest


def b64(text: str | bytes) -> str:
    return base64.b64encode(text.encode() if isinstance(text, str) else text).decode()


@pytest.mark.parametrize(
    ("stream", "operation"),
    [pytest.param(True, "converse-stream", id="streamed"), pytest.param(False, "converse", id="whole")],
)
def test_the_smallest_request_is_compared_whole(stream: bool, operation: str) -> None:
    assert render(HI, stream=stream) == Rendered(
        path=f"/model/us.anthropic.claude-sonnet-4-5-20250929-v1%3A0/{operation}",
        body={"messages": [user("Hi")]},
        headers={},
        notes=(),
        recall=Recall(OLD),
        streams=stream,
    )


def test_an_arn_is_one_segment_of_the_path() -> None:
    arn = "arn:aws:bedrock:us-east-1:123456789012:inference-profile/us.anthropic.claude-sonnet-4-5-20250929-v1:0"
    rendered = render(HI, model=arn)
    assert rendered.path == (
        "/model/arn%3Aaws%3Abedrock%3Aus-east-1%3A123456789012%3Ainference-profile"
        "%2Fus.anthropic.claude-sonnet-4-5-20250929-v1%3A0/converse-stream"
    )
    assert rendered.recall == Recall(arn)


MARKED = "<system_message>\n{}\n</system_message>"
SIGNED = {"reasoningContent": {"reasoningText": {"text": "Hm.", "signature": "sig"}}}
SERVER = {"toolUse": {"toolUseId": "s1", "name": "nova_grounding", "type": "server_tool_use", "input": {"q": 1}}}
SERVED = {"toolResult": {"toolUseId": "s1", "type": "nova_grounding_result", "content": [{"text": "t"}]}}
MESSAGES = [
    pytest.param(
        (turn("system", "A", " "), turn("developer", "B"), HI),
        {"system": [{"text": "A"}, {"text": "B"}], "messages": [user("Hi")]},
        [(".content", "dropped")],
        id="leading system and developer turns, in order",
    ),
    pytest.param(
        (HI, turn("system", "Now", at="messages[1]"), turn("user", "Go")),
        {"messages": [user("Hi", MARKED.format("Now"), "Go")]},
        [("messages[1]", "approximated")],
        id="a later system turn: marked user text in its place",
    ),
    pytest.param(
        (turn("system", "Only", at="messages[0]"),),
        {"messages": [user("Only")]},
        [("messages[0]", "moved")],
        id="nothing but a system turn",
    ),
    pytest.param(
        (turn("user", "a"), turn("user", "b"), turn("assistant", "c"), turn("assistant", "d"), turn("user", "e")),
        {"messages": [user("a", "b"), assistant("c", "d"), user("e")]},
        [],
        id="consecutive turns of one role are one message",
    ),
    pytest.param(
        (turn("assistant", "Hello", at="messages[0]"), HI),
        {"messages": [user("(The conversation begins with the assistant.)"), assistant("Hello"), user("Hi")]},
        [("messages[0]", "synthesised")],
        id="the assistant begins",
    ),
    pytest.param(
        (turn("user", "Hi", name="bob", at="messages[0]"),),
        {"messages": [user("Hi")]},
        [("messages[0].name", "dropped")],
        id="a name",
    ),
    pytest.param(
        (HI, turn("assistant", "", at="messages[1]"), turn("user", "Go")),
        {"messages": [user("Hi", "Go")]},
        [("messages[1]", "dropped")],
        id="an empty turn is none",
    ),
    pytest.param(
        (HI, turn("assistant", Refusal("No.")), turn("user", "Why?")),
        {"messages": [user("Hi"), assistant("No."), user("Why?")]},
        [],
        id="a refusal is the assistant's text",
    ),
    pytest.param(
        (HI, turn("assistant", "So ", at="messages[1]")),
        {"messages": [user("Hi"), assistant("So")]},
        [("messages[1]", "approximated")],
        id="a prefill, without white space at its end",
    ),
    pytest.param(
        (HI, turn("assistant", "Both.", call("a"), call("b")), result("a", "1"), result("b", "2", failed=True)),
        {
            "messages": [
                user("Hi"),
                assistant("Both.", use("a"), use("b")),
                user(answered("a", "1"), answered("b", "2", status="error")),
            ],
            "toolConfig": {"tools": [spec()]},
        },
        [],
        id="parallel results in one message, one of them an error",
    ),
    pytest.param(
        (HI, turn("assistant", call()), turn("user", "And?"), result()),
        {
            "messages": [user("Hi"), assistant(use()), user(answered(), "And?")],
            "toolConfig": {"tools": [spec()]},
        },
        [("results[c1]", "moved")],
        id="results come first",
    ),
    pytest.param(
        (HI, turn("assistant", call()), Turn("tool", (ToolResult("c1", ()),))),
        {
            "messages": [user("Hi"), assistant(use()), user({"toolResult": {"toolUseId": "c1", "content": []}})],
            "toolConfig": {"tools": [spec()]},
        },
        [],
        id="an empty result",
    ),
    pytest.param(
        (HI, turn("assistant", call()), result("c1", '{"error": "x"}')),
        {
            "messages": [user("Hi"), assistant(use()), user(answered("c1", '{"error": "x"}'))],
            "toolConfig": {"tools": [spec()]},
        },
        [],
        id="a result that is JSON stays text",
    ),
    pytest.param(
        (HI, turn("assistant", call("x.y"), call("x:y"), call("x" * 70)), *map(result, ("x.y", "x:y", "x" * 70))),
        None,
        [],
        id="ids that must be written otherwise",
    ),
    pytest.param(
        (HI, turn("assistant", call(arguments=""), call("c2", arguments="[1]")), result(), result("c2")),
        {
            "messages": [
                user("Hi"),
                assistant({"toolUse": {"toolUseId": "c1", "name": "f", "input": {}}}, use("c2", INVALID_JSON="[1]")),
                user(answered(), answered("c2")),
            ],
            "toolConfig": {"tools": [spec()]},
        },
        [("calls[c2]", "approximated")],
        id="no arguments, and none that are an object",
    ),
    pytest.param(
        (HI, turn("assistant", Reasoning("Hm.", "sig", f"bedrock:{OLD}"), call()), result()),
        {
            "messages": [user("Hi"), assistant(SIGNED, use()), user(answered())],
            "toolConfig": {"tools": [spec()]},
        },
        [],
        id="signed reasoning goes back",
    ),
    pytest.param(
        (HI, turn("assistant", Reasoning("Hm.", "sig", "anthropic:claude-sonnet-4-5-20250929"), "A"), HI),
        {"messages": [user("Hi"), assistant(SIGNED, "A"), user("Hi")]},
        [],
        id="Anthropic's own signature of the same Claude",
    ),
    pytest.param(
        (HI, turn("assistant", Reasoning("Hm.", "sig"), "A"), HI),
        {"messages": [user("Hi"), assistant(SIGNED, "A"), user("Hi")]},
        [],
        id="an issuer that nobody kept",
    ),
    pytest.param(
        (
            HI,
            turn(
                "assistant",
                Reasoning("a", "sig", "bedrock:us.anthropic.claude-opus-4-6-v1", at="r[0]"),
                Reasoning("b", "sig", "gemini:x", at="r[1]"),
                Reasoning("c", at="r[2]"),
                RedactedReasoning(b64("x"), "anthropic:claude-sonnet-4-5", at="r[3]"),
                RedactedReasoning("no base64!", at="r[4]"),
                "A",
            ),
            HI,
        ),
        {"messages": [user("Hi"), assistant("A"), user("Hi")]},
        [(f"r[{at}]", "dropped") for at in range(5)],
        id="reasoning that this model did not sign",
    ),
    pytest.param(
        (HI, turn("assistant", "A", RedactedReasoning(b64("x"), f"bedrock:{OLD}")), HI),
        {
            "messages": [
                user("Hi"),
                assistant({"reasoningContent": {"redactedContent": b64("x")}}, "A"),
                user("Hi"),
            ]
        },
        [],
        id="redacted reasoning, listed last, stands first",
    ),
    pytest.param(
        (HI, turn("assistant", Reasoning("Hm.", "sig"), at="messages[1]"), HI),
        {"messages": [user("Hi", "Hi")]},
        [("messages[1]", "dropped")],
        id="reasoning that led to nothing",
    ),
    pytest.param(
        (HI, turn("assistant", Foreign("bedrock", SERVER, at="b"), "A"), HI),
        {"messages": [user("Hi"), assistant("A"), user("Hi")]},
        [("b", "dropped")],
        id="a server's tool that is not declared any more",
    ),
    pytest.param(
        (HI, turn("assistant", Foreign("anthropic", {"type": "server_tool_use"}, at="b"), "A"), HI),
        {"messages": [user("Hi"), assistant("A"), user("Hi")]},
        [("b", "dropped")],
        id="another provider's block",
    ),
]


@pytest.mark.parametrize(("turns", "body", "notes"), MESSAGES)
def test_messages(turns: tuple[Turn, ...], body: Any, notes: list[tuple[str, str]]) -> None:
    called = any(part for each in turns for part in each.parts if hasattr(part, "arguments"))
    rendered = render(*turns, tools=(TOOL,) if called else ())
    if body is not None:
        assert rendered.body == body
    assert paths(rendered) == notes


def test_trap_24_calls_that_are_alike_are_two() -> None:
    turns = (HI, turn("assistant", call("a"), call("b")), result("a"), result("b"))
    messages = render(*turns, tools=(TOOL,)).body["messages"]
    assert messages[1:] == [assistant(use("a"), use("b")), user(answered("a"), answered("b"))]


def test_a_servers_tool_is_replayed() -> None:
    turns = (HI, turn("assistant", Foreign("bedrock", SERVER), Foreign("bedrock", SERVED), "A"), HI)
    rendered = render(*turns, model=NOVA, options={"web_search": WebSearch()})
    assert rendered.body == {
        "messages": [user("Hi"), assistant(SERVER, SERVED, "A"), user("Hi")],
        "toolConfig": {"tools": [{"systemTool": {"name": "nova_grounding"}}]},
    }
    assert rendered.notes == ()


def test_ids_are_rewritten_without_collisions() -> None:
    ids = ["x.y", "x:y", "x" * 70, "x" * 71, "same", "same"]
    turns = [each for id in ids for each in (turn("assistant", call(id)), result(id))]
    messages = render(HI, *turns, tools=(TOOL,)).body["messages"]
    sent = [block["toolUse"]["toolUseId"] for message in messages for block in message["content"] if "toolUse" in block]
    back = [block["toolResult"]["toolUseId"] for each in messages for block in each["content"] if "toolResult" in block]
    assert sent == back
    assert len(set(sent)) == len(ids)
    assert render(HI, *turns, tools=(TOOL,)).body["messages"] == messages


PNG = {"image": {"format": "png", "source": {"bytes": "AAAA"}}}


def document(name: str, format: str = "pdf", data: str = "AAAA") -> dict[str, Any]:
    return {"document": {"name": name, "format": format, "source": {"bytes": data}}}


TEXT = b64("grüß")
MEDIA = [
    pytest.param(Image(Inline("image/png", "AAAA")), [PNG], [], id="image"),
    pytest.param(
        Image(Inline("image/jpg", "AAAA"), "high", at="i"),
        [{"image": {"format": "jpeg", "source": {"bytes": "AAAA"}}}],
        [("i.detail", "dropped")],
        id="jpg with a detail",
    ),
    pytest.param(
        Image(Link("s3://bucket/a.webp")),
        [{"image": {"format": "webp", "source": {"s3Location": {"uri": "s3://bucket/a.webp"}}}}],
        [],
        id="image in S3",
    ),
    pytest.param(Image(Inline("application/pdf", "AAAA")), [document("document")], [], id="a PDF as an image"),
    pytest.param(Document(Inline("application/pdf", "AAAA"), "a.pdf"), [document("a")], [], id="PDF"),
    pytest.param(
        Document(Inline("application/pdf", "AAAA"), "My__report  v1.2 (final)[x].PDF", at="d"),
        [document("My-report v1-2 (final)[x]")],
        [("d", "approximated")],
        id="a name in its characters",
    ),
    pytest.param(Document(Inline("text/plain", TEXT), "a.txt"), [document("a", "txt", TEXT)], [], id="text"),
    pytest.param(
        Document(Inline("text/plain; charset=iso-8859-1", b64("grüß".encode("latin-1"))), "a.txt"),
        [document("a", "txt", TEXT)],
        [],
        id="text in another charset",
    ),
    pytest.param(Document(Inline("", TEXT), "a.md"), [document("a", "md", TEXT)], [], id="by its ending"),
    pytest.param(Document(Inline("text/x-python", TEXT), "a.py", at="d"), None, [("d", "approximated")], id="code"),
    pytest.param(
        Document(Inline("application/vnd.openxmlformats-officedocument.wordprocessingml.document", "AAAA"), "a.docx"),
        [document("a", "docx")],
        [],
        id="Word",
    ),
    pytest.param(
        Document(Inline("application/json", b64("{}"))), [document("document", "txt", b64("{}"))], [], id="JSON"
    ),
]


@pytest.mark.parametrize(("part", "blocks", "notes"), MEDIA)
def test_media(part: Any, blocks: Any, notes: list[tuple[str, str]]) -> None:
    rendered = render(turn("user", "See", part))
    if blocks is not None:
        assert rendered.body == {"messages": [user("See", *blocks)]}
    assert paths(rendered) == notes


def test_names_of_documents_differ() -> None:
    same = Inline("application/pdf", "AAAA")
    names = ["a.pdf", "a.pdf", "a_.pdf", "a-.pdf", "x" * 300, "x" * 250, None]
    turns = [turn("user", "See", Document(same, name)) for name in names]
    rendered = render(*(each for one in turns for each in (one, turn("assistant", "ok"))), HI)
    sent = [
        block["document"]["name"]
        for each in rendered.body["messages"]
        for block in each["content"]
        if "document" in block
    ]
    assert sent[:4] == ["a", "a (2)", "a-", "a- (2)"]
    assert len(set(sent)) == len(names)


def test_a_document_has_text_beside_it() -> None:
    rendered = render(turn("user", Document(Inline("application/pdf", "AAAA"), at="d")))
    assert rendered.body == {"messages": [user(document("document"), "(A document is attached.)")]}
    assert paths(rendered) == [("d", "synthesised")]


def test_audio_for_a_model_that_may_take_it() -> None:
    rendered = render(turn("user", "Hear", Audio("AAAA", "wav")), model=LLAMA)
    assert rendered.body == {"messages": [user("Hear", {"audio": {"format": "wav", "source": {"bytes": "AAAA"}}})]}


def test_a_picture_goes_back_to_a_model_that_may_have_made_it() -> None:
    rendered = render(HI, turn("assistant", "Here:", Image(Inline("image/png", "AAAA"))), HI, model="new.painter-v1:0")
    assert rendered.body["messages"][1] == assistant("Here:", PNG)


def test_a_result_holds_images_and_documents() -> None:
    parts = (Text("t"), Image(Inline("image/png", "AAAA")), Document(Inline("application/pdf", "AAAA"), "a"))
    rendered = render(HI, turn("assistant", call()), result("c1", *parts), tools=(TOOL,))
    assert rendered.body["messages"][-1] == user(answered("c1", "t", PNG, document("a")))


CACHED = Cache()
CACHING = [
    pytest.param(
        OLD,
        (turn("system", Text("S", cache=CACHED)), turn("user", Text("a", cache=Cache("5m")), "b")),
        {
            "system": [{"text": "S"}, POINT],
            "messages": [user("a", {"cachePoint": {"type": "default", "ttl": "5m"}}, "b")],
        },
        [],
        id="after its block",
    ),
    pytest.param(
        OLD,
        (turn("system", Text("S", cache=CACHED)), turn("user", Text("a", "p", Cache("30m")), "b")),
        {
            "system": [{"text": "S"}, {"cachePoint": {"type": "default", "ttl": "1h"}}],
            "messages": [user("a", {"cachePoint": {"type": "default", "ttl": "1h"}}, "b")],
        },
        [("p", "approximated"), ("", "approximated")],
        id="the longer-lived first",
    ),
    pytest.param(
        OLD,
        (turn("user", *(Text(str(at), f"p[{at}]", CACHED) for at in range(6))),),
        {"messages": [user("0", "1", "2", POINT, "3", POINT, "4", POINT, "5", POINT)]},
        [("p[0]", "dropped"), ("p[1]", "dropped")],
        id="at most four",
    ),
    pytest.param(
        "anthropic.claude-3-7-sonnet-20250219-v1:0",
        (turn("user", Text("a", "p", Cache("1h"))),),
        {"messages": [user("a", POINT)]},
        [("p", "approximated")],
        id="a model of five minutes",
    ),
    pytest.param(
        LLAMA,
        (turn("user", Text("a", "p", CACHED)),),
        {"messages": [user("a")]},
        [("p", "dropped")],
        id="a model without",
    ),
]


@pytest.mark.parametrize(("model", "turns", "body", "notes"), CACHING)
def test_cache_points(model: str, turns: tuple[Turn, ...], body: Any, notes: list[tuple[str, str]]) -> None:
    rendered = render(*turns, model=model)
    assert rendered.body == body
    assert paths(rendered) == notes


def test_a_point_inside_a_result_comes_after_it() -> None:
    rendered = render(HI, turn("assistant", call()), result("c1", Text("t", cache=CACHED)), HI, tools=(TOOL,))
    assert rendered.body["messages"][-1] == user(answered("c1", "t"), POINT, "Hi")


@pytest.mark.parametrize(
    ("option", "content"),
    [
        pytest.param(PromptCache("implicit"), ["Hi", POINT], id="implicit: at the end of the prompt"),
        pytest.param(
            PromptCache("implicit", "24h"), ["Hi", {"cachePoint": {"type": "default", "ttl": "1h"}}], id="for an hour"
        ),
        pytest.param(PromptCache("explicit", "1h"), ["Hi"], id="explicit: none that was not asked for"),
    ],
)
def test_the_prompt_cache(option: PromptCache, content: list[Any]) -> None:
    assert render(HI, options={"prompt_cache": option}).body == {"messages": [user(*content)]}


PDF = Inline("application/pdf", "AAAA")
REFUSED = [
    pytest.param((turn("user", Image(Link("https://x/a.png"), at="i")),), OLD, "i", "unsupported_content", id="a URL"),
    pytest.param(
        (turn("user", Document(Link("https://x/a.pdf"), at="d")),), OLD, "d", "unsupported_content", id="a file's"
    ),
    pytest.param((turn("user", Document(Upload("file-1"), at="d")),), OLD, "d", "unsupported_content", id="an upload"),
    pytest.param((turn("user", Image(Inline("image/tiff", "AA"), at="i")),), OLD, "i", None, id="a kind of image"),
    pytest.param((turn("user", Image(Inline("image/png", ""), at="i")),), OLD, "i", None, id="an empty image"),
    pytest.param((turn("user", Document(Inline("video/mp4", "AA"), at="d")),), OLD, "d", None, id="a kind of file"),
    pytest.param((turn("user", Document(Inline("text/plain", b64(" ")), at="d")),), OLD, "d", None, id="an empty file"),
    pytest.param((turn("user", Document(Inline("text/plain", "/w=="), at="d")),), OLD, "d", None, id="no UTF-8"),
    pytest.param(
        (turn("user", Document(Inline("text/plain", b64("x" * 4_500_100)), at="d")),),
        OLD,
        "d",
        "file_too_large",
        id="4.5 MB",
    ),
    pytest.param(
        (turn("user", "See", *(Document(PDF, at=f"d[{at}]") for at in range(6))),),
        OLD,
        "d[5]",
        "too_many_documents",
        id="a sixth document",
    ),
    pytest.param((turn("user", Audio("AA", "wav", at="a")),), OLD, "a", "unsupported_content", id="audio"),
    pytest.param((turn("user", Audio("AA", "ogg", at="a")),), LLAMA, "a", None, id="audio of another kind"),
    pytest.param(
        (HI, turn("assistant", call()), result("c1", Audio("A", "wav", at="a"))), OLD, "a", None, id="result's audio"
    ),
    pytest.param((HI, turn("assistant", call())), OLD, "calls[c1]", None, id="no result"),
    pytest.param((HI, turn("assistant", call()), HI, result("c9")), OLD, "results[c9]", None, id="no call"),
    pytest.param((HI, turn("assistant", call()), result(), result()), OLD, "results[c1]", None, id="two results"),
    pytest.param(
        (HI, turn("assistant", call()), result(), HI, turn("assistant", "x"), result()),
        OLD,
        "results[c1]",
        None,
        id="late",
    ),
    pytest.param((turn("user", ""),), OLD, "messages", None, id="nothing"),
    pytest.param(
        (HI, turn("assistant", Foreign("bedrock", {"x": 1}, at="f"), "A"), HI), OLD, "f.block", None, id="no block"
    ),
]


@pytest.mark.parametrize(("turns", "model", "param", "code"), REFUSED)
def test_refused(turns: tuple[Turn, ...], model: str, param: str, code: str | None) -> None:
    with pytest.raises(BadRequest) as caught:
        render(*turns, model=model, tools=(TOOL,), options={"max_tokens": Option(100, "max_tokens")})
    assert (caught.value.failure.param, caught.value.failure.code) == (param, code)
