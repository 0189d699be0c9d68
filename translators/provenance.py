"""The links from the values of a client's request to those of the provider's, and from those of a provider's answer to
those of the client's. The translators themselves tell: what they are given is rendered again (`translators.tracing`).
Where that does not tell, the rule is `unknown`.

This costs many renderings, so it is for who looks at an exchange, not for the exchange.
"""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from itertools import accumulate
from typing import Any, Final, Literal
from urllib.parse import quote

from translators import convert
from translators.convert import Answering, Converted
from translators.errors import BadAnswer, TranslationError
from translators.notes import Note
from translators.tracing import losses, unsaid
from translators.tracing.answers import CALLS, EVENTS, Rendered, several, streamed, whole
from translators.tracing.kinds import SPOKEN, link_forms, link_kinds
from translators.tracing.marks import name
from translators.tracing.places import MISSING, Place, at, leaves, read, replaced, same, written
from translators.tracing.shortening import shortened
from translators.tracing.trace import MOST_LEAVES, Trace, others
from translators.values import immutable

Rule = Literal["copied", "moved", "renamed", "computed", "defaulted", "dropped", "unknown"]
"""`copied`: the same value in the same place. `moved`: under the same name elsewhere. `renamed`: under another name.
`computed`: made of it, or decided by it. `defaulted`: the client left it open. `dropped`: not sent."""

MOST_LINKS = 20_000
_MOST_MADE = 6_000
"""The values of an answer of which is said who made them, where not all that the provider said could be tried."""
HISTORY = frozenset(("messages", "input", "prompt"))
_PATH: Final = "\0path"
"""The name under which the path of the provider's request is traced with its body."""
_SAME_LIMIT = ("max_tokens", "max_completion_tokens", "max_output_tokens")
"""The names that clients have for one option, of which notes know the first."""
_IN_PATH = "It is in the path of the request."
_NO_EFFECT = "Nothing of it is sent: the provider's request is the same with another value."
_SAME_WITHOUT = "The provider's request is the same without it."
_FOR_THE_ANSWER = "It is not sent: only the gateway's answer depends on it."
_FORM = "The provider's format requires it."
_USUAL = "Each request to this provider has it."
_ASKED_FOR = "It is the name that the client asked for."
_REPEATED = "The answer repeats the client's request, with the defaults of what that left open."
_CONFIGURED = "Configuration gives the model this name."


@immutable
class Link:
    """A link between a place in an input (`source`, None: there is none) and one in what became of it (`target`), as
    paths like `messages[0].content`. `note` is the index of the note that says why, among those of the same result.

    A link between objects or lists stands for all that is in them, too.
    """

    source: str | None
    target: str | None
    rule: Rule
    note: int | None = None
    detail: str = ""


@immutable
class Links:
    """The links of a request or an answer, with the notes that `Link.note` counts in, and with the rendering that the
    targets are in: a JSON body, or `{"events": [[JSON of each event of the client's]]}`."""

    links: tuple[Link, ...]
    notes: tuple[Note, ...]
    output: Any


def request(
    body: Mapping[str, Any],
    *,
    client: str,
    provider: str,
    model: str | None = None,
    overrides: Mapping[str, Any] | None = None,
) -> Links:
    """Return the links of a request; the arguments are those of `convert.request`. Of a request that becomes several
    calls, the targets are in the first. Raises `BadRequest` and `NoWay`."""
    convey = partial(convert.request, client=client, provider=provider, model=model, overrides=overrides)

    def render(value: Any) -> Any:
        converted = convey(value)
        return {_PATH: converted.path, **converted.body}

    converted = convey(body)
    if _too_large(body):
        return Links((), converted.notes, converted.body)
    trace = Trace(shortened(body), render, history=HISTORY)
    links, dropped = _request(trace, body, converted, model)
    links += _usual(trace, convey({"model": body["model"], **convert.PLAIN[client]}).body)
    links += _without_effect(trace, convey, dropped)
    return Links(_complete(trace, links, dropped), converted.notes, converted.body)


