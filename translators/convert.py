"""The translators as a library: requests and answers as the gateway converts them, with nothing around it: no gateway,
no configuration, no network. docs/library.md shows it at work.

Ids and times in answers are fixed, so that two runs give the same bytes.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

from translators import fan_out
from translators.clients.shared.json_body import parsed
from translators.dialects import Envelope, Model, ParsedRequest, Passthrough, Recall, Rendered, Upstream, Writer
from translators.errors import Failure
from translators.events import Event, Usage
from translators.notes import Note
from translators.pipe import Pipe
from translators.registry import CLIENTS, PASSTHROUGH, PROVIDERS, route

DIALECTS = (*PROVIDERS, *(name for _, name in PASSTHROUGH if name not in PROVIDERS))
"""Every dialect of a provider; the last ones only with a client that speaks the same."""

PLAIN: Mapping[str, Mapping[str, Any]] = {
    "chat": {"messages": [{"role": "user", "content": "x"}]},
    "completions": {"prompt": "x"},
    "responses": {"input": "x"},
}
"""The least that a request can be, but for its model, by client dialect."""
_EVERYTHING: Mapping[str, Mapping[str, Any]] = {
    "chat": {"stream": True, "stream_options": {"include_usage": True}},
    "completions": {"stream": True, "stream_options": {"include_usage": True}},
    "responses": {
        "stream": True,
        "reasoning": {"summary": "auto"},
        "include": ["message.output_text.logprobs"],
    },
}
"""The fields that ask for an answer that has everything."""


class NoWay(LookupError):
    """A provider dialect that only clients of one dialect can be served by; the text names them."""


class Speaker(Protocol):
    """The writer of the client's answers: its dialect, or a passthrough."""

    def streamed(self, form: Any, envelope: Envelope) -> Writer: ...

    def whole(self, form: Any, envelope: Envelope) -> Writer: ...


@dataclass(frozen=True, slots=True)
class Answering:
    """The parts that make a provider's answer the client's. `stream` is the form that the client asked for."""

    upstream: Upstream
    speaker: Speaker
    form: Any
    envelope: Envelope
    recall: Recall
    stream: bool
    omitted: Mapping[type[Event], Note] = field(default_factory=dict)

    def writer(self, *, streamed: bool) -> Writer:
        return (self.speaker.streamed if streamed else self.speaker.whole)(self.form, self.envelope)


@dataclass(frozen=True, slots=True)
class Converted:
    """A client's request as its provider gets it: `POST path` with `headers` (no credentials) and the JSON `body`.
    `notes` say what was lost or bent. A request that becomes several calls has them all in `calls`; `path`, `headers`
    and `body` are those of the first."""

    calls: tuple[Rendered, ...]
    notes: tuple[Note, ...]
    answering: Answering = field(repr=False)

    @property
    def path(self) -> str:
        return self.calls[0].path

    @property
    def headers(self) -> Mapping[str, str]:
        return self.calls[0].headers

    @property
    def body(self) -> dict[str, Any]:
        return self.calls[0].body


@dataclass(frozen=True, slots=True)
class Answered:
    """A provider's answer as the client gets it. `body` is a JSON text or a stream of server-sent events; of an answer
    that breaks off it has what came before, and then `failure`, in the client's form."""

    body: bytes
    stream: bool
    notes: tuple[Note, ...] = ()
    failure: Failure | None = None
    usage: Usage | None = None
    events: int = 0
    """The number of events that the provider told."""


def request(
    body: bytes | str | Mapping[str, Any],
    *,
    client: str = "chat",
    provider: str,
    model: str | None = None,
    overrides: Mapping[str, Any] | None = None,
) -> Converted:
    """Convert a client's request.

    `body` is what a client of the dialect `client` (`chat`, `completions`, `responses`) sends; a text is read as the
    gateway reads it. `provider` is one of `DIALECTS`. `model` is the provider's name of the model, where that is not
    the client's; `overrides` say what is true of it, over what the dialect knows. Where client and provider speak the
    same dialect the body goes on as it came.

    Raises `BadRequest` for what the gateway refuses, and `NoWay`.
    """
    wire, notes = _read(body)
    passthrough = _passthrough(client, provider)
    named = wire.get("model") if isinstance(wire, Mapping) else None
    if passthrough is not None and isinstance(named, str):
        passed = passthrough.render(wire, Model(model or named, overrides or {}))
        rendered, envelope = passed.rendered, _envelope(client, named)
        answering = Answering(passthrough, passthrough, passed.form, envelope, rendered.recall, passed.stream)
        return Converted((rendered,), (*notes, *rendered.notes), answering)
    asked = CLIENTS[client].parse(wire)
    calls, said = fan_out.calls(asked, PROVIDERS[provider], Model(model or asked.model, overrides or {}))
    answering = _answering(asked, client, provider, calls[0].rendered.recall)
    return Converted(tuple(call.rendered for call in calls), (*notes, *asked.notes, *said), answering)


