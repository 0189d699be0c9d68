"""Hot reload: the files change in every way that editors and deployments have, and clients notice nothing but what is
new."""

import json
import os
import signal
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.e2e import claude
from tests.e2e.gateway_process import CLIENT_KEY, PROVIDER_KEY, SECRETS, GatewayProcess, config, free_port
from tests.e2e.provider import EVENT_STREAM, LAST_CHUNK, Call, Provider, chunk, head, sse, whole
from tests.e2e.wire import Wire, asking, request

AGAIN = r"was read again|were read again"
EVENTS = [chunk(sse(event)) for event in claude.HELLO]
OTHER_KEY = "canary-of-another-client-77aa01"

needs_sighup = pytest.mark.skipif(not hasattr(signal, "SIGHUP"), reason="there is no SIGHUP here")


def text(settings: dict[str, Any]) -> str:
    return json.dumps(settings, indent=1) + "\n"


def with_model(provider: Provider, alias: str, **more: Any) -> dict[str, Any]:
    """The configuration with one more model."""
    settings = config(provider.url, **more)
    settings["claude-api-key"][0]["models"].append({"name": "claude-opus-4-5", "alias": alias})
    return settings


@pytest.fixture
def process(tmp_path: Path, provider: Provider) -> Iterator[GatewayProcess]:
    with GatewayProcess(tmp_path, text(config(provider.url))) as started:
        yield started


def models(process: GatewayProcess, key: str = CLIENT_KEY) -> list[str]:
    headers = {"authorization": f"Bearer {key}"}
    answer = httpx.get(f"{process.url}/v1/models", headers=headers, trust_env=False)
    assert answer.status_code == 200, answer.text
    return [model["id"] for model in answer.json()["data"]]


def hang_up(process: GatewayProcess, settings: dict[str, Any] | str) -> str:
    """Write the file and send SIGHUP; the line that says what has become of it."""
    before = len(process.lines)
    process.config.write_text(settings if isinstance(settings, str) else text(settings))
    process.process.send_signal(signal.SIGHUP)
    return process.line(f"{AGAIN}|stays as it is", before)


# --- the ways in which files change ---------------------------------------------------------------------


def in_place(file: Path, content: str) -> None:
    file.write_text(content)


def replaced(file: Path, content: str) -> None:
    """As most editors write, and `sed -i`."""
    other = file.with_suffix(".new")
    other.write_text(content)
    other.replace(file)


def put_aside(file: Path, content: str) -> None:
    """As vim with a backup: for a moment there is no file."""
    file.rename(file.with_suffix(".yaml~"))
    file.write_text(content)


def removed_and_made(file: Path, content: str) -> None:
    file.unlink()
    file.write_text(content)


def in_pieces(file: Path, content: str) -> None:
    """As what writes slowly; each piece of it is valid."""
    with file.open("w") as opened:
        for line in content.splitlines(keepends=True):
            opened.write(line)
            opened.flush()
            os.fsync(opened.fileno())


@pytest.mark.parametrize("change", [in_place, replaced, put_aside, removed_and_made, in_pieces])
def test_a_file_that_changes(process: GatewayProcess, provider: Provider, change: Callable[[Path, str], None]) -> None:
    change(process.config, text(with_model(provider, "opus")))
    assert process.line(AGAIN).endswith("claude-api-key: 1 entry changed; models: opus added.")
    assert "opus" in models(process)
    before = len(process.lines)
    change(process.config, text(with_model(provider, "other")))
    assert process.line(AGAIN, before).endswith("models: other added, opus removed.")
    assert "stays as it is" not in process.output


def test_links_as_kubernetes_swaps_them(tmp_path: Path, provider: Provider) -> None:
    def version(name: str, settings: dict[str, Any]) -> None:
        (tmp_path / name).mkdir()
        (tmp_path / name / "config.yaml").write_text(text(settings))
        (tmp_path / "..data_tmp").symlink_to(name)
        (tmp_path / "..data_tmp").replace(tmp_path / "..data")

    version("..1", config(provider.url))
    port = free_port()
    (tmp_path / f"config-{port}.yaml").symlink_to("..data/config.yaml")
    with GatewayProcess(tmp_path, None, port=port) as process:
        for number, alias in enumerate(("a", "b", "c"), 2):
            before = len(process.lines)
            version(f"..{number}", with_model(provider, alias))
            assert f"models: {alias} added" in process.line(AGAIN, before)


def test_the_file_of_variables(tmp_path: Path, provider: Provider) -> None:
    settings = config(provider.url, api_keys=[{"key": "${TESTERS_KEY}", "name": "tester"}, "${ABSENT}"])
    (tmp_path / ".env").write_text(f"TESTERS_KEY={CLIENT_KEY}\n")
    with GatewayProcess(tmp_path, text(settings)) as process:
        assert models(process)
        process.line("api-keys at line 7 is off: ABSENT not set in the environment")
        before = len(process.lines)
        (tmp_path / ".env").write_text(f"TESTERS_KEY={OTHER_KEY}\nABSENT={CLIENT_KEY}\n")
        line = process.line(AGAIN, before)
        assert line == ".env was read again: api-keys: key-2 added, tester changed."
        assert models(process, OTHER_KEY)
        before = len(process.lines)
        (tmp_path / ".env").write_text("TESTERS_KEY\n")
        assert process.line("stays as it is", before)
        assert f"{tmp_path / '.env'}:1: is no variable; write NAME=value" in process.output
        assert models(process, OTHER_KEY)
        assert not any(secret in process.output for secret in (*SECRETS, OTHER_KEY))


