"""Reasoning of an exchange and its signatures: where it stands, who issued it, and whether it reached the other leg."""

import hashlib
from collections.abc import Iterable, Sequence
from typing import Any, Literal

from addons.inspector import reading
from addons.inspector.answer_blocks import Block, answer_blocks
from addons.inspector.prompt_parts import Part, prompt_parts
from addons.inspector.reading import LEGS, Detail, Leg
from translators.clients.responses import encrypted_content
from translators.values import immutable

Fate = Literal["kept", "dropped", "added"]


@immutable
class Thought:
    """A block of reasoning, or a call that is signed. `text` is empty where nobody can read it."""

    path: str | None
    event: int | None
    text: str
    signature: str
    issuer: str | None

    @property
    def marks(self) -> set[str]:
        """Return by what it is found again on the other leg."""
        return {each for each in (self.text, self.signature) if each}


def reasoning(detail: Detail) -> list[dict[str, Any]]:
    """Return the reasoning of both legs and directions:

    `[{"leg": "client", "where": "request", "path": "messages[1].thinking_blocks[0]", "event": null, "bytes": 120,
    "signature": {"bytes": 64, "sha256": "0123456789ab"} | null, "issuer": "anthropic:claude-opus-4-8" | null, "fate":
    "kept", "detail": "..."}]`.

    `issuer` stands beside the signature, or is the provider that just sent it; None: nobody says. `fate` compares with
    the other leg: `kept`, `dropped` (`detail` is the note's reason), `added` (the gateway remembered it); None where
    there is nothing to compare with.
    """
    asked = {leg: _requested(detail, leg) for leg in LEGS}
    answered = {leg: _answered(detail, leg) for leg in LEGS}
    both = all(reading.body(detail, leg) is not None for leg in LEGS)
    return [
        *_compared(detail, "request", asked, "client", both),
        *_compared(detail, "answer", answered, "provider", True),
    ]


def _compared(
    detail: Detail, where: str, thoughts: dict[Leg, list[Thought]], from_: Leg, comparable: bool
) -> Iterable[dict[str, Any]]:
    """Yield the thoughts of both legs, each compared with those of the other; they go `from_` one to the other."""
    for leg in LEGS:
        others = _marks(thoughts["provider" if leg == "client" else "client"])
        for thought in thoughts[leg]:
            lost: Fate = "dropped" if leg == from_ else "added"
            fate = None if not comparable else "kept" if thought.marks & others else lost
            reason = _reason(detail, thought.path) if fate == "dropped" else ""
            yield {**_line(leg, where, thought), "fate": fate, "detail": reason}


def _marks(thoughts: Sequence[Thought]) -> set[str]:
    return {mark for thought in thoughts for mark in thought.marks}


def _requested(detail: Detail, leg: Leg) -> list[Thought]:
    parts = prompt_parts(reading.family(detail, leg), reading.body(detail, leg))
    return [_of_part(part) for part in parts if part.kind == "reasoning" or part.signature]


def _of_part(part: Part) -> Thought:
    text = part.text if part.kind == "reasoning" else ""
    return _opened(Thought(part.path, None, text, part.signature or "", part.issuer))


def _answered(detail: Detail, leg: Leg) -> list[Thought]:
    own = f"{detail.get('provider_dialect')}:{detail.get('provider_model')}" if leg == "provider" else None
    blocks = [block for block in answer_blocks(detail, leg) if block.kind == "reasoning" or block.signature]
    return [_of_block(block, own) for block in blocks]


def _of_block(block: Block, own: str | None) -> Thought:
    text = block.text if block.kind == "reasoning" else ""
    issuer = block.issuer or (own if block.signature else None)
    return _opened(Thought(None, block.first, text, block.signature, issuer))


def _opened(thought: Thought) -> Thought:
    """Return a thought with what the gateway itself wrapped up in `encrypted_content`."""
    content = encrypted_content.decode(thought.signature)
    if content is None:
        return thought
    signature = content.signature or content.data
    return Thought(thought.path, thought.event, content.text or thought.text, signature, content.issuer)


def _reason(detail: Detail, path: str | None) -> str:
    """Return what the notes say of a path, or of what is in it."""
    if path is None:
        return ""
    about = (note for note in detail.get("notes") or () if str(note.get("path", "")).startswith(path))
    return next((str(note.get("detail") or "") for note in about), "")


def _line(leg: Leg, where: str, thought: Thought) -> dict[str, Any]:
    signed = thought.signature.encode("utf-8", "replace")
    return {
        "leg": leg,
        "where": where,
        "path": thought.path,
        "event": thought.event,
        "bytes": len(thought.text.encode("utf-8", "replace")),
        "signature": {"bytes": len(signed), "sha256": hashlib.sha256(signed).hexdigest()[:12]} if signed else None,
        "issuer": thought.issuer,
    }
