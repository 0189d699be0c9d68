"""The gateway's own version."""

import tomllib
from pathlib import Path

_PROJECT = Path(__file__).resolve().parents[2] / "pyproject.toml"


def version() -> str:
    with _PROJECT.open("rb") as file:
        return str(tomllib.load(file)["project"]["version"])
