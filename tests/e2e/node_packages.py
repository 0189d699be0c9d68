"""The clients of Node.js's that tests drive, installed once from `node/package-lock.json`."""

import fcntl
import shutil
import subprocess
from pathlib import Path

import pytest

FOLDER = Path(__file__).parent / "node"


def installed() -> Path:
    """The folder that a program must run in to find them. Skips the test where there is no Node.js."""
    if shutil.which("npm") is None or shutil.which("node") is None:
        pytest.skip("node and npm are not installed")
    mark, lock = FOLDER / "node_modules" / ".gateway-lock", FOLDER / "package-lock.json"
    with (FOLDER.parent / ".node.lock").open("w") as alone:
        fcntl.flock(alone, fcntl.LOCK_EX)
        if not mark.exists() or mark.read_bytes() != lock.read_bytes():
            command = ["npm", "ci", "--no-audit", "--no-fund", "--ignore-scripts"]
            subprocess.run(command, cwd=FOLDER, check=True, capture_output=True, timeout=300)
            mark.write_bytes(lock.read_bytes())
    return FOLDER
