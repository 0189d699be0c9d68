"""What the pages say is what the gateway does: their commands run, their configurations load, their keys exist."""

import json
import os
import re
import subprocess
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from addons import credentials as authorities
from addons.embedded import child as embedded
from routing.compatible_servers import SERVERS
from routing.config import parse
from routing.providers import ENTRIES
from routing.settings import PLACES, keys
from tests.e2e import node_packages
from tests.e2e.gateway_process import GatewayProcess

ROOT = Path(__file__).resolve().parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
API = ROOT / "docs" / "api.md"
FENCE = re.compile(r"^```(\w*)\n(.*?)^```", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\]\((?!https?:)([^)#]+)\)")
EMBEDDED = {
    "api-keys": [{"key": "dev-local-key", "name": "local"}],
    "embedded": {"enable": True, "alias": "smollm2"},
    "response-store": {"enable": True},
}


def blocks(page: Path, language: str) -> list[str]:
    return [text for tag, text in FENCE.findall(page.read_text(encoding="utf-8")) if tag == language]


YAML = [pytest.param(text, id=f"{page.name} {n}") for page in PAGES for n, text in enumerate(blocks(page, "yaml"))]


@pytest.mark.parametrize("text", YAML)
def test_a_configuration_loads(text: str) -> None:
    """With its variables set nothing is off; without them it still loads."""
    names = [name for name in re.findall(r"\$\{(\w+)\}", text) if name != "NAME"]
    environ = {
        **dict.fromkeys(names, "set"),
        **{server.variable: "set" for server in SERVERS.values() if server.variable},
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
    for name, server in SERVERS.items():
        key = f"`{server.variable}`" if server.variable else "none"
        assert f"| `{name}` | `{server.base_url}` | {key} | {', '.join(server.endpoints)} |" in page


def test_the_libraries_are_named() -> None:
    page = (ROOT / "docs" / "providers.md").read_text(encoding="utf-8")
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["optional-dependencies"]
    for _, _, packages in authorities.LIBRARIES.values():
        assert f".venv/bin/python -m pip install {packages} " in page
        assert packages.split() in extras.values()


def test_every_key_is_described() -> None:
    page = (ROOT / "docs" / "configuration.md").read_text(encoding="utf-8")
    missing = [key for section in PLACES.values() for key in keys(section) if not re.search(rf"\b{key}\b", page)]
    assert missing == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    broken = [link for link in LINK.findall(page.read_text(encoding="utf-8")) if not (page.parent / link).exists()]
    assert broken == []


def test_every_picture_is_shown() -> None:
    shown = {(page.parent / link).resolve() for page in PAGES for link in LINK.findall(page.read_text("utf-8"))}
    pictures = set((ROOT / "docs" / "images").iterdir())
    assert {name for name in shown if name.suffix == ".png"} == pictures
    assert all(len(picture.read_bytes()) < 256 * 1024 for picture in pictures)


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


def examples(language: str, begin: str = "") -> list[Any]:
    return [
        pytest.param(text, id=f"{page.name} {n}")
        for page in PAGES
        for n, text in enumerate(blocks(page, language))
        if text.startswith(begin)
    ]


@pytest.mark.parametrize("curl", examples("bash", "curl"))
def test_a_curl_is_answered(gateway: GatewayProcess, curl: str) -> None:
    done = run(at(gateway, curl))
    assert (done.returncode, done.stderr) == (0, "")
    if '"stream": true' in curl:
        *_, usage, last = re.findall(r"^data: (.*)$", done.stdout, re.MULTILINE)
        assert last == "[DONE]"
        assert json.loads(usage)["usage"]["completion_tokens"]
    else:
        answer = json.loads(done.stdout.rpartition("\n\n")[2])  # behind the head, with -i
        assert "error" not in answer or answer["error"] is None
        assert answer.get("object") == "list" or answer["usage"]["total_tokens"]


@pytest.mark.parametrize("program", examples("python", "from openai"))
def test_a_python_program_runs(gateway: GatewayProcess, program: str) -> None:
    done = run(f"'{ROOT}/.venv/bin/python' - <<'END'\n{at(gateway, program)}\nEND")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.strip()


@pytest.mark.parametrize(
    "program",
    blocks(ROOT / "docs" / "library.md", "python"),
    ids=["request", "refusal", "answer", "cut", "pairs", "provenance"],
)
def test_the_library_as_the_page_has_it(program: str) -> None:
    exec(program, {})


def test_llm_as_the_page_sets_it_up(gateway: GatewayProcess, tmp_path: Path) -> None:
    [commands] = [text for text in blocks(API, "bash") if "llm keys set" in text]
    path = f"{ROOT}/.venv/bin:{os.environ['PATH']}"
    done = run(at(gateway, commands), PATH=path, LLM_USER_PATH=str(tmp_path), LLM_LOAD_PLUGINS="")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.strip()


def test_the_ai_sdk_as_the_page_has_it(gateway: GatewayProcess) -> None:
    [program] = blocks(API, "js")
    folder = node_packages.installed()
    done = run(f"node --input-type=module - <<'END'\n{at(gateway, program)}\nEND", folder)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip()


def test_codex_would_call_the_gateway() -> None:
    [text] = blocks(API, "toml")
    [server] = tomllib.loads(text)["model_providers"].values()
    assert server["wire_api"] == "responses"
    assert server["base_url"] == "http://localhost:8317/v1"


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
    commands = next(text for text in blocks(ROOT / "docs" / "debugging.md", "bash") if "--answer" in text)
    done = run(f"set -e\n{commands}")
    assert done.returncode == 0
    whole, stream = done.stdout.split("\n", 1)
    assert json.loads(whole)["choices"][0]["finish_reason"] == "length"
    assert "\nevent: response.completed\n" in stream


def test_convert_between_other_formats() -> None:
    commands = next(text for text in blocks(ROOT / "docs" / "debugging.md", "bash") if "--from responses" in text)
    done = run(f"set -e -o pipefail\n{commands}")
    assert done.returncode == 0
    assert "POST /models/gemini-2.5-flash:generateContent\n" in done.stderr
    assert "POST /api/chat\n" in done.stderr


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
