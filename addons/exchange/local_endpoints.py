"""Endpoints that need no provider: health, metrics, CORS, models, stored answers; the check of keys and paths."""

from collections.abc import Mapping
from typing import Any

from pydantic_core import to_json

from addons.exchange import http_api, operations
from addons.exchange.faults import asked_for
from addons.exchange.http_api import Head, Reply
from addons.exchange.observers import Record
from addons.exchange.operations import Later
from addons.exchange.services import Services
from routing.catalogue import UnknownModel
from routing.faults import HEADER, Fault
from routing.settings import ClientKey
from translators.clients.shared.openai_api import JSON
from translators.dialects import ClientDialect, Writer
from translators.errors import Failure
from translators.own_name import OwnName


class LocalEndpoints:
    """Reads a request's head. Puts the name of the client's key into `record`."""

    def __init__(self, services: Services, head: Head, client: ClientDialect, record: Record) -> None:
        self._services, self._head, self._client, self._record = services, head, client, record
        self.key: ClientKey | None = None
        """The client's, once it is checked."""
        self.fault: Fault | None = None
        """The one that the client asks for."""
        self.counts = True
        """The exchange is worth a line in the log, and a flow; a monitor's health check is not."""

    @property
    def key_name(self) -> str:
        return self._record.key_name or ""

    @property
    def _owner(self) -> str:
        return self._services.keys.owner(self.key_name)

    def answer(self) -> Reply | Later | Failure | None:
        """Return the reply, or what makes it, or the failure that refuses the request. None: its body is wanted."""
        head, services = self._head, self._services
        if (reply := http_api.preflight(services.settings.cors_origins, head)) is not None:
            return reply
        if http_api.needs_key(head.target) and (refused := self._check_key()) is not None:
            return refused
        place = http_api.endpoint(head.method, head.target, head.headers.get("upgrade", ""))
        if isinstance(place, Failure):
            return place
        if (shown := self._operations(place.route)) is not None:
            return shown
        if services.life.draining:
            return http_api.DRAINING
        match place.route:
            case "models":
                return _json(self._client.models(services.catalogue.listing(self.key_name)))
            case "model":
                return self._model(place.id)
            case "answer":
                return self._stored_answer(place.id)
        return self._before_its_body()

    def _before_its_body(self) -> Failure | None:
        """Return the failure that refuses a request whose body is not there yet."""
        head, limit = self._head, self._services.settings.body_size_limit
        if HEADER in head.headers:
            asked = asked_for(head.headers, self.key)
            if isinstance(asked, Failure):
                return asked
            self.fault = asked
        return http_api.too_large(limit) if http_api.declares_more(head, limit) else None

    def store(self, writer: Writer) -> None:
        """Store an answer that its client may come back to."""
        store, state = self._services.responses, self._client.state
        if store is None or state is None:
            return
        if (answer := state.remembered(writer.inner if isinstance(writer, OwnName) else writer)) is not None:
            store.put(self._owner, answer, self._services.clock.now())

    def stores_more_than(self, size: int) -> bool:
        """Return whether more than `size` bytes of answers are stored, all of which a short request may refer to."""
        store = self._services.responses
        return store is not None and store.size_of(self._owner) > size

    def _check_key(self) -> Failure | None:
        head = self._head
        presented = self._client.presented_key(head.headers) if head.key_name is None else ""
        if isinstance(presented, Failure):
            return presented
        keys = self._services.keys
        key = keys.check(presented) if head.key_name is None else keys.of(head.key_name)
        if key is None:
            return http_api.INCORRECT_KEY
        self._record.key_name, self._record.debug = key.name, key.debug
        if key.expires is not None and key.expires <= self._services.clock.wall():
            return http_api.EXPIRED_KEY
        self.key = key
        return None

    def _operations(self, route: str) -> Reply | Later | Failure | None:
        """Serve who looks after the gateway, also while it drains. What a monitor asks again and again is not worth a
        line in the log, unless it is refused."""
        services = self._services
        if route == "provider-metrics":
            return operations.providers(services, self.key_name)
        if route not in ("health", "ready", "metrics"):
            return None
        self.counts = False
        if route == "metrics":
            answer = operations.prometheus(services, self._head.headers)
            self.counts = isinstance(answer, Failure)
            return answer
        return http_api.health(services.life.draining) if route == "health" else operations.readiness(services)

    def _model(self, name: str) -> Reply | Failure:
        try:
            return _json(self._client.model(self._services.catalogue.get(name, self.key_name)))
        except UnknownModel as error:
            return Failure(404, str(error), "invalid_request_error", "model", "model_not_found")

    def _stored_answer(self, id: str) -> Reply | Failure:
        """Serve GET and DELETE of a stored answer."""
        store, state, now = self._services.responses, self._client.state, self._services.clock.now()
        if store is None or state is None:
            message = "No response is kept here (response-store in config.yaml)."
            return Failure(404, message, "invalid_request_error", "response_id", "response_not_found")
        if self._head.method == "DELETE":
            body: Mapping[str, Any] | None = state.deleted(id) if store.delete(self._owner, id, now) else None
        else:
            body = store.get(self._owner, id, now)
        return state.missing(id) if body is None else _json(body)


def _json(body: Mapping[str, Any]) -> Reply:
    return Reply(200, (JSON,), to_json(body))
