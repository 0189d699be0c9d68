"""Names by which configuration means several models or providers."""

import pytest

from routing.globs import matches, matches_in_any_case


@pytest.mark.parametrize(
    ("name", "patterns", "exactly", "in_any_case"),
    [
        pytest.param("opus", ["opus"], True, True, id="itself"),
        pytest.param("opus", ["haiku", "op*"], True, True, id="one of several"),
        pytest.param("Opus", ["op*"], False, True, id="capitals in the name"),
        pytest.param("opus", ["OP?S"], False, True, id="capitals in the pattern"),
        pytest.param("opus", ["[on]pus"], True, True, id="a class"),
        pytest.param("opus", ["pus", "opu"], False, False, id="a part is not it"),
        pytest.param("opus", [], False, False, id="no patterns"),
    ],
)
def test_a_name(name: str, patterns: list[str], exactly: bool, in_any_case: bool) -> None:
    assert (matches(name, patterns), matches_in_any_case(name, patterns)) == (exactly, in_any_case)
