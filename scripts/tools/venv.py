"""Runs a command of `scripts/tools` under .venv's Python, whichever Python was called. Valid since Python 3.6."""

import os
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.realpath(__file__))))
PYTHON = os.path.join(ROOT, ".venv", "bin", "python")
UNFINISHED = os.path.join(ROOT, ".venv", "gateway.unfinished")
# What lies in the working folder is not imported (-P).
RUN = """
import sys
sys.path.insert(0, sys.argv.pop(1))
sys.stdout.reconfigure(errors="backslashreplace")
from scripts.tools import {0}
try:
    status = {0}.main(sys.argv[1:])
except KeyboardInterrupt:
    status = 130
except BrokenPipeError:
    import os
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    status = 141
sys.exit(status)
"""


def run(command: str) -> None:
    """Become the command, run by the Python of .venv. Does not return."""
    if not os.access(PYTHON, os.X_OK) or os.path.exists(UNFINISHED):
        sys.stderr.write("scripts/%s needs .venv, which is missing or unfinished: run `sh scripts/setup`.\n" % command)  # noqa: UP031
        sys.exit(2)
    sys.stdout.flush()
    os.execv(PYTHON, [PYTHON, "-P", "-c", RUN.format(command), ROOT] + sys.argv[1:])  # noqa: RUF005
