"""Where each provider's entry sends a request, whole."""

from pathlib import Path
from typing import Any

import botocore.session
import pytest
from anthropic import AnthropicVertex
from botocore.regions import EndpointResolver
from google.genai import types as genai
from openai import AzureOpenAI

from routing.auth import AwsAuth, EntraAuth, GoogleAuth, StaticKey
from routing.catalogue import Catalogue, Target, UnknownModel
from routing.compatible_servers import OPENAI
from routing.config import parse
from routing.secret import Secret

KNOWN = {"anthropic": ("claude-a",), "gemini": ("gemini-a", "gemini-b")}
PROJECT = "project: p, application-default: true"


def catalogue(text: str, **environ: str) -> Catalogue:
    loaded = parse(text.encode(), "c.yaml", environ)
    return Catalogue(loaded.settings, loaded.skipped, KNOWN)


def listed(served: Catalogue) -> list[str]:
    return [model.id for model in served.listing("key-1")]


def bearer(key: str) -> StaticKey:
    return StaticKey("authorization", Secret(key), "Bearer ")


@pytest.mark.parametrize(
    ("entry", "target"),
    [
        pytest.param(
            "gemini-api-key: [{api-key: k, models: [{name: g, alias: m, family: {levels: [low], penalties: true}}],"
            " headers: {X-A: b}, safety-settings: [{category: HARM_CATEGORY_HARASSMENT, threshold: OFF}]}]",
            Target(
                "gemini",
                "g",
                "m",
                {"gemini": "https://generativelanguage.googleapis.com/v1beta"},
                StaticKey("x-goog-api-key", Secret("k")),
                headers={"x-a": Secret("b")},
                overrides={
                    "safety_settings": ({"category": "HARM_CATEGORY_HARASSMENT", "threshold": "OFF"},),
                    "levels": ("low",),
                    "penalties": True,
                },
            ),
            id="gemini",
        ),
        pytest.param(
            "gemini-api-key: [{api-key: k, base-url: 'http://h/p/v1beta/', api-version: v1, models: [{name: m}]}]",
            Target("gemini", "m", "m", {"gemini": "http://h/p/v1"}, StaticKey("x-goog-api-key", Secret("k"))),
            id="gemini elsewhere",
        ),
        pytest.param(
            "gemini-api-key: [{api-key: k, base-url: '', models: [{name: m, alias: ''}]}]",
            Target(
                "gemini",
                "m",
                "m",
                {"gemini": "https://generativelanguage.googleapis.com/v1beta"},
                StaticKey("x-goog-api-key", Secret("k")),
            ),
            id="empty texts are absent",
        ),
        pytest.param(
            "vertex-api-key: [{api-key: k, models: [{name: m}]}]",
            Target(
                "vertex",
                "m",
                "m",
                {"gemini": "https://aiplatform.googleapis.com/v1/publishers/google"},
                StaticKey("x-goog-api-key", Secret("k")),
                overrides={"platform": "vertex"},
            ),
            id="vertex, express",
        ),
        pytest.param(
            f"vertex: [{{{PROJECT}, quota-project: q, models: [{{name: g, alias: m, family: {{search: false}}}}]}}]",
            Target(
                "vertex",
                "g",
                "m",
                {"gemini": "https://aiplatform.googleapis.com/v1/projects/p/locations/global/publishers/google"},
                GoogleAuth(None, "q"),
                overrides={"platform": "vertex", "search": False},
            ),
            id="vertex, gemini",
        ),
        pytest.param(
            f"vertex: [{{{PROJECT}, location: us-east5, api-version: v1beta1,"
            " safety-settings: [{category: HARM_CATEGORY_HARASSMENT, threshold: BLOCK_NONE}],"
            " models: [{name: claude-x@1, alias: m, claude-family: {prefill: false}}]}]",
            Target(
                "vertex",
                "claude-x@1",
                "m",
                {
                    "vertex-anthropic": "https://us-east5-aiplatform.googleapis.com/v1/projects/p/locations/us-east5"
                    "/publishers/anthropic"
                },
                GoogleAuth(),
                overrides={"prefill": False},
            ),
            id="vertex, claude",
        ),
        pytest.param(
            f"vertex: [{{{PROJECT}, base-url: 'http://h:1', api-version: v1beta1, models: [{{name: m}}]}}]",
            Target(
                "vertex",
                "m",
                "m",
                {"gemini": "http://h:1/v1beta1/projects/p/locations/global/publishers/google"},
                GoogleAuth(),
                overrides={"platform": "vertex"},
            ),
            id="vertex at a private endpoint",
        ),
        pytest.param(
            "bedrock: [{region: eu-west-1, api-key: k, models: [{name: 'a.claude-1:0', alias: m}]}]",
            Target(
                "bedrock",
                "a.claude-1:0",
                "m",
                {"bedrock": "https://bedrock-runtime.eu-west-1.amazonaws.com"},
                bearer("k"),
            ),
            id="bedrock, bearer",
        ),
        pytest.param(
            "bedrock: [{region: cn-north-1, access-key-id: i, secret-access-key: s, session-token: t,"
            " models: [{name: m, base-model: amazon.nova-pro, family: {prefill: false}}]}]",
            Target(
                "bedrock",
                "m",
                "m",
                {"bedrock": "https://bedrock-runtime.cn-north-1.amazonaws.com.cn"},
                AwsAuth("cn-north-1", "bedrock", Secret("i"), Secret("s"), Secret("t")),
                overrides={"prefill": False, "base_model": "amazon.nova-pro"},
            ),
            id="bedrock, keys",
        ),
        pytest.param(
            "bedrock: [{region: us-east-1, profile: work, base-url: 'http://h/', models: [{name: m}]}]",
            Target("bedrock", "m", "m", {"bedrock": "http://h"}, AwsAuth("us-east-1", profile="work")),
            id="bedrock, profile",
        ),
        pytest.param(
            "bedrock: [{region: us-east-1, models: [{name: m}]}]",
            Target(
                "bedrock",
                "m",
                "m",
                {"bedrock": "https://bedrock-runtime.us-east-1.amazonaws.com"},
                AwsAuth("us-east-1"),
            ),
            id="bedrock, the machine's role",
        ),
        pytest.param(
            "openai-compatibility: [{name: mine, base-url: 'http://h/v1/chat/completions', models: [{name: m}]}]",
            Target("mine", "m", "m", {"openai": "http://h/v1"}),
            id="compatible, local",
        ),
        pytest.param(
            "openai-compatibility: [{name: mine, base-url: 'http://h/v1', api-key-entries: [{api-key: k}],"
            " endpoints: [responses, completions, chat], models: [{name: m}],"
            " quirks: {drop: [seed], rename: {a: b}, stream-usage: false, reasoning-field: none}}]",
            Target(
                "mine",
                "m",
                "m",
                {"openai": "http://h/v1", "openai-responses": "http://h/v1", "openai-completions": "http://h/v1"},
                bearer("k"),
                overrides={
                    "quirks": {
                        "drop": ("seed",),
                        "rename": {"a": "b"},
                        "stream_usage": False,
                        "reasoning_field": None,
                    }
                },
            ),
            id="compatible, all",
        ),
        pytest.param(
            "codex-api-key: [{api-key: k, quirks: {drop: [user]},"
            " models: [{name: m, family: {streams: true, reasoning-summary: auto}}]}]",
            Target(
                "openai",
                "m",
                "m",
                {"openai-responses": "https://api.openai.com/v1"},
                bearer("k"),
                overrides={"quirks": {"drop": ("user",)}, "reasoning_summary": "auto", "streams": True},
            ),
            id="responses only",
        ),
        pytest.param(
            "azure-openai: [{endpoint: 'https://r.services.ai.azure.com/', api-key: k, models: [{name: d, alias: m}],"
            " quirks: {developer-role: false}}]",
            Target(
                "azure",
                "d",
                "m",
                {"openai": "https://r.services.ai.azure.com/openai/v1"},
                StaticKey("api-key", Secret("k")),
                overrides={"quirks": {**OPENAI.quirks, "developer_role": False}},
            ),
            id="azure, v1",
        ),
        pytest.param(
            "azure-openai: [{name: east, endpoint: 'https://r.openai.azure.com/openai/deployments/x', entra: default,"
            " api-version: 2024-10-21, endpoints: [responses, chat], models: [{name: d/1, alias: m}]}]",
            Target(
                "east",
                "d/1",
                "m",
                {
                    "openai": "https://r.openai.azure.com/openai/deployments/d%2F1",
                    "openai-responses": "https://r.openai.azure.com/openai",
                },
                EntraAuth(),
                query="api-version=2024-10-21",
                overrides={"quirks": OPENAI.quirks},
            ),
            id="azure, dated",
        ),
        pytest.param(
            "azure-openai: [{endpoint: 'https://r.openai.azure.com/openai/v1', models: [{name: m}],"
            " entra: {tenant-id: t, client-id: c, client-secret: s}}]",
            Target(
                "azure",
                "m",
                "m",
                {"openai": "https://r.openai.azure.com/openai/v1"},
                EntraAuth(tenant_id="t", client_id="c", client_secret=Secret("s")),
                overrides={"quirks": OPENAI.quirks},
            ),
            id="azure, an application",
        ),
        pytest.param(
            "ollama: [{models: [{name: m}]}]",
            Target("ollama", "m", "m", {"ollama": "http://127.0.0.1:11434"}),
            id="ollama",
        ),
        pytest.param(
            "ollama: [{name: far, base-url: 'https://h/api', api-key: k, num-ctx: 8192, keep-alive: -1,"
            " options: {mirostat: 1, stop: [x]}, truncate: true, models: [{name: m, think: [off, low, high]}]}]",
            Target(
                "far",
                "m",
                "m",
                {"ollama": "https://h"},
                bearer("k"),
                overrides={
                    "num_ctx": 8192,
                    "keep_alive": -1,
                    "options": {"mirostat": 1, "stop": ["x"]},
                    "truncate": True,
                    "think": (False, "low", "high"),
                },
            ),
            id="ollama, all",
        ),
    ],
)
def test_a_whole_target(entry: str, target: Target) -> None:
    candidate = catalogue(entry).candidates("m", "key-1")[0]
    assert candidate == target
    assert list(candidate.base_urls) == list(target.base_urls)
    assert catalogue(entry).get("m", "key-1").owned_by == target.provider


