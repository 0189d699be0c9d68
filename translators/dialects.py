"""The contracts of client dialects, provider dialects and passthrough. Each is a module (or package) with these
names.

Nothing here or below knows mitmproxy, a socket, a clock or a log. Errors are `translators.errors`; whatever else is
raised is a bug of ours.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import field
from typing import Any, Literal, Protocol, runtime_checkable

from translators.conversation import Conversation
from translators.errors import BadAnswer, Failure
from translators.events import Event
from translators.notes import Note
from translators.values import immutable

Framing = Literal["sse", "ndjson", "eventstream"]
"""The ways in which a provider cuts its stream into payloads."""
MEDIA_TYPES: Mapping[Framing, str] = {
    "sse": "text/event-stream",
    "ndjson": "application/x-ndjson",
    "eventstream": "application/vnd.amazon.eventstream",
}
"""The media type of a stream with such a framing."""
MOST_CHOICES = 128
"""The number of alternatives that a request can ask for, OpenAI's own limit."""


class Memory(Protocol):
    """A memory that the exchanges of one client share, for clients that hand back less than they were given: texts by
    tool-call id. It is bounded: a text that was put may be gone."""

    def get(self, key: str) -> str | None: ...

    def put(self, key: str, value: str) -> None: ...


class Forgetful:
    """A memory that stores nothing."""

    def get(self, key: str) -> str | None:
        return None

    def put(self, key: str, value: str) -> None:
        pass


FORGETFUL = Forgetful()


@immutable
class Model:
    """A model as its provider knows it. `overrides` are the facts about it and its provider in the configuration,
    over those in its profile; the keys are the dialect's own."""

    name: str
    overrides: Mapping[str, Any] = field(default_factory=dict)
    memory: Memory = field(default=FORGETFUL, compare=False)


@immutable
class Envelope:
    """The fields of an answer that no provider decides: `id` (`chatcmpl-...`), `created` (whole seconds since 1970) and
    `model`, the client's name of it."""

    id: str
    created: int
    model: str


@immutable
class Recall:
    """The facts of a request that the machine of its answer must know.

    `model` is the provider's name of it; `names` maps a tool's name on the wire to the client's, where they
    differ; `custom` has the client's names of custom tools that were sent as functions of one string `input`;
    `choices` is how many alternatives were requested, None where the answer is parsed without its request.
    """

    model: str = ""
    names: Mapping[str, str] = field(default_factory=dict)
    custom: frozenset[str] = frozenset()
    memory: Memory = field(default=FORGETFUL, compare=False)
    choices: int | None = None
    keys: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    """The keys of a tool's arguments on the wire and the client's for them, by the client's name of the tool."""
    answer_tool: str = ""
    """The tool that the gateway added, and whose input is the answer."""
    stops: tuple[str, ...] = ()
    """Stop sequences that the provider was not given."""

    def admits(self, choice: int) -> bool:
        """Return whether a choice was requested. To be called before anything is made for one: writers make room for
        every choice up to the one that they get. Raises `BadAnswer` where no request can have so many."""
        requested = MOST_CHOICES if self.choices is None else self.choices
        if not 0 <= choice < max(requested, MOST_CHOICES):
            raise BadAnswer.unreadable("The provider answered with more choices than it was asked for.")
        return choice < requested


class Numbers:
    """The numbers of an answer's choices as the client counts them. Where one was requested, the first that comes is
    it, whatever number its provider gives it."""

    def __init__(self, recall: Recall) -> None:
        self._recall = recall
        self._first: int | None = None

    def of(self, index: Any, place: int) -> int:
        """Return which choice has the `index`, or that `place` among those of its payload. Raises `BadAnswer` for a
        number that no request can have."""
        number = index if type(index) is int and index >= 0 else place
        self._recall.admits(number)
        if self._recall.choices != 1:
            return number
        if self._first is None:
            self._first = number
        return {self._first: 0, 0: self._first}.get(number, number)


@immutable
class Rendered:
    """A provider request: `path` (perhaps with a query) below the base URL, `headers` of the dialect (never a
    credential), JSON `body`.

    `streams`: it requests a stream. `choices` is how many alternatives it requests: a dialect that can carry the option
    `n` says so here; one that cannot does not take the option, and the gateway makes n calls.
    """

    path: str
    body: dict[str, Any]
    headers: Mapping[str, str]
    notes: tuple[Note, ...]
    recall: Recall
    streams: bool = False
    choices: int = 1


class Answer(Protocol):
    """The machine that makes events of one answer: either `whole` once, or `on` for each payload and then `close`."""

    @property
    def done(self) -> bool:
        """Return whether the provider's own end marker came. No payload after it is fed any more."""

    def whole(self, body: Any) -> Iterable[Event]:
        """Return the events of a whole JSON answer, through the same machine. Raises `BadAnswer`."""

    def on(self, payload: Any) -> Iterable[Event]:
        """Return the events of one payload of a stream. Raises `BadAnswer` where the provider reports an error."""

    def close(self) -> Iterable[Event]:
        """End the answer: the stream's bytes are over. Raises `BadAnswer` unless the answer was complete."""


class Upstream(Protocol):
    """The part of a provider dialect that parses answers."""

    name: str
    framing: Framing

    def answer(self, recall: Recall) -> Answer: ...

    def read_error(self, status: int, headers: Mapping[str, str], body: bytes) -> Failure:
        """Return an answer that is no 2xx as the error for the client. Never raises; header names are lower case."""

    def read_limits(self, headers: Mapping[str, str], now: float) -> dict[str, str]:
        """Return OpenAI's `x-ratelimit-*` and `retry-after*` for the provider's own; `now` in seconds since 1970."""


