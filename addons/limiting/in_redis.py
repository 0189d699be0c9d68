"""Counts in Redis, which several gateways share.

Redis may be slow, away, or stopped in the middle of a word. No question takes longer than `TIMEOUT` or two, none is
asked on the event loop, and while Redis does not answer, one question at a time finds out whether it does again; all
others are `Unavailable` at once.

A request under way holds a lease, which its gateway renews. A gateway that is killed renews nothing, and its requests
stop counting.
"""

import logging
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from contextlib import suppress
from functools import partial

import redis
from limits.storage import RedisStorage
from redis.backoff import NoBackoff
from redis.retry import Retry

from addons.exchange.client_limits import WINDOW, Unavailable, Window
from addons.limiting.in_memory import UNLIMITED

logger = logging.getLogger("gateway")

TIMEOUT = 1.0
"""Seconds for a connection, and for an answer."""
PAUSE = 1.0
"""Seconds after a failure in which Redis is not asked."""
LEASE = 15.0
"""Seconds for which a request counts as under way, unless its gateway says so again."""
WARN_EVERY = 60.0
PREFIX = "gateway-limits"

# Each has one key: the sorted set of a client key's requests under way, by when their leases end. The clock is Redis's
# own, for those of gateways may differ.
_NOW = "local t = redis.call('TIME') local now = t[1] * 1000 + math.floor(t[2] / 1000) "
TAKE_SLOT = (
    _NOW
    + """
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now)
if not redis.call('ZSCORE', KEYS[1], ARGV[3]) and redis.call('ZCARD', KEYS[1]) >= tonumber(ARGV[2]) then return 0 end
redis.call('ZADD', KEYS[1], now + ARGV[1], ARGV[3])
redis.call('PEXPIRE', KEYS[1], ARGV[1])
return 1
"""
)
RENEW_SLOTS = (
    _NOW
    + """
for at = 2, #ARGV do redis.call('ZADD', KEYS[1], now + ARGV[1], ARGV[at]) end
redis.call('PEXPIRE', KEYS[1], ARGV[1])
"""
)


