"""Who gets into the inspector's page by a browser, and what the page itself asks for."""

from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, BrowserContext, Response, expect

from tests.e2e.page.person import Person
from tests.e2e.page.traffic import CAPITAL, TOKEN, Ask, Traffic
from tests.e2e.provider import Provider


@pytest.fixture(scope="module", autouse=True)
def recorded(traffic: Traffic) -> None:
    traffic.send(Ask(CAPITAL, id="plain"))
    traffic.send(Ask(CAPITAL, stream=True, id="streamed"))


# --- strangers -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("query", "host", "status", "told"),
    [
        pytest.param("", "127.0.0.1", 401, "The inspector is locked", id="no token"),
        pytest.param("?token=wrong", "127.0.0.1", 401, "it ends with ?token=", id="wrong token"),
        pytest.param(f"?token={TOKEN}", "evil.test", 421, "no other host's page", id="a name that leads here"),
    ],
)
def test_a_stranger_sees_no_page(
    browser: Browser, page_port: int, query: str, host: str, status: int, told: str
) -> None:
    with browser.new_context() as context:
        page = context.new_page()
        answer = page.goto(f"http://{host}:{page_port}/{query}")
        assert answer is not None
        assert answer.status == status
        expect(page.locator("body")).to_contain_text(told)
        assert context.cookies() == []


def test_the_token_becomes_a_cookie(browser: Browser, address: str) -> None:
    with browser.new_context() as context:
        page = context.new_page()
        page.goto(f"{address}/?token={TOKEN}#/x/plain")
        expect(page).to_have_url(f"{address}/#/x/plain")
        expect(page.get_by_role("heading", name="sonnet")).to_be_visible()
        [cookie] = context.cookies()
        assert (cookie["httpOnly"], cookie["sameSite"], cookie["path"]) == (True, "Strict", "/")
        assert (cookie["domain"], cookie["expires"]) == ("127.0.0.1", -1)
        assert TOKEN not in cookie["value"]
        assert page.evaluate("document.cookie") == ""
        context.clear_cookies()
        page.reload()
        expect(page.locator("body")).to_contain_text("Open the address that the gateway printed")


def test_a_session_that_ended_says_what_to_do(person: Person, context: BrowserContext) -> None:
    page = person.open().page
    context.clear_cookies()
    page.get_by_role("searchbox", name="Search").fill("plain")
    field = page.get_by_label("Token")
    expect(field).to_be_visible()
    expect(page.locator("main")).to_contain_text("Open the address that the gateway printed")
    field.fill(TOKEN)
    page.get_by_role("button", name="Open").click()
    expect(person.row("plain")).to_be_visible()


# --- pages of others -------------------------------------------------------------------------------

PAGE_OF_ANOTHER = """
const asked = (path, more) =>
    fetch(at + path, {credentials: 'include', ...more}).then(got => got.type, () => 'refused');
const put = (tag, fields) => new Promise(resolve => {
    const made = Object.assign(document.createElement(tag), {
        onload: () => resolve('loaded'), onerror: () => resolve('refused'), ...fields});
    document.body.append(made);
});
const heard = source => new Promise(resolve => {
    source.onopen = () => resolve('heard');
    source.onerror = () => { source.close(); resolve('refused'); };
});
const form = (method, path) => {
    const loaded = put('iframe', {name: 'into'});
    const made = Object.assign(document.createElement('form'), {method, action: at + path, target: 'into'});
    document.body.append(made);
    return loaded.then(() => new Promise(resolve => {
        document.querySelector('iframe[name=into]').onload = () => resolve('loaded');
        made.submit();
    }));
};
"""
ATTACKS = {
    "post": "asked('/api/exchanges/plain/resend', {method: 'POST', mode: 'no-cors'})",
    "post of a form": "form('post', '/api/exchanges/plain/resend')",
    "post of JSON": "asked('/api/convert', {method: 'POST', headers: {'content-type': 'application/json'}})",
    "get": "asked('/api/exchanges', {mode: 'no-cors'})",
    "get to read": "asked('/api/exchanges')",
    "delete": "asked('/api/exchanges', {method: 'DELETE'})",
    "live": "heard(new EventSource(at + '/api/live', {withCredentials: true}))",
    "script": "put('script', {src: at + '/assets/page.js'})",
    "image": "put('img', {src: at + '/favicon.svg'})",
}


