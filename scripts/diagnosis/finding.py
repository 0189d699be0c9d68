"""Findings, each with what to do about it."""

from typing import Literal, get_args

from translators.values import immutable

Severity = Literal["error", "warning", "note"]
"""`error`: the gateway does not start, does not answer, or gives away keys. `warning`: hardly meant. `note`: good to
know."""
SEVERITIES: tuple[Severity, ...] = get_args(Severity)
"""The worst first."""


@immutable
class Finding:
    """`where` is a key of the configuration, a file, a package, a credential's name. No text has a key."""

    severity: Severity
    where: str
    text: str
    remedy: str = ""

    def __str__(self) -> str:
        return f"{self.severity:<9}{self.where}: {self.text}" + (f"; {self.remedy}" if self.remedy else "")
