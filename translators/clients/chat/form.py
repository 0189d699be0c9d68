"""The form of an answer, as its request asked for it."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Form:
    """The form of a chat's answer. `usage`: a stream tells its usage. `legacy`: the request came with `functions`, so
    that a call is told as `message.function_call`. `reasoning`: False where the client does not want to see it; the
    signed blocks of `thinking_blocks` are told all the same, since the next request needs them."""

    usage: bool = False
    legacy: bool = False
    reasoning: bool = True
