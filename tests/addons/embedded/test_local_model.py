"""The embedded model as a provider, where there is none."""

import pytest

from addons.credentials import Unauthorised
from addons.embedded.local_model import LocalModel
from addons.exchange.provider_request import ProviderRequest
from routing.auth import EmbeddedAuth
from routing.settings import EmbeddedSettings

REQUEST = ProviderRequest("http://embedded.invalid/v1/messages", (), b"{}", (), EmbeddedAuth())


async def test_a_model_that_is_off_lets_nobody_in() -> None:
    moved: list[str] = []
    model = LocalModel(moved.append)
    assert model.start(EmbeddedSettings(enable=False)) is None
    assert not model.started
    with pytest.raises(Unauthorised) as caught:
        await model.authorised(REQUEST)
    assert (caught.value.failure.status, caught.value.failure.code) == (503, "embedded_model_down")
    assert moved == []
    model.stop()