class ProviderDialect(Upstream, Protocol):
    def render(self, conversation: Conversation, model: Model) -> Rendered:
        """Return the provider's request. Raises `BadRequest` for a feature that the provider cannot carry and the
        client relies on."""


@runtime_checkable
class KnowsModels(Protocol):
    """A provider dialect whose provider has public models."""

    def known_models(self) -> tuple[str, ...]:
        """Return their names, newest first."""


class Writer(Protocol):
    """Renders one answer for a client. A stream's writer gives bytes as they are to be sent; a whole answer's
    gives `b""` until `close`."""

    def on(self, event: Event) -> bytes: ...

    def close(self) -> bytes:
        """Return the end: the finish chunk, usage, terminator; or the whole body. Called once, after `Finished`."""

    def fail(self, failure: Failure) -> bytes:
        """Return the client's form of an error in the middle of an answer. Called instead of `close`."""


@immutable
class ParsedRequest:
    """A client's request, parsed. `form` is the client dialect's own, and says how the answer must look.

    `more` are further conversations of the same request (a list of prompts): their choices come after those of
    `conversation`, in order."""

    model: str
    conversation: Conversation
    notes: tuple[Note, ...]
    form: Any
    more: tuple[Conversation, ...] = ()


class Listed(Protocol):
    """A model in the list for clients; `created` in seconds since 1970, `context_length` in tokens."""

    @property
    def id(self) -> str: ...

    @property
    def owned_by(self) -> str: ...

    @property
    def created(self) -> int: ...

    @property
    def display_name(self) -> str | None: ...

    @property
    def context_length(self) -> int | None: ...


Item = Mapping[str, Any]


class Past(Protocol):
    """The stored answers of one client. Their number is bounded: one that was stored may be gone."""

    @property
    def keeps(self) -> bool:
        """Return whether anything is stored at all."""

    def history(self, id: str) -> tuple[Item, ...] | None:
        """Return every item that led to the answer `id`, and its own; None where it, or one before it, is gone."""

    def item(self, id: str) -> Item | None: ...


@immutable
class Remembered:
    """A finished answer, to be stored: the object itself, the items that came with its request, and the id of the one
    before it."""

    id: str
    response: Mapping[str, Any]
    input: tuple[Item, ...]
    previous: str | None = None


@immutable
class State:
    """The functions of a client dialect whose clients come back to earlier answers: `parse` parses a request with
    the stored answers; `referred` returns a body that is passed through with stored items in the place of
    references, and notes; `remembered` returns what to store of a writer's answer; `missing` and `deleted` are the
    answers about an id."""

    parse: Callable[[Any, Past], "ParsedRequest"]
    referred: Callable[[Any, Past], tuple[Any, list[Note]]]
    remembered: Callable[["Writer"], Remembered | None]
    missing: Callable[[str], Failure]
    deleted: Callable[[str], dict[str, Any]]


@immutable
class Counted:
    """The values of a request that limits count, by the field that they stand in: `items` has messages or items,
    `tools` lists of tools. Any of them may be something else, since the body is not validated yet."""

    items: Mapping[str, Any]
    tools: Mapping[str, list[Any]]


class ClientDialect(Protocol):
    """The contract of a client dialect. `path` is where its clients POST, and `id_prefix` begins the ids of its answers
    (`chatcmpl-`). One with a `state` stores answers, which its clients GET and DELETE below `path`."""

    name: str
    path: str
    id_prefix: str
    omitted: Mapping[type[Event], Note]
    """The events that the client's API has no place for though an answer may rely on them, each with the note on its
    loss."""
    state: State | None

    def presented_key(self, headers: Mapping[str, str]) -> str | Failure:
        """Return the key that a request came with, or the refusal that says what is wrong. Header names are lower
        case."""

    def error(self, failure: Failure) -> tuple[tuple[tuple[str, str], ...], bytes]:
        """Return headers and body of an answer that is an error."""

    def models(self, listed: Iterable[Listed]) -> dict[str, Any]:
        """Return the JSON of a list of models."""

    def model(self, listed: Listed) -> dict[str, Any]:
        """Return the JSON of one."""

    def counted(self, body: Mapping[str, Any]) -> Counted:
        """Return what limits count. `body` is parsed JSON, not validated."""

    def parse(self, body: Any) -> ParsedRequest:
        """Return the request. `body` is the parsed JSON, and is not changed. Raises `BadRequest` that names all
        problems."""

    def streamed(self, form: Any, envelope: Envelope) -> Writer: ...

    def whole(self, form: Any, envelope: Envelope) -> Writer: ...

    def keepalive(self) -> bytes:
        """Return bytes that may be sent at any event boundary of a stream and mean nothing."""


@immutable
class Passed:
    """A request that goes on as it came. `stream` is whether the client wants one, `form` is for its writers."""

    rendered: Rendered
    stream: bool
    form: Any


class Passthrough(Upstream, Protocol):
    """The way for a client that speaks its provider's dialect: the body travels as it came, but for the model's name
    and what configuration changes; so does the answer, which is still parsed for its end, its usage and its errors.

    The machine of `answer` emits `PassedThrough` for what the client is to get, beside `Started`, `UsageReported`,
    `Finished` and `Noted` for the gateway. `effort` is the path of the field that says how much to reason.
    """

    effort: tuple[str, ...]

    def render(self, body: Any, model: Model) -> Passed:
        """Return the request that goes on. `body` is the parsed JSON, and is not changed. Raises `BadRequest`."""

    def streamed(self, form: Any, envelope: Envelope) -> Writer: ...

    def whole(self, form: Any, envelope: Envelope) -> Writer: ...
