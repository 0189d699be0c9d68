"""A clock of the exchange's that goes only where a test sets it."""


class Clock:
    def __init__(self) -> None:
        self.time = 100.0

    def wall(self) -> float:
        return 1_700_000_000.0 + self.time

    def now(self) -> float:
        return self.time
