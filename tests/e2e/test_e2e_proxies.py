"""Through real proxies: an HTTP proxy with TLS and without, one that looks inside, and SOCKS, each with a password."""

import base64
import ssl
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest

from addons.provider_http import Clients
from routing.config import parse
from tests.e2e import claude, proxies
from tests.e2e.certificates import certificate
from tests.e2e.conftest import Client
from tests.e2e.gateway_process import PROVIDER_KEY, SECRETS, GatewayProcess, config, free_port
from tests.e2e.provider import EVENT_STREAM, LAST_CHUNK, Provider, chunk, head, held, sse, stepped, whole
from tests.e2e.proxies import IN_URL, NAME, PASSWORD
from tests.e2e.wire import content

BEGUN = head(200, EVENT_STREAM) + b"".join(chunk(sse(each)) for each in claude.HELLO[:4])
WRONG = "a%20user:wrong@"
WAYS = {
    "https by CONNECT, looked into": ("looks inside", "http", "", "https"),
    "http, forwarded": ("looks inside", "http", "", "http"),
    "https by CONNECT in TLS": ("looks inside", "https", "", "https"),
    "http, forwarded in TLS": ("looks inside", "https", "", "http"),
    "https by CONNECT with a password": ("passes on", "http", IN_URL, "https"),
    "http, forwarded with a password": ("passes on", "http", IN_URL, "http"),
    "https by SOCKS": ("socks", "socks5", "", "https"),
    "http by SOCKS": ("socks", "socks5h", "", "http"),
    "https by SOCKS with a password": ("socks with password", "socks5", IN_URL, "https"),
    "http by SOCKS with a password": ("socks with password", "socks5", IN_URL, "http"),
}
"""The proxy, its scheme, what stands before its host, and the scheme of the provider."""
REFUSED = "the proxy refused the credentials (proxy-url)"
WANTED = "the proxy wants a name and a password (proxy-url)"
DOWN = "the proxy cannot be reached: it was refused"
FAILURES = {
    "CONNECT with a wrong password": (("passes on", "http", WRONG, "https"), REFUSED),
    "forwarded with a wrong password": (("passes on", "http", WRONG, "http"), REFUSED),
    "SOCKS with a wrong password": (("socks with password", "socks5", WRONG, "https"), REFUSED),
    "CONNECT without a password": (("passes on", "http", "", "https"), WANTED),
    "forwarded without a password": (("passes on", "http", "", "http"), WANTED),
    "SOCKS without a password": (("socks with password", "socks5", "", "http"), WANTED),
    "a SOCKS proxy that is no HTTP proxy": (("socks", "http", "", "https"), "the proxy "),
    "a proxy without TLS": (("socks", "https", "", "https"), "the proxy cannot be reached: "),
    "a provider that SOCKS cannot reach": (("socks", "socks5", "", "down"), "to the provider was refused"),
    "a provider that CONNECT cannot reach": (("passes on", "http", IN_URL, "down"), "the proxy answered 502"),
    "an HTTP proxy that is not there": (("down", "http", IN_URL, "http"), DOWN),
    "an HTTPS proxy that is not there": (("down", "https", IN_URL, "https"), DOWN),
    "a SOCKS proxy that is not there": (("down", "socks5", IN_URL, "http"), DOWN),
}
Way = tuple[str, str, str, str]


