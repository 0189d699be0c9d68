"""The fields of a completion's request, `POST /v1/completions`."""

from typing import Any

from scripts.tools.fields.field import Field, Json

_BASE: Json = {"model": "m", "max_tokens": 400, "prompt": "Hi"}


def _option(name: str, value: Any, gateway: bool = False, **beside: Any) -> Field:
    return Field(name, name, {**_BASE, **beside, name: value}, {**_BASE, **beside}, gateway)


FIELDS = (
    _option("prompt", "Hello"),
    Field("prompt: a list of texts", "prompt", {**_BASE, "prompt": ["Hi", "Ho"]}, _BASE, gateway=True),
    Field("prompt: tokens", "prompt", {**_BASE, "prompt": [1, 2]}, _BASE),
    Field("max_tokens", "max_tokens", {**_BASE, "max_tokens": 50}, _BASE),
    _option("echo", True, gateway=True),
    _option("suffix", "end"),
    _option("best_of", 3),
    _option("logprobs", 2),
    _option("n", 2),
    _option("temperature", 0.5),
    _option("top_p", 0.5),
    _option("frequency_penalty", 0.5),
    _option("presence_penalty", 0.5),
    _option("seed", 7),
    _option("stop", ["END"]),
    _option("logit_bias", {"50": 1}),
    _option("user", "u-1"),
    _option("stream", True, gateway=True),
    _option("stream_options", {"include_usage": True}, gateway=True, stream=True),
    Field("an unknown field", "surprise", {**_BASE, "surprise": 1}, _BASE),
)
