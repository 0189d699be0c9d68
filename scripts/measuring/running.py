"""The programs that are measured, each in a process of its own, and what Linux says of them in /proc."""

import contextlib
import importlib.metadata
import os
import platform
import resource
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from scripts.measuring import wire

ROOT = Path(__file__).resolve().parents[2]
START_SECONDS = 60.0
STOP_SECONDS = 10.0
REST_SECONDS = 30.0
REST_STEP = 0.2
REST_PROCESSOR_SECONDS = 0.02
"""The processor time within a step of a program that is at rest."""
SOCKETS = 20_400
"""As many as 10,000 connections of clients need, each with one to a provider."""

CONFIG = """\
api-keys: [{{key: {key}, name: bench}}]
drain-seconds: 0
max-connections: 0
claude-api-key: [{{api-key: provider-key, base-url: "{scheme}://127.0.0.1:{provider}"}}]
"""


HEAD = """\
api-keys: [{{key: {key}, name: bench}}]
drain-seconds: 0
max-connections: 0
disable-cooling: true
claude-api-key:
"""
ENTRY = """\
  - {{api-key: provider-key-{number}, base-url: "http://127.0.0.1:{port}", priority: {priority}, models: [{models}]}}
"""


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def more_sockets() -> int:
    """Let this process and its children open `SOCKETS` sockets, or as many as the system permits. Return how many."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = SOCKETS if hard == resource.RLIM_INFINITY else min(SOCKETS, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
        return wanted
    return SOCKETS if soft == resource.RLIM_INFINITY else soft


class Running:
    """A process that is stopped at the end of a `with`, with those that it started; its output goes to a file that is
    shown if it fails. `chat` is whether it takes chat completions (else Anthropic's messages), `headers` what a request
    to it has besides (see `wire.request`)."""

    def __init__(
        self,
        name: str,
        command: Sequence[str],
        folder: Path,
        *,
        port: int = 0,
        chat: bool = True,
        headers: str = "",
        environ: Mapping[str, str] | None = None,
    ) -> None:
        self.name, self.port, self.chat, self.headers = name, port, chat, headers
        self.output = folder / f"{name}-{port}.log"
        inherited = {name: value for name, value in os.environ.items() if not name.endswith("_API_KEY")}
        self.started = time.perf_counter()
        with self.output.open("wb") as output:
            self.process = subprocess.Popen(
                command,
                cwd=ROOT,
                env=inherited | dict(environ or {}),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def __enter__(self) -> "Running":
        return self

    def __exit__(self, *_: object) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGINT)
        try:
            self.process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()

    def request(self, kind: wire.Kind, *, headers: str = "") -> bytes:
        return wire.request(kind, chat=self.chat, headers=self.headers + headers)

    def first_answer(self, kind: wire.Kind = "whole") -> float:
        """Seconds from the start to the first answer of a provider."""
        deadline = self.started + START_SECONDS
        while time.perf_counter() < deadline:
            if self.process.poll() is not None:
                break
            if answers(self.port, self.request(kind)):
                return time.perf_counter() - self.started
            time.sleep(0.01)
        raise RuntimeError(f"{self.name} never answered. {self._last_output()}")

    def _last_output(self) -> str:
        return f"Its output ends with:\n{self.output.read_text(errors='replace')[-2000:]}"

    def listens(self) -> None:
        """Wait until the gateway answers by itself."""
        deadline = self.started + START_SECONDS
        while self.process.poll() is None and time.perf_counter() < deadline:
            if answers(self.port, b"GET /health HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n"):
                return
            time.sleep(0.01)
        raise RuntimeError(f"{self.name} never answered. {self._last_output()}")

    def memory(self, field: str = "VmRSS") -> float:
        """MB; `VmHWM` is the peak."""
        texts = [(folder / "status").read_text(encoding="ascii", errors="replace") for folder in self._folders()]
        return sum(int(text.partition(f"{field}:")[2].split()[0]) for text in texts) / 1024

    def processor(self) -> float:
        """Seconds of processor time spent so far."""
        return sum(sum(map(int, _stat(folder)[11:13])) for folder in self._folders()) / os.sysconf("SC_CLK_TCK")

    def rest(self) -> None:
        """Wait until it does nothing: LiteLLM goes on for seconds with streams that their clients have left."""
        deadline, spent = time.perf_counter() + REST_SECONDS, -1.0
        while time.perf_counter() < deadline and (now := self.processor()) > spent + REST_PROCESSOR_SECONDS:
            spent = now
            time.sleep(REST_STEP)

    def _folders(self) -> list[Path]:
        """The folder in /proc of the process and of each that it started."""
        group = str(self.process.pid)
        return [folder for folder in Path("/proc").glob("[0-9]*") if group in _stat(folder)[2:3]]


def _stat(folder: Path) -> list[str]:
    """The fields that follow a process's name in /proc; none of a process that is gone."""
    try:
        return (folder / "stat").read_text(encoding="ascii", errors="replace").rpartition(")")[2].split()
    except OSError:
        return []


def answers(port: int, request: bytes) -> bool:
    """Return whether `request` gets a 200."""
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=5) as connection:
            connection.sendall(request)
            return b" 200 " in connection.recv(65536).partition(b"\r\n")[0]
    except OSError:
        return False


