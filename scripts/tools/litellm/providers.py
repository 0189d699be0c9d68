"""Makes an entry of ours of a deployment of LiteLLM's, by its provider.

https://docs.litellm.ai/docs/providers
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from routing.compatible_servers import SERVERS, known
from scripts.tools.litellm.deployments import Deployment, NotCarried, is_variable
from translators.values import immutable


@dataclass
class Entry:
    """An entry of ours, without `models`, and the name of the model there. `named` is false for an entry that serves
    all names of its provider."""

    section: str
    fields: dict[str, Any]
    model: str
    model_fields: dict[str, Any] = field(default_factory=dict)


@immutable
class Compatible:
    """A provider that speaks OpenAI's format: a server that the gateway knows by `name`, or one at `base_url`.
    `variable` holds its key where the deployment has none, `address` its address."""

    name: str
    base_url: str | None = None
    variable: str | None = None
    address: str | None = None


def _anthropic(item: Deployment) -> Entry:
    fields = {"api-key": item.secret("api_key") or "${ANTHROPIC_API_KEY}", "base-url": item.text("api_base")}
    return Entry("claude-api-key", fields, item.model)


def _gemini(item: Deployment) -> Entry:
    fields = {"api-key": item.secret("api_key") or "${GEMINI_API_KEY}", "base-url": item.text("api_base")}
    return Entry("gemini-api-key", fields, item.model)


def _vertex(item: Deployment) -> Entry:
    if not re.match(r"gemini|claude|\*", item.model):
        raise NotCarried("at Vertex AI only Gemini and Claude are asked")
    fields: dict[str, Any] = {
        "project": item.text("vertex_project") or "${VERTEXAI_PROJECT}",
        "location": item.text("vertex_location") or "us-central1",
    }
    credentials = item.text("vertex_credentials")
    if credentials is None:
        fields["application-default"] = True
    elif is_variable(credentials) or Path(credentials).expanduser().is_file():
        fields["credentials-file"] = credentials
    else:
        item.remarks.append("vertex_credentials is not the name of a file that is there; write it here")
        fields["credentials-file"] = "${GOOGLE_APPLICATION_CREDENTIALS}"
    return Entry("vertex", fields, item.model)


def _bedrock(item: Deployment) -> Entry:
    *ways, model = item.model.split("/", item.model.count("/") if "arn:" not in item.model else 0)
    region = next((way for way in ways if re.fullmatch(r"[a-z]{2}-[a-z-]+-[0-9]", way)), None)
    fields = {
        "region": item.text("aws_region_name") or region or "${AWS_REGION_NAME}",
        "api-key": item.secret("api_key"),
        "access-key-id": item.secret("aws_access_key_id"),
        "secret-access-key": item.secret("aws_secret_access_key"),
        "session-token": item.secret("aws_session_token"),
        "profile": item.text("aws_profile_name"),
        "base-url": item.text("aws_bedrock_runtime_endpoint"),
    }
    if (behind := item.text("model_id")) is not None:
        return Entry("bedrock", fields, behind, {"base-model": model})
    return Entry("bedrock", fields, model)


def _azure(item: Deployment) -> Entry:
    if item.model.startswith("claude"):
        raise NotCarried("Claude at Azure is not asked")
    model = item.model.removeprefix("o_series/")
    endpoints = ["responses"] if model.startswith("responses/") else None
    version = item.text("api_version")
    if version is not None and not re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}(-preview)?|\$\{.*\}", version):
        version = None
    fields: dict[str, Any] = {
        "endpoint": _host_alone(item.text("api_base") or "${AZURE_API_BASE}"),
        "api-version": version,
        "endpoints": endpoints,
    }
    application = {name.replace("_", "-"): item.text(name) for name in ("tenant_id", "client_id")}
    application["client-secret"] = item.secret("client_secret")
    if all(application.values()):
        fields["entra"] = application
    else:
        fields["api-key"] = item.secret("api_key") or "${AZURE_API_KEY}"
    return Entry("azure-openai", fields, model.removeprefix("responses/"))


def _host_alone(url: str) -> str:
    parts = urlsplit(url)
    return url if is_variable(url) else f"{parts.scheme}://{parts.netloc}"


def _ollama(item: Deployment) -> Entry:
    return Entry("ollama", {"base-url": item.text("api_base"), "api-key": item.secret("api_key")}, item.model)


def _compatible(item: Deployment) -> Entry:
    way = COMPATIBLE[item.provider]
    given = item.text("api_base") or item.text("base_url") or (f"${{{way.address}}}" if way.address else None)
    server = SERVERS.get(way.name)
    if given is None and server is None and way.base_url is None:
        raise NotCarried("it has no api_base")
    if given is not None and server is not None and given.rstrip("/") == server.base_url:
        given = None
    name = way.name
    if given is not None and item.provider in _ANYBODY:
        name = _called(given, item.provider)
    key = item.secret("api_key") or (f"${{{way.variable}}}" if way.variable else None)
    headers = {}
    if (organisation := item.text("organization")) is not None:
        headers["openai-organization"] = organisation
    fields = {
        "name": name,
        "base-url": given or way.base_url,
        "api-key-entries": [{"api-key": key}] if key else None,
        "headers": headers or None,
    }
    return Entry("openai-compatibility", fields, _own_name(item))


_ANYBODY = ("openai", "text-completion-openai", "custom_openai", "openai_like", "litellm_proxy")
"""The providers of LiteLLM's behind which any server may stand: its name says nothing of what it takes."""


