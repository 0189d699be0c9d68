"""Runs a script as a person does: by its path, from another folder, and with warnings as errors."""

import os
import subprocess
from pathlib import Path

ROOT = Path(__file__).parents[2]


def run(
    name: str, *arguments: str | Path, given: str | bytes = b"", root: Path = ROOT, **environ: str
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [root / "scripts" / name, *arguments],
        check=False,
        input=given.decode() if isinstance(given, bytes) else given,
        cwd="/",
        env={**os.environ, "PYTHONWARNINGS": "error", **environ},
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=120,
    )
