"""The HTML file of an exchange, opened from disk in a browser that has no network: it shows all and runs nothing."""

from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Browser

from tests.e2e.gateway_process import CLIENT_KEY, GatewayProcess
from tests.e2e.page.traffic import TOKEN

HOSTILE = (
    "</script><script>document.title='taken over'</script><img src=x onerror=\"document.title='taken over'\">"
    "<iframe src='http://127.0.0.1:9/'></iframe> javascript:alert(1) 'q' \"d\" 世界 🐳"
)


@pytest.fixture
def saved(gateway: GatewayProcess, address: str, tmp_path: Path) -> Path:
    """The file of two exchanges whose prompts are hostile."""
    ids = []
    for at in range(2):
        headers = {"authorization": f"Bearer {CLIENT_KEY}", "x-request-id": f"hostile-{at}"}
        body = {"model": "sonnet", "stream": bool(at), "messages": [{"role": "user", "content": f"{at} {HOSTILE}"}]}
        url = f"{gateway.url}/v1/chat/completions"
        answer = httpx.post(url, json=body, headers=headers, trust_env=False, timeout=30)
        ids.append(answer.headers["x-request-id"])
    query = {"as": "html", "id": ids}
    token = {"authorization": f"Bearer {TOKEN}"}
    made = httpx.get(f"{address}/api/export", params=query, headers=token, trust_env=False, timeout=30)
    assert made.status_code == 200, made.text
    file = tmp_path / "exchanges.html"
    file.write_bytes(made.content)
    return file


def test_a_file_shows_all_and_runs_nothing(browser: Browser, saved: Path) -> None:
    context = browser.new_context(offline=True)
    page = context.new_page()
    asked: list[str] = []
    said: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.on("dialog", lambda dialog: said.append(dialog.message))
    page.on("console", lambda message: said.append(message.text))
    page.goto(saved.as_uri())
    assert asked == [saved.as_uri()]
    assert said == []
    assert page.title() != "taken over"
    assert page.locator("script, iframe, img, object, embed, link").count() == 0
    page.locator("details").evaluate_all("all => all.forEach(each => { each.open = true })")
    text = page.inner_text("body")
    for at in range(2):
        assert f"hostile-{at}" in text
    assert HOSTILE.partition(" javascript")[0].replace('"', '\\"') in text
    assert CLIENT_KEY not in page.content()
    context.close()
