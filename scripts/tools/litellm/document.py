"""Writes LiteLLM's configuration as a `config.yaml` of ours, with comments for what it could not carry."""

import textwrap
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import yaml

from routing.compatible_servers import SERVERS
from scripts.tools.litellm import defaults, deployments, prices, providers, settings
from scripts.tools.litellm.deployments import Deployment, NotCarried

WIDTH = 118


@dataclass
class _Written:
    """An entry of ours with all deployments that differ in nothing but the model."""

    fields: dict[str, Any]
    models: list[dict[str, Any]]
    remarks: list[str]


class _Document:
    def __init__(self) -> None:
        self.sections: dict[str, list[_Written]] = {}
        self.not_carried: list[str] = []
        self.prices: list[dict[str, Any]] = []
        self.rules: list[dict[str, Any]] = []

    def add(self, item: Deployment) -> None:
        where = f"model_list[{item.at}], {item.public}"
        try:
            entry = providers.entry(item)
            model = _model(item, entry)
        except NotCarried as reason:
            self.not_carried.append(f"{where}: not carried; {reason}")
            return
        self.price(item, entry)
        self.default(item, entry)
        used = [f"{name}: not carried" for name in (*item.left, *(f"model_info.{name}" for name in item.info))]
        remarks = [f"{where}: {remark}" for remark in (*item.remarks, *used)]
        section = self.sections.setdefault(entry.section, [])
        same = next((each for each in section if model and each.models and each.fields == entry.fields), None)
        if same is None:
            section.append(_Written(entry.fields, [model] if model else [], remarks))
        else:
            same.remarks += remarks
            if model not in same.models:
                same.models.append(model)

    def price(self, item: Deployment, entry: providers.Entry) -> None:
        if (price := prices.taken(item, entry)) is None:
            return
        same = next((known for known in self.prices if _priced(known) == _priced(price)), None)
        if same is None:
            self.prices.append(price)
        elif same != price:
            item.remarks.append("another price of the same model: not carried")

    def default(self, item: Deployment, entry: providers.Entry) -> None:
        if (rule := defaults.taken(item, entry)) is None:
            return
        same = next((known for known in self.rules if known["models"] == rule["models"]), None)
        if same is None:
            self.rules.append(rule)
        elif same != rule:
            item.remarks.append("other defaults for the same model: not carried")


def _priced(price: dict[str, Any]) -> tuple[str, str]:
    return price["provider"], price["model"]


def _model(item: Deployment, entry: providers.Entry) -> dict[str, Any]:
    """Return the item of `models`; nothing, where the deployment stands for all names of its provider."""
    context = item.info.pop("max_input_tokens", None)
    if "*" in item.public or "*" in entry.model:
        _wildcard(item, entry)
        return {}
    made = {"name": entry.model}
    if item.public != entry.model:
        made["alias"] = item.public
    if isinstance(context, int):
        entry.model_fields["max-context-length"] = context
    return made | entry.model_fields


def _wildcard(item: Deployment, entry: providers.Entry) -> None:
    prefix, slash, rest = item.public.partition("/")
    if entry.section in ("bedrock", "azure-openai"):
        raise NotCarried("its models must be named one by one")
    if slash and rest == "*" and "*" not in prefix:
        entry.fields["prefix"] = prefix
        item.remarks.append(f"clients ask for {prefix}/NAME")
    elif entry.section == "openai-compatibility" and entry.fields["name"] not in _OWN_NAMES:
        entry.fields["prefix"] = str(entry.fields["name"])
        item.remarks.append(f"a name tells nothing of this provider: clients ask for {entry.fields['name']}/NAME")
    else:
        item.remarks.append("serves all names of this provider")


_OWN_NAMES = {name for name, server in SERVERS.items() if server.own}


def document(config: Mapping[str, Any], file: str) -> str:
    """Return the text of our file. `file` is what LiteLLM's is called."""
    made, fallbacks, alias = settings.carried(config)
    items = list(deployments.read(config, fallbacks))
    items += deployments.renamed(items, list(deployments.aliases(alias)))
    routing = made.values.get("routing", {})
    if routing.get("strategy") == "round-robin" and any(item.weight is not None for item in items):
        routing["strategy"] = "weighted-round-robin"
    body = _Document()
    for item in items:
        body.add(item)
    if body.prices:
        made.values["prices"] = body.prices
    if body.rules:
        made.values["payload"] = {"default": body.rules}
    head = f"{file} of LiteLLM's, by scripts/import. Comments say what is different, or could not be carried."
    lines = [*_comments([head]), ""]
    lines += [*_comments(made.remarks), *_yaml(made.values), "", *_comments(body.not_carried)]
    for section, entries in body.sections.items():
        lines += [f"{section}:", *(line for entry in entries for line in _entry(entry)), ""]
    return "\n".join(lines).rstrip() + "\n"


def _entry(written: _Written) -> Iterator[str]:
    remarks = list(dict.fromkeys(written.remarks))
    yield from (f"  {line}" for line in _comments(remarks))
    fields = {**written.fields, **({"models": written.models} if written.models else {})}
    yield from (f"  {line}" for line in _yaml([fields]))


def _yaml(value: object) -> list[str]:
    text = yaml.safe_dump(value, sort_keys=False, allow_unicode=True, width=10_000)
    return text.splitlines()


def _comments(remarks: list[str]) -> Iterator[str]:
    for remark in remarks:
        text = "".join(each if each.isprintable() else "?" for each in remark)
        first, *more = textwrap.wrap(text, WIDTH - 4, break_long_words=False, break_on_hyphens=False) or [""]
        yield f"# {first}"
        yield from (f"#   {line}" for line in more)
