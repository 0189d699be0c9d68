"""A provider's answer in a file, and beside it what is known of it: `NAME.sse` (`SUFFIXES` has them all) and
`NAME.meta.json`."""

import json
from collections.abc import Mapping
from dataclasses import field
from pathlib import Path
from typing import Any

from scripts.tools.files import Unusable, read
from translators.values import immutable

META = ".meta.json"
SUFFIXES = {
    "text/event-stream": ".sse",
    "application/x-ndjson": ".ndjson",
    "application/vnd.amazon.eventstream": ".eventstream",
}
"""The suffixes of streams, by content type; any other answer is `WHOLE`."""
WHOLE = ".json"


@immutable
class Recording:
    """A recorded answer. `client_request` is the one that led to it; None where nobody stored one, or where there was
    none."""

    data: bytes
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    model: str | None = None
    client_request: Any = None
    dialect: str | None = None

    @classmethod
    def load(cls, name: str) -> "Recording":
        """Return the recording in a file, or on standard input. Any answer will do; a file next to it that says more
        is used. Raises `Unusable`."""
        data = read(name)
        beside = meta_path(Path(name))
        if name == "-" or not beside.exists():
            return cls(data)
        try:
            meta = json.loads(read(str(beside)))
            return cls(data, meta["status"], meta["headers"], meta["model"], meta.get("asked"), meta["dialect"])
        except (ValueError, KeyError, TypeError) as error:
            raise Unusable(f"{beside} is not what scripts/record writes; remove it or record anew.") from error


def meta_path(answer: Path) -> Path:
    return answer.with_name(answer.stem + META)
