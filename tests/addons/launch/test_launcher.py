"""What `scripts/run` makes of its arguments and of config.yaml before it becomes mitmdump."""

import os
import socket
from pathlib import Path

import pytest

from addons.launch import launcher
from addons.launch.command_line import parse
from addons.launch.launcher import ROOT, Launch, plan
from addons.launch.listening import obstacle
from routing.config import load
from routing.errors import ConfigError

SCRIPT = ["-s", str(ROOT / "addons" / "gateway.py"), "--set", "connection_strategy=lazy"]
QUIET = ["--set", "flow_detail=0", "--set", "termlog_verbosity=warn"]


def listening(host: str, port: int, *more: str) -> list[str]:
    return [*SCRIPT, *more, "--mode", f"reverse:http://gateway.invalid@{port}", "--listen-host", host]


def planned(argv: list[str]) -> Launch:
    given = parse(argv)
    return plan(given, None if given.mode else load(given.config, {}))


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
        pytest.param(["-s", "own.py", "--set", "of_the_script=1"], "127.0.0.2", 9000, id="an option of a script"),
        pytest.param(["--listen-host", "::1"], "::1", 9000, id="host"),
        pytest.param(["-w", "flows", "-q", "-p", "9100", "~d x"], "127.0.0.2", 9100, id="among other arguments"),
    ],
)
def test_where_it_listens(config: str, more: list[str], host: str, port: int) -> None:
    given = ["--set", config, *more]
    assert planned(given) == Launch("mitmdump", [*listening(host, port, *QUIET), *given], (host, port))


def test_words_of_our_own_become_mitmproxys(config: str) -> None:
    file = config.removeprefix("gateway_config=")
    launch = planned(["--port", "9100", "--config", file, "--set", "flow_detail=1"])
    given = ["--set", "flow_detail=1", "--set", config, "--listen-port", "9100"]
    assert launch == Launch("mitmdump", [*listening("127.0.0.2", 9100, *QUIET), *given], ("127.0.0.2", 9100))


@pytest.mark.parametrize(("flag", "tool"), [("--web", "mitmweb"), ("--console", "mitmproxy")])
def test_another_tool(config: str, flag: str, tool: str) -> None:
    expected = Launch(tool, [*listening("127.0.0.2", 9000), "--set", config], ("127.0.0.2", 9000))
    assert planned([flag, "--set", config]) == expected
    assert planned(["--set", config, flag]) == expected


