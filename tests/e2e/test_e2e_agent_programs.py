"""Coding agents as they come, each in a tool loop with its own shell, before providers that object as the real ones do.

Codex always runs. The others run with `GATEWAY_AGENTS=1`, which installs them once from npm and PyPI into a folder of
the user's cache, or with `GATEWAY_AGENTS=FOLDER`, which says where. One that cannot be installed is skipped, with the
reason.
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

from tests.e2e import node_packages
from tests.e2e.gateway_process import CLIENT_KEY, GatewayProcess, config
from tests.e2e.provider import Provider
from tests.e2e.strict.formats import MODELS, ONE_OF_EACH_FORMAT, SWITCHES, Format, settings
from tests.e2e.strict.plays import ANSWER, BEGINNING, CUTS, STEPS, Incident, Play, Stage
from tests.e2e.strict.request import Prompt, Request

_WANTED = os.environ.get("GATEWAY_AGENTS", "")
_CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
FOLDER = _CACHE / "gateway-agents" if _WANTED == "1" else Path(_WANTED).absolute()
PATIENCE = 120.0
OPENAI = ("chat", "responses")
"""OpenAI's own, which take no temperature, and are given what a client says as it came."""
PYTHONS = ("python3.12", "python3.11", "python3.10")
"""What aider runs on."""


def codex(url: str, model: str, home: Path, again: bool) -> list[str]:
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
    options = ["exec", "--skip-git-repo-check", "--sandbox", "danger-full-access"]
    return [*options, "resume", "--last"] if again else options


def opencode(url: str, model: str, home: Path, again: bool) -> list[str]:
    limit = {"context": 200_000, "output": 8_000}
    provider = {
        "npm": "@ai-sdk/openai-compatible",
        "options": {"baseURL": url, "apiKey": CLIENT_KEY},
        "models": {model: {"name": model, "tool_call": True, "limit": limit}},
    }
    options = {"autoupdate": False, "share": "disabled", "permission": {"bash": "allow"}}
    (home / "opencode.json").write_text(json.dumps({**options, "provider": {"gateway": provider}}))
    return ["run", *(["--continue"] if again else []), "--model", f"gateway/{model}"]


def qwen(url: str, model: str, home: Path, again: bool) -> list[str]:
    options = ["--openai-base-url", url, "--openai-api-key", CLIENT_KEY, "--model", model]
    return ["--auth-type", "openai", *options, *(["--continue"] if again else []), "--yolo", "-p"]


def continues(url: str, model: str, home: Path, again: bool) -> list[str]:
    access = {
        "provider": "openai",
        "apiBase": url,
        "apiKey": CLIENT_KEY,
        "roles": ["chat"],
        "capabilities": ["tool_use"],
    }
    entry = {"name": model, "model": model, **access}
    path = home / "config.yaml"
    path.write_text(json.dumps({"name": "gateway", "version": "1.0.0", "schema": "v1", "models": [entry]}))
    return ["--config", str(path), "--auto", *(["--resume"] if again else []), "-p"]


def aider(url: str, model: str, home: Path, again: bool) -> list[str]:
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
    options = ["--model", f"openai/{model}", "--openai-api-base", url, "--openai-api-key", CLIENT_KEY]
    options += ["--model-settings-file", str(settings), "--yes", "--analytics-disable"]
    return [*options, *(f"--no-{each}" for each in without), "--message"]


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
    arguments: Callable[[str, str, Path, bool], list[str]]
    """Of the gateway's address, a model, a home of its own, and whether it goes on there; the prompt comes last."""
    package: str = ""
    """Of npm, or of PyPI where it has `==`; without one it is among the clients of Node.js's."""
    gives_up_at: tuple[Incident, ...] = ()
    """At what it does not ask again: there it has to tell what went wrong."""
    keeps_halves: bool = False
    """Where a call was cut it asks again, and keeps the half: the model hears of a call more."""
    toolless: bool = False

    def installed(self) -> str:
        """Returns its path. Skips the test where it cannot be had."""
        if not self.package:
            return str(node_packages.installed() / "node_modules/.bin" / self.command)
        folder = FOLDER / re.sub("[@/=]+", "-", self.package).strip("-")
        by_pip = "==" in self.package
        path = folder / ("bin" if by_pip else "node_modules/.bin") / self.command
        if not path.exists():
            folder.mkdir(parents=True, exist_ok=True)
            for command in _by_pip(folder, self.package) if by_pip else _by_npm(folder, self.package):
                _run(command, self.package)
        return str(path)

    def ask(self, url: str, model: str, prompt: str, folder: Path) -> str:
        """Return all that it prints. Go on with the last prompt of the same folder."""
        home, work = folder / "home", folder / "work"
        again = home.exists()
        home.mkdir(exist_ok=True)
        work.mkdir(exist_ok=True)
        command = [self.installed(), *self.arguments(f"{url}/v1", model, home, again), prompt]
        environment = {name: value for name, value in os.environ.items() if not name.endswith("_API_KEY")}
        homes = {f"XDG_{kind}_HOME": str(home / kind) for kind in ("DATA", "CONFIG", "CACHE", "STATE")}
        homes |= {
            "HOME": str(home),
            "TMPDIR": str(folder),
            "CODEX_HOME": str(home),
            "OPENCODE_CONFIG": str(home / "opencode.json"),
        }
        quiet = {"OPENCODE_DISABLE_AUTOUPDATE": "1", "OPENCODE_DISABLE_MODELS_FETCH": "1", "AIDER_ANALYTICS": "false"}
        done = subprocess.run(
            command,
            check=False,
            cwd=work,
            env={**environment, **homes, **quiet, "GATEWAY_KEY": CLIENT_KEY, "CONTINUE_TELEMETRY_ENABLED": "0"},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=PATIENCE,
        )
        return f"{done.stdout}\n{done.stderr}\nexit status {done.returncode}"


