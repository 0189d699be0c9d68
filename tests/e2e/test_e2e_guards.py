"""The guards, broken on purpose: a bug of ours costs one answer, never a key, the gateway, or a client's patience."""

import contextlib
import re
import threading
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.e2e import claude
from tests.e2e.conftest import Client
from tests.e2e.gateway_process import SECRETS, GatewayProcess, config
from tests.e2e.provider import EVENT_STREAM, Provider, chunk, head, held, sse, stepped, stream, whole
from tests.e2e.wire import Wire, asking, content, payloads, request

FORMS = pytest.mark.parametrize("streamed", [False, True], ids=["whole", "stream"])
PROMPT = "canary-of-a-prompt-77ab01"
"""It is in the words of each of the saboteur's exceptions as well."""
HANGS = 5.0
"""Seconds after which a client that has received nothing was forgotten: everything in this file takes milliseconds."""


@pytest.fixture(scope="module")
def sabotaged(running_provider: Provider, tmp_path_factory: pytest.TempPathFactory) -> Iterator[GatewayProcess]:
    settings = config(running_provider.url, streaming={"keepalive-seconds": 0.2}, timeouts={"idle": 5})
    saboteur = Path(__file__).with_name("saboteur.py")
    folder = tmp_path_factory.mktemp("sabotaged")
    with GatewayProcess(folder, settings, "-s", str(saboteur), "-w", str(folder / "flows")) as process:
        yield process


@pytest.fixture
def client(sabotaged: GatewayProcess, provider: Provider) -> Iterator[Client]:
    """Whatever a test did: the gateway answers after it, and its log has neither key nor prompt."""
    made = Client(sabotaged)
    made.http.timeout = httpx.Timeout(HANGS)
    yield made
    provider.scripts = []
    with contextlib.closing(made.http):
        assert made.chat().json()["choices"][0]["message"]["content"] == "Hello there"
    assert not [word for word in (*SECRETS, PROMPT) if word in sabotaged.output]


def ask(client: Client, streamed: bool, headers: dict[str, str], prompt: str = PROMPT) -> httpx.Response:
    return client.chat(streamed, headers, messages=[{"role": "user", "content": prompt}])


def answers(streamed: bool, word: str = "Hello there") -> Any:
    message = claude.message(claude.text(word))
    return stream(claude.events(message)) if streamed else whole(message)


def internal(answer: httpx.Response) -> None:
    assert answer.status_code == 500
    error = answer.json()["error"]
    assert (error["type"], error["code"]) == ("server_error", "internal_error")
    assert "Sabotage" not in answer.text


@FORMS
@pytest.mark.parametrize("method", ["head_received", "request_received"])
def test_before_the_provider_is_asked(client: Client, provider: Provider, streamed: bool, method: str) -> None:
    since = len(client.gateway.lines)
    internal(ask(client, streamed, {"x-break": method}))
    assert provider.calls == []
    client.gateway.line("Traceback", since)
    client.gateway.line("saboteur.Sabotage: ", since)
    assert client.record["end"] == "failed"


@FORMS
@pytest.mark.parametrize("method", ["provider.connected", "provider.head_received", "provider.data_received"])
def test_before_the_client_has_heard_anything(client: Client, provider: Provider, streamed: bool, method: str) -> None:
    provider.scripts = [answers(streamed)]
    since = len(client.gateway.lines)
    internal(ask(client, streamed, {"x-break": method}))
    client.gateway.line("saboteur.Sabotage: ", since)
    assert client.record["end"] == "failed"


def test_at_the_end_of_a_whole_answer(client: Client, provider: Provider) -> None:
    internal(ask(client, False, {"x-break": "provider.eof_received"}))


def test_in_the_dialects_request(client: Client, provider: Provider) -> None:
    internal(ask(client, False, {}, f"{PROMPT} sabotage:render"))
    assert provider.calls == []


def test_in_the_dialects_whole_answer(client: Client, provider: Provider) -> None:
    provider.scripts = [answers(False, "sabotage:whole")]
    internal(ask(client, False, {}))


def test_in_the_dialects_stream(client: Client, provider: Provider) -> None:
    go = threading.Event()
    first, *rest = (b"".join(chunk(sse(each)) for each in part) for part in (claude.HELLO[:4], claude.HELLO[4:]))
    provider.scripts = [stepped(head(200, EVENT_STREAM) + first, go, chunk(sse({"type": "sabotage:on"})) + rest[0])]
    with client.streaming() as answer:
        assert answer.status_code == 200
        pieces = answer.iter_text()
        text = next(pieces)
        go.set()
        text += "".join(pieces)
    chunks = list(payloads(text))
    assert chunks[-1]["error"]["code"] == "internal_error"
    assert content(text) == "Hello "
    assert "[DONE]" not in text
    assert client.record["end"] == "failed"


