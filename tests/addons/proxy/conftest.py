"""For conversations with the layer: a clock that stands still."""

import time

import pytest

from tests.addons.proxy.playbook import Clock


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(time, "monotonic", clock.now)
    return clock
