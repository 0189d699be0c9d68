"""One exchange, from a client's first byte to its last: pure, told what happened, says what to do.

The layer carries bytes and commands between this object and mitmproxy. Nothing here knows a socket; the clock and the
ids are arguments. A provider is reached only by `Send`, whose body was made by a provider dialect: an untranslated
body has no way out.

One request may become several calls to the provider (fan-out), whose answers are joined to one. What is told of a
provider is told of one `call`; nearly always there is only call 0.
"""

import logging
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Literal

from pydantic_core import to_json

from addons.exchange import http_api as front
from addons.exchange.actions import Action, Begin, Data, Drop, Finish, Release, Send, Work
from addons.exchange.attempt import Attempt, Wait
from addons.exchange.excerpt import excerpt
from addons.exchange.http_api import Head, Reply
from addons.exchange.listeners import Audience
from addons.exchange.observers import End, Record, Watcher
from addons.exchange.provider_request import plain
from addons.exchange.request import Rendering, Request, decoded
from addons.exchange.services import House
from routing.catalogue import Target, UnknownModel
from translators.clients.shared.openai_api import JSON
from translators.dialects import Envelope, Writer
from translators.errors import Failure, TranslationError
from translators.joining import Joined
from translators.masking import REDACTED, Mask
from translators.notes import Note, add_new
from translators.pipe import MAX_WHOLE, Pipe

logger = logging.getLogger("gateway")

TICK_SECONDS = 60.0
"""No exchange sleeps longer: mitmproxy closes connections that are silent for 600 seconds."""
SHUT_DOWN = "the gateway shut down"
HEAVY = 128 * 1024
"""Bytes of a request's body, of a whole answer or of an event, above which they are not worked on where they would
hold up every other exchange. The worst of fewer bytes take 0.1 s."""
HEAVY_STREAM = 4 * 1024 * 1024
"""Bytes of a streamed answer, above which its end, for which all of it may be said again, is that much work."""
FAN_OUT_CONCURRENCY = 8
"""As many calls of one request are under way at once; the others wait until one of these has ended."""


@dataclass(frozen=True, slots=True)
class Understood:
    """What became of a request's body: `body` decoded, the `request` as far as it could be read, and its `rendering`
    for the first who may be asked, or the failure that refuses it. `own` is how long that took, in seconds."""

    request: Request
    body: bytes | None
    rendering: Rendering | Failure
    own: float


