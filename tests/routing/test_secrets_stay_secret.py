"""Whatever is wrong with a configuration, no value of it is printed."""

import traceback

import pytest

from routing.auth import StaticKey
from routing.catalogue import Catalogue
from routing.client_keys import KeyRing
from routing.config import parse
from routing.errors import ConfigError
from routing.secret import Secret

SEEN = "x7q9"
CANARY = "sk-ant-" + "x7q" + "9"


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("api-keys: [CANARY, CANARY]", id="client key twice"),
        pytest.param("api-keys: CANARY", id="client keys no list"),
        pytest.param("api-keys: {CANARY: 1}", id="client keys a mapping"),
        pytest.param("api-keys: ['CANARY x']", id="client key with a space"),
        pytest.param("api-keys: [[CANARY]]", id="client key a list"),
        pytest.param("api-keys: [{key: {a: CANARY}}]", id="client key nested"),
        pytest.param("api-keys: [{CANARY: x}]", id="client key as a key"),
        pytest.param("api-keys: [{key: a, name: CANARY}, {key: b, name: CANARY}]", id="names twice"),
        pytest.param("api-keys: [{key: a, nmae: CANARY}]", id="unknown key"),
        pytest.param("claude-api-key: CANARY", id="provider no list"),
        pytest.param("claude-api-key: [CANARY]", id="provider no mapping"),
        pytest.param("claude-api-key: [{api-key: 'CANARY\u00e9'}]", id="provider key not ASCII"),
        pytest.param("claude-api-key: [{api-key: [CANARY]}]", id="provider key a list"),
        pytest.param("claude-api-key: [{api-key: ' CANARY'}]", id="provider key with a space"),
        pytest.param("claude-api-key: [{api-key: '${ENV} '}]", id="from the environment"),
        pytest.param("claude-api-key: [{api-key: 'CANARY${'}]", id="bad reference"),
        pytest.param("claude-api-key: [{api-key: k, base-url: 'http://u:CANARY@h'}]", id="in a URL"),
        pytest.param("claude-api-key: [{api-key: k, base-url: '${ENV}'}]", id="URL from the environment"),
        pytest.param('claude-api-key: [{api-key: k, headers: {x: "CANARY\\n"}}]', id="header value"),
        pytest.param("claude-api-key: [{api-key: k, headers: {x: [CANARY]}}]", id="header a list"),
        pytest.param("claude-api-key: [{api-key: k, headers: {CANARY : x, 'a b': x}}]", id="header name"),
        pytest.param("claude-api-key: [{api-key: k, models: [{name: '${ENV}'}, {name: '${ENV}'}]}]", id="alias twice"),
        pytest.param("gemini-api-key: [{api-key: 'CANARY x'}]", id="gemini"),
        pytest.param(
            "gemini-api-key: [{api-key: k, safety-settings: [{category: CANARY, threshold: CANARY}]}]", id="safe"
        ),
        pytest.param("vertex: [{project: '${ENV}/', location: '${ENV}/', credentials-file: '${ENV}'}]", id="vertex"),
        pytest.param("bedrock: [{region: '${ENV}', access-key-id: CANARY, models: [{name: m}]}]", id="bedrock"),
        pytest.param("bedrock: [{region: r, api-key: CANARY, profile: CANARY, models: [{name: m}]}]", id="both"),
        pytest.param("openai-compatibility: [{name: CANARY}]", id="name"),
        pytest.param("openai-compatibility: [{name: openai, api-key-entries: [CANARY]}]", id="entries"),
        pytest.param("openai-compatibility: [{name: openai, api-key-entries: [{CANARY: CANARY}]}]", id="entry"),
        pytest.param("openai-compatibility: [{name: openai, quirks: {rename: {CANARY: 1}}}]", id="quirks"),
        pytest.param("codex-api-key: [{api-key: k, base-url: 'CANARY'}]", id="codex"),
        pytest.param("azure-openai: [{endpoint: 'http://h', entra: {client-secret: CANARY}}]", id="entra"),
        pytest.param("azure-openai: [{endpoint: 'http://h', entra: CANARY}]", id="entra a text"),
        pytest.param("ollama: [{keep-alive: CANARY, options: {CANARY: {}}}]", id="ollama"),
        pytest.param("port: ${ENV}", id="number"),
        pytest.param("on-loss: ${ENV}", id="word"),
        pytest.param("host: ${ENV}/", id="host"),
        pytest.param("embedded: {enable: '${ENV}'}", id="truth"),
        pytest.param("timeouts: {idle: '${ENV}'}", id="seconds"),
        pytest.param("cors-origins: ['${ENV}']", id="origin"),
        pytest.param("forward-headers: ['${ENV} ']", id="header to forward"),
        pytest.param("CANARY: 1", id="a key at the top"),
        pytest.param("CANARY", id="only a text"),
        pytest.param("- CANARY", id="only a list"),
        pytest.param("api-key:CANARY\nport: 1", id="colon without a space"),
        pytest.param("api-keys: [*CANARY]", id="alias"),
        pytest.param("api-keys: [!CANARY x]", id="tag"),
        pytest.param("api-keys: ['CANARY]", id="open quote"),
        pytest.param('api-keys: ["CANARY\\q"]', id="bad escape"),
        pytest.param("api-keys: [!CANARY!x y]", id="tag handle"),
        pytest.param("api-keys: [&CANARY x, &CANARY x]", id="anchors"),
        pytest.param("%CANARY\n---\n{", id="directive"),
        pytest.param("api-keys: {CANARY: 1, CANARY: 2}", id="duplicate key"),
        pytest.param("api-keys: [!!int CANARY]", id="bad scalar"),
        pytest.param("api-keys: [@CANARY]", id="reserved character"),
    ],
)
def test_a_mistake_never_quotes(text: str) -> None:
    with pytest.raises(ConfigError) as caught:
        parse(text.replace("CANARY", CANARY).encode(), "c.yaml", {"ENV": CANARY})
    printed = "".join(traceback.format_exception(caught.value)) + str(caught.value) + repr(caught.value)
    assert SEEN not in printed
    assert caught.value.__cause__ is None
    assert caught.value.__context__ is None


