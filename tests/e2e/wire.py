"""A client on a bare socket, for what no HTTP library would send."""

import http.client
import json
import socket
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Self

from tests.e2e.gateway_process import CLIENT_KEY
from tests.e2e.provider import WAIT


@dataclass(frozen=True)
class Received:
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


class Wire:
    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=WAIT)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.socket.close()

    def reset(self) -> None:
        """Leave with a RST."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.socket.close()

    def send(self, data: bytes) -> None:
        self.socket.sendall(data)

    def receive(self, method: str = "POST") -> Received:
        """One whole answer."""
        with http.client.HTTPResponse(self.socket, method=method) as response:
            response.begin()
            headers = {name.lower(): value for name, value in response.getheaders()}
            return Received(response.status, headers, response.read())

    def until(self, sign: bytes) -> bytes:
        """Everything up to where `sign` has come."""
        seen = b""
        while sign not in seen:
            piece = self.socket.recv(65536)
            assert piece, f"the gateway hung up after {seen!r}"
            seen += piece
        return seen

    def end(self) -> bytes:
        """Everything up to the end of the connection."""
        return b"".join(iter(lambda: self.socket.recv(65536), b""))


def request(
    target: str = "/v1/chat/completions",
    body: bytes | None = None,
    *,
    method: str = "POST",
    version: str = "HTTP/1.1",
    key: str | None = CLIENT_KEY,
    **headers: str,
) -> bytes:
    """The bytes of a request; of a header's name `_` is `-`."""
    fields = {"host": "gateway.test"}
    if key is not None:
        fields["authorization"] = f"Bearer {key}"
    if body is not None:
        fields |= {"content-type": "application/json", "content-length": str(len(body))}
    fields |= {name.replace("_", "-"): value for name, value in headers.items()}
    lines = [f"{method} {target} {version}", *(f"{name}: {value}" for name, value in fields.items())]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + (body or b"")


def question(stream: bool = False, **fields: Any) -> dict[str, Any]:
    """With a limit, because a long answer is requested of the provider as a stream, whatever the client wanted."""
    messages = [{"role": "user", "content": "Say hello"}]
    body = {"model": "sonnet", "messages": messages, "max_tokens": 100, **fields}
    return {**body, "stream": True} if stream else body


def asking(stream: bool = False, **fields: Any) -> bytes:
    return json.dumps(question(stream, **fields)).encode()


def payloads(stream: str) -> Iterator[Any]:
    """The objects of a client's stream; its `[DONE]` as it stands."""
    for block in stream.split("\n\n"):
        if block.startswith("data: "):
            payload = block.removeprefix("data: ")
            yield payload if payload == "[DONE]" else json.loads(payload)


def content(stream: str) -> str:
    """The text of a stream."""
    chunks = [each for each in payloads(stream) if isinstance(each, dict)]
    return "".join(choice["delta"].get("content") or "" for each in chunks for choice in each.get("choices", []))
