"""The JSON API of the page, `openapi.py` describes it; and the files of the page itself."""

import asyncio
import re
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from pathlib import Path

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Receive, Scope, Send

from addons.inspector import search
from addons.inspector.exports import FORMATS, SDKS
from addons.inspector.reading import DIRECTIONS, LEGS
from addons.page import openapi
from addons.page.answers import Refused, answer, aside, body, error, within
from addons.page.backing import Backing
from addons.page.inspection import MOST_EVENTS, MOST_LISTED, NO_SUCH_EXCHANGE, Inspection
from addons.page.live import MOST_FOLLOWED, MOST_STREAMS, live

STATIC = Path(__file__).parent / "static"
LAST_EVENT = 999_999_999
MOST_EXPORTED = 100
SMALL_BODY = 64 * 1024
_NUMBER = re.compile("[0-9]{1,9}")
_HASHED = re.compile(r"[-.][A-Za-z0-9_-]{8,}\.[a-z0-9]+$")

Endpoint = Callable[[Request], Awaitable[Response]]


class Api:
    """The endpoints. `ending` is set when streams are to end."""

    def __init__(self, backing: Backing, ending: asyncio.Event) -> None:
        self._backing, self._ending = backing, ending
        self._inspection = Inspection(backing)
        self._streams = 0

    def routes(self) -> list[BaseRoute]:
        one = "/api/exchanges/{id}"
        return [
            _route("/api/exchanges", "GET", self.exchanges),
            _route("/api/exchanges", "DELETE", self.clear),
            _route(one, "GET", self.exchange),
            _route(f"{one}/events", "GET", self.events),
            _route(f"{one}/provenance", "GET", self.provenance),
            _route(f"{one}/diff", "GET", self.diff),
            _route(f"{one}/analysis", "GET", self.analysis),
            _route(f"{one}/export", "GET", self.export),
            _route("/api/export", "GET", self.selection),
            _route(f"{one}/replay", "POST", self.replay),
            _route(f"{one}/resend", "POST", self.resend),
            _route(f"{one}/compare", "POST", self.compare),
            _route(f"{one}/pin", "POST", self.pin),
            _route("/api/live", "GET", self.live),
            _route("/api/convert", "POST", self.convert),
            _route("/api/models", "GET", self.models),
            _route("/api/status", "GET", self.status),
            _route("/api/openapi.json", "GET", self.openapi),
        ]

    @property
    def _limit(self) -> int:
        return self._backing.services().settings.body_size_limit

    # --- what was recorded ---

    async def exchanges(self, request: Request) -> Response:
        asked = request.query_params
        limit, before = _number(request, "limit", 200, 1, MOST_LISTED), asked.get("before") or None
        query = " ".join((asked.get("q", ""), *_filters(request)))
        return await answer(lambda: self._inspection.listed(query, limit, before))

    async def clear(self, request: Request) -> Response:
        await aside(self._backing.store.clear)
        return await answer(dict)

    async def exchange(self, request: Request) -> Response:
        id, brief = request.path_params["id"], search.truth(request.query_params.get("brief", "no"))
        if brief is None:
            raise Refused(400, "brief must be yes or no.", "invalid_query", "brief")
        return await answer(lambda: self._inspection.exchange(id).detail() if brief else self._inspection.full(id))

    async def events(self, request: Request) -> Response:
        first, limit = _number(request, "from", 0, 0, LAST_EVENT), _number(request, "limit", 2000, 1, MOST_EVENTS)
        id = request.path_params["id"]
        return await answer(lambda: {"events": self._inspection.events(id, first, limit)})

    async def pin(self, request: Request) -> Response:
        pinned = (await body(request, SMALL_BODY, "pinned")).get("pinned")
        if not isinstance(pinned, bool):
            raise Refused(400, "pinned must be true or false.", "invalid_body")
        id, store = request.path_params["id"], self._backing.store
        if not await aside(lambda: store.pin(id, pinned)):
            raise NO_SUCH_EXCHANGE
        return await answer(lambda: {"pinned": pinned})

    # --- what is made of it ---

    async def provenance(self, request: Request) -> Response:
        direction = _one_of(request, "leg", DIRECTIONS) if "leg" in request.query_params else None
        return await answer(lambda: self._inspection.provenance(request.path_params["id"], direction))

    async def diff(self, request: Request) -> Response:
        direction = _one_of(request, "leg", DIRECTIONS)
        return await answer(lambda: self._inspection.diff(request.path_params["id"], direction))

    async def analysis(self, request: Request) -> Response:
        return await answer(lambda: self._inspection.analysis(request.path_params["id"]))

    async def export(self, request: Request) -> Response:
        return await self._export(request, [request.path_params["id"]])

    async def selection(self, request: Request) -> Response:
        ids = request.query_params.getlist("id")
        if not 0 < len(ids) <= MOST_EXPORTED:
            raise Refused(
                400, f"id must name 1 to {MOST_EXPORTED} exchanges: ?as=html&id=A&id=B.", "invalid_query", "id"
            )
        return await self._export(request, ids)

    async def _export(self, request: Request, ids: Sequence[str]) -> Response:
        form, leg = _one_of(request, "as", FORMATS), _one_of(request, "leg", LEGS)
        sdk = _one_of(request, "sdk", SDKS) if "sdk" in request.query_params else None
        made = await aside(lambda: self._inspection.exported(ids, form, leg, sdk))
        headers = {
            "content-disposition": f'attachment; filename="{made.file_name}"',
            "content-security-policy": "sandbox; default-src 'none'",
        }
        return Response(made.content, media_type=made.content_type, headers=headers)

    async def replay(self, request: Request) -> Response:
        await body(request, SMALL_BODY)
        return await answer(lambda: self._inspection.replayed(request.path_params["id"]))

    async def convert(self, request: Request) -> Response:
        wanted = await body(request, self._limit, "from", "to", "model", "body", "answer")
        return await answer(lambda: self._inspection.converted(wanted))

    async def resend(self, request: Request) -> Response:
        wanted = (await body(request, self._limit, "body")).get("body")
        made = await self._inspection.ask_again(request.path_params["id"], wanted)
        return await answer(lambda: made)

    async def compare(self, request: Request) -> Response:
        models = (await body(request, SMALL_BODY, "models")).get("models")
        made = await self._inspection.compare(request.path_params["id"], models)
        return await answer(lambda: made)

    # --- the gateway ---

    async def models(self, request: Request) -> Response:
        return await answer(self._inspection.models)

    async def status(self, request: Request) -> Response:
        return await answer(self._inspection.status)

    async def openapi(self, request: Request) -> Response:
        return await answer(lambda: openapi.document(self._backing.version))

    async def live(self, request: Request) -> Response:
        if self._streams >= MOST_STREAMS:
            raise Refused(503, f"{MOST_STREAMS} pages are listening already; close one.", "too_many_streams")
        followed = frozenset(request.query_params.getlist("follow")[:MOST_FOLLOWED])
        telling = live(self._backing.store.subscribe(followed), followed, self._ending)
        self._streams += 1
        return _Listening(telling, self._left)

    def _left(self) -> None:
        self._streams -= 1


