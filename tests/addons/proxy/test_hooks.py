"""The quicker way to tell hooks: the same addons, in the same order, with the same guard as mitmproxy's own."""

import asyncio
from typing import Any

import pytest
from mitmproxy import exceptions, hooks
from mitmproxy.addonmanager import AddonManager
from mitmproxy.test import taddons

from addons.proxy.hooks import quicken, restore


class Telling:
    def __init__(
        self, name: str, told: list[str], *, fails: type[Exception] | None = None, asynchronous: bool = False
    ) -> None:
        self.name, self._told, self._fails = name, told, fails
        if asynchronous:
            self.running = self._later  # type: ignore[method-assign,assignment]

    def running(self) -> None:
        self._told.append(self.name)
        if self._fails:
            raise self._fails("on purpose")

    async def _later(self) -> None:
        await asyncio.sleep(0)
        self._told.append(self.name)


class Silent:
    def __init__(self, name: str) -> None:
        self.name = name


class Group:
    def __init__(self, name: str, *addons: Any) -> None:
        self.name = name
        self.addons = list(addons)


def chain(kind: str, told: list[str]) -> list[Any]:
    addons: dict[str, list[Any]] = {
        "plain": [Telling("a", told), Silent("s"), Telling("b", told)],
        "asynchronous": [Telling("a", told, asynchronous=True), Telling("b", told)],
        "nested": [Group("g", Telling("a", told), Silent("s")), Group("h", Silent("t")), Telling("b", told)],
        "failing": [Telling("a", told, fails=ValueError), Telling("b", told)],
        "halting": [Telling("a", told, fails=exceptions.AddonHalt), Telling("b", told)],
    }
    return addons[kind]


async def told_to(kind: str, *, quick: bool) -> list[str]:
    told: list[str] = []
    with taddons.context(loadcore=False) as context:
        manager: AddonManager = context.master.addons
        manager.add(*chain(kind, told))
        if quick:
            quicken(manager)
        await manager.trigger_event(hooks.RunningHook())
    return told


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        pytest.param("plain", ["a", "b"], id="plain"),
        pytest.param("asynchronous", ["a", "b"], id="asynchronous"),
        pytest.param("nested", ["a", "b"], id="addons in addons"),
        pytest.param("failing", ["a", "b"], id="one that raises"),
        pytest.param("halting", ["a"], id="one that halts"),
    ],
)
async def test_the_same_as_mitmproxy(kind: str, expected: list[str]) -> None:
    assert await told_to(kind, quick=False) == expected
    assert await told_to(kind, quick=True) == expected


async def test_it_can_be_taken_back() -> None:
    with taddons.context(loadcore=False) as context:
        manager = context.master.addons
        own = manager.trigger_event
        quicken(manager)
        assert manager.trigger_event != own
        restore(manager)
        assert manager.trigger_event == own