class Exchange:
    """Told in this order: `opened`, `asked`, then for each attempt at each call `connected`, `answered`, `feed`...,
    `closed` (or `broke` at any point), but nothing more of a call once that is released; `tick` whenever `deadline` has
    come, `cancelled` when the client leaves, `crashed` when a bug of ours shows. Each returns the actions to take, in
    order.

    What is heavy is done elsewhere: a `Work` among the actions is to be answered by `worked`. What is told of the
    provider until then waits for it, in order; the client's leaving does not."""

    def __init__(self, house: House, head: Head, watchers: tuple[Watcher, ...] = ()) -> None:
        self._house = house
        self._settings = house.settings
        self._now = house.clock.now
        self._head = head
        self._client = front.client_of(head.target)
        self._born = self._asked_at = self._spoke_at = self._now()
        self._cors = front.cors(house.settings.cors_origins, head.headers)
        self.record = Record(
            id=front.kept_request_id(head.headers, house.mask) or f"req_{house.new_id()}",
            started=house.clock.wall(),
            method=house.mask.text(head.method),
            path=house.mask.text(head.target.partition("?")[0]),
        )
        self._audience = Audience(house.watchers + watchers, self.record, self._now, house.mask)
        self.over = False
        """The last word to the client is said."""
        self.ended = False
        """And the layer has carried it."""
        self._request: Request | None = None
        self._rendering: Rendering | None = None
        """For the target that is asked."""
        self._first_try = 1
        """The number of the first attempt there."""
        self._held = b""
        """What the client has not been told yet: the beginning of an answer for which another may stand in."""
        self._attempts: dict[int, Attempt] = {}
        """By call: what is under way."""
        self._sent = 0
        """How many of the question's calls have left."""
        self._writer: Writer | None = None
        self._joined: Joined | None = None
        """Puts the answers together, where there are several calls."""
        self._whole = bytearray()
        """The client's answer, where it is not a stream."""
        self._limits: dict[str, str] = {}
        self._told: set[str] = set()
        """The notes that a stream's client knows."""
        self._begun = False
        """A streamed answer's head is on its way to the client."""
        self.counts = True
        """A line in the log is worth it, and a flow; a monitor's health check is not."""
        self.kept = True
        """Somebody may look at its flow when it is over."""
        self.undecoded = False
        """Its request's body could not be decoded, or not within bounds: nobody else is to try."""
        self._then: Callable[[Any], list[Action]] | None = None
        """Goes on with the result of the work that is being done elsewhere."""
        self._waiting: deque[tuple[int, Callable[[], list[Action]]]] = deque()
        """What was told of the provider meanwhile, by call."""
        self._fatal: tuple[str, bytes, bytes, tuple[Note, ...], int] = ("", b"", b"", (), 0)
        """The event that broke the answer, until it is known what its client is told of it. Empty: none did."""

    # --- the client's side ---

    @property
    def mask(self) -> Mask:
        """Knows what nobody may see."""
        return self._audience.mask

    @property
    def body_limit(self) -> int:
        """Bytes of a request's body, as it comes and decompressed."""
        return self._settings.body_size_limit

    def opened(self) -> Reply | None:
        """The request's head is here. None: its body is wanted."""
        head, house = self._head, self._house
        if (reply := front.preflight(self._settings.cors_origins, head)) is not None:
            return self._reply(reply, "complete")
        if front.guarded(head.target):
            refused = self._check_key(head)
            if refused is not None:
                return self._refuse(refused)
        place = front.find(head.method, head.target, head.headers.get("upgrade", ""))
        if isinstance(place, Failure):
            return self._refuse(place)
        if place.route == "health":
            self.counts = False
            return self._reply(front.health(house.draining), "complete")
        if house.draining:
            return self._refuse(front.DRAINING)
        match place.route:
            case "models":
                return self._json(self._client.models(house.catalogue.listing(self.record.key_name or "")))
            case "model":
                return self._model(place.id)
            case "answer":
                return self._stored(place.id)
            case _:
                return self.too_large() if front.declares_more(head, self.body_limit) else None

    def _check_key(self, head: Head) -> Failure | None:
        """Who asks, into the record; or the 401."""
        key = self._client.presented_key(head.headers) if head.key_name is None else ""
        if isinstance(key, Failure):
            return key
        self.record.key_name = head.key_name or self._house.keys.check(key)
        return front.INCORRECT_KEY if self.record.key_name is None else None

    def unreadable(self, failure: Failure) -> Reply:
        """What the client sends cannot be read, or does not come; nothing after this is read."""
        return self._refuse(failure)

    def too_large(self) -> Reply:
        return self._refuse(front.too_large(self.body_limit))

    def answered_elsewhere(self, reply: Reply) -> Reply:
        """Another addon gave the answer; no provider is asked."""
        return self._reply(reply, "complete", cause="answered by another addon")

    def asked(self, body: bytes, headers: Mapping[str, str]) -> list[Action]:
        """The whole request is here. `headers` are the client's, without its key."""
        self._asked_at = self._spoke_at = self._now()
        understand = partial(self._understand, body, headers)
        if len(body) > HEAVY or headers.get("content-encoding") or self._remembers_much():
            return self._elsewhere(understand, partial(self._understood, headers), "request")
        return self._understood(headers, understand())

    def _remembers_much(self) -> bool:
        """A few words may ask for all that is kept of earlier responses."""
        store = self._house.responses
        return store is not None and store.size_of(self.record.key_name or "") > HEAVY

    def _understand(self, body: bytes, headers: Mapping[str, str]) -> Understood:
        """Perhaps elsewhere: changes nothing of the exchange."""
        started, request = self._now(), self._unread(headers)
        key_name = self.record.key_name or ""
        decoded_body: bytes | None = None
        rendering: Rendering | Failure
        try:
            decoded_body = decoded(body, headers.get("content-encoding", ""), self.body_limit)
            request.read(decoded_body, lambda model: self._house.catalogue.candidates(model, key_name))
            rendering = request.render(request.candidates[0])
        except TranslationError as error:
            rendering = error.failure
        return Understood(request, decoded_body, rendering, self._now() - started)

    def _understood(self, headers: Mapping[str, str], made: Understood) -> list[Action]:
        record, self._request = self.record, made.request
        record.model, record.stream, record.notes = made.request.model, made.request.streams, [*made.request.notes]
        record.own += made.own
        self.undecoded = made.body is None
        if made.body is not None:
            self._audience.request(self._head, headers, made.body)
        if isinstance(made.rendering, Rendering):
            return self._ask(made.rendering)
        if record.model is not None and made.request.candidates:
            self._name(made.request.candidates[0])
        return [self._refuse(made.rendering)]

    def _name(self, target: Target) -> None:
        self.record.provider, self.record.provider_model = target.provider, target.model

    def _ask(self, rendering: Rendering) -> list[Action]:
        self._rendering, self._first_try = rendering, self._audience.tries + 1
        self._name(rendering.target)
        record = self.record
        record.notes, record.calls = [*rendering.notes], len(rendering.calls)
        record.targets.append(f"{rendering.target.provider}/{rendering.target.model}")
        if record.calls > 1:
            self._joined = Joined(self._answer_writer(rendering), record.calls)
        return self._send_more(rendering)

    def ask_instead(self, target: Target) -> list[Action]:
        """Drop what was asked, and ask another target, as long as the client has heard nothing. What is known of the
        first stays in the record; its notes and its part of an answer are forgotten."""
        if self.over or self._begun or self._request is None:
            return []
        if self._then is not None:
            return self._later(next(iter(self._attempts), 0), partial(self.ask_instead, target))
        self._forget_answers()
        try:
            rendering = self._request.render(target)
        except TranslationError as error:
            return [Drop(), *self._broken(error.failure, "the request cannot be asked elsewhere")]
        return [Drop(), *self._ask(rendering)]

    def _forget_answers(self) -> None:
        for call, attempt in self._attempts.items():
            if attempt.pipe is not None:
                self._audience.provider(attempt, attempt.pipe.whole_body, call)
                attempt.pipe.let_go()
        self._attempts.clear()
        self._waiting.clear()
        self._writer = self._joined = None
        self._whole, self._held, self._limits, self._sent = bytearray(), b"", {}, 0
        record = self.record
        record.usage = record.first_event = record.finish_reason = record.served_model = record.provider_id = None

    def _elsewhere(
        self, do: Callable[[], object], then: Callable[[Any], list[Action]], on: Literal["request", "answer"]
    ) -> list[Action]:
        self._then = then
        return [Work(do, on)]

    def _later(self, call: int, told: Callable[[], list[Action]]) -> list[Action]:
        self._waiting.append((call, told))
        return []

    def worked(self, result: Any) -> list[Action]:
        """What `Work` returned."""
        then, self._then = self._then, None
        if self.over or then is None:
            return []
        for attempt in self._attempts.values():
            attempt.waits(attempt.waits_for, self._now())  # the time was ours, not the provider's
        actions = then(result)
        while self._waiting and self._then is None and not self.over:
            call, told = self._waiting.popleft()
            if call in self._attempts:
                actions += told()
        return actions

    def cancelled(self, cause: str = "the client left") -> list[Action]:
        """The client is not there any more, or is not to have its answer."""
        if self.over:
            return []
        self._absorb_all()
        self.record.status = self.record.status or 499
        self._end("cancelled", cause=SHUT_DOWN if self._house.ended else cause)
        return [Drop()]

    def shut_down(self) -> list[Action]:
        """The gateway ends. Its client is told; nothing is wrong with the provider."""
        return [] if self.over else [Drop(), *self._broken(front.SHUT_DOWN, SHUT_DOWN)]

    def crashed(self) -> list[Action]:
        """A bug of ours showed. Whatever was not sent yet is not sent."""
        return [Drop()] if self.over else [Drop(), *self._broken(front.INTERNAL, "a bug in the gateway")]

    # --- the provider's side ---

    def connected(self, call: int = 0) -> None:
        if (attempt := self._attempts.get(call)) is not None:
            attempt.waits("first-byte", self._now())

    def answered(self, status: int, headers: Mapping[str, str], call: int = 0) -> list[Action]:
        """The head of the provider's answer. Header names are lower case."""
        if self._then is not None:
            return self._later(call, partial(self.answered, status, headers, call))
        asked, attempt = self._in_flight(call)
        attempt.status, attempt.headers = status, headers
        self._limits = self._audience.clean(asked.upstream.read_limits(headers, self._house.clock.wall()))
        record = self.record
        told = self._audience.without_secrets(headers.get("request-id") or headers.get("x-request-id") or "")
        record.provider_id = record.provider_id or told or None
        if 200 <= status < 300:
            attempt.pipe = Pipe(
                asked.upstream.answer(asked.calls[call].rendered.recall),
                self._part(asked, call),
                framing=asked.upstream.framing,
                content_type=headers.get("content-type", ""),
                coding=headers.get("content-encoding", ""),
                before_end=self._late_notes if asked.streams else None,
                tap=partial(self._heard, call) if self._audience.detailed else None,
                mask=self._audience.mask,
                limit=None if asked.streams else MAX_WHOLE,
                untold=asked.client.untold,
            )
        return []

    def feed(self, data: bytes, call: int = 0) -> list[Action]:
        """Bytes of the provider's answer."""
        if self._then is not None:
            return self._later(call, partial(self.feed, data, call))
        attempt = self._in_flight(call)[1]
        pipe = attempt.pipe
        if pipe is None:
            attempt.keep_error(data)
            return []
        fed = partial(self._fed, call, self._now(), pipe.events)
        if pipe.compressed or pipe.waiting + len(data) > HEAVY or (pipe.streams and pipe.taken > HEAVY_STREAM):
            return self._elsewhere(partial(pipe.feed, data), fed, "answer")
        return fed(pipe.feed(data))

    def _fed(self, call: int, started: float, before: int, out: bytes) -> list[Action]:
        attempt = self._in_flight(call)[1]
        assert attempt.pipe is not None
        if attempt.pipe.events > before:
            if self.record.first_event is None:
                self.record.first_event = started - self._asked_at
            attempt.waits("idle", self._now())
        return self._forward(call, started, out)

    def closed(self, call: int = 0) -> list[Action]:
        """The provider's answer ended as HTTP says it should."""
        if self.over:
            return []
        if self._then is not None:
            return self._later(call, partial(self.closed, call))
        asked, attempt = self._in_flight(call)
        pipe = attempt.pipe
        if pipe is None:
            self._audience.provider(attempt, attempt.error_body(), call)
            failure = attempt.error(asked.upstream, self._audience.mask)
            return [*self._drop_others(), *self._broken(failure, f"the provider answered {attempt.status}")]
        forward = partial(self._forward, call, self._now())
        if pipe.taken > HEAVY:
            return self._elsewhere(pipe.close, forward, "answer")
        return forward(pipe.close())

    def broke(self, cause: str, *, retry: bool, call: int = 0) -> list[Action]:
        """No connection, or it broke. `retry`: nothing of an answer had come, and another connection may help."""
        if self.over:
            return []
        if self._house.ended:
            return self.shut_down()
        if self._then is not None:
            return self._later(call, partial(self.broke, cause, retry=retry, call=call))
        asked, attempt = self._in_flight(call)
        if retry and attempt.number == self._first_try:
            return [self._send(asked, call, attempt.number + 1)]
        message = (
            f"The connection to {asked.target.provider} failed: {plain(cause)}. "
            "Nothing is wrong with the request; try again."
        )
        failure = Failure(502, message, "server_error", None, "provider_connection_failed")
        return [*self._drop_others(), *self._broken(failure, f"connection to the provider: {cause}")]

    def authorised(self, secrets: tuple[tuple[str, str], ...], failure: Failure | None) -> list[Action]:
        """What a request still needed is there: its credentials are `secrets`. Or it is not."""
        self._audience.keep_secret(secrets)
        if failure is None:
            return []
        return [*self._drop_others(), *self._broken(failure, "the request could not be authorised")]

    # --- time ---

    def deadline(self) -> float | None:
        """When `tick` is due at the latest, on the monotonic clock."""
        if self.over or not self._attempts:
            return None
        due: list[tuple[float, Wait]] = []
        for attempt in self._attempts.values():
            due += self._due(attempt)
        at = min(due)[0] if due else self._now() + TICK_SECONDS
        keepalive = self._keepalive_at()
        return at if keepalive is None else min(at, keepalive)

    def _due(self, attempt: Attempt) -> list[tuple[float, Wait]]:
        """While we work, no provider is late."""
        return attempt.due() if self._then is None else []

    def tick(self) -> list[Action]:
        """Time passed."""
        if self.over or self._rendering is None:
            return []
        now, actions = self._now(), list[Action]()
        for attempt in list(self._attempts.values()):
            late = next((what for at, what in self._due(attempt) if at <= now), None)
            if late is not None:
                actions += self._late(attempt, late)
            if self.over:
                return actions
        keepalive = self._keepalive_at()
        if keepalive is not None and keepalive <= now:
            ping = self._rendering.client.keepalive()
            self._audience.pair("", b"", ping)
            actions += self._say(ping)
        return actions

    def _keepalive_at(self) -> float | None:
        asked, every = self._rendering, self._settings.streaming.keepalive_seconds
        if not every or asked is None or not asked.streams or not self._attempts:
            return None
        return self._spoke_at + every

    def _late(self, attempt: Attempt, what: Wait) -> list[Action]:
        assert self._rendering is not None
        failure = attempt.late(what, self._rendering.target.provider)
        return [Drop(), *self._broken(failure, f"timeout: {what}")]

    # --- attempts and answers ---

    def _unread(self, headers: Mapping[str, str]) -> Request:
        house, client = self._house, self._client
        key_name = self.record.key_name or ""
        request = Request(client, client.parse, self._settings, house.memories.of(key_name), headers)
        if (state := client.state) is not None and house.responses is not None:
            past = house.responses.of(key_name, self._now())
            request.parse = lambda body: state.parse(body, past)
            request.refer = lambda body: state.referred(body, past)
        return request

    def _in_flight(self, call: int) -> tuple[Rendering, Attempt]:
        assert self._rendering is not None
        return self._rendering, self._attempts[call]

    def _send_more(self, asked: Rendering) -> list[Action]:
        """The calls that there is room for."""
        actions: list[Action] = []
        while self._sent < len(asked.calls) and len(self._attempts) < FAN_OUT_CONCURRENCY:
            actions.append(self._send(asked, self._sent, self._first_try))
            self._sent += 1
        return actions

    def _send(self, asked: Rendering, call: int, number: int) -> Send:
        """The attempt of that number at a call."""
        self.record.attempts += 1
        self._attempts[call] = Attempt(self._settings.timeouts, self._now(), self._asked_at, number)
        request = asked.calls[call].request
        audience = self._audience
        audience.tries = max(audience.tries, number)
        audience.keep_secret(request.secrets)
        if audience.detailed:
            headers = (*request.headers, *((name, REDACTED) for name, _ in request.secrets))
            audience.message("provider_request", f"POST {request.url}", headers, request.body, call, number)
        return Send(request, number > self._first_try, call)

    def _drop_others(self) -> list[Action]:
        """One call has failed, and its connection is gone or may be kept; the others are not wanted any more."""
        return [Drop()] if len(self._attempts) > 1 else []

    def _answer_writer(self, asked: Rendering) -> Writer:
        """What renders the answer."""
        if self._writer is None:
            id = f"{asked.client.id_prefix}{self._house.new_id()}"
            self._writer = asked.write(Envelope(id, int(self.record.started), asked.model))
        return self._writer

    def _part(self, asked: Rendering, call: int) -> Writer:
        """What renders the answer of one call."""
        if self._joined is None:
            return self._answer_writer(asked)
        return self._joined.part(asked.calls[call].choice, asked.calls[call].rendered.choices)

    def _forward(self, call: int, started: float, out: bytes) -> list[Action]:
        """What the pipe gave, on to the client; with it the answer may be complete, or have failed."""
        actions = self._forwarded(call, out)
        self._spend(started)
        return actions

    def _forwarded(self, call: int, out: bytes) -> list[Action]:
        asked, attempt = self._in_flight(call)
        pipe = attempt.pipe
        assert pipe is not None
        if pipe.streams:
            self._audience.provider(attempt, None, call)
        elif asked.streams and out:
            self._audience.pair("", pipe.whole_body or b"", out, (), call)
        said: list[Action] = []
        if asked.streams and self._is_beginning(pipe):
            self._held += out
        elif asked.streams:
            said, self._held = self._say(self._held + out, pipe), b""
        else:
            self._whole += out
        if pipe.done:
            return [*said, Release(call), *self._complete(pipe, call)]
        if pipe.failure is None:
            return said
        if pipe.failure.status == 502:
            self._tell_operator(asked, pipe)
        return [*said, Drop(), *self._broken(pipe.failure, "the provider's answer")]

    def _is_beginning(self, pipe: Pipe) -> bool:
        """Whether an answer has only begun, and somebody else may be asked if it does not go on."""
        others = self._request is not None and len(self._request.candidates) > 1
        return others and not self._begun and not (pipe.content or pipe.done or pipe.failure)

    def _tell_operator(self, asked: Rendering, pipe: Pipe) -> None:
        """An answer that could not be read, so that whoever looks after the gateway can make a test of it."""
        assert pipe.failure is not None
        where = f"{self.record.id}: {asked.target.provider} ({asked.upstream.name})"
        told = excerpt(map(self._audience.without_secrets, pipe.recent))
        logger.warning("%s: %s The last of it: %s", where, pipe.failure.message, told)

    def _say(self, out: bytes, pipe: Pipe | None = None) -> list[Action]:
        if not out:
            return []
        self._spoke_at = self._now()
        if self._begun:
            return [Data(out)]
        self._begun = True
        self.record.status = 200
        notes = [*self.record.notes, *(pipe.notes if pipe else ())]
        self._told = set(map(repr, notes))
        headers = (*front.STREAM_HEADERS, *self._common(notes))
        self._audience.answer(self._head, 200, headers, None)
        return [Begin(200, headers), Data(out)]

    def _heard(self, call: int, name: str, provider: bytes, client: bytes, notes: tuple[Note, ...]) -> None:
        """An event of the provider's. One that breaks the answer becomes the error that its client is told later."""
        attempt = self._attempts.get(call)
        if attempt is not None and attempt.pipe is not None and attempt.pipe.failure is not None:
            self._fatal = (name, provider, client, notes, call)
        else:
            self._audience.pair(name, provider, client, notes, call)

    def _tell_pair(self, said: bytes) -> None:
        """The last one of a stream that broke: what the client was told of it."""
        name, provider, client, notes, call = self._fatal
        if provider or client or said:
            self._audience.pair(name, provider, client + said, notes, call)

    def _late_notes(self, notes: Sequence[Note]) -> bytes:
        """Those that the head did not have, in a comment, which is no event; nothing if there are none."""
        late = [note for note in notes if repr(note) not in self._told] if self._begun else []
        self._told.update(map(repr, late))
        return front.notes_comment(late) if late else b""

    def _complete(self, pipe: Pipe, call: int) -> list[Action]:
        """A call has its whole answer; with the last of them the client has its own."""
        asked, attempt = self._in_flight(call)
        self._absorb(attempt, pipe, call)
        del self._attempts[call]
        more = self._send_more(asked)
        if self._attempts:
            return more
        self._keep(self._answer_writer(asked))
        if asked.streams:
            self._end("complete")
            return [Finish()]
        return [self._reply(Reply(200, (JSON,), bytes(self._whole)), "complete")]

    def _broken(self, failure: Failure, cause: str) -> list[Action]:
        """The client is told of a failure: with its status, or in the stream where that has begun."""
        self._absorb_all()
        failure, cause = self._audience.without_secrets_in(failure), self._audience.without_secrets(cause)
        if not self._begun:
            reply = front.failed(failure, self._client)
            if self._fatal[1]:
                self._tell_pair(reply.body)
            return [self._reply(reply, "failed", failure, cause)]
        assert self._rendering is not None
        # What renders the answer may be at work elsewhere; the client then hears of no end.
        writer = self._joined or self._answer_writer(self._rendering)
        said = self._late_notes(self.record.notes) + writer.fail(failure) if self._then is None else b""
        self._tell_pair(said)
        self._end("failed", failure, cause)
        return [*([Data(said)] if said else []), Finish(cause)]

    def _absorb_all(self) -> None:
        """What is known of the calls that will not come to their own end."""
        for call, attempt in self._attempts.items():
            if attempt.pipe is not None:
                self._absorb(attempt, attempt.pipe, call)
        self._attempts.clear()

    def _absorb(self, attempt: Attempt, pipe: Pipe, call: int) -> None:
        self._audience.provider(attempt, pipe.whole_body, call)
        record = self.record
        if self._joined is None:
            record.notes.extend(pipe.notes)
            record.usage = pipe.usage
        else:
            add_new(record.notes, pipe.notes)
        record.served_model = record.served_model or pipe.started.model
        record.provider_id = record.provider_id or self._audience.without_secrets(pipe.started.id or "") or None
        if call == 0 and pipe.finished is not None:
            record.finish_reason = pipe.finished.reason
        pipe.let_go()

    def _model(self, name: str) -> Reply:
        try:
            model = self._house.catalogue.get(name, self.record.key_name or "")
        except UnknownModel as error:
            return self._refuse(Failure(404, str(error), "invalid_request_error", "model", "model_not_found"))
        return self._json(self._client.model(model))

    def _stored(self, id: str) -> Reply:
        """GET and DELETE of an answer that was given here."""
        store, state = self._house.responses, self._client.state
        client, now = self.record.key_name or "", self._now()
        if store is None or state is None:
            message = "No response is kept here (response-store in config.yaml)."
            return self._refuse(Failure(404, message, "invalid_request_error", "response_id", "response_not_found"))
        if self._head.method == "DELETE":
            body: Mapping[str, Any] | None = state.deleted(id) if store.delete(client, id, now) else None
        else:
            body = store.get(client, id, now)
        return self._refuse(state.missing(id)) if body is None else self._json(body)

    def _json(self, body: Mapping[str, Any]) -> Reply:
        return self._reply(Reply(200, (JSON,), to_json(body)), "complete")

    def _keep(self, writer: Writer) -> None:
        """Keep what was answered, where the client may come back to it."""
        store, state = self._house.responses, self._client.state
        if store is not None and state is not None and (kept := state.remembered(writer)) is not None:
            store.put(self.record.key_name or "", kept, self._now())

    # --- the last word ---

    def _refuse(self, failure: Failure) -> Reply:
        failure = self._audience.without_secrets_in(failure)
        return self._reply(front.failed(failure, self._client), "refused", failure)

    def _reply(self, reply: Reply, end: End, failure: Failure | None = None, cause: str | None = None) -> Reply:
        headers = {**dict(self._common(self.record.notes)), **dict(reply.headers)}
        reply = replace(reply, headers=tuple(headers.items()))
        self.record.status = reply.status
        self._end(end, failure, cause)
        self._audience.answer(self._head, reply.status, reply.headers, reply.body)
        return reply

    def _common(self, notes: list[Note]) -> list[tuple[str, str]]:
        """The headers of every answer."""
        spent = round((self._now() - self._born) * 1000)
        headers = [("x-request-id", self.record.id), ("openai-processing-ms", str(spent)), *self._cors]
        if self._rendering is not None:
            target = self._rendering.target
            headers.append(("x-gateway-model", front.ascii_json(f"{target.provider}/{target.model}")))
        headers.extend(self._limits.items())
        if notes:
            headers.append(("x-gateway-notes", front.notes_header(notes)))
        return headers

    def _end(self, end: End, failure: Failure | None = None, cause: str | None = None) -> None:
        record = self.record
        if self._joined is not None:
            record.usage = self._joined.usage
        record.end, record.cause = end, cause
        if failure is not None:
            record.error, record.message, record.param = failure.code or failure.type, failure.message, failure.param
        record.duration = self._now() - self._born
        self.over = True

    def finished(self) -> None:
        """The last word is on its way: now those who listen are told the end, and bodies are let go of."""
        self._audience.ended(counts=self.counts)
        self._request = self._rendering = self._writer = self._joined = self._then = None
        self._held = b""
        self._whole = bytearray()
        self._attempts.clear()
        self._waiting.clear()

    def _spend(self, started: float) -> None:
        self.record.own += self._now() - started
