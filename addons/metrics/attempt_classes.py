"""The classes that attempts at providers end in: a closed set, for labels and for counting."""

from addons.exchange.observers import AttemptReport

_BEGINNINGS = (
    ("connect", "connect"),
    ("timeout", "timeout"),
    ("cut: bad_provider_answer", "unreadable"),
    ("cut: its answer cannot be read", "unreadable"),
    ("cut", "stream_cut"),
    ("empty", "empty"),
    ("credentials", "credentials"),
    ("cannot carry the request", "refused"),
    ("the client left", "cancelled"),
    ("the gateway shut down", "cancelled"),
    ("it was killed", "cancelled"),
    ("another target answered first", "cancelled"),
)
"""Beginnings of the reasons of attempts, and the class of each; the first counts."""
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
    if reason.endswith("in the stream"):
        return "stream_error"
    return "429" if report.status == 429 else {4: "4xx", 5: "5xx"}.get(report.status // 100, "other")
