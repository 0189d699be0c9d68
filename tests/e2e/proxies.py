"""Real proxies in processes of their own: mitmproxy for HTTP and HTTPS, microsocks for SOCKS5."""

import contextlib
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.gateway_process import WAIT, free_port

NAME, PASSWORD = "a user", "canary%of/the@proxy#7d20"
"""Of letters that an URL must escape."""
IN_URL = "a%20user:canary%25of%2Fthe%40proxy%237d20@"


class RealProxy:
    """`end` kills it; `port` is where it is."""

    def __init__(self, port: int, *command: str) -> None:
        self.port = port
        self._process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
        deadline = time.monotonic() + WAIT
        while time.monotonic() < deadline:
            assert self._process.poll() is None, "the proxy ended"
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
                return
            time.sleep(0.02)
        raise AssertionError("the proxy never got ready")

    def end(self) -> None:
        self._process.kill()
        self._process.wait(WAIT)


@contextlib.contextmanager
def mitmproxy(confdir: Path, *args: str) -> Iterator[RealProxy]:
    """As a forward proxy, which lets answers pass as they come. Its authority is in `confdir`."""
    port = free_port()
    sets = ("--set", f"confdir={confdir}", "--set", "flow_detail=0", "-s", str(Path(__file__).with_name("live.py")))
    tool = str(Path(sys.executable).parent / "mitmdump")
    proxy = RealProxy(port, tool, "--listen-host", "127.0.0.1", "-p", str(port), *sets, *args)
    try:
        yield proxy
    finally:
        proxy.end()


@contextlib.contextmanager
def microsocks(*args: str) -> Iterator[RealProxy]:
    if shutil.which("microsocks") is None:
        pytest.skip("microsocks is not installed")
    port = free_port()
    proxy = RealProxy(port, "microsocks", "-i", "127.0.0.1", "-p", str(port), *args)
    try:
        yield proxy
    finally:
        proxy.end()
