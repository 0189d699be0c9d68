"""The flow of an exchange, as user interfaces and other addons see it, and the hooks that tell them of it.

It is what the *client* sent and got; the provider's request is an object of its own that never enters the flow. Where
nobody watches there is no flow at all: `Unwatched` stands for it.
"""

import copy
import time
from collections.abc import Callable, Generator, Mapping
from functools import partial
from typing import Any

from mitmproxy import flow as mitmflow
from mitmproxy import http
from mitmproxy.connection import Client, Server
from mitmproxy.hooks import all_hooks
from mitmproxy.net.http.status_codes import RESPONSES
from mitmproxy.proxy import commands, layer
from mitmproxy.proxy.context import Context

from addons.exchange.exchange import Exchange
from addons.exchange.http_api import SECRET_HEADERS, Head, Reply
from addons.proxy.http1 import Fields, RequestHead, plain, unframed
from translators.masking import Mask
from translators.values import immutable

Commands = layer.CommandGenerator[None]
OpenExchange = Callable[[Head, Client, http.HTTPFlow | None], Exchange]
"""Makes an exchange of a request's head, for a client; with its flow where there is one."""

CUT = b"?..."
"""Stands in a flow for a request's query."""


@immutable
class Requested:
    """A whole request, without its key. `answer` is another addon's."""

    body: bytes
    headers: Mapping[str, str]
    answer: Reply | None = None


@immutable
class Answer:
    """The answer to a client: its head, and its body if it is whole."""

    status: int
    fields: Fields
    body: bytes = b""


Hooked = Generator[commands.Command, Any, Answer]


class Unwatched:
    """Stands for the flow of an exchange that nobody watches."""

    killed = False

    def __init__(self, client: Client, head: RequestHead, open_exchange: OpenExchange) -> None:
        headers = head.headers
        self.exchange = open_exchange(Head(head.method, head.target, headers, version=head.version), client, None)
        self._headers = {name: value for name, value in headers.items() if name not in SECRET_HEADERS}

    def connected(self, server: Server) -> None:
        pass

    def opened(self) -> Commands:
        yield from ()

    def requested(self, body: bytes) -> Generator[commands.Command, Any, Requested]:
        yield from ()
        return Requested(body, self._headers)

    def begun(self, answer: Answer) -> Hooked:
        yield from ()
        return answer

    def replied(self, answer: Answer) -> Commands:
        yield from ()

    def ended(self, error: str | None) -> Commands:
        yield from ()

    def answer(self, answer: Answer) -> Answer:
        return answer


class ClientFlow:
    """The flow of an exchange that somebody watches.

    Each method yields the hook of its moment, except for an exchange that is worth no flow: other addons hear only that
    its request is whole.
    """

    def __init__(self, context: Context, head: RequestHead, open_exchange: OpenExchange) -> None:
        self._context = context
        self.flow = flow = http.HTTPFlow(context.client, context.server)
        flow.request = _request(head, context)
        flow.live = True
        vars(flow)["kill"] = partial(_kill, flow)
        self.exchange = open_exchange(
            Head(head.method, head.target, head.headers, version=head.version), context.client, flow
        )
        _mask(flow.request, self.exchange.mask)

    @property
    def killed(self) -> bool:
        """Return whether a user or an addon has killed the flow."""
        return self.flow.error is not None and self.flow.error.msg == mitmflow.Error.KILLED_MESSAGE

    def connected(self, server: Server) -> None:
        self._context.server = self.flow.server_conn = server

    def opened(self) -> Commands:
        """Tell of the request's head."""
        yield from self._tell("requestheaders")
        self.flow.request.headers.pop("expect", None)

    def requested(self, body: bytes) -> Generator[commands.Command, Any, Requested]:
        """Tell of the whole request. An addon may change it, or answer it."""
        flow = self.flow
        flow.request.data.content = body
        flow.request.timestamp_end = time.time()
        yield _hook("request", flow)
        answer = None
        if (response := flow.response) is not None:
            fields = tuple(plain(unframed(response.headers.fields)).items())
            answer = Reply(response.status_code, fields, response.raw_content or b"")
        return Requested(flow.request.raw_content or b"", plain(flow.request.headers.fields), answer)

    def begun(self, answer: Answer) -> Hooked:
        """Tell of the head of a stream."""
        self.flow.response = response = _response(answer)
        response.data.content = None
        yield _hook("responseheaders", self.flow)
        return self._head()

    def replied(self, answer: Answer) -> Commands:
        """Tell of the head of a whole answer."""
        if self.exchange.undecoded:
            self.flow.request.data.content = b""
        self.flow.response = _response(answer)
        yield from self._tell("responseheaders")

    def answer(self, answer: Answer) -> Answer:
        """Return a whole answer as other addons left it."""
        return self._head()

    def ended(self, error: str | None) -> Commands:
        """Tell of the end, that of an answer or that of an exchange whose client has left."""
        flow = self.flow
        if error is not None and flow.error is None:
            flow.error = mitmflow.Error(error)
        if flow.response is not None:
            flow.response.timestamp_end = time.time()
        yield from self._tell("error" if flow.error is not None else "response")
        flow.live = False

    def _head(self) -> Answer:
        response = self.flow.response
        assert response is not None
        return Answer(response.status_code, response.headers.fields, response.raw_content or b"")

    def _tell(self, hook: str) -> Commands:
        if self.exchange.counts:
            yield _hook(hook, self.flow)


