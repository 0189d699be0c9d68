"""Options, tools and thinking, each with what becomes of it for the models that differ in it."""

import json
from typing import Any

import pytest
from bedrock_turns import (
    GPT,
    HI,
    LLAMA,
    MIDDLE,
    NEW,
    NOVA,
    OLD,
    OTHER,
    POINT,
    TOOL,
    answered,
    assistant,
    call,
    paths,
    render,
    result,
    spec,
    turn,
    use,
    user,
)

from translators.conversation import (
    Cache,
    CustomTool,
    FunctionTool,
    Option,
    OutputFormat,
    Reasoning,
    ToolChoice,
    WebSearch,
)
from translators.errors import BadRequest

SAID = {"messages": [user("Hi")]}
ADAPTIVE = {"thinking": {"type": "adaptive", "display": "summarized"}}


def budget(tokens: int) -> dict[str, Any]:
    return {"thinking": {"type": "enabled", "budget_tokens": tokens}}


OPTIONS = [
    pytest.param(
        OLD,
        {"max_tokens": 10, "temperature": 0.5, "stop": ("END", " ")},
        {"inferenceConfig": {"maxTokens": 10, "temperature": 0.5, "stopSequences": ["END"]}},
        [("stop", "approximated")],
        id="limit, heat, stops",
    ),
    pytest.param(
        LLAMA,
        {"temperature": 1.7, "top_p": 0.9},
        {"inferenceConfig": {"temperature": 1.0, "topP": 0.9}},
        [("temperature", "approximated")],
        id="clamped, and both together",
    ),
    pytest.param(
        OLD,
        {"temperature": 0.2, "top_p": 0.9, "top_k": 5},
        {"inferenceConfig": {"temperature": 0.2}, "additionalModelRequestFields": {"top_k": 5}},
        [("top_p", "dropped")],
        id="Claude's top_k",
    ),
    pytest.param(
        NOVA,
        {"top_k": 5},
        {"additionalModelRequestFields": {"inferenceConfig": {"topK": 5}}},
        [],
        id="Nova's top_k",
    ),
    pytest.param(LLAMA, {"top_k": 5}, {}, [("top_k", "dropped")], id="nobody's top_k"),
    pytest.param(NEW, {"temperature": 0.5}, {}, [("temperature", "dropped")], id="a Claude without sampling"),
    pytest.param(
        OLD,
        {"max_tokens": 100_000},
        {"inferenceConfig": {"maxTokens": 64_000}},
        [("max_tokens", "approximated")],
        id="more than the model has",
    ),
    pytest.param(OLD, {"service_tier": "auto"}, {}, [], id="the default tier"),
    pytest.param(OLD, {"service_tier": "flex"}, {"serviceTier": {"type": "flex"}}, [], id="flex"),
    pytest.param(
        OLD,
        {"service_tier": "scale"},
        {"serviceTier": {"type": "reserved"}},
        [("service_tier", "approximated")],
        id="scale",
    ),
    pytest.param(OLD, {"service_tier": "fast"}, {}, [("service_tier", "dropped")], id="fast"),
    pytest.param(
        OLD,
        {"metadata": {"team": "a-1", "note": "grüß"}},
        {"requestMetadata": {"team": "a-1"}},
        [("metadata", "dropped")],
        id="metadata in plain characters",
    ),
    pytest.param(
        OLD,
        {"seed": 1, "user": "u", "logit_bias": {"5": 1}, "prediction": {}, "verbosity": "low", "n": 1, "store": False},
        {},
        [(name, "dropped") for name in ("logit_bias", "seed", "user", "prediction", "verbosity")],
        id="what Converse does not have",
    ),
    pytest.param(LLAMA, {"n": 2}, {}, [("n", "dropped")], id="n is left untaken: the gateway asks twice"),
    # --- thinking
    pytest.param(
        OLD,
        {"max_tokens": 30_000, "reasoning_effort": "medium"},
        {"inferenceConfig": {"maxTokens": 30_000}, "additionalModelRequestFields": budget(8192)},
        [],
        id="class A thinks by budget",
    ),
    pytest.param(
        OLD,
        {"reasoning_effort": "low"},
        {"inferenceConfig": {"maxTokens": 64_000}, "additionalModelRequestFields": budget(2048)},
        [("max_tokens", "defaulted")],
        id="a budget requires a limit",
    ),
    pytest.param(
        OLD,
        {"max_tokens": 2000, "reasoning_effort": "high"},
        {"inferenceConfig": {"maxTokens": 2000}, "additionalModelRequestFields": budget(1600)},
        [("reasoning_effort", "approximated")],
        id="a share of the limit",
    ),
    pytest.param(
        MIDDLE,
        {"reasoning_effort": "high"},
        {"additionalModelRequestFields": ADAPTIVE, "outputConfig": {"effort": "high"}},
        [],
        id="class B: adaptive, with Converse's own effort",
    ),
    pytest.param(
        "us.anthropic.claude-opus-5-v1:0",
        {"reasoning_effort": "none"},
        {"additionalModelRequestFields": {"thinking": {"type": "disabled"}}},
        [],
        id="none is off, not absent",
    ),
    pytest.param(
        NEW,
        {"reasoning_effort": "none"},
        {"additionalModelRequestFields": ADAPTIVE, "outputConfig": {"effort": "low"}},
        [("reasoning_effort", "approximated")],
        id="class E cannot be off",
    ),
    pytest.param(
        MIDDLE,
        {"thinking": {"type": "enabled", "budget_tokens": 5000}, "max_tokens": 9000},
        {"inferenceConfig": {"maxTokens": 9000}, "additionalModelRequestFields": budget(5000)},
        [],
        id="Anthropic's own words",
    ),
    pytest.param(
        OLD,
        {"thinking": {"type": "enabled", "budget_tokens": 5000}, "max_tokens": 2000},
        {"inferenceConfig": {"maxTokens": 2000}, "additionalModelRequestFields": budget(1600)},
        [("thinking", "approximated")],
        id="Anthropic's own words, a share of the limit",
    ),
    pytest.param(
        NOVA,
        {"reasoning_effort": "low", "max_tokens": 50},
        {
            "inferenceConfig": {"maxTokens": 50},
            "additionalModelRequestFields": {"reasoningConfig": {"type": "enabled", "maxReasoningEffort": "low"}},
        },
        [],
        id="Nova's effort",
    ),
    pytest.param(
        NOVA,
        {"reasoning_effort": "high", "max_tokens": 50},
        {
            "inferenceConfig": {"maxTokens": 50},
            "additionalModelRequestFields": {"reasoningConfig": {"type": "enabled", "maxReasoningEffort": "medium"}},
        },
        [("reasoning_effort", "approximated")],
        id="Nova takes no limit with high effort",
    ),
    pytest.param(
        NOVA,
        {"reasoning_effort": "max", "temperature": 0.3},
        {"additionalModelRequestFields": {"reasoningConfig": {"type": "enabled", "maxReasoningEffort": "high"}}},
        [("reasoning_effort", "approximated"), ("temperature", "dropped")],
        id="Nova takes no sampling with high effort",
    ),
    pytest.param(
        NOVA,
        {"reasoning_effort": "none"},
        {"additionalModelRequestFields": {"reasoningConfig": {"type": "disabled"}}},
        [],
        id="Nova does not think",
    ),
    pytest.param(
        GPT,
        {"reasoning_effort": "minimal"},
        {"additionalModelRequestFields": {"reasoning_effort": "low"}},
        [("reasoning_effort", "approximated")],
        id="gpt-oss",
    ),
    pytest.param(
        "openai.gpt-5.2",
        {"reasoning_effort": "none"},
        {"additionalModelRequestFields": {"reasoning": {"effort": "none"}}},
        [],
        id="gpt",
    ),
    pytest.param(LLAMA, {"reasoning_effort": "low"}, {}, [("reasoning_effort", "dropped")], id="no thinker"),
    pytest.param(
        NOVA,
        {"reasoning_budget": 500, "thinking": {"type": "adaptive"}, "reasoning_visible": True},
        {},
        [("reasoning_budget", "dropped"), ("thinking", "dropped")],
        id="no budgets elsewhere",
    ),
]


