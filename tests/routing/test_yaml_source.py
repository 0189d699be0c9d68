"""YAML with lines and with limits."""

import pytest

from routing.errors import Path
from routing.yaml_source import UnreadableYaml, read


def test_values_and_lines() -> None:
    source = read(b"a: 1\nb:\n  - x\n  - c: 2026-11-22\n    d: null\ne: yes\nf: 1.5\n")
    assert source.value == {"a": 1, "b": ["x", {"c": "2026-11-22"}], "e": True, "f": 1.5}
    a_to_b: dict[Path, int] = {(): 1, ("a",): 1, ("b",): 2, ("b", 0): 3, ("b", 1): 4, ("b", 1, "c"): 4}
    assert source.lines == a_to_b | {("b", 1, "d"): 5, ("e",): 6, ("f",): 7}
    assert source.line(("b", 1, "missing")) == 4


@pytest.mark.parametrize(
    ("text", "value"),
    [
        pytest.param("{x: {<<: {a: 1, b: 2}, a: 3}}", {"x": {"a": 3, "b": 2}}, id="written wins"),
        pytest.param("{x: {a: 3, <<: {a: 1}}}", {"x": {"a": 3}}, id="in either order"),
        pytest.param("{x: {<<: [{a: 1}, {a: 2, b: 2}]}}", {"x": {"a": 1, "b": 2}}, id="the first of a list wins"),
        pytest.param("{x: {<<: {<<: {a: 1, b: 1}, a: 2}}}", {"x": {"a": 2, "b": 1}}, id="nested"),
        pytest.param("{1: a, yes: b}", {"1": "a", "yes": "b"}, id="keys are texts"),
    ],
)
def test_mappings(text: str, value: object) -> None:
    source = read(text.encode())
    assert (source.value, source.problems) == (value, [])


BOMB = "a0: &a0 [1]\n" + "\n".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 9))
MERGES = "a0: &a0 {k: 1}\n" + "\n".join(f"a{n}: &a{n} {{<<: [{', '.join([f'*a{n - 1}'] * 9)}]}}" for n in range(1, 9))


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        pytest.param("[" * 100_000, "nested more than", id="deep"),
        pytest.param("&a [*a]", "nested more than", id="recursive alias"),
        pytest.param("&a {<<: *a}", "nested more than", id="recursive merge"),
        pytest.param(BOMB, "holds more than", id="alias bomb"),
        pytest.param(MERGES, "holds more than", id="merge bomb"),
        pytest.param("x" * (1 << 20) + "x", "is larger than", id="large"),
    ],
)
def test_limits(text: str, problem: str) -> None:
    with pytest.raises(UnreadableYaml) as caught:
        read(text.encode())
    assert problem in caught.value.problems[0].text


@pytest.mark.parametrize("number", ["9" * 200, "1" + ":1" * 400_000, "0x" + "f" * 1000], ids=["long", "base 60", "hex"])
def test_a_number_that_is_too_long_for_any_use_is_text(number: str) -> None:
    assert read(f"a: {number}\nb: 1:30".encode()).value == {"a": number, "b": 90}
