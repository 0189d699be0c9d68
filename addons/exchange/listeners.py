"""Listeners of one exchange. They get everything but credentials."""

import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace

from addons.exchange import http_api
from addons.exchange.attempt import Attempt
from addons.exchange.http_api import Head
from addons.exchange.observers import Asked, Pairs, Phase, PhaseMessage, Record, Watcher
from translators.errors import Failure
from translators.masking import REDACTED, Mask
from translators.notes import Note
from translators.pipe import Tapped

logger = logging.getLogger("gateway")

_SHORTEST_SECRET = 4
"""Anything shorter looks like ordinary text."""

Headers = tuple[tuple[str, str], ...]
_Columns = tuple[tuple[str, ...], tuple[bytes, ...], tuple[bytes, ...], tuple[tuple[Note, ...], ...]]
"""Names, payloads, client bytes and notes of events."""


def not_sent(events: Iterable[Tapped]) -> list[Tapped]:
    """Return the events with nothing that the client got of them."""
    return [(name, provider, b"", notes) for name, provider, _, notes in events]


def _columns(events: Sequence[Tapped]) -> _Columns:
    names, providers, clients, notes = zip(*events, strict=True)
    return names, providers, clients, notes


class Listeners:
    """`now` counts seconds from anywhere. `mask` knows the keys of everybody, and comes to know the credentials of the
    requests that leave. A listener may fail; the exchange does not fail with it."""

    def __init__(self, watchers: tuple[Watcher, ...], record: Record, now: Callable[[], float], mask: Mask) -> None:
        self._watchers, self._record, self._now = watchers, record, now
        self._detailed = tuple(watcher for watcher in watchers if watcher.detailed)
        self.born = now()
        self.mask = mask
        self._request_shown = False
        self._failed: list[Watcher] = []
        """Those whose failure has been told: it may come with each event of a stream."""
        self.tries = 0
        """The number of the last attempt at the call that needed most of them."""

    @property
    def detailed(self) -> bool:
        """Return whether anybody wants more than the end."""
        return bool(self._detailed)

    def keep_secret(self, headers: Headers) -> None:
        """Hide what `headers` carry from now. Most providers repeat a bearer's token without the word before it, and a
        key that is known already needs no other mask: to make one takes time for each key of the gateway."""
        bare = [(value.removeprefix("Bearer "), value) for _, value in headers]
        texts = [token if len(token) >= _SHORTEST_SECRET else value for token, value in bare]
        self.mask = self.mask.knowing(text for text in texts if len(text) >= _SHORTEST_SECRET)

    def without_secrets[Text: (str, bytes)](self, text: Text) -> Text:
        """Take out our credentials: a provider may repeat them, and nobody else is to read them."""
        return self.mask.body(text) if isinstance(text, bytes) else self.mask.text(text)

    def without_secrets_in(self, failure: Failure) -> Failure:
        """Take our credentials out of all fields of a failure."""
        mask, param, code = self.mask.text, failure.param, failure.code
        return replace(
            failure,
            message=mask(failure.message),
            type=mask(failure.type),
            param=param and mask(param),
            code=code and mask(code),
            headers=self.clean(failure.headers),
        )

    def clean(self, headers: Mapping[str, str]) -> dict[str, str]:
        """Return those of a provider's headers that are fit for its client."""
        fit = http_api.safe_headers(headers)
        return {name: value for name, value in fit.items() if self.without_secrets(value) == value}

    def request(self, head: Head, headers: Mapping[str, str], body: bytes | None) -> None:
        """Show the client's request. `headers` may have its key."""
        self._request_shown = True
        if self._detailed:
            shown = ((k, REDACTED if k in http_api.SECRET_HEADERS else v) for k, v in headers.items())
            self.message("client_request", f"{self._record.method} {self._record.path}", tuple(shown), body)

    def answer(self, head: Head, status: int, headers: Headers, body: bytes | None) -> None:
        """Show the client's answer, after the request's head where its body was never read."""
        if not self._request_shown:
            self.request(head, head.headers, None)
        self.message("client_response", str(status), headers, body)

    def provider(self, attempt: Attempt, body: bytes | None, call: int) -> None:
        """Show a provider's answer, once for each attempt."""
        if not attempt.shown:
            attempt.shown = True
            headers = tuple(attempt.headers.items())
            self.message("provider_response", str(attempt.status), headers, body, call, attempt.number)

    def message(
        self,
        phase: Phase,
        line: str,
        headers: Headers,
        body: bytes | None,
        call: int = 0,
        attempt: int | None = None,
        asked: Asked | None = None,
    ) -> None:
        if self._detailed:
            body = None if body is None else self.without_secrets(body)
            headers = self._clean_headers(headers)
            number = self.tries if attempt is None else attempt
            message = PhaseMessage(phase, self._now() - self.born, number, line, headers, body, call, asked)
            self._each(self._detailed, lambda watcher: watcher.message(self._record, message))

    def pair(self, name: str, provider: bytes, client: bytes, *, injected: bool = False) -> None:
        """Show an event that is no attempt's."""
        self.pairs([(name, provider, client, ())], injected=injected)

    def pairs(
        self,
        events: Sequence[Tapped],
        call: int = 0,
        attempt: int = 0,
        at: float | None = None,
        *,
        injected: bool = False,
    ) -> None:
        """Show events that came together: `at` that time on the monotonic clock; None: just now."""
        if self._detailed and events:
            came = (self._now() if at is None else at) - self.born
            pairs = Pairs(came, *self._clean_events(events), call, attempt, injected)
            self._each(self._detailed, lambda watcher: watcher.pairs(self._record, pairs))

    def ended(self, *, counts: bool) -> None:
        """Show the end of the exchange. `counts`: it is worth a line in the log."""
        record = self._record
        record.notes = [*self._clean_notes(record.notes)]
        record.served_model = record.served_model and self.mask.text(record.served_model)
        self._each(self._watchers if counts else self._detailed, lambda watcher: watcher.ended(self._record))

    def _clean_events(self, events: Sequence[Tapped]) -> _Columns:
        """Return the names, payloads, client bytes and notes of events, without secrets. Nearly always there are none,
        which is found out for all at once."""
        names, providers, clients, noted = columns = _columns(events)
        payloads, named, mask = b"\n".join(providers + clients), "\n".join({*names}), self.mask
        if mask.body(payloads) is payloads and mask.text(named) is named and not any(noted):
            return columns
        return _columns(
            [
                (mask.text(name), mask.body(provider), mask.body(client), self._clean_notes(notes))
                for name, provider, client, notes in events
            ]
        )

    def _clean_headers(self, headers: Headers) -> Headers:
        joined = "\n".join([text for field in headers for text in field])
        if self.mask.text(joined) is joined:
            return headers
        return tuple((self.mask.text(name), self.mask.text(value)) for name, value in headers)

    def _clean_notes(self, notes: Iterable[Note]) -> tuple[Note, ...]:
        """Return the notes without secrets: a path has the names of a client's fields, and of a provider's."""
        return tuple(
            note if (path := self.mask.text(note.path)) == note.path else replace(note, path=path) for note in notes
        )

    def _each(self, watchers: tuple[Watcher, ...], report: Callable[[Watcher], None]) -> None:
        for watcher in watchers:
            try:
                report(watcher)
            except Exception:
                if watcher not in self._failed:
                    self._failed.append(watcher)
                    logger.exception("A watcher of an exchange failed; the exchange goes on.", extra={"counted": True})
