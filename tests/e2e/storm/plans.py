"""What each call of the storm is: who asks whom for what, and what the provider does to it. All of it is decided by
the seed and the call's number."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from random import Random
from typing import Any, Literal

from tests.e2e.storm.answers import HURT, TOOL, Choice

Client = Literal["chat", "completions", "responses"]
Fault = Literal[
    *("none", "cut", "reset", "stall", "slow", "junk", "poison", "other-form", "no-end", "utf8", "huge", "status"),
    *("failure", "after-the-end", "two-answers", "leaves"),
]
"""`slow` is silent for a while and goes on, `leaves` is the client's doing."""
Demand = Literal["answer", "error", "either", "again", "anything"]
"""What an answer of a provider must become; `again` is one that the gateway may ask for once more."""

PATHS: Mapping[Client, str] = {
    "chat": "/v1/chat/completions",
    "completions": "/v1/completions",
    "responses": "/v1/responses",
}
MODELS = (
    *("claude", "gemini", "vertex", "vertex-claude", "bedrock", "compatible", "chatty", "codex"),
    *("azure", "azure-dated", "ollama"),
)
_FAULTS: Mapping[Fault, int] = {
    "none": 5,
    "cut": 8,
    "reset": 4,
    "stall": 2,
    "slow": 2,
    "junk": 5,
    "poison": 3,
    "other-form": 6,
    "no-end": 5,
    "utf8": 3,
    "huge": 2,
    "status": 5,
    "failure": 4,
    "after-the-end": 3,
    "two-answers": 2,
    "leaves": 4,
}
PIECES = 30
_WORDS = ("lorem", "naïve", "日本語", "😀👍🏽", "Ω≈ç", 'a "quote" \\ and\ttab', "line\nbreak", "\u2028", "é", "ß\r\n")


@dataclass
class Plan:
    """`demands` is what the provider's answers to it demanded so far, in the order of their calls."""

    seed: int
    number: int
    client: Client
    model: str
    streamed: bool
    fault: Fault
    choices: int
    prompts: int
    calls: int
    thinks: bool
    faulty: frozenset[int]
    """Which of the provider's calls the fault is done to."""
    demands: list[Demand] = field(default_factory=list)
    alone: bool = True
    """One call to the provider answers all of it."""
    patience: float = 0.0
    """Seconds until the client leaves, where it does."""

    @property
    def name(self) -> str:
        return f"s{self.seed}n{self.number:04d}p"

    @property
    def parts(self) -> list[int]:
        """The part of the call that each choice of its answer answers."""
        return [part for part in range(self.prompts) for _ in range(self.choices)]

    @property
    def demand(self) -> Demand:
        """What the whole of it must become: an answer, an error, or either."""
        if self.fault == "leaves":
            return "anything"
        assert self.demands, "the provider was never asked"
        if self.alone:
            return "error" if self.demands[-1] == "again" else self.demands[-1]
        if "error" in self.demands:
            return "error"
        return "answer" if set(self.demands) == {"answer"} else "either"

    def choice(self, part: int, variant: int) -> Choice:
        """The provider's choice for a part, a different text for each request."""
        rng = Random(f"{self.seed}:{self.number}:{part}:{variant}")
        mark = f"{self.name}{part}v{variant}"
        pieces = [f"{mark}:{index:02d} {rng.choice(_WORDS)} " for index in range(PIECES)]
        hurt = rng.randrange(PIECES)
        if self.fault == "utf8" and variant in self.faulty:
            pieces[hurt] = pieces[hurt].replace(":", f":{HURT}", 1)
        if self.fault == "huge" and variant in self.faulty:
            pieces[hurt] += "x日" * 100_000
        calls = tuple({"mark": mark, "place": place, "word": rng.choice(_WORDS)} for place in range(self.calls))
        return Choice(tuple(pieces), ("hm ", mark, " hm") if self.thinks else (), calls)

    def question(self) -> dict[str, Any]:
        prompts = [f"Say {self.name}{part} at length" for part in range(self.prompts)]
        body: dict[str, Any] = {"model": self.model, "stream": self.streamed}
        schema = {"type": "object", "properties": {"mark": {"type": "string"}, "word": {"type": "string"}}}
        function = {"name": TOOL, "description": "Keeps a note.", "parameters": schema}
        match self.client:
            case "chat":
                body |= {"messages": [{"role": "user", "content": prompts[0]}], "max_tokens": 200}
                tools: list[Any] = [{"type": "function", "function": function}]
            case "responses":
                body |= {"input": prompts[0], "max_output_tokens": 200}
                tools = [{"type": "function", **function}]
            case "completions":
                body |= {"prompt": prompts[0] if self.prompts == 1 else prompts, "max_tokens": 200}
        if self.calls:
            body["tools"] = tools
        if self.choices > 1:
            body["n"] = self.choices
        if self.streamed and self.client != "responses":
            body["stream_options"] = {"include_usage": True}
        return body


def plan(seed: int, number: int) -> Plan:
    rng = Random(f"{seed}:{number}")
    client: Client = rng.choice(("chat", "chat", "completions", "responses"))
    choices = 2 if client != "responses" and rng.random() < 0.25 else 1
    prompts = 2 if client == "completions" and choices == 1 and rng.random() < 0.3 else 1
    fault = rng.choices(tuple(_FAULTS), tuple(_FAULTS.values()))[0]
    model = rng.choice([name for name in MODELS if not (name == "codex" and choices > 1)])
    everywhere = frozenset(range(8))
    return Plan(
        seed=seed,
        number=number,
        client=client,
        model=model,
        streamed=rng.random() < 0.6,
        fault=fault,
        choices=choices,
        prompts=prompts,
        calls=0 if client == "completions" else rng.choice((0, 0, 1, 2)),
        thinks=rng.random() < 0.3,
        faulty=everywhere if choices * prompts == 1 else rng.choice((everywhere, frozenset({0}))),
        patience=rng.choice((0.05, 0.3, 0.8)),
    )
