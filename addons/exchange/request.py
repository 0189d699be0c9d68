"""A client's request: decoded, parsed, resolved to targets, rendered for one of them. Here a request is refused."""

import contextlib
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from addons.exchange import cache_key, payload_rules
from addons.exchange.provider_request import ProviderRequest, provider_request
from addons.exchange.services import Services
from routing import model_effort
from routing.catalogue import ForbiddenModel, Target, UnknownModel
from routing.outcomes import Outcome
from routing.plan import Ask, Plan, Resting, Step, Wait
from routing.sessions import session_of
from routing.settings import Limits, Settings
from translators import effort_levels, fan_out, named_effort
from translators.clients.shared import json_body
from translators.dialects import (
    ClientDialect,
    Counted,
    Envelope,
    Memory,
    Model,
    ParsedRequest,
    Passthrough,
    Rendered,
    Upstream,
    Writer,
)
from translators.errors import BadRequest, Failure, TranslationError
from translators.framing import compression
from translators.notes import Note
from translators.own_name import OwnName
from translators.registry import PROVIDERS, route
from translators.values import immutable

AGENT = "mitmproxy-openai-gateway"
PIECE_BYTES = 65536
MOST_FIELDS = 200
"""The most fields of a request, and of one of its messages."""
LONGEST_MODEL = 1000
"""The most characters of the name of a model in a request. The longest that can be served has fewer."""
_MOST_REASONS = 5
MOST_NOTES = 20_000
"""The most notes of one request: they go to its client, into the log and to the screen."""


@immutable
class ProviderCall:
    """One request to the provider; the choices of its answer count from `choice` in the client's."""

    rendered: Rendered
    request: ProviderRequest
    choice: int = 0


@immutable
class Rendering:
    """A client's request as one target gets it. `model` is the name in its request, `streams` whether it
    wants a stream; `write` makes what renders its answer; `notes` are all that are known before there is an answer."""

    client: ClientDialect
    model: str
    streams: bool
    target: Target
    upstream: Upstream
    calls: tuple[ProviderCall, ...]
    write: Callable[[Envelope], Writer]
    notes: tuple[Note, ...]


def decoded(body: bytes, coding: str, limit: int) -> bytes:
    """Return `body` without its content-encoding. Raise `BadRequest`, 413 where it grows beyond `limit` bytes."""
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


def _bound(wire: dict[str, Any], counted: Counted, limits: Limits) -> None:
    """Refuse what is so much that it could only be meant to keep the gateway busy. Raise `BadRequest`."""
    _few_fields([wire])
    for path, entries in counted.items.items():
        if isinstance(entries, list):
            _few_fields(entries)
        _at_most(limits.items, _items(entries), path, "messages, parts and calls", "items")
    for path, lists in counted.tools.items():
        _at_most(limits.tools, sum(map(_items, lists)), path, "tools", "tools")


def _short(model: str) -> None:
    """Raise `BadRequest` for a name that no model has: it is looked for and cleaned of keys where others wait."""
    if len(model) > LONGEST_MODEL:
        message = f"The name of the model has {len(model)} characters; {LONGEST_MODEL} are allowed."
        raise BadRequest(message, param="model", code="invalid_value")


def _few_fields(objects: list[Any]) -> None:
    """Raise `BadRequest` where one of the objects has too many fields."""
    most = max((len(each) for each in objects if isinstance(each, dict)), default=0)
    if most > MOST_FIELDS:
        message = f"An object of the request has {most} fields; {MOST_FIELDS} are allowed."
        raise BadRequest(message, code="request_too_large")


def _items(entries: Any) -> int:
    """Return the number of entries of a list, and of those of the lists in them."""
    if not isinstance(entries, list):
        return 0
    inside = (value for each in entries if isinstance(each, dict) for value in each.values())
    return len(entries) + sum(len(value) for value in inside if isinstance(value, list))


def _at_most(most: int, count: int, path: str, what: str, limit: str) -> None:
    if count > most:
        message = f"{path} has {count} {what}; {most} are allowed (limits: {limit} in config.yaml)."
        raise BadRequest(message, param=path, code="request_too_large")


@immutable
class Turn:
    """The next thing to do: send a rendering, wait, or give up (None). `failure` is the first refusal on the way, for a
    client that gets no better answer. `refused` are the targets that could not carry the request, and why."""

    then: Rendering | Wait | None
    failure: Failure | None = None
    refused: tuple[tuple[Target, Outcome], ...] = ()


