"""The two contracts, and the registry of who keeps them. A dialect is a module (or package) with these four names.

Nothing here or below knows mitmproxy, a socket, a clock or a log. Errors are `translators.errors`; whatever else is
raised is a bug of ours.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

from translators.conversation import Conversation
from translators.errors import Failure
from translators.events import Event
from translators.notes import Note


@dataclass(frozen=True, slots=True)
class Model:
    """A model as its provider knows it. `overrides` is what config.yaml says of it, over what its family's table
    says; the keys are the fields of the dialect's family record."""

    name: str
    overrides: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Envelope:
    """What an answer carries that no provider decides: `id` (`chatcmpl-...`), `created` (whole seconds since 1970)
    and `model`, the name that the client asked for."""

    id: str
    created: int
    model: str


@dataclass(frozen=True, slots=True)
class Recall:
    """What the reader of an answer must know of its request.

    `model` is the provider's name of it; `names` maps a tool's name on the wire to the client's, where they
    differ; `custom` has the client's names of custom tools that were sent as functions of one string `input`.
    """

    model: str = ""
    names: Mapping[str, str] = field(default_factory=dict)
    custom: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Rendered:
    """A provider request: `path` below the base URL, `headers` of the dialect (never a credential), JSON `body`."""

    path: str
    body: dict[str, Any]
    headers: Mapping[str, str]
    notes: tuple[Note, ...]
    recall: Recall


class Answer(Protocol):
    """The machine that tells one answer as events: either `whole` once, or `on` for each payload and then `close`.

    `done` turns true at the provider's own end marker: what comes after it is not fed any more.
    """

    done: bool

    def whole(self, body: Any) -> Iterable[Event]:
        """The events of a whole JSON answer, through the same machine. Raises `BadAnswer`."""

    def on(self, payload: Any) -> Iterable[Event]:
        """The events of one payload of a stream. Raises `BadAnswer` where the provider reports an error."""

    def close(self) -> Iterable[Event]:
        """The stream's bytes are over. Raises `BadAnswer` unless the answer was complete."""


class ProviderDialect(Protocol):
    name: str
    framing: Literal["sse"]

    def render(self, asked: Conversation, model: Model) -> Rendered:
        """Raises `BadRequest` for what this provider cannot carry and the client relies on."""

    def answer(self, recall: Recall) -> Answer: ...

    def read_error(self, status: int, headers: Mapping[str, str], body: bytes) -> Failure:
        """What the client is told of an answer that is no 2xx. Never raises; header names are lower case."""

    def read_limits(self, headers: Mapping[str, str], now: float) -> dict[str, str]:
        """OpenAI's `x-ratelimit-*` and `retry-after*` for the provider's own; `now` in seconds since 1970."""


class Writer(Protocol):
    """Renders one answer for a client. A stream's writer gives bytes as they are to be sent; a whole answer's
    gives `b""` until `close`."""

    def on(self, event: Event) -> bytes: ...

    def close(self) -> bytes:
        """The end: the finish chunk, usage, terminator; or the whole body. Called once, after `Finished`."""

    def fail(self, failure: Failure) -> bytes:
        """Instead of `close`: the client's form of an error in the middle of an answer."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A client's request, parsed. `form` is the client dialect's own memory of how the answer must look."""

    model: str
    conversation: Conversation
    notes: tuple[Note, ...]
    form: Any


class ClientDialect(Protocol):
    name: str

    def parse(self, body: Any) -> Asked:
        """`body` is the parsed JSON, and is not changed. Raises `BadRequest` that names all problems it found."""

    def streamed(self, form: Any, envelope: Envelope) -> Writer: ...

    def whole(self, form: Any, envelope: Envelope) -> Writer: ...

    def keepalive(self) -> bytes:
        """What may be sent at any event boundary of a stream and means nothing."""
