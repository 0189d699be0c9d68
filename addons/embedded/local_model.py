"""The embedded model as a provider: starts its process where settings want it, and lets requests in there."""

import dataclasses
from collections.abc import Callable
from urllib.parse import urlsplit

from addons.credentials import Unauthorised
from addons.embedded import child
from addons.exchange.provider_request import ProviderRequest
from routing.settings import EmbeddedSettings
from translators.errors import Failure

NOT_YET = "http://embedded.invalid"
"""Stands for the model's address until its process has printed it."""


class LocalModel:
    """`moved` gets the base URL of the model's process, which is known once the first request has come."""

    def __init__(self, moved: Callable[[str], None]) -> None:
        self._moved = moved
        self._base_url = NOT_YET
        self._process: child.Embedded | None = None

    @property
    def started(self) -> bool:
        return self._process is not None

    def start(self, settings: EmbeddedSettings) -> str | None:
        """Start the process if `settings` want it. Return a sentence for the operator about what is missing for it."""
        if not settings.enable:
            return None
        if (missing := child.available()) is not None:
            return missing
        self._process = child.Embedded(settings.alias)
        self._process.start()
        return None

    def stop(self) -> None:
        if self._process is not None:
            self._process.stop()
            self._process = None

    async def authorised(self, request: ProviderRequest) -> ProviderRequest:
        """Return the request with the process's address and key, once it answers. Raises `Unauthorised`."""
        if self._process is None:
            raise _down("it is switched off.")
        try:
            base_url = await self._process.ready()
        except child.Unavailable as error:
            raise _down(str(error)) from None
        if base_url != self._base_url:
            self._base_url = base_url
            self._moved(base_url)
        secrets = (*request.secrets, ("x-api-key", self._process.key))
        return dataclasses.replace(request, url=base_url + urlsplit(request.url).path, secrets=secrets, auth=None)


def _down(why: str) -> Unauthorised:
    message = f"The embedded model is not running: {why}"
    return Unauthorised(Failure(503, message, "server_error", None, "embedded_model_down"))
