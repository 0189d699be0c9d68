"""mitmproxy's console on a terminal of its own."""

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
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.e2e.gateway_process import ROOT, WAIT, free_port


@contextmanager
def console(folder: Path, settings: dict[str, Any]) -> Iterator[tuple[int, int, list[bytes]]]:
    """The console on a terminal of its own: its port, the terminal, and what that shows."""
    port, file = free_port(), folder / "config.yaml"
    file.write_text(json.dumps(settings))
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 400, 400, 0, 0))
    program = "import sys; from addons.launch.launcher import main; sys.exit(main(sys.argv[1:]))"
    launcher = [sys.executable, "-c", program]
    command = [*launcher, "--console", "-p", str(port), "--set", f"gateway_config={file}"]
    process = subprocess.Popen(
        [*command, "--set", f"confdir={folder / 'mitmproxy'}"],
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
        listening(process, port)
        yield port, ours, shown
        process.send_signal(signal.SIGTERM)
        assert process.wait(WAIT) == 0
    finally:
        process.kill()
        process.wait()
        reader.join(WAIT)
        os.close(ours)


def listening(process: "subprocess.Popen[bytes]", port: int) -> None:
    deadline = time.monotonic() + WAIT
    while time.monotonic() < deadline and process.poll() is None:
        try:
            httpx.get(f"http://127.0.0.1:{port}/health", timeout=WAIT, trust_env=False)
        except httpx.ConnectError:
            time.sleep(0.05)
        else:
            return
    pytest.fail("nobody listened")


def read(terminal: int, shown: list[bytes]) -> None:
    try:
        while piece := os.read(terminal, 65536):
            shown.append(piece)
    except OSError:
        return
