"""Rules for a client's history that hold in several provider dialects.

An assistant's message may be the last one: at OpenAI that is history, and the model answers with a new message. A
user's turn that asks for one says the same to a model that would refuse such a request, or continue the message
instead.
"""

from dataclasses import replace

from translators.conversation import Audio, Document, Image, Part, Reasoning, RedactedReasoning, Text, Turn
from translators.notes import Note

CONTINUE = "Please continue."
_NOT_CONTINUED = "This model does not continue the assistant's last message: a user's turn after it asks it to go on."
_NOT_ENFORCED = (
    "A schema cannot be enforced on an answer that is begun already: a user's turn asks for one after the last message."
)


_MEDIA = (Image, Document, Audio)
_SHOWN = {"assistant": "(This is what the assistant made.)", "system": "(This was attached to the instructions.)"}
_MOVED = {
    "assistant": "This model's own messages hold no images or files: the user shows what the assistant made.",
    "system": "Instructions hold no images or files: the user shows them.",
}
_ROLES: dict[str, str] = {"assistant": "assistant", "system": "system", "developer": "system"}


def shown_by_user(
    turns: tuple[Turn, ...], notes: list[Note], *, made: tuple[type[Part], ...] = _MEDIA, attached: bool = True
) -> tuple[Turn, ...]:
    """Return `turns` with images and files of the assistant's and of the system's in the user's next turn, or in one of
    its own at the end: for a model whose own messages cannot hold parts of the types `made`, and whose instructions
    cannot hold any (`attached`)."""
    types = {"assistant": made, "system": _MEDIA if attached else ()}

    def moves(part: Part, turn: Turn) -> bool:
        return turn.role in _ROLES and isinstance(part, types[_ROLES[turn.role]])

    if not any(moves(part, turn) for turn in turns for part in turn.parts):
        return turns
    settled: list[Turn] = []
    waiting: list[Part] = []
    for turn in turns:
        if turn.role == "user":
            settled.append(replace(turn, parts=(*waiting, *turn.parts)))
            waiting = []
        elif moved := [part for part in turn.parts if moves(part, turn)]:
            role = _ROLES[turn.role]
            notes += [Note(part.at, "moved", detail=_MOVED[role]) for part in moved]
            waiting += [*moved, Text(_SHOWN[role], moved[0].at)]
            if rest := tuple(part for part in turn.parts if not moves(part, turn)):
                settled.append(replace(turn, parts=rest))
        else:
            settled.append(turn)
    return (*settled, Turn("user", tuple(waiting), at=waiting[0].at)) if waiting else tuple(settled)


def continued(at: str, *, schema: bool = False) -> Note:
    """Return the note on the user's turn after the assistant's last message, which the client wrote at `at`. `schema`:
    the model could have continued the message, were it not for a schema of the answer."""
    return Note(at, "synthesised", detail=_NOT_ENFORCED if schema else _NOT_CONTINUED, loss=True)


def nothing_sent(at: str) -> Note:
    """Return the note on a message that is left out as a whole. What is lost with it is noted part by part."""
    return Note(at, "dropped", detail="Nothing of this message can be sent.", loss=False)


def led_to_nothing(at: str) -> Note:
    """Return the note on reasoning at the end of a message whose answer was cut: nothing that is sent relies on it."""
    return Note(at, "dropped", detail="Reasoning that led to nothing cannot be sent back.", loss=False)


def foreign_block(at: str) -> Note:
    """Return the note on a block of a provider's own, written at `at`, that another provider made."""
    return Note(at, "dropped", detail="A block of another provider's.")


def unsent(part: Reasoning | RedactedReasoning, why: str) -> Note:
    """Return the note on reasoning that does not go back. Without a signature it was only shown, and nothing is
    lost."""
    shown = isinstance(part, Reasoning) and part.signature is None
    return Note(part.at, "dropped", detail=why, loss=False if shown else None)
