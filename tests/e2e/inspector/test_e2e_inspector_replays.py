"""Replays of exchanges with providers of every dialect: today's code makes of them what it made then, and where it does
not, the difference is found. Nobody is called."""

import base64
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.e2e.answers import Reply
from tests.e2e.conftest import Client
from tests.e2e.gateway_process import CLIENT_KEY, free_port
from tests.e2e.inspector.inspected import TOKEN, Inspected, inspected
from tests.e2e.pools import MEMBERS, NAMES, Cast, Member, settings, streamed
from tests.e2e.provider import Provider, Script, whole

CALLING = Reply("Hello there", (("call_1", "look", {"city": "Oslo", "n": 1}),), thought="Hm", signature="c2lnbmVk")
TOOL = {"name": "look", "parameters": {"type": "object", "properties": {}}}
TOOLS = {"chat": [{"type": "function", "function": TOOL}], "responses": [{"type": "function", **TOOL}]}
PICTURE = "data:image/png;base64," + base64.b64encode(b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 8).decode()
FULL = whole({"error": {"message": "full", "type": "x"}}, 500)
STREAM = pytest.mark.parametrize("streams", [pytest.param(False, id="whole"), pytest.param(True, id="stream")])
EACH = pytest.mark.parametrize("name", NAMES)


def made_settings(provider: Provider, **inspector: Any) -> dict[str, Any]:
    page = {"port": free_port(), "key": TOKEN, **inspector}
    made = settings(provider.url, "http://127.0.0.1:9", inspector=page, response_store={"enable": True})
    return made | {"api-keys": [{"key": CLIENT_KEY, "name": "tester", "faults": True}]}


@pytest.fixture(scope="module")
def served(running_provider: Provider, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Inspected]:
    with inspected(tmp_path_factory.mktemp("replayed"), made_settings(running_provider)) as served:
        yield served


class Asking:
    """Asks, and replays what was recorded of it."""

    def __init__(self, served: Inspected, provider: Provider) -> None:
        self.client, self.page = served.client, served.page
        self.provider = provider

    def ask(self, dialect: str, name: str, streams: bool, script: Script | None = None, **fields: Any) -> Any:
        self.provider.default = script or Cast()
        return ask(self.client, dialect, model(name), streams, **fields)

    def replayed(self) -> Any:
        self.page.ended(self.client.id)
        calls = len(self.provider.calls)
        found = self.page.post(f"/api/exchanges/{self.client.id}/replay")
        assert len(self.provider.calls) == calls
        return found

    def is_the_same(self, *skipped: str) -> Any:
        """Return the exchange as it is now. Nothing may differ, nor be left out but for these reasons."""
        found = self.replayed()
        assert found["differences"] == []
        assert len(found["skipped"]) == len(skipped)
        assert all(why in told for why, told in zip(skipped, found["skipped"], strict=True))
        return found["now"]


def model(name: str) -> str:
    """Return the model that `name` answers first, and then another one."""
    return f"{name}-{other(name)}"


def other(name: str) -> str:
    return next(each for each in NAMES if each != name)


def ask(client: Client, dialect: str, model: str, streams: bool, **fields: Any) -> httpx.Response:
    question: dict[str, Any] = {"input": "Hello"} if dialect == "responses" else {"prompt": "Hello"}
    if dialect == "chat":
        question = {"messages": [{"role": "user", "content": "Hello"}]}
    path = "chat/completions" if dialect == "chat" else dialect
    headers = client._named(fields.pop("headers", None))
    body = {"model": model, "stream": streams, **question, **fields}
    return client.http.post(f"/v1/{path}", json=body, headers=headers)


@pytest.fixture
def asking(served: Inspected, running_provider: Provider) -> Iterator[Asking]:
    running_provider.reset()
    yield Asking(served, running_provider)
    assert not running_provider.errors


@STREAM
@EACH
@pytest.mark.parametrize("dialect", ["chat", "responses", "completions"])
def test_an_answer(asking: Asking, dialect: str, name: str, streams: bool) -> None:
    if dialect == "completions":
        assert asking.ask(dialect, name, streams).status_code == 200
    else:
        calling = Cast(**{f"first_{name}": MEMBERS[name].speech.answer(CALLING)})
        assert asking.ask(dialect, name, streams, calling, tools=TOOLS[dialect]).status_code == 200
    now = asking.is_the_same()
    assert now["phases"]["client_response"] is not None


@STREAM
@EACH
def test_several_choices(asking: Asking, name: str, streams: bool) -> None:
    assert asking.ask("chat", name, streams, n=2).status_code == 200
    asking.is_the_same()


@STREAM
@pytest.mark.parametrize("name", ["claude", "gemini", "responses"])
def test_another_target_that_answered(asking: Asking, name: str, streams: bool) -> None:
    assert asking.ask("chat", name, streams, Cast(**{f"first_{name}": FULL})).status_code == 200
    asking.is_the_same()


