"""A program: the gateway with one provider more, which is two lines. It asks the toy and tells, as JSON, what the toy
was asked and what the client was answered.

It is a process of its own since the registries are read once, as the settings are made."""

import json
import sys
from pathlib import Path
from typing import Any

from routing.providers import ENTRIES
from tests.toy import dialect
from tests.toy.entry import Toy
from translators.registry import PROVIDERS

ENTRIES[Toy.section] = Toy
PROVIDERS[dialect.name] = dialect  # type: ignore[index]

from addons.exchange.actions import Data, Send  # noqa: E402
from addons.exchange.exchange import Exchange  # noqa: E402
from addons.exchange.http_api import Head, Reply  # noqa: E402
from addons.exchange.services import Services  # noqa: E402
from addons.launch.summary import hindrance, report  # noqa: E402
from routing import config  # noqa: E402
from routing.catalogue import Catalogue  # noqa: E402
from routing.client_keys import KeyRing  # noqa: E402

TEXT = b"""
api-keys: [client-key]
toy:
  - api-key: toy-secret
    prefix: box
    models: [{name: bear-2, alias: bear}]
"""
LINES = b'{"say": "Hel"}\n{"say": "lo"}\n{"end": "enough", "heard": 3, "said": 2}\n'
WHOLE = b'{"say": "Hello", "end": "tired", "heard": 3, "said": 2}'


class Clock:
    def wall(self) -> float:
        return 1_700_000_000.0

    def now(self) -> float:
        return 100.0


def exchange_of(
    services: Services, path: str, body: dict[str, Any], status: int, kind: str, answer: bytes
) -> dict[str, Any]:
    """One exchange: the request to the toy, and all that the client got."""
    exchange = Exchange(services, Head("POST", path, {"authorization": "Bearer client-key"}), ())
    assert exchange.head_received() is None
    [send] = exchange.request_received(json.dumps(body).encode(), {})
    assert isinstance(send, Send), send
    exchange.provider.connected()
    actions = [
        *exchange.provider.head_received(status, {"content-type": kind}),
        *exchange.provider.data_received(answer),
    ]
    actions += [] if exchange.over else exchange.provider.eof_received()
    out = b"".join(action.data for action in actions if isinstance(action, Data))
    out += b"".join(action.body for action in actions if isinstance(action, Reply))
    request = send.request
    return {
        "url": request.url,
        "headers": dict(request.headers),
        "secrets": dict(request.secrets),
        "body": json.loads(request.body),
        "out": out.decode(),
        "notes": [(note.path, note.fate) for note in exchange.record.notes],
    }


def refusal(text: bytes) -> str:
    """The message to the operator about a file that has a mistake."""
    try:
        config.parse(text, "config.yaml", {})
    except config.ConfigError as error:
        return str(error)
    return ""


def main() -> None:
    loaded = config.parse(TEXT, "config.yaml", {})
    settings = loaded.settings
    catalogue = Catalogue(settings)
    services = Services(settings, catalogue, KeyRing(settings.api_keys), Clock(), lambda: "id")
    chat = {"model": "bear", "messages": [{"role": "user", "content": "hi"}], "max_tokens": 9, "seed": 1}
    shown = {
        "hindrance": hindrance(settings),
        "report": list(report(loaded, Path("config.yaml"), "127.0.0.1", 0)),
        "listing": [model.id for model in catalogue.listing("")],
        "stream": exchange_of(
            services, "/v1/chat/completions", {**chat, "stream": True}, 200, "application/x-ndjson", LINES
        ),
        "whole": exchange_of(
            services, "/v1/responses", {"model": "box/bear", "input": "hi"}, 200, "application/json", WHOLE
        ),
        "error": exchange_of(services, "/v1/chat/completions", chat, 429, "text/plain", b"Not now."),
        "misspelt": refusal(TEXT.replace(b"toy:", b"toybox-key:")),
    }
    json.dump(shown, sys.stdout)


if __name__ == "__main__":
    main()
