"""Faults in words, and which request gets which."""

from typing import Any

import pytest

from routing import config
from routing.errors import ConfigError
from routing.faults import Fault, FaultRule, Faults, parse


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        pytest.param("429", Fault("status", "429", 429), id="status"),
        pytest.param(
            " 429 ;retry-after=2.5; attempts = 1",
            Fault("status", "429; retry-after=2.5; attempts=1", 429, retry_after=2.5, attempts=1),
            id="options",
        ),
        pytest.param("529", Fault("status", "529", 529), id="529"),
        pytest.param("connect", Fault("connect", "connect"), id="connect"),
        pytest.param("cut-after=3", Fault("cut", "cut-after=3", after=3), id="cut"),
        pytest.param("disconnect-after=0", Fault("disconnect", "disconnect-after=0"), id="disconnect"),
        pytest.param(
            "stall=30; after=2; keep-alive=off",
            Fault("stall", "stall=30; after=2; keep-alive=off", after=2, seconds=30.0, keep_alive=False),
            id="stall",
        ),
        pytest.param("slow=0.5", Fault("slow", "slow=0.5", seconds=0.5), id="slow"),
        pytest.param("split", Fault("split", "split"), id="split"),
        pytest.param("malformed-after=1", Fault("malformed", "malformed-after=1", after=1), id="malformed"),
        pytest.param("wrong-usage", Fault("wrong-usage", "wrong-usage"), id="usage"),
        pytest.param("empty", Fault("empty", "empty"), id="empty"),
        pytest.param("truncated-arguments", Fault("truncated-arguments", "truncated-arguments"), id="arguments"),
    ],
)
def test_faults_in_words(text: str, fault: Fault) -> None:
    assert parse(text) == fault
    assert parse(fault.text) == fault


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("", id="nothing"),
        pytest.param("canary", id="unknown"),
        pytest.param("418", id="another status"),
        pytest.param("cut-after", id="no value"),
        pytest.param("split=1", id="a value too many"),
        pytest.param("cut-after=-1", id="negative"),
        pytest.param("cut-after=canary", id="no number"),
        pytest.param("cut-after=1000000", id="too many"),
        pytest.param("stall=1e9", id="for ever"),
        pytest.param("stall=nan", id="no time"),
        pytest.param("slow=1; after=2", id="another's option"),
        pytest.param("stall=1; after=2; after=3", id="twice"),
        pytest.param("stall=1; keep-alive=canary", id="neither on nor off"),
        pytest.param("429; attempts=0", id="no attempt"),
        pytest.param("429; canary=1", id="unknown option"),
        pytest.param("429;" + " " * 300, id="long"),
    ],
)
def test_what_is_no_fault(text: str) -> None:
    with pytest.raises(ValueError, match=r"is no fault|has |must be|keep-alive|is longer") as refused:
        parse(text)
    assert "canary" not in str(refused.value)


def rules(*given: dict[str, Any]) -> Faults:
    return Faults([FaultRule.model_validate(rule) for rule in given], lambda: "seed")


def texts(faults: Faults, *names: str, times: int = 1) -> list[str | None]:
    found = [faults.choose(names) for _ in range(times)]
    return [None if fault is None else fault.text for fault in found]


def test_the_first_rule_whose_turn_it_is() -> None:
    faults = rules(
        {"models": ["gpt-*"], "fault": 429, "every": 3},
        {"models": ["gpt-5", "qwen"], "fault": "split", "every": 2},
    )
    assert texts(faults, "claude") == [None]
    assert texts(faults, "gpt-5", times=6) == [None, "split", "429", None, "split", "429"]
    assert texts(faults, "qwen(high)", "qwen", times=2) == [None, "split"]


def test_a_seed_gives_the_same_requests_again() -> None:
    rule = {"models": ["*"], "fault": "connect", "probability": 0.5, "seed": 7}
    first, second = (texts(rules(rule), "m", times=200) for _ in range(2))
    assert first == second
    assert 60 < first.count("connect") < 140
    assert first != texts(rules({**rule, "seed": 8}), "m", times=200)


@pytest.mark.parametrize(("probability", "struck"), [(0, 0), (1, 50)])
def test_never_and_always(probability: float, struck: int) -> None:
    faults = rules({"models": ["*"], "fault": "connect", "probability": probability})
    assert texts(faults, "m", times=50).count("connect") == struck


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        pytest.param("{models: [m]}", "fault", id="no fault"),
        pytest.param("{fault: split}", "models", id="no models"),
        pytest.param("{models: [], fault: split}", "is empty", id="empty models"),
        pytest.param("{models: [m], fault: canary}", "is no fault", id="no such fault"),
        pytest.param("{models: [m], fault: [split]}", "must be a text", id="a list"),
        pytest.param("{models: [m], fault: split, probability: 2}", "from 0 to 1", id="above 1"),
        pytest.param("{models: [m], fault: split, probability: 0.1, every: 2}", "both", id="both"),
        pytest.param("{models: [m], fault: split, seed: 2}", "seed", id="seed alone"),
        pytest.param("{models: [m], fault: split, every: 0}", "1 or more", id="every 0"),
        pytest.param("{models: [m], fault: split, times: 3}", "times", id="unknown key"),
    ],
)
def test_rules_that_are_refused(rule: str, words: str) -> None:
    with pytest.raises(ConfigError, match=words) as refused:
        config.parse(f"api-keys: [k]\nfaults:\n  - {rule}\n".encode(), "config.yaml", {})
    assert "config.yaml:3" in str(refused.value)
    assert "canary" not in str(refused.value)
