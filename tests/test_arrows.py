"""Who may import whom, as docs/architecture.md says it."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
CLOCKS = ("datetime", "sched", "time")
SOCKETS = ("asyncio", "http", "httpx", "select", "selectors", "socket", "socketserver", "ssl", "urllib.request")
CHANCE = ("random", "secrets", "uuid")
PROCESSES = ("concurrent", "multiprocessing", "queue", "signal", "subprocess", "threading")
PURE = (*CLOCKS, *SOCKETS, *CHANCE, *PROCESSES, "mitmproxy")
READS_A_DATE = ("translators/providers/claude/errors.py", "routing/field_types.py")
LOCKS = ("threading.Lock", "threading.RLock")
"""Guards of data that more than one thread reads; who starts threads is elsewhere."""
VALUES = "translators.values.immutable"
"""The decorator of everybody's values."""
ALLOWED = (*LOCKS, VALUES)
LAYERS = ("mitmproxy.net", "mitmproxy.proxy")
CLIENTS = ("chat", "completions", "responses")
DIALECTS = ("anthropic", "bedrock", "gemini", "ollama", "openai", "openai_responses", "vertex_anthropic")
EVERYBODY = ("translators.convert", "translators.registry")
"""What imports all dialects."""
AROUND = (
    *("addons.credentials", "addons.discovery", "addons.embedded", "addons.gateway", "addons.inspector"),
    *("addons.kept_models", "addons.launch", "addons.limiting", "addons.log_line", "addons.metrics"),
    *("addons.model_lists", "addons.page", "addons.provider_http", "addons.proxy", "addons.reload", "addons.trust"),
    "addons.usage",
)
"""All that stands around an exchange."""
CODE = ("addons", "routing", "scripts", "translators")


def but(*all: str, these: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(each for each in all if each not in these)


BANNED = [
    pytest.param("routing", ("addons", "scripts", "translators", *PURE), id="routing knows no other"),
    pytest.param("translators", ("addons", "routing", "scripts", "logging", *PURE), id="translators are pure"),
    pytest.param("addons/exchange", PURE, id="an exchange is pure"),
    pytest.param(
        "addons/exchange",
        AROUND,
        id="an exchange knows nobody around it",
    ),
    *(
        pytest.param(f"addons/{one}", (*but(*AROUND, these=(f"addons.{one}",)), "mitmproxy"), id=f"{one} stands alone")
        for one in ("limiting", "metrics", "usage")
    ),
    pytest.param(
        "addons/reload", (*but(*AROUND, these=("addons.launch", "addons.reload")), "mitmproxy"), id="reload reads files"
    ),
    pytest.param(
        "addons/page",
        (*but(*AROUND, these=("addons.inspector", "addons.page")), "mitmproxy"),
        id="the page knows what is recorded",
    ),
    pytest.param("addons/inspector", ("addons.page",), id="what is recorded knows no page"),
    pytest.param("addons/databases", ("addons.exchange", *AROUND, "mitmproxy"), id="databases know nobody"),
    pytest.param(
        "addons/launch",
        ("addons.gateway", "addons.inspector.recorder", "addons.inspector.views", "addons.proxy", "addons.reload"),
        id="the start knows no connections",
    ),
    pytest.param(
        "addons/embedded", (*but(*AROUND, these=("addons.credentials", "addons.embedded")), "mitmproxy"), id="embedded"
    ),
    pytest.param("addons", ("scripts", "addons.gateway"), id="the gateway needs no script, and nobody the gateway"),
    pytest.param(
        "translators/clients",
        ("translators.providers", "translators.passthrough", *EVERYBODY),
        id="a client knows no provider",
    ),
    pytest.param(
        "translators/providers",
        ("translators.clients", "translators.passthrough", *EVERYBODY),
        id="a provider knows no client",
    ),
    pytest.param("translators/providers/shared", ("translators.providers.claude",), id="not even Claude's format"),
    *(
        pytest.param(
            f"translators/clients/{one}",
            tuple(f"translators.clients.{other}" for other in but(*CLIENTS, these=(one,))),
            id=f"{one} knows no other client",
        )
        for one in (*CLIENTS, "shared")
    ),
    *(
        pytest.param(
            f"translators/providers/{one}",
            tuple(f"translators.providers.{other}" for other in but(*DIALECTS, these=(one,))),
            id=f"{one} knows no other provider",
        )
        for one in (*DIALECTS, "claude", "shared")
    ),
]


def imported(file: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{file} says whom it imports only by where it stands"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def imports(files: list[Path], banned: tuple[str, ...]) -> list[tuple[str, str]]:
    """Return the file and the name of each import of something `banned`, or of something in it."""
    assert files
    pairs = [(str(file.relative_to(ROOT)), name) for file in files for name in imported(file) if name not in ALLOWED]
    pairs = [(file, name) for file, name in pairs if file not in READS_A_DATE or not name.startswith("datetime.")]
    return [each for each in pairs if any(f"{each[1]}.".startswith(f"{name}.") for name in banned)]


@pytest.mark.parametrize(("folder", "banned"), BANNED)
def test_arrows_run_one_way(folder: str, banned: tuple[str, ...]) -> None:
    assert imports(list((ROOT / folder).rglob("*.py")), banned) == []


def test_the_proxy_folder_alone_knows_mitmproxys_layers() -> None:
    outside = [file for folder in CODE for file in (ROOT / folder).rglob("*.py") if file.parent.name != "proxy"]
    assert imports(outside, LAYERS) == []


def test_every_dialect_is_listed() -> None:
    folders = {each.name for each in (ROOT / "translators" / "providers").iterdir() if (each / "__init__.py").exists()}
    assert folders == {*DIALECTS, "claude", "shared"}
