"""What is asked again from the page is asked as the key that first asked, with its rights as they are now."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.e2e import claude
from tests.e2e.conftest import Client
from tests.e2e.gateway_process import CLIENT_KEY
from tests.e2e.inspector.inspected import Inspected, Page, inspected, settings
from tests.e2e.provider import Provider, whole

OTHER_KEY = "canary-of-another-client-77aa"
OTHER = {"key": OTHER_KEY, "name": "worker"}


@pytest.fixture
def served(running_provider: Provider, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Inspected]:
    running_provider.reset()
    running_provider.default = whole(claude.message())
    made = settings(running_provider.url)
    made["api-keys"] = [made["api-keys"][0] | {"models": ["sonnet"], "rpm": 3}, OTHER]
    with inspected(tmp_path_factory.mktemp("rights"), made) as served:
        yield served


def read_again(client: Client, *keys: dict[str, Any]) -> None:
    """Give the gateway other keys, and wait until it has them."""
    process = client.gateway
    made = json.loads(process.config.read_text())
    known = len(process.lines)
    process.config.write_text(json.dumps({**made, "api-keys": list(keys)}))
    process.line("was read again", known)


def test_the_rights_of_the_first_key_hold(client: Client, page: Page) -> None:
    assert client.chat().status_code == 200
    id, again, compare = client.id, f"/api/exchanges/{client.id}/resend", f"/api/exchanges/{client.id}/compare"
    own, others = page.post(compare, models=["sonnet", "team/small/haiku"])["exchanges"]
    assert [each["model"] for each in (own, others)] == ["sonnet", "team/small/haiku"]
    ended = [page.ended(each["id"]) for each in (own, others)]
    assert [each["client"] for each in ended] == ["tester", "tester"]
    assert [(each["status"], each["error"]) for each in ended] == [(200, None), (404, "model_not_found")]
    assert page.ended(page.post(again)["exchanges"][0]["id"])["error"] == "rate_limit_exceeded"

    read_again(client, OTHER)
    for path, body in ((again, {}), (compare, {"models": ["sonnet"]})):
        refused = page.http.post(path, json=body)
        assert refused.status_code == 409
        assert refused.json()["error"]["message"] == "There is no key 'tester' in api-keys any more."
    assert page.post(f"/api/exchanges/{id}/replay")["differences"] == []

    read_again(client, {"key": CLIENT_KEY, "name": "tester", "expires": "2020-01-01"}, OTHER)
    refused = page.http.post(again)
    assert (refused.status_code, refused.json()["error"]["message"]) == (409, "The key 'tester' has expired.")


@pytest.mark.parametrize(("key", "told"), [(CLIENT_KEY, True), (OTHER_KEY, False)])
def test_only_a_key_with_debug_is_told_where_its_page_is(client: Client, key: str, told: bool) -> None:
    answer = client.chat(headers={"x-gateway-debug": "1", "authorization": f"Bearer {key}"})
    assert ("x-gateway-page" in answer.headers, "x-gateway-exchange" in answer.headers) == (told, told)
