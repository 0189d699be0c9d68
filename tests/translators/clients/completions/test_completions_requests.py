"""What a completions request means, and which are refused: every field, compared whole."""

import copy
from typing import Any

import pytest
from openai.types.completion_create_params import CompletionCreateParamsNonStreaming, CompletionCreateParamsStreaming

from translators.clients import completions
from translators.clients.completions import Form
from translators.clients.completions.validate import Request
from translators.conversation import Conversation, Option, Text, Turn
from translators.dialects import ParsedRequest
from translators.errors import BadRequest, Failure
from translators.notes import NOT_CARRIED, Note

SENT_AS_A_MESSAGE = Note(
    "prompt", "approximated", detail="Sent as a message: the model answers it, and does not go on from its last word."
)
SIXTEEN = Note("max_tokens", "defaulted", None, 16, "OpenAI's own default for completions.")
LIMIT = {"max_tokens": Option(50, "max_tokens")}


def parse(**fields: Any) -> ParsedRequest:
    """Parses, and proves that the body is as it was."""
    body = {"model": "m", "prompt": "Once", "max_tokens": 50, **fields}
    before = copy.deepcopy(body)
    request = completions.parse(body)
    assert body == before
    return request


def refused(**fields: Any) -> Failure:
    with pytest.raises(BadRequest) as caught:
        parse(**fields)
    return caught.value.failure


def conversation_of(text: str, at: str, stream: bool = False, **more: Option) -> Conversation:
    return Conversation((Turn("user", (Text(text, at),), None, at),), options={**LIMIT, **more}, stream=stream)


def test_the_least() -> None:
    body = {"model": "m", "prompt": "Once"}
    sixteen = {"max_tokens": Option(16, "max_tokens")}
    expected = Conversation((Turn("user", (Text("Once", "prompt"),), None, "prompt"),), options=sixteen)
    assert completions.parse(body) == ParsedRequest("m", expected, (SIXTEEN, SENT_AS_A_MESSAGE), Form())


def test_every_field_of_the_sdk_is_known() -> None:
    theirs = {*CompletionCreateParamsStreaming.__annotations__, *CompletionCreateParamsNonStreaming.__annotations__}
    assert {"model", "prompt", "stream", "best_of"} <= theirs
    assert theirs <= set(Request.__annotations__)


def test_a_list_of_prompts_is_a_conversation_each() -> None:
    request = parse(prompt=["a", "b", "c"], n=2)
    two = Option(2, "n")
    assert request.conversation == conversation_of("a", "prompt[0]", n=two)
    assert request.more == (conversation_of("b", "prompt[1]", n=two), conversation_of("c", "prompt[2]", n=two))
    assert request.notes == (SENT_AS_A_MESSAGE,)
    assert request.form == Form(n=2)


@pytest.mark.parametrize(
    ("field", "value", "read"),
    [
        pytest.param("temperature", 0.5, {"temperature": 0.5}, id="temperature"),
        pytest.param("temperature", 0, {"temperature": 0}, id="temperature of nothing"),
        pytest.param("top_p", 0.5, {"top_p": 0.5}, id="top_p"),
        pytest.param("top_k", 5, {"top_k": 5}, id="top_k"),
        pytest.param("seed", 7, {"seed": 7}, id="seed"),
        pytest.param("user", "u", {"user": "u"}, id="user"),
        pytest.param("n", 3, {"n": 3}, id="n"),
        pytest.param("n", 1, {}, id="one choice is the default"),
        pytest.param("stop", "END", {"stop": ("END",)}, id="stop as a text"),
        pytest.param("stop", ["a", "b"], {"stop": ("a", "b")}, id="stop as a list"),
        pytest.param("stop", [], {}, id="no stop"),
        pytest.param("frequency_penalty", 0.5, {"frequency_penalty": 0.5}, id="frequency penalty"),
        pytest.param("presence_penalty", 0, {}, id="no presence penalty"),
        pytest.param("logit_bias", {"5": -100}, {"logit_bias": {"5": -100}}, id="logit bias"),
        pytest.param("logit_bias", {}, {}, id="no logit bias"),
        pytest.param("logprobs", 0, {"logprobs": True}, id="logprobs of chosen tokens"),
        pytest.param("logprobs", 5, {"logprobs": True, "top_logprobs": 5}, id="logprobs of five tokens"),
        pytest.param("logprobs", None, {}, id="no logprobs"),
        pytest.param("best_of", 1, {}, id="best of one"),
        pytest.param("echo", False, {}, id="no echo"),
        pytest.param("suffix", "", {}, id="empty suffix"),
        pytest.param("min_p", 0.1, {"min_p": 0.1}, id="a field of another maker's"),
    ],
)
def test_options(field: str, value: Any, read: dict[str, Any]) -> None:
    options = {name: option.value for name, option in parse(**{field: value}).conversation.options.items()}
    assert options == {"max_tokens": 50, **read}


def test_log_probabilities_are_told_by_the_clients_own_path() -> None:
    options = parse(logprobs=2).conversation.options
    assert (options["logprobs"].at, options["top_logprobs"].at) == ("logprobs", "logprobs")


@pytest.mark.parametrize(
    "name",
    [
        "web_search",
        "prompt_cache",
        "prompt_cache_key",
        "reasoning_budget",
        "reasoning_effort",
        "reasoning_visible",
        "thinking",
        "service_tier",
        "parallel_tool_calls",
        "moderation",
        "metadata",
    ],
)
def test_no_field_smuggles_a_value_into_an_option(name: str) -> None:
    request = parse(**{name: "whatever"})
    assert request.conversation.options == LIMIT
    assert request.notes == (Note(name, "dropped", detail=NOT_CARRIED), SENT_AS_A_MESSAGE)


