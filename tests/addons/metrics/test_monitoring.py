"""What nobody asked for is not even imported."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[3]
PROGRAM = """
import sys
from addons.metrics.monitoring import Monitoring
from routing.settings import OtelSettings
from tests.addons.metrics.records import Names, attempt, record
from tests.clock import Clock

made = Monitoring(OtelSettings(), Clock(), Names, list, lambda: 0, lambda now: ())
for watcher in made.watchers:
    watcher.ended(record(attempt()))
made.report.providers(None)()
made.shut_down()
assert made.tracing is None
print(sorted({name.partition(".")[0] for name in sys.modules} & {"opentelemetry", "prometheus_client"}))
made.report.prometheus()()
print(sorted({name.partition(".")[0] for name in sys.modules} & {"opentelemetry", "prometheus_client"}))
"""


def test_libraries_are_imported_when_they_are_needed() -> None:
    done = subprocess.run([sys.executable, "-c", PROGRAM], cwd=ROOT, capture_output=True, text=True, check=False)
    assert (done.stderr, done.stdout.splitlines()) == ("", ["[]", "['prometheus_client']"])
