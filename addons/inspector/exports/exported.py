"""The export of an exchange, and the error where there can be none."""

import re
from collections.abc import Mapping
from typing import Any

from translators.values import immutable


class Unexportable(ValueError):
    """An exchange that cannot be exported in that form; the text says why and what to do instead."""


@immutable
class Exported:
    """A file to save or to paste."""

    content: bytes
    content_type: str
    file_name: str

    @property
    def text(self) -> str:
        return self.content.decode("utf-8", "replace")

    @classmethod
    def of_text(cls, text: str, content_type: str, file_name: str) -> "Exported":
        return cls(text.encode("utf-8", "replace"), f"{content_type}; charset=utf-8", file_name)


def base_name(detail: Mapping[str, Any]) -> str:
    """Return an exchange's id as the name of a file, without what a file system or a header could take amiss."""
    return re.sub(r"[^A-Za-z0-9_-]", "_", str(detail.get("id") or "exchange"))[:100]
