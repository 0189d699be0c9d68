"""What is not installed stops the start, and says how to install it."""

import importlib.util

import pytest

from addons.metrics.libraries import hindrance
from routing.settings import OtelSettings


def test_what_is_off_needs_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    assert hindrance(OtelSettings()) is None


def test_what_is_there_hinders_nobody() -> None:
    assert hindrance(OtelSettings(enable=True)) is None


@pytest.mark.parametrize("error", [None, ModuleNotFoundError], ids=["not there", "not even the package above"])
def test_what_is_missing(monkeypatch: pytest.MonkeyPatch, error: type[Exception] | None) -> None:
    def find_spec(name: str) -> None:
        if error is not None:
            raise error

    monkeypatch.setattr(importlib.util, "find_spec", find_spec)
    why = hindrance(OtelSettings(enable=True))
    assert why is not None
    assert why.endswith("-m pip install opentelemetry-sdk opentelemetry-exporter-otlp-proto-http")
