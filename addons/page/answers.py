"""Answers of the page's API: JSON, its errors, and the bodies of requests, all bounded."""

import asyncio
import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from pydantic_core import from_json, to_json
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

BODY_SECONDS = 60.0
"""The time for a request's body to come."""
THREADS = 2
workers = ThreadPoolExecutor(THREADS, "gateway-page")
"""They make what is large: the loop is the gateway's."""


class Refused(Exception):
    """A request that is answered with an `error`. `param` is the parameter that is wrong."""

    def __init__(self, status: int, message: str, code: str, param: str | None = None) -> None:
        super().__init__(message)
        self.status, self.message, self.code, self.param = status, message, code, param

    def response(self) -> Response:
        return error(self.status, self.message, self.code, self.param)


def error(status: int, message: str, code: str, param: str | None = None) -> Response:
    """Return `{"error": {"message": "...", "type": "invalid_request_error", "param": "limit", "code": "..."}}`."""
    kind = "invalid_request_error" if status < 500 else "server_error"
    told = {"message": message, "type": kind, "param": param, "code": code}
    return Response(to_json({"error": told}), status, media_type="application/json")


def within(name: str, number: int | None, least: int, most: int) -> int:
    """Return a parameter that is a number. Raises `Refused` for one that is none (None), or out of its range."""
    if number is None or not least <= number <= most:
        raise Refused(400, f"{name} must be a whole number from {least} to {most}.", "invalid_query", name)
    return number


def written(value: Any) -> bytes:
    """Return `value` as JSON. Half a surrogate pair, which UTF-8 cannot hold, is written as an escape."""
    try:
        return to_json(value)
    except ValueError:
        return json.dumps(value, default=str).encode()


async def aside[Made](make: Callable[[], Made]) -> Made:
    """Return what `make` returns, from a thread that holds up nobody."""
    return await asyncio.get_running_loop().run_in_executor(workers, make)


async def answer(make: Callable[[], Any]) -> Response:
    """Answer with the JSON of what `make` returns; both are made in a thread."""
    return Response(await aside(lambda: written(make())), media_type="application/json")


async def body(request: Request, limit: int, *known: str) -> dict[str, Any]:
    """Return the JSON object that a request brings, of `known` fields; none is an empty one. Raises `Refused`."""
    data = await _read(request, limit)
    if not data:
        return {}
    try:
        value = await aside(lambda: from_json(data))
    except ValueError:
        raise Refused(400, "The body is not JSON.", "invalid_json") from None
    if not isinstance(value, dict):
        raise Refused(400, "The body must be a JSON object.", "invalid_body")
    if not value.keys() <= set(known):
        fields = f"there are {', '.join(known)}" if known else "there is none"
        raise Refused(400, f"The body has a field that nobody reads; {fields}.", "invalid_body")
    return value


async def _read(request: Request, limit: int) -> bytes:
    data = bytearray()
    try:
        async with asyncio.timeout(BODY_SECONDS):
            async for piece in request.stream():
                data += piece
                if len(data) > limit:
                    message = f"The body is larger than {limit} bytes (body-size-limit in config.yaml)."
                    raise Refused(413, message, "request_too_large")
    except TimeoutError:
        raise Refused(408, "The body did not come in time.", "request_timeout") from None
    except ClientDisconnect:
        raise Refused(400, "The body is not whole.", "invalid_body") from None
    return bytes(data)
