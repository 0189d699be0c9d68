"""The inspector's page as it is checked in is what its sources build, and their own tests pass."""

import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.skipif(shutil.which("npm") is None, reason="npm is not installed")
def test_the_page_is_what_its_sources_build() -> None:
    command = [ROOT / "scripts" / "build-page", "--check"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=400, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
