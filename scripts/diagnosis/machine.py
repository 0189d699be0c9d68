"""The machine: versions, packages, files and their rights, the port."""

import re
import stat
import sys
import tomllib
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path
from typing import Any

from addons.credentials import missing
from addons.embedded import child
from addons.launch.listening import obstacle
from addons.proxy import door
from addons.usage import database
from routing.field_types import KeyFile, Section
from routing.settings import Settings
from scripts.diagnosis.finding import Finding
from scripts.tools.venv import ROOT

_REQUIREMENT = re.compile(r"(?P<name>[A-Za-z0-9_.-]+)(?P<bounds>(?:(?:>=|<)[0-9.]+,?)*)")
_BOUND = re.compile(r"(>=|<)([0-9.]+)")


def versions(project: Path = Path(ROOT, "pyproject.toml")) -> Iterator[Finding]:
    """Yield what is of another version than `project` asks for."""
    declared = tomllib.loads(project.read_text("utf-8"))["project"]
    python = ".".join(map(str, sys.version_info[:3]))
    if not _within(python, declared["requires-python"]):
        yield Finding("error", "Python", f"is {python}, not {declared['requires-python']}", "run `sh scripts/setup`")
    for requirement in declared["dependencies"]:
        match = _REQUIREMENT.match(requirement)
        assert match is not None
        try:
            there = metadata.version(match["name"])
        except metadata.PackageNotFoundError:
            yield Finding("error", match["name"], "is not installed", "run `sh scripts/setup`")
            continue
        if not _within(there, match["bounds"]):
            yield Finding("error", match["name"], f"is {there}, not {match['bounds']}", "run `sh scripts/setup`")


def _within(version: str, bounds: str) -> bool:
    given = _numbers(version)
    checks = {">=": lambda bound: given >= bound, "<": lambda bound: given < bound}
    return all(checks[sign](_numbers(bound)) for sign, bound in _BOUND.findall(bounds))


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in re.findall(r"\d+", version.partition("+")[0])[:3])


def libraries(settings: Settings) -> Iterator[Finding]:
    """Yield what providers need and is not installed, each library once."""
    auths = {type(auth): auth for _, _, entry in settings.providers for auth in entry.credentials()}
    for auth in auths.values():
        if (why := missing([auth])) is not None:
            yield Finding("error", "packages", why)
    if settings.embedded.enable and (why := child.available()) is not None:
        yield Finding("warning", "embedded", why)


def files(config: Path, variables: Path, settings: Settings) -> Iterator[Finding]:
    """Yield files that others can read: the configuration if keys are written in it, the file of `variables`, files of
    keys, usage-db."""
    if sys.platform == "win32":
        return
    text = config.read_text("utf-8", "replace")
    digests = {key.key_sha256.reveal() for key in settings.api_keys if key.key_sha256 is not None}
    if any(key in text for key in {*settings.secrets()} - {EXAMPLE_KEY, *digests}):
        yield from _readable(config, "has keys written in it", "; or write ${NAME} and keep them in the environment")
    if variables.exists():
        yield from _readable(variables, "is where keys are kept")
    for path in sorted(set(_key_files(settings))):
        yield from _readable(Path(path), "holds a key")
    if settings.usage_db is not None and Path(settings.usage_db).exists():
        yield from _readable(Path(settings.usage_db), "says who used what")


EXAMPLE_KEY = "dev-local-key"
"""The client's key in the configuration that is shipped."""


def _readable(path: Path, why: str, or_else: str = "") -> Iterator[Finding]:
    try:
        mode = stat.S_IMODE(path.stat().st_mode)
    except OSError as error:
        yield Finding("error", str(path), f"cannot be looked at: {error.strerror}")
        return
    if mode & 0o077:
        who = "everybody on this machine" if mode & 0o007 else "its group"
        severity = "error" if mode & 0o007 else "warning"
        text = f"{why}, and {who} has rights to it (mode {mode:03o})"
        yield Finding(severity, str(path), text, f"run `chmod 600 {path}`{or_else}")  # type: ignore[arg-type]


def _key_files(value: Any, name: str = "") -> Iterator[str]:
    """Yield the files that the settings name in keys such as `key-file` and `credentials-file`."""
    match value:
        case KeyFile():
            yield value.path
        case str() if name.endswith("_file"):
            yield value
        case Section():
            for field in type(value).model_fields:
                yield from _key_files(getattr(value, field), field)
        case tuple():
            for each in value:
                yield from _key_files(each, name)


def address(settings: Settings) -> Iterator[Finding]:
    """Yield why the gateway cannot listen, or for how many."""
    if (why := obstacle(settings.host, settings.port)) is not None:
        yield Finding("warning", "port", f"{why.rstrip('.')} (which is as it should be while the gateway runs)")
    files = door.file_limit()
    if files is not None and (most := door.room(settings.max_connections, files)) < settings.max_connections:
        text = f"{settings.max_connections} need more files than may be open ({files}), so that {most} are taken"
        yield Finding("warning", "max-connections", text, "raise `ulimit -n`, or lower it")


def usage_db(settings: Settings) -> Iterator[Finding]:
    """Yield why there can be no usage-db."""
    if settings.usage_db is not None and (why := database.obstacle(Path(settings.usage_db))) is not None:
        yield Finding("error", "usage-db", why)
