"""The JSON API of a gateway's inspector as its description has it, asked with and without mistakes."""

import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import httpx
import pytest
from jsonschema import Draft202012Validator
from openapi_spec_validator import validate

from tests.e2e import claude
from tests.e2e.conftest import Client
from tests.e2e.inspector.inspected import Inspected, Page, inspected, settings
from tests.e2e.provider import Provider, stream
from translators.convert import DIALECTS
from translators.registry import CLIENTS

ONE = "/api/exchanges/{id}"
QUESTIONS: dict[str, Any] = {
    "chat": {"model": "m", "messages": [{"role": "user", "content": "Hello"}], "seed": 7},
    "responses": {"model": "m", "input": "Hello", "max_tool_calls": 3},
    "completions": {"model": "m", "prompt": "Hello", "seed": 7},
}


@pytest.fixture(scope="module")
def served(running_provider: Provider, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Inspected]:
    made = settings(running_provider.url, bodies="full")
    made["api-keys"][0]["faults"] = True
    with inspected(tmp_path_factory.mktemp("api"), made) as served:
        yield served


@pytest.fixture
def document(page: Page) -> Any:
    return page.get("/api/openapi.json")


def closed(schema: Any) -> Any:
    """Return a schema whose objects have the fields that are described, and no others."""
    if isinstance(schema, list):
        return [closed(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    made = {name: closed(value) for name, value in schema.items()}
    return made | {"additionalProperties": False} if isinstance(schema.get("properties"), dict) else made


def judged(document: Any, path: str, method: str, answer: httpx.Response) -> Any:
    """Return the answer's JSON, which is what the description says."""
    responses = document["paths"][path][method.lower()]["responses"]
    described = responses.get(str(answer.status_code), responses["default"])
    schema = closed(described["content"]["application/json"]["schema"])
    Draft202012Validator({**schema, "components": closed(document["components"])}).validate(answer.json())
    return answer.json()


def recorded(client: Client, page: Page, provider: Provider, **fields: Any) -> str:
    provider.scripts = [stream(claude.HELLO)]
    client.chat(True, **{"seed": 7, **fields})
    page.ended(client.id)
    return client.id


def test_the_description_is_one_of_openapi(document: Any, page: Page) -> None:
    validate(document)
    assert document["info"]["version"] == page.get("/api/status")["api"]


@pytest.mark.parametrize(
    ("method", "path", "sent"),
    [
        ("GET", "/api/exchanges", None),
        ("GET", ONE, None),
        ("GET", f"{ONE}?brief=yes", None),
        ("GET", f"{ONE}/events", None),
        ("GET", f"{ONE}/provenance", None),
        ("GET", f"{ONE}/diff", None),
        ("GET", f"{ONE}/analysis", None),
        ("POST", f"{ONE}/replay", {}),
        ("POST", f"{ONE}/resend", {}),
        ("POST", f"{ONE}/resend", {"body": "{"}),
        ("POST", f"{ONE}/compare", {"models": ["team/small/haiku", "nobody"]}),
        ("POST", f"{ONE}/pin", {"pinned": False}),
        ("POST", "/api/convert", {"to": "anthropic", "body": QUESTIONS["chat"], "answer": claude.message()}),
        ("POST", "/api/convert", {"to": "anthropic", "body": QUESTIONS["chat"], "answer": "no answer"}),
        ("GET", "/api/models", None),
        ("GET", "/api/status", None),
        ("GET", "/api/openapi.json", None),
    ],
)
def test_an_answer_is_as_described(
    document: Any, page: Page, client: Client, provider: Provider, method: str, path: str, sent: Any
) -> None:
    id = recorded(client, page, provider)
    answer = page.http.request(method, path.format(id=id), json=sent)
    assert answer.status_code == 200, answer.text
    judged(document, path.partition("?")[0], method, answer)


LONG = "m" * 100_000


@pytest.mark.parametrize(
    ("method", "path", "sent", "status", "told"),
    [
        *(
            pytest.param(
                "GET", f"{path}={asked}", None, 400, f"{name} must be a whole number from {span}.", id=f"{name}={asked}"
            )
            for path, name, span, mistakes in (
                (
                    "/api/exchanges?limit",
                    "limit",
                    "1 to 1000",
                    ("-3", "0", "x", "", "1.5", "%2B1", "1001", "9" * 30, "٣"),
                ),
                (f"{ONE}/events?limit", "limit", "1 to 20000", ("-3", "0", "many", "", "20001", "9" * 30)),
                (f"{ONE}/events?from", "from", "0 to 999999999", ("-1", "first", "", "9" * 30)),
            )
            for asked in mistakes
        ),
        pytest.param("GET", "/api/exchanges?q=" + "x" * 501, None, 400, "longer than 500", id="long query"),
        pytest.param("GET", "/api/exchanges?colour=blue", None, 400, "model, provider, client", id="no such filter"),
        pytest.param("GET", "/api/exchanges?tokens=many", None, 400, "tokens must be a number", id="filter of numbers"),
        pytest.param("GET", "/api/exchanges?stream=maybe", None, 400, "yes or no", id="filter of truth"),
        pytest.param("GET", f"{ONE}?brief=very", None, 400, "yes or no", id="brief"),
        pytest.param("GET", f"{ONE}", None, 404, "no such exchange", id="no exchange"),
        pytest.param("GET", f"{ONE}/events?to=3", None, 400, "There is from, limit; nothing else.", id="misspelt"),
        pytest.param("GET", "/api/status?q=x", None, 400, "There are no parameters here.", id="no parameters"),
        pytest.param("GET", "/api/export?as=html", None, 400, "id must name 1 to 100", id="nothing selected"),
        pytest.param("GET", f"/api/export?as=html&{'&id=x' * 101}", None, 400, "id must name 1 to 100", id="too many"),
        pytest.param("GET", f"{ONE}/provenance?leg=", None, 400, "request, answer", id="no leg"),
        pytest.param(
            "GET", f"{ONE}/export?leg=x", None, 400, "leg must be one of client, provider", id="leg of an export"
        ),
        pytest.param("GET", f"{ONE}/diff?leg=x", None, 400, "request, answer", id="leg"),
        pytest.param("GET", f"{ONE}/export?as=zip", None, 400, "curl, httpie, python", id="form"),
        pytest.param("GET", f"{ONE}/export?as=python&sdk=x", None, 400, "anthropic, google-genai", id="sdk"),
        pytest.param("POST", f"{ONE}/pin", {"pinned": 1}, 400, "true or false", id="pinned"),
        pytest.param("POST", f"{ONE}/pin", {"pin": True}, 400, "pinned", id="misspelt"),
        pytest.param("POST", f"{ONE}/pin", LONG, 413, "body-size-limit", id="large"),
        pytest.param("POST", f"{ONE}/compare", {}, 400, '{"models": [', id="no models"),
        pytest.param("POST", f"{ONE}/compare", {"models": ["x"] * 9}, 400, "At most 8", id="many models"),
        pytest.param("POST", f"{ONE}/compare", [], 400, "JSON object", id="list"),
        pytest.param("POST", f"{ONE}/resend", None, 404, "no such exchange", id="nothing to resend"),
        pytest.param("POST", "/api/convert", {}, 400, "from must be one of chat", id="no dialect"),
        pytest.param("POST", "/api/convert", {"to": "x"}, 400, "anthropic, bedrock, gemini", id="dialect"),
        pytest.param("POST", "/api/convert", {"to": "gemini"}, 400, "body must be", id="no body"),
        pytest.param("POST", "/api/convert", {"to": "gemini", "body": "{"}, 400, "not JSON", id="body"),
        pytest.param("POST", "/api/convert", {"to": "gemini", "body": {}}, 400, "model is required", id="empty"),
        pytest.param(
            "POST", "/api/convert", {"to": "openai-completions", "body": {}}, 400, "only completions", id="no way"
        ),
        pytest.param("POST", "/api/convert", {"to": "gemini", "form": "chat"}, 400, "from, to, model", id="unknown"),
    ],
)
def test_a_mistake_is_explained(
    document: Any, page: Page, method: str, path: str, sent: Any, status: int, told: str
) -> None:
    answer = page.http.request(method, path.format(id="none"), json=sent)
    assert answer.status_code == status
    error = judged(document, path.partition("?")[0], method, answer)["error"]
    assert told in error["message"]
    assert (error["type"], len(error["message"]) < 500) == ("invalid_request_error", True)
    assert error["param"] is None or error["message"].startswith(error["param"])


def test_the_list_in_pages(page: Page, client: Client, provider: Provider) -> None:
    asked = []
    for _ in range(5):
        client.chat()
        asked.append(client.id)
        page.ended(client.id)
    got: list[str] = []
    before: dict[str, str] = {}
    while len(got) < len(asked):
        part = page.get("/api/exchanges", limit=2, **before)
        got += [each["id"] for each in part["exchanges"]]
        assert part["more"] or len(got) >= len(asked)
        before = {"before": got[-1]}
    assert got[: len(asked)] == asked[::-1]
    assert page.get("/api/exchanges", before=asked[0], q=asked[1])["exchanges"] == []
    assert len(page.get("/api/exchanges", limit=1)["exchanges"]) == 1


@pytest.fixture(scope="module")
def two(served: Inspected, running_provider: Provider) -> tuple[str, str]:
    """The ids of an answer with a note and a fault, and of a refusal; both prompts have the word `zebra`."""
    client, page = served.client, served.page
    running_provider.reset()
    running_provider.default = stream(claude.HELLO)
    ids = []
    for streams, more in ((True, {"seed": 7, "model": "team/small/haiku"}), (False, {"temperature": "hot"})):
        headers = {"x-gateway-fault": "split"} if streams else {}
        client.chat(streams, headers, messages=[{"role": "user", "content": "A zebra"}], **more)
        page.ended(client.id)
        ids.append(client.id)
    return ids[0], ids[1]


OF_ONE = (
    *("model:haiku", "model:claude-haiku-4-5", "status:200", "status:2xx", "end:complete"),
    *("finish:stop", "note:seed", "note:dropped", "notes:yes", "injected:split", "stream:yes", "tokens>1", "input>=1"),
    *("output<1000", "first_event>=0", "attempts=1", "events>2", "hello", "HELLO", "-status:400"),
    *("-end:refused", "model:haiku hello -end:failed", "-error:invalid"),
)
OF_BOTH = (
    "",
    "provider:anthropic",
    "client:tester",
    "dialect:chat",
    "path:chat",
    "pinned:no",
    "own<1h",
    "bytes>10",
    '"a zebra"',
    "-nowhere",
)


@pytest.mark.parametrize("query", [*OF_ONE, *OF_BOTH])
def test_a_filter(page: Page, two: tuple[str, str], query: str) -> None:
    listed = [each["id"] for each in page.get("/api/exchanges", q=f"zebra {query}")["exchanges"]]
    assert listed == [*([two[1]] if query in OF_BOTH else []), two[0]]


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ({"model": "claude-haiku-4-5"}, 1),
        ({"model": "nobody"}, 0),
        ({"provider": "anthropic", "client": "tester", "dialect": "chat"}, 2),
        ({"client": "nobody"}, 0),
        ({"status": "4xx"}, 1),
        ({"note": "seed", "stream": "yes"}, 1),
        ({"note": ["seed", "user"]}, 0),
        ({"text": "a zebra", "injected": ""}, 2),
        ({"q": "-hello", "text": "a zebra"}, 1),
        ({"tokens": ">1", "duration": "<1h"}, 1),
        ({"attempts": "1"}, 1),
    ],
)
def test_a_filter_by_itself(page: Page, two: tuple[str, str], asked: dict[str, Any], found: int) -> None:
    listed = {each["id"] for each in page.get("/api/exchanges", **asked)["exchanges"]}
    assert len(listed.intersection(two)) == found


