"""The proxies on the way to providers: `proxy-url` of config.yaml, and the environment's where it has none.

Several words for one thing are read as curl, httpx and Go read them: a name is written `HTTPS_PROXY` or `https_proxy`
(the lower one wins), a proxy in the environment may lack its scheme, and NO_PROXY lists hosts, domains, addresses and
networks, each perhaps with a port. As with Go, this machine's own addresses are never asked through the environment's
proxy.
"""

import contextlib
import ipaddress
import re
from collections.abc import Iterator, Mapping
from dataclasses import field
from functools import lru_cache
from typing import Annotated
from urllib.parse import quote, unquote, urlsplit

from pydantic import BeforeValidator

from routing.environment import PLACEHOLDER
from routing.field_types import HOST_NAME, VISIBLE, address
from routing.secret import Secret
from translators.values import immutable

PORTS = {"http": 80, "https": 443, "socks5": 1080, "socks5h": 1080}
"""The schemes of proxies, each with the port that it has without one."""
SOCKS_BYTES = 255
"""The most bytes of a name or of a password that SOCKS can carry (RFC 1929)."""

_EXAMPLE = "http://proxy.example:3128 or socks5://proxy.example:1080"
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


@immutable
class Proxy:
    """A proxy. `scheme` is `http`, `https` or `socks5`; a name may come without a password."""

    scheme: str
    host: str
    port: int
    name: Secret | None = None
    password: Secret | None = None

    def url(self) -> str:
        """Return it as an URL, with its name and password in the clear. Not to be shown."""
        if self.name is None:
            return str(self)
        password = "" if self.password is None else self.password.reveal()
        user = f"{quote(self.name.reveal(), safe='')}:{quote(password, safe='')}@"
        return str(self).replace("//", f"//{user}", 1)

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.scheme}://{host}:{self.port}"


@immutable
class Exemption:
    """Hosts that are reached without a proxy: those in `network`, or `domain` and all below it; at `port`, or at any.
    Neither of the two is every host."""

    domain: str = ""
    network: Network | None = None
    port: int | None = None

    def covers(self, host: str, port: int) -> bool:
        if self.port not in (None, port):
            return False
        if self.network is not None:
            ip = address(host)
            return ip is not None and ip in self.network
        return not self.domain or host == self.domain or host.endswith(f".{self.domain}")


THIS_MACHINE = (
    Exemption("localhost"),
    Exemption(network=ipaddress.ip_network("127.0.0.0/8")),
    Exemption(network=ipaddress.ip_network("::1/128")),
)


@immutable
class Proxies:
    """The proxies for providers whose URLs begin with `http:` and with `https:`, if any, and the hosts that are reached
    without."""

    http: Proxy | None = None
    https: Proxy | None = None
    exempt: tuple[Exemption, ...] = field(default=())

    def of(self, url: str) -> Proxy | None:
        """Return the proxy through which an URL is asked."""
        if self.http is None and self.https is None:
            return None
        return _through(self, url)

    def passwords(self) -> Iterator[Secret]:
        """Yield what lets in at the proxies, beside the names."""
        for proxy in (self.http, self.https):
            if proxy is not None and proxy.password is not None:
                yield proxy.password


DIRECT = Proxies()


@lru_cache(maxsize=1024)
def _through(proxies: Proxies, url: str) -> Proxy | None:
    parts = urlsplit(url)
    secure = parts.scheme == "https"
    host, port = (parts.hostname or "").rstrip("."), parts.port or (443 if secure else 80)
    if any(each.covers(host, port) for each in proxies.exempt):
        return None
    return proxies.https if secure else proxies.http