def _request(
    trace: Trace, body: Mapping[str, Any], converted: Converted, model: str | None
) -> tuple[list[Link], set[Place]]:
    """Return the links, and the places that notes say were dropped."""
    notes = converted.notes
    trace.copies()
    trace.texts()
    trace.names()
    link_kinds(trace, HISTORY)
    noted = {place: index for index, note in enumerate(notes) if (place := _noted(trace.value, note.path))}
    dropped = {place for place, index in noted.items() if notes[index].fate == "dropped"}
    trace.steering(dropped)
    forms = link_forms(trace)
    links = [*_linked(trace, noted, body, converted.body), *_named_model(trace, model), *_defaulted(trace, notes)]
    links += [_required(trace, place) for place in forms if not trace.linked(place)]
    links += _dropped(trace, noted, notes)
    return links, dropped


def answer(payload: Any, answering: Answering) -> Links:
    """Return the links of a provider's whole answer, as JSON, for a client that gets it whole, or as a stream, all of
    whose events are then those of the event 0. Raises `BadAnswer` for an answer that cannot be read."""
    return _answer(payload, whole, answering)


def answers(payloads: Sequence[Any], answering: Answering) -> Links:
    """Return the links of the whole answers to all calls of a request, in their order; a source is
    `calls[1].content[0].text`. Raises `BadAnswer` for one that cannot be read."""
    return _answer({CALLS: list(payloads)}, several, answering)


def stream(payloads: Sequence[Any], answering: Answering, calls: Sequence[int] = ()) -> Links:
    """Return the links of a provider's stream: the JSON value of each event, or its text where it is none. A source is
    `events[4].delta.text`, in the event 4, and a target `events[4][0].choices[0].delta.content`, in the first of those
    of the client's that it became. What is written at the end of the stream belongs to the event after the last.
    What has no link is unknown, and so is all that comes after the first 12,000 values. `calls` are the calls that the
    events answer, where there are several. Raises `BadAnswer` for a stream that cannot be read."""
    answering = answering if calls else replace(answering, calls=())
    return _answer({EVENTS: _first(payloads)}, partial(streamed, calls=calls), answering, calls)


def _first(payloads: Sequence[Any]) -> list[Any]:
    """Return the events at the beginning that are not too many to be traced."""
    values = accumulate(sum(1 for _ in leaves(each)) for each in payloads)
    return [each for each, before in zip(payloads, values, strict=True) if before <= MOST_LEAVES]


def _answer(
    value: Any, answered: Callable[[Any, Answering], Rendered], answering: Answering, calls: Sequence[int] = ()
) -> Links:
    recorded = answered(value, answering)
    output, notes = recorded.output, tuple(made.note for made in recorded.notes)

    def render(value: Any, answering: Answering = answering) -> Any:
        """Return what another answer becomes, if it breaks off just as the recorded one does."""
        other = answered(value, answering)
        if other.failure != recorded.failure:
            raise BadAnswer.unreadable(other.failure)
        return other.output

    if _too_large(value):
        return Links((), notes, output)
    trace = Trace(shortened(value), render, rigid=True)
    trace.texts()
    trace.steering()
    known, all_tried = unsaid.sources(trace)
    otherwise = [(partial(render, trace.value, other), detail) for other, detail in _otherwise(answering)]
    handed_on: object = answering.writers  # a passthrough, which hands words on, is both
    few = sum(1 for _ in leaves(trace.output)) <= _MOST_MADE
    made = (
        unsaid.targets(trace, otherwise, all_tried=all_tried)
        if all_tried or (handed_on is not answering.upstream and few)
        else []
    )
    telling = [each.place for each in known if each.rule == "computed"]
    lost = losses.lost(trace.value, recorded.notes, {source for source, _ in trace.links}, telling, calls)
    links = list(_linked(trace, {}, value, output))
    links += [Link(written(each.place), None, each.rule, None, each.detail) for each in known if each.place not in lost]
    links += _lost(lost, notes)
    links += [Link(None, written(each.place), each.rule, None, each.detail) for each in made]
    made_whole = EVENTS not in value
    return Links(_complete(trace, links, lost) if made_whole else tuple(links[:MOST_LINKS]), notes, output)


