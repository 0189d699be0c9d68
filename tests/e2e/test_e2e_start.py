"""How a gateway starts, and how it says that it cannot."""

import contextlib
import json
import re
import socket
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.e2e.conftest import Client
from tests.e2e.gateway_process import CLIENT_KEY, GatewayProcess, config, free_port
from tests.e2e.provider import Provider
from tests.e2e.wire import asking, question, request

MITMPROXYS_OWN = 8080


def taken(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("", port))
        except OSError:
            return True
    return False


def nothing_at(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) != 0


def proxied(port: int, target: str) -> bytes:
    """What an open proxy at `port` would give for `target`."""
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=2) as probe:
        probe.sendall(f"GET {target}/open-proxy HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n".encode())
        return b"".join(iter(lambda: probe.recv(65536), b""))
    return b""


def test_the_plain_form_moves_to_the_configured_port(tmp_path: Path, provider: Provider) -> None:
    port = free_port()
    process = GatewayProcess(tmp_path, config(provider.url, port=port), plain=True, port=port)
    if taken(MITMPROXYS_OWN) and process.process.poll() is not None:
        assert process.wait() == 1
        assert str(MITMPROXYS_OWN) in process.output
        return
    answers: list[bytes] = []
    done = threading.Event()

    def knock() -> None:
        while not done.is_set():
            answers.append(proxied(MITMPROXYS_OWN, provider.url))

    knocking = threading.Thread(target=knock)
    knocking.start()
    try:
        with process:
            with contextlib.closing(Client(process).http) as http:
                assert http.post("/v1/chat/completions", json=question()).status_code == 200
            assert nothing_at(MITMPROXYS_OWN)
            assert b" 200 " not in proxied(port, provider.url).split(b"\r\n")[0]
            done.set()
            knocking.join()
    finally:
        done.set()
    assert [call.path for call in provider.calls] == ["/v1/messages"]
    assert not [answer for answer in answers if answer.startswith(b"HTTP/1.1 200")]


def test_a_port_on_the_command_line_wins(tmp_path: Path, provider: Provider) -> None:
    port, configured = free_port(), free_port()
    arguments = ("-p", str(port), "--listen-host", "127.0.0.1")
    with GatewayProcess(tmp_path, config(provider.url, port=configured), *arguments, plain=True, port=port) as process:
        process.line(rf"answers at http://127\.0\.0\.1:{port}/v1")
        assert nothing_at(configured)
        assert proxied(port, provider.url).startswith(b"HTTP/1.1 404")
    assert provider.calls == []


def with_no(key: str) -> Callable[[dict[str, Any]], str]:
    def text(settings: dict[str, Any]) -> str:
        return json.dumps({**settings, key: 1}, indent=1)

    return text


@pytest.mark.parametrize(
    ("text", "pattern"),
    [
        pytest.param(with_no("no-such-key"), r"config-\d+\.yaml:\d+: no-such-key: ", id="unknown-key"),
        pytest.param(with_no("timeouts"), r"config-\d+\.yaml:\d+: timeouts: ", id="wrong-type"),
        pytest.param(lambda _: "a: [", r"config-\d+\.yaml:\d+", id="not-yaml"),
    ],
)
def test_a_mistake_in_the_configuration_ends_the_start(
    tmp_path: Path, text: Callable[[dict[str, Any]], str], pattern: str
) -> None:
    process = GatewayProcess(tmp_path, text(config("http://127.0.0.1:1")))
    assert process.wait() == 1
    assert re.search(pattern, process.output)
    assert "Traceback" not in process.output
    assert CLIENT_KEY not in process.output
    process.stop()


def test_a_missing_configuration_ends_the_start(tmp_path: Path) -> None:
    process = GatewayProcess(tmp_path, None)
    assert process.wait() == 1
    assert "cannot be read" in process.output
    process.stop()


