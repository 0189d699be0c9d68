"""The description of the API has its routes, all of them and no others."""

import asyncio
from typing import Any, cast

from starlette.routing import Route

from addons.page import openapi
from addons.page.api import Api


def test_every_route_is_described() -> None:
    routes = [each for each in Api(cast(Any, None), asyncio.Event()).routes() if isinstance(each, Route)]
    served = {(each.path, method) for each in routes for method in (each.methods or ()) if method != "HEAD"}
    described = {(each.path, each.method) for each in openapi.OPERATIONS}
    assert described == served
