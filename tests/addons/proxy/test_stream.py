"""One exchange between its client and a provider: time, leaving, other addons, and bugs of ours made on purpose."""

import dataclasses
import json
from collections.abc import Callable
from typing import Any

import pytest
from mitmproxy import http

from addons.exchange.exchange import HEAVY
from addons.exchange.observers import Record
from addons.proxy.providers import Pass
from tests.addons.proxy.playbook import BODY, FIRST, REST, STREAM, STREAMED, WHOLE, Broken, Clock, Playbook, request
from tests.e2e.provider import LAST_CHUNK, chunk, sse
from translators.providers import anthropic

Asked = dict[str, Any]

FORMS = pytest.mark.parametrize(
    ("body", "answer"), [pytest.param(BODY, WHOLE, id="whole"), pytest.param(STREAMED, STREAM, id="stream")]
)
HOOKS = pytest.mark.parametrize("hook", ["requestheaders", "request", "responseheaders", "response"])
WANTED = ["requestheaders", "request", "open s1"]
TOLD = {"whole": ["responseheaders", "response", "200", "data"], "stream": ["responseheaders", "200", "data"]}
DROPPED = ["close s1", "gateway_given_up"]
LEFT = ["close client", "cut s1", "gateway_given_up"]
ENDED = ["response", "end"]


def failed(status: int) -> list[str]:
    return ["responseheaders", "response", str(status), "data"]


def play_out(play: Playbook, body: Asked, answer: bytes) -> list[str]:
    """All of an exchange, as far as it comes."""
    words = play.ask(body)
    if play.servers:
        words += play.opens("s1")
    if play.servers and play.record.end != "failed" and play.servers[0] in play.alive:
        words += play.answers("s1", answer)
    return words


# --- an answer ----------------------------------------------------------------------------------------


def test_a_whole_answer(clock: Clock) -> None:
    play = Playbook(clock)
    assert play.ask() == WANTED
    assert play.opens("s1") == ["ask s1"]
    assert play.asked("s1").startswith(b"POST /v1/messages HTTP/1.1\r\nhost: provider.example:8080\r\n")
    assert b"client-key" not in play.asked("s1")
    assert play.answers("s1", WHOLE) == TOLD["whole"]
    assert play.idle


def test_a_stream(clock: Clock) -> None:
    play = Playbook(clock)
    play.ask(STREAMED)
    play.opens("s1")
    assert play.answers("s1", FIRST) == TOLD["stream"]
    assert play.answers("s1", REST) == ["data", *ENDED]
    assert play.heard.endswith(b"data: [DONE]\n\n\r\n0\r\n\r\n")
    assert play.answers("s1", LAST_CHUNK) == []
    assert play.idle


@FORMS
def test_a_client_of_http_1_0_is_closed_after_its_answer(clock: Clock, body: Asked, answer: bytes) -> None:
    play = Playbook(clock)
    play.ask(body, "HTTP/1.0")
    play.opens("s1")
    assert play.answers("s1", answer).end_with(["close client", "cut s1"])
    assert play.idle


def test_a_client_that_asks_whether_to_go_on(clock: Clock) -> None:
    play = Playbook(clock)
    assert play.client_sends(request(expect="100-continue")) == ["requestheaders", "100", "request", "open s1"]


@pytest.mark.parametrize(
    ("data", "cause"),
    [
        (b"", "it closed the connection"),
        (FIRST[:20], "it closed the connection"),
        (b"HTTP/1.1 100 Continue\r\n\r\n", "it closed the connection"),
        (WHOLE[:-1], "it closed the connection before its answer was complete"),
    ],
    ids=["nothing", "half a head", "an interim head", "half a body"],
)
def test_a_provider_that_closes_too_early(clock: Clock, data: bytes, cause: str) -> None:
    play = Playbook(clock)
    play.ask()
    play.opens("s1")
    assert not data or play.answers("s1", data) == []
    assert play.ends("s1") == ["close s1", *failed(502)]
    assert play.record.cause == f"connection to the provider: {cause}"
    assert play.idle


@pytest.mark.parametrize("data", [b"junk\r\n\r\n", b"HTTP/1.1 101 Switching\r\n\r\n"], ids=["junk", "101"])
def test_a_provider_that_speaks_no_http(clock: Clock, data: bytes) -> None:
    play = Playbook(clock)
    play.ask()
    play.opens("s1")
    assert play.answers("s1", data) == ["close s1", *failed(502)]
    assert play.idle