def _lost(noted: Mapping[Place, int], notes: Sequence[Note]) -> Iterator[Link]:
    """Yield the links of values that a note says were lost."""
    for place, number in noted.items():
        if read(path := written(place)) == place:
            yield Link(path, None, "dropped", number, notes[number].detail or unsaid.NO_EFFECT)


def _otherwise(answering: Answering) -> Iterator[tuple[Answering, str]]:
    """Yield the parts for the same answer to another request, with the words for what is another then."""
    envelope, form = answering.envelope, answering.form
    yield replace(answering, envelope=replace(envelope, id=f"{envelope.id}x")), unsaid.MADE
    yield replace(answering, envelope=replace(envelope, created=envelope.created + 1)), unsaid.MADE
    yield replace(answering, envelope=replace(envelope, model=f"{envelope.model}x")), _ASKED_FOR
    if isinstance(getattr(form, "echo", None), Mapping):
        yield replace(answering, form=replace(form, echo={})), _REPEATED


def _too_large(value: Any) -> bool:
    return sum(1 for _ in leaves(value)) > MOST_LEAVES


# --- what the translators' own words say ------------------------------------------------------------


def _named_model(trace: Trace, model: str | None) -> Iterator[Link]:
    """Yield the link of the model's name, which is configuration's."""
    alias = at(trace.value, ("model",))
    if model is None or not isinstance(alias, str) or ("model",) in {source for source, _ in trace.links}:
        return
    target = next((name for name in ("model", "modelId") if at(trace.output, (name,)) == model), None)
    if target is None and quote(model, safe="") not in trace.output[_PATH] and model not in trace.output[_PATH]:
        return
    rule: Rule = "copied" if target == "model" and alias == model else "computed"
    trace.link(("model",), (target or _PATH,))
    yield Link("model", target, rule, detail=_CONFIGURED if target else _IN_PATH)


def _noted(body: Any, path: str) -> Place | None:
    """Return the place that a note is about, if it exists: `content[1].detail` stands for the only field of that name
    in `content[1]`."""
    place = read(path)
    if at(body, place) is not MISSING:
        return place
    around = next((place[:cut] for cut in range(len(place) - 1, 0, -1) if at(body, place[:cut]) is not MISSING), ())
    named = [each for each, _ in leaves(at(body, around), around) if each[-1] == place[-1]] if around else []
    return named[0] if len(named) == 1 else None


def _defaulted(trace: Trace, notes: Sequence[Note]) -> Iterator[Link]:
    """Yield the links of values that the client left open: those that change when it does not."""
    for index, note in enumerate(notes):
        names = (note.path, *_SAME_LIMIT) if note.path in _SAME_LIMIT else (note.path,)
        if note.fate in ("defaulted", "synthesised") and type(note.new) is int:
            for target in trace.set_by(names, note.new - 1):
                if at(trace.output, target) == note.new and not trace.linked(target):
                    trace.settle(target)
                    yield Link(None, written(target), "defaulted", index, note.detail)
        elif note.fate == "synthesised" and isinstance(note.new, bool):
            yield from _switched(trace, read(note.path), note, index)


def _switched(trace: Trace, place: Place, note: Note, index: int) -> Iterator[Link]:
    """Yield the link of a switch that the gateway sets, whatever the client says."""
    if trace.linked(place) or not same(at(trace.output, place), note.new):
        return
    trace.settle(place)
    if at(trace.value, place) is MISSING:
        yield Link(None, written(place), "defaulted", index, note.detail)
    else:
        trace.settle_source(place)
        yield Link(written(place), written(place), "computed", index, note.detail)


def _dropped(trace: Trace, noted: Mapping[Place, int], notes: Sequence[Note]) -> Iterator[Link]:
    """Yield a link for each note on what was not sent."""
    sources = {source for source, _ in trace.links}
    for place, index in noted.items():
        if notes[index].fate == "dropped" and place not in sources:
            yield Link(written(place), None, "dropped", index, notes[index].detail)


def _required(trace: Trace, place: Place) -> Link:
    trace.settle(place)
    return Link(None, written(place), "defaulted", None, _FORM)


