"""Ways to providers through a proxy: CONNECT at one that speaks HTTP, with TLS or without, and SOCKS5.

A handshake is fed bytes and gives bytes; `Tunnel` is the layer of mitmproxy's in which it runs, between the proxy's
connection and the provider's TLS. A plain `http:` URL needs no handshake at an HTTP proxy, which is asked for the whole
URL instead: many refuse CONNECT to any port but 443.

Names are resolved by the proxy, also for `socks5:`, as httpx and Go do it.
"""

import base64
from typing import Protocol

from mitmproxy.connection import Server
from mitmproxy.net.server_spec import ServerSpec
from mitmproxy.proxy import commands, layer, tunnel
from mitmproxy.proxy.context import Context
from socksio.exceptions import SOCKSError
from socksio.socks5 import (
    SOCKS5AuthMethod,
    SOCKS5AuthMethodsRequest,
    SOCKS5Command,
    SOCKS5CommandRequest,
    SOCKS5UsernamePasswordRequest,
)

from addons.proxy import http1
from addons.proxy.http1 import HEAD_END, LINE_BYTES, Fields, ResponseHead, ResponseReader
from routing.proxies import SOCKS_BYTES, Proxy

Commands = layer.CommandGenerator[None]
Place = tuple[str, str, int]
"""Scheme, host and port of a provider."""

WANTS_CREDENTIALS = 407
REFUSED = "the proxy refused the credentials (proxy-url)"
WANTED = "the proxy wants a name and a password (proxy-url)"
NO_PROXY = "the proxy does not answer as one should; look at the scheme of proxy-url"
CLOSED = "the proxy closed the connection before there was a way to the provider"
_HTTP = b"HTTP/1."
SOCKS_VERSION = 5
LOGIN_VERSION = 1
_SOCKS = {
    1: "the proxy failed to connect to the provider",
    2: "the proxy does not allow the connection to the provider",
    3: "the proxy has no network to the provider",
    4: "the proxy cannot reach the provider's host",
    5: "the proxy's connection to the provider was refused",
    6: "the proxy's connection to the provider took too many hops",
    7: "the proxy does not connect for others",
    8: "the proxy does not take this kind of address",
}
"""The codes of replies (RFC 1928 section 6)."""


class Refused(Exception):
    """A proxy does not open the way. The text is in words of ours, without a byte of what it sent."""


class Handshake(Protocol):
    """A conversation with a proxy, which is over when `done`; `rest` is what came behind it."""

    done: bool
    rest: bytes

    def begin(self) -> bytes:
        """Return the first bytes for the proxy. Raises `Refused`."""

    def feed(self, data: bytes) -> bytes:
        """Take bytes of the proxy's, and return those that answer them. Raises `Refused`."""


def authorization(proxy: Proxy) -> Fields:
    """Return the header that lets in at a proxy, if it has a name or a password."""
    if proxy.name is None:
        return ()
    password = "" if proxy.password is None else proxy.password.reveal()
    both = base64.b64encode(f"{proxy.name.reveal()}:{password}".encode())
    return ((b"proxy-authorization", b"Basic " + both),)


class Connect:
    """The handshake with an HTTP proxy (RFC 9110 section 9.3.6)."""

    def __init__(self, proxy: Proxy, host: str, port: int) -> None:
        self._proxy = proxy
        self._authority = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
        self._reader = ResponseReader()
        self._raw = bytearray()
        self.done = False
        self.rest = b""

    def begin(self) -> bytes:
        return http1.connect(self._authority, authorization(self._proxy))

    def feed(self, data: bytes) -> bytes:
        searched = max(0, len(self._raw) - len(HEAD_END))
        self._raw += data
        if not _HTTP.startswith(bytes(self._raw[: len(_HTTP)])):
            raise Refused(NO_PROXY)
        while not self.done and (end := self._raw.find(HEAD_END, searched)) >= 0:
            size, searched = end + len(HEAD_END), 0
            self._head(bytes(self._raw[:size]))
            del self._raw[:size]
        if self.done:
            self.rest = bytes(self._raw)
        elif len(self._raw) > LINE_BYTES:
            raise Refused(NO_PROXY)
        return b""

    def _head(self, data: bytes) -> None:
        """Read a head. What follows one of 2xx is the provider's, whatever the head says of a body."""
        for part in self._reader.feed(data):
            if not isinstance(part, ResponseHead):
                raise Refused(NO_PROXY)
            if part.status == WANTS_CREDENTIALS:
                raise Refused(WANTED if self._proxy.name is None else REFUSED)
            if part.status >= 300:
                raise Refused(f"the proxy answered {part.status} when it was asked for the provider")
            self.done = True
            return


