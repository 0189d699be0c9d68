"""What providers do to their own formats: fields that no document has, others' words, nulls, other orders and numbers.

Every mutation is of a list of payloads, or of a list of one whole answer, and gives new ones.
"""

import copy
import json
import warnings
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple, get_args

import botocore.session
from anthropic._models import construct_type as anthropic_object
from anthropic.types import Message, RawMessageStreamEvent
from google.genai.types import GenerateContentResponse
from openai._models import construct_type as openai_object
from openai.types import Completion
from openai.types.chat import ChatCompletion, ChatCompletionChunk
from openai.types.responses import Response, ResponseStreamEvent
from pydantic import BaseModel, ValidationError

Payloads = list[Any]
Path = tuple[str | int, ...]

FREE = frozenset(("input", "args", "arguments", "logprobs", "parsed_arguments"))
"""Objects under these names are a tool's or a model's own: what stands in them is content."""
NEWS: tuple[Any, ...] = ("news", 7, None, ["news"], {"news": 1}, True)
WORDS = (
    "type",
    "text",
    "message",
    "delta",
    "content",
    "name",
    "id",
    "role",
    "status",
    "title",
    "url",
    "reasoning",
    "reasoning_content",
    "thinking",
    "signature",
    "refusal",
    "annotations",
    "citations",
    "tool_calls",
    "function_call",
    "function",
    "toolUse",
    "functionCall",
    "item",
    "part",
    "parts",
    "output",
    "response",
    "logprobs",
    "usage",
    "finish_reason",
    "stop_reason",
    "data",
    "image",
    "images",
    "phase",
    "namespace",
    "call_id",
    "item_id",
    "output_index",
    "content_index",
    "sequence_number",
    "model",
    "metadata",
)


class Mutated(NamedTuple):
    what: str
    payloads: Payloads
    taken: tuple[str, ...] = ()
    """The texts that were taken away."""


# --- where things stand ------------------------------------------------------------------------------


def walk(value: Any, path: Path = (), *, free: bool = False) -> Iterator[tuple[Path, Any]]:
    """Every value in `value` and where it stands, but for what is free in its form."""
    yield path, value
    if isinstance(value, dict):
        for name, inner in value.items():
            if free or name not in FREE:
                yield from walk(inner, (*path, name), free=free)
    elif isinstance(value, list):
        for place, inner in enumerate(value):
            yield from walk(inner, (*path, place), free=free)


def shape(payloads: Payloads, path: Path) -> tuple[Any, ...]:
    """What is the same for values that stand in the same place of events of the same kind."""
    first = payloads[path[0]]  # type: ignore[index]
    kind = first.get("type") if isinstance(first, dict) else None
    return (kind, *("*" if isinstance(step, int) else step for step in path))


def one_of_each(payloads: Payloads, wanted: Callable[[Path, Any], bool]) -> list[tuple[Path, Any]]:
    """The first and the last value of every shape."""
    by_shape: dict[Any, list[tuple[Path, Any]]] = {}
    for path, value in walk(payloads):
        if path and wanted(path, value):
            places = by_shape.setdefault(shape(payloads, path), [])
            places[1:] = [(path, value)]
    return [place for places in by_shape.values() for place in places]


def replaced(payloads: Payloads, path: Path, change: Callable[[Any, Any], None]) -> Payloads:
    """A copy in which `change` was applied to the holder of the value at `path`, and its name there. Only what stands
    on the way there is copied."""
    made = list(payloads)
    holder: Any = made
    for step in path:
        holder[step] = copy.copy(holder[step])
        before, holder = holder, holder[step]
    change(before, path[-1])
    return made


def everywhere(value: Any, change: Callable[[dict[str, Any]], dict[str, Any]]) -> Any:
    """A copy with every object changed, but for those that are free in their form."""
    if isinstance(value, dict):
        return change({name: inner if name in FREE else everywhere(inner, change) for name, inner in value.items()})
    return [everywhere(inner, change) for inner in value] if isinstance(value, list) else value


# --- more than there was: nothing may be lost, note or no note ----------------------------------------


def unknown_fields(payloads: Payloads) -> Iterator[Mutated]:
    for value in NEWS:
        yield Mutated(f"x_news={value!r} last", everywhere(payloads, lambda holder, v=value: {**holder, "x_news": v}))  # type: ignore[misc]
        yield Mutated(f"x_news={value!r} first", everywhere(payloads, lambda holder, v=value: {"x_news": v, **holder}))  # type: ignore[misc]


