"""`scripts/bench --translation`: what the translation alone costs, next to parsing and writing the same JSON.

The floor of a request is parsing the client's body and writing the provider's; of an answer, parsing the provider's
payloads and writing the client's, both with Python's own `json`. Every provider dialect is asked by a chat, one of
them by the other clients too, and what is passed through by their own clients.
"""

import json
from collections.abc import Callable

from pydantic_core import from_json, to_json

from scripts.measuring import wire
from scripts.measuring.dialects import SAMPLES, Sample
from scripts.measuring.parts import Stopwatch
from translators.dialects import Envelope, Model, Recall, Upstream, Writer
from translators.pipe import Pipe
from translators.registry import CLIENTS, PASSTHROUGH, PROVIDERS
from translators.values import immutable

ENVELOPE = Envelope("chatcmpl-bench", 0, wire.MODEL)
DELTAS = 200
MANY = 100_000
READ = 64 * 1024
"""Bytes a read of a large stream."""
TARGET = 4.0
"""The most that a way may cost, as a multiple of the floor."""
FLAT = 1.5
"""The most that an event of one of `MANY` may cost, as a multiple of one in a short stream."""

Say = Callable[[str], None]


@immutable
class Way:
    """One client dialect and one provider dialect. `ask` makes the provider's body of the client's."""

    name: str
    sample: Sample
    body: bytes
    ask: Callable[[bytes], bytes]
    upstream: Upstream
    streamed: Callable[[], Writer]
    whole: Callable[[], Writer]

    def answer(self, pieces: list[bytes], content_type: str, writer: Writer) -> bytes:
        answer = self.upstream.answer(Recall(self.sample.model))
        pipe = Pipe(answer, writer, framing=self.upstream.framing, content_type=content_type)
        out = b"".join([pipe.feed(piece) for piece in pieces]) + pipe.close()
        assert pipe.done, pipe.failure
        return out


def report(say: Say) -> int:
    """One line a way and direction: microseconds translated, microseconds of JSON alone, and their ratio. The number
    of targets that were missed."""
    watch, missed = Stopwatch(), 0
    say(f"{'microseconds':46}{'translated':>12}{'JSON alone':>12}{'ratio':>8}")
    for way in ways():
        for what, ours, floor in _rows(way, watch):
            ratio = ours / floor
            missed += ratio > TARGET
            verdict = f"  <= {TARGET:g}  {'ok' if ratio <= TARGET else 'MISSED'}"
            say(f"{way.name:30}{what:16}{ours:12.2f}{floor:12.2f}{ratio:8.1f}{verdict}")
        growth = _growth(way)
        missed += growth > FLAT
        verdict = f"  <= {FLAT:g}  {'ok' if growth <= FLAT else 'MISSED'}"
        say(f"{way.name:30}{f'event, of {MANY:,}':40}{growth:8.2f}{verdict}")
    say(f"Targets missed: {missed}.")
    return missed


def ways() -> list[Way]:
    """Chat to every provider dialect, the other clients to one, and every passthrough."""
    translated = [
        _translated("chat", name, SAMPLES[name])
        for name in PROVIDERS
        if name in SAMPLES and ("chat", name) not in PASSTHROUGH
    ]
    others = [_translated(client, "anthropic", SAMPLES["anthropic"]) for client in CLIENTS if client != "chat"]
    passed_through = [_passed_through(client, name, SAMPLES[name]) for client, name in PASSTHROUGH if name in SAMPLES]
    return [*translated, *others, *passed_through]


def _request(client: str) -> bytes:
    """The same question by each client."""
    body = wire.question("bulk", 0, chat=True)
    match client:
        case "completions":
            text = "\n".join(message["content"] for message in body.pop("messages"))
            del body["tools"]
            body |= {"prompt": text}
        case "responses":
            system, *turns = body.pop("messages")
            tools = [{"type": "function", **tool["function"], "strict": False} for tool in body.pop("tools")]
            limit = body.pop("max_tokens")
            body |= {
                "instructions": system["content"],
                "input": turns,
                "tools": tools,
                "max_output_tokens": limit,
                "store": False,
            }
    return json.dumps({**body, "stream": True}).encode()


