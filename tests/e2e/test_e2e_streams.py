"""Streams that go well: at once, at any split of the bytes, whatever the provider compresses or answers instead."""

import gzip
import json
import threading
import zlib
from collections.abc import Callable
from typing import Any

import brotli
import pytest

from tests.e2e import claude
from tests.e2e.conftest import Client
from tests.e2e.gateway_process import GatewayProcess
from tests.e2e.provider import EVENT_STREAM, LAST_CHUNK, Call, Provider, chunk, head, held, sse, stepped, stream, whole
from tests.e2e.wire import Wire, asking, content, payloads, request
from translators.framing.compression import zstd

FORMS = pytest.mark.parametrize("streamed", [False, True], ids=["whole", "stream"])
EVENTS = [sse(event) for event in claude.HELLO]
START = b"".join(EVENTS[:3])
"""Up to the first delta of text."""
REST = b"".join(EVENTS[3:])


def text_of(answer: Any, streamed: bool) -> str:
    assert answer.status_code == 200
    if not streamed:
        return str(answer.json()["choices"][0]["message"]["content"])
    chunks = list(payloads(answer.text))
    assert chunks[-1] == "[DONE]"
    assert chunks[-2]["choices"][0]["finish_reason"] == "stop"
    return content(answer.text)


@FORMS
def test_hello(client: Client, provider: Provider, streamed: bool) -> None:
    provider.default = stream(claude.HELLO) if streamed else whole(claude.message())
    assert text_of(client.chat(streamed), streamed) == "Hello there"
    record = client.record
    assert (record["end"], record["status"], record["attempts"]) == ("complete", 200, 1)
    assert (record["stream"], record["finish_reason"]) == (streamed, "stop")
    assert (record["tokens_in"], record["tokens_out"]) == (11, 7)


def flushed(coding: str) -> tuple[bytes, bytes]:
    """The two halves of the stream, compressed so that the first can be read without the second."""
    match coding:
        case "identity":
            return START, REST
        case "br":
            made = brotli.Compressor()
            return made.process(START) + made.flush(), made.process(REST) + made.finish()
        case "zstd":
            packer = zstd.ZstdCompressor()
            first = packer.compress(START) + packer.flush(zstd.ZstdCompressor.FLUSH_BLOCK)
            return first, packer.compress(REST) + packer.flush()
        case _:
            wbits = zlib.MAX_WBITS | (16 if coding == "gzip" else 0)
            deflate = zlib.compressobj(wbits=wbits)
            first = deflate.compress(START) + deflate.flush(zlib.Z_SYNC_FLUSH)
            return first, deflate.compress(REST) + deflate.flush()


@pytest.mark.parametrize("coding", ["identity", "gzip", "deflate", "br", "zstd"])
def test_the_first_event_arrives_before_the_second_is_sent(client: Client, provider: Provider, coding: str) -> None:
    first, rest = flushed(coding)
    go = threading.Event()
    headers = {**EVENT_STREAM, "content-encoding": coding}
    provider.default = stepped(head(200, headers) + chunk(first), go, chunk(rest) + LAST_CHUNK)
    with client.streaming() as answer:
        pieces = answer.iter_text()
        text = ""
        while "Hel" not in text:
            text += next(pieces)
        go.set()
        text += "".join(pieces)
    assert content(text) == "Hello there"
    assert client.record["end"] == "complete"


@FORMS
def test_a_stream_cut_into_single_bytes(client: Client, provider: Provider, streamed: bool) -> None:
    data = head(200, EVENT_STREAM) + b"".join(chunk(event) for event in EVENTS) + LAST_CHUNK

    async def script(call: Call) -> None:
        for at in range(len(data)):
            await call.send(data[at : at + 1])

    provider.default = script
    assert text_of(client.chat(streamed), streamed) == "Hello there"


