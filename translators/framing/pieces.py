"""Pieces of a payload whose end has not come yet, within a limit."""

from translators.errors import BadAnswer


class PiecesReader:
    """The base of readers that wait for the end of a payload; `unit` is the word for one in errors."""

    unit = "payload"

    def __init__(self, largest: int) -> None:
        self._largest = largest
        self._waiting: list[bytes] = []
        self.waiting = 0
        self._at_start = True

    def _wait(self, piece: bytes) -> None:
        self.waiting += len(piece)
        if self.waiting > self._largest:
            raise self._too_large()
        self._waiting.append(piece)

    def _too_large(self) -> BadAnswer:
        return BadAnswer.unreadable(f"The provider sent a single {self.unit} of more than {self._largest} bytes.")
