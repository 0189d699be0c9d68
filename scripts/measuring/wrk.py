"""The load: wrk where it is installed, else ours in Python."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

from scripts.measuring import wire
from scripts.measuring.running import ROOT, Running
from translators.values import immutable

WRK = shutil.which("wrk")
SCRIPT = Path(__file__).with_name("load.lua")
ANSWER_SECONDS = 60


@immutable
class Seen:
    """The counts of a load; the times are in seconds."""

    seconds: float
    answers: int
    events: int
    p50: float
    p99: float
    first_event: float = 0.0


def load(folder: Path, program: Running, kind: wire.Kind, seconds: float, connections: int, asked: bytes = b"") -> Seen:
    """Load by wrk, if it is there; `asked` is the request where the usual one of that kind will not do. Raises
    RuntimeError where an answer was wrong."""
    asked = asked or program.request(kind)
    if WRK is None:
        return python_load(folder, program, kind, seconds, connections, asked=asked)
    request = folder / "request"
    request.write_bytes(asked)
    command = [WRK, "-t1", f"-c{connections}", f"-d{seconds:g}s", f"--timeout={ANSWER_SECONDS}s", "-s", str(SCRIPT)]
    command += [f"http://127.0.0.1:{program.port}", "--", str(request)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=seconds + ANSWER_SECONDS, check=True)
    return parse_wrk(done.stdout, 0 if kind == "whole" else wire.EVENTS, f"{kind} through {program.name}")


def parse_wrk(output: str, events: int, name: str) -> Seen:
    """Return the counts that `load.lua` prints as the last line of wrk's output; `events` are those of an answer."""
    counts = json.loads(output.splitlines()[-1])
    if counts["refused"] or counts["broken"]:
        raise RuntimeError(f"{name}: {counts['refused']} answers of an error, {counts['broken']} connections broke")
    return Seen(counts["seconds"], counts["answers"], counts["answers"] * events, counts["p50"], counts["p99"])


def python_load(
    folder: Path,
    program: Running,
    kind: wire.Kind,
    seconds: float,
    connections: int,
    *,
    headers: str = "",
    asked: bytes = b"",
) -> Seen:
    """Load by Python, which counts and checks events. Raises RuntimeError where an answer was wrong."""
    request = folder / "request"
    request.write_bytes(asked or program.request(kind, headers=headers))
    words = [str(program.port), str(request), str(seconds), str(connections)]
    command = [sys.executable, "-m", "scripts.measuring.load", *words]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=seconds + 60, check=True)
    counts = json.loads(done.stdout)
    if wrong := counts.pop("wrong"):
        raise RuntimeError(f"{kind} through {program.name}: {wrong}")
    return Seen(**counts)
