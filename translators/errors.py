"""The errors between two dialects, in OpenAI's shape.

Three kinds, by who has to act: `BadRequest` (the client), `BadAnswer` (the provider, whether it
reports an error of its own or its answer cannot be read), and any other exception (us: a bug).
"""

from collections.abc import Mapping
from dataclasses import field
from typing import Any

from translators.values import immutable


@immutable
class Failure:
    """An error as OpenAI's body has it, with the HTTP status by which its SDK chooses a class.

    `headers` say when a client may come back (`retry-after`, `retry-after-ms`).
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
    """An error at which an exchange cannot go on; `failure` is its form for the client."""

    def __init__(self, failure: Failure) -> None:
        super().__init__(failure.message)
        self.failure = failure


class BadRequest(TranslationError):
    """A request that cannot be read or cannot be carried: a 400 unless `status` says otherwise."""

    def __init__(self, message: str, *, param: str | None = None, code: str | None = None, status: int = 400) -> None:
        super().__init__(Failure(status, message, "invalid_request_error", param, code))


class BadAnswer(TranslationError):
    """An answer that failed: `BadAnswer.unreadable(...)` for a 502 of ours, `BadAnswer(failure)` for the provider's own
    error."""

    @classmethod
    def unreadable(cls, message: str, *, code: str = "bad_provider_answer") -> "BadAnswer":
        return cls(Failure(502, message, "server_error", None, code))