@pytest.mark.parametrize(
    ("location", "host"),
    [
        pytest.param("global", "aiplatform.googleapis.com", id="global"),
        pytest.param("eu", "aiplatform.eu.rep.googleapis.com", id="eu"),
        pytest.param("us", "aiplatform.us.rep.googleapis.com", id="us"),
        pytest.param("europe-west4", "europe-west4-aiplatform.googleapis.com", id="one region"),
    ],
)
def test_hosts_of_vertex(location: str, host: str) -> None:
    target = catalogue(f"vertex: [{{{PROJECT}, location: {location}}}]").candidates("claude-x", "key-1")[0]
    path = f"v1/projects/p/locations/{location}/publishers/anthropic"
    assert target.base_urls == {"vertex-anthropic": f"https://{host}/{path}"}
    with AnthropicVertex(region=location, project_id="p", access_token="t") as sdk:
        assert sdk.base_url.host == host


@pytest.mark.parametrize("region", ["us-east-1", "us-gov-west-1", "cn-north-1"])
def test_hosts_of_bedrock(region: str) -> None:
    target = catalogue(f"bedrock: [{{region: {region}, models: [{{name: m}}]}}]").candidates("m", "key-1")[0]
    endpoints = EndpointResolver(botocore.session.Session().get_data("endpoints"))
    host = endpoints.construct_endpoint("bedrock-runtime", region)["hostname"]
    assert target.base_urls == {"bedrock": f"https://{host}"}


