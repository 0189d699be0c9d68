"""Pairs calls and results: the messages right after a call have its results, and no others.

Providers refuse anything else, and name another cause; so it is refused here, by path.
"""

from dataclasses import dataclass, field

from translators.clients.shared.findings import Findings, naming
from translators.values import immutable


@immutable
class LegacyCall:
    """A `function_call`, which has no id: the call and its result get a number instead."""

    id: str
    name: str


@dataclass(slots=True)
class Pairing:
    """The calls and results so far."""

    findings: Findings
    open: dict[str, str] = field(default_factory=dict)
    """Calls that wait for their result, and where they were made."""
    names: dict[str, str] = field(default_factory=dict)
    """The names of the functions that were called so far, by the calls' ids."""
    legacy: LegacyCall | None = None
    count: int = 0

    def called(self, id: str, name: str, at: str) -> None:
        if id in self.open:
            sentence = f"{naming(id)} is the id of an earlier call of the same message; give each its own"
            self.findings.problem(f"{at}.id", sentence)
        self.open[id] = at
        self.names[id] = name

    def called_function(self, name: str, at: str) -> str:
        self.legacy = LegacyCall(f"call_legacy_{self.count}", name)
        self.count += 1
        self.called(self.legacy.id, name, at)
        return self.legacy.id

    def answered(self, id: str, at: str) -> None:
        if self.open.pop(id, None) is not None:
            return
        if id in self.names:
            sentence = "is the id of a call that is answered already, or that other messages separate from this result"
        else:
            sentence = "is the id of no tool call before it; send the assistant message with that call first"
        self.findings.problem(f"{at}.tool_call_id", f"{naming(id)} {sentence}")

    def answered_function(self, at: str) -> LegacyCall | None:
        """Return the call that a message of role `function` answers."""
        if (call := self.legacy) is None:
            self.findings.problem(at, "answers no function_call; send the assistant message with that call first")
            return None
        self.legacy = None
        self.answered(call.id, at)
        return call

    def close(self) -> None:
        """End the results, for a message that is none or the end: a call that is still open has no result."""
        for id, at in self.open.items():
            named = "" if self.legacy and id == self.legacy.id else f"{naming(id)} "
            self.findings.problem(
                at, f"{named}has no result; send one message of role tool (or function) for each call right after it"
            )
        self.open.clear()
        self.legacy = None