def other_orders(payloads: Payloads) -> Iterator[Mutated]:
    yield Mutated("keys backwards", everywhere(payloads, lambda holder: dict(reversed(holder.items()))))
    yield Mutated("keys sorted", everywhere(payloads, lambda holder: dict(sorted(holder.items()))))


def well_known_words(payloads: Payloads) -> Iterator[Mutated]:
    """One of them in one object, with values that take turns."""
    turn = 0
    for path, value in one_of_each(payloads, lambda _, value: isinstance(value, dict)):
        for word in WORDS:
            if word in value or (word == "name" and path[-1] in ("function", "function_call")):
                continue  # another name in a later piece of a call is another call
            turn += 1
            news = NEWS[turn % len(NEWS)]
            what = f"{shown(path)}.{word}={news!r}"
            yield Mutated(what, replaced(payloads, path, lambda at, name, w=word, n=news: at[name].update({w: n})))  # type: ignore[misc]


def nulls_for_what_is_absent(provider: str, payloads: Payloads, *, whole: bool) -> Iterator[Mutated]:
    filled = [filled_up(provider, payload, None, whole=whole) for payload in payloads]
    if filled != payloads:
        yield Mutated("null for every optional field", filled)


def empties_for_what_is_absent(provider: str, payloads: Payloads, *, whole: bool) -> Iterator[Mutated]:
    filled = [filled_up(provider, payload, {}, whole=whole) for payload in payloads]
    if filled != payloads:
        yield Mutated("an empty object for every optional field", filled)


# --- the same in another form: nothing may be lost or doubled -----------------------------------------


def alternatives(provider: str, payloads: Payloads, *, whole: bool) -> Iterator[Mutated]:
    """Both of two forms of a thing at once, or an empty one beside the full one."""
    match provider:
        case "anthropic" if not whole:
            yield Mutated("the whole input beside its pieces", list(_with_input_at_once(payloads)))
        case "openai":
            yield from _of_choices(payloads, "message" if whole else "delta")
        case "openai-completions":
            yield Mutated("message beside text", everywhere(payloads, _message_beside_text))
        case "gemini":
            yield Mutated("an empty text beside a call", everywhere(payloads, _beside("functionCall", text="")))
            yield Mutated("no thought", everywhere(payloads, _beside("text", thought=False)))
        case "bedrock":
            yield Mutated("the type of a call", everywhere(payloads, _typed_call))
            yield Mutated("an empty text beside a call", everywhere(payloads, _beside("toolUse", text="")))
        case "ollama":
            yield Mutated("the text beside the message", [_with_response(payload) for payload in payloads])
            yield Mutated("the type of a call", everywhere(payloads, _beside("function", type="function")))
        case "openai-responses":
            yield Mutated("text so far beside each piece", list(_with_text_so_far(payloads)))


def _beside(name: str, **more: Any) -> Callable[[dict[str, Any]], dict[str, Any]]:
    return lambda holder: {**more, **holder} if name in holder else holder


def _typed_call(holder: dict[str, Any]) -> dict[str, Any]:
    call = holder.get("toolUse")
    ours = isinstance(call, dict) and "toolUseId" in call and "type" not in call
    return {**holder, "toolUse": {**call, "type": "tool_use"}} if ours else holder  # type: ignore[dict-item]


def _message_beside_text(holder: dict[str, Any]) -> dict[str, Any]:
    if "finish_reason" not in holder or not isinstance(holder.get("text"), str):
        return holder
    return {**holder, "message": {"role": "assistant", "content": holder["text"]}}


def _with_input_at_once(payloads: Payloads) -> Iterator[Any]:
    pieces: dict[Any, str] = {}
    for payload in payloads:
        if payload.get("type") == "content_block_delta":
            index = payload.get("index")
            pieces[index] = pieces.get(index, "") + payload["delta"].get("partial_json", "")
    for payload in payloads:
        block = payload.get("content_block")
        if isinstance(block, dict) and block.get("type") == "tool_use" and _is_json(pieces.get(payload.get("index"))):
            yield {**payload, "content_block": {**block, "input": json.loads(pieces[payload["index"]])}}
        else:
            yield payload


def _is_json(text: str | None) -> bool:
    try:
        return text is not None and json.loads(text) is not None
    except ValueError:
        return False


def _with_response(line: Any) -> Any:
    message = line.get("message") if isinstance(line, dict) else None
    return {**line, "response": message.get("content") or ""} if isinstance(message, dict) else line


