import copy
import json
from typing import Any

import pytest

from addons.exchange.memory import LruMemory
from translators.dialects import Envelope, Model, Recall
from translators.errors import BadRequest
from translators.events import Finished, Noted, PassedThrough, UsageReported
from translators.framing import sse
from translators.passthrough import chat, completions
from translators.passthrough.folding import unfolded
from translators.providers.shared.signers import remember

ENVELOPE = Envelope("chatcmpl-ours", 7, "asked-for")
HI = [{"role": "user", "content": "hi"}]
BODY = {"model": "asked-for", "messages": HI}


def sent(body: dict[str, Any], **quirks: Any) -> tuple[dict[str, Any], list[tuple[str, str]]]:
    """What goes beyond `BODY`, and the notes."""
    rendered = chat.render({**BODY, **body}, Model("theirs", {"quirks": quirks})).rendered
    assert rendered.body["model"] == "theirs"
    rest = {name: value for name, value in rendered.body.items() if name not in BODY}
    return rest, [(note.path, note.fate) for note in rendered.notes]


USAGE = {"stream_options": {"include_usage": True}}
OLDER = {"max_tokens_field": "max_tokens"}


@pytest.mark.parametrize(
    ("body", "quirks", "expected", "notes"),
    [
        pytest.param({"top_k": 5, "x": [1]}, {}, {"top_k": 5, "x": [1]}, [], id="as it came"),
        pytest.param({"stream": False}, {}, {"stream": False}, [], id="no stream"),
        pytest.param({"stream": True}, {}, {"stream": True, **USAGE}, [], id="usage for the log"),
        pytest.param(
            {"stream": True, "stream_options": {"include_obfuscation": False}},
            {},
            {"stream": True, "stream_options": {"include_obfuscation": False, "include_usage": True}},
            [],
            id="usage beside other options",
        ),
        pytest.param({"stream": True}, {"stream_usage": False}, {"stream": True}, [], id="no such option"),
        pytest.param(
            {"stream": True, **USAGE},
            {"stream_usage": False},
            {"stream": True},
            [("stream_options", "dropped")],
            id="no such option, though asked for",
        ),
        pytest.param({"seed": 5}, {"drop": ["seed"]}, {}, [("seed", "dropped")], id="dropped"),
        pytest.param({"seed": 5}, {"rename": {"seed": "random_seed"}}, {"random_seed": 5}, [], id="renamed"),
        pytest.param({"max_tokens": 5}, OLDER, {"max_tokens": 5}, [], id="the limit it knows"),
        pytest.param(
            {"max_completion_tokens": 5},
            OLDER,
            {"max_tokens": 5},
            [("max_completion_tokens", "moved")],
            id="the limit under its other name",
        ),
        pytest.param(
            {"max_completion_tokens": 5, "max_tokens": 9},
            OLDER,
            {"max_tokens": 5},
            [("max_completion_tokens", "moved"), ("max_tokens", "dropped")],
            id="two limits",
        ),
    ],
)
def test_a_body(body: Any, quirks: Any, expected: Any, notes: Any) -> None:
    assert sent(body, **quirks) == (expected, notes)


def test_a17_a_developer_where_there_is_none() -> None:
    body = {"model": "m", "messages": [{"role": "developer", "content": "d"}, *HI]}
    rendered = chat.render(body, Model("t")).rendered
    assert rendered.body["messages"] == body["messages"]
    bent = chat.render(body, Model("t", {"quirks": {"developer_role": False}})).rendered
    assert bent.body["messages"] == [{"role": "system", "content": "d"}, *HI]
    assert [note.path for note in bent.notes] == ["messages[0].role"]
    assert body["messages"][0] == {"role": "developer", "content": "d"}


