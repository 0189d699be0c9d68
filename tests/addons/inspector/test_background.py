"""The inspector's thread: what it does in the background, and when it rests."""

import threading
import time

import pytest

from addons.inspector import background
from addons.inspector.background import TOGETHER_SECONDS, Background

AT_LAST = 20.0
FOR_EVER = 1000.0


def assert_set(event: threading.Event) -> None:
    assert event.wait(AT_LAST)


def work() -> None:
    time.sleep(2 * TOGETHER_SECONDS)


def test_it_does_not_rest_while_nobody_else_runs() -> None:
    begins, all_done = threading.Event(), threading.Event()
    thread = Background("test", rest=FOR_EVER)
    thread.put(lambda: assert_set(begins))
    for _ in range(4):
        thread.put(work)
    thread.put(all_done.set)
    begins.set()
    assert all_done.wait(AT_LAST)
    thread.close()


def test_it_rests_while_others_run(monkeypatch: pytest.MonkeyPatch) -> None:
    begins, resting, later = threading.Event(), threading.Event(), threading.Event()
    thread = Background("test", rest=FOR_EVER)
    wait = thread._ending.wait

    def waits(seconds: float) -> bool:
        resting.set()
        return wait(seconds)

    monkeypatch.setattr(thread._ending, "wait", waits)
    thread.put(lambda: assert_set(begins))
    thread.put(work)
    thread.heard += 1
    thread.put(later.set)
    begins.set()
    assert resting.wait(AT_LAST)
    assert not later.is_set()
    thread.close(AT_LAST)
    assert later.is_set()


def test_what_is_not_needed_is_not_missed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(background, "MOST_WAITING", 1)
    goes_on, begun = threading.Event(), threading.Event()
    thread = Background("test")

    def holds() -> None:
        begun.set()
        assert_set(goes_on)

    thread.put(holds)
    assert begun.wait(AT_LAST)
    assert thread.put(work)
    assert not thread.put(work, needed=False)
    assert thread.dropped == 0
    assert not thread.put(work)
    assert thread.dropped == 1
    goes_on.set()
    thread.close()
