"""What the pages say is what the gateway does: their commands run, their configurations load, their keys exist."""

import json
import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from addons import embedded
from routing.config import parse
from routing.crowd import CROWD
from routing.settings import ENTRIES, PLACES, keys
from tests.e2e.gateway_process import GatewayProcess

ROOT = Path(__file__).resolve().parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
FENCE = re.compile(r"^```(\w*)\n(.*?)^```", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\]\((?!https?:)([^)#]+)\)")
EMBEDDED = {
    "api-keys": [{"key": "dev-local-key", "name": "local"}],
    "embedded": {"enable": True, "alias": "smollm2"},
}


def blocks(page: Path, language: str) -> list[str]:
    return [text for found, text in FENCE.findall(page.read_text(encoding="utf-8")) if found == language]


YAML = [pytest.param(text, id=f"{page.name} {n}") for page in PAGES for n, text in enumerate(blocks(page, "yaml"))]


@pytest.mark.parametrize("text", YAML)
def test_a_configuration_loads(text: str) -> None:
    """With its variables set nothing is off; without them it still loads."""
    names = [name for name in re.findall(r"\$\{(\w+)\}", text) if name != "NAME"]
    environ = {
        **dict.fromkeys(names, "set"),
        **{server.variable: "set" for server in CROWD.values() if server.variable},
    }
    if "GOOGLE_APPLICATION_CREDENTIALS" in environ:
        environ["GOOGLE_APPLICATION_CREDENTIALS"] = str(PAGES[0])
    assert parse(text.encode(), "page", environ).skipped == ()
    parse(text.encode(), "page", {})


def test_every_provider_has_an_example() -> None:
    shown = {key for text in blocks(ROOT / "docs" / "providers.md", "yaml") for key in yaml.safe_load(text)}
    assert shown == set(ENTRIES)


def test_every_known_server_has_its_line() -> None:
    page = (ROOT / "docs" / "providers.md").read_text(encoding="utf-8")
    for name, server in CROWD.items():
        key = f"`{server.variable}`" if server.variable else "none"
        assert f"| `{name}` | `{server.base_url}` | {key} | {', '.join(server.endpoints)} |" in page


def test_every_key_is_described() -> None:
    page = (ROOT / "docs" / "configuration.md").read_text(encoding="utf-8")
    missing = [key for section in PLACES.values() for key in keys(section) if not re.search(rf"\b{key}\b", page)]
    assert missing == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    broken = [link for link in LINK.findall(page.read_text(encoding="utf-8")) if not (page.parent / link).exists()]
    assert broken == []


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[GatewayProcess]:
    if (missing := embedded.available()) is not None:
        pytest.skip(missing)
    with GatewayProcess(tmp_path_factory.mktemp("docs"), EMBEDDED) as process:
        yield process


def run(command: str, folder: Path = ROOT, **environ: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["bash", "-c", command],
        cwd=folder,
        env={**os.environ, **environ},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def at(gateway: GatewayProcess, command: str) -> str:
    assert "localhost:8317" in command
    return command.replace("localhost:8317", f"127.0.0.1:{gateway.port}")


def test_the_first_curl_of_the_readme(gateway: GatewayProcess) -> None:
    curl = next(block for block in blocks(PAGES[0], "bash") if block.startswith("curl"))
    answer = json.loads(run(at(gateway, curl)).stdout)
    assert answer["choices"][0]["message"]["content"]


def test_the_python_of_the_readme(gateway: GatewayProcess) -> None:
    [program] = blocks(PAGES[0], "python")
    done = run(f"'{ROOT}/.venv/bin/python' - <<'END'\n{at(gateway, program)}\nEND")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.strip()


def test_parity_as_the_page_has_it(gateway: GatewayProcess) -> None:
    [command] = [text for text in blocks(ROOT / "docs" / "debugging.md", "bash") if "scripts/parity" in text]
    done = run(f"{command.strip()} --url {gateway.url}")
    assert done.returncode == 0, done.stdout + done.stderr


def test_convert_as_the_page_has_it(tmp_path: Path) -> None:
    """The notes that the page shows are the notes that come."""
    page = ROOT / "docs" / "debugging.md"
    command = next(text for text in blocks(page, "bash") if text.startswith("cat > request.json"))
    shown = next(text for text in blocks(page, "") if text.startswith("POST /v1/messages"))
    done = run(command.replace("scripts/", f"'{ROOT}'/scripts/"), tmp_path)
    assert done.returncode == 0
    assert done.stderr == shown
    assert json.loads(done.stdout)["temperature"] == 1.0


def test_the_answer_form_of_convert() -> None:
    command = next(text for text in blocks(ROOT / "docs" / "debugging.md", "bash") if "--answer" in text)
    done = run(command)
    assert done.returncode == 0
    assert json.loads(done.stdout)["choices"][0]["finish_reason"] == "length"


def test_the_seeds_example_names_what_to_do(tmp_path: Path) -> None:
    """Without a key, `claude-3-5-sonnet` is answered with the variable that switches it on, and what works now."""
    config = yaml.safe_load((ROOT / "config.yaml").read_text("utf-8"))
    config.pop("port")
    with GatewayProcess(tmp_path, config) as gateway:
        body = json.dumps({"model": "claude-3-5-sonnet", "messages": [{"role": "user", "content": "hi"}]})
        done = run(f"curl -sS {gateway.url}/v1/chat/completions -H 'Authorization: Bearer dev-local-key' -d '{body}'")
    error = json.loads(done.stdout)["error"]
    assert error["code"] == "model_not_found"
    assert "ANTHROPIC_API_KEY" in error["message"]
