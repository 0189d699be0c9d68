"""The classes that attempts at providers end in: a closed set, for labels and for counting."""

import re

from addons.exchange.observers import AttemptReport, Record

_BEGINNINGS = (
    ("connect", "connect"),
    ("timeout", "timeout"),
    ("empty", "empty"),
    ("credentials", "credentials"),
    ("cannot carry", "refused"),
    ("cancelled", "cancelled"),
    ("dropped", "cancelled"),
)
"""Beginnings of the reasons of attempts, and the class of each."""
_UNREADABLE = ("bad_provider_answer", "read")
OUTCOMES = (
    *("ok", "connect", "timeout", "429", "4xx", "5xx", "stream_error", "stream_cut", "unreadable", "empty"),
    *("credentials", "refused", "cancelled", "other"),
)


def outcome(report: AttemptReport) -> str:
    """Return the class of an attempt, one of `OUTCOMES`. `stream_error` is an error that the provider reports inside of
    an answer that began well; of such an answer, what is `stream_cut` broke off and what is `unreadable` is no
    answer."""
    reason = report.reason
    if reason is None:
        return "ok"
    for begin, kind in _BEGINNINGS:
        if reason.startswith(begin):
            return kind
    if reason.startswith("cut"):
        return "unreadable" if any(word in reason for word in _UNREADABLE) else "stream_cut"
    if reason.endswith("in the stream"):
        return "stream_error"
    return "429" if report.status == 429 else {4: "4xx", 5: "5xx"}.get(report.status // 100, "other")


def reports(record: Record) -> list[AttemptReport]:
    """Return the attempts of an exchange; where it lists none and a provider was asked, the one that the record itself
    describes."""
    if record.reports or not record.attempts or record.provider is None:
        return record.reports
    answered = re.fullmatch(r"the provider answered ([0-9]{3})", record.cause or "")
    begun = record.end == "complete" or record.first_event is not None
    status = int(answered[1]) if answered else 200 if begun else 0
    made = AttemptReport(
        at=0.0,
        provider=record.provider,
        model=record.provider_model or "",
        credential="",
        status=status,
        reason=_reason(record),
        duration=record.duration,
        first_event=record.first_event,
        usage=record.usage,
    )
    return [made]


def _reason(record: Record) -> str | None:
    match record.end, record.error or "":
        case "complete", _:
            return None
        case "cancelled", _:
            return "cancelled"
        case _, "provider_connection_failed":
            return "connect" if record.first_event is None else "cut"
        case _, "bad_provider_answer" as code:
            return f"cut: {code}"
        case _, code:
            return "timeout" if code.endswith("_timeout") else f"{code} in the stream" if record.first_event else code
