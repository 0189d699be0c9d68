"""What is said seldom, and how many come in."""

import asyncio
import errno
import logging

import pytest

from addons.proxy.door import Exhaustion, Seldom, room


@pytest.mark.parametrize(
    ("wanted", "files", "most"),
    [
        pytest.param(2000, None, 2000, id="files without limit"),
        pytest.param(0, None, 0, id="nothing has a limit"),
        pytest.param(2000, 1 << 20, 2000, id="many files"),
        pytest.param(2000, 1024, 462, id="few files"),
        pytest.param(0, 1024, 462, id="as many as files"),
        pytest.param(10, 1024, 10, id="few are wanted"),
        pytest.param(10, 50, 1, id="hardly any files"),
    ],
)
def test_room(wanted: int, files: int | None, most: int) -> None:
    assert room(wanted, files) == most


def test_seldom() -> None:
    said: list[str] = []
    times = iter([10.0, 10.1, 10.9, 11.0, 12.5])
    say = Seldom(said.append, lambda: next(times))
    for _ in range(5):
        say("a")
    assert said == ["a", "a (2 times more since the last such line)", "a"]


def test_too_many_open_files_are_told_once_a_second(caplog: pytest.LogCaptureFixture) -> None:
    async def run() -> list[str]:
        loop, others = asyncio.get_running_loop(), list[str]()
        loop.set_exception_handler(lambda _, context: others.append(context["message"]))
        Exhaustion(loop)
        refused = {"message": "accept", "exception": OSError(errno.EMFILE, "Too many open files"), "socket": None}
        for _ in range(100):
            loop.call_exception_handler(refused)
        loop.call_exception_handler({"message": "another", "exception": OSError(errno.EPIPE, "Broken pipe")})
        return others

    with caplog.at_level(logging.WARNING, "gateway"):
        assert asyncio.run(run()) == ["another"]
    assert caplog.messages == ["No client can come in at the moment: Too many open files."]
