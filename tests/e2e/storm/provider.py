"""The provider of the storm: answers each call in the dialect of its path, and does to it what its plan says."""

import asyncio
import json
import re
import zlib
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from random import Random

import brotli
import zstandard

from tests.e2e.provider import LAST_CHUNK, Call, chunk, head
from tests.e2e.storm import answers, openai_answers
from tests.e2e.storm.answers import Choice, Dialect
from tests.e2e.storm.plans import Plan

_MARK = re.compile(rb"s\d+n(\d{4})p(\d)")
SLOW_SECONDS = 1.2
_STATUSES = (400, 401, 403, 404, 408, 413, 429, 500, 502, 503, 529)
_JUNK_BODIES = (b"", b"<html>nginx</html>", b'{"error":', b"\xff\xfe\xfd", b"[]", b'"no"', b'{"error": {"message": 7}}')
TOKEN = "canary-of-a-token-77ab01"
_GRANTED = {"access_token": TOKEN, "expires_in": 3600, "token_type": "Bearer"}


@dataclass(frozen=True)
class Question:
    """The fields of a request that its answer depends on."""

    dialect: Dialect
    streamed: bool
    parts: tuple[int, ...]
    choices: int


def question_of(call: Call) -> Question:
    path, body = call.path, call.json
    dialect, streamed, choices = answers.ANTHROPIC, body.get("stream") is True, 1
    if "generateContent" in path or "streamGenerateContent" in path:
        dialect, streamed = answers.GEMINI, "streamGenerateContent" in path
        choices = body.get("generationConfig", {}).get("candidateCount", 1)
    elif path.startswith("/bedrock/"):
        dialect, streamed = answers.BEDROCK, path.endswith("/converse-stream")
    elif path.startswith("/ollama/"):
        dialect = answers.OLLAMA
    elif path.partition("?")[0].endswith("/chat/completions"):
        dialect, choices = openai_answers.CHAT, body.get("n") or 1
    elif path.endswith("/completions"):
        dialect, choices = openai_answers.COMPLETIONS, body.get("n") or 1
    elif path.partition("?")[0].endswith("/responses"):
        dialect = openai_answers.RESPONSES
    elif not (path.endswith("/v1/messages") or "awPredict" in path):
        raise AssertionError(f"nobody is asked at {path}")
    parts = tuple(dict.fromkeys(int(part) for _, part in _MARK.findall(call.body)))
    return Question(dialect, streamed, parts, choices)


class Stormy:
    """The script of every call."""

    def __init__(self, plans: Mapping[int, Plan]) -> None:
        self._plans = plans
        self._times: Counter[tuple[int, int]] = Counter()
        self.open = 0
        """Answers under way."""

    async def __call__(self, call: Call) -> None:
        if call.path == "/token":
            body = json.dumps(_GRANTED).encode()
            await call.send(head(200, {"content-type": "application/json", "content-length": str(len(body))}) + body)
            return
        mark = _MARK.search(call.body)
        assert mark is not None, f"a request without a mark at {call.path}"
        plan, question = self._plans[int(mark[1])], question_of(call)
        first = question.parts[0]
        time = self._times[plan.number, first]
        self._times[plan.number, first] += 1
        rng = Random(f"{plan.seed}:{plan.number}:{first}:{time}:wire")
        native = len(question.parts) * question.choices > 1
        plan.alone = native or plan.choices * plan.prompts == 1
        choices = [
            plan.choice(part, variant if native else time)
            for part in question.parts
            for variant in range(question.choices)
        ]
        # A fault of some of a call's texts is one of the whole answer, where they come in one.
        answer = Answer(plan, question, choices, time in plan.faulty or native, rng)
        plan.demands.append(answer.demand)
        self.open += 1
        try:
            await answer.send(call)
        finally:
            self.open -= 1


def _coded(events: list[bytes], coding: str) -> list[bytes]:
    """Each event as far as it can be read at once; the last with the end of the coding."""
    if coding == "zstd":
        maker = zstandard.ZstdCompressor().compressobj()
        coded = [maker.compress(event) + maker.flush(zstandard.COMPRESSOBJ_FLUSH_BLOCK) for event in events]
        return [*coded[:-1], coded[-1] + maker.flush()]
    if coding == "br":
        compressor = brotli.Compressor(quality=3)
        coded = [compressor.process(event) + compressor.flush() for event in events]
        return [*coded[:-1], coded[-1] + compressor.finish()]
    if coding in ("gzip", "deflate"):
        wbits = zlib.MAX_WBITS | 16 if coding == "gzip" else zlib.MAX_WBITS
        deflater = zlib.compressobj(6, zlib.DEFLATED, wbits)
        coded = [deflater.compress(event) + deflater.flush(zlib.Z_SYNC_FLUSH) for event in events]
        return [*coded[:-1], coded[-1] + deflater.flush()]
    return events


def _cut_up(data: bytes, pieces: int, rng: Random) -> list[bytes]:
    places = sorted({0, len(data), *(rng.randrange(len(data) + 1) for _ in range(pieces))})
    return [data[a:b] for a, b in pairwise(places)]


