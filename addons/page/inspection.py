"""The answers of the API and of the MCP server: JSON values of recorded exchanges, and what is made of these."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from pydantic_core import to_json

from addons.exchange.redaction import HIDDEN
from addons.inspector import analysis as analysing
from addons.inspector import diff as differences
from addons.inspector import exports
from addons.inspector.exports import Exported, Format, Unexportable
from addons.inspector.full import full, linked
from addons.inspector.provenance import Traced, link_json, traced
from addons.inspector.reading import Direction, Leg
from addons.inspector.recording import Exchange, note_json
from addons.inspector.search import LONGEST_QUERY
from addons.page import replays
from addons.page.answers import Refused, aside, within
from addons.page.backing import Backing
from addons.page.differing import parsed
from translators import convert
from translators import provenance as tracing
from translators.convert import NoWay
from translators.errors import TranslationError
from translators.registry import CLIENTS

API_VERSION = "1.0"
"""1.1 has more in it, 2.0 has something else."""
MOST_LISTED = 1000
MOST_EVENTS = 20_000
"""The most events of one answer."""
MOST_MODELS = 8
"""The most models of one comparison."""
AS_RECORDED: tuple[Format, ...] = ("har", "fixture")
"""The formats that hold what was recorded as it was, and nothing that was made of it."""
NO_SUCH_EXCHANGE = Refused(404, "There is no such exchange, or it had to make room for later ones.", "no_such_exchange")
_CLIENTS_TOO = {
    "openai": "chat",
    "openai-chat": "chat",
    "openai-responses": "responses",
    "openai-completions": "completions",
}
_PROVIDERS_TOO = {
    **{"claude": "anthropic", "vertex": "gemini", "azure": "openai", "chat": "openai", "embedded": "anthropic"},
    **{"responses": "openai-responses", "codex": "openai-responses", "xai": "openai-responses"},
    **{"completions": "openai-completions", "openai-chat": "openai", "vertex-claude": "vertex-anthropic"},
}
"""Other words for the dialects of a conversion: those of clients at the provider's end and the other way round, and
those of the sections of config.yaml."""
_ENDS = (("from", "chat", _CLIENTS_TOO), ("to", None, _PROVIDERS_TOO))
_TAKEN_OUT = re.compile(rb'\[redacted\]|"(?:data:[^"]{0,100},)?\[base64 [^"\]]{1,200}\]')
_NOT_SENT_AGAIN = frozenset(
    (
        *("authorization", "proxy-authorization", "cookie", "x-api-key", "api-key", "x-goog-api-key", "host"),
        *("content-length", "content-encoding", "content-type", "transfer-encoding", "connection", "keep-alive"),
        *("expect", "upgrade", "te", "trailer", "x-request-id", "x-gateway-debug", "origin"),
    )
)


class Inspection:
    """Its methods may work for a while, and are called in threads; but for `ask_again` and `compare`, which wait."""

    def __init__(self, backing: Backing) -> None:
        self._backing = backing

    # --- what was recorded ---

    def listed(self, query: str = "", limit: int = 200, before: str | None = None) -> dict[str, Any]:
        """Return `{"exchanges": [Summary], "total": n, "gone": n, "more": bool}`, newest first."""
        if len(query) > LONGEST_QUERY:
            raise Refused(400, f"q is longer than {LONGEST_QUERY} characters.", "invalid_query", "q")
        try:
            return self._backing.store.summaries(query, within("limit", limit, 1, MOST_LISTED), before).json()
        except ValueError as wrong:
            raise Refused(400, str(wrong), "invalid_query") from None

    def exchange(self, id: str) -> Exchange:
        """Return a recorded exchange. Raises `Refused`."""
        found = self._backing.store.get(id)
        if found is None:
            raise NO_SUCH_EXCHANGE
        return found

    def full(self, id: str) -> dict[str, Any]:
        """Return all of an exchange, as `addons.inspector.full` has it. Raises `Refused`."""
        exchange = self.exchange(id)
        links = self._traced(exchange, with_answer=linked(exchange))
        return self._shown(full(exchange, links))

    def events(self, id: str, first: int, most: int) -> list[dict[str, Any]]:
        """Return stored events from number `first` on. Raises `Refused`."""
        events = self._backing.store.events(id, first, most)
        if events is None:
            raise NO_SUCH_EXCHANGE
        return [event.json() for event in events]

    def notes(self, id: str) -> list[dict[str, Any]]:
        return [note_json(note) for note in self.exchange(id).facts.notes]

    def status(self) -> dict[str, Any]:
        return {"version": self._backing.version, "api": API_VERSION, **self._backing.kept()}

    def models(self) -> dict[str, Any]:
        """Return the names that clients may ask for: `{"models": ["claude-opus-4-8"]}`."""
        return {"models": [model.id for model in self._backing.services().catalogue.listing("")]}

    # --- what is made of it ---

    def replayed(self, id: str) -> dict[str, Any]:
        """Return what differs from then: `{"differences": [...], "skipped": [...], "now": Exchange}`."""
        return self._shown(replays.replay(self._backing.services(), self.exchange(id)))

    def provenance(self, id: str, direction: Direction | None = None) -> dict[str, Any]:
        """Return `{"request": [Link], "answer": [Link], "known": bool}`; of one direction alone, the other has none."""
        found = self._traced(self.exchange(id), with_answer=direction != "request")
        return self._shown((replace(found, request=()) if direction == "answer" else found).json())

    def diff(self, id: str, direction: Direction) -> dict[str, Any]:
        """Return both sides row by row: `{"rows": [...]}`."""
        exchange = self.exchange(id)
        links = self._traced(exchange, with_answer=direction == "answer")
        return self._shown({"rows": differences.of_exchange(exchange, direction, links)})

    def analysis(self, id: str) -> dict[str, Any]:
        """Return `{"lints": [], "tool_calls": [], "reasoning": [], "budget": [], "cache": {}, "images": []}`."""
        exchange, store = self.exchange(id), self._backing.store
        conversation = exchange.facts.conversation
        earlier = (
            store.summaries(f"conversation:{conversation}", 1, exchange.id).exchanges
            if conversation is not None
            else ()
        )
        before = store.get(earlier[0]["id"]) if earlier else None
        return self._shown(analysing.analysis(exchange, before))

    def exported(self, ids: Sequence[str], form: Format, leg: Leg, sdk: str | None) -> Exported:
        """Return one exchange as a file, or several, in a form that holds them. Raises `Refused`."""
        details = [analysing.whole(self.exchange(id)) for id in ids]
        try:
            made = exports.export(details[0], form, leg, sdk) if len(ids) == 1 else exports.export_all(details, form)
        except Unexportable as why:
            raise Refused(409, str(why), "cannot_be_exported") from None
        return made if form in AS_RECORDED else replace(made, content=self._backing.redactor.made(made.content))

    def _traced(self, exchange: Exchange, *, with_answer: bool) -> Traced:
        return traced(exchange, replays.target_of(self._backing.services(), exchange), with_answer=with_answer)

    def _shown(self, made: dict[str, Any]) -> dict[str, Any]:
        """Return what was made of an exchange, redacted once more."""
        shown: dict[str, Any] = self._backing.redactor.made(made)
        return shown

    def converted(self, wanted: Mapping[str, Any]) -> dict[str, Any]:
        """Return what a client's request becomes, and a provider's answer to it: `{"path": "/v1/messages", "headers":
        {}, "body": {}, "notes": [Note], "calls": 1, "answer": {"body": text, "stream": bool, "notes": [Note], "error":
        null}}`. Raises `Refused`."""
        client, provider = (_dialect(wanted.get(name, otherwise), names) for name, otherwise, names in _ENDS)
        model = wanted.get("model")
        if client not in CLIENTS or provider not in convert.DIALECTS:
            message = f"from must be one of {', '.join(CLIENTS)}, to one of {', '.join(convert.DIALECTS)}."
            raise Refused(400, message, "invalid_dialect")
        body = wanted.get("body")
        if not isinstance(body, str | Mapping) or not isinstance(model, str | None):
            message = "body must be the client's request, as an object or a text; model a text."
            raise Refused(400, message, "invalid_body")
        try:
            made = convert.request(body, client=client, provider=str(provider), model=model)
        except NoWay as error:
            raise Refused(400, str(error), "no_way") from None
        except TranslationError as error:
            raise Refused(error.failure.status, error.failure.message, error.failure.code or "refused") from None
        shown = {
            "path": made.path,
            "headers": dict(made.headers),
            "body": made.body,
            "notes": [note_json(note) for note in made.notes],
            "calls": len(made.calls),
            "provenance": _links(_object(body), str(client), str(provider), model),
        }
        return shown | ({"answer": _answer(made, wanted["answer"])} if wanted.get("answer") is not None else {})

    # --- asking again ---

    async def ask_again(self, id: str, body: Any = None) -> dict[str, Any]:
        """Send the request of an exchange once more, or another `body` in its place. Return `{"exchanges": [{"id",
        "model"}]}`."""
        exchange = await aside(lambda: self.exchange(id))
        return {"exchanges": [await self._ask(exchange, _text(body) if body is not None else _recorded(exchange))]}

    async def compare(self, id: str, models: Any) -> dict[str, Any]:
        """Send the request of an exchange to other models. Return `{"exchanges": [{"id", "model"}]}`."""
        if not isinstance(models, list) or not models or not all(isinstance(name, str) for name in models):
            raise Refused(400, 'models must be a list of names, as {"models": ["gemini-3-pro"]}.', "invalid_body")
        if len(models) > MOST_MODELS:
            raise Refused(400, f"At most {MOST_MODELS} models can be compared at once.", "invalid_body")
        exchange = await aside(lambda: self.exchange(id))
        wire = parsed(_recorded(exchange))
        if not isinstance(wire, dict):
            raise Refused(409, "The body of this request is no JSON object, and names no model.", "not_recorded")
        return {"exchanges": [await self._ask(exchange, to_json({**wire, "model": name})) for name in models]}

    async def _ask(self, exchange: Exchange, body: bytes) -> dict[str, Any]:
        limit = self._backing.services().settings.body_size_limit
        if len(body) > limit:
            raise Refused(413, f"The body is larger than {limit} bytes (body-size-limit).", "request_too_large")
        asked, facts = exchange.client_request, exchange.facts
        headers = [
            (name.lower(), value)
            for name, value in (() if asked is None else asked.headers)
            if name.lower() not in _NOT_SENT_AGAIN and HIDDEN not in value
        ]
        headers.append(("content-type", "application/json"))
        try:
            id = await self._backing.ask(facts.client, facts.path, headers, body)
        except ValueError as error:
            raise Refused(409, str(error), "cannot_be_sent") from None
        wire = parsed(body)
        return {"id": id, "model": wire.get("model") if isinstance(wire, dict) else None}


def _recorded(exchange: Exchange) -> bytes:
    """Return the client's request, if it is what the client sent. Raises `Refused`."""
    body = replays.recorded_body(exchange)
    if _TAKEN_OUT.search(body):
        message = (
            "Something in this request was redacted when it was recorded (inspector.bodies, inspector.redact); "
            "send it with a body of your own."
        )
        raise Refused(409, message, "redacted")
    return body


def _text(body: Any) -> bytes:
    return body.encode("utf-8", "surrogatepass") if isinstance(body, str) else to_json(body)


def _object(body: str | Mapping[str, Any]) -> Any:
    return parsed(body.encode("utf-8", "surrogatepass")) if isinstance(body, str) else body


def _links(body: Any, client: str, provider: str, model: str | None) -> list[dict[str, Any]] | None:
    """Return the links of a conversion; None where the request is no JSON object."""
    if not isinstance(body, dict):
        return None
    found = tracing.request(body, client=client, provider=provider, model=model)
    return [link_json(link) for link in found.links]


def _dialect(given: Any, also: Mapping[str, str]) -> str:
    return also.get(given, given) if isinstance(given, str) else ""


def _answer(request: convert.Converted, answer: Any) -> dict[str, Any]:
    answered = convert.answer(_text(answer), request=request)
    return {
        "body": answered.body.decode("utf-8", "replace"),
        "stream": answered.stream,
        "notes": [note_json(note) for note in answered.notes],
        "error": None if answered.failure is None else answered.failure.body(),
    }