@FORMS
@pytest.mark.parametrize(
    ("coding", "compress"),
    [
        pytest.param("gzip", gzip.compress, id="gzip"),
        pytest.param("br", brotli.compress, id="br"),
        pytest.param("zstd", zstd.compress, id="zstd"),
        pytest.param("deflate", zlib.compress, id="deflate"),
        pytest.param("deflate", lambda data: zlib.compress(data)[2:-4], id="raw-deflate"),
    ],
)
@pytest.mark.parametrize("cut", [False, True], ids=["complete", "cut"])
def test_compressed_answers(
    client: Client, provider: Provider, streamed: bool, coding: str, compress: Callable[[bytes], bytes], cut: bool
) -> None:
    body = b"".join(EVENTS) if streamed else json.dumps(claude.message()).encode()
    data = compress(body)
    kind = "text/event-stream" if streamed else "application/json"
    provider.default = whole(
        data[: len(data) // 2] if cut else data, 200, {"content-type": kind, "content-encoding": coding}
    )
    answer = client.chat(streamed)
    if not cut:
        assert text_of(answer, streamed) == "Hello there"
    else:
        assert client.record["end"] == "failed"
        assert answer.status_code == 502 or "error" in list(payloads(answer.text))[-1]


def test_an_unknown_coding_is_an_error(client: Client, provider: Provider) -> None:
    provider.default = whole(b"whatever", 200, {"content-encoding": "snappy"})
    assert client.chat().status_code == 502


@FORMS
@pytest.mark.parametrize(
    ("sent", "kind"),
    [
        ("json", "application/json"),
        ("json", "text/plain"),
        ("json", None),
        ("sse", "text/event-stream; charset=utf-8"),
        ("sse", "text/plain"),
        ("sse", None),
    ],
)
def test_what_is_sent_counts_not_what_was_asked(
    client: Client, provider: Provider, streamed: bool, sent: str, kind: str | None
) -> None:
    body = json.dumps(claude.message()).encode() if sent == "json" else b"".join(EVENTS)
    lines = f"content-length: {len(body)}\r\n" + (f"content-type: {kind}\r\n" if kind else "")
    data = b"HTTP/1.1 200 OK\r\n" + lines.encode() + b"\r\n" + body

    async def script(call: Call) -> None:
        await call.send(data)

    provider.default = script
    assert text_of(client.chat(streamed), streamed) == "Hello there"


@FORMS
def test_a_body_that_ends_with_the_connection(client: Client, provider: Provider, streamed: bool) -> None:
    async def script(call: Call) -> None:
        await call.send(head(200, {"content-type": "text/event-stream"}) + b"".join(EVENTS))
        call.cut()

    provider.default = script
    assert text_of(client.chat(streamed), streamed) == "Hello there"


@FORMS
def test_trailers_change_nothing(client: Client, provider: Provider, streamed: bool) -> None:
    body = b"".join(EVENTS)

    async def script(call: Call) -> None:
        await call.send(head(200, EVENT_STREAM) + chunk(body) + b"0\r\nx-sum: 1\r\n\r\n")

    provider.default = script
    assert text_of(client.chat(streamed), streamed) == "Hello there"


@FORMS
def test_the_answer_ends_with_the_last_event_and_not_with_the_connection(
    client: Client, provider: Provider, streamed: bool
) -> None:
    never = threading.Event()
    provider.default = stepped(head(200, EVENT_STREAM) + chunk(b"".join(EVENTS)), never, b"")
    assert text_of(client.chat(streamed), streamed) == "Hello there"
    assert provider.call().gone.wait(2)
    record = client.record
    assert (record["end"], record["error"]) == ("complete", None)
    assert record["duration_ms"] < 3000


def test_a_provider_connection_is_kept_after_a_stream(client: Client, provider: Provider) -> None:
    provider.default = stream(claude.HELLO)
    for _ in range(3):
        assert text_of(client.chat(True), True) == "Hello there"
    assert len({call.connection for call in provider.calls}) == 1


@FORMS
@pytest.mark.parametrize(
    "odd",
    [
        pytest.param({"type": "brand_new", "x": 1}, id="unknown-event"),
        pytest.param({"type": "content_block_stop", "index": 9}, id="stray-stop"),
        pytest.param(
            {"type": "content_block_delta", "index": 0, "delta": {"type": "brand_new_delta"}}, id="unknown-delta"
        ),
    ],
)
def test_odd_events_are_noted_and_passed_by(
    client: Client, provider: Provider, streamed: bool, odd: dict[str, Any]
) -> None:
    provider.default = stream([*claude.HELLO[:3], odd, *claude.HELLO[3:]])
    assert text_of(client.chat(streamed), streamed) == "Hello there"
    record = client.record
    assert (record["end"], record["notes_count"]) == ("complete", 1)


@FORMS
def test_an_unknown_stop_reason_is_noted(client: Client, provider: Provider, streamed: bool) -> None:
    message = claude.message(stop_reason="brand_new")
    provider.default = stream(claude.events(message)) if streamed else whole(message)
    assert text_of(client.chat(streamed), streamed) == "Hello there"
    assert "stop_reason" in [note["path"] for note in client.record["notes"]]


@FORMS
def test_a_missing_message_start_is_noted(client: Client, provider: Provider, streamed: bool) -> None:
    provider.default = stream(claude.HELLO[1:])
    assert text_of(client.chat(streamed), streamed) == "Hello there"
    assert [note["fate"] for note in client.record["notes"]] == ["synthesised"]


def test_broken_arguments_pass_as_they_are(client: Client, provider: Provider) -> None:
    events = claude.events(claude.message(claude.tool_use("toolu_1", "look", city="Paris"), stop_reason="tool_use"))
    broken = [e for e in events if e.get("delta", {}).get("partial_json") != '{"c']
    provider.default = stream(broken)
    answer = client.chat(True, tools=[{"type": "function", "function": {"name": "look"}}])
    chunks = [each for each in payloads(answer.text) if each != "[DONE]"]
    assert chunks[-1]["choices"][0]["finish_reason"] == "tool_calls"
    assert client.record["end"] == "complete"


def test_a_long_whole_answer_is_asked_for_as_a_stream(client: Client, provider: Provider) -> None:
    provider.default = stream(claude.HELLO)
    assert text_of(client.chat(max_tokens=None), False) == "Hello there"
    assert provider.call().json["stream"] is True
    assert "stream" in [note["path"] for note in client.record["notes"]]


def test_an_event_larger_than_any_read(client: Client, provider: Provider) -> None:
    long = "x" * 3_000_000
    delta = {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": long}}
    provider.default = stream([*claude.HELLO[:2], delta, *claude.HELLO[-3:]])
    assert text_of(client.chat(True), True) == long


COMPLETE = head(200, EVENT_STREAM) + b"".join(chunk(event) for event in EVENTS)
"""All of an answer but the end of its bytes."""


@FORMS
def test_an_answer_does_not_wait_for_the_end_of_the_providers_bytes(
    gateway: GatewayProcess, provider: Provider, streamed: bool
) -> None:
    """The next request has a connection of its own to the provider; the late one is closed."""
    provider.scripts = [held(COMPLETE)]
    with Wire(gateway.port) as wire:
        wire.send(request(body=asking(streamed)))
        assert text_from(wire, streamed) == "Hello there"
        assert not provider.call().gone.is_set()
        wire.send(request(body=asking()))
        assert text_from(wire, False) == "Hello there"
        assert provider.call(1).connection != provider.call(0).connection
        assert provider.call(0).gone.wait(2)
        wire.send(request(body=asking()))
        assert text_from(wire, False) == "Hello there"
        assert provider.call(2).connection == provider.call(1).connection


def text_from(wire: Wire, streamed: bool) -> str:
    received = wire.receive()
    assert received.status == 200
    return content(received.body.decode()) if streamed else str(received.json["choices"][0]["message"]["content"])