@pytest.mark.parametrize(("model", "options", "body", "notes"), OPTIONS)
def test_options(model: str, options: dict[str, Any], body: Any, notes: list[tuple[str, str]]) -> None:
    rendered = render(HI, model=model, options=options)
    assert rendered.body == SAID | body
    assert paths(rendered) == notes
    assert rendered.choices == 1


@pytest.mark.parametrize(
    ("options", "model", "param"),
    [
        pytest.param({"logprobs": True}, OLD, "logprobs", id="logprobs"),
        pytest.param({"top_logprobs": 2}, GPT, "top_logprobs", id="top_logprobs"),
        pytest.param({"audio": {"voice": "x"}}, NOVA, "audio", id="audio"),
        pytest.param({"modalities": ("text", "audio")}, OLD, "modalities", id="modalities"),
        pytest.param({"web_search": WebSearch()}, OLD, "web_search", id="web search without Nova"),
        pytest.param({"moderation": {"policy": {"input": {"mode": "block"}}}}, OLD, "moderation", id="moderation"),
        pytest.param({"reasoning_effort": "huge"}, NOVA, "reasoning_effort", id="an effort that is none"),
    ],
)
def test_refused_options(options: dict[str, Any], model: str, param: str) -> None:
    with pytest.raises(BadRequest) as caught:
        render(HI, model=model, options=options)
    assert caught.value.failure.param == param


