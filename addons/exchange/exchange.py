"""One exchange, from a client's first byte to its last: pure, told what happened, says what to do.

The layer carries bytes and commands between this object and mitmproxy. Nothing here knows a socket; the clock and the
ids are arguments. A provider is reached only by `Send`, whose body was made by a provider dialect: an untranslated
body has no way out.

One request may become several calls to the provider (fan-out), whose answers are joined to one. What is told of a
provider is told of one `call`; nearly always there is only call 0.
"""

import logging
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, Literal

from addons.exchange import http_api
from addons.exchange.actions import Action, Drop, Release, Work
from addons.exchange.attempt import Attempt
from addons.exchange.calls import Calls
from addons.exchange.desk import Desk
from addons.exchange.excerpt import excerpt
from addons.exchange.http_api import Head, Reply
from addons.exchange.listeners import Listeners
from addons.exchange.observers import Record, Watcher
from addons.exchange.provider_request import plain
from addons.exchange.request import Rendering, Request, decoded
from addons.exchange.services import Services
from addons.exchange.telling import Telling
from routing.catalogue import Target
from translators.clients.shared.openai_api import JSON
from translators.errors import Failure, TranslationError
from translators.masking import Mask
from translators.pipe import Pipe

logger = logging.getLogger("gateway")

TICK_SECONDS = 60.0
"""No exchange sleeps longer: mitmproxy closes connections that are silent for 600 seconds."""
SHUT_DOWN = "the gateway shut down"
HEAVY = 128 * 1024
"""Bytes of a request's body, of a whole answer or of an event, above which they are not worked on where they would
hold up every other exchange. The worst of fewer bytes take 0.1 s."""
HEAVY_STREAM = 4 * 1024 * 1024
"""Bytes of a streamed answer, above which its end, for which all of it may be said again, is that much work."""