def test_values_never_show() -> None:
    text = f"""
api-keys: [{CANARY}-client]
gemini-api-key: [{{api-key: {CANARY}}}]
vertex-api-key: [{{api-key: {CANARY}}}]
bedrock:
  - {{region: r, access-key-id: {CANARY}, secret-access-key: {CANARY}, session-token: {CANARY}, models: [{{name: b}}]}}
openai-compatibility: [{{name: openai, api-key-entries: [{{api-key: {CANARY}}}]}}]
codex-api-key: [{{api-key: {CANARY}}}]
azure-openai:
  - {{endpoint: "http://h", entra: {{tenant-id: t, client-id: c, client-secret: {CANARY}}}, models: [{{name: a}}]}}
ollama: [{{api-key: {CANARY}, models: [{{name: o}}]}}]
claude-api-key:
  - {{api-key: {CANARY}, headers: {{x-other: {CANARY}}}, models: [{{name: m}}]}}
  - {{api-key: {CANARY}, prefix: "${{OFF}}", headers: {{x-other: {CANARY}}}}}
"""
    loaded = parse(text.encode(), "c.yaml", {})
    served = Catalogue(loaded.settings, loaded.skipped)
    target = served.candidates("m", "key-1")[0]
    shown = [loaded, loaded.settings, loaded.skipped, loaded.skipped[0].text, target, KeyRing(loaded.settings.api_keys)]
    shown += [served.candidates(name, "key-1")[0] for name in ("gemini-x", "b", "gpt-5", "a", "o")]
    shown += [loaded.settings.model_dump(), Secret(CANARY), f"{Secret(CANARY)} {Secret(CANARY)!r}"]
    assert SEEN not in " ".join(f"{each!r} {each!s}" for each in shown)
    assert target.auth == StaticKey("x-api-key", Secret(CANARY))
    assert target.headers["x-other"].reveal() == CANARY
