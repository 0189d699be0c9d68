"""The decorator of all our values: dataclasses that never change once they are made.

mypy refuses an assignment. Python would, too, at a price: a frozen dataclass sets each of its fields by a call, and a
request makes some hundred values. So they are frozen at run time where `GATEWAY_FROZEN_VALUES=1` is set when this is
imported, as the tests do, and plain elsewhere.
"""

import os
from dataclasses import dataclass, field
from typing import dataclass_transform

FROZEN = os.environ.get("GATEWAY_FROZEN_VALUES") == "1"


@dataclass_transform(frozen_default=True, field_specifiers=(field,))
def immutable[T](cls: type[T]) -> type[T]:
    """Return `cls` as a dataclass with slots, equal and hashed by its fields."""
    return made(cls, frozen=FROZEN)


def made[T](cls: type[T], *, frozen: bool) -> type[T]:
    """Return what `immutable` makes of `cls`, frozen at run time or not. A hash of its own is left to it."""
    return dataclass(slots=True, frozen=frozen, unsafe_hash=not frozen and "__hash__" not in cls.__dict__)(cls)
