"""A client's connection in mitmproxy: HTTP/1.1 both ways, set by the `next_layer` hook.

It reads and writes HTTP itself, in mitmproxy's connection handler: mitmproxy's own HTTP layers build a flow, four hooks
and as many tasks for each request, cannot retry, cannot speak while a provider is silent, nor end a broken stream with
an error. A flow and its hooks exist here only where somebody watches.

Nothing raised in here may reach mitmproxy, which would log a crash and leave the client hanging.
"""

import logging
import time
from collections.abc import Callable

from mitmproxy.proxy import commands, events, layer
from mitmproxy.proxy.context import Context

from addons.exchange.exchange import Exchange
from addons.proxy import http1
from addons.proxy.client_flow import ClientFlow, OpenExchange, Unwatched
from addons.proxy.http1 import RequestHead, Unreadable
from addons.proxy.incoming import Incoming
from addons.proxy.providers import Providers
from addons.proxy.stream import Stream
from routing.settings import Timeouts

logger = logging.getLogger("gateway")

Commands = layer.CommandGenerator[None]

TIMER_SLACK = 0.01
"""Seconds by which a timer may be late before another one is set."""
NOTHING = RequestHead("?", "/", "1.1", (), keep_alive=False)
"""Stands for a request that could not be read."""


class ShutDown(events.Event):
    """The gateway ends."""


