"""What the inspector of a gateway exports of exchanges with providers of every dialect: run, and answered again."""

import io
import json
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.conftest import Client
from tests.e2e.gateway_process import CLIENT_KEY, GatewayProcess
from tests.e2e.inspector.inspected import TOKEN, Inspected, Page, inspected
from tests.e2e.inspector.test_e2e_inspector_replays import CALLING, TOOLS, ask, made_settings, model
from tests.e2e.pools import KEYS, MEMBERS, NAMES, Cast
from tests.e2e.provider import Provider
from tests.scripts.command import in_process
from tests.scripts.mock_process import Mock

BIN = Path(sys.executable).parent
NASTY = 'it\'s "q" $(touch hacked) `x` !bang @file \\n \t\r\n %s ~ * # ; & | < > 世界 🐳 \u2028 \x07 é'
EACH = pytest.mark.parametrize("name", NAMES)
STREAM = pytest.mark.parametrize("streams", [pytest.param(False, id="whole"), pytest.param(True, id="stream")])


@pytest.fixture(scope="module")
def served(running_provider: Provider, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Inspected]:
    made = made_settings(running_provider, **{"exchange-memory": "32MiB"}) | {"body-size-limit": "16m"}
    with inspected(tmp_path_factory.mktemp("taken"), made) as served:
        yield served


@pytest.fixture
def provider(running_provider: Provider) -> Iterator[Provider]:
    running_provider.reset()
    running_provider.default = Cast()
    yield running_provider
    assert not running_provider.errors


def exported(page: Page, id: str, form: str, leg: str = "client") -> bytes:
    page.ended(id)
    answer = page.http.get(f"/api/exchanges/{id}/export", params={"as": form, "leg": leg})
    assert answer.status_code == 200, answer.text
    assert not [secret for secret in (*KEYS, CLIENT_KEY, TOKEN) if secret.encode() in answer.content]
    return answer.content