@pytest.mark.parametrize("endpoint", ["https://r.openai.azure.com", "https://r.services.ai.azure.com"])
def test_paths_of_azure(endpoint: str) -> None:
    entry = f"endpoint: '{endpoint}', api-key: k, api-version: 2024-10-21, models: [{{name: d}}]"
    target = catalogue(f"azure-openai: [{{{entry}}}]").candidates("d", "key-1")[0]
    with AzureOpenAI(azure_endpoint=endpoint, azure_deployment="d", api_version="2024-10-21", api_key="k") as sdk:
        assert target.base_urls == {"openai": str(sdk.base_url).rstrip("/")}


def test_a_service_account_stands_beside_the_configuration(tmp_path: Path) -> None:
    (tmp_path / "account.json").write_text("{}")
    text = b"vertex: [{project: p, credentials-file: account.json}]"
    loaded = parse(text, str(tmp_path / "c.yaml"), {})
    target = Catalogue(loaded.settings).candidates("gemini-x", "key-1")[0]
    assert target.auth == GoogleAuth(str(tmp_path / "account.json"))


@pytest.mark.parametrize(
    ("entry", "names"),
    [
        pytest.param("gemini-api-key: [{api-key: k}]", ["gemini-a", "gemini-b"], id="gemini"),
        pytest.param("vertex-api-key: [{api-key: k, prefix: x}]", ["gemini-a", "gemini-b", "x/gemini-a", "x/gemini-b"]),
        pytest.param(f"vertex: [{{{PROJECT}, excluded-models: ['*-b']}}]", ["gemini-a"], id="vertex"),
        pytest.param("codex-api-key: [{api-key: k}]", [], id="responses only"),
        pytest.param("openai-compatibility: [{name: x, base-url: 'http://h', prefix: x}]", [], id="compatible"),
        pytest.param("ollama: [{}]", [], id="ollama"),
    ],
)
def test_what_is_listed_without_models(entry: str, names: list[str]) -> None:
    assert listed(catalogue(entry)) == names