class GatewayLayer(layer.Layer):
    """One client connection: a request at a time, in order. `watched` says whether the next one gets a flow."""

    def __init__(
        self,
        context: Context,
        open_exchange: OpenExchange,
        timeouts: Callable[[], Timeouts],
        watched: Callable[[], bool],
    ) -> None:
        super().__init__(context)
        self._open_exchange, self._watched = open_exchange, watched
        self.providers = Providers(context, self.unpaused)
        self._incoming = Incoming(timeouts)
        self._stream: Stream | None = None
        """The last request's."""
        self._out: list[bytes] = []
        self._timers: dict[commands.Command, float] = {}
        self._pace: tuple[object, ...] | None = None
        """That of the answer under way, since the last timer was looked at."""
        self._shut = False

    # --- for its stream ---

    def write(self, data: bytes) -> None:
        """Send something to the client, when the present event is handled, or before the next command."""
        self._out.append(data)

    def unpaused(self, command: commands.Command) -> commands.Command:
        """Return `command` so that nothing pauses until it is completed: time and the client's leaving must be heard
        meanwhile. mitmproxy's layers mark a command so that somebody has paused for already; its completion comes as
        an event."""
        command.blocking = self
        return command

    def shut(self) -> Commands:
        """Disconnect the client. Once only: told twice, mitmproxy forgets to close the socket."""
        if not self._shut:
            self._shut = True
            yield commands.CloseConnection(self.context.client)

    @property
    def client_gone(self) -> bool:
        """Return whether the client has left while a hook ran; the event that says so is still to come."""
        return any(map(self._is_clients_end, self._paused_event_queue))

    # --- events ---

    def handle_event(self, event: events.Event) -> Commands:
        """Close the socket of a client that has left at once, also while a hook runs."""
        if self._paused is not None and self._is_clients_end(event):
            return self._shut_and_handle(event)
        return super().handle_event(event)

    def _shut_and_handle(self, event: events.Event) -> Commands:
        yield from self.shut()
        yield from super().handle_event(event)

    def _is_clients_end(self, event: events.Event) -> bool:
        return isinstance(event, events.ConnectionClosed) and event.connection is self.context.client

    def _handle_event(self, event: events.Event) -> Commands:
        try:
            yield from self._flushing(self._on(event))
        except Exception:
            logger.exception("An exchange failed inside the gateway; the client is told.")
            yield from self._flushing(self._crash())
        if self._stream is not None and self._stream.closed and (self._stream.client_done or self._shut):
            self._stream = None

    def _flushing(self, made: Commands) -> Commands:
        """Send what is written for the client before each command, and at the end."""
        for command in made:
            if self._out:
                yield self._flushed()
            yield command
        if self._out:
            yield self._flushed()

    def _flushed(self) -> commands.SendData:
        data = self._out[0] if len(self._out) == 1 else b"".join(self._out)
        self._out.clear()
        return commands.SendData(self.context.client, data)

    def _on(self, event: events.Event) -> Commands:
        if isinstance(event, events.DataReceived):
            if event.connection is self.context.client:
                yield from self._client_data(event.data)
            else:
                yield from self.providers.data(event)
                if self._goes_on():
                    return
        else:
            yield from self._on_other(event)
            self._pace = None
        yield from self._go_on()
        yield from self._connect()
        yield from self._set_timer()

    def _on_other(self, event: events.Event) -> Commands:
        """Take whatever is not data."""
        match event:
            case events.Wakeup() if event.command in self._timers:
                del self._timers[event.command]
                # What came while a hook ran comes first: nobody is late who has only not been heard.
                if not self._paused_event_queue:
                    yield from self._time_passed()
            case events.CommandCompleted():
                if self._stream is not None:
                    yield from self._stream.completed(event.command)
                yield from self.providers.completed(event)
            case events.ConnectionClosed() if event.connection is self.context.client:
                yield from self._client_left()
            case events.ConnectionClosed():
                yield from self.providers.closed(event)
            case ShutDown() if self._stream is not None:
                yield from self._stream.shut_down()

    def _goes_on(self) -> bool:
        """Return whether an answer goes on as it did at the last event: nothing else is to be done then, and all that
        waits for a time waits longer."""
        before, self._pace = self._pace, None if self._stream is None else self._stream.pace()
        return self._pace is not None and self._pace == before

    def _connect(self) -> Commands:
        """Get the connections that are wanted. Where that fails, this one is not trusted any longer than needed."""
        try:
            yield from self.providers.connect()
        except Exception:
            if self._stream is not None:
                self._stream.last = True
            raise

    def _crash(self) -> Commands:
        """Tell the client of a bug of ours; where it cannot be told any more, disconnect it."""
        stream = self._stream
        if stream is None or stream.closed:
            yield from self.shut()
            return
        try:
            yield from stream.crash()
            yield from self._go_on()
            if self._incoming.dead:
                yield from self.shut()
        except Exception:
            logger.exception("The gateway could not even report its failure; the client is disconnected.")
            stream.closed = True
            yield from self.shut()
            _abandon(stream.exchange)

    # --- the client ---

    def _client_data(self, data: bytes) -> Commands:
        if self._shut:
            return
        if not self._answering():
            self._incoming.feed(data)
        elif not self._incoming.keep(data):
            yield from self.shut()

    def _answering(self) -> bool:
        """Return whether a whole request waits for its answer, and others for their turn."""
        return self._stream is not None and self._stream.client_done and not self._stream.closed

    def _go_on(self) -> Commands:
        """Handle what has been read, as far as its turn has come."""
        while not self._shut:
            if self._stream is not None and self._stream.killed:
                yield from self._client_left()
            elif self._answering():
                return
            elif (part := self._incoming.next()) is not None:
                yield from self._handle(part)
            else:
                return

    def _handle(self, part: http1.Event) -> Commands:
        stream = self._stream
        if isinstance(part, RequestHead):
            self._stream = stream = self._opened(part)
            yield from stream.begin()
        elif isinstance(part, Unreadable):
            if stream is None or stream.client_done:
                self._stream = stream = self._opened(NOTHING)
                yield from stream.begin_unreadable(part.failure)
            else:
                yield from stream.unreadable(part.failure)
        elif stream is not None:
            yield from stream.body(part) if isinstance(part, bytes) else stream.end()

    def _opened(self, head: RequestHead) -> Stream:
        if self._watched():
            return Stream(self, head, ClientFlow(self.context.fork(), head, self._open_exchange))
        return Stream(self, head, Unwatched(self.context.client, head, self._open_exchange))

    def _client_left(self) -> Commands:
        """Take it that the client has closed its connection, or is to be disconnected."""
        self._incoming.clear()
        yield from self.shut()
        if self._stream is not None:
            yield from self._stream.leave()

    # --- time ---

    def _time_passed(self) -> Commands:
        yield from self.providers.late()
        if self._stream is not None:
            yield from self._stream.tick()
        at = self._reading_until()
        if at is not None and at <= time.monotonic():
            self._incoming.late()

    def _reading_until(self) -> float | None:
        return None if self._shut or self._answering() else self._incoming.deadline()

    def _set_timer(self) -> Commands:
        """One timer a connection is enough: it is set again when it fires, and only earlier ones are added."""
        wanted = None if self._stream is None else self._stream.deadline()
        for at in (self.providers.deadline(), self._reading_until()):
            if at is not None and (wanted is None or at < wanted):
                wanted = at
        if wanted is None or self._shut or any(at <= wanted + TIMER_SLACK for at in self._timers.values()):
            return
        wakeup = commands.RequestWakeup(max(0.0, wanted - time.monotonic()))
        self._timers[wakeup] = wanted
        yield wakeup


def _abandon(exchange: Exchange) -> None:
    try:
        exchange.abandoned()
    except Exception:
        logger.exception("The limits of a client's key were not told that an exchange is over.")
