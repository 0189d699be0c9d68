"""The defaults of a deployment of LiteLLM's, as a rule of our `payload.default`.

https://docs.litellm.ai/docs/proxy/configs: what is in `litellm_params` holds unless the request says otherwise.
"""

from collections.abc import Mapping
from typing import Any

from scripts.tools.litellm.deployments import Deployment
from scripts.tools.litellm.providers import Entry

_SAME = ("temperature", "top_p")
_OPENAI = {name: name for name in (*_SAME, "frequency_penalty", "presence_penalty", "seed", "reasoning_effort")}
PATHS: Mapping[str, tuple[str, Mapping[str, str]]] = {
    "openai-compatibility": ("openai", _OPENAI),
    "azure-openai": ("openai", _OPENAI),
    "claude-api-key": ("claude", {name: name for name in (*_SAME, "top_k")}),
    "gemini-api-key": (
        "gemini",
        {
            "temperature": "generationConfig.temperature",
            "top_p": "generationConfig.topP",
            "top_k": "generationConfig.topK",
        },
    ),
}
"""By section: the protocol of a rule, and where the provider's body has each parameter."""


def taken(item: Deployment, entry: Entry) -> dict[str, Any] | None:
    """Take the defaults out of a deployment. None, where it has none that can be carried."""
    protocol, paths = PATHS.get(entry.section, ("", {}))
    if "*" in entry.model:
        return None
    usable = [
        name for name in paths if isinstance(value := item.left.get(name), str | int | float) and "$" not in str(value)
    ]
    params = {paths[name]: item.left.pop(name) for name in usable}
    return {"models": [{"name": entry.model, "protocol": protocol}], "params": params} if params else None
