"""Conversations with proxies, without sockets: each handshake at any split of its bytes, refusals, garbage, bounds; and
the connections of a gateway behind them."""

from collections.abc import Callable, Iterable

import pytest

from addons.proxy import http1
from addons.proxy.tunnels import CLOSED, NO_PROXY, REFUSED, WANTED, Connect, Handshake, Refused, Socks
from routing.proxies import Proxy
from routing.secret import Secret
from tests.addons.proxy.playbook import BODY, STREAM, STREAMED, WHOLE, Clock, Playbook

NAME, PASSWORD = Secret("me"), Secret("canary-p")
HTTP, LOGGED_IN = Proxy("http", "p", 1), Proxy("http", "p", 1, NAME, PASSWORD)
SOCKS, SOCKS_LOGGED_IN = Proxy("socks5", "p", 1), Proxy("socks5", "p", 1, NAME, PASSWORD)
BASIC = b"proxy-authorization: Basic bWU6Y2FuYXJ5LXA=\r\n"
REST = b"\x16\x03\x03 the provider's"
NO_LOGIN, LOGIN, NEITHER = b"\x05\x00", b"\x05\x02", b"\x05\xff"
IN, OUT = b"\x01\x00", b"\x01\x01"
ASKED = b"\x05\x01\x00\x03\x01h\x01\xbb"
LOGIN_BYTES = b"\x01\x02me\x08canary-p"


def reply(code: int = 0, address: bytes = b"\x01\x7f\x00\x00\x01") -> bytes:
    return b"\x05" + bytes([code]) + b"\x00" + address + b"\x10\x00"


def pieces(data: bytes, size: int) -> Iterable[bytes]:
    return (data[at : at + size] for at in range(0, len(data), size))


def told(handshake: Handshake, data: bytes, size: int) -> tuple[bytes, bytes]:
    """Return what the proxy was told, and what came behind the handshake."""
    out, behind = handshake.begin(), b""
    for piece in pieces(data, size):
        if handshake.done:
            behind += piece
        else:
            out += handshake.feed(piece)
    return out, handshake.rest + behind


SPLITS = pytest.mark.parametrize("size", [1, 2, 3, 7, 100_000], ids=lambda size: f"by {size}")
CONNECT = b"CONNECT h:443 HTTP/1.1\r\nhost: h:443\r\n"
ESTABLISHED = b"HTTP/1.1 200 Connection established\r\n\r\n"


@SPLITS
@pytest.mark.parametrize(
    ("handshake", "answer", "expected"),
    [
        pytest.param(lambda: Connect(HTTP, "h", 443), ESTABLISHED, CONNECT + b"\r\n", id="CONNECT"),
        pytest.param(
            lambda: Connect(LOGGED_IN, "h", 443), ESTABLISHED, CONNECT + BASIC + b"\r\n", id="CONNECT with a password"
        ),
        pytest.param(
            lambda: Connect(HTTP, "::1", 8443),
            ESTABLISHED,
            b"CONNECT [::1]:8443 HTTP/1.1\r\nhost: [::1]:8443\r\n\r\n",
            id="CONNECT to IPv6",
        ),
        pytest.param(
            lambda: Connect(HTTP, "h", 443), b"HTTP/1.0 200 OK\r\nvia: x\r\n\r\n", CONNECT + b"\r\n", id="HTTP/1.0"
        ),
        pytest.param(
            lambda: Connect(HTTP, "h", 443),
            b"HTTP/1.1 100 Continue\r\n\r\n" + b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\n",
            CONNECT + b"\r\n",
            id="an interim head, and a length that means nothing",
        ),
        pytest.param(
            lambda: Connect(HTTP, "h", 443),
            b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n",
            CONNECT + b"\r\n",
            id="chunks that are none",
        ),
        pytest.param(lambda: Socks(SOCKS, "h", 443), NO_LOGIN + reply(), b"\x05\x01\x00" + ASKED, id="SOCKS"),
        pytest.param(
            lambda: Socks(SOCKS_LOGGED_IN, "h", 443),
            LOGIN + IN + reply(),
            b"\x05\x02\x00\x02" + LOGIN_BYTES + ASKED,
            id="SOCKS with a password",
        ),
        pytest.param(
            lambda: Socks(SOCKS_LOGGED_IN, "h", 443),
            NO_LOGIN + reply(),
            b"\x05\x02\x00\x02" + ASKED,
            id="SOCKS that wants no password",
        ),
        pytest.param(
            lambda: Socks(SOCKS, "10.0.0.1", 80),
            NO_LOGIN + reply(address=b"\x03\x05proxy"),
            b"\x05\x01\x00" + b"\x05\x01\x00\x01\x0a\x00\x00\x01\x00\x50",
            id="an address, and a name in the reply",
        ),
        pytest.param(
            lambda: Socks(SOCKS, "::1", 80),
            NO_LOGIN + reply(address=b"\x04" + bytes(16)),
            b"\x05\x01\x00" + b"\x05\x01\x00\x04" + bytes(15) + b"\x01\x00\x50",
            id="IPv6",
        ),
    ],
)
def test_a_way_is_opened(handshake: Callable[[], Handshake], answer: bytes, expected: bytes, size: int) -> None:
    assert told(made := handshake(), answer + REST, size) == (expected, REST)
    assert made.done


