"""Of what exchanges share, this outlives a configuration, and that does not."""

import gc
from dataclasses import replace

import pytest

from addons.exchange.services import Services
from addons.limiting.in_memory import InMemory
from routing import config
from routing.catalogue import Catalogue
from routing.client_keys import KeyRing
from tests.clock import Clock
from translators.masking import REDACTED


def services(key: str) -> Services:
    settings = config.parse(f"api-keys: [{key}]".encode(), "config.yaml", {}).settings
    services = Services(settings, Catalogue(settings), KeyRing(settings.api_keys), Clock(), lambda: "id")
    services.client_counts = InMemory()
    return services


def after(earlier: Services, key: str) -> Services:
    settings = config.parse(f"api-keys: [{key}]".encode(), "config.yaml", {}).settings
    return replace(earlier, settings=settings, catalogue=Catalogue(settings), keys=KeyRing(settings.api_keys))


def test_a_configuration_has_its_own_keys() -> None:
    old = services("old-client-key")
    new = after(old, "new-client-key")
    keys = ("old-client-key", "new-client-key")
    assert [old.keys.check(key) is not None for key in keys] == [True, False]
    assert [new.keys.check(key) is not None for key in keys] == [False, True]


@pytest.mark.parametrize("field", ["memories", "client_counts", "clock", "new_id", "life", "watchers"])
def test_what_outlives_a_configuration(field: str) -> None:
    old = services("old-client-key")
    assert getattr(after(old, "new-client-key"), field) is getattr(old, field)


def test_the_end_is_known_to_what_began_earlier() -> None:
    old = services("old-client-key")
    new = after(old, "new-client-key")
    new.life.draining = new.life.ended = True
    assert (old.life.draining, old.life.ended) == (True, True)


def test_keys_are_masked_as_long_as_an_exchange_runs_that_knows_them() -> None:
    oldest = services("oldest-client-key")
    old = after(oldest, "old-client-key")
    new = after(old, "new-client-key")
    assert new.mask.text("oldest-client-key old-client-key new-client-key") == " ".join([REDACTED] * 3)
    del oldest, old
    gc.collect()
    newest = after(new, "newest-client-key")
    assert newest.mask.text("old-client-key new-client-key newest-client-key").split() == [
        "old-client-key",
        REDACTED,
        REDACTED,
    ]
