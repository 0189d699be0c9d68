"""Regular expressions that no text can make slow."""

import pytest

from routing.expressions import expression


@pytest.mark.parametrize(
    ("written", "text", "found"),
    [
        pytest.param("over.*load", "it is overly loaded", True, id="anywhere"),
        pytest.param("^over", "it is over", False, id="at the beginning"),
        pytest.param("(?i)QUOTA", "quota", True, id="in any case"),
        pytest.param("a.b", "a\ud800b", True, id="half a character"),
        pytest.param("(a+)+$", "a" * 100_000 + "b", False, id="one that Python never ends"),
    ],
)
def test_it_is_found(written: str, text: str, found: bool) -> None:
    assert expression(written).found_in(text) is found
    assert expression(written) == expression(written)


@pytest.mark.parametrize("written", ["(", "(?=a)", r"(a)\1", "(?:a{1000}){1000}"])
def test_it_is_none(written: str) -> None:
    with pytest.raises(ValueError, match="must be a regular expression"):
        expression(written)