def head(status: int) -> bytes:
    return f"HTTP/1.1 {status} No\r\ncontent-length: 3\r\n\r\ncanary".encode()


LONG = b"HTTP/1.1 200 OK\r\nx: " + b"x" * (http1.LINE_BYTES + 1)


@SPLITS
@pytest.mark.parametrize(
    ("handshake", "answer", "why"),
    [
        pytest.param(lambda: Connect(LOGGED_IN, "h", 443), head(407), REFUSED, id="407"),
        pytest.param(lambda: Connect(HTTP, "h", 443), head(407), WANTED, id="407 without a password"),
        pytest.param(lambda: Connect(HTTP, "h", 443), head(403), "the proxy answered 403", id="403"),
        pytest.param(lambda: Connect(HTTP, "h", 443), head(302), "the proxy answered 302", id="elsewhere"),
        pytest.param(lambda: Connect(HTTP, "h", 443), b"\x05\xff", NO_PROXY, id="SOCKS"),
        pytest.param(lambda: Connect(HTTP, "h", 443), b"SSH-2.0-OpenSSH\r\n\r\n", NO_PROXY, id="SSH"),
        pytest.param(lambda: Connect(HTTP, "h", 443), b"HTTP/1.1 canary\r\n\r\n", NO_PROXY, id="garbage"),
        pytest.param(lambda: Connect(HTTP, "h", 443), b"HTTP/1.1 101 Up\r\n\r\n", NO_PROXY, id="another protocol"),
        pytest.param(lambda: Connect(HTTP, "h", 443), b"HTTP/1.1 103 X\r\n\r\n" * 21, NO_PROXY, id="interim for ever"),
        pytest.param(lambda: Socks(SOCKS, "h", 443), b"HTTP/1.1 400 Bad\r\n\r\n", NO_PROXY, id="HTTP"),
        pytest.param(lambda: Socks(SOCKS, "h", 443), b"\x04\x00", NO_PROXY, id="another version"),
        pytest.param(lambda: Socks(SOCKS, "h", 443), NEITHER, WANTED, id="SOCKS wants a password"),
        pytest.param(lambda: Socks(SOCKS, "h", 443), LOGIN, WANTED, id="SOCKS asks for what was not offered"),
        pytest.param(lambda: Socks(SOCKS_LOGGED_IN, "h", 443), NEITHER, "neither a name", id="SOCKS takes neither"),
        pytest.param(lambda: Socks(SOCKS_LOGGED_IN, "h", 443), b"\x05\x01", "neither a name", id="GSSAPI"),
        pytest.param(lambda: Socks(SOCKS_LOGGED_IN, "h", 443), LOGIN + OUT, REFUSED, id="SOCKS refuses it"),
        pytest.param(lambda: Socks(SOCKS_LOGGED_IN, "h", 443), LOGIN + b"\x05\x00", NO_PROXY, id="another login"),
        *(
            pytest.param(lambda: Socks(SOCKS, "h", 443), NO_LOGIN + reply(code)[:length], text, id=f"code {code}")
            for code, length, text in [
                (1, 10, "failed to connect"),
                (2, 10, "does not allow"),
                (3, 10, "no network"),
                (4, 10, "cannot reach"),
                (5, 2, "was refused"),
                (6, 10, "too many hops"),
                (7, 10, "does not connect"),
                (8, 10, "kind of address"),
                (99, 10, "the code 99"),
            ]
        ),
        pytest.param(
            lambda: Socks(SOCKS, "h", 443), NO_LOGIN + b"\x05\x00\x00\x02xx", NO_PROXY, id="an address of no kind"
        ),
        pytest.param(lambda: Socks(SOCKS, "h", 443), NO_LOGIN + b"\x04\x00", NO_PROXY, id="a reply of no version"),
        pytest.param(lambda: Socks(SOCKS, "h" * 256, 443), b"", "so long a host name", id="a host that is too long"),
    ],
)
def test_a_way_is_refused(handshake: Callable[[], Handshake], answer: bytes, why: str, size: int) -> None:
    with pytest.raises(Refused) as raised:
        told(handshake(), answer, size)
    assert why in str(raised.value)
    assert "canary" not in str(raised.value)
    assert str(raised.value).startswith("the proxy")


