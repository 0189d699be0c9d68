"""Says in one sentence that the gateway's address cannot be had, before mitmproxy does so with a traceback."""

import errno
import os
import socket


def obstacle(host: str, port: int) -> str | None:
    """Return why nothing can listen there, in a sentence, or None. An empty host is every address of the machine."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        if os.name == "posix":
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except (OSError, OverflowError) as error:
            return _reason(error, host, port)
    return None


def _reason(error: OSError | OverflowError, host: str, port: int) -> str:
    match getattr(error, "errno", None):
        case errno.EADDRINUSE:
            return (
                f"Port {port} on {host} is taken: stop the program that listens there, "
                f"or choose another port with `scripts/run --port PORT` or `port` in config.yaml."
            )
        case errno.EACCES:
            return f"Port {port} on {host} needs rights that you do not have; choose one above 1023."
        case errno.EADDRNOTAVAIL:
            return f"This machine has no address {host}; correct `host` in config.yaml, or use 127.0.0.1."
        case _:
            return f"Nothing can listen on {host}, port {port}: {error}; correct `host` and `port` in config.yaml."
