"""When a provider wants to be asked again."""

import pytest

from routing.outcomes import Outcome, wait

NOW = 1795939200.0  # Sun, 29 Nov 2026 08:00:00 GMT
EMPTY = {"x-ratelimit-remaining-requests": "0", "x-ratelimit-reset-requests": "1m30s"}


@pytest.mark.parametrize(
    ("headers", "limits", "seconds"),
    [
        pytest.param({}, {}, None, id="never mind"),
        pytest.param({"retry-after": "7"}, {}, 7.0, id="seconds"),
        pytest.param({"retry-after": "7", "retry-after-ms": "250"}, {}, 0.25, id="milliseconds"),
        pytest.param({"retry-after": "soon"}, {}, None, id="no number"),
        pytest.param({"retry-after": "Sun, 29 Nov 2026 08:00:30 GMT"}, {}, 30.0, id="a date"),
        pytest.param({"retry-after": "Sun, 29 Nov 2026 07:00:00 GMT"}, {}, 0.0, id="a date that is over"),
        pytest.param({"retry-after": "Sun, 29 Nov 99999 07:00:00 GMT"}, {}, None, id="no date"),
        pytest.param({"retry-after": "-7"}, {}, None, id="below 0"),
        pytest.param({"retry-after": "nan"}, {}, None, id="nan"),
        pytest.param({"retry-after": "9" * 400}, {}, None, id="a number without end"),
        pytest.param({}, EMPTY, 90.0, id="a limit that is reached"),
        pytest.param({"retry-after": "7"}, EMPTY, 7.0, id="its own word goes first"),
        pytest.param({}, {**EMPTY, "x-ratelimit-remaining-requests": "3"}, None, id="a limit that is not reached"),
        pytest.param({}, {**EMPTY, "x-ratelimit-remaining-tokens": "0", "x-ratelimit-reset-tokens": "2h"}, 7200.0,
                     id="the later of two"),
        pytest.param({}, {**EMPTY, "x-ratelimit-reset-requests": "20ms"}, 0.02, id="Go's milliseconds"),
        pytest.param({}, {**EMPTY, "x-ratelimit-reset-requests": "3.5"}, 3.5, id="bare seconds"),
        pytest.param({}, {**EMPTY, "x-ratelimit-reset-requests": "later"}, None, id="no time"),
    ],
)  # fmt: skip
def test_wait(headers: dict[str, str], limits: dict[str, str], seconds: float | None) -> None:
    assert wait(headers, limits, NOW) == seconds


@pytest.mark.parametrize(
    ("outcome", "reason"),
    [
        (Outcome("status", 429, "rate_limit_exceeded"), "429 rate_limit_exceeded"),
        (Outcome("status", 503, text="what the provider said"), "503"),
        (Outcome("status", 503, "no answer to: my secret prompt"), "503"),
        (Outcome("stream", 529, "overloaded"), "529 overloaded in the stream"),
        (Outcome("stream", 500, "my\nprompt"), "500 in the stream"),
        (Outcome("connect", code="it was refused"), "connect: it was refused"),
        (Outcome("empty"), "empty"),
        (Outcome("refused", 400, "tools"), "cannot carry the request: tools"),
    ],
)
def test_reasons_are_words_of_ours(outcome: Outcome, reason: str) -> None:
    assert outcome.reason == reason
