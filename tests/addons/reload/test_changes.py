"""A reload in words, without values."""

from pathlib import Path

import pytest

from addons.reload.changes import UNTIL_RESTART, between, called, in_effect, report, until_restart
from routing.config import Loaded, parse
from routing.providers import ENTRIES
from routing.settings import Settings

BASE = "api-keys: [{key: canary-1, name: ann}, {key: canary-2, name: bob}]\nclaude-api-key: [{api-key: canary-3}]\n"

AT_ONCE = {
    *("api_keys", "compatibility", "passthrough_headers", "force_model_prefix", "body_size_limit"),
    *("limits", "limits_on_error", "timeouts", "streaming", "nonstream_keepalive_interval", "routing"),
    *(
        "request_retry",
        "max_retry_credentials",
        "max_retry_interval",
        "disable_cooling",
        "transient_error_cooldown_seconds",
    ),
    *("failover_loss", "context_fallback", "hedge_after", "response_store", "payload", "faults"),
    *("on_loss", "fan_out", "log_format", "max_connections", "drain_seconds"),
    *("keep_flows", "metrics", "cors_origins", "forward_headers", "prices"),
    *("proxy_url", "models_refresh"),
}
"""The fields that an exchange reads which begins after a reload."""


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
    assert until_restart(running, wanted, ()) == "port takes effect after a restart."
    assert until_restart(running, running, ()) is None


def test_a_file_of_what_waits_for_a_restart(tmp_path: Path) -> None:
    certificates = str(tmp_path / "ca.pem")
    running = loaded(BASE).settings.model_copy(update={"upstream_ca": certificates})
    assert until_restart(running, running, [certificates]) == "upstream-ca takes effect after a restart."


def test_each_setting_takes_effect_or_says_that_it_waits() -> None:
    """A new field belongs to one of the two: here, if all that reads it asks the settings of the exchange's `Services`
    or is told by `Gateway._use`; else in UNTIL_RESTART."""
    assert set(Settings.model_fields) == {*AT_ONCE, *UNTIL_RESTART, *(name.replace("-", "_") for name in ENTRIES)}


def test_a_remark_is_not_repeated() -> None:
    new = loaded(BASE.replace("canary-3", "'${CANARY}'"))
    assert len(list(report(new, new, new.settings, ["/etc/config.yaml"], ((), ())))) == 1


def test_the_remarks_of_a_start_follow() -> None:
    new = loaded(BASE.replace("canary-3", "'${CANARY}'"))
    lines = list(report(new, loaded(BASE), new.settings, ["/etc/config.yaml", "/etc/.env"], ((), ())))
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