def resting(model: str, rest: Resting) -> Failure:
    """Return the 429 for a model all of whose credentials rest."""
    seconds = max(1, math.ceil(rest.seconds))
    reasons = ", ".join(rest.reasons[:_MOST_REASONS])
    message = (
        f'All credentials for the model "{model}" are cooling down after errors ({reasons}). '
        f"Try again in {seconds} seconds."
    )
    headers = {"retry-after": str(seconds), "retry-after-ms": str(math.ceil(rest.seconds * 1000))}
    if rest.refused:
        headers["x-should-retry"] = "false"
    return Failure(429, message, "rate_limit_error", None, "model_cooldown", headers)


class LostByFailover(BadRequest):
    """A request of which a target would lose what the first one would have carried."""


def _paths_lost(rendering: Rendering) -> frozenset[str]:
    return frozenset(note.path for note in rendering.notes if note.lost)


def _unable(failure: Failure) -> Outcome:
    """Return the outcome of a target that cannot carry the request."""
    return Outcome("refused", failure.status, failure.param or failure.code or "")


def _lost_by_failover(note: Note) -> Note:
    detail = f"{note.detail} The first target of this request could have carried it.".lstrip()
    return replace(note, detail=detail, failover=True)


@dataclass(slots=True)
class ClientRequest:
    """A client's request: read once, and rendered for one target, or for one after another.

    Known also where it is refused, as far as it was read: `model`, the name in it, `streams`, whether it wants a
    stream, `notes`, and `candidates`, the targets for that name.
    """

    client: ClientDialect
    parse: Callable[[Any], ParsedRequest]
    """The client dialect's own, perhaps with what is remembered of earlier requests."""
    settings: Settings
    memory: Memory
    headers: Mapping[str, str]
    """The client's, without its key."""
    refer: Callable[[Any], tuple[Any, list[Note]]] = lambda wire: (wire, [])
    """Puts what the gateway keeps into a body that goes on as it came."""
    model: str | None = None
    streams: bool = False
    notes: tuple[Note, ...] = ()
    candidates: Sequence[Target] = ()
    plan: Plan | None = None
    """The policy by which one of the candidates is asked after another."""
    size: int = 0
    """Bytes of its body."""
    _lost: frozenset[str] | None = None
    """The fields that the first target could not carry."""
    _wire: Any = None
    _body_notes: tuple[Note, ...] = ()
    _parsed_request: ParsedRequest | None = None
    _effort: str | int | None = None
    """The one behind the model's name, which `_wire` no longer has."""

    def read(self, body: bytes, candidates: Callable[[str], Sequence[Target]]) -> None:
        """Parse `body`, decoded JSON text, and get its targets: `candidates` returns those of a model, or raises
        `UnknownModel`. Raises `BadRequest`."""
        self._wire, self._body_notes = json_body.parsed(body)
        wire, self.notes = self._wire, self._body_notes
        if isinstance(wire, dict):
            _bound(wire, self.client.counted(wire), self.settings.limits)
        named = wire.get("model") if isinstance(wire, dict) else None
        if isinstance(named, str):
            _short(named)
            self.model = named
            self._find(named, candidates)
        if len(self.candidates) > 1 or (self.candidates and self._route(self.candidates[0])[1] is not None):
            return  # parsed when a target wants it
        parsed = self._parsed()
        self.model = named if isinstance(named, str) else parsed.model
        if self.candidates and self.candidates[0].alias == parsed.model:
            return
        try:
            self.candidates = candidates(parsed.model)
        except UnknownModel as error:
            status = 404 if isinstance(error, ForbiddenModel) else 400
            raise BadRequest(str(error), param="model", code="model_not_found", status=status) from error

    def _find(self, named: str, candidates: Callable[[str], Sequence[Target]]) -> None:
        """Get the targets of a model, or none. An effort behind its name is kept apart, unless that is the name."""
        with contextlib.suppress(UnknownModel):
            self.candidates = candidates(named)
            return
        if (split := model_effort.split(named)) is not None:
            with contextlib.suppress(UnknownModel):
                self.candidates = candidates(split[0])
                self._wire, self._effort = {**self._wire, "model": split[0]}, split[1]

    def session(self) -> str | None:
        """Return the client's session, as `routing.sessions` finds it."""
        return session_of(self.headers, self._wire)

    def beside(self, target: Target, now: float) -> Turn:
        """Render the request for a target that is asked beside another one, and for no other."""
        assert self.plan is not None
        try:
            return Turn(self._without_loss(self.render(target)))
        except TranslationError as error:
            outcome = _unable(error.failure)
            self.plan.note(target, outcome, now)
            return Turn(None, None, ((target, outcome),))

    def follow(self, step: Step, now: float) -> Turn:
        """Render the request for the target of a step, or for the next one that can carry it."""
        assert self.plan is not None
        first: Failure | None = None
        refused: list[tuple[Target, Outcome]] = []
        while isinstance(step, Ask):
            target = step.target
            try:
                return Turn(self._without_loss(self.render(target)), first, tuple(refused))
            except TranslationError as error:
                rest = self.plan.rest(now) if isinstance(error, LostByFailover) else None
                first = first or (error.failure if rest is None else resting(self.model or "", rest))
                outcome = _unable(error.failure)
                refused.append((target, outcome))
                step = self.plan.failed(target, outcome, now)
        if isinstance(step, Resting):
            first = resting(self.model or "", step)
        return Turn(step if isinstance(step, Wait) else None, first, tuple(refused))

    def _without_loss(self, rendering: Rendering) -> Rendering:
        """Return the rendering, its notes marked where the first target could have carried what this one loses. Raises
        `LostByFailover` where configuration does not permit that."""
        lost = _paths_lost(rendering)
        if self._lost is None:
            self._lost = self._lost_at_best(rendering.target, lost)
        more = lost - self._lost
        if not more:
            return rendering
        if self.settings.failover_loss == "refuse":
            paths = ", ".join(sorted(more))
            message = f"Another target cannot carry these fields (failover-loss: refuse in config.yaml): {paths}."
            raise LostByFailover(message, param=min(more), code="unsupported_parameter")
        notes = tuple(_lost_by_failover(note) if note.lost and note.path in more else note for note in rendering.notes)
        return replace(rendering, notes=notes)

    def _lost_at_best(self, target: Target, lost: frozenset[str]) -> frozenset[str]:
        """Return what the first target loses, where `target` loses `lost`: that is another one while it rests."""
        assert self.plan is not None
        best = self.plan.preferred(target) if lost else None
        if best is None:
            return lost
        try:
            return _paths_lost(self.render(best))
        except TranslationError:
            return lost

    def render(self, target: Target) -> Rendering:
        """Render the request for a target. Raises `BadRequest`."""
        name, passthrough = self._route(target)
        rendering = self._translated(target, name) if passthrough is None else self._passed_through(target, passthrough)
        self.streams = rendering.streams
        self._refuse_loss(rendering.notes)
        return rendering

    def _parsed(self) -> ParsedRequest:
        if self._parsed_request is None:
            parsed = self.parse(self._wire)
            parsed = parsed if self._effort is None else named_effort.in_request(parsed, self._effort)
            self._parsed_request, self.streams = parsed, parsed.conversation.stream
            self.notes = _limited([*self.notes, *parsed.notes])
        return self._parsed_request

    def _route(self, target: Target) -> tuple[str, Passthrough | None]:
        try:
            return route(self.client.name, target.base_urls)
        except LookupError as error:
            message = f'The model "{target.alias}" is served at another endpoint only.'
            raise BadRequest(message, param="model", code="model_not_supported") from error

    def _passed_through(self, target: Target, passthrough: Passthrough) -> Rendering:
        wire, notes = self.refer(self._wire)
        if self._effort is not None:
            wire, moved = named_effort.in_body(wire, self._effort, passthrough.effort)
            notes = [*moved, *notes]
        if target.thinking_levels:
            wire, bent = effort_levels.in_body(wire, target.thinking_levels, passthrough.effort)
            notes = [*notes, *bent]
        passed = passthrough.render(wire, Model(target.model, target.overrides, self.memory))
        calls, ruled = self._ruled([fan_out.RenderedCall(passed.rendered)], passthrough.name, target, ())
        writer = passthrough.streamed if passed.stream else passthrough.whole
        return Rendering(
            self.client,
            self.model or target.alias,
            passed.stream,
            target,
            passthrough,
            tuple(self._call(call, passthrough, target) for call in calls),
            _named(lambda envelope: writer(passed.form, envelope), target),
            _limited([*self._body_notes, *notes, *passed.rendered.notes, *ruled]),
        )

    def _translated(self, target: Target, name: str) -> Rendering:
        parsed, provider = self._parsed(), PROVIDERS[name]
        if target.thinking_levels:
            parsed = effort_levels.in_request(parsed, target.thinking_levels)
        model = Model(target.model, target.overrides, self.memory)
        rendered, notes = fan_out.calls(parsed, provider, model, several=self.settings.fan_out)
        calls, ruled = self._ruled(rendered, name, target, (*parsed.notes, *notes))
        writer = self.client.streamed if parsed.conversation.stream else self.client.whole
        return Rendering(
            self.client,
            self.model or parsed.model,
            parsed.conversation.stream,
            target,
            provider,
            tuple(self._call(call, provider, target) for call in calls),
            _named(lambda envelope: writer(parsed.form, envelope), target),
            _limited([*self._body_notes, *parsed.notes, *notes, *ruled]),
        )

    def _refuse_loss(self, notes: Iterable[Note]) -> None:
        lost = [note.path for note in notes if note.lost]
        if lost and self.settings.on_loss == "refuse":
            paths = ", ".join(lost)
            message = f"These fields cannot be carried to this model (on-loss: refuse in config.yaml): {paths}."
            raise BadRequest(message, param=lost[0], code="unsupported_parameter")

    def _ruled(
        self, calls: Sequence[fan_out.RenderedCall], provider: str, target: Target, notes: Sequence[Note]
    ) -> tuple[Sequence[fan_out.RenderedCall], Sequence[Note]]:
        """Return the calls with what configuration adds to their bodies, the key of a cache and by payload rules, and
        notes on that."""
        added: list[Note] = []
        if target.prompt_cache_key and (session := self.session()) is not None:
            calls, added = cache_key.keyed(calls, target.model, session)
        if self.settings.payload.empty:
            return calls, added
        names = (target.model, target.alias, self.model or target.alias)
        request = payload_rules.Request(names, provider, self.client.name, self.headers)
        calls, ruled = payload_rules.applied(self.settings.payload, calls, request, notes)
        return calls, [*added, *ruled]

    def _call(self, call: fan_out.RenderedCall, upstream: Upstream, target: Target) -> ProviderCall:
        forwarded = self.settings.forward_headers
        request = provider_request(AGENT, forwarded, target, upstream, call.rendered, self.headers)
        return ProviderCall(call.rendered, request, call.choice)


