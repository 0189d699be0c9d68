"""For all tests: which are end to end; and in CI a skipped test is a failure, because there nothing that a test needs
may be missing.

Values are frozen in every test's own process, and plain, as they are for users, in every process that a test starts.
"""

import importlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, settings

if TYPE_CHECKING:
    from tests.e2e.provider import Provider
    from tests.redis_server import RedisServer

os.environ["GATEWAY_FROZEN_VALUES"] = "1"  # read where the decorator of values is imported, and only then
importlib.import_module("translators.values")
del os.environ["GATEWAY_FROZEN_VALUES"]

settings.register_profile("busy", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("busy")  # a machine that has other things to do is no fault of an example's

HERE = Path(__file__).parent
END_TO_END = [
    *(HERE / folder for folder in ("docs", "e2e", "soak")),
    *(HERE / "scripts" / name for name in ("test_build_page.py", "test_setup.py")),
]
"""They start a gateway, or install something; `scripts/test --quick` leaves them out."""


@pytest.fixture(scope="session")
def running_provider() -> "Iterator[Provider]":
    """The provider of all tests, which answers as each of them has it do."""
    from tests.e2e.provider import Provider

    provider = Provider()
    yield provider
    provider.close()


@pytest.fixture(scope="module")
def running_redis() -> "Iterator[RedisServer]":
    from tests.redis_server import RedisServer  # whose library most tests do without

    with RedisServer() as server:
        yield server


@pytest.fixture
def redis(running_redis: "RedisServer") -> "RedisServer":
    """A Redis in which there is nothing."""
    running_redis.client.flushall()
    return running_redis


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if any(item.path.is_relative_to(place) for place in END_TO_END):
            item.add_marker("end_to_end")
    # The longest files come first: at the end one worker would be left with them.
    items.sort(key=lambda item: "e2e/page" not in item.path.as_posix())


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    if skipped(session.config) and session.exitstatus == pytest.ExitCode.OK:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if count := skipped(terminalreporter.config):
        terminalreporter.write_line(f"GATEWAY_NO_SKIPS is set, so {count} skipped make this run a failure", red=True)


def skipped(config: pytest.Config) -> int:
    reporter = config.pluginmanager.get_plugin("terminalreporter")
    if os.environ.get("GATEWAY_NO_SKIPS") != "1" or reporter is None:
        return 0
    return len(reporter.stats.get("skipped", []))
