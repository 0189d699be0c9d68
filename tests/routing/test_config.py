"""What config.yaml may say, what it means, and how each mistake is reported."""

from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from routing.config import Loaded, load, parse
from routing.errors import ConfigError
from routing.providers.claude import ClaudeKey
from routing.settings import PLACES, EmbeddedSettings, MetricsSettings, Settings, Streaming, Timeouts, keys
from tests.routing.configurations import refused

CLAUDE = "claude-api-key:\n  - api-key: k\n"


def read(text: str, **environ: str) -> Loaded:
    return parse(text.encode(), "c.yaml", environ)


def test_defaults() -> None:
    assert read("{}") == Loaded(Settings(), ())
    given = read("{}").settings
    assert (given.host, given.port, given.api_keys, given.claude_api_key) == ("127.0.0.1", 8317, (), ())
    assert given.embedded == EmbeddedSettings(enable=False, alias="smollm2")
    assert given.providers == ()
    limits = given.timeouts
    assert (limits.connect, limits.first_byte, limits.idle, limits.total) == (10, 300, 120, 0)
    assert (given.streaming.keepalive_seconds, given.drain_seconds) == (15, 20)
    assert (given.body_size_limit, given.on_loss, given.log_format) == (67_108_864, "note", "text")
    assert (given.cors_origins, given.forward_headers) == ((), ())


@pytest.mark.parametrize(
    ("text", "field", "value"),
    [
        pytest.param("port: 1", "port", 1, id="port"),
        pytest.param('port: "8317"', "port", 8317, id="a number in quotes"),
        pytest.param("host: ''\napi-keys: [k]", "host", "", id="host everywhere"),
        pytest.param("host: '::1'", "host", "::1", id="host IPv6"),
        pytest.param("host: '[::1]'", "host", "::1", id="host IPv6 in brackets"),
        pytest.param("host: localhost", "host", "localhost", id="host name"),
        pytest.param("port:", "port", 8317, id="null is the default"),
        pytest.param("timeouts:", "timeouts", Timeouts(), id="null section"),
        pytest.param("timeouts: {}", "timeouts", Timeouts(), id="empty section"),
        pytest.param("timeouts: {idle: 5}", "timeouts", Timeouts(idle=5), id="partial section"),
        pytest.param("timeouts: {idle: , total: 2.5}", "timeouts", Timeouts(total=2.5), id="null in a section"),
        pytest.param("api-keys: []", "api_keys", (), id="empty list of keys"),
        pytest.param("claude-api-key: []", "claude_api_key", (), id="empty list of providers"),
        pytest.param("claude-api-key:", "claude_api_key", (), id="null list of providers"),
        pytest.param("embedded: {enable: true}", "embedded", EmbeddedSettings(enable=True), id="embedded"),
        pytest.param("embedded: {alias: x}", "embedded", EmbeddedSettings(alias="x"), id="embedded is off unless told"),
        pytest.param(
            "metrics: {enable: true, key: k}",
            "metrics",
            MetricsSettings.model_validate({"enable": True, "key": "k"}),
            id="metrics",
        ),
        pytest.param("body-size-limit: 10", "body_size_limit", 10, id="bytes"),
        pytest.param("body-size-limit: 64m", "body_size_limit", 64 << 20, id="m"),
        pytest.param("body-size-limit: 64MiB", "body_size_limit", 64 << 20, id="MiB"),
        pytest.param("body-size-limit: 2 GB", "body_size_limit", 2 << 30, id="GB"),
        pytest.param("body-size-limit: 3k", "body_size_limit", 3072, id="k"),
        pytest.param(
            "streaming: {keepalive-seconds: 0}",
            "streaming",
            Streaming.model_validate({"keepalive-seconds": 0}),
            id="keepalive",
        ),
        pytest.param("on-loss: refuse", "on_loss", "refuse", id="on-loss"),
        pytest.param("log-format: json", "log_format", "json", id="log-format"),
        pytest.param("drain-seconds: 0.5", "drain_seconds", 0.5, id="drain-seconds"),
        pytest.param("cors-origins: ['*']", "cors_origins", ("*",), id="any origin"),
        pytest.param("cors-origins: ['http://A.b:3000']", "cors_origins", ("http://a.b:3000",), id="origin"),
        pytest.param("forward-headers: [X-Trace]", "forward_headers", ("x-trace",), id="forwarded header"),
    ],
)
def test_a_setting(text: str, field: str, value: object) -> None:
    assert getattr(read(text).settings, field) == value


