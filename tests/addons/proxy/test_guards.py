"""Bugs made on purpose wherever an exchange passes: each costs one answer, never a key, and leaves nothing open.

Only the client's bytes, mitmproxy's commands and the log are looked at, whatever the layer is made of.
"""

import time
from collections.abc import Callable
from typing import Any

import pytest
from mitmproxy import http
from mitmproxy.connection import Server

from addons.exchange.exchange import HEAVY, Exchange
from addons.exchange.provider_side import ProviderSide
from addons.limiting.in_memory import InMemory
from routing.client_keys import KeyRing
from routing.faults import FaultRule, Faults
from routing.settings import ClientKey
from tests.addons.proxy.conftest import Log
from tests.addons.proxy.playbook import BODY, FIRST, STREAM, STREAMED, WHOLE, Clock, Playbook, request
from tests.e2e.provider import head
from translators.clients import chat
from translators.providers import anthropic

Scene = Callable[[Playbook], Any]
FORMS = pytest.mark.parametrize("body", [BODY, STREAMED], ids=["whole", "stream"])
OVERLOADED = head(529, {"content-type": "application/json", "content-length": "2"}) + b"{}"


def plays(body: dict[str, Any], *answers: bytes) -> Scene:
    """Return a scene: the client asks, the provider takes the connection and answers, as far as it comes."""

    def scene(play: Playbook) -> None:
        play.ask(body)
        if play.servers:
            play.opens("s1")
        for data in answers:
            if play.servers and play.servers[0] in play.alive:
                play.answers("s1", data)

    return scene


whole, stream = plays(BODY, WHOLE), plays(STREAMED, STREAM)


def leaves(play: Playbook) -> None:
    plays(BODY)(play)
    play.client_leaves()


def is_cut(play: Playbook) -> None:
    plays(STREAMED, FIRST)(play)
    play.ends("s1")


def waits(play: Playbook) -> None:
    plays(STREAMED)(play)
    play.later(100)


def ends(play: Playbook) -> None:
    plays(STREAMED, FIRST)(play)
    play.shuts_down()


def is_too_slow(play: Playbook) -> None:
    play.client_sends(request()[:-5])
    play.later(60)


def is_heavy(play: Playbook) -> None:
    plays({**BODY, "messages": [{"role": "user", "content": "x" * HEAVY}]}, WHOLE)(play)


def is_embedded(play: Playbook) -> None:
    play.services.catalogue = play.services.catalogue.with_embedded("http://embedded.invalid")
    play.hooks["gateway_authorise"] = no_credentials
    play.ask({**BODY, "model": play.services.settings.embedded.alias})


def is_refused_on_purpose(play: Playbook) -> None:
    rule = FaultRule.model_validate({"models": ["*"], "fault": "529"})
    play.services.faults = Faults([rule], play.services.new_id)
    play.ask()
    play.later(1)


def no_credentials(given: Any) -> None:
    given.failure = anthropic.read_error(503, {}, b"")


def another_answers(play: Playbook) -> None:
    play.hooks["request"] = answers
    play.ask()


def answers(flow: http.HTTPFlow) -> None:
    flow.response = http.Response.make(418)


def raises(flow: http.HTTPFlow) -> None:
    raise RuntimeError("a bug of another addon's")


# --- the exchange ---------------------------------------------------------------------------------------

SCENES: dict[str, tuple[Scene, ...]] = {
    "head_received": (whole, stream),
    "request_received": (whole, stream),
    "refuse": (is_too_slow,),
    "answered_elsewhere": (another_answers,),
    "work_done": (is_heavy,),
    "cancelled": (leaves,),
    "shut_down": (ends,),
    "deadline": (waits,),
    "tick": (waits,),
    "provider.connected": (whole, stream),
    "provider.authorised": (is_embedded,),
    "provider.head_received": (whole, stream),
    "provider.data_received": (whole, stream),
    "provider.eof_received": (whole,),
    "provider.connection_lost": (is_cut,),
    "provider.ask": (whole, stream),
    "provider.late": (waits,),
    "provider.due": (waits,),
    "provider.end_all": (leaves,),
    "provider.inject": (is_refused_on_purpose,),
    "provider.fail": (waits, is_cut),
    "provider.shut_down": (ends,),
}
"""What happens, and the method of the exchange that is then told."""
LAST = {"abandoned", "crashed", "finished"}
"""Methods that a bug of another brings about, or the end."""
UNUSED = {"provider.give_up"}
"""Methods that only a pool of several targets brings about."""


