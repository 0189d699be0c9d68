"""The recordings that scripts/mock answers with, and which request gets which."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from addons.inspector.exports.fixture import is_kept
from scripts.tools.files import Unusable, read
from scripts.tools.recording import META, SUFFIXES, WHOLE, meta_path
from translators import convert
from translators.convert import DIALECTS, PAIRS
from translators.values import immutable

CLIENTS = {"openai": "chat", "openai-responses": "responses", "openai-completions": "completions"}
"""Dialects that clients speak as well: any recording can be turned into theirs."""
_MOST_TURNS = 10_000
_TYPES = {suffix: kind for kind, suffix in SUFFIXES.items()} | {WHOLE: "application/json"}


@immutable
class Fixture:
    """`name` is its path below the folder, without suffix; `pieces` are milliseconds since the request, and bytes."""

    name: str
    dialect: str
    stream: bool
    model: str | None
    status: int
    headers: Mapping[str, str]
    pieces: Sequence[tuple[float, bytes]]
    broke: bool


class Fixtures:
    """The recordings of a folder. Those that fit a request take turns; one whose stream is broken answers where it is
    asked for by name, or where there is no other."""

    def __init__(self, fixtures: Sequence[Fixture]) -> None:
        self._fixtures = fixtures
        self._sound: dict[str, bool] = {}
        """Whether a recording is, by its name; found out when that is needed."""
        self._turns: dict[tuple[object, ...], int] = {}

    @classmethod
    def load(cls, folder: Path) -> "Fixtures":
        """Return the recordings in a folder and those in it. Raises `Unusable`."""
        if not folder.is_dir():
            raise Unusable(f"the folder {folder} is not there.")
        found = [fixture for path in sorted(folder.rglob("*")) if (fixture := _fixture(folder, path)) is not None]
        if not found:
            packed = " There are ZIP files, which must be unpacked." if any(folder.rglob("*.zip")) else ""
            raise Unusable(f"{folder} has no recordings; scripts/record makes them.{packed}")
        return cls(found)

    def names(self) -> list[dict[str, Any]]:
        """Return what there is:
        `[{"name": "recorded/stream", "dialect": "anthropic", "stream": true, "model": "m"}]`."""
        return [
            {"name": each.name, "dialect": each.dialect, "stream": each.stream, "model": each.model}
            for each in self._fixtures
        ]

    def models(self) -> list[str]:
        """Return the names of the models that were recorded."""
        return sorted({each.model for each in self._fixtures if each.model is not None})

    def choose(self, dialect: str, stream: bool, model: str | None, name: str | None) -> Fixture:
        """Return the recording of that name, or the one whose turn it is, in the form in which it is sent. Raises
        LookupError with a sentence."""
        groups = self._fitting(dialect, stream)
        if name is not None:
            groups = [[each for each in group if each.name == name] for group in groups]
        of_model = [[each for each in group if model is not None and each.model == model] for group in groups]
        found = next((group for group in (*of_model, *groups) if group), None)
        if found is None:
            what = f"named {_shown(name)} for {dialect}" if name is not None else f"of {dialect}"
            raise LookupError(f"there is no recording {what}; GET / lists those that there are")
        if name is None and len(found) > 1:
            found = [each for each in found if self._is_sound(each)] or found
        fixture = self._next(found, (dialect, stream, model if any(of_model) else None, name))
        return fixture if _fits(fixture, stream, dialect) else converted(fixture, CLIENTS[dialect], stream, model)

    def _fitting(self, dialect: str, stream: bool) -> list[list[Fixture]]:
        """Return the recordings that can answer, the best first: of the dialect and in the form, of the dialect in the
        other form, of another dialect."""
        same = [each for each in self._fixtures if _wire(each.dialect) == _wire(dialect)]
        client = CLIENTS.get(dialect)
        others = [each for each in self._fixtures if each not in same and (client, each.dialect) in PAIRS]
        return [
            [each for each in same if each.stream == stream],
            [each for each in same if each.stream != stream],
            [each for each in others if each.status < 300],
        ]

    def _is_sound(self, fixture: Fixture) -> bool:
        if fixture.name not in self._sound:
            self._sound[fixture.name] = fixture.status >= 300 or _is_whole(fixture)
        return self._sound[fixture.name]

    def _next(self, fixtures: Sequence[Fixture], turn: tuple[object, ...]) -> Fixture:
        at = self._turns.get(turn, 0)
        if turn in self._turns or len(self._turns) < _MOST_TURNS:
            self._turns[turn] = at + 1
        return fixtures[at % len(fixtures)]


def _is_whole(fixture: Fixture) -> bool:
    """Return whether a recording comes to its end, without an error in it."""
    client = next((client for client in ("chat", "completions") if (client, fixture.dialect) in PAIRS), None)
    if client is None:
        return not fixture.broke
    answering = convert.without_request(client, fixture.dialect, fixture.model)
    pipe = answering.pipe(stream=True, content_type=fixture.headers.get("content-type", ""))
    pipe.feed(b"".join(data for _, data in fixture.pieces))
    pipe.close()
    return pipe.failure is None and not fixture.broke


def _wire(dialect: str) -> str:
    """Return the name of a dialect; Claude answers in one at Anthropic and at Vertex AI."""
    return "anthropic" if dialect == "vertex-anthropic" else dialect


def _fits(fixture: Fixture, stream: bool, dialect: str) -> bool:
    """Return whether a recording is sent as it is. The gateway reads a stream where it wanted a whole answer, and the
    reverse; clients of OpenAI's do not."""
    if _wire(fixture.dialect) != _wire(dialect):
        return False
    return fixture.stream == stream or dialect not in CLIENTS or fixture.status >= 300


