"""The page's door: its token, its address, its origin. An ASGI application around the others, which hear nothing of a
request that it refuses."""

import hmac
import ipaddress
import re
from collections.abc import Mapping
from hashlib import sha256
from http.cookies import CookieError, SimpleCookie
from urllib.parse import parse_qsl, urlencode

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from addons.page.answers import error
from translators.values import immutable

CSP = (
    "default-src 'self'; img-src 'self' data:; object-src 'none'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'"
)
HEADERS: Mapping[str, str] = {
    "content-security-policy": CSP,
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "cache-control": "no-store",
}
"""On every answer that does not have its own."""
UNAUTHORIZED = (
    "Open the address that the gateway printed when it started, with its ?token=, "
    "or send the token as Authorization: Bearer TOKEN."
)
LOCKED = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Inspector</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark"></head><body><main><h1>The inspector is locked</h1>
<p>Open the address that the gateway printed when it started: it ends with <code>?token=...</code>, and each start has
another token. With <code>inspector.key</code> in config.yaml, that key is the token.</p></main></body></html>
"""
_HOST = re.compile(r"(?:\[([0-9a-f:.]+)\]|([^:/@\[\]]+))(?::[0-9]{1,5})?")
THIS_MACHINE = frozenset(("127.0.0.1", "localhost", "::1"))


@immutable
class Access:
    """The `token` that opens the page at `host` and `port`."""

    token: str
    host: str
    port: int

    @property
    def cookie(self) -> str:
        """Return the cookie's name. Browsers do not tell the ports of a host apart; pages of two gateways do."""
        return f"gateway-inspector-{self.port}"

    @property
    def session(self) -> str:
        """Return what the cookie holds: it opens the page, and does not give the token away."""
        return sha256(f"inspector:{self.token}".encode("utf-8", "surrogatepass")).hexdigest()

    def good(self, token: str) -> bool:
        return _same(token, self.token)

    def opens(self, headers: Headers) -> bool:
        """Return whether a request may come in, by its `Authorization` or, where there is none, its cookie."""
        if (given := headers.get("authorization")) is not None:
            scheme, _, token = given.partition(" ")
            return scheme.lower() == "bearer" and self.good(token.strip())
        try:
            morsel = SimpleCookie(headers.get("cookie", "")).get(self.cookie)
        except CookieError:
            return False
        return morsel is not None and _same(morsel.value, self.session)

    def is_here(self, host: str) -> bool:
        """Return whether a `Host` is the page's: one of this machine's names, the configured one, or an address where
        others may come. Not any name, which a stranger's name server could lead here."""
        if (written := _HOST.fullmatch(host.lower())) is None:
            return False
        name = written[1] or written[2]
        if name in THIS_MACHINE or (self.host and name == self.host.lower()):
            return True
        return self.host not in THIS_MACHINE and _is_address(name)


def _same(one: str, other: str) -> bool:
    """Compare in a time that does not depend on the guess."""
    digests = [sha256(text.encode("utf-8", "surrogatepass")).digest() for text in (one, other)]
    return hmac.compare_digest(*digests)


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


class Guard:
    """The application `app` for those whom `access` lets in."""

    def __init__(self, app: ASGIApp, access: Access) -> None:
        self._app, self._access = app, access

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        refusal = self._refusal(scope)
        await (self._app if refusal is None else refusal)(scope, receive, _with_headers(send))

    def _refusal(self, scope: Scope) -> Response | None:
        headers = Headers(scope=scope)
        if not self._access.is_here(headers.get("host", "")):
            message = f"This is the gateway's inspector on port {self._access.port}, and no other host's page."
            return error(421, message, "wrong_host")
        if _from_elsewhere(headers, scope["method"]):
            return error(403, "Pages of other origins may not use the inspector.", "cross_origin")
        query = parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True)
        tokens = [value for name, value in query if name == "token"]
        if tokens and scope["method"] == "GET":
            return self._login(scope["path"], query) if self._access.good(tokens[0]) else _locked(headers)
        return None if self._access.opens(headers) else _locked(headers)

    def _login(self, path: str, query: list[tuple[str, str]]) -> Response:
        """Let a browser in, and take the token out of its address."""
        rest = urlencode([(name, value) for name, value in query if name != "token"])
        where = "/" + path.lstrip("/\\")
        answer = RedirectResponse(where + (f"?{rest}" if rest else ""), 303)
        answer.set_cookie(self._access.cookie, self._access.session, httponly=True, samesite="strict", path="/")
        return answer


def _locked(headers: Headers) -> Response:
    """Refuse who has no token: a person in words, a program in JSON."""
    is_browser = "text/html" in headers.get("accept", "")
    refused = HTMLResponse(LOCKED, 401) if is_browser else error(401, UNAUTHORIZED, "unauthorized")
    refused.headers["www-authenticate"] = 'Bearer realm="gateway inspector"'
    return refused


def _from_elsewhere(headers: Headers, method: str) -> bool:
    """Return whether a page of another origin has sent the request. A link may be followed from anywhere."""
    origin = headers.get("origin")
    if origin is not None and origin != f"http://{headers.get('host', '')}":
        return True
    site = headers.get("sec-fetch-site", "none")
    followed = method == "GET" and headers.get("sec-fetch-mode") == "navigate"
    return site not in ("same-origin", "none") and not followed


def _with_headers(send: Send) -> Send:
    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            for name, value in HEADERS.items():
                headers.setdefault(name, value)
        await send(message)

    return sending
