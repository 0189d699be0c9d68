"""What an answer says to a client, as the openai SDK's own types and accumulators read it."""

import json
from typing import Any

from facts import Choice, Facts, Payload, citation_of, image_data, usage_of, value_of
from openai import omit
from openai._models import construct_type
from openai.lib.streaming.chat import ChatCompletionStreamState
from openai.lib.streaming.responses._responses import ResponseStreamState
from openai.types import Completion
from openai.types.chat import ChatCompletion, ChatCompletionChunk
from openai.types.responses import Response, ResponseStreamEvent
from pydantic import TypeAdapter

_EVENT: TypeAdapter[ResponseStreamEvent] = TypeAdapter(ResponseStreamEvent)


def client_facts(client: str, data: bytes, *, streamed: bool, ours: bool = True) -> list[Facts]:
    """What the SDK's types and accumulators make of a client's bytes; of a stream of Responses, what its end says and,
    where it is ours, what its deltas come to.

    Raises `ValueError` for what is not of these types, unless it is not `ours` but came from a provider, and
    AssertionError for another role than the assistant's.
    """
    typed = _checked if ours else _constructed
    if client == "completions":  # whose type does not know that a choice goes on
        return [_from_completions([_constructed(Completion, each) for each in _bodies(data, streamed)])]
    if client == "responses":
        if not streamed:
            return [_from_response(typed(Response, json.loads(data)))]
        events = [typed(ResponseStreamEvent, each) for each in _bodies(data, streamed)]
        final = _from_response(events[-1].response)
        return [final, _from_response(_grown(events), events[-1].response)] if ours else [final]
    if not streamed:
        return [_from_chat(typed(ChatCompletion, json.loads(data)))]
    state: ChatCompletionStreamState[None] = ChatCompletionStreamState()
    for each in _bodies(data, streamed):
        state.handle_chunk(typed(ChatCompletionChunk, each))
    return [_from_chat(state.current_completion_snapshot)]


def _checked(kind: Any, value: Any) -> Any:
    return (
        TypeAdapter(kind).validate_python(value) if kind is not ResponseStreamEvent else _EVENT.validate_python(value)
    )


def _constructed(kind: Any, value: Any) -> Any:
    """Construct as the SDK does, which believes all that it gets."""
    return construct_type(type_=kind, value=value)


def _bodies(data: bytes, streamed: bool) -> list[Any]:
    lines = [line[6:] for line in data.split(b"\n") if line.startswith(b"data: {")] if streamed else [data]
    return [json.loads(line) for line in lines]


def _grown(events: list[Any]) -> Any:
    """What the deltas come to."""
    state: ResponseStreamState[None] = ResponseStreamState(input_tools=(), text_format=omit)
    for event in events:
        state.handle_event(event)
    grown = vars(state)["_ResponseStreamState__current_snapshot"]
    _grow_the_rest(grown, events)
    _check_what_is_done(grown, events)
    return grown


def _grow_the_rest(grown: Any, events: list[Any]) -> None:
    """Do what the accumulator leaves to its user, who goes by the places that events name."""
    parts = [0] * len(grown.output)
    for event in (each for each in events if hasattr(each, "output_index")):
        item = grown.output[event.output_index]
        assert item.id == (event.item_id if hasattr(event, "item_id") else event.item.id)
        match event.type:
            case "response.content_part.added":
                assert event.content_index == parts[event.output_index]
                parts[event.output_index] += 1
            case "response.reasoning_summary_part.added":
                assert event.summary_index == len(item.summary)
                item.summary.append(event.part.model_copy())
            case "response.reasoning_summary_text.delta":
                item.summary[event.summary_index].text += event.delta
            case "response.refusal.delta":
                item.content[event.content_index].refusal += event.delta
            case "response.custom_tool_call_input.delta":
                item.input += event.delta
            case "response.output_text.annotation.added":
                annotations = item.content[event.content_index].annotations
                assert event.annotation_index == len(annotations)
                annotations.append(event.annotation)


