"""Every option: carried, bent with a note, or left over as one."""

from typing import Any

import pytest
from openai_responses_conversations import BODY, HI, options, render, turn

from translators.conversation import OutputFormat, PromptCache

SCHEMA = {"type": "object", "properties": {}}
LOGPROBS = "message.output_text.logprobs"
REASONING = "reasoning.encrypted_content"


@pytest.mark.parametrize(
    ("given", "body"),
    [
        pytest.param({"max_tokens": 50}, {"max_output_tokens": 50}, id="max_tokens"),
        pytest.param({"temperature": 0.5, "top_p": 0.9}, {"temperature": 0.5, "top_p": 0.9}, id="sampling"),
        pytest.param({"parallel_tool_calls": False}, {"parallel_tool_calls": False}, id="one call at a time"),
        pytest.param({"metadata": {"a": "b"}}, {"metadata": {"a": "b"}}, id="metadata"),
        pytest.param(
            {"user": "u", "safety_identifier": "s", "prompt_cache_key": "k", "service_tier": "flex"},
            {"user": "u", "safety_identifier": "s", "prompt_cache_key": "k", "service_tier": "flex"},
            id="who it is and what it may cost",
        ),
        pytest.param(
            {"prompt_cache": PromptCache("explicit", "30m"), "prompt_cache_retention": "24h"},
            {"prompt_cache_options": {"mode": "explicit", "ttl": "30m"}, "prompt_cache_retention": "24h"},
            id="the prompt's cache",
        ),
        pytest.param(
            {"moderation": {"model": "m", "policy": {"input": {"mode": "block"}}}},
            {"moderation": {"model": "m", "policy": {"input": {"mode": "block"}}}},
            id="moderation",
        ),
        pytest.param({"store": True}, {"store": True}, id="store"),
        pytest.param({"verbosity": "low"}, {"text": {"verbosity": "low"}}, id="verbosity"),
        pytest.param(
            {"response_format": OutputFormat("json")}, {"text": {"format": {"type": "json_object"}}}, id="JSON"
        ),
        pytest.param(
            {"response_format": OutputFormat("schema", SCHEMA, "answer", "An answer.", True)},
            {
                "text": {
                    "format": {
                        "type": "json_schema",
                        "name": "answer",
                        "schema": SCHEMA,
                        "description": "An answer.",
                        "strict": True,
                    }
                }
            },
            id="a schema, flat",
        ),
        pytest.param({"logprobs": True}, {"include": [REASONING, LOGPROBS]}, id="logprobs"),
        pytest.param(
            {"logprobs": True, "top_logprobs": 3},
            {"include": [REASONING, LOGPROBS], "top_logprobs": 3},
            id="top_logprobs",
        ),
        pytest.param({"reasoning_effort": "max"}, {"reasoning": {"effort": "max"}}, id="effort"),
        pytest.param({"reasoning_effort": "none"}, {"reasoning": {"effort": "none"}}, id="no effort"),
        pytest.param(
            {"reasoning_effort": "low", "reasoning_visible": True},
            {"reasoning": {"effort": "low", "summary": "auto"}},
            id="to be seen",
        ),
        pytest.param({"reasoning_visible": False}, {}, id="hidden"),
        pytest.param(
            {"frequency_penalty": 0, "presence_penalty": 0, "logit_bias": {}}, {}, id="what only says the default"
        ),
    ],
)
def test_what_the_api_has(given: Any, body: Any) -> None:
    rendered = render(
        options=options(**given), by_spec=not {"moderation", "prompt_cache", "reasoning_effort"} & {*given}
    )
    assert rendered.body == {**BODY, "input": [HI], **body}
    assert rendered.notes == ()


