"""Payload rules on the bodies of requests to providers, with a note on each change."""

import copy
import json
from typing import Any

import pytest

from addons.exchange.request import ClientRequest, Rendering
from routing.catalogue import Catalogue
from routing.config import parse
from translators.dialects import FORGETFUL
from translators.notes import Note
from translators.registry import CLIENTS

ENTRIES: dict[str, Any] = {
    "claude-api-key": [{"api-key": "k", "models": [{"name": "claude-opus-4-6", "alias": "opus"}]}],
    "gemini-api-key": [{"api-key": "k", "prefix": "g", "models": [{"name": "gemini-2.5-pro"}]}],
    "bedrock": [{"region": "us-east-1", "models": [{"name": "us.anthropic.claude-opus-4-6-v1", "alias": "rock"}]}],
    "ollama": [{"models": [{"name": "llama3.2"}]}],
    "vertex": [
        {"project": "p", "application-default": True, "models": [{"name": "claude-opus-4-6", "alias": "vopus"}]}
    ],
    "codex-api-key": [{"api-key": "k", "models": [{"name": "gpt-5.6"}]}],
    "openai-compatibility": [
        {"name": "x", "base-url": "http://h/v1", "models": [{"name": "served", "alias": "asked"}]},
        {"name": "y", "base-url": "http://h/v1", "endpoints": ["completions"], "models": [{"name": "old"}]},
    ],
}
BODIES: dict[str, dict[str, Any]] = {
    "chat": {"messages": [{"role": "user", "content": "secret words"}]},
    "responses": {"input": "secret words"},
    "completions": {"prompt": "secret words"},
}
HEADERS = {"x-tier": "tenant-7-region-eu", "x-empty": ""}


def rule(params: Any, **models: Any) -> dict[str, Any]:
    return {
        "models": [{"name": "*", **{name.replace("_", "-"): value for name, value in models.items()}}],
        "params": params,
    }


def asked(
    payload: dict[str, Any], client: str = "chat", model: str = "asked", more: str = "", **fields: Any
) -> Rendering:
    """The request as it goes on under the rules."""
    text = json.dumps({**ENTRIES, "payload": payload})
    settings = parse(text.encode(), "c.yaml", {}).settings
    catalogue = Catalogue(settings)
    body = json.dumps({"model": model, **BODIES[client], **fields}).encode()
    request = ClientRequest(CLIENTS[client], CLIENTS[client].parse, settings, FORGETFUL, HEADERS)
    request.read(body, lambda name: catalogue.candidates(name, "key-1"))
    before = copy.deepcopy(request._wire)
    rendering = request.render(request.candidates[0])
    assert request._wire == before
    assert request.render(request.candidates[0]).calls == rendering.calls
    assert "secret words" not in repr(rendering.notes)
    return rendering


def sent(rendering: Rendering) -> dict[str, Any]:
    return json.loads(rendering.calls[0].request.body)  # type: ignore[no-any-return]


def ruled(rendering: Rendering) -> list[tuple[str, str, Any, Any, str]]:
    """The notes of the rules."""
    return [
        (note.path, note.fate, note.old, note.new, note.detail)
        for note in rendering.notes
        if "in config.yaml" in note.detail
    ]


PLAIN = sent(asked({}))
BY = "By payload.{} in config.yaml."


