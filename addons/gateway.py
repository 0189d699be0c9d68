"""The addon for `mitmdump -s addons/gateway.py`: an OpenAI-compatible gateway on the port that config.yaml names.

This file only ties the parts to mitmproxy: options, start and stop, and the `next_layer` hook that gives a client's
connection to `GatewayLayer`. `exchange/exchange.py` is an exchange, `proxy/layer.py` and `proxy/stream.py` bring it to
mitmproxy.
"""

import asyncio
import dataclasses
import gc
import logging
import os
import sys
from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

ROOT = Path(__file__).resolve().parent.parent
if str(ROOT) not in sys.path:  # mitmproxy puts a script's own folder there, and only while it loads it
    sys.path.insert(0, str(ROOT))

from mitmproxy import ctx, http
from mitmproxy.addonmanager import Loader
from mitmproxy.addons.view import View
from mitmproxy.connection import Client

from addons.credentials import Authorities, Unauthorised
from addons.discovery import Discovery
from addons.embedded import local_model
from addons.exchange.exchange import Exchange
from addons.exchange.http_api import INTERNAL, Head
from addons.exchange.services import Services
from addons.inspector import recorder, views
from addons.inspector.commands import Commands
from addons.inspector.from_files import FromFiles
from addons.inspector.redactor import Redactor
from addons.kept_models import KeptModels, place
from addons.launch import bugs, listening, summary, terminal
from addons.launch.assembly import Assembly
from addons.launch.greeting import Place, greeting
from addons.metrics.version import version
from addons.proxy import door, hooks, saving
from addons.proxy.entrance import NOWHERE, Entrance, connections, is_ours, ours_among
from addons.proxy.providers import Pass
from addons.proxy.replay import Replays
from addons.proxy.shutdown import Shutdown
from addons.proxy.stream import Job
from addons.proxy.watching import Watching
from addons.reload import changes
from addons.reload.reloader import Hindrance, Reloader
from addons.trust import Trust, Unusable
from routing import config
from routing.auth import EmbeddedAuth
from routing.catalogue import Catalogue
from routing.errors import ConfigError
from routing.settings import Settings, Timeouts
from translators.registry import KNOWN_MODELS

if TYPE_CHECKING:
    from addons.inspector.inspector import Inspector
    from addons.inspector.recording import Exchange as Recorded
    from addons.page.page import Page

logger = logging.getLogger("gateway")

SWITCH_SECONDS = 0.0005
"""Time for which a thread that works on something heavy may keep Python from the others (Python's own: 0.005). A
stream's event needs Python three times on its way."""


