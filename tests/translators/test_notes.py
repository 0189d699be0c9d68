"""How much a note means to whoever asked."""

import pytest

from translators.notes import Fate, Note


@pytest.mark.parametrize(
    ("path", "fate", "matters"),
    [
        pytest.param("seed", "dropped", True, id="a feature is gone"),
        pytest.param("messages[0].content[1].image_url", "dropped", True, id="a part is gone"),
        pytest.param("temperature", "approximated", True, id="a meaning is bent"),
        pytest.param("max_tokens", "defaulted", False, id="a default"),
        pytest.param("stream", "synthesised", False, id="nobody asked for it"),
        pytest.param("messages[1]", "moved", False, id="elsewhere"),
        pytest.param("messages[0].content[1].image_url.detail", "dropped", False, id="how closely a picture is seen"),
        pytest.param("metadata", "dropped", False, id="who asks"),
    ],
)
def test_what_matters(path: str, fate: Fate, matters: bool) -> None:
    assert Note(path, fate).matters == matters
