"""The decorator of values: what it makes, and that nothing assigns to it, which all tests watch by running with frozen
ones."""

import copy
import os
import pickle
import re
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import FrozenInstanceError, dataclass, field, fields, replace
from pathlib import Path

import pytest

from translators.events import TextDelta
from translators.values import made

ROOT = Path(__file__).parent.parent.parent


def with_fields():
    class Value:
        """A value with all that ours use."""

        text: str
        at: int = 0
        options: Mapping[str, int] = field(default_factory=dict)
        secret: str = field(default="s", repr=False)
        cause: str = field(default="", compare=False)
        kind: str = field(default="k", kw_only=True)

        @property
        def length(self) -> int:
            return len(self.text)

    return Value


def with_a_hash():
    class Value:
        text: str

        def __hash__(self) -> int:
            return 7

    return Value


def without_fields():
    class Value:
        pass

    return Value


MADE = [
    pytest.param(lambda cls: made(cls, frozen=False), id="plain"),
    pytest.param(lambda cls: made(cls, frozen=True), id="frozen"),
    pytest.param(dataclass(frozen=True, slots=True), id="the dataclass itself"),
]


@pytest.mark.parametrize("make", MADE)
def test_a_value(make):
    value = make(with_fields())
    one = value("a", options={"o": 1}, kind="x")
    assert repr(one).endswith("Value(text='a', at=0, options={'o': 1}, cause='', kind='x')")
    assert one == value("a", 0, {"o": 1}, cause="another", kind="x") != value("a")
    assert replace(one, text="bc") == value("bc", options={"o": 1}, kind="x")
    assert (replace(one, text="bc").length, copy.deepcopy(one)) == (2, one)
    assert value.__match_args__ == ("text", "at", "options", "secret", "cause")
    assert [each.name for each in fields(value)] == ["text", "at", "options", "secret", "cause", "kind"]
    assert not hasattr(one, "__dict__")
    with pytest.raises(TypeError, match="unhashable"):
        hash(one)
    match one:
        case value(text, 0, kind="x"):
            assert text == "a"
        case _:
            pytest.fail("it is matched by its fields")


@pytest.mark.parametrize("make", MADE)
def test_a_value_is_hashed_by_its_fields(make):
    value = make(without_fields())
    assert (len({value(), value()}), hash(value())) == (1, hash(()))
    value = make(type("Value", (), {"__annotations__": {"text": str, "at": int}}))
    assert hash(value("a", 1)) == hash(("a", 1))


@pytest.mark.parametrize("make", MADE)
def test_a_value_may_have_a_hash_of_its_own(make):
    assert hash(make(with_a_hash())("a")) == 7


@pytest.mark.parametrize("make", MADE)
def test_a_value_inherits_fields(make):
    base = make(type("Base", (), {"__annotations__": {"text": str}}))
    value = make(type("Value", (base,), {"__annotations__": {"at": int}, "at": 3}))
    assert value("a") == value("a", 3) != base("a")
    assert hash(value("a")) == hash(("a", 3))


def test_values_are_frozen_in_tests():
    delta = TextDelta("a")
    with pytest.raises(FrozenInstanceError):
        delta.text = "b"
    assert pickle.loads(pickle.dumps(delta)) == delta


def test_values_are_plain_elsewhere():
    assert "GATEWAY_FROZEN_VALUES" not in os.environ
    program = "from translators.values import FROZEN; print(FROZEN)"
    assert subprocess.check_output([sys.executable, "-c", program], cwd=ROOT, text=True) == "False\n"


def test_mypy_refuses_to_assign_to_a_value(tmp_path):
    program = tmp_path / "program.py"
    program.write_text("from translators.events import TextDelta\nTextDelta('a').text = 'b'\nTextDelta(text=1)\n")
    options = ("--config-file=", "--strict", "--follow-imports=silent", f"--cache-dir={tmp_path}")
    command = [sys.executable, "-m", "mypy", *options, program]
    answer = subprocess.run(command, cwd=ROOT, text=True, capture_output=True, check=False).stdout
    assert re.findall(r":(\d+): error: .*\[(.*)\]", answer) == [("2", "misc"), ("3", "arg-type")]


@pytest.mark.parametrize("folder", ["addons", "routing", "scripts", "translators"])
def test_there_is_no_other_decorator_of_values(folder):
    files = [file for file in (ROOT / folder).rglob("*.py") if file.name != "values.py"]
    assert [file for file in files if re.search(r"dataclass\(.*frozen=True", file.read_text(encoding="utf-8"))] == []