class Land:
    """A provider with TLS and one without, the proxies, a gateway with a model for each way, and the authorities of all
    in one file."""

    def __init__(self, folder: Path, stack: ExitStack) -> None:
        authority = certificate(folder)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(authority)
        self.providers = {"https": Provider(tls=context), "http": Provider()}
        for provider in self.providers.values():
            stack.callback(provider.close)
        self.down = free_port()
        login = ("--set", f"proxyauth={NAME}:{PASSWORD}")
        start = stack.enter_context
        self.proxies = {
            "looks inside": start(
                proxies.mitmproxy(folder / "m", "--set", f"ssl_verify_upstream_trusted_ca={authority}")
            ),
            "passes on": start(proxies.mitmproxy(folder / "m", *login, "--ignore-hosts", ".*")),
            "socks": start(proxies.microsocks()),
            "socks with password": start(proxies.microsocks("-u", NAME, "-P", PASSWORD)),
        }
        self.authorities = folder / "authorities.pem"
        mitmproxys = (folder / "m" / "mitmproxy-ca-cert.pem").read_text()
        self.authorities.write_text(authority.read_text() + mitmproxys)
        ways = WAYS | {name: way for name, (way, _) in FAILURES.items()}
        entries = [self.entry(name.replace(" ", "-"), way) for name, way in ways.items()]
        unlisted = {"base-url": self.providers["http"].url, "proxy-url": self.url("down", "socks5", IN_URL)}
        self.flows = folder / "flows"
        self.gateway = start(self.started(folder, "-w", str(self.flows), claude_api_key=entries, ollama=[unlisted]))

    def entry(self, model: str, way: Way) -> dict[str, Any]:
        proxy, scheme, user, to = way
        return {
            "api-key": PROVIDER_KEY,
            "base-url": self.providers[to].url if to in self.providers else f"https://127.0.0.1:{self.down}",
            "proxy-url": self.url(proxy, scheme, user),
            "models": [{"name": "claude-sonnet-4-5", "alias": model}],
        }

    def url(self, proxy: str, scheme: str, user: str = "") -> str:
        port = self.proxies[proxy].port if proxy in self.proxies else self.down
        return f"{scheme}://{user}127.0.0.1:{port}"

    def started(self, folder: Path, *args: str, env: dict[str, str] | None = None, **more: Any) -> GatewayProcess:
        settings = config(self.providers["https"].url, upstream_ca=str(self.authorities), **more)
        return GatewayProcess(folder, settings, *args, env=env)


@pytest.fixture(scope="module")
def land(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Land]:
    with ExitStack() as stack:
        yield Land(tmp_path_factory.mktemp("land"), stack)


@pytest.fixture(autouse=True)
def _as_new(land: Land) -> Iterator[None]:
    for provider in land.providers.values():
        provider.reset()
        provider.default = whole(claude.message(claude.text("Hello there")))
    yield
    for provider in land.providers.values():
        assert not provider.errors


@contextmanager
def client_of(gateway: GatewayProcess) -> Iterator[Client]:
    client = Client(gateway)
    with client.http:
        yield client


@pytest.mark.parametrize("name", WAYS)
def test_a_way(land: Land, name: str) -> None:
    """A whole answer, a stream whose first event arrives before the second is sent, and one connection for both."""
    proxy, *_, to = WAYS[name]
    provider, model = land.providers[to], name.replace(" ", "-")
    go = threading.Event()
    rest = b"".join(chunk(sse(each)) for each in claude.HELLO[4:]) + LAST_CHUNK
    with client_of(land.gateway) as client:
        answer = client.chat(model=model)
        assert answer.json()["choices"][0]["message"]["content"] == "Hello there"
        provider.scripts = [stepped(BEGUN, go, rest)]
        with client.streaming(model=model) as streamed:
            text, pieces = "", streamed.iter_text()
            while content(text) != "Hello ":
                text += next(pieces)
            go.set()
            text += "".join(pieces)
        assert (content(text), text.rstrip()[-6:]) == ("Hello there", "[DONE]")
    assert len(provider.calls) == 2
    if proxy != "looks inside":  # that one has connections of its own
        assert len({call.connection for call in provider.calls}) == 1
    for call in provider.calls:
        assert call.headers["x-api-key"] == PROVIDER_KEY
        assert not [header for header in call.headers if header.startswith("proxy-")]
    keeps_secrets(land)


def keeps_secrets(land: Land) -> None:
    places = (land.gateway.output.encode(), land.flows.read_bytes())
    login = base64.b64encode(f"{NAME}:{PASSWORD}".encode()).decode()
    for secret in (*SECRETS, login, PASSWORD, IN_URL, IN_URL.partition(":")[2], "wrong@"):
        assert not [place for place in places if secret.encode() in place]


def fails(answer: Any, text: str) -> None:
    error = answer.json()["error"]
    assert (answer.status_code, error["code"]) == (502, "provider_connection_failed")
    assert text in error["message"]
    assert "127.0.0.1" not in error["message"]
    assert NAME not in answer.text