@pytest.mark.parametrize(
    ("given", "words"),
    [
        pytest.param(["--set", "gateway_confg=x"], "Did you mean gateway_config?", id="a slip"),
        pytest.param(["--set", "gateway_config="], "names no file", id="no file"),
        pytest.param(["--config", ""], "names no file", id="no file either"),
        pytest.param(["--config"], "--config: expected one argument", id="no value"),
        pytest.param(["--config", "a", "--set", "gateway_config=b"], "named twice", id="two files"),
        pytest.param(["config.yaml"], "Did you mean --config config.yaml?", id="a file and no option"),
        pytest.param(["--web", "config.yaml"], "Did you mean --config config.yaml?", id="a file for mitmweb"),
        pytest.param(["check"], "Did you mean --check?", id="a word and no option"),
        pytest.param(["xyz"], "xyz is not understood.", id="a word like none"),
        pytest.param(["--prot", "9000"], "--prot is not an option. Did you mean --port?", id="a slip in an option"),
        pytest.param(["--conf=x"], "--conf is not an option. Did you mean --config?", id="half an option"),
        pytest.param(["--flow-detial", "2"], "Did you mean --flow-detail?", id="a slip in one of mitmproxy's"),
        pytest.param(["--flow-detail", "x"], "--flow-detail: invalid int value", id="a wrong value of mitmproxy's"),
        pytest.param(["--set", "nosuch=1"], "--set nosuch: there is no such option.", id="no option to set"),
        pytest.param(["--set", "nosuch"], "--set nosuch: there is no such option.", id="no option to switch on"),
        pytest.param(["--web", "--set", "web_colums=x"], "Did you mean web_columns?", id="a slip in one of mitmweb's"),
        pytest.param(["--check", "--prot", "1"], "Did you mean --port?", id="in a check"),
        pytest.param(["-p", "abc"], "number of a port", id="no number"),
        pytest.param(["--port", "abc"], "number of a port", id="no number either"),
        pytest.param(["-p", "99999"], "0 to 65535", id="no port"),
        pytest.param(["--web", "--console"], "exclude each other", id="two interfaces"),
    ],
)
def test_a_mistake_is_told(given: list[str], words: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert launcher.main(given) == 1
    assert words in capsys.readouterr().err


@pytest.mark.parametrize("given", [["--mode", "regular@8080"], ["-m", "local"], ["--set", "mode=socks5"]])
def test_a_mode_of_ones_own_stays(given: list[str]) -> None:
    assert planned(given) == Launch("mitmdump", SCRIPT + QUIET + given, None)


@pytest.mark.parametrize("flag", ["-n", "--no-server"])
def test_without_a_server_no_port_is_asked_for(config: str, flag: str) -> None:
    assert planned(["--set", config, flag]).listens is None


def test_a_config_that_cannot_be_read_is_told(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    missing = ["--set", f"gateway_config={tmp_path / 'missing.yaml'}"]
    with pytest.raises(ConfigError):
        planned(missing)
    assert launcher.main(missing) == 1
    assert "missing.yaml" in capsys.readouterr().err


def test_a_taken_port_is_told_in_a_sentence(config: str, capsys: pytest.CaptureFixture[str]) -> None:
    with socket.create_server(("127.0.0.2", 0)) as taken:
        port = taken.getsockname()[1]
        assert launcher.main(["--set", config, "-p", str(port)]) == 1
    assert capsys.readouterr().err == (
        f"Port {port} on 127.0.0.2 is taken: stop the program that listens there, "
        "or choose another port with `scripts/run --port PORT` or `port` in config.yaml.\n"
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


CHECKED = """
host: 127.0.0.2
api-keys: [{key: k, name: local}]
claude-api-key:
  - {api-key: SECRET, models: [{name: x, alias: big}, {name: y}], prefix: team}
  - {api-key: "${NO_SUCH_VARIABLE}", models: [{name: z}]}
gemini-api-key:
  - {api-key: SECRET, models: [{name: g}, {name: y}], proxy-url: "http://u:SECRET@proxy.test"}
openai-compatibility:
  - {name: groq, api-key-entries: [{api-key: SECRET}], models: [{name: q}]}
  - {name: groq, api-key-entries: [{api-key: SECRET}], models: [{name: r}], excluded-models: [r]}
ollama:
  - base-url: http://127.0.0.1:9
inspector:
  host: 127.0.0.3
  key: INSPECTOR-SECRET
  spool: exchanges
"""


def test_a_check_says_what_would_be(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "checked.yaml"
    file.write_text(CHECKED)
    with socket.create_server(("127.0.0.2", 0)) as taken:
        port = taken.getsockname()[1]
        assert launcher.main(["--check", "--config", str(file), "--port", str(port)]) == 0
    said = capsys.readouterr().out
    assert "SECRET" not in said
    *lines, busy = said.splitlines()
    assert lines == [
        f"{file}: the gateway would start.",
        f"address   http://127.0.0.2:{port}/v1",
        "clients   local",
        "provider  claude-api-key, https://api.anthropic.com: big, y, team/big, team/y",
        "provider  gemini-api-key, https://generativelanguage.googleapis.com/v1beta through http://proxy.test:80: g, y",
        "provider  openai-compatibility, https://api.groq.com/openai/v1: q",
        "provider  openai-compatibility, https://api.groq.com/openai/v1: nothing",
        "provider  ollama, http://127.0.0.1:9: the models that it has, which it is asked for at the start",
        "inspector http://127.0.0.3:8318/, with the token of inspector.key; prompts are kept in memory and in "
        f"{tmp_path / 'exchanges'}",
        "warning   claude-api-key at line 6 is off: NO_SUCH_VARIABLE not set in the environment; it would serve z",
        "warning   openai-compatibility: excluded-models at line 11 takes away all models of its entry; it serves "
        "nothing",
    ]
    assert busy.startswith(f"warning   Port {port} on 127.0.0.2 is taken")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        pytest.param("anthropic-api-key: []", "did you mean `claude-api-key`?", id="a wrong key"),
        pytest.param("a: [", "is not valid YAML", id="no YAML"),
    ],
)
def test_a_check_finds_mistakes(text: str, words: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "checked.yaml"
    file.write_text(text)
    assert launcher.main(["--check", "--config", str(file)]) == 1
    said = capsys.readouterr()
    assert words in said.err
    assert said.out == ""


def test_a_check_reads_the_file_of_variables(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "c.yaml").write_text("api-keys: [{key: '${CHECKED_KEY}', name: ann}]")
    (tmp_path / "named").write_text("CHECKED_KEY=k\n")
    given = ["--check", "--config", str(tmp_path / "c.yaml")]
    assert launcher.main(given) == 0
    said = capsys.readouterr().out
    assert "clients   none" in said
    assert "warning   No provider is on: every request is refused." in said
    assert launcher.main([*given, "--env-file", str(tmp_path / "named")]) == 0
    assert "clients   ann" in capsys.readouterr().out
    (tmp_path / ".env").write_text("CHECKED_KEY\n")
    assert launcher.main(given) == 1
    assert f"{tmp_path / '.env'}:1: is no variable" in capsys.readouterr().err


def test_a_file_of_variables_goes_on_to_mitmproxy() -> None:
    given = parse(["--env-file", "named"])
    assert (given.env_file, given.given) == (Path("named"), ["--set", "gateway_env_file=named"])
