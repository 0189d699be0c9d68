"""Reasoning that means something to its own server alone, and that it wants back as it came: the fields
`reasoning_details` of OpenRouter's messages, and `thinking_blocks` of other gateways'. They are lists whose entries
come in pieces."""

from typing import Any

OPAQUE_FIELDS = ("reasoning_details", "thinking_blocks")
_GROWS = frozenset(("text", "summary", "thinking", "data"))


class ReasoningDetails:
    """The entries of one choice so far, by the name of their field."""

    def __init__(self) -> None:
        self._lists: dict[str, list[dict[str, Any]]] = {}

    def add(self, name: str, entries: list[Any]) -> bool:
        """Add entries; return whether all of them had the known form: objects, whose growing fields are text."""
        odd = False
        for entry in entries:
            if isinstance(entry, dict):
                fit = {key: value for key, value in entry.items() if key not in _GROWS or isinstance(value, str | None)}
                odd = odd or len(fit) < len(entry)
                self._place(self._lists.setdefault(name, []), fit)
            else:
                odd = True
        return not odd

    def payload(self) -> dict[str, Any] | None:
        """Return the fields, `{"reasoning_details": [{"type": ..., "text": ...}]}`, None where there is none."""
        if not self._lists:
            return None
        return {name: [_joined(entry) for entry in entries] for name, entries in self._lists.items()}

    def _place(self, entries: list[dict[str, Any]], entry: dict[str, Any]) -> None:
        """Add an entry, or continue the last one where its type and index are the same."""
        last = entries[-1] if entries else None
        same = last is not None and all(last.get(key) == entry.get(key) for key in ("type", "index"))
        if last is None or not same or "index" not in entry:
            last = {key: value for key, value in entry.items() if key not in _GROWS}
            entries.append(last)
        for key, value in entry.items():
            if value is not None and key in _GROWS:
                last.setdefault(key, []).append(value)
            elif value is not None:
                last[key] = value


def _joined(entry: dict[str, Any]) -> dict[str, Any]:
    return {key: "".join(value) if key in _GROWS else value for key, value in entry.items()}
