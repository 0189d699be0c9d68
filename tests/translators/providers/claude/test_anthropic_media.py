"""Images and documents, in messages and in the results of tools."""

import base64
from typing import Any

import pytest
from anthropic_oracles import check
from anthropic_turns import HI, TOOL, answered, call, paths, render, result, turn, user

from translators.conversation import Document, Image, Inline, Link, Upload


def b64(content: str) -> str:
    return base64.b64encode(content.encode()).decode()


PDF = Inline("application/pdf", "JVBERi0=")
MEDIA = [
    pytest.param(
        Image(Inline("image/png", "AA==")),
        {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "AA=="}},
        [],
        id="inline image keeps its type",
    ),
    pytest.param(
        Image(Inline("image/jpg", "AA=="), "high", "p"),
        {"type": "image", "source": {"type": "base64", "media_type": "image/jpeg", "data": "AA=="}},
        [("p.detail", "dropped")],
        id="misspelt type, and detail",
    ),
    pytest.param(
        Image(Link("https://x/y.png"), "auto"),
        {"type": "image", "source": {"type": "url", "url": "https://x/y.png"}},
        [],
        id="image by URL",
    ),
    pytest.param(
        Image(PDF),
        {"type": "document", "source": {"type": "base64", "media_type": "application/pdf", "data": "JVBERi0="}},
        [],
        id="a PDF that came as an image",
    ),
    pytest.param(
        Document(PDF, "a.pdf"),
        {
            "type": "document",
            "source": {"type": "base64", "media_type": "application/pdf", "data": "JVBERi0="},
            "title": "a.pdf",
        },
        [],
        id="PDF",
    ),
    pytest.param(
        Document(Inline("text/plain; charset=utf-8", b64("héllo"))),
        {"type": "document", "source": {"type": "text", "media_type": "text/plain", "data": "héllo"}},
        [],
        id="text file, decoded",
    ),
    pytest.param(
        Document(Inline("application/octet-stream", b64("a,b")), "a.CSV"),
        {"type": "document", "source": {"type": "text", "media_type": "text/plain", "data": "a,b"}, "title": "a.CSV"},
        [],
        id="file without a type, by its ending",
    ),
    pytest.param(
        Document(Inline("text/plain;charset=latin-1", base64.b64encode("é".encode("latin-1")).decode())),
        {"type": "document", "source": {"type": "text", "media_type": "text/plain", "data": "é"}},
        [],
        id="text file in another charset",
    ),
    pytest.param(
        Document(Inline("application/octet-stream", b64("x = 1")), "a.py"),
        {"type": "document", "source": {"type": "text", "media_type": "text/plain", "data": "x = 1"}, "title": "a.py"},
        [],
        id="file of an unknown ending that is text",
    ),
    pytest.param(
        Document(Link("https://x/y.pdf")),
        {"type": "document", "source": {"type": "url", "url": "https://x/y.pdf"}},
        [],
        id="PDF by URL",
    ),
]


@pytest.mark.parametrize("where", ["in a message", "in a tool's result"])
@pytest.mark.parametrize(("part", "block", "notes"), MEDIA)
def test_media(part: Any, block: dict[str, Any], notes: list[Any], where: str) -> None:
    if where == "in a message":
        rendered = render(turn("user", part))
        assert rendered.body["messages"] == [user(block)]
    else:
        rendered = render(HI, turn("assistant", call()), result("c1", part), tools=(TOOL,))
        assert rendered.body["messages"][-1] == user(answered("c1", block))
    assert paths(rendered) == notes
    check(rendered.body)


@pytest.mark.parametrize("part", [Image(Upload("file_011CNha8")), Document(Upload("file_011CNha8"))])
def test_files_of_anthropics_need_a_beta(part: Any) -> None:
    rendered = render(turn("user", part))
    assert rendered.body["messages"][0]["content"][0]["source"] == {"type": "file", "file_id": "file_011CNha8"}
    assert rendered.headers["anthropic-beta"] == "files-api-2025-04-14"
    check(rendered.body, by_spec=False)  # the document is of before files were
