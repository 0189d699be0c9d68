"""A reload in words, without values."""

import pytest

from addons.reload.changes import between, called, in_effect, report, until_restart
from routing.config import Loaded, parse

BASE = "api-keys: [{key: canary-1, name: ann}, {key: canary-2, name: bob}]\nclaude-api-key: [{api-key: canary-3}]\n"


def loaded(text: str) -> Loaded:
    return parse(text.encode(), "config.yaml", {})


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        pytest.param(BASE, BASE + "# words\n", "nothing has changed", id="nothing"),
        pytest.param(BASE, BASE.replace("canary-2", "canary-4"), "api-keys: bob changed", id="another key"),
        pytest.param(BASE, BASE.replace("bob", "eve"), "api-keys: eve added, bob removed", id="another name"),
        pytest.param(
            "api-keys: [{key: a, name: a}, {key: b, name: b}]",
            "api-keys: [{key: b, name: b}, {key: a, name: a}]",
            "api-keys: another order",
            id="keys in another order",
        ),
        pytest.param(
            BASE, BASE.replace("canary-3", "canary-4"), "claude-api-key: 1 entry changed", id="an entry's key"
        ),
        pytest.param(
            BASE,
            BASE + "ollama: [{num-ctx: 1}, {num-ctx: 2}]\n",
            "ollama: 2 entries added",
            id="entries",
        ),
        pytest.param(
            "ollama: [{num-ctx: 1}, {num-ctx: 2}]",
            "ollama: [{num-ctx: 2}, {num-ctx: 1}]",
            "ollama: another order",
            id="entries in another order",
        ),
        pytest.param(
            "ollama: [{num-ctx: 1}, {num-ctx: 2}]",
            "ollama: [{num-ctx: 3}]",
            "ollama: 1 entry removed, 1 entry changed",
            id="some of each",
        ),
        pytest.param(
            BASE,
            BASE + "timeouts: {idle: 5}\nstreaming: {keepalive-seconds: 1}\non-loss: refuse\n",
            "timeouts.idle changed; streaming.keepalive-seconds changed; on-loss changed",
            id="settings",
        ),
    ],
)
def test_what_has_changed(old: str, new: str, words: str) -> None:
    told = between(loaded(old).settings, loaded(new).settings, ((), ()))
    assert sorted(told.split("; ")) == sorted(words.split("; "))


def test_models_are_told_by_name_as_far_as_there_is_room() -> None:
    settings = loaded(BASE).settings
    many = [f"m{number}" for number in range(12)]
    assert between(settings, settings, (["old", "same"], ["same", *many])) == (
        "models: m0, m1, m2, m3, m4, m5, m6, m7, m8, m9 and 2 more added, old removed"
    )


def test_what_waits_for_a_restart_stays_as_it_is() -> None:
    running = loaded(BASE).settings
    wanted = loaded(BASE + "port: 1\non-loss: refuse\n").settings
    used = in_effect(running, wanted)
    assert (used.port, used.on_loss, used.providers) == (8317, "refuse", running.providers)
    assert until_restart(running, wanted) == "port takes effect after a restart."
    assert until_restart(running, running) is None


def test_the_remarks_of_a_start_follow() -> None:
    new = loaded(BASE.replace("canary-3", "'${CANARY}'"))
    lines = list(report(new, loaded(BASE).settings, new.settings, ["/etc/config.yaml", "/etc/.env"], ((), ())))
    assert lines == [
        ".env and config.yaml were read again: claude-api-key: 1 entry removed.",
        "claude-api-key at line 2 is off: CANARY not set in the environment",
    ]


@pytest.mark.parametrize(
    ("files", "words"),
    [(["/a/c.yaml"], "c.yaml"), (["/a/k", "/b/k"], "k"), (["c", "b", "a"], "a, b and c")],
)
def test_files_in_words(files: list[str], words: str) -> None:
    assert called(files) == words
