"""The terminal that mitmproxy was started in, and what an operator reads there."""

import contextlib
import logging
import os
import sys

from mitmproxy import ctx

from addons.launch import bugs

logger = logging.getLogger("gateway")

SHOWN = {
    "flow_detail": 0,
    "termlog_verbosity": "warn",
    "web_columns": ["icon", "comment", "status", "time"],
}
DEBUG = {"termlog_verbosity": "debug", "console_eventlog_verbosity": "debug"}
LIBRARIES = ("azure", "boto3", "botocore", "google", "httpcore", "httpx", "msal", "redis", "requests", "urllib3")
"""The loggers of libraries that have credentials in hand: below warnings they log requests with all headers."""


def has_console() -> bool:
    """Return whether mitmproxy's own interface has the terminal to itself."""
    return "console" in type(ctx.master).__module__


def is_there() -> bool:
    """Return whether there is a terminal, which has not been closed."""
    return any(os.isatty(stream) for stream in (0, 1, 2))


def is_quiet() -> bool:
    """Return whether `-q` was given. mitmproxy's console has no such option: it keeps its log to itself."""
    return "termlog_verbosity" in ctx.options and ctx.options.termlog_verbosity == "error"


def arrange(*, debug: bool) -> None:
    """Set what mitmproxy shows, unless somebody asked for something else. One line an exchange: mitmproxy's lines of
    flows and connections say the same again. In mitmweb the comment, because every flow has the same URL."""
    bugs.begin()
    for name in LIBRARIES:
        logging.getLogger(name).setLevel(logging.WARNING)
    for name, value in (SHOWN | (DEBUG if debug else {})).items():
        if name in ctx.options and not ctx.options.has_changed(name):
            ctx.options.update(**{name: value})


def say(line: str) -> None:
    """Show the operator a line."""
    if has_console():
        logger.info(line)
    elif not is_quiet():
        with contextlib.suppress(OSError):  # whoever has closed the terminal does not read it
            print(line, file=sys.stderr, flush=True)