BOTH = {"reasoning": "Hm.", "reasoning_content": "Hm."}
CLAUDES = {"type": "thinking", "thinking": "Hm.", "signature": "c2ln", "issuer": "anthropic:claude-sonnet-4-6"}
UNSIGNED = {"type": "thinking", "thinking": "Hm.", "signature": "c2ln"}
PICTURE = {"type": "image_url", "image_url": {"url": "data:image/png;base64,AA"}}
CITED = {
    "type": "url_citation",
    "url_citation": {"url": "https://a.example/", "title": "", "start_index": 0, "end_index": 1},
}
TAKES_NONE, TAKES_REASONING = {"reasoning_field": None}, {"reasoning_field": "reasoning"}
ROUTER = {**TAKES_REASONING, "extras": ["reasoning", "images"]}


def google(**fields: str) -> dict[str, Any]:
    head = {"id": "a", "type": "function", "function": {"name": "f", "arguments": "{}"}}
    return {"tool_calls": [{**head, "extra_content": {"google": fields}} if fields else head]}


@pytest.mark.parametrize(
    ("fields", "quirks", "goes", "notes"),
    [
        pytest.param({"mood": 1}, {}, {"mood": 1}, [], id="as it came"),
        pytest.param({"thinking_blocks": [CLAUDES]}, {}, {}, [("thinking_blocks", "dropped")], id="signed elsewhere"),
        pytest.param({"thinking_blocks": [{"type": "redacted_thinking", "data": "x", "issuer": "bedrock:claude"}]},
                     {}, {}, [("thinking_blocks", "dropped")], id="redacted elsewhere"),
        pytest.param({"thinking_blocks": [UNSIGNED]}, {}, {"thinking_blocks": [UNSIGNED]}, [],
                     id="blocks that another gateway may want back"),
        pytest.param({"thinking_blocks": [UNSIGNED]}, TAKES_REASONING, {}, [("thinking_blocks", "dropped")],
                     id="blocks of nobody, to who knows none"),
        pytest.param({"thinking_blocks": None, "images": [], "provider_content": None}, {}, {}, [], id="nothing"),
        pytest.param({"provider_content": [{"dialect": "gemini", "block": {}}]}, {}, {},
                     [("provider_content", "dropped")], id="another provider's blocks"),
        pytest.param({"images": [PICTURE]}, {}, {}, [("images", "dropped")], id="pictures"),
        pytest.param({"images": [PICTURE]}, ROUTER, {"images": [PICTURE]}, [], id="pictures to who takes them"),
        pytest.param(BOTH, {}, BOTH, [], id="reasoning to a server that is not known"),
        pytest.param(BOTH, TAKES_NONE, {}, [("reasoning_content", "dropped")], id="reasoning to who takes none"),
        pytest.param({"reasoning": "Hm."}, TAKES_NONE, {}, [("reasoning", "dropped")], id="the other name"),
        pytest.param({"reasoning": None, "reasoning_content": ""}, TAKES_NONE, {}, [], id="no reasoning"),
        pytest.param(BOTH, TAKES_REASONING, {"reasoning": "Hm."}, [], id="reasoning once"),
        pytest.param({"reasoning_content": "Hm."}, TAKES_REASONING, {"reasoning": "Hm."},
                     [("reasoning_content", "moved")], id="reasoning under the other name"),
        pytest.param({"reasoning": "Hm.", "reasoning_content": "Other."}, TAKES_REASONING, {"reasoning": "Hm."},
                     [("reasoning_content", "dropped")], id="two texts"),
        pytest.param({"reasoning_details": [{"type": "x"}]}, ROUTER, {"reasoning_details": [{"type": "x"}]}, [],
                     id="details to who gave them"),
        pytest.param({"reasoning_details": [{"type": "x"}]}, TAKES_NONE, {}, [("reasoning_details", "dropped")],
                     id="details to who takes none"),
        pytest.param({"annotations": [CITED]}, {}, {"annotations": [CITED]}, [], id="citations, as they came"),
        pytest.param({"annotations": [CITED], "refusal": None}, TAKES_NONE, {}, [("annotations", "dropped")],
                     id="citations to who takes none"),
        pytest.param({"annotations": [], "refusal": None}, TAKES_REASONING, {}, [], id="no citations, no refusal"),
        pytest.param({"refusal": "No."}, TAKES_NONE, {"refusal": "No."}, [], id="a refusal"),
        pytest.param({"annotations": [CITED], "refusal": None}, {**TAKES_NONE, "extras": ["annotations"]},
                     {"annotations": [CITED], "refusal": None}, [], id="citations to who takes them"),
        pytest.param(google(thought_signature="s", issuer="gemini:gemini-3-pro"), {}, google(),
                     [("tool_calls[0].extra_content", "dropped")], id="a call that was signed elsewhere"),
        pytest.param(google(thought_signature="s", issuer="openai:theirs"), {}, google(thought_signature="s"), [],
                     id="a call that was signed here"),
        pytest.param(google(thought_signature="s"), {}, google(thought_signature="s"), [], id="signed by nobody"),
        pytest.param(google(thought_signature="s"), TAKES_NONE, google(),
                     [("tool_calls[0].extra_content", "dropped")], id="signed, to who knows no signatures"),
    ],
)  # fmt: skip
def test_what_a_model_said_before(fields: Any, quirks: Any, goes: Any, notes: Any) -> None:
    """A message that came from another model goes on without what this provider would refuse."""
    message = {"role": "assistant", "content": "So."}
    body = {"messages": [*HI, {**message, **fields}, *HI]}
    before = copy.deepcopy(body)
    rendered = chat.render({**BODY, **body}, Model("theirs", {"quirks": quirks})).rendered
    assert rendered.body["messages"] == [*HI, {**message, **goes}, *HI]
    assert [(note.path, note.fate) for note in rendered.notes] == [(f"messages[1].{at}", fate) for at, fate in notes]
    assert body == before


