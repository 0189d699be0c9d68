"""A client's connection and those to providers for it: which are opened, used again, given up, and when."""

import itertools
import json

import pytest

from addons.exchange.calls import CONCURRENCY
from tests.addons.proxy.playbook import BODY, FIRST, REST, STREAMED, WHOLE, Clock, Playbook, request
from tests.e2e import claude
from tests.e2e.provider import LAST_CHUNK, chunk, head

ASKED = ["requestheaders", "request"]
ORDERS = list(itertools.permutations(("s1", "s2", "s3")))
ANSWERED = ["responseheaders", "response", "200", "data"]
SERVERS = ("s1", "s2", "s3")
TIMEOUT = ["responseheaders", "response", "408", "data", "close client"]


def saying(word: str) -> bytes:
    body = json.dumps(claude.message(claude.text(word))).encode()
    return head(200, {"content-type": "application/json", "content-length": str(len(body))}) + body


@pytest.mark.parametrize("answering", ORDERS, ids="-".join)
@pytest.mark.parametrize("opening", ORDERS, ids="-".join)
def test_calls_whose_connections_and_answers_come_in_any_order(
    clock: Clock, opening: tuple[str, ...], answering: tuple[str, ...]
) -> None:
    play = Playbook(clock)
    assert play.ask({**BODY, "n": 3}) == [*ASKED, "open s1", "open s2", "open s3"]
    assert [play.opens(server) for server in opening] == [[f"ask {server}"] for server in opening]
    assert [play.answers(server, saying(server)) for server in answering] == [[], [], ANSWERED]
    choices = json.loads(play.heard.partition(b"\r\n\r\n")[2])["choices"]
    assert [choice["message"]["content"] for choice in choices] == list(SERVERS)
    assert play.idle


def test_connections_are_used_again_one_for_each_call(clock: Clock) -> None:
    play = Playbook(clock)
    play.ask({**BODY, "n": 2})
    for server in ("s1", "s2"):
        play.opens(server)
        play.answers(server, WHOLE)
    assert play.ask({**BODY, "n": 3}) == [*ASKED, "ask s1", "ask s2", "open s3"]


def test_more_calls_than_may_be_under_way(clock: Clock) -> None:
    play = Playbook(clock)
    opened = [f"s{number + 1}" for number in range(CONCURRENCY)]
    assert play.ask({**BODY, "n": CONCURRENCY + 1}) == [*ASKED, *(f"open {server}" for server in opened)]
    for server in opened:
        play.opens(server)
    assert play.answers("s3", WHOLE) == ["ask s3"]
    assert [play.answers(server, WHOLE) for server in opened] == [[]] * (CONCURRENCY - 1) + [ANSWERED]
    assert play.idle


def test_a_connection_that_is_refused_is_tried_once_more(clock: Clock) -> None:
    play = Playbook(clock)
    play.ask()
    assert play.refuses("s1") == ["open s2"]
    assert play.refuses("s2") == ["responseheaders", "response", "502", "data"]
    assert play.idle
    assert play.ask() == [*ASKED, "open s3"]


def test_one_call_that_cannot_be_asked_ends_the_others(clock: Clock) -> None:
    play = Playbook(clock)
    play.ask({**BODY, "n": 3})
    play.opens("s1")
    play.refuses("s3")
    assert play.refuses("s4") == [
        *("close s1", "gateway_given_up", "close s2", "gateway_given_up"),
        *("responseheaders", "response", "502", "data"),
    ]
    assert play.idle
    assert play.alive == [play.client]


def test_a_connection_that_died_while_idle_is_replaced_by_a_new_one(clock: Clock) -> None:
    """Others that were idle as long are not trusted either."""
    play = Playbook(clock)
    play.ask({**BODY, "n": 2})
    for server in ("s1", "s2"):
        play.opens(server)
        play.answers(server, WHOLE)
    assert play.ask() == [*ASKED, "ask s1"]
    assert play.ends("s1") == ["close s1", "close s2", "gateway_given_up", "open s3"]
    assert play.opens("s3") == ["ask s3"]
    assert play.answers("s3", WHOLE) == ANSWERED


@pytest.mark.parametrize("data", [b"", b"HTTP/1.1 408 Request Timeout\r\n\r\n"], ids=["closes", "speaks"])
def test_an_idle_connection_that_stirs_is_not_used_again(clock: Clock, data: bytes) -> None:
    play = Playbook(clock)
    play.ask()
    play.opens("s1")
    play.answers("s1", WHOLE)
    assert (play.answers("s1", data) if data else play.ends("s1")) == ["close s1"]
    assert play.ask() == [*ASKED, "open s2"]


def test_nothing_is_heard_of_a_connection_that_was_given_up(clock: Clock) -> None:
    play = Playbook(clock)
    play.ask(STREAMED)
    play.opens("s1")
    play.later(30)
    assert play.answers("s1", FIRST) == []
    assert play.ends("s1") == []
    assert play.idle


@pytest.mark.parametrize("opened", [False, True], ids=["opening", "open"])
def test_a_connection_is_given_up_when_its_client_leaves(clock: Clock, opened: bool) -> None:
    play = Playbook(clock)
    play.ask()
    if opened:
        play.opens("s1")
    assert play.client_leaves() == ["close client", "cut s1", "gateway_given_up", "error"]
    assert play.idle
    assert play.alive == []