@pytest.mark.parametrize(
    ("given", "body", "noted"),
    [
        pytest.param({"max_tokens": 5}, {"max_output_tokens": 16}, [("approximated", 5, 16)], id="a low limit"),
        pytest.param(
            {"reasoning_budget": 5000},
            {"reasoning": {"effort": "medium"}},
            [("approximated", 5000, "medium")],
            id="budget",
        ),
        pytest.param(
            {"reasoning_budget": 0}, {"reasoning": {"effort": "none"}}, [("approximated", 0, "none")], id="no budget"
        ),
        pytest.param(
            {"reasoning_budget": 50000, "reasoning_effort": "low"},
            {"reasoning": {"effort": "low"}},
            [("dropped", None, None)],
            id="effort beside a budget",
        ),
        pytest.param(
            {"thinking": {"type": "enabled", "budget_tokens": 2000}},
            {"reasoning": {"effort": "low"}},
            [("approximated", 2000, "low")],
            id="Anthropic's words",
        ),
        pytest.param(
            {"thinking": {"type": "disabled"}},
            {"reasoning": {"effort": "none"}},
            [("approximated", 0, "none")],
            id="Anthropic's no",
        ),
        pytest.param({"thinking": {"type": "adaptive"}}, {}, [("dropped", None, None)], id="Anthropic's own choice"),
        pytest.param(
            {"response_format": OutputFormat("schema")},
            {"text": {"format": {"type": "json_object"}}},
            [("approximated", None, None)],
            id="a schema that is missing",
        ),
        pytest.param({"seed": 7}, {}, [("dropped", 7, None)], id="seed"),
        pytest.param({"n": 3}, {}, [("dropped", 3, None)], id="n, which the gateway asks for n times"),
        pytest.param({"logit_bias": {"5": 1}}, {}, [("dropped", None, None)], id="logit_bias"),
        pytest.param({"frequency_penalty": 0.5}, {}, [("dropped", 0.5, None)], id="a penalty"),
        pytest.param(
            {"prediction": {"type": "content", "content": "x"}}, {}, [("dropped", None, None)], id="prediction"
        ),
        pytest.param({"top_k": 3}, {}, [("dropped", 3, None)], id="top_k"),
        pytest.param({"modalities": ("text", "image")}, {}, [("dropped", None, None)], id="pictures"),
        pytest.param({"surprise": {"a": 1}}, {}, [("dropped", None, None)], id="what nobody knows"),
    ],
)
def test_what_it_has_not(given: Any, body: Any, noted: Any) -> None:
    rendered = render(options=options(**given))
    assert rendered.body == {**BODY, "input": [HI], **body}
    assert [(note.fate, note.old, note.new) for note in rendered.notes] == noted
    assert rendered.notes[0].path in {f"client.{name}" for name in given}
    assert rendered.choices == 1


@pytest.mark.parametrize(
    "model", ["gpt-4o", "gpt-4.1-mini", "my-gpt4-deployment", "chatgpt-4o-latest", "gpt-5-chat-latest"]
)
def test_a_model_that_does_not_reason_is_not_asked_for_its_reasoning(model: str) -> None:
    assert "include" not in render(model=model).body


@pytest.mark.parametrize(
    ("overrides", "body", "noted"),
    [
        pytest.param({"reasoning": False}, {"include": None}, [], id="no reasoning"),
        pytest.param({"reasoning_summary": "detailed"}, {"reasoning": {"summary": "detailed"}}, [], id="a summary"),
        pytest.param(
            {"instructions": True},
            {"instructions": "S\n\nD", "input": [HI, {**HI, "role": "system"}]},
            [],
            id="instructions",
        ),
        pytest.param({"streams": True}, {"stream": True}, [("stream", "synthesised")], id="only streams"),
        pytest.param(
            {"quirks": {"drop": ("max_output_tokens",), "rename": {"store": "keep"}}},
            {"max_output_tokens": None, "store": None, "keep": False},
            [("client.max_tokens", "dropped")],
            id="quirks",
        ),
    ],
)
def test_configuration(overrides: Any, body: Any, noted: Any) -> None:
    turns = [turn("system", "S"), turn("developer", "D"), turn("user", "Hi"), turn("system", "Hi")]
    rendered = render(*turns, overrides=overrides, stream=False, options=options(max_tokens=50))
    plain = render(*turns, stream=False, options=options(max_tokens=50)).body
    expected = {name: value for name, value in {**plain, **body}.items() if value is not None}
    assert rendered.body == expected
    assert [(note.path, note.fate) for note in rendered.notes] == noted
    assert rendered.streams is bool(expected["stream"])
