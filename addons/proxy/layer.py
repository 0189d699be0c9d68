"""A client's connection in mitmproxy: our own `HttpLayer`, set by the `next_layer` hook that is made for it.

With `stream.py` and `legs.py` the only code that touches mitmproxy's protocol layers. Nothing raised in here may reach
mitmproxy, which would log a crash and leave the client hanging.
"""

import asyncio
import logging
import sys
import time
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from itertools import count

from mitmproxy import http
from mitmproxy.connection import Address, Client, Connection, Server
from mitmproxy.proxy import commands, events, tunnel
from mitmproxy.proxy.context import Context
from mitmproxy.proxy.layers import tls
from mitmproxy.proxy.layers.http import (
    GetHttpConnection,
    GetHttpConnectionCompleted,
    HttpLayer,
    HTTPMode,
    HttpStream,
    RegisterHttpConnection,
)

from addons.exchange.exchange import Exchange
from addons.exchange.http_api import Head
from addons.proxy.http1 import ClientReader, ProviderConnection
from addons.proxy.legs import Commands, Connect
from addons.proxy.stream import Crashed, GatewayStream, ShutDown
from routing.settings import Timeouts

logger = logging.getLogger("gateway")


def any_number_of_connections() -> defaultdict[Address, asyncio.Semaphore]:
    """Return mitmproxy's limits of a client's connections, none. Its own, five for each address, counts those that
    nobody uses: an exchange that waits there for one more would wait for good. It limits its calls by itself."""
    return defaultdict(lambda: asyncio.Semaphore(sys.maxsize))


TIMER_SLACK = 0.01
"""Seconds by which a timer may be late before another one is set."""


@dataclass
class GivenUp:
    client: Client
    server: Connection


@dataclass
class GivenUpHook(commands.StartHook):
    """Tells the addon of a provider's connection that is closed before its time."""

    name = "gateway_given_up"
    blocking = False
    given: GivenUp