@immutable
class Understood:
    """The outcome of reading a request: its `body` decoded, the `request` as far as it could be read, and what is to
    be done with it. `seconds` is the time that took."""

    request: ClientRequest
    body: bytes | None
    turn: Turn
    seconds: float


def client_request(
    services: Services, client: ClientDialect, key_name: str, headers: Mapping[str, str], memory: Memory
) -> ClientRequest:
    """Return a request of a key's client that is not read yet, with what is remembered of earlier ones."""
    request = ClientRequest(client, client.parse, services.settings, memory, headers)
    if (state := client.state) is not None and services.responses is not None:
        past = services.responses.of(services.keys.owner(key_name), services.clock.now())
        request.parse = lambda wire: state.parse(wire, past)
        request.refer = lambda wire: state.referred(wire, past)
    return request


def understand(
    services: Services, client: ClientDialect, key_name: str, body: bytes, headers: Mapping[str, str]
) -> Understood:
    """Read a request, choose its target and render it, perhaps in another thread. `headers` are the client's, without
    its key. Raises nothing that is wrong with the request."""
    started, limit = services.clock.now(), services.settings.body_size_limit
    memory = services.memories.of(services.keys.owner(key_name))
    request = client_request(services, client, key_name, headers, memory)
    text: bytes | None = None
    try:
        text = decoded(body, headers.get("content-encoding", ""), limit)
        request.read(text, lambda model: services.catalogue.candidates(model, key_name))
        request.size = len(text)
        turn = request.follow(_planned(services, request, key_name).first(started), started)
    except TranslationError as error:
        turn = Turn(None, error.failure)
    return Understood(request, text, turn, services.clock.now() - started)


def _planned(services: Services, request: ClientRequest, key_name: str) -> Plan:
    """Make the plan for a request that is read."""
    settings, session = services.settings, None
    if settings.routing.session_affinity and (found := request.session()) is not None:
        session = f"{key_name}\0{request.model}\0{found}"
    name = request.model or ""
    request.plan = Plan(services.router, settings, name, request.candidates, session)
    return request.plan


def _named(write: Callable[[Envelope], Writer], target: Target) -> Callable[[Envelope], Writer]:
    """Return what makes the writer of an answer, under the name of the model that configuration wants."""
    return write if target.force_mapping else lambda envelope: OwnName(write, envelope, target.model)


def _limited(notes: list[Note]) -> tuple[Note, ...]:
    """Return `notes`. Raise `BadRequest` for more notes than anybody could read."""
    if len(notes) > MOST_NOTES:
        message = f"More than {MOST_NOTES} notes would have to be made on what this model does not take."
        raise BadRequest(message, code="request_too_large")
    return tuple(notes)
