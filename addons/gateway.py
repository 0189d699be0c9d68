"""The addon for `mitmdump -s addons/gateway.py`: an OpenAI-compatible gateway on the port that config.yaml names.

This file only ties the parts to mitmproxy: options, start and stop, and the `next_layer` hook that gives a client's
connection to `GatewayLayer`. `exchange/exchange.py` is an exchange, `proxy/layer.py` and `proxy/stream.py` bring it to
mitmproxy.
"""

import asyncio
import contextlib
import dataclasses
import logging
import math
import os
import secrets
import signal
import sys
import time
import weakref
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import urlsplit

ROOT = Path(__file__).resolve().parent.parent
if str(ROOT) not in sys.path:  # mitmproxy puts a script's own folder there, and only while it loads it
    sys.path.insert(0, str(ROOT))

from mitmproxy import ctx, http
from mitmproxy import flow as mitmflow
from mitmproxy.addonmanager import Loader
from mitmproxy.addons.clientplayback import ClientPlayback
from mitmproxy.addons.proxyserver import Proxyserver
from mitmproxy.addons.view import View
from mitmproxy.connection import Client

from addons import log_line
from addons.credentials import Authorities, Unauthorised
from addons.embedded import child
from addons.exchange.exchange import Exchange
from addons.exchange.http_api import INTERNAL, Head
from addons.exchange.provider_request import ProviderRequest
from addons.exchange.response_store import ResponseStore
from addons.exchange.services import Services
from addons.inspector import recorder, views
from addons.launch import listening, summary
from addons.ollama_models import discover
from addons.proxy import door, hooks, replay, saving
from addons.proxy.entrance import NOWHERE, Entrance, handler_of, is_ours, ours_among
from addons.proxy.stream import Job, Pass, ShutDown
from routing import config
from routing.auth import EmbeddedAuth
from routing.catalogue import Catalogue, Place
from routing.client_keys import KeyRing
from routing.errors import ConfigError
from routing.settings import Settings, Timeouts
from translators.errors import Failure

logger = logging.getLogger("gateway")

SHOWN = {
    "flow_detail": 0,
    "termlog_verbosity": "warn",
    "web_columns": ["icon", "comment", "status", "time"],
}
LAST_WORD_SECONDS = 1.0
"""Time for the clients whose exchanges are cut off at the end to hear so."""
SWITCH_SECONDS = 0.0005
"""Time for which a thread that works on something heavy may keep Python from the others (Python's own: 0.005). A
stream's event needs Python three times on its way."""


EMBEDDED_NOT_YET = "http://embedded.invalid"
"""Stands for the embedded model's address until its child process has told it."""


class SystemClock:
    wall = staticmethod(time.time)
    now = staticmethod(time.monotonic)


