"""The wire to providers and back: TLS, kept connections, interim answers, and who is slow slows the other side down."""

import json
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.e2e import claude
from tests.e2e.certificates import certificate
from tests.e2e.conftest import Client
from tests.e2e.gateway_process import GatewayProcess, config
from tests.e2e.provider import EVENT_STREAM, LAST_CHUNK, Call, Provider, chunk, head, sse, stream, whole
from tests.e2e.wire import Wire, asking, request

FORMS = pytest.mark.parametrize("streamed", [False, True], ids=["whole", "stream"])
WATCHED = pytest.mark.parametrize("watched", [False, True], ids=["unwatched", "watched"])


@contextmanager
def clients(gateway: GatewayProcess) -> Iterator[Client]:
    client = Client(gateway)
    with client.http:
        yield client


@pytest.fixture(scope="module")
def trusted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return certificate(tmp_path_factory.mktemp("certificate"))


@pytest.fixture
def secure(trusted: Path) -> Iterator[Provider]:
    """A provider that speaks TLS, and would rather speak HTTP/2."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(trusted)
    context.set_alpn_protocols(["h2", "http/1.1"])
    provider = Provider(tls=context)
    provider.default = whole(claude.message())
    yield provider
    provider.close()
    assert not provider.errors


@FORMS
@WATCHED
def test_a_provider_over_tls(tmp_path: Path, secure: Provider, trusted: Path, streamed: bool, watched: bool) -> None:
    """With the authority that was configured, by HTTP/1.1, and over a kept connection the next time."""
    more = ("-w", str(tmp_path / "flows")) if watched else ()
    trust = ("--set", f"ssl_verify_upstream_trusted_ca={trusted}")
    secure.default = stream(claude.HELLO) if streamed else whole(claude.message(claude.text("Hello there")))
    with GatewayProcess(tmp_path, config(secure.url), *trust, *more) as process, clients(process) as client:
        answers = [client.chat(streamed) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [200] * 3
    assert all(("[DONE]" if streamed else "Hello there") in answer.text for answer in answers)
    assert {call.connection for call in secure.calls} == {1}
    tls = secure.calls[0].writer.get_extra_info("ssl_object")
    assert tls.selected_alpn_protocol() == "http/1.1"
    assert secure.calls[0].headers["x-api-key"]


def test_a_provider_whose_certificate_nobody_vouches_for(tmp_path: Path, secure: Provider) -> None:
    with GatewayProcess(tmp_path, config(secure.url)) as process, clients(process) as client:
        answer = client.chat()
    error = answer.json()["error"]
    assert (answer.status_code, error["code"]) == (502, "provider_connection_failed")
    assert "certificate" in error["message"]
    assert secure.calls == []


def test_a_provider_that_speaks_no_tls(tmp_path: Path, provider: Provider) -> None:
    """The handshake is part of the connect, and waited for no longer."""
    secure = config(provider.url.replace("http:", "https:"), timeouts={"connect": 1})
    with GatewayProcess(tmp_path, secure) as process, clients(process) as client:
        answer = client.chat()
    assert (answer.status_code, answer.json()["error"]["code"]) == (504, "provider_connect_timeout")
    assert provider.calls == []


@FORMS
def test_a_tls_connection_that_died_while_idle(tmp_path: Path, secure: Provider, trusted: Path, streamed: bool) -> None:
    async def last(call: Call) -> None:
        await (stream(claude.HELLO) if streamed else whole(claude.message()))(call)
        call.writer.transport.abort()

    secure.scripts = [last]
    secure.default = stream(claude.HELLO) if streamed else whole(claude.message())
    trust = ("--set", f"ssl_verify_upstream_trusted_ca={trusted}")
    with GatewayProcess(tmp_path, config(secure.url), *trust) as process, clients(process) as client:
        assert client.chat(streamed).status_code == 200
        assert client.chat(streamed).status_code == 200
    assert len({call.connection for call in secure.calls}) == 2


@FORMS
def test_interim_answers_are_passed_over(client: Client, provider: Provider, streamed: bool) -> None:
    early = b"HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\nHTTP/1.1 102 Processing\r\n\r\n"
    answer = stream(claude.HELLO) if streamed else whole(claude.message(claude.text("Hello there")))

    async def script(call: Call) -> None:
        await call.send(early)
        await answer(call)

    provider.scripts = [script]
    heard = client.chat(streamed)
    assert heard.status_code == 200
    assert ("[DONE]" if streamed else "Hello there") in heard.text


PIECE = chunk(sse({"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "x" * 30_000}}))
PIECES = 1500
"""45 MB: more than the kernel holds between three processes."""


@WATCHED
def test_a_client_that_does_not_read_stops_the_provider(tmp_path: Path, provider: Provider, watched: bool) -> None:
    sent, stuck = [0], threading.Event()

    async def script(call: Call) -> None:
        await call.send(head(200, EVENT_STREAM) + b"".join(chunk(sse(event)) for event in claude.HELLO[:2]))
        for _ in range(PIECES):
            call.writer.write(PIECE)
            if call.writer.transport.get_write_buffer_size() > 1_000_000:
                stuck.set()
                await call.writer.drain()
            sent[0] += 1
        await call.send(b"".join(chunk(sse(event)) for event in claude.HELLO[-3:]) + LAST_CHUNK)

    provider.scripts = [script]
    more = ("-w", str(tmp_path / "flows")) if watched else ()
    with GatewayProcess(tmp_path, config(provider.url), *more) as process, Wire(process.port) as wire:
        wire.send(request(body=asking(True)))
        assert stuck.wait(20)
        provider.call().gone.wait(0.5)
        assert sent[0] < PIECES / 2
        body = wire.receive().body
    assert body.count(b"x" * 30_000) == PIECES
    assert body.endswith(b"data: [DONE]\n\n")


def test_a_provider_that_does_not_read_stops_the_client(tmp_path: Path, provider: Provider) -> None:
    """A body is whole before a provider is asked, so what waits for the provider is no more than one body."""
    text = "y" * 4_000_000
    provider.default = whole(claude.message())
    body = {**json.loads(asking()), "messages": [{"role": "user", "content": text}]}
    with GatewayProcess(tmp_path, config(provider.url, body_size_limit="8m")) as process, clients(process) as client:
        answer = client.raw(json.dumps(body).encode(), content_type="application/json")
    assert answer.status_code == 200
    assert len(provider.calls[0].body) > len(text)
