"""Inputs that nobody wrote, made of those that somebody did: requests of every client, answers of every provider.

What an input is follows from its seed and its number alone. `Requests` and `Answers` make inputs (`case`), try them
(`problem` tells what is wrong with what came of one) and make a failing one smaller.
"""

import copy
import json
import math
import random
import re
import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol

from openai._models import construct_type
from openai.lib.streaming.chat import ChatCompletionStreamState
from openai.types import Completion
from openai.types.chat import ChatCompletion, ChatCompletionChunk
from openai.types.responses import Response
from pydantic import BaseModel
from pydantic_core import from_json
from routes import DONE, ROUTES, Route, payloads_of
from samples import READINGS, chat_payloads, responses_fold
from test_requests import BODIES, MODELS
from wholes import RECORDINGS, framed, framing_of, payloads_in, text_of, whole_of

from addons.exchange.provider_request import written
from scripts.tools.fields import FIELDS
from scripts.tools.fuzz import SLOW
from translators import fan_out
from translators.dialects import Model
from translators.errors import BadRequest
from translators.framing import json_text
from translators.pipe import Pipe
from translators.registry import CLIENTS, PASSTHROUGH, PROVIDERS

ODD_TEXTS = (
    "",
    " ",
    "\x00",
    "\ud800",
    "a\udfffb",
    "\u2028\u2029\x85",
    "\r\n\r\ndata: {}\n\n",
    "[DONE]",
    "👩‍👩‍👧",
    "e\u0301" * 20,
    "ﷺ" * 50,
    "{",
    "null",
    "-0",
    "__proto__",
    "a" * 300,
    "data:image/png;base64,!!!!",
    "https://",
    "call_" + "x" * 80,
)
ODD_NUMBERS = (0, -1, 1, 2**31, 2**63, -(2**63), 10**30, 10**400, 1.5, -0.0, 1e308, math.inf, 1e-320, 65536)
ODD: tuple[Any, ...] = (
    None,
    True,
    False,
    [],
    {},
    [[]],
    [None],
    [{}],
    {"": None},
    {"type": None},
    *ODD_NUMBERS,
    *ODD_TEXTS,
)


# --- values, a little other than they were ------------------------------------------------------------


def places(value: Any, holder: Any = None, name: Any = None) -> Iterator[tuple[Any, Any]]:
    """Every value in `value`, by what holds it and its name there."""
    if holder is not None:
        yield holder, name
    if isinstance(value, dict):
        for key in list(value):
            yield from places(value[key], value, key)
    elif isinstance(value, list):
        for at in range(len(value)):
            yield from places(value[at], value, at)


def nested(value: Any, depth: int, dice: random.Random) -> Any:
    for _ in range(depth):
        value = [value] if dice.random() < 0.5 else {dice.choice(("content", "a", "type")): value}
    return value


def changed(value: Any, dice: random.Random) -> Any:
    """A copy with one to three things other than they were."""
    box = [copy.deepcopy(value)]
    for _ in range(dice.choice((1, 1, 1, 2, 3))):
        inner = list(places(box))[1:] or list(places(box))
        if inner:
            _change(*dice.choice(inner), inner, dice)
    return box[0] if box else None


def _change(holder: Any, name: Any, others: Sequence[tuple[Any, Any]], dice: random.Random) -> None:
    value = holder[name]
    match dice.randrange(9):
        case 0:
            del holder[name]
        case 1 | 2:
            holder[name] = copy.deepcopy(dice.choice(ODD))
        case 3:
            other, key = dice.choice(others)
            holder[name] = copy.deepcopy(other[key])
        case 4 if isinstance(holder, list):
            holder.insert(dice.randrange(len(holder) + 1), copy.deepcopy(value))
        case 5 if isinstance(value, list):
            dice.shuffle(value)
        case 5 if isinstance(value, dict):
            value[dice.choice(("type", "index", "id", "name", "content", "text", "\ud800"))] = dice.choice(ODD)
        case 6:
            holder[name] = nested(value, dice.choice((1, 2, 3, 60, 120)), dice)
        case 7 if isinstance(value, str):
            at = dice.randrange(len(value) + 1)
            holder[name] = value[:at] + dice.choice(ODD_TEXTS) + value[at:]
        case 7 if type(value) is int:
            holder[name] = value + dice.choice((-1, 1))
        case _ if isinstance(holder, list):
            holder.append(copy.deepcopy(value))
        case _:
            holder[name] = [value]


