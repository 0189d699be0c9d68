"""The request that leaves for a provider: a rendered body, the headers that may travel, and credentials beside it."""

from collections.abc import Iterable, Mapping
from dataclasses import field
from typing import Any

from pydantic_core import from_json, to_json

from addons.exchange.observers import Trace
from routing.auth import Auth, StaticKey
from routing.catalogue import Target
from routing.proxies import Proxy
from translators.dialects import MEDIA_TYPES, Rendered, Upstream
from translators.errors import BadRequest
from translators.values import immutable

TRACING = ("traceparent", "tracestate")
"""The client's headers that go on by themselves (W3C Trace Context); others only if configuration names them."""


def traced(headers: Mapping[str, str], trace: Trace) -> Mapping[str, str]:
    """Return a client's headers with the gateway's span in place of the client's own, which is that span's parent."""
    return {**{name: value for name, value in headers.items() if name not in TRACING}, **trace.headers}


@immutable
class ProviderRequest:
    """A request that goes to a provider. `secrets` are the headers that carry credentials, kept apart until it leaves.

    `auth` is what must still be done before it may leave: a token to be had, a signature, a model that is starting.
    """

    url: str
    headers: tuple[tuple[str, str], ...]
    body: bytes
    secrets: tuple[tuple[str, str], ...] = field(repr=False)
    auth: Auth | None = None
    proxy: Proxy | None = field(default=None, repr=False)
    """Through which it goes."""


def provider_request(
    agent: str,
    forwarded: Iterable[str],
    target: Target,
    upstream: Upstream,
    rendered: Rendered,
    client: Mapping[str, str],
) -> ProviderRequest:
    """Return the request that `upstream` reads the answer of. `forwarded` names the client's headers that configuration
    lets through; `client` has them in lower case."""
    headers = {
        "content-type": "application/json",
        "accept": MEDIA_TYPES[upstream.framing] if rendered.streams else "application/json",
        "accept-encoding": "identity",
        "user-agent": agent,
    }
    for name in (*TRACING, *forwarded):
        if name in client:
            headers[name] = client[name]
    headers.update(rendered.headers)
    headers.update({name: client[source] for name, source in target.copied_headers.items() if source in client})
    secrets = {name: value.reveal() for name, value in target.headers.items()}
    auth = target.auth
    if isinstance(auth, StaticKey):
        secrets[auth.header] = auth.prefix + auth.secret.reveal()
        auth = None
    url = target.base_urls[upstream.name] + rendered.path
    if target.query:
        url += ("&" if "?" in url else "?") + target.query
    return ProviderRequest(
        url,
        tuple((name, value) for name, value in headers.items() if name not in secrets),
        written(rendered.body),
        tuple(secrets.items()),
        auth,
        target.proxies.of(url),
    )


def written(body: dict[str, Any]) -> bytes:
    """A number beyond every float (`1e400`) is read as infinity, which JSON cannot say. Raises `BadRequest`."""
    written = to_json(body)
    if b"Infinity" in written:
        try:
            from_json(written, allow_inf_nan=False)
        except ValueError:
            raise BadRequest(
                "The request has a number that is too large for any float.", code="invalid_value"
            ) from None
    return written


def plain(cause: str) -> str:
    """Return a connection error in words that give away no address of the operator's network."""
    if cause.startswith("the proxy"):
        what, colon, detail = cause.partition(": ")
        return f"{what}: {plain(detail)}" if colon else what
    phrases = {
        "refused": "it was refused",
        "connect call failed": "it was refused",
        "unreachable": "the network is unreachable",
        "certificate": "its TLS certificate is not trusted",
        "tls": "the TLS handshake failed",
        "ssl": "the TLS handshake failed",
        "name or service": "its host name cannot be resolved",
        "getaddrinfo": "its host name cannot be resolved",
        "name resolution": "its host name cannot be resolved",
        "no address": "its host name cannot be resolved",
        "reset": "it was reset",
        "killed": "it was stopped in mitmproxy, by an addon or because it leads back to the gateway",
    }
    if cause.startswith("it"):
        return cause
    return next((plain for word, plain in phrases.items() if word in cause.lower()), "there is no connection")
