"""Failover end to end: whatever a provider does before it has said something, another one answers, in any dialect, and
the client sees one clean answer; what breaks after that is an error in the client's form."""

import json
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest
from openai import APIError, OpenAI

from tests.e2e.answers import Reply
from tests.e2e.gateway_process import CLIENT_KEY, GatewayProcess, free_port
from tests.e2e.pools import KEYS, MEMBERS, NAMES, TEXT, Cast, Member, settings, streamed
from tests.e2e.provider import WAIT, Call, Provider, Script, head, raw, whole

FORMS = pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
APIS = pytest.mark.parametrize("api", ["chat", "responses"])
OTHER = dict(zip(NAMES, (*NAMES[1:], NAMES[0]), strict=True))


@pytest.fixture(scope="module")
def pools(running_provider: Provider, tmp_path_factory: pytest.TempPathFactory) -> Iterator[GatewayProcess]:
    made = settings(running_provider.url, f"http://127.0.0.1:{free_port()}/v1", timeouts={"first-byte": 1})
    with GatewayProcess(tmp_path_factory.mktemp("pools"), made) as process:
        yield process


@pytest.fixture(scope="module")
def sdk(pools: GatewayProcess) -> Iterator[OpenAI]:
    with OpenAI(api_key=CLIENT_KEY, base_url=f"{pools.url}/v1", max_retries=0) as made:
        yield made


@pytest.fixture(scope="module")
def http(pools: GatewayProcess) -> Iterator[httpx.Client]:
    headers = {"authorization": f"Bearer {CLIENT_KEY}"}
    with httpx.Client(base_url=pools.url, headers=headers, timeout=WAIT, trust_env=False) as made:
        yield made


def said(sdk: OpenAI, api: str, model: str, stream: bool) -> str:
    """The text that OpenAI's SDK puts together, and that it has a beginning and an end."""
    if api == "responses":
        if not stream:
            response = sdk.responses.create(model=model, input="Say hello", max_output_tokens=100)
            assert response.status == "completed"
            return response.output_text
        with sdk.responses.stream(model=model, input="Say hello", max_output_tokens=100) as events:
            assert [event.type for event in events].count("response.created") == 1
            return events.get_final_response().output_text
    options: Any = {"model": model, "messages": [{"role": "user", "content": "Say hello"}], "max_tokens": 100}
    if not stream:
        completion = sdk.chat.completions.create(**options)
    else:
        with sdk.chat.completions.stream(**options) as chunks:
            completion = chunks.get_final_completion()
    assert completion.choices[0].finish_reason == "stop"
    return completion.choices[0].message.content or ""


def bodied(api: str, model: str, stream: bool) -> tuple[str, dict[str, Any]]:
    if api == "responses":
        return "/v1/responses", {"model": model, "input": "Say hello", "max_output_tokens": 100, "stream": stream}
    messages = [{"role": "user", "content": "Say hello"}]
    return "/v1/chat/completions", {"model": model, "messages": messages, "max_tokens": 100, "stream": stream}


# --- before there is content ---


def refuses(status: int) -> Callable[[Member], Script]:
    return lambda member: whole({"error": {"message": "not now", "type": "x"}}, status, {"retry-after": "1"})


def dies_behind_its_head(member: Member) -> Script:
    return streamed(member, [], end=None)


def dies_before_content(member: Member) -> Script:
    return streamed(member, member.beginning(Reply(TEXT)), end=None)


def is_overloaded(member: Member) -> Script:
    async def script(call: Call) -> None:
        if "stream" in call.path.lower() or call.json.get("stream") or member.whole_overload is None:
            await streamed(member, [*member.beginning(Reply(TEXT)), member.overload])(call)
        else:
            await whole(member.whole_overload)(call)

    return script


def says_nothing(member: Member) -> Script:
    return member.silent.answer(Reply(""))


def is_silent(member: Member) -> Script:
    async def script(call: Call) -> None:
        await call.hold()

    return script


def stops_behind_its_head(member: Member) -> Script:
    async def script(call: Call) -> None:
        await call.send(head(200, {"content-type": member.speech.content_type, "transfer-encoding": "chunked"}))
        await call.hold()

    return script


FAULTS = {
    "429": (refuses(429), "429"),
    "401": (refuses(401), "401"),
    "503": (refuses(503), "503"),
    "529": (refuses(529), "529"),
    "hangs up": (lambda member: raw(b""), "cut"),
    "is reset": (lambda member: raw(b"", reset=True), "cut"),
    "no HTTP": (lambda member: raw(b"what?\r\n\r\n"), "unreadable"),
    "dies behind its head": (dies_behind_its_head, "cut"),
    "dies before content": (dies_before_content, "cut"),
    "is overloaded in a 200": (is_overloaded, ""),
    "says nothing": (says_nothing, "empty"),
}
SLOW = {"is silent": is_silent, "stops behind its head": stops_behind_its_head}


