"""Events of the connections to a provider, and the actions that follow from each.

One request may become several calls to the provider (fan-out), whose answers are joined to one. An event belongs to one
`call`; nearly always there is only call 0. What comes while heavy work is done elsewhere waits for it, in order.
"""

import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from functools import partial

from addons.exchange import http_api
from addons.exchange.actions import Action, Drop, Release
from addons.exchange.attempt import Attempt, Wait
from addons.exchange.calls import Calls
from addons.exchange.excerpt import excerpt
from addons.exchange.faults import Injection
from addons.exchange.heavy_work import HeavyWork
from addons.exchange.listeners import Listeners
from addons.exchange.observers import Record
from addons.exchange.passed_headers import passed_on
from addons.exchange.provider_request import plain
from addons.exchange.race import Race
from addons.exchange.request import Rendering
from addons.exchange.response import Response
from addons.exchange.services import Services
from routing.outcomes import Kind, Outcome, wait
from routing.plan import Plan
from routing.targets import Target
from translators.dialects import Writer
from translators.errors import Failure
from translators.pipe import Pipe, Tapped

logger = logging.getLogger("gateway")

SHUT_DOWN = "the gateway shut down"
EMPTY = Outcome("empty")
UNREADABLE = "its answer cannot be read"
_PROXY = "the proxy "
"""With this each cause begins for which a proxy is to blame, and not the provider."""
_BROKEN: Mapping[str, Kind] = {
    "bad_provider_answer": "unreadable",
    "empty_answer": "unreadable",
    "incomplete_answer": "cut",
}
"""Kinds of failures by the code of an answer that is none; any other is the provider's own error."""
HEAVY = 128 * 1024
"""Bytes of a request's body, of a whole answer or of an event, above which they are not worked on where they would
hold up every other exchange. The worst of fewer bytes take 0.1 s."""
MOST_HELD = 64 * 1024
"""Bytes of a stream without content that are kept back; more of them count as content."""
HEAVY_STREAM = 4 * 1024 * 1024
"""Bytes of a streamed answer, above which its end, which may repeat all of it, is that much work."""