def text_as_written(value: Any, dice: random.Random) -> bytes:
    """JSON text as anybody might write it; a key may come twice."""
    text = text_of(value)
    if dice.random() < 0.05 and text.startswith(b'{"'):
        text = text[:-1] + b", " + text[1:]
    return text


def broken(data: bytes, dice: random.Random) -> bytes:
    """A few bytes of it are others, or missing, or there twice."""
    for _ in range(dice.choice((1, 1, 2, 5))):
        at = dice.randrange(len(data) + 1)
        end = min(len(data), at + dice.choice((1, 1, 2, 8, 64)))
        match dice.randrange(5):
            case 0:
                data = data[:at] + data[end:]
            case 1:
                data = data[:at] + data[at:end] * 2 + data[end:]
            case 2:
                data = data[:at] + dice.randbytes(end - at) + data[end:]
            case 3:
                data = data[:at] + dice.choice((b"\n", b"\r", b"\n\n", b"\x00", b"data: ", b"\xff", b"}")) + data[at:]
            case 4:
                data = data[:at]
    return data


# --- inputs ------------------------------------------------------------------------------------------


class Fuzzer[Case](Protocol):
    def case(self, dice: random.Random) -> Case: ...

    def problem(self, case: Case) -> str | None:
        """What is wrong with what came of it."""

    def smaller(self, case: Case) -> Iterator[Case]: ...


KIND = 50
"""Characters of a problem by which it is the same as another."""


def dice_of(seed: int | str, number: int) -> random.Random:
    return random.Random(f"{seed}/{number}")


def tried[Case](fuzzer: Fuzzer[Case], case: Case, most: float = SLOW) -> str | None:
    """The problem of one input, if any. An exception is one, and so are more than `most` seconds of the processor,
    twice: the first input of its kind pays for what is built once."""
    for _ in range(2):
        started = time.thread_time()
        problem = _tried(fuzzer, case)
        if problem is not None or time.thread_time() - started <= most:
            return problem
    return f"more than {most:g} s of the processor"


def _tried[Case](fuzzer: Fuzzer[Case], case: Case) -> str | None:
    try:
        return fuzzer.problem(case)
    except Exception as error:  # whatever it is, it is the finding  # noqa: BLE001
        trace, last = error.__traceback__, None
        while trace is not None:
            code = trace.tb_frame.f_code
            last = f"{code.co_filename.rpartition('/')[2]}:{trace.tb_lineno}"
            trace = trace.tb_next
        return f"{type(error).__name__} at {last}: {str(error)[:200]}"


def smallest[Case](fuzzer: Fuzzer[Case], case: Case, problem: str, tries: int = 3000) -> Case:
    """Return what remains of a failing input when nothing more can be removed."""
    kind = problem[:KIND]
    while tries > 0:
        for smaller in fuzzer.smaller(case):
            tries -= 1
            if (tried(fuzzer, smaller) or "")[:KIND] == kind:
                case = smaller
                break
            if tries <= 0:
                break
        else:
            return case
    return case