def test_client_keys() -> None:
    keys = read("api-keys: [a, {key: b, name: team}, '${C}', '${D}']", D="d").settings.api_keys
    assert [(key.key.reveal(), key.name) for key in keys] == [("a", "key-1"), ("b", "team"), ("d", "key-4")]


def test_a_whole_claude_entry() -> None:
    text = """
claude-api-key:
  - api-key: ${KEY}
    base-url: https://proxy.example/anthropic/v1/
    prefix: /team/
    models: [{name: claude-opus-5, alias: big}, {name: claude-haiku-4-5}]
    excluded-models: ['*-preview']
    headers: {X-One: a b}
"""
    (entry,) = read(text, KEY="sk").settings.claude_api_key
    assert (entry.api_key.reveal(), entry.base_url, entry.prefix) == ("sk", "https://proxy.example/anthropic", "team")
    assert [model.public for model in entry.models] == ["big", "claude-haiku-4-5"]
    assert entry.excluded_models == ("*-preview",)
    assert {name: value.reveal() for name, value in entry.headers.items()} == {"x-one": "a b"}


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        pytest.param("https://a.b", "https://a.b", id="plain"),
        pytest.param("https://a.b/", "https://a.b", id="slash"),
        pytest.param("https://a.b/v1", "https://a.b", id="version"),
        pytest.param("https://a.b/v1//", "https://a.b", id="version and slashes"),
        pytest.param("https://a.b/v1/messages", "https://a.b", id="whole endpoint"),
        pytest.param("http://[::1]:80/p/q", "http://[::1]:80/p/q", id="path and port kept"),
        pytest.param("https://a.b/p/v1", "https://a.b/p", id="version under a path"),
        pytest.param("https://a.b/pv1", "https://a.b/pv1", id="only a whole component"),
    ],
)
def test_base_url(given: str, expected: str) -> None:
    (entry,) = read(f"{CLAUDE}    base-url: '{given}'").settings.claude_api_key
    assert entry.base_url == expected


