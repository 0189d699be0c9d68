"""A thread for what would hold up exchanges: one job after the other, and only so many that wait."""

import logging
import time
from collections.abc import Callable
from queue import Empty, SimpleQueue
from threading import Event, Lock, Thread

logger = logging.getLogger("gateway")

TOGETHER_SECONDS = 0.002
REST_SECONDS = 0.1
"""It works for about so long, and then rests: a fiftieth of Python's time is what it takes from those that run. Where
all is to be written to disk it does not rest."""
MOST_WAITING = 10_000
MOST_WAITING_BYTES = 64 * 1024 * 1024
"""The jobs that may wait, and the bytes that they hold. One that found no room is not done, and a line says so."""


class Background:
    """`rest` are the seconds between pieces of work while others run; 0.0: it never waits for them."""

    def __init__(self, name: str, rest: float = 0.0) -> None:
        self._jobs: SimpleQueue[tuple[Callable[[], None], int]] = SimpleQueue()
        self._rest, self._worked = rest, 0.0
        self.heard = 0
        """Counts what is heard of exchanges. It rests while that grows."""
        self._heard_before = 0
        self._ending = Event()
        self._lock = Lock()
        self._bytes = 0
        self.dropped = 0
        """The jobs for which there was no room since the last line about them."""
        self._thread = Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    def put(self, job: Callable[[], None], size: int = 0, *, needed: bool = True) -> bool:
        """Have a job done that holds `size` bytes. Return whether there was room for it. One that is not `needed` is
        done by whoever comes to need it."""
        with self._lock:
            too_much = self._bytes and self._bytes + size > MOST_WAITING_BYTES
            if too_much or self._jobs.qsize() >= MOST_WAITING:
                self.dropped += needed
                return False
            self._bytes += size
        self._jobs.put((job, size))
        return True

    def close(self, seconds: float = 3.0) -> None:
        """Do what waits, as long as there is time."""
        self._ending.set()
        self._thread.join(seconds)

    def idle(self) -> None:
        """Wait until all that waits now is done."""
        done = Event()
        self._jobs.put((done.set, 0))
        done.wait()

    def _run(self) -> None:
        while True:
            try:
                job, size = self._jobs.get(timeout=0.2)
            except Empty:
                self._tell()
                if self._ending.is_set():
                    return
                continue
            began = time.perf_counter()
            try:
                job()
            except Exception:
                logger.exception(
                    "The inspector could not look through an exchange; the gateway goes on.", extra={"counted": True}
                )
            finally:
                del job
                with self._lock:
                    self._bytes -= size
            self._pause(time.perf_counter() - began)

    def _pause(self, worked: float) -> None:
        self._worked += worked
        if not self._rest:
            return
        if self._jobs.empty():
            self._ending.wait(self._rest)
        elif self._worked > TOGETHER_SECONDS:
            self._worked = 0.0
            if self._others_run():
                self._ending.wait(self._rest)

    def _others_run(self) -> bool:
        """Return whether anything was heard since the last time."""
        before, self._heard_before = self._heard_before, self.heard
        return self._heard_before != before

    def _tell(self) -> None:
        """Say what was not done, now that there is time."""
        with self._lock:
            dropped, self.dropped = self.dropped, 0
        if dropped:
            logger.warning(
                "The inspector had too much to look through at once: %d parts of exchanges are not kept.",
                dropped,
            )