def test_who_signed_is_remembered_where_a_client_drops_it() -> None:
    memory = LruMemory()
    remember(memory, "a", "gemini:gemini-3-pro")
    reply = {"role": "assistant", "content": None, **google(thought_signature="s")}
    rendered = chat.render({**BODY, "messages": [*HI, reply]}, Model("theirs", memory=memory)).rendered
    assert rendered.body["messages"][1] == {**reply, **google()}
    assert [note.path for note in rendered.notes] == ["messages[1].tool_calls[0].extra_content"]


@pytest.mark.parametrize(
    ("change", "param"),
    [
        pytest.param({"model": None}, "model", id="no model"),
        pytest.param({"messages": []}, "messages", id="no messages"),
        pytest.param({"messages": ["hi"]}, "messages", id="a message that is none"),
        pytest.param({"stream": "yes"}, "stream", id="a stream as text"),
        pytest.param({"stream": 1}, "stream", id="a stream as a number"),
        pytest.param({"stream_options": {"include_usage": True}}, "stream_options", id="options without a stream"),
        pytest.param({"stream": True, "stream_options": 5}, "stream_options", id="options that are none"),
    ],
)
def test_what_is_refused(change: dict[str, Any], param: str) -> None:
    with pytest.raises(BadRequest) as caught:
        chat.render({**BODY, **change}, Model("t"))
    assert (caught.value.failure.param, caught.value.failure.status) == (param, 400)


def test_choices_are_counted() -> None:
    assert chat.render({**BODY, "n": 3}, Model("t")).rendered.recall.choices == 3
    prompts = {"model": "m", "prompt": ["a", "b"], "n": 2}
    assert completions.render(prompts, Model("t")).rendered.choices == 4
    assert completions.render({**prompts, "prompt": [1, 2, 3]}, Model("t")).rendered.choices == 2


def chunk(delta: dict[str, Any], finish: str | None = None, **more: Any) -> dict[str, Any]:
    return {"id": "theirs", "choices": [{"index": 0, "delta": delta, "finish_reason": finish, **more}]}