@pytest.mark.parametrize("name", FAILURES)
def test_no_way(land: Land, name: str) -> None:
    """The client is told that it is the proxy, but not where that is; the log says more."""
    (proxy, *_), text = FAILURES[name]
    with client_of(land.gateway) as client:
        fails(client.chat(model=name.replace(" ", "-")), text)
        assert client.record["end"] == "failed"
        assert proxy != "down" or str(land.down) in client.record["cause"]
    assert not [provider.calls for provider in land.providers.values() if provider.calls]
    keeps_secrets(land)


@pytest.mark.parametrize("name", WAYS)
async def test_what_is_asked_beside_exchanges_goes_the_same_way(land: Land, name: str) -> None:
    proxy, scheme, user, to = WAYS[name]
    written = f"proxy-url: '{land.url(proxy, scheme, user)}'"
    proxies = parse(written.encode(), "config.yaml", {}).settings.proxies
    clients = Clients(5.0, ssl.create_default_context(cafile=land.authorities))
    url = land.providers[to].url + "/api/tags"
    answer = await (await clients.to(proxies, url)).get(url)
    await clients.close()
    assert answer.json()["content"][0]["text"] == "Hello there"
    assert len(land.providers[to].calls) == 1


def test_a_list_of_models_goes_no_other_way(land: Land) -> None:
    land.gateway.line("ollama does not tell its models: Connect")


@pytest.mark.parametrize("scheme", ["http", "socks5"])
def test_a_proxy_that_is_killed(land: Land, tmp_path: Path, scheme: str) -> None:
    """In the middle of a stream, which ends with an error; the next request finds nobody."""
    land.providers["https"].scripts = [held(BEGUN)]
    start = proxies.mitmproxy(tmp_path / "m", "--ignore-hosts", ".*") if scheme == "http" else proxies.microsocks()
    with (
        start as proxy,
        land.started(tmp_path, proxy_url=f"{scheme}://127.0.0.1:{proxy.port}") as process,
        client_of(process) as client,
    ):
        with client.streaming() as answer:
            text, pieces = "", answer.iter_text()
            while content(text) != "Hello ":
                text += next(pieces)
            proxy.end()
            text += "".join(pieces)
        assert "it, or the proxy, closed the connection" in text
        assert "[DONE]" not in text
        fails(client.chat(), DOWN)


@pytest.mark.parametrize(
    ("host", "more", "text"),
    [
        pytest.param("127.0.0.1", {}, None, id="not to this machine"),
        pytest.param("provider.invalid", {}, DOWN, id="to others"),
        pytest.param("provider.invalid", {"proxy_url": "direct"}, "its host name cannot be resolved", id="unless told"),
    ],
)
def test_the_environments_proxy(land: Land, tmp_path: Path, host: str, more: dict[str, Any], text: str | None) -> None:
    nobody = f"http://127.0.0.1:{land.down}"
    settings = config(land.providers["http"].url.replace("127.0.0.1", host), **more)
    environ = {"HTTP_PROXY": nobody, "https_proxy": nobody}
    with GatewayProcess(tmp_path, settings, env=environ) as process, client_of(process) as client:
        answer = client.chat()
    if text is None:
        assert answer.status_code == 200
    else:
        fails(answer, text)


@pytest.mark.parametrize("as_proxy", [True, False], ids=["as a proxy", "behind a proxy"])
def test_the_gateway_itself(land: Land, tmp_path: Path, as_proxy: bool) -> None:
    """mitmproxy lets nobody connect to what it listens on."""
    port = free_port()
    own = f"http://127.0.0.1:{port}"
    provider, proxy = (land.providers["https"].url, own) if as_proxy else (own, land.url("socks", "socks5"))
    settings = config(provider, proxy_url=proxy)
    with GatewayProcess(tmp_path, settings, port=port) as process, client_of(process) as client:
        fails(client.chat(), "stopped in mitmproxy")


def test_certificates_that_are_none(land: Land, tmp_path: Path) -> None:
    broken = tmp_path / "broken.pem"
    broken.write_text("-----BEGIN CERTIFICATE-----\nMAAA\n-----END CERTIFICATE-----\n")
    process = GatewayProcess(tmp_path, config(land.providers["https"].url, upstream_ca=str(broken)))
    assert process.wait() == 1
    process.line("upstream-ca: OpenSSL cannot read the certificates")
    process.stop()
