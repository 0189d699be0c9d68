"""The request that leaves for a provider: a rendered body, the headers that may travel, and credentials beside it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from pydantic_core import to_json

from routing.catalogue import Target
from translators.dialects import Rendered

TRACING = ("traceparent", "tracestate")
"""The client's headers that go on by themselves (W3C Trace Context); others only if configuration names them."""


@dataclass(frozen=True, slots=True)
class ProviderRequest:
    """What goes to a provider. `secrets` are the headers that carry credentials, kept apart until it leaves."""

    url: str
    headers: tuple[tuple[str, str], ...]
    body: bytes
    secrets: tuple[tuple[str, str], ...] = field(repr=False)
    embedded: bool = False
    """For the model in our own child process, which may still be starting."""


def provider_request(
    agent: str, forwarded: Iterable[str], target: Target, rendered: Rendered, client: Mapping[str, str]
) -> ProviderRequest:
    """`forwarded` names the client's headers that configuration lets through; `client` has them in lower case."""
    headers = {
        "content-type": "application/json",
        "accept": "text/event-stream" if rendered.body.get("stream") else "application/json",
        "accept-encoding": "identity",
        "user-agent": agent,
    }
    for name in (*TRACING, *forwarded):
        if name in client:
            headers[name] = client[name]
    headers.update(rendered.headers)
    secrets = {name: value.reveal() for name, value in target.headers.items()}
    if target.secret is not None:
        secrets[target.key_header] = target.key_prefix + target.secret.reveal()
    return ProviderRequest(
        target.base_url + rendered.path,
        tuple((name, value) for name, value in headers.items() if name not in secrets),
        to_json(rendered.body),
        tuple(secrets.items()),
        embedded=target.provider == "embedded",
    )


def plain(cause: str) -> str:
    """A connection error in words that give away no address of the operator's network."""
    told = {
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
    }
    if cause.startswith("it"):
        return cause
    return next((plain for word, plain in told.items() if word in cause.lower()), "there is no connection")
