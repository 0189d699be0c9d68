"""scripts/fuzz: inputs that nobody wrote, of clients and of providers, through the translation."""

import importlib
import random
import sys
import time
import warnings
from collections.abc import Sequence
from typing import Any

from scripts.tools.arguments import command_line

SLOW = 0.5
"""Seconds of the processor that one input may take."""
ENOUGH = 20
"""Problems after which no more is tried."""

DESCRIPTION = f"""\
Changes requests and recorded answers at random and brings them through the translation, on every way between a client
and a provider. An input must be answered or refused: no exception, no second end, nothing that the client's SDK cannot
read, no more than {SLOW:g} s of the processor. A failing input is told as small as it can be made. What an input is
follows from its number and the seed: the tests try the same ones."""
EPILOG = "Exit status: 0; 1 where an input failed; 2 for arguments that cannot be read."


def main(arguments: Sequence[str]) -> int:
    parser = command_line("fuzz", DESCRIPTION, EPILOG)
    parser.add_argument("inputs", help="how many of each kind (100000), or one alone: requests/7, answers/7")
    parser.add_argument("seed", nargs="?", default=None, help="any text (a new one, which is told)")
    options = parser.parse_args(arguments)
    seed = options.seed or str(random.SystemRandom().randrange(10**8))
    fuzzing = importlib.import_module("fuzzing")  # of the tests, which mypy does not read
    kind, _, number = options.inputs.rpartition("/")
    if not number.isdecimal() or kind not in ("", *fuzzing.FUZZERS):
        parser.error(f"'{options.inputs}' is no number of inputs, nor one such as requests/7")
    warnings.simplefilter("error")  # an SDK warns of what is not of its types
    print(f"seed {seed}", flush=True)
    numbers = range(int(number), int(number) + 1) if kind else range(int(number))
    kinds = [kind] if kind else [*fuzzing.FUZZERS]
    return 1 if sum([_problems(fuzzing, name, numbers, seed) for name in kinds]) else 0


def _problems(fuzzing: Any, kind: str, numbers: range, seed: str) -> int:
    """Return how many inputs failed, each in another way; all are printed."""
    fuzzer, problems = fuzzing.FUZZERS[kind], set[str]()
    slowest, slowest_number = 0.0, 0
    for number in numbers:
        case = fuzzer.case(fuzzing.dice_of(seed, number))
        started = time.process_time()
        problem = fuzzing.tried(fuzzer, case)
        spent = time.process_time() - started
        if spent > slowest:
            slowest, slowest_number = spent, number
        if problem is not None and problem[: fuzzing.KIND] not in problems:
            problems.add(problem[: fuzzing.KIND])
            print(f"{kind}/{number}: {problem}\n{fuzzing.smallest(fuzzer, case, problem)}", flush=True)
        if len(problems) >= ENOUGH:
            break
    print(
        f"{kind}: {len(numbers)} tried, {len(problems)} problems; the slowest, {slowest_number}, took {slowest:.3f} s"
    )
    return len(problems)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