@pytest.mark.parametrize("size", [1000, 100_000], ids=["in pieces", "at once"])
def test_a_head_has_an_end(size: int) -> None:
    with pytest.raises(Refused, match=NO_PROXY):
        told(Connect(HTTP, "h", 443), LONG, size)


# --- a gateway behind a proxy ---------------------------------------------------------------------------


def behind(clock: Clock, proxy: str, **more: tuple[str, ...]) -> Playbook:
    return Playbook(clock, f"proxy-url: {proxy}\n", **more)  # type: ignore[arg-type]


def test_through_socks(clock: Clock) -> None:
    play = behind(clock, "socks5://me:canary-p@proxy.example")
    assert play.ask().end_with(["server_connect", "open s1"])
    assert play.servers[0].address == ("proxy.example", 1080)
    assert play.opens("s1") == ["ask s1"]
    assert play.asked("s1") == b"\x05\x02\x00\x02"
    assert play.answers("s1", LOGIN) == ["ask s1"]
    play.answers("s1", IN)
    where = b"\x05\x01\x00\x03\x10provider.example\x1f\x90"
    assert play.asked("s1") == b"\x05\x02\x00\x02" + LOGIN_BYTES + where
    play.answers("s1", reply())
    request = play.asked("s1").partition(where)[2]
    assert request.startswith(b"POST /v1/messages HTTP/1.1\r\nhost: provider.example:8080\r\n")
    assert b"canary-p" not in request
    play.answers("s1", WHOLE)
    assert b"Hello there" in play.heard
    again = play.ask(STREAMED)
    assert "open s2" not in again
    play.answers("s1", STREAM)
    assert b"[DONE]" in play.heard
    assert play.idle


def test_what_comes_at_once_is_not_lost(clock: Clock) -> None:
    play = behind(clock, "socks5://proxy.example")
    play.ask()
    play.opens("s1")
    play.answers("s1", NO_LOGIN + reply() + WHOLE)
    assert b"Hello there" in play.heard


