"""From a client's body to what a provider is asked: decoded, parsed, resolved, rendered. Here a request is refused."""

from collections.abc import Mapping
from dataclasses import dataclass

from addons.observers import Record
from addons.provider_request import ProviderRequest, provider_request
from routing.catalogue import Catalogue, Target, UnknownModel
from routing.settings import Settings
from translators.dialects import Asked, ClientDialect, Model, ProviderDialect, Rendered
from translators.errors import BadRequest
from translators.framing import compression, json_text
from translators.notes import Note
from translators.registry import PROVIDERS

AGENT = "mitmproxy-openai-gateway"
PIECE_BYTES = 65536


@dataclass(frozen=True, slots=True)
class Question:
    """A client's request with all that was made of it."""

    client: ClientDialect
    asked: Asked
    target: Target
    provider: ProviderDialect
    rendered: Rendered
    request: ProviderRequest

    @property
    def streams(self) -> bool:
        """Whether the client wants a stream."""
        return self.asked.conversation.stream


def decoded(body: bytes, coding: str, limit: int) -> bytes:
    """`body` without its content-encoding. Raises `BadRequest`, 413 where it grows beyond `limit` bytes."""
    if not coding:
        return body
    out = bytearray()
    try:
        decoder = compression.decoder(coding)
        for at in range(0, len(body), PIECE_BYTES):
            out += decoder.feed(body[at : at + PIECE_BYTES])
            if len(out) > limit:
                raise compression.Bomb
        decoder.close()
    except compression.Bomb as error:
        message = f"The request's body is larger than {limit} bytes (body-size-limit) when it is decompressed."
        raise BadRequest(message, code="request_too_large", status=413) from error
    except compression.Undecodable as error:
        message = f"The request's body is not what its content-encoding says: {error}."
        raise BadRequest(message, code="invalid_content_encoding") from error
    return bytes(out)


def question(
    client: ClientDialect,
    body: bytes,
    headers: Mapping[str, str],
    *,
    settings: Settings,
    catalogue: Catalogue,
    record: Record,
) -> Question:
    """`body` is decoded JSON text, `headers` are the client's without its key. What is learned on the way is put into
    `record`, so that a refusal is logged with it. Raises `BadRequest`."""
    try:
        wire, repaired = json_text.parsed(body)
    except ValueError as error:
        raise BadRequest("The request's body is not JSON.", code="invalid_json") from error
    if repaired:
        why = "Halves of surrogate pairs, which no text can hold, are sent as U+FFFD."
        record.notes.append(Note("body", "approximated", detail=why))
    asked = client.parse(wire)
    record.model, record.stream = asked.model, asked.conversation.stream
    record.notes.extend(asked.notes)
    try:
        target = catalogue.resolve(asked.model, record.key_name or "")
    except UnknownModel as error:
        raise BadRequest(str(error), param="model", code="model_not_found") from error
    record.provider, record.provider_model = target.provider, target.model
    provider = PROVIDERS[target.dialect]
    rendered = provider.render(asked.conversation, Model(target.model, target.overrides))
    record.notes.extend(rendered.notes)
    if settings.on_loss == "refuse":
        _refuse_loss(record.notes)
    request = provider_request(AGENT, settings.forward_headers, target, rendered, headers)
    return Question(client, asked, target, provider, rendered, request)


def _refuse_loss(notes: list[Note]) -> None:
    lost = [note.path for note in notes if note.fate == "dropped"]
    if lost:
        message = f"These fields cannot be carried to this model (on-loss: refuse in config.yaml): {', '.join(lost)}."
        raise BadRequest(message, param=lost[0], code="unsupported_parameter")
