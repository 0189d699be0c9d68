"""The inspector's page while exchanges run; its links and its keys."""

import json
import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from playwright.sync_api import Locator, Request, Route, expect

from tests.e2e.answers import Reply
from tests.e2e.gateway_process import CLIENT_KEY
from tests.e2e.page.person import Person
from tests.e2e.page.traffic import CAPITAL, TOLD, TOOLS, Ask, Traffic
from tests.e2e.pools import MEMBERS
from tests.e2e.provider import EVENT_STREAM, LAST_CHUNK, Call, Provider, chunk, head

LONG = Reply(" ".join(f"word{n}" for n in range(200)))
MANY = [{"role": role, "content": f"{role} {n}"} for n in range(40) for role in ("user", "assistant")]


@pytest.fixture(scope="module", autouse=True)
def recorded(traffic: Traffic, provider: Provider) -> None:
    provider.scripts = [MEMBERS["claude"].speech.answer(LONG)]
    traffic.send(Ask(CAPITAL, stream=True, id="long"))
    traffic.send(Ask(CAPITAL, fields={"messages": [*MANY, {"role": "user", "content": "Go on."}]}, id="deep"))
    for ask in TOLD:
        traffic.send(ask)


# --- what grows ------------------------------------------------------------------------------------


_SELECT = "({firstChild: text}) => getSelection().setBaseAndExtent(text, 0, text, text.length)"


class Held:
    """A provider's stream in pieces; each comes when it is let go."""

    def __init__(self, *pieces: bytes) -> None:
        self._pieces = [(piece, threading.Event()) for piece in pieces]
        self._next = iter([go for _, go in self._pieces])

    async def __call__(self, call: Call) -> None:
        await call.send(head(200, EVENT_STREAM))
        for piece, go in self._pieces:
            await call.until(go)
            await call.send(chunk(piece))
        await call.send(LAST_CHUNK)

    def go(self) -> None:
        next(self._next).set()


@contextmanager
def running(traffic: Traffic, ask: Ask) -> Iterator[None]:
    """A request under way; it is over at the end."""
    client = threading.Thread(target=traffic.send, args=(ask,))
    client.start()
    yield
    client.join(20)
    assert not client.is_alive()


def test_an_exchange_that_is_over_is_asked_for_once(person: Person, address: str) -> None:
    asked: list[Route] = []
    lists: list[Request] = []

    def is_second_list(request: Request) -> bool:
        if "/api/exchanges?" in request.url:
            lists.append(request)
        return len(lists) == 2

    def hold(route: Route) -> None:
        asked.append(route)

    person.page.route(re.compile(r"/api/exchanges/long\?brief=yes$"), hold)
    with person.page.expect_request(is_second_list):  # the live stream has begun: what came before may be missed
        person.page.goto(f"{address}/#/x/long/events")
    for route in asked:
        route.continue_()
    expect(person.page.locator(".event-row").first).to_be_visible()
    assert len(asked) == 1


def test_a_stream_grows_where_it_is_watched(person: Person, traffic: Traffic, provider: Provider) -> None:
    pieces = MEMBERS["claude"].speech.stream(Reply("Hello there"))
    held = Held(b"".join(pieces[:3]), b"".join(pieces[3:5]), b"".join(pieces[5:]))
    provider.scripts = [held]
    person.open()
    with running(traffic, Ask(CAPITAL, stream=True, id="growing")):
        person.sees(person.row("growing"), "running")
        person.click(person.row("growing"))
        person.click(person.tab("Events"))
        search = person.page.get_by_role("searchbox", name="Search")
        search.focus()
        held.go()
        rows = person.page.locator(".event-row")
        answer = person.page.get_by_label("What the events add up to")
        expect(answer).to_have_text("Hel")
        expect(search).to_be_focused()
        person.sees(person.page.locator(".ending"), "The answer is still coming.")
        before = rows.count()
        answer.locator("span").first.evaluate(_SELECT)
        held.go()
        expect(answer).to_have_text("Hello the")
        assert person.page.evaluate("String(getSelection())") == "Hel"
        expect(rows).to_have_count(before + 2)
        person.sees(rows.last.locator(".delta").last, "the")
        held.go()
        expect(answer).to_have_text("Hello there")
        person.sees(person.page.locator(".ending"), "200 complete")
        expect(person.row("growing")).not_to_contain_text("running")


def part(held: dict[str, Any]) -> bytes:
    return (
        b"data: " + json.dumps({"candidates": [{"content": {"role": "model", "parts": [held]}}]}).encode() + b"\r\n\r\n"
    )