@dataclass(frozen=True, slots=True)
class Understood:
    """The outcome of reading a request: its `body` decoded, the `request` as far as it could be read, and its
    `rendering` for the first target, or the failure that refuses it. `own` is the time that took, in seconds."""

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

    def __init__(self, services: Services, head: Head, watchers: tuple[Watcher, ...] = ()) -> None:
        self._services = services
        self._now = services.clock.now
        self._head = head
        self._client = http_api.client_of(head.target)
        self._asked_at = self._now()
        self.record = Record(
            id=http_api.kept_request_id(head.headers, services.mask) or f"req_{services.new_id()}",
            started=services.clock.wall(),
            method=services.mask.text(head.method),
            path=services.mask.text(head.target.partition("?")[0]),
        )
        self._listeners = Listeners(services.watchers + watchers, self.record, self._now, services.mask)
        self._desk = Desk(services, head, self._client, self.record)
        self._telling = Telling(services, head, self._client, self.record, self._listeners)
        self._request: Request | None = None
        self._calls: Calls | None = None
        """At the target that is asked."""
        self.ended = False
        """The layer has carried the last word."""
        self.kept = True
        """Somebody may look at its flow when it is over."""
        self.undecoded = False
        """Its request's body could not be decoded, or not within bounds: nobody else is to try."""
        self._then: Callable[[Any], list[Action]] | None = None
        """Goes on with the result of the work that is being done elsewhere."""
        self._waiting: deque[tuple[int, Callable[[], list[Action]]]] = deque()
        """Events that came during `Work`, each with its call."""

    @property
    def over(self) -> bool:
        """Return whether the last word to the client is said."""
        return self._telling.over

    @property
    def counts(self) -> bool:
        """Return whether a line in the log is worth it, and a flow; a monitor's health check is not."""
        return self._desk.counts

    @property
    def mask(self) -> Mask:
        """Return what knows all that nobody may see."""
        return self._listeners.mask

    @property
    def body_limit(self) -> int:
        """Return the bytes that a request's body may have, as it comes and decompressed."""
        return self._services.settings.body_size_limit

    # --- the client's side ---

    def opened(self) -> Reply | None:
        """Take the request's head. Return what answers it; None: its body is wanted."""
        answer = self._desk.answer()
        if isinstance(answer, Failure):
            return self._telling.refuse(answer)
        return None if answer is None else self._telling.reply(answer, "complete")

    def unreadable(self, failure: Failure) -> Reply:
        """Refuse a request that cannot be read, or does not come. Nothing after it is read."""
        return self._telling.refuse(failure)

    def too_large(self) -> Reply:
        return self._telling.refuse(http_api.too_large(self.body_limit))

    def answered_elsewhere(self, reply: Reply) -> Reply:
        """Take the answer of another addon; no provider is asked."""
        return self._telling.reply(reply, "complete", cause="answered by another addon")

    def asked(self, body: bytes, headers: Mapping[str, str]) -> list[Action]:
        """Take the whole request. `headers` are the client's, without its key."""
        self._asked_at = self._telling.spoke_at = self._now()
        understand = partial(self._understand, body, headers)
        if len(body) > HEAVY or headers.get("content-encoding") or self._desk.remembers_much(HEAVY):
            return self._elsewhere(understand, partial(self._understood, headers), "request")
        return self._understood(headers, understand())

    def ask_instead(self, target: Target) -> list[Action]:
        """Drop what was asked, and ask another target, as long as the client has heard nothing. What is known of the
        first stays in the record; its notes and its part of an answer are forgotten."""
        if self.over or self._telling.begun or self._request is None or self._calls is None:
            return []
        if self._then is not None:
            return self._later(next(iter(self._calls.attempts), 0), partial(self.ask_instead, target))
        self._calls.forget()
        self._waiting.clear()
        self._telling.limits = {}
        try:
            rendering = self._request.render(target)
        except TranslationError as error:
            return [Drop(), *self._broken(error.failure, "the request cannot be asked elsewhere")]
        return [Drop(), *self._ask(rendering)]

    def worked(self, result: Any) -> list[Action]:
        """Take what `Work` returned, and then the events that came meanwhile."""
        then, self._then = self._then, None
        if self.over or then is None:
            return []
        for attempt in self._attempts.values():
            attempt.waits(attempt.waits_for, self._now())  # the time was ours, not the provider's
        actions = then(result)
        while self._waiting and self._then is None and not self.over:
            call, event = self._waiting.popleft()
            if call in self._attempts:
                actions += event()
        return actions

    def cancelled(self, cause: str = "the client left") -> list[Action]:
        """End an exchange whose client is not there any more, or is not to have its answer."""
        if self.over:
            return []
        if self._calls is not None:
            self._calls.end_all()
        self.record.status = self.record.status or 499
        self._telling.end("cancelled", cause=SHUT_DOWN if self._services.ended else cause)
        return [Drop()]

    def shut_down(self) -> list[Action]:
        """Tell the client that the gateway ends; nothing is wrong with the provider."""
        return [] if self.over else [Drop(), *self._broken(http_api.SHUT_DOWN, SHUT_DOWN)]

    def crashed(self) -> list[Action]:
        """End an exchange in which a bug of ours showed. Nothing more of its answer is sent."""
        return [Drop()] if self.over else [Drop(), *self._broken(http_api.INTERNAL, "a bug in the gateway")]

    def finished(self) -> None:
        """Tell the listeners the end, now that the last word is on its way, and let go of bodies."""
        self._listeners.ended(counts=self.counts)
        self._request = self._calls = self._then = None
        self._waiting.clear()

    # --- the provider's side ---

    def connected(self, call: int = 0) -> None:
        if (attempt := self._attempts.get(call)) is not None:
            attempt.waits("first-byte", self._now())

    def answered(self, status: int, headers: Mapping[str, str], call: int = 0) -> list[Action]:
        """Take the head of the provider's answer. Header names are lower case."""
        if self._then is not None:
            return self._later(call, partial(self.answered, status, headers, call))
        tap = partial(self._heard, call) if self._listeners.detailed else None
        self._telling.limits = self._under_way.open(call, status, headers, tap, self._telling.late_notes)
        return []

    def feed(self, data: bytes, call: int = 0) -> list[Action]:
        """Take bytes of the provider's answer."""
        if self._then is not None:
            return self._later(call, partial(self.feed, data, call))
        attempt = self._attempts[call]
        pipe = attempt.pipe
        if pipe is None:
            attempt.keep_error(data)
            return []
        fed = partial(self._fed, call, self._now(), pipe.events)
        if pipe.compressed or pipe.waiting + len(data) > HEAVY or (pipe.streams and pipe.taken > HEAVY_STREAM):
            return self._elsewhere(partial(pipe.feed, data), fed, "answer")
        return fed(pipe.feed(data))

    def closed(self, call: int = 0) -> list[Action]:
        """Take the end of the provider's answer, which is as HTTP says it should be."""
        if self.over:
            return []
        if self._then is not None:
            return self._later(call, partial(self.closed, call))
        attempt = self._attempts[call]
        pipe = attempt.pipe
        if pipe is None:
            failure = self._under_way.error(attempt, call)
            return self._failed(failure, f"the provider answered {attempt.status}")
        forward = partial(self._forward, call, self._now())
        if pipe.taken > HEAVY:
            return self._elsewhere(pipe.close, forward, "answer")
        return forward(pipe.close())

    def broke(self, cause: str, *, retry: bool, call: int = 0) -> list[Action]:
        """Take it that a connection broke, or never was. `retry`: no answer had begun, another connection may help."""
        if self.over:
            return []
        if self._services.ended:
            return self.shut_down()
        if self._then is not None:
            return self._later(call, partial(self.broke, cause, retry=retry, call=call))
        calls, number = self._under_way, self._attempts[call].number
        if retry and number == calls.first_try:
            return [calls.send(call, number + 1)]
        message = (
            f"The connection to {calls.rendering.target.provider} failed: {plain(cause)}. "
            "Nothing is wrong with the request; try again."
        )
        failure = Failure(502, message, "server_error", None, "provider_connection_failed")
        return self._failed(failure, f"connection to the provider: {cause}")

    def authorised(self, secrets: tuple[tuple[str, str], ...], failure: Failure | None) -> list[Action]:
        """Take what a request still needed, its credentials `secrets`, or the `failure` to get it."""
        self._listeners.keep_secret(secrets)
        return [] if failure is None else self._failed(failure, "the request could not be authorised")

    # --- time ---

    def deadline(self) -> float | None:
        """Return when `tick` is due at the latest, on the monotonic clock."""
        if self.over or not self._attempts:
            return None
        # While we work, no provider is late.
        due = self._under_way.due() if self._then is None else []
        at = min((at for at, _, _ in due), default=self._now() + TICK_SECONDS)
        keepalive = self._keepalive_at()
        return at if keepalive is None else min(at, keepalive)

    def tick(self) -> list[Action]:
        """Do what is due by now."""
        if self.over or self._calls is None:
            return []
        now, calls = self._now(), self._calls
        for at, what, attempt in calls.due() if self._then is None else ():
            if at <= now:
                failure = attempt.late(what, calls.rendering.target.provider)
                return [Drop(), *self._broken(failure, f"timeout: {what}")]
        keepalive = self._keepalive_at()
        if keepalive is None or keepalive > now:
            return []
        ping = self._client.keepalive()
        self._listeners.pair("", b"", ping)
        return self._telling.say(ping)

    def _keepalive_at(self) -> float | None:
        calls, every = self._calls, self._services.settings.streaming.keepalive_seconds
        if not every or calls is None or not calls.rendering.streams or not calls.attempts:
            return None
        return self._telling.spoke_at + every

    # --- the request ---

    def _understand(self, body: bytes, headers: Mapping[str, str]) -> Understood:
        """Read the request, perhaps in another thread: this changes nothing of the exchange."""
        started, services, key_name = self._now(), self._services, self.record.key_name or ""
        request = Request(self._client, self._client.parse, services.settings, services.memories.of(key_name), headers)
        if (state := self._client.state) is not None and services.responses is not None:
            past = services.responses.of(key_name, started)
            request.parse = lambda body: state.parse(body, past)
            request.refer = lambda body: state.referred(body, past)
        decoded_body: bytes | None = None
        rendering: Rendering | Failure
        try:
            decoded_body = decoded(body, headers.get("content-encoding", ""), self.body_limit)
            request.read(decoded_body, lambda model: services.catalogue.candidates(model, key_name))
            rendering = request.render(request.candidates[0])
        except TranslationError as error:
            rendering = error.failure
        return Understood(request, decoded_body, rendering, self._now() - started)

    def _understood(self, headers: Mapping[str, str], made: Understood) -> list[Action]:
        record, request = self.record, made.request
        self._request = request
        record.model, record.stream, record.notes = request.model, request.streams, [*request.notes]
        record.own += made.own
        self.undecoded = made.body is None
        if made.body is not None:
            self._listeners.request(self._head, headers, made.body)
        if isinstance(made.rendering, Rendering):
            return self._ask(made.rendering)
        if record.model is not None and request.candidates:
            target = request.candidates[0]
            record.provider, record.provider_model = target.provider, target.model
        return [self._telling.refuse(made.rendering)]

    def _ask(self, rendering: Rendering) -> list[Action]:
        self._telling.target = rendering.target
        self._calls = Calls(self._services, rendering, self.record, self._listeners, self._asked_at)
        return [*self._calls.send_more()]

    # --- the answer ---

    @property
    def _under_way(self) -> Calls:
        assert self._calls is not None
        return self._calls

    @property
    def _attempts(self) -> Mapping[int, Attempt]:
        return {} if self._calls is None else self._calls.attempts

    def _elsewhere(
        self, do: Callable[[], object], then: Callable[[Any], list[Action]], on: Literal["request", "answer"]
    ) -> list[Action]:
        self._then = then
        return [Work(do, on)]

    def _later(self, call: int, event: Callable[[], list[Action]]) -> list[Action]:
        self._waiting.append((call, event))
        return []

    def _heard(self, call: int, name: str, provider: bytes, client: bytes, notes: Any) -> None:
        attempt = self._attempts.get(call)
        broken = attempt is not None and attempt.pipe is not None and attempt.pipe.failure is not None
        self._telling.show(call, broken, name, provider, client, notes)

    def _fed(self, call: int, started: float, before: int, out: bytes) -> list[Action]:
        attempt = self._attempts[call]
        assert attempt.pipe is not None
        if attempt.pipe.events > before:
            if self.record.first_event is None:
                self.record.first_event = started - self._asked_at
            attempt.waits("idle", self._now())
        return self._forward(call, started, out)

    def _forward(self, call: int, started: float, out: bytes) -> list[Action]:
        """Hand on to the client what the pipe gave; with it the answer may be complete, or have failed."""
        actions = self._forwarded(call, out)
        self.record.own += self._now() - started
        return actions

    def _forwarded(self, call: int, out: bytes) -> list[Action]:
        calls, attempt = self._under_way, self._attempts[call]
        pipe = attempt.pipe
        assert pipe is not None
        streams = calls.rendering.streams
        if pipe.streams:
            self._listeners.provider(attempt, None, call)
        elif streams and out:
            self._listeners.pair("", pipe.whole_body or b"", out, (), call)
        actions: list[Action] = []
        if not streams:
            calls.whole += out
        elif self._only_begins(pipe):
            calls.held += out
        else:
            actions, calls.held = self._telling.say(calls.held + out, pipe.notes), b""
        if pipe.done:
            return [*actions, Release(call), *self._complete(call)]
        if pipe.failure is None:
            return actions
        if pipe.failure.status == 502:
            self._tell_operator(pipe)
        return [*actions, Drop(), *self._broken(pipe.failure, "the provider's answer")]

    def _only_begins(self, pipe: Pipe) -> bool:
        """Return whether an answer has only begun, and somebody else may be asked if it does not go on."""
        others = self._request is not None and len(self._request.candidates) > 1
        return others and not self._telling.begun and not (pipe.content or pipe.done or pipe.failure)

    def _complete(self, call: int) -> list[Action]:
        """End a call that has its whole answer; with the last of them the client has its own."""
        calls = self._under_way
        calls.end(call)
        more = calls.send_more()
        if calls.attempts:
            return [*more]
        self._desk.keep(calls.writer)
        if calls.rendering.streams:
            return self._telling.finish()
        return [self._telling.reply(Reply(200, (JSON,), bytes(calls.whole)), "complete")]

    def _failed(self, failure: Failure, cause: str) -> list[Action]:
        """Fail with one call, whose connection is gone or may be kept; the others are not wanted any more."""
        dropped: list[Action] = [Drop()] if len(self._attempts) > 1 else []
        return [*dropped, *self._broken(failure, cause)]

    def _broken(self, failure: Failure, cause: str) -> list[Action]:
        if self._calls is None:
            return self._telling.fail(failure, cause, None)
        self._calls.end_all()
        # What renders the answer may be at work elsewhere; the client then hears of no end.
        return self._telling.fail(failure, cause, self._calls.written if self._then is None else None)

    def _tell_operator(self, pipe: Pipe) -> None:
        """Log an answer that could not be read, so that whoever looks after the gateway can make a test of it."""
        assert pipe.failure is not None
        rendering = self._under_way.rendering
        where = f"{self.record.id}: {rendering.target.provider} ({rendering.upstream.name})"
        shown = excerpt(map(self._listeners.without_secrets, pipe.recent))
        logger.warning("%s: %s The last of it: %s", where, pipe.failure.message, shown)
