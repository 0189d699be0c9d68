"""Canaries: keys and a prompt are planted, everything happens to them, and then they are looked for everywhere."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass

import httpx
import pytest
from mitmproxy.http import HTTPFlow
from mitmproxy.io import FlowReader

from addons.inspector.recorder import recording_of
from addons.inspector.recording import PHASES
from tests.e2e import claude
from tests.e2e.conftest import Client
from tests.e2e.gateway_process import CLIENT_KEY, HEADER_SECRET, PROVIDER_KEY, SECRETS, GatewayProcess, config
from tests.e2e.provider import EVENT_STREAM, Provider, Script, chunk, head, held, raw, sse, stream, whole
from tests.e2e.wire import Wire, asking, request

PROMPT = "canary-of-a-prompt-0d9a4c"
ANSWER = "canary-of-an-answer-b8f210"
TOLD = claude.message(claude.text(ANSWER))
ECHO = {"x-api-key": PROVIDER_KEY, "x-team": HEADER_SECRET, "set-cookie": f"key={PROVIDER_KEY}"}
QUOTES = f"The key {PROVIDER_KEY} of {HEADER_SECRET} is no good for: {PROMPT}"
START = head(200, EVENT_STREAM) + b"".join(chunk(sse(event)) for event in claude.events(TOLD)[:6])

SCRIPTS: dict[str, Script] = {
    "success": whole(TOLD, headers=ECHO),
    "stream": stream(claude.events(TOLD), headers=ECHO),
    "error": whole(claude.error("api_error"), 500, ECHO),
    "refused-key": whole(claude.error("authentication_error"), 401, ECHO),
    "error-in-the-stream": stream([*claude.events(TOLD)[:5], claude.error("api_error")]),
    "not-json": whole(PROMPT.encode(), headers={"content-type": "text/plain"}),
    "cut": raw(START),
    "cut-at-once": raw(b""),
    "slow": held(),
    "slow-stream": held(START),
    "not-http": raw(PROMPT.encode() + b"\r\n\r\n"),
}


@dataclass(frozen=True)
class Driven:
    output: str
    answers: list[httpx.Response]
    file: bytes
    flows: list[HTTPFlow]


@pytest.fixture(scope="module")
def driven(running_provider: Provider, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Driven]:
    """All that can happen to an exchange, and what remains of it when the gateway has ended."""
    folder = tmp_path_factory.mktemp("secrets")
    provider, file = running_provider, folder / "flows"
    provider.reset()
    settings = config(provider.url, timeouts={"first-byte": 0.5, "idle": 0.5}, log_format="text")
    answers = []
    with GatewayProcess(folder, settings, "-w", str(file)) as process:
        client = Client(process)
        says = [{"role": "user", "content": PROMPT}]
        for script in SCRIPTS.values():
            for streamed in (False, True):
                provider.default = script
                answers.append(client.chat(streamed, messages=says, seed=3))
        answers.append(client.chat(model=PROMPT[:20], messages=says))
        answers.append(client.chat(messages=[{"role": PROMPT}]))
        answers.append(client.raw(f'{{"model": "{PROMPT}'.encode()))
        with Wire(process.port) as wire:
            wire.send(request(f"/v1/models?key={CLIENT_KEY}", method="GET", key=None, x_api_key=CLIENT_KEY))
            wire.receive("GET")
        for target in (f"/v1/models?{CLIENT_KEY}", f"http://a:{CLIENT_KEY}@b.example/v1/models?api_key={CLIENT_KEY}"):
            with Wire(process.port) as wire:
                wire.send(request(target, method="GET"))
                wire.receive("GET")
        with Wire(process.port) as wire:
            wire.send(b"GET /v1/models HTTP/1.1\r\nAuthorization : Bearer %b\r\n\r\n" % CLIENT_KEY.encode())
            wire.receive("GET")
        with Wire(process.port) as wire:
            wire.send(b"GET /v1/models HTTP/1.1\r\nAuthorization:\r\n Bearer %b\r\n" % CLIENT_KEY.encode())
        with Wire(process.port) as wire:
            wire.send(request(body=asking(), key=CLIENT_KEY + "x", cookie=f"a={CLIENT_KEY}"))
            wire.receive()
        provider.default = held(START)
        with Wire(process.port) as wire:
            wire.send(request(body=asking(True, messages=says)))
            wire.until(b"data: ")
        process.line("cancelled")
        client.http.close()
    with file.open("rb") as opened:
        flows = [flow for flow in FlowReader(opened).stream() if isinstance(flow, HTTPFlow)]
    yield Driven(process.output, answers, file.read_bytes(), flows)
    provider.reset()


@pytest.mark.parametrize("secret", [*SECRETS, PROMPT, ANSWER])
def test_no_key_and_no_prompt_in_the_log(driven: Driven, secret: str) -> None:
    assert secret not in driven.output


@pytest.mark.parametrize("secret", SECRETS)
def test_no_key_in_an_answer(driven: Driven, secret: str) -> None:
    for answer in driven.answers:
        assert secret not in answer.text
        assert secret not in str(answer.headers)


@pytest.mark.parametrize("secret", [PROVIDER_KEY, HEADER_SECRET])
def test_no_providers_key_in_the_flow_file(driven: Driven, secret: str) -> None:
    assert secret.encode() not in driven.file


def test_no_clients_key_in_the_flow_file(driven: Driven) -> None:
    """Wherever a client writes it: in headers, in a query, before a host."""
    assert CLIENT_KEY.encode() not in driven.file
    assert b"/v1/models?..." in driven.file


def test_prompts_are_kept_where_somebody_asked_for_it(driven: Driven) -> None:
    assert PROMPT.encode() in driven.file
    assert ANSWER.encode() in driven.file


def test_the_flow_file_holds_the_four_phases(driven: Driven) -> None:
    stored = [found for flow in driven.flows if (found := recording_of(flow)) is not None]
    assert len(stored) == len(driven.flows)
    good = next(each for each in stored if each.facts.end == "complete" and each.facts.model)
    assert all(good.phase(name) for name in PHASES)
    assert good.facts.notes[0].path == "seed"
    streams = [each for each in stored if each.facts.stream and each.facts.end == "complete"]
    assert max(len(each.events) for each in streams) > 5
    assert [each.facts for each in stored if each.facts.end == "running"] == []


def test_the_flow_of_a_stream_shows_what_the_client_heard(driven: Driven) -> None:
    answers = {answer.headers["x-request-id"]: answer.text for answer in driven.answers}
    compared = 0
    for flow in driven.flows:
        recorded = recording_of(flow)
        assert recorded is not None
        if recorded.facts.stream and recorded.facts.end == "complete":
            assert flow.response is not None
            assert (flow.response.text or "") == answers[recorded.id]
            compared += 1
    assert compared >= 2


def test_one_line_an_exchange_and_none_of_mitmproxys(driven: Driven) -> None:
    lines = driven.output.splitlines()
    exchanges = [line for line in lines if re.match(r"\d\d:\d\d:\d\d ", line)]
    assert len(exchanges) == len([flow for flow in driven.flows if flow.request.path != "/health"])
    assert not [line for line in lines if line.lstrip().startswith(("<<", ">>"))]
    ready = next(number for number, line in enumerate(lines) if "The gateway answers at" in line)
    assert not [line for line in lines[ready:] if "client connect" in line or "server connect" in line]
    assert "\x1b" not in driven.output


def test_a_line_says_who_what_where_and_how_long(driven: Driven) -> None:
    line = next(line for line in driven.output.splitlines() if "200 whole" in line)
    assert "tester" in line
    assert "sonnet -> anthropic/claude-sonnet-4-5" in line
    assert "11 in 7 out" in line
    assert "seed dropped" in line


def test_a_providers_error_may_not_quote_our_key(gateway: GatewayProcess, client: Client, provider: Provider) -> None:
    """A proxy in between that quotes the headers which it got is answered for, whatever the key looks like."""
    provider.default = whole(claude.error("api_error", QUOTES), 500)
    answer = client.chat()
    assert PROVIDER_KEY not in answer.text
    assert HEADER_SECRET not in answer.text
    assert PROMPT not in json.dumps(client.record)


def test_a_flow_has_no_key_left_in_its_request(driven: Driven) -> None:
    assert all("authorization" not in flow.request.headers for flow in driven.flows)
