"""Carries `general_settings`, `router_settings` and `litellm_settings` of LiteLLM's into keys of ours.

https://docs.litellm.ai/docs/proxy/config_settings
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from scripts.tools.litellm.deployments import in_our_words, is_variable

LITELLM_PORT = 4000

STRATEGIES = {
    "simple-shuffle": ("round-robin", ""),
    "least-busy": ("least-busy", ""),
    "latency-based-routing": ("fastest", ""),
    "usage-based-routing": ("least-busy", "the nearest to usage-based-routing"),
    "usage-based-routing-v2": ("least-busy", "the nearest to usage-based-routing-v2"),
}
NOT_HERE = {
    "database_url": "there is no database; clients' keys stand in api-keys",
    "success_callback": "the log, /metrics and OpenTelemetry tell what happens; nothing else is called",
    "failure_callback": "the log, /metrics and OpenTelemetry tell what happens; nothing else is called",
    "callbacks": "the log, /metrics and OpenTelemetry tell what happens; nothing else is called",
    "cache": "answers are not kept for others",
    "cache_params": "answers are not kept for others",
    "allowed_fails": "a threshold of its own decides",
    "content_policy_fallbacks": "a refusal of a model is its answer",
    "default_fallbacks": "write the models that they are for into fallbacks",
    "environment_variables": "set them in the environment of the gateway",
    "include": "import each of these files, too",
}


_LONGER = "context_window_fallbacks"


@dataclass
class Carried:
    """`values` are keys of our file, in order; `remarks` stand before them."""

    values: dict[str, Any] = field(default_factory=dict)
    remarks: list[str] = field(default_factory=list)


class _Taking:
    """One section of LiteLLM's on its way: what is taken out is used."""

    def __init__(self, name: str, given: object) -> None:
        self.name = name
        self.left = dict(given) if isinstance(given, dict) else {}

    def take(self, *names: str) -> Any:
        """Take the first of `names` that is there."""
        values = [self.left.pop(name, None) for name in names]
        return next((value for value in values if value is not None), None)

    def remarks(self) -> Iterator[str]:
        for name in self.left:
            why = NOT_HERE.get(name, "")
            yield f"{self.name}.{name}: not carried" + (f"; {why}" if why else "")


def carried(config: Mapping[str, Any]) -> tuple[Carried, list[tuple[str, list[str]]], object]:
    """Return our settings, the fallbacks as names with those that stand in for them, and `model_group_alias`."""
    general = _Taking("general_settings", config.get("general_settings"))
    router = _Taking("router_settings", config.get("router_settings"))
    library = _Taking("litellm_settings", config.get("litellm_settings"))
    made = Carried({"port": LITELLM_PORT}, ["port: LiteLLM's own, so that clients go on as before"])
    _clients(made, general)
    _routing(made, router, library)
    _behaviour(made, router, library)
    fallbacks = list(_fallbacks(made, router.take("fallbacks"), library.take("fallbacks")))
    longer = list(_fallbacks(made, router.take(_LONGER), library.take(_LONGER)))
    if longer:
        made.values["context-fallback"] = True
        made.remarks.append(
            f"{_LONGER}: these models answer after any failure; both need max-context-length for prompts too long"
        )
        fallbacks += longer
    alias = router.take("model_group_alias")
    for section in (general, router, library):
        made.remarks += section.remarks()
    known = ("model_list", "general_settings", "router_settings", "litellm_settings")
    for name in config:
        if name not in known:
            made.remarks.append(f"{name}: not carried" + (f"; {NOT_HERE[name]}" if name in NOT_HERE else ""))
    return made, fallbacks, alias


def _clients(made: Carried, general: _Taking) -> None:
    key = general.take("master_key")
    if key is None:
        made.remarks.append("api-keys: there was no master_key, and without keys every call is refused (401); add one")
        return
    text = in_our_words(key)
    if not is_variable(text):
        made.remarks.append("master_key stands here as it did there; ${NAME} in its place keeps it out of the file")
    made.values["api-keys"] = [{"key": text, "name": "master"}]


def _routing(made: Carried, router: _Taking, library: _Taking) -> None:
    strategy_name = str(router.take("routing_strategy") or "simple-shuffle")
    strategy, near = STRATEGIES.get(strategy_name, ("round-robin", f"there is nothing like {strategy_name}"))
    if near:
        made.remarks.append(f"routing.strategy: {near}")
    made.values["routing"] = {"strategy": strategy}
    checks = router.left.get("optional_pre_call_checks")
    if isinstance(checks, list) and "session_affinity" in checks:
        router.take("optional_pre_call_checks")
        made.values["routing"]["session-affinity"] = True
    retries = _number(router.take("num_retries"), library.take("num_retries"))
    if retries is not None:
        made.values["request-retry"] = retries
    cooldown = _number(router.take("cooldown_time"), library.take("cooldown_time"))
    if cooldown is not None:
        made.values["transient-error-cooldown-seconds"] = cooldown
    if router.take("disable_cooldowns") is True:
        made.values["disable-cooling"] = True


def _number(*given: object) -> int | None:
    return next((int(value) for value in given if isinstance(value, int | float) and value >= 0), None)


def _behaviour(made: Carried, router: _Taking, library: _Taking) -> None:
    seconds = [router.take("timeout"), library.take("request_timeout"), router.take("stream_timeout")]
    given = next((value for value in seconds if isinstance(value, int | float) and value > 0), None)
    if given is not None:
        made.values["timeouts"] = {"first-byte": given}
    if (drop := library.take("drop_params")) is not None:
        made.values["on-loss"] = "note" if drop else "refuse"
    if library.take("json_logs") is True:
        made.values["log-format"] = "json"
    if library.take("set_verbose") is True or router.take("set_verbose") is True:
        made.values["debug"] = True


def _fallbacks(made: Carried, *given: object) -> Iterator[tuple[str, list[str]]]:
    for rules in given:
        for rule in rules if isinstance(rules, list) else ():
            for name, others in rule.items() if isinstance(rule, dict) else ():
                names = [other for other in others if isinstance(other, str)] if isinstance(others, list) else []
                if name == "*" or not names:
                    made.remarks.append(f"fallbacks of {name}: not carried; {NOT_HERE['default_fallbacks']}")
                else:
                    yield str(name), names
