"""What the API answers where it fails itself."""

import asyncio
from typing import Any, cast

from starlette.testclient import TestClient

from addons.page.api import application


def test_a_bug_is_an_error_like_others() -> None:
    client = TestClient(application(cast(Any, None), asyncio.Event(), []), raise_server_exceptions=False)
    answer = client.get("/api/exchanges")
    assert (answer.status_code, answer.json()["error"]["code"]) == (500, "internal_error")
