"""scripts/doctor without --online: what it finds in a file and on this machine."""

import socket
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from addons import credentials
from routing.auth import AwsAuth
from scripts.diagnosis import machine
from tests.e2e.gateway_process import free_port
from tests.scripts.command import in_process, run

KEY = "canary-of-a-provider-93c0aa"
CLIENT = "canary-of-a-client-4471fe"
GOOD = f"""
api-keys: ["${{CLIENT}}"]
port: {free_port()}
claude-api-key:
  - api-key: ${{PROVIDER}}
    models: [{{name: claude-opus-5-5, alias: opus}}]
"""
ENVIRON = {"CLIENT": CLIENT, "PROVIDER": KEY}


def examined(folder: Path, text: str, mode: int = 0o600, **environ: str) -> tuple[int, list[str]]:
    """The exit status, and the findings."""
    config = folder / "config.yaml"
    config.write_text(text)
    config.chmod(mode)
    done = in_process("doctor", "--config", config, **(ENVIRON | environ))
    assert KEY not in done.stdout + done.stderr
    assert CLIENT not in done.stdout + done.stderr
    lines = [line for line in done.stdout.splitlines() if line.startswith(("error", "warning", "note"))]
    return done.returncode, [line.replace(f"{folder}/", "") for line in lines]


def test_nothing_is_found_where_nothing_is_wrong(tmp_path: Path) -> None:
    assert examined(tmp_path, GOOD) == (0, [])


OPEN = 'host: ""\n'
LIMITED = "timeouts: {total: 100, first-byte: 100, idle: 30}\n"
TWICE = GOOD + "  - api-key: ${PROVIDER}\n    models: [{name: claude-opus-5-5, alias: opus}]\n"


@pytest.mark.parametrize(
    ("text", "status", "expected"),
    [
        pytest.param(
            GOOD + "prot: 1", 1, ["error    configuration: config.yaml:7: prot: is not a known key; did you mean"],
            id="a mistake",
        ),
        pytest.param(
            GOOD.replace("${CLIENT}", "dev-local-key"), 0, ["warning  api-keys (key-1): is the key that everybody"],
            id="the example's key, on this machine only",
        ),
        pytest.param(
            OPEN + GOOD.replace("${CLIENT}", "dev-local-key"),
            1,
            ["error    api-keys (key-1): is the key that everybody knows", "warning  host: lets other machines in"],
            id="the example's key, for everybody",
        ),
        pytest.param(
            GOOD.replace("${CLIENT}", "your-api-key-1"), 0, ["warning  api-keys (key-1): looks like an example"],
            id="another example's key",
        ),
        pytest.param(
            GOOD.replace("${CLIENT}", "k7h2"),
            1,
            ["error    config.yaml: has keys written in it", "warning  api-keys (key-1): has less than 16 characters"],
            id="a short key",
        ),
        pytest.param(
            GOOD.replace('"${CLIENT}"', "{key: \"${CLIENT}\", expires: 2020-01-01}"),
            0,
            ["warning  api-keys (key-1): has expired"],
            id="an old key",
        ),
        pytest.param(
            GOOD.replace('["${CLIENT}"]', "[]"), 1, ["error    api-keys: is empty"], id="no client",
        ),
        pytest.param(GOOD + 'cors-origins: ["*"]', 0, ["warning  cors-origins: lets every web page"], id="any origin"),
        pytest.param(
            GOOD.replace("${PROVIDER}", "${NOT_SET}"),
            1,
            [
                "error    providers: there is none",
                "note     environment: claude-api-key at line 5 is off: NOT_SET not set",
            ],
            id="no provider",
        ),
        pytest.param(
            GOOD + LIMITED, 0, ["warning  timeouts.first-byte: never comes (100 s): the whole exchange ends"],
            id="a limit behind another",
        ),
        pytest.param(
            GOOD + "timeouts: {first-byte: 0}\n", 0, ["warning  timeouts: a provider that takes a request and says"],
            id="no limit",
        ),
        pytest.param(
            GOOD + "streaming: {keepalive-seconds: 90}\ntimeouts: {idle: 90}\n",
            0,
            [
                "warning  streaming.keepalive-seconds: never comes (90 s): a silent provider is given up after 90 s",
                "note     streaming.keepalive-seconds: is off or long",
            ],
            id="a comment that comes too late",
        ),
        pytest.param(
            GOOD + "hedge-after: 300", 0, ["warning  hedge-after: never comes (300 s): a silent provider is given up"],
            id="a second target that is never asked",
        ),
        pytest.param(
            GOOD + "streaming: {keepalive-seconds: 0}", 0, ["note     streaming.keepalive-seconds: is off or long"],
            id="no comments",
        ),
        pytest.param(
            TWICE,
            0,
            ["warning  claude-api-key: two entries serve opus with the same key at the same address"],
            id="an entry twice",
        ),
        pytest.param(
            GOOD + "    base-url: http://claude.example\n",
            0,
            ["warning  anthropic-1: its key and all prompts go to claude.example unencrypted"],
            id="a key in the clear",
        ),
        pytest.param(GOOD + "    base-url: http://10.0.0.7:99\n", 0, [], id="in the clear, but at home"),
        pytest.param(
            GOOD + "prices: [{provider: antropic, input: 1, output: 1}]",
            0,
            ["warning  prices[0].provider: matches no provider; those here are anthropic, embedded"],
            id="a price for nobody",
        ),
        pytest.param(GOOD + "usage-db: u.db", 0, ["note     usage-db: there are no prices"], id="usage without prices"),
        pytest.param(
            GOOD + "max-connections: 10000000", 0, ["warning  max-connections: 10000000 need"], id="too many",
        ),
    ],
)  # fmt: skip
def test_findings(tmp_path: Path, text: str, status: int, expected: list[str]) -> None:
    made, found = examined(tmp_path, text, 0o600 if "k7h2" not in text else 0o644)
    assert (made, len(found)) == (status, len(expected)), found
    for line, begin in zip(found, expected, strict=True):
        assert line.startswith(begin)


