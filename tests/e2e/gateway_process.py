"""A real gateway in a process of its own, as a user starts it."""

import contextlib
import itertools
import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any, Self

import httpx

ROOT = Path(__file__).resolve().parents[2]
WAIT = 30.0


FIRST_PORT, PORTS = 12_000, 2_000
"""Below those that the kernel gives to clients; each worker of pytest's has so many for itself."""
_ports = itertools.count(os.getpid() * 61)


def free_port() -> int:
    """One that nobody listens on, and that no other worker is given."""
    worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
    while True:
        port = FIRST_PORT + worker % 9 * PORTS + next(_ports) % PORTS
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(("127.0.0.1", port))
            return port


CLIENT_KEY = "canary-of-the-client-5b1e7f"
PROVIDER_KEY = "canary-of-the-provider-93c0aa"
HEADER_SECRET = "canary-of-a-header-e41d22"
SECRETS = (CLIENT_KEY, PROVIDER_KEY, HEADER_SECRET)
"""Of no shape that anybody could know for a key's: what hides them must know them by where they stand."""


def config(provider: str, **more: Any) -> dict[str, Any]:
    """A gateway of one client in front of one provider, with `more` of config.yaml's keys, `_` for `-`."""
    entry = {
        "api-key": PROVIDER_KEY,
        "base-url": provider,
        "headers": {"x-team": HEADER_SECRET},
        "models": [
            {"name": "claude-sonnet-4-5", "alias": "sonnet"},
            {"name": "claude-haiku-4-5", "alias": "team/small/haiku"},
        ],
    }
    return {
        "api-keys": [{"key": CLIENT_KEY, "name": "tester"}],
        "disable-cooling": True,
        "claude-api-key": [entry],
        "log-format": "json",
        "streaming": {"keepalive-seconds": 0},
        "drain-seconds": 0,
        **{name.replace("_", "-"): value for name, value in more.items()},
    }


class GatewayProcess:
    """`mitmdump -s addons/gateway.py` (or another tool of mitmproxy's) with a configuration of its own.

    `plain` is the form without a mode on the command line; the port then comes from `config`.
    Without a `config` there is no such file. GATEWAY_WATCHED=1 gives every exchange a flow, which goes to a file.
    """

    def __init__(
        self,
        folder: Path,
        config: dict[str, Any] | str | None,
        *args: str,
        tool: str = "mitmdump",
        env: dict[str, str] | None = None,
        plain: bool = False,
        port: int | None = None,
        stdin: int = subprocess.DEVNULL,
    ) -> None:
        self.port = port or free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.config = folder / f"config-{self.port}.yaml"
        if config is not None:
            # JSON is YAML.
            self.config.write_text(config if isinstance(config, str) else json.dumps(config), encoding="utf-8")
        mode = ["--mode", f"reverse:http://gateway.invalid@{self.port}"]
        self.lines: list[str] = []
        self._changed = threading.Condition()
        environ = {k: v for k, v in os.environ.items() if not k.endswith("_API_KEY")}
        command = [
            str(Path(sys.executable).parent / tool),
            "-s",
            str(ROOT / "addons/gateway.py"),
            *([] if plain else [*mode, "--listen-host", "127.0.0.1"]),
            "--set",
            f"gateway_config={self.config}",
            "--set",
            f"confdir={folder / 'mitmproxy'}",
            *(("-w", str(folder / f"watched-{self.port}.flow")) if os.environ.get("GATEWAY_WATCHED") else ()),
            *args,
        ]
        self.process = subprocess.Popen(
            command,
            cwd=folder,
            env={**environ, "PYTHONUNBUFFERED": "1", "XDG_CACHE_HOME": str(folder / "cache"), **(env or {})},
            stdin=stdin,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            encoding="utf-8",
            errors="replace",
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def __enter__(self) -> Self:
        return self.ready()

    def __exit__(self, *_: object) -> None:
        self.stop()

    def ready(self) -> Self:
        deadline = time.monotonic() + WAIT
        while time.monotonic() < deadline:
            try:
                if httpx.get(f"{self.url}/health", timeout=5, trust_env=False).status_code == 200:
                    return self
                # In the plain form mitmproxy itself answers first, and only that it will not.
            except httpx.TransportError:
                assert self.process.poll() is None, "the gateway ended: " + self.output
            time.sleep(0.02)
        raise AssertionError("the gateway never got ready: " + self.output)

    @property
    def output(self) -> str:
        return "\n".join(self.lines)

    def line(self, pattern: str, after: int = 0) -> str:
        """The first line from number `after` that matches, as soon as it is there."""
        with self._changed:
            match = self._changed.wait_for(lambda: self._find(pattern, after), WAIT)
        assert match, f"no line like {pattern!r} in:\n{self.output}"
        return match

    def record(self, request_id: str) -> dict[str, Any]:
        """What the log's line of one exchange says (`log-format: json`), as soon as it is there."""
        line: dict[str, Any] = json.loads(self.line(f'^{{.*"id":"{re.escape(request_id)}"'))
        return line

    def _find(self, pattern: str, after: int) -> str | None:
        return next((line for line in self.lines[after:] if re.search(pattern, line)), None)

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            with self._changed:
                self.lines.append(line.rstrip("\n"))
                self._changed.notify_all()

    def wait(self) -> int:
        """The exit status, once it has ended by itself."""
        status = self.process.wait(WAIT)
        self._reader.join(WAIT)
        return status

    def stop(self) -> int:
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.wait(5)
                # A gateway that hangs is shown by the tests, not by this.
            self.process.kill()
        try:
            return self.wait()
        finally:
            if self.process.stdout is not None:
                self.process.stdout.close()
