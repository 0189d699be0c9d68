"""One exchange, from a client's first byte to its last: events in, actions out, pure.

The layer carries bytes and commands between this object and mitmproxy. Nothing here knows a socket; the clock and the
ids are arguments. A provider is reached only by `Send`, whose body was made by a provider dialect: an untranslated
body has no way out.
"""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from addons.exchange import http_api
from addons.exchange.actions import Action, Drop
from addons.exchange.charges import charges
from addons.exchange.client_limits import Admission, Verdict
from addons.exchange.failover import Failover
from addons.exchange.heavy_work import HeavyWork
from addons.exchange.http_api import Head, Reply
from addons.exchange.listeners import Listeners
from addons.exchange.local_endpoints import LocalEndpoints
from addons.exchange.observers import Record, Watcher
from addons.exchange.provider_request import traced
from addons.exchange.provider_side import HEAVY, SHUT_DOWN
from addons.exchange.request import Understood, understand
from addons.exchange.response import Response
from addons.exchange.services import SHORTEST_KEY, Services
from routing.outcomes import Outcome
from translators.errors import Failure
from translators.masking import Mask

TICK_SECONDS = 60.0
"""No exchange sleeps longer: mitmproxy closes connections that are silent for 600 seconds."""


class Exchange:
    """Its order of events is `head_received`, `request_received`, those of `provider`, and `finished`; `tick` whenever
    `deadline` has come, `cancelled` when the client leaves, `crashed` when a bug of ours shows. Each returns the
    actions to take, in order.

    What is heavy is done elsewhere: a `Work` among the actions is to be answered by `work_done`. Events of the provider
    wait for it, in order; the client's leaving does not."""

    def __init__(self, services: Services, head: Head, watchers: tuple[Watcher, ...] = ()) -> None:
        self._services = services
        self._now = services.clock.now
        self._head = head
        self._client = http_api.client_of(head.target)
        self._requested_at = self._now()
        mask = self._mask_of_all()
        self.record = record = Record(
            id=http_api.request_id(head.headers, mask) or f"req_{services.new_id()}",
            started=services.clock.wall(),
            method=mask.text(head.method),
            path=mask.text(head.target.partition("?")[0]),
        )
        if services.tracing is not None:
            record.trace = services.tracing.begin(record, head.headers)
        self._listeners = Listeners(services.watchers + watchers, record, self._now, mask)
        self._local = LocalEndpoints(services, head, self._client, record)
        self._response = Response(services, head, self._client, record, self._listeners)
        self._work = HeavyWork()
        self._failover = Failover(services, record, self._listeners, self._response, self._work, self._local.store)
        self.provider = self._failover.provider
        self._admission: Admission | None = None
        self.ended = False
        """The last word to the client is on its way."""
        self.undecoded = False
        """Its request's body could not be decoded, or not within bounds: nobody else is to try."""

    @property
    def over(self) -> bool:
        """Return whether the last word to the client is made."""
        return self._response.over

    @property
    def counts(self) -> bool:
        """Return whether it is worth a line in the log, and a flow; a monitor's health check is not."""
        return self._local.counts

    @property
    def mask(self) -> Mask:
        """Return the mask of all that nobody may see."""
        return self._listeners.mask

    @property
    def body_limit(self) -> int:
        """Return the bytes that a request's body may have, as it comes and decompressed."""
        return self._services.settings.body_size_limit

    # --- the client's side ---

    def head_received(self) -> Reply | None:
        """Take the request's head. Return the reply to it; None: its body is wanted."""
        answer = self._local.answer()
        if isinstance(answer, Failure):
            return self._response.refuse(answer)
        if isinstance(answer, Reply):
            return self._response.reply(answer, "complete")
        self._later = answer
        return None

    def refuse(self, failure: Failure) -> Reply:
        """Refuse a request that cannot be read, is too large, or does not come. Nothing after it is read."""
        return self._response.refuse(failure)

    def answered_elsewhere(self, reply: Reply) -> Reply:
        """Take the answer of another addon; no provider is asked."""
        return self._response.reply(reply, "complete", cause="answered by another addon")

    def request_received(self, body: bytes, headers: Mapping[str, str]) -> list[Action]:
        """Take the whole request. `headers` are the client's, without its key."""
        self._requested_at = self._response.sent_at = self._now()
        if self._later is not None:
            return self._work.start(self._later, lambda reply: [self._response.reply(reply, "complete")], "metrics")
        key, services = self._local.key, self._services
        if key is None or not key.limited:
            return self._read(body, headers)
        assert services.client_counts is not None
        closed = services.settings.limits_on_error == "closed"
        self._admission = Admission(services.client_counts, key, services.new_id(), closed=closed)
        admitted = partial(self._admitted, body, headers)
        if services.client_counts.remote:
            return self._work.start(self._admission.ask, admitted, "limits")
        return admitted(self._admission.ask())

    def _admitted(self, body: bytes, headers: Mapping[str, str], verdict: Verdict) -> list[Action]:
        self._response.key_limits = verdict.headers
        return self._read(body, headers) if verdict.refused is None else [self._response.refuse(verdict.refused)]

    def _read(self, body: bytes, headers: Mapping[str, str]) -> list[Action]:
        sent = headers if self.record.trace is None else traced(headers, self.record.trace)
        understood = partial(understand, self._services, self._client, self.record.key_name or "", body, sent)
        if len(body) > HEAVY or headers.get("content-encoding") or self._local.stores_more_than(HEAVY):
            return self._work.start(understood, partial(self._understood, headers), "request")
        return self._understood(headers, understood())

    def work_done(self, result: Any) -> list[Action]:
        """Take what `Work` returned, and then the events that came meanwhile."""
        then = self._work.done()
        if self.over or then is None:
            return []
        for attempt in self.provider.attempts.values():
            attempt.wait_for(attempt.waiting_for, self._now())  # the time was ours, not the provider's
        actions = then(result)
        while not self.over and (postponed := self._work.next()) is not None:
            call, event = postponed
            if call in self.provider.attempts:
                actions += event()
        return actions

    # --- the end ---

    def cancelled(self, cause: str = "the client left") -> list[Action]:
        """End an exchange whose client is not there any more, or is not to have its answer."""
        if self.over:
            return []
        cause = SHUT_DOWN if self._services.life.ended else cause
        self.provider.end_all(Outcome("ended", code=cause))
        self.record.status = self.record.status or 499
        self._response.end("cancelled", cause=cause)
        return [Drop()]

    def shut_down(self) -> list[Action]:
        """Tell the client that the gateway ends."""
        return [] if self.over else self.provider.shut_down()

    def crashed(self) -> list[Action]:
        """End an exchange in which a bug of ours showed. Nothing more of its answer is sent."""
        return [] if self.over else [Drop(), *self.provider.fail(http_api.INTERNAL, "a bug in the gateway")]

    def finished(self) -> None:
        """Show the listeners the end, now that the last word is on its way, and let go of bodies."""
        try:
            self.record.charges = charges(self.record, self._services.prices)
        finally:
            self.abandoned()
        self._listeners.ended(counts=self.counts)
        self.provider.end_all(Outcome("ended"))
        self._failover.end()
        self._work.give_up()

    def abandoned(self) -> None:
        """Count the exchange as over for the limits of its key, also where its end cannot even be told."""
        if self._admission is not None:
            self._admission.end(sum(each.tokens.total for each in self.record.charges if each.tokens is not None))

    # --- time ---

    def deadline(self) -> float | None:
        """Return when `tick` is due at the latest, on the monotonic clock."""
        if self.over or not self._failover.waits:
            return None
        due = [at for at, _ in self._due()]
        return min(due, default=self._now() + TICK_SECONDS)

    def tick(self) -> list[Action]:
        """Do what is due by now."""
        if self.over or not self._failover.waits:
            return []
        now = self._now()
        for at, do in self._due():
            if at <= now:
                return do()
        return []

    def _due(self) -> list[tuple[float, Callable[[], list[Action]]]]:
        """Return what is to be done when, on the monotonic clock."""
        due: list[tuple[float, Callable[[], list[Action]]]] = []
        if not self._work.busy:  # while we work, no provider is late
            due += self._failover.due()
        if (every := self._keepalive_seconds()) is not None:
            due.append((self._response.sent_at + every, self._keep_alive))
        return due

    def _keepalive_seconds(self) -> float | None:
        settings = self._services.settings
        if self.record.stream:
            return settings.streaming.keepalive_seconds or None
        if self._head.version == "1.0":  # the end of the connection, which would tell of an error, is any answer's
            return None
        return settings.nonstream_keepalive_interval or None

    def _keep_alive(self) -> list[Action]:
        if not self.record.stream:
            return self._response.blank()
        return self._response.ping(self._client.keepalive())

    # --- the request ---

    def _mask_of_all(self) -> Mask:
        """Return the mask of what nobody may see. The settings do not have a key that is known by its digest alone."""
        mask = self._services.mask
        presented = self._client.presented_key(self._head.headers) if self._services.keys.hashed else ""
        if isinstance(presented, str) and len(presented) >= SHORTEST_KEY:
            return mask.knowing([presented])
        return mask

    def _understood(self, headers: Mapping[str, str], outcome: Understood) -> list[Action]:
        record, request = self.record, outcome.request
        record.model = request.model and self.mask.text(request.model)  # a client may have put its key there
        record.stream, record.notes = request.streams, [*request.notes]
        record.own += outcome.seconds
        self.undecoded = outcome.body is None
        if outcome.body is not None:
            self._listeners.request(self._head, headers, outcome.body)
        return self._failover.begin(request, outcome.turn, self._requested_at, self._local.fault)