@pytest.mark.parametrize(
    ("mode", "status", "expected"),
    [
        (0o600, 0, []),
        (0o640, 0, ["warning  config.yaml: has keys written in it, and its group has rights to it (mode 640)"]),
        (
            0o644,
            1,
            ["error    config.yaml: has keys written in it, and everybody on this machine has rights to it (mode 644)"],
        ),
    ],
)
def test_keys_in_a_file_that_others_can_read(tmp_path: Path, mode: int, status: int, expected: list[str]) -> None:
    written = GOOD.replace("${PROVIDER}", KEY)
    made, found = examined(tmp_path, written, mode)
    assert (made, len(found)) == (status, len(expected))
    assert all(line.startswith(begin) for line, begin in zip(found, expected, strict=True))
    assert examined(tmp_path, GOOD, mode) == (0, [])


def test_a_file_of_variables_that_others_can_read(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("OTHER=x")
    (tmp_path / ".env").chmod(0o644)
    status, [found] = examined(tmp_path, GOOD)
    assert (status, found.split(",")[0]) == (1, "error    .env: is where keys are kept")


def test_files_of_keys_and_of_usage_that_others_can_read(tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "usage.db")) as made:
        made.execute("PRAGMA user_version = 0")
    for name in ("client.key", "account.json", "usage.db"):
        (tmp_path / name).write_text("" if name == "usage.db" else CLIENT)
        (tmp_path / name).chmod(0o644)
    text = GOOD.replace('"${CLIENT}"', "{key-file: client.key}")
    text += "usage-db: usage.db\nprices: [{input: 1, output: 1}]\n"
    text += "vertex: [{project: p, credentials-file: account.json}]\n"
    status, found = examined(tmp_path, text)
    assert status == 1
    assert [line.split(",")[0] for line in found] == [
        "error    account.json: holds a key",
        "error    client.key: holds a key",
        "error    usage.db: says who used what",
        "warning  configuration: api-keys at line 2: everybody on this machine may read its key-file; chmod 600 it",
    ]


def test_a_port_that_is_taken(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        status, [found] = examined(tmp_path, GOOD.replace("\nport: ", f"\nport: {port} # "))
    assert status == 0
    assert found.startswith(f"warning  port: Port {port} on 127.0.0.1 is taken")


def test_a_usage_db_that_cannot_be(tmp_path: Path) -> None:
    (tmp_path / "u.db").write_text("x" * 5000)
    (tmp_path / "u.db").chmod(0o600)
    status, [found] = examined(tmp_path, GOOD + "usage-db: u.db\nprices: [{input: 1, output: 1}]")
    assert status == 1
    assert found == "error    usage-db: u.db is no SQLite database; name another file in usage-db."


def test_a_library_that_is_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(credentials.LIBRARIES, AwsAuth, ("no_such_module_at_all", "bedrock", "botocore"))
    entry = "{region: us-east-1, models: [{name: m}]}"
    status, [found] = examined(tmp_path, GOOD + f"bedrock: [{entry}, {entry}]".replace("m}]}]", "n}]}]"))
    assert status == 1
    assert found.startswith("error    packages: bedrock in the configuration needs a library")


@pytest.mark.parametrize(
    ("requires", "dependencies", "expected"),
    [
        pytest.param(">=3.12", ["mitmproxy>=12.3,<13", "pyyaml>=6"], [], id="all is well"),
        pytest.param(">=3.99", [], ["Python: is 3."], id="an old Python"),
        pytest.param(">=3.12", ["mitmproxy>=12.3,<12.4", "pyyaml>=99.1"], ["pyyaml: is "], id="an old library"),
        pytest.param(">=3.12", ["no-such-package-at-all>=1"], ["no-such-package-at-all: is not"], id="no library"),
    ],
)
def test_versions(tmp_path: Path, requires: str, dependencies: list[str], expected: list[str]) -> None:
    project = tmp_path / "pyproject.toml"
    project.write_text(f'[project]\nrequires-python = "{requires}"\ndependencies = {dependencies}\n')
    found = [str(each).removeprefix("error    ") for each in machine.versions(project)]
    assert len(found) == len(expected)
    assert all(line.startswith(begin) for line, begin in zip(found, expected, strict=True))


def test_the_command(tmp_path: Path) -> None:
    (tmp_path / "config.yaml").write_text(GOOD)
    done = run("doctor", "--config", tmp_path / "config.yaml", **ENVIRON)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.endswith("\n0 errors, 0 warnings.\n")
    (tmp_path / "config.yaml").unlink()
    assert run("doctor", "--config", tmp_path / "config.yaml").returncode == 1
    assert run("doctor", "config.yaml").returncode == 2


def test_the_worst_comes_first_and_what_the_mode_says_last(tmp_path: Path) -> None:
    text = 'compatibility: cliproxyapi\nws-auth: true\nhost: ""\n' + GOOD.replace("${CLIENT}", "dev-local-key")
    status, lines = examined(tmp_path, text)
    assert status == 1
    assert [" ".join(line.split()[:2]) for line in lines] == [
        "error api-keys",
        "warning host:",
        "warning configuration:",
    ]
