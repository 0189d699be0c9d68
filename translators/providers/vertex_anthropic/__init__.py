"""Claude on Google's Vertex AI: Anthropic's Messages format under Vertex's paths.

https://cloud.google.com/vertex-ai/generative-ai/docs/partner-models/claude, and `anthropic.lib.vertex` of its SDK: the
model stands in the path, the version in the body, and media must come with the request.
"""

from dataclasses import replace
from urllib.parse import quote

from translators.conversation import Conversation, Inline, Knobs
from translators.dialects import Framing, Model, Rendered
from translators.errors import BadRequest
from translators.providers.claude import request
from translators.providers.claude.answer import answer
from translators.providers.claude.errors import read_error, read_limits
from translators.providers.shared.abilities import media_of

__all__ = ["answer", "framing", "name", "read_error", "read_limits", "render"]

name: str = "vertex-anthropic"
framing: Framing = "sse"

_LACKS = {"web_search": "web_search_20250305", "fast": False}
"""The facts that are others than at Anthropic: no newer search tools, and no fast mode."""
_ANTHROPICS_ALONE = ("inference_geo", "container")
"""Fields of Anthropic's own servers: here the region is in the address, and no code is run."""
_FIRST_VERSION = "2023-06-01"
_FIRST_VERSION_HERE = "vertex-2023-10-16"


def render(conversation: Conversation, model: Model) -> Rendered:
    """Return the request of the Messages format, with its model in the path and `"anthropic_version"` in the body.

    Raises `BadRequest`, also for media that are not in the request itself: Vertex fetches nothing."""
    for part in media_of(conversation):
        if not isinstance(part.source, Inline):
            message = "Claude on Vertex takes media only inline; send it as base64."
            raise BadRequest(message, param=part.at, code="unsupported_parameter")
    options = dict(conversation.options)
    elsewhere = Knobs({name: options.pop(name) for name in _ANTHROPICS_ALONE if name in options})
    conversation = replace(conversation, options=options)
    rendered = request.render(conversation, replace(model, overrides={**_LACKS, **model.overrides}))
    headers = dict(rendered.headers)
    version = headers.pop("anthropic-version")
    body = {"anthropic_version": _FIRST_VERSION_HERE if version == _FIRST_VERSION else version, **rendered.body}
    del body["model"]
    verb = "streamRawPredict" if rendered.streams else "rawPredict"
    path = f"/models/{quote(model.name, safe='@')}:{verb}"
    return replace(rendered, path=path, headers=headers, body=body, notes=(*rendered.notes, *elsewhere.unused()))
