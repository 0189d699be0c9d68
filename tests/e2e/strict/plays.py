"""What a scripted model plays: a text and a call, two calls at once, an answer made of the results of the tools; and
what goes wrong meanwhile.

A play is known by its mark in the prompt, so that many can go on at once. How far it is, is read from the history: who
asks again is answered again, and who lost something gets no further.
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from tests.e2e.answers import Reply, ToolUse
from tests.e2e.provider import LAST_CHUNK, Call, chunk, head
from tests.e2e.strict.formats import Format, parse_request
from tests.e2e.strict.request import Called, Objection, Prompt, Request, Result

Incident = Literal[
    "a cut in the text",
    "a cut behind the text",
    "a cut in a call",
    "an overload before",
    "an overload in the stream",
]
STEPS: Mapping[Incident, int] = {
    "a cut in the text": 3,
    "a cut behind the text": 0,
    "a cut in a call": 0,
    "an overload before": 1,
    "an overload in the stream": 3,
}
"""At how many results of tools each happens, once."""
CUTS: tuple[Incident, ...] = ("a cut in the text", "a cut behind the text", "a cut in a call")
BEGINNING = "Found: "
ANSWER = f"{BEGINNING}seen x; seen y; lost z. ✓"
ASIDE = "A title."
"""The answer to those who bring no tools."""
_MARK = re.compile(r"\[play ([a-z0-9]+)\]")
_FOUND = re.compile(r"(seen|lost) ([xyz])")


@dataclass
class Play:
    incidents: tuple[Incident, ...] = ()
    requests: list[tuple[Format, Request]] = field(default_factory=list, repr=False)
    objections: list[str] = field(default_factory=list)
    happened: list[Incident] = field(default_factory=list)
    toolless: bool = False
    """The answer comes at once, to one who has no tools."""

    @property
    def is_over(self) -> bool:
        """Whether all has happened that was to happen."""
        return {*self.happened} == {*self.incidents}

    @property
    def words(self) -> str:
        """What a client hears of the first incident, if it does not ask again."""
        return "connection" if self.incidents[0] in CUTS else self.requests[0][0].overloaded.message

    def next_at(self, step: int) -> Incident | None:
        """Takes what goes wrong next at this step, if anything does."""
        for incident in self.incidents:
            if STEPS[incident] == step and incident not in self.happened:
                self.happened.append(incident)
                return incident
        return None


# --- tools ------------------------------------------------------------------------------------------------


def _shell(place: str) -> str:
    return f"echo seen {place}" if place != "z" else "echo lost z; exit 1"


_GIVEN = {
    "place": lambda place: place,
    "command": _shell,
    "cmd": _shell,
    "description": lambda place: f"Look at {place}",
    "is_background": lambda place: False,
}
_TOOLS = ("look", "exec_command", "shell", "run_shell_command", "bash", "Bash", "run_terminal_command")


def _call(tools: list[dict[str, Any]], id: str, place: str) -> ToolUse:
    """A look at a place, with the first of its tools that can do it."""
    tool = next(each for name in _TOOLS for each in tools if each["name"] == name)
    schema = tool["schema"]
    wanted = [name for name in schema["properties"] if name in _GIVEN]
    return id, tool["name"], {name: _GIVEN[name](place) for name in wanted}


# --- the mind ---------------------------------------------------------------------------------------------


def _results(spoken: Format, question: Request) -> tuple[list[str], int]:
    """Return the results since the play's last prompt, in the order of their calls; and how many prompts there are."""
    calls: dict[str, str] = {}
    turn = 0
    for saying in spoken.sayings(question):
        match saying:
            case Prompt(text) if _MARK.search(text):
                calls, turn = {}, turn + 1
            case Called(id):
                calls[id] = ""
            case Result(id, text):
                calls[id] = text
    return list(calls.values()), turn


