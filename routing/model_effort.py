"""A model's name with an effort behind it, `NAME(high)` or `NAME(8192)`, as CLIProxyAPI reads it."""

import re

AUTO = "auto"
"""Leaves it to the model how much it reasons."""
_LEVELS = ("none", AUTO, "minimal", "low", "medium", "high", "xhigh", "max")
_NAMED = re.compile(r"(.+)\(([A-Za-z]{1,10}|-1|[0-9]{1,9})\)", re.DOTALL)


def split(model: str) -> tuple[str, str | int] | None:
    """Return the bare name and the effort, a level or a budget of tokens; None for a name without one."""
    match = _NAMED.fullmatch(model)
    if match is None:
        return None
    name, effort = match[1], match[2].lower()
    if effort == "-1":
        return name, AUTO
    if effort.isdecimal():
        return name, int(effort) or "none"
    return (name, effort) if effort in _LEVELS else None