def _hook(name: str, flow: http.HTTPFlow) -> commands.StartHook:
    hook = all_hooks[name](flow)
    assert isinstance(hook, commands.StartHook)
    return hook


def _kill(flow: http.HTTPFlow) -> None:
    """Kill a flow. mitmproxy's own leaves what waits for an intercepted flow waiting."""
    flow.resume()
    http.HTTPFlow.kill(flow)


def _request(head: RequestHead, context: Context) -> http.Request:
    """Return the request for a flow: without keys, without a query. The content is not there yet."""
    host, port, *_ = context.client.sockname
    fields = [(name, value) for name, value in head.fields if name.decode("latin-1").lower() not in SECRET_HEADERS]
    # Nothing is served by a query, and a key may stand there, or before the host of a whole URL.
    path, queried, _ = head.target.encode("utf-8", "surrogateescape").partition(b"?")
    request = _copied(_REQUEST)
    data = request.data
    # Where the client thinks it is, for whoever looks at the flow; nothing is ever sent there.
    data.host, data.port, data.scheme = host, port, b"https" if context.client.tls else b"http"
    data.method = head.method.encode("utf-8", "surrogateescape")
    data.path = _without_authority(path) + (CUT if queried else b"")
    data.http_version = f"HTTP/{head.version}".encode()
    data.headers = http.Headers(fields)
    data.timestamp_start = time.time()
    return request


def _without_authority(path: bytes) -> bytes:
    """Return the path of a target that may be a whole URL."""
    if path.startswith(b"/") or b"://" not in path:
        return path
    return b"/" + path.partition(b"://")[2].partition(b"/")[2]


def _response(answer: Answer) -> http.Response:
    response = _copied(_RESPONSE)
    data = response.data
    data.status_code, data.reason = answer.status, RESPONSES.get(answer.status, "").encode()
    data.headers, data.content = http.Headers(answer.fields), answer.body
    data.timestamp_start = time.time()
    return response


def _mask(request: http.Request, mask: Mask) -> None:
    """Take the keys that are known out of where none belongs; nothing is served by what stands there."""
    data = request.data
    data.method, data.path = mask.body(data.method), mask.body(data.path)
    data.headers.fields = tuple((mask.body(name), mask.body(value)) for name, value in data.headers.fields)


_REQUEST = http.Request("", 0, b"POST", b"http", b"", b"/", b"HTTP/1.1", http.Headers(), None, None, 0.0, None)
_RESPONSE = http.Response(b"HTTP/1.1", 200, b"", http.Headers(), b"", None, 0.0, None)


def _copied[Message: (http.Request, http.Response)](message: Message) -> Message:
    """Return a message to be filled in. mitmproxy checks every field of a new one, which takes as long as translating
    a request."""
    new = copy.copy(message)
    new.data = copy.copy(message.data)
    return new
