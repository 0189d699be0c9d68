"""curl and HTTPie, run by real shells against a real server: it gets the very bytes of the recorded request."""

import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from addons.inspector.exports import Unexportable, export
from addons.inspector.exports.shell import word
from addons.inspector.recording import Exchange
from tests.addons.inspector.recorded import FIXTURES, exchange
from tests.e2e.provider import Provider, whole

TEXT = (FIXTURES / "anthropic/text.sse").read_bytes()
KEY = "sk-the-real-key-0123456789"
BIN = Path(sys.executable).parent
ODD_HEADERS = (("x-odd", "a'b\"c $HOME `id` end"), ("x-at", "@/etc/passwd"), ("x-is", "=1"), ("x-colon", ":=2"))
BODIES = [
    pytest.param('{"a": "plain"}', id="plain"),
    pytest.param("it's '; touch hacked; '", id="quotes end"),
    pytest.param("$(touch hacked) `touch hacked` $HOME ${PATH} !! !$", id="expansions"),
    pytest.param("@/etc/passwd", id="a file name"),
    pytest.param("--data-raw -X GET", id="options"),
    pytest.param("two\nlines\n\n\\n \\\\ %s %d \\", id="lines and backslashes"),
    pytest.param("EOF\nEOF\n' EOF", id="a here document"),
    pytest.param("separators \u2028 \u2029 \u0085 and \u202e bidi", id="unicode separators"),
    pytest.param("\x1b]0;title\x07 \x00 \x03 \r carriage", id="control characters"),
    pytest.param("<script>alert('1')</script> 👩‍👩‍👧 世界", id="markup and emoji"),
    pytest.param("long ' " * 30_000, id="200 KB"),
]


@pytest.fixture
def server(running_provider: Provider) -> Iterator[Provider]:
    running_provider.reset()
    running_provider.scripts = [whole({"ok": True})]
    yield running_provider
    assert not running_provider.errors


def recorded(server: Provider, body: str | None = None, headers: tuple[tuple[str, str], ...] = ODD_HEADERS) -> Exchange:
    it = exchange("anthropic", TEXT, url=server.url, host=urlsplit(server.url).netloc, headers=headers)
    if body is not None:
        assert it.client_request is not None
        it.client_request = replace(it.client_request, body=body.encode())
        it.attempts[0].request = replace(it.attempts[0].request, body=body.encode())
    return it


def run(shell: str, command: str, folder: Path) -> None:
    variables = {"PATH": f"{BIN}:/usr/bin:/bin", "GATEWAY_KEY": KEY, "PROVIDER_KEY": KEY, "HOME": str(folder)}
    for check in ((shell, "-n"), (shell,)):
        file = folder / "command.sh"
        file.write_bytes(command.encode())
        done = subprocess.run(
            [*check, str(file)], check=False, env=variables, cwd=folder, capture_output=True, timeout=60
        )
        assert done.returncode == 0, done.stderr.decode()
    assert not (folder / "hacked").exists()


@pytest.mark.parametrize("body", BODIES)
@pytest.mark.parametrize("shell", ["bash", "dash"])
def test_curl_sends_the_same_bytes(server: Provider, tmp_path: Path, shell: str, body: str) -> None:
    command = export(recorded(server, body).detail(), "curl").text
    assert KEY not in command
    assert "\x1b" not in command
    run(shell, command, tmp_path)
    call = server.call()
    assert call.body == body.encode()
    assert (call.method, call.path) == ("POST", "/v1/chat/completions")
    assert call.headers["authorization"] == f"Bearer {KEY}"
    assert {name: call.headers[name] for name, _ in ODD_HEADERS} == dict(ODD_HEADERS)


@pytest.mark.parametrize("body", BODIES)
def test_httpie_sends_the_same_bytes(server: Provider, tmp_path: Path, body: str) -> None:
    run("bash", export(recorded(server, body).detail(), "httpie").text, tmp_path)
    call = server.call()
    assert call.body == body.encode()
    assert (call.method, call.path) == ("POST", "/v1/chat/completions")
    assert call.headers["authorization"] == f"Bearer {KEY}"
    assert {name: call.headers[name] for name, _ in ODD_HEADERS} == dict(ODD_HEADERS)


