"""Describes a configuration in words: what is remarkable at every start, and all of it for `scripts/run --check`.

No provider is called for it."""

import time
from collections.abc import Iterator
from pathlib import Path

from addons import limiting
from addons.credentials import missing
from addons.embedded import child
from addons.launch.listening import obstacle
from addons.metrics import libraries
from addons.usage import database
from routing.config import Loaded
from routing.settings import InspectorSettings, Settings
from routing.targets import Offer
from translators.registry import KNOWN_MODELS


def remarks(loaded: Loaded) -> Iterator[str]:
    """Yield what the operator may not have meant: what is off, what is never used, who cannot come in."""
    yield from (skipped.text for skipped in loaded.skipped)
    yield from loaded.warnings
    if not loaded.settings.api_keys:
        yield "api-keys is empty: every call to /v1 will be refused (401). Add a key to config.yaml."
    for key in loaded.settings.api_keys:
        if key.expires is not None and key.expires <= time.time():
            yield f"The key {key.name} has expired: every call with it is refused (401)."
    if rules := len(loaded.settings.faults):
        words = "1 rule spoils" if rules == 1 else f"{rules} rules spoil"
        yield f"faults: {words} answers on purpose. Remove the section from config.yaml where real work is done."


def hindrance(settings: Settings) -> str | None:
    """Return why the gateway cannot start with `settings`: a library that they need is not installed, or usage-db is a
    file of something else."""
    auths = (auth for _, _, entry in settings.providers for auth in entry.credentials())
    if (library := missing(auths) or limiting.missing(settings.limits_storage)) is not None:
        return library
    if (library := libraries.hindrance(settings.otel)) is not None:
        return library
    if settings.inspected is not None and settings.inspected.redact:
        from addons.inspector import redactor  # the inspector costs nothing where it is off

        if (why := redactor.hindrance(settings.inspected.redact)) is not None:
            return why
    return None if settings.usage_db is None else database.obstacle(Path(settings.usage_db))


def url(host: str, port: int | None) -> str:
    """Return the URL at which clients find what listens there. An empty host is every address of the machine."""
    return f"http://{f'[{host}]' if ':' in host else host or '0.0.0.0'}:{port}/v1"


def report(loaded: Loaded, file: Path, host: str, port: int) -> Iterator[str]:
    """Yield the lines of a check in which nothing is wrong."""
    settings = loaded.settings
    yield f"{file}: the gateway would start."
    yield f"address   {url(host, port)}"
    yield f"clients   {', '.join(key.name or '' for key in settings.api_keys) or 'none'}"
    for section, _, entry in settings.providers:
        offer = Offer(entry, KNOWN_MODELS, forced=settings.force_model_prefix, proxies=settings.proxies)
        yield f"provider  {_provider(section, offer)}"
    if settings.embedded.enable and child.available() is None:
        yield f"provider  embedded, on this machine: {settings.embedded.alias}"
    if (page := settings.inspected) is not None:
        yield f"inspector {_inspector(page)}"
    for remark in (*remarks(loaded), *_at_the_start(settings, host, port)):
        yield f"warning   {remark}"


def _inspector(page: InspectorSettings) -> str:
    where = url(page.host, page.port).removesuffix("v1")
    kept = "in memory" if page.spool is None else f"in memory and in {page.spool}"
    token = "a token of each start" if page.key is None else "the token of inspector.key"
    return f"{where}, with {token}; prompts are kept {kept}"


def _at_the_start(settings: Settings, host: str, port: int) -> Iterator[str]:
    if settings.embedded.enable and (off := child.available()) is not None:
        yield off
    if not settings.providers and not settings.embedded.enable:
        yield "No provider is on: every request is refused. Add one to config.yaml."
    if (taken := obstacle(host, port)) is not None:
        yield taken
    page = settings.inspected
    if page is not None and obstacle(page.host, page.port) is not None:
        yield f"Port {page.port} on {page.host} is taken (inspector.port): the gateway would work without its page."


def _provider(section: str, offer: Offer) -> str:
    entry = offer.entry
    names = list(offer.listed)
    target = offer.targets(names[0])[0] if names else offer.sample()
    where = next(iter(target.base_urls.values()))
    if (proxy := target.proxies.of(where)) is not None:
        where += f" through {proxy}"
    if entry.discovered:
        names.append("the models that it has, which it is asked for at the start")
    elif not entry.models:
        names.append("other names like those of its models")
    return f"{section}, {where}: {', '.join(names) or 'nothing'}"