def deltas(*choices: dict[str, Any]) -> list[dict[str, Any]]:
    machine = chat.answer(Recall())
    events = [event for delta in choices for event in machine.on(chunk(delta))]
    return [event.payload["choices"][0]["delta"] for event in events if isinstance(event, PassedThrough)]


def call(index: int | None, id: str | None = None, name: str | None = None, arguments: str = "") -> dict[str, Any]:
    head: dict[str, Any] = {} if index is None else {"index": index}
    if id is None:
        return {**head, "function": {"arguments": arguments}}
    return {**head, "id": id, "type": "function", "function": {"name": name, "arguments": arguments}}


THOUGHT = {"type": "thinking", "thinking": [{"type": "text", "text": "Hm."}]}


@pytest.mark.parametrize(
    ("came", "goes"),
    [
        pytest.param([{"content": "x", "mood": 1}], [{"content": "x", "mood": 1}], id="as it came"),
        pytest.param([{"role": "a", "content": ""}, {"role": "a", "content": "x"}],
                     [{"role": "a", "content": ""}, {"content": "x"}], id="the role once"),
        pytest.param([{"reasoning": "Hm."}], [BOTH], id="reasoning as OpenRouter has it"),
        pytest.param([{"reasoning_content": "Hm.", "reasoning": None}], [BOTH], id="as DeepSeek has it"),
        pytest.param([{"reasoning_content": "Hm.", "reasoning": "Other."}], [BOTH], id="two texts"),
        pytest.param([{"reasoning_content": None}], [{"reasoning_content": None}], id="no reasoning"),
        pytest.param([{"tool_calls": [call(0, "a", "f")]}, {"tool_calls": [call(0, arguments="{}")]}],
                     [{"tool_calls": [call(0, "a", "f")]}, {"tool_calls": [call(0, arguments="{}")]}],
                     id="calls as they came"),
        pytest.param([{"tool_calls": [call(1, "a", "f")]}, {"tool_calls": [call(1, arguments="{}")]}],
                     [{"tool_calls": [call(0, "a", "f")]}, {"tool_calls": [call(0, arguments="{}")]}],
                     id="calls from 1"),
        pytest.param([{"tool_calls": [call(None, "a", "f", "{}"), call(None, "b", "f", "{}")]}],
                     [{"tool_calls": [call(0, "a", "f", "{}"), call(1, "b", "f", "{}")]}], id="calls without index"),
        pytest.param([{"tool_calls": [call(0, "a", "f")]}, {"tool_calls": [call(0, "a", "f", "{}")]}],
                     [{"tool_calls": [call(0, "a", "f")]}, {"tool_calls": [call(0, arguments="{}")]}],
                     id="a head repeated"),
        pytest.param([{"tool_calls": [{"index": 0, "id": "a", "function": {"name": "f", "arguments": "{}"}}]}],
                     [{"tool_calls": [call(0, "a", "f", "{}")]}], id="a call without its type"),
        pytest.param([{"content": [THOUGHT, {"type": "text", "text": "So."}]}], [{"content": "So.", **BOTH}],
                     id="Mistral's parts"),
    ],
)  # fmt: skip
def test_mending(came: list[dict[str, Any]], goes: list[dict[str, Any]]) -> None:
    assert deltas(*came) == goes


def test_trap_11_a_reason_of_its_own() -> None:
    machine = chat.answer(Recall())
    assert machine.on(chunk({"content": "x"}, "model_length"))[1:] == []
    *events, finished = machine.on(sse.DONE)
    (passed_through,) = [event for event in events if isinstance(event, PassedThrough)]
    choice = passed_through.payload["choices"][0]
    assert (choice["finish_reason"], choice["native_finish_reason"]) == ("length", "model_length")
    assert finished == Finished("length", "model_length")
    machine = chat.answer(Recall())
    events = machine.on(chunk({}, "whatever")) + machine.on(sse.DONE)
    assert [event.note.path for event in events if isinstance(event, Noted)] == ["finish_reason"]