def _check_what_is_done(grown: Any, events: list[Any]) -> None:
    """Raise AssertionError unless what is marked as done is what its deltas came to."""
    ids = [event.item.id for event in events if event.type == "response.output_item.added"]
    assert ids == [item.id for item in grown.output]
    for event in events:
        item = grown.output[event.output_index] if event.type.endswith(".done") else None
        match event.type:
            case "response.output_item.done":
                assert _plain(event.item) == _plain(events[-1].response.output[event.output_index])
            case "response.content_part.done":
                assert _plain(item.content[event.content_index]) == _plain(event.part)
            case "response.output_text.done":
                assert item.content[event.content_index].text == event.text
            case "response.refusal.done":
                assert item.content[event.content_index].refusal == event.refusal
            case "response.function_call_arguments.done":
                assert (item.name, item.arguments) == (event.name, event.arguments)
            case "response.custom_tool_call_input.done":
                assert item.input == event.input
            case "response.reasoning_summary_text.done":
                assert item.summary[event.summary_index].text == event.text
            case "response.reasoning_summary_part.done":
                assert _plain(item.summary[event.summary_index]) == _plain(event.part)


def _plain(part: Any) -> Payload:
    fields: Payload = part.model_dump(warnings=False, exclude={"logprobs", "parsed"}, exclude_none=True)
    return fields


def _from_chat(completion: Any) -> Facts:
    choices = []
    for index, each in enumerate(completion.choices):
        assert (each.index, each.message.role) == (index, "assistant")
        message = each.message.model_dump()
        choice = Choice(message.get("content") or "", message.get("refusal") or "", finish=each.finish_reason)
        choice.calls = [_call(call) for call in message.get("tool_calls") or ()]
        choice.reasoning = message.get("reasoning_content") or message.get("reasoning") or ""
        for annotation in message.get("annotations") or ():
            assert annotation["type"] == "url_citation"
            choice.citations.append(citation_of(annotation["url_citation"], choice.text))
        for place, image in enumerate(message.get("images") or ()):
            assert image.get("index", place) == place
            choice.images.append(image_data(image))
        choices.append(choice)
    return choices, usage_of(completion.usage and completion.usage.model_dump())


def _call(call: Payload) -> tuple[str, str, Any]:
    if call["type"] == "custom":
        return call["id"], call["custom"]["name"], call["custom"]["input"]
    return call["id"], call["function"]["name"], value_of(call["function"]["arguments"])


def _from_completions(chunks: list[Completion]) -> Facts:
    choices: dict[int, Choice] = {}
    for chunk in chunks:
        for piece in chunk.choices:
            choice = choices.setdefault(piece.index, Choice())
            choice.text += piece.text
            choice.finish = piece.finish_reason or choice.finish
    usage = chunks[-1].usage
    return [choices[index] for index in sorted(choices)], usage_of(usage and usage.model_dump())


def _from_response(response: Any, end: Any = None) -> Facts:
    """`end` is the response that ends a stream: it alone has the usage, how it ended, and pictures."""
    end = end or response
    choice = Choice()
    assert [item.id for item in response.output] == [item.id for item in end.output]
    for item, last in zip(response.output, end.output, strict=True):
        match item.type:
            case "message":
                assert item.role == "assistant"
                _of_message(item, choice)
            case "reasoning":
                choice.reasoning += "\n\n".join(part.text for part in item.summary or item.content or ())
            case "function_call":
                choice.calls.append((item.call_id, item.name, value_of(item.arguments)))
            case "custom_tool_call":
                choice.calls.append((item.call_id, item.name, item.input))
            case "image_generation_call":
                choice.images.append(last.result)
    cut = {"max_output_tokens": "length", "content_filter": "content_filter"}
    whole_end = "tool_calls" if choice.calls else "stop"
    choice.finish = whole_end if end.status == "completed" else cut[end.incomplete_details.reason]
    return [choice], usage_of(end.usage and end.usage.model_dump())


def _of_message(item: Any, choice: Choice) -> None:
    for part in item.content:
        if part.type == "refusal":
            choice.refusal += part.refusal
            continue
        choice.text += part.text
        cited = [each.model_dump() if hasattr(each, "model_dump") else each for each in part.annotations or ()]
        choice.citations += [citation_of(each, part.text) for each in cited if each["type"] == "url_citation"]
