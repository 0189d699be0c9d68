"""Three hundred exchanges through a real gateway with providers of six dialects: whole and streamed, with tools and
reasoning, with losses, failed over, refused, failed and cut."""

import uuid
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

import httpx

from tests.e2e import claude
from tests.e2e.answers import Reply
from tests.e2e.gateway_process import CLIENT_KEY, GatewayProcess
from tests.e2e.pools import MEMBERS, streamed
from tests.e2e.provider import WAIT, Call, sse, whole

TOKEN = "canary-of-the-page-5e01d9"
NIGHTLY_KEY = "canary-of-the-nightly-run-8c41"
KEYS = {"tester": CLIENT_KEY, "nightly": NIGHTLY_KEY}
MODELS = {
    "sonnet": "claude",
    "flash": "gemini",
    "haiku": "bedrock",
    "relayed": "chat",
    "codex": "responses",
    "qwen": "ollama",
}
"""What clients ask for, and the dialect of who answers. `steady` is Claude, and Gemini where Claude has no room."""

ANSWER = "Reykjavik is the capital of Iceland."
WEATHER = Reply("I look it up.", (("call_1", "weather", {"city": "Reykjavik", "unit": "celsius"}),))
THOUGHT = Reply("It is 391.", thought="17 times 23: 17 times 20 is 340, 17 times 3 is 51.", signature="c2lnbmVk")
PROVIDER_SAID = "The account of this key is suspended."
HOLOGRAM = (
    {"type": "content_block_start", "index": 1, "content_block": {"type": "hologram", "x": 1}},
    {"type": "content_block_stop", "index": 1},
)
"""A block that no client knows, in a stream of Claude's."""
TOOLS = [
    {
        "type": "function",
        "function": {
            "name": "weather",
            "description": "Looks up the weather of a city.",
            "parameters": {"type": "object", "properties": {"city": {"type": "string"}, "unit": {"type": "string"}}},
        },
    }
]


def settings(at: str, inspector: dict[str, Any]) -> dict[str, Any]:
    made: dict[str, Any] = {
        "api-keys": [{"key": key, "name": name} for name, key in KEYS.items()],
        "disable-cooling": True,
        "log-format": "json",
        "streaming": {"keepalive-seconds": 0},
        "drain-seconds": 0,
        "inspector": {"key": TOKEN, **inspector},
    }
    for alias, name in MODELS.items():
        member = MEMBERS[name]
        aliases = [alias, "steady"] if name == "claude" else [alias]
        made.setdefault(member.section, []).append(member.entry(at, "first", aliases, 9))
    made["gemini-api-key"].append(MEMBERS["gemini"].entry(at, "second", ["steady"], 1))
    return made


async def answer(call: Call) -> None:
    """A provider's answer to what was asked, at `/first/claude` and so on; to a browser a page of another origin."""
    if call.method == "GET":
        return await whole(b"<!doctype html><body>", headers={"content-type": "text/html"})(call)
    _, tier, name, *_ = call.path.split("/")
    member, said = MEMBERS[name], call.body.decode()
    if "no room" in said and tier == "first":
        await whole(claude.error("overloaded_error", "Overloaded"), 529)(call)
    elif "suspended" in said:
        await whole(claude.error("permission_error", PROVIDER_SAID), 403)(call)
    elif "breaks off" in said:
        await streamed(member, member.beginning(Reply("Hello there")), end=None)(call)
    elif "hologram" in said:
        await streamed(member, [sse(event) for event in (*claude.HELLO[:-2], *HOLOGRAM, *claude.HELLO[-2:])])(call)
    else:
        await member.speech.answer(_reply(said))(call)
    return None


def _reply(said: str) -> Reply:
    if "weather" in said:
        return WEATHER
    return THOUGHT if "17 times 23" in said else Reply(ANSWER)


@dataclass(frozen=True)
class Ask:
    """One request of a client, under the exchange's `id`."""

    text: str
    model: str = "sonnet"
    client: str = "tester"
    stream: bool = False
    fields: dict[str, Any] = field(default_factory=dict)
    path: str = "/v1/chat/completions"
    id: str = ""

    @property
    def body(self) -> dict[str, Any]:
        stream = {"stream": True} if self.stream else {}
        if self.path == "/v1/responses":
            return {"model": self.model, "input": self.text, "max_output_tokens": 200, **stream, **self.fields}
        messages = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": self.text}]
        return {"model": self.model, "messages": messages, "max_tokens": 200, **stream, **self.fields}


CAPITAL = "What is the capital of Iceland?"
USUAL = (
    *(Ask(CAPITAL, model, stream=streaming) for model in MODELS for streaming in (False, True)),
    *(Ask(CAPITAL, model, "nightly", True, path="/v1/responses") for model in MODELS),
    Ask("What is the weather in Reykjavik?", stream=True, fields={"tools": TOOLS}),
    Ask("What is 17 times 23?", "flash", stream=True, fields={"reasoning_effort": "high"}),
    Ask(CAPITAL, "relayed", "nightly", fields={"seed": 7}),
    Ask("Somebody has no room.", "steady"),
    Ask(CAPITAL, "nobody-has-this"),
    Ask("This account is suspended."),
    Ask("This stream breaks off.", stream=True),
)
"""What most of the three hundred are, in turns."""

MANY_LOSSES = {
    **{"seed": 7, "logit_bias": {"50256": -100}, "frequency_penalty": 0.5, "presence_penalty": 0.3, "store": True},
    **{"prediction": {"type": "content", "content": "Reykjavik"}},
}
TOLD = (
    Ask("Show me a hologram.", stream=True, id="hologram"),
    Ask(CAPITAL, fields=MANY_LOSSES, id="many-losses"),
    Ask("This account is suspended.", id="suspended"),
    Ask("This stream breaks off.", stream=True, id="cut"),
    Ask("Somebody has no room.", "steady", stream=True, id="failover"),
    Ask("What is 17 times 23?", "sonnet", stream=True, fields={"reasoning_effort": "high"}, id="reasoning"),
    Ask("What is the weather in Reykjavik?", "flash", stream=True, fields={"tools": TOOLS}, id="tools"),
    Ask(CAPITAL, stream=True, id="streamed"),
    Ask(CAPITAL, fields={"seed": 7, "logit_bias": {"50256": -100}, "temperature": 0.2}, id="lossy"),
)
"""Those that tests name; they come last, and so stand at the head of the list."""


class Traffic:
    """Sends requests to a gateway."""

    def __init__(self, gateway: GatewayProcess) -> None:
        self._gateway = gateway
        self.asked: dict[str, Ask] = {}
        self.http = httpx.Client(base_url=gateway.url, timeout=WAIT, trust_env=False)

    def send(self, ask: Ask) -> str:
        """Return the id of the exchange, once the gateway has written its line of it."""
        id = ask.id or f"ask-{uuid.uuid4().hex}"
        self.asked[id] = ask
        headers = {"authorization": f"Bearer {KEYS[ask.client]}", "x-request-id": id}
        try:
            self.http.post(ask.path, json=ask.body, headers=headers)
        except httpx.RemoteProtocolError:
            assert "breaks off" in ask.text
        self._gateway.record(id)
        return id

    def send_all(self, asks: Iterable[Ask]) -> list[str]:
        with ThreadPoolExecutor(6) as pool:
            return list(pool.map(self.send, asks))

    def three_hundred(self) -> None:
        rest = 300 - len(TOLD)
        self.send_all((USUAL * (rest // len(USUAL) + 1))[:rest])
        for ask in TOLD:
            self.send(ask)