def test_what_was_held_back_leaves_what_is_looked_at_where_it_is(
    person: Person, traffic: Traffic, provider: Provider
) -> None:
    calls = part({"functionCall": {"name": "weather", "args": {"city": "Reykjavik"}}}) * 4
    held = Held((part({"text": "I look it up."}) + calls) * 9 + part({"text": "."}))
    held.go()
    provider.scripts = [held]
    traffic.send(Ask(CAPITAL, "flash", stream=True, fields={"tools": TOOLS}, id="held"))
    asked: list[Route] = []

    def hold(route: Route) -> None:
        asked.append(route)

    person.page.route("**/provenance*", hold)
    with person.page.expect_request("**/provenance*"):
        person.open("#/x/held/events")
    looked_at = person.page.locator('.event-row[data-n="15"]')
    looked_at.evaluate("row => row.scrollIntoView()")
    expect(person.page.locator('.event-row[data-n="20"]')).to_be_in_viewport()
    before = person.box(looked_at)["y"]
    asked[0].continue_()
    expect(person.page.locator('.event-row[data-n="16"]')).to_be_visible()
    assert person.box(looked_at)["y"] == pytest.approx(before, abs=2)


def test_a_new_row_leaves_what_is_looked_at_where_it_is(person: Person, traffic: Traffic) -> None:
    traffic.send_all([Ask(CAPITAL)] * 40)
    person.open()
    rows = person.page.get_by_label("Rows")
    rows.evaluate("box => { box.scrollTop = 900; }")
    looked_at = person.row("lossy")
    expect(looked_at).to_be_in_viewport()
    before = person.box(looked_at)["y"]
    total = person.page.locator(".counted").inner_text()
    traffic.send(Ask(CAPITAL))
    expect(person.page.locator(".counted")).not_to_have_text(total)
    assert person.box(looked_at)["y"] == pytest.approx(before, abs=1)


def test_who_was_asked_before(person: Person) -> None:
    person.open("#/x/failover").click(person.tab("Attempts"))
    first, second = person.page.get_by_label("Attempts").get_by_role("listitem").all()
    person.sees(first, re.compile("1. anthropic/claude-sonnet-4-5.*529"))
    person.sees(second, re.compile("2. gemini/gemini-3-flash-preview.*200"))


def test_a_connection_that_is_lost_comes_back(person: Person) -> None:
    page = person.page
    page.route("**/api/live*", lambda route: route.abort())
    person.open(rows=False)
    status = page.locator(".connection")
    person.sees(status, "disconnected")
    page.unroute_all()
    expect(status).to_have_text("live")


def test_a_page_behind_another_takes_no_connection(person: Person) -> None:
    """A browser has six for all its tabs."""
    page = person.page
    asked: list[str] = []
    page.on("request", lambda one: asked.append(one.url))
    page.add_init_script("Object.defineProperty(document, 'hidden', {get: () => !window.isSeen, configurable: true})")
    person.page.goto(f"{person.address}/#/")
    expect(person.row().first).to_be_visible()
    assert not [url for url in asked if "/api/live" in url]
    page.evaluate("isSeen = true; document.dispatchEvent(new Event('visibilitychange'))")
    expect(page.locator(".connection")).to_have_text("live")


# --- links -----------------------------------------------------------------------------------------


def path_in(pane: str, path: str) -> Callable[[Person], Locator]:
    return lambda person: person.pane(pane).locator(f'.node.at[data-path="{path}"]')


def event(n: int) -> Callable[[Person], Locator]:
    return lambda person: person.page.locator(f'.event-row.at[data-n="{n}"]').get_by_label(f"Event {n}", exact=True)


@pytest.mark.parametrize(
    ("hash", "where"),
    [
        pytest.param("#/x/lossy", lambda person: person.row("lossy"), id="exchange"),
        pytest.param("#/x/lossy/client_request/seed", path_in("Client asked", "seed"), id="what was lost"),
        pytest.param(
            "#/x/deep/client_request/messages[60].content", path_in("Client asked", "messages[60].content"), id="path"
        ),
        pytest.param(
            "#/x/deep/provider_request/messages[60].content[0].text",
            path_in("Provider was sent", "messages[60].content[0].text"),
            id="path at the provider",
        ),
        pytest.param("#/x/lossy/client_response/usage", path_in("Client got", "usage"), id="path of an answer"),
        pytest.param("#/x/long/events/150", event(150), id="event"),
        pytest.param("#/x/tools/tools", lambda person: person.page.get_by_text("weather").first, id="tab"),
        pytest.param(
            "#/compare/lossy,streamed", lambda person: person.page.get_by_role("heading", name="Side by side"), id="two"
        ),
    ],
)
def test_a_link_opens_what_it_names(person: Person, hash: str, where: Callable[[Person], Locator]) -> None:
    person.open(hash)
    person.sees(where(person))
    person.page.reload()
    person.sees(where(person))
    assert person.page.evaluate("decodeURIComponent(location.hash)") == hash