def test_a_stream_that_is_cut(clock: Clock) -> None:
    play = Playbook(clock)
    play.ask(STREAMED)
    play.opens("s1")
    play.answers("s1", FIRST)
    assert play.ends("s1") == ["close s1", "data", "error", "end"]
    assert b"[DONE]" not in play.heard
    assert play.idle


# --- time ---------------------------------------------------------------------------------------------


@FORMS
def test_timeout_of_a_connection(clock: Clock, body: Asked, answer: bytes) -> None:
    play = Playbook(clock)
    play.ask(body)
    assert play.later(9.9) == []
    assert play.later(0.1) == [*DROPPED, *failed(504)]
    assert play.record.cause == "timeout: connect"
    assert play.idle


def test_timeout_of_a_first_byte(clock: Clock) -> None:
    play = Playbook(clock)
    play.ask()
    clock.time += 5
    play.opens("s1")
    assert play.later(24.9) == []
    assert play.later(5.1) == [*DROPPED, *failed(504)]
    assert play.record.cause == "timeout: first-byte"


def test_keep_alive_and_timeout_of_a_stream(clock: Clock) -> None:
    play = Playbook(clock)
    play.ask(STREAMED)
    play.opens("s1")
    play.answers("s1", FIRST)
    told = len(play.heard)
    assert play.later(14.9) == []
    assert play.later(0.1) == ["data"]
    assert play.heard[told:] == chunk(b": ping\n\n")
    assert play.later(4.9) == []
    assert play.later(0.1) == [*DROPPED, "data", "error", "end"]
    assert play.record.cause == "timeout: idle"
    assert play.idle


def test_a_clients_patience_is_kept_before_the_first_event(clock: Clock) -> None:
    play = Playbook(clock)
    play.ask(STREAMED)
    play.opens("s1")
    assert play.later(15) == ["responseheaders", "200", "data"]
    assert play.later(15) == [*DROPPED, "data", "error", "end"]


@FORMS
@HOOKS
def test_a_flow_that_is_held_does_not_wake_anybody(clock: Clock, hook: str, body: Asked, answer: bytes) -> None:
    """A user who looks at it in mitmproxy, for longer than any timeout."""
    play = Playbook(clock, held=(hook,))
    play_out(play, body, answer)
    assert play.later(700) == []
    play.completes(hook)
    if hook.startswith("requ"):
        play.opens("s1")
        play.answers("s1", answer)
    assert play.record.end == "complete"
    play.later(1)
    assert play.idle


def test_a_stream_whose_head_is_held_goes_on_with_what_came(clock: Clock) -> None:
    play = Playbook(clock, held=("responseheaders",))
    play.ask(STREAMED)
    play.opens("s1")
    assert play.answers("s1", FIRST) == ["responseheaders"]
    assert play.later(700) == []
    assert play.answers("s1", REST + LAST_CHUNK) == []
    assert play.completes("responseheaders") == ["200", "data", *ENDED]
    assert play.record.end == "complete"


# --- the client leaves --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("sent", "opened", "data", "words"),
    [
        (20, False, b"", ["close client"]),
        (-5, False, b"", ["close client", "error"]),
        (None, False, b"", [*LEFT, "error"]),
        (None, True, b"", [*LEFT, "error"]),
        (None, True, FIRST[:20], [*LEFT, "error"]),
        (None, True, FIRST, [*LEFT, "error"]),
        (None, True, FIRST + REST, ["close client", "cut s1"]),
        (None, True, STREAM, ["close client", "cut s1"]),
    ],
    ids=["in its head", "in its body", "opening", "asked", "in a head", "in a stream", "after it", "after its end"],
)
def test_a_client_that_leaves(clock: Clock, sent: int | None, opened: bool, data: bytes, words: list[str]) -> None:
    play = Playbook(clock)
    play.client_sends(request(STREAMED)[:sent])
    if opened:
        play.opens("s1")
        play.answers("s1", data)
    assert play.client_leaves() == words
    assert play.alive == []
    assert play.idle
    if "error" in words:
        assert play.record.end == "cancelled"


@FORMS
@HOOKS
def test_a_client_that_leaves_while_a_hook_runs(clock: Clock, hook: str, body: Asked, answer: bytes) -> None:
    play = Playbook(clock, held=(hook,))
    play_out(play, body, answer)
    assert play.client_leaves()[0] == "close client"
    after = play.completes(hook)
    assert not {"open s1", "response", "200", "end"} & set(after)
    assert play.idle
    assert play.record.end == ("cancelled" if hook.startswith("requ") else "complete")


