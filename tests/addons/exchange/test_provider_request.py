"""The body that leaves for a provider is JSON, whatever was read."""

from typing import Any

import pytest

from addons.exchange.provider_request import written
from translators.errors import BadRequest


@pytest.mark.parametrize("value", [float("inf"), float("-inf")])
def test_a_number_beyond_every_float_is_refused(value: float) -> None:
    with pytest.raises(BadRequest, match="too large"):
        written({"tools": [{"maximum": value}]})


@pytest.mark.parametrize("body", [{"a": "Infinity"}, {"a": 1}])
def test_other_bodies_are_written(body: dict[str, Any]) -> None:
    assert written(body).startswith(b'{"a":')