@pytest.mark.parametrize(
    ("payload", "fields", "change", "notes"),
    [
        pytest.param({}, {}, {}, [], id="no rules"),
        pytest.param(
            {"default": [rule({"top_k": 5})]},
            {},
            {"top_k": 5},
            [("top_k", "defaulted", None, 5, BY.format("default[0]"))],
            id="default",
        ),
        pytest.param({"default": [rule({"top_k": 5})]}, {"top_k": 3}, {"top_k": 3}, [], id="default gives way"),
        pytest.param({"default": [rule({"seed": 5})]}, {"seed": None}, {"seed": None}, [], id="to a null as well"),
        pytest.param(
            {
                "default": [rule({"a.b": 1}), rule({"a.b": 2, "a.c": 3})],
                "default-raw": [rule({"a.b": "4", "a.d": "[5]"})],
            },
            {},
            {"a": {"b": 1, "c": 3, "d": [5]}},
            [
                ("a.b", "defaulted", None, 1, BY.format("default[0]")),
                ("a.c", "defaulted", None, 3, BY.format("default[1]")),
                ("a.d", "defaulted", None, None, BY.format("default-raw[0]")),
            ],
            id="the first default wins",
        ),
        pytest.param(
            {"override": [rule({"reasoning_effort": "high"})]},
            {"reasoning_effort": "low"},
            {"reasoning_effort": "high"},
            [("reasoning_effort", "approximated", "low", "high", BY.format("override[0]"))],
            id="override",
        ),
        pytest.param(
            {"override": [rule({"reasoning_effort": "high"})]},
            {"reasoning_effort": "high"},
            {"reasoning_effort": "high"},
            [],
            id="override changes nothing",
        ),
        pytest.param(
            {"override": [rule({"x": 1}), rule({"x": 2})], "override-raw": [rule({"x": "3"}), rule({"x": "true"})]},
            {},
            {"x": True},
            [
                ("x", "synthesised", None, 1, BY.format("override[0]")),
                ("x", "approximated", 1, 2, BY.format("override[1]")),
                ("x", "approximated", 2, 3, BY.format("override-raw[0]")),
                ("x", "approximated", 3, True, BY.format("override-raw[1]")),
            ],
            id="the last override wins",
        ),
        pytest.param({"override": [rule({"x": True})]}, {"x": 1}, {"x": True}, None, id="1 is not true"),
        pytest.param({"override": [rule({"x": 1})]}, {"x": 1.0}, {"x": 1.0}, [], id="1 is 1.0"),
        pytest.param(
            {"filter": [rule(["seed", "nothing", "stop.0"])], "override": [rule({"seed": 7})]},
            {"stop": ["a", "b"]},
            {"stop": ["b"]},
            [
                ("seed", "synthesised", None, 7, BY.format("override[0]")),
                ("seed", "dropped", 7, None, BY.format("filter[0]")),
                ("stop[0]", "dropped", "a", None, BY.format("filter[0]")),
            ],
            id="filter comes last",
        ),
        pytest.param(
            {"override": [rule({"messages.0.content": "others"}), rule({"user": "me"})]},
            {"user": "you"},
            {"messages": [{"role": "user", "content": "others"}], "user": "me"},
            [
                ("messages[0].content", "approximated", None, None, BY.format("override[0]")),
                ("user", "approximated", None, None, BY.format("override[1]")),
            ],
            id="what people wrote is in no note",
        ),
        pytest.param(
            {"override": [rule({"a": "two words", "b": "x" * 25, "c": 10**15, "d": {"e": 1}, "f": None})]},
            {},
            {"a": "two words", "b": "x" * 25, "c": 10**15, "d": {"e": 1}, "f": None},
            [(name, "synthesised", None, None, BY.format("override[0]")) for name in "abcdf"],
            id="nor what is long",
        ),
        pytest.param(
            {"override": [rule({"stop.first": 1, "seed": 2})]},
            {"stop": ["a"]},
            {"stop": ["a"], "seed": 2},
            [
                (
                    "stop.first",
                    "dropped",
                    None,
                    None,
                    "By payload.override[0] in config.yaml: the path has a name where there is a list.",
                ),
                ("seed", "synthesised", None, 2, BY.format("override[0]")),
            ],
            id="what cannot be reached is said",
        ),
        pytest.param(
            {"override": [rule({"l.#(t==1)#.x.y": 1})]},
            {"l": [{"t": 1}, {"t": 1, "x": []}]},
            {"l": [{"t": 1}, {"t": 1, "x": []}]},
            [
                (
                    "l.#(t==1)#.x.y",
                    "dropped",
                    None,
                    None,
                    "By payload.override[0] in config.yaml: the path has a name where there is a list.",
                )
            ],
            id="nor the rest of it changed",
        ),
    ],
)
def test_what_rules_do(payload: Any, fields: Any, change: Any, notes: Any) -> None:
    rendering = asked(payload, **fields)
    assert sent(rendering) == {**PLAIN, **change}
    if notes is not None:
        assert ruled(rendering) == notes


MET = {"x": 1}


@pytest.mark.parametrize(
    ("models", "met"),
    [
        pytest.param({"name": "served"}, True, id="the provider's name"),
        pytest.param({"name": "asked"}, True, id="the client's"),
        pytest.param({"name": "s*d"}, True, id="a pattern"),
        pytest.param({"name": "Served"}, False, id="another case"),
        pytest.param({"name": "serve"}, False, id="a part"),
        pytest.param({"name": "serve?"}, False, id="a question mark is itself"),
        pytest.param({"protocol": "OpenAI"}, True, id="protocol"),
        pytest.param({"protocol": "claude"}, False, id="another protocol"),
        pytest.param({"from-protocol": "openai"}, True, id="from"),
        pytest.param({"from-protocol": "responses"}, False, id="from another"),
        pytest.param({"headers": {"X-Tier": "tenant-*-region-*"}}, True, id="header"),
        pytest.param({"headers": {"X-Tier": "tenant-*-region"}}, False, id="header's whole value"),
        pytest.param({"headers": {"X-Tier": "*", "X-Other": "*"}}, False, id="one header is not there"),
        pytest.param({"headers": {"X-Empty": "*"}}, True, id="an empty header"),
        pytest.param({"match": [{"temperature": 1}, {"stop": ["a"]}]}, True, id="match"),
        pytest.param({"match": [{"temperature": 1, "stop": ["b"]}]}, False, id="one does not match"),
        pytest.param({"match": [{"temperature": True}]}, False, id="1 does not match true"),
        pytest.param({"match": [{"nothing": None}]}, False, id="nothing is not null"),
        pytest.param({"match": [{'messages.#(role=="user")#.role': "user"}]}, True, id="a query matches"),
        pytest.param({"not-match": [{"temperature": 2}, {"nothing": 1}]}, True, id="not-match"),
        pytest.param({"not-match": [{"temperature": 2, "stop": ["a"]}]}, False, id="one does match"),
        pytest.param({"exist": ["messages.0.role", "stop"]}, True, id="exist"),
        pytest.param({"exist": ["stop", "seed"]}, False, id="a null does not exist"),
        pytest.param({"not-exist": ["nothing", "seed"]}, True, id="not-exist"),
        pytest.param({"not-exist": ["nothing", "stop"]}, False, id="one does exist"),
    ],
)
def test_when_a_rule_is_met(models: dict[str, Any], met: bool) -> None:
    payload = {"override": [{"models": [{"name": "no"}, {"name": "*", **models}], "params": MET}]}
    assert ("x" in sent(asked(payload, temperature=1.0, stop=["a"], seed=None))) is met