@pytest.mark.parametrize("host", ["127.0.0.1", "evil.test"])
def test_pages_of_others_get_nothing(context: BrowserContext, address: str, provider: Provider, host: str) -> None:
    """Somebody who is logged in opens a page of another port, to which the browser sends the cookie as well, or of
    another site."""
    page = context.new_page()
    page.goto(f"http://{host}:{provider.port}/")
    sent: list[str] = []
    answers: list[Response] = []

    def seen(answer: Response) -> None:
        answers.append(answer)

    page.on("request", lambda one: sent.append(urlsplit(one.url).path))
    page.on("response", seen)
    for name, attack in ATTACKS.items():
        outcome = page.evaluate(f"at => {{ {PAGE_OF_ANOTHER}; return {attack}; }}", address)
        assert outcome in ("opaque", "refused") or name == "post of a form", name
    assert len(sent) >= len(ATTACKS)
    assert {one.status for one in answers if one.url.startswith(address)} == {403}
    exchanges = context.request.get(f"{address}/api/exchanges").json()["exchanges"]
    assert {one["id"] for one in exchanges} == {"plain", "streamed"}


@pytest.mark.parametrize("host", ["127.0.0.1", "evil.test"])
def test_no_page_of_others_frames_it(context: BrowserContext, address: str, provider: Provider, host: str) -> None:
    page = context.new_page()
    page.goto(f"http://{host}:{provider.port}/")
    with page.expect_console_message(lambda one: "frame-ancestors" in one.text or "X-Frame-Options" in one.text):
        page.evaluate(f"at => {{ {PAGE_OF_ANOTHER}; return put('iframe', {{src: at + '/'}}); }}", address)
    assert not any("Inspector" in frame.content() for frame in page.frames[1:])


def test_a_link_from_elsewhere_may_be_followed(context: BrowserContext, address: str, provider: Provider) -> None:
    """But Strict is the cookie: from another site it does not come along, and the page says how to get in."""
    page = context.new_page()
    for host, told in (("127.0.0.1", "live"), ("evil.test", "Open the address that the gateway printed")):
        page.goto(f"http://{host}:{provider.port}/")
        page.evaluate("at => { location.href = at; }", f"{address}/#/x/plain")
        expect(page.locator("body")).to_contain_text(told)


# --- what the page asks for ------------------------------------------------------------------------


def test_nothing_comes_from_elsewhere_and_nothing_is_complained_of(person: Person, address: str) -> None:
    page = person.page
    asked: list[str] = []
    said: list[str] = []
    headers: list[dict[str, str]] = []
    page.on("request", lambda one: asked.append(one.url))
    page.on("response", lambda one: headers.append(one.headers))
    page.on("console", lambda one: said.append(one.text))
    page.on("pageerror", lambda one: said.append(str(one)))
    person.open()
    for hash in ("#/x/plain", "#/x/streamed/events", "#/compare/plain,streamed"):
        person.open(hash)
        for name in ("Losses", "Attempts", "Tools", "Reasoning", "Budget", "Cache", "Lints"):
            if person.tab(name).count():
                person.tab(name).click()
                expect(person.tab(name)).to_have_attribute("aria-current", "page")
    page.get_by_role("button", name="Keys and help").click()
    hosts = {urlsplit(url).netloc for url in asked if url != "about:blank"}
    assert hosts == {urlsplit(address).netloc}
    assert said == []
    assert all(TOKEN not in url for url in asked)
    assert all(one["content-security-policy"].startswith("default-src 'self'; ") for one in headers)


def test_no_script_but_the_pages_own_runs(person: Person) -> None:
    page = person.open().page
    said: list[Any] = []
    page.on("console", lambda one: said.append(one.text))
    page.evaluate(
        "document.body.append(Object.assign(document.createElement('script'), {textContent: 'window.broken = 1'}))"
    )
    assert page.evaluate("window.broken") is None
    assert any("Content Security Policy" in text for text in said)
