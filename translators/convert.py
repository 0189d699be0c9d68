"""The translators as a library: requests and answers as the gateway converts them, with nothing around it: no gateway,
no configuration, no network. docs/library.md shows it at work.

Ids and times in answers are fixed, so that two runs give the same bytes.
"""

from collections.abc import Mapping
from dataclasses import field, replace
from typing import Any, Protocol

from translators import fan_out
from translators.clients.shared import json_body
from translators.dialects import Envelope, Model, ParsedRequest, Passthrough, Recall, Rendered, Upstream, Writer
from translators.errors import Failure
from translators.events import Event, Usage
from translators.notes import Note
from translators.pipe import Pipe, Tap
from translators.registry import CLIENTS, PASSTHROUGH, PROVIDERS, route
from translators.values import immutable

DIALECTS = (*PROVIDERS, *(name for _, name in PASSTHROUGH if name not in PROVIDERS))
"""Every dialect of a provider; the last ones only with a client that speaks the same."""
PAIRS = tuple(
    (client, name) for client in CLIENTS for name in DIALECTS if name in PROVIDERS or (client, name) in PASSTHROUGH
)
"""Every client dialect with every provider dialect that it can be converted to."""

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
    """A pair that is none of `PAIRS`; the text names the clients that the provider dialect can serve."""


class Writers(Protocol):
    """The maker of the writers of a client's answers: its dialect, or a passthrough."""

    def streamed(self, form: Any, envelope: Envelope) -> Writer: ...

    def whole(self, form: Any, envelope: Envelope) -> Writer: ...


@immutable
class Answering:
    """The parts that make a provider's answer the client's. `stream` is the form that the client requested."""

    upstream: Upstream
    writers: Writers
    form: Any
    envelope: Envelope
    recall: Recall
    stream: bool
    omitted: Mapping[type[Event], Note] = field(default_factory=dict)
    calls: tuple[Rendered, ...] = ()
    """The requests that are answered, where they are several."""

    def pipe(self, *, stream: bool, content_type: str = "", tap: Tap | None = None) -> Pipe:
        """Return the way of one answer to its client, as a stream or whole. `tap` hears each payload of a stream."""
        writer = (self.writers.streamed if stream else self.writers.whole)(self.form, self.envelope)
        upstream = self.upstream
        answer, framing = upstream.answer(self.recall), upstream.framing
        return Pipe(answer, writer, framing=framing, content_type=content_type, tap=tap, omitted=self.omitted)


@immutable
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


@immutable
class Answered:
    """A provider's answer as the client gets it. `body` is a JSON text or a stream of server-sent events; of an answer
    that breaks off it has what came before, and then `failure`, in the client's form."""

    body: bytes
    stream: bool
    notes: tuple[Note, ...] = ()
    failure: Failure | None = None
    usage: Usage | None = None
    events: int = 0
    """The number of events that the provider sent."""


def request(
    body: bytes | str | Mapping[str, Any],
    *,
    client: str = "chat",
    provider: str,
    model: str | None = None,
    overrides: Mapping[str, Any] | None = None,
) -> Converted:
    """Convert a client's request.

    `body` is what a client of the dialect `client` (`chat`, `completions`, `responses`) sends; a text is parsed as the
    gateway parses it. `provider` is one of `DIALECTS`. `model` is the provider's name of the model, where that is not
    the client's; `overrides` say what is true of it, over what the dialect knows. Where client and provider speak the
    same dialect the body goes on as it came.

    Raises `BadRequest` for what the gateway refuses, and `NoWay`.
    """
    wire, notes = _json(body)
    passthrough = _passthrough(client, provider)
    alias = wire.get("model") if isinstance(wire, Mapping) else None
    if passthrough is not None and isinstance(alias, str):
        passed = passthrough.render(wire, Model(model or alias, overrides or {}))
        only, envelope = passed.rendered, _envelope(client, alias)
        answering = Answering(passthrough, passthrough, passed.form, envelope, only.recall, passed.stream)
        return Converted((only,), (*notes, *only.notes), answering)
    parsed = CLIENTS[client].parse(wire)
    calls, more = fan_out.calls(parsed, PROVIDERS[provider], Model(model or parsed.model, overrides or {}))
    rendered = tuple(call.rendered for call in calls)
    answering = _answering(parsed, client, provider, rendered[0].recall)
    answering = replace(answering, calls=rendered) if len(rendered) > 1 else answering
    return Converted(rendered, (*notes, *parsed.notes, *more), answering)