class Gateway:
    """The addon."""

    def __init__(self) -> None:
        self._path: Path | None = None
        self._loaded: config.Loaded | None = None
        self._services: Services | None = None
        self._reloader: Reloader | None = None
        self._embedded = local_model.LocalModel(self._embedded_moved)
        self._authorities = Authorities()
        self._kept_models = KeptModels(place(os.environ))
        self._discovery = Discovery(
            self._catalogue,
            self._discovered,
            self._refresh_seconds,
            self._kept_models,
            lambda: None if self._trust is None else self._trust.context,
        )
        self._discovering: asyncio.Task[None] | None = None
        self._trust: Trust | None = None
        self._took_over = False
        self._recording = False
        self._watching: Watching | None = None
        self._shutdown = Shutdown(lambda: self._services)
        self._assembly = Assembly(self._catalogue, self._shutdown.running, connections)
        self._replays = Replays(lambda: self._services, self._open)
        self._page: Page | None = None
        self.files = FromFiles(lambda: self._assembly.inspector)
        self.entrance = Entrance(
            self._open, self._timeouts, self._lets_out, lambda: self._watching is not None and self._watching()
        )

    # --- start and stop ---

    def load(self, loader: Loader) -> None:
        text = "The gateway's configuration (default: config.yaml beside the addons folder)."
        loader.add_option("gateway_config", str, "", text)
        text = "The file of variables for the configuration (default: .env beside the configuration)."
        loader.add_option("gateway_env_file", str, "", text)
        loader.add_command("replay.client", self._replays.start)
        for name, command in Commands(self._replayed, self._redactor).all().items():
            loader.add_command(name, command)
        views.register()

    def configure(self, updated: set[str]) -> None:
        path = Path(ctx.options.gateway_config or ROOT / "config.yaml").expanduser()
        if self._path is None:
            self._path = path
            self._furnish(path)
        elif path != self._path:
            logger.warning("gateway_config is read at the start only: restart the gateway.")
        elif "gateway_env_file" in updated:
            logger.warning("gateway_env_file is read at the start only: restart the gateway.")
        if "save_stream_file" in updated:
            self._recording = recorder.wanted(ctx.master)

    def _furnish(self, path: Path) -> None:
        """Get everything that a request needs before mitmproxy listens, or in the moment when it does."""
        self._took_over = ctx.options.mode == ["regular"]
        variables = Path(ctx.options.gateway_env_file).expanduser() if ctx.options.gateway_env_file else None
        self._reloader = Reloader(
            partial(config.load, path, os.environ, variables), self._use, terminal.say, [str(path)]
        )
        try:
            self._loaded = self._reloader.loaded()
        except ConfigError as error:
            self._stop(str(error))
            return
        if (missing := summary.hindrance(self._loaded.settings)) is not None:
            self._stop(missing)
            return
        settings = self._loaded.settings
        if (missing := self._embedded.start(settings.embedded)) is not None:
            terminal.say(missing)
        catalogue = Catalogue(settings, self._loaded.skipped, KNOWN_MODELS, discovered=self._kept_models.read())
        if self._embedded.started:
            catalogue = catalogue.with_embedded(local_model.NOT_YET)
        self._services = self._assembly.first(settings, catalogue)

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
        if (why := self._distrusted(settings)) is not None:
            self._stop(why)
            return
        terminal.arrange(debug=settings.debug)
        sys.setswitchinterval(SWITCH_SECONDS)
        gc.freeze()  # what is there from the start is no garbage: full collections, which stop everybody, pass it over
        saving.forgive(ctx.master.addons.get("save"))
        hooks.quicken(ctx.master.addons)
        self._watching = Watching(ctx.master.addons, ctx.options)
        self._recording = recorder.wanted(ctx.master)
        self._open_door(settings.max_connections)
        door.Exhaustion(asyncio.get_running_loop())
        if self._took_over:
            options.update(mode=[f"reverse:http://{NOWHERE}@{port}"], listen_host=host)
        if ours_among(options.mode)[0]:
            # A client's connection would be closed at once: nothing can be connected to beforehand.
            options.update(connection_strategy="lazy")
        self._greet(self._loaded, host)
        if self._assembly.inspector is not None and (options.server or options.rfile):
            self._show(self._assembly.inspector)
        if self._reloader is not None:
            self._shutdown.hear_signals(self._reloader.ask)
            self._reloader.start()
        self._discovering = asyncio.get_running_loop().create_task(self._discovery.run())

    def _distrusted(self, settings: Settings) -> str | None:
        """Let mitmproxy trust the authorities of the settings, or return why it cannot."""
        try:
            self._trust = None if settings.upstream_ca is None else Trust(settings.upstream_ca, ctx.options)
        except Unusable as error:
            return str(error)
        return None

    def _show(self, inspector: "Inspector") -> None:
        """Show what is recorded at a page. Where that fails, the gateway goes on without."""
        assert self._services is not None
        try:
            from addons.page.page import Page  # not everybody wants it, and its libraries take time to import

            self._page = Page(inspector, self._in_use, self._replays.ask, version(), self._address)
            listens, line = self._page.start()
        except Exception:
            # An error that is logged during the start ends mitmproxy.
            logger.warning("There is no page of the inspector; the gateway goes on without.", exc_info=True)
            return
        self._services.page = self._page.url if listens else None
        terminal.say(line)

    def _replayed(self, exchange: "Recorded") -> dict[str, Any]:
        from addons.page import replays

        return replays.replay(self._in_use(), exchange)

    def _in_use(self) -> Services:
        assert self._services is not None
        return self._services

    def _address(self) -> str | None:
        places = _places(self._in_use().settings.host)
        return summary.url(*places[0]) if places else None

    def _open_door(self, wanted: int) -> None:
        files = door.file_limit()
        most = door.room(wanted, files)
        if most < wanted:
            terminal.say(f"Only {files} files may be open (ulimit -n): {most} connections are taken, not {wanted}.")
        self.entrance.door = door.Door(most)

    def done(self) -> None:
        if self._services is not None:
            self._services.life.ended = True
        if self._discovering is not None:
            self._discovering.cancel()
        if self._reloader is not None:
            self._reloader.stop()
        if self._page is not None:
            self._page.stop()
        self._assembly.close()
        if self._trust is not None:
            self._trust.end()
        views.unregister()
        hooks.restore(ctx.master.addons)
        self._embedded.stop()
        bugs.end()

    def _stop(self, why: str) -> None:
        """End the start with exit status 1, as mitmproxy does for every error that is logged before it is up."""
        logger.error(why)
        self._loaded = None

    def _greet(self, loaded: config.Loaded, host: str) -> None:
        for remark in summary.remarks(loaded):
            terminal.say(remark)
        modes = [mode.full_spec for mode in ours_among(ctx.options.mode)[1]]
        for line in greeting(_names(self._catalogue()), _places(host), modes, f"reverse:http://{NOWHERE}@PORT"):
            terminal.say(line)

    # --- connections ---

    def _timeouts(self) -> Timeouts:
        return self._services.settings.timeouts if self._services is not None else Timeouts()

    def _lets_out(self, client: Client) -> bool:
        return self._services is not None and (not self._took_over or is_ours(client.proxy_mode))

    def _open(self, head: Head, client: Client, flow: http.HTTPFlow | None) -> Exchange:
        assert self._services is not None
        watchers: tuple[recorder.FlowRecorder, ...] = ()
        if flow is not None and self._recording:
            watchers = (recorder.FlowRecorder(flow, redactor=self._redactor()),)
        view, most = ctx.master.addons.get("view"), self._services.settings.keep_flows
        if most and isinstance(view, View):
            recorder.make_room(view, most)
        exchange = Exchange(self._services, head, watchers)
        self._shutdown.wait_for(exchange, client)
        return exchange

    def _redactor(self) -> Redactor:
        """Return what redacts: the inspector's own, where there is one."""
        inspector = self._assembly.inspector
        return Redactor() if inspector is None else inspector.redactor

    # --- another configuration ---

    def _use(self, loaded: config.Loaded, files: frozenset[str]) -> Iterator[str]:
        """Let exchanges that begin from now on have another configuration, of which these `files` have changed. Return
        what the operator is told. Raises `Hindrance`."""
        assert self._services is not None
        assert self._loaded is not None
        if (missing := summary.hindrance(loaded.settings)) is not None:
            raise Hindrance(missing)
        earlier, wanted, before = self._loaded, loaded.settings, self._services
        running = earlier.settings
        loaded = dataclasses.replace(loaded, settings=changes.in_effect(running, wanted))
        self._services = self._assembly.following(before, loaded)
        self._loaded = loaded
        if loaded.settings.max_connections != running.max_connections:
            self._open_door(loaded.settings.max_connections)
        auths = (auth for _, _, entry in loaded.settings.providers for auth in entry.credentials())
        self._authorities.keep(auths, files)
        self._discovery.wake()
        return changes.report(loaded, earlier, wanted, files, (_names(before.catalogue), _names(self._catalogue())))

    # --- models that appear ---

    def _catalogue(self) -> Catalogue:
        assert self._services is not None
        return self._services.catalogue

    def _discovered(self, names: Mapping[str, tuple[str, ...]]) -> None:
        assert self._services is not None
        self._services.catalogue = self._services.catalogue.with_discovered(names)

    def _refresh_seconds(self) -> float:
        assert self._services is not None
        return 60.0 * self._services.settings.models_refresh

    def _embedded_moved(self, base_url: str) -> None:
        assert self._services is not None
        self._services.catalogue = self._services.catalogue.with_embedded(base_url)

    # --- what exchanges need of the addon ---

    async def gateway_work(self, job: Job) -> None:
        """Do heavy work in a thread: others go on meanwhile, if more slowly."""
        try:
            job.result = await asyncio.get_running_loop().run_in_executor(
                self._assembly.workers[job.work.on], job.work.do
            )
        except Exception as error:  # noqa: BLE001 - raised again in the stream, where the client is told
            job.error = error

    async def gateway_authorise(self, given: Pass) -> None:
        try:
            by = self._embedded if isinstance(given.request.auth, EmbeddedAuth) else self._authorities
            given.request = await by.authorised(given.request)
        except Unauthorised as error:
            given.failure = error.failure
        except Exception:
            logger.exception("A request could not be authorised; its client is told.")
            given.failure = INTERNAL


def _places(host: str) -> list[Place] | None:
    """Return where the gateway listens, None where nothing does."""
    if not ctx.options.server:
        return None
    ours, _ = ours_among(ctx.options.mode)
    return [(mode.listen_host(host), mode.listen_port(ctx.options.listen_port)) for mode in ours]


def _names(catalogue: Catalogue) -> list[str]:
    return [model.id for model in catalogue.listing("")]


gateway = Gateway()
addons = [gateway, gateway.entrance, gateway.files]
