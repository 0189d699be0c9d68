"""The libraries that not everybody needs."""

import importlib.util
import sys

from routing.settings import OtelSettings

_LIBRARY = "opentelemetry.exporter.otlp.proto.http"
PACKAGES = "opentelemetry-sdk opentelemetry-exporter-otlp-proto-http"


def hindrance(settings: OtelSettings) -> str | None:
    """Return what is missing for `settings`."""
    if not settings.enable:
        return None
    try:
        found = importlib.util.find_spec(_LIBRARY) is not None and importlib.util.find_spec("opentelemetry.sdk.trace")
    except ModuleNotFoundError:
        found = None
    return None if found else f"otel in the configuration needs libraries: {sys.executable} -m pip install {PACKAGES}"