class InRedis:
    """Counts for any thread. `threads` are those to ask it from."""

    remote = True

    def __init__(self, url: str, threads: Executor, lease: float = LEASE) -> None:
        pool = redis.ConnectionPool.from_url(
            url,
            socket_timeout=TIMEOUT,
            socket_connect_timeout=TIMEOUT,
            retry=Retry(NoBackoff(), 0),  # it would wait; a kept connection that has died is noticed anyway
            decode_responses=True,
        )
        self._redis = redis.Redis(connection_pool=pool)
        self._windows = RedisStorage("redis://", connection_pool=pool, key_prefix=PREFIX)
        self._take_slot = self._redis.register_script(TAKE_SLOT)
        self._renew_slots = self._redis.register_script(RENEW_SLOTS)
        self._threads, self._lease = threads, lease
        self._held: dict[str, str] = {}
        """The name of the key of each request under way, by its slot."""
        self._lost: dict[str, tuple[str, float]] = {}
        """Slots that Redis may have and nobody holds, for it did not answer; with the time by which it forgets them."""
        self._health = _Health()
        self._stopped = threading.Event()
        self._renewing = threading.Thread(target=self._renew, name="gateway-leases", daemon=True)
        self._renewing.start()

    def take_slot(self, name: str, slot: str, most: int) -> bool:
        lease = int(self._lease * 1000)
        try:
            taken = self._call(lambda: _truth(self._take_slot([_slots(name)], [lease, most, slot])))
        except Unavailable as unavailable:
            if not isinstance(unavailable, _NotTried):
                self._lose(name, slot)
            raise
        if taken:
            self._held[slot] = name
        return taken

    def free_slot(self, name: str, slot: str) -> None:
        self._held.pop(slot, None)
        try:
            self._call(self._redis.zrem, _slots(name), slot)
        except Unavailable:
            self._lose(name, slot)
            raise

    def take_request(self, name: str, most: int) -> bool:
        return self._call(self._windows.acquire_sliding_window_entry, f"requests/{name}", most, WINDOW)

    def requests(self, name: str) -> Window:
        return self._window(f"requests/{name}")

    def add_tokens(self, name: str, tokens: int) -> None:
        self._call(self._windows.acquire_sliding_window_entry, f"tokens/{name}", UNLIMITED, WINDOW, tokens)

    def tokens(self, name: str) -> Window:
        return self._window(f"tokens/{name}")

    def later(self, do: Callable[[], None]) -> None:
        with suppress(RuntimeError):  # it is closed
            self._threads.submit(do)

    def close(self) -> None:
        """Count what is still under way as over, as far as Redis answers. This may take a second or two."""
        self._stopped.set()
        for name, slots in self._by_name().items():
            self.later(partial(self._free, name, slots))
        self._threads.shutdown(wait=True)
        self._redis.close()

    def _window(self, key: str) -> Window:
        return Window(*self._call(self._windows.get_sliding_window, key, WINDOW))

    def _call[**P, Answer](self, ask: Callable[P, Answer], *args: P.args, **more: P.kwargs) -> Answer:
        """Return what Redis answers. Raises `Unavailable`."""
        began = self._health.before()
        try:
            answer = ask(*args, **more)
        except Exception as error:  # noqa: BLE001 - what answers there need not be a Redis
            self._health.failed(error, began)
            raise Unavailable from None
        self._health.answered()
        return answer

    # --- leases ---

    def _renew(self) -> None:
        while not self._stopped.wait(self._lease / 3):
            self.renew()

    def renew(self) -> None:
        """Renew the leases of the requests under way, and free what nobody holds."""
        for name, slots in self._by_name().items():
            with suppress(Unavailable):
                self._call(self._renew_slots, [_slots(name)], [int(self._lease * 1000), *slots])
            # One that was freed meanwhile may have been put back.
            self._free(name, [slot for slot in slots if slot not in self._held])

        for slot, (name, until) in list(self._lost.items()):
            if until < time.monotonic():
                self._lost.pop(slot, None)
            else:
                self._free(name, [slot])  # again: what Redis was told last it may hear after that

    def _lose(self, name: str, slot: str) -> None:
        self._lost[slot] = (name, time.monotonic() + self._lease)

    def _by_name(self) -> dict[str, list[str]]:
        held: defaultdict[str, list[str]] = defaultdict(list)
        for slot, name in list(self._held.items()):
            held[name].append(slot)
        return held

    def _free(self, name: str, slots: Sequence[str]) -> None:
        if slots:
            with suppress(Unavailable):
                self._call(self._redis.zrem, _slots(name), *slots)


class _NotTried(Unavailable):
    """Redis was down a moment ago."""


class _Health:
    """State of Redis: it answers, or is down."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._down = False
        self._answered_at = self._next_try = 0.0
        self._next_warning = 0.0
        self._warned = False

    def before(self) -> float:
        """Return the time. Raise `Unavailable` unless Redis is to be asked now: where it is down, by one alone."""
        now = time.monotonic()
        with self._lock:
            if not self._down:
                return now
            if now < self._next_try:
                raise _NotTried
            self._next_try = now + 2 * TIMEOUT + PAUSE
        return now

    def failed(self, error: Exception, began: float) -> None:
        """Take it that what was asked at `began` failed. Where Redis has answered since, it is not down."""
        now = time.monotonic()
        with self._lock:
            if began < self._answered_at:
                return
            self._down, self._next_try = True, now + PAUSE
            if now < self._next_warning:
                return
            self._warned, self._next_warning = True, now + WARN_EVERY
        what = type(error).__name__  # its words may quote the URL
        logger.warning(f"limits-storage does not answer ({what}): limits-on-error says what becomes of limited keys.")

    def answered(self) -> None:
        self._answered_at = time.monotonic()
        if not self._down:
            return
        with self._lock:
            self._down, warned, self._warned = False, self._warned, False
        if warned:
            logger.warning("limits-storage answers again.")


def _truth(answer: object) -> bool:
    """Return what a script answers. Raises `InvalidResponse` for what it cannot."""
    if answer not in (0, 1):
        raise redis.InvalidResponse
    return bool(answer)


def _slots(name: str) -> str:
    return f"{PREFIX}:slots/{name}"
