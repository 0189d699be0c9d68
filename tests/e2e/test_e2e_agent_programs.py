"""Coding agents as they come, each in a tool loop with its own shell, before providers that object as the real ones do.

Only collected with `GATEWAY_AGENTS=1`, which installs them once from npm and PyPI into a folder of the user's cache, or
with `GATEWAY_AGENTS=FOLDER`, which says where. A program that cannot be installed is skipped, with the reason.
"""

import json
import os
import re
import shutil
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.e2e.gateway_process import CLIENT_KEY, GatewayProcess, config
from tests.e2e.provider import Provider
from tests.e2e.strict.formats import MODELS, settings
from tests.e2e.strict.plays import ANSWER, STEPS, Incident, Play, Stage

_WANTED = os.environ["GATEWAY_AGENTS"]
_CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
FOLDER = _CACHE / "gateway-agents" if _WANTED == "1" else Path(_WANTED).absolute()
PATIENCE = 120.0
OPENAI = ("chat", "responses")
"""OpenAI's own, which take no temperature, and are given what a client says as it came."""
PYTHONS = ("python3.12", "python3.11", "python3.10")
"""What aider runs on."""


def codex(url: str, model: str, home: Path) -> list[str]:
    (home / "config.toml").write_text(f"""
model = "{model}"
model_provider = "gateway"
check_for_update_on_startup = false
[model_providers.gateway]
name = "gateway"
base_url = "{url}"
env_key = "GATEWAY_KEY"
wire_api = "responses"
request_max_retries = 2
stream_max_retries = 2
""")
    return ["exec", "--skip-git-repo-check", "--sandbox", "danger-full-access"]


def opencode(url: str, model: str, home: Path) -> list[str]:
    limit = {"context": 200_000, "output": 8_000}
    provider = {
        "npm": "@ai-sdk/openai-compatible",
        "options": {"baseURL": url, "apiKey": CLIENT_KEY},
        "models": {model: {"name": model, "tool_call": True, "limit": limit}},
    }
    told = {"autoupdate": False, "share": "disabled", "permission": {"bash": "allow"}}
    (home / "opencode.json").write_text(json.dumps({**told, "provider": {"gateway": provider}}))
    return ["run", "--model", f"gateway/{model}"]


def qwen(url: str, model: str, home: Path) -> list[str]:
    asked = ["--openai-base-url", url, "--openai-api-key", CLIENT_KEY, "--model", model]
    return ["--auth-type", "openai", *asked, "--yolo", "-p"]


def continues(url: str, model: str, home: Path) -> list[str]:
    told = {"provider": "openai", "apiBase": url, "apiKey": CLIENT_KEY, "roles": ["chat"], "capabilities": ["tool_use"]}
    entry = {"name": model, "model": model, **told}
    path = home / "config.yaml"
    path.write_text(json.dumps({"name": "gateway", "version": "1.0.0", "schema": "v1", "models": [entry]}))
    return ["--config", str(path), "--auto", "-p"]


def aider(url: str, model: str, home: Path) -> list[str]:
    without = (
        "git",
        "check-update",
        "show-release-notes",
        "show-model-warnings",
        "pretty",
        "fancy-input",
        "detect-urls",
    )
    settings = home / "models.yml"
    entry = {"name": f"openai/{model}", "use_temperature": model not in OPENAI}
    settings.write_text(json.dumps([entry]))
    asked = ["--model", f"openai/{model}", "--openai-api-base", url, "--openai-api-key", CLIENT_KEY]
    asked += ["--model-settings-file", str(settings), "--yes", "--analytics-disable"]
    return [*asked, *(f"--no-{each}" for each in without), "--message"]


def _by_npm(folder: Path, package: str) -> list[list[str]]:
    if shutil.which("npm") is None:
        pytest.skip("npm is not installed")
    return [["npm", "install", "--no-audit", "--no-fund", "--prefix", str(folder), package]]


def _is_there(python: str) -> bool:
    """Whether it runs: what stands in the path may be a signpost to nothing."""
    tried = [python, "-c", ""]
    return shutil.which(python) is not None and subprocess.run(tried, check=False, capture_output=True).returncode == 0


def _by_pip(folder: Path, package: str) -> list[list[str]]:
    python = next((name for name in PYTHONS if _is_there(name)), None)
    if python is None:
        pytest.skip(f"{package} wants one of {', '.join(PYTHONS)}")
    return [[python, "-m", "venv", str(folder)], [str(folder / "bin" / "python"), "-m", "pip", "install", package]]


def _run(command: list[str], package: str) -> None:
    done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=900)
    if done.returncode:
        pytest.skip(f"{package} cannot be installed: {done.stderr.strip()[-200:]}")