@FORMS
@APIS
@pytest.mark.parametrize("first", NAMES)
@pytest.mark.parametrize(("fault", "reason"), FAULTS.values(), ids=FAULTS)
def test_another_provider_answers(
    sdk: OpenAI,
    http: httpx.Client,
    provider: Provider,
    fault: Callable[[Member], Script],
    reason: str,
    first: str,
    api: str,
    stream: bool,
) -> None:
    provider.default = cast = Cast(**{f"first_{first}": fault(MEMBERS[first])})
    second = OTHER[first]
    assert said(sdk, api, f"{first}-{second}", stream) == f"{TEXT} from second/{second}"
    assert list(dict.fromkeys(cast.asked)) == [f"first/{first}", f"second/{second}"]
    path, body = bodied(api, f"{first}-{second}", stream)
    answer = http.post(path, json=body)
    assert answer.headers["x-gateway-model"].endswith(f"/{MEMBERS[second].model}")
    attempts = json.loads(answer.headers["x-gateway-attempts"])
    assert len(attempts) in (1, 2)  # over a connection that was kept, and over a fresh one
    for attempt in attempts:
        assert attempt["target"].endswith(f"/{MEMBERS[first].model}")
        assert reason in attempt["reason"]
    assert not any(key in answer.headers["x-gateway-attempts"] for key in KEYS)


@FORMS
@APIS
@pytest.mark.parametrize("second", NAMES)
def test_nobody_is_there(sdk: OpenAI, provider: Provider, second: str, api: str, stream: bool) -> None:
    provider.default = cast = Cast()
    assert said(sdk, api, f"gone-{second}", stream) == f"{TEXT} from second/{second}"
    assert cast.asked == [f"second/{second}"]


@FORMS
@pytest.mark.parametrize("first", NAMES)
@pytest.mark.parametrize("fault", SLOW.values(), ids=SLOW)
def test_who_is_slow_is_not_waited_for(
    sdk: OpenAI, provider: Provider, fault: Callable[[Member], Script], first: str, stream: bool
) -> None:
    provider.default = cast = Cast(**{f"first_{first}": fault(MEMBERS[first])})
    second = OTHER[first]
    assert said(sdk, "chat", f"{first}-{second}", stream) == f"{TEXT} from second/{second}"
    assert cast.calls[0].gone.wait(WAIT)


@FORMS
@APIS
@pytest.mark.parametrize("first", NAMES)
def test_if_all_fail_the_client_gets_an_error(
    http: httpx.Client, provider: Provider, first: str, api: str, stream: bool
) -> None:
    second = OTHER[first]
    faults = {f"first_{first}": dies_before_content(MEMBERS[first]), f"second_{second}": is_overloaded(MEMBERS[second])}
    provider.default = cast = Cast(**faults)
    path, body = bodied(api, f"{first}-{second}", stream)
    answer = http.post(path, json=body)
    if answer.status_code == 200:  # the last one's stream goes on as soon as it begins
        assert stream
        assert '"message":' in answer.text.replace("\n: ", "").rsplit("data: ", 1)[1]
        assert "[DONE]" not in answer.text
        assert "response.completed" not in answer.text
    else:
        assert answer.status_code in (429, 500, 502, 503, 529)
        assert answer.json()["error"]["message"]
    assert len(json.loads(answer.headers["x-gateway-attempts"])) == (1 if answer.status_code == 200 else 2)
    assert cast.asked == [f"first/{first}", f"second/{second}"]


# --- after there is content ---


def dies_after_three_pieces(member: Member) -> Script:
    pieces = member.pieces(Reply(TEXT))
    return streamed(member, pieces[: len(member.beginning(Reply(TEXT))) + 3], end=None)


def dies_before_its_end(member: Member) -> Script:
    return streamed(member, member.all_but_the_end(Reply(TEXT)), end=None)


def ends_before_its_end(member: Member) -> Script:
    return streamed(member, member.all_but_the_end(Reply(TEXT)))


def is_overloaded_later(member: Member) -> Script:
    return streamed(member, [*member.all_but_the_end(Reply(TEXT)), member.overload])


BREAKS = {
    "dies after three pieces": dies_after_three_pieces,
    "dies before its end": dies_before_its_end,
    "ends before its end": ends_before_its_end,
    "is overloaded later": is_overloaded_later,
}


@APIS
@pytest.mark.parametrize("first", NAMES)
@pytest.mark.parametrize("fault", BREAKS.values(), ids=BREAKS)
def test_after_content_the_client_gets_an_error(
    sdk: OpenAI, http: httpx.Client, provider: Provider, fault: Callable[[Member], Script], first: str, api: str
) -> None:
    provider.default = cast = Cast(**{f"first_{first}": fault(MEMBERS[first])})
    model = f"{first}-{OTHER[first]}"
    with pytest.raises(APIError if api == "chat" else RuntimeError):
        said(sdk, api, model, True)
    path, body = bodied(api, model, True)
    answer = http.post(path, json=body)
    assert answer.status_code == 200
    assert '"Hel"' in answer.text
    assert "[DONE]" not in answer.text
    assert "response.completed" not in answer.text
    assert '"finish_reason":"stop"' not in answer.text
    assert cast.asked == [f"first/{first}"] * 2


@APIS
@pytest.mark.parametrize("first", NAMES)
@pytest.mark.parametrize("fault", BREAKS.values(), ids=BREAKS)
def test_a_whole_answer_that_is_put_together_has_not_been_sent_yet(
    sdk: OpenAI, provider: Provider, fault: Callable[[Member], Script], first: str, api: str
) -> None:
    provider.default = Cast(**{f"first_{first}": fault(MEMBERS[first])})
    assert said(sdk, api, f"{first}-{OTHER[first]}", False) == f"{TEXT} from second/{OTHER[first]}"
