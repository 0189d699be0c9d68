"""From a client's body to what a provider is asked: decoded, parsed, resolved, rendered. Here a request is refused."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from addons.exchange.observers import Record
from addons.exchange.provider_request import ProviderRequest, provider_request
from routing.catalogue import Catalogue, Target, UnknownModel
from routing.settings import Limits, Settings
from translators import fan_out
from translators.clients.shared import json_body
from translators.dialects import (
    Asked,
    ClientDialect,
    Envelope,
    Memory,
    Model,
    Passthrough,
    Rendered,
    Upstream,
    Writer,
)
from translators.errors import BadRequest
from translators.framing import compression
from translators.notes import Note
from translators.registry import PROVIDERS, route

AGENT = "mitmproxy-openai-gateway"
PIECE_BYTES = 65536
MOST_FIELDS = 200
"""Of a request, of one of its messages."""
MOST_NOTES = 20_000
"""Of one request: they are told to its client, logged and shown."""


@dataclass(frozen=True, slots=True)
class Call:
    """One request to the provider; the choices of its answer count from `choice` in the client's."""

    rendered: Rendered
    request: ProviderRequest
    choice: int = 0


@dataclass(frozen=True, slots=True)
class Question:
    """A client's request with all that was made of it. `model` is the name that it asked for, `streams` whether it
    wants a stream; `write` makes what renders its answer."""

    client: ClientDialect
    model: str
    streams: bool
    target: Target
    upstream: Upstream
    calls: tuple[Call, ...]
    write: Callable[[Envelope], Writer]


def decoded(body: bytes, coding: str, limit: int) -> bytes:
    """`body` without its content-encoding. Raises `BadRequest`, 413 where it grows beyond `limit` bytes."""
    if not coding:
        return body
    out = bytearray()
    try:
        decoder = compression.decoder(coding)
        for at in range(0, len(body), PIECE_BYTES):
            out += decoder.feed(body[at : at + PIECE_BYTES])
            if len(out) > limit:
                raise compression.Bomb
        decoder.close()
    except compression.Bomb as error:
        message = f"The request's body is larger than {limit} bytes (body-size-limit) when it is decompressed."
        raise BadRequest(message, code="request_too_large", status=413) from error
    except compression.Undecodable as error:
        message = f"The request's body is not what its content-encoding says: {error}."
        raise BadRequest(message, code="invalid_content_encoding") from error
    return bytes(out)


def _bound(wire: dict[str, Any], limits: Limits) -> None:
    """Refuses what is so much that it would only be meant to keep the gateway busy. Raises `BadRequest`."""
    for path in ("messages", "input"):
        _few_fields(wire, path)
        _at_most(limits.items, _items(wire.get(path)), path, "messages, parts and calls", "items")
    items = wire.get("input")
    late = [each.get("tools") for each in items if isinstance(each, dict)] if isinstance(items, list) else []
    choice = wire.get("tool_choice")
    if isinstance(choice, dict) and "allowed_tools" in choice:
        choice = choice["allowed_tools"]
    chosen = choice.get("tools") if isinstance(choice, dict) else None
    tools = {"tools": [wire.get("tools")], "functions": [wire.get("functions")], "tool_choice": [chosen], "input": late}
    for path, lists in tools.items():
        _at_most(limits.tools, sum(map(_items, lists)), path, "tools", "tools")


def _few_fields(wire: dict[str, Any], path: str) -> None:
    """Of the request itself, and of the entries of its list at `path`."""
    entries = wire.get(path)
    objects = [wire, *entries] if isinstance(entries, list) else [wire]
    most = max(len(each) for each in objects if isinstance(each, dict))
    if most > MOST_FIELDS:
        message = f"An object of the request has {most} fields; {MOST_FIELDS} are allowed."
        raise BadRequest(message, code="request_too_large")


def _items(entries: Any) -> int:
    """The entries of a list, and those of the lists in them."""
    if not isinstance(entries, list):
        return 0
    inside = (value for each in entries if isinstance(each, dict) for value in each.values())
    return len(entries) + sum(len(value) for value in inside if isinstance(value, list))


def _at_most(most: int, count: int, path: str, what: str, limit: str) -> None:
    if count > most:
        message = f"{path} has {count} {what}; {most} are allowed (limits: {limit} in config.yaml)."
        raise BadRequest(message, param=path, code="request_too_large")


