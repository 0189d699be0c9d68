"""Ways to be let in at a provider, as values only: the shell acts on them."""

from dataclasses import fields

from routing.secret import Secret
from translators.values import immutable


@immutable
class StaticKey:
    """A key that goes as `prefix` and `secret` into the header `header` of every request."""

    header: str
    secret: Secret
    prefix: str = ""


@immutable
class GoogleAuth:
    """A bearer token of Google's OAuth: for the service account in the JSON file `credentials_file`, or without one for
    the application-default credentials. `quota_project` goes into `x-goog-user-project`."""

    credentials_file: str | None = None
    quota_project: str | None = None


@immutable
class AwsAuth:
    """A signature (AWS Signature Version 4) for `service` in `region`. Without keys they come from where AWS tools look
    for them (environment, the shared files under `profile`, the machine's role)."""

    region: str
    service: str = "bedrock"
    access_key_id: Secret | None = None
    secret_access_key: Secret | None = None
    session_token: Secret | None = None
    profile: str | None = None


@immutable
class EntraAuth:
    """A bearer token of Microsoft Entra ID for `scope`: for an application's `client_id` and `client_secret` in
    `tenant_id`, or without them for the default credential of the machine."""

    scope: str = "https://cognitiveservices.azure.com/.default"
    tenant_id: str | None = None
    client_id: str | None = None
    client_secret: Secret | None = None


@immutable
class EmbeddedAuth:
    """The model in our own child process: its address and its key are known once it runs."""


Auth = StaticKey | GoogleAuth | AwsAuth | EntraAuth | EmbeddedAuth


def revealed(auth: Auth | None) -> tuple[object, ...]:
    """Return the parts of a credential, keys in the clear, to tell it from others. Not to be shown."""
    if auth is None:
        return ()
    values = (getattr(auth, each.name) for each in fields(auth))
    return (type(auth).__name__, *(value.reveal() if isinstance(value, Secret) else value for value in values))
