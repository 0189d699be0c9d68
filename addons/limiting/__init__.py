"""Counts behind the limits of client keys: in memory, or in Redis, whose library is an extra."""

import importlib.util
import sys
from concurrent.futures import Executor
from typing import TYPE_CHECKING

from addons.limiting.in_memory import InMemory
from routing.secret import Secret

if TYPE_CHECKING:
    from addons.limiting.in_redis import InRedis


def missing(storage: Secret | None) -> str | None:
    """Return a sentence for the operator if the library for `limits-storage` is not installed, or None."""
    if storage is None or importlib.util.find_spec("redis") is not None:
        return None
    return f"limits-storage in the configuration needs a library: {sys.executable} -m pip install 'limits[redis]'"


def counts_in(storage: Secret | None, threads: Executor) -> "InMemory | InRedis":
    """Return the counts in a Redis; without one, in memory. Redis is not asked yet, and later from `threads`."""
    if storage is None:
        return InMemory()
    from addons.limiting.in_redis import InRedis

    return InRedis(storage.reveal(), threads)
