"""The flow of an exchange, as user interfaces and other addons see it, and the hooks that tell them of it.

It is what the *client* sent and got; the provider's request is an object of its own that never enters the flow.
"""

import time
from collections.abc import Callable

from mitmproxy import flow as mitmflow
from mitmproxy import http
from mitmproxy.proxy import commands, layer
from mitmproxy.proxy.context import Context
from mitmproxy.proxy.layers.http._hooks import (
    HttpErrorHook,
    HttpRequestHeadersHook,
    HttpRequestHook,
    HttpResponseHeadersHook,
    HttpResponseHook,
)

from addons.exchange.actions import Begin
from addons.exchange.exchange import Exchange
from addons.exchange.http_api import SECRET_HEADERS, Head, Reply
from addons.proxy.messages import header_values, response_head
from translators.masking import Mask

Commands = layer.CommandGenerator[None]

CUT = b"?..."
"""Stands in a flow for a request's query."""


class ClientFlow:
    """One exchange's flow. `open_exchange` makes the exchange of a request's head and this flow.

    Each method yields the hook of its moment, except for an exchange that is worth no flow: other addons hear only that
    its request is whole.
    """

    def __init__(
        self, context: Context, request: http.Request, open_exchange: Callable[[Head, http.HTTPFlow], Exchange]
    ) -> None:
        self.flow = flow = http.HTTPFlow(context.client, context.server)
        flow.request = request
        flow.live = True
        self.exchange = open_exchange(_take_head(request, context), flow)
        _mask(request, self.exchange.mask)

    @property
    def killed(self) -> bool:
        """Return whether a user or an addon has killed the flow."""
        return self.flow.error is not None and self.flow.error.msg == mitmflow.Error.KILLED_MESSAGE

    def opened(self) -> Commands:
        """Tell of the request's head."""
        yield from self._tell(HttpRequestHeadersHook(self.flow))

    def requested(self, body: bytes) -> Commands:
        """Tell of the whole request. An addon may change it, or set the flow's response."""
        self.flow.request.data.content = body
        self.flow.request.timestamp_end = time.time()
        yield HttpRequestHook(self.flow)

    def begun(self, begin: Begin) -> Commands:
        """Tell of the head of a stream."""
        self.flow.response = response = response_head(begin.status, begin.headers)
        response.data.content = None
        version = self.flow.request.http_version
        if version == "HTTP/1.1":
            response.headers["transfer-encoding"] = "chunked"
        elif version == "HTTP/1.0":
            response.headers["connection"] = "close"
        yield HttpResponseHeadersHook(self.flow)

    def replied(self, reply: Reply) -> Commands:
        """Tell of the head of a whole answer."""
        if self.exchange.undecoded:
            self.flow.request.data.content = b""
        response = response_head(reply.status, reply.headers)
        response.data.content = b"" if self.flow.request.method == "HEAD" else reply.body
        if reply.status != 204:
            response.headers["content-length"] = str(len(response.data.content))
        self.flow.response = response
        yield from self._tell(HttpResponseHeadersHook(self.flow))

    def ended(self, error: str | None = None) -> Commands:
        """Tell of the end, that of an answer or that of an exchange whose client has left."""
        flow = self.flow
        if error is not None:
            flow.error = mitmflow.Error(error)
        if flow.response is not None:
            flow.response.timestamp_end = time.time()
        self.exchange.finished()
        yield from self._tell(HttpErrorHook(flow) if flow.error is not None else HttpResponseHook(flow))
        flow.live = False

    def release_bodies(self) -> None:
        """Let go of bodies that nobody will look at: Python's collector of cycles may take long."""
        if self.exchange.flow_wanted:
            return
        for message in (self.flow.request, self.flow.response):
            if message is not None:
                message.data.content = None

    def _tell(self, hook: commands.StartHook) -> Commands:
        if self.exchange.counts:
            yield hook


def _take_head(request: http.Request, context: Context) -> Head:
    """Return the head as its client wrote it, and take out of `request` what nobody may see."""
    # Where the client thinks it is, for whoever looks at the flow; nothing is ever sent there.
    request.data.host, request.data.port, *_ = context.client.sockname
    request.data.scheme = b"https" if context.client.tls else b"http"
    headers = header_values(request.headers)
    for name in headers.keys() & SECRET_HEADERS:
        del request.headers[name]
    head = Head(request.data.method.decode("utf-8", "surrogateescape"), request.path, headers)
    # Nothing is served by a query, and a key may stand there, or before the host of a whole URL.
    request.data.path, queried, _ = request.data.path.partition(b"?")
    request.data.path += CUT if queried else b""
    request.data.authority = b""
    return head


def _mask(request: http.Request, mask: Mask) -> None:
    """Take the keys that are known out of where none belongs; nothing is served by what stands there."""
    data = request.data
    data.method, data.path, data.authority = map(mask.body, (data.method, data.path, data.authority))
    data.headers.fields = tuple((mask.body(name), mask.body(value)) for name, value in data.headers.fields)