def _with_text_so_far(payloads: Payloads) -> Iterator[Any]:
    texts: dict[Any, str] = {}
    for payload in payloads:
        delta = payload.get("delta") if isinstance(payload, dict) else None
        if isinstance(delta, str):
            place = payload["type"], payload.get("item_id"), payload.get("content_index")
            texts[place] = texts.get(place, "") + delta
            yield {**payload, "text": texts[place]}
        else:
            yield payload


def _of_choices(payloads: Payloads, name: str) -> Iterator[Mutated]:
    so_far: dict[Any, str] = {}

    def beside(choice: dict[str, Any], also: str) -> dict[str, Any]:
        message = choice.get(name)
        content = message.get("content") if isinstance(message, dict) else None
        if not isinstance(content, str | None) or not isinstance(message, dict):
            return choice
        index = choice.get("index")
        so_far[index] = so_far.get(index, "") + (content or "")
        if also == "text":
            return {"text": content or "", **choice}
        return {**choice, also: {"role": "assistant", "content": so_far[index]}}

    other = "message" if name == "delta" else "delta"
    yield Mutated(f"{other} beside {name}", everywhere(payloads, lambda at: beside(at, other) if name in at else at))
    yield Mutated(f"text beside {name}", everywhere(payloads, lambda at: beside(at, "text") if name in at else at))
    nothing = {"function_call": {"name": "", "arguments": ""}, "tool_calls": None}
    yield Mutated("an empty call", everywhere(payloads, _inside(name, nothing)))
    yield Mutated("no calls", everywhere(payloads, _inside(name, {"tool_calls": []})))


def _inside(name: str, more: dict[str, Any]) -> Callable[[dict[str, Any]], dict[str, Any]]:
    def change(holder: dict[str, Any]) -> dict[str, Any]:
        inner = holder.get(name)
        return {**holder, name: {**more, **inner}} if isinstance(inner, dict) else holder

    return change


NEWS_EVENT: dict[str, Any] = {
    "anthropic": {"type": "news", "n": 1},
    "openai-responses": {"type": "response.news", "sequence_number": 7, "n": 1},
    "bedrock": {"news": {"n": 1}},
    "openai": {"id": "news", "object": "news", "n": 1},
    "openai-completions": {"id": "news", "object": "news", "n": 1},
}


def other_events(provider: str, payloads: Payloads) -> Iterator[Mutated]:
    """Events that say nothing, and those that repeat others."""
    news = NEWS_EVENT.get(provider, {"news": {"n": 1}})
    yield Mutated("news between any two", [each for payload in payloads for each in (news, payload)])
    if provider != "gemini":  # whose last one is like any other: there it says something more
        yield Mutated("the last one twice", [*payloads, payloads[-1]])
    if _announces(payloads[0]):
        yield Mutated("the first one twice", [payloads[0], *payloads])
        yield Mutated("the first one late", [payloads[1], payloads[0], *payloads[2:]])


def _announces(payload: Any) -> bool:
    """Return whether a payload only begins an answer."""
    if not isinstance(payload, dict):
        return False
    return payload.get("type") in ("message_start", "response.created") or "messageStart" in payload


# --- less than there was, or other: a note, an error, or only what was taken --------------------------


def taken(payloads: Payloads) -> Iterator[Mutated]:
    """A field that is null, or not there, or empty, or of another type."""

    def wanted(path: Path, value: Any) -> bool:
        return isinstance(path[-1], str) and len(path) > 1 and value is not None

    for path, value in one_of_each(payloads, wanted):
        texts = tuple(text for _, text in walk(value, free=True) if isinstance(text, str) and text)
        for label, new in (("null", None), ("empty", _empty(value)), ("an empty object", {}), ("odd", _odd(value))):
            if new != value or new is None:
                what = f"{shown(path)} {label}"
                yield Mutated(what, replaced(payloads, path, lambda at, name, n=new: at.update({name: n})), texts)  # type: ignore[misc]
        yield Mutated(f"{shown(path)} gone", replaced(payloads, path, lambda at, name: at.pop(name)), texts)


def _empty(value: Any) -> Any:
    return {str: "", list: [], dict: {}, int: 0, float: 0.0, bool: False}.get(type(value))


def _odd(value: Any) -> Any:
    return {str: 5, list: "odd", dict: ["odd"], int: "5", float: "0.5", bool: "true"}.get(type(value))


_PLACES = ("index", "offset", "count", "tokens", "start", "end")


