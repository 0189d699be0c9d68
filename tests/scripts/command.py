"""Runs a script as a person does, by its path, from another folder, and with warnings as errors (`run`); or what it
runs, in this process, which takes a hundredth of the time (`in_process`)."""

import contextlib
import importlib
import io
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]


def in_process(
    name: str, *arguments: str | Path, given: str | bytes = b"", **environ: str
) -> subprocess.CompletedProcess[str]:
    """What `run` gives, of a command of `scripts/tools`."""
    words = [str(argument) for argument in arguments]
    with _standard(given) as (out, err), contextlib.chdir("/"), _environment(environ):
        try:
            status = importlib.import_module(f"scripts.tools.{name}").main(words)
        except SystemExit as end:  # argparse
            status = end.code
    return subprocess.CompletedProcess([name, *words], status, _text(out), _text(err))


def _text(stream: io.TextIOWrapper) -> str:
    stream.flush()
    buffer = stream.buffer
    assert isinstance(buffer, io.BytesIO)
    return buffer.getvalue().decode()


@contextlib.contextmanager
def _standard(given: str | bytes) -> Iterator[tuple[io.TextIOWrapper, io.TextIOWrapper]]:
    data = given.encode() if isinstance(given, str) else given
    out, err = (io.TextIOWrapper(io.BytesIO(), encoding="utf-8", errors="backslashreplace") for _ in range(2))
    before, sys.stdin = sys.stdin, io.TextIOWrapper(io.BytesIO(data), encoding="utf-8")
    try:
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            yield out, err
    finally:
        sys.stdin = before


@contextlib.contextmanager
def _environment(more: dict[str, str]) -> Iterator[None]:
    before = dict(os.environ)
    os.environ.update(more)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


def run(
    name: str, *arguments: str | Path, given: str | bytes = b"", root: Path = ROOT, **environ: str
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [root / "scripts" / name, *arguments],
        check=False,
        input=given.decode() if isinstance(given, bytes) else given,
        cwd="/",
        env={**os.environ, "PYTHONWARNINGS": "error", **environ},
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=120,
    )