class Socks:
    """The handshake with a SOCKS proxy (RFC 1928, RFC 1929)."""

    def __init__(self, proxy: Proxy, host: str, port: int) -> None:
        self._proxy, self._host, self._port = proxy, host, port
        self._raw = bytearray()
        self._on = self._method
        self.done = False
        self.rest = b""

    def begin(self) -> bytes:
        if len(self._host) > SOCKS_BYTES:
            raise Refused("the proxy cannot be told so long a host name")
        methods = [SOCKS5AuthMethod.NO_AUTH_REQUIRED]
        if self._proxy.name is not None:
            methods.append(SOCKS5AuthMethod.USERNAME_PASSWORD)
        return SOCKS5AuthMethodsRequest(methods).dumps()

    def feed(self, data: bytes) -> bytes:
        self._raw += data
        out = b""
        while not self.done and (answer := self._on()) is not None:
            out += answer
        if self.done:
            self.rest = bytes(self._raw)
        return out

    # --- what the proxy says next: each returns the answer, or None as long as not all of it is there ---

    def _method(self) -> bytes | None:
        if (message := self._taken(2, SOCKS_VERSION)) is None:
            return None
        name, password = self._proxy.name, self._proxy.password
        if message[1:] == SOCKS5AuthMethod.NO_AUTH_REQUIRED:
            return self._request()
        if name is None or password is None:
            raise Refused(WANTED)
        if message[1:] != SOCKS5AuthMethod.USERNAME_PASSWORD:
            raise Refused("the proxy takes neither a name with a password nor a client without (proxy-url)")
        self._on = self._verdict
        return SOCKS5UsernamePasswordRequest(name.reveal().encode(), password.reveal().encode()).dumps()

    def _verdict(self) -> bytes | None:
        if (message := self._taken(2, LOGIN_VERSION)) is None:
            return None
        if message[1]:
            raise Refused(REFUSED)
        return self._request()

    def _request(self) -> bytes:
        self._on = self._reply
        try:
            request = SOCKS5CommandRequest.from_address(SOCKS5Command.CONNECT, (self._host, self._port))
        except SOCKSError:
            raise Refused("the proxy cannot be told the provider's host") from None
        return request.dumps()

    def _reply(self) -> bytes | None:
        """Read the reply, with an address that nobody needs behind it."""
        raw = self._raw
        if raw and raw[0] != SOCKS_VERSION:
            raise Refused(NO_PROXY)
        if len(raw) > 1 and raw[1]:
            raise Refused(_SOCKS.get(raw[1], f"the proxy failed with the code {raw[1]}"))
        if len(raw) < 5:
            return None
        size = {1: 10, 3: 7 + raw[4], 4: 22}.get(raw[3])
        if size is None:
            raise Refused(NO_PROXY)
        if self._taken(size, SOCKS_VERSION) is None:
            return None
        self.done = True
        return b""

    def _taken(self, size: int, version: int) -> bytes | None:
        """Return the next message, whose length is `size`, once it is there."""
        if self._raw and self._raw[0] != version:
            raise Refused(NO_PROXY)
        if len(self._raw) < size:
            return None
        message = bytes(self._raw[:size])
        del self._raw[:size]
        return message


class Forwarding:
    """No handshake: the proxy is asked for whole URLs."""

    done = True
    rest = b""

    def begin(self) -> bytes:
        return b""

    def feed(self, data: bytes) -> bytes:
        return b""


class Tunnel(tunnel.TunnelLayer):
    """The layer in which a handshake runs: `begun`, once the proxy is there, and `refusal`, where it says no."""

    def __init__(self, context: Context, transport: Server, provider: Server, handshake: Handshake) -> None:
        super().__init__(context, transport, provider)
        self._handshake = handshake
        self.begun = self.opened = False
        self.refusal: str | None = None

    def start_handshake(self) -> Commands:
        self.begun = True
        try:
            data = self._handshake.begin()
        except Refused as refused:
            self.refusal = str(refused)
        else:
            if data:
                yield commands.SendData(self.tunnel_connection, data)
        if self.refusal is not None or self._handshake.done:
            yield from super().start_handshake()

    def receive_handshake_data(self, data: bytes) -> layer.CommandGenerator[tuple[bool, str | None]]:
        if self.refusal is None:
            try:
                answer = self._handshake.feed(data)
            except Refused as refused:
                self.refusal = str(refused)
            else:
                if answer:
                    yield commands.SendData(self.tunnel_connection, answer)
        if self.refusal is not None:
            return False, self.refusal
        if not self._handshake.done:
            return False, None
        self.opened = True
        if rest := self._handshake.rest:
            # Nobody above gets it before it is told that the connection is there.
            yield from self.receive_data(rest)
        return True, None


class Detour:
    """The way of one connection through a proxy: `transport` is the socket, `provider` what it leads to."""

    def __init__(self, context: Context, proxy: Proxy, place: Place) -> None:
        scheme, host, port = place
        socks = proxy.scheme == "socks5"
        self.proxy = proxy
        self.forwards = scheme == "http" and not socks
        """Requests have the whole URL in their first line, and the proxy's credentials with them."""
        self.transport = Server(address=(proxy.host, proxy.port))
        via: ServerSpec = ("https" if proxy.scheme == "https" else "http", (proxy.host, proxy.port))
        # Of SOCKS mitmproxy has no name.
        self.provider = Server(address=(host, port), via=None if socks else via)
        self.tunnel = Tunnel(context, self.transport, self.provider, self._handshake(*place))

    def _handshake(self, scheme: str, host: str, port: int) -> Handshake:
        if self.forwards:
            return Forwarding()
        return Socks(self.proxy, host, port) if self.proxy.scheme == "socks5" else Connect(self.proxy, host, port)

    def blame(self, error: str) -> tuple[str, bool]:
        """Return why there is no connection, beginning with `the proxy` where the reason lies there; and whether
        another try may help."""
        if self.tunnel.opened:
            return error, True
        if self.tunnel.refusal is not None:
            return self.tunnel.refusal, False
        return (CLOSED if self.tunnel.begun else f"the proxy cannot be reached: {error}"), True

    def refused(self) -> str:
        """Return what 407 says in an answer to a request that the proxy was to forward."""
        return WANTED if self.proxy.name is None else REFUSED