def run(program: bytes, folder: Path, name: str, *command: str) -> str:
    """Run what was exported, from a file as it is too large for a command line, and return what it says."""
    (folder / "exported").write_bytes(program)
    variables = {"PATH": f"{BIN}:/usr/bin:/bin", "HOME": str(folder)}
    keys = {"GATEWAY_KEY": CLIENT_KEY, "PROVIDER_KEY": MEMBERS[name].key("first")}
    done = subprocess.run(
        [*command, "exported"], cwd=folder, env=variables | keys, capture_output=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr.decode()
    assert {each.name for each in folder.iterdir()} <= {"exported", ".config", ".cache"}
    return done.stdout.decode()


@EACH
@pytest.mark.parametrize("leg", ["client", "provider"])
@pytest.mark.parametrize("form", ["curl", "httpie"])
def test_a_command_sends_the_same_bytes(
    client: Client, page: Page, provider: Provider, tmp_path: Path, form: str, leg: str, name: str
) -> None:
    ask(client, "chat", model(name), False, messages=[{"role": "user", "content": NASTY}], user="a'b @x")
    said = run(exported(page, client.id, form, leg), tmp_path, name, "bash")
    first, again = provider.calls
    assert "Hel" in said
    assert (again.path, again.body) == (first.path, first.body)
    assert again.headers["content-type"] == first.headers["content-type"]
    assert [each for each in KEYS if each in str(again.headers)] == [MEMBERS[name].key("first")]


@pytest.mark.parametrize("form", ["curl", "httpie"])
def test_a_body_of_five_megabytes(client: Client, page: Page, provider: Provider, tmp_path: Path, form: str) -> None:
    ask(client, "chat", model("claude"), False, messages=[{"role": "user", "content": "@x'\"世" * 800_000}])
    run(exported(page, client.id, form, "provider"), tmp_path, "claude", "bash")
    first, again = provider.calls
    assert len(first.body) > 5_000_000
    assert again.body == first.body


@pytest.mark.parametrize(
    ("dialect", "name", "leg", "streams"),
    [
        pytest.param("chat", "claude", "client", True, id="openai, chat"),
        pytest.param("responses", "claude", "client", False, id="openai, responses"),
        pytest.param("chat", "claude", "provider", True, id="anthropic"),
        pytest.param("chat", "gemini", "provider", True, id="google-genai"),
        pytest.param("chat", "responses", "provider", False, id="openai at a provider"),
    ],
)
def test_a_program_asks_the_same(
    client: Client, page: Page, provider: Provider, tmp_path: Path, dialect: str, name: str, leg: str, streams: bool
) -> None:
    question: dict[str, Any] = {"input": NASTY} if dialect == "responses" else {"messages": _asks(NASTY)}
    ask(client, dialect, model(name), streams, tools=TOOLS[dialect], **question)
    said = run(exported(page, client.id, "python", leg), tmp_path, name, sys.executable)
    first, again = provider.calls
    assert "Hel" in said
    sent = again.json
    if leg == "provider" and name == "gemini":
        assert sent.pop("generationConfig") == {}  # that SDK always has one
    assert (again.path, sent) == (first.path, first.json)


def _asks(text: str) -> list[dict[str, str]]:
    return [{"role": "user", "content": text}]


# --- fixtures, and `scripts/mock` that answers with them ----------------------------------------------


class Taken:
    """What each dialect answered, and a gateway in front of `scripts/mock`, which has nothing but the exports of it."""

    def __init__(self, client: Client, page: Page, provider: Provider, folder: Path) -> None:
        self.folder = folder
        self.then: dict[tuple[str, bool], tuple[str, str]] = {}
        for name in NAMES:
            provider.default = Cast(**{f"first_{name}": MEMBERS[name].speech.answer(CALLING)})
            for streams in (False, True):
                answer = ask(client, "chat", model(name), streams, tools=TOOLS["chat"])
                self.then[name, streams] = (client.id, answer.text)
                with zipfile.ZipFile(io.BytesIO(exported(page, client.id, "fixture"))) as packed:
                    packed.extractall(folder)


@pytest.fixture(scope="module")
def taken(
    served: Inspected, running_provider: Provider, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Taken, Client]]:
    folder = tmp_path_factory.mktemp("fixtures")
    running_provider.reset()
    made = Taken(served.client, served.page, running_provider, folder)
    with Mock(folder) as mock:
        settings: dict[str, Any] = {"api-keys": [CLIENT_KEY], "forward-headers": ["x-mock-fixture"]}
        for name, member in MEMBERS.items():
            settings.setdefault(member.section, []).append(member.entry(mock.url, "first", [model(name)], 0))
        with GatewayProcess(tmp_path_factory.mktemp("mocked"), settings | {"drain-seconds": 0}) as process:
            client = Client(process)
            with client.http:
                yield made, client


@STREAM
@EACH
def test_a_fixture_answers_the_same_again(taken: tuple[Taken, Client], name: str, streams: bool) -> None:
    made, client = taken
    id, then = made.then[name, streams]
    now = ask(client, "chat", model(name), streams, tools=TOOLS["chat"], headers={"x-mock-fixture": id})
    assert (now.status_code, now.headers["content-type"]) == (200, STREAMED if streams else "application/json")
    assert _told(now.text) == _told(then)
    assert "look" in then
    [file] = [path for path in made.folder.glob(f"{id}.*") if ".meta." not in path.name]
    replayed = in_process("replay", file)
    assert (replayed.returncode, replayed.stdout, replayed.stderr) == (0, "Nothing differs.\n", "")


STREAMED = "text/event-stream; charset=utf-8"


def _told(answer: str) -> list[Any]:
    """Return what an answer says: its JSON, without what is another each time."""
    lines = [line.removeprefix("data: ") for line in answer.splitlines() if line and line[0] in "d{"]
    values = [json.loads(line) for line in lines if line != "[DONE]"]
    return [{name: value for name, value in each.items() if name not in ("id", "created")} for each in values]