LOOP = (HI, turn("assistant", call()), result())
LOOPED = [user("Hi"), assistant(use()), user(answered())]


def test_thinking_gives_way_to_a_loop_that_came_without_it() -> None:
    rendered = render(*LOOP, tools=(TOOL,), options={"reasoning_effort": "low", "max_tokens": 5000})
    assert rendered.body == {
        "messages": LOOPED,
        "toolConfig": {"tools": [spec()]},
        "inferenceConfig": {"maxTokens": 5000},
    }
    assert paths(rendered) == [("thinking", "dropped")]


def test_thinking_goes_on_where_it_came_back() -> None:
    turns = (HI, turn("assistant", Reasoning("Hm.", "sig"), call()), result())
    rendered = render(*turns, tools=(TOOL,), options={"reasoning_effort": "low", "max_tokens": 5000})
    assert rendered.body["additionalModelRequestFields"] == budget(2048)


# --- tools ----------------------------------------------------------------------------------------------

MAP = {"type": "object", "properties": {"a": {"type": "object", "additionalProperties": {"type": "string"}}}}
SCHEMA = {"type": "object", "properties": {"strict": {"type": "string"}}, "required": ["strict"]}
CLOSED = {**SCHEMA, "additionalProperties": False}


def declared(**more: Any) -> FunctionTool:
    return FunctionTool("f", at="tools[0]", **more)


TOOLS = [
    pytest.param(OLD, declared(description=""), spec(), [], id="an empty description is none"),
    pytest.param(OLD, declared(description="D"), spec(description="D"), [], id="a description"),
    pytest.param(
        OLD,
        declared(parameters=SCHEMA),
        spec(inputSchema={"json": SCHEMA}),
        [],
        id="a parameter called strict",
    ),
    pytest.param(
        OLD,
        declared(parameters=SCHEMA, strict=True),
        spec(inputSchema={"json": CLOSED}, strict=True),
        [],
        id="strict is carried",
    ),
    pytest.param(
        OLD,
        declared(parameters=MAP, strict=True),
        spec(inputSchema={"json": MAP}),
        [("tools[0].strict", "dropped")],
        id="maps are not closed",
    ),
    pytest.param(
        NOVA,
        declared(parameters=SCHEMA, strict=True),
        spec(inputSchema={"json": SCHEMA}),
        [("tools[0].strict", "dropped")],
        id="a model that enforces nothing",
    ),
    pytest.param(GPT, declared(cache=Cache()), spec(), [("tools[0]", "dropped")], id="no cache point"),
    pytest.param(NOVA, declared(cache=Cache()), spec(), [("tools[0]", "dropped")], id="none among Nova's tools"),
]


@pytest.mark.parametrize(("model", "tool", "written", "notes"), TOOLS)
def test_tools(model: str, tool: FunctionTool, written: Any, notes: list[tuple[str, str]]) -> None:
    rendered = render(HI, model=model, tools=(tool,))
    assert rendered.body == SAID | {"toolConfig": {"tools": [written]}}
    assert paths(rendered) == notes


def test_a_cache_point_among_tools() -> None:
    tools = (declared(cache=Cache()), OTHER)
    assert render(HI, tools=tools).body["toolConfig"] == {"tools": [spec(), POINT, spec("g")]}


def test_a_schema_must_be_an_object() -> None:
    with pytest.raises(BadRequest) as caught:
        render(HI, tools=(declared(parameters={"type": "string"}),))
    assert caught.value.failure.param == "tools[0]"


