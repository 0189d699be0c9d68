"""Inputs that nobody wrote (`fuzzing.py`), 5,000 of requests and 5,000 of answers; scripts/fuzz tries more."""

import json

import pytest
from fuzzing import FUZZERS, Requests, dice_of, smallest, tried

SEED = 20261129
INPUTS = 5000
PARTS = 10


@pytest.mark.parametrize("part", range(PARTS))
@pytest.mark.parametrize("kind", FUZZERS)
def test_what_nobody_wrote_is_answered_or_refused(kind: str, part: int) -> None:
    fuzzer = FUZZERS[kind]
    for number in range(part, INPUTS, PARTS):
        case = fuzzer.case(dice_of(SEED, number))
        if (problem := tried(fuzzer, case)) is not None:
            pytest.fail(f"{problem}\nscripts/fuzz {kind}/{number} {SEED}\n{smallest(fuzzer, case, problem)}")


def test_an_input_follows_from_its_seed() -> None:
    for fuzzer in FUZZERS.values():
        assert fuzzer.case(dice_of(1, 7)) == fuzzer.case(dice_of(1, 7))
        assert fuzzer.case(dice_of(1, 7)) != fuzzer.case(dice_of(1, 8))


@pytest.mark.parametrize("kind", FUZZERS)
def test_an_input_that_takes_too_long_is_a_problem(kind: str) -> None:
    case = FUZZERS[kind].case(dice_of(SEED, 0))
    assert tried(FUZZERS[kind], case) is None
    assert tried(FUZZERS[kind], case, most=-1) == "more than -1 s of the processor"


def test_a_failing_input_gets_smaller() -> None:
    class Picky(Requests):
        def problem(self, case):  # type: ignore[no-untyped-def]
            return "it has messages" if b'"messages"' in case.data else None

    picky = Picky()
    case = next(case for number in range(99) if tried(picky, case := picky.case(dice_of(SEED, number))) is not None)
    assert json.loads(smallest(picky, case, "it has messages").data).keys() == {"messages"}
