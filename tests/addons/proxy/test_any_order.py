"""Anything in any order on a client's connection: whatever it is, the gateway does not fail, and lets go of everything.

Each conversation is drawn from a seed: what the client and the providers send, cut anywhere, hostile or not, and what
mitmproxy, the clock and users do meanwhile.
"""

import json
import os
import random
import re
from collections.abc import Callable

import pytest

from tests.addons.proxy.conftest import Log
from tests.addons.proxy.playbook import BODY, FIRST, REST, STREAM, STREAMED, WHOLE, Clock, Playbook, request
from tests.e2e import claude
from tests.e2e.provider import LAST_CHUNK, chunk, head

SEEDS = range(int(os.environ.get("SEEDS", "100")))
"""More of them are tried by hand."""
STEPS = 120
START = b"POST /v1/chat/completions HTTP/1.1\r\nhost: a\r\nauthorization: Bearer client-key\r\n"
CONTENT = json.dumps(BODY).encode()
CHUNKS = chunk(CONTENT[:9]) + chunk(CONTENT[9:])
UPGRADE = b"connection: Upgrade, HTTP2-Settings\r\nupgrade: h2c\r\n"
ASKED = (
    request(),
    request(STREAMED),
    request({**BODY, "n": 3}),
    request({**STREAMED, "n": 2}),
    request(STREAMED, "HTTP/1.0"),
    request(connection="close"),
    request(STREAMED, connection="close"),
    request(expect="100-continue"),
    request(key="wrong"),
    request({}),
    request().replace(b"POST", b"post"),
    request().replace(b"POST", b"HEAD"),
    START + b"content-length: %d\r\n" % len(CONTENT) + UPGRADE + b"\r\n" + CONTENT,
    START + b"transfer-encoding: chunked\r\n" + UPGRADE + b"\r\n" + CHUNKS + LAST_CHUNK,
    START + b"transfer-encoding: chunked\r\n\r\n" + CHUNKS + b"0\r\nx: 1\r\n\r\n",
    b"GET /health HTTP/1.1\r\nhost: a\r\n\r\n",
    b"GET /v1/models HTTP/1.1\r\nhost: a\r\nauthorization: Bearer client-key\r\nupgrade: websocket\r\n"
    b"connection: upgrade\r\n\r\n",
    b"CONNECT a:443 HTTP/1.1\r\nhost: a\r\n\r\n",
    b"\r\n\r\n",
)
HOSTILE = (
    b"GET\r\n\r\n",
    b"\x16\x03\x01\x00\x05hello",
    START + b"content-length: 1\r\ntransfer-encoding: chunked\r\n\r\n",
    START + b"transfer-encoding: chunked\r\n\r\nsecret\r\n",
    START + b"content-length: 4000000000\r\n\r\n",
    START + b" folded\r\n\r\n",
    b"GET /health HTTP/9.9\r\n\r\n",
    b"x" * 70_000,
)
ANSWERS = (
    WHOLE,
    STREAM,
    FIRST + REST,
    head(529, {"content-type": "application/json", "content-length": "2"}) + b"{}",
    head(200, {"content-type": "application/json"}) + json.dumps(claude.message(claude.text("until the end"))).encode(),
    head(200, {"content-type": "application/json", "connection": "close", "content-length": "2"}) + b"{}",
    head(204, {}),
    b"HTTP/1.1 103 Early Hints\r\n\r\n" + WHOLE,
    WHOLE + WHOLE,
    WHOLE + b"junk",
    b"junk\r\n\r\n",
    b"HTTP/1.1 101 Switching Protocols\r\n\r\n",
    FIRST + b"junk\r\n",
    FIRST + chunk(b"junk"),
    b"",
)


