"""Who lets requests in at providers that want more than a key: tokens that expire, signatures over a request."""

from typing import Protocol

from addons.provider_request import ProviderRequest
from translators.errors import Failure


class Unauthorised(Exception):
    """A request cannot be authorised; `failure` is what the client is told. No credential is in it."""

    def __init__(self, failure: Failure) -> None:
        super().__init__(failure.message)
        self.failure = failure


class Authority(Protocol):
    async def authorised(self, request: ProviderRequest) -> ProviderRequest:
        """`request` with its credentials among `secrets` and `auth` None. Raises `Unauthorised`."""
