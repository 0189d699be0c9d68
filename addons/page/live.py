"""Changes as server-sent events: `GET /api/live`."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from functools import partial

from addons.inspector.recording import Change
from addons.page.answers import aside, written

KEEPALIVE_SECONDS = 15.0
MOST_STREAMS = 32
MOST_FOLLOWED = 16
MANY = 100
LARGE = 64 * 1024
"""The events, and the bytes of them, above which they are written in a thread."""


async def live(
    changes: AsyncIterator[Sequence[Change]], followed: frozenset[str], ending: asyncio.Event
) -> AsyncGenerator[bytes]:
    """Yield `event: exchange` with a summary whenever an exchange begins, changes or ends, `event: events` `{"id":
    "...", "events": [...]}` of those that are `followed`, `event: gone` `{"ids": []}`, `event: resync` `{}` where there
    was too much to tell; until `ending`."""
    ends = asyncio.ensure_future(ending.wait())
    coming: asyncio.Future[Sequence[Change]] | None = asyncio.ensure_future(anext(changes))
    await asyncio.sleep(0)  # from now on nothing is missed
    try:
        yield b"retry: 1000\n: exchanges as they happen\n\n"
        while not ending.is_set():
            coming = coming or asyncio.ensure_future(anext(changes))
            await asyncio.wait((coming, ends), timeout=KEEPALIVE_SECONDS, return_when=asyncio.FIRST_COMPLETED)
            if not coming.done():
                if not ending.is_set():
                    yield b": still here\n\n"
                continue
            try:
                together = coming.result()
            except StopAsyncIteration:
                return
            finally:
                coming = None
            tell = partial(_told, together, followed)
            if told := await aside(tell) if _many(together) else tell():
                yield told
    finally:
        ends.cancel()
        if coming is not None:
            coming.cancel()
            await asyncio.wait((coming,))
        if isinstance(changes, AsyncGenerator):
            await changes.aclose()


def _many(together: Sequence[Change]) -> bool:
    events = [event for change in together for event in change.events]
    return len(events) > MANY or sum(len(event.provider) + len(event.client) for event in events) > LARGE


def _told(together: Sequence[Change], followed: frozenset[str]) -> bytes:
    return b"".join([_told_one(change, followed) for change in together])


def _told_one(change: Change, followed: frozenset[str]) -> bytes:
    match change.kind:
        case "exchange":
            return _event("exchange", change.summary)
        case "events" if change.id in followed:
            return _event("events", {"id": change.id, "events": [pair.json() for pair in change.events]})
        case "gone":
            return _event("gone", {"ids": list(change.ids)})
        case "resync":
            return _event("resync", {})
    return b""


def _event(name: str, value: object) -> bytes:
    return b"event: %s\ndata: %s\n\n" % (name.encode(), written(value))
