"""The names of models that servers listed, kept on disk for the next start: `models.json` in the gateway's folder below
the user's cache (`$XDG_CACHE_HOME`, else `~/.cache`).

`{"version": 1, "models": {"0123456789abcdef": ["NAME", ...]}}`, by the identity of a server's credential. There is
nothing else in it. A file that cannot be read, or is something else, counts as empty.
"""

import contextlib
import logging
import os
import re
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic_core import from_json, to_json

from routing.providers.entry import ANY_NAME

logger = logging.getLogger("gateway")

FOLDER = "mitmproxy-openai-gateway"
LARGEST = 8 * 1024 * 1024
"""Bytes of the file."""
MOST_SERVERS = 500
_IDENTITY = re.compile("[0-9a-f]{16}")

Names = Mapping[str, tuple[str, ...]]
"""The names by the identity of their server."""


def place(environ: Mapping[str, str]) -> Path | None:
    """Return where the file is; None on a machine that tells no home."""
    cache = Path(environ.get("XDG_CACHE_HOME", ""))
    if not cache.is_absolute():
        try:
            cache = Path.home() / ".cache"
        except RuntimeError:
            return None
    return cache / FOLDER / "models.json"


class KeptModels:
    """The file at `path`; without one nothing is kept."""

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._logged = False

    def read(self) -> dict[str, tuple[str, ...]]:
        """Return what was kept, as far as it is of the right form."""
        if self._path is None:
            return {}
        try:
            if not self._path.is_file() or self._path.stat().st_size > LARGEST:
                return {}
            return _names(from_json(self._path.read_bytes()))
        except (OSError, ValueError):
            return {}

    def add(self, names: Names) -> None:
        """Keep these names beside what is kept of other servers, the oldest of which go where there are too many."""
        if self._path is None:
            return
        kept = {identity: old for identity, old in self.read().items() if identity not in names}
        newest = [*kept.items(), *names.items()][-MOST_SERVERS:]
        try:
            self._write(to_json({"version": 1, "models": dict(newest)}))
        except OSError as error:
            if not self._logged:
                logger.info("The models of servers are not kept on disk: %s.", error.strerror or type(error).__name__)
            self._logged = True

    def _write(self, data: bytes) -> None:
        assert self._path is not None
        self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor, name = tempfile.mkstemp(dir=self._path.parent, prefix="models-")
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(data)
            os.replace(name, self._path)
        except OSError:
            with contextlib.suppress(OSError):
                os.unlink(name)
            raise


def _names(kept: Any) -> dict[str, tuple[str, ...]]:
    match kept:
        case {"version": 1, "models": dict(models)}:
            return {
                identity: tuple(name for name in names if isinstance(name, str) and ANY_NAME.fullmatch(name))
                for identity, names in list(models.items())[-MOST_SERVERS:]
                if _IDENTITY.fullmatch(identity) and isinstance(names, list)
            }
    return {}
