"""A gateway with the inspector's page, for tests that know its token."""

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from tests.e2e.conftest import Client
from tests.e2e.gateway_process import CLIENT_KEY, SECRETS, GatewayProcess, config, free_port
from tests.e2e.provider import WAIT

TOKEN = "canary-of-the-inspector-77ab3e"


class Page:
    """The page of a gateway."""

    def __init__(self, port: int, token: str = TOKEN) -> None:
        self.url = f"http://127.0.0.1:{port}"
        self.http = httpx.Client(
            base_url=self.url, headers={"authorization": f"Bearer {token}"}, timeout=WAIT, trust_env=False
        )

    def get(self, path: str, **query: Any) -> Any:
        return self._good(self.http.get(path, params=query))

    def post(self, path: str, **body: Any) -> Any:
        return self._good(self.http.post(path, json=body))

    @staticmethod
    def _good(answer: httpx.Response) -> Any:
        assert answer.status_code == 200, answer.text
        assert not [secret for secret in (*SECRETS, TOKEN) if secret in answer.text]
        return answer.json()

    def exchange(self, id: str, **query: str) -> Any:
        return self.get(f"/api/exchanges/{id}", **query)

    def ended(self, id: str) -> Any:
        """The exchange once it is over, as soon as the live list says so."""
        with self.http.stream("GET", "/api/live") as live:
            lines = live.iter_lines()
            next(lines)
            while (exchange := self.exchange(id))["end"] == "running":
                next(line for line in lines if line.startswith("data:"))
            return exchange


@dataclass
class Inspected:
    """A gateway that runs, somebody who asks it, and its page."""

    gateway: GatewayProcess
    client: Client
    page: Page


def settings(provider: str, **inspector: Any) -> dict[str, Any]:
    """A configuration with a page, whose only key has `debug`."""
    made = config(provider, inspector={"port": free_port(), "key": TOKEN, **inspector})
    made["api-keys"] = [{"key": CLIENT_KEY, "name": "tester", "debug": True}]
    return made


@contextlib.contextmanager
def inspected(folder: Path, made: dict[str, Any], *arguments: str) -> Iterator[Inspected]:
    page = Page(made["inspector"]["port"])
    with GatewayProcess(folder, made, *arguments) as gateway, page.http:
        client = Client(gateway)
        with client.http:
            yield Inspected(gateway, client, page)
