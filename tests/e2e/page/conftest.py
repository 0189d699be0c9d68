"""One gateway, one provider and one browser for a file of tests."""

import os
import shutil
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, sync_playwright

from tests.e2e.gateway_process import GatewayProcess, free_port
from tests.e2e.page.person import Person
from tests.e2e.page.traffic import TOKEN, Traffic, answer, settings
from tests.e2e.provider import Provider

SMALL, LARGE, PHONE = (1280, 800), (1440, 900), (390, 844)


@pytest.fixture(scope="module")
def provider(running_provider: Provider) -> Iterator[Provider]:
    """Answers by `traffic.answer`, unless a test has put a script before it."""
    running_provider.reset()
    running_provider.default = answer
    yield running_provider
    assert not running_provider.errors


@pytest.fixture(scope="module")
def page_port() -> int:
    return free_port()


@pytest.fixture(scope="module")
def gateway(provider: Provider, page_port: int, tmp_path_factory: pytest.TempPathFactory) -> Iterator[GatewayProcess]:
    made = settings(provider.url, {"port": page_port})
    with GatewayProcess(tmp_path_factory.mktemp("page"), made) as process:
        yield process


@pytest.fixture(scope="module")
def traffic(gateway: GatewayProcess) -> Iterator[Traffic]:
    made = Traffic(gateway)
    yield made
    made.http.close()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Debian's Chromium. `evil.test` is this machine by its name server; root needs no sandbox to be let down by."""
    path = shutil.which("chromium")
    if path is None:
        pytest.skip("chromium is not installed")
    args = ["--host-resolver-rules=MAP evil.test 127.0.0.1", *(["--no-sandbox"] if os.geteuid() == 0 else [])]
    with sync_playwright() as driver:
        started = driver.chromium.launch(executable_path=path, args=args)
        yield started
        started.close()


@pytest.fixture(scope="module")
def address(gateway: GatewayProcess, page_port: int) -> str:
    return f"http://127.0.0.1:{page_port}"


@pytest.fixture
def context(browser: Browser, address: str) -> Iterator[BrowserContext]:
    """A browser that has been let in."""
    made = browser.new_context(
        viewport={"width": SMALL[0], "height": SMALL[1]}, permissions=["clipboard-read", "clipboard-write"]
    )
    made.set_default_timeout(10_000)
    made.request.get(f"{address}/?token={TOKEN}")
    yield made
    made.close()


@pytest.fixture
def person(context: BrowserContext, address: str) -> Person:
    return Person(context.new_page(), address)
