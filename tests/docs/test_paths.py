"""Every path that the pages name is there."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGES = [ROOT / name for name in ("README.md", "CONTRIBUTING.md", "SECURITY.md")] + sorted((ROOT / "docs").glob("*.md"))
FOLDERS = "addons|docs|routing|scripts|tests|translators"
QUOTED = re.compile(rf"`((?:{FOLDERS})/[\w./-]+|[\w./-]+/[\w.-]+\.py)[` ]")
MADE = ("tests/e2e/node/node_modules",)
"""By the one who runs the tests."""
DRAWN = re.compile(r"^( *)((?:\w+(?:/|\.py)(?:, )?)+)", re.MULTILINE)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_a_path_in_the_text_exists(page: Path) -> None:
    named = [path for path in QUOTED.findall(page.read_text("utf-8")) if "NAME" not in path and path not in MADE]
    assert [path for path in named if not (ROOT / path).exists()] == []


def drawn(page: str) -> Iterator[Path]:
    """The files and folders of the first drawing: what is indented stands in the folder before it."""
    folder = ROOT
    for indent, names in DRAWN.findall(page.split("```")[1]):
        if not indent:
            folder = ROOT / names
            yield folder
        elif len(indent) == 2:
            yield from (folder / name for name in names.removesuffix(", ").split(", "))


def test_the_drawing_of_the_tree_is_true() -> None:
    paths = list(drawn((ROOT / "docs" / "architecture.md").read_text("utf-8")))
    assert len(paths) > 20
    assert [path for path in paths if not path.exists()] == []


@pytest.mark.parametrize("folder", ["addons", "routing", "translators"])
def test_the_drawing_has_every_folder(folder: str) -> None:
    shown = set(drawn((ROOT / "docs" / "architecture.md").read_text("utf-8")))
    assert {path.parent for path in (ROOT / folder).glob("*/__init__.py")} <= shown
