"""The top-level keys of a call's arguments, put back to what the client called them, however the JSON is cut."""

import json
import re
from collections.abc import Iterator, Mapping

from translators.events import Event, Finished, ToolCallDelta, ToolCallStarted

_STRUCTURE = re.compile(r'["{}\[\],]')
_STRING = re.compile(r'[^"\\]*(?:\\.[^"\\]*)*', re.DOTALL)


class ArgumentKeys:
    """`keys` has, by the client's name of a tool, the wire's key and the client's for it."""

    def __init__(self, keys: Mapping[str, Mapping[str, str]]) -> None:
        self._keys = keys
        self._calls: dict[tuple[int, int], KeyReader] = {}
        """By choice and index, the calls whose keys may have to be put back."""

    def on(self, event: Event) -> Iterator[Event]:
        match event:
            case ToolCallStarted(index=index, name=name, kind="function") if name in self._keys:
                self._calls[event.choice, index] = KeyReader(self._keys[name])
            case ToolCallDelta(index, arguments, choice) if (choice, index) in self._calls:
                if text := self._calls[choice, index].feed(arguments):
                    yield ToolCallDelta(index, text, choice)
                return
            case Finished(choice=choice):
                yield from self._rests(choice)
        yield event

    def _rests(self, choice: int) -> Iterator[Event]:
        """Emit the text that a call which was cut in the middle of a key still has."""
        for at in [at for at in self._calls if at[0] == choice]:
            if rest := self._calls.pop(at).close():
                yield ToolCallDelta(at[1], rest, choice)


class KeyReader:
    """JSON text in pieces, with the keys of the outermost object renamed. Only a key waits for its end."""

    def __init__(self, names: Mapping[str, str]) -> None:
        self._names = names
        self._depth = 0
        self._object = False  # whether the outermost value is an object
        self._expects_key = False
        self._inside = False  # a string is being read
        self._is_key = False
        self._held = ""  # of that string: a key as far as it is known, or half an escape

    def feed(self, piece: str) -> str:
        """Return the text that is certain so far."""
        out: list[str] = []
        piece, self._held = self._held + piece, ""
        at = 0
        while at < len(piece):
            at = self._string(piece, at, out) if self._inside else self._structure(piece, at, out)
        return "".join(out)

    def close(self) -> str:
        """Return what is held of a string that never ended."""
        rest, self._held = self._held, ""
        return rest

    def _structure(self, piece: str, at: int, out: list[str]) -> int:
        """Read up to the next sign of structure, and that; return where to go on."""
        match = _STRUCTURE.search(piece, at)
        if match is None:
            out.append(piece[at:])
            return len(piece)
        end, sign = match.end(), match.group()
        if sign == '"':
            out.append(piece[at : end - 1])
            self._inside, self._is_key, self._expects_key = True, self._expects_key, False
            return self._string(piece, end - 1, out, opening=1)
        out.append(piece[at:end])
        if sign in "{[":
            self._depth += 1
            if self._depth == 1:
                self._object = sign == "{"
        elif sign in "}]":
            self._depth -= 1
        self._expects_key = sign in "{," and self._depth == 1 and self._object
        return end

    def _string(self, piece: str, at: int, out: list[str], opening: int = 0) -> int:
        """Read a string as far as it goes; return where to go on. A key is held from its opening quote on."""
        if self._is_key and not opening:
            opening = 1  # which is held with the rest of it
        match = _STRING.match(piece, at + opening)
        end = match.end() if match else at + opening
        if end == len(piece) or piece[end] == "\\":  # a backslash here is the last sign, and waits for the next
            cut = at if self._is_key else end
            out.append(piece[at:cut])
            self._held = piece[cut:]
            return len(piece)
        text = piece[at : end + 1]
        out.append(self._renamed(text) if self._is_key else text)
        self._inside = False
        return end + 1

    def _renamed(self, literal: str) -> str:
        try:
            name = self._names.get(json.loads(literal))
        except ValueError:
            return literal
        return literal if name is None else json.dumps(name, ensure_ascii=False)
