"""Characters that nobody sees, or that turn what stands around them, on the inspector's page and in the file of it."""

from typing import Any

import pytest
from playwright.sync_api import expect

from tests.e2e.page.person import Person
from tests.e2e.page.traffic import TOKEN, Ask, Traffic

HIDDEN = "\x00\x1b\r\x7f\x9b\xad\u200b\u200e\u2028\u202e\u2066\u2069\ufeff\U000e0041"
EVIL = f"gpj{HIDDEN}.exe"
VIEWS = ("", "/notes", "/attempts", "/tools", "/lints", "/events")
FOUND = """hidden => {
  const found = text => [...text].some(one => hidden.includes(one))
  const nodes = [...document.querySelectorAll('body *')]
  const texts = nodes.flatMap(one => [...one.childNodes].filter(it => it.nodeType === 3).map(it => it.data))
  const names = nodes.flatMap(one => ['title', 'aria-label'].map(name => one.getAttribute(name) || ''))
  return [...texts, ...names].filter(found)
}"""


@pytest.fixture(scope="module", autouse=True)
def recorded(traffic: Traffic) -> None:
    fields: dict[str, Any] = {f"field{HIDDEN}": EVIL, "user": EVIL, "seed": 7}
    traffic.send(Ask(EVIL, fields=fields, id="whole"))
    traffic.send(Ask(EVIL, stream=True, fields=fields, id="streamed"))
    traffic.send(Ask("hi", f"model{EVIL}", id="refused"))


@pytest.mark.parametrize(
    "hash", [*(f"#/x/{id}{view}" for id in ("whole", "streamed", "refused") for view in VIEWS), "#/"]
)
def test_nothing_is_hidden(person: Person, hash: str) -> None:
    person.open(hash)
    expect(person.page.locator("main")).to_contain_text("modelgpj\\u0000")
    if hash in ("#/x/whole", "#/x/streamed"):
        expect(person.pane("Client asked")).to_contain_text("gpj\\u0000\\u001b\\u000d\\u007f\\u009b\\u00ad")
        expect(person.pane("Client asked")).to_contain_text("\\u202e\\u2066\\u2069\\ufeff\\u{e0041}.exe")
    assert person.page.evaluate(FOUND, HIDDEN) == []


def test_nothing_is_hidden_in_the_file(person: Person) -> None:
    answer = person.page.request.get(
        f"{person.address}/api/exchanges/whole/export?as=html", headers={"authorization": f"Bearer {TOKEN}"}
    )
    assert not [one for one in HIDDEN if one in answer.text()]
    assert "\\u202e\\u2066\\u2069\\ufeff\\u{e0041}.exe" in answer.text()


def test_what_is_edited_is_what_was_sent(person: Person) -> None:
    person.open("#/x/whole")
    person.click(person.page.get_by_role("button", name="Edit"))
    text = person.page.get_by_role("dialog").locator("textarea").input_value()
    assert "\u202e\u2066\u2069" in text