@pytest.mark.parametrize(
    ("payloads", "fragments", "reason"),
    [
        pytest.param([chunk({"tool_calls": [call(0, "a", "f", "{}")]}), chunk({}, "stop")],
                     [call(0, "a", "f", "{}")], "tool_calls", id="stop after calls"),
        pytest.param([chunk({"tool_calls": [call(0, "a", "f", "{}")]}), chunk({}, "eos")],
                     [call(0, "a", "f", "{}")], "tool_calls", id="another word for it"),
        pytest.param([chunk({"tool_calls": [call(0, "a", "f"), call(1, "b", "f")]}),
                      chunk({"tool_calls": [call(0, arguments=" ")]}), chunk({}, "tool_calls")],
                     [call(0, "a", "f"), call(1, "b", "f"), call(0, arguments=" "), call(0, arguments="{}"),
                      call(1, arguments="{}")], "tool_calls", id="no arguments"),
        pytest.param([chunk({"tool_calls": [call(0, "a", "f")]}, "tool_calls")],
                     [call(0, "a", "f", "{}")], "tool_calls", id="no arguments, all in one"),
        pytest.param([chunk({"tool_calls": [call(0, "a", "f")]}), chunk({}, "length")],
                     [call(0, "a", "f")], "length", id="a cut call stays cut"),
        pytest.param([chunk({"tool_calls": "f"}), chunk(None, "stop")], ["f"], "stop", id="no calls at all"),
    ],
)  # fmt: skip
def test_the_end_of_calls(payloads: list[dict[str, Any]], fragments: list[Any], reason: str) -> None:
    machine = chat.answer(Recall())
    events = [event for payload in [*payloads, sse.DONE] for event in machine.on(payload)]
    choices = [event.payload["choices"][0] for event in events if isinstance(event, PassedThrough)]
    assert [each for choice in choices for each in (choice["delta"] or {}).get("tool_calls") or ()] == fragments
    assert (choices[-1]["finish_reason"], events[-1].reason) == (reason, reason)  # type: ignore[union-attr]


def test_the_end_of_a_whole_answers_calls() -> None:
    head = {"id": "a", "type": "function"}
    message = {
        "role": "assistant",
        "content": None,
        "tool_calls": [{**head, "function": {"name": "f", "arguments": ""}}],
    }
    choice = {"index": 0, "message": message, "finish_reason": "stop"}
    (passed_through,) = [
        event for event in chat.answer(Recall()).whole({"choices": [choice]}) if isinstance(event, PassedThrough)
    ]
    [ended] = passed_through.payload["choices"]
    assert ended["message"]["tool_calls"] == [call(None, "a", "f", "{}")]
    assert (ended["finish_reason"], ended["native_finish_reason"]) == ("tool_calls", "stop")


def part(index: int, delta: dict[str, Any], finish: str | None = None) -> dict[str, Any]:
    return {"id": "theirs", "choices": [{"index": index, "delta": delta, "finish_reason": finish}]}


SO, CALLING = {"content": "So."}, {"tool_calls": [call(0, "a", "f", "{}")]}
COUNTED = {"id": "theirs", "choices": [], "usage": {"prompt_tokens": 1, "completion_tokens": 2}}
BOTH_AT_ONCE = {"choices": [{"index": 0, "delta": SO, "finish_reason": "stop"}, {"index": 1, "delta": SO}]}


