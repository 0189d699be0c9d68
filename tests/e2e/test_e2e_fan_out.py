"""One request that becomes several calls: all at once, joined to one answer, and one failure fails them all."""

import threading
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.e2e import claude
from tests.e2e.conftest import Client
from tests.e2e.gateway_process import GatewayProcess, config
from tests.e2e.provider import EVENT_STREAM, Call, Provider, Script, chunk, head, held, sse, stream, whole
from tests.e2e.wire import Wire, asking, payloads, request

WORDS = ("one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve")
FORMS = pytest.mark.parametrize("streamed", [False, True], ids=["whole", "stream"])
BEGUN = head(200, EVENT_STREAM) + b"".join(chunk(sse(event)) for event in claude.HELLO[:4])


def saying(word: str, streamed: bool) -> Script:
    message = claude.message(claude.text(word))
    return stream(claude.events(message)) if streamed else whole(message)


class Meeting:
    """Scripts for calls none of which is answered before as many have arrived as `size` says."""

    def __init__(self, size: int) -> None:
        self.size = size
        self.open = self.most = 0
        self._arrived = 0
        self._all_here = threading.Event()

    def then(self, script: Callable[[Call], Awaitable[None]]) -> Script:
        async def waiting(call: Call) -> None:
            self.open += 1
            self.most = max(self.most, self.open)
            self._arrived += 1
            if self._arrived == self.size:
                self._all_here.set()
            await call.until(self._all_here)
            self.open -= 1
            await script(call)

        return waiting


def contents(text: str, streamed: bool) -> dict[int, str]:
    """What each choice says, in the order of the choices."""
    texts: dict[int, str] = {}
    for body in payloads(text) if streamed else payloads(f"data: {text}"):
        for choice in body["choices"] if body != "[DONE]" else ():
            piece = choice["delta" if streamed else "message"].get("content") or ""
            texts[choice["index"]] = texts.get(choice["index"], "") + piece
    return texts


def reasons(text: str) -> list[tuple[int, str]]:
    chunks = [body for body in payloads(text) if body != "[DONE]"]
    return [(c["index"], c["finish_reason"]) for body in chunks for c in body["choices"] if c["finish_reason"]]


def no_success(text: str) -> dict[str, Any]:
    """The error that a stream ended with."""
    *_, last = payloads(text)
    assert "[DONE]" not in text
    error: dict[str, Any] = last["error"]
    return error


@FORMS
def test_several_choices(client: Client, provider: Provider, streamed: bool) -> None:
    meeting = Meeting(3)
    provider.scripts = [meeting.then(saying(word, streamed)) for word in WORDS[:3]]
    more = {"stream_options": {"include_usage": True}} if streamed else {}
    answer = client.chat(streamed, n=3, **more)
    assert answer.status_code == 200
    texts = contents(answer.text, streamed)
    assert (set(texts), sorted(texts.values())) == ({0, 1, 2}, sorted(WORDS[:3]))
    assert len({call.connection for call in provider.calls}) == 3
    assert len({call.body for call in provider.calls}) == 1
    if streamed:
        *_, usage, done = payloads(answer.text)
        assert (done, answer.text.count("[DONE]")) == ("[DONE]", 1)
        assert sorted(reasons(answer.text)) == [(0, "stop"), (1, "stop"), (2, "stop")]
    else:
        usage = answer.json()
        assert list(texts) == [0, 1, 2]
        assert [choice["finish_reason"] for choice in usage["choices"]] == ["stop"] * 3
    assert usage["usage"] == {"prompt_tokens": 33, "completion_tokens": 21, "total_tokens": 54}
    record = client.record
    assert (record["end"], record["calls"], record["attempts"], record["finish_reason"]) == ("complete", 3, 3, "stop")
    assert (record["tokens_in"], record["tokens_out"]) == (33, 21)


@FORMS
def test_the_form_of_each_answer_is_what_it_is(client: Client, provider: Provider, streamed: bool) -> None:
    provider.scripts = [saying("one", True), saying("two", False)]
    answer = client.chat(streamed, n=2)
    assert sorted(contents(answer.text, streamed).values()) == ["one", "two"]


