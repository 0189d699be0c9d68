"""An answer under the provider's name of its model."""

import pytest

from translators.dialects import Envelope, Writer
from translators.errors import Failure
from translators.events import Event, Finished, Started, TextDelta
from translators.own_name import OwnName


class Recorded:
    """A writer that writes the name of its model before whatever happens."""

    def __init__(self, envelope: Envelope) -> None:
        self.name = envelope.model.encode()

    def on(self, event: Event) -> bytes:
        return b"%b %b," % (self.name, type(event).__name__.encode())

    def close(self) -> bytes:
        return self.name + b" end"

    def fail(self, failure: Failure) -> bytes:
        return self.name + b" failed"


def written(*events: Event) -> bytes:
    writer: Writer = OwnName(Recorded, Envelope("id", 0, "asked"), "configured")
    return b"".join([writer.on(event) for event in events]) + writer.close()


@pytest.mark.parametrize(
    ("events", "out"),
    [
        pytest.param(
            [Started("x", "native"), TextDelta("a")], b"native Started,native TextDelta,native end", id="named"
        ),
        pytest.param(
            [Started("x"), TextDelta("a")], b"configured Started,configured TextDelta,configured end", id="not"
        ),
        pytest.param([TextDelta("a"), Started("x", "late")], b"configured TextDelta,configured Started,configured end"),
        pytest.param(
            [Started("x", "native"), Started("y", "second"), Finished("stop")],
            b"native Started,native Started,native Finished,native end",
            id="the first counts",
        ),
        pytest.param([], b"configured end", id="nothing"),
    ],
)
def test_the_name_of_an_answer(events: list[Event], out: bytes) -> None:
    assert written(*events) == out


def test_a_failure_before_anything() -> None:
    writer = OwnName(Recorded, Envelope("id", 0, "asked"), "configured")
    assert writer.fail(Failure(500, "m", "server_error")) == b"configured failed"
