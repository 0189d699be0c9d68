"""Lets requests in at providers that want more than a key: tokens that expire, signatures over a request.

The libraries of Google, Microsoft and Amazon know where credentials are and how they are fetched. This file decides
when: a token is fetched once for all who wait for it, and anew before it expires, while the old one is still good.
Libraries block, so they run in threads. None is imported unless configuration wants it.
"""

import asyncio
import importlib.util
import json
import logging
import re
import sys
import threading
import time
from collections.abc import Callable, Collection, Iterable
from concurrent.futures import Future
from dataclasses import replace
from datetime import UTC
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import urlsplit

from addons.exchange import redaction
from addons.exchange.provider_request import ProviderRequest
from routing.auth import Auth, AwsAuth, EmbeddedAuth, EntraAuth, GoogleAuth, StaticKey
from translators.errors import Failure
from translators.values import immutable

GOOGLE_SCOPE = "https://www.googleapis.com/auth/cloud-platform"
EARLY_SECONDS = 300.0
"""The time before a token expires at which the next one is fetched, beside the requests that still use it."""
LAST_SECONDS = 30.0
"""The time before a token expires from which it is not used any more."""

LIBRARIES: dict[type[Auth], tuple[str, str, str]] = {
    GoogleAuth: ("google.auth", "vertex", "google-auth requests"),
    AwsAuth: ("botocore", "bedrock", "botocore"),
    EntraAuth: ("azure.identity", "azure-openai", "azure-identity"),
}
"""The module that a kind of auth needs, the section of the configuration, the packages that bring it."""


logger = logging.getLogger("gateway")
_TOKEN_URI = re.compile(
    r"https://[a-z0-9-]+(?:\.[a-z0-9-]+)*\.googleapis\.com(?:/[\w./-]*)?|http://(?:127\.0\.0\.1|localhost)(?::\d+)?(?:/[\w./-]*)?"
)
_SHOWN = 500
"""Characters of a library's complaint in the log."""


class NoCredentials(Exception):
    """Raised where a library has no credentials, or its issuer gave none; the text is for the operator's log."""


class Unauthorised(Exception):
    """Raised for a request that cannot be authorised; `failure` is for the client. No credential is in it."""

    def __init__(self, failure: Failure) -> None:
        super().__init__(failure.message)
        self.failure = failure


class Authority(Protocol):
    async def authorised(self, request: ProviderRequest) -> ProviderRequest:
        """Return `request` with its credentials among `secrets` and `auth` None. Raises `Unauthorised`."""


def missing(wanted: Iterable[Auth | None]) -> str | None:
    """Return a sentence for the operator that names the first library that is not installed, or None."""
    kinds = {type(auth) for auth in wanted}
    for module, section, packages in (needs for kind, needs in LIBRARIES.items() if kind in kinds):
        try:
            spec = importlib.util.find_spec(module)
        except ModuleNotFoundError:
            spec = None
        if spec is None:
            return f"{section} in the configuration needs a library: {sys.executable} -m pip install {packages}"
    return None


class Authorities:
    """One authority for each `Auth` value, made when it is first needed. `now` is seconds since 1970."""

    def __init__(self, now: Callable[[], float] = time.time) -> None:
        self._now = now
        self._made: dict[Auth, Authority] = {}

    async def authorised(self, request: ProviderRequest) -> ProviderRequest:
        """Return `request` with its credentials. Raises `Unauthorised`."""
        auth = request.auth
        assert auth is not None
        if (authority := self._made.get(auth)) is None:
            authority = self._made[auth] = self._new(auth)
        return await authority.authorised(request)

    def keep(self, auths: Iterable[Auth | None], changed: Collection[str]) -> None:
        """Forget the authorities of all but `auths`, and of those whose file is among the `changed`."""
        wanted = {auth for auth in auths if not (isinstance(auth, GoogleAuth) and auth.credentials_file in changed)}
        self._made = {auth: authority for auth, authority in self._made.items() if auth in wanted}

    def _new(self, auth: Auth) -> Authority:
        match auth:
            case GoogleAuth():
                extra = (("x-goog-user-project", auth.quota_project),) if auth.quota_project else ()
                return Bearer(Tokens("Google", _google(auth), self._now), extra)
            case EntraAuth():
                return Bearer(Tokens("Microsoft Entra ID", _entra(auth), self._now))
            case AwsAuth():
                return Signer(auth)
            case StaticKey() | EmbeddedAuth():
                raise AssertionError(type(auth))


@immutable
class Token:
    """A token; `expires` in seconds since 1970."""

    text: str
    expires: float


class Tokens:
    """The token of one identity. `fetch` blocks, and raises `NoCredentials`."""

    def __init__(self, issuer: str, fetch: Callable[[], Token], now: Callable[[], float]) -> None:
        self._issuer, self._fetch, self._now = issuer, fetch, now
        self._token: Token | None = None
        self._fetching: asyncio.Future[Token] | None = None

    async def token(self) -> str:
        """Return a token that is good for some time yet. Raises `Unauthorised`."""
        remaining = self._token.expires - self._now() if self._token else 0.0
        if remaining > EARLY_SECONDS and self._token is not None:
            return self._token.text
        if self._fetching is None:
            self._fetching = _beside(self._fetch)
            self._fetching.add_done_callback(self._fetched)
        if remaining > LAST_SECONDS and self._token is not None:
            return self._token.text
        try:
            return (await asyncio.shield(self._fetching)).text
        except NoCredentials as error:
            raise _refused(self._issuer, error) from None

    def _fetched(self, fetching: "asyncio.Future[Token]") -> None:
        self._fetching = None
        if not fetching.cancelled() and fetching.exception() is None:
            self._token = fetching.result()


