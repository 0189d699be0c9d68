"""Lists of models that are longer than anybody's."""

import pytest

from addons.model_lists import FORMS


@pytest.mark.parametrize(("dialect", "key", "name"), [("openai", "data", "id"), ("gemini", "models", "name")])
def test_no_more_is_looked_at_than_a_list_may_have(dialect: str, key: str, name: str) -> None:
    page = FORMS[dialect].read({key: [{name: f"m{number}"} for number in range(30_000)]})
    assert page.names == tuple(f"m{number}" for number in range(10_000))
