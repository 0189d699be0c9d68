"""Images, audio, PDF and video: inline, or where Google itself can read them. Nothing is downloaded."""

from typing import Any

import pytest
from gemini_requests import FLASH, NEW, OLD, VERTEX, fates, render, turn

from translators.conversation import Audio, Document, Image, Inline, Link, Upload
from translators.errors import BadRequest

FILES = "https://generativelanguage.googleapis.com/v1beta/files/abc-1"


def inline(kind: str, **more: Any) -> dict[str, Any]:
    return {"inlineData": {"mimeType": kind, "data": "AAAA"}, **more}


def linked(uri: str, kind: str | None = None) -> dict[str, Any]:
    return {"fileData": {"fileUri": uri} | ({"mimeType": kind} if kind else {})}


def level(name: str) -> dict[str, Any]:
    return {"mediaResolution": {"level": f"MEDIA_RESOLUTION_{name}"}}


SENT = [
    pytest.param(Image(Inline("image/JPG", "AAAA")), NEW, {}, inline("image/jpeg"), [], id="an image"),
    pytest.param(Image(Inline("image/png", "AAAA"), "low"), NEW, {}, inline("image/png", **level("LOW")), [], id="low"),
    pytest.param(
        Image(Inline("image/png", "AAAA"), "original"),
        NEW,
        {},
        inline("image/png", **level("ULTRA_HIGH")),
        [],
        id="all",
    ),
    pytest.param(
        Image(Inline("image/png", "AAAA"), "low", "i"),
        FLASH,
        {},
        inline("image/png"),
        [("i.detail", "dropped")],
        id="2.5",
    ),
    pytest.param(Audio("AAAA", "wav"), FLASH, {}, inline("audio/wav"), [], id="audio"),
    pytest.param(Audio("AAAA", "mp3"), NEW, {}, inline("audio/mp3"), [], id="mp3"),
    pytest.param(
        Document(Inline("application/pdf", "AAAA"), "a.pdf", "d"),
        NEW,
        {},
        inline("application/pdf"),
        [("d", "dropped")],
        id="a PDF",
    ),
    pytest.param(Document(Inline("text/plain;charset=utf-8", "AAAA")), NEW, {}, inline("text/plain"), [], id="text"),
    pytest.param(Document(Inline("video/mp4", "AAAA")), NEW, {}, inline("video/mp4"), [], id="a video"),
    pytest.param(
        Document(Inline("application/octet-stream", "AAAA"), "film.MP4", "d"),
        NEW,
        {},
        inline("video/mp4"),
        [("d", "dropped")],
        id="by its name",
    ),
    pytest.param(
        Image(Link("https://x.test/a.PNG?b=c.d#e")),
        NEW,
        {},
        linked("https://x.test/a.PNG?b=c.d#e", "image/png"),
        [],
        id="an address",
    ),
    pytest.param(Image(Link("https://x.test/a")), NEW, {}, linked("https://x.test/a"), [], id="of an unknown kind"),
    pytest.param(
        Document(Link("https://youtu.be/x")), OLD, {}, linked("https://youtu.be/x"), [], id="a film that 2.0 knows too"
    ),
    pytest.param(Document(Upload("files/abc-1")), NEW, {}, linked(FILES), [], id="an upload"),
    pytest.param(Document(Upload(FILES)), NEW, {}, linked(FILES), [], id="an upload's address"),
    pytest.param(
        Document(Upload("gs://b/a.pdf")), NEW, VERTEX, linked("gs://b/a.pdf", "application/pdf"), [], id="in a bucket"
    ),
    pytest.param(
        Image(Link("https://x.test/a.png")), OLD, VERTEX, linked("https://x.test/a.png", "image/png"), [], id="Vertex"
    ),
]


@pytest.mark.parametrize(("part", "model", "overrides", "sent", "notes"), SENT)
def test_sent(part: Any, model: str, overrides: dict[str, Any], sent: dict[str, Any], notes: list[Any]) -> None:
    rendered = render(turn("user", "See", part), model=model, overrides=overrides)
    assert rendered.body["contents"] == [{"role": "user", "parts": [{"text": "See"}, sent]}]
    assert fates(rendered) == notes


REFUSED = [
    pytest.param(Image(Link("http://x.test/a.png"), at="p"), NEW, {}, id="no https"),
    pytest.param(Image(Link("https://x.test/a.png"), at="p"), OLD, {}, id="2.0 does not read the web"),
    pytest.param(Image(Link("https://x.test/a"), at="p"), NEW, VERTEX, id="Vertex wants its kind"),
    pytest.param(Document(Upload("file-abc"), at="p"), NEW, {}, id="somebody else's upload"),
    pytest.param(Document(Upload("files/abc"), at="p"), NEW, VERTEX, id="not in a bucket"),
    pytest.param(Document(Inline("application/octet-stream", "AAAA"), "x", "p"), NEW, {}, id="of no kind"),
]


@pytest.mark.parametrize(("part", "model", "overrides"), REFUSED)
def test_refused(part: Any, model: str, overrides: dict[str, Any]) -> None:
    with pytest.raises(BadRequest) as caught:
        render(turn("user", part), model=model, overrides=overrides)
    assert caught.value.failure.param == "p"