def test_anchors_and_merges() -> None:
    text = """
claude-api-key:
  - &first {api-key: a, base-url: https://one, models: &m [{name: x}]}
  - {<<: *first, api-key: b}
  - {api-key: c, models: *m}
"""
    first, second, third = read(text).settings.claude_api_key
    assert (second.api_key.reveal(), second.base_url, second.models) == ("b", "https://one", first.models)
    assert third.models == first.models


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        pytest.param("", "c.yaml: is empty; copy the config.yaml that the gateway ships with", id="empty"),
        pytest.param("# only\n", "c.yaml: is empty; copy the config.yaml that the gateway ships with", id="comment"),
        pytest.param("[1]", "c.yaml:1: is not a mapping", id="list"),
        pytest.param("\n\nport", "c.yaml:3: is not a mapping", id="scalar"),
        pytest.param(b"a: 1\nb: \xff", "c.yaml:2: is not UTF-8; save the file as UTF-8", id="not UTF-8"),
        pytest.param(b"port: 1\n\x00", "c.yaml:2: holds the control character U+0000; remove it", id="NUL"),
        pytest.param("port: 1\nhost: ]", "c.yaml:2: is not valid YAML: ", id="bad YAML"),
        pytest.param("port: 1\n\thost: x", "c.yaml:2: is not valid YAML: ", id="tab"),
        pytest.param("a: *b", "c.yaml:1: is not valid YAML: ", id="unknown alias"),
        pytest.param("--- {}\n--- {}", "c.yaml:2: is not valid YAML: ", id="two documents"),
        pytest.param("port: !env PORT", "c.yaml:1: port: has a tag", id="tag"),
        pytest.param("port: !!int x", "c.yaml:1: port: is not what its type says; put it in quotes", id="bad scalar"),
        pytest.param("[a]: 1", "c.yaml:1: a key must be text", id="list as key"),
        pytest.param("{<<: 3}", "c.yaml:1: `<<` takes the alias of a mapping", id="merge of a scalar"),
        pytest.param(
            "port: 1\nhost: localhost\nport: 2",
            "c.yaml:3: port: stands twice, here and at line 1; keep one of them",
            id="duplicate key",
        ),
        pytest.param("prot: 1", "c.yaml:1: prot: is not a known key; did you mean `port`?", id="unknown key"),
        pytest.param(
            "\nbody_size_limit: 1", "c.yaml:2: body_size_limit: is not a known key; did you mean", id="snake case"
        ),
        pytest.param("idle: 1", "c.yaml:1: idle: is not a known key here; it belongs into `timeouts`", id="misplaced"),
        pytest.param("frobnicate: 3", "c.yaml:1: frobnicate: is not a known key; remove it (those", id="nonsense"),
        pytest.param(
            f"{CLAUDE}    model: []",
            "c.yaml:3: claude-api-key[0].model: is not a known key; did you mean `models`?",
            id="unknown key in an entry",
        ),
        pytest.param("port: 0", "c.yaml:1: port: must be a whole number, 1 or more, at most 65535", id="port 0"),
        pytest.param("port: 65536", "c.yaml:1: port: must be a whole number", id="port above"),
        pytest.param("port: -1", "c.yaml:1: port: must be a whole number", id="port negative"),
        pytest.param("port: true", "c.yaml:1: port: must be a whole number", id="port a boolean"),
        pytest.param("port: 1.0", "c.yaml:1: port: must be a whole number", id="port a float"),
        pytest.param("port: x", "c.yaml:1: port: must be a whole number", id="port a word"),
        pytest.param("host: http://x", "c.yaml:1: host: must be an address or a host name alone", id="host a URL"),
        pytest.param("host: [a]", "c.yaml:1: host: must be an address or a host name alone", id="host a list"),
        pytest.param("timeouts: 5", "c.yaml:1: timeouts: must be a mapping of `key: value` lines", id="not a section"),
        pytest.param(
            "timeouts:\n  idle: -1", "c.yaml:2: timeouts.idle: must be a number of seconds, 0 or more", id="negative"
        ),
        pytest.param("drain-seconds: .inf", "c.yaml:1: drain-seconds: must be a number of seconds", id="infinite"),
        pytest.param("drain-seconds: .nan", "c.yaml:1: drain-seconds: must be a number of seconds", id="nan"),
        pytest.param(f"drain-seconds: 1{'0' * 400}", "c.yaml:1: drain-seconds: must be a number", id="huge"),
        pytest.param("body-size-limit: 0", "c.yaml:1: body-size-limit: must be a number of bytes above 0", id="size"),
        pytest.param("body-size-limit: 5 apples", "c.yaml:1: body-size-limit: must be a number of", id="size unit"),
        pytest.param("on-loss: ignore", "c.yaml:1: on-loss: must be 'note' or 'refuse'", id="no such word"),
        pytest.param("embedded: {enable: 1}", "c.yaml:1: embedded.enable: must be true or false", id="not a truth"),
        pytest.param(
            "\nmetrics: {enable: true}",
            "c.yaml:2: metrics: needs a key of its own, which",
            id="open metrics",
        ),
        pytest.param(
            "metrics: {enable: true, key: '${M}'}", "c.yaml:1: metrics.key: M is not set in", id="metrics of no key"
        ),
        pytest.param(
            "otel: {headers: {x-a: $X}}",
            "c.yaml:1: otel.headers: copies a client's header",
            id="a client's header",
        ),
        pytest.param("otel: {endpoint: localhost}", "c.yaml:1: otel.endpoint: must be an URL such as", id="no URL"),
        pytest.param(
            "inspector: {host: 0.0.0.0}",
            "c.yaml:1: inspector: has a host that others can reach, and needs a key then",
            id="inspector for everybody",
        ),
        pytest.param("inspector: {redact: ['(']}", "c.yaml:1: inspector.redact[0]: ", id="no regular expression"),
        pytest.param("inspector: {spool: no/such/folder}", "c.yaml:1: inspector.spool: must be a fol", id="no folder"),
        pytest.param("inspector: {spool-days: 3}", "c.yaml:1: inspector: has bounds of a spool", id="no spool"),
        pytest.param("inspector: {bodies: some}", "c.yaml:1: inspector.bodies: must be 'redacted'", id="no bodies"),
        pytest.param("api-keys: k", "c.yaml:1: api-keys: must be a list; begin each item with a dash", id="no list"),
        pytest.param("api-keys: {a: b}", "c.yaml:1: api-keys: must be a list", id="mapping for a list"),
        pytest.param("api-keys: ['']", "c.yaml:1: api-keys[0].key: is empty; give a key", id="empty client key"),
        pytest.param(
            "api-keys:\n - a\n -", "c.yaml:3: api-keys[1]: must have exactly one of key", id="null client key"
        ),
        pytest.param("api-keys: [123]", "c.yaml:1: api-keys[0].key: must be text", id="client key a number"),
        pytest.param("api-keys: [a b]", "c.yaml:1: api-keys[0].key: must be visible ASCII", id="space in a key"),
        pytest.param("api-keys: [ä]", "c.yaml:1: api-keys[0].key: must be visible ASCII", id="key not ASCII"),
        pytest.param("api-keys: [{name: x}]", "c.yaml:1: api-keys[0]: must have exactly one of key", id="key missing"),
        pytest.param(
            "api-keys:\n- a\n- b\n- a",
            "c.yaml:4: api-keys[2]: is the same key as at line 2; remove or rename one of them",
            id="client key twice",
        ),
        pytest.param(
            "api-keys:\n- {key: a, name: key-2}\n- b",
            "c.yaml:3: api-keys[1]: is the same name as at line 2; remove or rename one of them",
            id="name twice",
        ),
        pytest.param(
            "api-keys:\n- key: a\n  models: []", "c.yaml:3: api-keys[0].models: is empty; name models", id="no model"
        ),
        pytest.param("host: 0.0.0.0", "c.yaml:1: host: lets other machines in, and api-keys", id="open"),
        pytest.param("host: ''\napi-keys: []", "c.yaml:1: host: lets other machines in", id="open, empty host"),
        pytest.param("host: gw.lan\napi-keys: ['${A}']", "c.yaml:1: host: lets other machines in", id="open, key off"),
        pytest.param("claude-api-key:\n - {}", "c.yaml:2: claude-api-key[0].api-key: is missing; add it", id="no key"),
        pytest.param(
            "claude-api-key:\n - prefix: a\n   api-key:",
            "c.yaml:3: claude-api-key[0].api-key: is missing; add it",
            id="null key",
        ),
        pytest.param(
            f"{CLAUDE}    models:\n      - {{name: a, alias: x}}\n"
            "      - {name: b, alias: x}\n      - {name: a, alias: x}",
            "c.yaml:6: claude-api-key[0].models[2]: is the same model and alias as at line 4; remove or rename one of",
            id="a model twice",
        ),
        pytest.param(
            f"{CLAUDE}    models: [claude]",
            "c.yaml:3: claude-api-key[0].models[0]: must be a mapping of `key: value` lines; "
            "write `models: [{name: NAME}]`",
            id="model",
        ),
        *(
            pytest.param(
                f"{key}: 1", f"c.yaml:1: {key}: is not a known key; did you mean `{meant}`?", id=f"means {meant}: {key}"
            )
            for key, meant in (
                ("anthropic-api-key", "claude-api-key"),
                ("anthropic", "claude-api-key"),
                ("claude", "claude-api-key"),
                ("google-api-key", "gemini-api-key"),
                ("gemini_api_keys", "gemini-api-key"),
                ("vertex-ai", "vertex"),
                ("aws-bedrock", "bedrock"),
                ("openai-api-key", "openai-compatibility"),
                ("openrouter", "openai-compatibility"),
                ("lm-studio", "openai-compatibility"),
                ("azure", "azure-openai"),
                ("azure-openai-api-key", "azure-openai"),
                ("codex", "codex-api-key"),
                ("ollama-servers", "ollama"),
                ("anthropic-vertex", "vertex"),
                ("openai-responses", "codex-api-key"),
                ("api-key", "api-keys"),
                ("drain-second", "drain-seconds"),
            )
        ),
        pytest.param(f"{CLAUDE}    models: [{{name: a b}}]", "c.yaml:3: claude-api-key[0].models[0].name: ", id="name"),
        pytest.param(f"{CLAUDE}    models: [{{name: no}}]", "c.yaml:3: claude-api-key[0].models[0].name: must be text"),
        pytest.param(f"{CLAUDE}    prefix: a/b", "c.yaml:3: claude-api-key[0].prefix: must be one word", id="prefix"),
        pytest.param(f"{CLAUDE}    base-url: a.b", "c.yaml:3: claude-api-key[0].base-url: must be an URL", id="URL"),
        pytest.param(f"{CLAUDE}    base-url: https://", "c.yaml:3: claude-api-key[0].base-url: must", id="URL no host"),
        pytest.param(f"{CLAUDE}    base-url: http://a:0", "c.yaml:3: claude-api-key[0].base-url: must", id="URL port"),
        pytest.param(
            f"{CLAUDE}    base-url: http://[a", "c.yaml:3: claude-api-key[0].base-url: must", id="URL bracket"
        ),
        pytest.param(f"{CLAUDE}    base-url: http://a?b", "c.yaml:3: claude-api-key[0].base-url: must", id="URL query"),
        pytest.param(
            f"{CLAUDE}    base-url: http://u:p@a",
            "c.yaml:3: claude-api-key[0].base-url: must not hold a name or password",
            id="URL credentials",
        ),
        pytest.param(f"{CLAUDE}    headers: {{Host: x}}", "c.yaml:3: claude-api-key[0].headers: holds a", id="host"),
        pytest.param(f"{CLAUDE}    headers: {{a: 1}}", "c.yaml:3: claude-api-key[0].headers: each", id="header int"),
        pytest.param(f'{CLAUDE}    headers: {{a: "x\\ny"}}', "c.yaml:3: claude-api-key[0].headers: each", id="CRLF"),
        pytest.param(f"{CLAUDE}    headers: {{a b: x}}", "c.yaml:3: claude-api-key[0].headers: must", id="header name"),
        pytest.param(f"{CLAUDE}    headers: {{a: x, A: y}}", "c.yaml:3: claude-api-key[0].headers: the", id="case"),
        pytest.param(
            f"{CLAUDE}    headers: {{a: $Authorization}}",
            "c.yaml:3: claude-api-key[0].headers: copies a",
            id="copied key",
        ),
        pytest.param(f"{CLAUDE}    headers: [a]", "c.yaml:3: claude-api-key[0].headers: must be", id="headers a list"),
        pytest.param("cors-origins: [a.b]", "c.yaml:1: cors-origins[0]: must be an origin", id="origin"),
        pytest.param("cors-origins: ['http://a/b']", "c.yaml:1: cors-origins[0]: must be an origin", id="origin path"),
        pytest.param("forward-headers: [Cookie]", "c.yaml:1: forward-headers[0]: names a header that", id="cookie"),
        pytest.param("forward-headers: ['a b']", "c.yaml:1: forward-headers[0]: must be the name", id="no header name"),
        pytest.param("forward-headers:\n- x\n- X", "c.yaml:3: forward-headers[1]: is the same as", id="forward twice"),
        pytest.param("port: ${PORT}", "c.yaml:1: port: PORT is not set in the environment, or empty", id="variable"),
        pytest.param("port: ${1}", "c.yaml:1: port: holds a `${` that begins no variable; write", id="bad reference"),
        pytest.param("host: ${A-b}", "c.yaml:1: host: holds a `${` that begins no variable; write", id="one dash"),
        pytest.param(
            "claude-api-key:\n - api-key: ${OFF}\n   modles: []",
            "c.yaml:3: claude-api-key[0].modles: is not a known key; did you mean `models`?",
            id="mistake in an entry that is off",
        ),
        pytest.param(
            "claude-api-key:\n - api-key: ${OFF}\n - api-key: x\n   prefix: 3",
            "c.yaml:4: claude-api-key[1].prefix: must be text",
            id="mistake after an entry that is off",
        ),
    ],
)
def test_a_mistake(text: str | bytes, problem: str) -> None:
    message = refused(text)
    assert message.startswith(problem)
    assert "\n" not in message