def test_an_id_that_comes_again(page: Page, client: Client, provider: Provider) -> None:
    shown = []
    for word in ("one", "two"):
        headers = {"x-request-id": "a.b:c-again", "x-gateway-debug": "1"}
        answer = client.chat(headers=headers, messages=[{"role": "user", "content": word}])
        shown.append(answer.headers["x-gateway-exchange"])
        assert answer.headers["x-gateway-page"].endswith(f"/#/x/{quote(shown[-1], safe='')}")
        assert word in page.ended(shown[-1])["phases"]["client_request"]["body"]
    assert len(set(shown)) == 2
    assert {each["id"] for each in page.get("/api/exchanges", q="id:a.b:c-again")["exchanges"]} == set(shown)


@pytest.mark.parametrize(
    ("words", "dialects"),
    [
        (("openai", "claude"), ("chat", "anthropic")),
        (("openai-responses", "vertex"), ("responses", "gemini")),
        (("openai-chat", "azure"), ("chat", "openai")),
        (("chat", "responses"), ("chat", "openai-responses")),
    ],
)
def test_other_words_for_dialects(page: Page, words: tuple[str, str], dialects: tuple[str, str]) -> None:
    body = QUESTIONS[dialects[0]]
    there = [page.post("/api/convert", **{"from": ends[0], "to": ends[1], "body": body}) for ends in (words, dialects)]
    assert there[0] == there[1]


@pytest.mark.parametrize("provider_dialect", DIALECTS)
@pytest.mark.parametrize("dialect", list(CLIENTS))
def test_a_conversion(document: Any, page: Page, dialect: str, provider_dialect: str) -> None:
    wanted = {"from": dialect, "to": provider_dialect, "model": "theirs", "body": QUESTIONS[dialect]}
    answer = page.http.post("/api/convert", json=wanted)
    made = judged(document, "/api/convert", "POST", answer)
    if provider_dialect == "openai-completions" and dialect != "completions":
        assert made["error"]["code"] == "no_way"
        return
    assert "Hello" in json.dumps(made["body"])
    assert made["provenance"]
    as_text = page.post("/api/convert", **{**wanted, "body": json.dumps(wanted["body"])})
    assert (as_text["body"], as_text["provenance"]) == (made["body"], made["provenance"])