OTHER_WAYS = """
gemini-api-key:
  - {api-key: k, base-url: 'http://provider.example:8080', proxy-url: direct, models: [{name: gemini-2.5-pro}]}
  - api-key: k
    base-url: http://provider.example:8080
    proxy-url: socks5://u:p@proxy.example
    models: [{name: gemini-2.5-flash}]
"""


def test_a_connection_serves_on_its_own_way_only(clock: Clock) -> None:
    play = behind(clock, "socks5://proxy.example" + OTHER_WAYS)
    play.ask()
    play.opens("s1")
    play.answers("s1", NO_LOGIN + reply() + WHOLE)
    assert "open s2" in play.ask({**BODY, "model": "gemini-2.5-pro"})
    assert play.servers[1].address == ("provider.example", 8080)
    play.opens("s2")
    play.answers("s2", http1.response_head(500, [(b"content-length", b"0")]))
    assert "open s3" in play.ask({**BODY, "model": "gemini-2.5-flash"})
    assert play.servers[2].address == ("proxy.example", 1080)


def test_forwarded(clock: Clock) -> None:
    play = behind(clock, "http://me:canary-p@proxy.example:3128")
    play.ask()
    assert play.servers[0].address == ("proxy.example", 3128)
    play.opens("s1")
    start = b"POST http://provider.example:8080/v1/messages HTTP/1.1\r\nhost: provider.example:8080\r\n"
    assert play.asked("s1").startswith(start)
    assert BASIC in play.asked("s1")
    play.answers("s1", WHOLE)
    play.ask()
    assert play.asked("s1").count(BASIC) == 2
    play.answers("s1", WHOLE)
    assert play.heard.count(b"Hello there") == 2
    assert play.idle


def test_a_forwarding_proxy_that_refuses(clock: Clock) -> None:
    play = behind(clock, "http://me:canary-p@proxy.example:3128")
    play.ask()
    play.opens("s1")
    assert "close s1" in play.answers("s1", b"HTTP/1.1 407 No\r\ncontent-length: 6\r\n\r\ncanary")
    assert REFUSED.encode() in play.heard
    assert b"canary" not in play.heard
    assert play.idle


def test_a_providers_own_407_is_its_own(clock: Clock) -> None:
    play = Playbook(clock)
    play.ask()
    play.opens("s1")
    play.answers("s1", b"HTTP/1.1 407 No\r\ncontent-length: 0\r\n\r\n")
    assert b"the proxy" not in play.heard


def test_a_proxy_that_hangs_up(clock: Clock) -> None:
    play = behind(clock, "socks5://proxy.example")
    play.ask()
    play.opens("s1")
    play.answers("s1", NO_LOGIN)
    assert "open s2" in play.ends("s1")  # another try may help, once
    play.opens("s2")
    play.ends("s2")
    assert CLOSED.encode() in play.heard
    assert play.opened == []
    assert play.idle


def test_a_proxy_that_says_nothing(clock: Clock) -> None:
    """The handshake is part of the connect."""
    play = behind(clock, "socks5://proxy.example")
    play.ask()
    play.opens("s1")
    assert "close s1" in play.later(11)
    assert b"provider_connect_timeout" in play.heard
    assert play.idle


def test_a_client_that_leaves_meanwhile(clock: Clock) -> None:
    play = behind(clock, "socks5://proxy.example")
    play.ask()
    play.opens("s1")
    play.client_leaves()
    assert play.alive == []
    assert play.idle


def test_an_addon_that_does_not_want_the_provider(clock: Clock) -> None:
    def refuse(data: object) -> None:
        assert data.server.address == ("provider.example", 8080)  # type: ignore[attr-defined]
        data.server.error = "not this one"  # type: ignore[attr-defined]

    play = Playbook(clock, "proxy-url: socks5://proxy.example\n", hooks={"server_connect": refuse})
    play.ask()
    assert play.servers == []
    assert b"stopped in mitmproxy" in play.heard
    assert play.idle