def test_a_file_of_a_key(tmp_path: Path, provider: Provider) -> None:
    """It is watched as soon as the configuration names it, also while it is not there."""
    with GatewayProcess(tmp_path, text(config(provider.url))) as process:
        settings = config(provider.url, api_keys=[{"key-file": "keys/tester", "name": "tester"}])
        process.config.write_text(text(settings))
        process.line("key-file: there is no such file")
        (tmp_path / "keys").mkdir()
        (tmp_path / "keys" / "tester").write_text(OTHER_KEY)
        assert "api-keys: tester changed" in process.line(AGAIN)
        assert models(process, OTHER_KEY)
        before = len(process.lines)
        (tmp_path / "keys" / "tester").write_text(f"{CLIENT_KEY}\n")
        assert process.line(AGAIN, before).startswith("tester was read again: api-keys: tester changed")
        assert models(process)


def test_a_new_time_without_a_new_word_is_no_change(process: GatewayProcess, provider: Provider) -> None:
    os.utime(process.config)
    process.config.write_text(text(config(provider.url)))
    process.config.write_text(text(with_model(provider, "opus")))
    process.line(AGAIN)
    assert len([line for line in process.lines if "read again" in line]) == 1


# --- what cannot be used --------------------------------------------------------------------------------


def test_a_mistake_is_told_once_and_changes_nothing(process: GatewayProcess, provider: Provider) -> None:
    bad = text(config(provider.url)).replace('"note"', "").replace("{\n", '{\n "on-los": "canary-value",\n', 1)
    process.config.write_text(bad)
    process.line("stays as it is")
    os.utime(process.config)
    process.line(rf"{process.config}:2: on-los: is not a known key; did you mean `on-loss`\?")
    assert models(process) == ["sonnet", "team/small/haiku"]
    process.config.write_text(text(with_model(provider, "opus")))
    process.line(AGAIN)
    assert [line for line in process.lines if "stays as it is" in line] == ["The configuration in use stays as it is."]
    assert "canary-value" not in process.output


def test_a_folder_without_the_file_keeps_the_gateway_going(process: GatewayProcess, provider: Provider) -> None:
    process.config.unlink()
    process.line("there is no such file")
    assert models(process) == ["sonnet", "team/small/haiku"]
    process.config.write_text(text(config(provider.url)))
    assert process.line(AGAIN).endswith("was read again: nothing has changed.")


@needs_sighup
@pytest.mark.parametrize(
    ("more", "line"),
    [
        pytest.param({"port": 1}, "port takes effect after a restart.", id="port"),
        pytest.param(
            {"host": "::1", "embedded": {"alias": "x"}}, "host and embedded take effect after a restart.", id="two"
        ),
    ],
)
def test_what_waits_for_a_restart(process: GatewayProcess, provider: Provider, more: dict[str, Any], line: str) -> None:
    assert "models: opus added" in hang_up(process, with_model(provider, "opus", **more))
    assert process.line("after a restart").endswith(line)
    assert "opus" in models(process)


# --- what clients have of it ----------------------------------------------------------------------------


@needs_sighup
def test_a_key_that_is_removed_is_refused_on_an_open_connection(process: GatewayProcess, provider: Provider) -> None:
    with Wire(process.port) as wire:
        for key, status in ((CLIENT_KEY, 200), (OTHER_KEY, 401)):
            wire.send(request(body=asking(), key=key))
            assert wire.receive().status == status
        line = hang_up(process, config(provider.url, api_keys=[{"key": OTHER_KEY, "name": "other"}]))
        assert line.endswith("api-keys: other added, tester removed.")
        for key, status in ((CLIENT_KEY, 401), (OTHER_KEY, 200)):
            wire.send(request(body=asking(), key=key))
            assert wire.receive().status == status


@needs_sighup
def test_what_runs_keeps_what_it_began_with(process: GatewayProcess, provider: Provider) -> None:
    """Its model, its key and its entry are gone, and it ends as if they were there; what it must not tell stays
    untold."""
    go = threading.Event()

    async def script(call: Call) -> None:
        await call.send(head(200, EVENT_STREAM) + b"".join(EVENTS[:4]))
        await call.until(go)
        error = {"type": "error", "error": {"type": "overloaded_error", "message": f"not for {PROVIDER_KEY}"}}
        await call.send(chunk(sse(error)) + LAST_CHUNK)

    provider.scripts = [script]
    with Wire(process.port) as wire:
        wire.send(request(body=asking(True)))
        wire.until(b'"lo "')
        settings = config(provider.url, api_keys=[OTHER_KEY])
        settings["claude-api-key"] = [
            {"api-key": "another-key-of-the-provider", "base-url": provider.url, "prefix": "x"}
        ]
        assert "sonnet" in hang_up(process, settings)
        go.set()
        rest = wire.until(b"0\r\n\r\n")
        assert b"not for [redacted]" in rest
        wire.send(request(body=asking()))
        assert wire.receive().status == 401
    assert not any(secret in process.output for secret in SECRETS)