def test_names_are_rewritten_and_restored() -> None:
    names = ["a.b", "a/b", "a_b", "x" * 65, "x" * 64 + "y"]
    rendered = render(HI, tools=tuple(FunctionTool(name, at=f"tools[{at}]") for at, name in enumerate(names)))
    sent = [tool["toolSpec"]["name"] for tool in rendered.body["toolConfig"]["tools"]]
    assert len(set(sent)) == len(names)
    assert [rendered.recall.names.get(name, name) for name in sent] == names
    assert paths(rendered) == [(f"tools[{at}].name", "approximated") for at in (0, 1, 3, 4)]


def test_tools_of_the_history_are_declared_again_and_not_called() -> None:
    rendered = render(*LOOP)
    assert rendered.body == {
        "system": [{"text": "Do not call any tool: answer with text."}],
        "messages": LOOPED,
        "toolConfig": {"tools": [spec()]},
    }
    assert paths(rendered) == [("tools", "synthesised"), ("tool_choice", "approximated")]


def test_a_custom_tool_is_a_function_of_one_text() -> None:
    tool = CustomTool("sql", "Runs SQL.", at="tools[0]")
    turns = (HI, turn("assistant", call("c1", "sql", "SELECT 1", "custom")), result())
    rendered = render(*turns, tools=(tool,))
    assert rendered.body["messages"][1] == assistant(use("c1", "sql", input="SELECT 1"))
    assert rendered.body["toolConfig"]["tools"][0]["toolSpec"]["inputSchema"]["json"]["required"] == ["input"]
    assert rendered.recall.custom == {"sql"}


BOTH = [spec(), spec("g")]
CHOICES = [
    pytest.param(OLD, None, {"tools": BOTH}, None, [], id="absent"),
    pytest.param(OLD, ToolChoice("auto"), {"tools": BOTH}, None, [], id="auto"),
    pytest.param(OLD, ToolChoice("required"), {"tools": BOTH, "toolChoice": {"any": {}}}, None, [], id="required"),
    pytest.param(
        OLD,
        ToolChoice("required", ("g",), single=True),
        {"tools": BOTH, "toolChoice": {"tool": {"name": "g"}}},
        None,
        [],
        id="one of them",
    ),
    pytest.param(
        OLD, ToolChoice("auto", ("g",)), {"tools": [spec("g")]}, None, [("tool_choice", "moved")], id="allowed tools"
    ),
    pytest.param(OLD, ToolChoice("none"), None, None, [("tool_choice", "moved")], id="none"),
    pytest.param(
        NEW,
        ToolChoice("required", ("g",), single=True),
        {"tools": BOTH},
        "Your next answer must call the tool `g`.",
        [("tool_choice", "approximated")],
        id="a Claude that cannot be forced",
    ),
]


@pytest.mark.parametrize(("model", "choice", "config", "instruction", "notes"), CHOICES)
def test_tool_choice(model: str, choice: Any, config: Any, instruction: Any, notes: list[tuple[str, str]]) -> None:
    rendered = render(HI, model=model, tools=(TOOL, OTHER), tool_choice=choice)
    system = {"system": [{"text": instruction}]} if instruction else {}
    assert rendered.body == SAID | system | ({"toolConfig": config} if config else {})
    assert paths(rendered) == notes


def test_a_model_that_has_tools_in_whole_answers_only() -> None:
    rendered = render(HI, model=LLAMA, tools=(TOOL,))
    assert not rendered.streams
    assert rendered.path.endswith("/converse")
    assert paths(rendered) == [("stream", "approximated")]
    assert render(HI, model=LLAMA).streams


def test_an_error_for_a_model_that_cannot_be_told() -> None:
    rendered = render(HI, turn("assistant", call()), result(failed=True), tools=(TOOL,), model=GPT)
    assert rendered.body["messages"] == LOOPED
    assert paths(rendered) == [("results[c1]", "approximated")]


def test_none_where_the_history_needs_its_tools() -> None:
    rendered = render(*LOOP, tools=(TOOL, OTHER), tool_choice=ToolChoice("none"))
    assert rendered.body["toolConfig"] == {"tools": BOTH}
    assert rendered.body["system"] == [{"text": "Do not call any tool: answer with text."}]
    assert paths(rendered) == [("tool_choice", "approximated")]


