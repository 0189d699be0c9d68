"""Events of the connections to a provider, and the actions that follow from each.

One request may become several calls to the provider (fan-out), whose answers are joined to one. An event belongs to one
`call`; nearly always there is only call 0. What comes while heavy work is done elsewhere waits for it, in order.
"""

import logging
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from addons.exchange import http_api
from addons.exchange.actions import Action, Drop, Release
from addons.exchange.attempt import Attempt
from addons.exchange.calls import Calls
from addons.exchange.excerpt import excerpt
from addons.exchange.heavy_work import HeavyWork
from addons.exchange.http_api import Reply
from addons.exchange.listeners import Listeners
from addons.exchange.observers import Record
from addons.exchange.passed_headers import passed_on
from addons.exchange.provider_request import plain
from addons.exchange.request import Rendering
from addons.exchange.response import Response
from addons.exchange.services import Services
from translators.clients.shared.openai_api import JSON
from translators.dialects import Writer
from translators.errors import Failure
from translators.pipe import Pipe

logger = logging.getLogger("gateway")

SHUT_DOWN = "the gateway shut down"
HEAVY = 128 * 1024
"""Bytes of a request's body, of a whole answer or of an event, above which they are not worked on where they would
hold up every other exchange. The worst of fewer bytes take 0.1 s."""
HEAVY_STREAM = 4 * 1024 * 1024
"""Bytes of a streamed answer, above which its end, which may repeat all of it, is that much work."""