class GatewayLayer(HttpLayer):
    """One client connection. `open_exchange` makes an exchange of a request's head and its flow. `reader` takes the
    place of what reads a client's socket."""

    def __init__(
        self,
        context: Context,
        open_exchange: Callable[[Head, http.HTTPFlow], Exchange],
        timeouts: Timeouts,
        reader: ClientReader | None = None,
    ) -> None:
        super().__init__(context, HTTPMode.transparent)
        self.open_exchange = open_exchange
        self._reader = reader or ClientReader(context.fork(), timeouts)
        self.connections[context.client] = self._reader
        self._timers: dict[commands.Command, float] = {}
        self._wanted: list[Connect] = []
        """Wishes for a connection that are looked at when the present event is done with."""
        self._ids = count(2, 2)
        self._shut = False

    def _handle_event(self, event: events.Event) -> Commands:
        try:
            if isinstance(event, events.Wakeup) and event.command in self._timers:
                del self._timers[event.command]
                for stream in self._exchanges():
                    if stream.deadline() is not None:  # one that waits for a hook would get it too late
                        yield from self.event_to_child(stream, event)
                yield from self.event_to_child(self._reader, event)
            elif isinstance(event, ShutDown):
                for stream in self._exchanges():
                    yield from self.event_to_child(stream, event)
            elif isinstance(event, events.ConnectionEvent) and event.connection not in self.connections:
                pass  # of a provider's connection that was given up
            elif isinstance(event, events.CommandCompleted) and event.command not in self.command_sources:
                pass  # likewise
            else:
                yield from super()._handle_event(event)
            if self._wanted:
                yield from self._connect()
            yield from self._set_timer()
        except Exception:
            logger.exception("The gateway's connection layer failed; the client is disconnected.")
            yield from self._end_all(Crashed())

    def _end_all(self, event: events.Event) -> Commands:
        """End a connection that is in no state to go on: its exchanges get `event`, and then it is closed."""
        waiting = [stream for stream in self._exchanges() if stream.legs or not stream.closed]
        try:
            for stream in waiting:
                yield from self.event_to_child(stream, event)
        except Exception:
            logger.exception("The client of a failed connection could not be told.")
            waiting = []
        if not waiting:
            yield from self.shut()

    def shut(self) -> Commands:
        """Disconnect the client. Once only: at a second such command mitmproxy forgets to close the socket."""
        if not self._shut:
            self._shut = True
            yield commands.CloseConnection(self.context.client)

    def _set_timer(self) -> Commands:
        """Set the timer. One a connection is enough: it is set again when it fires, and only earlier ones are added."""
        waits: tuple[ClientReader | GatewayStream, ...] = (self._reader, *self._exchanges())
        due = [at for each in waits if (at := each.deadline()) is not None]
        if not due:
            return
        wanted = min(due)
        if self._timers and wanted >= min(self._timers.values()) - TIMER_SLACK:
            return
        wakeup = commands.RequestWakeup(max(0.0, wanted - time.monotonic()))
        self._timers[wakeup] = wanted
        yield wakeup

    def _exchanges(self) -> list[GatewayStream]:
        streams = self.streams.items()
        return [each for id, each in streams if isinstance(each, GatewayStream) and each.stream_id == id]

    def make_stream(self, stream_id: int) -> Commands:
        stream = GatewayStream(self.context.fork(), stream_id, self)
        self.streams[stream_id] = stream
        yield from self.event_to_child(stream, events.Start())

    def list_again(self, stream: HttpStream) -> int:
        """Return another id of the stream, until it is dropped. Those that clients' streams get are odd numbers."""
        id = next(self._ids)
        self.streams[id] = stream
        return id

    def get_connection(self, event: GetHttpConnection, *, reuse: bool = True) -> Commands:
        """Note a wish for a connection. One whose answer ends with the present event is free only after it."""
        assert isinstance(event, Connect)
        self._wanted.append(event)
        yield from ()

    def _connect(self) -> Commands:
        """Give each call a connection that no other one uses; mitmproxy would put two on one."""
        while self._wanted:
            wanted = self._wanted.pop(0)
            leg = wanted.leg
            leg.reused = None if leg.fresh else self._idle(wanted)
            if leg.reused is None:
                yield from self._open(wanted)
            else:
                stream = self.command_sources.pop(wanted)
                yield from self.event_to_child(stream, GetHttpConnectionCompleted(wanted, (leg.reused, None)))

    def _open(self, wanted: Connect) -> Commands:
        """Open a new connection. mitmproxy's own would be read by mitmproxy's reader."""
        context = self.context.fork()
        context.server = Server(address=wanted.address)
        stack = tunnel.LayerStack()
        if wanted.tls:
            context.server.sni = wanted.address[0]
            stack /= tls.ServerTLSLayer(context)
        stack /= ProviderConnection(context)
        self.connections[context.server] = stack[0]
        self.waiting_for_establishment[context.server].append(wanted)
        yield from self.event_to_child(stack[0], events.Start())

    def _idle(self, wanted: Connect) -> Server | None:
        """Return a connection that may be used again. Dead ones are forgotten on the way."""
        taken = self._taken()
        free = None
        for connection in list(self.connections):
            busy = connection in taken or connection in self.waiting_for_establishment
            if busy or not isinstance(connection, Server):
                continue
            if connection.error or not connection.connected:
                del self.connections[connection]
            elif wanted.connection_spec_matches(connection):
                free = free or connection
        return free

    def _taken(self) -> set[Connection]:
        return {connection for stream in self._exchanges() for connection in stream.legs.taken()}

    def forget_idle(self) -> Commands:
        """Close the provider connections that no exchange uses just now: the next one will be a fresh one."""
        taken = self._taken()
        for connection in list(self.connections):
            establishing = connection in self.waiting_for_establishment
            if isinstance(connection, Server) and not establishing and connection not in taken:
                yield from self.give_up(connection)

    def give_up(self, connection: Connection) -> Commands:
        """Close a provider's connection, there or not there yet, and ignore its further events."""
        self.connections.pop(connection, None)
        opening = [c for c in self.command_sources if isinstance(c, commands.OpenConnection)]
        gone = [c for c in opening if c.connection is connection]
        for command in (*gone, *self.waiting_for_establishment.pop(connection, ())):
            self.command_sources.pop(command, None)
        yield commands.CloseConnection(connection)
        yield GivenUpHook(GivenUp(self.context.client, connection))

    def register_connection(self, command: RegisterHttpConnection) -> Commands:
        if command.connection in self.waiting_for_establishment:
            yield from super().register_connection(command)

    def stop_connecting(self, command: Connect) -> Commands:
        """Cancel a connection that is not there yet."""
        for at, wanted in enumerate(self._wanted):
            if wanted is command:
                del self._wanted[at], self.command_sources[command]
                return
        for connection, waiting in self.waiting_for_establishment.items():
            if any(each is command for each in waiting):
                yield from self.give_up(connection)
                return
