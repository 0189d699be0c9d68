"""What a provider's entry may not say, and how it is reported."""

import pytest

from routing.config import parse
from routing.providers import ENTRIES
from routing.settings import Settings, keys
from tests.routing.configurations import refused

COMPATIBLE = "openai-compatibility:\n  - name: x\n    base-url: http://h\n    models: [{name: m}]\n"
BEDROCK = "bedrock:\n  - region: us-east-1\n    models: [{name: m}]\n"
AZURE = "azure-openai:\n  - endpoint: https://r\n    models: [{name: m}]\n"
VERTEX = "vertex:\n  - project: p\n    application-default: true\n"
GEMINI = "gemini-api-key:\n  - api-key: k\n"


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        pytest.param(
            f"{GEMINI}    project: p", "3: gemini-api-key[0].project: is not a known key here; it belongs", id="key"
        ),
        pytest.param(
            f"{GEMINI}    api-version: a/b", "3: gemini-api-key[0].api-version: must be one word", id="version"
        ),
        pytest.param(
            f"{GEMINI}    base-url: h", "3: gemini-api-key[0].base-url: must be an URL such as https://gen", id="URL"
        ),
        pytest.param(
            f"{GEMINI}    headers: {{X-Goog-Api-Key: x}}",
            "3: gemini-api-key[0].headers: holds a header",
            id="key header",
        ),
        pytest.param(
            f"{GEMINI}    safety-settings: [{{category: HARM, threshold: OFF}}]",
            "3: gemini-api-key[0].safety-settings[0].category: must be a category such as",
            id="category",
        ),
        pytest.param(
            f"{GEMINI}    safety-settings:\n      - category: HARM_CATEGORY_HARASSMENT\n        threshold: LOW",
            "5: gemini-api-key[0].safety-settings[0].threshold: must be 'BLOCK_LOW_AND_ABOVE',",
            id="threshold",
        ),
        pytest.param(
            f"{GEMINI}    models: [{{name: g, family: {{thinking: adaptive}}}}]",
            "3: gemini-api-key[0].models[0].family.thinking: must be 'level', 'budget' or 'none'",
            id="another maker's family",
        ),
        pytest.param("vertex: [{project: p}]", "1: vertex[0]: needs either credentials-file or", id="no credential"),
        pytest.param(
            f"{VERTEX}    credentials-file: tests/nowhere.json",
            "4: vertex[0].credentials-file: there is no such file; the name is relative to",
            id="no such file",
        ),
        pytest.param(
            f"{VERTEX}    credentials-file: [a]", "4: vertex[0].credentials-file: must be the name", id="no name"
        ),
        pytest.param(
            f"{VERTEX}    location: Europe", "4: vertex[0].location: must be the name of a region", id="place"
        ),
        pytest.param(f"{VERTEX}    location: h/x", "4: vertex[0].location: must be the name of a region", id="a path"),
        pytest.param(
            f"{VERTEX}    models: [{{name: claude-x, family: {{search: false}}}}]",
            "4: vertex[0].models[0]: has another maker's family",
            id="gemini's family for claude",
        ),
        pytest.param(
            f"{VERTEX}    models: [{{name: gemini-x, claude-family: {{fast: false}}}}]",
            "4: vertex[0].models[0]: has another maker's family",
            id="claude's family for gemini",
        ),
        pytest.param("bedrock: [{region: us-east-1}]", "1: bedrock[0]: has no models; name them", id="bedrock, models"),
        pytest.param("bedrock:\n- models: [{name: m}]", "2: bedrock[0].region: is missing; add it", id="no region"),
        pytest.param(
            f"{BEDROCK}    api-key: k\n    profile: p",
            "2: bedrock[0]: has more than one credential; keep one",
            id="two",
        ),
        pytest.param(f"{BEDROCK}    access-key-id: k", "2: bedrock[0]: has half a credential", id="half"),
        pytest.param(f"{BEDROCK}    session-token: k", "2: bedrock[0]: has a session-token without", id="token"),
        pytest.param(
            "openai-compatibility: [{name: x, models: [{name: m}]}]",
            "1: openai-compatibility[0]: has no base-url; add it (known by name alone are openai, openrouter,",
            id="no address",
        ),
        pytest.param(f"{COMPATIBLE}    endpoints: []", "2: openai-compatibility[0]: has endpoints that are", id="none"),
        pytest.param(
            f"{COMPATIBLE}    endpoints: [chat, chat]", "2: openai-compatibility[0]: has endpoints", id="twice"
        ),
        pytest.param(
            f"{COMPATIBLE}    endpoints: [embeddings]",
            "5: openai-compatibility[0].endpoints[0]: must be 'chat', 'completions' or 'responses'",
            id="endpoint",
        ),
        pytest.param(
            f"{COMPATIBLE}    api-key-entries: [k]",
            "5: openai-compatibility[0].api-key-entries[0]: must be a mapping",
            id="bare key",
        ),
        pytest.param(
            f"{COMPATIBLE}    api-key-entries: [{{api-key: k, proxy-url: x}}]",
            "5: openai-compatibility[0].api-key-entries[0].proxy-url: must be the URL of a proxy such as",
            id="a key's proxy",
        ),
        pytest.param(
            f"{COMPATIBLE}    quirks: {{rename: {{a: 1}}}}",
            "5: openai-compatibility[0].quirks.rename: must be a mapping of field names",
            id="rename",
        ),
        pytest.param(
            f"{COMPATIBLE}    quirks: {{max-tokens-field: limit}}",
            "5: openai-compatibility[0].quirks.max-tokens-field: must be 'max_tokens' or 'max_completion_tokens'",
            id="limit",
        ),
        pytest.param(
            f"{COMPATIBLE}    headers: {{Authorization: x}}", "5: openai-compatibility[0].headers: holds a", id="header"
        ),
        pytest.param(
            f"{AZURE}    api-version: latest", "4: azure-openai[0].api-version: must be as 2024-10-21", id="date"
        ),
        pytest.param(AZURE, "2: azure-openai[0]: needs either api-key or entra", id="azure, no credential"),
        pytest.param(
            f"{AZURE}    api-key: k\n    entra: default", "2: azure-openai[0]: needs either", id="azure, both"
        ),
        pytest.param(f"{AZURE}    entra: yes", "4: azure-openai[0].entra: must be a mapping", id="entra"),
        pytest.param(
            f"{AZURE}    entra: {{}}", "4: azure-openai[0].entra: is empty; write tenant-id,", id="empty entra"
        ),
        pytest.param(
            f"{AZURE}    entra: {{tenant-id: t}}", "4: azure-openai[0].entra: needs tenant-id, client-id and", id="part"
        ),
        pytest.param(
            f"{AZURE}    api-key: k\n    endpoints: [completions]",
            "5: azure-openai[0].endpoints[0]: must be 'chat' or 'responses'",
            id="azure, endpoint",
        ),
        pytest.param(
            "azure-openai:\n- api-key: k", "2: azure-openai[0].endpoint: is missing; add it", id="no endpoint"
        ),
        pytest.param("codex-api-key: [{}]", "1: codex-api-key[0].api-key: is missing; add it", id="no key"),
        pytest.param("ollama: [{num-ctx: 0}]", "1: ollama[0].num-ctx: must be a whole number, 1 or more", id="context"),
        pytest.param("ollama: [{keep-alive: soon}]", "1: ollama[0].keep-alive: must be seconds or a time", id="time"),
        pytest.param("ollama: [{keep-alive: true}]", "1: ollama[0].keep-alive: must be seconds or a time", id="truth"),
        pytest.param("ollama: [{models: [{name: m, think: [on]}]}]", "1: ollama[0].models[0].think: must be", id="on"),
        pytest.param("ollama: [{models: [{name: m, think: []}]}]", "1: ollama[0].models[0].think: must be", id="empty"),
        pytest.param("ollama: [{options: [a]}]", "1: ollama[0].options: must be a mapping of names", id="options"),
        pytest.param("ollama: [{options: {a: {b: c}}}]", "1: ollama[0].options: must be a mapping of names", id="deep"),
        pytest.param("ollama: [{options: {a: .nan}}]", "1: ollama[0].options: must be a mapping of names", id="nan"),
        pytest.param(
            "ollama: [{num-ctx: 1, options: {num_ctx: 2}}]", "1: ollama[0]: has num-ctx twice, the other in", id="both"
        ),
        pytest.param(
            "ollama:\n- models:\n  - name: a\n  - {name: a, alias: ''}",
            "4: ollama[0].models[1]: is the same model and alias as at line 3; remove or rename one of them",
            id="a model twice",
        ),
        pytest.param("response-store: {max-age-seconds: -1}", "1: response-store.max-age-seconds: must be", id="age"),
        pytest.param("response-store: {max-bytes: 0}", "1: response-store.max-bytes: must be a number of", id="bytes"),
        pytest.param(
            "ollama:\n- base-url: ${OFF}\n- keep-alive: soon",
            "3: ollama[1].keep-alive: must be seconds",
            id="after an entry that is off",
        ),
    ],
)
def test_a_mistake(text: str, problem: str) -> None:
    assert refused(text).startswith(f"c.yaml:{problem}")
    assert "\n" not in refused(text)


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        pytest.param("5m", "5m", id="minutes"),
        pytest.param("1h30m", "1h30m", id="two units"),
        pytest.param("0", 0, id="not at all"),
        pytest.param("-1", -1, id="for ever"),
        pytest.param("'300'", 300, id="a number in quotes"),
    ],
)
def test_keep_alive(written: str, meant: object) -> None:
    (entry,) = parse(f"ollama: [{{keep-alive: {written}}}]".encode(), "c.yaml", {}).settings.ollama
    assert entry.keep_alive == meant


def test_entries_that_are_off() -> None:
    text = "gemini-api-key: [{api-key: '${G}'}]\nbedrock: [{region: '${R}', models: [{name: a, alias: b}]}]"
    loaded = parse(text.encode(), "c.yaml", {})
    assert [off.text for off in loaded.skipped] == [
        "gemini-api-key at line 1 is off: G not set in the environment",
        "bedrock at line 2 is off: R not set in the environment; it would serve b",
    ]
    assert loaded.settings.providers == ()


def test_the_response_store() -> None:
    store = parse(
        b"response-store: {enable: true, max-bytes: 1m, max-age-seconds: 5}", "c.yaml", {}
    ).settings.response_store
    assert (store.enable, store.max_bytes, store.max_age_seconds) == (True, 1 << 20, 5)
    store = Settings().response_store
    assert (store.enable, store.max_bytes, store.max_age_seconds) == (False, 64 << 20, 3600)


def test_every_provider_has_the_common_keys() -> None:
    common = {"prefix", "models", "excluded-models", "headers"}
    assert all(common <= set(keys(section)) for section in ENTRIES.values())