@pytest.mark.parametrize("plain", [False, True], ids=["mode", "plain"])
def test_a_taken_port_is_said_in_one_sentence(tmp_path: Path, plain: bool) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port: int = other.getsockname()[1]
        process = GatewayProcess(tmp_path, config("http://127.0.0.1:1", port=port), plain=plain, port=port)
        assert process.wait() == 1
    process.stop()
    assert "Traceback" not in process.output
    assert len([line for line in process.lines if str(port) in line]) == 1


def test_an_entry_without_its_variable_is_off_and_says_so(tmp_path: Path, provider: Provider) -> None:
    settings = config(provider.url)
    settings["claude-api-key"][0]["api-key"] = "${SOME_PROVIDERS_KEY}"
    with GatewayProcess(tmp_path, settings) as process:
        assert "SOME_PROVIDERS_KEY" in process.output
        client = Client(process)
        answer = client.chat()
        assert answer.status_code == 400
        assert "SOME_PROVIDERS_KEY" in answer.json()["error"]["message"]
        client.http.close()


def test_mitmweb_shows_what_the_gateway_did_and_no_key(tmp_path: Path, provider: Provider) -> None:
    web = free_port()
    arguments = ("--no-web-open-browser", "--set", f"web_port={web}", "--set", "web_password=open")
    with GatewayProcess(tmp_path, config(provider.url), *arguments, tool="mitmweb") as process:
        client = Client(process)
        assert client.chat(seed=7).status_code == 200
        client.http.close()
        shown = httpx.get(f"http://127.0.0.1:{web}/flows", params={"token": "open"}, trust_env=False)
        assert shown.status_code == 200
        flow = next(each for each in shown.json() if each["request"]["path"] == "/v1/chat/completions")
        assert flow["comment"] == "sonnet -> anthropic/claude-sonnet-4-5  200  1 note: seed dropped"
        assert flow["marked"]
        assert CLIENT_KEY not in shown.text
        base = f"http://127.0.0.1:{web}/flows/{flow['id']}"
        view = httpx.get(f"{base}/request/content/gateway.json", params={"token": "open"}, trust_env=False)
        assert view.status_code == 200


def test_nothing_of_mitmproxys_own_is_answered(tmp_path: Path, provider: Provider) -> None:
    """`mitm.it`, its page of certificates, is no part of the gateway."""
    with GatewayProcess(tmp_path, config(provider.url)) as process:
        requests = request("http://mitm.it/", method="GET") + request(body=asking(), connection="close")
        with socket.create_connection(("127.0.0.1", process.port), timeout=10) as client:
            client.sendall(requests)
            received = b"".join(iter(lambda: client.recv(65536), b""))
    assert received.startswith(b"HTTP/1.1 404")
    assert received.count(b"HTTP/1.1 200") == 1


@pytest.mark.parametrize("plain", [False, True], ids=["beside the gateway's", "alone"])
def test_a_mode_of_mitmproxys_own_is_said_to_be_one(tmp_path: Path, provider: Provider, plain: bool) -> None:
    port, other = free_port(), free_port()
    mode = f"regular@{other}"
    arguments = ("--mode", mode, "--listen-host", "127.0.0.1")
    process = GatewayProcess(tmp_path, config(provider.url), *arguments, plain=plain, port=port)
    try:
        process.line(rf"The mode {mode} is mitmproxy's own, and nothing of the gateway\.")
        line = process.line("The gateway answers")
    finally:
        process.stop()
    assert f"http://127.0.0.1:{other}" not in process.output
    wanted = "nowhere: leave --mode out, or add --mode reverse:" if plain else f" at http://127.0.0.1:{port}/v1 with "
    assert wanted in line


def test_a_mode_of_the_gateways_needs_no_other_option(tmp_path: Path, provider: Provider) -> None:
    port = free_port()
    arguments = (
        "--mode",
        f"reverse:http://gateway.invalid@{port}",
        "--listen-host",
        "127.0.0.1",
        "--set",
        "connection_strategy=eager",
    )
    with (
        GatewayProcess(tmp_path, config(provider.url), *arguments, plain=True, port=port) as process,
        contextlib.closing(Client(process).http) as http,
    ):
        assert http.post("/v1/chat/completions", json=question()).status_code == 200