def test_no_choice_waits_for_another(client: Client, provider: Provider) -> None:
    go = threading.Event()

    async def waits(call: Call) -> None:
        await call.until(go)
        await saying("two", True)(call)

    provider.scripts = [saying("one", True), waits]
    with client.streaming(n=2) as answer:
        text = ""
        for piece in answer.iter_text():
            text += piece
            if not go.is_set() and "one" in contents(text.rpartition("\n\n")[0], True).values():
                go.set()
    assert sorted(contents(text, True).values()) == ["one", "two"]
    assert text.endswith("data: [DONE]\n\n")


@FORMS
def test_many_choices_are_asked_for_a_few_at_a_time(client: Client, provider: Provider, streamed: bool) -> None:
    meeting = Meeting(8)
    provider.scripts = [meeting.then(saying(word, streamed)) for word in WORDS]
    answer = client.chat(streamed, n=12)
    texts = contents(answer.text, streamed)
    assert (sorted(texts), sorted(texts.values())) == (list(range(12)), sorted(WORDS))
    assert meeting.most == 8
    assert len({call.connection for call in provider.calls}) == 8
    assert client.record["attempts"] == 12


@FORMS
def test_connections_are_kept(client: Client, provider: Provider, streamed: bool) -> None:
    for n in (3, 3, 1):
        meeting = Meeting(n)
        provider.scripts = [meeting.then(saying(word, streamed)) for word in WORDS[:n]]
        assert client.chat(streamed, n=n).status_code == 200
    connections = [call.connection for call in provider.calls]
    assert len(set(connections)) == 3
    assert set(connections[:3]) == set(connections[3:6])


def test_connections_whose_last_bytes_are_late_keep_nobody_waiting(client: Client, provider: Provider) -> None:
    go = threading.Event()

    async def late(call: Call) -> None:
        await stream(claude.HELLO, end=b"0\r\n")(call)
        await call.until(go)
        await call.send(b"\r\n")

    async def next_one(call: Call) -> None:
        go.set()
        await saying("next", True)(call)

    provider.scripts = [late] * 8 + [next_one]
    assert client.chat(True, n=8).text.endswith("data: [DONE]\n\n")
    assert client.chat(True).text.endswith("data: [DONE]\n\n")
    assert not any(call.gone.is_set() for call in provider.calls[:8])


@FORMS
def test_kept_connections_found_dead_are_tried_once_more(client: Client, provider: Provider, streamed: bool) -> None:
    async def dying(call: Call) -> None:
        call.cut()

    meeting = Meeting(3)
    provider.scripts = [meeting.then(saying(word, streamed)) for word in WORDS[:3]]
    assert client.chat(streamed, n=3).status_code == 200
    meeting = Meeting(3)
    provider.scripts = [meeting.then(dying)] * 3 + [saying(word, streamed) for word in WORDS[:3]]
    answer = client.chat(streamed, n=3)
    assert sorted(contents(answer.text, streamed).values()) == sorted(WORDS[:3])
    assert client.record["attempts"] == 6
    assert len({call.connection for call in provider.calls}) == 6


async def limited(call: Call) -> None:
    await whole(claude.error("rate_limit_error"), 429, {"retry-after": "7"})(call)


async def lost(call: Call) -> None:
    call.cut()


@FORMS
@pytest.mark.parametrize(
    ("script", "status"),
    [
        pytest.param(limited, 429, id="refused"),
        pytest.param(lost, 502, id="lost"),
        pytest.param(whole(b"no JSON"), 502, id="unreadable"),
        pytest.param(stream([claude.error("overloaded_error")]), 503, id="an-error-event"),
    ],
)
def test_one_failure_before_anything_was_said(
    client: Client, provider: Provider, streamed: bool, script: Script, status: int
) -> None:
    """Whichever call it is: the answer has its status, and the other calls end."""
    meeting = Meeting(3)
    provider.scripts = [meeting.then(script), meeting.then(held()), meeting.then(held())]
    answer = client.chat(streamed, n=3)
    assert answer.status_code == status
    assert answer.json()["error"]["message"]
    assert all(call.gone.wait(1) for call in provider.calls[1:])
    record = client.record
    assert (record["end"], record["calls"]) == ("failed", 3)