@pytest.mark.parametrize(
    ("entry", "name", "model"),
    [
        pytest.param("gemini-api-key: [{api-key: k}]", "gemini-9-x", "gemini-9-x", id="gemini"),
        pytest.param("gemini-api-key: [{api-key: k}]", "claude-x", None, id="no gemini"),
        pytest.param("gemini-api-key: [{api-key: k, models: [{name: gemini-1}]}]", "gemini-2", None, id="models named"),
        pytest.param("vertex-api-key: [{api-key: k, prefix: x}]", "x/gemini-9", "gemini-9", id="prefix"),
        pytest.param("vertex-api-key: [{api-key: k}]", "claude-9", None, id="express has no claude"),
        pytest.param(f"vertex: [{{{PROJECT}}}]", "claude-9@1", "claude-9@1", id="vertex"),
        pytest.param("codex-api-key: [{api-key: k}]", "gpt-5-codex", "gpt-5-codex", id="responses only"),
        pytest.param("codex-api-key: [{api-key: k}]", "llama", None, id="not OpenAI's"),
        pytest.param("openai-compatibility: [{name: OpenAI}]", "o3-mini", "o3-mini", id="OpenAI"),
        pytest.param("openai-compatibility: [{name: openai}]", "o", None, id="too short for OpenAI"),
        pytest.param("openai-compatibility: [{name: openai}]", "gpt-5 x", None, id="a space"),
        pytest.param("openai-compatibility: [{name: x-ai}]", "grok-5", "grok-5", id="xAI"),
        pytest.param("openai-compatibility: [{name: openrouter, prefix: or}]", "or/a/b:free", "a/b:free", id="any"),
        pytest.param("openai-compatibility: [{name: openrouter, prefix: or}]", "a/b:free", None, id="no prefix"),
        pytest.param("openai-compatibility: [{name: openrouter, prefix: or}]", "or/", None, id="nothing after it"),
        pytest.param(
            "openai-compatibility: [{name: openrouter, prefix: or, excluded-models: ['a/*']}]", "or/a/b", None
        ),
        pytest.param("openai-compatibility: [{name: openrouter, prefix: or}]", "or/a\u202eb", None, id="not printable"),
        pytest.param(
            "openai-compatibility: [{name: openrouter, prefix: or}]", "or/\ud800", None, id="half a character"
        ),
        pytest.param("openai-compatibility: [{name: openrouter, prefix: or}]", f"or/{'x' * 201}", None, id="long"),
        pytest.param("gemini-api-key: [{api-key: k}]", "gemini-a/../b", None, id="a path"),
        pytest.param("ollama: [{prefix: l}]", "l/qwen3:8b", "qwen3:8b", id="ollama, prefix"),
        pytest.param("ollama: [{}]", "qwen3:8b", None, id="ollama, not discovered"),
        pytest.param("bedrock: [{region: us-east-1, models: [{name: x}]}]", "claude-9", None, id="bedrock"),
    ],
)
def test_what_is_handed_on(entry: str, name: str, model: str | None) -> None:
    served = catalogue(entry, OPENAI_API_KEY="k", XAI_API_KEY="k", OPENROUTER_API_KEY="k")
    if model is None:
        with pytest.raises(UnknownModel):
            served.candidates(name, "key-1")[0]
    else:
        assert (served.candidates(name, "key-1")[0].model, served.candidates(name, "key-1")[0].alias) == (
            model,
            name,
        )


