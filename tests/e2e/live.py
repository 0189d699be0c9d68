"""An addon for a mitmproxy that is to be a proxy like others: answers pass as they come."""

from mitmproxy import http


def responseheaders(flow: http.HTTPFlow) -> None:
    assert flow.response is not None
    flow.response.stream = True
