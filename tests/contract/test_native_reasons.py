"""A reason to stop that OpenAI has no word for is given in the provider's own, too; any other is not."""

import json
from typing import Any

import pytest
from samples import READINGS, chat_payloads, writer

from translators.dialects import Recall
from translators.events import Finished, Noted
from translators.registry import CLIENTS, PROVIDERS

TEXT = "x"
ANSWERS: dict[str, Any] = {
    "anthropic": lambda word: {
        "type": "message",
        "content": [{"type": "text", "text": TEXT}],
        "stop_reason": word,
    },
    "bedrock": lambda word: {"output": {"message": {"content": [{"text": TEXT}]}}, "stopReason": word},
    "gemini": lambda word: {"candidates": [{"content": {"parts": [{"text": TEXT}]}, "finishReason": word}]},
    "openai": lambda word: {"choices": [{"message": {"content": TEXT}, "finish_reason": word}]},
    "ollama": lambda word: {"message": {"content": TEXT}, "done": True, "done_reason": word},
}
"""By provider dialect, a whole answer that ended for a reason."""
REASONS = [
    pytest.param("anthropic", "end_turn", "stop", False, id="anthropic: a known one"),
    pytest.param("anthropic", "brand_new", "stop", True, id="anthropic: a new one"),
    pytest.param("anthropic", None, "stop", True, id="anthropic: none"),
    pytest.param("anthropic", "pause_turn", "length", True, id="anthropic: a pause"),
    pytest.param("bedrock", "max_tokens", "length", False, id="bedrock: a known one"),
    pytest.param("bedrock", "brand_new", "stop", True, id="bedrock: a new one"),
    pytest.param("bedrock", None, "stop", True, id="bedrock: none"),
    pytest.param("gemini", "STOP", "stop", False, id="gemini: a known one"),
    pytest.param("gemini", "BRAND_NEW", "stop", True, id="gemini: a new one"),
    pytest.param("gemini", "OTHER", "stop", True, id="gemini: one that OpenAI has no word for"),
    pytest.param("openai", "eos", "stop", False, id="openai: a known one"),
    pytest.param("openai", "brand_new", "stop", True, id="openai: a new one"),
    pytest.param("ollama", "stop", "stop", False, id="ollama: a known one"),
    pytest.param("ollama", "brand_new", "stop", True, id="ollama: a new one"),
    pytest.param("ollama", None, "stop", True, id="ollama: none"),
]


def last(client: str, out: bytes) -> dict[str, Any]:
    """What holds the reason in a stream."""
    if client == "responses":
        final: dict[str, Any] = json.loads(out.rpartition(b"data: ")[2])["response"]
        return final
    choices = [choice for payload in chat_payloads(out) for choice in payload["choices"]]
    return next(choice for choice in reversed(choices) if choice["finish_reason"])


@pytest.mark.parametrize("client", CLIENTS)
@pytest.mark.parametrize(("provider", "word", "reason", "native"), REASONS)
def test_the_providers_own_word(client: str, provider: str, word: str | None, reason: str, native: bool) -> None:
    assert set(READINGS) == set(CLIENTS)
    events = list(PROVIDERS[provider].answer(Recall("m")).whole(ANSWERS[provider](word)))
    assert [event.reason for event in events if isinstance(event, Finished)] == [reason]
    assert any(isinstance(event, Noted) and event.note.fate == "approximated" for event in events) == native
    for streamed in (True, False):
        answer = writer(client, streamed=streamed)
        out = b"".join([answer.on(event) for event in events if not isinstance(event, Noted)]) + answer.close()
        body = last(client, out) if streamed else json.loads(out)
        ended = body if streamed or client == "responses" else body["choices"][0]
        assert ("native_finish_reason" in ended) == native
        assert ended.get("native_finish_reason") == (word if native else None)