@pytest.mark.parametrize("terminated", [True, False], ids=["terminated", "not terminated"])
@pytest.mark.parametrize(
    ("payloads", "choices", "ends"),
    [
        pytest.param([part(0, SO), part(0, {}, "stop"), COUNTED], 1, {0: "stop"}, id="as nearly all"),
        pytest.param([part(0, SO, "tool_calls"), part(1, CALLING, "tool_calls")], 1, {0: "tool_calls"},
                     id="calls in another choice"),
        pytest.param([part(0, SO, "stop"), part(0, CALLING, "tool_calls")], 1, {0: "tool_calls"}, id="calls after"),
        pytest.param([part(0, SO, "stop"), part(0, CALLING)], 1, {0: "tool_calls"}, id="calls after, without an end"),
        pytest.param([part(0, SO, "length"), part(0, SO)], 1, {0: "length"}, id="text after, without an end"),
        pytest.param([part(0, SO, "stop"), COUNTED, part(0, CALLING, "tool_calls")], 1, {0: "tool_calls"},
                     id="calls after the usage"),
        pytest.param([part(0, SO, "stop"), part(0, {}, "stop")], 1, {0: "stop"}, id="an end twice"),
        pytest.param([part(0, SO), part(1, SO), part(0, {}, "stop"), part(1, SO), part(1, {}, "length")], 2,
                     {0: "stop", 1: "length"}, id="two choices"),
        pytest.param([BOTH_AT_ONCE, part(0, CALLING), part(1, {}, "stop")], 2, {0: "tool_calls", 1: "stop"},
                     id="two choices in one chunk"),
    ],
)  # fmt: skip
def test_a_choice_has_one_end_and_nothing_after_it(
    payloads: list[dict[str, Any]], choices: int, ends: dict[int, str], terminated: bool
) -> None:
    machine = chat.answer(Recall(choices=choices))
    events = [event for payload in payloads for event in machine.on(payload)]
    events += machine.on(sse.DONE) if terminated else machine.close()
    passed = [choice for event in events if isinstance(event, PassedThrough) for choice in event.payload["choices"]]
    ended: dict[int, str] = {}
    for choice in passed:
        assert choice["index"] not in ended
        if choice.get("finish_reason"):
            ended[choice["index"]] = choice["finish_reason"]
    assert ended == ends
    assert {event.choice: event.reason for event in events if isinstance(event, Finished)} == ends
    texts = [choice["delta"]["content"] for choice in passed if choice["delta"].get("content")]
    assert len(texts) == sum(choice["delta"] == SO for payload in payloads for choice in payload["choices"])


def test_what_says_nothing_stays_behind_an_end() -> None:
    """As a server's usage does, which waits with the end until the stream's."""
    machine = chat.answer(Recall())
    quiet = part(0, {"role": "assistant", "content": ""})
    payloads = [part(0, SO, "stop"), quiet, COUNTED]
    assert [event for payload in payloads for event in machine.on(payload) if isinstance(event, PassedThrough)] == []
    passed = [event.payload for event in machine.on(sse.DONE) if isinstance(event, PassedThrough)]
    assert [each["choices"] for each in passed] == [each["choices"] for each in payloads]


NAMELESS = {"index": 0, "id": "a", "function": {"arguments": "{}"}}
LEGACY = {"function_call": {"name": "f", "arguments": "{}"}}
DROPPED = ["tool_calls.function.name"]


def whole_or_streamed(deltas: list[dict[str, Any]], finish: str, form: str) -> tuple[dict[str, Any], list[Any]]:
    """The choice that a client has at the end of an answer, and the paths of the notes."""
    machine, writer = chat.answer(Recall()), chat.whole(chat.Form(), ENVELOPE)
    if form == "whole":
        joined = {"content": "So.", **{name: value for each in deltas for name, value in each.items()}}
        events = machine.whole({"choices": [{"index": 0, "message": joined, "finish_reason": finish}]})
    else:
        payloads = [chunk({"content": "So."}), *map(chunk, deltas), chunk({}, finish), sse.DONE]
        events = [event for payload in payloads for event in machine.on(payload)]
    for event in events:
        writer.on(event)
    [choice] = json.loads(writer.close())["choices"]
    return choice, [event.note.path for event in events if isinstance(event, Noted)]