def without_one(value: Any) -> Iterator[Any]:
    """Copies without one of the things in it, large ones first; then with one of them for the whole."""
    count = len(list(places([value])))
    for number in range(1, count):
        box = [copy.deepcopy(value)]
        holder, name = list(places(box))[number]
        del holder[name]
        yield box[0]
    for number in range(1, min(count, 400)):
        box = [copy.deepcopy(value)]
        holder, name = list(places(box))[number]
        if isinstance(holder[name], str) and len(holder[name]) > 1:
            holder[name] = holder[name][: len(holder[name]) // 2]
            yield box[0]


# --- requests of clients -----------------------------------------------------------------------------

BASES: dict[str, list[Any]] = {
    client: [BODIES[client], *(field.with_it for field in FIELDS[client])] for client in CLIENTS
}


@dataclass(frozen=True)
class Request:
    client: str
    provider: str
    model: str
    body: Any
    data: bytes


class Requests:
    """Bodies of every client on every route to a provider: a request, or a refusal in the client's words."""

    def case(self, dice: random.Random) -> Request:
        client = dice.choice(sorted(CLIENTS))
        passed_through = dice.random() < 0.15
        provider = (
            next(name for asking, name in PASSTHROUGH if asking == client)
            if passed_through
            else dice.choice([*PROVIDERS])
        )
        body: Any = copy.deepcopy(dice.choice(BASES[client]))
        for other in dice.sample(BASES[client], dice.choice((0, 0, 1, 2, 4))):
            body.update({name: value for name, value in copy.deepcopy(other).items() if name not in body})
        body = changed(body, dice)
        data = text_as_written(body, dice)
        model = dice.choice(MODELS.get(provider, ("m",)))
        return Request(client, provider, model, body, broken(data, dice) if dice.random() < 0.1 else data)

    def problem(self, case: Request) -> str | None:
        try:
            wire, _ = json_text.parsed(case.data)
        except ValueError:
            return None
        before = copy.deepcopy(wire)
        try:
            for rendered in self._sent(case, wire):
                written(rendered.body)
        except BadRequest as refused:
            failure = refused.failure
            if not 400 <= failure.status < 500 or not failure.message:
                return f"a refusal that is none: {failure}"
        if wire != before:
            return "the body was changed"
        return None

    def _sent(self, case: Request, wire: Any) -> list[Any]:
        passthrough = PASSTHROUGH.get((case.client, case.provider))
        if passthrough is not None:
            return [passthrough.render(wire, Model(case.model)).rendered]
        request = CLIENTS[case.client].parse(wire)
        return [call.rendered for call in fan_out.calls(request, PROVIDERS[case.provider], Model(case.model))[0][:4]]

    def smaller(self, case: Request) -> Iterator[Request]:
        try:
            body = json.loads(case.data)
        except ValueError:
            return
        for less in without_one(body):
            yield replace(case, body=less, data=text_of(less))


# --- answers of providers ----------------------------------------------------------------------------


@dataclass(frozen=True)
class Reply:
    route: Route
    name: str
    events: tuple[bytes, ...]
    """What the provider sent, in the pieces in which it came."""
    whole: bool
    """The provider was to send a whole answer."""
    streamed: bool
    """The client wants a stream."""


_DATA = re.compile(rb"^data: (?!\[DONE\])(.*)$", re.MULTILINE)
_PAYLOADS = {name: (provider, payloads_in(provider, data)) for name, (provider, data) in RECORDINGS.items()}
_ANSWERS = {name: whole_of(provider, payloads) for name, (provider, payloads) in _PAYLOADS.items()}


class Answers:
    """Bytes of every provider on every route to a client: an answer, or an error, never both and never two."""

    def __init__(self, judge: Callable[[Route, bytes, bool], None]) -> None:
        """`judge` raises for a complete answer, streamed or not, that the client's SDK cannot read."""
        self._judge = judge

    def case(self, dice: random.Random) -> Reply:
        name = dice.choice([*_PAYLOADS])
        provider, payloads = _PAYLOADS[name]
        route = dice.choice([route for route in ROUTES if route.provider == provider])
        whole = dice.random() < 0.25 and _ANSWERS[name] is not None
        if whole:
            pieces = [text_as_written(changed(_ANSWERS[name], dice), dice)]
        else:
            altered = self._disordered(payloads, dice) if dice.random() < 0.4 else changed(payloads, dice)
            pieces = [_bytes(provider, payload) for payload in (isinstance(altered, list) and altered) or [{}]]
        if dice.random() < 0.2:
            at = dice.randrange(len(pieces))
            pieces[at] = broken(pieces[at], dice)
        if dice.random() < 0.2:
            data, size = b"".join(pieces), dice.choice((1, 2, 3, 7, 64))
            pieces = [data[at : at + size] for at in range(0, len(data), size)]
        return Reply(route, name, tuple(pieces), whole, dice.random() < 0.6)

    def _disordered(self, payloads: list[Any], dice: random.Random) -> list[Any]:
        events = list(payloads)
        for _ in range(dice.choice((1, 1, 2, 4))):
            at = dice.randrange(len(events) + 1)
            match dice.randrange(5):
                case 0 if events:
                    del events[min(at, len(events) - 1)]
                case 1 if events:
                    events.insert(at, dice.choice(events))
                case 2 if events:
                    events.insert(at, events.pop(dice.randrange(len(events))))
                case 3:
                    events.insert(at, dice.choice(_PAYLOADS[dice.choice([*_PAYLOADS])][1]))
                case _:
                    events[at : at + 3] = reversed(events[at : at + 3])
        return events

    def problem(self, case: Reply) -> str | None:
        kind = {"sse": "text/event-stream", "ndjson": "application/x-ndjson"}.get(case.route.framing, "")
        choices = 2 if "/two_" in case.name else 1
        pipe = case.route.pipe("application/json" if case.whole else kind, streamed=case.streamed, choices=choices)
        out = b"".join([pipe.feed(piece) for piece in case.events]) + pipe.close()
        if pipe.feed(b"data: {}\n\n") or pipe.close():
            return "something came after the end"
        return self._ended(case, pipe, out)

    def _ended(self, case: Reply, pipe: Pipe, out: bytes) -> str | None:
        if pipe.done == (pipe.failure is not None):
            return f"done {pipe.done}, failed {pipe.failure}"
        ends = READINGS[case.route.client].ends(out) if case.streamed else []
        if pipe.failure is not None:
            return self._failed(case, pipe, out, ends)
        for text in _DATA.findall(out) if case.streamed else [out]:
            from_json(text, allow_inf_nan=False)
        if case.streamed and ends != [len(out)]:
            return f"ends at {ends} of {len(out)} bytes"
        if not case.route.passed_through or self._readable(case):
            self._judge(case.route, out, case.streamed)
        return None

    def _readable(self, case: Reply) -> bool:
        """Return whether a client that asks the provider itself could read the same bytes."""
        if not case.whole and not case.streamed:
            return False  # a whole answer folded from a stream has no more fields than that had
        if b"1e999" in b"".join(case.events):
            return False  # such a number is emitted as null, which types may not allow
        try:
            self._judge(case.route, b"".join(case.events), not case.whole)
        except Exception:  # whatever a client fails with  # noqa: BLE001
            return False
        return True

    def _failed(self, case: Reply, pipe: Pipe, out: bytes, ends: list[int]) -> str | None:
        failure = pipe.failure
        assert failure is not None
        if not 400 <= failure.status < 600 or not isinstance(failure.message, str) or not failure.message:
            return f"a failure that is none: {failure}"
        if ends:
            return "an end, and a failure"
        end = pipe.writer.fail(failure)
        if not case.streamed:
            return None if not out and json.loads(end)["error"]["message"] else "a failure after an answer"
        list(payloads_of(out + end))
        return None

    def smaller(self, case: Reply) -> Iterator[Reply]:
        provider, pieces = case.route.provider, case.events
        if case.whole:
            try:
                body = json.loads(b"".join(pieces))
            except ValueError:
                return
            for less in without_one(body):
                yield replace(case, events=(text_of(less),))
            return
        for at in range(len(pieces)):
            yield replace(case, events=pieces[:at] + pieces[at + 1 :])
        try:
            payloads = payloads_in(provider, b"".join(pieces))
        except Exception:  # noqa: BLE001
            return
        for at, payload in enumerate(payloads):
            for less in without_one(payload):
                with_less = [*payloads[:at], less, *payloads[at + 1 :]]
                yield replace(case, events=tuple(_bytes(provider, each) for each in with_less))


def _bytes(provider: str, payload: Any) -> bytes:
    """Of a payload as its provider would send it, even if it is none of its own."""
    framing = framing_of(provider)
    if framing == "eventstream" and not isinstance(payload, dict):
        payload = {"contentBlockDelta": payload if payload != DONE else None}
    if framing == "ndjson" and payload == DONE:
        return b"[DONE]\n"
    return framed(framing, payload)


# --- what a client's SDK reads -----------------------------------------------------------------------

_WHOLE: dict[str, type[BaseModel]] = {"chat": ChatCompletion, "completions": Completion, "responses": Response}


def sdk_reads(route: Route, out: bytes, streamed: bool) -> None:
    """Raises for what the SDK cannot read. What is translated, or whole, is of its types to the letter."""
    if not streamed:
        _WHOLE[route.client].model_validate_json(out)
    elif not route.passed_through and route.client == "responses":
        responses_fold(out, late_citations=True)  # of a text that was over: there is no other place for them
    elif not route.passed_through:
        READINGS[route.client].fold(out)
    elif route.client != "chat":
        list(payloads_of(out))
    else:
        state: ChatCompletionStreamState[None] = ChatCompletionStreamState()
        with warnings.catch_warnings(action="ignore"):  # of what is the provider's own
            for payload in chat_payloads(out):
                state.handle_chunk(construct_type(type_=ChatCompletionChunk, value=payload))


FUZZERS: dict[str, Fuzzer[Any]] = {"requests": Requests(), "answers": Answers(sdk_reads)}
