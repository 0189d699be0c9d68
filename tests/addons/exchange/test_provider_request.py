"""The request that leaves for a provider: it wants what its dialect reads, and its body is JSON, whatever was read."""

from typing import Any

import pytest

from addons.exchange.provider_request import provider_request, written
from routing.targets import Target
from translators.dialects import Recall, Rendered
from translators.errors import BadRequest
from translators.registry import PROVIDERS


@pytest.mark.parametrize("value", [float("inf"), float("-inf")])
def test_a_number_beyond_every_float_is_refused(value: float) -> None:
    with pytest.raises(BadRequest, match="too large"):
        written({"tools": [{"maximum": value}]})


@pytest.mark.parametrize("body", [{"a": "Infinity"}, {"a": 1}])
def test_other_bodies_are_written(body: dict[str, Any]) -> None:
    assert written(body).startswith(b'{"a":')


@pytest.mark.parametrize(
    ("provider", "streams", "accept"),
    [
        ("anthropic", True, "text/event-stream"),
        ("anthropic", False, "application/json"),
        ("ollama", True, "application/x-ndjson"),
        ("ollama", False, "application/json"),
        ("bedrock", True, "application/vnd.amazon.eventstream"),
    ],
)
def test_a_provider_is_asked_for_the_stream_that_its_dialect_reads(provider: str, streams: bool, accept: str) -> None:
    rendered = Rendered("/path", {}, {}, (), Recall(), streams)
    target = Target("p", "m", "m", {provider: "https://provider.example"})
    headers = dict(provider_request("agent", (), target, PROVIDERS[provider], rendered, {}).headers)
    assert headers["accept"] == accept
