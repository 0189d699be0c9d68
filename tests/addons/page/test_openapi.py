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


def test_every_operation_has_a_name_of_its_own() -> None:
    paths = openapi.document("1").get("paths", {})
    names = [operation["operationId"] for methods in paths.values() for operation in methods.values()]
    assert len(names) == len(set(names))


def test_every_reference_leads_somewhere() -> None:
    def references(value: Any) -> Any:
        match value:
            case {"$ref": str(name)}:
                yield name.rpartition("/")[2]
            case dict():
                for inner in value.values():
                    yield from references(inner)
            case list():
                for inner in value:
                    yield from references(inner)

    assert set(references(openapi.document("1"))) <= set(openapi.SCHEMAS)