@pytest.mark.parametrize(
    ("fields", "stream", "form"),
    [
        pytest.param({"stream": True}, True, Form(), id="stream"),
        pytest.param({"stream": True, "stream_options": {"include_usage": True}}, True, Form(usage=True), id="usage"),
        pytest.param({"stream": True, "stream_options": {"include_obfuscation": True}}, True, Form(), id="padding"),
        pytest.param({"echo": True}, False, Form(echo=("Once",)), id="echo"),
        pytest.param({"echo": True, "prompt": ["a", "b"], "n": 2}, False, Form(False, ("a", "b"), 2), id="echo of n"),
        pytest.param({"best_of": 2, "n": 2}, False, Form(n=2), id="best of as many"),
    ],
)
def test_the_form_of_the_answer(fields: dict[str, Any], stream: bool, form: Form) -> None:
    request = parse(**fields)
    assert (request.conversation.stream, request.form) == (stream, form)
    assert all(one.stream == stream for one in request.more)


def test_an_unknown_stream_option_is_noted() -> None:
    note = Note("stream_options.more", "dropped", detail=NOT_CARRIED)
    assert parse(stream=True, stream_options={"more": 1}).notes == (note, SENT_AS_A_MESSAGE)


@pytest.mark.parametrize(
    ("fields", "param", "code"),
    [
        pytest.param({"prompt": None}, "prompt", "missing_required_parameter", id="no prompt"),
        pytest.param({"prompt": ""}, "prompt", "invalid_value", id="empty prompt"),
        pytest.param({"prompt": " \n"}, "prompt", "invalid_value", id="blank prompt"),
        pytest.param({"prompt": []}, "prompt", "invalid_value", id="empty list"),
        pytest.param({"prompt": ["a", ""]}, "prompt[1]", "invalid_value", id="empty prompt in a list"),
        pytest.param({"prompt": 5}, "prompt", "invalid_type", id="a number"),
        pytest.param({"prompt": {"text": "a"}}, "prompt", "invalid_type", id="an object"),
        pytest.param({"prompt": ["a", None]}, "prompt[1]", "invalid_type", id="null in a list"),
        pytest.param({"prompt": [1, 2, 3]}, "prompt", "unsupported_parameter", id="tokens"),
        pytest.param({"prompt": [[1], [2, 3]]}, "prompt[0]", "unsupported_parameter", id="lists of tokens"),
        pytest.param({"prompt": ["a", [2, 3]]}, "prompt[1]", "unsupported_parameter", id="tokens after a text"),
        pytest.param({"prompt": [True]}, "prompt[0]", "invalid_type", id="true is no token"),
        pytest.param({"suffix": "end"}, "suffix", "unsupported_parameter", id="suffix"),
        pytest.param({"best_of": 3}, "best_of", "unsupported_parameter", id="the best of more"),
        pytest.param({"best_of": 1, "n": 2}, "best_of", "invalid_value", id="the best of fewer"),
        pytest.param({"echo": True, "logprobs": 0}, "echo", "unsupported_parameter", id="echo with logprobs"),
        pytest.param({"logprobs": 6}, "logprobs", "invalid_value", id="six logprobs"),
        pytest.param({"logprobs": True}, "logprobs", "invalid_type", id="logprobs as a switch"),
        pytest.param({"max_tokens": 0}, "max_tokens", "invalid_value", id="no tokens"),
        pytest.param({"n": 129}, "n", "invalid_value", id="too many choices"),
        pytest.param({"temperature": 3}, "temperature", "invalid_value", id="too hot"),
        pytest.param({"stop": 5}, "stop", "invalid_type", id="stop as a number"),
        pytest.param({"stop": list("abcde")}, "stop", "invalid_value", id="five stops"),
        pytest.param({"logit_bias": {"5": 101}}, "logit_bias.5", "invalid_value", id="too much bias"),
        pytest.param({"stream_options": {}}, "stream_options", "invalid_value", id="stream options without a stream"),
        pytest.param({"messages": []}, "messages", "unknown_parameter", id="a chat's messages"),
        pytest.param({"tools": []}, "tools", "unknown_parameter", id="tools"),
        pytest.param({"response_format": {"type": "json_object"}}, "response_format", "unknown_parameter", id="JSON"),
        pytest.param({"top_logprobs": 2}, "top_logprobs", "unknown_parameter", id="top logprobs"),
        pytest.param({"max_completion_tokens": 2}, "max_completion_tokens", "unknown_parameter", id="a chat's limit"),
        pytest.param({"model": ""}, "model", "invalid_value", id="empty model"),
    ],
)
def test_refusals(fields: dict[str, Any], param: str, code: str) -> None:
    failure = refused(**fields)
    assert (failure.status, failure.type) == (400, "invalid_request_error")
    assert (failure.param, failure.code) == (param, code)


def test_a_refusal_names_all_problems() -> None:
    assert refused(prompt="", suffix="x", best_of=2).message == (
        "prompt must have text in it: this model cannot begin from nothing; "
        "suffix is not possible: this model cannot fill in a text; "
        "best_of can only be as many as n: nobody here tells which of them is best."
    )


def test_too_many_prompts_are_refused_at_once() -> None:
    with pytest.raises(BadRequest, match="prompt must have at most 128 entries"):
        completions.parse({"model": "m", "prompt": ["a"] * 129})
