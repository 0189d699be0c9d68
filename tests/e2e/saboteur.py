"""A second script beside the gateway that breaks it on purpose, where a request's `x-break` or its prompt says so.

It stands for our own bugs and for other people's addons: what it breaks is the gateway's real code in its real process.
"""

from collections.abc import Callable, Iterator
from typing import Any

from mitmproxy import http

from addons.exchange.exchange import Exchange
from addons.exchange.provider_side import ProviderSide
from addons.exchange.response import Response
from addons.log_line import Terminal
from translators.providers import anthropic

WORD = "sabotage"


class Sabotage(RuntimeError):
    """A bug in the gateway, which quotes the prompt as bugs may."""

    def __init__(self, where: str) -> None:
        super().__init__(f"{where}: canary-of-a-prompt-77ab01")


def break_methods(*names: str) -> None:
    """`names` are methods of `Exchange`, or of its provider's side: `provider.connected`."""
    for path in names:
        side, _, name = path.rpartition(".")
        owner = ProviderSide if side else Exchange
        setattr(owner, name, broken(path, getattr(owner, name)))


def broken(path: str, real: Callable[..., Any]) -> Callable[..., Any]:
    def method(self: Any, *args: Any, **kwargs: Any) -> Any:
        response: Response = self._response
        if response._head.headers.get("x-break") in (path, f"{path}-and-crashed", "everything"):
            raise Sabotage(path)
        return real(self, *args, **kwargs)

    return method


def break_crashed() -> None:
    real = Exchange.crashed

    def crashed(self: Exchange) -> Any:
        if self._head.headers.get("x-break", "").endswith("-and-crashed"):
            raise Sabotage("crashed")
        return real(self)

    Exchange.crashed = crashed  # type: ignore[method-assign]


def break_dialect() -> None:
    render, answer = anthropic.render, anthropic.answer

    def broken_render(conversation: Any, model: Any) -> Any:
        if f"{WORD}:render" in repr(conversation):
            raise Sabotage("render")
        return render(conversation, model)

    class BrokenAnswer:
        def __init__(self, real: Any) -> None:
            self._real = real

        @property
        def done(self) -> bool:
            return bool(self._real.done)

        def whole(self, body: Any) -> Any:
            if f"{WORD}:whole" in repr(body):
                raise Sabotage("whole")
            return self._real.whole(body)

        def on(self, payload: Any) -> Any:
            if f"{WORD}:on" in repr(payload):
                raise Sabotage("on")
            return self._real.on(payload)

        def close(self) -> Iterator[Any]:
            return self._real.close()  # type: ignore[no-any-return]

    anthropic.render = broken_render  # type: ignore[assignment]
    anthropic.answer = lambda recall: BrokenAnswer(answer(recall))  # type: ignore[assignment,return-value]


def break_log() -> None:
    real = Terminal.ended

    def ended(self: Terminal, record: Any) -> None:
        real(self, record)
        if record.id.startswith("break-log"):
            raise Sabotage("log")

    Terminal.ended = ended  # type: ignore[method-assign]


break_methods("head_received", "request_received", "tick", "deadline", "finished", "cancelled")
break_methods(*(f"provider.{name}" for name in ("connected", "head_received", "data_received", "eof_received")))
break_crashed()
break_dialect()
break_log()


class Neighbour:
    """Another addon, with bugs and wishes of its own."""

    def requestheaders(self, flow: http.HTTPFlow) -> None:
        self._do("requestheaders", flow)

    def request(self, flow: http.HTTPFlow) -> None:
        self._do("request", flow)

    def responseheaders(self, flow: http.HTTPFlow) -> None:
        self._do("responseheaders", flow)

    def response(self, flow: http.HTTPFlow) -> None:
        self._do("response", flow)

    def error(self, flow: http.HTTPFlow) -> None:
        self._do("error", flow)

    def _do(self, hook: str, flow: http.HTTPFlow) -> None:
        wish = flow.request.headers.get("x-neighbour", "")
        if wish == f"raises in {hook}":
            raise RuntimeError(hook)
        if wish == f"answers in {hook}":
            flow.response = http.Response.make(418, b'{"mine": true}', {"x-neighbour": "was here"})
        if wish == f"kills in {hook}" and flow.killable:
            flow.kill()


addons = [Neighbour()]
