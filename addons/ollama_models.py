"""The models that an Ollama has: asked at the start and from time to time, beside all exchanges (`GET /api/tags`)."""

import asyncio
import logging
import ssl
from collections.abc import Callable, Mapping
from typing import Any

import httpx
from pydantic_core import from_json

from addons.provider_http import Clients
from routing.auth import StaticKey
from routing.catalogue import Catalogue, Target

logger = logging.getLogger("gateway")

AGAIN_SECONDS = 60.0
PATIENCE_SECONDS = 10.0
LARGEST = 8 * 1024 * 1024
"""Bytes of a list of models."""
MOST = 1000
"""The most names that one server may have."""


async def discover(
    catalogue: Callable[[], Catalogue],
    discovered: Callable[[Mapping[str, tuple[str, ...]]], None],
    trust: ssl.SSLContext | None = None,
) -> None:
    """Ask until it is cancelled. `discovered` gets the models of an entry whenever they are known. A server
    that does not answer keeps the models that it had."""
    warned: dict[str, str] = {}

    clients = Clients(PATIENCE_SECONDS, trust)

    async def ask(place: str, target: Target) -> None:
        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                [base_url] = target.base_urls.values()
                names = await models_of(await clients.to(target.proxies, base_url), target)
        except (httpx.HTTPError, ValueError, TimeoutError) as error:
            if warned.get(place) != (why := _plain(error)):
                logger.warning("%s does not tell its models: %s", target.provider, why)
            warned[place] = why
        else:
            warned.pop(place, None)
            discovered({place: names})

    try:
        while targets := catalogue().discoverable():
            await asyncio.gather(*(ask(place, target) for place, target in targets.items()))
            await asyncio.sleep(AGAIN_SECONDS)
    finally:
        await clients.close()


def _plain(error: Exception) -> str:
    """Return an error without the server's own words, which may be a key."""
    if isinstance(error, httpx.HTTPStatusError):
        return f"HTTP status {error.response.status_code}"
    return type(error).__name__ if isinstance(error, httpx.HTTPError | TimeoutError) else "no list of models"


async def models_of(http: httpx.AsyncClient, target: Target) -> tuple[str, ...]:
    """Return the names in `{"models": [{"name": "llama3:8b", ...}, ...]}`. Raises `httpx.HTTPError`, or `ValueError`
    for an answer that is no list of models."""
    [base_url] = target.base_urls.values()
    data = bytearray()
    async with http.stream("GET", f"{base_url}/api/tags", headers=_headers(target)) as answer:
        answer.raise_for_status()
        async for piece in answer.aiter_bytes():
            data += piece
            if len(data) > LARGEST:
                raise ValueError("its answer is too large")
    return _names(from_json(data))


def _headers(target: Target) -> dict[str, str]:
    headers = {name: value.reveal() for name, value in target.headers.items()}
    if isinstance(target.auth, StaticKey):
        headers[target.auth.header] = target.auth.prefix + target.auth.secret.reveal()
    return headers


def _names(body: Any) -> tuple[str, ...]:
    models = body.get("models") if isinstance(body, Mapping) else None
    if not isinstance(models, list):
        raise ValueError("its answer is no list of models")
    names = (model.get("name") for model in models[:MOST] if isinstance(model, Mapping))
    return tuple(name for name in names if isinstance(name, str) and name)
