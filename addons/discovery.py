"""The models of servers whose entries name none: asked for at the start and from time to time, beside all exchanges.

`model_lists` has the forms of the lists, `kept_models` what earlier runs were told.
"""

import asyncio
import contextlib
import logging
import math
import ssl
from collections.abc import Callable

import httpx
from pydantic_core import from_json

from addons.exchange.request import AGENT
from addons.exchange.services import SHORTEST_KEY
from addons.kept_models import KeptModels
from addons.model_lists import FORMS, LARGEST, ListForm, Page
from addons.provider_http import Clients, body_of
from routing.auth import StaticKey
from routing.catalogue import Catalogue, Target

logger = logging.getLogger("gateway")

PATIENCE_SECONDS = 20.0
"""For all pages of one server."""
RETRY_SECONDS = 60.0
"""A server that told nothing is asked again after so long, or as soon as all others if that is earlier."""
AT_ONCE = 8
"""The servers that are asked at the same time."""
MOST_PAGES = 50
MOST = 2000
"""The most names that one server may have; more are left out."""

Names = dict[str, tuple[str, ...]]
"""The names by the key of their server among the discoverable."""


class Discovery:
    """Keeps a catalogue's servers known. `found` gets the names of some of them whenever they are new. `refresh` is
    after how many seconds a server is asked again; 0: never. `trusted` has the authorities that are trusted at servers
    and proxies, None for the usual ones."""

    def __init__(
        self,
        catalogue: Callable[[], Catalogue],
        found: Callable[[Names], None],
        refresh: Callable[[], float],
        kept: KeptModels,
        trusted: Callable[[], ssl.SSLContext | None] = lambda: None,
    ) -> None:
        self._catalogue, self._found, self._refresh, self._kept = catalogue, found, refresh, kept
        self._due: dict[str, float] = {}
        """When each server is to be asked, on the loop's clock; one that is not in it at once."""
        self._under_way: set[str] = set()
        """The servers that are being asked."""
        self._news: Names = {}
        self._warned: dict[str, str] = {}
        self._changed = asyncio.Event()
        self._gate = asyncio.Semaphore(AT_ONCE)
        self._trusted = trusted

    def wake(self) -> None:
        """Look at the catalogue's servers anew: there may be others."""
        self._changed.set()

    async def run(self) -> None:
        """Ask until it is cancelled. A server that does not answer keeps the models that it had."""
        clients = Clients(PATIENCE_SECONDS, self._trusted())
        try:
            async with asyncio.TaskGroup() as group:
                while True:
                    self._changed.clear()
                    await self._publish()
                    wait = self._ask_due(group, clients)
                    with contextlib.suppress(TimeoutError):
                        await asyncio.wait_for(self._changed.wait(), None if wait == math.inf else max(wait, 0))
        finally:
            await clients.close()

    def _ask_due(self, group: asyncio.TaskGroup, clients: Clients) -> float:
        """Begin to ask those servers whose time has come, and return the seconds until that of the next one."""
        now, servers = asyncio.get_running_loop().time(), self._catalogue().discoverable()
        latest = now + self._seconds()
        self._due = {key: min(at, latest) for key, at in self._due.items() if key in servers}
        for key, target in servers.items():
            if key not in self._under_way and self._due.get(key, now) <= now:
                self._under_way.add(key)
                group.create_task(self._ask(clients, key, target))
        return min((at for key, at in self._due.items() if key not in self._under_way), default=math.inf) - now

    async def _ask(self, clients: Clients, key: str, target: Target) -> None:
        """Put the names of one server among the news, if it tells them, and say when it is to be asked again."""
        wait = self._seconds()
        try:
            http = await clients.to(target.proxies, next(iter(target.base_urls.values())))
            async with self._gate, asyncio.timeout(PATIENCE_SECONDS):
                self._news[key] = await models_of(http, target)
            self._warned.pop(key, None)
        except Exception as error:  # noqa: BLE001 - whatever one server does, the others are asked
            if self._warned.get(key) != (why := _plain(error)):
                logger.warning("%s does not tell its models: %s", target.provider, why)
            self._warned[key] = why
            wait = wait if wait == math.inf else min(wait, RETRY_SECONDS)
        self._due[key] = asyncio.get_running_loop().time() + wait
        self._under_way.discard(key)
        self._changed.set()

    async def _publish(self) -> None:
        known, news = self._catalogue().discovered, self._news
        self._news = {}
        new = {key: names for key, names in news.items() if known.get(key) != names}
        if new:
            self._found(new)
            await asyncio.shield(asyncio.to_thread(self._kept.add, new))  # what is begun is written

    def _seconds(self) -> float:
        """Return the seconds between two questions to one server."""
        return self._refresh() or math.inf


def _plain(error: Exception) -> str:
    """Return an error without the server's own words, which may be a key."""
    if isinstance(error, httpx.HTTPStatusError):
        return f"HTTP status {error.response.status_code}"
    return type(error).__name__ if isinstance(error, httpx.HTTPError | TimeoutError) else "no list of models"


async def models_of(http: httpx.AsyncClient, target: Target) -> tuple[str, ...]:
    """Return the names that the server of `target` lists. Raises `httpx.HTTPError`, or `ValueError` for an answer that
    is no list of models. A name that repeats what the server was sent to know us by is left out."""
    dialect, base_url = next(iter(target.base_urls.items()))
    form, secrets = FORMS[dialect], _secrets(target)
    names: dict[str, None] = {}
    after, left = None, LARGEST
    for _ in range(MOST_PAGES):
        async with http.stream("GET", base_url + form.page(after), headers=_headers(target, form)) as answer:
            answer.raise_for_status()
            body = await body_of(answer, left)
        page = await asyncio.to_thread(_read, form, body)
        names |= dict.fromkeys(name for name in page.names if not any(secret in name for secret in secrets))
        left -= len(body)
        if page.after in (None, after) or len(names) >= MOST:
            break
        after = page.after
    return tuple(names)[:MOST]


def _read(form: ListForm, body: bytes) -> Page:
    """Return a page. Raises `ValueError` for what is none."""
    return form.read(from_json(body))


def _headers(target: Target, form: ListForm) -> dict[str, str]:
    headers = {"user-agent": AGENT, "accept": "application/json", "accept-encoding": "identity", **form.headers}
    headers |= {name: value.reveal() for name, value in target.headers.items()}
    if isinstance(target.auth, StaticKey):
        headers[target.auth.header] = target.auth.prefix + target.auth.secret.reveal()
    return headers


def _secrets(target: Target) -> tuple[str, ...]:
    """Return what nobody else may see of `_headers`; what is shorter may stand in a name for reasons of its own."""
    sent = [*target.headers.values(), *([target.auth.secret] if isinstance(target.auth, StaticKey) else [])]
    return tuple(secret.reveal() for secret in sent if len(secret.reveal()) >= SHORTEST_KEY)
