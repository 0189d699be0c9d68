"""What the provider dialects do alike with a client's history.

Where the assistant spoke last: at OpenAI that is history, and the model answers with a new message. A user's turn that
asks for one says the same to a model that would refuse such a request, or continue the message instead.
"""

from collections.abc import Iterable
from dataclasses import replace

from translators.conversation import Audio, Document, Image, Part, Reasoning, RedactedReasoning, Text, Turn
from translators.notes import Note

CONTINUE = "Please continue."
_NOT_CONTINUED = "This model does not continue the assistant's last message: a user's turn after it asks it to go on."
_NOT_ENFORCED = (
    "A schema cannot be enforced on an answer that is begun already: a user's turn asks for one after the last message."
)


_SHOWN = "(This is what the assistant made.)"


def shown_by_user(
    turns: tuple[Turn, ...], notes: list[Note], kinds: tuple[type[Part], ...] = (Image, Document, Audio)
) -> tuple[Turn, ...]:
    """`turns` with what the assistant made in the user's next turn, or in one of its own at the end: for a model whose
    own messages cannot hold parts of `kinds`."""
    if not any(isinstance(part, kinds) for turn in turns if turn.role == "assistant" for part in turn.parts):
        return turns
    settled: list[Turn] = []
    made: list[Part] = []
    for turn in turns:
        parts = turn.parts
        if turn.role == "assistant":
            made += [part for part in turn.parts if isinstance(part, kinds)]
            parts = tuple(part for part in turn.parts if not isinstance(part, kinds))
        elif turn.role == "user" and made:
            parts = (*_shown(made, notes), *turn.parts)
            made = []
        settled.append(replace(turn, parts=parts))
    if made:
        settled.append(Turn("user", tuple(_shown(made, notes)), at=made[0].at))
    return tuple(settled)


def _shown(made: list[Part], notes: list[Note]) -> Iterable[Part]:
    why = "This model's own messages hold no images or files: the user shows what the assistant made."
    notes += [Note(part.at, "moved", detail=why) for part in made]
    return (*made, Text(_SHOWN, made[0].at))


def continued(at: str, *, schema: bool = False) -> Note:
    """The note on the user's turn after the assistant's last message, which the client wrote at `at`. `schema`: the
    model could have continued the message, were it not for a schema of the answer."""
    return Note(at, "synthesised", detail=_NOT_ENFORCED if schema else _NOT_CONTINUED, loss=True)


def nothing_sent(at: str) -> Note:
    """Of a message that is left out as a whole. What is lost with it is noted part by part."""
    return Note(at, "dropped", detail="Nothing of this message can be sent.", loss=False)


def led_to_nothing(at: str) -> Note:
    """Of reasoning at the end of a message, whose answer was cut: nothing that is sent relies on it."""
    return Note(at, "dropped", detail="Reasoning that led to nothing cannot be sent back.", loss=False)


def unsent(part: Reasoning | RedactedReasoning, why: str) -> Note:
    """Of reasoning that does not go back. Without a signature it was given out to be shown, and nothing is lost."""
    shown = isinstance(part, Reasoning) and part.signature is None
    return Note(part.at, "dropped", detail=why, loss=False if shown else None)