def test_conditions_see_what_earlier_rules_did() -> None:
    payload = {"default": [rule({"tier": "a"})], "override": [rule({"seen": 1}, match=[{"tier": "a"}])]}
    assert sent(asked(payload))["seen"] == 1


@pytest.mark.parametrize(
    ("client", "model", "protocol", "path"),
    [
        pytest.param("chat", "opus", "claude", "top_k", id="claude"),
        pytest.param("responses", "vopus", "vertex-claude", "top_k", id="claude at vertex"),
        pytest.param("completions", "vopus", "claude", "top_k", id="claude at vertex too"),
        pytest.param("chat", "g/gemini-2.5-pro", "gemini", "generationConfig.topK", id="gemini"),
        pytest.param("chat", "rock", "bedrock", "inferenceConfig.x", id="bedrock"),
        pytest.param("chat", "llama3.2", "ollama", "options.num_ctx", id="ollama"),
        pytest.param("chat", "gpt-5.6", "codex", "reasoning.x", id="responses"),
        pytest.param("responses", "gpt-5.6", "openai-response", "reasoning.x", id="responses, passed through"),
        pytest.param("responses", "asked", "openai", "reasoning.x", id="chat"),
        pytest.param("chat", "asked", "openai", "reasoning.x", id="chat, passed through"),
        pytest.param("completions", "old", "openai", "reasoning.x", id="completions, passed through"),
    ],
)
def test_every_providers_body(client: str, model: str, protocol: str, path: str) -> None:
    for kind in ("default", "override"):
        rendering = asked({kind: [rule({path: 7}, protocol=protocol)]}, client, model)
        body: Any = sent(rendering)
        for name in path.split("."):
            body = body[name]
        assert body == 7
        assert [note[0] for note in ruled(rendering)] == [path]


def test_what_the_gateway_had_to_make_up_gives_way_to_a_default() -> None:
    payload = {"default": [rule({"max_tokens": 9000}, protocol="claude")]}
    assert sent(asked(payload, model="opus"))["max_tokens"] == 9000
    assert sent(asked(payload, model="opus", max_completion_tokens=50))["max_tokens"] == 50


@pytest.mark.parametrize("name", ["asked(high)", "asked", "served"])
def test_a_name_with_an_effort(name: str) -> None:
    payload = {"default": [{"models": [{"name": name}], "params": {"reasoning_effort": "low", "x": 1}}]}
    assert sent(asked(payload, model="asked(high)")) == {**PLAIN, "reasoning_effort": "high", "x": 1}


def test_several_calls_all_have_it_and_one_note() -> None:
    rendering = asked({"override": [rule({"top_k": 9})]}, model="opus", n=3)
    assert [json.loads(call.request.body)["top_k"] for call in rendering.calls] == [9] * 3
    assert [call.choice for call in rendering.calls] == [0, 1, 2]
    assert len(ruled(rendering)) == 1


def test_many_places_are_one_note() -> None:
    messages = [{"role": "user", "content": "hi"}] * 1000
    rendering = asked({"override": [rule({'messages.#(role=="user")#.name': "n"})]}, messages=messages)
    assert all(message["name"] == "n" for message in sent(rendering)["messages"])
    detail = "By payload.override[0] in config.yaml, at 1000 places."
    assert ruled(rendering) == [('messages.#(role=="user")#.name', "synthesised", None, None, detail)]


def test_no_loss_is_the_operators() -> None:
    text = {**ENTRIES, "on-loss": "refuse", "payload": {"filter": [rule(["seed"])]}}
    settings = parse(json.dumps(text).encode(), "c.yaml", {}).settings
    request = ClientRequest(CLIENTS["chat"], CLIENTS["chat"].parse, settings, FORGETFUL, {})
    body = json.dumps({"model": "asked", "seed": 1, **BODIES["chat"]}).encode()
    request.read(body, lambda name: Catalogue(settings).candidates(name, "key-1"))
    notes = request.render(request.candidates[0]).notes
    assert notes == (Note("seed", "dropped", 1, None, BY.format("filter[0]"), loss=False),)


@pytest.mark.parametrize(("stream", "accept"), [(True, "text/event-stream"), (False, "application/json")])
def test_a_stream_by_rule_is_what_the_request_accepts(stream: bool, accept: str) -> None:
    rendering = asked({"override": [rule({"stream": stream})]}, model="opus", stream=not stream)
    assert dict(rendering.calls[0].request.headers)["accept"] == accept
    assert rendering.streams is not stream