class ProviderSide:
    """The calls of one exchange. For each attempt at each call the order of events is `connected`, `head_received`,
    `data_received`..., `eof_received`, or `connection_lost` at any point; after `Release` or `Drop` there are none.

    `store` keeps the answer that a writer has rendered, where its client may come back to it. `elsewhere` is what
    follows from a failure as long as the client has no content: the actions that ask another target, or None.
    """

    def __init__(
        self,
        services: Services,
        record: Record,
        listeners: Listeners,
        response: Response,
        work: HeavyWork,
        race: Race,
        store: Callable[[Writer], None],
        elsewhere: Callable[[Target, Outcome], list[Action] | None],
    ) -> None:
        self._services, self._record, self._listeners = services, record, listeners
        self._response, self._work, self._race = response, work, race
        self._store, self._elsewhere = store, elsewhere
        self._now = services.clock.now
        self.attempts = race.attempts
        self._fallen: tuple[Calls, Failure, str] | None = None
        """What the client is told if nobody else can be asked after a wait: the last failure, and its cause."""
        self._injected: int | None = None
        """The call that gets an injected fault in place of an answer, which is due at `injected_at`."""
        self.injected_at: float | None = None

    def ask(self, rendering: Rendering, requested_at: float, plan: Plan) -> list[Action]:
        """Send a request to its target, perhaps beside another one."""
        injection = self._response.injection
        if injection is None:
            return [*self._race.begin(rendering, requested_at, plan)]
        noted = replace(rendering, notes=(*rendering.notes, injection.note))
        sends = self._race.begin(noted, requested_at, plan)
        if not injection.replaces_provider():
            return [*sends]
        self._injected, self.injected_at = sends[0].call, self._now()
        return []

    @property
    def fallen(self) -> bool:
        """Return whether there is a failure to report where nobody else can be asked."""
        return self._fallen is not None

    def due(self) -> list[tuple[float, Wait, Attempt]]:
        """Return the deadlines on the monotonic clock, each with what must have come by then, and its attempt."""
        return [(at, what, attempt) for attempt in self.attempts.values() for at, what in attempt.due()]

    # --- events ---

    def connected(self, call: int = 0) -> None:
        if (attempt := self.attempts.get(call)) is not None:
            attempt.connected_at = now = self._now()
            attempt.wait_for("first-byte", now)

    def authorised(self, secrets: tuple[tuple[str, str], ...], failure: Failure | None, call: int = 0) -> list[Action]:
        """Take the credentials that a request still needed, or the `failure` to get them."""
        self._listeners.keep_secret(secrets)
        if failure is None:
            return []
        outcome = Outcome("credentials", failure.status, failure.code or "")
        return self._failed(self.attempts[call].calls, failure, "the request could not be authorised", outcome)

    def head_received(self, status: int, headers: Mapping[str, str], call: int = 0) -> list[Action]:
        """Take the head of the provider's answer. Header names are lower case."""
        if self._work.busy:
            return self._work.postpone(call, partial(self.head_received, status, headers, call))
        tap = partial(self._show, call) if self._listeners.detailed else None
        calls = self.attempts[call].calls
        calls.open(call, status, headers, tap, self._response.late_notes)
        if self._services.settings.passthrough_headers:
            calls.passed = self._listeners.clean(passed_on(headers))
        self._race.take_headers(calls)
        return []

    def data_received(self, data: bytes, call: int = 0) -> list[Action]:
        """Take bytes of the provider's answer."""
        if self._work.busy:
            return self._work.postpone(call, partial(self.data_received, data, call))
        attempt = self.attempts[call]
        pipe = attempt.pipe
        if pipe is None:
            attempt.add_to_error(data)
            return []
        fed = partial(self._fed, call, self._now(), pipe.events)
        if pipe.compressed or pipe.waiting + len(data) > HEAVY or (pipe.streams and pipe.taken > HEAVY_STREAM):
            return self._work.start(partial(pipe.feed, data), fed, "answer")
        return fed(pipe.feed(data))

    def eof_received(self, call: int = 0) -> list[Action]:
        """Take the end of the provider's answer, which is complete by the rules of HTTP."""
        if self._response.over:
            return []
        if self._work.busy:
            return self._work.postpone(call, partial(self.eof_received, call))
        attempt = self.attempts[call]
        pipe = attempt.pipe
        if pipe is None:
            return self._refused(call, attempt)
        forward = partial(self._forward, call, self._now())
        if pipe.taken > HEAVY:
            return self._work.start(pipe.close, forward, "answer")
        return forward(pipe.close())

    def connection_lost(self, cause: str, *, retry: bool, call: int = 0) -> list[Action]:
        """Take it that a connection broke, or never was. `retry`: no answer had begun, another connection may help."""
        if self._response.over:
            return []
        if self._services.life.ended:
            return self.shut_down()
        if self._work.busy:
            return self._work.postpone(call, partial(self.connection_lost, cause, retry=retry, call=call))
        attempt = self.attempts[call]
        calls, connecting = attempt.calls, attempt.waiting_for == "connect" or cause.startswith(_PROXY)
        kind: Kind = "unreadable" if cause.startswith(UNREADABLE) else "connect" if connecting else "cut"
        if attempt.injected:
            cause += " (injected)"
        outcome = Outcome(kind, code=plain(cause), injected=attempt.injected)
        alone = not connecting or not self._race.replaceable
        if retry and alone and attempt.number == calls.first_try:
            return [calls.send_again(call, outcome)]
        message = (
            f"The connection to {calls.target.provider} failed: {plain(cause)}. "
            "Nothing is wrong with the request; try again."
        )
        failure = Failure(502, message, "server_error", None, "provider_connection_failed")
        return self._failed(calls, failure, f"connection to the provider: {cause}", outcome)

    def late(self, what: Wait, attempt: Attempt) -> list[Action]:
        """Take it that what an attempt waits for has not come in time."""
        calls = attempt.calls
        failure, cause = attempt.late(what, calls.target.provider), f"timeout: {what}"
        if what == "total":
            return [Drop(), *self.fail(failure, cause, Outcome("timeout", code=what))]
        return self._failed(calls, failure, cause, Outcome("timeout", code=what), drop=True)

    # --- an injected fault ---

    def inject(self) -> list[Action]:
        """Answer a call as a provider would that has the fault; nothing has left."""
        call, self._injected, self.injected_at = self._injected, None, None
        injection, attempt = self._response.injection, None if call is None else self.attempts.get(call)
        if injection is None or call is None or attempt is None:
            return []
        attempt.injected = True
        if injection.fault.kind == "connect":
            return self.connection_lost("it was refused", retry=False, call=call)
        status, headers, body = injection.refusal()
        self.head_received(status, headers, call)
        attempt.add_to_error(body)
        return self._refused(call, attempt)

    def _break_off(self, injection: Injection, call: int) -> list[Action]:
        """End an answer where an injected fault wants it: as if the provider had, or the network to the client."""
        if injection.fault.kind == "disconnect":
            self.end_all(Outcome("ended", code=injection.fault.text, injected=True))
            return [Drop(), *self._response.disconnect(injection.cause)]
        injection.cut()
        self.attempts[call].injected = True
        cause = "it closed the connection before its answer was complete"
        return [Drop((call,)), *self.connection_lost(cause, retry=False, call=call)]

    # --- the end ---

    def give_up(self) -> list[Action]:
        """Report the last failure to the client: nobody else can be asked. There must be one."""
        assert self._fallen is not None
        calls, failure, cause = self._fallen
        return self._report(calls, failure, cause)

    def fail(self, failure: Failure, cause: str, outcome: Outcome | None = None) -> list[Action]:
        """End all calls, and report a failure to the client. The caller drops the connections. Without an `outcome` of
        an attempt it is the gateway that ends them, and what an injected fault still holds back."""
        if outcome is None and self._response.injection is not None:
            self._response.injection.give_up()
        calls = self._race.first or (self._fallen[0] if self._fallen is not None else None)
        self.end_all(outcome or Outcome("ended", code=cause))
        return self._report(calls, failure, cause)

    def end_all(self, outcome: Outcome) -> None:
        """Put the results of all calls into the record; none of them comes to its own end."""
        self._race.end_all(outcome)

    def shut_down(self) -> list[Action]:
        """Tell the client that the gateway ends; nothing is wrong with the provider."""
        return [Drop(), *self.fail(http_api.SHUT_DOWN, SHUT_DOWN)]

    def _report(self, calls: Calls | None, failure: Failure, cause: str) -> list[Action]:
        if calls is None:
            return self._response.fail(failure, cause, None)
        # The writer may be at work elsewhere; the client's stream then cannot have an error of its own.
        written = None if self._work.busy else lambda masked: calls.held + calls.written(masked)
        whole = self._response.injection is None
        calls.show_unsent(sent=whole and self._response.begun and written is not None)
        return self._response.fail(failure, cause, written)

    # --- another target ---

    def _refused(self, call: int, attempt: Attempt) -> list[Action]:
        """Take a whole answer that is no 2xx."""
        calls = attempt.calls
        failure = calls.error(attempt, call)
        text = self._listeners.without_secrets(attempt.error_body()).decode("utf-8", "replace")
        retry_after = wait(failure.headers, calls.limits, self._services.clock.wall())
        outcome = Outcome("status", attempt.status, failure.code or "", text, retry_after, attempt.injected)
        return self._failed(calls, failure, f"the provider answered {attempt.status}", outcome)

    def _failed(
        self, calls: Calls, failure: Failure, cause: str, outcome: Outcome, *, drop: bool = False
    ) -> list[Action]:
        """Take it that the calls at a target have failed. Unless the client has content, another one may be asked.
        `drop`: the connection of the one that failed is still there; those of the others are in any case."""
        if self._race.several and self._race.plan is not None:
            dropped: list[Action] = [Drop(tuple(calls.under_way))] if drop or len(calls.under_way) > 1 else []
            self._race.remove(calls, outcome)
            self._race.plan.note(calls.target, outcome, self._now())
            return dropped
        dropped = [Drop()] if drop or len(self.attempts) > 1 else []
        if self._response.committed:
            if self._race.plan is not None:
                self._race.plan.broke(calls.target, outcome, self._now())
            return [*dropped, *self.fail(failure, cause, outcome)]
        calls.report(outcome)
        actions = self._elsewhere(calls.target, outcome)
        if actions is None:
            return [*dropped, *self.fail(failure, cause, outcome)]
        self._fallen = (calls, failure, cause)
        return [*dropped, *actions]

    # --- the answer ---

    def _show(self, call: int, events: Sequence[Tapped], broken: bool) -> None:
        attempt = self.attempts.get(call)
        shown, number = (call, 0) if attempt is None else (call - attempt.calls.first, attempt.number)
        if attempt is not None and attempt.calls.rendering.streams and not attempt.calls.content:
            waiting = events[:-1] if broken else events
            attempt.calls.unsent.append((self._now(), waiting, shown, number))
            events = events[len(waiting) :]
        self._response.show(events, shown, number, broken=broken)

    def _fed(self, call: int, started: float, before: int, out: bytes) -> list[Action]:
        attempt = self.attempts[call]
        assert attempt.pipe is not None
        if attempt.pipe.events > before:
            if attempt.first_event_at is None:
                attempt.first_event_at = started
                if self._record.first_event is None:
                    self._record.first_event = started - self._race.requested_at
            attempt.wait_for("idle", self._now())
        return self._forward(call, started, out)

    def _forward(self, call: int, started: float, out: bytes) -> list[Action]:
        """Hand on to the client what the pipe gave; with it the answer may be complete, or have failed."""
        injection = self._response.injection
        if injection is not None and injection.cuts(streams=self.attempts[call].calls.rendering.streams):
            return self._break_off(injection, call)
        actions = self._forwarded(call, out)
        self._record.own += self._now() - started
        return actions

    def _forwarded(self, call: int, out: bytes) -> list[Action]:
        attempt = self.attempts[call]
        calls, pipe = attempt.calls, attempt.pipe
        assert pipe is not None
        streams = calls.rendering.streams
        if pipe.streams:
            self._listeners.provider(attempt, None, call - calls.first)
        elif streams and out:
            self._response.show([("", pipe.whole_body or b"", out, ())], call - calls.first, attempt.number)
        actions: list[Action] = []
        if not calls.content and (pipe.content or len(calls.held) > MOST_HELD):
            actions += self._race.won(calls)
        if not streams:
            calls.whole += out
        elif calls.content or not self._race.replaceable:
            actions += self._race.send(calls, out, pipe.notes)
        else:
            calls.held += out
        if (injection := self._response.injection) is not None and injection.struck:
            return [*actions, *self._break_off(injection, call)]
        if pipe.done:
            return [*actions, Release(call), *self._complete(calls, call)]
        return actions if pipe.failure is None else [*actions, *self._broken(calls, call, pipe, pipe.failure)]

    def _broken(self, calls: Calls, call: int, pipe: Pipe, failure: Failure) -> list[Action]:
        """Take an answer that holds an error, or cannot be read."""
        if failure.status == 502:
            _log_unreadable(self._record.id, calls, map(self._listeners.without_secrets, pipe.recent), failure)
        kind = _BROKEN.get(failure.code or "", "stream")
        outcome = Outcome(
            kind,
            failure.status,
            failure.code or failure.type,
            failure.message,
            wait(failure.headers, {}, self._services.clock.wall()),
        )
        return self._failed(calls, failure, "the provider's answer", outcome, drop=True)

    def _complete(self, calls: Calls, call: int) -> list[Action]:
        """End a call that has its whole answer; with the last of them the client has its own."""
        if not calls.content and calls.under_way == [call]:
            if _is_empty(self.attempts[call].pipe) and (actions := self._if_empty(calls)) is not None:
                return actions
            self._race.won(calls)
        calls.end(call)
        more = calls.send_more()
        if calls.under_way:
            return [*more]
        self._race.complete(calls)
        self._store(calls.writer)
        if calls.rendering.streams:
            return [*self._race.send(calls, b""), *self._response.finish()]
        return self._response.whole(bytes(calls.whole))

    def _if_empty(self, calls: Calls) -> list[Action] | None:
        """Return what follows from an answer without content; None: it is the client's."""
        if not self._race.replaceable:
            return None
        if self._race.several:
            self._race.remove(calls, EMPTY)
            return []
        return self._elsewhere(calls.target, EMPTY)


def _is_empty(pipe: Pipe | None) -> bool:
    """Return whether an answer without content has no reason to be that either."""
    return pipe is not None and pipe.finished is not None and pipe.finished.reason == "stop"


def _log_unreadable(id: str, calls: Calls, recent: Iterable[bytes], failure: Failure) -> None:
    """Log an answer that could not be read, so that whoever looks after the gateway can make a test of it."""
    where = f"{id}: {calls.target.provider} ({calls.rendering.upstream.name})"
    logger.warning("%s: %s The last of it: %s", where, failure.message, excerpt(recent))
