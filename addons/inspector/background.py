"""A thread for what would hold up exchanges: one job after the other, and only so many that wait."""

import logging
from collections.abc import Callable
from queue import Empty, Full, Queue
from threading import Event, Thread

logger = logging.getLogger("gateway")

MOST_WAITING = 2000
"""The jobs that may wait. One that found no room is not done."""


class Background:
    def __init__(self, name: str, most: int = MOST_WAITING) -> None:
        self._jobs: Queue[Callable[[], None]] = Queue(most)
        self._ending = Event()
        self.dropped = 0
        """The jobs for which there was no room."""
        self._thread = Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    def put(self, job: Callable[[], None]) -> None:
        try:
            self._jobs.put_nowait(job)
        except Full:
            self.dropped += 1

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
                job = self._jobs.get(timeout=0.2)
            except Empty:
                if self._ending.is_set():
                    return
                continue
            try:
                job()
            except Exception:
                logger.exception("The inspector could not look through an exchange; the gateway goes on.")
            finally:
                self._jobs.task_done()