def test_all_mistakes_at_once() -> None:
    assert [line.split(": ")[:2] for line in refused("port: x\nhots: y\nhost: 1\n${X}: z").splitlines()] == [
        ["c.yaml:1", "port"],
        ["c.yaml:2", "hots"],
        ["c.yaml:3", "host"],
        ["c.yaml:4", "(a key that is not shown)"],
    ]


def test_many_mistakes_are_cut() -> None:
    lines = refused("\n".join(f"a{n}: 1" for n in range(50))).splitlines()
    assert len(lines) == 21
    assert lines[-1] == "c.yaml: and 30 more mistakes"


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        pytest.param(lambda path: None, "there is no such file; create it, or name", id="missing"),
        pytest.param(lambda path: path.mkdir(), "Is a directory; name", id="directory"),
    ],
)
def test_a_file_that_cannot_be_read(tmp_path: Path, make: Callable[[Path], None], reason: str) -> None:
    make(path := tmp_path / "config.yaml")
    with pytest.raises(ConfigError) as caught:
        load(path, {})
    assert str(caught.value).startswith(f"{path}: cannot be read: {reason} another file")


def test_a_file(tmp_path: Path) -> None:
    (path := tmp_path / "config.yaml").write_bytes(b"\xef\xbb\xbfport: 5\r\n")
    assert load(path, {}).settings.port == 5


