"""The `Response` object around the output (openai/types/responses/response.py, openai 3.54)."""

from collections.abc import Mapping
from typing import Any

from translators.clients.responses.form import Form
from translators.clients.responses.output import Output
from translators.dialects import Envelope
from translators.errors import Failure
from translators.events import Finished, Usage

_INCOMPLETE = {"length": "max_output_tokens", "content_filter": "content_filter"}
_CODES = frozenset(
    {"rate_limit_exceeded", "invalid_prompt", "server_error", "context_length_exceeded", "insufficient_quota"}
)
"""The codes that go out as they are: `ResponseError` has the first three, and agents know the other two by name."""


def incomplete(output: Output) -> str | None:
    """Return the reason why an answer is not complete: `max_output_tokens`, `content_filter`, or None."""
    return None if output.finished is None else _INCOMPLETE.get(output.finished.reason)


def response(
    form: Form, envelope: Envelope, output: Output, status: str, failure: Failure | None = None
) -> dict[str, Any]:
    """Return the `Response`: `{"id": ..., "object": "response", "status": ..., "output": [...], "usage": ..., ...}`,
    with the fields of its request that it repeats."""
    reason = incomplete(output) if status == "incomplete" else None
    return {
        "id": envelope.id,
        "object": "response",
        "created_at": envelope.created,
        "status": status,
        "error": None if failure is None else _error(failure),
        "incomplete_details": None if reason is None else {"reason": reason},
        "model": envelope.model,
        "output": list(output.items.wires),
        **form.echo,
        **({"store": False} if status == "failed" else {}),
        **_service_tier(output.finished),
        **_native(output.finished),
        **({} if output.usage is None else {"usage": _usage(output.usage)}),
    }


def _service_tier(finished: Finished | None) -> dict[str, str]:
    return {} if finished is None or finished.service_tier is None else {"service_tier": finished.service_tier}


def _native(finished: Finished | None) -> dict[str, str | None]:
    """Return the provider's own word for the end, where the response has no word for it. The field is not OpenAI's; a
    chat has the same."""
    return {"native_finish_reason": finished.native} if finished is not None and finished.approximated else {}


def _usage(usage: Usage) -> dict[str, Any]:
    """Return a `ResponseUsage`: `{"input_tokens": ..., "output_tokens": ..., ...}`. All its fields are required, so
    that an unknown number is zero."""
    return {
        "input_tokens": usage.input,
        "input_tokens_details": {
            "cached_tokens": usage.cache_read or 0,
            "cache_write_tokens": usage.cache_write or 0,
        },
        "output_tokens": usage.output,
        "output_tokens_details": {"reasoning_tokens": usage.reasoning or 0},
        "total_tokens": usage.input + usage.output,
    }


def _error(failure: Failure) -> dict[str, Any]:
    code, message = failure.code, failure.message
    if code not in _CODES:
        code = {429: "rate_limit_exceeded", 400: "invalid_prompt"}.get(failure.status, "server_error")
    wait = _wait(failure.headers)
    if code == "rate_limit_exceeded" and wait:
        message = f"{message.rstrip('.')}. Please try again in {wait}."  # Codex reads it there
    return {"code": code, "message": message}


def _wait(headers: Mapping[str, str]) -> str | None:
    """Return the time to wait (`20s`); None where there is none, or only a date."""
    for name, unit in (("retry-after-ms", "ms"), ("retry-after", "s")):
        wait = headers.get(name, "")
        if wait.replace(".", "", 1).isdecimal():
            return f"{wait}{unit}"
    return None
