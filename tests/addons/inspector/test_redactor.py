"""Expressions that the inspector cannot use are told at the start."""

import sys

import pytest

from addons.inspector.redactor import hindrance
from routing.expressions import expression


def test_expressions_of_re2_are_fine() -> None:
    assert hindrance([]) is None
    assert hindrance([expression(r"(?i)ssn \d{3}")]) is None


def test_one_that_re2_does_not_know_is_named_by_its_place() -> None:
    why = hindrance([expression("a"), expression("(?x) secret # a comment")])
    assert why == "inspector.redact[1] is no expression that RE2 knows; write it in the syntax of RE2."


def test_without_the_library_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "re2", None)
    assert "pip install" in (hindrance([expression("a")]) or "")
