"""The models of an Ollama, as its server tells them."""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest

from addons.ollama_models import LARGEST, discover, models_of
from routing.catalogue import Catalogue
from routing.config import parse


@asynccontextmanager
async def ollama(*answers: tuple[int, bytes]) -> AsyncIterator[tuple[str, list[str]]]:
    """A server that gives these answers one after the other, the last one for ever; and the heads of its requests."""
    heads: list[str] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heads.append((await reader.readuntil(b"\r\n\r\n")).decode())
        status, body = answers[min(len(heads), len(answers)) - 1]
        writer.write(b"HTTP/1.1 %d X\r\nconnection: close\r\ncontent-length: %d\r\n\r\n" % (status, len(body)) + body)
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}", heads
    finally:
        server.close()


def tags(*names: Any) -> bytes:
    return json.dumps({"models": [{"name": name, "size": 5} for name in names]}).encode()


def catalogue(url: str, more: str = "") -> Catalogue:
    settings = parse(f"ollama: [{{base-url: '{url}'{more}}}]".encode(), "c.yaml", {}).settings
    return Catalogue(settings)


async def test_what_a_server_has_is_served() -> None:
    async with ollama((200, tags("llama3.2:latest", "qwen3:8b", 5, ""))) as (url, heads):
        house = [catalogue(url, ", api-key: secret, headers: {x-team: t}")]
        found = asyncio.Event()

        def tell(names: Mapping[str, tuple[str, ...]]) -> None:
            house[0] = house[0].with_discovered(names)
            found.set()

        task = asyncio.create_task(discover(lambda: house[0], tell))
        await asyncio.wait_for(found.wait(), 10)
        task.cancel()
    assert [model.id for model in house[0].listing("")] == ["llama3.2:latest", "qwen3:8b"]
    assert house[0].candidates("qwen3:8b", "")[0].model == "qwen3:8b"
    assert heads[0].startswith("GET /api/tags HTTP/1.1")
    assert "authorization: Bearer secret" in heads[0]
    assert "x-team: t" in heads[0]


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param((200, b"junk"), id="no JSON"),
        pytest.param((200, b"[]"), id="a list"),
        pytest.param((200, b'{"models": 5}'), id="no list"),
        pytest.param((500, b"{}"), id="an error"),
        pytest.param((302, b""), id="another address"),
        pytest.param((200, b" " * (LARGEST + 1) + tags("a")), id="a list without end"),
    ],
)
async def test_a_server_that_tells_nothing(answer: tuple[int, bytes]) -> None:
    async with ollama(answer) as (url, _), httpx.AsyncClient(trust_env=False) as http:
        [target] = catalogue(url).discoverable().values()
        with pytest.raises((httpx.HTTPError, ValueError)):
            await models_of(http, target)


async def test_a_server_that_is_not_there(caplog: pytest.LogCaptureFixture) -> None:
    async with ollama((200, b"")) as (url, _):
        pass
    task = asyncio.create_task(discover(lambda: catalogue(url), lambda names: None))
    while not caplog.records:
        await asyncio.sleep(0.01)
    task.cancel()
    assert "does not tell its models" in caplog.text


async def test_nobody_to_ask() -> None:
    await discover(lambda: catalogue("http://127.0.0.1:1", ", models: [{name: m}]"), lambda names: None)