@pytest.mark.parametrize(
    ("written", "environ", "host"),
    [
        pytest.param("${H}", {"H": "localhost"}, "localhost", id="set"),
        pytest.param("${H:-::1}", {}, "::1", id="default"),
        pytest.param("${H:-::1}", {"H": ""}, "::1", id="empty is unset"),
        pytest.param("${H:-::1}", {"H": "localhost"}, "localhost", id="set over default"),
        pytest.param("local${H}", {"H": "host"}, "localhost", id="inside a text"),
        pytest.param("${A}${B}", {"A": "local", "B": "host"}, "localhost", id="two"),
    ],
)
def test_variables(written: str, environ: dict[str, str], host: str) -> None:
    assert read(f"host: '{written}'", **environ).settings.host == host


@pytest.mark.parametrize(
    ("written", "key"),
    [
        pytest.param("a$$b", "a$b", id="escaped"),
        pytest.param("a$b", "a$b", id="lone dollar"),
        pytest.param("$${A}", "${A}", id="escaped reference"),
        pytest.param("${A}", "${B}$$", id="what a variable holds is not expanded"),
    ],
)
def test_dollars(written: str, key: str) -> None:
    (client,) = read(f"api-keys: ['{written}']", A="${B}$$", B="no").settings.api_keys
    assert client.key.reveal() == key


