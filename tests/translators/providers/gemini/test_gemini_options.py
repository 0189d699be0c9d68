"""Options: each one of the table in `conversation.py` is carried, refused or noted, and none is forwarded as is."""

from typing import Any

import pytest
from gemini_requests import FLASH, HI, NEW, OLD, PRO, TOOL, VERTEX, extra, fates, render

from translators.conversation import OutputFormat, PromptCache, WebSearch
from translators.errors import BadRequest

VALUES = [
    pytest.param(PRO, {"temperature": 0.0}, {"temperature": 0.0}, [], id="temperature 0"),
    pytest.param(PRO, {"temperature": 2.5}, {"temperature": 2.0}, [("temperature", "approximated")], id="too hot"),
    pytest.param(NEW, {"temperature": 0.3, "top_p": 1}, {}, [("temperature", "dropped")], id="no sampling"),
    pytest.param(FLASH, {"top_p": 0.9, "top_k": 5}, {"topP": 0.9, "topK": 5}, [], id="top_p and top_k"),
    pytest.param(FLASH, {"top_k": 0}, {}, [("top_k", "dropped")], id="top_k 0"),
    pytest.param(
        FLASH,
        {"frequency_penalty": 0.5, "presence_penalty": -1},
        {"frequencyPenalty": 0.5, "presencePenalty": -1},
        [],
        id="penalties on 2.5",
    ),
    pytest.param(PRO, {"frequency_penalty": 0.5}, {}, [("frequency_penalty", "dropped")], id="no penalties on 3"),
    pytest.param(NEW, {"frequency_penalty": 0.0, "logit_bias": {}, "store": False}, {}, [], id="says nothing"),
    pytest.param(NEW, {"seed": 7}, {"seed": 7}, [], id="seed"),
    pytest.param(NEW, {"seed": 2**31 + 5}, {"seed": 5}, [("seed", "approximated")], id="a seed of more bits"),
    pytest.param(NEW, {"max_tokens": 100}, {"maxOutputTokens": 100}, [], id="a limit"),
    pytest.param(
        NEW, {"max_tokens": 10**6}, {"maxOutputTokens": 65_536}, [("max_tokens", "approximated")], id="a large limit"
    ),
    pytest.param("gemma-9", {"max_tokens": 10**6}, {"maxOutputTokens": 10**6}, [], id="nobody knows its limit"),
    pytest.param(NEW, {"stop": ("END",)}, {"stopSequences": ["END"]}, [], id="stop is a list"),
    pytest.param(NEW, {"stop": ("", "X")}, {"stopSequences": ["X"]}, [("stop", "dropped")], id="an empty stop"),
    pytest.param(
        NEW,
        {"logprobs": True, "top_logprobs": 3},
        {"responseLogprobs": True, "logprobs": 3},
        [],
        id="log probabilities",
    ),
    pytest.param(NEW, {"logprobs": True}, {"responseLogprobs": True}, [], id="only of the chosen tokens"),
    pytest.param(NEW, {"logprobs": False, "top_logprobs": 0, "n": 1}, {}, [], id="asks nothing"),
    pytest.param(NEW, {"service_tier": "auto"}, {}, [], id="auto is no wish"),
    pytest.param(NEW, {"service_tier": "default"}, {"serviceTier": "standard"}, [], id="tier default"),
    pytest.param(NEW, {"service_tier": "priority"}, {"serviceTier": "priority"}, [], id="tier priority"),
    pytest.param(NEW, {"service_tier": "scale"}, {}, [("service_tier", "dropped")], id="tier scale"),
    pytest.param(NEW, {"metadata": {"a": "b"}}, {}, [("metadata", "dropped")], id="metadata"),
    pytest.param(
        NEW,
        {"user": "u", "prompt_cache_key": "k", "verbosity": "low", "store": True, "logit_bias": {"5": 1}},
        {},
        [
            ("store", "dropped"),
            ("logit_bias", "dropped"),
            ("user", "dropped"),
            ("prompt_cache_key", "dropped"),
            ("verbosity", "dropped"),
        ],
        id="no place for these",
    ),
    pytest.param(NEW, {"prompt_cache": PromptCache("implicit")}, {}, [("prompt_cache", "dropped")], id="prompt cache"),
    pytest.param(NEW, {"moderation": {"model": "m"}}, {}, [("moderation", "dropped")], id="scores"),
    pytest.param(NEW, {"modalities": ("text",)}, {}, [], id="text"),
    pytest.param(
        "gemini-3-pro-image",
        {"modalities": ("text", "image")},
        {"responseModalities": ["TEXT", "IMAGE"]},
        [],
        id="pictures",
    ),
    pytest.param(NEW, {"parallel_tool_calls": False}, {}, [], id="one call at a time of no tools"),
    pytest.param(NEW, {"web_search": WebSearch()}, {"tools": [{"googleSearch": {}}]}, [], id="search"),
    pytest.param(
        NEW,
        {"web_search": WebSearch("low", {"city": "Bern"})},
        {"tools": [{"googleSearch": {}}]},
        [("web_search.search_context_size", "dropped"), ("web_search.user_location", "dropped")],
        id="how to search",
    ),
    pytest.param(NEW, {"a_new_field": {"x": 1}}, {}, [("a_new_field", "dropped")], id="nobody knows it"),
]


@pytest.mark.parametrize(("model", "options", "expected", "notes"), VALUES)
def test_values(model: str, options: dict[str, Any], expected: dict[str, Any], notes: list[Any]) -> None:
    rendered = render(HI, model=model, options=options)
    assert extra(rendered) == expected
    assert fates(rendered) == notes


