"""Somebody at the page, whose clicks are counted, and who sees only what is on the screen."""

import re
from contextlib import suppress
from typing import Any

from playwright.sync_api import Locator, Page, expect
from playwright.sync_api import TimeoutError as PlaywrightTimeout

_WHOLE = """element => {
    for (let at = element; at; at = at.parentElement) {
        const style = getComputedStyle(at);
        const hides = at === element || style.textOverflow === 'ellipsis' || style.webkitLineClamp !== 'none';
        if (hides && style.display !== 'inline' && style.overflowX !== 'visible'
            && (at.scrollWidth > at.clientWidth + 1 || at.scrollHeight > at.clientHeight + 1)) return at.outerHTML;
    }
    const box = element.getBoundingClientRect();
    const top = document.elementFromPoint(box.x + box.width / 2, box.y + Math.min(box.height / 2, 8));
    return top && (element.contains(top) || top.contains(element)) ? '' : 'covered by ' + (top && top.outerHTML);
}"""
"""Why somebody does not see all of an element that is in the viewport: it, or what it is in, cuts text; or it is
covered."""


class Person:
    """Clicks, chords of keys and fields typed into are a step each; looking and scrolling by the wheel are none."""

    def __init__(self, page: Page, address: str) -> None:
        self.page, self.address = page, address
        self.steps = 0

    def open(self, hash: str = "#/", rows: bool = True) -> "Person":
        """Begin anew, at the start page or another."""
        self.page.goto("about:blank")
        self.page.goto(f"{self.address}/{hash}")
        if rows:
            expect(self.page.get_by_role("status").filter(has_text="live")).to_be_visible()
            expect(self.row().first).to_be_visible()
        self.steps = 0
        return self

    def click(self, target: Locator) -> None:
        """Click what can be seen; nothing scrolls by itself."""
        expect(target).to_be_in_viewport()
        self.steps += 1
        target.click()

    def press(self, *keys: str) -> None:
        for key in keys:
            self.steps += 1
            self.page.keyboard.press(key)

    def types(self, field: Locator, text: str) -> None:
        self.steps += 1
        field.press_sequentially(text)

    def sees(self, target: Locator, text: str | re.Pattern[str] | None = None) -> Locator:
        """All of it, inside the viewport and uncovered, no text of it cut off."""
        if text is not None:
            expect(target).to_contain_text(text)
        expect(target).to_be_in_viewport(ratio=0.99)
        for _ in range(3):  # what comes later may still push it about, for a moment
            with suppress(PlaywrightTimeout):
                arguments: Any = {"arg": target.element_handle(), "timeout": 5000}
                self.page.wait_for_function(f"element => ({_WHOLE})(element) === ''", **arguments)
            if not (why := target.evaluate(_WHOLE)):
                break
        assert why == "", why
        return target

    def row(self, id: str = "") -> Locator:
        """An exchange's row in the list, by its link."""
        link = self.page.locator(f'a.open[href="#/x/{id}"], a.open[href^="#/x/{id}/"]' if id else "a.open")
        return self.page.get_by_role("row").filter(has=link)

    def pane(self, name: str) -> Locator:
        return self.page.get_by_role("region", name=name, exact=True)

    def tab(self, name: str) -> Locator:
        return self.page.get_by_role("navigation", name="Views of the exchange").get_by_role(
            "link", name=re.compile(f"^{name}")
        )

    def box(self, target: Locator) -> dict[str, float]:
        box: Any = target.bounding_box()
        assert box is not None, f"{target} has no place"
        return dict(box)

    def clipboard(self) -> str:
        text: str = self.page.evaluate("navigator.clipboard.readText()")
        return text