def test_the_end_of_a_complete_answer_frees_its_connection(clock: Clock) -> None:
    play = Playbook(clock)
    play.ask(STREAMED)
    play.opens("s1")
    assert play.answers("s1", FIRST + REST)[-1] == "end"
    assert play.later(0.9) == []
    assert play.answers("s1", LAST_CHUNK) == []
    assert play.ask() == [*ASKED, "ask s1"]


def test_the_end_of_a_complete_answer_is_waited_for_a_second(clock: Clock) -> None:
    play = Playbook(clock)
    play.ask(STREAMED)
    play.opens("s1")
    play.answers("s1", FIRST + REST)
    assert play.ask() == [*ASKED, "open s2"]
    assert play.later(1) == ["close s1", "gateway_given_up"]
    assert play.opens("s2") == ["ask s2"]


def test_requests_that_come_together_are_answered_one_after_the_other(clock: Clock) -> None:
    play = Playbook(clock)
    assert play.client_sends(request() + request()) == [*ASKED, "open s1"]
    play.opens("s1")
    assert play.answers("s1", WHOLE) == [*ANSWERED, *ASKED, "ask s1"]
    assert play.answers("s1", WHOLE) == ANSWERED


def test_a_request_behind_another_may_come_in_tiny_chunks(clock: Clock) -> None:
    play = Playbook(clock)
    play.ask()
    play.opens("s1")
    lines = b"POST /v1/chat/completions HTTP/1.1\r\nauthorization: Bearer client-key\r\ntransfer-encoding: chunked"
    body = json.dumps({**BODY, "user": "x" * 60_000}).encode()
    sent = lines + b"\r\n\r\n" + b"".join(chunk(body[at : at + 1]) for at in range(len(body)))
    for at in range(0, len(sent), 65535):
        assert play.client_sends(sent[at : at + 65535]) == []
    assert play.answers("s1", WHOLE) == [*ANSWERED, "requestheaders"]
    assert play.client_sends(LAST_CHUNK) == ["request", "ask s1"]


def test_trailers_of_an_answer_are_passed_over(clock: Clock) -> None:
    play = Playbook(clock)
    play.ask(STREAMED)
    play.opens("s1")
    assert play.answers("s1", FIRST + REST + b"0\r\nx-checksum: 1\r\n\r\n")[-1] == "end"
    assert b"x-checksum" not in play.heard
    assert play.ask() == [*ASKED, "ask s1"]


def test_trailers_of_a_request_are_passed_over(clock: Clock) -> None:
    play = Playbook(clock)
    lines = b"POST /v1/chat/completions HTTP/1.1\r\nauthorization: Bearer client-key\r\ntransfer-encoding: chunked"
    body = chunk(json.dumps(BODY).encode()) + b"0\r\nx-checksum: 1\r\n\r\n"
    assert play.client_sends(lines + b"\r\n\r\n" + body) == [*ASKED, "open s1"]
    play.opens("s1")
    assert b"x-checksum" not in play.asked("s1")
    assert play.answers("s1", WHOLE) == ANSWERED


@pytest.mark.parametrize(
    ("cut", "seconds", "words"),
    [
        (20, 10.0, ["requestheaders", *TIMEOUT]),
        (-5, 60.0, TIMEOUT),
    ],
    ids=["head", "body"],
)
def test_a_request_that_does_not_come(clock: Clock, cut: int, seconds: float, words: list[str]) -> None:
    play = Playbook(clock)
    play.client_sends(request()[:cut])
    assert play.later(seconds - 1) == []
    assert play.later(1) == words
    assert play.alive == []


def test_one_timer_is_enough(clock: Clock) -> None:
    """It fires, and is set again if it was too early."""
    play = Playbook(clock)
    for _ in range(5):
        play.ask(STREAMED)
        if not play.sent.get(play.client):
            play.opens("s1")
        for byte in FIRST:
            play.answers("s1", bytes([byte]))
        play.answers("s1", REST + LAST_CHUNK)
        clock.time += 1
    assert len(play.timers) < 5
    assert play.later(1000) == []
    assert not play.timers


@pytest.mark.parametrize(
    ("body", "data", "words"),
    [
        (BODY, b"", ["close s1", "gateway_given_up", "responseheaders", "response", "503", "data", "close client"]),
        (STREAMED, FIRST, ["close s1", "gateway_given_up", "data", "error", "end", "close client"]),
        (BODY, WHOLE, []),
    ],
    ids=["whole", "stream", "after it"],
)
def test_the_gateway_ends(clock: Clock, body: dict[str, object], data: bytes, words: list[str]) -> None:
    play = Playbook(clock)
    play.ask(body)
    play.opens("s1")
    if data:
        play.answers("s1", data)
    assert play.shuts_down() == words
    assert play.idle


def test_nothing_is_kept_of_a_request_that_cannot_be_read(clock: Clock) -> None:
    play = Playbook(clock)
    refused = ["requestheaders", "responseheaders", "response", "400", "data", "close client"]
    assert play.client_sends(b"GET\r\n\r\n") == refused
    assert play.idle


@pytest.mark.parametrize("surplus", [b"H", b"HTTP/1.1 200 OK\r\ncontent-le"], ids=["a byte", "lines"])
def test_a_connection_on_which_another_answer_has_begun_is_not_used_again(clock: Clock, surplus: bytes) -> None:
    play = Playbook(clock)
    play.ask()
    play.opens("s1")
    assert "close s1" in play.answers("s1", WHOLE + surplus)
    assert play.ask() == [*ASKED, "open s2"]
