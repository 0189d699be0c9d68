"""scripts/import litellm: what it prints is a configuration that loads, and asks whom LiteLLM asked."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from addons.launch import launcher
from routing.catalogue import Catalogue
from routing.config import Loaded, parse
from tests.scripts.command import ROOT, in_process, run

HARD_CODED = "sk-hard-coded-4711"
ENVIRON = dict.fromkeys(
    (
        *("OPENAI_API_KEY", "ANTHROPIC_API_KEY", "GEMINI_API_KEY", "GROQ_API_KEY", "OPENROUTER_API_KEY", "MY_KEY"),
        *("AZURE_API_KEY", "DEEPSEEK_API_KEY", "TOGETHERAI_API_KEY", "FIREWORKS_API_KEY", "PERPLEXITYAI_API_KEY"),
        *("VERTEXAI_PROJECT", "MASTER"),
    ),
    "set",
) | {"AWS_REGION_NAME": "eu-west-1", "AZURE_API_BASE": "https://mine.openai.azure.com"}


def imported(config: dict[str, Any]) -> str:
    done = in_process("importing", "litellm", "-", given=yaml.safe_dump(config))
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


def loaded(config: dict[str, Any]) -> Loaded:
    return parse(imported(config).encode(), "config.yaml", ENVIRON)


def pool(config: dict[str, Any], name: str) -> list[tuple[str, str, int, int]]:
    """Provider, model, weight and priority of each target."""
    made = loaded(config)
    assert made.skipped == ()
    targets = Catalogue(made.settings).candidates(name, "")
    return [(each.provider, each.model, each.credential.weight, each.credential.priority) for each in targets]


def one(model: str, name: str = "m", info: dict[str, Any] | None = None, **params: Any) -> dict[str, Any]:
    return {"model_name": name, "litellm_params": {"model": model, **params}, "model_info": info or {}}


@pytest.mark.parametrize(
    ("item", "provider", "model", "url"),
    [
        pytest.param(one("openai/gpt-4o"), "openai", "gpt-4o", "https://api.openai.com/v1", id="openai"),
        pytest.param(one("gpt-4o"), "openai", "gpt-4o", "https://api.openai.com/v1", id="a bare name"),
        pytest.param(
            one("openai/q", api_base="http://gpu:8000/v1/"), "gpu", "q", "http://gpu:8000/v1", id="somebody's server"
        ),
        pytest.param(
            one("openai/q", api_base="http://groq:8000/v1"), "openai-server", "q", "http://groq:8000/v1", id="no groq"
        ),
        pytest.param(
            one("openai/q", api_base="https://api.openai.com/v1/"),
            "openai",
            "q",
            "https://api.openai.com/v1",
            id="same",
        ),
        pytest.param(
            one("own/q", api_base="http://h/v1", api_key="k"), "h", "own/q", "http://h/v1", id="unknown, with address"
        ),
        pytest.param(
            one("anthropic/claude-opus-5-5"),
            "anthropic",
            "claude-opus-5-5",
            "https://api.anthropic.com",
            id="anthropic",
        ),
        pytest.param(
            one("claude-opus-5-5"), "anthropic", "claude-opus-5-5", "https://api.anthropic.com", id="bare claude"
        ),
        pytest.param(
            one("anthropic/c", api_base="https://relay/v1/messages"), "anthropic", "c", "https://relay", id="relay"
        ),
        pytest.param(
            one("gemini/gemini-2.5-pro"),
            "gemini",
            "gemini-2.5-pro",
            "https://generativelanguage.googleapis.com/v1beta",
            id="gemini",
        ),
        pytest.param(
            one("vertex_ai/gemini-2.5-pro", vertex_location="europe-west4"),
            "vertex",
            "gemini-2.5-pro",
            "https://europe-west4-aiplatform.googleapis.com/v1/projects/set/locations/europe-west4/publishers/google",
            id="vertex",
        ),
        pytest.param(
            one("vertex_ai/claude-opus-4@20250514"),
            "vertex",
            "claude-opus-4@20250514",
            "https://us-central1-aiplatform.googleapis.com/v1/projects/set/locations/us-central1/publishers/anthropic",
            id="claude at vertex",
        ),
        pytest.param(
            one("bedrock/us-west-2/amazon.nova-pro-v1:0"),
            "bedrock",
            "amazon.nova-pro-v1:0",
            "https://bedrock-runtime.us-west-2.amazonaws.com",
            id="bedrock, region in the name",
        ),
        pytest.param(
            one(
                "bedrock/converse/us.anthropic.claude-x",
                aws_access_key_id="os.environ/MY_KEY",
                aws_secret_access_key="s",
            ),
            "bedrock",
            "us.anthropic.claude-x",
            "https://bedrock-runtime.eu-west-1.amazonaws.com",
            id="bedrock, keys",
        ),
        pytest.param(
            one("bedrock/anthropic.claude-x", model_id="arn:aws:bedrock:us-east-1:1:application-inference-profile/a"),
            "bedrock",
            "arn:aws:bedrock:us-east-1:1:application-inference-profile/a",
            "https://bedrock-runtime.eu-west-1.amazonaws.com",
            id="bedrock, profile",
        ),
        pytest.param(
            one("azure/dep", api_base="https://r.openai.azure.com/", api_version="2024-10-21"),
            "azure",
            "dep",
            "https://r.openai.azure.com/openai/deployments/dep",
            id="azure",
        ),
        pytest.param(
            one("azure/dep", api_version="preview"),
            "azure",
            "dep",
            "https://mine.openai.azure.com/openai/v1",
            id="azure by default",
        ),
        pytest.param(
            one("azure_ai/Phi-4", api_base="https://r.services.ai.azure.com/models", api_key="k"),
            "azure",
            "Phi-4",
            "https://r.services.ai.azure.com/openai/v1",
            id="azure_ai",
        ),
        pytest.param(
            one("azure/dep", tenant_id="t", client_id="c", client_secret="s"),
            "azure",
            "dep",
            "https://mine.openai.azure.com/openai/v1",
            id="entra",
        ),
        pytest.param(
            one("ollama_chat/qwen3", api_base="http://h:11434"), "ollama", "qwen3", "http://h:11434", id="ollama"
        ),
        pytest.param(
            one("openrouter/moonshotai/kimi:free"),
            "openrouter",
            "moonshotai/kimi:free",
            "https://openrouter.ai/api/v1",
            id="openrouter",
        ),
        pytest.param(one("groq/llama-x"), "groq", "llama-x", "https://api.groq.com/openai/v1", id="groq"),
        pytest.param(
            one("deepseek/deepseek-chat"), "deepseek", "deepseek-chat", "https://api.deepseek.com/v1", id="deepseek"
        ),
        pytest.param(one("together_ai/a/b"), "together", "a/b", "https://api.together.xyz/v1", id="together"),
        pytest.param(
            one("fireworks_ai/llama"),
            "fireworks",
            "accounts/fireworks/models/llama",
            "https://api.fireworks.ai/inference/v1",
            id="fireworks",
        ),
        pytest.param(one("perplexity/sonar"), "perplexity", "sonar", "https://api.perplexity.ai", id="perplexity"),
        pytest.param(one("hosted_vllm/q", api_base="http://v:8000/v1"), "vllm", "q", "http://v:8000/v1", id="vllm"),
        pytest.param(
            one("q", custom_llm_provider="groq"), "groq", "q", "https://api.groq.com/openai/v1", id="named provider"
        ),
    ],
)
def test_a_deployment(item: dict[str, Any], provider: str, model: str, url: str) -> None:
    made = loaded({"model_list": [item]})
    assert made.skipped == ()
    (target,) = Catalogue(made.settings).candidates("m", "")
    assert (target.provider, target.model) == (provider, model)
    assert next(iter(target.base_urls.values())) == url


@pytest.mark.parametrize(
    ("item", "why"),
    [
        pytest.param(
            one("cohere/command-r"), 'the provider of "cohere/command-r" is none that the gateway knows', id="provider"
        ),
        pytest.param(one("openai/embed", info={"mode": "embedding"}), "models for embedding are not served", id="mode"),
        pytest.param(one("vertex_ai/meta/llama"), "at Vertex AI only Gemini and Claude are asked", id="vertex"),
        pytest.param(one("openai/x", name="two words"), "a model's name has no spaces", id="name"),
        pytest.param(one("custom_openai/x"), "it has no api_base", id="address"),
        pytest.param(one("bedrock/*", name="bedrock/*"), "its models must be named one by one", id="wildcard"),
        pytest.param({"model_name": "m"}, 'the provider of "" is none that the gateway knows', id="empty"),
    ],
)
def test_what_is_not_carried_is_a_comment(item: dict[str, Any], why: str) -> None:
    text = imported({"model_list": [item, one("groq/a")]})
    (line,) = [line for line in text.splitlines() if "model_list[0]" in line]
    assert line.startswith(f"# model_list[0], {item['model_name']}: not carried; {why}")
    assert pool({"model_list": [item, one("groq/a", name="b")]}, "b")


@pytest.mark.parametrize(
    ("config", "expected"),
    [
        pytest.param(
            [one("openai/a"), one("groq/b")], [("openai", "a", 1, 0), ("groq", "b", 1, 0)], id="two providers"
        ),
        pytest.param(
            [one("openai/a"), one("openai/b")], [("openai", "a", 1, 0), ("openai", "b", 1, 0)], id="one entry"
        ),
        pytest.param(
            [one("openai/a", weight=3), one("groq/b", weight=1), one("xai/c", api_key="k")],
            [("openai", "a", 3, 0), ("groq", "b", 1, 0), ("xai", "c", 0, 0)],
            id="weights",
        ),
        pytest.param(
            [one("openai/a", rpm=900, tpm=5), one("groq/b", rpm=100)],
            [("openai", "a", 900, 0), ("groq", "b", 100, 0)],
            id="rpm",
        ),
        pytest.param(
            [one("openai/a", tpm=4_000_000), one("groq/b", tpm=1_000_000)],
            [("openai", "a", 1_000_000, 0), ("groq", "b", 250_000, 0)],
            id="many tokens",
        ),
        pytest.param([one("openai/a", rpm=900)], [("openai", "a", 1, 0)], id="rpm of one alone"),
        pytest.param(
            [one("openai/a", order=1), one("groq/b", order=2)],
            [("openai", "a", 1, -1), ("groq", "b", 1, -2)],
            id="order",
        ),
        pytest.param(
            [one("openai/a", api_key="k1"), one("openai/a", api_key="k2")],
            [("openai", "a", 1, 0), ("openai", "a", 1, 0)],
            id="two keys",
        ),
        pytest.param([one("openai/a"), one("openai/a")], [("openai", "a", 1, 0)], id="the same twice"),
    ],
)
def test_a_pool(config: list[Any], expected: list[Any]) -> None:
    assert pool({"model_list": config}, "m") == expected


FALLBACKS = {"model_list": [one("openai/a", "a"), one("groq/b", "b"), one("xai/c", "c", api_key="k")]}


@pytest.mark.parametrize("section", ["router_settings", "litellm_settings"])
def test_fallbacks_are_a_pool_with_priorities(section: str) -> None:
    config = {**FALLBACKS, section: {"fallbacks": [{"a": ["b", "c"]}, {"b": ["c"]}]}}
    assert pool(config, "a") == [("openai", "a", 1, 0), ("groq", "b", 1, -1000), ("xai", "c", 1, -2000)]
    assert pool(config, "b") == [("groq", "b", 1, 0), ("xai", "c", 1, -1000)]
    assert pool(config, "c") == [("xai", "c", 1, 0)]


def test_a_longer_model_is_asked_after_the_others() -> None:
    items = [one("openai/a", "a", {"max_input_tokens": 8000}), one("groq/b", "b", {"max_input_tokens": 90000})]
    config = {"model_list": items, "litellm_settings": {"context_window_fallbacks": [{"a": ["b"]}]}}
    assert pool(config, "a") == [("openai", "a", 1, 0), ("groq", "b", 1, -1000)]
    assert loaded(config).settings.context_fallback
    assert [target.context_length for target in Catalogue(loaded(config).settings).candidates("a", "")] == [8000, 90000]


def test_other_names_of_a_model() -> None:
    config = {**FALLBACKS, "router_settings": {"model_group_alias": {"x": "a", "y": {"model": "b", "hidden": True}}}}
    assert pool(config, "x") == [("openai", "a", 1, 0)]
    assert pool(config, "y") == [("groq", "b", 1, 0)]


@pytest.mark.parametrize(
    ("item", "asked", "model"),
    [
        pytest.param(one("openrouter/*", "openrouter/*"), "openrouter/a/b", "a/b", id="prefix"),
        pytest.param(one("openrouter/*", "*"), "openrouter/a/b", "a/b", id="everything"),
        pytest.param(one("anthropic/claude-*", "claude-*"), "claude-x", "claude-x", id="claude"),
        pytest.param(one("openai/*", "*"), "gpt-9", "gpt-9", id="openai"),
    ],
)
def test_wildcards(item: dict[str, Any], asked: str, model: str) -> None:
    assert [each[1] for each in pool({"model_list": [item]}, asked)] == [model]


def test_keys_and_variables() -> None:
    items = [one("openai/a", api_key="os.environ/MY_KEY"), one("groq/b", api_key=f"{HARD_CODED}${{X}}$$")]
    config = {"model_list": items, "general_settings": {"master_key": "os.environ/MASTER"}}
    text = imported(config)
    assert "api-key: ${MY_KEY}" in text
    assert text.count("stands here as it did there; ${NAME} in its place keeps it out of the file") == 1
    made = parse(text.encode(), "config.yaml", ENVIRON)
    assert f"{HARD_CODED}${{X}}$$" in set(made.settings.secrets())
    assert [key.name for key in made.settings.api_keys] == ["master"]


def test_a_key_for_clients_that_stands_there() -> None:
    text = imported({"general_settings": {"master_key": HARD_CODED}})
    assert f"key: {HARD_CODED}" in text
    assert "# master_key stands here as it did there" in text
    assert "without keys every call is refused" in imported({"model_list": []})


def test_secrets_are_in_no_comment() -> None:
    config = {
        "model_list": [one("openai/a", azure_ad_token=HARD_CODED, extra_body={"k": HARD_CODED})],
        "general_settings": {"database_url": f"postgres://{HARD_CODED}@h"},
        "environment_variables": {"X": HARD_CODED},
        "router_settings": {"redis_password": HARD_CODED},
    }
    text = imported(config)
    assert HARD_CODED not in text
    for name in (
        "azure_ad_token",
        "extra_body",
        "general_settings.database_url",
        "environment_variables",
        "router_settings.redis_password",
    ):
        assert f"{name}: not carried" in text


SETTINGS = [
    pytest.param({"litellm_settings": {"drop_params": True}}, "on_loss", "note", id="drop_params"),
    pytest.param({"litellm_settings": {"drop_params": False}}, "on_loss", "refuse", id="no drop_params"),
    pytest.param({"litellm_settings": {"json_logs": True}}, "log_format", "json", id="json_logs"),
    pytest.param({"litellm_settings": {"set_verbose": True}}, "debug", True, id="set_verbose"),
    pytest.param({}, "port", 4000, id="port"),
    pytest.param({"router_settings": {"num_retries": 4}}, "request_retry", 4, id="num_retries"),
    pytest.param({"litellm_settings": {"num_retries": 4}}, "request_retry", 4, id="num_retries of the library"),
    pytest.param(
        {"router_settings": {"cooldown_time": 30}}, "transient_error_cooldown_seconds", 30, id="cooldown_time"
    ),
]


@pytest.mark.parametrize(("config", "field", "value"), SETTINGS)
def test_a_setting(config: dict[str, Any], field: str, value: object) -> None:
    assert getattr(loaded(config).settings, field) == value


@pytest.mark.parametrize(
    ("router", "items", "strategy"),
    [
        pytest.param({}, [one("groq/a")], "round-robin", id="default"),
        pytest.param({}, [one("groq/a", rpm=1), one("groq/b", rpm=2)], "weighted-round-robin", id="weights"),
        pytest.param({"routing_strategy": "least-busy"}, [], "least-busy", id="least-busy"),
        pytest.param({"routing_strategy": "latency-based-routing"}, [], "fastest", id="fastest"),
        pytest.param({"routing_strategy": "usage-based-routing-v2"}, [], "least-busy", id="nearest"),
        pytest.param({"routing_strategy": "cost-based-routing"}, [], "round-robin", id="none"),
    ],
)
def test_a_strategy(router: dict[str, Any], items: list[Any], strategy: str) -> None:
    text = imported({"router_settings": router, "model_list": items})
    assert parse(text.encode(), "config.yaml", ENVIRON).settings.routing.strategy == strategy


def test_prices() -> None:
    info = {"input_cost_per_token": 2.5e-06, "output_cost_per_token": "1e-05", "cache_read_input_token_cost": 1e-10}
    made = loaded({"model_list": [one("groq/a", info=info), one("openai/a", input_cost_per_token=1, info=info)]})
    first, second = made.settings.prices
    assert (first.provider, first.model, float(first.input), float(first.output)) == ("groq", "a", 2.5, 10)
    assert float(first.cache_read or 0) == 0.0001
    assert second.provider == "openai"


def test_defaults_are_a_rule() -> None:
    items = [
        one("groq/a", temperature=0.2, reasoning_effort="low", max_tokens=5),
        one("groq/a", "n", temperature=0.9, api_key="k"),
        one("gemini/gemini-2.5-pro", top_p=0.5),
        one("openai/*", "*", temperature=0),
    ]
    text = imported({"model_list": items})
    default = parse(text.encode(), "config.yaml", ENVIRON).settings.payload.default
    assert [rule.models[0].protocol for rule in default] == ["openai", "gemini"]
    assert yaml.safe_load(text)["payload"]["default"] == [
        {
            "models": [{"name": "a", "protocol": "openai"}],
            "params": {"temperature": 0.2, "reasoning_effort": "low"},
        },
        {
            "models": [{"name": "gemini-2.5-pro", "protocol": "gemini"}],
            "params": {"generationConfig.topP": 0.5},
        },
    ]
    assert "model_list[0], m: max_tokens: not carried" in text
    assert "model_list[1], n: other defaults for the same model: not carried" in text
    assert "model_list[3], *: temperature: not carried" in text


@pytest.mark.parametrize(
    ("given", "problem"),
    [
        pytest.param("a: [", "is not valid YAML", id="no YAML"),
        pytest.param("[]", "it has no model_list", id="no mapping"),
        pytest.param("model_list: 3", "it has no model_list", id="no list"),
        pytest.param("a: 1\na: 2", "stands twice", id="twice"),
    ],
)
def test_a_file_that_cannot_be_used(given: str, problem: str) -> None:
    done = in_process("importing", "litellm", "-", given=given)
    assert (done.returncode, done.stdout) == (2, "")
    assert problem in done.stderr


def test_odd_values_do_no_harm() -> None:
    odd = [3, None, {}, {"model_name": 3, "litellm_params": []}, one("groq/a", name="b\n# c"), one("*", "*")]
    text = imported({"model_list": odd, "router_settings": [], "litellm_settings": {"fallbacks": {"a": 1}}})
    parse(text.encode(), "config.yaml", ENVIRON)


def test_the_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    theirs, ours = tmp_path / "litellm.yaml", tmp_path / "config.yaml"
    theirs.write_text(yaml.safe_dump({"model_list": [one("groq/a")], "general_settings": {"master_key": "k"}}))
    done = run("import", "litellm", theirs)
    assert (done.returncode, done.stderr) == (0, "")
    ours.write_text(done.stdout)
    monkeypatch.setenv("GROQ_API_KEY", "k")
    assert launcher.main(["--check", "--config", str(ours)]) == 0
    assert "provider  openai-compatibility, https://api.groq.com/openai/v1: m" in capsys.readouterr().out
    assert run("import", "other", theirs, root=ROOT).returncode == 2
