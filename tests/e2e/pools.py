"""Pools over providers of every dialect, behind one scripted provider that tells them apart by their paths.

Each dialect is there twice, first with a high priority and then with a low one, so that a model's name says who is
asked and who is asked instead: `claude-gemini`.
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from tests.e2e import answers, claude
from tests.e2e.answers import Reply, Speech, data
from tests.e2e.gateway_process import CLIENT_KEY
from tests.e2e.provider import LAST_CHUNK, Call, Script, chunk, head, sse
from tests.translators.providers.bedrock.bedrock_frames import framed

TEXT = "Hello there"
FIRST_PIECE, LAST_PIECE = "Hel", "re"


@dataclass(frozen=True)
class Member:
    """A dialect as an entry of the configuration. `overload` are the words in which it says inside of a 200 that it has
    no room; `whole_overload` the same for an answer that is no stream."""

    name: str
    speech: Speech
    section: str
    model: str
    url: str
    overload: bytes
    whole_overload: Any
    more: tuple[tuple[str, Any], ...] = ()

    def key(self, tier: str) -> str:
        return f"canary-of-{tier}-{self.name}-7f31"

    def entry(self, at: str, tier: str, aliases: Iterable[str], priority: int) -> dict[str, Any]:
        entry: dict[str, Any] = {
            "base-url": self.url.format(at=f"{at}/{tier}/{self.name}"),
            "priority": priority,
            "models": [{"name": self.model, "alias": alias} for alias in aliases],
            **dict(self.more),
        }
        if self.section == "openai-compatibility":
            return entry | {"name": f"{tier}-{self.name}", "api-key-entries": [{"api-key": self.key(tier)}]}
        return entry | {"api-key": self.key(tier)}

    def pieces(self, reply: Reply) -> list[bytes]:
        return (self.speech if reply.text else self.silent).stream(reply)

    @property
    def silent(self) -> Speech:
        """How it says nothing, and comes to its end."""
        if self.name != "claude":
            return self.speech
        empty = {**claude.message(), "content": []}
        return Speech(lambda _: empty, lambda _: [sse(event) for event in claude.events(empty)])

    def beginning(self, reply: Reply) -> list[bytes]:
        """The stream up to its first content."""
        pieces = self.pieces(reply)
        return pieces[: next(at for at, piece in enumerate(pieces) if _says(piece, FIRST_PIECE))]

    def all_but_the_end(self, reply: Reply) -> list[bytes]:
        """The stream up to its last content, and not a byte more."""
        pieces = self.pieces(reply)
        return pieces[: 1 + max(at for at, piece in enumerate(pieces) if _says(piece, LAST_PIECE))]


def _says(piece: bytes, text: str) -> bool:
    return json.dumps(text).encode() in piece


_FULL = {"message": "The model is overloaded.", "type": "server_error", "code": "overloaded"}
_FAILED = {"code": "server_is_overloaded", "message": "Our servers are currently overloaded."}
MEMBERS = {
    member.name: member
    for member in (
        Member(
            "claude",
            answers.CLAUDE,
            "claude-api-key",
            "claude-sonnet-4-5",
            "{at}",
            sse(claude.error("overloaded_error", "Overloaded")),
            claude.error("overloaded_error", "Overloaded"),
        ),
        Member(
            "gemini",
            answers.GEMINI,
            "gemini-api-key",
            "gemini-3-flash-preview",
            "{at}",
            data({"error": {"code": 503, "message": "The model is overloaded.", "status": "UNAVAILABLE"}}),
            {"error": {"code": 503, "message": "The model is overloaded.", "status": "UNAVAILABLE"}},
        ),
        Member(
            "bedrock",
            answers.BEDROCK,
            "bedrock",
            "us.anthropic.claude-haiku-4-5-20251001-v1:0",
            "{at}",
            framed({":exception": "throttlingException", "message": "Too many requests, please wait."}),
            None,
            (("region", "us-west-2"),),
        ),
        Member(
            "chat",
            answers.CHAT,
            "openai-compatibility",
            "theirs",
            "{at}/v1",
            data({"error": _FULL}),
            {"error": _FULL},
        ),
        Member(
            "responses",
            answers.RESPONSES,
            "codex-api-key",
            "gpt-5-codex",
            "{at}/v1",
            sse(
                {
                    "type": "response.failed",
                    "sequence_number": 9,
                    "response": answers.response(Reply(), "failed", error=_FAILED),
                }
            ),
            answers.response(Reply(), "failed", error=_FAILED),
        ),
        Member(
            "ollama",
            answers.OLLAMA,
            "ollama",
            "qwen3:8b",
            "{at}",
            b'{"error":"server busy, please try again.  maximum pending requests exceeded"}\n',
            {"error": "server busy, please try again.  maximum pending requests exceeded"},
        ),
    )
}
NAMES = tuple(MEMBERS)
KEYS = tuple(member.key(tier) for member in MEMBERS.values() for tier in ("first", "second"))


def settings(at: str, gone: str, **more: Any) -> dict[str, Any]:
    """A model for each pair of different dialects, and one, `gone-claude`, for each whose first target cannot be
    reached, for nobody is at `gone`."""
    made: dict[str, Any] = {
        "api-keys": [{"key": CLIENT_KEY, "name": "tester"}],
        "log-format": "json",
        "streaming": {"keepalive-seconds": 0},
        "disable-cooling": True,
        "drain-seconds": 0,
        **{name.replace("_", "-"): value for name, value in more.items()},
    }
    for name, member in MEMBERS.items():
        entries = made.setdefault(member.section, [])
        others = [other for other in NAMES if other != name]
        entries.append(member.entry(at, "first", [f"{name}-{other}" for other in others], 9))
        entries.append(member.entry(at, "second", [f"{other}-{name}" for other in [*others, "gone"]], 1))
    nobody = {"name": "gone", "base-url": gone, "priority": 9}
    made["openai-compatibility"].append(nobody | {"models": [{"name": "m", "alias": f"gone-{name}"} for name in NAMES]})
    return made


class Cast:
    """The script of a provider: what is done at `/first/claude`, `/second/gemini` and so on; who is not named answers
    `Hello there` under its own name."""

    def __init__(self, **scripts: Script) -> None:
        self.scripts = {name.replace("_", "/"): script for name, script in scripts.items()}
        self.asked: list[str] = []
        self.calls: list[Call] = []

    async def __call__(self, call: Call) -> None:
        _, tier, name, *_ = call.path.split("/")
        place = f"{tier}/{name}"
        self.asked.append(place)
        self.calls.append(call)
        script = self.scripts.get(place)
        await (script or MEMBERS[name].speech.answer(Reply(f"{TEXT} from {place}", id=name)))(call)


def streamed(member: Member, pieces: Sequence[bytes], *, end: bytes | None = LAST_CHUNK) -> Script:
    """These pieces of a stream, each a chunk of its own; with `end` None the connection is cut behind them."""

    async def script(call: Call) -> None:
        fields = {"content-type": member.speech.content_type, "transfer-encoding": "chunked"}
        await call.send(head(200, fields))
        for piece in pieces:
            await call.send(chunk(piece))
        if end is None:
            call.cut()
        else:
            await call.send(end)

    return script