@dataclass(frozen=True, slots=True)
class Asker:
    """What is needed to make questions of one client's requests. What is learned on the way is put into `record`, so
    that a refusal is logged with it."""

    client: ClientDialect
    parse: Callable[[Any], Asked]
    """The client dialect's own, perhaps with what is remembered of earlier requests."""
    settings: Settings
    catalogue: Catalogue
    memory: Memory
    record: Record
    refer: Callable[[Any], tuple[Any, list[Note]]] = lambda wire: (wire, [])
    """Puts what the gateway keeps into a body that goes on as it came."""

    def question(self, body: bytes, headers: Mapping[str, str]) -> Question:
        """`body` is decoded JSON text, `headers` are the client's without its key. Raises `BadRequest`."""
        wire, notes = json_body.parsed(body)
        if isinstance(wire, dict):
            _bound(wire, self.settings.limits)
        self._note(notes)
        named = wire.get("model") if isinstance(wire, dict) else None
        target = self._served(named) if isinstance(named, str) else None
        if target is not None:
            _, passthrough = self._way(target)
            if passthrough is not None:
                return self._passed_through(passthrough, wire, target.alias, target, headers)
        asked = self.parse(wire)
        self.record.model, self.record.stream = asked.model, asked.conversation.stream
        self._note(asked.notes)
        if target is None or target.alias != asked.model:
            target = self._target(asked.model)
        self.record.provider, self.record.provider_model = target.provider, target.model
        return self._translated(asked, target, headers)

    def _served(self, model: str) -> Target | None:
        try:
            return self.catalogue.candidates(model, self.record.key_name or "")[0]
        except UnknownModel:
            return None

    def _target(self, model: str) -> Target:
        try:
            return self.catalogue.candidates(model, self.record.key_name or "")[0]
        except UnknownModel as error:
            raise BadRequest(str(error), param="model", code="model_not_found") from error

    def _way(self, target: Target) -> tuple[str, Passthrough | None]:
        try:
            return route(self.client.name, target.base_urls)
        except LookupError as error:
            message = f'The model "{target.alias}" is served at another endpoint only.'
            raise BadRequest(message, param="model", code="model_not_supported") from error

    def _passed_through(
        self, passthrough: Passthrough, wire: Any, model: str, target: Target, headers: Mapping[str, str]
    ) -> Question:
        self.record.model, self.record.provider, self.record.provider_model = model, target.provider, target.model
        wire, notes = self.refer(wire)
        passed = passthrough.render(wire, Model(target.model, target.overrides, self.memory))
        self.record.stream = passed.stream
        self._note([*notes, *passed.rendered.notes])
        self._mind_loss()
        call = self._call(passed.rendered, passthrough.name, target, headers, 0)
        writer = passthrough.streamed if passed.stream else passthrough.whole
        return Question(
            self.client,
            model,
            passed.stream,
            target,
            passthrough,
            (call,),
            lambda envelope: writer(passed.form, envelope),
        )

    def _translated(self, asked: Asked, target: Target, headers: Mapping[str, str]) -> Question:
        name, _ = self._way(target)
        provider = PROVIDERS[name]
        model = Model(target.model, target.overrides, self.memory)
        calls, notes = fan_out.calls(asked, provider, model, several=self.settings.fan_out)
        self._note(notes)
        self._mind_loss()
        writer = self.client.streamed if asked.conversation.stream else self.client.whole
        return Question(
            self.client,
            asked.model,
            asked.conversation.stream,
            target,
            provider,
            tuple(self._call(call.rendered, name, target, headers, call.choice) for call in calls),
            lambda envelope: writer(asked.form, envelope),
        )

    def _note(self, notes: Iterable[Note]) -> None:
        more = [*notes]
        if len(self.record.notes) + len(more) > MOST_NOTES:
            message = f"More than {MOST_NOTES} notes would have to be made on what this model does not take."
            raise BadRequest(message, code="request_too_large")
        self.record.notes.extend(more)

    def _mind_loss(self) -> None:
        lost = [note.path for note in self.record.notes if note.lost]
        if lost and self.settings.on_loss == "refuse":
            told = ", ".join(lost)
            message = f"These fields cannot be carried to this model (on-loss: refuse in config.yaml): {told}."
            raise BadRequest(message, param=lost[0], code="unsupported_parameter")

    def _call(self, rendered: Rendered, dialect: str, target: Target, headers: Mapping[str, str], choice: int) -> Call:
        forwarded = self.settings.forward_headers
        return Call(rendered, provider_request(AGENT, forwarded, target, dialect, rendered, headers), choice)