def embedded(play: Playbook) -> Asked:
    """A question to a model whose requests must be authorised first."""
    play.services.catalogue = play.services.catalogue.with_embedded("http://embedded.invalid")
    return {**BODY, "model": play.services.settings.embedded.alias}


def heavy(play: Playbook) -> Asked:
    """A question that is understood elsewhere."""
    return {**BODY, "messages": [{"role": "user", "content": "x" * HEAVY}]}


def authorise(given: Any) -> None:
    assert isinstance(given, Pass)
    given.request = dataclasses.replace(given.request, auth=None, secrets=(("x-api-key", "given-key"),))


ASIDE = pytest.mark.parametrize(
    ("hook", "question"),
    [pytest.param("gateway_authorise", embedded, id="authorise"), pytest.param("gateway_work", heavy, id="work")],
)


@ASIDE
def test_what_is_done_elsewhere(clock: Clock, hook: str, question: Callable[[Playbook], Asked]) -> None:
    play = Playbook(clock, held=(hook,), hooks={"gateway_authorise": authorise})
    assert play.ask(question(play)) == ["requestheaders", "request", hook]
    assert play.completes(hook) == ["open s1"]
    assert play.opens("s1") == ["ask s1"]


@ASIDE
def test_a_client_does_not_wait_for_what_is_done_elsewhere(
    clock: Clock, hook: str, question: Callable[[Playbook], Asked]
) -> None:
    play = Playbook(clock, held=(hook,), hooks={"gateway_authorise": authorise})
    play.ask(question(play))
    assert play.client_leaves() == ["close client", "error"]
    assert play.completes(hook) == []
    assert play.alive == []
    assert play.record.end == "cancelled"


def test_a_request_that_nobody_authorises_does_not_leave(clock: Clock) -> None:
    play = Playbook(clock)
    assert play.ask(embedded(play)) == ["requestheaders", "request", "gateway_authorise", *failed(500)]
    assert play.servers == []


# --- other addons -------------------------------------------------------------------------------------


def answers(flow: http.HTTPFlow) -> None:
    flow.response = http.Response.make(418, b'{"mine": true}', {"x-neighbour": "was here"})


def kills(flow: http.HTTPFlow) -> None:
    flow.kill()


@FORMS
@pytest.mark.parametrize("hook", ["requestheaders", "request"])
def test_another_addon_that_answers(clock: Clock, hook: str, body: Asked, answer: bytes) -> None:
    play = Playbook(clock, hooks={hook: answers})
    assert play.ask(body) == ["requestheaders", "request", *failed(418)]
    assert play.heard.endswith(b'{"mine": true}')
    assert play.record.cause == "answered by another addon"
    assert play.idle


@pytest.mark.parametrize("hook", ["requestheaders", "request", "responseheaders", "response"])
def test_another_addon_that_changes_a_whole_answer(clock: Clock, hook: str) -> None:
    play = Playbook(clock, hooks={hook: answers})
    play_out(play, BODY, WHOLE)
    assert play.heard.startswith(b"HTTP/1.1 418 ")
    assert play.heard.endswith(b'{"mine": true}')
    assert play.idle


def test_another_addon_answers_nobody_without_a_key(clock: Clock) -> None:
    play = Playbook(clock, hooks={"request": answers})
    assert play.client_sends(request(key="wrong")) == ["requestheaders", *failed(401)]


@FORMS
@HOOKS
def test_another_addon_that_kills(clock: Clock, hook: str, body: Asked, answer: bytes) -> None:
    play = Playbook(clock, hooks={hook: kills})
    words = play_out(play, body, answer)
    assert play.idle
    if body is STREAMED and hook == "response":  # it is told already
        assert words[-1] == "end"
        return
    assert "close client" in words
    assert "200" not in words
    assert play.alive == []
    if hook.startswith("requ"):
        assert play.servers == []
        assert play.record.end == "cancelled"


@pytest.mark.parametrize("hook", ["requestheaders", "request", "responseheaders", "response"])
def test_another_addon_does_not_say_where_a_whole_answer_ends(clock: Clock, hook: str) -> None:
    def changes(flow: http.HTTPFlow) -> None:
        flow.response = http.Response.make(418, b"mine")
        flow.response.headers["content-length"], flow.response.headers["transfer-encoding"] = "1", "chunked"

    play = Playbook(clock, hooks={hook: changes})
    play_out(play, BODY, WHOLE)
    assert play.heard.endswith(b"\r\ncontent-length: 4\r\n\r\nmine")
    assert play.heard.count(b"content-length") == 1
    assert b"transfer-encoding" not in play.heard


