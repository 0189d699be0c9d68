"""Who may import whom, as docs/architecture.md says it."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
EFFECTS = ("asyncio", "httpx", "logging", "mitmproxy", "random", "secrets", "socket", "time")
CLIENTS = ("chat", "completions", "responses")

BANNED = [
    pytest.param("routing", ("addons", "scripts", "translators", "mitmproxy"), id="routing knows no other"),
    pytest.param("translators", ("addons", "routing", "scripts", *EFFECTS), id="translators are pure"),
    pytest.param("addons", ("scripts",), id="the gateway needs no script"),
    pytest.param(
        "translators/clients", ("translators.providers", "translators.passthrough"), id="a client knows no provider"
    ),
    pytest.param(
        "translators/providers", ("translators.clients", "translators.passthrough"), id="a provider knows no client"
    ),
    *(
        pytest.param(
            f"translators/clients/{one}",
            tuple(f"translators.clients.{other}" for other in CLIENTS if other != one),
            id=f"{one} knows no other client",
        )
        for one in CLIENTS
    ),
]


def imported(file: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


@pytest.mark.parametrize(("folder", "banned"), BANNED)
def test_arrows_run_one_way(folder: str, banned: tuple[str, ...]) -> None:
    files = list((ROOT / folder).rglob("*.py"))
    assert files
    found = [(file.name, name) for file in files for name in imported(file)]
    assert [each for each in found if any(f"{each[1]}.".startswith(f"{name}.") for name in banned)] == []


def test_a_provider_imports_another_only_where_it_serves_the_same_models() -> None:
    folder = ROOT / "translators" / "providers"
    dialects = {each.stem for each in folder.iterdir() if each.stem[0] != "_"}
    arrows = {
        (file.relative_to(folder).parts[0].removesuffix(".py"), name.split(".")[2])
        for file in folder.rglob("*.py")
        for name in imported(file)
        if name.startswith("translators.providers.") and name.split(".")[2] in dialects
    }
    assert {(one, other) for one, other in arrows if one != other} == {
        ("bedrock", "anthropic"),
        ("vertex_anthropic", "anthropic"),
    }
