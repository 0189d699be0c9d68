"""Calls mitmproxy's hooks only at the addons that have them.

At each hook mitmproxy sets up a context manager, a coroutine and a generator for each of its 38 addons, and again for
the `update` that follows: that is nearly half of what a request costs. The order of addons, the guard around each and
`AddonHalt` stay as they are; addons that do not have the hook are passed over.
"""

from mitmproxy import exceptions
from mitmproxy.addonmanager import AddonManager, safecall, traverse
from mitmproxy.hooks import Hook


def quicken(manager: AddonManager) -> None:
    """Pass over addons that do not have a hook, at this manager, until `restore`."""

    async def trigger_event(event: Hook) -> None:
        for addon in manager.chain:
            if not _has(addon, event.name):
                continue
            try:
                with safecall():
                    await manager.invoke_addon(addon, event)
            except exceptions.AddonHalt:
                return

    vars(manager)["trigger_event"] = trigger_event


def restore(manager: AddonManager) -> None:
    vars(manager).pop("trigger_event", None)


def _has(addon: object, hook: str) -> bool:
    """Return whether the addon, or one that it holds, has the hook."""
    if not hasattr(addon, "addons"):
        return hasattr(addon, hook)
    return any(hasattr(each, hook) for each in traverse([addon]))
