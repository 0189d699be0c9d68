"""`proxy-url` and the environment: which proxy leads to which URL."""

from typing import Any

import pytest

from routing.catalogue import Catalogue
from routing.config import parse
from routing.errors import ConfigError
from routing.proxies import DIRECT, Proxy, from_environment
from routing.secret import Secret

ENTRY = "claude-api-key: [{api-key: k, base-url: 'https://claude.example', models: [{name: m}]}]"
COMPATIBLE = """
openai-compatibility:
  - name: ours
    base-url: https://ours.example/v1
    %s
    api-key-entries: [%s]
    models: [{name: m}]
"""


def proxies_of(text: str, environ: dict[str, str] | None = None) -> list[str | None]:
    """Return the URLs of the proxies of all targets of the model `m`."""
    settings = parse(text.encode(), "config.yaml", environ or {}).settings
    targets = Catalogue(settings).candidates("m", "")
    found = [target.proxies.of(next(iter(target.base_urls.values())) + "/v1/messages") for target in targets]
    return [None if proxy is None else proxy.url() for proxy in found]


@pytest.mark.parametrize(
    ("written", "proxy"),
    [
        pytest.param("http://proxy.example", Proxy("http", "proxy.example", 80), id="http"),
        pytest.param("HTTPS://proxy.example/", Proxy("https", "proxy.example", 443), id="https"),
        pytest.param("socks5://10.0.0.1", Proxy("socks5", "10.0.0.1", 1080), id="socks5"),
        pytest.param("socks5h://[::1]:9050", Proxy("socks5", "::1", 9050), id="socks5h"),
        pytest.param("http://u@h:3128", Proxy("http", "h", 3128, Secret("u"), Secret("")), id="a name alone"),
        pytest.param("http://:p@h:3128", Proxy("http", "h", 3128, Secret(""), Secret("p")), id="a password alone"),
        pytest.param(
            "http://a%20b:%40%3A%2F%C3%A9@h:1", Proxy("http", "h", 1, Secret("a b"), Secret("@:/é")), id="escapes"
        ),
    ],
)
def test_a_proxy(written: str, proxy: Proxy) -> None:
    settings = parse(f"proxy-url: '{written}'".encode(), "config.yaml", {}).settings
    assert settings.proxies.of("https://provider.example/") == proxy
    assert settings.proxies.of("http://127.0.0.1/") == proxy
    assert proxy.url().startswith(f"{proxy.scheme}://")


EVERY = {"HTTPS_PROXY": "http://env.example:1"}
FROM_ENVIRONMENT = "http://env.example:1"
TOP = "proxy-url: http://top.example:1\n"


@pytest.mark.parametrize(
    ("text", "environ", "expected"),
    [
        pytest.param(ENTRY, {}, [None], id="none"),
        pytest.param(ENTRY, EVERY, [FROM_ENVIRONMENT], id="the environment's"),
        pytest.param(TOP + ENTRY, EVERY, ["http://top.example:1"], id="all before the environment"),
        pytest.param("proxy-url: ''\n" + ENTRY, EVERY, [FROM_ENVIRONMENT], id="an empty text is absent"),
        pytest.param("proxy-url: direct\n" + ENTRY, EVERY, [None], id="direct"),
        pytest.param("proxy-url: none\n" + ENTRY, EVERY, [None], id="none is direct"),
        pytest.param(
            TOP + ENTRY.replace("base-url", "proxy-url: socks5://own.example, base-url"),
            EVERY,
            ["socks5://own.example:1080"],
            id="an entry before all",
        ),
        pytest.param(
            TOP + ENTRY.replace("base-url", "proxy-url: direct, base-url"), EVERY, [None], id="an entry directly"
        ),
        pytest.param(
            COMPATIBLE
            % (
                "proxy-url: http://entry.example:1",
                "{api-key: a, proxy-url: http://key.example:1}, {api-key: b}, {api-key: c, proxy-url: direct}",
            ),
            EVERY,
            ["http://key.example:1", "http://entry.example:1", None],
            id="a key before its entry",
        ),
    ],
)
def test_the_nearest_word_counts(text: str, environ: dict[str, str], expected: list[str | None]) -> None:
    assert proxies_of(text, environ) == expected