def test_another_addon_does_not_say_where_a_stream_ends(clock: Clock) -> None:
    play = Playbook(clock, hooks={"responseheaders": answers})
    play_out(play, STREAMED, STREAM)
    head, _, body = play.heard.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 418 ")
    assert head.endswith(b"\r\ntransfer-encoding: chunked")
    assert b"content-length" not in head
    assert body.endswith(LAST_CHUNK)


def test_an_answer_of_another_addon_that_has_no_body(clock: Clock) -> None:
    def changes(flow: http.HTTPFlow) -> None:
        flow.response = http.Response.make(204, b"mine")

    play = Playbook(clock, hooks={"request": changes})
    play.ask()
    assert play.heard.startswith(b"HTTP/1.1 204 ")
    assert play.heard.endswith(b"\r\n\r\n")


@FORMS
@pytest.mark.parametrize("said", ["close", "keep-alive"])
@pytest.mark.parametrize("wanted", ["close", "keep-alive"])
def test_another_addon_does_not_say_whether_the_connection_ends(
    clock: Clock, said: str, wanted: str, body: Asked, answer: bytes
) -> None:
    def changes(flow: http.HTTPFlow) -> None:
        assert flow.response is not None
        flow.response.headers["connection"] = said

    play = Playbook(clock, hooks={"responseheaders": changes})
    play.ask(body, connection=wanted)
    play.opens("s1")
    words = play.answers("s1", answer)
    head = play.heard.partition(b"\r\n\r\n")[0]
    assert ("close client" in words, b"connection: close" in head) == (wanted == "close",) * 2
    assert b"connection: keep-alive" not in head


@pytest.mark.parametrize("status", [101, 204, 304])
def test_another_addon_does_not_say_that_a_stream_has_no_body(clock: Clock, status: int) -> None:
    def changes(flow: http.HTTPFlow) -> None:
        assert flow.response is not None
        flow.response.status_code = status

    play = Playbook(clock, hooks={"responseheaders": changes})
    play_out(play, STREAMED, STREAM)
    assert play.heard.startswith(b"HTTP/1.1 200 ")


def test_an_answer_that_says_that_its_connection_is_closed_closes_it(clock: Clock) -> None:
    play = Playbook(clock)
    upgrade = b"GET /v1/chat/completions HTTP/1.1\r\nauthorization: Bearer client-key\r\nupgrade: websocket\r\n\r\n"
    assert play.client_sends(upgrade)[-1] == "close client"
    assert b"connection: close" in play.heard


@FORMS
def test_another_addon_whose_header_is_two_lines(clock: Clock, body: Asked, answer: bytes) -> None:
    def changes(flow: http.HTTPFlow) -> None:
        assert flow.response is not None
        flow.response.headers["x"] = "a\r\nb: c"

    play = Playbook(clock, hooks={"responseheaders": changes})
    assert {"close client", "cut s1"} <= set(play_out(play, body, answer))
    assert play.heard == b""
    assert play.alive == []
    assert play.idle


def test_a_stream_that_is_killed_before_its_head_left_has_no_body(clock: Clock) -> None:
    flows: list[http.HTTPFlow] = []
    play = Playbook(clock, hooks={"request": flows.append}, held=("responseheaders",))
    play.ask(STREAMED)
    play.opens("s1")
    play.answers("s1", FIRST + b"junk\r\n")
    flows.pop().kill()
    assert play.completes("responseheaders") == ["close s1", "close client", "error"]
    assert play.heard == b""
    assert play.idle


@pytest.mark.parametrize("key", ["client-key", "provider-key"])
def test_a_key_that_is_asked_for_as_a_model_is_not_in_the_log(clock: Clock, key: str) -> None:
    play = Playbook(clock)
    assert play.ask({**BODY, "model": f"a-{key}"})[-2] == "400"
    assert play.record.model == "a-[redacted]"
    assert key.encode() not in play.heard


