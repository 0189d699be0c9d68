import base64
import hashlib
import json
import time

import pytest

from addons.exchange import redaction

KEY = "sk-ant-api03-" + "Ab1_" * 10
PICTURE = b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 8
SHORT = hashlib.sha256(PICTURE).hexdigest()[:12]


@pytest.mark.parametrize(
    "name",
    ["Authorization", "proxy-authorization", "x-api-key", "X-Goog-Api-Key", "api-key", "Cookie", "set-cookie",
     "x-amz-security-token", "ocp-apim-apikey", "ocp-apim-subscription-key", "x-client-secret",
     "x-goog-iap-jwt-auth-token", "x-functions-key", "x-session-token", "x-password", "token"],
)  # fmt: skip
def test_secret_headers(name):
    assert redaction.header(name, "anything at all") == "[redacted]"


@pytest.mark.parametrize(
    "name", ["anthropic-ratelimit-tokens-remaining", "content-type", "idempotency-key", "x-request-id"]
)
def test_other_headers_stay(name):
    assert redaction.header(name, "12") == "12"


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        pytest.param(f'{{"k": "{KEY}"}}', '{"k": "[redacted]"}', id="sk-"),
        pytest.param("Bearer abc-def-ghi-jkl-mno", "Bearer [redacted]", id="bearer"),
        pytest.param("bearer documentation", "bearer documentation", id="a word after bearer"),
        pytest.param("POST /v1beta/m:go?alt=sse&key=AbCd", "POST /v1beta/m:go?alt=sse&key=[redacted]", id="query"),
        pytest.param("AIza" + "x" * 35, "[redacted]", id="Google"),
        pytest.param("ya29." + "aB3_-" * 20, "[redacted]", id="Google's token"),
        pytest.param(f'"eyJ{"a" * 30}.eyJ{"b-" * 30}.{"c_" * 20}"', '"[redacted]"', id="JWT"),
        pytest.param("Credential=AKIAIOSFODNN7EXAMPLE/2026", "Credential=[redacted]/2026", id="AWS access key"),
        pytest.param("as ASIAIOSFODNN7EXAMPLE.", "as [redacted].", id="AWS access key of a session"),
        pytest.param("Signature=" + "0a" * 32, "Signature=[redacted]", id="AWS signature"),
        pytest.param("?X-Amz-Security-Token=abc%2F&b=1", "?X-Amz-Security-Token=[redacted]&b=1", id="AWS session"),
        pytest.param("ABSK" + "Qmx" * 30 + "==", "[redacted]", id="Bedrock's long-term key"),
        pytest.param("bedrock-api-key-" + "YmVk" * 10 + "==", "[redacted]", id="Bedrock's short-term key"),
        pytest.param("https://a/b?sv=1&sig=a%2Fb%3D&se=2", "https://a/b?sv=1&sig=[redacted]&se=2", id="Azure SAS"),
        pytest.param("?access_token=abc123&x=1", "?access_token=[redacted]&x=1", id="token in a query"),
        pytest.param("ASIAN AKIA eyJ.a.b ya29.x ABSKx", "ASIAN AKIA eyJ.a.b ya29.x ABSKx", id="no tokens"),
        pytest.param("task-oriented-programming-is-fine", "task-oriented-programming-is-fine", id="no key: task-"),
        pytest.param("the disk-based sk-short", "the disk-based sk-short", id="no key: too short"),
    ],
)
def test_keys_by_shape(given, expected):
    assert redaction.text(given) == expected
    assert redaction.body(given.encode()) == expected.encode()


def test_a_clean_body_is_the_same_object():
    clean = json.dumps({"messages": ["hello"] * 1000}).encode()
    assert redaction.body(clean) is clean


@pytest.mark.parametrize(
    ("written", "kind"),
    [
        pytest.param(base64.b64encode(PICTURE).decode(), "image/png", id="by its first bytes"),
        pytest.param("data:image/x-odd;base64," + base64.b64encode(PICTURE).decode(), "image/x-odd", id="data URL"),
        pytest.param(base64.urlsafe_b64encode(PICTURE).decode().rstrip("="), "image/png", id="URL-safe, no padding"),
    ],
)
def test_media_shrink_to_type_size_and_hash(written, kind):
    shrunk = redaction.body(json.dumps({"a": 1, "data": written}).encode())
    assert json.loads(shrunk) == {"a": 1, "data": f"[base64 {kind}, {len(PICTURE)} bytes, sha256 {SHORT}]"}


def test_media_with_escaped_slashes():
    written = json.dumps(base64.b64encode(PICTURE).decode()).replace("/", "\\/")
    assert SHORT in redaction.body(written.encode()).decode()


@pytest.mark.parametrize(
    ("content", "shrinks"),
    [
        pytest.param(bytes(1500), False, id="a signature stays"),
        pytest.param(bytes(20_000), True, id="unknown but huge"),
        pytest.param(b"RIFF0000WAVE" + bytes(1500), True, id="wav"),
        pytest.param(b"0000ftypmp42" + bytes(1500), True, id="mp4"),
    ],
)
def test_which_base64_is_media(content, shrinks):
    written = json.dumps(base64.b64encode(content).decode()).encode()
    assert (redaction.body(written) != written) is shrinks


def test_long_text_is_not_media():
    text = json.dumps("a\\b" * 2000 + "x").encode()
    assert redaction.body(text) is text


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        pytest.param("plain", "plain", id="plain"),
        pytest.param("a\nb\x1b[0m", "a\\nb\\x1b[0m", id="control characters"),
        pytest.param("a\u202eb\u2028", "a\\u202eb\\u2028", id="order and line ends"),
        pytest.param("x" * 21, "x" * 17 + "...", id="long"),
        pytest.param("naïve 模型", "naïve 模型", id="letters"),
        pytest.param("\ud800", "\\ud800", id="half a surrogate pair"),
        pytest.param("sk-" + "a" * 30, "[redacted]", id="a key longer than the limit"),
    ],
)
def test_one_line(given, expected):
    assert redaction.one_line(given, 20) == expected


@pytest.mark.parametrize(
    "piece", ["eyJ", "eyJaaaaaaaaaa.", "ya29.", "ABSK", "AKIA", "sk-", "bedrock-api-key-", "earer "]
)
def test_no_body_is_searched_for_ever(piece):
    before = time.process_time()
    redaction.body((piece * 200_000).encode())
    redaction.body(piece.encode() + b"a" * 1_000_000)
    assert time.process_time() - before < 2


@pytest.mark.parametrize("parameter", ["key", "api_key", "sig"])
def test_json_within_json_stays_json(parameter: str) -> None:
    url = f"https://a.example/?{parameter}=canary"
    hidden = redaction.body(json.dumps({"arguments": json.dumps({"url": url, "then": 1})}).encode())
    assert json.loads(json.loads(hidden)["arguments"]) == {"url": url.replace("canary", redaction.HIDDEN), "then": 1}
    assert redaction.body(hidden) == hidden
