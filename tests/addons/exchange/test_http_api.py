"""Paths, methods, keys and headers at the gateway's HTTP API."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from addons.exchange import http_api
from addons.exchange.http_api import Endpoint, Head
from addons.exchange.observers import AttemptReport
from translators.clients.shared import openai_api
from translators.errors import Failure
from translators.masking import Mask
from translators.notes import Note

FOUND = [
    pytest.param("POST", "/v1/chat/completions", Endpoint("chat"), id="chat"),
    pytest.param("POST", "/v1/chat/completions?x=1", Endpoint("chat"), id="a query changes nothing"),
    pytest.param("GET", "/v1/models", Endpoint("models"), id="models"),
    pytest.param("GET", "/v1/models/claude", Endpoint("model", "claude"), id="one model"),
    pytest.param("GET", "/v1/models/team/claude", Endpoint("model", "team/claude"), id="an id with a slash"),
    pytest.param("GET", "/v1/models/team%2Fclaude?x", Endpoint("model", "team/claude"), id="an id with %2F"),
    pytest.param("POST", "/v1/responses", Endpoint("responses"), id="responses"),
    pytest.param("POST", "/v1/completions", Endpoint("completions"), id="completions"),
    pytest.param("GET", "/v1/responses/resp_1", Endpoint("answer", "resp_1"), id="a stored response"),
    pytest.param("DELETE", "/v1/responses/resp_1", Endpoint("answer", "resp_1"), id="a response to be forgotten"),
    pytest.param("GET", "/health", Endpoint("health"), id="health"),
    pytest.param("HEAD", "/health", Endpoint("health"), id="health for a monitor"),
    pytest.param("GET", "/health/ready", Endpoint("ready"), id="readiness"),
    pytest.param("HEAD", "/health/ready", Endpoint("ready"), id="readiness for a monitor"),
    pytest.param("GET", "/metrics", Endpoint("metrics"), id="metrics"),
    pytest.param("GET", "/v1/metrics/providers", Endpoint("provider-metrics"), id="metrics of providers"),
]

LOST = [
    pytest.param("/chat/completions", "/v1/chat/completions", id="without v1"),
    pytest.param("/v1/chat/completion", "/v1/chat/completions", id="a slip"),
    pytest.param("/v1/chat/completions/", "/v1/chat/completions", id="a slash too many"),
    pytest.param("/v1//chat/completions", "/v1/chat/completions", id="a double slash"),
    pytest.param("//v1/chat/completions", "/v1/chat/completions", id="a double slash in front"),
    pytest.param("/v1/x/../chat/completions", "/v1/chat/completions", id="dot segments"),
    pytest.param("/v1/./models", "/v1/models", id="a dot segment"),
    pytest.param("/v1/v1/models", "/v1/models", id="v1 twice"),
    pytest.param("/models", "/v1/models", id="models without v1"),
    pytest.param("/%76%31/models", "/v1/models", id="percent-encoded"),
    pytest.param("/v1/models/", "/v1/models", id="an empty id"),
    pytest.param("/v1/models/a/../b", None, id="a dotted id"),
    pytest.param("/v1/models/%2e%2e/health", None, id="an encoded dotted id"),
    pytest.param("/", None, id="the root"),
    pytest.param("/admin", None, id="something else"),
    pytest.param("*", None, id="an asterisk"),
    pytest.param("", None, id="nothing"),
]


@pytest.mark.parametrize(("method", "target", "place"), FOUND)
def test_found(method: str, target: str, place: Endpoint) -> None:
    assert http_api.endpoint(method, target) == place


@pytest.mark.parametrize(("target", "near"), LOST)
def test_lost(target: str, near: str | None) -> None:
    failure = http_api.endpoint("POST", target)
    assert isinstance(failure, Failure)
    assert (failure.status, failure.code) == (404, "unknown_url")
    if near is not None:
        assert f"Did you mean {near}?" in failure.message


def test_what_openai_has_and_we_do_not() -> None:
    failure = http_api.endpoint("POST", "/v1/embeddings")
    assert isinstance(failure, Failure)
    assert failure.message.startswith("/v1/embeddings is not served by this gateway")


@pytest.mark.parametrize(
    ("method", "target", "allow"),
    [
        pytest.param("GET", "/v1/chat/completions", "POST", id="GET chat"),
        pytest.param("POST", "/v1/models", "GET", id="POST models"),
        pytest.param("DELETE", "/v1/models/x", "GET", id="DELETE a model"),
        pytest.param("POST", "/v1/responses/x", "GET, DELETE", id="POST a response"),
        pytest.param("GET", "/v1/responses", "POST", id="GET responses"),
        pytest.param("POST", "/health", "GET", id="POST health"),
        pytest.param("post", "/v1/chat/completions", "POST", id="methods have a case"),
    ],
)
def test_wrong_method(method: str, target: str, allow: str) -> None:
    failure = http_api.endpoint(method, target)
    assert isinstance(failure, Failure)
    assert (failure.status, failure.headers) == (405, {"allow": allow})


def test_no_websocket() -> None:
    refused = http_api.endpoint("GET", "/v1/responses", "WebSocket")
    assert isinstance(refused, Failure)
    assert (refused.status, refused.headers["connection"], refused.code) == (426, "close", "upgrade_not_supported")
    assert http_api.endpoint("POST", "/v1/responses", "websocket") == Endpoint("responses")


@pytest.mark.parametrize(
    ("target", "needs_key"),
    [
        pytest.param("/v1", True, id="v1 itself"),
        pytest.param("/v1?x", True, id="v1 with a query"),
        pytest.param("/v1/anything", True, id="below v1"),
        pytest.param("/v1/../health", True, id="dotted out of v1"),
        pytest.param("/v10/models", False, id="v10 is not v1"),
        pytest.param("/health", False, id="health"),
        pytest.param("/health?/v1", False, id="v1 in a query"),
    ],
)
def test_guarded(target: str, needs_key: bool) -> None:
    assert http_api.needs_key(target) is needs_key


@given(method=st.text(), target=st.text())
def test_any_path_is_told(method: str, target: str) -> None:
    place = http_api.endpoint(method, target)
    if isinstance(place, Failure):
        assert place.message.isascii()
        assert len(place.message) < 400


@pytest.mark.parametrize(
    ("header", "key"),
    [
        pytest.param("Bearer k", "k", id="as documented"),
        pytest.param("bearer k", "k", id="lower case"),
        pytest.param("BEARER   k  ", "k", id="more spaces"),
        pytest.param("Bearer", None, id="no key"),
        pytest.param("Basic k", None, id="another scheme"),
        pytest.param("k", None, id="no scheme"),
        pytest.param("", None, id="empty"),
    ],
)
def test_presented_key(header: str, key: str | None) -> None:
    found = openai_api.presented_key({"authorization": header})
    assert openai_api.presented_key({"authorization": header, "x-api-key": "other"}) == (found if header else "other")
    if key is None:
        assert isinstance(found, Failure)
        assert (found.status, found.code) == (401, "invalid_api_key")
    else:
        assert found == key


ALLOWED = ("https://a.example",)


@pytest.mark.parametrize(
    ("origins", "origin", "expected"),
    [
        pytest.param((), "https://a.example", {}, id="none configured"),
        pytest.param(ALLOWED, None, {}, id="no browser"),
        pytest.param(ALLOWED, "https://b.example", {"vary": "origin"}, id="another origin"),
        pytest.param(
            ALLOWED,
            "https://a.example",
            {"access-control-allow-origin": "https://a.example", "vary": "origin"},
            id="an allowed origin",
        ),
        pytest.param(("*",), "https://b.example", {"access-control-allow-origin": "*"}, id="all origins"),
    ],
)
def test_cors(origins: tuple[str, ...], origin: str | None, expected: dict[str, str]) -> None:
    found = dict(http_api.cors(origins, {"origin": origin} if origin else {}))
    found.pop("access-control-expose-headers", None)
    assert found == expected


PREFLIGHT = {"origin": "https://a.example", "access-control-request-method": "POST"}


def test_preflight() -> None:
    reply = http_api.preflight(ALLOWED, Head("OPTIONS", "/v1/chat/completions", PREFLIGHT))
    assert reply is not None
    assert reply.status == 204
    assert dict(reply.headers)["access-control-allow-headers"] == "authorization, content-type".replace(" ", "")


@pytest.mark.parametrize(
    ("method", "headers"),
    [
        pytest.param("POST", PREFLIGHT, id="no OPTIONS"),
        pytest.param("OPTIONS", {"origin": "https://a.example"}, id="no request method"),
        pytest.param("OPTIONS", PREFLIGHT | {"origin": "https://b.example"}, id="another origin"),
    ],
)
def test_no_preflight(method: str, headers: dict[str, str]) -> None:
    assert http_api.preflight(ALLOWED, Head(method, "/v1/models", headers)) is None


def test_notes_header() -> None:
    notes = [Note("seed", "dropped", old=7), Note("messages[0].content", "approximated", "a prompt", "another")]
    notes.append(Note("tools", "dropped", failover=True))
    assert json.loads(http_api.notes_header(notes)) == [
        {"path": "seed", "fate": "dropped", "old": 7},
        {"path": "messages[0].content", "fate": "approximated"},
        {"path": "tools", "fate": "dropped", "failover": True},
    ]


def test_notes_header_for_a_key_with_debug() -> None:
    notes = [
        Note("seed", "dropped", old=7, detail="Nobody has this."),
        Note("reasoning_effort", "approximated", "extreme" * 100, ["high", None]),
    ]
    assert json.loads(http_api.notes_header(notes, debug=True)) == [
        {"path": "seed", "fate": "dropped", "old": 7, "detail": "Nobody has this."},
        {"path": "reasoning_effort", "fate": "approximated", "old": ("extreme" * 100)[:200], "new": '["high",null]'},
    ]


@pytest.mark.parametrize("debug", [True, False])
def test_a_key_with_debug_is_told_the_names_of_credentials(debug: bool) -> None:
    report = AttemptReport(0.0, "anthropic", "claude-x", "key-2", 429, "429 rate_limit_exceeded", 0.12)
    [shown] = json.loads(http_api.attempts_header([report], debug=debug))
    assert shown.pop("credential", None) == ("key-2" if debug else None)
    assert shown == {"target": "anthropic/claude-x", "status": 429, "reason": "429 rate_limit_exceeded", "ms": 120}


def test_notes_header_is_capped() -> None:
    header = http_api.notes_header([Note(f"field_{n}", "dropped") for n in range(1000)])
    assert len(header) < http_api.NOTES_HEADER_BYTES + 100
    entries = json.loads(header)
    assert entries[-1]["more"] == 1000 - (len(entries) - 1)


@given(path=st.text())
def test_notes_header_holds_anything(path: str) -> None:
    """A field's name is the client's, and may hold what ends a header."""
    header = http_api.notes_header([Note(path.encode("utf-8", "replace").decode(), "dropped")])
    assert header.isascii()
    assert header.isprintable()
    assert json.loads(header)[0]["path"] == path.encode("utf-8", "replace").decode()[:200]


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        pytest.param("abc-1.2:3_4", True, id="sane"),
        pytest.param("", False, id="empty"),
        pytest.param("a b", False, id="a space"),
        pytest.param("a\nb", False, id="a line break"),
        pytest.param("x" * 129, False, id="too long"),
        pytest.param("é", False, id="not ASCII"),
        pytest.param("of-a-clients-key", False, id="a key in it"),
    ],
)
def test_kept_request_id(sent: str, kept: bool) -> None:
    assert http_api.request_id({"x-request-id": sent}, Mask(("a-clients-key",))) == (sent if kept else None)


@pytest.mark.parametrize(
    ("declared", "more"),
    [
        pytest.param("10", False, id="as much as allowed"),
        pytest.param("11", True, id="more"),
        pytest.param("9" * 5000, True, id="absurd"),
        pytest.param("", False, id="nothing declared"),
        pytest.param("-1", False, id="no number"),
    ],
)
def test_declares_more(declared: str, more: bool) -> None:
    assert http_api.declares_more(Head("POST", "/", {"content-length": declared}), 10) is more
