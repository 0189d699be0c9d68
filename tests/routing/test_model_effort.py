"""A name with an effort behind it."""

import pytest

from routing.catalogue import Catalogue, UnknownModel
from routing.config import parse
from routing.model_effort import split

EFFORTS = [
    *((level, level) for level in ("none", "auto", "minimal", "low", "medium", "high", "xhigh", "max")),
    *((("High", "high")), ("XHIGH", "xhigh"), ("-1", "auto"), ("0", "none"), ("00", "none")),
    *(("8192", 8192), ("08192", 8192), ("999999999", 999_999_999)),
]


@pytest.mark.parametrize(("written", "effort"), EFFORTS, ids=[written for written, _ in EFFORTS])
def test_an_effort_behind_a_name(written: str, effort: str | int) -> None:
    assert split(f"team/gpt-5.5({written})") == ("team/gpt-5.5", effort)


@pytest.mark.parametrize(
    "name",
    [
        *("m", "m()", "m(ultra)", "m(high", "mhigh)", "m(high) ", "(high)", "m(-2)", "m(1.5)", "m(1e3)"),
        *("m(9999999999)", "m(\u0663)", "m( high)", "m((high))x", ""),
    ],
)
def test_no_effort(name: str) -> None:
    assert split(name) is None


def test_only_the_last_parentheses_count() -> None:
    assert split("m(x)(high)") == ("m(x)", "high")


def test_a_name_that_is_listed_with_its_parentheses_is_that_name() -> None:
    text = "claude-api-key: [{api-key: k, models: [{name: claude-x, alias: m(high)}]}]"
    catalogue = Catalogue(parse(text.encode(), "c.yaml", {}).settings)
    assert catalogue.candidates("m(high)", "key-1")[0].model == "claude-x"


@pytest.mark.parametrize(
    ("section", "name"),
    [
        pytest.param("claude-api-key: [{api-key: k}]", "claude-new", id="claude"),
        pytest.param("gemini-api-key: [{api-key: k}]", "gemini-new", id="gemini"),
        pytest.param("codex-api-key: [{api-key: k}]", "gpt-new", id="codex"),
        pytest.param("openai-compatibility: [{name: x, base-url: 'http://h', prefix: x}]", "x/new", id="any name"),
    ],
)
def test_what_is_handed_on_unlisted_has_no_effort_behind_it(section: str, name: str) -> None:
    catalogue = Catalogue(parse(section.encode(), "c.yaml", {}).settings)
    assert catalogue.candidates(name, "key-1")
    with pytest.raises(UnknownModel):
        catalogue.candidates(f"{name}(high)", "key-1")
