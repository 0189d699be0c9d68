"""The classes that attempts at providers end in: a closed set, for labels and for counting."""

from collections.abc import Mapping

from addons.exchange.observers import AttemptReport
from routing.outcomes import Kind

_CLASSES: Mapping[Kind, str] = {
    "stream": "stream_error",
    "cut": "stream_cut",
    "overtaken": "cancelled",
    "ended": "cancelled",
}
"""The classes of kinds of failures that have another name."""
OUTCOMES = (
    *("ok", "connect", "timeout", "429", "4xx", "5xx", "stream_error", "stream_cut", "unreadable", "empty"),
    *("credentials", "refused", "cancelled", "other"),
)


def outcome(report: AttemptReport) -> str:
    """Return the class of an attempt, one of `OUTCOMES`. `stream_error` is an error that the provider reports inside of
    an answer that began well; of such an answer, what is `stream_cut` broke off and what is `unreadable` is no
    answer."""
    if report.kind is None:
        return "ok"
    if report.kind != "status":
        return _CLASSES.get(report.kind, report.kind)
    return "429" if report.status == 429 else {4: "4xx", 5: "5xx"}.get(report.status // 100, "other")