def _json(body: bytes | str | Mapping[str, Any]) -> tuple[Any, tuple[Note, ...]]:
    if isinstance(body, str):
        body = body.encode("utf-8", "surrogatepass")
    return json_body.parsed(body) if isinstance(body, bytes) else (body, ())


def answer(
    data: bytes,
    *,
    request: Converted | None = None,
    client: str = "chat",
    provider: str | None = None,
    model: str | None = None,
    stream: bool | None = None,
    status: int = 200,
    headers: Mapping[str, str] | None = None,
    split: int | None = None,
) -> Answered:
    """Convert a provider's answer, whole or a stream in any framing, with its HTTP `status` and `headers` (names in
    lower case).

    With the `request` that it answers, tools get their names back, and the form is the one that the client requested.
    Without it, `client` and `provider` say which dialects the answer goes between, and everything that it has is shown,
    whole. `stream` chooses the form. `split` hands the bytes over in pieces of that size. An answer to one of several
    calls is converted as if there were no others.

    Raises `NoWay`, and `TypeError` where there is neither a `request` nor a `provider`.
    """
    if request is None and provider is None:
        raise TypeError("answer() needs the request that is answered, or the provider's dialect")
    answering = request.answering if request is not None else without_request(client, provider or "", model)
    if not 200 <= status < 300:
        failure = answering.upstream.read_error(status, headers or {}, data)
        return Answered(b"", stream=False, failure=failure)
    if stream is None:
        stream = answering.stream if request is not None else False
    answered = _answered(data, answering, stream, headers or {}, split)
    if answered.failure is None or stream:
        return answered
    if not answered.events:
        return replace(answered, body=b"")
    return _answered(data, answering, True, headers or {}, split)  # a stream shows how far the answer came


def _answered(
    data: bytes, answering: Answering, stream: bool, headers: Mapping[str, str], split: int | None
) -> Answered:
    pipe = answering.pipe(stream=stream, content_type=headers.get("content-type", ""))
    size = split or len(data) or 1
    out = b"".join([pipe.feed(data[at : at + size]) for at in range(0, len(data), size)]) + pipe.close()
    if pipe.failure is not None:
        out += pipe.writer.fail(pipe.failure)
    return Answered(out, stream, tuple(pipe.notes), pipe.failure, pipe.usage, pipe.events)


def without_request(client: str, provider: str, model: str | None) -> Answering:
    """Return the parts for an answer whose request nobody knows: it is shown with everything that it has."""
    wire = {"model": model or "unknown", **PLAIN[client], **_EVERYTHING[client]}
    if _passthrough(client, provider) is not None:
        answering = request(wire, client=client, provider=provider).answering
        return replace(answering, recall=replace(answering.recall, choices=None))
    return _answering(CLIENTS[client].parse(wire), client, provider, Recall(model or ""))


def frame(provider: str, model: str, *, stream: bool) -> Rendered:
    """Return a request whose path and headers are right for any body of the dialect."""
    client = next((each for each, name in PASSTHROUGH if name == provider), "chat")
    return request({"model": model, **PLAIN[client], "stream": stream}, client=client, provider=provider).calls[0]


def _passthrough(client: str, provider: str) -> Passthrough | None:
    try:
        return route(client, (provider,))[1]
    except LookupError:
        clients = [each for each, name in PAIRS if name == provider]
        why = f"only {' or '.join(clients)} goes there" if clients else "there is no such dialect"
        raise NoWay(f"{client} cannot be translated to {provider}; {why}.") from None


def _answering(parsed: ParsedRequest, client: str, provider: str, recall: Recall) -> Answering:
    envelope, stream = _envelope(client, parsed.model), parsed.conversation.stream
    dialect = CLIENTS[client]
    return Answering(PROVIDERS[provider], dialect, parsed.form, envelope, recall, stream, dialect.omitted)


def _envelope(client: str, model: str) -> Envelope:
    return Envelope(f"{CLIENTS[client].id_prefix}0", 0, model)
