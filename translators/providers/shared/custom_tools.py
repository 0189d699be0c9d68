"""Custom tools (free text in) for providers that only know functions (JSON in): one string parameter `input`.

A request wraps, an answer unwraps: a provider dialect only calls the four public names below.
"""

import json
import re
from typing import Any

from translators.conversation import FunctionTool, Tool
from translators.notes import Note

_OPENING = re.compile(r'\s*\{\s*"input"\s*:\s*"')
_OPENING_LIMIT = 200  # no opening within so many characters: arguments of another form
_CLOSING = re.compile(r"\s*\}\s*\Z")
# As many whole characters of a JSON string as there are; an escape that is cut in two waits for its rest.
_WHOLE = re.compile(r'[^"\\]*(?:\\(?:u[0-9a-fA-F]{4}|[^u])[^"\\]*)*')
_HALF_A_PAIR = re.compile(r"(?<!\\)(?:\\\\)*(\\u[dD][89abAB][0-9a-fA-F]{2})\Z")
_LONE_SURROGATE = re.compile("[\ud800-\udfff]")


def as_function(tool: Tool, notes: list[Note]) -> FunctionTool:
    """Return the function that stands in for a custom tool, with a note if a grammar became mere words."""
    if isinstance(tool, FunctionTool):
        return tool
    texts = [tool.description or "", "Put the whole text for this tool into `input`, exactly as it should be."]
    if tool.grammar:
        kind = "regular expression" if tool.syntax == "regex" else f"{tool.syntax or 'given'} grammar"
        texts.append(f"The text must match this {kind}:\n{tool.grammar}")
        notes.append(Note(tool.at, "approximated", detail="The grammar is described to the model, and not enforced."))
    schema = {
        "type": "object",
        "properties": {"input": {"type": "string", "description": "The text for the tool."}},
        "required": ["input"],
        "additionalProperties": False,
    }
    return FunctionTool(tool.name, "\n\n".join(text for text in texts if text), schema, at=tool.at)


def wrapped(text: str) -> dict[str, Any]:
    """Return the arguments of a custom tool's call for the function that stands in for it (`{"input": text}`)."""
    return {"input": text}


def unwrapped(arguments: str) -> tuple[str, bool] | None:
    """Return the free text in a function's whole arguments, and whether there is nothing else in them; None without
    it."""
    try:
        read = json.loads(arguments, strict=False)
    except (ValueError, RecursionError):
        return None
    match read:
        case {"input": str(text), **more}:
            return _encodable(text), not more
        case _:
            return None


class Unwrapper:
    """The free text in arguments that come in pieces: `feed` gives it as far as it is certain, `close` the rest."""

    def __init__(self) -> None:
        self.fits = True  # false once the arguments turned out not to have the form
        self._state = "before"  # before, inside or after the string; or "lost": no such string
        self._held = ""  # the start of something that needs its rest to be understood
        self._rest: list[str] = []  # everything after the string, or after the form was lost

    def feed(self, piece: str) -> str:
        """Return the text that `piece` completes. Until the opening is seen, everything is held."""
        if self._state in ("after", "lost"):
            self._rest.append(piece)
            return ""
        self._held += piece
        if self._state == "before":
            opening = _OPENING.match(self._held)
            if opening is None:
                if len(self._held) > _OPENING_LIMIT:
                    self._leave("lost")
                return ""
            self._state, self._held = "inside", self._held[opening.end() :]
        return self._characters()

    def close(self) -> str:
        """Return the rest: nothing, or, for arguments of another form, the text that can be made of them."""
        began_as_it_should = self._state in ("inside", "after") or not self.fits
        rest = self._held + "".join(self._rest)
        if self._state == "after":
            self.fits = _CLOSING.match(rest) is not None
            return ""
        if began_as_it_should:
            self.fits = False
            return rest
        text, self.fits = unwrapped(rest) or (rest, False)
        return text

    def _leave(self, state: str) -> None:
        self._state, self._rest, self._held = state, [self._held], ""

    def _characters(self) -> str:
        whole = _WHOLE.match(self._held)
        end = whole.end() if whole else 0
        if not self._held.startswith('"', end) and (half := _HALF_A_PAIR.search(self._held, 0, end)):
            end = half.start(1)  # the other half may be on its way
        literal, self._held = self._held[:end], self._held[end:]
        text = literal
        if "\\" in literal:
            try:
                text = _encodable(json.loads(f'"{literal}"', strict=False))
            except ValueError:
                self.fits = False
                self._leave("lost")
                return literal
        if self._held.startswith('"'):
            self._held = self._held[1:]
            self._leave("after")
        return text


def _encodable(text: str) -> str:
    """Return the text without halves of surrogate pairs, which are no characters and break its encoding."""
    return _LONE_SURROGATE.sub("\ufffd", text)
