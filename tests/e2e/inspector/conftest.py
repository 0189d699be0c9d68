"""One gateway with the inspector's page for a file of tests, which may have another one with settings of its own."""

from collections.abc import Iterator

import pytest

from tests.e2e.conftest import Client
from tests.e2e.gateway_process import GatewayProcess
from tests.e2e.inspector.inspected import Inspected, Page, inspected, settings
from tests.e2e.provider import Provider


@pytest.fixture(scope="module")
def served(running_provider: Provider, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Inspected]:
    with inspected(tmp_path_factory.mktemp("inspected"), settings(running_provider.url)) as made:
        yield made


@pytest.fixture
def gateway(served: Inspected) -> GatewayProcess:
    return served.gateway


@pytest.fixture
def client(served: Inspected) -> Client:
    return served.client


@pytest.fixture
def page(served: Inspected) -> Page:
    return served.page