def test_what_is_discovered() -> None:
    served = catalogue(
        "ollama: [{models: [{name: named}]}, {base-url: 'http://h', api-key: k, excluded-models: [big]}]"
    )
    [(server, target)] = served.discoverable().items()
    assert (target.base_urls, target.auth) == ({"ollama": "http://h"}, bearer("k"))
    extended = served.with_discovered({server: ("qwen3:8b", "llama3:latest", "big", "no name", "")})
    assert listed(served) == ["named"]
    assert listed(extended) == ["named", "qwen3:8b", "llama3:latest"]
    assert listed(extended.with_embedded(None)) == listed(extended)
    assert extended.candidates("llama3", "key-1")[0].model == "llama3:latest"
    assert listed(extended.with_discovered({server: ()})) == ["named"]


@pytest.mark.parametrize(
    ("text", "provider"),
    [
        pytest.param("codex-api-key: [{api-key: k, models: [{name: m}]}]\nollama: [{models: [{name: m}]}]", "openai"),
        pytest.param("ollama: [{models: [{name: m}]}]\ncodex-api-key: [{api-key: k, models: [{name: m}]}]", "ollama"),
        pytest.param("codex-api-key: [{api-key: k}]\nopenai-compatibility: [{name: openai}]", "openai"),
        pytest.param("openai-compatibility: [{name: OpenAI}]\ncodex-api-key: [{api-key: k}]", "OpenAI"),
    ],
)
def test_the_first_in_the_file_wins(text: str, provider: str) -> None:
    served = catalogue(text, OPENAI_API_KEY="k")
    assert served.candidates("m" if "name: m" in text else "gpt-5", "key-1")[0].provider == provider


@pytest.mark.parametrize(
    ("entry", "name", "variables"),
    [
        pytest.param("gemini-api-key: [{api-key: '${KEY}'}]", "gemini-9", ["KEY"], id="gemini"),
        pytest.param("vertex-api-key: [{api-key: '${KEY}'}]", "gemini-a", ["KEY"], id="vertex, express"),
        pytest.param(
            "vertex: [{project: '${PROJECT}', location: '${PLACE}', credentials-file: '${FILE}'}]",
            "claude-9",
            ["PROJECT", "PLACE", "FILE"],
            id="vertex",
        ),
        pytest.param(
            "bedrock: [{region: '${REGION}', api-key: '${KEY}', models: [{name: m}]}]", "m", ["REGION", "KEY"]
        ),
        pytest.param("openai-compatibility: [{name: groq, models: [{name: m}]}]", "m", ["GROQ_API_KEY"], id="groq"),
        pytest.param("openai-compatibility: [{name: openrouter, prefix: o}]", "o/x", ["OPENROUTER_API_KEY"], id="any"),
        pytest.param(
            "openai-compatibility: [{name: x, base-url: '${URL}', models: [{name: m}],"
            " api-key-entries: [{api-key: a}, {api-key: '${KEY}'}]}]",
            "m",
            ["URL", "KEY"],
            id="one key of several",
        ),
        pytest.param("codex-api-key: [{api-key: '${KEY}'}]", "gpt-5", ["KEY"], id="responses only"),
        pytest.param(
            "azure-openai: [{endpoint: '${URL}', api-version: '${DATE}', models: [{name: m}],"
            " entra: {tenant-id: '${T}', client-id: '${C}', client-secret: '${S}'}}]",
            "m",
            ["URL", "DATE", "T", "C", "S"],
            id="azure",
        ),
        pytest.param(
            "ollama: [{base-url: '${URL}', keep-alive: '${TIME}', models: [{name: m}]}]", "m", ["URL", "TIME"]
        ),
    ],
)
def test_variables_that_would_switch_it_on(entry: str, name: str, variables: list[str]) -> None:
    with pytest.raises(UnknownModel) as caught:
        catalogue(entry).candidates(name, "key-1")[0]
    assert sorted(caught.value.variables) == sorted(variables)


def test_safety_settings_are_googles() -> None:
    """Every threshold but the one that says nothing, and categories as the SDK has them."""
    thresholds = [each.value for each in genai.HarmBlockThreshold if not each.value.endswith("UNSPECIFIED")]
    settings = [
        {"category": category.value, "threshold": threshold}
        for category in genai.HarmCategory
        for threshold in thresholds
    ]
    entry: dict[str, Any] = {"api-key": "k", "safety-settings": settings}
    target = catalogue(f"gemini-api-key: [{entry}]").candidates("gemini-a", "key-1")[0]
    assert list(target.overrides["safety_settings"]) == settings
