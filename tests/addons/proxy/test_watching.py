"""Whether somebody watches: found out anew when addons or options change."""

from typing import Any

import pytest
from mitmproxy import addons, options
from mitmproxy.addonmanager import AddonManager
from mitmproxy.addons.save import Save
from mitmproxy.addons.view import View
from mitmproxy.tools.dump import DumpMaster

from addons.proxy import saving
from addons.proxy.watching import IDLE_WITHOUT, Watching


class Listener:
    def response(self, flow: object) -> None: ...


class Deaf:
    response = None

    def client_connected(self, client: object) -> None: ...


class Script:
    """What holds addons, as mitmproxy's scripts do: a new list each time."""

    def __init__(self, *held: object) -> None:
        self.held, self.name = held, f"script {id(self)}"

    @property
    def addons(self) -> list[object]:
        return list(self.held)


@pytest.fixture
async def master() -> DumpMaster:
    """mitmdump with all of its own addons, as the gateway sets it up."""
    made = DumpMaster(options.Options(), with_termlog=False)
    made.options.update(flow_detail=0)
    return made


def watching(master: DumpMaster) -> Watching:
    return Watching(master.addons, master.options)


async def test_nobody_watches(master: DumpMaster) -> None:
    saving.forgive(master.addons.get("save"))
    assert watching(master)() is False


@pytest.mark.parametrize(
    "addon",
    [Listener(), Script(Listener()), Script(Script(Listener())), View()],
    ids=["addon", "script", "script of a script", "user interface"],
)
async def test_an_addon_that_comes_and_goes(master: DumpMaster, addon: object) -> None:
    watched = watching(master)
    assert watched() is False
    master.addons.add(addon)
    assert watched() is True
    master.addons.remove(addon)
    assert watched() is False


async def test_an_addon_without_hooks_of_http(master: DumpMaster) -> None:
    master.addons.add(Script(Deaf()))
    assert watching(master)() is False


async def test_a_script_that_is_loaded_anew(master: DumpMaster) -> None:
    script, watched = Script(Deaf()), watching(master)
    master.addons.add(script)
    assert watched() is False
    script.held = (Listener(),)
    assert watched() is True


SET: dict[str, Any] = {
    "anticache": True,
    "anticomp": True,
    "block_list": ["/~all/404"],
    "flow_detail": 1,
    "hardump": "/dev/null",
    "map_local": ["|x|/tmp"],
    "map_remote": ["|x|y"],
    "modify_body": ["/~q/x/y"],
    "modify_headers": ["/~q/x/y"],
    "proxyauth": "any",
    "save_stream_file": "/dev/null",
    "stickyauth": "~all",
    "stickycookie": "~all",
    "upstream_auth": "a:b",
}


@pytest.mark.parametrize("option", SET)
async def test_an_option_wakes_one_of_mitmproxys_own(master: DumpMaster, option: str) -> None:
    watched = watching(master)
    assert watched() is False
    before = getattr(master.options, option)
    master.options.update(**{option: SET[option]})
    assert watched() is True
    master.options.update(**{option: before})
    assert watched() is False


def test_every_option_is_tried() -> None:
    """But the one that would read a file."""
    assert {each for names in IDLE_WITHOUT.values() for each in names} == {*SET, "server_replay"}


async def test_an_addon_of_mitmproxys_that_is_not_known_watches() -> None:
    class New(Save):
        pass

    New.__module__ = addons.__name__ + ".new"
    manager = AddonManager(DumpMaster(options.Options(), with_termlog=False))
    manager.chain.append(New())
    assert Watching(manager, options.Options())() is True
