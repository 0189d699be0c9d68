"""In mitmproxy's console the gateway answers, too."""

from pathlib import Path

import httpx

from tests.e2e import claude
from tests.e2e.console import console
from tests.e2e.gateway_process import CLIENT_KEY, WAIT, config
from tests.e2e.provider import Provider, whole
from tests.e2e.wire import question


def test_the_console(provider: Provider, tmp_path: Path) -> None:
    provider.default = whole(claude.message())
    with console(tmp_path, config(provider.url)) as (port, _, shown):
        url, headers = f"http://127.0.0.1:{port}/v1/chat/completions", {"authorization": f"Bearer {CLIENT_KEY}"}
        answer = httpx.post(url, json=question(False), headers=headers, timeout=WAIT, trust_env=False)
        assert answer.json()["choices"][0]["message"]["content"] == "Hello there"
    assert b"Traceback" not in b"".join(shown)
    assert CLIENT_KEY.encode() not in b"".join(shown)
