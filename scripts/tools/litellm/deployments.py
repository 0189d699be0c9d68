"""LiteLLM's `model_list`: what each deployment is called, who serves it, and which of its parameters nobody has used.

https://docs.litellm.ai/docs/proxy/configs
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

_VARIABLE = re.compile(r"os\.environ/([A-Za-z_][A-Za-z0-9_]*)")
HEAVIEST = 1_000_000
ONE_FALLBACK_LATER = 1000
"""Subtracted from the priority of what is asked only when all that comes before has failed."""


class NotCarried(Exception):
    """A deployment has no place in our configuration; the text says why."""


@dataclass
class Deployment:
    """One item of `model_list`. `left` are its `litellm_params`; who uses one takes it out. `remarks` are for whoever
    reads the result. `public` is what clients ask for; `provider` is empty where the model's name says it."""

    at: int
    public: str
    provider: str
    model: str
    left: dict[str, Any]
    info: dict[str, Any]
    weight: int | None = None
    priority: int = 0
    remarks: list[str] = field(default_factory=list)

    def text(self, name: str) -> str | None:
        """Take a parameter as a text of our file, or None where it is not there."""
        value = self.left.pop(name, None)
        return None if value is None or value == "" else in_our_words(value)

    def secret(self, name: str) -> str | None:
        """Take a parameter that nobody else should read."""
        text = self.text(name)
        if text is not None and not is_variable(text):
            self.remarks.append(f"{name} stands here as it did there; ${{NAME}} in its place keeps it out of the file")
        return text


def in_our_words(value: object) -> str:
    """Return a value as a text of our file: `os.environ/NAME` is `${NAME}`, and a dollar stands twice."""
    text = str(value)
    variable = _VARIABLE.fullmatch(text)
    return f"${{{variable[1]}}}" if variable else text.replace("$", "$$")


def is_variable(text: str) -> bool:
    return text.startswith("${")


def read(config: Mapping[str, Any], fallbacks: Sequence[tuple[str, Sequence[str]]]) -> Iterator[Deployment]:
    """Yield the deployments of a configuration, those of a fallback again under the name that they stand in for."""
    items = [_one(at, item) for at, item in enumerate(_list(config.get("model_list")))]
    groups: dict[str, list[Deployment]] = {}
    for item in items:
        groups.setdefault(item.public, []).append(item)
    for group in groups.values():
        _weigh(group)
    yield from items
    for name, others in fallbacks:
        for later, other in enumerate(others, 1):
            for item in groups.get(other, ()):
                priority = item.priority - later * ONE_FALLBACK_LATER
                remark = f"a fallback: asked for {name} when what comes before has failed"
                yield _again(item, name, priority, remark)


def aliases(given: object) -> Iterator[tuple[str, str]]:
    """Yield the pairs of `model_group_alias`: another name, and the one that it stands for."""
    for name, meant in given.items() if isinstance(given, dict) else ():
        target = meant.get("model") if isinstance(meant, dict) else meant
        if isinstance(target, str):
            yield str(name), target


def renamed(deployments: Sequence[Deployment], pairs: Sequence[tuple[str, str]]) -> Iterator[Deployment]:
    """Yield the deployments of a name again under another one."""
    for name, target in pairs:
        for item in deployments:
            if item.public == target:
                yield _again(item, name, item.priority, f"an alias of {target}, by model_group_alias")


def _again(item: Deployment, public: str, priority: int, remark: str) -> Deployment:
    remarks = [*item.remarks, remark]
    return replace(item, public=public, priority=priority, left={**item.left}, info={**item.info}, remarks=remarks)


def _one(at: int, item: object) -> Deployment:
    given: dict[str, Any] = item if isinstance(item, dict) else {}
    params, info = (dict(each) if isinstance(each := given.get(key), dict) else {} for key in _PARTS)
    model = str(params.pop("model", ""))
    public = str(given.get("model_name", model))
    made = Deployment(at, public, str(params.pop("custom_llm_provider", "")), model, params, info)
    made.priority = -order if isinstance(order := params.pop("order", None), int) else 0
    made.remarks += [f"{key}: not carried" for key in given if key not in ("model_name", *_PARTS)]
    return made


_PARTS = ("litellm_params", "model_info")


def _weigh(group: list[Deployment]) -> None:
    """Set the weights of a pool: by `weight`, else by `rpm`, else by `tpm`, whichever the first one has, as LiteLLM's
    shuffle does."""
    by = next((name for name in ("weight", "rpm", "tpm") if name in group[0].left), None)
    given = [item.left.get(by) if by else None for item in group]
    numbers = [value if isinstance(value, int | float) and value > 0 else 0 for value in given]
    scale = max(1.0, max(numbers, default=0) / HEAVIEST)
    for item, number in zip(group, numbers, strict=True):
        limits = [name for name in ("rpm", "tpm") if item.left.pop(name, None) is not None]
        item.left.pop("weight", None)
        if len(group) > 1 and by is not None:
            item.weight = max(1, round(number / scale)) if number else 0
        if limits:
            share = f", but {by} is its weight in the pool" if by in limits and item.weight is not None else ""
            item.remarks.append(f"no limit by {' or '.join(limits)} here{share}")


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []
