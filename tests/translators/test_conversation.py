"""The words of the vocabulary are defined once."""

import re

from translators.conversation import OPTIONS, Option


def test_every_option_is_in_the_table_and_in_the_list() -> None:
    rows = re.findall(r"^\s*\| ([a-z_, ]+) \| (?!value)", Option.__doc__ or "", re.MULTILINE)
    assert {name for row in rows for name in row.split(", ")} == OPTIONS