def _translated(client: str, name: str, sample: Sample) -> Way:
    speaker, provider, body = CLIENTS[client], PROVIDERS[name], _request(client)

    def ask(body: bytes) -> bytes:
        return to_json(provider.render(speaker.parse(from_json(body)).conversation, Model(sample.model)).body)

    form = speaker.parse(from_json(body)).form
    return Way(
        f"{client} -> {name}",
        sample,
        body,
        ask,
        provider,
        lambda: speaker.streamed(form, ENVELOPE),
        lambda: speaker.whole(form, ENVELOPE),
    )


def _passed_through(client: str, name: str, sample: Sample) -> Way:
    passthrough, body = PASSTHROUGH[client, name], _request(client)

    def ask(body: bytes) -> bytes:
        return to_json(passthrough.render(from_json(body), Model(sample.model)).rendered.body)

    form = passthrough.render(from_json(body), Model(sample.model)).form
    return Way(
        f"{client} => {name}",
        sample,
        body,
        ask,
        passthrough,
        lambda: passthrough.streamed(form, ENVELOPE),
        lambda: passthrough.whole(form, ENVELOPE),
    )


def _rows(way: Way, watch: Stopwatch) -> list[tuple[str, float, float]]:
    sample, kind = way.sample, way.sample.content_type
    each = [sample.opening, *[sample.delta] * DELTAS, sample.closing]
    streamed = way.answer(each, kind, way.streamed())
    read, write = _payloads(way, sample.stream(DELTAS)), _json_of(streamed)
    whole = way.answer([sample.whole], "application/json", way.whole())
    count = len(read)
    return [
        ("request", watch.of(lambda: way.ask(way.body)), watch.of(_floor([way.body], [from_json(way.ask(way.body))]))),
        (
            "whole answer",
            watch.of(lambda: way.answer([sample.whole], "application/json", way.whole())),
            watch.of(_floor([sample.whole], [from_json(whole)])),
        ),
        (
            "event, by itself",
            watch.of(lambda: way.answer(each, kind, way.streamed())) / count,
            watch.of(_floor(read, write)) / count,
        ),
        (
            "event, in bulk",
            watch.of(lambda: way.answer([sample.stream(DELTAS)], kind, way.streamed())) / count,
            watch.of(_floor(read, write)) / count,
        ),
    ]


def _growth(way: Way) -> float:
    """Return what an event of a very long stream costs, in terms of one of a short stream."""
    watch = Stopwatch(rounds=3, seconds=0.05)

    def cost(deltas: int) -> float:
        data = way.sample.stream(deltas)
        pieces = [data[at : at + READ] for at in range(0, len(data), READ)]
        return watch.of(lambda: way.answer(pieces, way.sample.content_type, way.streamed())) / deltas

    return cost(MANY) / cost(MANY // 100)


def _floor(read: list[bytes], write: list[object]) -> Callable[[], None]:
    def floor() -> None:
        for data in read:
            json.loads(data)
        for value in write:
            json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()

    return floor


def _payloads(way: Way, data: bytes) -> list[bytes]:
    """The JSON of a provider's stream, by the gateway's own reader."""
    payloads: list[bytes] = []
    answer = way.upstream.answer(Recall(way.sample.model))
    pipe = Pipe(
        answer,
        way.streamed(),
        framing=way.upstream.framing,
        content_type=way.sample.content_type,
        tap=lambda events, _: payloads.extend(payload for _, payload, _, _ in events),
    )
    pipe.feed(data)
    pipe.close()
    return [payload for payload in payloads if payload.startswith(b"{")]


def _json_of(stream: bytes) -> list[object]:
    """The JSON of what a client gets."""
    data = [line.partition(b"data: ")[2] for line in stream.split(b"\n")]
    return [from_json(each) for each in data if each.startswith(b"{")]
