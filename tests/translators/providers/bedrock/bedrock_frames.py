"""Event-stream frames for tests, and the recordings made of them.

`tests/fixtures/bedrock/NAME.jsonl` has one event a line, as botocore tells it: `{"messageStop": {...}}`, or
`{":exception": "throttlingException", ...}`. Run this file to make `NAME.eventstream` of each.
"""

import json
import struct
from pathlib import Path
from typing import Any
from zlib import crc32

FIXTURES = Path(__file__).resolve().parents[3] / "fixtures" / "bedrock"


def frame(headers: dict[str, str], payload: bytes) -> bytes:
    head = b"".join(
        struct.pack(">B", len(name)) + name.encode() + b"\7" + struct.pack(">H", len(value.encode())) + value.encode()
        for name, value in headers.items()
    )
    prelude = struct.pack(">II", len(head) + len(payload) + 16, len(head))
    body = prelude + struct.pack(">I", crc32(prelude)) + head + payload
    return body + struct.pack(">I", crc32(body))


def framed(event: dict[str, Any]) -> bytes:
    """One event of `ConverseStreamOutput`, or an exception."""
    if ":exception" in event:
        headers = {":exception-type": event[":exception"], ":message-type": "exception"}
        payload = {name: value for name, value in event.items() if name != ":exception"}
    else:
        ((name, payload),) = event.items()
        headers = {":event-type": name, ":message-type": "event"}
    text = json.dumps(payload, ensure_ascii=False, separators=(",", ":")).encode()
    return frame({**headers, ":content-type": "application/json"}, text)


def stream(events: list[dict[str, Any]]) -> bytes:
    return b"".join(map(framed, events))


def sources() -> dict[Path, bytes]:
    """Every recording's path, and the bytes that belong there."""
    return {
        path.with_suffix(".eventstream"): stream([json.loads(line) for line in path.read_text().splitlines()])
        for path in sorted(FIXTURES.glob("*.jsonl"))
    }


if __name__ == "__main__":
    for path, data in sources().items():
        path.write_bytes(data)