@pytest.mark.parametrize(
    ("environ", "url", "proxy"),
    [
        pytest.param({"https_proxy": "a:1", "HTTPS_PROXY": "b:1"}, "https://h/", "http://a:1", id="lower case wins"),
        pytest.param({"HTTP_PROXY": "a:1"}, "https://h/", None, id="another scheme"),
        pytest.param({"HTTP_PROXY": "a:1"}, "http://h/", "http://a:1", id="http"),
        pytest.param({"ALL_PROXY": "socks5://a"}, "http://h/", "socks5://a:1080", id="all"),
        pytest.param({"all_proxy": "a:1", "HTTPS_PROXY": "b:1"}, "https://h/", "http://b:1", id="before all"),
        pytest.param({"HTTPS_PROXY": "", "NO_PROXY": "x"}, "https://h/", None, id="empty"),
    ],
)
def test_the_environment(environ: dict[str, str], url: str, proxy: str | None) -> None:
    found = from_environment(environ).of(url)
    assert (None if found is None else found.url()) == proxy


@pytest.mark.parametrize(
    ("no_proxy", "host", "exempt"),
    [
        pytest.param("", "localhost", True, id="this machine"),
        pytest.param("", "127.9.9.9", True, id="its network"),
        pytest.param("", "[::1]:11434", True, id="its address"),
        pytest.param("", "localhost.example", False, id="a name like it"),
        pytest.param("*", "h.example", True, id="everything"),
        pytest.param("h.example", "h.example", True, id="a host"),
        pytest.param("h.example", "a.h.example", True, id="below it"),
        pytest.param("h.example", "ah.example", False, id="not one that ends like it"),
        pytest.param(".h.example", "a.h.example", True, id="a domain"),
        pytest.param(".h.example", "h.example", True, id="a domain itself"),
        pytest.param("*.h.example", "a.h.example", True, id="with a star"),
        pytest.param("H.Example, other", "h.example", True, id="a list, in any case"),
        pytest.param("a b.example", "b.example", True, id="with spaces"),
        pytest.param("h.example:8443", "h.example:8443", True, id="a port"),
        pytest.param("h.example:8443", "h.example", False, id="another port"),
        pytest.param("h.example:443", "h.example", True, id="the scheme's port"),
        pytest.param("10.1.0.0/16", "10.1.2.3", True, id="a network"),
        pytest.param("10.1.0.0/16", "10.2.2.3", False, id="outside of it"),
        pytest.param("10.1.2.3:443", "10.1.2.3", True, id="an address with a port"),
        pytest.param("fd00::/8", "[fd00::1]", True, id="a network of IPv6"),
        pytest.param("[fd00::1]:443", "[fd00::1]", True, id="IPv6 with a port"),
        pytest.param("fd00::1", "[fd00::2]", False, id="another address of IPv6"),
        pytest.param("http://h.example", "h.example", False, id="what is no host"),
    ],
)
def test_what_is_reached_without(no_proxy: str, host: str, exempt: bool) -> None:
    proxies = from_environment({"HTTPS_PROXY": "http://proxy.example", "NO_PROXY": no_proxy})
    assert (proxies.of(f"https://{host}/v1") is None) is exempt


def test_nothing_is_exempt_from_what_the_file_says() -> None:
    local = ENTRY.replace("claude.example", "127.0.0.1")
    assert proxies_of(TOP + local, {"NO_PROXY": "*"}) == ["http://top.example:1"]


CANARY = "canary7d20"


