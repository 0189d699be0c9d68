"""Passes an assistant's earlier message on to a provider of the same format that may not have written it.

The gateway tells clients to send such a message back as it came. What is in it beside OpenAI's own fields was made by
the gateway (`thinking_blocks`, `provider_content`, `images`, an `issuer`) or by another provider, and servers refuse
fields that they do not know: each goes on only where it is known to be taken, and is left out with a note elsewhere.
"""

from collections.abc import Mapping
from typing import Any

from translators.dialects import Model
from translators.notes import Fate, Note
from translators.providers.openai.quirks import Quirks
from translators.providers.shared.signers import signer

_REASONING = ("reasoning_content", "reasoning")
_OTHERS = "It is another model's."
_NOT_TAKEN = "This provider does not take it back."
_SIGNED = "The signature of this call is another provider's."

Message = dict[str, Any]


def sendable(messages: list[Any], quirks: Quirks, model: Model, notes: list[Note]) -> list[Any]:
    """Return `messages` as `model` may have them; none of them is changed. Each loss is added to `notes`."""
    return [
        _Sender(quirks, model, f"messages[{place}]", notes).sendable(message) if _is_assistants(message) else message
        for place, message in enumerate(messages)
    ]


def _is_assistants(message: Any) -> bool:
    return isinstance(message, dict) and message.get("role") == "assistant"


class _Sender:
    """The sender of one message, which stands `at`."""

    def __init__(self, quirks: Quirks, model: Model, at: str, notes: list[Note]) -> None:
        self._quirks, self._model, self._at, self._notes = quirks, model, at, notes

    def sendable(self, message: Message) -> Message:
        """Return the message without the fields that the provider does not take."""
        sent = dict(message)
        self._without_blocks(sent)
        self._without_shown(sent)
        self._reasoning(sent)
        if isinstance(calls := sent.get("tool_calls"), list):
            sent["tool_calls"] = [self._call(call, f"tool_calls[{place}]") for place, call in enumerate(calls)]
        return sent

    def _without_blocks(self, sent: Message) -> None:
        """Drop lists beside the text that only the server which made them can read."""
        if "provider_content" in sent:
            self._drop(sent, "provider_content", _OTHERS)
        if "thinking_blocks" in sent and not (self._quirks.takes("thinking_blocks") and self._is_own(sent)):
            self._drop(sent, "thinking_blocks", _OTHERS)
        for name in ("reasoning_details", "images"):
            if name in sent and not self._quirks.takes(name):
                self._drop(sent, name, _NOT_TAKEN)

    def _without_shown(self, sent: Message) -> None:
        """Drop citations, which are only for clients to show; and the null `refusal`, which every answer here has."""
        if self._quirks.takes("annotations"):
            return
        if sent.pop("annotations", None):
            self._note("annotations", "dropped", _NOT_TAKEN, loss=False)
        if sent.get("refusal", "") is None:
            del sent["refusal"]

    def _is_own(self, sent: Message) -> bool:
        """Return whether no block has another signer. Only the gateway writes an `issuer`."""
        blocks = sent["thinking_blocks"]
        return isinstance(blocks, list) and not any(isinstance(block, dict) and "issuer" in block for block in blocks)

    def _reasoning(self, sent: Message) -> None:
        """Put reasoning under the one name that the provider knows; a provider of which nothing is known gets the
        fields as they came."""
        if not self._quirks.reasoning_known:
            return
        wanted = self._quirks.reasoning_field
        given = {name: sent.pop(name) for name in _REASONING if name in sent}
        texts = {name: text for name, text in given.items() if text}
        if wanted is not None and texts:
            written = wanted if wanted in texts else next(iter(texts))
            sent[wanted] = texts.pop(written)
            if written != wanted:
                self._note(written, "moved", "Sent under the name that this provider knows.")
            texts = {name: text for name, text in texts.items() if text != sent[wanted]}
        if texts:
            self._note(next(iter(texts)), "dropped", _NOT_TAKEN, loss=False)  # it was only for the client to show

    def _call(self, call: Any, at: str) -> Any:
        """Return a call without another provider's signature, and without the name of the signer."""
        if not isinstance(call, dict) or "extra_content" not in call:
            return call
        extra = call["extra_content"]
        google = extra.get("google") if isinstance(extra, dict) else None
        google = google if isinstance(google, dict) else {}
        issuer = google.get("issuer") or self._signer(call)
        if not self._quirks.takes("extra_content") or issuer not in (None, f"openai:{self._model.name}"):
            if extra:
                self._note(f"{at}.extra_content", "dropped", _SIGNED)
            return {name: value for name, value in call.items() if name != "extra_content"}
        if "issuer" not in google:
            return call
        return {**call, "extra_content": {**extra, "google": _without_issuer(google)}}

    def _signer(self, call: Message) -> str | None:
        """Return the remembered signer of a call, for clients that store a signature without its issuer."""
        id = call.get("id")
        return signer(self._model.memory, id) if isinstance(id, str) else None

    def _drop(self, sent: Message, name: str, why: str) -> None:
        if sent.pop(name):
            self._note(name, "dropped", why)

    def _note(self, name: str, fate: Fate, why: str, *, loss: bool | None = None) -> None:
        self._notes.append(Note(f"{self._at}.{name}", fate, detail=why, loss=loss))


def _without_issuer(google: Mapping[str, Any]) -> Message:
    return {name: value for name, value in google.items() if name != "issuer"}