def _read(body: bytes | str | Mapping[str, Any]) -> tuple[Any, tuple[Note, ...]]:
    if isinstance(body, str):
        body = body.encode("utf-8", "surrogatepass")
    return parsed(body) if isinstance(body, bytes) else (body, ())


def answer(
    data: bytes,
    *,
    client: str = "chat",
    provider: str,
    request: Converted | None = None,
    model: str | None = None,
    stream: bool | None = None,
    status: int = 200,
    headers: Mapping[str, str] | None = None,
    split: int | None = None,
) -> Answered:
    """Convert a provider's answer, whole or a stream in any framing, with its HTTP `status` and `headers` (names in
    lower case).

    With the `request` that it answers, tools get their names back, and the form is the one that was asked for; without
    it everything that the answer has is shown, whole. `stream` chooses the form. `split` hands the bytes over in pieces
    of that size. An answer to one of several calls is converted as if there were no others.
    """
    answering = without_request(client, provider, model) if request is None else request.answering
    if not 200 <= status < 300:
        failure = answering.upstream.read_error(status, headers or {}, data)
        return Answered(b"", stream=False, failure=failure)
    if stream is None:
        stream = answering.stream if request is not None else False
    answered = _answered(data, answering, stream, headers or {}, split)
    if answered.failure is None or stream:
        return answered
    # Of a whole answer that breaks nothing is left; as a stream it shows how far it came.
    return _answered(data, answering, True, headers or {}, split) if answered.events else replace(answered, body=b"")


def _answered(
    data: bytes, answering: Answering, stream: bool, headers: Mapping[str, str], split: int | None
) -> Answered:
    upstream, writer = answering.upstream, answering.writer(streamed=stream)
    content_type = headers.get("content-type", "")
    pipe = Pipe(
        upstream.answer(answering.recall),
        writer,
        framing=upstream.framing,
        content_type=content_type,
        omitted=answering.omitted,
    )
    size = split or len(data) or 1
    out = b"".join([pipe.feed(data[at : at + size]) for at in range(0, len(data), size)]) + pipe.close()
    if pipe.failure is not None:
        out += writer.fail(pipe.failure)
    return Answered(out, stream, tuple(pipe.notes), pipe.failure, pipe.usage, pipe.events)


def without_request(client: str, provider: str, model: str | None) -> Answering:
    """Return how an answer is read of which nobody knows the request: it is shown with everything that it has."""
    wire = {"model": model or "unknown", **PLAIN[client], **_EVERYTHING[client]}
    if _passthrough(client, provider) is not None:
        answering = request(wire, client=client, provider=provider).answering
        return replace(answering, recall=replace(answering.recall, choices=None))
    return _answering(CLIENTS[client].parse(wire), client, provider, Recall(model or ""))


def frame(provider: str, model: str, *, stream: bool) -> Rendered:
    """Return a request whose path and headers are right for any body of the dialect."""
    client = next((asking for asking, name in PASSTHROUGH if name == provider), "chat")
    return request({"model": model, **PLAIN[client], "stream": stream}, client=client, provider=provider).calls[0]


def _passthrough(client: str, provider: str) -> Passthrough | None:
    try:
        return route(client, (provider,))[1]
    except LookupError:
        speaks = [asking for asking, name in PASSTHROUGH if name == provider]
        told = f"only {' or '.join(speaks)} goes there" if speaks else "there is no such dialect"
        raise NoWay(f"{client} cannot be translated to {provider}; {told}.") from None


def _answering(asked: ParsedRequest, client: str, provider: str, recall: Recall) -> Answering:
    envelope = _envelope(client, asked.model)
    stream = asked.conversation.stream
    spoken = CLIENTS[client]
    return Answering(PROVIDERS[provider], spoken, asked.form, envelope, recall, stream, spoken.omitted)


def _envelope(client: str, model: str) -> Envelope:
    return Envelope(f"{CLIENTS[client].id_prefix}0", 0, model)