@pytest.mark.parametrize(
    ("text", "environ", "complaint"),
    [
        pytest.param("proxy-url: CANARY", {}, "1: proxy-url: must be the URL of a proxy", id="no URL"),
        pytest.param("proxy-url: [CANARY]", {}, "1: proxy-url: must be text", id="a list"),
        pytest.param("proxy-url: 'socks4://CANARY'", {}, "1: proxy-url: has a scheme that is not known", id="scheme"),
        pytest.param("proxy-url: 'http://u:CANARY/x@h:1'", {}, "written as %25", id="a password that is not escaped"),
        pytest.param("proxy-url: 'http://u:CANARY@h:0'", {}, "must be the URL", id="no port"),
        pytest.param("proxy-url: 'http://u:CANARY@h:x'", {}, "must be the URL", id="a port in letters"),
        pytest.param("proxy-url: 'http://u:CANARY@h/path'", {}, "must be the URL", id="a path"),
        pytest.param("proxy-url: 'http://u:CANARY@h?x'", {}, "nothing comes after the port", id="a query"),
        pytest.param("proxy-url: 'http://u:CANARY%0D%0A@h'", {}, "no proxy can be told", id="a line break"),
        pytest.param("proxy-url: 'http://CANARY%3A:p@h'", {}, "no proxy can be told", id="a colon in the name"),
        pytest.param("proxy-url: 'socks5://CANARY@h'", {}, "both a name and a password", id="SOCKS without password"),
        pytest.param(f"proxy-url: 'socks5://CANARY:{'p' * 256}@h'", {}, "at most 255 bytes", id="too long for SOCKS"),
        pytest.param(
            "claude-api-key: [{api-key: k, proxy-url: CANARY}]", {}, "1: claude-api-key[0].proxy-url: must", id="entry"
        ),
        pytest.param(
            COMPATIBLE % ("", "{api-key: a, proxy-url: CANARY}"),
            {},
            "6: openai-compatibility[0].api-key-entries[0].proxy-url: must",
            id="key",
        ),
        pytest.param(
            "port: 1", {"HTTPS_PROXY": "ftp://CANARY"}, "environment's HTTPS_PROXY has a scheme", id="environ"
        ),
        pytest.param("upstream-ca: CANARY", {}, "1: upstream-ca: there is no such file", id="no file"),
    ],
)
def test_a_mistake(text: str, environ: dict[str, str], complaint: str) -> None:
    environ = {name: value.replace("CANARY", CANARY) for name, value in environ.items()}
    with pytest.raises(ConfigError) as raised:
        parse(text.replace("CANARY", CANARY).encode(), "config.yaml", environ)
    assert complaint in str(raised.value)
    assert CANARY not in str(raised.value)


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        pytest.param(b"", "must be a file of certificates", id="empty"),
        pytest.param(b"\x30\x82\x01", "must be a file of certificates", id="DER"),
        pytest.param(b"-----BEGIN PRIVATE KEY-----\nMAAA\n-----END PRIVATE KEY-----", "must be a file", id="a key"),
        pytest.param(b"-----BEGIN CERTIFICATE-----\nM\n-----END CERTIFICATE-----", "must be a file", id="broken"),
        pytest.param(
            b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----", "must be a file", id="no DER in it"
        ),
    ],
)
def test_a_file_of_no_certificates(tmp_path: Any, content: bytes, complaint: str) -> None:
    (tmp_path / "ca.pem").write_bytes(content)
    with pytest.raises(ConfigError, match=f"1: upstream-ca: {complaint}"):
        parse(b"upstream-ca: ca.pem", str(tmp_path / "config.yaml"), {})


def test_passwords_are_secrets() -> None:
    settings = parse(
        f"proxy-url: http://u:{CANARY}1@h\nollama: [{{proxy-url: 'http://u:{CANARY}2@h'}}]".encode(),
        "config.yaml",
        {},
    ).settings
    assert CANARY not in repr(settings)
    assert {f"{CANARY}1", f"{CANARY}2"} <= {*settings.secrets()}
    environ = {"https_proxy": f"http://u:{CANARY}3@h"}
    assert f"{CANARY}3" in {*parse(b"port: 1", "config.yaml", environ).settings.secrets()}


def test_an_entry_whose_proxy_is_not_set_is_off() -> None:
    loaded = parse(ENTRY.replace("base-url", "proxy-url: '${PROXY}', base-url").encode(), "config.yaml", {})
    assert [skipped.variables for skipped in loaded.skipped] == [("PROXY",)]


def test_a_reload_with_another_proxy_makes_other_targets() -> None:
    def catalogue(proxy: str, earlier: Catalogue | None = None) -> Catalogue:
        settings = parse(f"proxy-url: {proxy}\n{ENTRY}".encode(), "config.yaml", {}).settings
        return Catalogue(settings, earlier=earlier)

    (target,) = catalogue("direct", catalogue("http://h:1")).candidates("m", "")
    assert target.proxies == DIRECT
