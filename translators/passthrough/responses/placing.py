"""Fills in the places of a stream's events, for servers that leave them out (llama.cpp): without `sequence_number`,
`output_index` and `content_index` OpenAI's own SDK cannot put an answer together."""

from collections.abc import Mapping
from typing import Any

_IN_CONTENT = ("response.content_part.", "response.output_text.", "response.refusal.", "response.reasoning_text.")


class Places:
    """The places of one stream, which has none of the three. Items and their parts are counted as they begin."""

    def __init__(self) -> None:
        self._number = -1
        self._items: dict[str, int] = {}
        self._parts: dict[str, int] = {}
        """The place of an item and that of its newest part, by the item's id."""

    def filled_in(self, payload: Mapping[str, Any]) -> dict[str, Any]:
        """Return `payload` with its places: `{"sequence_number": ..., "output_index": ..., "content_index": ...}`.
        Those that it has stay."""
        self._number += 1
        places: dict[str, Any] = {"sequence_number": self._number}
        kind, item = payload.get("type"), payload.get("item")
        id = item.get("id") if isinstance(item, Mapping) else payload.get("item_id")
        if isinstance(id, str):
            places["output_index"] = self._items.setdefault(id, len(self._items))
            if isinstance(kind, str) and kind.startswith(_IN_CONTENT):
                if kind == "response.content_part.added" or id not in self._parts:
                    self._parts[id] = self._parts.get(id, -1) + 1
                places["content_index"] = self._parts[id]
        return {**places, **payload}