@dataclass(frozen=True)
class Program:
    command: str
    package: str
    """Of npm, or of PyPI where it has `==`."""
    arguments: Callable[[str, str, Path], list[str]]
    """Of the gateway's address, a model, and a home of its own; the prompt comes last."""
    gives_up_at: tuple[Incident, ...] = ()
    """At what it does not ask again: there it has to tell what went wrong."""
    toolless: bool = False

    def installed(self) -> str:
        """Returns its path. Skips the test where it cannot be had."""
        folder = FOLDER / re.sub("[@/=]+", "-", self.package).strip("-")
        by_pip = "==" in self.package
        path = folder / ("bin" if by_pip else "node_modules/.bin") / self.command
        if not path.exists():
            folder.mkdir(parents=True, exist_ok=True)
            for command in _by_pip(folder, self.package) if by_pip else _by_npm(folder, self.package):
                _run(command, self.package)
        return str(path)

    def asked(self, url: str, model: str, prompt: str, folder: Path) -> str:
        """All that it prints."""
        home, work = folder / "home", folder / "work"
        home.mkdir()
        work.mkdir()
        command = [self.installed(), *self.arguments(f"{url}/v1", model, home), prompt]
        kept = {name: value for name, value in os.environ.items() if not name.endswith("_API_KEY")}
        homes = {f"XDG_{kind}_HOME": str(home / kind) for kind in ("DATA", "CONFIG", "CACHE", "STATE")}
        homes |= {"HOME": str(home), "CODEX_HOME": str(home), "OPENCODE_CONFIG": str(home / "opencode.json")}
        quiet = {"OPENCODE_DISABLE_AUTOUPDATE": "1", "OPENCODE_DISABLE_MODELS_FETCH": "1", "AIDER_ANALYTICS": "false"}
        done = subprocess.run(
            command,
            check=False,
            cwd=work,
            env={**kept, **homes, **quiet, "GATEWAY_KEY": CLIENT_KEY, "CONTINUE_TELEMETRY_ENABLED": "0"},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=PATIENCE,
        )
        return f"{done.stdout}\n{done.stderr}\nexit status {done.returncode}"


CUTS: tuple[Incident, ...] = ("a cut in the text", "a cut behind the text", "a cut in a call")
PROGRAMS = {
    "Codex": Program("codex", "@openai/codex@0.171.0", codex),
    "opencode": Program("opencode", "opencode-ai@1.18.33", opencode, CUTS),
    "Qwen Code": Program("qwen", "@qwen-code/qwen-code@0.15.10", qwen, (*CUTS, "an overload in the stream")),
    "Continue": Program("cn", "@continuedev/cli@1.5.47", continues, CUTS),
    "aider": Program("aider", "aider-chat==0.86.2", aider, toolless=True),
}


class Case(NamedTuple):
    name: str
    model: str
    incident: Incident


_ALL = [Case(*told) for told in product(PROGRAMS, MODELS, ("nothing", *STEPS))]
CASES = [case for case in _ALL if not PROGRAMS[case.name].toolless or STEPS.get(case.incident, 3) == 3]
"""Who has no tools sees the last step alone."""
LIMITED = (
    Case("Codex", "bedrock", "an overload before"),
    Case("Continue", "bedrock", "an overload in the stream"),
)
"""Bedrock's overload is a rate limit, for which these do not wait."""
PLACES = {case: f"p{number}" for number, case in enumerate(CASES)}


@pytest.fixture(scope="module")
def stage() -> Stage:
    return Stage({PLACES[case]: Play(case.incident, toolless=PROGRAMS[case.name].toolless) for case in CASES})


@pytest.fixture(scope="module")
def before_strict(stage: Stage, tmp_path_factory: pytest.TempPathFactory) -> Iterator[GatewayProcess]:
    provider = Provider()
    provider.default = stage
    told = config(provider.url, **settings(provider.url))
    with GatewayProcess(tmp_path_factory.mktemp("strict"), told) as process:
        yield process
    provider.close()
    assert not provider.errors


@pytest.mark.parametrize("case", CASES, ids=" - ".join)
def test_a_program(before_strict: GatewayProcess, stage: Stage, tmp_path: Path, case: Case) -> None:
    prompt = f"Look at x, y and z. [play {PLACES[case]}]"
    printed = PROGRAMS[case.name].asked(before_strict.url, case.model, prompt, tmp_path)
    play = stage.plays[PLACES[case]]
    assert not play.objections, printed
    assert play.happened == (case.incident != "nothing"), printed
    if case in LIMITED or case.incident in PROGRAMS[case.name].gives_up_at:
        assert ANSWER not in printed, printed
        assert play.words.partition(",")[0].lower() in printed.lower(), printed
    else:
        assert ANSWER in printed, printed
