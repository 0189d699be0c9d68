"""HTTP to providers beside all exchanges, for what is asked without a client: the same proxies, the same trust."""

import asyncio
import ssl

import httpx

from routing.proxies import Proxies, Proxy


class Clients:
    """One client of httpx for each proxy, and one for none. `trust` is whom they trust; None: the public authorities.
    `patience` is the timeout in seconds of each step."""

    def __init__(self, patience: float, trust: ssl.SSLContext | None = None) -> None:
        self._patience, self._trust = patience, trust
        self._made: dict[Proxy | None, httpx.AsyncClient] = {}

    async def to(self, proxies: Proxies, url: str) -> httpx.AsyncClient:
        """Return the client that asks `url` on its way."""
        proxy = proxies.of(url)
        if self._trust is None:
            self._trust = await asyncio.to_thread(httpx.create_ssl_context)
        if proxy not in self._made:
            way = None if proxy is None else httpx.Proxy(proxy.url(), ssl_context=_for(proxy, self._trust))
            self._made[proxy] = httpx.AsyncClient(
                proxy=way, verify=self._trust, trust_env=False, timeout=self._patience
            )
        return self._made[proxy]

    async def close(self) -> None:
        for client in self._made.values():
            await client.aclose()
        self._made.clear()


async def body_of(answer: httpx.Response, most: int) -> bytes:
    """Return the body of an answer. Raises `ValueError` for one of more than `most` bytes, or one that is compressed:
    nobody knows how much it is."""
    if answer.headers.get("content-encoding", "identity") != "identity":
        raise ValueError("its answer is compressed")
    data = bytearray()
    async for piece in answer.aiter_raw():
        data += piece
        if len(data) > most:
            raise ValueError("its answer is too large")
    return bytes(data)


def _for(proxy: Proxy, trust: ssl.SSLContext) -> ssl.SSLContext | None:
    return trust if proxy.scheme == "https" else None
