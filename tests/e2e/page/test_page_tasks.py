"""Eight tasks at the inspector's page with three hundred exchanges, each done by somebody whose clicks are counted."""

import json
import re
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.e2e.page.person import Person
from tests.e2e.page.traffic import ANSWER, MANY_LOSSES, PROVIDER_SAID, Ask, Traffic


@pytest.fixture(scope="module", autouse=True)
def recorded(traffic: Traffic) -> None:
    traffic.three_hundred()


def side_by_side(person: Person, left: str, right: str) -> None:
    one, other = (person.box(person.sees(person.pane(name))) for name in (left, right))
    assert one["x"] + one["width"] <= other["x"] + 1
    assert one["y"] == pytest.approx(other["y"], abs=1)
    assert min(one["width"], other["width"]) > 300
    assert min(one["height"], other["height"]) > 150


def test_what_my_request_became(person: Person) -> None:
    person.open().click(person.row("lossy"))
    side_by_side(person, "Client asked", "Provider was sent")
    person.sees(person.pane("Client asked").locator('[data-path="model"]'), "sonnet")
    person.sees(person.pane("Provider was sent").locator('[data-path="model"]'), "claude-sonnet-4-5")
    assert person.steps == 1


def test_what_my_request_became_by_keyboard(person: Person) -> None:
    person.open().press("j", "Enter")
    side_by_side(person, "Client asked", "Provider was sent")
    side_by_side(person, "Provider answered", "Client got")
    assert person.steps == 2
    person.open().press("Enter")
    side_by_side(person, "Client asked", "Provider was sent")
    assert person.steps == 1


@pytest.mark.parametrize(
    ("id", "paths"),
    [
        pytest.param("lossy", {"seed", "logit_bias"}, id="two"),
        pytest.param("many-losses", set(MANY_LOSSES), id="many"),
    ],
)
def test_which_field_was_lost_and_why(person: Person, id: str, paths: set[str]) -> None:
    person.open().click(person.row(id))
    exchange = person.page.request.get(f"{person.address}/api/exchanges/{id}").json()
    lost = [note for note in exchange["notes"] if note["lost"]]
    assert {note["path"] for note in lost} == paths
    for note in lost:
        line = person.page.get_by_role("region", name="Losses").locator("div").filter(has_text=note["path"])
        person.sees(line.get_by_text(note["detail"], exact=True).first)
    assert person.steps == 1


def test_what_was_lost_stands_in_its_place(person: Person) -> None:
    person.open("#/x/lossy")
    for path in ("seed", "logit_bias"):
        person.click(person.page.get_by_role("region", name="Losses").get_by_role("link", name=path))
        struck = person.pane("Client asked").locator(f'.node.lost[data-path^="{path}"]').first
        person.sees(struck)
        expect(struck.locator(".value")).to_have_css("text-decoration-line", "line-through")


def test_what_a_stream_lost_stands_in_its_place(person: Person) -> None:
    person.open("#/x/hologram")
    person.click(person.page.get_by_role("region", name="Losses").get_by_role("link", name="content.hologram"))
    lost = person.pane("Provider answered").locator(".block.lost.lit")
    for text in ("content.hologram", "event 7", "A block of this type is not known."):
        person.sees(lost, text)
    expect(person.page.locator(".node.lost")).to_have_count(0)  # the request lost nothing


def test_which_event_became_which(person: Person) -> None:
    person.open().click(person.row("streamed"))
    person.click(person.tab("Events"))
    events = person.page.request.get(f"{person.address}/api/exchanges/streamed").json()["events"]
    assert len(events) > 15
    for one in (events[4], events[6]):
        row = person.page.locator(f'.event-row[data-n="{one["n"]}"]')
        person.sees(row.get_by_label(f"Event {one['n']}", exact=True))
        halves = row.locator(".half")
        text = json.loads(one["provider"].partition("data: ")[2] or one["provider"])["delta"]["text"]
        for half in halves.all():
            person.sees(half.locator(".delta"), text)
        left, right = (person.box(half) for half in halves.all())
        assert left["x"] + left["width"] < right["x"]
        assert left["y"] == right["y"]
    assert person.steps == 2


@pytest.mark.parametrize(
    ("id", "said"),
    [
        pytest.param("lossy", ["200 complete", "finish reason “stop”"], id="complete"),
        pytest.param("suspended", ["502 failed", "the provider answered 403"], id="refused by the provider"),
        pytest.param("cut", ["failed", "provider"], id="cut"),
        pytest.param("failover", ["200 complete", "2 attempts"], id="failed over"),
    ],
)
def test_why_the_answer_ended(person: Person, id: str, said: list[str]) -> None:
    person.open().click(person.row(id))
    for text in said:
        person.sees(person.page.locator(".ending"), text)
    assert person.steps == 1


def test_what_the_provider_said_when_it_refused(person: Person) -> None:
    person.open().click(person.row("suspended"))
    person.sees(person.pane("Provider answered").locator('[data-path="error.message"]'), PROVIDER_SAID)
    assert person.steps == 1


