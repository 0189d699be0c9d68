"""mitmproxy's console on a terminal of its own: the gateway answers there too."""

import fcntl
import json
import os
import pty
import signal
import struct
import subprocess
import sys
import termios
import threading
import time
from pathlib import Path

import httpx
import pytest

from tests.e2e import claude
from tests.e2e.gateway_process import CLIENT_KEY, ROOT, WAIT, config, free_port
from tests.e2e.provider import Provider, whole
from tests.e2e.wire import question


def test_the_console(provider: Provider, tmp_path: Path) -> None:
    port, settings = free_port(), tmp_path / "config.yaml"
    settings.write_text(json.dumps(config(provider.url)))
    provider.default = whole(claude.message())
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 150, 0, 0))
    launcher = [sys.executable, "-c", "import sys; from addons.launcher import main; sys.exit(main(sys.argv[1:]))"]
    command = [*launcher, "--console", "-p", str(port), "--set", f"gateway_config={settings}"]
    command += ["--set", f"confdir={tmp_path / 'mitmproxy'}"]
    process = subprocess.Popen(
        command,
        cwd=ROOT,
        env={**os.environ, "TERM": "xterm", "PYTHONPATH": str(ROOT)},
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        start_new_session=True,
    )
    os.close(theirs)
    shown: list[bytes] = []
    reader = threading.Thread(target=read, args=(ours, shown), daemon=True)
    reader.start()
    try:
        answer = asked(process, port)
        assert answer.json()["choices"][0]["message"]["content"] == "Hello there"
        process.send_signal(signal.SIGTERM)
        assert process.wait(WAIT) == 0
    finally:
        process.kill()
        process.wait()
        reader.join(WAIT)
        os.close(ours)
    assert b"Traceback" not in b"".join(shown)
    assert CLIENT_KEY.encode() not in b"".join(shown)


def asked(process: "subprocess.Popen[bytes]", port: int) -> httpx.Response:
    """The answer to one question, as soon as somebody listens."""
    deadline = time.monotonic() + WAIT
    while time.monotonic() < deadline and process.poll() is None:
        try:
            url, headers = f"http://127.0.0.1:{port}/v1/chat/completions", {"authorization": f"Bearer {CLIENT_KEY}"}
            return httpx.post(url, json=question(False), headers=headers, timeout=WAIT, trust_env=False)
        except httpx.ConnectError:
            time.sleep(0.05)
    pytest.fail("nobody listened")


def read(terminal: int, shown: list[bytes]) -> None:
    try:
        while piece := os.read(terminal, 65536):
            shown.append(piece)
    except OSError:
        return
