"""What a client gets is what the recording says, as the openai SDK reads it: not only the same by every way."""

import pytest
from facts import Choice, Facts, heard, recorded, said
from samples import CONTENT_TYPES
from ways import Way, ways_of
from wholes import RECORDINGS

CASES = [
    pytest.param(name, way, streamed, id=f"{name} {'=' if way.passed_through else '-'}> {way.client}, {form}")
    for name, (provider, _) in RECORDINGS.items()
    if "/failing_" not in name
    for way in ways_of(provider)
    if not (way.passed_through and "/odd_" in name)  # it stays odd
    for streamed, form in ((True, "stream"), (False, "whole"))
]


UNTYPED = ("openai-responses/custom_tool.sse",)
"""The SDK's type of a chunk knows no custom tools."""


def told(name: str, way: Way, *, streamed: bool) -> bytes:
    """The client's bytes."""
    pipe = way.pipe(CONTENT_TYPES[way.framing], streamed=streamed)
    out = pipe.feed(RECORDINGS[name][1]) + pipe.close()
    assert pipe.failure is None
    return out


def tellable(facts: Facts, client: str) -> Facts:
    """What a client has a place for: one choice in a response; in completions no calls, and of a refusal only that
    there was one."""
    choices, usage = facts
    if client == "responses":
        return choices[:1], usage
    if client == "chat":
        return facts
    ends = [("content_filter" if each.refusal else each.finish).replace("tool_calls", "stop") for each in choices]
    return [Choice(each.text, finish=end) for each, end in zip(choices, ends, strict=True)], usage


@pytest.mark.parametrize(("name", "way", "streamed"), CASES)
def test_a_client_has_what_the_recording_says(name: str, way: Way, streamed: bool) -> None:
    expected = tellable(said(RECORDINGS[name][0], recorded(name)), way.client)
    ours = not way.passed_through and name not in UNTYPED
    for facts in heard(way.client, told(name, way, streamed=streamed), streamed=streamed, ours=ours):
        assert facts == expected


@pytest.mark.parametrize("streamed", [True, False], ids=["stream", "whole"])
@pytest.mark.parametrize("client", ["chat", "responses"])
@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        pytest.param(b'"role":"assistant"', b'"role":"assistent"', id="a word"),
        pytest.param(b'"role":"assistant"', b'"role":"user"', id="another role"),
        pytest.param(b'"role":"assistant"', b'"roel":"assistant"', id="a name"),
    ],
)
def test_a_wrong_role_is_found(client: str, streamed: bool, right: bytes, wrong: bytes) -> None:
    data = told("anthropic/text.sse", Way(client, "anthropic"), streamed=streamed)
    assert right in data
    with pytest.raises((AssertionError, AttributeError, ValueError)):
        heard(client, data.replace(right, wrong), streamed=streamed)
