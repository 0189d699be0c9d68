"""A real Redis in a process of its own, with nothing on disk, that can be killed, stopped and started again."""

import contextlib
import shutil
import signal
import socket
import subprocess
import time
from typing import Self

import pytest
import redis

WAIT = 20.0
PROGRAM = shutil.which("redis-server")
needed = pytest.mark.skipif(PROGRAM is None, reason="redis-server is not installed")


class RedisServer:
    """The port stays the same over all its lives."""

    def __init__(self) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port: int = probe.getsockname()[1]
        self.url = f"redis://127.0.0.1:{self.port}/0"
        self._process: subprocess.Popen[bytes] | None = None
        self.client = redis.Redis(port=self.port, decode_responses=True)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.client.close()
        self.kill()

    def start(self) -> None:
        assert PROGRAM is not None
        command = [PROGRAM, "--port", str(self.port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"]
        self._process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
        deadline = time.monotonic() + WAIT
        while time.monotonic() < deadline:
            with contextlib.suppress(redis.RedisError):
                self.client.ping()
                return
            time.sleep(0.01)
        raise AssertionError("Redis never got ready")

    def kill(self) -> None:
        """End it at once; what it knew is gone."""
        if self._process is not None:
            self._process.kill()
            self._process.wait(WAIT)

    def stop(self) -> None:
        """Stop it in the middle of a word: it takes connections and says nothing."""
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)

    def go_on(self) -> None:
        assert self._process is not None
        self._process.send_signal(signal.SIGCONT)
