"""One request as the calls to a provider that it becomes: one for each conversation, and for each of `n` choices where
the provider gives one at a time."""

from dataclasses import replace

from translators.conversation import Conversation, Option
from translators.dialects import MOST_CHOICES, Model, ParsedRequest, ProviderDialect, Rendered
from translators.errors import BadRequest
from translators.notes import Note, add_new
from translators.values import immutable


@immutable
class RenderedCall:
    """One request to the provider; the choices of its answer count from `choice` in the client's."""

    rendered: Rendered
    choice: int = 0


def calls(
    request: ParsedRequest, provider: ProviderDialect, model: Model, *, several: bool = True
) -> tuple[tuple[RenderedCall, ...], tuple[Note, ...]]:
    """Return the calls, at least one, and the notes on all of them. `several`: there may be more than one. Raises
    `BadRequest`."""
    made: list[RenderedCall] = []
    notes: list[Note] = []
    for conversation in (request.conversation, *request.more):
        wanted = conversation.options.get("n")
        rendered, times = provider.render(conversation, model), 1
        if wanted is not None and rendered.choices != wanted.value:
            rendered, times = provider.render(_without_n(conversation), model), wanted.value
        _allow(len(made) + times, wanted, several=several)
        if made:
            add_new(notes, rendered.notes)
        else:
            notes.extend(rendered.notes)
        for _ in range(times):
            made.append(RenderedCall(rendered, made[-1].choice + made[-1].rendered.choices if made else 0))
    return tuple(made), tuple(notes)


def _allow(count: int, wanted: Option | None, *, several: bool) -> None:
    path = "prompt" if wanted is None else wanted.at
    if count > MOST_CHOICES:
        raise BadRequest(f"At most {MOST_CHOICES} choices can be asked for at once.", param=path)
    if count > 1 and not several:
        message = "This provider gives one choice a request, and one request does not become several (fan-out)."
        raise BadRequest(message, param=path, code="unsupported_parameter")


def _without_n(conversation: Conversation) -> Conversation:
    return replace(conversation, options={name: o for name, o in conversation.options.items() if name != "n"})
