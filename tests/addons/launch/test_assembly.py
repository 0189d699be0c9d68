"""What is made for a configuration at the start."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
START = """
import sys
from mitmproxy.test import taddons
from addons.launch.assembly import Assembly
from routing import config
from routing.catalogue import Catalogue
settings = config.parse(sys.argv[1].encode(), "config.yaml", {}).settings
catalogue = Catalogue(settings)
assembly = Assembly(lambda: catalogue, tuple, int)
with taddons.context():
    services = assembly.first(settings, catalogue)
assembly.close()
watching = any(type(watcher).__name__ == "Capture" for watcher in services.watchers)
print("addons.inspector.capture" in sys.modules, assembly.inspector is not None, watching)
"""


def started(text: str) -> list[str]:
    done = subprocess.run([sys.executable, "-c", START, text], cwd=ROOT, capture_output=True, text=True, check=True)
    return done.stdout.split()


@pytest.mark.parametrize(
    ("text", "recorded"),
    [
        pytest.param("port: 1", "False", id="no section"),
        pytest.param("inspector: {enable: false}", "False", id="switched off"),
        pytest.param("inspector: {}", "True", id="there"),
    ],
)
def test_exchanges_are_recorded_only_where_it_is_wanted(text: str, recorded: str) -> None:
    assert started(text) == [recorded] * 3
