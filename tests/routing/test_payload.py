"""The section `payload`: what it may say, and how a mistake is reported."""

import pytest

from routing.config import parse
from routing.payload import FROM_PROTOCOLS, PROTOCOLS
from routing.settings import Settings
from tests.routing.configurations import refused
from translators.registry import CLIENTS, PASSTHROUGH, PROVIDERS

RULE = "payload:\n  override:\n    - models: [{name: m}]\n"
MODEL = "payload:\n  override:\n    - params: {a: 1}\n      models:\n        - name: m\n"
RAW = "payload:\n  default-raw:\n    - models: [{name: m}]\n      params:\n"


def settings(text: str) -> Settings:
    return parse(text.encode(), "c.yaml", {"WORD": "high"}).settings


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        pytest.param(f"{RULE}", "3: payload.override[0].params: is missing; add it", id="no params"),
        pytest.param(
            f"{RULE}      params: {{'a..b': 1}}",
            "4: payload.override[0].params.a..b: is a path with nothing between",
            id="path",
        ),
        pytest.param(
            f"{RULE}      params:\n        ok: 1\n        tools.#.strict: true",
            "6: payload.override[0].params.(a key that is not shown): is a path with one of |",
            id="the path's line",
        ),
        pytest.param(
            f"{RULE}      params: {{a: .inf}}",
            "4: payload.override[0].params.a: must be a value that JSON has",
            id="inf",
        ),
        pytest.param(
            f"{RULE}      params: [a]", "4: payload.override[0].params: must be a mapping", id="a list of params"
        ),
        pytest.param(
            f"{RAW}        a: '{{\"b\": '",
            "5: payload.default-raw[0].params.a: must be JSON text; put a text in quotes of its own",
            id="raw",
        ),
        pytest.param(
            f"{RAW}        a: high", "5: payload.default-raw[0].params.a: must be JSON text", id="a bare word"
        ),
        pytest.param(f"{RAW}        a: NaN", "5: payload.default-raw[0].params.a: must be JSON text", id="NaN"),
        pytest.param(
            f"{RAW}        a: null", '5: payload.default-raw[0].params.a: is nothing; write "null"', id="raw null"
        ),
        pytest.param(
            "payload:\n  filter:\n    - models: [{name: m}]\n      params: [a, '']",
            "4: payload.filter[0].params[1]: must be a path of 1 to",
            id="filter",
        ),
        pytest.param(
            "payload:\n  filter:\n    - models: [{name: m}]\n      params: {a: 1}",
            "4: payload.filter[0].params: must be a list",
            id="filter's mapping",
        ),
        pytest.param(
            "payload:\n  override:\n    - models: []\n      params: {a: 1}",
            "3: payload.override[0]: has no models; write",
            id="no models",
        ),
        pytest.param(
            "payload:\n  override:\n    - params: {a: 1}",
            "3: payload.override[0].models: is missing",
            id="models missing",
        ),
        pytest.param(
            f"{MODEL}          protocol: grpc",
            "6: payload.override[0].models[0].protocol: must be one of openai,",
            id="to",
        ),
        pytest.param(
            f"{MODEL}          from-protocol: chats",
            "6: payload.override[0].models[0].from-protocol: must be one of openai,",
            id="from",
        ),
        pytest.param(
            f"{MODEL}          headers: {{'a b': x}}",
            "6: payload.override[0].models[0].headers.(a key that is not shown): must be the name of",
            id="header",
        ),
        pytest.param(
            f"{MODEL}          headers: {{Authorization: x}}",
            "6: payload.override[0].models[0].headers.Authorization: names a credential",
            id="credential",
        ),
        pytest.param(
            f"{MODEL}          match: {{a: 1}}", "6: payload.override[0].models[0].match: must be a list", id="match"
        ),
        pytest.param(
            f"{MODEL}          exist: ['a.#(b']",
            "6: payload.override[0].models[0].exist[0]: is a path with",
            id="exist",
        ),
        pytest.param(
            f"{MODEL}          not-exits: [a]",
            "6: payload.override[0].models[0].not-exits: is not a known key; did you mean `not-exist`?",
            id="key",
        ),
        pytest.param(
            "payload:\n  overide: []", "2: payload.overide: is not a known key; did you mean `overr", id="list"
        ),
        pytest.param(
            f"{RULE}      params: {{a: '${{UNSET_ONE}}'}}",
            "4: payload.override[0].params.a: UNSET_ONE is not set in the environment",
            id="variable",
        ),
    ],
)
def test_a_mistake_stops_the_start(text: str, problem: str) -> None:
    assert refused(text, WORD="high").startswith(f"c.yaml:{problem}")


def test_a_null_is_a_value_where_there_are_values_only() -> None:
    text = f"{MODEL}          match: [{{x: null}}]\n          protocol: null\n  default: null\n  filter: []\n"
    payload = settings(text.replace("{a: 1}", "{a: null, b: {c: null}}")).payload
    (rule,) = payload.override
    assert {path.text: value for path, value in rule.params.items()} == {"a": None, "b": {"c": None}}
    assert [{path.text: value for path, value in each.items()} for each in rule.models[0].match] == [{"x": None}]
    assert (rule.models[0].protocol, payload.default) == (None, ())


def test_values() -> None:
    params = "a: ${WORD}\n        b: $Word\n        c: 1.0\n        d: [1, {e: true}]\n        f: 2020-01-01\n"
    (rule,) = settings(f"{RULE}      params:\n        {params}").payload.override
    values = {path.text: value for path, value in rule.params.items()}
    assert values == {"a": "high", "b": "$Word", "c": 1.0, "d": [1, {"e": True}], "f": "2020-01-01"}
    assert {type(value) for value in values.values()} == {str, float, list}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("'{\"a\": [1]}'", {"a": [1]}),
        ("'\"word\"'", "word"),
        ("'3'", 3),
        ("'null'", None),
        ("3", 3),
        ("{a: b}", {"a": "b"}),
    ],
)
def test_raw_values(text: str, value: object) -> None:
    (rule,) = settings(f"{RAW}        x: {text}").payload.default_raw
    assert list(rule.params.values()) == [value]


@pytest.mark.parametrize("field", ["protocol: antigravity", "from-protocol: claude", "from-protocol: Gemini"])
def test_what_is_never_met_is_said(field: str) -> None:
    warnings = parse(f"{MODEL}          {field}".encode(), "c.yaml", {}).warnings
    assert warnings == (
        "payload.override[0].models[0] at line 5 is never met: this gateway does not speak that protocol on that side",
    )


def test_the_protocols_are_the_dialects() -> None:
    assert {name for names in PROTOCOLS.values() for name in names} == {*PROVIDERS, *(to for _, to in PASSTHROUGH)}
    assert {name for names in FROM_PROTOCOLS.values() for name in names} == CLIENTS.keys()
    assert parse(f"{MODEL}          protocol: Claude".encode(), "c.yaml", {}).warnings == ()
