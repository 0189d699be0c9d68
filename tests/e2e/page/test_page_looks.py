"""Every view of the inspector's page, at three sizes and in both colours, as a judge of accessibility sees it."""

from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from tests.e2e.page.conftest import LARGE, PHONE, SMALL
from tests.e2e.page.person import Person
from tests.e2e.page.traffic import CAPITAL, TOLD, USUAL, Ask, Traffic

AXE = Axe()
VIEWS = {
    "list": "#/",
    "found": "#/?q=model%3Asonnet",
    "nothing found": "#/?q=nothing-has-this",
    "panes": "#/x/lossy",
    "a long name": "#/x/long-name",
    "a long name that nobody has": "#/x/long-asked",
    "a path": "#/x/lossy/client_request/seed",
    "panes of a stream": "#/x/tools",
    "timeline": "#/x/tools/events",
    "an event": "#/x/reasoning/events/3",
    "losses": "#/x/lossy/notes",
    "attempts": "#/x/failover/attempts",
    "tools": "#/x/tools/tools",
    "reasoning": "#/x/reasoning/reasoning",
    "budget": "#/x/lossy/budget",
    "cache": "#/x/lossy/cache",
    "lints": "#/x/cut/lints",
    "failed": "#/x/suspended",
    "compare": "#/compare/lossy,streamed,tools",
    "gone": "#/x/nothing",
}
OPTIONS = {
    "resultTypes": ["violations"],
    "runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
}
SIZES = {"small": SMALL, "large": LARGE, "phone": PHONE}


@pytest.fixture(scope="module", autouse=True)
def recorded(traffic: Traffic) -> None:
    long_names = Ask(CAPITAL, "haiku", stream=True, id="long-name"), Ask(CAPITAL, "fine-tuned-" * 12, id="long-asked")
    for ask in (*USUAL, *TOLD, *long_names):
        traffic.send(ask)


def complaints(page: Page) -> dict[str, Any]:
    """Return what is serious or critical: by its rule, where it is seen."""
    page.evaluate("script => window.axe || (0, eval)(script)", AXE.axe_script)
    found = page.evaluate("options => axe.run(options)", OPTIONS)
    grave = [one for one in found["violations"] if one["impact"] in ("serious", "critical")]
    return {one["id"]: [node["html"][:300] for node in one["nodes"][:3]] for one in grave}


def overflow(page: Page) -> Any:
    """Return by how much something is wider than its place."""
    wide = "[...document.querySelectorAll('html, main, article')].map(one => one.scrollWidth - one.clientWidth)"
    return page.evaluate(f"Math.max(...{wide})")


@pytest.mark.parametrize(
    ("colours", "size"), [("light", "small"), ("light", "large"), ("light", "phone"), ("dark", "small")]
)
def test_everybody_can_use_it(person: Person, colours: Any, size: str) -> None:
    page = person.page
    page.emulate_media(color_scheme=colours, reduced_motion="reduce")
    width, height = SIZES[size]
    page.set_viewport_size({"width": width, "height": height})
    found: dict[str, Any] = {}
    for name, hash in VIEWS.items():
        settle(person.open(hash, rows=False).page)
        found[name] = complaints(page)
        assert overflow(page) <= 0, name
    page.get_by_role("button", name="Keys and help").click()
    found["help"] = complaints(page)
    page.keyboard.press("Escape")
    for name, typed in {"suggestions": "mod", "a mistake": "duration>soon"}.items():
        field = person.open(rows=False).page.get_by_role("searchbox", name="Search")
        field.press_sequentially(typed)
        found[name] = complaints(page)
    rules = {rule for one in found.values() for rule in one}
    seen = {rule: {name: one[rule] for name, one in found.items() if rule in one} for rule in rules}
    assert not seen, "\n".join(f"{rule}: {sorted(one)}: {next(iter(one.values()))}" for rule, one in seen.items())


def settle(page: Page) -> None:
    """Wait until everything is there that the view asks for."""
    expect(page.locator(".connection")).to_have_text("live")
    expect(page.get_by_text("Loading…")).to_have_count(0)
    expect(page.get_by_text("Analysing…")).to_have_count(0)
    expect(page.get_by_text("Tracing…")).to_have_count(0)
    expect(page.get_by_text("Waiting…")).to_have_count(0)