def parse(text: str) -> Proxy:
    """Return the proxy of an URL. Raises ValueError, without a word of the URL."""
    wrong = f"must be the URL of a proxy such as {_EXAMPLE}, or `direct` for none"
    try:
        parts = urlsplit(text if VISIBLE.fullmatch(text) and "\\" not in text else "")
        host, port = parts.hostname or "", parts.port
    except ValueError:
        host, port, parts = "", None, urlsplit("")
    scheme, there, _ = text.lower().partition("://")
    if there and scheme not in PORTS:
        raise ValueError(f"has a scheme that is not known here; it {wrong} (known are {', '.join(PORTS)})")
    if not there or not (HOST_NAME.fullmatch(host) or address(host)) or port == 0 or parts.path not in ("", "/"):
        raise ValueError(f"{wrong}; in a name and a password %, /, ?, #, @ and : are written as %25, %2F and so on")
    if "?" in text or "#" in text:
        raise ValueError(f"{wrong}; nothing comes after the port")
    scheme = parts.scheme.removesuffix("h")
    name, password = _credentials(parts.username, parts.password, scheme)
    return Proxy(scheme, host, port or PORTS[scheme], name, password)


def _credentials(name: str | None, password: str | None, scheme: str) -> tuple[Secret | None, Secret | None]:
    if not name and not password:
        return None, None
    texts = [unquote(name or ""), unquote(password or "")]
    if any(_CONTROL.search(text) for text in texts) or ":" in texts[0]:
        raise ValueError("has a name or a password that no proxy can be told: a line break, or a colon in the name")
    if scheme == "socks5" and not all(0 < len(text.encode()) <= SOCKS_BYTES for text in texts):
        raise ValueError(f"must have both a name and a password of at most {SOCKS_BYTES} bytes, as SOCKS has them")
    return Secret(texts[0]), Secret(texts[1])


def _proxy_url(value: object) -> Proxies | None:
    """Return what `proxy-url` says; None for the empty text, which is as if it were absent."""
    if not isinstance(value, str):
        raise ValueError(f"must be text: the URL of a proxy such as {_EXAMPLE}, or `direct`")
    if not value:
        return None
    if value.lower() in ("direct", "none") or value == PLACEHOLDER:
        return DIRECT
    proxy = parse(value)
    return Proxies(proxy, proxy)


ProxyURL = Annotated[Proxies | None, BeforeValidator(_proxy_url)]


# --- the environment ---


def from_environment(environ: Mapping[str, str]) -> Proxies:
    """Return the environment's proxies. Raises ValueError that names the variable, without its value."""
    every = _variable(environ, "all_proxy")
    http, https = _variable(environ, "http_proxy") or every, _variable(environ, "https_proxy") or every
    if http is None and https is None:
        return DIRECT
    return Proxies(http, https, (*THIS_MACHINE, *_exemptions(_value(environ, "no_proxy"))))


def _value(environ: Mapping[str, str], name: str) -> str:
    return (environ.get(name) or environ.get(name.upper()) or "").strip()


def _variable(environ: Mapping[str, str], name: str) -> Proxy | None:
    if not (value := _value(environ, name)):
        return None
    try:
        return parse(value if "://" in value else f"http://{value}")
    except ValueError as error:
        raise ValueError(
            f"the environment's {name.upper()} {error}. Correct it, or write a `proxy-url` into the configuration: "
            "the environment is then not asked"
        ) from None


def _exemptions(text: str) -> tuple[Exemption, ...]:
    """Return what a NO_PROXY says. An entry that is no host is passed over, as everybody does."""
    return tuple(each for part in re.split(r"[,\s]+", text) if part and (each := _exemption(part.lower())) is not None)


def _exemption(part: str) -> Exemption | None:
    if part == "*":
        return Exemption()
    with contextlib.suppress(ValueError):  # it may be a name
        return Exemption(network=ipaddress.ip_network(part.strip("[]"), strict=False))
    host, _, port = part.rpartition(":") if re.search(r":\d{1,5}$", part) else (part, "", "")
    number = int(port) if port else None
    if (ip := address(host.strip("[]"))) is not None:
        return Exemption(network=ipaddress.ip_network(ip), port=number)
    domain = host.removeprefix("*").strip(".")
    return Exemption(domain, port=number) if HOST_NAME.fullmatch(domain) else None