def test_numbers_from_variables() -> None:
    text = "port: ${P}\ntimeouts:\n  idle: ${I}\nembedded:\n  enable: ${E:-true}\nbody-size-limit: ${S}"
    settings = read(text, P="99", I="1.5", S="1m").settings
    assert (settings.port, settings.timeouts.idle, settings.embedded.enable) == (99, 1.5, True)
    assert settings.body_size_limit == 1 << 20


def test_entries_that_are_off() -> None:
    text = """
api-keys: ["${CLIENT}", real]
claude-api-key:
  - api-key: ${A}
    base-url: ${B}
    models: [{name: m, alias: one}, {name: two}]
  - api-key: real
"""
    loaded = read(text)
    assert [key.name for key in loaded.settings.api_keys] == ["key-2"]
    assert [entry.api_key.reveal() for entry in loaded.settings.claude_api_key] == ["real"]
    client, provider = loaded.skipped
    assert (client.section, client.line, client.variables, client.aliases) == ("api-keys", 2, ("CLIENT",), ())
    assert (provider.section, provider.line, provider.variables) == ("claude-api-key", 4, ("A", "B"))
    assert provider.aliases == ("one", "two")
    assert isinstance(provider.entry, ClaudeKey)
    assert provider.text == (
        "claude-api-key at line 4 is off: A and B not set in the environment; it would serve one, two"
    )