@pytest.mark.parametrize("form", ["curl", "httpie"])
def test_the_providers_leg(server: Provider, tmp_path: Path, form: str) -> None:
    it = recorded(server)
    command = export(it.detail(), form, "provider").text  # type: ignore[arg-type]
    assert "$PROVIDER_KEY" in command
    run("bash", command, tmp_path)
    call = server.call()
    assert call.body == it.attempts[0].request.body
    assert (call.path, call.headers["x-api-key"]) == ("/v1/messages", KEY)
    assert call.headers["anthropic-version"] == "2023-06-01"


@pytest.mark.parametrize("form", ["curl", "httpie"])
def test_a_key_in_the_query(server: Provider, tmp_path: Path, form: str) -> None:
    it = recorded(server)
    attempt = it.attempts[0]
    attempt.request = replace(attempt.request, line=f"POST {server.url}/v1/x?key=[redacted]&a=$HOME'[1-3]", headers=())
    run("bash", export(it.detail(), form, "provider").text, tmp_path)  # type: ignore[arg-type]
    path = server.call().path
    assert path.startswith(f"/v1/x?key={KEY}&a=$HOME")
    assert "1-3" in path


def test_secrets_that_are_not_the_key_are_left_out(server: Provider) -> None:
    command = export(recorded(server, headers=(("cookie", "[redacted]"),)).detail(), "curl").text
    assert "-H 'cookie" not in command
    assert command.startswith("# Secret headers were left out: cookie.\n")


def test_the_clients_key_may_have_been_elsewhere(server: Provider, tmp_path: Path) -> None:
    it = recorded(server, headers=(("x-api-key", "[redacted]"), ("x-request-id", "the old one")))
    run("bash", export(it.detail(), "curl").text, tmp_path)
    headers = server.call().headers
    assert headers["x-api-key"] == KEY
    assert not {"authorization", "x-request-id"} & headers.keys()


def test_media_that_were_not_kept(server: Provider) -> None:
    body = '{"url": "[base64 image/png, 12 bytes, sha256 0123456789ab]"}'
    assert export(recorded(server, body).detail(), "curl").text.startswith("# Media in the body were not kept")


def test_a_host_that_is_none(server: Provider) -> None:
    it = exchange("anthropic", TEXT, host="a';touch hacked;'")
    assert "hacked" not in export(it.detail(), "curl").text


@pytest.mark.parametrize(
    ("change", "why"),
    [
        pytest.param({"body": None}, "inspector.bodies", id="no body"),
        pytest.param({"cut": True}, "inspector.exchange-memory", id="a part of it"),
        pytest.param({"line": "POST file:///etc/passwd"}, "line", id="no URL of HTTP"),
    ],
)
def test_what_cannot_be_exported_says_why(server: Provider, change: dict[str, object], why: str) -> None:
    it = recorded(server)
    it.client_request = replace(it.client_request, **change)  # type: ignore[arg-type, type-var]
    for form in ("curl", "httpie", "python"):
        with pytest.raises(Unexportable, match=why):
            export(it.detail(), form)  # type: ignore[arg-type]


def test_a_request_that_never_left() -> None:
    it = exchange("anthropic", TEXT)
    it.attempts = ()
    with pytest.raises(Unexportable, match="No request was sent"):
        export(it.detail(), "curl", "provider")


@pytest.mark.parametrize(
    ("text", "quoted"),
    [
        pytest.param("", "''", id="nothing"),
        pytest.param("a'b", "'a'\\''b'", id="a quote"),
        pytest.param("x: [redacted]", "'x: '\"$KEY\"", id="the key"),
    ],
)
def test_words(text: str, quoted: str) -> None:
    assert word(text, "KEY") == quoted
