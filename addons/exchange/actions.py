"""Actions of an exchange, for the layer to do in order. `Reply` and `Finish` are the last word to the client.

`call` is the number of a call among those that one request became; nearly always there is only call 0.
"""

from collections.abc import Callable
from typing import Literal

from addons.exchange.http_api import Reply
from addons.exchange.provider_request import ProviderRequest
from translators.values import immutable


@immutable
class Send:
    """Ask a provider. `fresh`: not over a connection that was used before."""

    request: ProviderRequest
    fresh: bool = False
    call: int = 0


@immutable
class Drop:
    """Close the connections of `calls`, or of all: nothing more is wanted from the provider."""

    calls: tuple[int, ...] | None = None


@immutable
class Release:
    """The call's answer is complete. Its connection can serve another one if the provider ends its bytes soon."""

    call: int = 0


@immutable
class Begin:
    """Head of a streamed answer."""

    status: int
    headers: tuple[tuple[str, str], ...]


@immutable
class Data:
    data: bytes


@immutable
class Finish:
    """End of a streamed answer. `error` where it did not come to its own end. `cut`: nothing that the client has got
    says so, and its connection has to."""

    error: str | None = None
    cut: bool = False


@immutable
class Work:
    """Do this where it holds up nobody else, and give its result to `work_done`. Requests have a thread of their own,
    and answers have one; `limits` waits for others."""

    do: Callable[[], object]
    on: Literal["request", "answer", "limits", "metrics"]


Action = Work | Send | Drop | Release | Begin | Data | Finish | Reply
