"""scripts/soak: whether many exchanges leave the gateway's memory flat."""

import asyncio
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from scripts.measuring import running, soaking
from scripts.tools.arguments import command_line

BOUND = 250.0
"""KB that 1,000 exchanges may leave behind. The allocator's pools grow by up to 130, ever slower, while the number of
Python's own blocks stays the same; exchanges that are all kept leave 15,000 (measured)."""
WARM_UP = 5000
"""Python's own pools still fill for thousands of exchanges after the number of objects has become constant."""

DESCRIPTION = f"""\
Sends exchanges of all kinds through a gateway of its own, on loopback: whole answers, streams, requests that become
several calls, providers that fail or break off, clients that leave, requests that are refused. Samples the gateway's
memory, and tells its median in the first and in the last quarter and what 1,000 exchanges leave behind. {WARM_UP:,}
exchanges before the first sample fill caches and pools."""
EPILOG = f"Exit status: 0; with --check 1 above {BOUND:g} KB in 1,000 exchanges; 2 where an answer was wrong."


def main(arguments: Sequence[str]) -> int:
    parser = command_line("soak", DESCRIPTION, EPILOG)
    parser.add_argument("--exchanges", type=int, default=20_000, help="how many (20,000; from 1,000 to 1,000,000)")
    parser.add_argument("--check", action="store_true", help="memory that grows makes the exit status 1")
    options = parser.parse_args(arguments)
    if not 1000 <= options.exchanges <= 1_000_000:
        parser.error("--exchanges must be from 1,000 to 1,000,000")
    if sys.platform != "linux":
        parser.error("memory is read from Linux's /proc")
    print(running.machine())
    with tempfile.TemporaryDirectory(prefix="gateway-soak-") as name:
        folder = Path(name)
        with running.provider(folder) as provider, running.gateway(folder, provider.port) as gateway:
            gateway.first_answer()
            memory = asyncio.run(soaking.soak(gateway, options.exchanges, warm_up=WARM_UP, say=_progress))
    return _verdict(memory, check=options.check)


def _verdict(memory: soaking.Memory, *, check: bool) -> int:
    print("Exchanges: " + ", ".join(f"{count} {kind}" for kind, count in sorted(memory.seen.items())))
    print(f"Memory: first quarter {memory.first:.1f} MB, last quarter {memory.last:.1f} MB")
    met = memory.growth <= BOUND
    verdict = "ok" if met else "MISSED"
    print(f"Growth: {memory.growth:.1f} KB in 1,000 exchanges  <= {BOUND:g}  {verdict}")
    if memory.wrong:
        print(f"scripts/soak: {len(memory.wrong)} answers were wrong, such as {memory.wrong[0]}", file=sys.stderr)
        return 2
    return 1 if check and not met else 0


def _progress(line: str) -> None:
    print(f"  {line}", file=sys.stderr, flush=True)
