"""Every route from a provider's answer to a client, and what the client reads of it at the end."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from samples import ENVELOPE, READINGS, completions_fold

from scripts.tools.fold import Fold
from translators.dialects import Answer, Framing, Recall, Writer
from translators.errors import Failure, TranslationError
from translators.events import Event, Noted
from translators.notes import Note
from translators.passthrough.request import Form
from translators.pipe import Pipe
from translators.registry import CLIENTS, PASSTHROUGH, PROVIDERS

DONE = b"[DONE]"


@dataclass(frozen=True)
class Route:
    client: str
    provider: str
    passed_through: bool = False

    @property
    def framing(self) -> Framing:
        return (PASSTHROUGH[self.client, self.provider] if self.passed_through else PROVIDERS[self.provider]).framing

    def answer(self, choices: int | None = None) -> Answer:
        """The machine of an answer to a request for so many choices."""
        upstream = PASSTHROUGH[self.client, self.provider] if self.passed_through else PROVIDERS[self.provider]
        return upstream.answer(Recall(choices=choices))

    def writer(self, *, streamed: bool) -> Writer:
        if self.passed_through:
            passthrough = PASSTHROUGH[self.client, self.provider]
            return (passthrough.streamed if streamed else passthrough.whole)(Form(True), ENVELOPE)
        dialect = CLIENTS[self.client]
        return (dialect.streamed if streamed else dialect.whole)(READINGS[self.client].form, ENVELOPE)

    def pipe(self, content_type: str, *, streamed: bool, choices: int | None = None) -> Pipe:
        writer = self.writer(streamed=streamed)
        return Pipe(self.answer(choices), writer, framing=self.framing, content_type=content_type)

    def __str__(self) -> str:
        return f"{self.provider} {'=' if self.passed_through else '-'}> {self.client}"


PASSED_THROUGH = tuple(Route(client, provider, passed_through=True) for client, provider in PASSTHROUGH)
ROUTES = (*(Route(client, provider) for provider in PROVIDERS for client in CLIENTS), *PASSED_THROUGH)


def routes_of(provider: str) -> list[Route]:
    return [route for route in ROUTES if route.provider == provider]


# --- what a machine emits ----------------------------------------------------------------------------


@dataclass
class Emitted:
    """What a machine emitted of an answer: its events, its notes, why it failed."""

    events: list[Event] = field(default_factory=list)
    notes: list[Note] = field(default_factory=list)
    failure: Failure | None = None

    def add(self, events: Iterable[Event]) -> None:
        for event in events:
            if isinstance(event, Noted):
                self.notes.append(event.note)
            else:
                self.events.append(event)


def emitted_by(answer: Answer, payloads: list[Any] | None, whole: Any = None) -> Emitted:
    """The payloads of a stream, or a whole answer, through a machine."""
    emitted = Emitted()
    try:
        if payloads is None:
            emitted.add(answer.whole(whole))
            return emitted
        for payload in payloads:
            emitted.add(answer.on(payload))
            if answer.done:
                break
        emitted.add(answer.close())
    except TranslationError as error:
        emitted.failure = error.failure
    return emitted


def written(writer: Writer, events: Iterable[Event]) -> bytes:
    return b"".join([writer.on(event) for event in events]) + writer.close()


# --- what a client reads -----------------------------------------------------------------------------


@dataclass
class ClientChoice:
    """One choice, as its client has it in the end."""

    text: str = ""
    refusal: str = ""
    reasoning: str = ""
    calls: list[tuple[Any, Any, Any]] = field(default_factory=list)
    """Ids, names, arguments (of functions as values)."""
    cited: list[Any] = field(default_factory=list)
    images: list[Any] = field(default_factory=list)
    signed: int = 0
    foreign: int = 0
    logprobs: list[Any] = field(default_factory=list)
    finish: Any = None


Answered = tuple[list[ClientChoice], dict[str, Any]]
"""The choices, and the usage."""

_COUNTS = ("prompt_tokens", "completion_tokens", "input_tokens", "output_tokens")


def read(client: str, data: bytes, *, streamed: bool) -> Answered:
    """What a client has of an answer that is complete. Raises `ValueError` for a stream that it could not read."""
    if client == "responses":
        return _of_response(_last_response(data) if streamed else json.loads(data))
    if client == "completions":
        body = completions_fold(data) if streamed else json.loads(data)
        return [_of_completion(choice) for choice in body["choices"]], _usage(body)
    body = _folded(data) if streamed else json.loads(data)
    return [_of_choice(choice) for choice in body["choices"]], _usage(body)


def _folded(data: bytes) -> dict[str, Any]:
    fold = Fold()
    fold.read(data)
    return fold.body


def payloads_of(data: bytes) -> Iterator[Any]:
    for event in data.split(b"\n\n"):
        for line in event.split(b"\n"):
            if line.startswith(b"data: ") and line != b"data: [DONE]":
                yield json.loads(line[6:])


def _last_response(data: bytes) -> dict[str, Any]:
    *_, event = data.removesuffix(b"\n\n").split(b"\n\n")
    [last] = payloads_of(event)
    response: dict[str, Any] = last["response"]
    return response


def _usage(body: dict[str, Any]) -> dict[str, Any]:
    usage = body.get("usage")
    return {name: usage[name] for name in _COUNTS if name in usage} if isinstance(usage, dict) else {}


def _of_completion(choice: dict[str, Any]) -> ClientChoice:
    logprobs = choice.get("logprobs") or {}
    return ClientChoice(
        _text(choice.get("text")), logprobs=logprobs.get("tokens") or [], finish=choice.get("finish_reason")
    )


def _of_choice(choice: dict[str, Any]) -> ClientChoice:
    message = choice.get("message") or {}
    result = ClientChoice(finish=choice.get("finish_reason"))
    result.text = _text(message.get("content"))
    result.refusal = _text(message.get("refusal"))
    result.reasoning = _text(message.get("reasoning_content"))
    for call in _list(message.get("tool_calls")):
        inner = call.get("function") or call.get("custom")
        inner = inner if isinstance(inner, dict) else {}
        result.calls.append((call.get("id"), inner.get("name"), _value(inner.get("arguments") or inner.get("input"))))
    if isinstance(call := message.get("function_call"), dict):
        result.calls.append((None, call.get("name"), _value(call.get("arguments"))))
    for annotation in _list(message.get("annotations")):
        cited = annotation.get("url_citation")
        cited = cited if isinstance(cited, dict) else annotation
        result.cited.append([cited.get(name) for name in ("url", "title", "start_index", "end_index")])
    images = [image.get("image_url") for image in _list(message.get("images"))]
    result.images = [image.get("url") if isinstance(image, dict) else image for image in images]
    result.signed = len(_list(message.get("thinking_blocks")))
    result.foreign = len(_list(message.get("provider_content")))
    logprobs = choice.get("logprobs") or {}
    result.logprobs = [token.get("token") for token in _list(logprobs.get("content"))]
    return result


def _of_response(response: dict[str, Any]) -> Answered:
    choice = ClientChoice()
    for item in _list(response.get("output")):
        match item.get("type"):
            case "message":
                _of_message(item, choice)
            case "reasoning":
                parts = [*_list(item.get("summary")), *_list(item.get("content"))]
                choice.reasoning += "".join(_text(part.get("text")) for part in parts)
                if item.get("encrypted_content"):
                    choice.signed += 1
            case "function_call":
                choice.calls.append((item.get("call_id"), item.get("name"), _value(item.get("arguments"))))
            case "custom_tool_call":
                choice.calls.append((item.get("call_id"), item.get("name"), _value(item.get("input"))))
            case "image_generation_call":
                choice.images.append(item.get("result"))
            case _:
                choice.foreign += 1
    choice.finish = (response.get("status"), (response.get("incomplete_details") or {}).get("reason"))
    return [choice], _usage(response)


def _of_message(item: dict[str, Any], choice: ClientChoice) -> None:
    for part in _list(item.get("content")):
        if part.get("type") == "refusal":
            choice.refusal += _text(part.get("refusal"))
            continue
        base = len(choice.text)
        choice.text += _text(part.get("text"))
        choice.logprobs += [token.get("token") for token in _list(part.get("logprobs"))]
        for annotation in _list(part.get("annotations")):
            start, end = annotation.get("start_index"), annotation.get("end_index")
            places = [base + place if isinstance(place, int) else None for place in (start, end)]
            choice.cited.append([annotation.get("url"), annotation.get("title"), *places])


def _text(value: Any) -> str:
    return value if isinstance(value, str) else "" if value is None else json.dumps(value)


def _list(value: Any) -> list[dict[str, Any]]:
    return [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []


def _value(text: Any) -> Any:
    try:
        return json.loads(text) if isinstance(text, str) else text
    except ValueError:
        return text