class Answer:
    """One answer with all that is done to it: its status and head, its body in chunks, where it breaks and how.

    `demand` is what it must become: an answer, an error, or either.
    """

    def __init__(self, plan: Plan, question: Question, choices: list[Choice], faulty: bool, rng: Random) -> None:
        self.rng = rng
        fault = plan.fault if faulty else "none"
        dialect = question.dialect
        self.status, self.demand = 200, "answer"  # type: tuple[int, Demand]
        streamed = question.streamed != (fault == "other-form")
        content_type = dialect.content_type if streamed else "application/json"
        usage = 100 + plan.number
        if streamed:
            stream = dialect.stream(choices, usage)
            events, settled = list(stream.events), stream.settled
        else:
            events, settled = [dialect.whole(choices, usage)], 0
        self.ends: str = "clean"
        match fault:
            case "junk" if streamed:
                for _ in range(rng.randrange(1, 6)):
                    place = rng.randrange(settled + 1)
                    events.insert(place, rng.choice(dialect.harmless))
                    settled += 1
            case "junk":
                events = [b" \r\n\t" + events[0] + b"\n \n"]
            case "poison":
                self.demand = "error"
                place = rng.randrange(settled + 1)
                events.insert(place, dialect.poison)
            case "no-end":
                self.demand = "error"
                events = (
                    events[: rng.randrange(settled + 1)] if streamed else [events[0][: rng.randrange(len(events[0]))]]
                )
            case "utf8":
                self.demand = "either"
            case "status":
                self.demand, self.status = "error", rng.choice(_STATUSES)
                content_type = rng.choice(("application/json", "text/html", "text/event-stream"))
                events = [rng.choice((*dialect.errors, *dialect.failures, *_JUNK_BODIES))]
            case "failure":
                self.demand = "error"
                if streamed:
                    events.insert(rng.randrange(settled + 1), rng.choice(dialect.failures))
                else:
                    events = [rng.choice(dialect.errors)]
            case "after-the-end" if streamed:
                unread = (dialect.poison, *dialect.failures, *events) if dialect.terminated else ()
                events += rng.choices((*dialect.harmless, *unread), k=3)
            case "cut" | "reset" | "stall" | "slow" | "two-answers":
                self.ends = fault
            case "leaves":
                self.ends = "slow"
        self._frame(events or [b""], settled, content_type)

    def _frame(self, events: list[bytes], settled: int, content_type: str) -> None:
        """The bytes as they travel: compressed, in chunks or in a length, and broken where the plan says so."""
        rng = self.rng
        coding = rng.choice(("", "", "", "", "gzip", "deflate", "br", "zstd"))
        coded = _coded(events, coding)
        before = sum(map(len, coded[:settled]))
        last = coded[settled] if settled < len(coded) else b""
        # Less than this of the body is less than an answer. What is compressed may be all there before its last byte.
        needed = before + (len(last) // 2 if coding else len(last.rstrip()))
        body = b"".join(coded)
        types = rng.choices((content_type, f"{content_type.upper()}; charset=utf-8", "text/plain", ""), (70, 10, 8, 12))
        fields = {"content-type": types[0]} if types[0] else {}
        if coding:
            fields["content-encoding"] = coding
        framing = rng.choice(("chunked", "chunked", "length", "close"))
        if framing == "chunked":
            fields["transfer-encoding"] = "chunked"
        elif framing == "length":
            fields["content-length"] = str(len(body))
        else:
            fields["connection"] = "close"
        self.closes = framing == "close" or rng.random() < 0.1
        self.head = head(self.status, fields)
        parts = rng.choice((coded, [body], _cut_up(body, 20, rng)))
        if self.ends in ("clean", "slow", "two-answers"):
            end = rng.choice((LAST_CHUNK, b"0\r\nx-trailer: told\r\n\r\n")) if framing == "chunked" else b""
            self.wire = self.head + _body(parts, framing) + end
            self.wire *= 2 if self.ends == "two-answers" and framing != "close" else 1
            return
        at = rng.randrange(-3, len(body) + 1)
        if at < 0:
            self.wire = self.head[: rng.choice((0, len(self.head) // 2, len(self.head) - 1))]
            self.demand = "error" if self.ends == "stall" else "again"
            return
        self.wire = self.head + _body(parts, framing, at)
        self.demand = "error" if at < needed else "either"

    async def send(self, call: Call) -> None:
        writes = _cut_up(self.wire, self.rng.choice((0, 0, 3, 40)), self.rng) if self.wire else []
        waits = self.rng.randrange(len(writes)) if writes and self.ends == "slow" else None
        for place, piece in enumerate(writes):
            if place == waits:
                await asyncio.sleep(SLOW_SECONDS)
            await call.send(piece)
            await asyncio.sleep(0)
        match self.ends:
            case "stall":
                await call.hold()
            case "reset":
                call.reset()
            case "cut":
                call.cut()
            case _ if self.closes:
                call.cut()


def _body(parts: list[bytes], framing: str, until: int | None = None) -> bytes:
    """Up to byte `until` of the body; a chunk that is cut there says that it is longer."""
    out, at = b"", 0
    for part in filter(None, parts):
        piece = chunk(part) if framing == "chunked" else part
        if until is not None and at + len(part) > until:
            prefix = piece.index(b"\r\n") + 2 if framing == "chunked" else 0
            return out + piece[: prefix + until - at]
        out, at = out + piece, at + len(part)
    return out
