"""Options as fields of a chat, each under OpenAI's name for it."""

from typing import Any

from translators.conversation import Knobs, Option, OutputFormat, PromptCache, WebSearch
from translators.errors import BadRequest
from translators.notes import Note
from translators.providers.openai.quirks import Quirks
from translators.providers.shared import budgets

_AS_THEY_ARE = (
    "temperature",
    "top_p",
    "frequency_penalty",
    "presence_penalty",
    "seed",
    "logit_bias",
    "logprobs",
    "top_logprobs",
    "user",
    "safety_identifier",
    "service_tier",
    "store",
    "metadata",
    "verbosity",
    "reasoning_effort",
    "prompt_cache_key",
    "prompt_cache_retention",
    "prediction",
    "moderation",
)
_NO_FIELD = "Chat completions have no such field."


class Fields:
    """The fields of a body, and the place where the client wrote each."""

    def __init__(self, knobs: Knobs, quirks: Quirks, notes: list[Note]) -> None:
        self.body: dict[str, Any] = {}
        self.at: dict[str, str] = {}
        self._knobs, self._quirks, self._notes = knobs, quirks, notes
        self._limit: int | None = None

    def put(self, name: str, value: Any, at: str) -> None:
        self.body[name], self.at[name] = value, at

    def unused(self) -> list[Note]:
        return self._knobs.unused(_NO_FIELD)

    def refuse_what_cannot_be_had(self) -> None:
        """Refuse spoken answers, which have no place in our events: a client that wants them speaks chat, and is passed
        through. Raises `BadRequest`."""
        modalities, audio = self._knobs.pop("modalities"), self._knobs.pop("audio")
        if modalities is not None and "audio" in modalities.value:
            raise BadRequest("This way answers in text only.", param=modalities.at, code="unsupported_parameter")
        if audio is not None:
            raise BadRequest("This way answers in text only.", param=audio.at, code="unsupported_parameter")
        if modalities is not None:
            self.put("modalities", list(modalities.value), modalities.at)

    def put_limits_and_sampling(self) -> int:
        """Put the limit, stop sequences and `top_k`; return the number of choices that the request has."""
        if (limit := self._knobs.pop("max_tokens")) is not None:
            self._limit = limit.value
            self.put(self._quirks.max_tokens_field or "max_completion_tokens", limit.value, limit.at)
        if (stop := self._knobs.pop("stop")) is not None:
            self.put("stop", list(stop.value), stop.at)
        if (top_k := self._knobs.pop("top_k")) is not None:
            self._extra("top_k", top_k.value, top_k.at)
        if "n" in self._quirks.drop or (alternatives := self._knobs.pop("n")) is None:
            return 1  # left untaken where the server takes none: the gateway asks n times
        self.put("n", alternatives.value, alternatives.at)
        count: int = alternatives.value
        return count

    def put_reasoning(self) -> None:
        """Put budgets and switches in others' words, for servers that are known to take them: `{"max_tokens": ...,
        "exclude": ...}`. The client's own dialect shows or hides the reasoning."""
        budget, visible = self._knobs.pop("reasoning_budget"), self._knobs.pop("reasoning_visible")
        if (thinking := self._knobs.pop("thinking")) is not None:
            self._extra("thinking", thinking.value, thinking.at)
        extended: dict[str, Any] = {} if budget is None else {"max_tokens": self._within(budget)}
        if visible is not None and visible.value is False and "reasoning" in self._quirks.extras:
            extended["exclude"] = True
        if extended:
            named = budget or visible
            self._extra("reasoning", extended, named.at if named else "reasoning", budget.value if budget else None)

    def _within(self, budget: Option) -> int:
        """Return the budget, or the share of it that leaves room to answer."""
        requested: int = budget.value
        tokens = budgets.within(self._limit, requested)
        if tokens != requested and "reasoning" in self._quirks.extras:
            self._notes.append(Note(budget.at, "approximated", requested, tokens, budgets.SHARED))
        return tokens

    def put_formats(self) -> None:
        """Put `response_format`, `web_search_options` and `prompt_cache_options`."""
        if (wanted := self._knobs.pop("response_format")) is not None:
            self.put("response_format", _response_format(wanted.value), wanted.at)
        if (search := self._knobs.pop("web_search")) is not None:
            self.put("web_search_options", _web_search(search.value), search.at)
        if (cache := self._knobs.pop("prompt_cache")) is not None:
            self.put("prompt_cache_options", _prompt_cache(cache.value), cache.at)

    def put_as_they_are(self, *, with_tools: bool) -> None:
        """Put the options that OpenAI has under the same name; one of them has a meaning `with_tools` only."""
        for name in _AS_THEY_ARE:
            if (option := self._knobs.pop(name)) is not None:
                self.put(name, option.value, option.at)
        parallel = self._knobs.pop("parallel_tool_calls")
        if parallel is None:
            return
        if with_tools:
            self.put("parallel_tool_calls", parallel.value, parallel.at)
        else:
            why = "It is only accepted beside tools."
            self._notes.append(Note(parallel.at, "dropped", parallel.value, detail=why))

    def _extra(self, name: str, value: Any, at: str, shown: int | None = None) -> None:
        if name in self._quirks.extras:
            self.put(name, value, at)
        else:
            shown = value if isinstance(value, int) else shown
            self._notes.append(Note(at, "dropped", shown, detail=_NO_FIELD))


def _response_format(wanted: OutputFormat) -> dict[str, Any]:
    if wanted.kind == "json":
        return {"type": "json_object"}
    described = {
        "name": wanted.name or "answer",
        "description": wanted.description,
        "schema": None if wanted.schema is None else dict(wanted.schema),
        "strict": wanted.strict,
    }
    return {"type": "json_schema", "json_schema": _given(described)}


def _web_search(search: WebSearch) -> dict[str, Any]:
    place = {"type": "approximate", "approximate": dict(search.location)} if search.location else None
    return _given({"search_context_size": search.size, "user_location": place})


def _prompt_cache(cache: PromptCache) -> dict[str, Any]:
    return _given({"mode": cache.mode, "ttl": cache.ttl})


def _given(fields: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if value is not None}