@needs_sighup
def test_what_a_server_has_told_is_kept(tmp_path: Path, provider: Provider) -> None:
    """The entry's place in the file is another one; it is the same by its address."""
    ollama = {"base-url": f"{provider.url}/ollama"}
    provider.default = whole({"models": [{"name": "qwen:latest"}]})
    with GatewayProcess(tmp_path, text(config(provider.url, ollama=[ollama]))) as process:
        while "qwen:latest" not in models(process):
            pass
        provider.default = whole({}, status=500)
        other = {"base-url": f"{provider.url}/other"}
        hang_up(process, with_model(provider, "opus", ollama=[other, ollama]))
        assert {"qwen:latest", "opus"} < set(models(process))


@needs_sighup
def test_who_comes_to_the_place_of_a_key_does_not_come_to_its_answers(tmp_path: Path, provider: Provider) -> None:
    """A key without a name is called after its position, which another one has when the first is removed."""
    settings = config(provider.url, api_keys=[OTHER_KEY, CLIENT_KEY], response_store={"enable": True})
    with GatewayProcess(tmp_path, text(settings)) as process:

        def ask(method: str, path: str, key: str, **body: Any) -> httpx.Response:
            headers = {"authorization": f"Bearer {key}"}
            return httpx.request(method, process.url + path, json=body, headers=headers, trust_env=False)

        id = ask("POST", "/v1/responses", OTHER_KEY, model="sonnet", input="hi").json()["id"]
        assert ask("GET", f"/v1/responses/{id}", OTHER_KEY).status_code == 200
        hang_up(process, {**settings, "api-keys": [CLIENT_KEY]})
        assert ask("GET", f"/v1/responses/{id}", CLIENT_KEY).status_code == 404
        again = ask("POST", "/v1/responses", CLIENT_KEY, model="sonnet", input="hi", previous_response_id=id)
        assert again.json()["error"]["code"] == "previous_response_not_found"
        assert ask("DELETE", f"/v1/responses/{id}", CLIENT_KEY).status_code == 404
        hang_up(process, {**settings, "api-keys": [CLIENT_KEY, OTHER_KEY]})
        assert ask("GET", f"/v1/responses/{id}", OTHER_KEY).status_code == 200


def test_the_end_is_heard_by_what_began_before_a_reload(process: GatewayProcess, provider: Provider) -> None:
    async def script(call: Call) -> None:
        await call.send(head(200, EVENT_STREAM) + b"".join(EVENTS[:4]))
        await call.hold()

    provider.scripts = [script]
    with Wire(process.port) as wire:
        wire.send(request(body=asking(True)))
        wire.until(b'"lo "')
        hang_up(process, with_model(provider, "opus"))
        process.process.send_signal(signal.SIGTERM)
        assert b'"code":"gateway_shutting_down"' in wire.end()
    assert process.wait() == 0


@needs_sighup
def test_settings_of_the_process(process: GatewayProcess, provider: Provider) -> None:
    with Wire(process.port) as wire:
        wire.send(request(body=asking()))
        assert wire.receive().status == 200
        process.line('^{"time"')
        line = hang_up(process, config(provider.url, log_format="text", max_connections=1, timeouts={"idle": 5}))
        assert line.endswith("timeouts.idle changed; log-format, max-connections changed.")
        before = len(process.lines)
        wire.send(request(body=asking()))
        assert wire.receive().status == 200
        assert process.line("tester  sonnet -> anthropic", before)
        with Wire(process.port) as second:
            assert second.receive().status == 503


@needs_sighup
def test_asked_without_a_reason(process: GatewayProcess) -> None:
    for _ in range(2):
        before = len(process.lines)
        process.process.send_signal(signal.SIGHUP)
        assert process.line(AGAIN, before) == "The configuration was read again: nothing has changed."


@needs_sighup
def test_what_was_started_with_nohup_reloads_as_well(tmp_path: Path, provider: Provider) -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        process = GatewayProcess(tmp_path, text(config(provider.url)))
    finally:
        signal.signal(signal.SIGHUP, before)
    with process:
        process.process.send_signal(signal.SIGHUP)
        process.line(AGAIN)


@needs_sighup
def test_a_terminal_that_is_closed_ends_the_gateway(tmp_path: Path, provider: Provider) -> None:
    """What was started in it would otherwise go on unseen."""
    import pty

    ours, its = pty.openpty()
    with GatewayProcess(tmp_path, text(config(provider.url)), stdin=its) as process:
        os.close(its)
        process.process.send_signal(signal.SIGHUP)
        process.line(AGAIN)
        os.close(ours)
        process.process.send_signal(signal.SIGHUP)
        assert process.wait() == 0