def test_every_event_has_a_bug_here() -> None:
    sides = {"": Exchange, "provider.": ProviderSide}
    methods = {f"{side}{name}" for side, owner in sides.items() for name, value in vars(owner).items()
               if callable(value) and not name.startswith("_")}  # fmt: skip
    assert methods == SCENES.keys() | LAST | UNUSED


CASES = [pytest.param(method, scene, id=f"{method}-{number}") for method, scenes in SCENES.items()
         for number, scene in enumerate(scenes)]  # fmt: skip


@pytest.mark.parametrize("reported", [True, False], ids=["told", "not even told"])
@pytest.mark.parametrize(("method", "scene"), CASES)
def test_a_bug_of_the_exchange(clock: Clock, log: Log, method: str, scene: Scene, reported: bool) -> None:
    play = Playbook(clock, broken=(method,) if reported else (method, "crashed"))
    limited = ClientKey.model_validate({"key": "client-key", "name": "limited", "max-parallel": 1})
    play.services.keys, play.services.client_counts = KeyRing([limited]), InMemory()
    scene(play)
    fails_closed(play)
    assert play.services.client_counts.take_slot("limited", "the next one", 1)
    assert f"Broken: {method}" in log.text
    assert reported or play.client not in play.alive


def fails_closed(play: Playbook) -> None:
    """The client has an error, or is disconnected with all that was opened for it; nothing goes on; and there is an end
    to timers."""
    play.later(1000)
    for word in (b"Broken", b"[DONE]", b"Hello there"):
        assert word not in play.heard
    if play.client in play.alive:
        assert b"internal_error" in play.heard
        assert play.idle
    else:
        assert play.alive == []
    assert not play.timers


@FORMS
def test_every_event_has_a_bug(clock: Clock, body: dict[str, Any]) -> None:
    """Whoever can do nothing is disconnected at once."""
    play = Playbook(clock, broken=(*SCENES, *LAST))
    assert play.ask(body)[-1] == "close client"
    assert play.servers == []
    fails_closed(play)


# --- the dialects ---------------------------------------------------------------------------------------


class Answer:
    """The machine of an answer, of which one method has a bug."""

    def __init__(self, method: str) -> None:
        self.done = False
        self.on = self.whole = self.close = lambda *_: []
        setattr(self, method, Playbook.raising(method))


DIALECT: dict[str, tuple[Any, str, Any, Scene]] = {
    "a request, parsed": (chat, "parse", Playbook.raising("parse"), whole),
    "a request, rendered": (anthropic, "render", Playbook.raising("render"), whole),
    "a machine": (anthropic, "answer", Playbook.raising("answer"), whole),
    "a whole answer": (anthropic, "answer", lambda recall: Answer("whole"), whole),
    "a payload": (anthropic, "answer", lambda recall: Answer("on"), stream),
    "the end of a stream": (anthropic, "answer", lambda recall: Answer("close"), stream),
    "a provider's error": (anthropic, "read_error", Playbook.raising("read_error"), plays(BODY, OVERLOADED)),
    "a provider's limits": (anthropic, "read_limits", Playbook.raising("read_limits"), whole),
    "a writer": (chat, "whole", Playbook.raising("whole"), whole),
    "a stream's writer": (chat, "streamed", Playbook.raising("streamed"), stream),
    "a word": (chat.Streamed, "on", Playbook.raising("on"), stream),
    "a part of a whole answer": (chat.Whole, "on", Playbook.raising("on"), whole),
    "a whole answer's last word": (chat.Whole, "close", Playbook.raising("close"), whole),
    "a stream's last word": (chat.Streamed, "close", Playbook.raising("close"), stream),
}


