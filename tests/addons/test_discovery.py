"""The models of servers, as they list them."""

import asyncio
import gzip
import json
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from addons import discovery
from addons.discovery import LARGEST, MOST, MOST_PAGES, Discovery, Names, models_of
from addons.kept_models import KeptModels
from routing.catalogue import Catalogue, Target
from routing.config import parse
from tests.e2e.certificates import certificate

Answer = tuple[int, bytes]


@asynccontextmanager
async def server(
    answer: Callable[[str], Answer], headers: bytes = b"", tls: ssl.SSLContext | None = None
) -> AsyncIterator[tuple[str, list[str]]]:
    """A server that answers a path; and the heads of its requests."""
    heads: list[str] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heads.append((await reader.readuntil(b"\r\n\r\n")).decode())
        status, body = answer(heads[-1].split()[1])
        length = b"content-length: %d\r\n\r\n" % len(body)
        writer.write(b"HTTP/1.1 %d X\r\nconnection: close\r\n%b%b%b" % (status, headers, length, body))
        await writer.drain()
        writer.close()

    made = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=tls)
    try:
        yield f"{'https' if tls else 'http'}://127.0.0.1:{made.sockets[0].getsockname()[1]}", heads
    finally:
        made.close()


def listed(value: Any) -> Answer:
    return 200, json.dumps(value).encode()


def paged(pages: dict[str, Any]) -> Callable[[str], Answer]:
    """Answers by path; nothing else is there."""
    return lambda path: listed(pages[path]) if path in pages else (404, b"{}")


ENTRIES = {
    "anthropic": "claude-api-key: [{api-key: secret, base-url: 'URL', headers: {x-team: t}}]",
    "gemini": "gemini-api-key: [{api-key: secret, base-url: 'URL', headers: {x-team: t}}]",
    "openai": "openai-compatibility: [{name: o, base-url: 'URL/v1', api-key-entries: [{api-key: secret}],"
    " headers: {x-team: t}}]",
    "responses": "codex-api-key: [{api-key: secret, base-url: 'URL/v1', headers: {x-team: t}}]",
    "ollama": "ollama: [{base-url: 'URL', api-key: secret, headers: {x-team: t}}]",
}


def catalogue(entry: str, url: str = "http://127.0.0.1:1") -> Catalogue:
    settings = parse(entry.replace("URL", url).encode(), "c.yaml", {}).settings
    return Catalogue(settings, known_models={"anthropic": ("claude-known",), "gemini": ("gemini-known",)})


def asked(entry: str, url: str) -> Target:
    [target] = catalogue(ENTRIES[entry], url).discoverable().values()
    return target


GENERATE = {"supportedGenerationMethods": ["generateContent", "countTokens"]}


@pytest.mark.parametrize(
    ("entry", "pages", "names", "credential"),
    [
        pytest.param(
            "anthropic",
            {
                "/v1/models?limit=1000": {
                    "data": [{"type": "model", "id": "claude-a"}, {"id": "claude-b"}],
                    "has_more": True,
                    "last_id": "claude-b",
                },
                "/v1/models?limit=1000&after_id=claude-b": {
                    "data": [{"id": "c/d"}],
                    "has_more": True,
                    "last_id": "c/d",
                },
                "/v1/models?limit=1000&after_id=c%2Fd": {"data": [{"id": "e"}], "has_more": False, "last_id": "e"},
            },
            ("claude-a", "claude-b", "c/d", "e"),
            "x-api-key: secret",
            id="anthropic",
        ),
        pytest.param(
            "gemini",
            {
                "/v1beta/models?pageSize=1000": {
                    "models": [
                        {"name": "models/gemini-a", **GENERATE},
                        {"name": "models/gemini-embedding-1", **GENERATE},
                        {"name": "models/aqa", "supportedGenerationMethods": ["generateAnswer"]},
                    ],
                    "nextPageToken": "a+/=",
                },
                "/v1beta/models?pageSize=1000&pageToken=a%2B%2F%3D": {"models": [{"name": "models/gemini-b"}]},
            },
            ("gemini-a", "gemini-b"),
            "x-goog-api-key: secret",
            id="gemini",
        ),
        pytest.param(
            "openai",
            {"/v1/models": {"data": [{"id": "gpt-a"}, {"id": "text-embedding-3-small"}, {"id": "x/Whisper-1"}]}},
            ("gpt-a",),
            "authorization: Bearer secret",
            id="openai",
        ),
        pytest.param(
            "openai", {"/v1/models": [{"id": "a/b"}]}, ("a/b",), "authorization: Bearer secret", id="a bare list"
        ),
        pytest.param(
            "responses",
            {"/v1/models": {"data": [{"id": "gpt-a"}, {"id": "gpt-a"}]}},
            ("gpt-a",),
            "authorization: Bearer secret",
            id="responses",
        ),
        pytest.param(
            "ollama",
            {"/api/tags": {"models": [{"name": "llama3.2:latest", "size": 5}, {"name": 5}, {"name": ""}, 5]}},
            ("llama3.2:latest",),
            "authorization: Bearer secret",
            id="ollama",
        ),
    ],
)
async def test_a_list_is_read_to_its_end(
    entry: str, pages: dict[str, Any], names: tuple[str, ...], credential: str
) -> None:
    async with server(paged(pages)) as (url, heads), httpx.AsyncClient(trust_env=False) as http:
        assert await models_of(http, asked(entry, url)) == names
    assert [head.split()[1] for head in heads] == list(pages)
    assert all(credential in head and "x-team: t" in head for head in heads)


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param((200, b"junk"), id="no JSON"),
        pytest.param((200, b"[" * 100_000), id="too deep"),
        pytest.param((200, b"5"), id="a number"),
        pytest.param((200, b'{"data": 5, "models": 5}'), id="no list"),
        pytest.param((500, b"{}"), id="an error"),
        pytest.param((302, b""), id="another address"),
        pytest.param((200, b" " * (LARGEST + 1) + b'{"data": [], "models": []}'), id="a list without end"),
    ],
)
@pytest.mark.parametrize("entry", ENTRIES)
async def test_a_server_that_tells_nothing(entry: str, answer: Answer) -> None:
    async with server(lambda path: answer) as (url, _), httpx.AsyncClient(trust_env=False) as http:
        with pytest.raises((httpx.HTTPError, ValueError)):
            await models_of(http, asked(entry, url))


