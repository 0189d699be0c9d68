"""Fields of a message that mean something to their own server alone, and that it wants back as they came: OpenRouter's
`reasoning_details`, and `thinking_blocks` of other gateways. They are lists that grow, entry by entry."""

from typing import Any

OPAQUE_FIELDS = ("reasoning_details", "thinking_blocks")
_GROWS = frozenset(("text", "summary", "thinking", "data"))


class ReasoningDetails:
    def __init__(self) -> None:
        self._lists: dict[str, list[dict[str, Any]]] = {}

    def add(self, name: str, entries: list[Any]) -> bool:
        """Return whether all of it is of the form that is kept: objects, in which what grows is text."""
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
        if not self._lists:
            return None
        return {name: [_joined(entry) for entry in entries] for name, entries in self._lists.items()}

    def _place(self, entries: list[dict[str, Any]], entry: dict[str, Any]) -> None:
        """An entry goes on where its type and index are those of the last one."""
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
