"""Which client key was presented."""

import pytest

from routing.client_keys import KeyRing
from routing.config import parse

RING = KeyRing(parse(b"api-keys: [first, {key: second, name: two}]", "c.yaml", {}).settings.api_keys)


@pytest.mark.parametrize(
    ("presented", "name"),
    [
        pytest.param("first", "key-1", id="first"),
        pytest.param("second", "two", id="second"),
        pytest.param("", None, id="empty"),
        pytest.param("First", None, id="other case"),
        pytest.param("first ", None, id="longer"),
        pytest.param("sécond", None, id="not ASCII"),
        pytest.param("first\udcff", None, id="bytes that are no text"),
        pytest.param("\ud800", None, id="lone surrogate"),
        pytest.param("x" * 1_000_000, None, id="long"),
    ],
)
def test_check(presented: str, name: str | None) -> None:
    assert RING.check(presented) == name


def test_no_keys_no_entry() -> None:
    assert KeyRing(()).check("") is None