def _without_effect(trace: Trace, convey: Callable[[Any], Converted], known: Collection[Place]) -> Iterator[Link]:
    """Yield links of values with which the provider's request is the same as with others, or without them."""
    was = convey(trace.value)
    open_ones = [
        place for place in trace.unlinked()[0] if not any(place[:cut] in known for cut in range(len(place) + 1))
    ]
    for place in open_ones[: trace.most_tried]:
        rule, detail = _effect(trace.value, place, was, convey)
        if detail:
            trace.settle_source(place)
            yield Link(written(place), None, rule, None, detail)


def _effect(value: Any, place: Place, was: Converted, convey: Callable[[Any], Converted]) -> tuple[Rule, str]:
    """Return what other values in a place show; no words where they change the request, or are all refused."""
    found: tuple[Rule, str] = ("unknown", "")
    without: Rule = "dropped" if at(value, place) in (None, "", [], {}) else "unknown"
    for other in _others(place, at(value, place)):
        try:
            now = convey(replaced(value, place, other))
        except TranslationError:
            continue
        alike = now.path == was.path and same(now.body, was.body)
        if other is MISSING or not alike:
            found = (found if found[1] else (without, _SAME_WITHOUT)) if alike else ("unknown", "")
        elif (now.answering.form, now.answering.recall) != (was.answering.form, was.answering.recall):
            found = ("computed", _FOR_THE_ANSWER)
        elif found[0] != "computed":
            found = ("dropped", _NO_EFFECT)
    return found


def _others(place: Place, value: Any) -> Iterator[Any]:
    if isinstance(value, str):
        yield f"{value}x"
    yield from others(place, value)
    if place and isinstance(place[-1], int):
        yield MISSING


def _usual(trace: Trace, least: Mapping[str, Any]) -> Iterator[Link]:
    """Yield the links of values that the least of requests has, too."""
    sources, targets = trace.unlinked()
    for place in targets:
        if place[0] in SPOKEN or not same(at(least, place), at(trace.output, place)):
            continue
        trace.settle(place)
        if place in sources and same(at(trace.value, place), at(trace.output, place)):
            trace.settle_source(place)
            yield Link(written(place), written(place), "copied", None, _USUAL)
        else:
            yield Link(None, written(place), "defaulted", None, _USUAL)


# --- links ------------------------------------------------------------------------------------------


def _linked(trace: Trace, noted: Mapping[Place, int], value: Any, output: Any) -> Iterator[Link]:
    """Yield what was traced, as links from a value to its rendering; the values that were traced may be shorter."""
    for (source, target), handed_on in trace.links.items():
        cuts = (noted.get(source[:cut]) for cut in range(len(source), 0, -1))
        note = next((index for index in cuts if index is not None), None)
        if target == (_PATH,):
            yield Link(written(source), None, "computed", note, _IN_PATH)
        else:
            equal = handed_on and same(at(value, source), at(output, target))
            rule = _rule(source, target) if equal else "computed"
            yield Link(written(source), written(target), rule, note)


def _rule(source: Place, target: Place) -> Rule:
    """Return the rule for the same value at both places."""
    if target[:1] == (EVENTS,) and source[:1] == (EVENTS,):
        target = (*target[:2], *target[3:])  # without the number of the client's event
    if source == target:
        return "copied"
    return "moved" if name(source) == name(target) else "renamed"


def _complete(trace: Trace, links: list[Link], noted: Collection[Place] = ()) -> tuple[Link, ...]:
    """Return the links, and one for each value that has none."""
    sources, targets = trace.unlinked()
    whole = {read(link.source) for link in links if link.source and link.target}
    known = {*noted, *whole, *(source for source in sources if source in {each for each, _ in trace.links})}
    open_ones = [place for place in sources if not any(place[:cut] in known for cut in range(1, len(place) + 1))]
    links += [Link(written(place), None, "unknown") for place in open_ones]
    links += [Link(None, written(place), "unknown") for place in targets if place != (_PATH,)]
    return tuple(links[:MOST_LINKS])
