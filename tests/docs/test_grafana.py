"""The dashboard asks for what the gateway tells: names of metrics, and of their labels."""

import json
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families as parsed

from routing.cooldowns import Cooldown
from tests.addons.exchange.test_exchange import Table
from tests.addons.metrics.records import attempt, record
from tests.addons.metrics.test_report import counted, report

DOCS = Path(__file__).parents[2] / "docs"
DASHBOARD = json.loads((DOCS / "grafana.json").read_text("utf-8"))
DESCRIBED = re.findall(r"\| `(gateway_\w+)` \|([^|]*)\|", (DOCS / "operations.md").read_text("utf-8"))
"""Metrics, and their labels."""
NAME = re.compile(r"\b(?:gateway|process)_\w+")
SELECTED = re.compile(r"(\w+)(?:=~|!=|=)\"")
GROUPED = re.compile(r"(?:by|on|group_left) \(([\w, ]*)\)")
SHOWN = re.compile(r"{{(\w+)}}")
OF_PROMETHEUS = {"instance"}
"""The label that it adds itself."""


def queries() -> Iterator[tuple[str, str]]:
    """Yield the expression and the legend of each query."""
    for panel in DASHBOARD["panels"]:
        yield from ((target["expr"], target["legendFormat"]) for target in panel.get("targets", ()))
    for variable in DASHBOARD["templating"]["list"]:
        if variable["type"] == "query":
            yield variable["query"]["query"], ""


def told() -> dict[str, set[str]]:
    """Return the labels of each series that a gateway has once there is something to count."""
    table = Table()
    table.ask(stream=True)
    rest = Cooldown("anthropic", "claude-opus-4-6", "anthropic-1", 160.0, "429")
    text = report(counted(record(attempt())), lambda: [table.exchange], (rest,)).prometheus()().decode()
    return {sample.name: set(sample.labels) for family in parsed(text) for sample in family.samples}


TOLD = told()


def families(names: Iterable[str]) -> set[str]:
    return {re.sub(r"_(bucket|sum|count)$", "", name) for name in names if name.startswith("gateway_")}


@pytest.mark.parametrize(("expression", "legend"), list(queries()))
def test_a_query_is_answered(expression: str, legend: str) -> None:
    names = set(NAME.findall(expression))
    assert names
    assert names <= set(TOLD)
    labels = set(OF_PROMETHEUS).union(*(TOLD[name] for name in names))
    grouped = {label.strip() for group in GROUPED.findall(expression) for label in group.split(",") if label.strip()}
    assert {*SELECTED.findall(expression), *grouped, *SHOWN.findall(legend)} <= labels


def test_every_metric_of_the_gateway_is_in_the_dashboard() -> None:
    assert families(TOLD) == families(name for expression, _ in queries() for name in NAME.findall(expression))


def test_every_metric_is_described() -> None:
    assert families(TOLD) == {name for name, _ in DESCRIBED}
    for name, labels in DESCRIBED:
        series = TOLD[name] if name in TOLD else TOLD[f"{name}_bucket"] - {"le"}
        assert set(re.findall(r"`(\w+)`", labels)) == series, name


def test_panels_have_ids_and_places_of_their_own() -> None:
    panels = DASHBOARD["panels"]
    assert len({panel["id"] for panel in panels}) == len(panels)
    assert len({(panel["gridPos"]["x"], panel["gridPos"]["y"]) for panel in panels}) == len(panels)
