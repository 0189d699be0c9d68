"""Tokens and signatures, by the libraries of those who ask for them, against stand-ins on this machine."""

import asyncio
import json
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from addons.credentials import EARLY_SECONDS, LAST_SECONDS, Authorities, NoCredentials, Token, Tokens, Unauthorised
from addons.credentials import missing as missing_library
from addons.exchange.provider_request import ProviderRequest
from routing.auth import Auth, AwsAuth, EntraAuth, GoogleAuth, StaticKey
from routing.secret import Secret

URL = "https://bedrock-runtime.eu-west-1.amazonaws.com/model/a%3A0/converse"


def request(auth: Auth | None, url: str = URL) -> ProviderRequest:
    return ProviderRequest(url, (("accept", "application/json"),), b'{"a":1}', (("x-team", "t"),), auth)


class Issuer:
    """A server that answers every request with `answer(path, body)`, and keeps what was asked."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str, dict[str, str]]] = []
        self.answer: Callable[[str], tuple[int, Any]] = lambda path: (200, {})
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                body = self.rfile.read(int(self.headers.get("content-length") or 0)).decode()
                outer.asked.append((self.path, body, {k.lower(): v for k, v in self.headers.items()}))
                status, said = outer.answer(self.path)
                data = said.encode() if isinstance(said, str) else json.dumps(said).encode()
                self.send_response(status)
                self.send_header("content-type", "text/plain" if isinstance(said, str) else "application/json")
                self.send_header("metadata-flavor", "Google")
                self.send_header("content-length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            do_POST = do_GET

            def log_message(self, format: str, *args: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.01,))
        self.thread.start()

    def stop(self) -> None:
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()


@pytest.fixture
def issuer() -> Iterator[Issuer]:
    made = Issuer()
    yield made
    made.stop()


def key_file(folder: Path, token_uri: str) -> Path:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    pem = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode()
    told = {"type": "service_account", "client_email": "a@p.iam", "private_key": pem, "token_uri": token_uri}
    path = folder / "key.json"
    path.write_text(json.dumps(told))
    return path


# --- Google -------------------------------------------------------------------------------------


async def test_a_service_account_is_asked_once(issuer: Issuer, tmp_path: Path) -> None:
    issuer.answer = lambda path: (200, {"access_token": "ya29", "expires_in": 3600, "token_type": "Bearer"})
    auth = GoogleAuth(str(key_file(tmp_path, f"{issuer.url}/token")), "billed")
    authorities = Authorities()
    made = await asyncio.gather(*(authorities.authorised(request(auth)) for _ in range(20)))
    assert {each.secrets for each in made} == {(("x-team", "t"), ("authorization", "Bearer ya29"))}
    assert {each.auth for each in made} == {None}
    assert made[0].headers == (("accept", "application/json"), ("x-goog-user-project", "billed"))
    [(path, body, _)] = issuer.asked
    assert path == "/token"
    assert parse_qs(body)["grant_type"] == ["urn:ietf:params:oauth:grant-type:jwt-bearer"]


@pytest.mark.parametrize(
    ("kept", "changed", "asked"),
    [
        pytest.param(True, [], 1, id="its entry stays"),
        pytest.param(False, [], 2, id="its entry went, and came again"),
        pytest.param(True, ["key.json"], 2, id="its file has another content"),
    ],
)
async def test_tokens_outlive_a_reload(
    issuer: Issuer, tmp_path: Path, kept: bool, changed: list[str], asked: int
) -> None:
    issuer.answer = lambda path: (200, {"access_token": "ya29", "expires_in": 3600, "token_type": "Bearer"})
    auth = GoogleAuth(str(key_file(tmp_path, f"{issuer.url}/token")))
    authorities = Authorities()
    await authorities.authorised(request(auth))
    authorities.keep([auth, None] if kept else [None], [str(tmp_path / name) for name in changed])
    await authorities.authorised(request(auth))
    assert len(issuer.asked) == asked


@pytest.mark.parametrize("status", [400, 500])
async def test_a_token_that_is_refused(
    issuer: Issuer, tmp_path: Path, status: int, caplog: pytest.LogCaptureFixture
) -> None:
    issuer.answer = lambda path: (status, {"error": "invalid_grant", "error_description": "Invalid JWT"})
    auth = GoogleAuth(str(key_file(tmp_path, f"{issuer.url}/token")))
    with pytest.raises(Unauthorised) as caught:
        await Authorities().authorised(request(auth))
    failure = caught.value.failure
    assert (failure.status, failure.code) == (502, "upstream_authentication_error")
    assert "invalid_grant" not in failure.message
    assert "invalid_grant" in caplog.text


@pytest.mark.parametrize(
    "uri",
    [
        "https://evil.example/token",
        "https://googleapis.com.evil.example/",
        r"https://evil.example\@x.googleapis.com/token",
        "http://x.googleapis.com/token",
        "",
    ],
)
async def test_an_assertion_goes_to_google_only(tmp_path: Path, uri: str) -> None:
    with pytest.raises(Unauthorised):
        await Authorities().authorised(request(GoogleAuth(str(key_file(tmp_path, uri)))))


async def test_the_application_default_credentials(issuer: Issuer, monkeypatch: pytest.MonkeyPatch) -> None:
    """As on a machine of Google's, whose metadata server knows them."""
    host = issuer.url.removeprefix("http://")
    monkeypatch.setenv("GCE_METADATA_HOST", host)
    monkeypatch.setenv("GCE_METADATA_IP", host)
    monkeypatch.setenv("GCE_METADATA_ROOT", host)
    monkeypatch.delenv("GOOGLE_APPLICATION_CREDENTIALS", raising=False)
    monkeypatch.setenv("CLOUDSDK_CONFIG", "/nonexistent")
    monkeypatch.setenv("GOOGLE_CLOUD_PROJECT", "p")

    def answer(path: str) -> tuple[int, Any]:
        if "token" in path:
            return 200, {"access_token": "from-metadata", "expires_in": 3600, "token_type": "Bearer"}
        return 200, {"default": {"email": "e", "scopes": ["s"]}, "email": "e", "scopes": ["s"]}

    issuer.answer = answer
    made = await Authorities().authorised(request(GoogleAuth()))
    assert made.secrets[-1] == ("authorization", "Bearer from-metadata")


