"""The fate of a field that could not be carried exactly: a value that is returned, never a log line."""

from collections.abc import Iterable, Mapping
from typing import Any, Literal

from translators.values import immutable

Fate = Literal["dropped", "approximated", "defaulted", "synthesised", "moved"]
"""`dropped`: not sent, the answer may differ. `approximated`: sent in a weaker or nearby form.
`defaulted`: the client left open what the provider requires. `synthesised`: sent although the client did not.
`moved`: the same meaning in another place."""


NOT_CARRIED = "This field is not carried by this gateway."
"""The detail on a field that means nothing here: somebody may have it."""
_WEIGHTS: Mapping[Fate, int] = {"dropped": 5, "approximated": 4, "synthesised": 3, "moved": 2, "defaulted": 1}
_BOOKKEEPING = frozenset(
    ("detail", "user", "safety_identifier", "metadata", "prompt_cache_key", "prompt_cache_retention")
)
"""Fields that an answer hardly depends on: the user, the costs, the resolution of a picture."""


@immutable
class Note:
    """One bent field.

    `path` is where the client (or, in an answer, the provider) wrote it: `messages[2].content[0].image_url`.
    `old` and `new` are values of knobs, never a prompt or a key. `detail` is one sentence for people, ours
    alone: nothing that a client wrote is quoted in it. `loss` says otherwise than the fate whether something is lost
    that the client relies on. `failover`: only because another target was asked instead of the first.
    """

    path: str
    fate: Fate
    old: Any = None
    new: Any = None
    detail: str = ""
    loss: bool | None = None
    failover: bool = False

    @property
    def weight(self) -> int:
        """Return how much it means to the client, 0 to 5."""
        field = self.path.rpartition(".")[2].partition("[")[0]
        return 0 if field in _BOOKKEEPING or self.loss is False else _WEIGHTS[self.fate]

    @property
    def matters(self) -> bool:
        """Return whether a feature was dropped or a meaning bent; a value that had to be made up or moved is
        neither."""
        return self.weight >= _WEIGHTS["approximated"]

    @property
    def lost(self) -> bool:
        """Return whether a client that accepts no loss is refused: for what was dropped, unless `loss` says
        otherwise."""
        return self.fate == "dropped" if self.loss is None else self.loss


def add_new(notes: list[Note], more: Iterable[Note]) -> None:
    """Add the ones of `more` that are not among `notes` yet: several calls of one request have the same notes."""
    known = {repr(note) for note in notes}
    for note in more:
        if repr(note) not in known:
            known.add(repr(note))
            notes.append(note)