@FORMS
@pytest.mark.parametrize("method", ["request_received-and-crashed", "provider.data_received-and-crashed", "everything"])
def test_where_even_the_report_fails(client: Client, provider: Provider, streamed: bool, method: str) -> None:
    provider.scripts = [answers(streamed)]
    # A reset, where the request's body was still on its way.
    with pytest.raises((httpx.RemoteProtocolError, httpx.ReadError)):
        ask(client, streamed, {"x-break": method})
    client.gateway.line("could not even report")


@pytest.mark.parametrize("method", ["tick", "deadline"])
def test_in_the_timers(client: Client, provider: Provider, method: str) -> None:
    begun = head(200, EVENT_STREAM) + b"".join(chunk(sse(event)) for event in claude.HELLO[:4])
    provider.scripts = [held(begun)]
    since = len(client.gateway.lines)
    with contextlib.suppress(httpx.RemoteProtocolError):
        assert "internal_error" in ask(client, True, {"x-break": method}).text
    client.gateway.line("saboteur.Sabotage: ", since)
    assert [call.gone.wait(1) for call in provider.calls] == ([True] if method == "tick" else [])


def test_when_the_client_leaves(client: Client, provider: Provider) -> None:
    provider.scripts = [held()]
    since = len(client.gateway.lines)
    with Wire(client.gateway.port) as wire:
        wire.send(request(body=asking(), x_break="cancelled"))
        call = provider.call()
    client.gateway.line("saboteur.Sabotage: ", since)
    assert call.gone.wait(1)
    provider.scripts = []


@FORMS
def test_in_the_log(client: Client, provider: Provider, streamed: bool) -> None:
    provider.scripts = [answers(streamed)]
    name = f"break-log-{uuid.uuid4().hex}"
    with Wire(client.gateway.port) as wire:
        wire.send(request(body=asking(streamed), x_request_id=name))
        received = wire.receive()
    assert received.status == 200
    assert b"there" in received.body or b'"re"' in received.body
    assert client.gateway.record(name)["status"] == 200


# --- another addon ------------------------------------------------------------------------------------


@FORMS
@pytest.mark.parametrize("hook", ["requestheaders", "request", "responseheaders", "response"])
def test_another_addon_that_raises_changes_nothing(
    client: Client, provider: Provider, streamed: bool, hook: str
) -> None:
    provider.scripts = [answers(streamed)]
    answer = ask(client, streamed, {"x-neighbour": f"raises in {hook}"})
    assert answer.status_code == 200
    text = content(answer.text) if streamed else answer.json()["choices"][0]["message"]["content"]
    assert text == "Hello there"
    assert provider.call().headers["x-api-key"]


@FORMS
@pytest.mark.parametrize("hook", ["requestheaders", "request"])
def test_another_addon_that_answers(client: Client, provider: Provider, streamed: bool, hook: str) -> None:
    answer = ask(client, streamed, {"x-neighbour": f"answers in {hook}"})
    assert (answer.status_code, answer.json(), answer.headers["x-neighbour"]) == (418, {"mine": True}, "was here")
    assert answer.headers["x-request-id"] == client.id
    assert provider.calls == []
    record = client.record
    assert (record["status"], record["end"], record["cause"]) == (418, "complete", "answered by another addon")


def test_another_addon_that_answers_without_a_key(client: Client, provider: Provider) -> None:
    """Whoever has no key gets no further than the gateway, whatever stands beside it."""
    with Wire(client.gateway.port) as wire:
        wire.send(request(body=asking(), key="wrong", x_neighbour="answers in request"))
        assert wire.receive().status == 401
    assert provider.calls == []


@FORMS
@pytest.mark.parametrize("hook", ["requestheaders", "request", "responseheaders", "response"])
def test_another_addon_that_kills(client: Client, provider: Provider, streamed: bool, hook: str) -> None:
    provider.scripts = [answers(streamed)] if hook.startswith("resp") else []
    # A stream that is sent already cannot be taken back by who hears of its end.
    if streamed and hook == "response":
        answer = ask(client, streamed, {"x-neighbour": f"kills in {hook}"})
        assert answer.status_code == 200
        return
    # A connection that is closed before all of the request is read is reset.
    with pytest.raises((httpx.RemoteProtocolError, httpx.ReadError)):
        ask(client, streamed, {"x-neighbour": f"kills in {hook}"})
    if hook.startswith("requ"):
        assert provider.calls == []
        assert client.record["end"] == "cancelled"


def test_the_log_shows_our_bugs_in_full(client: Client) -> None:
    ask(client, False, {"x-break": "request_received"})
    client.gateway.line(r"An exchange failed inside the gateway")
    assert re.search(r"saboteur\.py", client.gateway.output)