def test_thinking_cannot_be_forced_to_call() -> None:
    options = {"reasoning_effort": "low", "max_tokens": 5000}
    rendered = render(HI, tools=(TOOL,), tool_choice=ToolChoice("required"), options=options)
    assert rendered.body["toolConfig"] == {"tools": [spec()]}
    assert rendered.body["system"] == [{"text": "Your next answer must call at least one of your tools."}]


@pytest.mark.parametrize(
    ("tools", "choice"),
    [
        pytest.param((), ToolChoice("required"), id="required of none"),
        pytest.param((TOOL,), ToolChoice("required", ()), id="required of none allowed"),
        pytest.param((TOOL,), ToolChoice("auto", ("x",)), id="an unknown one"),
    ],
)
def test_refused_choices(tools: Any, choice: ToolChoice) -> None:
    with pytest.raises(BadRequest) as caught:
        render(HI, tools=tools, tool_choice=choice)
    assert caught.value.failure.param == "tool_choice"


ONE = {"disable_parallel_tool_use": True}
PARALLEL = [
    pytest.param(OLD, None, {"tool_choice": {"type": "auto", **ONE}}, [], id="Claude"),
    pytest.param(OLD, ToolChoice("required"), {"tool_choice": ONE}, [], id="Claude, forced: its type is told already"),
    pytest.param(NOVA, None, None, [("parallel_tool_calls", "dropped")], id="nobody else"),
    pytest.param(OLD, ToolChoice("none"), None, [("tool_choice", "moved")], id="no calls at all"),
]


@pytest.mark.parametrize(("model", "choice", "fields", "notes"), PARALLEL)
def test_one_call_at_a_time(model: str, choice: Any, fields: Any, notes: list[tuple[str, str]]) -> None:
    options = {"parallel_tool_calls": False}
    rendered = render(HI, model=model, tools=(TOOL,), tool_choice=choice, options=options)
    assert rendered.body.get("additionalModelRequestFields") == fields
    assert paths(rendered) == notes


def test_one_call_at_a_time_of_no_tools() -> None:
    assert render(HI, options={"parallel_tool_calls": False}).body == SAID


def test_nova_searches_the_web() -> None:
    rendered = render(HI, model=NOVA, options={"web_search": WebSearch("high")})
    assert rendered.body == SAID | {"toolConfig": {"tools": [{"systemTool": {"name": "nova_grounding"}}]}}
    assert paths(rendered) == [("web_search", "approximated")]


def test_nova_does_not_search_where_no_tool_may_be_called() -> None:
    options = {"web_search": Option(WebSearch(), "web_search_options")}
    rendered = render(HI, model=NOVA, tools=(TOOL,), tool_choice=ToolChoice("none"), options=options)
    assert rendered.body == SAID
    assert paths(rendered) == [("web_search_options", "approximated"), ("tool_choice", "moved")]


# --- JSON as the answer -----------------------------------------------------------------------------------


def test_a_schema_is_enforced_as_text() -> None:
    wanted = OutputFormat("schema", SCHEMA, "answer", "What it is.", True)
    rendered = render(HI, options={"response_format": wanted})
    text_format = rendered.body["outputConfig"]["textFormat"]
    json_schema = text_format["structure"]["jsonSchema"]
    assert json.loads(json_schema.pop("schema")) == CLOSED
    assert text_format == {
        "type": "json_schema",
        "structure": {"jsonSchema": {"name": "answer", "description": "What it is."}},
    }
    assert rendered.notes == ()
    assert rendered.streams


@pytest.mark.parametrize(
    ("model", "wanted"),
    [
        pytest.param(OLD, OutputFormat("json"), id="any object"),
        pytest.param(LLAMA, OutputFormat("schema", SCHEMA), id="a model that enforces nothing"),
        pytest.param(OLD, OutputFormat("schema", MAP), id="a schema that cannot be enforced"),
    ],
)
def test_json_is_asked_for_in_words(model: str, wanted: OutputFormat) -> None:
    rendered = render(HI, model=model, options={"response_format": wanted})
    assert rendered.body.keys() == {"system", "messages"}
    assert rendered.body["system"][0]["text"].startswith("Answer with a single JSON object")
    assert paths(rendered) == [("response_format", "approximated")]


def test_a_strict_map_is_refused() -> None:
    with pytest.raises(BadRequest) as caught:
        render(HI, options={"response_format": OutputFormat("schema", MAP, strict=True)})
    assert caught.value.failure.param == "response_format"