@pytest.mark.parametrize("key", ["client-key", "provider-key"])
def test_a_key_that_is_the_name_of_a_field_is_not_in_the_log(clock: Clock, key: str) -> None:
    play = Playbook(clock)
    play_out(play, {**BODY, key: 1}, WHOLE)
    assert play.heard.startswith(b"HTTP/1.1 200 ")
    assert [note.path for note in play.record.notes] == ["[redacted]"]


# --- bugs of ours -------------------------------------------------------------------------------------


@FORMS
@pytest.mark.parametrize("method", ["head_received", "request_received"])
def test_a_bug_before_the_provider_is_asked(clock: Clock, method: str, body: Asked, answer: bytes) -> None:
    play = Playbook(clock, broken=(method,))
    assert play.ask(body).end_with(failed(500))
    assert play.servers == []
    assert play.record.end == "failed"
    assert play.idle


@FORMS
@pytest.mark.parametrize("method", ["provider.connected", "provider.head_received", "provider.data_received"])
def test_a_bug_before_the_client_has_heard_anything(clock: Clock, method: str, body: Asked, answer: bytes) -> None:
    play = Playbook(clock, broken=(method,))
    assert play_out(play, body, answer).end_with([*DROPPED, *failed(500)])
    assert b"internal_error" in play.heard
    assert b"Broken" not in play.heard
    assert play.idle


def test_a_bug_at_the_end_of_a_whole_answer(clock: Clock) -> None:
    play = Playbook(clock, broken=("provider.eof_received",))
    assert play_out(play, BODY, WHOLE).end_with(failed(500))
    assert play.idle


def test_a_bug_in_the_dialects_request(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(anthropic, "render", Playbook.raising("render"))
    play = Playbook(clock)
    assert play.ask().end_with(failed(500))
    assert play.servers == []


def test_a_bug_in_the_midst_of_a_stream(clock: Clock) -> None:
    play = Playbook(clock)
    play.ask(STREAMED)
    play.opens("s1")
    play.answers("s1", FIRST)
    vars(play.exchanges[0].provider)["data_received"] = Playbook.raising("feed")
    assert play.answers("s1", chunk(sse({"type": "ping"}))) == [*DROPPED, "data", "error", "end"]
    assert b"internal_error" in play.heard
    assert b"[DONE]" not in play.heard
    assert play.idle


@FORMS
@pytest.mark.parametrize(
    "method",
    [
        "head_received",
        "request_received",
        "provider.connected",
        "provider.head_received",
        "provider.data_received",
        "finished",
    ],
)
def test_a_bug_that_cannot_even_be_reported(clock: Clock, method: str, body: Asked, answer: bytes) -> None:
    play = Playbook(clock, broken=(method, "crashed"))
    assert "close client" in play_out(play, body, answer)
    assert play.alive == []
    assert play.idle


@FORMS
def test_a_bug_in_the_timer(clock: Clock, body: Asked, answer: bytes) -> None:
    play = Playbook(clock, broken=("tick",))
    play.ask(body)
    assert play.later(10) == [*DROPPED, *failed(500)]
    assert play.later(1000) == []
    assert play.idle


@FORMS
def test_a_bug_in_the_deadline(clock: Clock, body: Asked, answer: bytes) -> None:
    """Who cannot tell time any more is ended at once, and not a thousand times a second."""
    play = Playbook(clock, broken=("deadline",))
    play.ask(body)
    assert play.later(1) == [*DROPPED, *failed(500)]
    assert play.idle


@FORMS
def test_a_bug_when_the_client_leaves(clock: Clock, body: Asked, answer: bytes) -> None:
    play = Playbook(clock, broken=("cancelled",))
    play.ask(body)
    play.opens("s1")
    assert play.client_leaves()[:3] == LEFT
    assert play.alive == []
    assert play.idle


@FORMS
def test_a_bug_in_the_log(clock: Clock, body: Asked, answer: bytes) -> None:
    class Log:
        detailed = False

        def ended(self, record: Record) -> None:
            raise Broken("log")

    play = Playbook(clock)
    play.services.watchers = (Log(),)  # type: ignore[assignment]
    words = play_out(play, body, answer)
    assert "200" in words
    assert play.idle


@FORMS
def test_the_gateway_answers_after_a_bug(clock: Clock, body: Asked, answer: bytes) -> None:
    play = Playbook(clock, broken=("request_received",))
    play.ask(body)
    play.broken = ()
    assert play.ask(body) == WANTED
    play.opens("s1")
    assert "200" in play.answers("s1", answer)
    assert json.dumps("internal_error").encode() in play.heard
