"""The end of the gateway: signals, the time for answers that are under way, the error for those that are cut off."""

import asyncio
import logging
import signal
import time
import weakref
from collections.abc import Callable

from mitmproxy import ctx
from mitmproxy.connection import Client

from addons.exchange.exchange import Exchange
from addons.exchange.services import Services
from addons.launch import terminal
from addons.proxy.entrance import handler_of
from addons.proxy.layer import ShutDown

logger = logging.getLogger("gateway")

LAST_WORD_SECONDS = 1.0
"""Time for the last error to reach clients whose exchanges are cut off at the end."""


class Shutdown:
    """Ends mitmproxy when all exchanges are over. `services` returns None as long as the gateway is not up."""

    def __init__(self, services: Callable[[], Services | None]) -> None:
        self._services = services
        self._clients: weakref.WeakKeyDictionary[Exchange, Client] = weakref.WeakKeyDictionary()
        """The clients of the exchanges that there are."""
        self._draining: asyncio.Task[None] | None = None

    def wait_for(self, exchange: Exchange, client: Client) -> None:
        """Count `exchange` among those that may still finish."""
        self._clients[exchange] = client

    def running(self) -> list[Exchange]:
        """Return the exchanges that are not over."""
        return [exchange for exchange in list(self._clients) if not exchange.ended]

    def hear_signals(self, reload: Callable[[], None]) -> None:
        """Begin to end at a signal, and `reload` at SIGHUP. Ctrl-C means something else in mitmproxy's console."""
        wanted = [signal.SIGTERM] if terminal.has_console() else [signal.SIGTERM, signal.SIGINT]
        loop = asyncio.get_running_loop()
        try:
            for number in wanted:
                loop.add_signal_handler(number, self._on_signal)
            if hasattr(signal, "SIGHUP"):
                # With `nohup` the gateway outlives its terminal.
                closes = terminal.is_there() and signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN
                loop.add_signal_handler(signal.SIGHUP, self._on_hangup, reload, closes)
        except NotImplementedError:
            logger.debug("No signal handlers on this platform: the gateway ends without draining.")

    def _on_hangup(self, reload: Callable[[], None], closes: bool) -> None:
        """Reload, or begin to end where SIGHUP means that the terminal was closed, and that `closes` the gateway."""
        if closes and not terminal.is_there():
            self._on_signal()
        else:
            reload()

    def _on_signal(self) -> None:
        """Begin to end: the first signal lets streams finish, a second one does not."""
        services = self._services()
        if services is None:
            ctx.master.shutdown()
            return
        seconds = 0.0 if self._draining is not None else services.settings.drain_seconds
        if self._draining is not None:
            self._draining.cancel()
        if seconds:
            services.life.draining = True
            again = "A second Ctrl-C or SIGTERM ends it now."
            terminal.say(f"The gateway is shutting down: what runs has {seconds:g} s to finish. {again}")
        self._draining = asyncio.get_running_loop().create_task(self._end(services, seconds))

    async def _end(self, services: Services, seconds: float) -> None:
        """End mitmproxy when all exchanges are over, at the latest after so long; the others end with an error."""
        await self._until_all_ended(seconds)
        services.life.draining = services.life.ended = True
        try:
            for client in {client.id: client for client in self._waiting()}.values():
                if (handler := handler_of(client)) is not None:
                    await handler.server_event(ShutDown())
            await self._until_all_ended(LAST_WORD_SECONDS)
        finally:
            ctx.master.shutdown()

    async def _until_all_ended(self, seconds: float) -> None:
        deadline = time.monotonic() + seconds
        while self._waiting() and time.monotonic() < deadline:
            await asyncio.sleep(0.05)

    def _waiting(self) -> list[Client]:
        return [client for exchange, client in list(self._clients.items()) if not exchange.ended]