def test_the_address_follows_what_is_selected(person: Person) -> None:
    person.open("#/x/lossy").click(person.pane("Provider was sent").locator('[data-path="model"]'))
    expect(person.page).to_have_url(f"{person.address}/#/x/lossy/provider_request/model")
    person.open("#/x/streamed/events").click(person.page.locator('.event-row[data-n="3"]').locator(".when"))
    expect(person.page).to_have_url(f"{person.address}/#/x/streamed/events/3")


def test_an_exchange_that_is_not_there(person: Person) -> None:
    person.open("#/x/nothing")
    person.sees(person.page.get_by_role("heading", name="This exchange is gone"))
    person.click(person.page.get_by_role("link", name="Back to the list"))
    expect(person.page).to_have_url(f"{person.address}/#/")


@pytest.mark.parametrize(
    ("pane", "path", "other", "end"),
    [
        pytest.param("Client asked", "messages[0].content", "Provider was sent", "system[0].text", id="where it went"),
        pytest.param("Provider was sent", "model", "Client asked", "model", id="where it came from"),
        pytest.param(
            "Client got", "choices[0].message.content", "Provider answered", "content[0].text", id="of an answer"
        ),
    ],
)
def test_what_is_pointed_at_lights_its_other_end(person: Person, pane: str, path: str, other: str, end: str) -> None:
    person.open("#/x/lossy")
    expect(person.page.locator(".node.lit")).to_have_count(0)
    person.pane(pane).locator(f'[data-path="{path}"]').hover()
    person.sees(person.pane(other).locator(f'.node.lit[data-path="{end}"]'))


# --- keys ------------------------------------------------------------------------------------------


def test_a_round_by_keyboard(person: Person) -> None:
    page = person.open().page
    ids = page.locator("a.open").evaluate_all("links => links.map(link => link.hash.split('/')[2])")
    cursor = page.locator(".line.at a.open")
    for key, at in (("j", 0), ("j", 1), ("j", 2), ("k", 1)):
        person.press(key)
        expect(cursor).to_have_attribute("href", f"#/x/{ids[at]}")
    for key, url in (
        ("Enter", f"#/x/{ids[1]}"),
        ("e", f"#/x/{ids[1]}/events"),
        ("j", f"#/x/{ids[2]}/events"),
        ("k", f"#/x/{ids[1]}/events"),
        ("d", f"#/x/{ids[1]}/diff"),
        ("Escape", "#/"),
    ):
        person.press(key)
        expect(page).to_have_url(f"{person.address}/{url}")


_AT_ONCE = """async acts => {
    for (const [kind, what] of acts) {
        const field = document.querySelector('input[type=search]');
        const at = document.activeElement;
        if (kind === 'click') document.querySelector(what).click();
        else if (kind === 'refuse') history.replaceState = () => { throw new Error(); };
        else if (kind === 'press') at.dispatchEvent(new KeyboardEvent('keydown', {key: what, bubbles: true}));
        else {
            field.focus();
            field.value = what;
            field.dispatchEvent(new InputEvent('input', {bubbles: true}));
        }
        await Promise.resolve();
    }
}"""
"""Clicks, keys and what is typed in one task: no event of the browser comes between them."""


def press(*keys: str) -> list[tuple[str, str]]:
    return [("press", key) for key in keys]