def _next_reply(spoken: Format, question: Request, id: str, toolless: bool) -> tuple[Reply, int]:
    """Return the next reply, and after how many results it comes."""
    results, turn = _results(spoken, question)
    tools = spoken.tools(question)

    def calls(places: str) -> tuple[ToolUse, ...]:
        return tuple(_call(tools, f"{spoken.call_prefix}{id}{turn}{place}", place) for place in places)

    if not tools:
        return (Reply(ANSWER, id=id), 3) if toolless else (Reply(ASIDE, id=id), -1)
    match len(results):
        case 0:
            return Reply("I look at x first. ✓", calls("x"), id=id), 0
        case 1:
            return Reply("", calls("yz"), id=id), 1
    lines = [lines[0] if (lines := _FOUND.search(result)) else "nothing" for result in results]
    return Reply(f"{BEGINNING}{'; '.join(lines)}. ✓", id=id), len(results)


# --- the stage --------------------------------------------------------------------------------------------


class Stage:
    """The script of all calls of all plays."""

    def __init__(self, plays: Mapping[str, Play]) -> None:
        self.plays = plays
        self.strays: list[str] = []
        self._given: dict[str, Any] = {}
        self._answers = 0

    async def __call__(self, call: Call) -> None:
        marks = _MARK.findall(call.body.decode())
        spoken, question = parse_request(call.path, call.json, self._given)
        if not marks or marks[-1] not in self.plays:
            self.strays.append(f"{call.path} {call.body[:2000]!r}")
            await _whole(call, spoken.error(Objection("Nobody plays this.")), 400)
            return
        play = self.plays[marks[-1]]
        play.requests.append((spoken, question))
        try:
            spoken.check(question)
            self._answers += 1
            reply, step = _next_reply(spoken, question, f"{marks[-1]}n{self._answers}", play.toolless)
        except Objection as objection:
            play.objections.append(str(objection))
            await _whole(call, spoken.error(objection), objection.status)
            return
        reply, given = spoken.signed(reply, question)
        self._given |= given
        await _say(call, spoken, reply, question.streamed, play.next_at(step))


async def _say(call: Call, spoken: Format, reply: Reply, streamed: bool, incident: Incident | None) -> None:
    if incident == "an overload before":
        await _whole(call, spoken.error(spoken.overloaded), spoken.overloaded.status)
    elif not streamed:
        body = json.dumps(spoken.speech.whole(reply), ensure_ascii=False).encode()
        fields = {"content-type": "application/json", "content-length": str(len(body))}
        await call.send(head(200, fields) + (body[: len(body) // 2] if incident in CUTS else body))
        if incident in CUTS:
            call.cut()
    else:
        await call.send(head(200, {"content-type": spoken.speech.content_type, "transfer-encoding": "chunked"}))
        for piece in _pieces(spoken, reply, incident):
            await call.send(chunk(piece))
        if incident in CUTS:
            call.cut()
        else:
            await call.send(LAST_CHUNK)


async def _whole(call: Call, body: Any, status: int) -> None:
    data = json.dumps(body).encode()
    fields = {"content-type": "application/json", "content-length": str(len(data)), "retry-after-ms": "1"}
    await call.send(head(status, fields) + data)


def _pieces(spoken: Format, reply: Reply, incident: Incident | None) -> list[bytes]:
    events = spoken.speech.stream(reply)
    match incident:
        case "a cut in the text":
            return events[: _first(events, reply.pieces[0]) + 1]
        case "a cut behind the text":
            return events[: _first(events, reply.calls[0][1])]
        case "a cut in a call":
            _, name, given = reply.calls[0]
            return list(_half(events, _first(events, name), next(iter(given)).encode()))
        case "an overload in the stream":
            error = spoken.broken(spoken.error(spoken.overloaded))
            return [*events[: _first(events, reply.pieces[0]) + 1], error]
    return events


def _half(events: list[bytes], opener: int, argument: bytes) -> Iterator[bytes]:
    """Up to the beginning of the call's arguments, which some have in one event with its name."""
    yield from events[:opener]
    alone = argument not in events[opener]
    yield events[opener] if alone else events[opener][: len(events[opener]) // 2]
    if alone:
        yield events[opener + 1]


def _first(events: list[bytes], text: str) -> int:
    needle = json.dumps(text)[1:-1].encode()
    return next(at for at, event in enumerate(events) if needle in event)
