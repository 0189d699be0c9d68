"""Configurations that are not accepted, for all tests of what a file may say."""

import pytest

from routing.config import parse
from routing.errors import ConfigError


def refused(text: str | bytes, **environ: str) -> str:
    """Return what is said of a configuration with mistakes, in the file `c.yaml`."""
    with pytest.raises(ConfigError) as caught:
        parse(text if isinstance(text, bytes) else text.encode(), "c.yaml", environ)
    return str(caught.value)