@pytest.mark.parametrize("entry", ENTRIES)
async def test_a_name_that_is_a_key_is_none(entry: str) -> None:
    """It would be listed to clients, and be kept on disk."""
    keys, models = ("canary-of-a-key", "canary-of-a-header"), ["a", "canary-of-a-key", "b/x-canary-of-a-header"]
    each = [{"id": name, "name": name} for name in models]
    written = ENTRIES[entry].replace("key: secret", f"key: {keys[0]}").replace("x-team: t", f"x-team: {keys[1]}")
    async with server(lambda path: listed({"data": each, "models": each})) as (url, _):
        [target] = catalogue(written, url).discoverable().values()
        async with httpx.AsyncClient(trust_env=False) as http:
            assert await models_of(http, target) == ("a",)


async def test_what_is_compressed_is_not_read() -> None:
    """A few bytes of it may be any number."""
    body = gzip.compress(b'{"data": []}')
    zipped = server(lambda path: (200, body), b"content-encoding: gzip\r\n")
    async with zipped as (url, heads), httpx.AsyncClient(trust_env=False) as http:
        with pytest.raises(ValueError, match="compressed"):
            await models_of(http, asked("openai", url))
    assert "accept-encoding: identity" in heads[0]


@pytest.mark.parametrize(
    ("step", "pages", "count"),
    [
        pytest.param(1, MOST_PAGES, MOST_PAGES, id="pages"),
        pytest.param(MOST // 2 + 1, 2, MOST, id="names"),
        pytest.param(0, 2, 1, id="the same mark again"),
    ],
)
async def test_a_list_without_end(step: int, pages: int, count: int) -> None:
    number = 0

    def next_page(path: str) -> Answer:
        nonlocal number
        names = [f"m{number + at}" for at in range(step or 1)]
        number += step
        return listed({"data": [{"id": name} for name in names], "has_more": True, "last_id": names[-1]})

    async with server(next_page) as (url, heads), httpx.AsyncClient(trust_env=False) as http:
        assert len(await models_of(http, asked("anthropic", url))) == count
    assert len(heads) == pages


async def test_all_pages_together_are_bounded() -> None:
    large = "x" * (LARGEST // 3)

    def next_page(path: str) -> Answer:
        return listed({"data": [], "has_more": True, "last_id": str(len(path)), "more": large})

    async with server(next_page) as (url, heads), httpx.AsyncClient(trust_env=False) as http:
        with pytest.raises(ValueError, match="too large"):
            await models_of(http, asked("anthropic", url))
    assert len(heads) == 3


class House:
    """A catalogue that is kept known."""

    def __init__(
        self, entry: str, url: str, kept: KeptModels, refresh: float = 0, trusted: ssl.SSLContext | None = None
    ) -> None:
        self.catalogue = catalogue(entry, url)
        self.told: asyncio.Queue[Names] = asyncio.Queue()
        self.discovery = Discovery(lambda: self.catalogue, self._found, lambda: refresh, kept, lambda: trusted)

    def _found(self, names: Names) -> None:
        self.catalogue = self.catalogue.with_discovered(names)
        self.told.put_nowait(names)

    @property
    def names(self) -> list[str]:
        return [model.id for model in self.catalogue.listing("")]

    @asynccontextmanager
    async def open(self) -> AsyncIterator[None]:
        task = asyncio.create_task(self.discovery.run())
        try:
            yield
        finally:
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task

    async def news(self) -> Names:
        return await asyncio.wait_for(self.told.get(), 20)


@pytest.fixture
def kept(tmp_path: Path) -> KeptModels:
    return KeptModels(tmp_path / "folder" / "models.json")


async def test_what_a_server_has_is_served(kept: KeptModels) -> None:
    """Instead of what is known of its maker; and what is handed on is so still."""
    answer = listed({"data": [{"id": "claude-new"}, {"id": "glm-5"}], "has_more": False})
    async with server(lambda path: answer) as (url, _):
        house = House(ENTRIES["anthropic"], url, kept)
        assert house.names == ["claude-known"]
        async with house.open():
            found = await house.news()
    assert house.names == ["claude-new", "glm-5"]
    assert house.catalogue.candidates("glm-5", "")[0].model == "glm-5"
    assert house.catalogue.candidates("claude-known", "")
    while kept.read() != found:  # it is written beside everything else
        await asyncio.sleep(0.01)


async def test_servers_are_asked_again(kept: KeptModels) -> None:
    answers = [listed({"models": [{"name": name}]}) for name in ("a", "b")]
    async with server(lambda path: answers.pop(0) if answers else (500, b"")) as (url, heads):
        house = House(ENTRIES["ollama"], url, kept, refresh=0.01)
        async with house.open():
            await house.news()
            assert house.names == ["a"]
            await house.news()
            assert house.names == ["b"]
            while len(heads) < 4:  # and after a failure
                await asyncio.sleep(0.01)
        assert house.names == ["b"]


async def test_they_are_asked_once_where_nothing_else_is_wanted(kept: KeptModels) -> None:
    """Until there are others."""
    async with server(paged({"/api/tags": {"models": [{"name": "a"}]}})) as (url, heads):
        house = House(ENTRIES["ollama"], url, kept)
        async with house.open():
            await house.news()
            house.discovery.wake()
            other = ENTRIES["ollama"].replace("URL", url).replace("secret", "other")
            house.catalogue = house.catalogue.reloaded(parse(other.encode(), "c.yaml", {}))
            house.discovery.wake()
            await house.news()
    assert [("other" in head) for head in heads] == [False, True]


async def test_one_server_does_not_hinder_the_others(kept: KeptModels, caplog: pytest.LogCaptureFixture) -> None:
    """It is warned of once, without its own words."""
    gone = "{base-url: 'http://127.0.0.1:1', name: gone}"
    odd = "{base-url: 'URL/odd', name: odd}"
    answers = paged({"/api/tags": {"models": [{"name": "a"}]}, "/odd/api/tags": "sk-secret"})
    async with server(answers) as (url, heads):
        house = House(f"ollama: [{gone}, {odd}, {{base-url: 'URL'}}]", url, kept, refresh=0.01)
        async with house.open():
            await house.news()
            while sum("/odd" in head for head in heads) < 3:
                await asyncio.sleep(0.01)
    assert house.names == ["a"]
    assert sorted(record.getMessage() for record in caplog.records) == [
        "gone does not tell its models: ConnectError",
        "odd does not tell its models: no list of models",
    ]


async def test_a_server_that_is_silent_is_left(
    kept: KeptModels, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(discovery, "PATIENCE_SECONDS", 0.05)
    left = asyncio.Event()

    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()
        left.set()

    made = await asyncio.start_server(silent, "127.0.0.1", 0)
    house = House(ENTRIES["ollama"], f"http://127.0.0.1:{made.sockets[0].getsockname()[1]}", kept)
    async with house.open():
        await asyncio.wait_for(left.wait(), 20)
        while not caplog.records:
            await asyncio.sleep(0.01)
    made.close()
    assert "ollama does not tell its models: " in caplog.text


async def test_the_way_leads_through_the_proxy(kept: KeptModels) -> None:
    async with server(lambda path: listed({"models": [{"name": "a"}]})) as (url, heads):
        house = House(f"ollama: [{{base-url: 'http://models.invalid', proxy-url: '{url}'}}]", url, kept)
        async with house.open():
            await house.news()
    assert [head.split()[1] for head in heads] == ["http://models.invalid/api/tags"]


async def test_authorities_of_ones_own_are_trusted(
    kept: KeptModels, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    authority = certificate(tmp_path)
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(authority)
    async with server(lambda path: listed({"models": [{"name": "a"}]}), tls=tls) as (url, _):
        house = House(ENTRIES["ollama"], url, kept, trusted=ssl.create_default_context(cafile=authority))
        async with house.open():
            await house.news()
        async with House(ENTRIES["ollama"], url, kept).open():
            while not caplog.records:
                await asyncio.sleep(0.01)
    assert "ollama does not tell its models: ConnectError" in caplog.text


@pytest.mark.parametrize(
    "entry",
    [
        pytest.param("claude-api-key: [{api-key: '${NO_SUCH_KEY}'}]", id="off"),
        pytest.param("ollama: [{models: [{name: m}]}]", id="with models"),
        pytest.param("vertex-api-key: [{api-key: k}]", id="a provider that tells none"),
        pytest.param("{}", id="nobody"),
    ],
)
def test_nobody_to_ask(entry: str) -> None:
    assert catalogue(entry).discoverable() == {}
