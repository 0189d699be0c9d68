"""The policy of routing as conversations: what happened, and what is asked next. The clock is an argument."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from routing import cooldowns, strategies
from routing.catalogue import Catalogue
from routing.config import parse
from routing.outcomes import Outcome
from routing.plan import Ask, Plan, Resting, Step, Stop, Wait
from routing.router import Router
from routing.targets import Target

SERVER = """
openai-compatibility:
  - name: s
    base-url: http://h/v1
    api-key-entries: [{api-key: a}, {api-key: b}, {api-key: c}]
    models: [{name: m}]
"""
OVERLOADED = Outcome("status", 503)
LIMITED = Outcome("status", 429, "rate_limit_exceeded", retry_after=10.0)
UNAUTHORISED = Outcome("status", 401, "upstream_authentication_error")
REFUSED = Outcome("connect", code="it was refused")
BAD = Outcome("status", 400)
BUG = Outcome("status", 500)


class Pool:
    """The pool of `m` in a configuration, and the router over all of its requests."""

    def __init__(self, text: str = SERVER, router: Router | None = None) -> None:
        self.settings = parse(text.encode(), "c.yaml", {}).settings
        self.catalogue = Catalogue(self.settings)
        self.router = router or Router()

    @property
    def targets(self) -> Sequence[Target]:
        return self.catalogue.candidates("m", "key-1")

    def plan(self, session: str | None = None) -> Plan:
        return Plan(self.router, self.settings, "m", self.targets, session)

    def name(self, target: Target) -> str:
        """Return the key, or the provider where it has none, of a target."""
        auth: Any = target.auth
        return auth.secret.reveal() if auth is not None else target.provider

    def asks(self, step: Step) -> str:
        assert isinstance(step, Ask)
        return self.name(step.target)

    def first(self, now: float = 0.0, session: str | None = None) -> str:
        return self.asks(self.plan(session).first(now))

    def fails(self, outcome: Outcome, now: float = 0.0) -> str:
        """Let a request fail at its first target and be answered by the second; return the first."""
        plan = self.plan()
        step = plan.first(now)
        assert isinstance(step, Ask)
        second = plan.failed(step.target, outcome, now)
        if isinstance(second, Ask):
            plan.answered(second.target, now, None)
        return self.name(step.target)


# --- who is asked first ---


def pool(strategy: str = "round-robin", **entries: str) -> str:
    """Return a configuration with an entry a name, each with these further keys."""
    lines = [
        f"  - {{name: {name}, base-url: 'http://{name}', models: [{{name: m}}]{more and ', ' + more}}}"
        for name, more in entries.items()
    ]
    return "\n".join([f"routing: {{strategy: {strategy}}}", "openai-compatibility:", *lines])


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param(pool(a="", b="", c=""), "abcabc", id="round robin"),
        pytest.param(pool("fill-first", a="", b="", c=""), "aaaaaa", id="fill first"),
        pytest.param(pool(a="", b="priority: 1", c="priority: 1"), "bcbcbc", id="the highest priority"),
        pytest.param(pool(a="priority: -1", b="", c=""), "bcbcbc", id="a priority below none"),
        pytest.param(pool("weighted-round-robin", a="weight: 5", b="", c=""), "aabacaa", id="smooth weights"),
        pytest.param(pool("weighted-round-robin", a="weight: 0", b="weight: 2", c=""), "bcbbcb", id="weight 0"),
        pytest.param(pool("weighted-round-robin", a="weight: -1", b=""), "bbbb", id="a weight below 0"),
        pytest.param(pool(a="weight: 0", b=""), "abab", id="weights count in their strategy only"),
        pytest.param(SERVER, "abcabc", id="keys of one entry"),
    ],
)
def test_turns(text: str, expected: str) -> None:
    asked = Pool(text)
    assert "".join(asked.first() for _ in expected) == expected


def test_turns_outlive_a_catalogue_made_anew() -> None:
    first = Pool(pool(a="", b="", c=""))
    assert [first.first(), first.first()] == ["a", "b"]
    more = Pool(pool(x="", a="", b="", c=""), first.router)
    assert [more.first(), more.first()] == ["c", "x"]


def test_weights_outlive_a_catalogue_made_anew() -> None:
    text = pool("weighted-round-robin", a="weight: 3", b="")
    first = Pool(text)
    taken = [first.first()]
    again = Pool(text, first.router)
    assert taken + [again.first() for _ in range(7)] == list("aabaaaba")


def test_the_least_busy_is_asked() -> None:
    asked = Pool(pool("least-busy", a="", b="", c=""))
    a, b, c = asked.targets
    for busy in (a, a, b, c, c):
        asked.router.turns.begun(busy)
    assert asked.first() == "b"
    asked.router.turns.begun(b)
    asked.router.turns.begun(b)
    for _ in range(2):
        asked.router.turns.ended(a)
    assert asked.first() == "a"


def test_the_fastest_is_asked_and_the_others_now_and_then() -> None:
    asked = Pool(pool("fastest", a="", b="", c=""))
    assert [asked.first(), asked.first(), asked.first()] == ["a", "b", "c"]  # none is known yet
    for seconds, target in zip((3.0, 1.0, 2.0), asked.targets, strict=True):
        asked.plan().answered(target, 1.0, seconds)
    taken = [asked.first(2.0) for _ in range(20)]
    assert taken.count("b") == 18
    assert "a" in taken  # measured longest ago, with the others
    assert asked.first(1000.0) == "a"  # all is forgotten: everybody is measured anew


# --- sessions ---

STICKY = SERVER + "routing: {session-affinity: true, session-affinity-ttl: 10m}\n"


def answered(asked: Pool, session: str, now: float) -> str:
    plan = asked.plan(session)
    step = plan.first(now)
    assert isinstance(step, Ask)
    plan.answered(step.target, now, None)
    return asked.name(step.target)


def test_a_session_keeps_its_key() -> None:
    asked = Pool(STICKY)
    assert [answered(asked, "one", 0.0), answered(asked, "two", 0.0)] == ["a", "b"]
    assert [answered(asked, name, 1.0) for name in ("one", "two", "one", "two")] == ["a", "b", "a", "b"]


def test_a_session_is_forgotten_after_its_time() -> None:
    asked = Pool(STICKY)
    assert answered(asked, "one", 0.0) == "a"
    assert answered(asked, "one", 599.0) == "a"
    assert answered(asked, "one", 1198.0) == "a"
    assert answered(asked, "one", 1798.5) == "b"


def test_a_session_follows_a_failover() -> None:
    asked = Pool(STICKY)
    assert answered(asked, "one", 0.0) == "a"
    plan = asked.plan("one")
    step = plan.first(1.0)
    assert asked.asks(step) == "a"
    second = plan.failed(step.target, LIMITED, 1.0)  # type: ignore[union-attr]
    assert asked.asks(second) == "b"
    plan.answered(second.target, 1.0, None)  # type: ignore[union-attr]
    assert [(rest.credential, rest.seconds) for rest in plan.rests] == [("s-1", LIMITED.retry_after)]
    assert answered(asked, "one", 2.0) == "b"
    assert answered(asked, "one", 100.0) == "b"  # although a does not rest any more


def test_a_binding_outranks_priority() -> None:
    text = pool(a="priority: 1", b="")
    asked = Pool(text.replace("{strategy: round-robin}", "{session-affinity: true}"))
    plan = asked.plan("one")
    step = plan.first(0.0)
    second = plan.failed(step.target, LIMITED, 0.0)  # type: ignore[union-attr]
    plan.answered(second.target, 0.0, None)  # type: ignore[union-attr]
    assert answered(asked, "one", 60.0) == "b"
    assert answered(asked, "two", 60.0) == "a"


def test_without_affinity_sessions_mean_nothing() -> None:
    asked = Pool(SERVER)
    assert [answered(asked, "one", 0.0) for _ in range(3)] == ["a", "b", "c"]


# --- one failure after another ---


@pytest.mark.parametrize(
    ("more", "outcomes", "expected"),
    [
        pytest.param("", [OVERLOADED] * 3, ["b", "c", Stop()], id="each once"),
        pytest.param("", [BAD], [Stop()], id="a mistake of the client's"),
        pytest.param("", [OVERLOADED, BAD], ["b", Stop()], id="a mistake that the second finds"),
        pytest.param("", [UNAUTHORISED, REFUSED, LIMITED], ["b", "c", Stop()], id="all kinds"),
        pytest.param("max-retry-credentials: 2", [OVERLOADED] * 2, ["b", Stop()], id="two of them"),
        pytest.param("request-retry: 1", [BUG] * 6, ["b", "c", "a", "b", "c", Stop()], id="a second round"),
        pytest.param(
            "request-retry: 1\nmax-retry-interval: 1",
            [BUG] * 3,
            ["b", "c", Wait(0.25)],
            id="a second round, after a pause",
        ),
        pytest.param(
            "request-retry: 1\nmax-retry-interval: 30", [LIMITED] * 3, ["b", "c", Wait(10.0)], id="after the rest"
        ),
        pytest.param(
            "request-retry: 1\nmax-retry-interval: 9", [LIMITED] * 3, ["b", "c", Stop()], id="too long a rest"
        ),
        pytest.param("request-retry: 1", [UNAUTHORISED] * 3, ["b", "c", Stop()], id="no second round after a 401"),
        pytest.param("request-retry: 1\ndisable-cooling: true", [LIMITED] * 3, ["b", "c", "a"], id="nobody rests"),
        pytest.param("", [Outcome("empty")], ["b"], id="empty"),
        pytest.param("", [Outcome("refused", 400)] * 3, ["b", "c", Stop()], id="nobody can carry it"),
        pytest.param(
            "",
            [Outcome("status", 400, "invalid_encrypted_content")] * 3,
            ["b", "c", Stop()],
            id="reasoning of another account",
        ),
        pytest.param("", [Outcome("stream", 529)], ["b"], id="in a stream"),
        pytest.param("", [Outcome("stream", 400)], [Stop()], id="in a stream, the client's mistake"),
    ],
)
def test_what_is_asked_next(more: str, outcomes: list[Outcome], expected: list[str | Step]) -> None:
    asked = Pool(f"{SERVER}{more}\n")
    plan = asked.plan()
    step = plan.first(0.0)
    steps: list[str | Step] = []
    for outcome in outcomes:
        assert isinstance(step, Ask)
        step = plan.failed(step.target, outcome, 0.0)
        steps.append(asked.asks(step) if isinstance(step, Ask) else step)
    assert steps == expected


def test_streams_may_have_rounds_of_their_own() -> None:
    asked = Pool(SERVER + "streaming: {bootstrap-retries: 1}\n")
    for streams, expected in ((False, Stop), (True, Ask)):
        plan = asked.plan()
        plan.streams = streams
        step = plan.first(0.0)
        for _ in range(3):
            assert isinstance(step, Ask)
            step = plan.failed(step.target, BUG, 0.0)
        assert type(step) is expected


def test_an_entry_has_rounds_of_its_own() -> None:
    asked = Pool("request-retry: 2\n" + pool(a="request-retry: 0", b="request-retry: 1", c=""))
    plan = asked.plan()
    step, taken = plan.first(0.0), []
    while isinstance(step, Ask):
        taken.append(asked.name(step.target))
        step = plan.failed(step.target, BUG, 0.0)
    assert "".join(taken) == "abcbcc"


# --- rests ---


@pytest.mark.parametrize(
    ("outcome", "failures", "rest"),
    [
        pytest.param(UNAUTHORISED, 1, 60.0, id="401"),
        pytest.param(Outcome("status", 402), 1, 60.0, id="402"),
        pytest.param(Outcome("status", 403), 1, 60.0, id="403"),
        pytest.param(LIMITED, 1, 10.0, id="429 with a time"),
        pytest.param(Outcome("status", 429), 1, None, id="429 without one"),
        pytest.param(Outcome("status", 429), 3, 60.0, id="429 without one, three times"),
        pytest.param(Outcome("status", 503, retry_after=5.0), 1, 5.0, id="503 with a time"),
        pytest.param(OVERLOADED, 2, None, id="503 twice"),
        pytest.param(OVERLOADED, 3, 60.0, id="503 three times"),
        pytest.param(REFUSED, 3, 60.0, id="no connection three times"),
        pytest.param(Outcome("timeout"), 3, 60.0, id="too late three times"),
        pytest.param(Outcome("status", 429, retry_after=1e9), 1, 86400.0, id="a time without measure"),
        pytest.param(BUG, 3, 60.0, id="500 three times, and another answered"),
        pytest.param(Outcome("empty"), 9, None, id="nothing said"),
        pytest.param(Outcome("refused", 400), 9, None, id="not carried"),
        pytest.param(BAD, 9, None, id="a mistake of the client's"),
    ],
)
def test_a_key_rests(outcome: Outcome, failures: int, rest: float | None) -> None:
    asked = Pool(pool("fill-first", a="", b=""))
    for _ in range(failures):
        assert asked.fails(outcome) == "a"
    if rest is None:
        assert asked.first() == "a"
        return
    assert [asked.first(0.0), asked.first(rest - 0.1), asked.first(rest)] == ["b", "b", "a"]
    [cooldown] = asked.router.cooldowns(0.0)
    assert (cooldown.credential, cooldown.model, cooldown.until) == ("a-1", "m", rest)
    assert cooldown.reason == outcome.reason


def test_rests_grow_and_an_answer_ends_them() -> None:
    asked = Pool(pool("fill-first", a="", b=""))
    now = 0.0
    for rest in (60.0, 120.0, 240.0, 480.0, 960.0, 1800.0, 1800.0):
        assert asked.fails(UNAUTHORISED, now) == "a"
        assert asked.first(now + rest - 0.1) == "b"
        now += rest
    plan = asked.plan()
    step = plan.first(now)
    assert asked.asks(step) == "a"
    plan.answered(step.target, now, None)  # type: ignore[union-attr]
    plan.completed(step.target)  # type: ignore[union-attr]
    assert asked.fails(UNAUTHORISED, now) == "a"
    assert asked.first(now + 60.0) == "a"


def test_who_breaks_off_after_the_beginning_rests_too() -> None:
    asked = Pool(pool("fill-first", a="", b=""))
    for _ in range(3):
        plan = asked.plan()
        step = plan.first(0.0)
        assert asked.asks(step) == "a"
        plan.answered(step.target, 0.0, None)  # type: ignore[union-attr]
        plan.broke(step.target, Outcome("cut"), 0.0)  # type: ignore[union-attr]
    assert asked.first() == "b"


@pytest.mark.parametrize(("seconds", "rest"), [("5", 5.0), ("0", 60.0), ("-1", None)])
def test_the_rest_after_errors_that_pass(seconds: str, rest: float | None) -> None:
    asked = Pool(f"transient-error-cooldown-seconds: {seconds}\n" + pool("fill-first", a="", b=""))
    for _ in range(3):
        asked.fails(OVERLOADED)
    if rest is None:
        assert asked.router.cooldowns(0.0) == ()
    else:
        assert asked.router.cooldowns(0.0)[0].until == rest


@pytest.mark.parametrize(
    ("top", "entry", "rests"),
    [("false", "", True), ("true", "", False), ("true", "disable-cooling: false", True),
     ("false", "disable-cooling: true", False)],
)  # fmt: skip
def test_rests_may_be_switched_off(top: str, entry: str, rests: bool) -> None:
    asked = Pool(f"disable-cooling: {top}\n" + pool("fill-first", a=entry, b=""))
    asked.fails(LIMITED)
    assert bool(asked.router.cooldowns(0.0)) is rests


def test_one_request_puts_nobody_to_rest_by_making_everybody_fail() -> None:
    asked = Pool(pool("fill-first", a="", b=""))
    for _ in range(9):
        plan = asked.plan()
        step = plan.first(0.0)
        while isinstance(step, Ask):
            step = plan.failed(step.target, BUG, 0.0)
    assert asked.router.cooldowns(0.0) == ()


def test_the_only_target_rests_only_at_its_providers_word() -> None:
    asked = Pool(pool(a=""))
    for outcome in (UNAUTHORISED, OVERLOADED, OVERLOADED, OVERLOADED, REFUSED):
        asked.fails(outcome)
    assert asked.first() == "a"
    asked.fails(LIMITED)
    assert asked.plan().first(4.0) == Resting(6.0, ("429 rate_limit_exceeded",), False)


def test_all_rest() -> None:
    asked = Pool(pool("fill-first", a="", b=""))
    plan = asked.plan()
    step = plan.first(0.0)
    step = plan.failed(step.target, Outcome("status", 401), 0.0)  # type: ignore[union-attr]
    plan.failed(step.target, Outcome("status", 403), 0.0)  # type: ignore[union-attr]
    assert asked.plan().first(20.0) == Resting(40.0, ("401", "403"), True)
    assert asked.first(60.0) == "a"


def test_a_key_rests_for_one_model() -> None:
    text = SERVER.replace("[{name: m}]", "[{name: m}, {name: n}]")
    asked = Pool(text)
    asked.fails(LIMITED)
    other = Plan(asked.router, asked.settings, "n", asked.catalogue.candidates("n", "key-1"))
    assert asked.asks(other.first(0.0)) == "a"


def test_rests_outlive_a_reload_and_go_with_their_key() -> None:
    first = Pool(pool("fill-first", a="", b=""))
    first.fails(LIMITED)
    again = Pool(pool("fill-first", x="", a="", b=""), first.router)
    again.router.keep(target.credential.identity for target in again.targets)
    assert [each.credential for each in again.router.cooldowns(0.0)] == ["a-1"]
    other = Pool(pool(b=""), first.router)
    other.router.keep(target.credential.identity for target in other.targets)
    assert other.router.cooldowns(0.0) == ()


# --- rules of the operator's ---


@pytest.mark.parametrize(
    ("rule", "outcome", "goes_on", "rests"),
    [
        pytest.param("{status: 500, match: policy, action: stop}", Outcome("status", 500, text="a policy of ours"),
                     False, False, id="stop"),
        pytest.param("{status: 500, match: policy, action: stop}", Outcome("status", 500, text="a bug"),
                     True, False, id="another text"),
        pytest.param("{status: 500, match: policy, action: stop}", Outcome("status", 503, text="policy"),
                     True, False, id="another status"),
        pytest.param("{status: 400, match-regexr: 'quota .* gone', action: continue-and-cooldown}",
                     Outcome("status", 400, text="quota of may gone"), True, True, id="continue and rest"),
        pytest.param("{status: 400, match-regexr: '(a+)+$', action: continue-and-cooldown}",
                     Outcome("status", 400, text="a" * 8000 + "b"), False, False, id="one that Python never ends"),
        pytest.param("{status: 400, match: quota, action: continue}", Outcome("status", 400, text="quota"),
                     True, False, id="continue"),
        pytest.param("{status: 403, match: region, action: stop-and-cooldown}", Outcome("status", 403, text="region"),
                     False, True, id="stop and rest"),
    ],
)  # fmt: skip
def test_errors_of_the_operators(rule: str, outcome: Outcome, goes_on: bool, rests: bool) -> None:
    asked = Pool(pool("fill-first", a=f"request-scoped-errors: [{rule}]", b=""))
    plan = asked.plan()
    step = plan.first(0.0)
    step = plan.failed(step.target, outcome, 0.0)  # type: ignore[union-attr]
    assert isinstance(step, Ask) is goes_on
    assert bool(asked.router.cooldowns(0.0)) is rests


# --- bounds ---


def test_names_that_clients_think_up_are_forgotten() -> None:
    keys = "api-key-entries: [{api-key: a}, {api-key: b}]"
    text = f"openai-compatibility: [{{name: s, base-url: 'http://h', prefix: p, {keys}}}]"
    asked = Pool(text)
    for number in range(strategies.MOST + 100):
        name = f"p/{number}"
        plan = Plan(asked.router, asked.settings, name, asked.catalogue.candidates(name, "key-1"))
        step = plan.first(0.0)
        plan.failed(step.target, UNAUTHORISED, 0.0)  # type: ignore[union-attr]
    assert len(asked.router.turns._last) == strategies.MOST
    assert len(asked.router.cooldowns(0.0)) == cooldowns.MOST


@pytest.mark.parametrize("how", ["failed", "note", "broke"])
@pytest.mark.parametrize("outcome", [LIMITED, UNAUTHORISED, OVERLOADED, BUG, REFUSED, Outcome("cut")])
def test_an_injected_failure_makes_nobody_rest(outcome: Outcome, how: str) -> None:
    pool = Pool()
    for injected in (True, False):
        for _ in range(30):
            plan = pool.plan()
            step = plan.first(0.0)
            assert isinstance(step, Ask)
            getattr(plan, how)(step.target, replace(outcome, injected=injected), 0.0)
            plan.answered(step.target, 0.0, None)
            if pool.router.cooldowns(0.0):
                break
        assert bool(pool.router.cooldowns(0.0)) is not injected