PROGRAMS = {
    "Codex": Program("codex", codex),
    "opencode": Program("opencode", opencode, "opencode-ai@1.18.33", keeps_halves=True),
    "Qwen Code": Program("qwen", qwen, "@qwen-code/qwen-code@0.15.10", (*CUTS, "an overload in the stream")),
    "Continue": Program("cn", continues, "@continuedev/cli@1.5.47", keeps_halves=True),
    "aider": Program("aider", aider, "aider-chat==0.86.2", toolless=True),
}
OTHERS = [name for name in PROGRAMS if name != "Codex"] if _WANTED else []


class Case(NamedTuple):
    name: str
    model: str
    incidents: tuple[Incident, ...] = ()

    def __str__(self) -> str:
        return " - ".join((self.name, self.model, *(self.incidents or ("nothing",))))


LIMITED: tuple[Case, ...] = (
    Case("Codex", "bedrock", ("an overload before",)),
    Case("Continue", "bedrock", ("an overload in the stream",)),
)
"""Bedrock's overload is a rate limit, for which these do not wait."""


def _of_codex(model: str) -> Case:
    """All that goes wrong, in one loop."""
    return Case("Codex", model, tuple(each for each in STEPS if Case("Codex", model, (each,)) not in LIMITED))


def _of(name: str) -> list[Case]:
    """One thing that goes wrong at a time; who has no tools sees the last step alone."""
    seen = [(each,) for each, step in STEPS.items() if step == 3 or not PROGRAMS[name].toolless]
    return [
        *(Case(name, *parts) for parts in product(ONE_OF_EACH_FORMAT, seen)),
        *(Case(name, model) for model in MODELS),
    ]


CASES = [*map(_of_codex, ONE_OF_EACH_FORMAT), LIMITED[0], *(case for name in OTHERS for case in _of(name))]
PLACES = {case: f"p{number}" for number, case in enumerate(CASES)}
CHANGES = list(product(["Codex", *(name for name in OTHERS if not PROGRAMS[name].toolless)], SWITCHES))
CHANGING = {change: f"c{number}" for number, change in enumerate(CHANGES)}


@pytest.fixture(scope="module")
def stage() -> Stage:
    plays = {PLACES[case]: Play(case.incidents, toolless=PROGRAMS[case.name].toolless) for case in CASES}
    return Stage({**plays, **{place: Play() for place in CHANGING.values()}})


@pytest.fixture(scope="module")
def before_strict(stage: Stage, tmp_path_factory: pytest.TempPathFactory) -> Iterator[GatewayProcess]:
    provider = Provider()
    provider.default = stage
    configuration = config(provider.url, **settings(provider.url))
    with GatewayProcess(tmp_path_factory.mktemp("strict"), configuration) as process:
        yield process
    provider.close()
    assert not provider.errors


@pytest.mark.parametrize("case", CASES, ids=str)
def test_a_program(before_strict: GatewayProcess, stage: Stage, tmp_path: Path, case: Case) -> None:
    prompt = f"Look at x, y and z. [play {PLACES[case]}]"
    program, play = PROGRAMS[case.name], stage.plays[PLACES[case]]
    printed = program.ask(before_strict.url, case.model, prompt, tmp_path)
    assert not play.objections, printed
    assert play.is_over, printed
    if case in LIMITED or {*case.incidents} & {*program.gives_up_at}:
        assert ANSWER not in printed, printed
        assert play.words.partition(",")[0].lower() in printed.lower(), printed
    elif program.keeps_halves and case.incidents == ("a cut in a call",):
        assert BEGINNING in printed, printed
    else:
        assert ANSWER in printed, printed


def _prompts(spoken: Format, request: Request, place: str) -> int:
    prompts = [saying.text for saying in spoken.sayings(request) if isinstance(saying, Prompt)]
    return sum(f"[play {place}]" in text for text in prompts)


@pytest.mark.parametrize(("name", "models"), CHANGES, ids=str)
def test_a_program_changes_its_model(
    before_strict: GatewayProcess, stage: Stage, tmp_path: Path, name: str, models: tuple[str, ...]
) -> None:
    place = CHANGING[name, models]
    for model in models:
        printed = PROGRAMS[name].ask(before_strict.url, model, f"Look at x, y and z. [play {place}]", tmp_path)
        assert ANSWER in printed, printed
    play = stage.plays[place]
    assert not play.objections
    assert max(_prompts(spoken, request, place) for spoken, request in play.requests) == len(models)
