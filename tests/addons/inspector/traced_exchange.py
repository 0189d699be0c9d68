"""An exchange with Anthropic as it is recorded, for the tests of its links."""

import json
from collections.abc import Sequence
from typing import Any

from addons.exchange import redaction
from addons.inspector.recording import Attempt, EventPair, Exchange, Facts, Phase
from translators import convert
from translators.joining import Joined
from translators.pipe import Pipe, Tapped

PNG = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
ASKED: dict[str, Any] = {
    "model": "claude",
    "messages": [
        {"role": "system", "content": "Be brief."},
        {
            "role": "user",
            "content": [
                {"type": "text", "text": "What is this?"},
                {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{PNG}"}},
            ],
        },
    ],
    "max_tokens": 500,
    "seed": 7,
    "stream": True,
}
MODEL = "claude-sonnet-4-5"
SAID = [
    {"type": "message_start", "message": {"id": "msg_1", "usage": {"input_tokens": 12, "output_tokens": 1}}},
    {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}},
    {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "Sunny"}},
    {"type": "content_block_stop", "index": 0},
    {"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": {"output_tokens": 34}},
    {"type": "message_stop"},
]


def phase(body: Any) -> Phase:
    data = redaction.body(json.dumps(body).encode())
    return Phase(0.0, "POST /", (), data, len(data))


def recorded(
    asked: dict[str, Any] = ASKED, first: int = 0, said: Sequence[dict[str, Any]] = SAID, **sent: Any
) -> Exchange:
    """A streamed exchange with Anthropic, whose events have numbers from `first` on. `sent` is what a payload rule made
    of the provider's request."""
    made = convert.request(asked, client="chat", provider="anthropic", model=MODEL)
    pairs: list[EventPair] = []

    def tap(events: Sequence[Tapped], _: bool) -> None:
        for name, provider, client, _notes in events:
            pairs.append(EventPair(first + len(pairs), 0.0, name, provider, client, 0, 1))

    pipe = made.answering.pipe(stream=True, content_type="text/event-stream", tap=tap)
    pipe.feed(b"".join(b"data: %s\n\n" % json.dumps(event).encode() for event in said))
    facts = Facts("req_1", 1, 0.0, "alice", "chat", "/v1/chat/completions", "claude", "anthropic", MODEL, "anthropic")
    facts.stream, facts.notes = True, (*made.notes, *pipe.notes)
    attempt = Attempt(1, 0, 0.0, phase(made.body | sent), dialect="anthropic", duration=1.0, status=200)
    return Exchange(facts, phase(asked), None, (attempt,), tuple(pairs))


WHOLE = {
    "type": "message",
    "content": [{"type": "text", "text": "Sunny"}],
    "stop_reason": "end_turn",
    "usage": {"input_tokens": 12, "output_tokens": 34},
}


def fanned_out(*, stream: bool) -> Exchange:
    """An exchange whose request became two calls, which were answered alike, the second one first."""
    asked = {**ASKED, "n": 2, "stream": stream}
    made = convert.request(asked, client="chat", provider="anthropic", model=MODEL)
    parts = made.answering
    joined = Joined((parts.writers.streamed if stream else parts.writers.whole)(parts.form, parts.envelope), 2)
    pairs: list[EventPair] = []
    out = b""
    for call in (1, 0):

        def tap(events: Sequence[Tapped], _: bool, call: int = call) -> None:
            for name, provider, client, _notes in events:
                pairs.append(EventPair(len(pairs), 0.0, name, provider, client, call, 1))

        content_type = "text/event-stream" if stream else "application/json"
        way = {"content_type": content_type, "tap": tap}
        pipe = Pipe(parts.upstream.answer(made.calls[call].recall), joined.part(call, 1), **way)
        said = (
            [b"data: %s\n\n" % json.dumps(event).encode() for event in SAID] if stream else [json.dumps(WHOLE).encode()]
        )
        out += pipe.feed(b"".join(said)) + pipe.close()
    facts = Facts("req_1", 1, 0.0, "alice", "chat", "/v1/chat/completions", "claude", "anthropic", MODEL, "anthropic")
    facts.stream, facts.notes = stream, made.notes
    answer = None if stream else phase(WHOLE)
    attempts = [
        Attempt(
            1, call, 0.0, phase(made.calls[call].body), dialect="anthropic", duration=1.0, status=200, response=answer
        )
        for call in (0, 1)
    ]
    response = None if stream else phase(json.loads(out))
    return Exchange(facts, phase(asked), response, tuple(attempts), tuple(pairs) if stream else ())
