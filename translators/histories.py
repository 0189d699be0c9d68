"""What the provider dialects do alike with a client's history.

Where the assistant spoke last: at OpenAI that is history, and the model answers with a new message. A user's turn that
asks for one says the same to a model that would refuse such a request, or continue the message instead.
"""

from translators.conversation import Reasoning, RedactedReasoning
from translators.notes import Note

CONTINUE = "Please continue."
_NOT_CONTINUED = "This model does not continue the assistant's last message: a user's turn after it asks it to go on."
_NOT_ENFORCED = (
    "A schema cannot be enforced on an answer that is begun already: a user's turn asks for one after the last message."
)


def continued(at: str, *, schema: bool = False) -> Note:
    """The note on the user's turn after the assistant's last message, which the client wrote at `at`. `schema`: the
    model could have continued the message, were it not for a schema of the answer."""
    return Note(at, "synthesised", detail=_NOT_ENFORCED if schema else _NOT_CONTINUED, loss=True)


def nothing_sent(at: str) -> Note:
    """Of a message that is left out as a whole. What is lost with it is noted part by part."""
    return Note(at, "dropped", detail="Nothing of this message can be sent.", loss=False)


def unsent(part: Reasoning | RedactedReasoning, why: str) -> Note:
    """Of reasoning that does not go back. Without a signature it was given out to be shown, and nothing is lost."""
    shown = isinstance(part, Reasoning) and part.signature is None
    return Note(part.at, "dropped", detail=why, loss=False if shown else None)
