"""What became of a field that could not be carried exactly: a value that is returned, never a log line."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Literal

Fate = Literal["dropped", "approximated", "defaulted", "synthesised", "moved"]
"""`dropped`: not sent, the answer may differ. `approximated`: sent in a weaker or nearby form.
`defaulted`: the client left open what the provider requires. `synthesised`: sent although nobody asked for it.
`moved`: the same meaning in another place."""


@dataclass(frozen=True, slots=True)
class Note:
    """One bent field.

    `path` is where the client (or, in an answer, the provider) wrote it: `messages[2].content[0].image_url`.
    `old` and `new` are values of knobs, never a prompt or a key. `detail` is one sentence for people, ours
    alone: nothing that a client wrote is quoted in it. `loss` says otherwise than the fate whether something is lost
    that the client relies on.
    """

    path: str
    fate: Fate
    old: Any = None
    new: Any = None
    detail: str = ""
    loss: bool | None = None

    @property
    def lost(self) -> bool:
        """Whether a client that accepts no loss is refused: what was dropped, unless `loss` says otherwise."""
        return self.fate == "dropped" if self.loss is None else self.loss


def add_new(notes: list[Note], more: Iterable[Note]) -> None:
    """Those of `more` that are not among `notes` yet: several calls of one request say the same things."""
    said = {repr(note) for note in notes}
    for note in more:
        if (word := repr(note)) not in said:
            said.add(word)
            notes.append(note)