def _beside[Made](work: Callable[[], Made]) -> asyncio.Future[Made]:
    """Do `work` in a thread of its own. A library may wait for minutes: a gateway that is stopped does not wait for it,
    as it would for the threads of asyncio."""
    made: Future[Made] = Future()

    def run() -> None:
        if not made.set_running_or_notify_cancel():
            return
        try:
            made.set_result(work())
        except BaseException as error:  # noqa: BLE001 - raised where it is waited for
            made.set_exception(error)

    threading.Thread(target=run, name="credentials", daemon=True).start()
    return asyncio.wrap_future(made)


class Bearer:
    """A token in `Authorization`."""

    def __init__(self, tokens: Tokens, extra: tuple[tuple[str, str], ...] = ()) -> None:
        self._tokens, self._extra = tokens, extra

    async def authorised(self, request: ProviderRequest) -> ProviderRequest:
        token = await self._tokens.token()
        secrets = (*request.secrets, ("authorization", f"Bearer {token}"))
        return replace(request, headers=(*request.headers, *self._extra), secrets=secrets, auth=None)


class Signer:
    """AWS Signature Version 4, by botocore."""

    def __init__(self, auth: AwsAuth) -> None:
        self._auth = auth
        self._credentials: Any = None

    async def authorised(self, request: ProviderRequest) -> ProviderRequest:
        try:
            frozen = await _beside(self._frozen)
        except NoCredentials as error:
            raise _refused("AWS", error) from None
        return replace(request, secrets=(*request.secrets, *self._signature(request, frozen)), auth=None)

    def _frozen(self) -> Any:
        """Return the keys as they are now: botocore renews those of a role."""
        from botocore.credentials import Credentials
        from botocore.exceptions import BotoCoreError, ClientError
        from botocore.parsers import ResponseParserError
        from botocore.session import Session

        auth = self._auth
        try:
            if self._credentials is None and auth.access_key_id and auth.secret_access_key:
                token = auth.session_token.reveal() if auth.session_token else None
                self._credentials = Credentials(auth.access_key_id.reveal(), auth.secret_access_key.reveal(), token)
            elif self._credentials is None:
                self._credentials = Session(profile=auth.profile).get_credentials()
            if self._credentials is None:
                raise NoCredentials("none were found where AWS tools look for them")
            return self._credentials.get_frozen_credentials()
        except (BotoCoreError, ClientError, ResponseParserError, OSError) as error:
            raise NoCredentials(str(error)) from error

    def _signature(self, request: ProviderRequest, frozen: Any) -> tuple[tuple[str, str], ...]:
        from botocore.auth import SigV4Auth
        from botocore.awsrequest import AWSRequest

        host = urlsplit(request.url).netloc  # as it will be sent, with the port that stands in the URL
        signed = AWSRequest("POST", request.url, {"content-type": "application/json", "host": host}, request.body)
        SigV4Auth(frozen, self._auth.service, self._auth.region).add_auth(signed)
        made = {name.lower(): value for name, value in signed.headers.items()}
        return tuple(
            (name, value) for name, value in made.items() if name == "authorization" or name.startswith("x-amz")
        )


def _google(auth: GoogleAuth) -> Callable[[], Token]:
    credentials: Any = None

    def fetch() -> Token:
        nonlocal credentials
        import google.auth
        from google.auth.exceptions import GoogleAuthError
        from google.auth.transport.requests import Request

        try:
            if credentials is None and auth.credentials_file is not None:
                credentials = _service_account(Path(auth.credentials_file))
            elif credentials is None:
                credentials, _ = google.auth.default(scopes=[GOOGLE_SCOPE])
            credentials.refresh(Request())
        except (GoogleAuthError, OSError, ValueError) as error:
            raise NoCredentials(str(error)) from error
        return Token(credentials.token, credentials.expiry.replace(tzinfo=UTC).timestamp())

    return fetch


def _service_account(path: Path) -> Any:
    """Return the credentials of a key file, which names where its signed assertion is sent: to Google, or to a stand-in
    on this machine. Raises `NoCredentials` for any other place."""
    from google.oauth2 import service_account

    info = json.loads(path.read_bytes())
    if not _TOKEN_URI.fullmatch(str(info.get("token_uri"))):
        raise NoCredentials("the token_uri of the credentials file is not at googleapis.com")
    made: Any = service_account.Credentials
    return made.from_service_account_info(info, scopes=[GOOGLE_SCOPE])


def _entra(auth: EntraAuth) -> Callable[[], Token]:
    credential: Any = None

    def fetch() -> Token:
        nonlocal credential
        from azure.core.exceptions import AzureError
        from azure.identity import ClientSecretCredential, DefaultAzureCredential

        try:
            if credential is None and auth.tenant_id and auth.client_id and auth.client_secret:
                credential = ClientSecretCredential(auth.tenant_id, auth.client_id, auth.client_secret.reveal())
            elif credential is None:
                credential = DefaultAzureCredential()
            token = credential.get_token(auth.scope)
        except (AzureError, ValueError) as error:
            raise NoCredentials(str(error)) from error
        return Token(token.token, float(token.expires_on))

    return fetch


def _refused(issuer: str, error: NoCredentials) -> Unauthorised:
    logger.warning("No credentials from %s: %s", issuer, redaction.one_line(str(error), _SHOWN))
    message = (
        f"The gateway has no credentials from {issuer} for this provider. Nothing is wrong with the request; "
        "the operator of the gateway must look at its log."
    )
    return Unauthorised(Failure(502, message, "server_error", None, "upstream_authentication_error"))