class Conversation:
    """What is drawn does not depend on whether somebody watches."""

    def __init__(self, play: Playbook, seed: int, *, users: bool) -> None:
        self.play, self.draw, self.users = play, random.Random(seed), users
        self.words: list[list[str]] = []
        self._sending = b""
        self._answers: dict[str, bytes] = {}
        self._steps: list[Callable[[], list[str]]] = [
            *[self.sends] * 10,
            *[self.answers] * 20,
            *[self.opens] * 15,
            self.waits,
            self.refuses,
            self.ends,
        ]
        if users:
            self._steps += [*[self.completes] * 4, self.kills]

    def goes_on(self) -> None:
        for _ in range(self.draw.randrange(STEPS)):
            if self.play.client in self.play.alive:
                self.words.append(self.draw.choice(self._steps)())
        if self.draw.random() < 0.1:
            self.words.append(self.play.shuts_down())

    def stops(self) -> None:
        """The client leaves, or says nothing more, as providers do; and users look at nothing any more."""
        if self.draw.random() < 0.7 and self.play.client in self.play.alive:
            self.words.append(self.play.client_leaves())
        self.play.held = ()
        for _ in range(3):
            while self.play.pending:
                self.completes()
            self.play.later(1000)

    @property
    def connections(self) -> list[list[str]]:
        """What became of connections at each step: answers that follow each other may come as one."""
        return [[word for word in words if " " in word] for words in self.words]

    # --- steps ---

    def sends(self) -> list[str]:
        if not self._sending or self.draw.random() < 0.1:
            asked = HOSTILE if self.draw.random() < 0.05 else ASKED
            self._sending += self.draw.choice(asked)
        piece = self._cut(self._sending)
        self._sending = self._sending[len(piece) :]
        return self.play.client_sends(piece)

    def opens(self) -> list[str]:
        opening = self.play.opening
        return self.play.opens(self.draw.choice(opening)) if opening else []

    def refuses(self) -> list[str]:
        opening = self.play.opening
        return self.play.refuses(self.draw.choice(opening)) if opening else []

    def answers(self) -> list[str]:
        asked = [name for name in self.play.opened if self.play.asked(name)]
        if not asked:
            return []
        name = self.draw.choice(asked)
        answer = self._answers.get(name) or self.draw.choice(ANSWERS)
        piece = self._cut(answer)
        self._answers[name] = answer[len(piece) :]
        return self.play.answers(name, piece) if piece else self.play.ends(name)

    def ends(self) -> list[str]:
        opened = self.play.opened
        return self.play.ends(self.draw.choice(opened)) if opened else []

    def waits(self) -> list[str]:
        return self.play.later(self.draw.choice((0.1, 0.5, 1.0, 1.0, 5.0, 15.0, 40.0)))

    def completes(self) -> list[str]:
        pending = self.play.pending
        return self.play.completes(self.draw.choice(pending)) if pending else []

    def kills(self) -> list[str]:
        for flow in self.play.flows:
            if flow.killable:
                flow.kill()
        return []

    def _cut(self, data: bytes) -> bytes:
        return data if self.draw.random() < 0.6 else data[: self.draw.randrange(len(data) + 1) or 1]


def held(seed: int) -> tuple[str, ...]:
    hooks = ("requestheaders", "request", "responseheaders", "response", "error", "gateway_authorise", "gateway_work")
    return tuple(random.Random(seed).sample(hooks, 2))


def is_over(play: Playbook, log: Log) -> None:
    assert "failed inside the gateway" not in log.text
    assert "Traceback" not in log.text
    assert answers_follow_each_other(play.heard)
    assert play.idle
    assert not play.timers
    assert play.layer.providers.deadline() is None
    assert all(exchange.ended and exchange.record.end for exchange in play.exchanges)
    for server in play.servers:
        assert b"client-key" not in play.sent.get(server, b"")
    if play.client not in play.alive:
        assert play.alive == []


def answers_follow_each_other(heard: bytes) -> bool:
    """Return whether every answer but the last is complete, and nothing else was sent."""
    while heard:
        lines, _, rest = heard.partition(b"\r\n\r\n")
        assert re.match(rb"HTTP/1\.1 \d{3} ", lines)
        if lines.startswith(b"HTTP/1.1 100 "):
            heard = rest
        elif length := re.search(rb"\r\ncontent-length: (\d+)", lines):
            assert len(rest) >= int(length[1])
            heard = rest[int(length[1]) :]
        elif b"\r\ntransfer-encoding: chunked" in lines:
            while (size := re.match(rb"([0-9a-f]+)\r\n", rest)) and int(size[1], 16):
                rest = rest[size.end() + int(size[1], 16) :]
                assert rest.startswith(b"\r\n")
                rest = rest[2:]
            if not rest:
                return True
            assert rest.startswith(LAST_CHUNK)
            heard = rest[len(LAST_CHUNK) :]
        else:
            assert b"\r\nconnection: close" in lines
            return b"HTTP/1.1 " not in rest
    return True


@pytest.mark.parametrize("seed", SEEDS)
def test_anything_in_any_order(clock: Clock, log: Log, seed: int) -> None:
    conversation = Conversation(Playbook(clock), seed, users=False)
    conversation.goes_on()
    conversation.stops()
    is_over(conversation.play, log)


@pytest.mark.parametrize("seed", SEEDS)
def test_users_who_hold_and_kill_flows(clock: Clock, log: Log, seed: int) -> None:
    conversation = Conversation(Playbook(clock, held=held(seed)), seed, users=True)
    conversation.goes_on()
    conversation.stops()
    is_over(conversation.play, log)


@pytest.mark.parametrize("seed", SEEDS)
def test_nobody_can_tell_whether_somebody_watches(clock: Clock, seed: int) -> None:
    pair = []
    for watched in (True, False):
        clock.time, clock.watched = 1000.0, watched
        pair.append(conversation := Conversation(Playbook(clock), seed, users=False))
        conversation.goes_on()
        conversation.stops()
    seen, unseen = pair
    assert unseen.connections == seen.connections
    assert list(unseen.play.sent.values()) == list(seen.play.sent.values())
    assert [each.record.end for each in unseen.play.exchanges] == [each.record.end for each in seen.play.exchanges]