def _shown(name: str) -> str:
    return "".join(character if "!" <= character <= "~" else "?" for character in name[:100])


def converted(fixture: Fixture, client: str, stream: bool, model: str | None) -> Fixture:
    """Return a recording as the gateway would give it to a client of OpenAI's, in the same times. Raises LookupError
    for one that holds no answer."""
    answering = convert.without_request(client, fixture.dialect, model or fixture.model)
    pipe = answering.pipe(stream=stream, content_type=fixture.headers.get("content-type", ""))
    pieces = [(at, pipe.feed(data)) for at, data in fixture.pieces]
    last = pieces[-1][0] if pieces else 0.0
    pieces.append((last, pipe.close()))
    if pipe.failure is not None:
        if not stream:
            raise LookupError(f"the recording {fixture.name} holds no whole answer: {pipe.failure.message}")
        pieces.append((last, pipe.writer.fail(pipe.failure)))
    if not stream:
        pieces = [(last, b"".join(out for _, out in pieces))]
    kind = "text/event-stream" if stream else "application/json"
    return replace(fixture, headers={"content-type": kind}, pieces=[each for each in pieces if each[1]], stream=stream)


def _fixture(folder: Path, path: Path) -> Fixture | None:
    """Return the recording in a file; None: it is none. Raises `Unusable` for one that cannot be read."""
    if path.suffix not in _TYPES or not path.is_file() or path.name.endswith(META):
        return None
    inside = path.relative_to(folder)
    name = inside.with_suffix("").as_posix()
    if (beside := meta_path(path)).exists():
        return _recorded(name, path, beside)
    folders = (*reversed(inside.parts[:-1]), folder.resolve().name)
    dialect = next((part for part in folders if part in DIALECTS), None)
    if dialect is None:
        return None  # a file of something else
    data = read(str(path))
    headers = {"content-type": _TYPES[path.suffix]}
    return Fixture(name, dialect, path.suffix != WHOLE, None, 200, headers, [(0.0, data)], False)


def _recorded(name: str, path: Path, beside: Path) -> Fixture:
    data = read(str(path))
    try:
        meta = json.loads(read(str(beside)))
        headers = {str(name): str(value) for name, value in meta["headers"].items() if _passes(str(name), str(value))}
        pieces = list(_pieces(data, meta.get("pieces") or []))
        asked = _asked_for_stream(meta, path.suffix != WHOLE)
        return Fixture(
            name, meta["dialect"], asked, meta["model"], int(meta["status"]), headers, pieces, bool(meta.get("broke"))
        )
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise Unusable(f"{beside} is not what scripts/record writes; remove it or record anew.") from error


def _asked_for_stream(meta: Mapping[str, Any], came: bool) -> bool:
    """Return whether a stream was asked for: an error is whole in any case."""
    if 200 <= int(meta["status"]) < 300:
        return came
    asked = meta.get("asked") or meta.get("sent") or {}
    return asked.get("stream", came) is True


def _passes(name: str, value: str) -> bool:
    return is_kept(name) and value.isascii() and value.isprintable()


def _pieces(data: bytes, recorded: Sequence[Sequence[float]]) -> Iterator[tuple[float, bytes]]:
    """Yield the pieces in which an answer came; the rest at once, where they are not all of it."""
    at, last = 0, 0.0
    for last, size in recorded:
        piece = data[at : at + int(size)]
        at += len(piece)
        if piece:
            yield float(last), piece
    if data[at:]:
        yield float(last), data[at:]
