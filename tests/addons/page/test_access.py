"""Whose hosts, tokens and cookies open the page."""

import pytest
from starlette.datastructures import Headers

from addons.page.access import Access

HERE = Access("s3cret", "127.0.0.1", 8318)


@pytest.mark.parametrize(
    ("listens", "host", "is_here"),
    [
        pytest.param("127.0.0.1", "127.0.0.1:8318", True, id="loopback"),
        pytest.param("127.0.0.1", "localhost:9000", True, id="through a tunnel"),
        pytest.param("127.0.0.1", "[::1]:8318", True, id="IPv6"),
        pytest.param("127.0.0.1", "evil.example:8318", False, id="another name"),
        pytest.param("127.0.0.1", "127.0.0.1.evil.example", False, id="a name like it"),
        pytest.param("127.0.0.1", "192.168.1.5:8318", False, id="another address"),
        pytest.param("127.0.0.1", "", False, id="none"),
        pytest.param("127.0.0.1", "[::1].evil.example", False, id="a name after an address"),
        pytest.param("127.0.0.1", "localhost:8318@evil.example", False, id="a name after a user"),
        pytest.param("127.0.0.1", "localhost:port", False, id="no port"),
        pytest.param("", "192.168.1.5:8318", True, id="an address of many"),
        pytest.param("::", "[fe80::1]:8318", True, id="an IPv6 address of many"),
        pytest.param("0.0.0.0", "evil.example:8318", False, id="a name where all may come"),
        pytest.param("box.lan", "BOX.lan:8318", True, id="the configured name"),
    ],
)
def test_hosts(listens: str, host: str, is_here: bool) -> None:
    assert Access("t", listens, 8318).is_here(host) is is_here


@pytest.mark.parametrize(
    ("headers", "opens"),
    [
        pytest.param({"authorization": "Bearer s3cret"}, True, id="token"),
        pytest.param({"authorization": "bearer  s3cret"}, True, id="case"),
        pytest.param({"authorization": "Basic s3cret"}, False, id="scheme"),
        pytest.param({"authorization": "Bearer s3cre"}, False, id="part of it"),
        pytest.param({"authorization": "Bearer "}, False, id="empty"),
        pytest.param({"authorization": "Bearer ä"}, False, id="not ASCII"),
        pytest.param({"cookie": f"{HERE.cookie}={HERE.session}"}, True, id="cookie"),
        pytest.param({"cookie": f"{HERE.cookie}=s3cret"}, False, id="token as cookie"),
        pytest.param({"cookie": f"gateway-inspector-1={HERE.session}"}, False, id="cookie of another port"),
        pytest.param({"cookie": "\x00=;;; =, a"}, False, id="no cookie"),
        pytest.param(
            {"authorization": "Bearer x", "cookie": f"{HERE.cookie}={HERE.session}"}, False, id="wrong beside a cookie"
        ),
        pytest.param({}, False, id="nothing"),
    ],
)
def test_tokens(headers: dict[str, str], opens: bool) -> None:
    assert HERE.opens(Headers(headers)) is opens
