"""Recorded streams of the Responses API through the passthrough, as the gateway would run it."""

import json
from pathlib import Path
from typing import Any

from translators.dialects import Envelope, Recall
from translators.passthrough import responses as passthrough
from translators.pipe import Pipe

STREAMS = Path(__file__).parents[2] / "fixtures" / "openai-responses"
MODEL = "asked-for"
ENVELOPE = Envelope("resp_gateway", 1_700_000_000, MODEL)
NAMES = sorted(path.stem for path in STREAMS.glob("*.sse"))
COMPLETE = [name for name in NAMES if not name.startswith("failing_")]


def recorded(name: str) -> bytes:
    return (STREAMS / f"{name}.sse").read_bytes()


def payloads(stream: bytes) -> list[dict[str, Any]]:
    """Every event, whose `event:` line must be its type."""
    result = []
    for event in stream.split(b"\n\n")[:-1]:
        name, data = event.split(b"\n")
        if data == b"data: [DONE]":
            continue
        payload = json.loads(data.removeprefix(b"data: "))
        assert name == b"event: " + payload["type"].encode()
        result.append(payload)
    assert stream.endswith(b"\n\n") or not stream
    return result


def sent(name: str) -> list[dict[str, Any]]:
    """What the provider sent."""
    lines = recorded(name).split(b"\n")
    return [json.loads(line[6:]) for line in lines if line.startswith(b"data: {")]


def final(name: str) -> dict[str, Any]:
    """The response that a stream ends with."""
    response: dict[str, Any] = sent(name)[-1]["response"]
    return response


def passed_through(data: bytes, *, streamed: bool, size: int = 1 << 30, content_type: str = "") -> tuple[bytes, Pipe]:
    """The client's bytes for a provider's; where they end in a failure, with the failure, as a stream has it."""
    writer = (passthrough.streamed if streamed else passthrough.whole)(None, ENVELOPE)
    pipe = Pipe(passthrough.answer(Recall()), writer, framing=passthrough.framing, content_type=content_type)
    out = b"".join(pipe.feed(data[at : at + size]) for at in range(0, len(data), size)) + pipe.close()
    if pipe.failure is not None and streamed:
        out += writer.fail(pipe.failure)
    return out, pipe