@pytest.mark.parametrize("form", ["stream", "whole"])
@pytest.mark.parametrize(
    ("fragments", "finish", "names", "reason", "notes"),
    [
        pytest.param([{"tool_calls": [NAMELESS]}], "tool_calls", [], "stop", [*DROPPED, "finish_reason"], id="alone"),
        pytest.param([{"tool_calls": [NAMELESS]}], "stop", [], "stop", DROPPED, id="after which it stopped"),
        pytest.param([{"tool_calls": [NAMELESS]}], "length", [], "length", DROPPED, id="cut"),
        pytest.param([{"tool_calls": [call(0, "a", "", '{"x": 1}')]}], "tool_calls", [], "stop",
                     [*DROPPED, "finish_reason"], id="an empty name"),
        pytest.param([{"tool_calls": [NAMELESS, call(1, "b", "g", "{}")]}], "tool_calls", ["g"], "tool_calls",
                     DROPPED, id="beside another"),
        pytest.param([{"tool_calls": []}], "tool_calls", [], "stop", ["finish_reason"], id="no call at all"),
        pytest.param([LEGACY], "function_call", [], "function_call", [], id="a call of the older form"),
        pytest.param([LEGACY], "tool_calls", [], "tool_calls", [], id="the older form under the newer word"),
    ],
)  # fmt: skip
def test_a_call_without_a_name_is_none(
    fragments: list[dict[str, Any]], finish: str, names: list[str], reason: str, notes: list[str], form: str
) -> None:
    """No client could send it back."""
    choice, noted = whole_or_streamed(fragments, finish, form)
    assert [each["function"]["name"] for each in choice["message"].get("tool_calls") or ()] == names
    assert (choice["finish_reason"], [path for path in noted if path != "tool_calls.index"]) == (reason, notes)


def test_usage_from_a_place_of_its_own_is_told_where_the_client_looks() -> None:
    machine, writer = chat.answer(Recall()), chat.streamed(chat.Form(True), ENVELOPE)
    usage = {"prompt_tokens": 1, "completion_tokens": 2, "total_tokens": 3}
    events = machine.on({**chunk({"content": "x"}, "stop"), "x_groq": {"usage": usage}}) + machine.on(sse.DONE)
    assert any(isinstance(event, UsageReported) for event in events)
    out = b"".join(writer.on(event) for event in events) + writer.close()
    last, done, _ = out.split(b"\n\n")[-3:]
    passed = json.loads(last.removeprefix(b"data: "))
    assert (passed["choices"], passed["usage"], passed["id"]) == ([], usage, "theirs")
    assert done == b"data: [DONE]"


def test_a_whole_answer_goes_on_as_it_came() -> None:
    message = {"role": "assistant", "content": "x", "reasoning": "Hm.", "mood": 1}
    choice = {"index": 0, "message": message, "finish_reason": "stop", "weights": [1]}
    body = {"id": "theirs", "model": "served", "choices": [choice], "usage": {"prompt_tokens": 1}, "surprise": 5}
    writer = chat.whole(chat.Form(), ENVELOPE)
    for event in chat.answer(Recall()).whole(body):
        assert writer.on(event) == b""
    mended = {**choice, "message": {**message, "reasoning_content": "Hm."}}
    assert json.loads(writer.close()) == {**body, "model": "asked-for", "choices": [mended]}


@pytest.mark.parametrize(
    ("indices", "numbers"),
    [
        pytest.param([None, None], [0, 1], id="none"),
        pytest.param([3, 1], [3, 1], id="their own"),
        pytest.param([2, 2], [0, 1], id="one for two"),
        pytest.param([[], 1], [0, 1], id="no number"),
    ],
)
def test_entries_of_a_whole_answer_stay_apart_in_a_stream(indices: list[Any], numbers: list[int]) -> None:
    entries = [{"type": "reasoning.text", "text": "a", **({} if at is None else {"index": at})} for at in indices]
    body = {"id": "a", "choices": [{"index": 0, "message": {"reasoning_details": entries}, "finish_reason": "stop"}]}
    first, *_ = unfolded(body)
    assert [entry["index"] for entry in first["choices"][0]["delta"]["reasoning_details"]] == numbers