def test_labels_at_vertex() -> None:
    given = {"team": "search", "Upper": "x", "empty": "", "space": "a b"}
    rendered = render(HI, options={"metadata": given}, overrides=VERTEX)
    assert extra(rendered) == {"labels": {"team": "search", "empty": ""}}
    assert fates(rendered) == [("metadata", "approximated")]


def test_one_call_at_a_time_is_noted() -> None:
    assert fates(render(HI, options={"parallel_tool_calls": False}, tools=(TOOL,))) == [
        ("parallel_tool_calls", "dropped")
    ]


@pytest.mark.parametrize(
    ("model", "stream", "overrides", "count"),
    [
        pytest.param(FLASH, False, VERTEX, 3, id="2.5 at Vertex, whole"),
        pytest.param(FLASH, True, VERTEX, 1, id="not in a stream"),
        pytest.param(FLASH, False, {}, 1, id="not at the Gemini API"),
        pytest.param(FLASH, False, {"candidates": 4}, 3, id="unless configuration says so"),
        pytest.param(PRO, False, VERTEX, 1, id="not by Gemini 3"),
    ],
)
def test_several_answers(model: str, stream: bool, overrides: dict[str, Any], count: int) -> None:
    rendered = render(HI, model=model, stream=stream, overrides=overrides, options={"n": 3})
    assert rendered.choices == count
    assert extra(rendered) == ({"candidateCount": 3} if count == 3 else {})
    assert fates(rendered) == ([] if count == 3 else [("n", "dropped")])


REFUSED = [
    pytest.param({"modalities": ("text", "audio")}, "modalities", id="audio out"),
    pytest.param({"modalities": ("text", "image")}, "modalities", id="pictures of a model that makes none"),
    pytest.param({"audio": {"voice": "alloy", "format": "wav"}}, "audio", id="a voice"),
    pytest.param({"moderation": {"policy": {"input": {"mode": "block"}}}}, "moderation", id="a filter that blocks"),
    pytest.param({"stop": tuple("abcdef")}, "stop", id="six stops"),
    pytest.param({"reasoning_effort": "enormous"}, "reasoning_effort", id="an unknown effort"),
]


@pytest.mark.parametrize(("options", "param"), REFUSED)
def test_refused(options: dict[str, Any], param: str) -> None:
    with pytest.raises(BadRequest) as caught:
        render(HI, options=options)
    assert caught.value.failure.param == f"at.{param}"


def test_log_probabilities_where_there_are_none() -> None:
    with pytest.raises(BadRequest) as caught:
        render(HI, options={"logprobs": True}, overrides={"logprobs": False})
    assert caught.value.failure.param == "at.logprobs"
    assert extra(render(HI, options={"logprobs": False}, overrides={"logprobs": False})) == {}


def test_search_beside_functions() -> None:
    wanted = {"web_search": WebSearch()}
    rendered = render(HI, options=wanted, tools=(TOOL,))
    assert rendered.body["tools"][0] == {"googleSearch": {}}
    assert rendered.body["toolConfig"] == {"includeServerSideToolInvocations": True}
    for model, overrides in ((FLASH, {}), (NEW, VERTEX)):
        with pytest.raises(BadRequest) as caught:
            render(HI, model=model, overrides=overrides, options=wanted, tools=(TOOL,))
        assert caught.value.failure.param == "at.web_search"
    with pytest.raises(BadRequest):
        render(HI, model="gemma-3-27b-it", options=wanted)


# --- JSON as the answer -----------------------------------------------------------------------------

SCHEMA = {"type": "object", "properties": {"name": {"type": "string"}}, "required": ["name"]}
JSON = "application/json"


def test_json() -> None:
    rendered = render(HI, options={"response_format": OutputFormat("json")})
    assert extra(rendered) == {"responseMimeType": JSON}
    assert fates(rendered) == []


def test_a_schema() -> None:
    wanted = OutputFormat("schema", {**SCHEMA, "$schema": "x"}, "person", "A person.", True)
    rendered = render(HI, options={"response_format": wanted}, tools=(TOOL,))
    schema = {**SCHEMA, "description": "A person."}
    assert rendered.body["generationConfig"] == {"responseMimeType": JSON, "responseJsonSchema": schema}
    assert fates(rendered) == []


def test_a_schema_with_more_than_is_read() -> None:
    wanted = OutputFormat("schema", {"type": "object", "properties": {"a": {"type": "string", "pattern": "^x"}}})
    rendered = render(HI, options={"response_format": wanted})
    inner = {"type": "string", "description": "{pattern: ^x}"}
    assert rendered.body["generationConfig"]["responseJsonSchema"]["properties"] == {"a": inner}
    assert fates(rendered) == [("response_format", "approximated")]


@pytest.mark.parametrize("kind", ["json", "schema"])
def test_json_beside_tools_on_2_5(kind: Any) -> None:
    wanted = OutputFormat(kind, SCHEMA if kind == "schema" else None, "person", "A person.")
    rendered = render(HI, model=FLASH, options={"response_format": wanted}, tools=(TOOL,))
    assert "generationConfig" not in rendered.body
    (instruction,) = rendered.body["systemInstruction"]["parts"]
    assert ("JSON Schema" in instruction["text"]) == (kind == "schema")
    assert fates(rendered) == [("response_format", "approximated")]


def test_json_told_to_a_model_without_system_instruction() -> None:
    rendered = render(HI, model="gemma-3-27b-it", options={"response_format": OutputFormat("json")}, tools=(TOOL,))
    (content,) = rendered.body["contents"]
    assert [part["text"][:6] for part in content["parts"]] == ["Answer", "Hi"]
    assert OLD not in str(rendered.body)
