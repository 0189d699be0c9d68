"""The headers of a provider's answer that its client is given, where `passthrough-headers` is on."""

from collections.abc import Mapping
from itertools import islice

from addons.exchange.http_api import SECRET_HEADERS

MOST = 64

_ONE_CONNECTION = {"connection", "keep-alive", "te", "trailer", "transfer-encoding", "upgrade"}
_CREDENTIALS = {*SECRET_HEADERS, "authentication-info", "set-cookie", "set-cookie2", "www-authenticate"}
_ANOTHER_ORIGIN = {
    *("alt-svc", "cache-control", "clear-site-data", "link", "location", "nel", "refresh", "report-to"),
    *("reporting-endpoints", "strict-transport-security", "vary", "via"),
}
"""What a browser would take for the gateway's own rules."""
_OURS = {"openai-processing-ms", "x-request-id"}
_PREFIXES = (
    *("access-control-", "content-", "cross-origin-", "proxy-", "x-accel-", "x-gateway-"),
    *("cf-aig-", "helicone-", "x-bt-", "x-kong-", "x-litellm-", "x-portkey-"),
)
"""The last six are of other gateways."""
_KEPT_BACK = _ONE_CONNECTION | _CREDENTIALS | _ANOTHER_ORIGIN | _OURS


def passed_on(headers: Mapping[str, str]) -> dict[str, str]:
    """Return the headers for the client, at most `MOST`. Names are lower case; the values are as they came."""
    named = {name.strip() for name in headers.get("connection", "").lower().split(",")}
    kept_back = _KEPT_BACK | named
    passed = (item for item in headers.items() if item[0] not in kept_back and not item[0].startswith(_PREFIXES))
    return dict(islice(passed, MOST))
