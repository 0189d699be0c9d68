"""The story of `docs/inspector.md`: its two providers, its request, and what the inspector shows of it."""

import json
import re
import subprocess
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
import yaml

from tests.e2e.gateway_process import ROOT, GatewayProcess, free_port
from tests.e2e.provider import WAIT
from tests.scripts.mock_process import Mock

BOOKING = ROOT / "docs" / "booking"
TOKEN = "of-the-story"
SEVEN = {"at": "2026-12-04T19:00", "guests": 4}
HALF_PAST_EIGHT = {"at": "2026-12-04T20:30", "guests": 4}


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    """The page of the story's gateway, which has had the story's request."""
    port = free_port()
    with Mock(BOOKING, "--speed", "0") as mock:
        config = (BOOKING / "config.yaml").read_text().replace("http://127.0.0.1:8400", mock.url)
        settings = yaml.safe_load(config) | {"inspector": {"port": port, "key": TOKEN}, "drain-seconds": 0}
        authorised = {"authorization": f"Bearer {TOKEN}"}
        with (
            GatewayProcess(tmp_path_factory.mktemp("booking"), settings) as gateway,
            httpx.Client(base_url=f"http://127.0.0.1:{port}/api", headers=authorised, timeout=WAIT) as page,
        ):
            command = command_of_the_page().replace("localhost:8317", f"127.0.0.1:{gateway.port}")
            asked = subprocess.run(
                ["bash", "-c", command], cwd=ROOT, capture_output=True, text=True, timeout=60, check=False
            )
            assert asked.stdout.endswith("data: [DONE]\n\n"), asked.stderr
            yield page


def command_of_the_page() -> str:
    """Return what the page says to ask the gateway with."""
    text = (ROOT / "docs" / "inspector.md").read_text(encoding="utf-8")
    [command] = re.findall(r"^```bash\n(# as the application did\n.*?)^```$", text, re.MULTILINE | re.DOTALL)
    return command


def got(page: httpx.Client, path: str, **query: str) -> Any:
    answer = page.get(path, params=query)
    assert answer.status_code == 200, answer.text
    return answer.json()


def ended(page: httpx.Client, id: str) -> Any:
    """Return an exchange, as soon as it is over."""
    with page.stream("GET", "/live") as live:
        for _ in live.iter_lines():
            exchange = got(page, f"/exchanges/{id}")
            if exchange["end"] != "running":
                return exchange
    raise AssertionError("the live list has ended")


def calls(page: httpx.Client, exchange: Any, leg: str) -> list[Any]:
    """Return the arguments of the new calls of an answer."""
    found = got(page, f"/exchanges/{exchange['id']}/analysis")["tool_calls"]
    return [json.loads(call["arguments"]) for call in found if call["leg"] == leg]


@pytest.mark.parametrize(
    "query", ["client:booking", "seven", "note:parallel_tool_calls", "model:gemini-2.5-flash note:dropped"]
)
def test_it_is_found(page: httpx.Client, query: str) -> None:
    [row] = got(page, "/exchanges", q=f"{query} provider:gemini")["exchanges"]
    assert (row["client"], row["notes"]["count"]) == ("booking-app", 2)


def test_the_switch_is_lost_for_a_reason(page: httpx.Client) -> None:
    [row] = got(page, "/exchanges", q="provider:gemini")["exchanges"]
    exchange = got(page, f"/exchanges/{row['id']}")
    notes = {note["path"]: note for note in exchange["notes"]}
    assert notes["parallel_tool_calls"]["lost"]
    assert notes["parallel_tool_calls"]["detail"] == "This model cannot be told to call one tool at a time."
    assert "parallel" not in exchange["phases"]["provider_request"]["body"]
    third = json.loads(exchange["events"][2]["provider"])["candidates"][0]["content"]["parts"]
    assert [part["functionCall"]["args"] for part in third] == [SEVEN, HALF_PAST_EIGHT]
    assert calls(page, exchange, "provider") == calls(page, exchange, "client") == [SEVEN, HALF_PAST_EIGHT]


def test_claude_books_once(page: httpx.Client) -> None:
    [row] = got(page, "/exchanges", q="provider:gemini")["exchanges"]
    compared = page.post(f"/exchanges/{row['id']}/compare", json={"models": ["claude-sonnet-4-6"]}).json()
    other = ended(page, compared["exchanges"][0]["id"])
    assert (other["provider"], other["notes"]) == ("anthropic", [])
    assert json.loads(other["phases"]["provider_request"]["body"])["tool_choice"]["disable_parallel_tool_use"] is True
    assert calls(page, other, "client") == [SEVEN]


def test_the_answer_is_kept(page: httpx.Client) -> None:
    [row] = got(page, "/exchanges", q="provider:gemini")["exchanges"]
    fixture = page.get(f"/exchanges/{row['id']}/export", params={"as": "fixture"})
    assert fixture.headers["content-type"] == "application/zip"