class ProviderSide:
    """The calls of one exchange. For each attempt at each call the order of events is `connected`, `head_received`,
    `data_received`..., `eof_received`, or `connection_lost` at any point; after `Release` or `Drop` there are none.

    `store` keeps the answer that a writer has rendered, where its client may come back to it."""

    def __init__(
        self,
        services: Services,
        record: Record,
        listeners: Listeners,
        response: Response,
        work: HeavyWork,
        store: Callable[[Writer], None],
    ) -> None:
        self._services, self._record, self._listeners = services, record, listeners
        self._response, self._work, self._store = response, work, store
        self._now = services.clock.now
        self._requested_at = self._now()
        self._replaceable = False
        self.calls: Calls | None = None
        """At the present target."""

    @property
    def attempts(self) -> Mapping[int, Attempt]:
        """Return what is under way, by call."""
        return {} if self.calls is None else self.calls.attempts

    def ask(self, rendering: Rendering, requested_at: float, *, replaceable: bool) -> list[Action]:
        """Send a request to its target. `requested_at`: when the client's request was whole. `replaceable`:
        another target may be asked instead, until the client has received something."""
        self._requested_at, self._replaceable = requested_at, replaceable
        self._response.target = rendering.target
        self.calls = Calls(self._services, rendering, self._record, self._listeners, requested_at)
        return [*self.calls.send_more()]

    # --- events ---

    def connected(self, call: int = 0) -> None:
        if (attempt := self.attempts.get(call)) is not None:
            attempt.wait_for("first-byte", self._now())

    def authorised(self, secrets: tuple[tuple[str, str], ...], failure: Failure | None) -> list[Action]:
        """Take the credentials that a request still needed, or the `failure` to get them."""
        self._listeners.keep_secret(secrets)
        return [] if failure is None else self._fail_all(failure, "the request could not be authorised")

    def head_received(self, status: int, headers: Mapping[str, str], call: int = 0) -> list[Action]:
        """Take the head of the provider's answer. Header names are lower case."""
        if self._work.busy:
            return self._work.postpone(call, partial(self.head_received, status, headers, call))
        tap = partial(self._show, call) if self._listeners.detailed else None
        if self._services.settings.passthrough_headers:
            self._response.passed = self._listeners.clean(passed_on(headers))
        self._response.limits = self._current.open(call, status, headers, tap, self._response.late_notes)
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
            failure = self._current.error(attempt, call)
            return self._fail_all(failure, f"the provider answered {attempt.status}")
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
        calls, number = self._current, self.attempts[call].number
        if retry and number == calls.first_try:
            return [calls.send(call, number + 1)]
        message = (
            f"The connection to {calls.rendering.target.provider} failed: {plain(cause)}. "
            "Nothing is wrong with the request; try again."
        )
        failure = Failure(502, message, "server_error", None, "provider_connection_failed")
        return self._fail_all(failure, f"connection to the provider: {cause}")

    def keep_alive(self, ping: bytes) -> list[Action]:
        """Send a ping to the client, after what was held back: once the client has received something, no other target
        can replace the answer."""
        calls = self._current
        held, calls.held = calls.held, b""
        return self._response.send(held + ping)

    # --- the end ---

    def fail(self, failure: Failure, cause: str) -> list[Action]:
        """End all calls, and report a failure to the client. The caller drops the connections."""
        if self.calls is None:
            return self._response.fail(failure, cause, None)
        self.calls.end_all()
        # The writer may be at work elsewhere; the client's stream then ends without an error of its own.
        return self._response.fail(failure, cause, self.calls.written if not self._work.busy else None)

    def shut_down(self) -> list[Action]:
        """Tell the client that the gateway ends; nothing is wrong with the provider."""
        return [Drop(), *self.fail(http_api.SHUT_DOWN, SHUT_DOWN)]

    def _fail_all(self, failure: Failure, cause: str) -> list[Action]:
        """Fail with one call, whose connection is gone or may be reused; the others are not wanted any more."""
        dropped: list[Action] = [Drop()] if len(self.attempts) > 1 else []
        return [*dropped, *self.fail(failure, cause)]

    @property
    def _current(self) -> Calls:
        assert self.calls is not None
        return self.calls

    # --- the answer ---

    def _show(self, call: int, name: str, provider: bytes, client: bytes, notes: Any) -> None:
        attempt = self.attempts.get(call)
        broken = attempt is not None and attempt.pipe is not None and attempt.pipe.failure is not None
        self._response.show(call, broken, name, provider, client, notes)

    def _fed(self, call: int, started: float, before: int, out: bytes) -> list[Action]:
        attempt = self.attempts[call]
        assert attempt.pipe is not None
        if attempt.pipe.events > before:
            if self._record.first_event is None:
                self._record.first_event = started - self._requested_at
            attempt.wait_for("idle", self._now())
        return self._forward(call, started, out)

    def _forward(self, call: int, started: float, out: bytes) -> list[Action]:
        """Hand on to the client what the pipe gave; with it the answer may be complete, or have failed."""
        actions = self._forwarded(call, out)
        self._record.own += self._now() - started
        return actions

    def _forwarded(self, call: int, out: bytes) -> list[Action]:
        calls, attempt = self._current, self.attempts[call]
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
            actions, calls.held = self._response.send(calls.held + out, pipe.notes), b""
        if pipe.done:
            return [*actions, Release(call), *self._complete(call)]
        if pipe.failure is None:
            return actions
        if pipe.failure.status == 502:
            self._log_unreadable(pipe)
        return [*actions, Drop(), *self.fail(pipe.failure, "the provider's answer")]

    def _only_begins(self, pipe: Pipe) -> bool:
        """Return whether an answer has no content yet, and another target may still replace it."""
        if not self._replaceable or self._response.begun:
            return False
        return not (pipe.content or pipe.done or pipe.failure)

    def _complete(self, call: int) -> list[Action]:
        """End a call that has its whole answer; with the last of them the client has its own."""
        calls = self._current
        calls.end(call)
        more = calls.send_more()
        if calls.attempts:
            return [*more]
        self._store(calls.writer)
        if calls.rendering.streams:
            return self._response.finish()
        return [self._response.reply(Reply(200, (JSON,), bytes(calls.whole)), "complete")]

    def _log_unreadable(self, pipe: Pipe) -> None:
        """Log an answer that could not be read, so that whoever looks after the gateway can make a test of it."""
        assert pipe.failure is not None
        rendering = self._current.rendering
        where = f"{self._record.id}: {rendering.target.provider} ({rendering.upstream.name})"
        shown = excerpt(map(self._listeners.without_secrets, pipe.recent))
        logger.warning("%s: %s The last of it: %s", where, pipe.failure.message, shown)
