"""Writes an answer under the name that its provider gives to the model, instead of the client's."""

from collections.abc import Callable
from dataclasses import replace

from translators.dialects import Envelope, Writer
from translators.errors import Failure
from translators.events import Event, Started


class OwnName:
    """A writer around the one that `write` makes. That one is made at the first event, by which a provider has given
    the name, if it gives one; else the answer is called `model`."""

    def __init__(self, write: Callable[[Envelope], Writer], envelope: Envelope, model: str) -> None:
        self._write, self._envelope, self._model = write, envelope, model
        self._writer: Writer | None = None

    @property
    def inner(self) -> Writer:
        """Return the writer itself."""
        if self._writer is None:
            self._writer = self._write(replace(self._envelope, model=self._model))
        return self._writer

    def on(self, event: Event) -> bytes:
        if self._writer is None and type(event) is Started and event.model:
            self._model = event.model
        return self.inner.on(event)

    def close(self) -> bytes:
        return self.inner.close()

    def fail(self, failure: Failure) -> bytes:
        return self.inner.fail(failure)
