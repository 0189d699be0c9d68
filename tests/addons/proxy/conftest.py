"""For conversations with the layer: a clock that stands still, and a log that tells no secrets."""

import gc
import logging
import time
from collections.abc import Iterator

import pytest

from tests.addons.proxy.playbook import SECRETS, Clock


@pytest.fixture(params=[True, False], ids=["watched", "unwatched"])
def clock(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Clock:
    """Every conversation is held where somebody watches, and where nobody does."""
    clock = Clock(watched=request.param)
    monkeypatch.setattr(time, "monotonic", clock.now)
    return clock


class Log(logging.Filter):
    """What is logged, as text. Records give up their tracebacks, which would hold flows for as long as pytest does."""

    def __init__(self) -> None:
        super().__init__()
        self.text = ""

    def filter(self, record: logging.LogRecord) -> bool:
        self.text += logging.Formatter().format(record) + "\n"
        record.exc_info = None
        return True


@pytest.fixture(autouse=True)
def log() -> Iterator[Log]:
    log = Log()
    loggers = [logging.getLogger(name) for name in ("gateway", "mitmproxy.addonmanager")]
    for logger in loggers:
        logger.addFilter(log)
    yield log
    for logger in loggers:
        logger.removeFilter(log)
    assert not [word for word in SECRETS if word in log.text]


@pytest.fixture(autouse=True, scope="session")
def quick_collections() -> Iterator[None]:
    """What is there already need not be looked at whenever a test asks whether flows are let go."""
    gc.collect()
    gc.freeze()
    yield
    gc.unfreeze()
