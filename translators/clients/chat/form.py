"""The form of an answer, as its request wants it."""

from translators.values import immutable


@immutable
class Form:
    """The form of a chat's answer. `usage`: a stream ends with its usage. `legacy`: the request came with `functions`,
    so that a call is a `message.function_call`. `reasoning`: False where the client does not want to see it; the signed
    blocks of `thinking_blocks` are there all the same, since the next request needs them."""

    usage: bool = False
    legacy: bool = False
    reasoning: bool = True
