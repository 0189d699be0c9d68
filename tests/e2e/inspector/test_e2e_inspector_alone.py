"""An inspector that fails fails alone: at the start, and later."""

from pathlib import Path

import pytest

from tests.e2e.conftest import Client
from tests.e2e.gateway_process import GatewayProcess, config, free_port
from tests.e2e.provider import Provider

NO_PAGE, NO_INSPECTOR = "There is no page of the inspector", "There is no inspector"


@pytest.mark.parametrize(
    ("missing", "said"),
    [
        pytest.param("uvicorn", NO_PAGE, id="the page's server"),
        pytest.param("addons.page.api", NO_PAGE, id="a part of the page"),
        pytest.param("addons.inspector.inspector", NO_INSPECTOR, id="the recording"),
        pytest.param("addons.inspector.store", NO_INSPECTOR, id="a part of the recording"),
    ],
)
def test_a_gateway_starts_without_it(provider: Provider, tmp_path: Path, missing: str, said: str) -> None:
    (tmp_path / "sitecustomize.py").write_text(f"import sys\nsys.modules[{missing!r}] = None\n")
    settings = config(provider.url, inspector={"port": free_port()})
    with GatewayProcess(tmp_path, settings, env={"PYTHONPATH": str(tmp_path)}) as process:
        client = Client(process)
        with client.http:
            assert client.chat().status_code == 200
        process.line(f"{said}; the gateway goes on without.")
        process.line(f"ModuleNotFoundError: .*{missing}")
