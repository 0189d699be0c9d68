"""Conversations that cannot be carried: refused with the path of what is to blame."""

import base64
from typing import Any

import pytest
from anthropic_oracles import check
from anthropic_turns import HI, TOOL, call, paths, render, result, turn

from translators.conversation import Audio, Document, Foreign, Image, Inline, Link, Turn, Upload
from translators.errors import BadRequest


def b64(content: str) -> str:
    return base64.b64encode(content.encode()).decode()


BAD = [
    pytest.param((turn("user", Audio("AA==", "wav", "p")),), "p", id="audio"),
    pytest.param((turn("user", Image(Inline("image/bmp", "AA=="), at="p")),), "p", id="image of another type"),
    pytest.param((turn("user", Image(Inline("image/png", ""), at="p")),), "p", id="empty image"),
    pytest.param((turn("user", Image(Link("ftp://x"), at="p")),), "p", id="image by something else than http"),
    pytest.param((turn("user", Image(Upload("file-abc"), at="p")),), "p", id="OpenAI's image file"),
    pytest.param((turn("user", Document(Upload("file-abc"), at="p")),), "p", id="OpenAI's file"),
    pytest.param((turn("user", Document(Inline("application/zip", "AA=="), at="p")),), "p", id="other file type"),
    pytest.param((turn("user", Document(Inline("text/plain", "?"), at="p")),), "p", id="text that is no base64"),
    pytest.param((turn("user", Document(Inline("text/plain", b64(" ")), at="p")),), "p", id="empty file"),
    pytest.param((turn("user", " "),), "messages", id="no content at all"),
    pytest.param((), "messages", id="no messages"),
    pytest.param((HI, turn("assistant", call("a"))), "calls[a]", id="call without a result, last"),
    pytest.param((HI, turn("assistant", call("a")), HI), "calls[a]", id="call without a result"),
    pytest.param(
        (HI, turn("assistant", call("a"), call("b")), result("a"), HI), "calls[b]", id="one of two without a result"
    ),
    pytest.param((HI, result("a")), "results[a]", id="result without a call"),
    pytest.param(
        (HI, turn("assistant", call("a")), result("a"), turn("assistant", "x"), result("a")),
        "results[a]",
        id="second result, later",
    ),
    pytest.param((HI, turn("assistant", call("a")), result("a"), result("a")), "results[a]", id="two results"),
    pytest.param(
        (HI, turn("assistant", call("a")), HI, turn("assistant", "x"), result("a")), "calls[a]", id="result too late"
    ),
    pytest.param(
        (HI, turn("assistant", Foreign("anthropic", {"type": "text", "text": "x"}, "p")), HI),
        "p.block",
        id="a block of ours that is no server's",
    ),
]


@pytest.mark.parametrize(("turns", "param"), BAD)
def test_refused(turns: tuple[Turn, ...], param: str) -> None:
    with pytest.raises(BadRequest) as caught:
        render(*turns, tools=(TOOL,))
    assert (caught.value.failure.status, caught.value.failure.param) == (400, param)


def test_tools_are_declared_again_from_history_and_may_not_be_called() -> None:
    rendered = render(HI, turn("assistant", call("a"), call("b", "g.h", "x", "custom")), result("a"), result("b"))
    wire = rendered.body["messages"][1]["content"][1]["name"]
    assert rendered.body["tools"][0] == {"name": "f", "input_schema": {"type": "object", "properties": {}}}
    assert rendered.body["tools"][1]["name"] == wire != "g.h"
    assert rendered.body["messages"][1]["content"][1]["input"] == {"input": "x"}
    assert rendered.body["tool_choice"] == {"type": "none"}
    assert (rendered.recall.names, rendered.recall.custom) == ({wire: "g.h"}, frozenset({"g.h"}))
    assert paths(rendered) == [("tools", "synthesised")]
    check(rendered.body)


WRAPPED = [
    pytest.param("{", id="broken JSON"),
    pytest.param("[]", id="no object"),
    pytest.param('{"a": NaN}', id="NaN"),
    pytest.param('{"a": 1e999}', id="infinity"),
    pytest.param("[" * 9999, id="too deep"),
]


@pytest.mark.parametrize("arguments", WRAPPED)
def test_trap_45_broken_arguments_are_sent_as_text(arguments: str) -> None:
    rendered = render(HI, turn("assistant", call("a", arguments=arguments)), result("a"), tools=(TOOL,))
    assert rendered.body["messages"][1]["content"][0]["input"] == {"INVALID_JSON": arguments}
    assert paths(rendered) == [("calls[a]", "approximated")]
    check(rendered.body)


BENT = [
    pytest.param("null", {}, [], id="null"),
    pytest.param('{"a": "x\ny"}', {"a": "x\ny"}, [("calls[a]", "approximated")], id="raw control character"),
    pytest.param('{"a": "\\ud83d"}', {"a": "\ufffd"}, [("calls[a]", "approximated")], id="half a surrogate pair"),
    pytest.param(
        '{"a": 0.12345678901234567891}', {"a": 0.12345678901234568}, [("calls[a]", "approximated")], id="float"
    ),
    pytest.param('{"a": 1e-999}', {"a": 0.0}, [("calls[a]", "approximated")], id="too small a float"),
    pytest.param('{"a": 12345678901234567890, "b": 1.10}', {"a": 12345678901234567890, "b": 1.1}, [], id="exact"),
]


@pytest.mark.parametrize(("arguments", "given", "notes"), BENT)
def test_arguments_that_are_bent_are_noted(arguments: str, given: dict[str, Any], notes: list[Any]) -> None:
    rendered = render(HI, turn("assistant", call("a", arguments=arguments)), result("a"), tools=(TOOL,))
    assert rendered.body["messages"][1]["content"][0]["input"] == given
    assert paths(rendered) == notes