class _Listening(StreamingResponse):
    """A stream to somebody, who has `left` when it ends, also where it never began."""

    def __init__(self, telling: AsyncGenerator[bytes], left: Callable[[], None]) -> None:
        super().__init__(telling, media_type="text/event-stream")
        self._telling, self._left = telling, left

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await super().__call__(scope, receive, send)
        finally:
            self._left()
            await self._telling.aclose()


class Files(StaticFiles):
    """The built page. What has a hash in its name never changes; the rest is asked for again, by its ETag."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        found = await super().get_response(path, scope)
        kept = "private, max-age=31536000, immutable" if _HASHED.search(path) else "no-cache"
        found.headers["cache-control"] = kept
        return found


def application(backing: Backing, ending: asyncio.Event, more: list[BaseRoute]) -> ASGIApp:
    """Return the page with its API, and `more` routes."""
    routes = [*Api(backing, ending).routes(), *more, Mount("/", Files(directory=STATIC, html=True))]
    handlers = {Refused: _refused, HTTPException: _http, Exception: _broken}
    return Starlette(routes=routes, exception_handlers=handlers)


async def _refused(request: Request, refused: Exception) -> Response:
    assert isinstance(refused, Refused)
    return refused.response()


async def _http(request: Request, raised: Exception) -> Response:
    assert isinstance(raised, HTTPException)
    known = {
        404: ("There is nothing here; /api/openapi.json has what there is.", "not_found"),
        405: ("The method is not allowed here.", "wrong_method"),
    }
    message, code = known.get(raised.status_code, ("The request cannot be served.", "refused"))
    refusal = error(raised.status_code, message, code)
    refusal.headers.update(raised.headers or {})
    return refusal


async def _broken(request: Request, raised: Exception) -> Response:
    """Answer where the page has a bug. Whoever called the application gets the exception as well, and logs it."""
    return error(500, "The inspector failed; the gateway's log has the details.", "internal_error")


def _route(path: str, method: str, endpoint: Endpoint) -> Route:
    """Return a route that takes the parameters of its description, and refuses others."""
    known = next(each.query for each in openapi.OPERATIONS if (each.path, each.method) == (path, method))

    async def strict(request: Request) -> Response:
        if not known.keys() >= request.query_params.keys():
            told = f"There is {', '.join(known)}; nothing else." if known else "There are no parameters here."
            raise Refused(400, told, "invalid_query")
        return await endpoint(request)

    return Route(path, strict, methods=[method])


def _filters(request: Request) -> list[str]:
    """Return the terms of a search that stand in the address by themselves: `?model=opus&status=5xx`."""
    asked = [each for each in request.query_params.multi_items() if each[0] in search.FILTERS]
    try:
        return [search.filtered(name, value) for name, value in asked if value]
    except ValueError as wrong:
        raise Refused(400, str(wrong), "invalid_query") from None


def _number(request: Request, name: str, otherwise: int, least: int, most: int) -> int:
    text = request.query_params.get(name)
    number = otherwise if text is None else int(text) if _NUMBER.fullmatch(text) else None
    return within(name, number, least, most)


def _one_of[Word: str](request: Request, name: str, allowed: tuple[Word, ...]) -> Word:
    """Return one of the `allowed` words of the query, the first one where it says nothing."""
    asked = request.query_params.get(name, allowed[0])
    word = next((each for each in allowed if each == asked), None)
    if word is None:
        raise Refused(400, f"{name} must be one of {', '.join(allowed)}.", "invalid_query", name)
    return word
