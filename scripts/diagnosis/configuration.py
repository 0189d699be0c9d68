"""The configuration: who may come in from where, times that fight each other, what is there twice or for nothing."""

import re
import time
from collections.abc import Iterator
from hmac import compare_digest
from itertools import combinations
from urllib.parse import urlsplit

from routing.auth import StaticKey
from routing.config import Loaded
from routing.field_types import address
from routing.globs import matches_in_any_case
from routing.providers.entry import Entry
from routing.settings import ClientKey, Settings, digest
from routing.targets import Offer, Target
from scripts.diagnosis.finding import Finding, Severity
from scripts.diagnosis.machine import EXAMPLE_KEY
from translators.registry import KNOWN_MODELS

SHORTEST_KEY = 16
"""Characters of a client's key that nobody guesses."""
_EXAMPLES = re.compile(r"(your|my|example|sample|test|changeme|change-me|secret|password|default|dummy|sk-?x|x+$|\d+$)")
PROXIES_WAIT = 60.0
"""Seconds of silence after which reverse proxies commonly give up."""


def offers(settings: Settings) -> list[Offer]:
    """Return what each entry serves; the credentials of a provider are counted as in the gateway's log."""
    made: list[Offer] = []
    counts: dict[str, int] = {}
    for _, _, entry in settings.providers:
        first = counts.get(entry.provider, 0) + 1
        made.append(_offer(settings, entry, first))
        counts[entry.provider] = first - 1 + made[-1].credentials
    return made


def _offer(settings: Settings, entry: Entry, first: int) -> Offer:
    forced, proxies = settings.force_model_prefix, settings.proxies
    return Offer(entry, KNOWN_MODELS, first=first, forced=forced, proxies=proxies)


def remarks(loaded: Loaded) -> Iterator[Finding]:
    """Yield what the reading of the file has found remarkable."""
    for skipped in loaded.skipped:
        yield Finding("note", "environment", skipped.text)
    for warning in loaded.warnings:
        yield Finding("warning", "configuration", warning)


def clients(settings: Settings) -> Iterator[Finding]:
    """Yield what is wrong with the keys of clients, and with who may come in."""
    if not settings.api_keys:
        yield Finding("error", "api-keys", "is empty: every call of /v1 is refused (401)", "add a key")
    for key in settings.api_keys:
        yield from _client_key(key, settings.loopback)
    if not settings.loopback:
        text = "lets other machines in, and the gateway speaks plain HTTP: keys and prompts can be read on the way"
        yield Finding("warning", "host", text, "put a reverse proxy with TLS before it, or use 127.0.0.1")
    if "*" in settings.cors_origins:
        text = "lets every web page call the gateway that has, or is told, a key"
        yield Finding("warning", "cors-origins", text, "name the origins of your own pages")


def _client_key(key: ClientKey, loopback: bool) -> Iterator[Finding]:
    grave: Severity = "warning" if loopback else "error"
    remedy = "replace it, for instance by what `openssl rand -hex 24` prints"
    held = key.key if key.key_file is None else key.key_file.key
    text = "" if held is None else held.reveal()
    if compare_digest(key.digest, digest(EXAMPLE_KEY)):
        yield Finding(grave, f"api-keys ({key.name})", "is the key that everybody knows from the example", remedy)
    elif text and _EXAMPLES.match(text.lower()):
        yield Finding(grave, f"api-keys ({key.name})", "looks like an example", remedy)
    elif text and len(text) < SHORTEST_KEY:
        yield Finding("warning", f"api-keys ({key.name})", f"has less than {SHORTEST_KEY} characters", remedy)
    if key.expires is not None and key.expires <= time.time():
        yield Finding("warning", f"api-keys ({key.name})", "has expired: every call with it is refused", "remove it")


def timeouts(settings: Settings) -> Iterator[Finding]:
    """Yield limits that never come, since another always comes first, and those that are missed."""
    times, keepalive = settings.timeouts, settings.streaming.keepalive_seconds
    for name, seconds in (("connect", times.connect), ("first-byte", times.first_byte), ("idle", times.idle)):
        if times.total and seconds >= times.total:
            text = f"never comes ({seconds:g} s): the whole exchange ends after {times.total:g} s (timeouts.total)"
            yield Finding("warning", f"timeouts.{name}", text, "make it shorter, or total longer; 0 is off")
    if settings.hedge_after and times.first_byte and settings.hedge_after >= times.first_byte:
        text = f"never comes ({settings.hedge_after:g} s): a silent provider is given up after {times.first_byte:g} s"
        yield Finding("warning", "hedge-after", text, "make it shorter than timeouts.first-byte")
    if not times.total and not (times.first_byte and times.idle):
        text = "a provider that takes a request and says nothing is waited for without an end"
        yield Finding("warning", "timeouts", text, "set first-byte and idle, or total")
    if keepalive and times.idle and keepalive >= times.idle:
        text = f"never comes ({keepalive:g} s): a silent provider is given up after {times.idle:g} s (timeouts.idle)"
        yield Finding("warning", "streaming.keepalive-seconds", text, "make it shorter than timeouts.idle")
    if not keepalive or keepalive >= PROXIES_WAIT:
        text = f"is off or long: proxies on the way commonly cut a stream that is silent for {PROXIES_WAIT:g} s"
        yield Finding("note", "streaming.keepalive-seconds", text, "15 is the default")


def providers(settings: Settings) -> Iterator[Finding]:
    """Yield what is wrong with the entries of providers."""
    made = offers(settings)
    if not made and not settings.embedded.enable:
        yield Finding("error", "providers", "there is none: every request is refused", "add one; see docs/providers.md")
    for offer in made:
        yield from _in_the_clear(offer.sample())
    for one, other in combinations(made, 2):
        both = [name for name in one.listed if name in other.listed]
        same = {target.credential.identity for name in both[:1] for target in one.targets(name)} & {
            target.credential.identity for name in both[:1] for target in other.targets(name)
        }
        if same:
            text = f"two entries serve {both[0]} with the same key at the same address; the second adds nothing"
            yield Finding("warning", other.entry.section, text, "remove one of them, or give it another key")


def _in_the_clear(target: Target) -> Iterator[Finding]:
    for base_url in target.base_urls.values():
        parts = urlsplit(base_url)
        ip = address(parts.hostname or "")
        near = parts.hostname == "localhost" or (ip is not None and (ip.is_loopback or ip.is_private))
        if parts.scheme == "http" and isinstance(target.auth, StaticKey) and not near:
            text = f"its key and all prompts go to {parts.hostname} unencrypted"
            yield Finding("warning", target.credential.name, text, "use https:// in base-url")
            return


def prices(settings: Settings) -> Iterator[Finding]:
    """Yield prices for nobody, and usage without prices."""
    names = {entry.provider for _, _, entry in settings.providers} | {"embedded"}
    for at, price in enumerate(settings.prices):
        if not any(matches_in_any_case(name, (price.provider,)) for name in names):
            there = ", ".join(sorted(names))
            yield Finding("warning", f"prices[{at}].provider", "matches no provider", f"those here are {there}")
    if settings.usage_db is not None and not settings.prices:
        yield Finding("note", "usage-db", "there are no prices: every cost in it is unknown", "add prices")
