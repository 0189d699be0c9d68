"""The programs that are measured, each in a process of its own, and what Linux says of them in /proc."""

import importlib.metadata
import json
import os
import platform
import resource
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from scripts.measuring import wire

ROOT = Path(__file__).resolve().parents[2]
START_SECONDS = 60.0
STOP_SECONDS = 10.0
SOCKETS = 8192

CONFIG = """\
api-keys: [{{key: {key}, name: bench}}]
drain-seconds: 0
claude-api-key: [{{api-key: provider-key, base-url: "http://127.0.0.1:{provider}"}}]
"""
LITELLM_CONFIG = """\
model_list:
  - model_name: {model}
    litellm_params: {{model: anthropic/{model}, api_key: provider-key, api_base: "http://127.0.0.1:{provider}"}}
general_settings: {{master_key: {key}}}
"""


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def more_sockets() -> None:
    """Let this process and its children open as many sockets as 1,000 streams need, as far as the system permits."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = SOCKETS if hard == resource.RLIM_INFINITY else min(SOCKETS, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


class Running:
    """A process that is stopped at the end of a `with`; its output goes to a file that is shown if it fails."""

    def __init__(self, name: str, command: Sequence[str], folder: Path, *, port: int = 0) -> None:
        self.name, self.port, self.chat = name, port, not name.startswith("bare")
        self.output = folder / f"{name}-{port}.log"
        environ = {name: value for name, value in os.environ.items() if not name.endswith("_API_KEY")}
        self.started = time.perf_counter()
        with self.output.open("wb") as output:
            self.process = subprocess.Popen(
                command, cwd=ROOT, env=environ, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT
            )

    def __enter__(self) -> "Running":
        return self

    def __exit__(self, *_: object) -> None:
        self.process.send_signal(signal.SIGINT)
        try:
            self.process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def first_answer(self) -> float:
        """Seconds from the start to the first whole answer of a provider."""
        deadline = self.started + START_SECONDS
        while time.perf_counter() < deadline:
            if self.process.poll() is not None:
                break
            if answers(self.port, wire.request("whole", chat=self.chat)):
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
        status = Path(f"/proc/{self.process.pid}/status").read_text(encoding="ascii", errors="replace")
        return int(status.partition(f"{field}:")[2].split()[0]) / 1024

    def processor(self) -> float:
        """Seconds of processor time spent so far."""
        stat = Path(f"/proc/{self.process.pid}/stat").read_text(encoding="ascii", errors="replace")
        user, system = stat.rpartition(")")[2].split()[11:13]
        return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")


def answers(port: int, request: bytes) -> bool:
    """Return whether `request` gets a 200."""
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=5) as connection:
            connection.sendall(request)
            return b" 200 " in connection.recv(65536).partition(b"\r\n")[0]
    except OSError:
        return False


def provider(folder: Path) -> Running:
    made = Running("provider", [sys.executable, "-m", "scripts.measuring.provider"], folder)
    deadline = time.perf_counter() + START_SECONDS
    while time.perf_counter() < deadline and made.process.poll() is None:
        if (line := made.output.read_bytes()).endswith(b"\n"):
            made.port = int(line)
            return made
        time.sleep(0.01)
    raise RuntimeError(f"The provider did not start: {made.output.read_text(errors='replace')}")


def _mitmdump(folder: Path, *args: str) -> list[str]:
    return [str(Path(sys.executable).parent / "mitmdump"), "--set", f"confdir={folder / 'mitmproxy'}", *args]


def bare(folder: Path, provider: int, *options: str) -> Running:
    port = free_port()
    mode = f"reverse:http://127.0.0.1:{provider}@{port}"
    command = _mitmdump(folder, "--listen-host", "127.0.0.1", "--mode", mode, *options)
    return Running("bare", command, folder, port=port)


def bare_streaming(folder: Path, provider: int) -> Running:
    """mitmproxy collects a whole answer, an event stream too, unless it is told to stream bodies."""
    return bare(folder, provider, "--set", "stream_large_bodies=1")


def gateway(folder: Path, provider: int, text: str = "") -> Running:
    """`text` is its configuration, where the usual one will not do."""
    port = free_port()
    config = folder / f"config-{port}.yaml"
    config.write_text(text or CONFIG.format(key=wire.KEY, provider=provider), encoding="utf-8")
    mode = ("--mode", f"reverse:http://gateway.invalid@{port}", "--listen-host", "127.0.0.1")
    options = ("--set", "connection_strategy=lazy", "--set", f"gateway_config={config}")
    command = _mitmdump(folder, "-s", str(ROOT / "addons/gateway.py"), *mode, *options)
    return Running("gateway", command, folder, port=port)


def litellm(folder: Path, provider: int) -> Running | None:
    """Start litellm; None where it is not installed."""
    beside = Path(sys.executable).parent / "litellm"
    program = str(beside) if beside.exists() else shutil.which("litellm")
    if program is None:
        return None
    port = free_port()
    config = folder / "litellm.yaml"
    config.write_text(LITELLM_CONFIG.format(key=wire.KEY, provider=provider, model=wire.MODEL), encoding="utf-8")
    command = [program, "--config", str(config), "--host", "127.0.0.1", "--port", str(port)]
    return Running("litellm", command, folder, port=port)


def load(
    port: int, provider: int, kind: wire.Kind, seconds: float, connections: int, *, chat: bool = True
) -> dict[str, Any]:
    """Return what `scripts.measuring.load` saw. Raises where an answer was wrong."""
    form = "chat" if chat else "messages"
    words = [str(port), str(provider), kind, str(seconds), str(connections), form]
    command = [sys.executable, "-m", "scripts.measuring.load", *words]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=seconds + 60, check=True)
    seen: dict[str, Any] = json.loads(done.stdout)
    if seen["wrong"]:
        raise RuntimeError(f"{kind} through {form}: {seen['wrong']}")
    return seen


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
