"""One request as the gateway converts it, from any client dialect to any provider dialect, with nothing around it."""

from dataclasses import dataclass, replace
from typing import Any, Protocol

from scripts.tools.files import Unusable
from translators.dialects import Asked, Envelope, Model, ProviderDialect, Recall, Relay, Rendered, Upstream, Writer
from translators.notes import Note, add_new
from translators.registry import CLIENTS, PROVIDERS, RELAYS, way

DIALECTS = (*PROVIDERS, *(name for _, name in RELAYS if name not in PROVIDERS))
"""Every dialect of a provider; the last ones only with a client that speaks the same."""

PLAIN: dict[str, dict[str, Any]] = {
    "chat": {"messages": [{"role": "user", "content": "x"}]},
    "completions": {"prompt": "x"},
    "responses": {"input": "x"},
}
"""By client dialect, the least that a request can be, but for its model."""
_EVERYTHING: dict[str, dict[str, Any]] = {
    "chat": {"stream": True, "stream_options": {"include_usage": True}},
    "completions": {"stream": True, "stream_options": {"include_usage": True}},
    "responses": {
        "stream": True,
        "reasoning": {"summary": "auto"},
        "include": ["message.output_text.logprobs"],
    },
}
"""What asks for an answer that has everything."""


class Speaker(Protocol):
    """Who writes the client's answers: its dialect, or a relay."""

    def streamed(self, form: Any, envelope: Envelope) -> Writer: ...

    def whole(self, form: Any, envelope: Envelope) -> Writer: ...


@dataclass(frozen=True, slots=True)
class Answering:
    """How a provider's answer becomes the client's. `stream` is the form that the client asked for."""

    upstream: Upstream
    speaker: Speaker
    form: Any
    envelope: Envelope
    recall: Recall
    stream: bool

    def writer(self, *, streamed: bool) -> Writer:
        return (self.speaker.streamed if streamed else self.speaker.whole)(self.form, self.envelope)


@dataclass(frozen=True, slots=True)
class Conversion:
    """`calls` is all that goes to the provider, one request or several."""

    calls: tuple[Rendered, ...]
    notes: tuple[Note, ...]
    answering: Answering


def converted(wire: Any, client: str, dialect: str, model: str | None) -> Conversion:
    """`model` is the provider's name of it, where that is not the client's. Raises `BadRequest`, or `Unusable` where
    there is no way from `client` to `dialect`."""
    relay = _relay(client, dialect)
    named = wire.get("model") if isinstance(wire, dict) else None
    if relay is not None and isinstance(named, str):
        passed = relay.render(wire, Model(model or named))
        answering = Answering(
            relay, relay, passed.form, _envelope(client, named), passed.rendered.recall, passed.stream
        )
        return Conversion((passed.rendered,), passed.rendered.notes, answering)
    asked = CLIENTS[client].parse(wire)
    provider = PROVIDERS[dialect]
    calls = calls_of(asked, provider, Model(model or asked.model))
    notes = [*asked.notes, *calls[0].notes]
    for call in calls[1:]:
        add_new(notes, call.notes)
    return Conversion(tuple(calls), tuple(notes), _answering(asked, client, provider, calls[0].recall))


def unasked(client: str, dialect: str, model: str | None) -> Answering:
    """For an answer of which nobody knows the request: it is shown with everything that it has."""
    wire = {"model": model or "unknown", **PLAIN[client], **_EVERYTHING[client]}
    if _relay(client, dialect) is not None:
        answering = converted(wire, client, dialect, None).answering
        return replace(answering, recall=replace(answering.recall, choices=None))
    return _answering(CLIENTS[client].parse(wire), client, PROVIDERS[dialect], Recall(model or ""))


def frame(dialect: str, model: str, *, stream: bool) -> Rendered:
    """A request whose path and headers are right for any body of the dialect."""
    client = next((asking for asking, name in RELAYS if name == dialect), "chat")
    return converted({"model": model, **PLAIN[client], "stream": stream}, client, dialect, None).calls[0]


def calls_of(asked: Asked, provider: ProviderDialect, model: Model) -> list[Rendered]:
    """One request for each conversation, and for each of `n` choices where the provider gives one at a time."""
    calls: list[Rendered] = []
    for conversation in (asked.conversation, *asked.more):
        rendered, wanted = provider.render(conversation, model), conversation.options.get("n")
        times = 1
        if wanted is not None and rendered.choices != wanted.value:
            options = {name: option for name, option in conversation.options.items() if name != "n"}
            rendered, times = provider.render(replace(conversation, options=options), model), wanted.value
        calls += [rendered] * times
    return calls


def _relay(client: str, dialect: str) -> Relay | None:
    try:
        return way(client, (dialect,))[1]
    except LookupError:
        speaks = " or ".join(f"--from {asking}" for asking, name in RELAYS if name == dialect)
        raise Unusable(f"--to {dialect} goes with {speaks} only.") from None


def _answering(asked: Asked, client: str, provider: ProviderDialect, recall: Recall) -> Answering:
    envelope = _envelope(client, asked.model)
    return Answering(provider, CLIENTS[client], asked.form, envelope, recall, asked.conversation.stream)


def _envelope(client: str, model: str) -> Envelope:
    """Fixed, so that two runs give the same bytes."""
    return Envelope(f"{CLIENTS[client].id_prefix}0", 0, model)
