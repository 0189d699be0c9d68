"""`scripts/mock` in a process of its own, as somebody starts it."""

import re
import signal
import subprocess
from pathlib import Path
from typing import Self

from tests.scripts.command import ROOT


class Mock:
    """At a port that is free."""

    def __init__(self, folder: Path, *options: str) -> None:
        command = [str(ROOT / "scripts" / "mock"), str(folder), "--port", "0", *options]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        assert self.process.stdout is not None
        self.line = self.process.stdout.readline()
        found = re.match(r"http://127\.0\.0\.1:([0-9]+) answers with [0-9]+ fixtures$", self.line)
        assert found is not None, self.line
        self.port = int(found[1])
        self.url = f"http://127.0.0.1:{self.port}"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.process.send_signal(signal.SIGTERM)
        assert self.process.wait(20) == 0
        assert self.process.stdout is not None
        self.process.stdout.close()
