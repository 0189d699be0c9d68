"""What `scripts/run` makes of its arguments and of config.yaml before it becomes mitmdump."""

import os
import socket
from pathlib import Path

import pytest

from addons import launcher
from addons.launcher import ROOT, Launch, plan
from addons.listening import obstacle
from routing.errors import ConfigError

SCRIPT = ["-s", str(ROOT / "addons" / "gateway.py"), "--set", "connection_strategy=lazy"]
QUIET = ["--set", "flow_detail=0", "--set", "termlog_verbosity=warn"]


def listening(host: str, port: int, *more: str) -> list[str]:
    return [*SCRIPT, *more, "--mode", f"reverse:http://gateway.invalid@{port}", "--listen-host", host]


@pytest.fixture
def config(tmp_path: Path) -> str:
    path = tmp_path / "my config.yaml"
    path.write_text("host: 127.0.0.2\nport: 9000\napi-keys: [dev-local-key]\n")
    return f"gateway_config={path}"


@pytest.mark.parametrize(
    ("more", "host", "port"),
    [
        pytest.param([], "127.0.0.2", 9000, id="from the config"),
        pytest.param(["-p", "9100"], "127.0.0.2", 9100, id="-p wins"),
        pytest.param(["-p9100"], "127.0.0.2", 9100, id="-p without a space"),
        pytest.param(["--listen-port", "9100"], "127.0.0.2", 9100, id="--listen-port"),
        pytest.param(["--listen-port=9100"], "127.0.0.2", 9100, id="--listen-port="),
        pytest.param(["--set", "listen_port=9100"], "127.0.0.2", 9100, id="as an option that is set"),
        pytest.param(["--listen-host", "::1"], "::1", 9000, id="host"),
        pytest.param(["-w", "flows", "-q", "-p", "9100", "~d x"], "127.0.0.2", 9100, id="among other arguments"),
    ],
)
def test_where_it_listens(config: str, more: list[str], host: str, port: int) -> None:
    given = ["--set", config, *more]
    assert plan(given, {}) == Launch("mitmdump", [*listening(host, port, *QUIET), *given], (host, port))


@pytest.mark.parametrize(("flag", "tool"), [("--web", "mitmweb"), ("--console", "mitmproxy")])
def test_another_tool(config: str, flag: str, tool: str) -> None:
    expected = Launch(tool, [*listening("127.0.0.2", 9000), "--set", config], ("127.0.0.2", 9000))
    assert plan([flag, "--set", config], {}) == expected
    assert plan(["--set", config, flag], {}) == expected


@pytest.mark.parametrize(
    ("given", "words"),
    [
        pytest.param(["--set", "gateway_confg=x"], "Did you mean gateway_config?", id="a slip"),
        pytest.param(["--set", "gateway_config="], "names no file", id="no file"),
        pytest.param(["-p", "abc"], "number of a port", id="no number"),
        pytest.param(["-p", "99999"], "0 to 65535", id="no port"),
        pytest.param(["--web", "--console"], "exclude each other", id="two interfaces"),
    ],
)
def test_a_mistake_is_told(given: list[str], words: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert launcher.main(given) == 1
    assert words in capsys.readouterr().err


@pytest.mark.parametrize("given", [["--mode", "regular@8080"], ["-m", "local"], ["--set", "mode=socks5"]])
def test_a_mode_of_ones_own_stays(given: list[str]) -> None:
    assert plan(given, {}) == Launch("mitmdump", SCRIPT + QUIET + given, None)


def test_a_config_that_cannot_be_read_is_told(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    missing = ["--set", f"gateway_config={tmp_path / 'missing.yaml'}"]
    with pytest.raises(ConfigError):
        plan(missing, {})
    assert launcher.main(missing) == 1
    assert "missing.yaml" in capsys.readouterr().err


def test_a_taken_port_is_told_in_a_sentence(config: str, capsys: pytest.CaptureFixture[str]) -> None:
    with socket.create_server(("127.0.0.2", 0)) as taken:
        port = taken.getsockname()[1]
        assert launcher.main(["--set", config, "-p", str(port)]) == 1
    assert capsys.readouterr().err == (
        f"Port {port} on 127.0.0.2 is taken: stop the program that listens there, "
        "or choose another port with `scripts/run -p PORT` or `port` in config.yaml.\n"
    )


@pytest.mark.parametrize(
    ("host", "port", "words"),
    [
        pytest.param("192.0.2.1", 0, "has no address 192.0.2.1", id="address of another machine"),
        pytest.param("127.0.0.1", 70000, "Nothing can listen on", id="no such port"),
    ],
)
def test_where_nothing_can_listen(host: str, port: int, words: str) -> None:
    assert words in (obstacle(host, port) or "")


def test_it_becomes_the_tool(config: str, monkeypatch: pytest.MonkeyPatch) -> None:
    became: list[list[str]] = []
    monkeypatch.setattr(os, "execv", lambda program, arguments: became.append([program, *arguments]))
    monkeypatch.setattr("sys.executable", "/a b/bin/python")
    launcher.main(["--web", "--set", config, "-p", "0"])
    arguments = ["/a b/bin/mitmweb", *listening("127.0.0.2", 0), "--set", config, "-p", "0"]
    assert became == [["/a b/bin/python", "/a b/bin/python", *arguments]]


def test_versions(capsys: pytest.CaptureFixture[str]) -> None:
    assert launcher.main(["--version"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("mitmproxy-openai-gateway ")
    assert any(line.startswith("mitmproxy 12.") for line in lines)