@pytest.mark.parametrize(("owner", "name", "broken", "scene"), DIALECT.values(), ids=DIALECT)
def test_a_bug_in_a_dialect(
    clock: Clock, log: Log, monkeypatch: pytest.MonkeyPatch, owner: Any, name: str, broken: Any, scene: Scene
) -> None:
    play = Playbook(clock)
    monkeypatch.setattr(owner, name, broken)
    scene(play)
    assert "Broken: " in log.text
    fails_closed(play)


# --- what an exchange needs -----------------------------------------------------------------------------


@FORMS
@pytest.mark.parametrize("service", ["keys", "catalogue", "new_id", "mask"])
def test_a_bug_in_a_service(clock: Clock, log: Log, body: dict[str, Any], service: str) -> None:
    play = Playbook(clock)
    setattr(play.services, service, None)
    play.ask(body)
    assert play.servers == []
    assert "Traceback" in log.text
    fails_closed(play)


def test_work_that_nobody_does(clock: Clock, log: Log) -> None:
    play = Playbook(clock, hooks={"gateway_work": raises})
    is_heavy(play)
    assert play.servers == []
    fails_closed(play)


@FORMS
def test_an_exchange_that_cannot_begin(clock: Clock, log: Log, body: dict[str, Any]) -> None:
    play = Playbook(clock, broken=("open_exchange",))
    assert play.ask(body) == ["close client"]
    assert "Broken: open_exchange" in log.text
    fails_closed(play)


# --- the layer ------------------------------------------------------------------------------------------


@FORMS
def test_a_connection_that_cannot_be_made(
    clock: Clock, log: Log, monkeypatch: pytest.MonkeyPatch, body: dict[str, Any]
) -> None:
    play = Playbook(clock)
    made = Server.__init__

    def make(self: Server, *, address: Any, **more: Any) -> None:
        if address:
            Playbook.raising("Server")()
        made(self, address=address, **more)

    monkeypatch.setattr(Server, "__init__", make)
    assert play.ask(body).end_with(["responseheaders", "response", "500", "data", "close client"])
    assert play.record.error == "internal_error"
    assert "Broken: Server" in log.text
    fails_closed(play)


@FORMS
def test_a_clock_that_stops(clock: Clock, log: Log, monkeypatch: pytest.MonkeyPatch, body: dict[str, Any]) -> None:
    play = Playbook(clock)
    monkeypatch.setattr(time, "monotonic", Playbook.raising("monotonic"))
    play.ask(body)
    monkeypatch.setattr(time, "monotonic", clock.now)
    assert "Broken: monotonic" in log.text
    fails_closed(play)


# --- other addons ---------------------------------------------------------------------------------------

HOOKS = ("requestheaders", "request", "responseheaders", "response", "error", "gateway_given_up")


@pytest.mark.parametrize("hook", HOOKS)
@pytest.mark.parametrize("scene", [whole, stream, is_cut, leaves], ids=["whole", "stream", "cut", "left"])
def test_another_addon_that_raises_changes_nothing(clock: Clock, hook: str, scene: Scene) -> None:
    undisturbed, play = Playbook(clock), Playbook(clock, hooks={hook: raises})
    for each in (undisturbed, play):
        scene(each)
    assert list(play.sent.values()) == list(undisturbed.sent.values())
    assert len(play.alive) == len(undisturbed.alive)
    assert play.idle


@pytest.mark.parametrize("wish", [answers, http.HTTPFlow.kill], ids=["answers", "kills"])
@pytest.mark.parametrize("scene", [is_cut, leaves, waits], ids=["cut", "left", "too slow"])
def test_an_addon_that_hears_of_an_error_too_late_changes_nothing(clock: Clock, scene: Scene, wish: Any) -> None:
    undisturbed, play = Playbook(clock), Playbook(clock, hooks={"error": wish})
    for each in (undisturbed, play):
        scene(each)
    assert play.heard == undisturbed.heard
    assert play.idle
