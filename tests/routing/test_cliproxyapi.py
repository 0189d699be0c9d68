"""A config.yaml of CLIProxyAPI's: every key is honoured, accepted with a line, or refused with the way out."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from routing.auth import Auth, StaticKey
from routing.cliproxyapi import BY_PATH, KEYS, adapt
from routing.config import Loaded, parse
from routing.secret import Secret
from routing.settings import PLACES, keys
from tests.routing.configurations import refused

THEIRS = Path(__file__).parents[1] / "fixtures" / "cliproxyapi" / "config.yaml"
MODE = "compatibility: cliproxyapi\n"
CODEX = "codex-api-key:\n- {api-key: k, base-url: https://h/v1}\n"


def read(text: str) -> Loaded:
    return parse(text.encode(), "c.yaml", {})


def is_known(path: tuple[str, ...]) -> bool:
    return path[:-1] in PLACES and path[-1] in keys(PLACES[path[:-1]])


@pytest.mark.parametrize("key", KEYS, ids=lambda key: key.dotted)
def test_what_is_called_honoured_is_a_setting_and_nothing_else_is(key: Any) -> None:
    assert is_known(key.path) is (key.fate == "honoured")
    assert key.text or key.fate == "honoured"


def test_no_key_has_two_classes() -> None:
    assert len(BY_PATH) == len(KEYS)


def places(value: object, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    match value:
        case dict():
            for name, each in value.items():
                yield (*path, name)
                yield from places(each, (*path, name))
        case list():
            for each in value:
                yield from places(each, path)


def test_the_file_has_every_key() -> None:
    shown = set(places(yaml.safe_load(THEIRS.read_text())))
    common = {"priority", "display-name", "max-context-length", "force-mapping", "is-compat", "thinking", "proxy-url"}
    common |= {
        "weight",
        "prefix",
        "request-retry",
        "disable-cooling",
        "request-scoped-errors",
        "alpha-search",
        "headers",
    }
    missing = {key.path for key in KEYS} - shown
    assert {path for path in missing if common.isdisjoint(path)} <= {
        ("xai-api-key", "base-url"),
        ("xai-api-key", "excluded-models"),
    }


def test_every_key_of_the_file_has_a_class() -> None:
    free = {"headers", "payload"}
    for path in places(yaml.safe_load(THEIRS.read_text())):
        known = any(path[:n] in BY_PATH for n in range(1, len(path) + 1))
        assert known or not free.isdisjoint(path) or any(key.path[: len(path)] == path for key in KEYS), path


def test_their_file_loads() -> None:
    loaded = read(MODE + THEIRS.read_text())
    settings = loaded.settings
    assert [key.key for key in settings.api_keys] == [Secret("client-one-0001"), Secret("client-two-0002")]
    assert settings.passthrough_headers
    assert settings.streaming.keepalive_seconds == 0
    assert "resting" not in [entry.provider for _, _, entry in settings.providers]
    inert = {key.dotted for key in KEYS if key.fate in ("inert", "refused")}
    said = [line.partition(" at line")[0] for line in loaded.warnings if "accepted, without effect" in line]
    assert len(said) == len(set(said))
    assert set(said) <= inert
    assert {key for key in inert if "api-key" not in key} <= set(said)
    assert all(line.partition("effect: ")[2] for line in loaded.warnings if line.partition(" at")[0] in inert)


def test_a_line_names_the_lines_of_the_file() -> None:
    models = "".join(f"  - {{name: m{n}, is-compat: true}}\n" for n in range(5))
    (line,) = read(
        f"{MODE}{CODEX}  models:\n{models}".replace("v1}\n", "v1\n")
        .replace("- {api", "- api")
        .replace(", base-url", "\n  base-url")
    ).warnings
    assert line.startswith("codex-api-key.models.is-compat at lines 6, 7, 8 and 2 more is accepted, without effect: ")


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        pytest.param("tls: {enable: true}", "c.yaml:2: tls: is not supported: put a proxy", id="TLS"),
        pytest.param("plugins: {enabled: true}", "c.yaml:2: plugins: is not supported: shared libr", id="plugins"),
        pytest.param("codex: {identity-confuse: true}", "c.yaml:2: codex.identity-confuse: is not", id="identity"),
        pytest.param("codex: {identity-confused: true}", "c.yaml:2: codex: is not a known key", id="unknown in codex"),
        pytest.param("interactions-api-key: [{api-key: k}]", "c.yaml:2: interactions-api-key: is not", id="interact"),
        pytest.param(
            "claude-api-key: [{api-key: k, cloak: {}}]", "c.yaml:2: claude-api-key[0].cloak: is not", id="cloak"
        ),
        pytest.param(
            "claude-api-key:\n- api-key: k\n  cloak: {mode: auto}",
            "c.yaml:4: claude-api-key[0].cloak: is not supported: requests are never disguised",
            id="cloak, automatic",
        ),
        pytest.param(
            "claude-api-key: [{api-key: k, fingerprint-profile: claude-code-cli}]",
            "c.yaml:2: claude-api-key[0].fingerprint-profile: is not",
            id="fingerprint",
        ),
        pytest.param(
            "claude-api-key: [{api-key: k, rebuild-mid-system-message: true}]",
            "c.yaml:2: claude-api-key[0].rebuild-mid-system-message: is not supported: write `family: {mid-system",
            id="system messages",
        ),
        pytest.param("codex-api-key: [{api-key: k}]", "c.yaml:2: codex-api-key[0]: has no base-url", id="codex"),
        pytest.param(
            "codex-api-key: [{api-key: k, base-url: ''}]", "c.yaml:2: codex-api-key[0]: has no base-url", id="empty"
        ),
        pytest.param("no-such-key: 1", "c.yaml:2: no-such-key: is not a known key", id="unknown to both"),
        pytest.param(
            "gemini-api-key: [{api-key: k, is-compat: true}]", "c.yaml:2: gemini-api-key[0].is-compat: is", id="place"
        ),
    ],
)
def test_what_is_refused(text: str, problem: str) -> None:
    message = refused(MODE + text)
    assert message.startswith(problem)
    assert "s3cret" not in message


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        pytest.param(
            "commercial-mode: false",
            "c.yaml:1: commercial-mode: is a key of CLIProxyAPI's without effect here (there is no such middleware to "
            "leave out); remove it, or write `compatibility: cliproxyapi`",
            id="inert",
        ),
        pytest.param(
            "plugins: {enabled: false}",
            "c.yaml:1: plugins: is a key of CLIProxyAPI's that is not supported: shared libraries",
            id="refused when it is on",
        ),
        pytest.param(
            "openai-compatibility: [{name: openai, models: [{name: m, image: true}]}]",
            "c.yaml:1: openai-compatibility[0].models[0].image: is a key of CLIProxyAPI's without effect",
            id="nested",
        ),
        pytest.param(
            "codex: {identity-confuse: false}",
            "c.yaml:1: codex: is not a known key",
            id="a mapping",
        ),
        pytest.param("compatibility: litellm", "c.yaml:1: compatibility: must be 'cliproxyapi'", id="another's"),
    ],
)
def test_without_the_mode_nothing_is_accepted(text: str, problem: str) -> None:
    assert refused(text).startswith(problem)


@pytest.mark.parametrize("off", ["false", "0", "''", ""])
def test_what_is_off_is_accepted(off: str) -> None:
    loaded = read(f"{MODE}plugins: {{enabled: {off}}}\nclaude-api-key: [{{api-key: k, fingerprint-profile: ''}}]")
    assert [line.partition(" is ")[0] for line in loaded.warnings] == [
        "plugins at line 2",
        "claude-api-key.fingerprint-profile at line 3",
    ]


BEARER = StaticKey("authorization", Secret("k"), "Bearer ")
X_API_KEY = StaticKey("x-api-key", Secret("k"))


@pytest.mark.parametrize(
    ("mode", "entry", "auth"),
    [
        pytest.param(MODE, "", X_API_KEY, id="Anthropic"),
        pytest.param(MODE, ", base-url: ''", X_API_KEY, id="no address"),
        pytest.param(MODE, ", base-url: https://API.anthropic.com/v1", X_API_KEY, id="Anthropic by address"),
        pytest.param(MODE, ", base-url: https://relay", BEARER, id="relay"),
        pytest.param(MODE, ", base-url: https://api.anthropic.com.evil.example", BEARER, id="another host"),
        pytest.param(MODE, ", base-url: https://relay, auth: x-api-key", X_API_KEY, id="relay, said"),
        pytest.param("", ", base-url: https://relay", X_API_KEY, id="relay, ours"),
        pytest.param("", ", base-url: https://relay, auth: bearer", BEARER, id="relay, ours, said"),
        pytest.param("", ", auth: bearer", BEARER, id="Anthropic, said"),
    ],
)
def test_how_a_key_goes_to_claude(mode: str, entry: str, auth: Auth) -> None:
    ((_, _, made),) = read(f"{mode}claude-api-key: [{{api-key: k{entry}}}]").settings.providers
    assert made.credentials() == (auth,)


def test_one_authorization() -> None:
    text = "claude-api-key: [{api-key: k, auth: bearer, headers: {Authorization: x}}]"
    assert "has an authorization in headers beside its api-key" in refused(text)


def test_a_codex_entry_of_ours_needs_no_address() -> None:
    assert read("codex-api-key: [{api-key: k}]").settings.providers


@pytest.mark.parametrize(
    ("key", "written", "meant"),
    [
        pytest.param("keepalive-seconds", -5, 0, id="below zero"),
        pytest.param("keepalive-seconds", 5, 5, id="above"),
    ],
)
def test_below_zero_is_off(key: str, written: int, meant: int) -> None:
    assert adapt({"streaming": {key: written}}).tree == {"streaming": {key: meant}}


def test_empty_texts_are_absent_but_where_they_mean_something() -> None:
    tree = {"host": "", "proxy-url": "", "payload": {"override": [{"params": {"stop": ""}}]}}
    assert adapt(tree).tree == {"host": "", "payload": {"override": [{"params": {"stop": ""}}]}}


def test_positions_stay() -> None:
    """An entry that is off, and what nothing is left of, keep their places: lines and messages are right."""
    text = f"{MODE}claude-api-key:\n- api-key: ${{OFF}}\n- {{api-key: k, cloak: {{mode: never}}}}\n- {{api-key: 1}}"
    assert refused(text).startswith("c.yaml:5: claude-api-key[2].api-key: must be")


def test_a_variable_in_what_is_left_out_is_not_asked_for() -> None:
    assert read(f"{MODE}auth-dir: ${{NOWHERE}}\nremote-management: {{panel-github-repository: '${{X}}'}}").skipped == ()


def test_the_mode_may_be_a_variable() -> None:
    text = b"compatibility: ${MODE}\ncommercial-mode: true"
    assert parse(text, "c.yaml", {"MODE": "cliproxyapi"}).settings.compatibility == "cliproxyapi"


def test_grok() -> None:
    ((section, _, made),) = read("xai-api-key: [{api-key: k}]").settings.providers
    assert (section, made.provider, made.base_urls("x")) == (
        "xai-api-key",
        "xai",
        {"openai-responses": "https://api.x.ai/v1"},
    )
    assert made.credentials() == (BEARER,)
    assert made.hands_on("grok-4.5", prefixed=False)
    assert not made.hands_on("gpt-5", prefixed=False)


def test_a_disabled_entry_is_not_there() -> None:
    text = "claude-api-key: [{api-key: a, disabled: true}, {api-key: b, prefix: p}, {api-key: c, disabled: false}]"
    assert [at for _, at, _ in read(text).settings.providers] == [1, 2]


def test_a_disabled_entry_waits_for_no_variable() -> None:
    assert read("claude-api-key: [{api-key: '${OFF}', disabled: true}]") == read("claude-api-key: []")
    assert read("openai-compatibility: [{name: openai, disabled: true}]").skipped == ()


@pytest.mark.parametrize("keys", ["[]", "[{api-key: ''}]", "[{}]"])
def test_a_server_that_wants_no_key(keys: str) -> None:
    text = f"openai-compatibility: [{{name: x, base-url: http://h, models: [{{name: m}}], api-key-entries: {keys}}}]"
    ((_, _, made),) = read(MODE + text).settings.providers
    assert made.credentials() == (None,)
    both = text.replace(keys, "[{api-key: ''}, {api-key: k}]")
    assert refused(MODE + both).startswith("c.yaml:2: openai-compatibility[0].api-key-entries[0].api-key: is missing")


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        pytest.param("rr", "round-robin", id="short"),
        pytest.param("WRR", "weighted-round-robin", id="capitals"),
        pytest.param("' FillFirst '", "fill-first", id="one word, with spaces"),
        pytest.param("fill-first", "fill-first", id="in full"),
        pytest.param("''", "round-robin", id="empty"),
    ],
)
def test_names_of_strategies(written: str, meant: str) -> None:
    assert read(f"{MODE}routing: {{strategy: {written}}}").settings.routing.strategy == meant


def test_spaces_around_a_text_are_nothing() -> None:
    text = f"{MODE}api-keys: [' key-0001 ']\nclaude-api-key: [{{api-key: ' k ', prefix: ' /a/ ', base-url: ' '}}]"
    settings = read(text).settings
    ((_, _, made),) = settings.providers
    assert (settings.api_keys[0].key, made.prefix, made.credentials()) == (Secret("key-0001"), "a", (X_API_KEY,))


@pytest.mark.parametrize("key", ["a$b", "a$$b", "a$$$b", "$$$$", "$2a$10$x"])
def test_dollars_are_themselves(key: str) -> None:
    (client,) = read(f"{MODE}api-keys: ['{key}']").settings.api_keys
    assert client.key == Secret(key)
