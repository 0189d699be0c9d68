"""`thinking: {levels}` of a model: an effort that it does not take is sent as the nearest, at every provider."""

import pytest

from routing.catalogue import Catalogue
from routing.config import parse
from tests.contract.test_named_efforts import PROVIDERS, WAYS, WORDS, Asker, sent


class Limited(Asker):
    """The same provider, with levels."""

    def __init__(self, client: str, provider: str, stream: bool, levels: str) -> None:
        super().__init__(client, provider, stream)
        text = PROVIDERS[provider][0].replace("{name: M}", f"{{name: M, thinking: {{levels: [{levels}]}}}}")
        self.settings = parse(text.replace("M", self.name).encode(), "c.yaml", {}).settings
        self.catalogue = Catalogue(self.settings)


@pytest.mark.parametrize(("client", "provider", "stream"), WAYS)
def test_the_nearest_is_sent(client: str, provider: str, stream: bool) -> None:
    limited, free = Limited(client, provider, stream, "low, xhigh, auto"), Asker(client, provider, stream)
    for asked, expected in {"minimal": "low", "low": "low", "medium": "low", "max": "xhigh", "none": "low"}.items():
        named = limited.ask(f"({asked})")
        assert sent(named) == sent(free.ask(f"({expected})"))
        if client != "completions" or limited.passes_through:
            own = limited.ask(**WORDS[client](asked))
            assert sent(own) == sent(free.ask(**WORDS[client](expected)))
            at = "reasoning.effort" if client == "responses" else "reasoning_effort"
            bent = [note for note in own.notes if note.path == at and "configuration" in note.detail]
            assert [(note.fate, note.old, note.new) for note in bent] == (
                [("approximated", asked, expected)] if asked != expected else []
            )
    assert sent(limited.ask()) == sent(free.ask())


@pytest.mark.parametrize(("client", "provider", "stream"), WAYS)
def test_auto_alone_leaves_it_to_the_model(client: str, provider: str, stream: bool) -> None:
    limited = Limited(client, provider, stream, "auto")
    named = limited.ask("(high)")
    assert sent(named) == sent(limited.ask())
    assert [note.new for note in named.notes if note.fate == "dropped" and "configuration" in note.detail] == [None]


@pytest.mark.parametrize(
    ("levels", "asked", "expected"),
    [
        pytest.param("none, high", "low", "high", id="reasoning rather than none"),
        pytest.param("none", "high", "none", id="none at all"),
        pytest.param("none, high", "none", "none", id="none"),
        pytest.param("high, low", "medium", "low", id="any order"),
    ],
)
def test_levels(levels: str, asked: str, expected: str) -> None:
    assert sent(Limited("chat", "openai", False, levels).ask(reasoning_effort=asked))["reasoning_effort"] == expected


@pytest.mark.parametrize("odd", [3, None, "much", ["high"]])
def test_what_is_no_level_goes_on_as_it_came(odd: object) -> None:
    assert sent(Limited("chat", "openai", False, "low").ask(reasoning_effort=odd)).get("reasoning_effort") == odd
