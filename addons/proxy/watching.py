"""Finds out whether anybody watches the gateway's flows: without an audience there are none, and no hooks of
mitmproxy's."""

from collections.abc import Mapping
from typing import Any

from mitmproxy.addonmanager import AddonManager, traverse
from mitmproxy.optmanager import OptManager

HOOKS = ("requestheaders", "request", "responseheaders", "response", "error")

IDLE_WITHOUT: Mapping[str, tuple[str, ...]] = {
    "AntiCache": ("anticache",),
    "AntiComp": ("anticomp",),
    "BlockList": ("block_list",),
    "DisableH2C": (),
    "Dumper": ("flow_detail",),
    "MapLocal": ("map_local",),
    "MapRemote": ("map_remote",),
    "ModifyBody": ("modify_body",),
    "ModifyHeaders": ("modify_headers",),
    "Onboarding": (),
    "ProxyAuth": ("proxyauth",),
    "Save": ("save_stream_file",),
    "SaveHar": ("hardump",),
    "ServerPlayback": ("server_replay",),
    "StickyAuth": ("stickyauth",),
    "StickyCookie": ("stickycookie",),
    "TlsConfig": (),
    "UpdateAltSvc": (),
    "UpstreamAuth": ("upstream_auth",),
}
"""mitmproxy's own addons with hooks that do nothing here unless one of these options is set."""


class Watching:
    """A call says whether an addon of `manager` wants flows. It is found out anew when addons or options have
    changed."""

    def __init__(self, manager: AddonManager, options: OptManager) -> None:
        self._manager, self._options = manager, options
        self._chain: list[object] = []
        self._holders: list[tuple[Any, list[object]]] = []
        """Addons that hold others (scripts, what loads them), and what they held."""
        self._answer = False
        options.changed.connect(self._forget)

    def __call__(self) -> bool:
        chain = self._manager.chain
        if chain != self._chain or any(holder.addons != held for holder, held in self._holders):
            self._chain = [*chain]
            self._holders = [(each, list(each.addons)) for each in traverse(chain) if hasattr(each, "addons")]
            self._answer = any(map(self._watches, traverse(chain)))
        return self._answer

    def _forget(self, updated: set[str]) -> None:
        self._chain = []

    def _watches(self, addon: object) -> bool:
        if not any(callable(getattr(addon, hook, None)) for hook in HOOKS) or not getattr(addon, "watches", True):
            return False
        own = [kind.__name__ for kind in type(addon).__mro__ if kind.__module__.startswith("mitmproxy.addons.")]
        if not own or own[0] not in IDLE_WITHOUT:
            return True
        return any(getattr(self._options, option) for option in IDLE_WITHOUT[own[0]])
