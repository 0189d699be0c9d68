"""scripts/doctor: what is wrong with a configuration and this machine; with --online, with its providers."""

import argparse
import asyncio
import os
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from routing.config import Loaded, load
from routing.environment_file import beside
from routing.errors import ConfigError
from scripts.diagnosis import configuration, machine
from scripts.diagnosis.finding import SEVERITIES, Finding
from scripts.tools.arguments import command_line
from scripts.tools.venv import ROOT

USAGE = "scripts/doctor [--config FILE] [--env-file FILE] [--online]"
DESCRIPTION = """\
Looks at config.yaml (or FILE) and this machine: mistakes, packages and versions, who can read keys, who may come in
from where, times that fight each other, what is there twice or for nothing. Nothing is started, changed or sent."""
EPILOG = """\
--online asks every provider, once with each credential: for its list of models where it has one, which costs nothing,
else for an answer of one token. It says beforehand what it will ask for. No key and no answer is printed.

Exit status: 0; 1 where there is an error; 2 usage."""


def main(arguments: Sequence[str]) -> int:
    options = _parser().parse_args(arguments)
    counts: Counter[str] = Counter()
    try:
        loaded = load(options.config, os.environ, options.env_file)
    except ConfigError as error:
        _report(counts, (Finding("error", "configuration", line) for line in str(error).splitlines()))
        _report(counts, machine.versions())
    else:
        print(f"{options.config}: {len(loaded.settings.providers)} entries of providers that are on.")
        findings = offline(options.config, options.env_file or beside(options.config), loaded)
        _report(counts, sorted(findings, key=lambda finding: SEVERITIES.index(finding.severity)))
        if options.online:
            _report(counts, online(loaded))
    print(f"{_count(counts['error'], 'error')}, {_count(counts['warning'], 'warning')}.")
    return 1 if counts["error"] else 0


def _parser() -> argparse.ArgumentParser:
    parser = command_line("doctor", DESCRIPTION, EPILOG, USAGE)
    parser.add_argument("--config", type=Path, metavar="FILE", default=Path(ROOT, "config.yaml"), help="instead of it")
    parser.add_argument("--env-file", type=Path, metavar="FILE", help="variables from it instead of .env beside it")
    parser.add_argument("--online", action="store_true", help="ask the providers, too")
    return parser


def offline(config: Path, variables: Path, loaded: Loaded) -> Iterator[Finding]:
    """Yield all findings that need nobody else. `variables` is the environment file, there or not."""
    settings = loaded.settings
    yield from machine.versions()
    yield from machine.libraries(settings)
    yield from machine.usage_db(settings)
    yield from machine.address(settings)
    yield from machine.files(config, variables, settings)
    yield from configuration.clients(settings)
    yield from configuration.timeouts(settings)
    yield from configuration.providers(settings)
    yield from configuration.prices(settings)
    yield from configuration.remarks(loaded)


def online(loaded: Loaded) -> Iterator[Finding]:
    """Yield what asking the providers shows; what is asked, and how it went, is printed."""
    from scripts.diagnosis.online import Asking

    asking = Asking(loaded.settings)
    yield from asking.problems
    for question in asking.questions:
        print(f"will ask {question}", flush=True)
    for result in asyncio.run(asking.all()):
        print(result.line)
        yield from result.findings


def _report(counts: Counter[str], findings: Iterable[Finding]) -> None:
    for finding in findings:
        counts[finding.severity] += 1
        print(finding)


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"