class Gateway:
    """The addon."""

    def __init__(self) -> None:
        self._path: Path | None = None
        self._loaded: config.Loaded | None = None
        self._services: Services | None = None
        self._embedded: child.Embedded | None = None
        self._embedded_at = EMBEDDED_NOT_YET
        self._authorities = Authorities()
        self._workers = {name: ThreadPoolExecutor(1, f"gateway-{name}") for name in ("request", "answer")}
        self._discovering: asyncio.Task[None] | None = None
        self._took_over = False
        self._recording = False
        self._live: weakref.WeakKeyDictionary[Exchange, Client] = weakref.WeakKeyDictionary()
        """The exchanges that there are, and whose each is."""
        self._draining: asyncio.Task[None] | None = None
        self.entrance = Entrance(self._open, self._timeouts, self._lets_out)
        self._replays: set[asyncio.Task[None]] = set()

    # --- start and stop ---

    def load(self, loader: Loader) -> None:
        text = "The gateway's configuration (default: config.yaml beside the addons folder)."
        loader.add_option("gateway_config", str, "", text)
        loader.add_command("replay.client", self.replay)
        views.register()

    def configure(self, updated: set[str]) -> None:
        path = Path(ctx.options.gateway_config or ROOT / "config.yaml").expanduser()
        if self._path is None:
            self._path = path
            self._furnish(path)
        elif path != self._path:
            logger.warning("gateway_config is read at the start only: restart the gateway.")
        if "save_stream_file" in updated:
            self._recording = recorder.wanted(ctx.master)

    def _furnish(self, path: Path) -> None:
        """Get everything that a request needs before mitmproxy listens, or in the moment when it does."""
        self._took_over = ctx.options.mode == ["regular"]
        try:
            self._loaded = config.load(path, os.environ)
        except ConfigError as error:
            self._stop(str(error))
            return
        if (missing := summary.hindrance(self._loaded.settings)) is not None:
            self._stop(missing)
            return
        self._start_embedded(self._loaded.settings)
        self._services = self._furnished(self._loaded)

    def running(self) -> None:
        if self._loaded is None:
            return
        settings, options = self._loaded.settings, ctx.options
        host, port = options.listen_host or settings.host, options.listen_port or settings.port
        # With -p mitmproxy itself listens on the port already, and will make room.
        makes_room = self._took_over and options.server
        if makes_room and not options.listen_port and (why := listening.obstacle(host, port)) is not None:
            self._stop(why)
            return
        self._arrange()
        sys.setswitchinterval(SWITCH_SECONDS)
        saving.forgive(ctx.master.addons.get("save"))
        hooks.quicken(ctx.master.addons)
        self._recording = recorder.wanted(ctx.master)
        self._open_door(settings.max_connections)
        if self._took_over:
            options.update(mode=[f"reverse:http://{NOWHERE}@{port}"], listen_host=host)
        if ours_among(options.mode)[0]:
            # A client's connection would be closed at once: nothing can be connected to beforehand.
            options.update(connection_strategy="lazy")
        self._hear_signals()
        self._greet(self._loaded, host)
        if self._services is not None and self._services.catalogue.discoverable():
            self._discovering = asyncio.get_running_loop().create_task(discover(self._catalogue, self._discovered))

    def _open_door(self, wanted: int) -> None:
        files = door.file_limit()
        most = door.room(wanted, files)
        if most < wanted:
            self._say(f"Only {files} files may be open (ulimit -n): {most} connections are taken, not {wanted}.")
        self.entrance.door = door.Door(most)
        door.Exhaustion(asyncio.get_running_loop())

    def _hear_signals(self) -> None:
        """Ctrl-C means something else in mitmproxy's console; SIGHUP nothing to what was started with `nohup`."""
        wanted = [signal.SIGTERM] if self._has_console() else [signal.SIGTERM, signal.SIGINT]
        if hasattr(signal, "SIGHUP") and signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:
            wanted.append(signal.SIGHUP)
        try:
            for number in wanted:
                asyncio.get_running_loop().add_signal_handler(number, self._on_signal)
        except NotImplementedError:
            logger.debug("No signal handlers on this platform: the gateway ends without draining.")

    def done(self) -> None:
        if self._services is not None:
            self._services.ended = True
        if self._discovering is not None:
            self._discovering.cancel()
        for worker in self._workers.values():
            worker.shutdown(wait=False, cancel_futures=True)
        views.unregister()
        hooks.restore(ctx.master.addons)
        if self._embedded is not None:
            self._embedded.stop()
            self._embedded = None

    def _stop(self, why: str) -> None:
        """End the start with exit status 1, as mitmproxy does for every error that is logged before it is up."""
        logger.error(why)
        self._loaded = None

    def _furnished(self, loaded: config.Loaded) -> Services:
        settings = loaded.settings
        stream = None if self._has_console() else sys.stdout
        coloured = log_line.colours(stream, os.environ)
        line = log_line.Terminal(stream, as_json=settings.log_format == "json", coloured=coloured)
        catalogue = Catalogue(settings, loaded.skipped, summary.KNOWN)
        store = settings.response_store
        return Services(
            settings=settings,
            catalogue=catalogue.with_embedded(EMBEDDED_NOT_YET) if self._embedded else catalogue,
            keys=KeyRing(settings.api_keys),
            clock=SystemClock,
            new_id=lambda: secrets.token_hex(12),
            responses=ResponseStore(store.max_bytes, store.max_age_seconds or math.inf) if store.enable else None,
            watchers=() if _is_quiet() else (line,),
        )

    def _has_console(self) -> bool:
        """Return whether mitmproxy's own interface has the terminal to itself."""
        return "console" in type(ctx.master).__module__

    def _arrange(self) -> None:
        """Set what mitmproxy shows, unless somebody asked for something else. One line an exchange: mitmproxy's lines
        of flows and connections say the same again. In mitmweb the comment, because every flow has the same URL."""
        for name, value in SHOWN.items():
            if name in ctx.options and not ctx.options.has_changed(name):
                ctx.options.update(**{name: value})

    def _greet(self, loaded: config.Loaded, host: str) -> None:
        assert self._services is not None
        for remark in summary.remarks(loaded):
            self._say(remark)
        names = [model.id for model in self._services.catalogue.listing("")]
        shown = ", ".join(names[:5]) + (f" and {len(names) - 5} more" if len(names) > 5 else "")
        ours, others = ours_among(ctx.options.mode)
        if not ctx.options.server:
            self._say("The gateway answers nowhere: no server was wanted (--no-server).")
        elif ours:
            places = [(mode.listen_host(host), mode.listen_port(ctx.options.listen_port)) for mode in ours]
            at = ", ".join(summary.url(*place) for place in places)
            self._say(f"The gateway answers at {at} with {shown or 'no model: see config.yaml'}.")
        else:
            self._say(f"The gateway answers nowhere: leave --mode out, or add --mode reverse:http://{NOWHERE}@PORT.")
        for mode in others:
            self._say(f"The mode {mode.full_spec} is mitmproxy's own, and nothing of the gateway.")

    def _say(self, line: str) -> None:
        if self._has_console():
            logger.info(line)
        elif not _is_quiet():
            with contextlib.suppress(OSError):  # whoever has closed the terminal does not read it
                print(line, file=sys.stderr, flush=True)

    # --- connections ---

    def _timeouts(self) -> Timeouts:
        return self._services.settings.timeouts if self._services is not None else Timeouts()

    def _lets_out(self, client: Client) -> bool:
        return self._services is not None and (not self._took_over or is_ours(client.proxy_mode))

    def _open(self, head: Head, flow: http.HTTPFlow) -> Exchange:
        assert self._services is not None
        watchers = (recorder.FlowRecorder(flow),) if self._recording else ()
        view, most = ctx.master.addons.get("view"), self._services.settings.keep_flows
        if most and isinstance(view, View):
            recorder.make_room(view, most)
        exchange = Exchange(self._services, head, watchers)
        exchange.flow_wanted = self._recording or len(ctx.options.scripts) > 1
        self._live[exchange] = flow.client_conn
        return exchange

    # --- once more ---

    def replay(self, flows: Sequence[mitmflow.Flow]) -> None:
        """Ask the questions of recorded flows again: the gateway's through the gateway, as the key that first asked."""
        others = [flow for flow in flows if not (isinstance(flow, http.HTTPFlow) and recorder.KEY in flow.metadata)]
        for flow in flows:
            if isinstance(flow, http.HTTPFlow) and flow not in others:
                self._replay(flow)
        playback = ctx.master.addons.get("clientplayback")
        if others and isinstance(playback, ClientPlayback):
            playback.start_replay(others)

    def _replay(self, recorded: http.HTTPFlow) -> None:
        services, server = self._services, ctx.master.addons.get("proxyserver")
        if services is None or not isinstance(server, Proxyserver):
            return
        try:
            key_name = recorder.asked_by(recorded)
        except ValueError as error:
            logger.warning(f"This flow cannot be replayed: {error}.")
            return
        if (why := replay.unfit(recorded)) is not None:
            logger.warning(why)
            return
        if key_name is not None and not services.keys.has(key_name):
            logger.warning(f"This flow cannot be replayed: there is no key {key_name!r} in api-keys any more.")
            return

        def open_exchange(head: Head, flow: http.HTTPFlow) -> Exchange:
            flow.is_replay = "request"
            return self._open(dataclasses.replace(head, key_name=key_name), flow)

        again = replay.Replay(recorded, open_exchange, services.settings.timeouts)
        task = asyncio.get_running_loop().create_task(again.run(server))
        self._replays.add(task)
        task.add_done_callback(self._replays.discard)

    # --- models that appear ---

    def _catalogue(self) -> Catalogue:
        assert self._services is not None
        return self._services.catalogue

    def _discovered(self, place: Place, names: tuple[str, ...]) -> None:
        assert self._services is not None
        self._services.catalogue = self._services.catalogue.with_discovered(place, names)

    def _start_embedded(self, settings: Settings) -> None:
        if not settings.embedded.enable:
            return
        if (missing := child.available()) is not None:
            self._say(missing)
            return
        self._embedded = child.Embedded(settings.embedded.alias)
        self._embedded.start()

    async def gateway_work(self, job: Job) -> None:
        """Do heavy work in a thread: others go on meanwhile, if more slowly."""
        try:
            job.result = await asyncio.get_running_loop().run_in_executor(self._workers[job.work.on], job.work.do)
        except Exception as error:  # noqa: BLE001 - raised again in the stream, where the client is told
            job.error = error

    async def gateway_authorise(self, given: Pass) -> None:
        try:
            given.request = await self._authorised(given.request)
        except Unauthorised as error:
            given.failure = error.failure
        except Exception:
            logger.exception("A request could not be authorised; its client is told.")
            given.failure = INTERNAL

    async def _authorised(self, request: ProviderRequest) -> ProviderRequest:
        assert self._services is not None
        if not isinstance(request.auth, EmbeddedAuth):
            return await self._authorities.authorised(request)
        if self._embedded is None:
            raise _embedded_down("it is switched off.")
        try:
            base_url = await self._embedded.ready()
        except child.Unavailable as error:
            raise _embedded_down(str(error)) from None
        if base_url != self._embedded_at:
            self._embedded_at = base_url
            self._services.catalogue = self._services.catalogue.with_embedded(base_url)
        secrets = (*request.secrets, ("x-api-key", self._embedded.key))
        return dataclasses.replace(request, url=base_url + urlsplit(request.url).path, secrets=secrets, auth=None)

    # --- the end ---

    def _on_signal(self) -> None:
        """Begin to end: the first signal lets streams finish, a second one does not."""
        if self._services is None:
            ctx.master.shutdown()
            return
        seconds = 0.0 if self._draining is not None else self._services.settings.drain_seconds
        if self._draining is not None:
            self._draining.cancel()
        if seconds:
            self._services.draining = True
            again = "A second Ctrl-C or SIGTERM ends it now."
            self._say(f"The gateway is shutting down: what runs has {seconds:g} s to finish. {again}")
        self._draining = asyncio.get_running_loop().create_task(self._leave(self._services, seconds))

    async def _leave(self, services: Services, seconds: float) -> None:
        """End mitmproxy when all exchanges are over, at the latest after so long; those that still run are told."""
        await self._until_all_ended(seconds)
        services.draining = services.ended = True
        try:
            for client in {client.id: client for exchange, client in self._live.items() if not exchange.ended}.values():
                if (handler := handler_of(client)) is not None:
                    await handler.server_event(ShutDown())
            await self._until_all_ended(LAST_WORD_SECONDS)
        finally:
            ctx.master.shutdown()

    async def _until_all_ended(self, seconds: float) -> None:
        deadline = time.monotonic() + seconds
        while any(not exchange.ended for exchange in list(self._live)) and time.monotonic() < deadline:
            await asyncio.sleep(0.05)


def _embedded_down(why: str) -> Unauthorised:
    message = f"The embedded model is not running: {why}"
    return Unauthorised(Failure(503, message, "server_error", None, "embedded_model_down"))


def _is_quiet() -> bool:
    """Return whether `-q` was given. mitmproxy's console has no such option: it keeps its log to itself."""
    return "termlog_verbosity" in ctx.options and ctx.options.termlog_verbosity == "error"


gateway = Gateway()
addons = [gateway, gateway.entrance]
