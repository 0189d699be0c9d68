"""The errors between two dialects, in the shape in which OpenAI tells them.

Three kinds, told apart by who has to act: `BadRequest` (the client), `BadAnswer` (the provider, whether it
reports an error of its own or answers what nobody can read), and any other exception (us: a bug).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Failure:
    """An error as OpenAI's body has it, with the HTTP status that its SDK classes come from.

    `headers` are those that tell a client when to come back (`retry-after`, `retry-after-ms`).
    `message` never quotes a prompt or a key.
    """

    status: int
    message: str
    type: str
    param: str | None = None
    code: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)

    def body(self) -> dict[str, Any]:
        """Return OpenAI's `ErrorResponse`: `{"error": {"message", "type", "param", "code"}}`, all four keys, always."""
        return {"error": {"message": self.message, "type": self.type, "param": self.param, "code": self.code}}


class TranslationError(Exception):
    """An exchange cannot go on; `failure` is what the client is told."""

    def __init__(self, failure: Failure) -> None:
        super().__init__(failure.message)
        self.failure = failure


class BadRequest(TranslationError):
    """The client asked for what cannot be read or cannot be carried: a 400 unless `status` says otherwise."""

    def __init__(self, message: str, *, param: str | None = None, code: str | None = None, status: int = 400) -> None:
        super().__init__(Failure(status, message, "invalid_request_error", param, code))


class BadAnswer(TranslationError):
    """The provider failed: `BadAnswer.unreadable(...)` for a 502 of ours, `BadAnswer(failure)` for its own word."""

    @classmethod
    def unreadable(cls, message: str, *, code: str = "bad_provider_answer") -> "BadAnswer":
        return cls(Failure(502, message, "server_error", None, code))