def _called(url: str, provider: str) -> str:
    """Return a name for a server that does not make it one that the gateway knows."""
    host = "" if is_variable(url) else urlsplit(url).hostname or ""
    return host if host and known(host) is None else f"{provider}-server"


def _own_name(item: Deployment) -> str:
    if item.provider == "fireworks_ai" and not re.match(r"accounts/|\*", item.model):
        return f"accounts/fireworks/models/{item.model}"
    return item.model.removeprefix("responses/")


COMPATIBLE: Mapping[str, Compatible] = {
    "openai": Compatible("openai", variable="OPENAI_API_KEY"),
    "text-completion-openai": Compatible("openai", variable="OPENAI_API_KEY"),
    "custom_openai": Compatible("server"),
    "openai_like": Compatible("server", variable="OPENAI_LIKE_API_KEY"),
    "litellm_proxy": Compatible("litellm", variable="LITELLM_PROXY_API_KEY", address="LITELLM_PROXY_API_BASE"),
    "openrouter": Compatible("openrouter", variable="OPENROUTER_API_KEY"),
    "groq": Compatible("groq", variable="GROQ_API_KEY"),
    "deepseek": Compatible("deepseek", variable="DEEPSEEK_API_KEY"),
    "mistral": Compatible("mistral", variable="MISTRAL_API_KEY"),
    "together_ai": Compatible("together", variable="TOGETHERAI_API_KEY"),
    "fireworks_ai": Compatible("fireworks", variable="FIREWORKS_API_KEY"),
    "xai": Compatible("xai", variable="XAI_API_KEY"),
    "cerebras": Compatible("cerebras", variable="CEREBRAS_API_KEY"),
    "moonshot": Compatible("moonshot", variable="MOONSHOT_API_KEY"),
    "novita": Compatible("novita", variable="NOVITA_API_KEY"),
    "hosted_vllm": Compatible("vllm"),
    "vllm": Compatible("vllm"),
    "lm_studio": Compatible("lm-studio"),
    "llamafile": Compatible("llama.cpp", "http://127.0.0.1:8080/v1"),
    "perplexity": Compatible("perplexity", "https://api.perplexity.ai", "PERPLEXITYAI_API_KEY"),
    "nvidia_nim": Compatible("nvidia", "https://integrate.api.nvidia.com/v1", "NVIDIA_NIM_API_KEY"),
    "deepinfra": Compatible("deepinfra", "https://api.deepinfra.com/v1/openai", "DEEPINFRA_API_KEY"),
    "sambanova": Compatible("sambanova", "https://api.sambanova.ai/v1", "SAMBANOVA_API_KEY"),
    "dashscope": Compatible("dashscope", "https://dashscope-intl.aliyuncs.com/compatible-mode/v1", "DASHSCOPE_API_KEY"),
    "zai": Compatible("zai", "https://api.z.ai/api/paas/v4", "ZAI_API_KEY"),
}

PROVIDERS: Mapping[str, Callable[[Deployment], Entry]] = {
    "anthropic": _anthropic,
    "gemini": _gemini,
    "vertex_ai": _vertex,
    "vertex_ai_beta": _vertex,
    "bedrock": _bedrock,
    "bedrock_converse": _bedrock,
    "azure": _azure,
    "azure_text": _azure,
    "azure_ai": _azure,
    "ollama": _ollama,
    "ollama_chat": _ollama,
    **dict.fromkeys(COMPATIBLE, _compatible),
}


def entry(item: Deployment) -> Entry:
    """Return the entry for a deployment. Raises `NotCarried`."""
    mode = item.info.pop("mode", "chat")
    if mode not in ("chat", "completion", "responses"):
        raise NotCarried(f"models for {mode} are not served")
    item.provider, item.model = _who(item.model, item.provider)
    if item.provider not in PROVIDERS:
        if "api_base" not in item.left:
            raise NotCarried(f'the provider of "{item.model}" is none that the gateway knows')
        item.provider = "custom_openai"
    if re.search(r"\s|^/|/$", item.public) or not item.public or not item.model:
        raise NotCarried("a model's name has no spaces, and no slash at its ends")
    made = PROVIDERS[item.provider](item)
    if item.priority:
        made.fields["priority"] = item.priority
    if item.weight is not None:
        made.fields["weight"] = item.weight
    _headers(item, made)
    made.fields = {name: value for name, value in made.fields.items() if value is not None}
    return made


def _who(model: str, named: str) -> tuple[str, str]:
    """Return the provider of a model and its own name there. A bare name says it by how it begins."""
    first, slash, rest = model.partition("/")
    if named:
        return named, rest if first == named and slash else model
    if slash and first in PROVIDERS:
        return first, rest
    if model.startswith("claude"):
        return "anthropic", model
    if model.startswith("gemini"):
        return "vertex_ai", model
    return ("openai" if re.match(r"gpt-|chatgpt-|codex-|o[1-9]", model) else ""), model


def _headers(item: Deployment, made: Entry) -> None:
    given = item.left.pop("extra_headers", None) or {}
    if isinstance(given, dict) and given:
        texts = {name: str(value).replace("$", "$$") for name, value in given.items()}
        made.fields["headers"] = {**(made.fields.get("headers") or {}), **texts}