@EACH
@pytest.mark.parametrize("status", [400, 429])
def test_an_error(asking: Asking, name: str, status: int) -> None:
    failing = whole({"error": {"message": "full", "type": "x"}}, status)
    script = Cast(**{f"first_{name}": failing, f"second_{other(name)}": failing})
    assert asking.ask("chat", name, False, script).status_code == status
    asking.is_the_same()


def _cut(member: Member) -> Script:
    return streamed(member, member.pieces(Reply())[:-1], end=None)


def _short(member: Member) -> Script:
    return streamed(member, member.all_but_the_end(Reply()))


def _overloaded(member: Member) -> Script:
    return streamed(member, [*member.all_but_the_end(Reply()), member.overload])


def _twice(member: Member) -> Script:
    return streamed(member, [b"".join(member.pieces(Reply()) * 2)])


def _not_a_stream(member: Member) -> Script:
    return whole(member.speech.whole(Reply()))


@EACH
@pytest.mark.parametrize(
    ("broken", "skipped"),
    [
        pytest.param(_cut, ["client_response: its end"], id="cut"),
        pytest.param(_short, [], id="short"),
        pytest.param(_overloaded, [], id="error in the stream"),
        pytest.param(_not_a_stream, [], id="whole for a stream"),
        pytest.param(_twice, [], id="another one behind its end"),
    ],
)
def test_a_stream_that_is_none(asking: Asking, name: str, broken: Any, skipped: list[str]) -> None:
    asking.ask("chat", name, True, Cast(**{f"first_{name}": broken(MEMBERS[name])}))
    asking.is_the_same(*skipped)


@EACH
def test_a_picture_that_was_taken_out(asking: Asking, name: str) -> None:
    content = [{"type": "text", "text": "What?"}, {"type": "image_url", "image_url": {"url": PICTURE}}]
    assert asking.ask("chat", name, False, messages=[{"role": "user", "content": content}]).status_code == 200
    assert "[base64 image/png" in json.dumps(asking.is_the_same()["phases"]["client_request"])


def test_a_response_that_goes_on(asking: Asking) -> None:
    first = asking.ask("responses", "claude", False).json()["id"]
    for streams in (False, True):
        asking.ask("responses", "claude", streams, previous_response_id=first, input="And?")
        now = asking.is_the_same()
        assert "Hello there" in now["phases"]["provider_request"]["body"]
    asking.client.http.delete(f"/v1/responses/{first}")
    asking.is_the_same("provider_request: ")


@pytest.mark.parametrize(
    ("fields", "skipped"),
    [
        pytest.param({"messages": []}, [], id="bad"),
        pytest.param({"model": "nobody"}, [], id="unknown model"),
        pytest.param({"model": "gone-claude"}, [], id="failover from nobody"),
        pytest.param({"headers": {"x-gateway-fault": "429"}}, ["a fault was injected"], id="fault"),
        pytest.param({"headers": {"x-gateway-fault": "wrong-usage"}}, ["a fault was injected"], id="bent"),
    ],
)
def test_what_was_refused_or_spoiled(asking: Asking, fields: dict[str, Any], skipped: list[str]) -> None:
    asking.provider.default, fields = Cast(), {**fields}
    ask(asking.client, "chat", fields.pop("model", "claude-chat"), False, **fields)
    asking.is_the_same(*skipped)


def test_other_code_is_found_out(running_provider: Provider, tmp_path: Path) -> None:
    """What was kept on disk is replayed by a gateway whose translators were changed."""
    running_provider.reset()
    running_provider.default = Cast()
    made = made_settings(running_provider, spool=str(tmp_path / "spool"))
    ids = []
    with inspected(tmp_path, made) as served:
        for streams in (False, True):
            assert ask(served.client, "chat", "gemini-claude", streams, max_tokens=50).status_code == 200
            ids.append(served.client.id)
            served.page.ended(served.client.id)
    patch = tmp_path / "patch.py"
    patch.write_text(PATCHED)
    with inspected(tmp_path, made, "-s", str(patch)) as served:
        whole, stream = (served.page.post(f"/api/exchanges/{id}/replay")["differences"] for id in ids)
    assert {"phase": "provider_request", "path": "generationConfig.maxOutputTokens", "then": 50, "now": 51} in whole
    assert [each["now"] for each in whole if each["phase"] == "client_response"] == ["length"]
    [changed] = [each for each in stream if each["phase"] == "client_response"]
    assert '"finish_reason":"stop"' in changed["then"]
    assert '"finish_reason":"length"' in changed["now"]


PATCHED = """
from translators.registry import PROVIDERS
from translators import events

gemini = PROVIDERS["gemini"]
render = gemini.render

def rendered(conversation, model):
    made = render(conversation, model)
    made.body["generationConfig"]["maxOutputTokens"] += 1
    return made

gemini.render = rendered
made = events.Finished.__init__

def finished(self, *arguments, **fields):
    made(self, *arguments, **fields)
    object.__setattr__(self, "reason", "length")

events.Finished.__init__ = finished
"""