@pytest.mark.parametrize(
    ("hash", "acts", "then"),
    [
        pytest.param("#/x/lossy", press("e", "j"), "#/x/streamed/events", id="keys"),
        pytest.param("#/x/lossy", [("refuse", ""), *press("j")], "#/x/streamed", id="held down"),
        pytest.param("#/x/streamed", press("e", "ArrowDown"), "#/x/streamed/events/0", id="in another view"),
        pytest.param("#/x/lossy", press("?", "j"), "#/x/lossy", id="a dialog has them"),
        pytest.param(
            "#/x/lossy", [("click", '.tabs a[href$="/events"]'), *press("j")], "#/x/streamed/events", id="behind a link"
        ),
        pytest.param("#/", [("type", "note:seed -note:store"), *press("Enter")], "#/x/lossy", id="before it is found"),
    ],
)
def test_who_is_quicker_than_the_page(person: Person, hash: str, acts: list[tuple[str, str]], then: str) -> None:
    """Each finds the page where the one before it went, also where the browser changes its address no more."""
    page = person.open(hash).page
    expect(page.get_by_text("Loading…")).to_have_count(0)
    page.evaluate(_AT_ONCE, acts)
    id, _, detail = then.removeprefix("#/x/").partition("/")
    expect(page.locator(".line.at a.open")).to_have_attribute("href", re.compile(f"^#/x/{id}(/|$)"))
    if detail:
        expect(person.tab("Events")).to_have_attribute("aria-current", "page")
    if acts[0][0] != "refuse":
        expect(page).to_have_url(f"{person.address}/{then}")


def test_what_comes_late_takes_nobody_away(person: Person) -> None:
    page = person.open("#/x/lossy").page
    asked: list[Route] = []

    def hold(route: Route) -> None:
        asked.append(route)

    page.route("**/resend", hold)
    with page.expect_request("**/resend"):
        person.click(page.get_by_role("button", name="Resend"))
    person.press("Escape")
    expect(page).to_have_url(f"{person.address}/#/")
    asked[0].fulfill(json={"exchanges": [{"id": "streamed", "model": "sonnet"}]})
    expect(page.get_by_role("status").filter(has_text="in the list")).to_be_visible()
    expect(page).to_have_url(f"{person.address}/#/")


def test_curl_by_a_key(person: Person) -> None:
    person.open("#/x/lossy").press("c")
    expect(person.page.get_by_role("status").filter(has_text="copied")).to_be_visible()
    assert "/v1/messages" in person.clipboard()


def test_search_and_help_by_a_key(person: Person) -> None:
    page = person.open().page
    person.press("/")
    expect(page.get_by_role("searchbox", name="Search")).to_be_focused()
    page.keyboard.type("jkedc?lossy")
    expect(page.get_by_role("searchbox", name="Search")).to_have_value("jkedc?lossy")
    person.press("Escape", "?")
    person.sees(page.get_by_role("dialog", name="Keys"))
    person.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)


def test_found_and_opened_by_keyboard(person: Person) -> None:
    page = person.open().page
    person.press("/")
    page.keyboard.type("note:logit_bias -note:store")
    expect(page.locator(".counted")).to_have_text("1 found")
    person.press("Enter")
    expect(page).to_have_url(f"{person.address}/#/x/lossy")
    person.press("e")
    expect(page).to_have_url(f"{person.address}/#/x/lossy/events")
    person.press("Escape")
    page.get_by_role("searchbox", name="Search").fill("id:tools")
    expect(person.row("lossy")).to_have_count(0)
    person.press("Escape", "Escape", "e")  # for what is not in the list there is no key
    assert page.url == f"{person.address}/#/?q=id%3Atools"


def test_what_nobody_could_read_is_listed_searched_and_opened(person: Person, traffic: Traffic) -> None:
    """Its request names no model; the rows beside it stay where they are while a word is searched."""
    headers = {"authorization": f"Bearer {CLIENT_KEY}", "x-request-id": "unreadable"}
    assert traffic.http.post("/v1/chat/completions", content=b"{half", headers=headers).status_code == 400
    person.open()
    expect(person.row("unreadable")).to_be_visible()
    person.types(person.page.get_by_role("searchbox", name="Search"), "unreadable")
    expect(person.page.locator(".counted")).to_have_text("1 found")
    person.click(person.row("unreadable"))
    person.sees(person.page.get_by_role("heading", name="unread"))


# --- colours ---------------------------------------------------------------------------------------


def test_light_and_dark(person: Person) -> None:
    page = person.page
    light, dark = "rgb(255, 255, 255)", "rgb(20, 23, 28)"
    page.emulate_media(color_scheme="dark")
    body = person.open().page.locator("html")
    expect(body).to_have_css("background-color", dark)
    page.emulate_media(color_scheme="light")
    expect(body).to_have_css("background-color", light)
    button = page.get_by_role("button", name="Colours:")
    person.click(button)
    person.click(button)
    expect(body).to_have_css("background-color", dark)
    page.reload()
    expect(body).to_have_css("background-color", dark)
