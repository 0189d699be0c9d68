"""Exchanges leave nothing behind: a short soak. `scripts/soak` is the long one."""

import asyncio
import sys
from pathlib import Path

import pytest

from scripts.measuring import running, soaking

EXCHANGES = 2500
WARM_UP = 500
KB_IN_1000 = 1000.0
"""Generous, for a short run is mostly noise; an exchange that is kept weighs about 15 KB (measured)."""


@pytest.mark.skipif(sys.platform != "linux", reason="memory is read from Linux's /proc")
def test_exchanges_of_all_kinds_leave_memory_flat(tmp_path: Path) -> None:
    with running.provider(tmp_path) as provider, running.gateway(tmp_path, provider.port) as gateway:
        gateway.first_answer()
        memory = asyncio.run(soaking.soak(gateway, EXCHANGES, warm_up=WARM_UP))
        log = gateway.output.read_text(errors="replace")
    assert memory.wrong == []
    assert memory.seen.total() == EXCHANGES
    assert set(memory.seen) == set(soaking.CYCLE)
    assert "Traceback" not in log
    assert memory.growth < KB_IN_1000, memory.samples
