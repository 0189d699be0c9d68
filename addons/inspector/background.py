"""A thread for what would hold up exchanges: one job after the other, and only so many that wait."""

import logging
import time
from collections.abc import Callable
from queue import Empty, Full, Queue
from threading import Event, Lock, Thread

logger = logging.getLogger("gateway")

TOGETHER_SECONDS = 0.005
REST_SECONDS = 0.1
"""It works for about so long, and then rests: a twentieth of Python's time is the most that it takes from those that
run. Where all is to be written to disk it does not rest."""
MOST_WAITING = 2000
MOST_WAITING_BYTES = 64 * 1024 * 1024
"""The jobs that may wait, and the bytes that they hold. One that found no room is not done, and a line says so."""


class Background:
    def __init__(self, name: str, rest: float = 0.0) -> None:
        self._jobs: Queue[tuple[Callable[[], None], int]] = Queue(MOST_WAITING)
        self._rest, self._worked = rest, 0.0
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
            if self._bytes and self._bytes + size > MOST_WAITING_BYTES:
                self.dropped += needed
                return False
            try:
                self._jobs.put_nowait((job, size))
            except Full:
                self.dropped += needed
                return False
            self._bytes += size
            return True

    def close(self, seconds: float = 3.0) -> None:
        """Do what waits, as long as there is time."""
        self._ending.set()
        self._thread.join(seconds)

    def idle(self) -> None:
        """Wait until nothing waits any more."""
        self._jobs.join()

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
                logger.exception("The inspector could not look through an exchange; the gateway goes on.")
            finally:
                del job
                with self._lock:
                    self._bytes -= size
                self._jobs.task_done()
            self._pause(time.perf_counter() - began)

    def _pause(self, worked: float) -> None:
        self._worked += worked
        if self._rest and (self._worked > TOGETHER_SECONDS or self._jobs.empty()):
            self._ending.wait(self._rest)
            self._worked = 0.0

    def _tell(self) -> None:
        """Say what was not done, now that there is time."""
        with self._lock:
            dropped, self.dropped = self.dropped, 0
        if dropped:
            logger.warning(
                "The inspector had too much to look through at once: %d parts of exchanges are not kept.",
                dropped,
            )