# --- Microsoft ----------------------------------------------------------------------------------


async def test_the_identity_of_an_azure_machine(issuer: Issuer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IDENTITY_ENDPOINT", f"{issuer.url}/msi")
    monkeypatch.setenv("IDENTITY_HEADER", "h")
    issuer.answer = lambda path: (200, {"access_token": "entra", "expires_on": "4000000000", "token_type": "Bearer"})
    made = await Authorities().authorised(request(EntraAuth()))
    assert made.secrets[-1] == ("authorization", "Bearer entra")
    [(path, _, headers)] = issuer.asked
    assert "resource=https://cognitiveservices.azure.com" in path
    assert headers["x-identity-header"] == "h"


# --- Amazon -------------------------------------------------------------------------------------


async def test_a_signature_is_botocores() -> None:
    auth = AwsAuth("eu-west-1", access_key_id=Secret("AKID"), secret_access_key=Secret("s"), session_token=Secret("t"))
    made = await Authorities().authorised(request(auth))
    secrets = dict(made.secrets)
    assert secrets["x-amz-security-token"] == "t"
    again = AWSRequest("POST", URL, {"content-type": "application/json"}, made.body)
    again.context["timestamp"] = secrets["x-amz-date"]
    signer = SigV4Auth(Credentials("AKID", "s", "t"), "bedrock", "eu-west-1")
    again.headers["X-Amz-Date"] = secrets["x-amz-date"]
    again.headers["X-Amz-Security-Token"] = "t"
    signature = signer.signature(signer.string_to_sign(again, signer.canonical_request(again)), again)
    assert f"Signature={signature}" in secrets["authorization"]
    assert "/eu-west-1/bedrock/aws4_request" in secrets["authorization"]
    assert "content-type;host;x-amz-date" in secrets["authorization"]


async def test_keys_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKENV")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "s")
    made = await Authorities().authorised(request(AwsAuth("us-east-1")))
    assert "Credential=AKENV/" in dict(made.secrets)["authorization"]


async def test_no_keys_anywhere(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    for auth in (AwsAuth("us-east-1"), AwsAuth("us-east-1", profile="nobody")):
        with pytest.raises(Unauthorised):
            await Authorities().authorised(request(auth))


# --- tokens -------------------------------------------------------------------------------------


class Mint:
    """Gives tokens `1`, `2` ... of `life` seconds, when it is let."""

    def __init__(self) -> None:
        self.time, self.life, self.made = 1000.0, 3600.0, 0
        self.open = threading.Event()
        self.open.set()
        self.broken = False

    def now(self) -> float:
        return self.time

    def fetch(self) -> Token:
        assert self.open.wait(10)
        if self.broken:
            raise NoCredentials("broken")
        self.made += 1
        return Token(str(self.made), self.time + self.life)


async def settled(tokens: Tokens) -> None:
    while tokens._fetching is not None:
        await asyncio.wait([tokens._fetching])


async def test_a_token_is_renewed_beside_those_who_use_it() -> None:
    mint = Mint()
    tokens = Tokens("x", mint.fetch, mint.now)
    assert await tokens.token() == "1"
    mint.time += mint.life - EARLY_SECONDS - 1
    assert await tokens.token() == "1"
    assert mint.made == 1
    mint.time += 2
    mint.open.clear()
    assert [await tokens.token() for _ in range(3)] == ["1", "1", "1"]
    mint.open.set()
    await settled(tokens)
    assert await tokens.token() == "2"
    assert mint.made == 2


async def test_a_token_that_is_nearly_over_is_waited_for() -> None:
    mint = Mint()
    tokens = Tokens("x", mint.fetch, mint.now)
    await tokens.token()
    mint.time += mint.life - LAST_SECONDS + 1
    assert await tokens.token() == "2"


async def test_a_failure_to_renew_hurts_nobody_yet() -> None:
    mint = Mint()
    tokens = Tokens("x", mint.fetch, mint.now)
    await tokens.token()
    mint.time += mint.life - EARLY_SECONDS + 1
    mint.broken = True
    assert await tokens.token() == "1"
    await settled(tokens)
    assert await tokens.token() == "1"
    await settled(tokens)
    mint.broken = False
    await tokens.token()
    await settled(tokens)
    assert await tokens.token() == "2"


async def test_a_client_that_leaves_takes_no_token_along() -> None:
    mint = Mint()
    mint.open.clear()
    tokens = Tokens("x", mint.fetch, mint.now)
    first, second = asyncio.create_task(tokens.token()), asyncio.create_task(tokens.token())
    await asyncio.sleep(0)
    first.cancel()
    mint.open.set()
    assert await second == "1"
    assert mint.made == 1


@pytest.mark.parametrize("auth", [GoogleAuth(), AwsAuth("r"), EntraAuth(), StaticKey("a", Secret("b")), None])
def test_what_is_installed_is_not_missing(auth: Auth | None) -> None:
    assert missing_library([auth]) is None


def test_a_library_that_is_missing_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    told = missing_library([AwsAuth("r")])
    assert told is not None
    assert told.startswith("bedrock in the configuration needs a library: ")
    assert told.endswith("-m pip install botocore")
