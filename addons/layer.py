"""A client's connection in mitmproxy: our own `HttpLayer`, set by the `next_layer` hook that is made for it.

With `stream.py` the only code that touches mitmproxy's protocol layers. Nothing raised in here may reach mitmproxy,
which would log a crash and leave the client hanging.
"""

import logging
import time
from collections.abc import Callable

from mitmproxy import http
from mitmproxy.connection import Connection, Server
from mitmproxy.proxy import commands, events
from mitmproxy.proxy.context import Context
from mitmproxy.proxy.layers.http import GetHttpConnection, HttpLayer, HTTPMode
from mitmproxy.proxy.layers.http._events import ErrorCode, ResponseProtocolError
from mitmproxy.proxy.layers.http._http1 import Http1Connection

from addons.exchange import Exchange
from addons.front import Head
from addons.stream import UNREAD_BODY_BYTES, Commands, Crashed, GatewayStream, Trailers

logger = logging.getLogger("gateway")

HEAD_BYTES = 256 * 1024
"""A head that has no end by then is no head."""
HEAD_TOO_LONG = b"HTTP/1.1 431 Request Header Fields Too Large\r\nconnection: close\r\ncontent-length: 0\r\n\r\n"
TIMER_SLACK = 0.01
"""Seconds by which a timer may be late before another one is set."""


class GatewayLayer(HttpLayer):
    """One client connection. `open_exchange` makes an exchange of a request's head and its flow."""

    def __init__(self, context: Context, open_exchange: Callable[[Head, http.HTTPFlow], Exchange]) -> None:
        super().__init__(context, HTTPMode.transparent)
        self.open_exchange = open_exchange
        self._timers: dict[commands.Command, float] = {}
        self._shut = False

    def _handle_event(self, event: events.Event) -> Commands:
        try:
            if isinstance(event, events.Wakeup) and event.command in self._timers:
                del self._timers[event.command]
                for stream in list(self.streams.values()):
                    yield from self.event_to_child(stream, event)
            elif isinstance(event, events.ConnectionEvent) and event.connection not in self.connections:
                pass  # of a provider's connection that was given up
            else:
                yield from super()._handle_event(event)
                if isinstance(event, events.DataReceived):
                    yield from self._check_head(event.connection)
            yield from self._set_timer()
        except NotImplementedError:
            # mitmproxy reads no trailers, and says so in this way only.
            assert isinstance(event, events.DataReceived)
            yield from self._end_all(Trailers(event.connection))
        except Exception:
            logger.exception("The gateway's connection layer failed; the client is disconnected.")
            yield from self._end_all(Crashed())

    def _check_head(self, connection: Connection) -> Commands:
        """mitmproxy collects a head, and what comes before its turn, without a bound. We do not wait for its end."""
        reader = self.connections.get(connection)
        while reader is not None and not isinstance(reader, Http1Connection):
            reader = getattr(reader, "child_layer", None)
        if reader is None or len(reader.buf) <= HEAD_BYTES:
            return
        if reader.state == reader.read_headers or (reader.state == reader.wait and len(reader.buf) > UNREAD_BODY_BYTES):
            if connection is self.context.client:
                yield commands.SendData(connection, HEAD_TOO_LONG)
                yield from self.shut()
                return
            yield from self.give_up(connection)
            for stream in self._exchanges():
                if stream.server is connection:
                    error = ResponseProtocolError(stream.stream_id, "head too long", ErrorCode.GENERIC_SERVER_ERROR)
                    yield from self.event_to_child(stream, error)

    def _end_all(self, event: events.Event) -> Commands:
        """The connection is in no state to go on: whoever still waits on it is told, and then it is closed."""
        waiting = [stream for stream in self._exchanges() if not stream.closed]
        try:
            for stream in waiting:
                yield from self.event_to_child(stream, event)
        except Exception:
            logger.exception("The client of a failed connection could not be told.")
            waiting = []
        if not waiting:
            yield from self.shut()

    def shut(self) -> Commands:
        """Disconnect the client. Once only: told twice, mitmproxy forgets to close the socket."""
        if not self._shut:
            self._shut = True
            yield commands.CloseConnection(self.context.client)

    def _set_timer(self) -> Commands:
        """One timer a connection is enough: it is set again when it fires, and only earlier ones are added."""
        due = [at for stream in self._exchanges() if (at := stream.deadline()) is not None]
        if not due:
            return
        wanted = min(due)
        if self._timers and wanted >= min(self._timers.values()) - TIMER_SLACK:
            return
        wakeup = commands.RequestWakeup(max(0.0, wanted - time.monotonic()))
        self._timers[wakeup] = wanted
        yield wakeup

    def _exchanges(self) -> list["GatewayStream"]:
        return [stream for stream in self.streams.values() if isinstance(stream, GatewayStream)]

    def make_stream(self, stream_id: int) -> Commands:
        stream = GatewayStream(self.context.fork(), stream_id, self)
        self.streams[stream_id] = stream
        yield from self.event_to_child(stream, events.Start())

    def get_connection(self, event: GetHttpConnection, *, reuse: bool = True) -> Commands:
        """mitmproxy remembers a connect error for as long as the client stays connected; we try again."""
        for connection in list(self.connections):
            establishing = connection in self.waiting_for_establishment
            if isinstance(connection, Server) and not establishing and (connection.error or not connection.connected):
                del self.connections[connection]
        yield from super().get_connection(event, reuse=reuse)

    def forget_idle(self) -> Commands:
        """Close the provider connections that no exchange uses just now: the next one will be a fresh one."""
        used = {stream.server for stream in self._exchanges()}
        for connection in list(self.connections):
            establishing = connection in self.waiting_for_establishment
            if isinstance(connection, Server) and not establishing and connection not in used:
                yield from self.give_up(connection)

    def give_up(self, connection: Connection) -> Commands:
        """Close a provider's connection, and hear no more of it."""
        self.connections.pop(connection, None)
        yield commands.CloseConnection(connection)

    def stop_connecting(self, command: GetHttpConnection) -> Commands:
        """Cancel a connection that is not there yet. Its completion still comes, and is ignored by then."""
        for connection, waiting in self.waiting_for_establishment.items():
            if command in waiting:
                yield commands.CloseConnection(connection)
                return
