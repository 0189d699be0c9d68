"""Thought signatures: there and back, remembered for clients that strip them, never to a stranger (matrix 1.8)."""

from typing import Any

import pytest
from gemini_requests import FLASH, HI, NEW, PRO, call, called, fates, model_turn, render, result, turn, user
from gemini_streams import Remembering, chunk, events_of

from translators.conversation import Reasoning, Turn
from translators.dialects import Recall
from translators.events import ToolCallStarted
from translators.providers.gemini.signatures import SKIP

SIGNATURE, OTHER = "c2lnbmF0dXJl", "b3RoZXI="
OWN = f"gemini:{NEW}"


def parts(*turns: Turn, **more: Any) -> tuple[list[Any], list[tuple[str, str]]]:
    """The parts of the model's first content, and the notes."""
    rendered = render(*turns, **more)
    return rendered.body["contents"][1]["parts"], fates(rendered)


CALLS = [
    pytest.param(NEW, SIGNATURE, OWN, SIGNATURE, [], id="its own"),
    pytest.param(NEW, SIGNATURE, None, SIGNATURE, [], id="Google's field, no issuer"),
    pytest.param(NEW, None, None, SKIP, ["synthesised"], id="stripped, and nobody remembers"),
    pytest.param(NEW, SIGNATURE, f"gemini:{PRO}", SKIP, ["dropped", "synthesised"], id="of another Gemini"),
    pytest.param(NEW, SIGNATURE, "anthropic:claude-opus-5", SKIP, ["dropped", "synthesised"], id="of a stranger"),
    pytest.param(FLASH, None, None, None, [], id="2.5 asks for none"),
    pytest.param(FLASH, SIGNATURE, f"gemini:models/{FLASH}", SIGNATURE, [], id="2.5 takes its own"),
    pytest.param(FLASH, SIGNATURE, OWN, None, ["dropped"], id="2.5 takes no other's"),
]


@pytest.mark.parametrize(("model", "signature", "issuer", "sent", "notes"), CALLS)
def test_of_a_call(model: str, signature: Any, issuer: Any, sent: str | None, notes: list[str]) -> None:
    turns = (HI, turn("assistant", call(signature=signature, issuer=issuer)), result())
    (part,), noted = parts(*turns, model=model)
    assert part == called(**({} if sent is None else {"thoughtSignature": sent}))
    assert [fate for _, fate in noted] == notes


def test_a_signature_is_remembered() -> None:
    memory = Remembering()
    given = {"functionCall": {"name": "f", "args": {"a": 1}}, "thoughtSignature": SIGNATURE}
    answer = events_of([chunk(given, finish="STOP")], Recall(NEW, memory=memory))
    (started,) = [event for event in answer if isinstance(event, ToolCallStarted)]
    assert (started.signature, started.issuer) == (SIGNATURE, OWN)
    turns = (HI, turn("assistant", call(started.id)), result(started.id))
    assert parts(*turns, memory=memory) == ([called(started.id, thoughtSignature=SIGNATURE)], [])
    assert parts(*turns, memory=memory, model=PRO)[0][0]["thoughtSignature"] == SKIP
    foreign = (HI, turn("assistant", call(started.id, signature=OTHER, issuer="anthropic:x")), result(started.id))
    assert parts(*foreign, memory=memory) == ([called(started.id, thoughtSignature=SIGNATURE)], [])


def test_only_the_turn_under_way_must_be_signed() -> None:
    rendered = render(
        HI,
        turn("assistant", call("old")),
        result("old"),
        turn("assistant", "Done."),
        turn("user", "Again"),
        turn("assistant", call("a"), call("b")),
        result("a"),
        result("b"),
        turn("assistant", call("c", signature=SIGNATURE, issuer=OWN), call("d")),
        result("c"),
        result("d"),
    )
    sent = [
        (part["functionCall"]["id"], part.get("thoughtSignature"))
        for content in rendered.body["contents"]
        for part in content["parts"]
        if "functionCall" in part
    ]
    assert sent == [("old", None), ("a", SKIP), ("b", None), ("c", SIGNATURE), ("d", None)]
    assert fates(rendered) == [("calls[a]", "synthesised")]


def thought(text: str = "Hm.", signature: str | None = SIGNATURE, issuer: str | None = OWN) -> Reasoning:
    return Reasoning(text, signature, issuer, "t")


TEXTS = [
    pytest.param([thought(), "A"], [{"text": "A", "thoughtSignature": SIGNATURE}], [], id="on the text after it"),
    pytest.param(
        [thought(), thought("", OTHER), "A", "B"],
        [{"text": "", "thoughtSignature": SIGNATURE}, {"text": "A", "thoughtSignature": OTHER}, {"text": "B"}],
        [],
        id="one signature a part",
    ),
    pytest.param(["A", thought()], [{"text": "A"}, {"text": "", "thoughtSignature": SIGNATURE}], [], id="on its own"),
    pytest.param([thought(signature=None), "A"], [{"text": "A"}], [("t", "dropped")], id="unsigned"),
    pytest.param([thought(issuer=None), "A"], [{"text": "A"}], [("t", "dropped")], id="nobody knows who signed"),
    pytest.param([thought(issuer="anthropic:x"), "A"], [{"text": "A"}], [("t", "dropped")], id="of a stranger"),
    pytest.param([thought(issuer=f"gemini:{PRO}"), "A"], [{"text": "A"}], [("t", "dropped")], id="of another Gemini"),
]


@pytest.mark.parametrize(("texts", "sent", "notes"), TEXTS)
def test_of_a_text(texts: list[Any], sent: list[Any], notes: list[Any]) -> None:
    assert parts(HI, turn("assistant", *texts), turn("user", "Go")) == (sent, notes)


def test_of_thoughts_before_a_call() -> None:
    rendered = render(HI, turn("assistant", thought(), call(signature=OTHER, issuer=OWN)), result())
    alone = {"text": "", "thoughtSignature": SIGNATURE}
    assert rendered.body["contents"][1] == model_turn(alone, called(thoughtSignature=OTHER))
    assert rendered.body["contents"][0] == user("Hi")