SEARCHES: list[tuple[str, Callable[[Any, Ask], bool]]] = [
    ("model:qwen", lambda x, ask: ask.model == "qwen"),
    ("provider:gemini", lambda x, ask: ask.model == "flash" or "no room" in ask.text),
    ("client:nightly", lambda x, ask: ask.client == "nightly"),
    ("status:4xx", lambda x, ask: ask.model == "nobody-has-this"),
    ("note:prediction", lambda x, ask: "prediction" in ask.fields),
    ("end:failed stream:yes", lambda x, ask: "breaks off" in ask.text),
    ("attempts>1", lambda x, ask: "no room" in ask.text),
    ("lossy", lambda x, ask: ask.id == "lossy"),
    ("17 times 20", lambda x, ask: "17 times 23" in ask.text),
]


@pytest.mark.parametrize(("query", "fits"), [pytest.param(*one, id=one[0]) for one in SEARCHES])
def test_one_exchange_of_many(person: Person, traffic: Traffic, query: str, fits: Callable[[Any, Ask], bool]) -> None:
    """One field, and what is found is there without a key that says so."""
    page = person.open().page
    exchanges = [(one, traffic.asked[one["id"]]) for one in pages(person) if one["id"] in traffic.asked]
    found = [one["id"] for one, ask in exchanges if fits(one, ask)]
    assert 0 < len(found) < len(exchanges)
    person.types(page.get_by_role("searchbox", name="Search"), query)
    expect(page.locator(".counted")).to_have_text(f"{len(found)} found")
    shown = page.locator("a.open").evaluate_all("links => links.map(link => link.hash.split('/')[2])")
    assert shown == found[: len(shown)]
    person.sees(person.row(found[0]))
    assert person.steps == 1


def pages(person: Person) -> Iterator[Any]:
    before: dict[str, Any] = {}
    while True:
        read = person.page.request.get(f"{person.address}/api/exchanges", params={"limit": 200, **before}).json()
        yield from read["exchanges"]
        if not read["more"]:
            return
        before = {"before": read["exchanges"][-1]["id"]}


def test_results_while_typing(person: Person, traffic: Traffic) -> None:
    """Each letter that is typed changes what is shown, and nothing has to be pressed."""
    page = person.open().page
    field, counted = page.get_by_role("searchbox", name="Search"), page.locator(".counted")
    qwen = sum(ask.model == "qwen" for ask in traffic.asked.values())
    for letters, count in (("model:q", qwen), ("w", qwen), ("x", 0)):
        field.press_sequentially(letters)
        expect(counted).to_have_text(f"{count} found")
    expect(page.get_by_text("Nothing found")).to_be_visible()
    field.press("Backspace")
    expect(counted).to_have_text(f"{qwen} found")
    person.sees(person.row().first, "qwen")


def test_the_same_at_another_model(person: Person) -> None:
    person.open().click(person.row("lossy"))
    person.click(person.page.get_by_role("group", name="Compare with another model").get_by_role("button").first)
    columns = person.page.locator(".column")
    expect(columns).to_have_count(2)
    for column in columns.all():
        person.sees(column.locator(".answer"), ANSWER)
    assert person.steps == 2


def test_side_by_side_with_one_that_failed(person: Person) -> None:
    """Its answer is the error, in the provider's words, and nothing else."""
    person.open("#/compare/lossy,suspended", rows=False)
    answer = person.page.locator(".column").nth(1).locator(".answer")
    expect(answer).to_have_text(re.compile(f"{re.escape(PROVIDER_SAID)}$"))


@pytest.mark.parametrize("leg", ["client", "provider"])
@pytest.mark.parametrize(("form", "has"), [("curl", "curl "), ("httpie", "http"), ("python", "import ")])
def test_code_of_either_leg(person: Person, leg: str, form: str, has: str) -> None:
    person.open().click(person.row("lossy"))
    person.click(person.page.get_by_role("button", name=f"Copy {leg} request as {form}"))
    expect(person.page.get_by_role("status").filter(has_text="copied")).to_be_visible()
    copied = person.clipboard()
    assert has in copied
    assert ("sonnet" if leg == "client" else "claude-sonnet-4-5") in copied
    assert person.steps == 2


@pytest.mark.parametrize("name", ["Fixture", "HTML", "HAR"])
def test_a_file_to_keep_or_to_share(person: Person, tmp_path: Path, name: str) -> None:
    person.open().click(person.row("streamed"))
    with person.page.expect_download() as saved:
        person.click(person.page.get_by_role("button", name=name, exact=True))
    path = tmp_path / saved.value.suggested_filename
    saved.value.save_as(path)
    if name == "Fixture":
        assert any(one.endswith(".meta.json") for one in zipfile.ZipFile(path).namelist())
    else:
        assert "Iceland" in path.read_text()
    assert person.steps == 2