def provider(folder: Path, *certificate: str) -> Running:
    """Our provider in Python; with the file of a certificate it speaks TLS."""
    command = [sys.executable, "-m", "scripts.measuring.provider", *certificate]
    made = Running("provider-tls" if certificate else "provider", command, folder, chat=False)
    deadline = time.perf_counter() + START_SECONDS
    while time.perf_counter() < deadline and made.process.poll() is None:
        if (line := made.output.read_bytes()).endswith(b"\n"):
            made.port = int(line)
            return made
        time.sleep(0.01)
    raise RuntimeError(f"The provider did not start: {made.output.read_text(errors='replace')}")


def _mitmproxy(program: str, folder: Path, *args: str) -> list[str]:
    return [str(Path(sys.executable).parent / program), "--set", f"confdir={folder / 'mitmproxy'}", *args]


def bare(folder: Path, provider: int, *options: str, scheme: str = "http") -> Running:
    port = free_port()
    mode = f"reverse:{scheme}://127.0.0.1:{provider}@{port}"
    command = _mitmproxy("mitmdump", folder, "--listen-host", "127.0.0.1", "--mode", mode, *options)
    return Running("bare", command, folder, port=port, chat=False)


def bare_streaming(folder: Path, provider: int) -> Running:
    """mitmproxy collects a whole answer, an event stream too, unless it is told to stream bodies."""
    return bare(folder, provider, "--set", "stream_large_bodies=1")


def gateway(
    folder: Path, provider: int, text: str = "", *options: str, name: str = "gateway", program: str = "mitmdump"
) -> Running:
    """`text` is its configuration, where the usual one will not do."""
    port = free_port()
    config = folder / f"config-{port}.yaml"
    config.write_text(text or configuration(provider), encoding="utf-8")
    mode = ("--mode", f"reverse:http://gateway.invalid@{port}", "--listen-host", "127.0.0.1")
    ours = ("--set", "connection_strategy=lazy", "--set", f"gateway_config={config}")
    command = _mitmproxy(program, folder, "-s", str(ROOT / "addons/gateway.py"), *mode, *ours, *options)
    return Running(name, command, folder, port=port)


def configuration(provider: int, scheme: str = "http") -> str:
    return CONFIG.format(key=wire.KEY, provider=provider, scheme=scheme)


def one_target(provider: int) -> str:
    """Return a configuration with one model and one key."""
    return HEAD.format(key=wire.KEY) + _entry(1, provider, 0)


def many_targets(provider: int, models: int, keys: int) -> str:
    """Return one with that many models and keys; each key is a target of the model that is asked for."""
    each = range(models // keys - 1)
    entries = (_entry(key, provider, 0, *(f"model-{key}-{number}" for number in each)) for key in range(keys))
    return HEAD.format(key=wire.KEY) + "".join(entries)


def failing_target(provider: int) -> str:
    """Return one in which nobody listens at the first target's address."""
    return HEAD.format(key=wire.KEY) + _entry(1, free_port(), 1) + _entry(2, provider, 0)


def _entry(number: int, port: int, priority: int, *models: str) -> str:
    names = ", ".join(f"{{name: {model}}}" for model in (wire.MODEL, *models))
    return ENTRY.format(number=number, port=port, priority=priority, models=names)


def machine() -> str:
    model = platform.processor() or platform.machine()
    info = Path("/proc/cpuinfo")
    if info.exists():
        name = info.read_text(errors="replace").partition("model name")[2].partition("\n")[0]
        model = name.strip(" \t:") or model
    cores = len(os.sched_getaffinity(0))
    load = os.getloadavg()[0]
    versions = f"Python {platform.python_version()}, mitmproxy {importlib.metadata.version('mitmproxy')}"
    return f"{model}, {cores} cores (load {load:.1f}), {versions}, {platform.system()} {platform.release()}"
