"""Parses the command line of `scripts/run`: the gateway's own options, and mitmproxy's. None is ignored in silence.

mitmproxy itself knows its options. Loading it takes half a second, so that is done only where there is something that
is not the gateway's."""

import argparse
import asyncio
import difflib
from collections.abc import Iterable, Sequence
from importlib import import_module
from pathlib import Path
from typing import NoReturn

from translators.values import immutable

ROOT = Path(__file__).resolve().parents[2]
TOOLS = {"--web": "mitmweb", "--console": "mitmproxy"}
FAMILIAR = frozenset({"gateway_config", "gateway_env_file", "listen_host", "listen_port", "mode", "confdir"})
"""Names after `--set` that need no look at mitmproxy."""

_MASTERS = {
    "mitmdump": "mitmproxy.tools.dump:DumpMaster",
    "mitmweb": "mitmproxy.tools.web.master:WebMaster",
    "mitmproxy": "mitmproxy.tools.console.master:ConsoleMaster",
}
_HELP = "`scripts/run --help` lists the options."


class Mistake(Exception):
    """A mistake in the command line; the text is for whoever typed it."""


@immutable
class CommandLine:
    """The parsed command line. `given` is what mitmproxy is given. With a `mode` the caller has chosen himself where to
    listen."""

    tool: str
    check: bool
    config: Path
    env_file: Path | None
    mode: bool
    host: str | None
    port: int | None
    given: list[str]


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise Mistake(f"{message.removeprefix('argument ')}. {_HELP}")


def parse(argv: Sequence[str]) -> CommandLine:
    """Return the parsed command line. Raises `Mistake`."""
    parser = _parser()
    for flag in TOOLS:
        parser.add_argument(flag, dest="tools", action="append_const", const=TOOLS[flag], default=[])
    parser.add_argument("--check", action="store_true")
    parser.add_argument("--config", metavar="FILE")
    parser.add_argument("--env-file", metavar="FILE")
    parser.add_argument("--port")
    own, given = parser.parse_known_args(argv)
    if len(set(own.tools)) > 1:
        raise Mistake("--web and --console exclude each other: each is an interface of its own.")
    if own.config is not None:
        given += ["--set", f"gateway_config={own.config}"]
    if own.env_file is not None:
        given += ["--set", f"gateway_env_file={own.env_file}"]
    if own.port is not None:
        given += ["--listen-port", own.port]
    return _command_line(own.tools[0] if own.tools else "mitmdump", own.check, given)


def _parser() -> _Parser:
    return _Parser(prog="scripts/run", add_help=False, allow_abbrev=False)


def _command_line(tool: str, check: bool, given: list[str]) -> CommandLine:
    """Return the parsed command line. Of mitmproxy's options only the few that decide where it listens are read here;
    mitmproxy reads them again."""
    parser = _parser()
    parser.add_argument("-m", "--mode", action="append", default=[])
    parser.add_argument("-p", "--listen-port")
    parser.add_argument("--listen-host")
    parser.add_argument("--set", action="append", default=[])
    known, rest = parser.parse_known_args(given)
    names = [text.partition("=")[0] for text in known.set]
    if names.count("gateway_config") > 1:
        raise Mistake("The configuration is named twice.")
    if rest or not FAMILIAR.issuperset(names):
        asyncio.run(_ask_mitmproxy(tool, rest, names))
    options = dict(text.split("=", 1) for text in known.set if "=" in text)
    if "gateway_config" in names and not options.get("gateway_config"):
        raise Mistake("--config names no file.")
    if "gateway_env_file" in names and not options.get("gateway_env_file"):
        raise Mistake("--env-file names no file.")
    variables = options.get("gateway_env_file")
    return CommandLine(
        tool=tool,
        check=check,
        config=Path(options.get("gateway_config") or ROOT / "config.yaml").expanduser(),
        env_file=Path(variables).expanduser() if variables else None,
        mode=bool(known.mode) or "mode" in options,
        host=known.listen_host or options.get("listen_host"),
        port=_port(known.listen_port or options.get("listen_port")),
        given=given,
    )


def _port(text: str | None) -> int | None:
    if text is None:
        return None
    if text.isascii() and text.isdecimal() and int(text) <= 65535:
        return int(text)
    raise Mistake("--port wants the number of a port, 0 to 65535.")


async def _ask_mitmproxy(tool: str, rest: list[str], names: Sequence[str]) -> None:
    """Ask mitmproxy to read the rest. Raises `Mistake` for what it would not understand either, or would take for
    something else."""
    cmdline, options = import_module("mitmproxy.tools.cmdline"), import_module("mitmproxy.options").Options()
    module, _, master = _MASTERS[tool].partition(":")
    getattr(import_module(module), master)(options)  # adds those of its addons to `options`
    parser: argparse.ArgumentParser = getattr(cmdline, tool)(options)
    parser.exit_on_error = False
    try:
        read, unknown = parser.parse_known_args(rest)
    except argparse.ArgumentError as error:
        raise Mistake(f"{error}. {_HELP}".removeprefix("argument ")) from error
    flags = [
        *TOOLS,
        "--check",
        "--config",
        "--env-file",
        "--port",
        "--version",
        "--help",
        *parser._option_string_actions,
    ]
    for word in (*unknown, *getattr(read, "filter_args", ())[:1]):
        if word in unknown or not word.startswith(("~", "!", "(")):  # those begin a filter
            raise Mistake(_strange(word, flags))
    if not read.scripts:  # they have options of their own
        _known(names, [*options.keys(), "gateway_config", "gateway_env_file"])


def _known(names: Iterable[str], options: Sequence[str]) -> None:
    for name in names:
        if name not in options:
            near = _near(name, options) or " `.venv/bin/mitmdump --options` lists them."
            raise Mistake(f"--set {name}: there is no such option.{near}")


def _strange(word: str, flags: Iterable[str]) -> str:
    if word.startswith("-"):
        flag = word.partition("=")[0]
        return f"{flag} is not an option.{_near(flag, flags) or ' ' + _HELP}"
    if word.lower().endswith((".yaml", ".yml")):
        return f"{word} is not understood. Did you mean --config {word}?"
    return f"{word} is not understood.{_near('--' + word, flags) or ' ' + _HELP}"


def _near(word: str, among: Iterable[str]) -> str:
    """Return a question that begins with a space, or nothing."""
    close = difflib.get_close_matches(word[:100], list(among), 1, 0.6)
    return f" Did you mean {close[0]}?" if close else ""