@pytest.mark.parametrize(
    "script",
    [
        pytest.param(limited, id="refused"),
        pytest.param(lost, id="lost"),
        pytest.param(stream(claude.HELLO[:4], end=b""), id="cut"),
        pytest.param(stream(claude.HELLO[:4]), id="without-its-end"),
        pytest.param(stream([*claude.HELLO[:4], claude.error("overloaded_error")]), id="an-error-event"),
    ],
)
def test_one_failure_in_a_stream(client: Client, provider: Provider, script: Script) -> None:
    """One choice is complete and another one under way when a third one fails."""
    go = threading.Event()

    async def fails(call: Call) -> None:
        await call.until(go)
        await script(call)

    provider.scripts = [saying("one", True), held(BEGUN), fails]
    text = ""
    with client.streaming(n=3) as answer:
        for piece in answer.iter_text():
            text += piece
            if not go.is_set() and {"one", "Hello "} <= set(contents(text.rpartition("\n\n")[0], True).values()):
                go.set()
    assert no_success(text)["message"]
    assert provider.calls[1].gone.wait(1)
    record = client.record
    assert (record["end"], record["status"]) == ("failed", 200)
    assert client.chat(n=1).status_code == 200


@FORMS
@pytest.mark.parametrize("begun", [False, True], ids=["silent", "begun"])
def test_a_client_leaves(gateway: GatewayProcess, provider: Provider, streamed: bool, begun: bool) -> None:
    id = f"leaves-{streamed}-{begun}"
    meeting = Meeting(3)
    provider.scripts = [meeting.then(held(BEGUN if begun else b""))] * 3
    with Wire(gateway.port) as wire:
        wire.send(request(body=asking(streamed, n=3), x_request_id=id))
        provider.call(2)
        if streamed and begun:
            wire.until(b'"lo "')
    assert all(call.gone.wait(1) for call in provider.calls)
    assert gateway.record(id)["end"] == "cancelled"


@pytest.fixture(scope="module")
def alone(running_provider: Provider, tmp_path_factory: pytest.TempPathFactory) -> Iterator[GatewayProcess]:
    settings = config(running_provider.url, fan_out=False, timeouts={"first-byte": 0.5})
    with GatewayProcess(tmp_path_factory.mktemp("alone"), settings) as process:
        yield process


@FORMS
def test_switched_off(alone: GatewayProcess, provider: Provider, streamed: bool) -> None:
    client = Client(alone)
    answer = client.chat(streamed, n=2)
    assert answer.status_code == 400
    assert (answer.json()["error"]["param"], answer.json()["error"]["code"]) == ("n", "unsupported_parameter")
    assert client.chat(n=1).status_code == 200
    assert len(provider.calls) == 1
    client.http.close()


@pytest.fixture(scope="module")
def sabotaged(running_provider: Provider, tmp_path_factory: pytest.TempPathFactory) -> Iterator[GatewayProcess]:
    folder = tmp_path_factory.mktemp("sabotaged")
    saboteur = Path(__file__).with_name("saboteur.py")
    with GatewayProcess(folder, config(running_provider.url), "-s", str(saboteur), "-w", str(folder / "f")) as process:
        yield process


@FORMS
@pytest.mark.parametrize("bug", ["provider.connected", "provider.head_received", "provider.data_received"])
def test_a_bug_of_ours_ends_all_calls(sabotaged: GatewayProcess, provider: Provider, streamed: bool, bug: str) -> None:
    client = Client(sabotaged)
    provider.scripts = [held(BEGUN)] * 3
    answer = client.chat(streamed, {"x-break": bug}, n=3)
    assert (answer.status_code, answer.json()["error"]["code"]) == (500, "internal_error")
    assert all(call.gone.wait(1) for call in provider.calls)
    provider.scripts = []
    assert client.chat(streamed).status_code == 200
    client.http.close()
