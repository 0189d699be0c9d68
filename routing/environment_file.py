"""Reads the file of variables for `${NAME}`: `.env` beside config.yaml, or one that is named.

The syntax is that of python-dotenv, without references from one variable to another: a dollar is a dollar. The file
changes nobody's environment.
"""

import io
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from dotenv.parser import Binding, parse_stream

from routing.errors import ConfigError, Problem
from routing.files import LARGEST, TOO_LARGE, head
from translators.values import immutable

BESIDE = ".env"
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,199}")


@immutable
class Variables:
    """The variables for a configuration. `overruled` are names of the file that the process has another value for."""

    values: Mapping[str, str]
    overruled: tuple[str, ...] = ()


def beside(config: Path) -> Path:
    """Return where the file of a configuration is, if it is not named."""
    return config.with_name(BESIDE)


def variables(path: Path, environ: Mapping[str, str], *, required: bool) -> Variables:
    """Return the variables of the file at `path` and of `environ`, which wins unless its value is empty. A file that is
    not there is an empty one, unless it is `required`. Raises `ConfigError`."""
    if not required and not path.is_file():
        return Variables(environ)
    try:
        data = head(path)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "its name cannot be that of a file"
        problem = f"cannot be read: {reason}; name another file with `scripts/run --env-file FILE`"
        raise ConfigError(str(path), [Problem(problem)]) from None
    values = parse(data, str(path))
    set_here = {name: value for name, value in environ.items() if value}
    overruled = tuple(name for name, value in values.items() if set_here.get(name, value) != value)
    return Variables({**values, **set_here}, overruled)


def parse(data: bytes, file: str) -> dict[str, str]:
    """Return the variables of `NAME=value` lines; `file` is what messages call it. Raises `ConfigError`."""
    if len(data) > LARGEST:
        raise ConfigError(file, [Problem(TOO_LARGE)])
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise ConfigError(file, [Problem("is not UTF-8; save the file as UTF-8", line)]) from None
    bindings = list(parse_stream(io.StringIO(text)))
    if problems := list(_problems(bindings)):
        raise ConfigError(file, problems)
    return {each.key: each.value for each in bindings if each.key is not None and each.value is not None}


def _problems(bindings: list[Binding]) -> Iterator[Problem]:
    for each in bindings:
        string = each.original.string
        line = each.original.line + string[: len(string) - len(string.lstrip())].count("\n")
        if each.error:
            yield Problem("is no variable; write NAME=value, and quotes at both ends or at none", line)
        elif each.key is not None and (each.value is None or not _NAME.fullmatch(each.key)):
            yield Problem("is no variable; write NAME=value, the name of letters, digits and _", line)