def numbers_off(payloads: Payloads) -> Iterator[Mutated]:
    def wanted(path: Path, value: Any) -> bool:
        return type(value) is int and any(word in str(path[-1]).lower() for word in _PLACES)

    numbers = one_of_each(payloads, wanted)
    for path, value in numbers:
        for more in (1, -1):
            made = replaced(payloads, path, lambda at, name, v=value + more: at.update({name: v}))  # type: ignore[misc]
            yield Mutated(f"{shown(path)}={value + more}", made)
    for name in dict.fromkeys(path[-1] for path, _ in numbers):
        if "index" in str(name).lower():
            yield Mutated(f"every {name} one more", everywhere(payloads, lambda at, n=name: _counted(at, n, 1)))  # type: ignore[misc]


def _counted(holder: dict[str, Any], name: str, more: int) -> dict[str, Any]:
    value = holder.get(name)
    return {**holder, name: value + more} if type(value) is int else holder


# --- the optional fields of a provider's own types ---------------------------------------------------

_SHAPES = botocore.session.get_session().get_service_model("bedrock-runtime")


def filled_up(provider: str, payload: Any, filler: Any, *, whole: bool) -> Any:
    """The payload with the `filler` for all that its type has and that it has not."""
    if not isinstance(payload, dict):
        return payload
    if provider == "bedrock":
        return _of_shape(payload, _SHAPES.shape_for("ConverseResponse" if whole else "ConverseStreamOutput"), filler)
    if provider == "ollama":
        return _of_ollama(payload, filler)
    return _of_model(payload, _typed(provider, payload, whole=whole), filler)


def _typed(provider: str, payload: Any, *, whole: bool) -> Any:
    match provider, whole:
        case "anthropic", _:
            return anthropic_object(type_=Message if whole else RawMessageStreamEvent, value=payload)
        case "gemini", _:
            try:
                with warnings.catch_warnings(action="ignore"):  # of words that the SDK does not know
                    return GenerateContentResponse.model_validate(payload)
            except ValidationError:  # it has what no document has
                return payload
        case "openai-responses", _:
            return openai_object(type_=Response if whole else ResponseStreamEvent, value=payload)
        case "openai-completions", _:
            return openai_object(type_=Completion, value=payload)
    return openai_object(type_=ChatCompletion if whole else ChatCompletionChunk, value=payload)


def _of_model(raw: Any, typed: Any, filler: Any) -> Any:
    """`typed` is what the SDK made of `raw`."""
    if isinstance(raw, list) and isinstance(typed, list):
        return [_of_model(*pair, filler) for pair in zip(raw, typed, strict=True)]
    if not isinstance(raw, dict) or not isinstance(typed, BaseModel):
        return raw
    made = dict(raw)
    for name, field in type(typed).model_fields.items():
        wire = field.alias or name
        if wire in raw:
            made[wire] = _of_model(raw[wire], getattr(typed, name), filler)
        elif type(None) in get_args(field.annotation):
            made[wire] = filler
    return made


def _of_shape(raw: Any, form: Any, filler: Any) -> Any:
    if form.type_name == "list" and isinstance(raw, list):
        return [_of_shape(each, form.member, filler) for each in raw]
    if form.type_name != "structure" or not isinstance(raw, dict) or getattr(form, "is_document_type", False):
        return raw
    members = form.members
    absent = {name: filler for name in members if name not in raw and name not in form.required_members}
    if getattr(form, "event_stream", None) or form.name == "ConverseStreamOutput":
        absent = {}
    filled = {
        name: _of_shape(value, form.members[name], filler) if name in form.members else value
        for name, value in raw.items()
    }
    return {**absent, **filled}


_OLLAMA = ("remote_model", "remote_host", "done_reason", "logprobs", "total_duration", "load_duration")
_OLLAMA_COUNTS = ("prompt_eval_count", "prompt_eval_duration", "eval_count", "eval_duration")
_OLLAMA_MESSAGE = ("content", "thinking", "images", "tool_calls", "tool_name", "tool_call_id")


def _of_ollama(line: Mapping[str, Any], filler: Any) -> Any:
    """From `ChatResponse` in Ollama's api/types.go: it has no SDK here."""
    made = {**dict.fromkeys((*_OLLAMA, *_OLLAMA_COUNTS), filler), **line}
    if isinstance(message := line.get("message"), dict):
        made["message"] = {**dict.fromkeys(_OLLAMA_MESSAGE, filler), **message}
    return made


def shown(path: Path) -> str:
    return "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in path)


def text_of(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, default=str)
