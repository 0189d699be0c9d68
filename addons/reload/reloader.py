"""Reads the configuration again when its files change, or at once when it is asked to (SIGHUP).

The files are read when they have been still for a moment, validated as a whole, and only then used; what cannot be used
is reported once. Nothing that goes wrong here ends the gateway.
"""

import asyncio
import logging
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path

from watchfiles import Change, awatch

from addons.reload.files import Contents, Places, Settling, contents, places
from routing.config import Loaded
from routing.errors import ConfigError

logger = logging.getLogger("gateway")

STEP_MS = 200
"""How often the watching thread wakes up: it is the only cost of a gateway that has nothing to do."""
LOOK_SECONDS = 30.0
"""Time after which the files are looked at without any sign, for file systems that give none."""
_STAYS = "The configuration in use stays as it is."


class Hindrance(Exception):
    """Raised for a valid configuration that this gateway cannot use; the text is for the operator."""


class Reloader:
    """`load` reads the configuration, in a thread, and raises `ConfigError`. `use` gets it, with the names of the files
    that have changed, has it in use when it returns, and returns the lines for `say`, which are worked out in a thread
    as well; it raises `Hindrance`. `files` are those that are known before anything is read."""

    def __init__(
        self,
        load: Callable[[], Loaded],
        use: Callable[[Loaded, frozenset[str]], Iterable[str]],
        say: Callable[[str], None],
        files: Iterable[str],
    ) -> None:
        self._load, self._use, self._say = load, use, say
        self._used: Contents = contents(files)
        """The files as the configuration in use was read from them."""
        self._tried = self._used
        """The files as they were read last, used or not."""
        self._stirred = asyncio.Event()
        self._requested = False
        self._running: asyncio.Task[None] | None = None

    def loaded(self) -> Loaded:
        """Return the configuration at the start. Raises `ConfigError`."""
        loaded = self._load()
        # What has changed while it was read is found at the first look.
        self._used = self._tried = {**contents(loaded.files), **self._used}
        return loaded

    def start(self) -> None:
        self._running = asyncio.get_running_loop().create_task(self._run())

    def ask(self) -> None:
        """Read the files now, whatever is known of them."""
        self._requested = True
        self._stirred.set()

    def stop(self) -> None:
        if self._running is not None:
            self._running.cancel()

    async def _run(self) -> None:
        watched: Places | None = None
        watching: asyncio.Task[None] | None = None
        try:
            while True:
                now = await asyncio.to_thread(places, self._tried)
                if now == watched:
                    await self._pause(LOOK_SECONDS)
                else:
                    if watching is not None:
                        watching.cancel()
                    watched, watching = now, asyncio.create_task(self._watch(now))
                    await asyncio.sleep(0)  # what changes from here on is noticed
                await self.look()
        finally:
            if watching is not None:
                watching.cancel()

    async def _watch(self, where: Places) -> None:
        def concerns(_: Change, path: str) -> bool:
            return Path(path).name in where.names

        folders = [folder for folder, _ in where.folders]
        try:
            async for _ in awatch(
                *folders, watch_filter=concerns, step=STEP_MS, recursive=False, ignore_permission_denied=True
            ):
                self._stirred.set()
        except (OSError, RuntimeError) as error:
            logger.warning(
                "The folder of config.yaml cannot be watched (%s): it is looked at every %g s, and at SIGHUP.",
                type(error).__name__,
                LOOK_SECONDS,
            )

    async def _pause(self, seconds: float) -> None:
        """Wait until something stirs, but not longer."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._stirred.wait()
        self._stirred.clear()

    async def look(self) -> None:
        """Read the files if they have changed, as soon as they are complete."""
        seen = self._tried
        try:
            seen = await self._settled()
            if self._requested or seen != self._tried:
                self._requested = False
                await self._read(seen)
        except Exception:
            self._tried = seen
            logger.exception("The configuration could not be read again. %s", _STAYS)

    async def _settled(self) -> Contents:
        """Return the files when they have been written completely, or at once where somebody asks."""
        settling = Settling(self._used)
        while True:
            seen = await asyncio.to_thread(contents, self._tried)
            remaining = settling.remaining(seen, time.monotonic())
            if self._requested or seen == self._tried or not remaining:
                return seen
            await self._pause(remaining)

    async def _read(self, before: Contents) -> None:
        loaded, why = None, ""
        try:
            loaded = await asyncio.to_thread(self._load)
            files = loaded.files
        except ConfigError as error:
            files, why = error.files, str(error)
        after = await asyncio.to_thread(contents, files)
        if any(after[file] != before[file] for file in after.keys() & before.keys()):
            self._stirred.set()  # written while it was read
            return
        self._tried = after
        lines: Iterable[str] = ()
        if loaded is not None:
            try:
                words = self._use(loaded, self._changed(after))
                self._used = after
                lines = await asyncio.to_thread(list, words)
            except Hindrance as hindrance:
                why = str(hindrance)
        if why:
            logger.error("%s\n%s", why, _STAYS)
        for line in lines:
            self._say(line)

    def _changed(self, now: Contents) -> frozenset[str]:
        files = now.keys() | self._used.keys()
        return frozenset(file for file in files if now.get(file) != self._used.get(file))