@pytest.mark.parametrize(
    "field",
    [
        pytest.param("models: [{name: '${N}'}]", id="name"),
        pytest.param("models: [{name: a, alias: '${N}'}]", id="alias"),
        pytest.param("headers: {x: '${N}'}", id="header"),
        pytest.param("prefix: ${N}", id="prefix"),
        pytest.param("excluded-models: ['${N}']", id="exclusion"),
    ],
)
def test_any_variable_of_an_entry_switches_it(field: str) -> None:
    loaded = read(f"{CLAUDE}    {field}")
    assert loaded.settings.claude_api_key == ()
    assert [off.variables for off in loaded.skipped] == [("N",)]
    assert "unset.invalid" not in loaded.skipped[0].text


@pytest.mark.parametrize(
    "host", [pytest.param(host, id=host) for host in ("127.0.0.1", "127.9.9.9", "localhost", "::1")]
)
def test_loopback_needs_no_keys(host: str) -> None:
    assert read(f"host: '{host}'").settings.loopback


SYNTAX = st.sampled_from(
    [*":-[]{}|>!?,#'\"%", "!!int", "<<", "&a", "*a", "${A}", "${", "1", "-1", "1e9", ".inf", "0x_"]
)
NESTED = sorted({key for section in PLACES.values() for key in keys(section)})
KEYS = st.sampled_from(["2026-11-22", "null", "true", *keys(Settings), *NESTED])
WORDS = st.one_of(SYNTAX, KEYS)
LINES = st.lists(st.tuples(st.sampled_from(["", " ", "  ", "    "]), WORDS, st.sampled_from([": ", "\n", " ", ""])))


@settings(max_examples=300, deadline=None)
@given(st.one_of(st.binary(), st.text().map(str.encode), LINES.map(lambda rows: "".join(map("".join, rows)).encode())))
def test_no_text_breaks_the_reader(data: bytes) -> None:
    try:
        result = str(parse(data, "c.yaml", {"A": "x"}))
    except ConfigError as error:
        result = str(error)
    assert result.startswith(("c.yaml", "Loaded("))


@pytest.mark.parametrize(
    ("rest", "warnings"),
    [
        pytest.param("embedded: {enable: true, alias: big}", 1, id="hidden"),
        pytest.param("embedded: {enable: true, alias: x}", 0, id="another name"),
        pytest.param("embedded: {alias: big}", 0, id="off"),
        pytest.param("embedded: {enable: true, alias: big}\nforce-model-prefix: true", 0, id="the entry has a prefix"),
    ],
)
def test_a_local_model_that_nobody_can_ask_for_is_told(rest: str, warnings: int) -> None:
    entries = "claude-api-key:\n  - {api-key: a, prefix: p, models: [{name: x, alias: big}]}"
    line = (
        'embedded: "big" is never asked here, for claude-api-key at line 2 serves that name; '
        "give one of them another alias"
    )
    assert read(f"{entries}\n{rest}").warnings == (line,) * warnings


@pytest.mark.parametrize(
    ("excluded", "warned"),
    [
        pytest.param("['b*', small]", True, id="all of them"),
        pytest.param("[big]", False, id="one of them"),
        pytest.param("[claude-*]", False, id="only by the names that the provider has"),
    ],
)
def test_an_entry_of_which_nothing_is_left_is_told(excluded: str, warned: bool) -> None:
    models = "[{name: claude-x, alias: big}, {name: claude-y, alias: small}]"
    text = f"claude-api-key:\n  - api-key: a\n    models: {models}\n    excluded-models: {excluded}"
    line = "claude-api-key: excluded-models at line 4 takes away all models of its entry; it serves nothing"
    assert read(text).warnings == (line,) * warned
